/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock and core voltage, between this port's own sources.
 */
#ifndef FIRMWARE_PORTS_STM32F767_CLOCK_H
#define FIRMWARE_PORTS_STM32F767_CLOCK_H

/* From any state a reset or the ROM loader leaves behind to level 0, HSI running. */
const char *clock_init(void);

#endif
