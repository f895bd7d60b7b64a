/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The access server's side of RFC 2217: transcripts whole, and cut at every place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "rigs/virtual/server/rfc2217.h"

#define LOG_MAX 4096

/* Everything the parser did, in order. */
struct record {
	uint8_t data[LOG_MAX], reply[LOG_MAX];
	size_t data_count, reply_count;
	char events[LOG_MAX]; /* settings, lines, purge, suspend as text */
};

static void on_data(void *context, const uint8_t *bytes, size_t count)
{
	struct record *record = context;

	assert_true(record->data_count + count <= LOG_MAX);
	memcpy(record->data + record->data_count, bytes, count);
	record->data_count += count;
}

static void on_reply(void *context, const uint8_t *bytes, size_t count)
{
	struct record *record = context;

	assert_true(record->reply_count + count <= LOG_MAX);
	memcpy(record->reply + record->reply_count, bytes, count);
	record->reply_count += count;
}

__attribute__((format(printf, 2, 3))) static void note(struct record *record, const char *format,
						       ...)
{
	size_t used = strlen(record->events);
	va_list args;

	va_start(args, format);
	vsnprintf(record->events + used, LOG_MAX - used, format, args);
	va_end(args);
}

static void on_settings(void *context, const struct rfc2217_settings *settings)
{
	note(context, "set %u %d %u;", settings->baud, settings->parity, settings->stop_bits);
}

static void on_lines(void *context, bool dtr, bool rts)
{
	note(context, "lines %d %d;", dtr, rts);
}

static void on_purge(void *context, enum rfc2217_purge what)
{
	note(context, "purge %d;", what);
}

static void on_suspend(void *context, bool suspended)
{
	note(context, "suspend %d;", suspended);
}

static void start(struct rfc2217 *server, struct record *record)
{
	const struct rfc2217_sink sink = {
		record, on_data, on_reply, on_settings, on_lines, on_purge, on_suspend,
	};

	memset(record, 0, sizeof(*record));
	rfc2217_init(server, &sink, "virtual-rig test");
}

static void feed(struct rfc2217 *server, const char *bytes, size_t count)
{
	rfc2217_feed(server, (const uint8_t *)bytes, count);
}

#define FEED(server, literal) feed(server, literal, sizeof(literal) - 1)
#define EXPECT(record, literal)                                                                    \
	do {                                                                                       \
		assert_int_equal((record)->reply_count, sizeof(literal) - 1);                      \
		assert_memory_equal((record)->reply, literal, sizeof(literal) - 1);                \
		(record)->reply_count = 0;                                                         \
	} while (0)

static void test_negotiation_transcript(void **state)
{
	struct rfc2217 server;
	struct record record;

	(void)state;
	start(&server, &record);
	EXPECT(&record, "\xff\xfb\x00\xff\xfd\x00\xff\xfb\x03\xff\xfd\x03\xff\xfb\x2c\xff\xfd\x2c");
	/* Acknowledgements of what was asked are not answered. */
	FEED(&server, "\xff\xfd\x00\xff\xfb\x00\xff\xfd\x03\xff\xfb\x03\xff\xfd\x2c\xff\xfb\x2c");
	EXPECT(&record, "");
	/* Nor is a repetition: no loops. */
	FEED(&server, "\xff\xfb\x2c\xff\xfd\x00");
	EXPECT(&record, "");
	/* Switched off by the client, then on again: one answer each. */
	FEED(&server, "\xff\xfc\x00");
	EXPECT(&record, "\xff\xfe\x00");
	FEED(&server, "\xff\xfc\x00");
	EXPECT(&record, "");
	FEED(&server, "\xff\xfb\x00");
	EXPECT(&record, "\xff\xfd\x00");
	/* ECHO, TERMINAL-TYPE: refused. DONT and WONT need no answer. */
	FEED(&server, "\xff\xfd\x01\xff\xfb\x18\xff\xfe\x01\xff\xfc\x18");
	EXPECT(&record, "\xff\xfc\x01\xff\xfe\x18");
	assert_int_equal(record.data_count, 0);
	assert_string_equal(record.events, "");
}

static void test_refusal_of_what_was_asked(void **state)
{
	struct rfc2217 server;
	struct record record;

	(void)state;
	start(&server, &record);
	record.reply_count = 0;
	FEED(&server, "\xff\xfe\x03\xff\xfc\x03");
	EXPECT(&record, "");
	FEED(&server, "\xff\xfd\x03");
	EXPECT(&record, "\xff\xfb\x03");
}

static void test_settings(void **state)
{
	struct rfc2217 server;
	struct record record;

	(void)state;
	start(&server, &record);
	record.reply_count = 0;
	FEED(&server, "\xff\xfa\x2c\x01\x00\x01\xc2\x00\xff\xf0"); /* 115200 */
	EXPECT(&record, "\xff\xfa\x2c\x65\x00\x01\xc2\x00\xff\xf0");
	/* 65280 = 00 00 ff 00: the 255 is doubled both ways. */
	FEED(&server, "\xff\xfa\x2c\x01\x00\x00\xff\xff\x00\xff\xf0");
	EXPECT(&record, "\xff\xfa\x2c\x65\x00\x00\xff\xff\x00\xff\xf0");
	FEED(&server, "\xff\xfa\x2c\x01\x00\x00\x00\x00\xff\xf0"); /* query */
	EXPECT(&record, "\xff\xfa\x2c\x65\x00\x00\xff\xff\x00\xff\xf0");
	FEED(&server, "\xff\xfa\x2c\x01\x7f\x00\x00\x00\xff\xf0"); /* impossible: answered as is */
	EXPECT(&record, "\xff\xfa\x2c\x65\x00\x00\xff\xff\x00\xff\xf0");
	FEED(&server, "\xff\xfa\x2c\x03\x03\xff\xf0\xff\xfa\x2c\x04\x02\xff\xf0");
	EXPECT(&record, "\xff\xfa\x2c\x67\x03\xff\xf0\xff\xfa\x2c\x68\x02\xff\xf0");
	FEED(&server,
	     "\xff\xfa\x2c\x03\x05\xff\xf0\xff\xfa\x2c\x02\x07\xff\xf0"); /* space; 7 bits */
	EXPECT(&record, "\xff\xfa\x2c\x67\x03\xff\xf0\xff\xfa\x2c\x66\x08\xff\xf0");
	assert_string_equal(record.events,
			    "set 115200 1 1;set 65280 1 1;set 65280 3 1;set 65280 3 2;");
}

static void test_control_lines(void **state)
{
	struct rfc2217 server;
	struct record record;

	(void)state;
	start(&server, &record);
	record.reply_count = 0;
	FEED(&server, "\xff\xfa\x2c\x05\x08\xff\xf0\xff\xfa\x2c\x05\x0b\xff\xf0"
		      "\xff\xfa\x2c\x05\x09\xff\xf0\xff\xfa\x2c\x05\x07\xff\xf0"
		      "\xff\xfa\x2c\x05\x0a\xff\xf0");
	EXPECT(&record, "\xff\xfa\x2c\x69\x08\xff\xf0\xff\xfa\x2c\x69\x0b\xff\xf0"
			"\xff\xfa\x2c\x69\x09\xff\xf0\xff\xfa\x2c\x69\x09\xff\xf0"
			"\xff\xfa\x2c\x69\x0b\xff\xf0");
	assert_string_equal(record.events, "lines 1 0;lines 1 1;lines 0 1;");
	/* Flow control is not there: asked, set, inbound; break is remembered. */
	FEED(&server, "\xff\xfa\x2c\x05\x00\xff\xf0\xff\xfa\x2c\x05\x03\xff\xf0"
		      "\xff\xfa\x2c\x05\x10\xff\xf0\xff\xfa\x2c\x05\x05\xff\xf0"
		      "\xff\xfa\x2c\x05\x04\xff\xf0\xff\xfa\x2c\x05\x63\xff\xf0");
	EXPECT(&record, "\xff\xfa\x2c\x69\x01\xff\xf0\xff\xfa\x2c\x69\x01\xff\xf0"
			"\xff\xfa\x2c\x69\x0e\xff\xf0\xff\xfa\x2c\x69\x05\xff\xf0"
			"\xff\xfa\x2c\x69\x05\xff\xf0");
}

static void test_signature_masks_purge_suspend(void **state)
{
	struct rfc2217 server;
	struct record record;

	(void)state;
	start(&server, &record);
	record.reply_count = 0;
	FEED(&server, "\xff\xfa\x2c\x00\xff\xf0\xff\xfa\x2c\x00me\xff\xf0");
	EXPECT(&record, "\xff\xfa\x2c\x64virtual-rig test\xff\xf0");
	FEED(&server, "\xff\xfa\x2c\x0a\x10\xff\xf0\xff\xfa\x2c\x0b\xff\xff\xff\xf0");
	EXPECT(&record, "\xff\xfa\x2c\x6e\x10\xff\xf0\xff\xfa\x2c\x6f\xff\xff\xff\xf0");
	FEED(&server, "\xff\xfa\x2c\x0b\x20\xff\xf0\xff\xfa\x2c\x07\xff\xf0");
	EXPECT(&record, "\xff\xfa\x2c\x6f\x20\xff\xf0\xff\xfa\x2c\x6b\x20\xff\xf0");
	FEED(&server,
	     "\xff\xfa\x2c\x0c\x01\xff\xf0\xff\xfa\x2c\x0c\x03\xff\xf0"
	     "\xff\xfa\x2c\x0c\x09\xff\xf0\xff\xfa\x2c\x08\xff\xf0\xff\xfa\x2c\x09\xff\xf0");
	EXPECT(&record, "\xff\xfa\x2c\x70\x01\xff\xf0\xff\xfa\x2c\x70\x03\xff\xf0");
	assert_string_equal(record.events, "purge 1;purge 3;suspend 1;suspend 0;");
}

static void test_malformed(void **state)
{
	struct rfc2217 server;
	struct record record;
	char flood[300];

	(void)state;
	start(&server, &record);
	record.reply_count = 0;
	/* Empty, wrong length, unknown command, another option's: all ignored. */
	FEED(&server,
	     "\xff\xfa\xff\xf0\xff\xfa\x2c\xff\xf0\xff\xfa\x2c\x01\x00\x01\xff\xf0"
	     "\xff\xfa\x2c\x03\xff\xf0\xff\xfa\x2c\x4d\x01\xff\xf0\xff\xfa\x18\x01\xff\xf0");
	EXPECT(&record, "");
	/* Too long: skipped whole, and what follows is data again. */
	memset(flood, 'x', sizeof(flood));
	memcpy(flood, "\xff\xfa\x2c\x00", 4);
	feed(&server, flood, sizeof(flood));
	FEED(&server, "\xff\xf0"
		      "A");
	/* An end that was lost: the command inside counts. */
	FEED(&server, "\xff\xfa\x2c\x05\x08\xff\xfd\x01"
		      "B");
	EXPECT(&record, "\xff\xfc\x01");
	/* Telnet commands without meaning here. */
	FEED(&server, "\xff\xf1\xff\xf3\xff\xf9"
		      "C");
	assert_string_equal(record.events, "");
	assert_int_equal(record.data_count, 3);
	assert_memory_equal(record.data, "ABC", 3);
}

static void test_data_is_binary(void **state)
{
	struct rfc2217 server;
	struct record record;
	uint8_t all[256], escaped[600], twice[600];
	size_t count = sizeof(all), length;

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	start(&server, &record);
	length = rfc2217_escape(all, &count, escaped, sizeof(escaped));
	assert_int_equal(count, 256);
	assert_int_equal(length, 257);
	assert_memory_equal(escaped + 255, "\xff\xff", 2);
	rfc2217_feed(&server, escaped, length);
	assert_int_equal(record.data_count, 256);
	assert_memory_equal(record.data, all, 256);
	/* No room for a pair: it waits whole. */
	count = sizeof(all);
	length = rfc2217_escape(all, &count, twice, 256);
	assert_int_equal(length, 255);
	assert_int_equal(count, 255);
}

/* The same conversation cut into two at every place, and into single bytes. */
static void test_split_everywhere(void **state)
{
	static const char talk[] =
		"\xff\xfb\x2c"
		"data\xff\xff\r\0\n\xff\xfa\x2c\x01\x00\x00\xff\xff"
		"\x00\xff\xf0more\xff\xfd\x01\xff\xfa\x2c\x05\x08\xff\xf0\xff\xf1"
		"\xff\xfa\x2c\x00\xff\xf0\xff\xff\xff\xfa\x2c\x0c\x03\xff\xf0.";
	size_t length = sizeof(talk) - 1;
	struct rfc2217 server;
	struct record whole, cut;

	(void)state;
	start(&server, &whole);
	feed(&server, talk, length);
	assert_int_equal(whole.data_count, 4 + 1 + 3 + 4 + 1 + 1);
	assert_string_equal(whole.events, "set 65280 1 1;lines 1 0;purge 3;");
	for (size_t at = 0; at <= length + 1; at++) {
		start(&server, &cut);
		if (at <= length) {
			feed(&server, talk, at);
			feed(&server, talk + at, length - at);
		} else {
			for (size_t i = 0; i < length; i++)
				feed(&server, talk + i, 1);
		}
		assert_int_equal(cut.data_count, whole.data_count);
		assert_memory_equal(cut.data, whole.data, whole.data_count);
		assert_int_equal(cut.reply_count, whole.reply_count);
		assert_memory_equal(cut.reply, whole.reply, whole.reply_count);
		assert_string_equal(cut.events, whole.events);
	}
}

/* Noise of every kind: no crash, no growth, and a clean sequence afterwards is understood. */
static void test_noise(void **state)
{
	struct rfc2217 server;
	struct record record;
	uint32_t random = 12345;

	(void)state;
	start(&server, &record);
	for (int i = 0; i < 200000; i++) {
		uint8_t byte;

		random = random * 1664525 + 1013904223;
		/* Mostly the bytes that mean something. */
		byte = random >> 31 ? (uint8_t)(240 + (random >> 24 & 15))
				    : (uint8_t)(random >> 20);
		record.data_count = 0;
		record.reply_count = 0;
		record.events[0] = '\0';
		rfc2217_feed(&server, &byte, 1);
	}
	FEED(&server, "x\xff\xf0\xff\xf0");
	record.reply_count = 0;
	FEED(&server, "\xff\xfa\x2c\x05\x08\xff\xf0");
	EXPECT(&record, "\xff\xfa\x2c\x69\x08\xff\xf0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_negotiation_transcript),
		cmocka_unit_test(test_refusal_of_what_was_asked),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_control_lines),
		cmocka_unit_test(test_signature_masks_purge_suspend),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_data_is_binary),
		cmocka_unit_test(test_split_everywhere),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
