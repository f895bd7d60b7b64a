/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The calibration record of a JS110. See the header.
 *
 * Beyond the sheet, from the description in the vendor's pyjoulescope (joulescope/datafile.py): the
 * CRC is CRC-32 (IEEE 802.3) over all bytes before it, of the file header or of the record with its
 * tag, length and padding; the version word is 3 zero bytes and a 1; a file begins with an HDR
 * record of 40 bytes and ends with an empty END record.
 */
#include "rigs/virtual/meters/js110_calibration.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HEADER_BYTES 32
#define JSON_BYTES   1536

static const uint8_t magic[16] = {0xd3, 't',  'a', 'g',  'f', 'm', 't',  ' ',
				  '\r', '\n', ' ', '\n', ' ', ' ', 0x1a, 0x1c};

static uint32_t crc32_of(const uint8_t *bytes, size_t count)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < count; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static size_t put_record(uint8_t *at, const char *tag, const void *data, size_t bytes)
{
	size_t total = (12 + bytes + 7) & ~(size_t)7;

	memset(at, 0, total);
	memcpy(at, tag, 3);
	usb_put_le(at + 4, bytes, 4);
	if (bytes)
		memcpy(at + 8, data, bytes);
	usb_put_le(at + total - 4, crc32_of(at, total - 4), 4);
	return total;
}

struct text {
	char data[JSON_BYTES];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void text_add(struct text *text, const char *format,
							   ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text->data + text->length, sizeof(text->data) - text->length, format,
			   args);
	va_end(args);
	if (length > 0 && text->length + (size_t)length < sizeof(text->data))
		text->length += (size_t)length;
}

/* The off range has no numbers: the literal NaN, which JSON does not know. */
static void text_add_list(struct text *text, const struct js110_scale *scales, unsigned count,
			  unsigned entries, bool gain)
{
	for (unsigned n = 0; n < entries; n++) {
		if (n < count)
			text_add(text, "%s%.17g", n ? ", " : "[",
				 gain ? scales[n].gain : scales[n].offset);
		else
			text_add(text, ", NaN");
	}
	text_add(text, "]");
}

static void text_add_signal(struct text *text, const char *name, const struct js110_scale *scales,
			    unsigned count, unsigned entries)
{
	text_add(text, "\"%s\": {\"offset\": ", name);
	text_add_list(text, scales, count, entries, false);
	text_add(text, ", \"gain\": ");
	text_add_list(text, scales, count, entries, true);
	text_add(text, "}");
}

size_t js110_calibration_encode(const struct js110_calibration *calibration, const uint8_t *serial,
				uint8_t *ret_bytes)
{
	struct text text = {.length = 0};
	uint8_t head[40] = {0};
	size_t at = HEADER_BYTES;

	usb_put_le(head + 12, 0x16d0, 4); /* vendor */
	usb_put_le(head + 16, 0x0e88, 2); /* product */
	memcpy(head + 24, serial, JS110_SERIAL_BYTES);
	text_add(&text, "{");
	text_add_signal(&text, "voltage", calibration->voltage, JS110_VOLTAGE_RANGES,
			JS110_VOLTAGE_RANGES);
	text_add(&text, ", ");
	text_add_signal(&text, "current", calibration->current, VJS110_RANGES, VJS110_RANGES + 1);
	text_add(&text, "}");

	at += put_record(ret_bytes + at, "HDR", head, sizeof(head));
	at += put_record(ret_bytes + at, "AJS", text.data, text.length);
	at += put_record(ret_bytes + at, "END", NULL, 0);
	memcpy(ret_bytes, magic, sizeof(magic));
	usb_put_le(ret_bytes + 16, at, 8);
	usb_put_le(ret_bytes + 24, 0x01000000, 4);
	usb_put_le(ret_bytes + 28, crc32_of(ret_bytes, 28), 4);
	return at;
}
