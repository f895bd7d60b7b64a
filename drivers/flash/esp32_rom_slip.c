/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SLIP framing; see esp32_rom_slip.h.
 */
#include "drivers/flash/esp32_rom_slip.h"

enum { SLIP_END = 0xC0, SLIP_ESC = 0xDB, SLIP_ESC_END = 0xDC, SLIP_ESC_ESC = 0xDD };

size_t esp32_slip_encode(const uint8_t *bytes, size_t count, uint8_t *ret_frame)
{
	size_t used = 0;

	ret_frame[used++] = SLIP_END;
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == SLIP_END || bytes[i] == SLIP_ESC) {
			ret_frame[used++] = SLIP_ESC;
			ret_frame[used++] = bytes[i] == SLIP_END ? SLIP_ESC_END : SLIP_ESC_ESC;
		} else {
			ret_frame[used++] = bytes[i];
		}
	}
	ret_frame[used++] = SLIP_END;
	return used;
}

static void packet_restart(struct esp32_slip_parser *parser)
{
	parser->count = 0;
	parser->escaped = false;
	parser->damaged = false;
}

static void packet_append(struct esp32_slip_parser *parser, uint8_t byte)
{
	if (parser->count == sizeof(parser->packet))
		parser->damaged = true;
	else
		parser->packet[parser->count++] = byte;
}

/* The byte after DB. */
static void packet_unescape(struct esp32_slip_parser *parser, uint8_t byte)
{
	parser->escaped = false;
	if (byte == SLIP_ESC_END)
		packet_append(parser, SLIP_END);
	else if (byte == SLIP_ESC_ESC)
		packet_append(parser, SLIP_ESC);
	else
		parser->damaged = true;
}

bool esp32_slip_feed(struct esp32_slip_parser *parser, uint8_t byte)
{
	if (parser->complete) {
		parser->complete = false;
		packet_restart(parser);
	}
	if (!parser->inside && byte != SLIP_END)
		return false;
	if (byte != SLIP_END) {
		if (parser->escaped)
			packet_unescape(parser, byte);
		else if (byte == SLIP_ESC)
			parser->escaped = true;
		else
			packet_append(parser, byte);
		return false;
	}
	parser->inside = true;
	parser->complete = parser->count && !parser->damaged && !parser->escaped;
	if (!parser->complete)
		packet_restart(parser);
	return parser->complete;
}
