/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Serial port, between this port's own sources. What the ROM still has to say is drained before
 * clock_init() changes its clock.
 */
#ifndef FIRMWARE_PORTS_ESP32C3_UART_H
#define FIRMWARE_PORTS_ESP32C3_UART_H

void uart_init(void);
void uart_interrupt(void);

#endif
