/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The telnet codec: byte vectors from RFC 854, 855 and 2217, cut everywhere; random streams;
 * negotiation.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/link/telnet.h"

/* ---- decoding ---- */

enum { TRANSCRIPT_MAX = 1 << 15 };

struct transcript {
	char text[TRANSCRIPT_MAX];
	size_t used;
};

static void note(struct transcript *transcript, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note(struct transcript *transcript, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	transcript->used += vsnprintf(transcript->text + transcript->used,
				      TRANSCRIPT_MAX - transcript->used, format, args);
	va_end(args);
	assert_true(transcript->used < TRANSCRIPT_MAX);
}

static void note_event(struct transcript *transcript, const struct telnet_event *event)
{
	if (event->kind == TELNET_EVENT_DATA)
		for (size_t i = 0; i < event->count; i++)
			note(transcript, "%02x ", event->bytes[i]);
	if (event->kind == TELNET_EVENT_NEGOTIATION)
		note(transcript, "<%u %u> ", event->verb, event->option);
	if (event->kind != TELNET_EVENT_COM_PORT)
		return;
	note(transcript, "[%u:", event->command);
	for (size_t i = 0; i < event->count; i++)
		note(transcript, " %02x", event->bytes[i]);
	note(transcript, "] ");
}

/* Feeds from a copy of exactly that size, so that a sanitizer sees a read beyond it. */
static void feed(struct telnet_decoder *decoder, struct transcript *transcript,
		 const uint8_t *bytes, size_t count)
{
	uint8_t *copy = malloc(count + !count);
	size_t taken = 0;

	memcpy(copy, bytes, count);
	while (taken < count) {
		struct telnet_event event;
		size_t step = telnet_decode(decoder, copy + taken, count - taken, &event);

		assert_true(step > 0 && step <= count - taken);
		taken += step;
		assert_true(event.kind || taken == count);
		note_event(transcript, &event);
	}
	free(copy);
}

static const struct {
	const char *name;
	uint8_t bytes[48];
	size_t count;
	const char *transcript;
} streams[] = {
	{"plain", {'a', 0, 'b'}, 3, "61 00 62 "},
	{"escaped", {1, 255, 255, 2}, 4, "01 ff 02 "},
	{"two escapes", {255, 255, 255, 255}, 4, "ff ff "},
	{"verbs",
	 {255, 251, 0, 255, 252, 3, 255, 253, 44, 255, 254, 1},
	 12,
	 "<251 0> <252 3> <253 44> <254 1> "},
	{"option 255", {255, 253, 255, 9}, 4, "<253 255> 09 "},
	{"nop and ga", {5, 255, 241, 6, 255, 249, 7}, 7, "05 06 07 "},
	{"baud 115200 confirmed",
	 {255, 250, 44, 101, 0, 1, 0xC2, 0, 255, 240, 'x'},
	 11,
	 "[101: 00 01 c2 00] 78 "},
	{"escape in payload",
	 {255, 250, 44, 101, 0, 0, 255, 255, 0, 255, 240},
	 11,
	 "[101: 00 00 ff 00] "},
	{"empty signature", {255, 250, 44, 100, 255, 240}, 6, "[100:] "},
	{"other option", {255, 250, 24, 1, 255, 240, 'y'}, 7, "79 "},
	{"empty subnegotiation", {255, 250, 255, 240, 'y'}, 5, "79 "},
	{"lost end, then a verb", {255, 250, 44, 105, 8, 255, 251, 3, 'z'}, 9, "<251 3> 7a "},
	{"lost end, then another",
	 {255, 250, 44, 1, 255, 250, 44, 105, 8, 255, 240},
	 11,
	 "[105: 08] "},
	{"stray end", {255, 240, 'q'}, 3, "71 "},
};

static void check_stream(size_t at, const struct transcript *got, size_t cut)
{
	if (strcmp(got->text, streams[at].transcript))
		fail_msg("%s cut at %zu: '%s', not '%s'", streams[at].name, cut, got->text,
			 streams[at].transcript);
}

static void test_streams_cut_everywhere(void **state)
{
	(void)state;
	for (size_t at = 0; at < sizeof(streams) / sizeof(streams[0]); at++) {
		for (size_t cut = 0; cut <= streams[at].count; cut++) {
			static struct transcript got;
			struct telnet_decoder decoder = {0};

			got.used = 0;
			got.text[0] = '\0';
			feed(&decoder, &got, streams[at].bytes, cut);
			feed(&decoder, &got, streams[at].bytes + cut, streams[at].count - cut);
			check_stream(at, &got, cut);
		}
	}
}

static void test_streams_byte_by_byte(void **state)
{
	(void)state;
	for (size_t at = 0; at < sizeof(streams) / sizeof(streams[0]); at++) {
		static struct transcript got;
		struct telnet_decoder decoder = {0};

		got.used = 0;
		got.text[0] = '\0';
		for (size_t i = 0; i < streams[at].count; i++)
			feed(&decoder, &got, streams[at].bytes + i, 1);
		check_stream(at, &got, 1);
	}
}

static void test_long_subnegotiation_is_cut(void **state)
{
	const uint8_t head[] = {255, 250, 44, 100}, tail[] = {255, 240, 'k'};
	struct telnet_decoder decoder = {0};
	struct telnet_event event;
	uint8_t filler = 'A';

	(void)state;
	assert_int_equal(telnet_decode(&decoder, head, sizeof(head), &event), sizeof(head));
	for (int i = 0; i < 100000; i++) {
		telnet_decode(&decoder, &filler, 1, &event);
		assert_int_equal(event.kind, 0);
	}
	assert_int_equal(telnet_decode(&decoder, tail, sizeof(tail), &event), 2);
	assert_int_equal(event.kind, TELNET_EVENT_COM_PORT);
	assert_int_equal(event.count, TELNET_SUB_MAX - 2);
}

/* Streams of bytes that mean something to telnet: any cut gives the same. */
static void test_random_streams(void **state)
{
	static const uint8_t alphabet[] = {255, 255, 255, 250, 240, 251, 253, 44, 100, 101, 0, 'a'};
	static struct transcript whole, pieces;

	(void)state;
	srand(2217);
	for (int round = 0; round < 2000; round++) {
		struct telnet_decoder first = {0}, second = {0};
		uint8_t bytes[256];
		size_t count = 1 + rand() % sizeof(bytes);

		for (size_t i = 0; i < count; i++)
			bytes[i] =
				round & 1 ? (uint8_t)rand() : alphabet[rand() % sizeof(alphabet)];
		whole.used = pieces.used = 0;
		whole.text[0] = pieces.text[0] = '\0';
		feed(&first, &whole, bytes, count);
		for (size_t at = 0; at < count;) {
			size_t piece = 1 + rand() % 7;

			piece = piece < count - at ? piece : count - at;
			feed(&second, &pieces, bytes + at, piece);
			at += piece;
		}
		assert_string_equal(whole.text, pieces.text);
	}
}

/* ---- encoding ---- */

static void test_encode_never_splits_an_escape(void **state)
{
	const uint8_t bytes[] = {1, 255, 255, 2};
	const uint8_t expected[] = {1, 255, 255, 255, 255, 2};
	static const size_t takes[] = {0, 1, 1, 2, 2, 3, 4, 4};

	(void)state;
	for (size_t capacity = 0; capacity < 8; capacity++) {
		uint8_t out[8] = {0};
		size_t taken, written = telnet_encode(bytes, 4, out, capacity, &taken);

		assert_int_equal(taken, takes[capacity]);
		assert_true(written <= capacity);
		assert_memory_equal(out, expected, written);
	}
}

static void test_com_port_frames(void **state)
{
	const uint8_t baud[] = {0, 0x38, 0x40, 0}; /* 3,686,400 */
	const uint8_t baud_frame[] = {255, 250, 44, 1, 0, 0x38, 0x40, 0, 255, 240};
	const uint8_t odd[] = {0, 0, 255, 1};
	const uint8_t odd_frame[] = {255, 250, 44, 1, 0, 0, 255, 255, 1, 255, 240};
	uint8_t frame[COM_PORT_FRAME_MAX], most[256];

	(void)state;
	assert_int_equal(com_port_encode(COM_PORT_SET_BAUD, baud, 4, frame), sizeof(baud_frame));
	assert_memory_equal(frame, baud_frame, sizeof(baud_frame));
	assert_int_equal(com_port_encode(COM_PORT_SET_BAUD, odd, 4, frame), sizeof(odd_frame));
	assert_memory_equal(frame, odd_frame, sizeof(odd_frame));
	memset(most, 255, sizeof(most));
	assert_int_equal(com_port_encode(COM_PORT_SIGNATURE, most, 256, frame), COM_PORT_FRAME_MAX);
}

static void test_data_round_trip(void **state)
{
	uint8_t bytes[512], out[1024], back[512];
	struct telnet_decoder decoder = {0};
	size_t taken, length, have = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	length = telnet_encode(bytes, sizeof(bytes), out, sizeof(out), &taken);
	assert_int_equal(taken, sizeof(bytes));
	for (size_t at = 0; at < length;) {
		struct telnet_event event;

		at += telnet_decode(&decoder, out + at, length - at, &event);
		assert_true(!event.kind || event.kind == TELNET_EVENT_DATA);
		memcpy(back + have, event.bytes ? event.bytes : back, event.kind ? event.count : 0);
		have += event.kind ? event.count : 0;
	}
	assert_int_equal(have, sizeof(bytes));
	assert_memory_equal(back, bytes, sizeof(bytes));
}

/* ---- negotiation ---- */

static void test_unknown_options_are_refused(void **state)
{
	struct telnet_negotiator negotiator;
	uint8_t out[3];

	(void)state;
	telnet_negotiator_init(&negotiator);
	assert_int_equal(telnet_answer(&negotiator, TELNET_DO, 24, out), 3);
	assert_memory_equal(out, ((uint8_t[]){255, 252, 24}), 3);
	assert_int_equal(telnet_answer(&negotiator, TELNET_WILL, 1, out), 3);
	assert_memory_equal(out, ((uint8_t[]){255, 254, 1}), 3);
	assert_int_equal(telnet_answer(&negotiator, TELNET_DONT, 24, out), 0);
	assert_int_equal(telnet_answer(&negotiator, TELNET_WONT, 1, out), 0);
}

static void test_asked_and_answered(void **state)
{
	struct telnet_negotiator negotiator;
	uint8_t out[3];

	(void)state;
	telnet_negotiator_init(&negotiator);
	telnet_ask(&negotiator, TELNET_WILL, TELNET_COM_PORT, out);
	assert_memory_equal(out, ((uint8_t[]){255, 251, 44}), 3);
	assert_int_equal(telnet_local(&negotiator, TELNET_COM_PORT), TELNET_ASKED);
	assert_int_equal(telnet_answer(&negotiator, TELNET_DO, TELNET_COM_PORT, out), 0);
	assert_int_equal(telnet_local(&negotiator, TELNET_COM_PORT), TELNET_AGREED);
	assert_int_equal(telnet_remote(&negotiator, TELNET_COM_PORT), TELNET_NOT_ASKED);
	/* said again: nothing to answer; taken back: acknowledged once */
	assert_int_equal(telnet_answer(&negotiator, TELNET_DO, TELNET_COM_PORT, out), 0);
	assert_int_equal(telnet_answer(&negotiator, TELNET_DONT, TELNET_COM_PORT, out), 3);
	assert_memory_equal(out, ((uint8_t[]){255, 252, 44}), 3);
	assert_int_equal(telnet_answer(&negotiator, TELNET_DONT, TELNET_COM_PORT, out), 0);
	telnet_ask(&negotiator, TELNET_DO, TELNET_BINARY, out);
	assert_int_equal(telnet_answer(&negotiator, TELNET_WONT, TELNET_BINARY, out), 0);
	assert_int_equal(telnet_remote(&negotiator, TELNET_BINARY), TELNET_REFUSED);
	/* offered unasked: accepted */
	assert_int_equal(telnet_answer(&negotiator, TELNET_WILL, TELNET_SGA, out), 3);
	assert_memory_equal(out, ((uint8_t[]){255, 253, 3}), 3);
}

/* Two of them, both asking for everything, fall silent. */
static void test_two_negotiators_do_not_loop(void **state)
{
	struct telnet_negotiator ends[2];
	uint8_t queue[2][256];
	size_t count[2] = {0}, said = 0;

	(void)state;
	for (int end = 0; end < 2; end++) {
		static const uint8_t options[] = {0, 3, 44};

		telnet_negotiator_init(&ends[end]);
		for (size_t i = 0; i < 3; i++) {
			telnet_ask(&ends[end], TELNET_WILL, options[i],
				   queue[1 - end] + count[1 - end]);
			count[1 - end] += 3;
			telnet_ask(&ends[end], TELNET_DO, options[i],
				   queue[1 - end] + count[1 - end]);
			count[1 - end] += 3;
		}
	}
	while (count[0] || count[1]) {
		int end = count[0] ? 0 : 1;
		uint8_t verb, option;

		verb = queue[end][1];
		option = queue[end][2];
		count[end] -= 3;
		memmove(queue[end], queue[end] + 3, count[end]);
		count[1 - end] +=
			telnet_answer(&ends[end], verb, option, queue[1 - end] + count[1 - end]);
		assert_true(++said < 64);
	}
	for (int end = 0; end < 2; end++) {
		assert_int_equal(telnet_local(&ends[end], TELNET_COM_PORT), TELNET_AGREED);
		assert_int_equal(telnet_remote(&ends[end], TELNET_BINARY), TELNET_AGREED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams_cut_everywhere),
		cmocka_unit_test(test_streams_byte_by_byte),
		cmocka_unit_test(test_long_subnegotiation_is_cut),
		cmocka_unit_test(test_random_streams),
		cmocka_unit_test(test_encode_never_splits_an_escape),
		cmocka_unit_test(test_com_port_frames),
		cmocka_unit_test(test_data_round_trip),
		cmocka_unit_test(test_unknown_options_are_refused),
		cmocka_unit_test(test_asked_and_answered),
		cmocka_unit_test(test_two_negotiators_do_not_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
