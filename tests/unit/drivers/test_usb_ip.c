/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The USB/IP client against a small server in this program (fake_usbip_server.h), which misbehaves
 * on request.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/link/link.h"
#include "drivers/link/usb.h"
#include "tests/unit/drivers/fake_usbip_server.h"

enum {
	IN = 0x81,
	OUT = 0x02,
	LONG_MS = 5000,
};

static const struct usb_expected any = {0, 0, 0};

static struct usb *opened(void)
{
	struct usb *usb = NULL;
	struct err err = {""};

	server_start();
	if (usb_open(server.uri, &any, &usb, &err))
		fail_msg("%s", err.text);
	return usb;
}

static void waiting_await(unsigned count)
{
	for (int i = 0; i < LONG_MS && server.waiting_now != count; i++)
		usleep(1000);
	assert_int_equal(server.waiting_now, count);
}

static void stream_begin(struct usb *usb, uint32_t transfers)
{
	const struct usb_stream_settings settings = {IN, BLOCK, transfers};
	struct err err = {""};

	if (usb_stream_start(usb, &settings, &err))
		fail_msg("%s", err.text);
}

static void block_expect(struct usb *usb, uint32_t number)
{
	struct usb_chunk chunk;
	uint8_t bytes[BLOCK];
	struct err err = {""};

	if (usb_stream_read(usb, &chunk, LONG_MS, &err))
		fail_msg("block %u: %s", number, err.text);
	block_fill(bytes, BLOCK, number);
	assert_int_equal(chunk.count, BLOCK);
	assert_memory_equal(chunk.bytes, bytes, BLOCK);
}

static void test_identity(void **state)
{
	struct usb *usb = opened();
	const struct usb_identity *identity = usb_identity(usb);

	(void)state;
	assert_int_equal(identity->vendor, 0x16D0);
	assert_int_equal(identity->product, 0x10BA);
	assert_int_equal(identity->version_bcd, 0x0104);
	assert_string_equal(identity->manufacturer, "VIRTUAL Jetperch LLC");
	assert_string_equal(identity->product_name, "Joulescope JS220");
	assert_string_equal(identity->serial, "000815");
	assert_true(identity->is_virtual);
	assert_int_equal(server.configuration, 1);
	usb_close(usb);
}

static void test_tcp(void **state)
{
	struct usb *usb;

	(void)state;
	server.tcp = true;
	server.one_by_one = true;
	server.manufacturer = "Jetperch LLC";
	usb = opened();
	assert_false(usb_identity(usb)->is_virtual);
	server.to_send = 3;
	stream_begin(usb, 2);
	for (uint32_t i = 0; i < 3; i++)
		block_expect(usb, i);
	usb_close(usb);
}

static void test_transfers(void **state)
{
	static uint8_t big[300000];
	struct usb *usb = opened();
	uint8_t bytes[BLOCK];
	size_t count = 0;
	struct err err = {""};

	(void)state;
	assert_int_equal(usb_control(usb, 0xC0, 1, 0, 0, bytes, 64, LONG_MS, &count, &err), 0);
	assert_int_equal(count, 8);
	assert_memory_equal(bytes, "ABCDEFGH", 8);
	assert_int_equal(usb_control(usb, 0x40, 2, 0, 0, "xyz", 3, LONG_MS, &count, &err), 0);
	assert_int_equal(count, 3);
	assert_int_equal(usb_control(usb, 0x40, 9, 0, 0, NULL, 0, LONG_MS, NULL, &err), -EPIPE);
	assert_int_equal(usb_bulk_write(usb, OUT, big, sizeof(big), LONG_MS, &err), 0);
	assert_int_equal(server.out_bytes, sizeof(big));
	server.to_send = 1;
	assert_int_equal(usb_bulk_read(usb, IN, bytes, sizeof(bytes), LONG_MS, &count, &err), 0);
	assert_int_equal(count, BLOCK);
	assert_int_equal(usb_clear_halt(usb, IN, &err), 0);
	assert_int_equal(server.cleared, IN);
	usb_close(usb);
}

static void open_fails(int code, const char *sentence, const char *busid,
		       const struct usb_expected *expected)
{
	struct usb *usb = NULL;
	struct err err = {""};
	char uri[700];
	int64_t begin_ns = link_now_ns();

	snprintf(uri, sizeof(uri), "%s", server.uri);
	strcpy(strrchr(uri, '/') + 1, busid);
	assert_int_equal(usb_open(uri, expected, &usb, &err), code);
	if (!strstr(err.text, sentence))
		fail_msg("\"%s\" is not in \"%s\"", sentence, err.text);
	assert_true(link_now_ns() - begin_ns < INT64_C(8000000000));
}

static void test_open_failures(void **state)
{
	static const char *const malformed[] = {
		"usbip:1-2",          "usbip://h:1", "usbip://h:1/",       "usbip+unix:/1-2",
		"usbip+unix:nowhere", "usbip://",    "usbip://nohost/1-2", "usbip+unix:"};
	struct usb *usb;
	struct err err = {""};

	(void)state;
	server_start();
	open_fails(-ENOENT, "exports no 4-4; there are: 1-2 (16d0:10ba)", "4-4", &any);
	open_fails(-ENOTSUP, "where 1111:2222 is expected", "1-2",
		   &(struct usb_expected){0x1111, 0x2222, 0});
	open_fails(-ENOTSUP, "no interface 5", "1-2", &(struct usb_expected){0, 0, 5});
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_int_equal(usb_open(malformed[i], &any, &usb, &err), -EINVAL);
	assert_int_equal(usb_open("usbip+unix:/nowhere/usb/1-2", &any, &usb, &err), -ENOENT);
}

static void test_import_quirks(void **state)
{
	static const struct {
		enum quirk quirk;
		int code;
		const char *sentence;
	} cases[] = {
		{QUIRK_OLD_VERSION, -EPROTO, "does not speak USB/IP 1.1.1: it answered 0106 0003"},
		{QUIRK_NO_USBIP, -EPROTO, "does not speak USB/IP"},
		{QUIRK_REFUSE, -EBUSY, "somebody else has it"},
		{QUIRK_WRONG_BUSID, -EPROTO, "gave 1-3 when asked for 1-2"},
		{QUIRK_DESCRIPTOR_SHORT, -EPROTO, "device descriptor makes no sense"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		server_new(state);
		server.quirk = cases[i].quirk;
		server_start();
		open_fails(cases[i].code, cases[i].sentence, "1-2", &any);
		server_gone(state);
		server.listener = -1;
	}
}

/* Answers to one request that make no sense end the connection, at once and for good. */
static void test_garbage(void **state)
{
	static const struct {
		enum quirk quirk;
		int code;
	} cases[] = {
		{QUIRK_UNKNOWN_SEQNUM, -EPROTO},     {QUIRK_TOO_LONG, -EPROTO},
		{QUIRK_UNKNOWN_COMMAND, -EPROTO},    {QUIRK_POSITIVE_STATUS, -EPROTO},
		{QUIRK_HANG_UP_BEFORE, -ENODEV},     {QUIRK_HANG_UP_IN_HEADER, -ENODEV},
		{QUIRK_HANG_UP_IN_PAYLOAD, -ENODEV}, {QUIRK_UNLINK_UNASKED, -EPROTO},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t begin_ns = link_now_ns();
		struct usb_chunk chunk;
		uint8_t bytes[32];
		struct err err = {""};
		struct usb *usb;
		int ret;

		server_new(state);
		server.quirk = cases[i].quirk;
		usb = opened();
		stream_begin(usb, 4);
		ret = usb_control(usb, 0xC0, 7, 0, 0, bytes, 16, 60000, NULL, &err);
		if (ret != cases[i].code)
			fail_msg("case %zu: %d %s", i, ret, err.text);
		assert_int_equal(usb_stream_read(usb, &chunk, LONG_MS, &err), cases[i].code);
		ret = usb_control(usb, 0xC0, 1, 0, 0, bytes, 8, LONG_MS, NULL, &err);
		assert_int_equal(ret, cases[i].code);
		assert_true(link_now_ns() - begin_ns < INT64_C(3000000000));
		usb_close(usb);
		server_gone(state);
		server.listener = -1;
	}
}

static void test_stream(void **state)
{
	struct usb *usb = opened();
	struct usb_chunk chunk;
	struct err err = {""};

	(void)state;
	stream_begin(usb, 8);
	waiting_await(8);
	assert_int_equal(usb_stream_read(usb, &chunk, 10, &err), -ETIMEDOUT);
	server.free_run = true;
	server_wake();
	for (uint32_t i = 0; i < 2000; i++)
		block_expect(usb, i);
	assert_int_equal(usb_stream_stop(usb, &err), 0);
	for (uint32_t i = 2000; !usb_stream_read(usb, &chunk, 0, &err); i++) {
		uint8_t bytes[BLOCK];

		block_fill(bytes, BLOCK, i);
		assert_memory_equal(chunk.bytes, bytes, BLOCK);
	}
	assert_int_equal(usb_stream_read(usb, &chunk, 0, &err), -ENODATA);
	server.free_run = false;
	stream_begin(usb, 4);
	waiting_await(4);
	assert_int_equal(usb_control(usb, 0xC0, 1, 0, 0, NULL, 0, LONG_MS, NULL, &err), 0);
	assert_int_equal(usb_stream_stop(usb, &err), 0);
	assert_int_equal(server.waiting_now, 0);
	usb_close(usb);
}

static void test_stream_fails(void **state)
{
	static const struct {
		int status, code;
	} cases[] = {{-EPIPE, -EPIPE}, {-EPROTO, -EIO}, {-ESHUTDOWN, -ENODEV}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct usb_chunk chunk;
		struct err err = {""};
		struct usb *usb;

		server_new(state);
		usb = opened();
		server.to_send = 2;
		stream_begin(usb, 4);
		block_expect(usb, 0);
		block_expect(usb, 1);
		server.fail_with = cases[i].status;
		server_wake();
		assert_int_equal(usb_stream_read(usb, &chunk, LONG_MS, &err), cases[i].code);
		assert_int_equal(usb_stream_stop(usb, &err), 0);
		usb_close(usb);
		server_gone(state);
		server.listener = -1;
	}
}

static void test_hang_up_in_stream(void **state)
{
	struct usb *usb = opened();
	struct usb_chunk chunk;
	struct err err = {""};

	(void)state;
	server.to_send = 2;
	stream_begin(usb, 4);
	waiting_await(4);
	server.hang_up = true;
	server_wake();
	block_expect(usb, 0); /* what came before is read first */
	block_expect(usb, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(usb_stream_read(usb, &chunk, LONG_MS, &err), -ENODEV);
	assert_int_equal(usb_control(usb, 0xC0, 1, 0, 0, NULL, 0, LONG_MS, NULL, &err), -ENODEV);
	usb_close(usb);
}

/* A request that is not answered is given back; the next one works. */
static void test_slow(void **state)
{
	struct usb *usb = opened();
	uint8_t bytes[8];
	struct err err = {""};
	int64_t begin_ns = link_now_ns();

	(void)state;
	assert_int_equal(usb_control(usb, 0xC0, 3, 0, 0, bytes, 8, 50, NULL, &err), -ETIMEDOUT);
	assert_true(link_now_ns() - begin_ns >= 45000000);
	assert_true(link_now_ns() - begin_ns < 1500000000);
	assert_int_equal(server.unlinks, 1);
	assert_int_equal(usb_control(usb, 0xC0, 1, 0, 0, bytes, 8, LONG_MS, NULL, &err), 0);
	usb_close(usb);
}

/* A server that answers nothing any more hangs nobody. */
static void test_deaf(void **state)
{
	struct usb *usb = opened();
	struct usb_chunk chunk;
	uint8_t bytes[8];
	struct err err = {""};
	int64_t begin_ns;

	(void)state;
	stream_begin(usb, 4);
	waiting_await(4);
	server.deaf = true;
	begin_ns = link_now_ns();
	assert_int_equal(usb_control(usb, 0xC0, 1, 0, 0, bytes, 8, 20, NULL, &err), -ENODEV);
	assert_non_null(strstr(err.text, "not even an unlink"));
	assert_int_equal(usb_stream_read(usb, &chunk, LONG_MS, &err), -ENODEV);
	assert_non_null(strstr(err.text, "not even an unlink"));
	assert_int_equal(usb_stream_stop(usb, &err), 0);
	usb_close(usb);
	assert_true(link_now_ns() - begin_ns < INT64_C(4000000000));
}

/* Opening a server that accepts and says nothing ends, too. */
static void test_mute(void **state)
{
	(void)state;
	server.quirk = QUIRK_MUTE;
	server_start();
	open_fails(-ETIMEDOUT, "did not answer within 3000 ms", "1-2", &any);
}

static void test_hundred_opens(void **state)
{
	struct err err = {""};
	struct usb *usb;

	(void)state;
	server_start();
	for (int i = 0; i < 100; i++) {
		if (usb_open(server.uri, &any, &usb, &err))
			fail_msg("%d: %s", i, err.text);
		if (i % 2)
			stream_begin(usb, 8);
		usb_close(usb);
	}
	assert_int_equal(server.connections, 100);
}

#define IP_TEST(name) cmocka_unit_test_setup_teardown(name, server_new, server_gone)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IP_TEST(test_identity),
		IP_TEST(test_tcp),
		IP_TEST(test_transfers),
		IP_TEST(test_open_failures),
		IP_TEST(test_import_quirks),
		IP_TEST(test_garbage),
		IP_TEST(test_stream),
		IP_TEST(test_stream_fails),
		IP_TEST(test_hang_up_in_stream),
		IP_TEST(test_slow),
		IP_TEST(test_deaf),
		IP_TEST(test_mute),
		IP_TEST(test_hundred_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
