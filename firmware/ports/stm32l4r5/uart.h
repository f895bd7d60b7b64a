/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Serial port, between this port's own sources. HSI16 runs before uart_init().
 */
#ifndef FIRMWARE_PORTS_STM32L4R5_UART_H
#define FIRMWARE_PORTS_STM32L4R5_UART_H

void uart_init(void);
void uart_interrupt(void);

#endif
