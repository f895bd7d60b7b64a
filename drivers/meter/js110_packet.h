/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS110: sample frames and control packets. Pure functions over bytes. Facts: the
 * vendor's joulescope_driver (src/devices/js110).
 *
 * A frame has 512 bytes: u8 type (1), u8 status, u16 length (512; bit 15: voltage range), u16
 * packet index, u16 USB frame index, then 126 words. A word: bits 1:0 and 16 the range, 15:2
 * current, 31:18 voltage, 17 alternates from word to word; all ones is a sample that is missing.
 */
#ifndef DRIVERS_METER_JS110_PACKET_H
#define DRIVERS_METER_JS110_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	JS110_FRAME_BYTES = 512,
	JS110_FRAME_SAMPLES = 126,
	JS110_WORD_BYTES = 4,
	JS110_RATE_HZ = 2000000,
	JS110_RANGES = 7,    /* 0: 10 A, 2 A, 180 mA, 18 mA, 1.8 mA, 180 uA, 18 uA */
	JS110_RANGE_OFF = 7, /* the current path is open */
	JS110_ADC_FULL_SCALE = 0x3fff,
};

#define JS110_MISSING UINT32_C(0xffffffff)

static inline uint32_t js110_word(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}
static inline uint32_t js110_word_range(uint32_t word)
{
	return (word & 3) | (word >> 14 & 4);
}
static inline uint32_t js110_word_current(uint32_t word)
{
	return word >> 2 & JS110_ADC_FULL_SCALE;
}
static inline uint32_t js110_word_voltage(uint32_t word)
{
	return word >> 18;
}
static inline uint32_t js110_word_phase(uint32_t word)
{
	return word >> 17 & 1;
}

struct js110_frame {
	uint16_t index;
	uint8_t status, voltage_range; /* voltage range 0: 15 V, 1: 5 V */
	const uint8_t *words;          /* JS110_FRAME_SAMPLES; the caller's bytes */
};

/* False: not a whole frame, another type, or words whose alternating bit does not. */
bool js110_frame_parse(const uint8_t *bytes, size_t count, struct js110_frame *ret_frame);

/* --- control packets -------------------------------------------------------------------------- */

enum { JS110_SETTINGS_BYTES = 16, JS110_EXTIO_BYTES = 24, JS110_STATUS_BYTES = 104 };

enum { JS110_RESULT_NONE = -1, JS110_RESULT_BUSY = 19 };

struct js110_settings {
	uint8_t select;        /* 0x80 auto, 1 << range */
	uint8_t voltage_range; /* as js110_frame */
	bool streams;
};

/* The sensor powered, source raw. */
void js110_settings_pack(const struct js110_settings *settings,
			 uint8_t ret_bytes[JS110_SETTINGS_BYTES]);
/* Inputs into the lowest bit of a converter: 0 none, 2 input 0, 3 input 1. */
void js110_extio_pack(uint8_t current_gpi, uint8_t voltage_gpi, uint32_t io_voltage_mv,
		      uint8_t ret_bytes[JS110_EXTIO_BYTES]);

struct js110_status {
	int32_t result; /* of the last settings or EXTIO: 0 done, JS110_RESULT_*, or an error */
	uint32_t frames, discarded;
};

bool js110_status_parse(const uint8_t *bytes, size_t count, struct js110_status *ret_status);

#endif
