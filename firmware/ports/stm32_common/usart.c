/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The serial port's functions of port.h on a USART or LPUART. Reference manuals, USART, LPUART.
 * With FIFO (STM32L4+, STM32L5) or without (STM32F7) the flags RXNE / RXFNE, TXE / TXFNF are the
 * same bits. Bytes come in by interrupt, through the FIFO where there is one, into a ring.
 */
#include "firmware/ports/stm32_common/usart.h"

#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/core.h"
#include "firmware/ports/stm32_common/tick.h"

#define USART_CR1        REGISTER(usart.base + 0x00)
#define USART_CR2        REGISTER(usart.base + 0x04)
#define USART_CR3        REGISTER(usart.base + 0x08)
#define USART_BRR        REGISTER(usart.base + 0x0C)
#define USART_ISR        REGISTER(usart.base + 0x1C)
#define USART_ICR        REGISTER(usart.base + 0x20)
#define USART_RDR        REGISTER(usart.base + 0x24)
#define USART_TDR        REGISTER(usart.base + 0x28)
#define USART_CR1_UE     BIT(0)
#define USART_CR1_RE     BIT(2)
#define USART_CR1_TE     BIT(3)
#define USART_CR1_RXNEIE BIT(5)
#define USART_CR1_FIFOEN BIT(29)
#define USART_ISR_RXNE   BIT(5)
#define USART_ISR_TC     BIT(6)
#define USART_ISR_TXE    BIT(7)
#define USART_ICR_ERRORS 15U /* PE, FE, NE, ORE */

enum {
	RING_BYTES = 2048, /* a power of two, more than the largest frame */
	BYTE_US = 1000,    /* one byte takes 87 us */
	DRAIN_US = 10000,  /* eight bytes in the FIFO and one in the shift register */
};

static struct {
	volatile uint32_t head; /* written by the interrupt */
	volatile uint32_t tail;
	uint8_t bytes[RING_BYTES];
} ring;

void usart_interrupt(void)
{
	while (USART_ISR & USART_ISR_RXNE) {
		uint8_t byte = (uint8_t)USART_RDR;
		uint32_t head = ring.head;

		if (head - ring.tail < RING_BYTES) {
			ring.bytes[head % RING_BYTES] = byte;
			ring.head = head + 1;
		}
	}
	USART_ICR = USART_ICR_ERRORS;
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

static void pin_init(uint32_t pin)
{
	const uint32_t nibble = 4 * (pin % 8);

	register_modify(&GPIO_AFR(usart.gpio, pin), 15U << nibble, usart.function << nibble);
	register_modify(&GPIO_PUPDR(usart.gpio), 3U << 2 * pin, 1U << 2 * pin); /* pull-up */
	register_modify(&GPIO_MODER(usart.gpio), 3U << 2 * pin, 2U << 2 * pin);
}

void usart_pins_init(void)
{
	pin_init(usart.pin_tx);
	pin_init(usart.pin_rx);
}

void usart_init(void)
{
	uint32_t control = usart.has_fifo ? USART_CR1_FIFOEN : 0;

	USART_CR1 = control;
	USART_CR2 = 0;
	USART_CR3 = 0;
	USART_BRR = usart.divider;
	USART_CR1 = control | USART_CR1_UE;
	USART_CR1 = control | USART_CR1_UE | USART_CR1_TE | USART_CR1_RE;
	NVIC_ISER(usart.irq / 32) = BIT(usart.irq % 32);
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
		if (!register_wait(&USART_ISR, USART_ISR_TXE, USART_ISR_TXE, BYTE_US))
			return;
		USART_TDR = bytes[i];
	}
}

void port_uart_drain(void)
{
	(void)register_wait(&USART_ISR, USART_ISR_TC, USART_ISR_TC, DRAIN_US);
}

void port_uart_mute(void)
{
	USART_CR1 &= ~USART_CR1_RXNEIE;
	(void)USART_CR1;
	NVIC_ICPR(usart.irq / 32) = BIT(usart.irq % 32);
}

void port_uart_unmute(void)
{
	while (USART_ISR & USART_ISR_RXNE)
		(void)USART_RDR;
	USART_ICR = USART_ICR_ERRORS;
	ring.tail = ring.head;
	USART_CR1 |= USART_CR1_RXNEIE;
}
