/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The system timer, between this port's own sources: 16 MHz from the crystal at every clock level.
 */
#ifndef FIRMWARE_PORTS_ESP32C3_TIMER_H
#define FIRMWARE_PORTS_ESP32C3_TIMER_H

#include <stdbool.h>
#include <stdint.h>

void timer_init(void);
/* Ticks of SYSTIMER_HZ since power-on. */
uint64_t timer_now(void);

/* A one-shot alarm that wakes the core. */
void tick_start(uint32_t ms);
/* True from when the time is over until tick_stop(). */
bool tick_elapsed(void);
void tick_stop(void);
void tick_interrupt(void);

#endif
