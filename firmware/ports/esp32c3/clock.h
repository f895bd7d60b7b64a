/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Core clock, between this port's own sources.
 */
#ifndef FIRMWARE_PORTS_ESP32C3_CLOCK_H
#define FIRMWARE_PORTS_ESP32C3_CLOCK_H

/* From whatever the ROM leaves behind to level 0. */
void clock_init(void);

#endif
