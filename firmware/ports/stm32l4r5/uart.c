/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * LPUART1 on PA2 (TX) and PA3 (RX), alternate function 8: the two pins on which the ROM loader has
 * its USART2, so that one adapter serves both. RM0432, LPUART. 115200 8N1 from HSI16, hence
 * independent of the core clock. Bytes come in by interrupt, through the 8-byte FIFO, into a ring.
 */
#include "firmware/ports/stm32l4r5/uart.h"

#include "firmware/ports/port.h"
#include "firmware/ports/stm32l4r5/registers.h"
#include "firmware/ports/stm32l4r5/tick.h"

enum {
	KERNEL_HZ = 16000000,
	BAUD = 115200,
	DIVIDER = (256LL * KERNEL_HZ + BAUD / 2) / BAUD, /* LPUARTDIV, 35556: 115199 baud */
	RING_BYTES = 2048, /* a power of two, more than the largest frame */
	BYTE_US = 1000,    /* one byte takes 87 us */
	DRAIN_US = 10000,  /* eight bytes in the FIFO and one in the shift register */
	PIN_TX = 2,
	PIN_RX = 3,
	FUNCTION = 8,
};

static struct {
	volatile uint32_t head; /* written by the interrupt */
	volatile uint32_t tail;
	uint8_t bytes[RING_BYTES];
} ring;

void uart_interrupt(void)
{
	while (LPUART1_ISR & LPUART_ISR_RXFNE) {
		uint8_t byte = (uint8_t)LPUART1_RDR;
		uint32_t head = ring.head;

		if (head - ring.tail < RING_BYTES) {
			ring.bytes[head % RING_BYTES] = byte;
			ring.head = head + 1;
		}
	}
	LPUART1_ICR = LPUART_ICR_ERRORS;
	/* The store is done before the return: else the interrupt could come once more, or another
	 * one take a wrong vector (Cortex-M4, erratum 838869). */
	__asm__ volatile("dsb" ::: "memory");
}

static bool ring_take(uint8_t *ret_byte)
{
	uint32_t tail = ring.tail;

	if (tail == ring.head)
		return false;
	*ret_byte = ring.bytes[tail % RING_BYTES];
	ring.tail = tail + 1;
	return true;
}

static void pins_init(void)
{
	const uint32_t both = 3U << 2 * PIN_TX | 3U << 2 * PIN_RX;

	RCC_AHB2ENR |= RCC_AHB2_GPIOA;
	(void)RCC_AHB2ENR;
	register_modify(&GPIO_AFRL(GPIOA), 15U << 4 * PIN_TX | 15U << 4 * PIN_RX,
			(uint32_t)FUNCTION << 4 * PIN_TX | (uint32_t)FUNCTION << 4 * PIN_RX);
	register_modify(&GPIO_PUPDR(GPIOA), both,
			1U << 2 * PIN_TX | 1U << 2 * PIN_RX); /* pull-ups */
	register_modify(&GPIO_MODER(GPIOA), both, 2U << 2 * PIN_TX | 2U << 2 * PIN_RX);
}

void uart_init(void)
{
	pins_init();
	register_modify(&RCC_CCIPR, RCC_CCIPR_LPUART1, RCC_CCIPR_LPUART1_HSI16);
	RCC_APB1ENR2 |= RCC_APB1_2_LPUART1;
	(void)RCC_APB1ENR2;
	RCC_APB1RSTR2 |= RCC_APB1_2_LPUART1;
	RCC_APB1RSTR2 &= ~RCC_APB1_2_LPUART1;
	LPUART1_CR1 = LPUART_CR1_FIFOEN;
	LPUART1_CR2 = 0;
	LPUART1_CR3 = 0;
	LPUART1_PRESC = 0;
	LPUART1_BRR = DIVIDER;
	LPUART1_CR1 = LPUART_CR1_FIFOEN | LPUART_CR1_UE;
	LPUART1_CR1 = LPUART_CR1_FIFOEN | LPUART_CR1_UE | LPUART_CR1_TE | LPUART_CR1_RE;
	NVIC_ISER(LPUART1_IRQ / 32) = BIT(LPUART1_IRQ % 32);
	port_uart_unmute();
}

/* Interrupts are off while the ring is looked at, so that no byte slips in before the core sleeps.
 */
bool port_uart_read(uint8_t *ret_byte, uint32_t silent_ms)
{
	bool silent = false;
	bool taken;

	if (ring_take(ret_byte))
		return true;
	if (silent_ms)
		tick_start(silent_ms);
	for (;;) {
		core_interrupts_off();
		taken = ring_take(ret_byte);
		if (!taken)
			silent = silent_ms && tick_elapsed();
		if (!taken && !silent)
			core_sleep();
		core_interrupts_on();
		if (taken || silent)
			break;
	}
	if (silent_ms)
		tick_stop();
	return taken;
}

void port_uart_write(const uint8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!register_wait(&LPUART1_ISR, LPUART_ISR_TXFNF, LPUART_ISR_TXFNF, BYTE_US))
			return;
		LPUART1_TDR = bytes[i];
	}
}

void port_uart_drain(void)
{
	(void)register_wait(&LPUART1_ISR, LPUART_ISR_TC, LPUART_ISR_TC, DRAIN_US);
}

void port_uart_mute(void)
{
	LPUART1_CR1 &= ~LPUART_CR1_RXFNEIE;
	(void)LPUART1_CR1;
	NVIC_ICPR(LPUART1_IRQ / 32) = BIT(LPUART1_IRQ % 32);
}

void port_uart_unmute(void)
{
	while (LPUART1_ISR & LPUART_ISR_RXFNE)
		(void)LPUART1_RDR;
	LPUART1_ICR = LPUART_ICR_ERRORS;
	ring.tail = ring.head;
	LPUART1_CR1 |= LPUART_CR1_RXFNEIE;
}
