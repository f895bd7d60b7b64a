/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an LPM01A sends, cut anywhere, cut short and damaged. Sheet's vectors: 6409-07 is 6409e-7,
 * 0x52A0 is 672 * 16^-5.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/meter/lpm01a_capture.h"

enum { ITEMS_MAX = 4096, STREAM_MAX = 12000 };

static struct lpm01a_parser parser;
static struct lpm01a_item items[ITEMS_MAX], whole[ITEMS_MAX];

struct stream {
	uint8_t bytes[STREAM_MAX];
	size_t count;
};

static void put(struct stream *stream, const void *bytes, size_t count)
{
	assert_true(stream->count + count <= sizeof(stream->bytes));
	memcpy(stream->bytes + stream->count, bytes, count);
	stream->count += count;
}

static void put_text(struct stream *stream, const char *text)
{
	put(stream, text, strlen(text));
}

/* step 0: all at once. */
static size_t parse_from(enum lpm01a_mode mode, const uint8_t *bytes, size_t count, size_t step,
			 struct lpm01a_item *ret_items)
{
	size_t at = 0, found = 0;

	lpm01a_parser_init(&parser, mode, 0.1);
	for (;;) {
		size_t capacity, part;
		uint8_t *space;
		int rc;

		while ((rc = lpm01a_parser_next(&parser, &ret_items[found])) > 0)
			assert_true(++found < ITEMS_MAX);
		if (rc < 0 || at == count)
			return found;
		space = lpm01a_parser_space(&parser, &capacity);
		assert_true(capacity > 0);
		part = count - at;
		if (step && part > step)
			part = step;
		if (part > capacity)
			part = capacity;
		memcpy(space, bytes + at, part);
		lpm01a_parser_fill(&parser, part);
		at += part;
	}
}

static void same(const struct lpm01a_item *a, const struct lpm01a_item *b, size_t count)
{
	for (size_t n = 0; n < count; n++) {
		assert_int_equal(a[n].kind, b[n].kind);
		assert_true(a[n].value == b[n].value);
		assert_int_equal(a[n].number, b[n].number);
		assert_int_equal(a[n].percent, b[n].percent);
		assert_string_equal(a[n].text, b[n].text);
	}
}

/* In pieces of every size, and cut short everywhere: the same items, or their beginning. */
static size_t split_everywhere(enum lpm01a_mode mode, const struct stream *stream)
{
	size_t count = parse_from(mode, stream->bytes, stream->count, 0, whole);

	for (size_t step = 1; step <= 40; step++) {
		assert_int_equal(parse_from(mode, stream->bytes, stream->count, step, items),
				 count);
		same(items, whole, count);
	}
	for (size_t cut = 0; cut < stream->count; cut++) {
		size_t found = parse_from(mode, stream->bytes, cut, 0, items);

		assert_true(found <= count);
		same(items, whole, found);
	}
	return count;
}

static void reads_ascii(void **state)
{
	static const enum lpm01a_kind kinds[] = {
		LPM01A_ACK,   LPM01A_TIME,     LPM01A_VALUE, LPM01A_VALUE,        LPM01A_EVENT,
		LPM01A_VALUE, LPM01A_TIME,     LPM01A_VALUE, LPM01A_OVER_CURRENT, LPM01A_ERROR,
		LPM01A_VALUE, LPM01A_INFO,     LPM01A_END,   LPM01A_ACK,          LPM01A_INFO,
		LPM01A_INFO,  LPM01A_COMPLETED};
	static const char after_nul[] = "\0006410-07\r\n";
	struct stream stream = {.count = 0};

	(void)state;
	put_text(&stream, "PowerShield > ack start\r\nTimeStamp: 0s 000ms, buff 0%\r\n"
			  "6409-07\r\n0000+00\r\nevent 3 ris\r\n1250-09\r\n"
			  "timestamp: 1s 234ms, buff 12%\r\n");
	put(&stream, after_nul, sizeof(after_nul) - 1);
	put_text(&stream,
		 "error overcurrent\r\nerror buffer overflow, data lost\r\n9999-05\r\n"
		 "pwr off\r\nend\r\nPowerShield > ack stop\r\nsummary begin\r\nsamples 5\r\n"
		 "min 0000+00 max 9999-05 mean 6409-07\r\n6409-07\r\nsummary end\r\n"
		 "PowerShield > Acquisition completed\r\n");
	assert_int_equal(split_everywhere(LPM01A_ASCII, &stream), sizeof(kinds) / sizeof(kinds[0]));
	for (size_t n = 0; n < sizeof(kinds) / sizeof(kinds[0]); n++)
		assert_int_equal(whole[n].kind, kinds[n]);
	assert_true(fabs(whole[2].value - 640.9e-6) < 1e-12);
	assert_true(whole[3].value == 0);
	assert_int_equal(whole[4].number, 3);
	assert_int_equal(whole[6].number, 1234);
	assert_int_equal(whole[6].percent, 12);
	assert_true(fabs(whole[7].value - 641.0e-6) < 1e-12);
	assert_string_equal(whole[9].text, "error buffer overflow, data lost");
}

static void takes_nothing_of_a_damaged_line(void **state)
{
	static const struct {
		const char *line;
		uint32_t lost;
	} rows[] = {
		{"6409-076410-07", 2}, /* concatenated */
		{"6409-06410-07", 2},  /* of which the first would read 6409-06 */
		{"09-07", 1},          {"6409-", 1},   {"64", 1},
		{"6409-0", 1},         {"6409 07", 1}, {"640x-07", 1},
		{"6409-07 ", 1},       {"9999+02", 1}, /* no current is so large */
	};

	(void)state;
	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		struct stream stream = {.count = 0};

		put_text(&stream, "ack start\r\n1000-06\r\n");
		put_text(&stream, rows[n].line);
		put_text(&stream, "\r\n1001-06\r\n");
		assert_int_equal(split_everywhere(LPM01A_ASCII, &stream), 4);
		assert_int_equal(whole[2].kind, LPM01A_GAP);
		assert_int_equal(whole[2].number, rows[n].lost);
		assert_int_equal(whole[3].kind, LPM01A_VALUE);
	}
}

static void put_word(struct stream *stream, unsigned exponent, unsigned mantissa)
{
	put(stream, (uint8_t[]){(uint8_t)(exponent << 4 | mantissa >> 8), (uint8_t)mantissa}, 2);
}

/* Words of a current of 4..13 mA that changes all the time, as an instrument packs them. */
static unsigned mantissa_of(unsigned n)
{
	return 262 + (n * 2654435761u >> 16) % 600;
}

static void put_words(struct stream *stream, unsigned first, unsigned count)
{
	for (unsigned n = 0; n < count; n++)
		put_word(stream, 4, mantissa_of(first + n));
}

static void reads_binary(void **state)
{
	static const uint8_t time[] = {0xF0, 0xF3, 0x80, 0x00, 0x04, 0xD2, 12, 0xFF, 0xFF};
	static const uint8_t volt[] = {0xF0, 0xF7, 0x0C, 0xE4, 0xFF, 0xFF};
	static const enum lpm01a_kind kinds[] = {
		LPM01A_VALUE, LPM01A_TIME,  LPM01A_VOLTAGE, LPM01A_OVER_CURRENT, LPM01A_POWER_DOWN,
		LPM01A_EVENT, LPM01A_ERROR, LPM01A_ACK,     LPM01A_END};
	struct stream stream = {.count = 0};
	size_t count, at = 101;

	(void)state;
	put_text(&stream, "PowerShield > ack start\r\n");
	put_words(&stream, 0, 100);
	put(&stream, (uint8_t[]){0x52, 0xA0}, 2);
	put(&stream, time, sizeof(time));
	put(&stream, volt, sizeof(volt));
	put(&stream, (uint8_t[]){0xF0, 0xF5, 0xFF, 0xFF}, 4);
	put(&stream, (uint8_t[]){0xF0, 0xF6, 0xFF, 0xFF}, 4);
	put_text(&stream, "\xF0\xF2"
			  "event 7 ris\xFF\xFF");
	put_text(&stream, "\xF0\xF1"
			  "buffer overflow\xFF\xFF");
	put_text(&stream, "\xF0\xF2"
			  "ack pwr on nostatus\xFF\xFF");
	put_words(&stream, 100, 50);
	put(&stream, (uint8_t[]){0xF0, 0xF4, 0xFF, 0xFF}, 4);
	put_text(&stream, "PowerShield > ack stop\r\nPowerShield > Acquisition completed\r\n");
	count = split_everywhere(LPM01A_BINARY, &stream);
	assert_int_equal(count, 1 + 100 + 8 + 50 + 3);
	assert_true(fabs(whole[at].value - 672.0 / 1048576) < 1e-15);
	assert_true(fabs(whole[at].value - 640.87e-6) < 1e-8);
	for (size_t n = 0; n < 8; n++)
		assert_int_equal(whole[at + n].kind, kinds[n]);
	assert_int_equal(whole[at + 1].number, 1234);
	assert_int_equal(whole[at + 1].percent, 12);
	assert_int_equal(whole[at + 2].number, 3300);
	assert_int_equal(whole[at + 5].number, 7);
	assert_string_equal(whole[at + 6].text, "buffer overflow");
	assert_string_equal(whole[at + 7].text, "pwr on nostatus");
	assert_int_equal(whole[count - 3].kind, LPM01A_END);
	assert_int_equal(whole[count - 2].kind, LPM01A_ACK);
	assert_int_equal(whole[count - 1].kind, LPM01A_COMPLETED);
}

/* The empty line behind an ack is no value, wherever the bytes are cut. */
static void skips_the_line_in_front_of_binary(void **state)
{
	static const char *const heads[] = {"ack start\r\n", "ack start\r\n\r\n",
					    "\r\nPowerShield > ack start\r\n\r\n"};

	(void)state;
	for (size_t n = 0; n < sizeof(heads) / sizeof(heads[0]); n++) {
		struct stream stream = {.count = 0};
		size_t count;

		put_text(&stream, heads[n]);
		put_words(&stream, 0, 60);
		put(&stream, (uint8_t[]){0xF0, 0xF4, 0xFF, 0xFF}, 4);
		count = split_everywhere(LPM01A_BINARY, &stream);
		assert_int_equal(count, 1 + 60 + 1);
		for (size_t i = 1; i <= 60; i++)
			assert_int_equal(whole[i].kind, LPM01A_VALUE);
	}
}

/* All of what is given out was sent, in order; what is missing is told, one for each. */
static void check_values(const struct lpm01a_item *found, size_t count, unsigned words)
{
	unsigned next = 0;

	for (size_t n = 0; n < count; n++) {
		if (found[n].kind == LPM01A_GAP)
			next += found[n].number;
		if (found[n].kind != LPM01A_VALUE)
			continue;
		assert_true(found[n].value == ldexp(mantissa_of(next), -16));
		next++;
	}
	assert_int_equal(next, words);
}

/* One byte of a word gets lost, at every place: no wrong value comes of it, and the count is right.
 */
static void loses_a_byte_in_binary(void **state)
{
	enum { WORDS = 300, HEAD = 11 };
	struct stream stream = {.count = 0};

	(void)state;
	put_text(&stream, "ack start\r\n");
	put_words(&stream, 0, WORDS);
	put(&stream, (uint8_t[]){0xF0, 0xF4, 0xFF, 0xFF}, 4);
	for (size_t lost = HEAD; lost < HEAD + 2 * WORDS; lost++) {
		struct stream damaged = stream;
		size_t count;

		memmove(damaged.bytes + lost, damaged.bytes + lost + 1, stream.count - lost - 1);
		damaged.count--;
		count = parse_from(LPM01A_BINARY, damaged.bytes, damaged.count, 0, whole);
		check_values(whole, count, WORDS);
		assert_int_equal(whole[count - 1].kind, LPM01A_END);
	}
}

static void refuses_what_is_no_stream(void **state)
{
	uint8_t bytes[2 * LPM01A_BUFFER_BYTES];
	size_t capacity;

	(void)state;
	memset(bytes, 0xFA, sizeof(bytes));
	lpm01a_parser_init(&parser, LPM01A_BINARY, 0.1);
	memcpy(lpm01a_parser_space(&parser, &capacity), "ack start\n", 10);
	lpm01a_parser_fill(&parser, 10);
	assert_int_equal(lpm01a_parser_next(&parser, &items[0]), 1);
	while (lpm01a_parser_next(&parser, &items[0]) == 0) {
		uint8_t *space = lpm01a_parser_space(&parser, &capacity);

		assert_true(capacity > 0);
		memcpy(space, bytes, capacity);
		lpm01a_parser_fill(&parser, capacity);
	}
	assert_true(lpm01a_parser_next(&parser, &items[0]) < 0);
}

/* Bytes changed, dropped and doubled at random: nothing crashes or hangs, and no value is larger
 * than any can be. */
static void stands_noise(void **state)
{
	uint64_t random = 3;

	(void)state;
	for (int round = 0; round < 400; round++) {
		enum lpm01a_mode mode = round % 2 ? LPM01A_ASCII : LPM01A_BINARY;
		struct stream stream = {.count = 0};
		size_t count;

		put_text(&stream, "ack start\r\n");
		for (int n = 0; n < 200 && mode == LPM01A_ASCII; n++)
			put_text(&stream,
				 n % 20 ? "6409-07\r\n" : "TimeStamp: 1s 2ms, buff 3%\r\n");
		if (mode == LPM01A_BINARY)
			put_words(&stream, 0, 600);
		for (int n = 0; n < 30; n++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			stream.bytes[(random >> 33) % stream.count] = (uint8_t)(random >> 20);
		}
		count = parse_from(mode, stream.bytes, stream.count, 1 + round % 97, items);
		for (size_t n = 0; n < count; n++)
			assert_true(items[n].kind != LPM01A_VALUE ||
				    (items[n].value >= 0 && items[n].value <= 0.1));
	}
}

/* --- blocks ----------------------------------------------------------------------------------- */

static struct lpm01a_capture capture;
static struct meter_block block;

static void feed(const char *text)
{
	size_t capacity;

	memcpy(lpm01a_parser_space(&capture.parser, &capacity), text, strlen(text));
	assert_true(capacity >= strlen(text));
	lpm01a_parser_fill(&capture.parser, strlen(text));
}

static void feed_values(unsigned count)
{
	while (count--)
		feed("1000-06\r\n");
}

static int collect(const char *text)
{
	feed(text);
	meter_block_begin(&block);
	return lpm01a_capture_collect(&capture, &block);
}

static void capture_new(unsigned rate_hz)
{
	capture = (struct lpm01a_capture){
		.mode = LPM01A_ASCII, .rate_hz = rate_hz, .scale_a = 1, .range_max_a = 0.05};
	lpm01a_capture_restart(&capture);
	feed("ack start\r\n");
}

static void counts_losses_by_time(void **state)
{
	(void)state;
	capture_new(100);
	feed("TimeStamp: 0s 000ms, buff 0%\r\n");
	feed_values(90);
	/* 8 are missing; a stamp is known to a millisecond and a sample */
	assert_int_equal(collect("TimeStamp: 0s 980ms, buff 0%\r\n"), 0);
	assert_int_equal(block.count, 90);
	assert_int_equal(block.flags, 0);
	feed_values(10);
	assert_int_equal(collect(""), 0);
	assert_int_equal(block.first_index, 98);
	assert_int_equal(block.lost, 8);
	assert_int_equal(block.flags, METER_BLOCK_TIME_MISMATCH);
	/* a damaged line splits, and the stamp behind it agrees */
	feed_values(3);
	feed("10006\r\n");
	feed_values(4);
	assert_int_equal(collect(""), 1);
	assert_int_equal(block.count, 3);
	assert_int_equal(collect("TimeStamp: 1s 160ms, buff 0%\r\n"), 0);
	assert_int_equal(block.first_index, 112);
	assert_int_equal(block.lost, 1);
	assert_int_equal(block.flags, METER_BLOCK_RESYNC);
	feed_values(1);
	assert_int_equal(collect(""), 0);
	assert_int_equal(block.lost, 0);
	assert_int_equal(block.flags, 0);
}

static void toggles_with_events(void **state)
{
	static const uint8_t logic[] = {0, 1, 1, 0, 1, 1};

	(void)state;
	capture_new(1000);
	assert_int_equal(collect("1000-06\r\nevent 1 ris\r\n1000-06\r\n1000-06\r\nevent 2 ris\r\n"
				 "1000-06\r\nevent 3 ris\r\n1000-06\r\n1000-06\r\n"),
			 0);
	assert_memory_equal(block.logic, logic, sizeof(logic));
	assert_int_equal(block.flags, 0);
	/* number 4 was lost: the level follows the numbers, and it shows */
	assert_int_equal(collect("event 5 ris\r\n1000-06\r\n"), 0);
	assert_int_equal(block.logic[0], 1);
	assert_int_equal(block.flags, METER_BLOCK_RESYNC);
	/* two within a sample are no level */
	assert_int_equal(collect("event 6 ris\r\nevent 7 ris\r\n1000-06\r\n"), 0);
	assert_int_equal(block.flags, METER_BLOCK_RESYNC);
}

static void marks_saturation(void **state)
{
	(void)state;
	capture_new(1000);
	assert_int_equal(collect("error overcurrent\r\n4999-05\r\n"), 0);
	assert_int_equal(block.flags, METER_BLOCK_SATURATED);
	assert_int_equal(collect("4999-05\r\n"), 0);
	assert_int_equal(block.flags, 0);
	assert_int_equal(collect("5000-05\r\n"), 0);
	assert_int_equal(block.flags, METER_BLOCK_SATURATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_ascii),
		cmocka_unit_test(takes_nothing_of_a_damaged_line),
		cmocka_unit_test(reads_binary),
		cmocka_unit_test(skips_the_line_in_front_of_binary),
		cmocka_unit_test(loses_a_byte_in_binary),
		cmocka_unit_test(refuses_what_is_no_stream),
		cmocka_unit_test(stands_noise),
		cmocka_unit_test(counts_losses_by_time),
		cmocka_unit_test(toggles_with_events),
		cmocka_unit_test(marks_saturation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
