/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SysTick as a one-shot timer from the core clock, between this port's own sources.
 */
#ifndef FIRMWARE_PORTS_STM32L4R5_TICK_H
#define FIRMWARE_PORTS_STM32L4R5_TICK_H

#include <stdbool.h>
#include <stdint.h>

/* ms: 1 .. tick_max_ms(), which is 139 at 120 MHz and more at lower levels. */
void tick_start(uint32_t ms);
uint32_t tick_max_ms(void);
/* True once after the time is over. */
bool tick_elapsed(void);
void tick_stop(void);

#endif
