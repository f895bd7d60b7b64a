/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SysTick as a one-shot timer, between the sources of these ports. Where it counts HCLK/8
 * (reference manuals, RCC: SysTick external clock) the longest sleep is eight times as long as with
 * the core clock.
 */
#ifndef FIRMWARE_PORTS_STM32_COMMON_TICK_H
#define FIRMWARE_PORTS_STM32_COMMON_TICK_H

#include <stdbool.h>
#include <stdint.h>

/* The port's: core cycles in a count, 1 or 8. */
extern const uint32_t tick_divider;

/* ms: 1 .. tick_max_ms(), which is 139 at 120 MHz by the core clock, 621 at 216 MHz by HCLK/8, and
 * more at lower levels. */
void tick_start(uint32_t ms);
uint32_t tick_max_ms(void);
/* True once after the time is over. */
bool tick_elapsed(void);
void tick_stop(void);

/* The ROM loader's GO leaves its own interrupts and timer behind: none of it stays. Interrupts up
 * to irq_count are disabled, and vectors are taken from there. */
void interrupts_clear(uint32_t irq_count, const void *vectors);

#endif
