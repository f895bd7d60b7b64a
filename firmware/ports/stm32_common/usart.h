/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The serial port at 115200 8N1 from a 16 MHz kernel clock that no clock level changes (HSI),
 * between the sources of these ports.
 */
#ifndef FIRMWARE_PORTS_STM32_COMMON_USART_H
#define FIRMWARE_PORTS_STM32_COMMON_USART_H

#include <stdbool.h>
#include <stdint.h>

/* Values of BRR, the nearest. */
enum {
	USART_KERNEL_HZ = 16000000,
	USART_BAUD = 115200,
	/* USART, oversampling by 16: 139, 115108 baud */
	USART_DIVIDER = (USART_KERNEL_HZ + USART_BAUD / 2) / USART_BAUD,
	/* LPUART, in 1/256: 35556, 115199 baud */
	LPUART_DIVIDER = (256LL * USART_KERNEL_HZ + USART_BAUD / 2) / USART_BAUD,
};

struct usart {
	uint32_t base;
	uint32_t irq;
	uint32_t divider;
	bool has_fifo;
	uint32_t gpio; /* the port with both pins */
	uint32_t pin_tx;
	uint32_t pin_rx;
	uint32_t function; /* alternate function of both pins */
};
/* The port's. */
extern const struct usart usart;

/* Hands the pins, whose GPIO port is clocked, to the USART. */
void usart_pins_init(void);
/* The USART is clocked and fresh from reset. */
void usart_init(void);
/* Its interrupt handler. */
void usart_interrupt(void);

#endif
