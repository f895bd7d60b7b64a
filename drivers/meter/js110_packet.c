/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/js110_packet.h"

#include <string.h>

enum {
	FRAME_TYPE = 1,
	FRAME_HEAD = 8,
	VERSION = 1,
	TYPE_SETTINGS = 1,
	TYPE_STATUS = 2,
	TYPE_EXTIO = 3,
	SOURCE_RAW = 0xc0,
	STREAM_ON = 3, /* USB and FPGA */
};

static uint16_t le16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

/* Pairs of words: bit 17 is 0 in one and 1 in the other, the same way round in all. Slow and exact,
 * for frames in which samples are missing. */
static bool phases_alternate(const uint8_t *words)
{
	unsigned seen = 0;

	for (unsigned n = 0; n < JS110_FRAME_SAMPLES; n++) {
		uint32_t word = js110_word(words + n * JS110_WORD_BYTES);

		if (word != JS110_MISSING)
			seen |= 1u << ((js110_word_phase(word) ^ n) & 1);
	}
	return seen != 3;
}

static bool phases_alternate_plainly(const uint8_t *words)
{
	uint64_t first, pair, differ = 0;

	memcpy(&first, words, sizeof(first));
	for (unsigned n = 0; n < JS110_FRAME_SAMPLES; n += 2) {
		memcpy(&pair, words + n * JS110_WORD_BYTES, sizeof(pair));
		differ |= pair ^ first;
	}
	return js110_word_phase(js110_word(words)) != js110_word_phase(js110_word(words + 4)) &&
	       !(js110_word((const uint8_t *)&differ) & 1u << 17) &&
	       !(js110_word((const uint8_t *)&differ + 4) & 1u << 17);
}

bool js110_frame_parse(const uint8_t *bytes, size_t count, struct js110_frame *ret_frame)
{
	const uint8_t *words = bytes + FRAME_HEAD;

	if (count < JS110_FRAME_BYTES || bytes[0] != FRAME_TYPE ||
	    (le16(bytes + 2) & 0x7fff) != JS110_FRAME_BYTES)
		return false;
	if (!phases_alternate_plainly(words) && !phases_alternate(words))
		return false;
	*ret_frame = (struct js110_frame){le16(bytes + 4), bytes[1], bytes[3] >> 7, words};
	return true;
}

static void packet_begin(uint8_t *packet, uint8_t bytes, uint8_t type)
{
	memset(packet, 0, bytes);
	packet[0] = VERSION;
	packet[1] = bytes;
	packet[2] = type;
}

void js110_settings_pack(const struct js110_settings *settings,
			 uint8_t ret_bytes[JS110_SETTINGS_BYTES])
{
	packet_begin(ret_bytes, JS110_SETTINGS_BYTES, TYPE_SETTINGS);
	ret_bytes[8] = 1;
	ret_bytes[9] = settings->select;
	ret_bytes[10] = SOURCE_RAW;
	ret_bytes[11] = (uint8_t)(settings->voltage_range << 1);
	ret_bytes[12] = settings->streams ? STREAM_ON : 0;
}

void js110_extio_pack(uint8_t current_gpi, uint8_t voltage_gpi, uint32_t io_voltage_mv,
		      uint8_t ret_bytes[JS110_EXTIO_BYTES])
{
	packet_begin(ret_bytes, JS110_EXTIO_BYTES, TYPE_EXTIO);
	ret_bytes[10] = current_gpi;
	ret_bytes[11] = voltage_gpi;
	for (int i = 0; i < 4; i++)
		ret_bytes[20 + i] = (uint8_t)(io_voltage_mv >> (8 * i));
}

bool js110_status_parse(const uint8_t *bytes, size_t count, struct js110_status *ret_status)
{
	if (count < JS110_STATUS_BYTES || bytes[0] != VERSION || bytes[2] != TYPE_STATUS)
		return false;
	*ret_status = (struct js110_status){(int32_t)js110_word(bytes + 8), js110_word(bytes + 12),
					    js110_word(bytes + 16)};
	return true;
}
