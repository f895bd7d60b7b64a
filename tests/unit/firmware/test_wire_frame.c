/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Frames: known bytes, and the parser against noise, damage and truncation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "firmware/wire/wire.h"

/* Counts the frames found in bytes; the last one is left in *frame. */
static int parse(struct wire_parser *parser, const uint8_t *bytes, size_t count,
		 struct wire_frame *frame)
{
	int found = 0;

	for (size_t i = 0; i < count; i++)
		found += wire_parser_feed(parser, bytes[i], frame);
	return found;
}

static struct wire_frame frame_make(uint8_t type, uint16_t sequence, uint16_t count)
{
	struct wire_frame frame = {.type = type, .sequence = sequence, .count = count};

	for (uint16_t i = 0; i < count; i++)
		frame.payload[i] = (uint8_t)(i * 7 + sequence);
	return frame;
}

static void assert_frames_equal(const struct wire_frame *a, const struct wire_frame *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->sequence, b->sequence);
	assert_int_equal(a->count, b->count);
	assert_memory_equal(a->payload, b->payload, a->count);
}

/* Check value of CRC-32/ISO-HDLC, the one of zlib. */
static void crc_is_the_known_one(void **state)
{
	const char *digits = "123456789";

	(void)state;
	assert_int_equal(wire_crc32(0, digits, 9), 0xCBF43926);
	assert_int_equal(wire_crc32(wire_crc32(0, digits, 4), digits + 4, 5), 0xCBF43926);
	assert_int_equal(wire_crc32(0, digits, 0), 0);
}

/* A HELLO request with sequence 0x0102, its CRC from Python's zlib.crc32(). */
static void frame_has_the_written_layout(void **state)
{
	static const uint8_t expected[] = {0x4A, 0x42, 0x02, 0x01, 0x02, 0x01,
					   0x00, 0x00, 0xA4, 0x8B, 0xA1, 0x6A};
	struct wire_frame frame = {.type = WIRE_HELLO, .sequence = 0x0102};
	uint8_t bytes[WIRE_FRAME_MAX];

	(void)state;
	assert_int_equal(wire_frame_write(&frame, bytes), sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
}

static void every_size_survives_the_trip(void **state)
{
	uint8_t bytes[WIRE_FRAME_MAX];
	struct wire_parser parser;
	struct wire_frame found;

	(void)state;
	wire_parser_init(&parser);
	for (uint32_t count = 0; count <= WIRE_PAYLOAD_MAX; count++) {
		struct wire_frame frame = frame_make(3, (uint16_t)count, (uint16_t)count);
		size_t size = wire_frame_write(&frame, bytes);

		assert_int_equal(size, WIRE_HEADER_BYTES + count + 4);
		assert_int_equal(parse(&parser, bytes, size - 1, &found), 0);
		assert_true(wire_parser_feed(&parser, bytes[size - 1], &found));
		assert_frames_equal(&frame, &found);
	}
	assert_int_equal(parser.skipped, 0);
	assert_int_equal(parser.damaged, 0);
}

static void noise_is_skipped_and_counted(void **state)
{
	static const uint8_t noise[] = {0x00, 0x42, 0x4A, 0x4A, 0xFF};
	struct wire_frame frame = frame_make(2, 9, 8), found;
	uint8_t bytes[WIRE_FRAME_MAX];
	size_t size = wire_frame_write(&frame, bytes);
	struct wire_parser parser;

	(void)state;
	wire_parser_init(&parser);
	assert_int_equal(parse(&parser, noise, sizeof(noise), &found), 0);
	assert_int_equal(parse(&parser, bytes, size, &found), 1);
	assert_frames_equal(&frame, &found);
	assert_int_equal(parser.skipped, sizeof(noise));
	assert_int_equal(parser.damaged, 0);
}

/* Whatever bit is wrong, the frame is not delivered, and with enough good ones behind it the parser
 * recovers: a wrong size makes it wait for at most one largest frame. */
static void every_flipped_bit_is_noticed(void **state)
{
	struct wire_frame frame = frame_make(4, 77, 12), found;
	uint8_t bytes[WIRE_FRAME_MAX], broken[WIRE_FRAME_MAX];
	size_t size = wire_frame_write(&frame, bytes);

	(void)state;
	for (size_t bit = 0; bit < size * 8; bit++) {
		struct wire_parser parser;
		int repeats = 0;

		wire_parser_init(&parser);
		memcpy(broken, bytes, size);
		broken[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(parse(&parser, broken, size, &found), 0);
		while (!parse(&parser, bytes, size, &found))
			assert_true(++repeats <= WIRE_FRAME_MAX / (int)size + 1);
		assert_frames_equal(&frame, &found);
		assert_true(parser.skipped > 0);
	}
}

/* The frame behind a truncated one comes out at once, or, when its first bytes were taken for a
 * size, with the bytes that follow. */
static void a_truncated_frame_hides_nothing(void **state)
{
	struct wire_frame frame = frame_make(4, 5, 20), next = frame_make(5, 6, 40), found;
	uint8_t bytes[WIRE_FRAME_MAX], behind[WIRE_FRAME_MAX];
	size_t size = wire_frame_write(&frame, bytes);
	size_t behind_size = wire_frame_write(&next, behind);

	(void)state;
	for (size_t kept = 0; kept < size; kept++) {
		struct wire_parser parser;
		int more = 0;

		wire_parser_init(&parser);
		assert_int_equal(parse(&parser, bytes, kept, &found), 0);
		if (!parse(&parser, behind, behind_size, &found)) {
			while (!wire_parser_feed(&parser, 0, &found))
				assert_true(++more < WIRE_FRAME_MAX);
		}
		assert_frames_equal(&next, &found);
		assert_int_equal(parser.skipped, kept);
	}
}

/* A header that promises 300 bytes, then three whole frames inside those bytes: each of the three
 * comes out, the last two with the bytes that follow. */
static void frames_behind_a_damaged_start_are_found(void **state)
{
	static const uint8_t start[] = {0x4A, 0x42, WIRE_VERSION, 3, 1, 0, 44, 1};
	static const uint8_t filler[400];
	struct wire_parser parser;
	struct wire_frame found;
	uint8_t bytes[WIRE_FRAME_MAX];
	int frames = 0;

	(void)state;
	wire_parser_init(&parser);
	assert_int_equal(parse(&parser, start, sizeof(start), &found), 0);
	for (uint16_t i = 0; i < 3; i++) {
		struct wire_frame frame = frame_make(1, (uint16_t)(40 + i), 10);

		frames += parse(&parser, bytes, wire_frame_write(&frame, bytes), &found);
	}
	assert_int_equal(frames, 0);
	for (size_t i = 0; i < sizeof(filler); i++) {
		if (wire_parser_feed(&parser, filler[i], &found)) {
			assert_int_equal(found.sequence, 40 + frames);
			frames++;
		}
	}
	assert_int_equal(frames, 3);
	assert_int_equal(parser.damaged, 1);
}

static void other_versions_and_sizes_are_damage(void **state)
{
	static const uint8_t version[] = {0x4A, 0x42, WIRE_VERSION + 1};
	static const uint8_t size[] = {0x4A, 0x42, WIRE_VERSION, 1, 0, 0, 0x01, 0x04};
	struct wire_parser parser;
	struct wire_frame found;

	(void)state;
	wire_parser_init(&parser);
	assert_int_equal(parse(&parser, version, sizeof(version), &found), 0);
	assert_int_equal(parser.damaged, 1);
	assert_int_equal(parse(&parser, size, sizeof(size), &found), 0);
	assert_int_equal(parser.damaged, 2);
	assert_int_equal(parser.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_is_the_known_one),
		cmocka_unit_test(frame_has_the_written_layout),
		cmocka_unit_test(every_size_survives_the_trip),
		cmocka_unit_test(noise_is_skipped_and_counted),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(a_truncated_frame_hides_nothing),
		cmocka_unit_test(frames_behind_a_damaged_start_are_found),
		cmocka_unit_test(other_versions_and_sizes_are_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
