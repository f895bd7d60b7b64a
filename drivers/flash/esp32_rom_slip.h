/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SLIP framing as Espressif's ROM loaders have it (RFC 1055): C0 on both sides of a packet, in it
 * C0 as DB DC and DB as DB DD. Pure functions over bytes.
 */
#ifndef DRIVERS_FLASH_ESP32_ROM_SLIP_H
#define DRIVERS_FLASH_ESP32_ROM_SLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ESP32_SLIP_PACKET_MAX = 1100 }; /* more than the longest packet: 24 and 1024 bytes */

/* Writes at most 2 * count + 2 bytes; returns how many. */
size_t esp32_slip_encode(const uint8_t *bytes, size_t count, uint8_t *ret_frame);

/* All zeros to begin with. Nothing before the first C0 counts; afterwards every C0 is a boundary,
 * so a lost one costs at most two packets. */
struct esp32_slip_parser {
	uint8_t packet[ESP32_SLIP_PACKET_MAX];
	size_t count;
	bool inside, escaped, complete;
	bool damaged; /* a wrong escape or too long: dropped up to the next C0 */
};

/* true: this byte completes a packet of one byte or more, which stays in packet and count until the
 * next call. */
bool esp32_slip_feed(struct esp32_slip_parser *parser, uint8_t byte);

#endif
