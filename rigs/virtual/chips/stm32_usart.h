/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USART and LPUART as the STM32L4+ and L5 have them, and the F7's USART without FIFOs, asynchronous
 * (RM0432 sections 44 and 45; RM0438, chapters USART and LPUART; RM0410 section 34): frames of 8
 * data bits with or without parity, with or without the FIFOs; no DMA, no flow control, no wake-up,
 * no idle or break detection.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32_USART_H
#define RIGS_VIRTUAL_CHIPS_STM32_USART_H

#include "rigs/virtual/chips/chip.h"
#include "rigs/virtual/chips/stm32_gpio.h"

#define STM32_UART_CR1_UE     (1u << 0)
#define STM32_UART_CR1_RE     (1u << 2)
#define STM32_UART_CR1_TE     (1u << 3)
#define STM32_UART_CR1_RXNEIE (1u << 5)
#define STM32_UART_CR1_TCIE   (1u << 6)
#define STM32_UART_CR1_TXEIE  (1u << 7)
#define STM32_UART_CR1_PEIE   (1u << 8)
#define STM32_UART_CR1_PS     (1u << 9)
#define STM32_UART_CR1_PCE    (1u << 10)
#define STM32_UART_CR1_M0     (1u << 12)
#define STM32_UART_CR1_OVER8  (1u << 15)
#define STM32_UART_CR1_M1     (1u << 28)
#define STM32_UART_CR1_FIFOEN (1u << 29)
#define STM32_UART_CR1_TXFEIE (1u << 30)
#define STM32_UART_CR1_RXFFIE (1u << 31)
#define STM32_UART_CR3_EIE    (1u << 0)
#define STM32_UART_CR3_ONEBIT (1u << 11)
#define STM32_UART_CR3_OVRDIS (1u << 12)
#define STM32_UART_RQR_RXFRQ  (1u << 3)
#define STM32_UART_RQR_TXFRQ  (1u << 4)
#define STM32_UART_ISR_PE     (1u << 0)
#define STM32_UART_ISR_FE     (1u << 1)
#define STM32_UART_ISR_NE     (1u << 2)
#define STM32_UART_ISR_ORE    (1u << 3)
#define STM32_UART_ISR_RXNE   (1u << 5)
#define STM32_UART_ISR_TC     (1u << 6)
#define STM32_UART_ISR_TXE    (1u << 7)
#define STM32_UART_ISR_TEACK  (1u << 21)
#define STM32_UART_ISR_REACK  (1u << 22)
#define STM32_UART_ISR_TXFE   (1u << 23)
#define STM32_UART_ISR_RXFF   (1u << 24)

struct stm32_usart;

/* What differs between the families' USARTs. */
struct stm32_usart_generation {
	uint32_t bytes;        /* of registers */
	uint32_t cr1_modelled; /* bits of CR1 */
	uint32_t requests;     /* bits of RQR that act */
	/* FE, NE and PE belong to a byte in the receive FIFO; without one they are ISR's own. */
	bool errors_per_byte;
	/* Is the divider one that works? A fault otherwise. */
	bool (*divider_works)(struct stm32_usart *uart);
};

/* stm32_usart_frame.c */
extern const struct stm32_usart_generation stm32_usart_fifo;    /* L4+, L5 */
extern const struct stm32_usart_generation stm32_usart_no_fifo; /* F7 */

struct stm32_usart_traits {
	const char *name;
	uint32_t base;
	unsigned irq;
	const struct stm32_usart_generation *generation;
	bool low_power; /* LPUART: 256 clocks of the kernel per BRR and bit */
	unsigned tx_port, tx_pin, rx_port, rx_pin, function;
	uint64_t (*kernel_millihz)(const struct stm32 *chip); /* 0: there is no clock */
};

#define STM32_USART_FIFO_DEPTH 8

struct stm32_usart {
	struct stm32 *chip;
	const struct stm32_gpio *gpio;
	const struct stm32_usart_traits *traits;
	uint32_t cr1, cr2, cr3, brr, presc;
	uint32_t sticky; /* ISR: ORE, FE, NE, PE, TC */
	uint8_t rx[STM32_USART_FIFO_DEPTH], tx[STM32_USART_FIFO_DEPTH];
	uint32_t rx_errors[STM32_USART_FIFO_DEPTH]; /* ISR bits that arrive with the byte */
	unsigned rx_count, tx_count;
	bool shifting;
	uint8_t shift;
	struct chip_uart_format shift_format;
};

/* The deadline STM32_DEADLINE_UART is this UART's. */
void stm32_usart_init(struct stm32_usart *uart, struct stm32 *chip, const struct stm32_gpio *gpio,
		      const struct stm32_usart_traits *traits);
void stm32_usart_reset(struct stm32_usart *uart);
uint32_t stm32_usart_read(struct stm32_usart *uart, uint32_t offset);
void stm32_usart_write(struct stm32_usart *uart, uint32_t offset, uint32_t value, uint32_t mask);
void stm32_usart_rx(struct stm32_usart *uart, uint8_t byte, const struct chip_uart_format *format);
void stm32_usart_event(struct stm32_usart *uart, int64_t t_ps);

/* stm32_usart_frame.c: for stm32_usart.c. */

uint64_t stm32_usart_baud_millihz(const struct stm32_usart *uart); /* 0: no clock, no divider */
struct chip_uart_format stm32_usart_format(const struct stm32_usart *uart);
unsigned stm32_usart_frame_bits(const struct stm32_usart *uart); /* start to stop */
/* Enabling the UART: a fault, and false, if frame and divider are not such that it works. */
bool stm32_usart_settings_work(struct stm32_usart *uart);

#endif
