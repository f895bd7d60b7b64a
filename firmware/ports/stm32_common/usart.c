/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The serial port's functions of port.h on USART3. Reference manuals, USART. With FIFO (STM32L5) or
 * without (STM32F7) the flags RXNE / RXFNE, TXE / TXFNF are the same bits. Bytes come in by
 * interrupt into a ring.
 */
#include "firmware/ports/stm32_common/usart.h"

#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/core.h"
#include "firmware/ports/stm32_common/tick.h"

#define USART3_CR1       REGISTER(0x40004800)
#define USART3_CR2       REGISTER(0x40004804)
#define USART3_CR3       REGISTER(0x40004808)
#define USART3_BRR       REGISTER(0x4000480C)
#define USART3_ISR       REGISTER(0x4000481C)
#define USART3_ICR       REGISTER(0x40004820)
#define USART3_RDR       REGISTER(0x40004824)
#define USART3_TDR       REGISTER(0x40004828)
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
	KERNEL_HZ = 16000000,
	BAUD = 115200,
	DIVIDER = (KERNEL_HZ + BAUD / 2) / BAUD, /* oversampling by 16: 139, 115108 baud */
	RING_BYTES = 2048,                       /* a power of two, more than the largest frame */
	BYTE_US = 1000,                          /* one byte takes 87 us */
	DRAIN_US = 10000, /* eight bytes in the FIFO and one in the shift register */
	FUNCTION = 7,
};

static uint32_t usart_irq;

static struct {
	volatile uint32_t head; /* written by the interrupt */
	volatile uint32_t tail;
	uint8_t bytes[RING_BYTES];
} ring;

void usart_interrupt(void)
{
	while (USART3_ISR & USART_ISR_RXNE) {
		uint8_t byte = (uint8_t)USART3_RDR;
		uint32_t head = ring.head;

		if (head - ring.tail < RING_BYTES) {
			ring.bytes[head % RING_BYTES] = byte;
			ring.head = head + 1;
		}
	}
	USART3_ICR = USART_ICR_ERRORS;
	/* The store is done before the return: else the interrupt could come once more. */
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

/* A pin's two bits in MODER and PUPDR, and its four in AFRH. */
#define PIN_FIELD(value)                                                                           \
	((uint32_t)(value) << 2 * USART_PIN_TX | (uint32_t)(value) << 2 * USART_PIN_RX)
#define PIN_FUNCTION(value)                                                                        \
	((uint32_t)(value) << 4 * (USART_PIN_TX - 8) | (uint32_t)(value) << 4 * (USART_PIN_RX - 8))

void usart_pins_init(uint32_t gpio)
{
	register_modify(&GPIO_AFRH(gpio), PIN_FUNCTION(15), PIN_FUNCTION(FUNCTION));
	register_modify(&GPIO_PUPDR(gpio), PIN_FIELD(3), PIN_FIELD(1)); /* pull-ups */
	register_modify(&GPIO_MODER(gpio), PIN_FIELD(3), PIN_FIELD(2));
}

void usart_init(uint32_t irq, bool has_fifo)
{
	uint32_t control = has_fifo ? USART_CR1_FIFOEN : 0;

	usart_irq = irq;
	USART3_CR1 = control;
	USART3_CR2 = 0;
	USART3_CR3 = 0;
	USART3_BRR = DIVIDER;
	USART3_CR1 = control | USART_CR1_UE;
	USART3_CR1 = control | USART_CR1_UE | USART_CR1_TE | USART_CR1_RE;
	NVIC_ISER(irq / 32) = BIT(irq % 32);
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
		if (!register_wait(&USART3_ISR, USART_ISR_TXE, USART_ISR_TXE, BYTE_US))
			return;
		USART3_TDR = bytes[i];
	}
}

void port_uart_drain(void)
{
	(void)register_wait(&USART3_ISR, USART_ISR_TC, USART_ISR_TC, DRAIN_US);
}

void port_uart_mute(void)
{
	USART3_CR1 &= ~USART_CR1_RXNEIE;
	(void)USART3_CR1;
	NVIC_ICPR(usart_irq / 32) = BIT(usart_irq % 32);
}

void port_uart_unmute(void)
{
	while (USART3_ISR & USART_ISR_RXNE)
		(void)USART3_RDR;
	USART3_ICR = USART_ICR_ERRORS;
	ring.tail = ring.head;
	USART3_CR1 |= USART_CR1_RXNEIE;
}
