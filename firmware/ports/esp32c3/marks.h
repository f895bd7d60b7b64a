/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker lines and cycle counter at start, between this port's own sources.
 */
#ifndef FIRMWARE_PORTS_ESP32C3_MARKS_H
#define FIRMWARE_PORTS_ESP32C3_MARKS_H

/* All lines low, then driven. */
void marks_init(void);
void cycles_init(void);

#endif
