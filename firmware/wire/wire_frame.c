/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Frames: CRC-32, writing, and finding them in a byte stream.
 *
 * The parser keeps the bytes of one candidate frame. When the candidate turns out damaged only its
 * first byte is dropped and the rest is searched again, so a whole frame that the damaged one
 * seemed to contain is found. If that uncovers several frames at once, each further byte fed
 * delivers one.
 */
#include "firmware/wire/wire.h"
#include "firmware/wire/wire_bytes.h"

enum {
	WIRE_MAGIC_0 = 0x4A,
	WIRE_MAGIC_1 = 0x42,
	WIRE_CHECKED_FROM = 2, /* the CRC covers everything behind the magic */
	WIRE_CRC_BYTES = 4,
};

/* One step of four bits: entry i is i pushed through the reflected polynomial 0xEDB88320 four
 * times. Two steps per byte, from 64 bytes of table. */
static const uint32_t crc_nibble[16] = {
	0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
	0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
	0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
};

uint32_t wire_crc32(uint32_t crc, const void *bytes, size_t count)
{
	const uint8_t *at = bytes;

	crc = ~crc;
	while (count--) {
		crc ^= *at++;
		crc = crc >> 4 ^ crc_nibble[crc & 15];
		crc = crc >> 4 ^ crc_nibble[crc & 15];
	}
	return ~crc;
}

size_t wire_frame_write(const struct wire_frame *frame, uint8_t *out)
{
	uint16_t count = frame->count <= WIRE_PAYLOAD_MAX ? frame->count : WIRE_PAYLOAD_MAX;
	uint8_t *at = out;

	*at++ = WIRE_MAGIC_0;
	*at++ = WIRE_MAGIC_1;
	*at++ = WIRE_VERSION;
	*at++ = frame->type;
	wire_put_u16(&at, frame->sequence);
	wire_put_u16(&at, count);
	memcpy(at, frame->payload, count);
	at += count;
	wire_put_u32(&at, wire_crc32(0, out + WIRE_CHECKED_FROM,
				     (size_t)(at - out) - WIRE_CHECKED_FROM));
	return (size_t)(at - out);
}

enum candidate {
	CANDIDATE_OPEN = 1, /* may become a frame: more bytes needed */
	CANDIDATE_NOISE,    /* no frame begins here */
	CANDIDATE_DAMAGED,  /* began like a frame */
	CANDIDATE_WHOLE,
};

/* Payload bytes announced by a header. */
static uint16_t header_count(const uint8_t *header)
{
	const uint8_t *at = header + 6;

	return wire_get_u16(&at);
}

static bool crc_matches(const uint8_t *bytes, size_t total)
{
	const uint8_t *at = bytes + total - WIRE_CRC_BYTES;
	size_t checked = total - WIRE_CHECKED_FROM - WIRE_CRC_BYTES;

	return wire_get_u32(&at) == wire_crc32(0, bytes + WIRE_CHECKED_FROM, checked);
}

static enum candidate candidate_judge(const uint8_t *bytes, size_t used)
{
	size_t total;

	if (used < 1)
		return CANDIDATE_OPEN;
	if (bytes[0] != WIRE_MAGIC_0 || (used > 1 && bytes[1] != WIRE_MAGIC_1))
		return CANDIDATE_NOISE;
	if (used > 2 && bytes[2] != WIRE_VERSION)
		return CANDIDATE_DAMAGED;
	if (used < WIRE_HEADER_BYTES)
		return CANDIDATE_OPEN;
	if (header_count(bytes) > WIRE_PAYLOAD_MAX)
		return CANDIDATE_DAMAGED;
	total = (size_t)WIRE_HEADER_BYTES + header_count(bytes) + WIRE_CRC_BYTES;
	if (used < total)
		return CANDIDATE_OPEN;
	return crc_matches(bytes, total) ? CANDIDATE_WHOLE : CANDIDATE_DAMAGED;
}

/* Copies the frame at bytes; returns its size. */
static size_t frame_take(const uint8_t *bytes, struct wire_frame *frame)
{
	const uint8_t *at = bytes + 4;

	frame->type = bytes[3];
	frame->sequence = wire_get_u16(&at);
	frame->count = wire_get_u16(&at);
	memcpy(frame->payload, at, frame->count);
	return (size_t)WIRE_HEADER_BYTES + frame->count + WIRE_CRC_BYTES;
}

void wire_parser_init(struct wire_parser *parser)
{
	parser->used = 0;
	parser->skipped = 0;
	parser->damaged = 0;
}

bool wire_parser_feed(struct wire_parser *parser, uint8_t byte, struct wire_frame *frame)
{
	enum candidate verdict;
	size_t start = 0;

	parser->buffer[parser->used++] = byte;
	for (;;) {
		verdict = candidate_judge(parser->buffer + start, parser->used - start);
		if (verdict == CANDIDATE_OPEN || verdict == CANDIDATE_WHOLE)
			break;
		parser->damaged += verdict == CANDIDATE_DAMAGED;
		parser->skipped++;
		start++;
	}
	if (verdict == CANDIDATE_WHOLE)
		start += frame_take(parser->buffer + start, frame);
	parser->used = (uint16_t)(parser->used - start);
	if (start)
		memmove(parser->buffer, parser->buffer + start, parser->used);
	return verdict == CANDIDATE_WHOLE;
}
