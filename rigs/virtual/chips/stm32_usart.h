/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USART and LPUART as the STM32L4+ and L5 have them, asynchronous (RM0432 sections 44 and 45;
 * RM0438, chapters USART and LPUART): frames of 8 data bits with or without parity, with or without
 * the FIFOs; no DMA, no flow control, no wake-up, no idle detection.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32_USART_H
#define RIGS_VIRTUAL_CHIPS_STM32_USART_H

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

struct stm32_usart_traits {
	const char *name;
	uint32_t base;
	unsigned irq;
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

#endif
