/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The chip's internal bus to the registers of its analog blocks. The TRM does not describe it:
 * block and register numbers are those of ESP-IDF (regi2c_bbpll.h, regi2c_saradc.h), the command
 * word (block, register << 8, data << 16, write, busy) is that of the ROM's own access function.
 */
#ifndef FIRMWARE_PORTS_ESP32C3_ANALOG_H
#define FIRMWARE_PORTS_ESP32C3_ANALOG_H

#include <stdbool.h>
#include <stdint.h>

enum analog_block {
	ANALOG_BBPLL = 0x66,
	ANALOG_SAR = 0x69,
};

/* false: the bus stayed busy. */
bool analog_read(enum analog_block block, uint8_t at, uint8_t *ret_value);
bool analog_write(enum analog_block block, uint8_t at, uint8_t value);
/* Only the bits of mask. */
bool analog_modify(enum analog_block block, uint8_t at, uint8_t mask, uint8_t value);

#endif
