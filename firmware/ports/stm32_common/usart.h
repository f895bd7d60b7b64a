/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USART3 at 115200 8N1 from a 16 MHz kernel clock that no clock level changes (HSI), between the
 * sources of these ports.
 */
#ifndef FIRMWARE_PORTS_STM32_COMMON_USART_H
#define FIRMWARE_PORTS_STM32_COMMON_USART_H

#include <stdbool.h>
#include <stdint.h>

enum { USART_PIN_TX = 10, USART_PIN_RX = 11 };

/* Hands pins 10 (TX) and 11 (RX) of a GPIO port, whose clock is on, to USART3 (AF7). */
void usart_pins_init(uint32_t gpio);
/* The USART is clocked and fresh from reset. irq: its interrupt's number. */
void usart_init(uint32_t irq, bool has_fifo);
/* Its interrupt handler. */
void usart_interrupt(void);

#endif
