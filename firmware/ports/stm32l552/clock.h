/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock and core voltage, between this port's own sources.
 */
#ifndef FIRMWARE_PORTS_STM32L552_CLOCK_H
#define FIRMWARE_PORTS_STM32L552_CLOCK_H

/* From any state a reset or the ROM loader leaves behind to level 0, HSI16 running. */
const char *clock_init(void);

/* The flash is erased and programmed in range 1 or 0, whatever the level in force. Between these
 * two the clock stays as it is. */
const char *clock_raise_for_flash(void);
const char *clock_lower_after_flash(void);

#endif
