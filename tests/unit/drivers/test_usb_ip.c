/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The USB/IP client against a small server in this program, which spells its bytes out for itself
 * and misbehaves on request.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/link/link.h"
#include "drivers/link/usb.h"
#include "tests/scratch.h"

enum {
	IN = 0x81,
	OUT = 0x02,
	HEADER = 48,
	DEVICE = 0x138,
	WAITING_MAX = 64,
	LONG_MS = 5000,
	BLOCK = 1024,
};

static const struct usb_expected any = {0, 0, 0};

/* ---- the server ---- */

enum quirk {
	QUIRK_NONE,
	QUIRK_OLD_VERSION,      /* answers the import as 1.0.6 */
	QUIRK_NO_USBIP,         /* something else listens there */
	QUIRK_MUTE,             /* accepts, and says nothing */
	QUIRK_REFUSE,           /* does not give the device it exports */
	QUIRK_WRONG_BUSID,      /* gives another one */
	QUIRK_DESCRIPTOR_SHORT, /* half a device descriptor */
	/* The following as answers to vendor request 7. */
	QUIRK_UNKNOWN_SEQNUM,
	QUIRK_TOO_LONG,
	QUIRK_UNKNOWN_COMMAND,
	QUIRK_POSITIVE_STATUS,
	QUIRK_HANG_UP_BEFORE,
	QUIRK_HANG_UP_IN_HEADER,
	QUIRK_HANG_UP_IN_PAYLOAD,
	QUIRK_UNLINK_UNASKED,
};

struct waiting {
	uint32_t seqnum, endpoint, length;
};

static struct server {
	/* Set before it starts. */
	enum quirk quirk;
	bool tcp, one_by_one;
	const char *manufacturer;
	/* Set while it runs. */
	atomic_bool deaf;     /* answers nothing from now on */
	atomic_bool free_run; /* answers each IN transfer with the next block at once */
	atomic_uint to_send;  /* blocks to answer IN transfers with */
	atomic_int fail_with; /* all IN transfers that wait fail with this status */
	atomic_bool hang_up;
	/* What it saw. */
	atomic_uint configuration, unlinks, out_bytes, waiting_now, connections, cleared;

	pthread_t thread;
	int listener, wake, fd;
	atomic_bool quit;
	struct waiting waiting[WAITING_MAX];
	unsigned waiting_count;
	uint32_t next_block;
	char uri[640], path[600];
} server;

static void put_u16(uint8_t *bytes, unsigned value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static void put_u32(uint8_t *bytes, uint32_t value)
{
	put_u16(bytes, value >> 16);
	put_u16(bytes + 2, value & 0xFFFF);
}

static uint32_t get_u32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static void server_write(const uint8_t *bytes, size_t count)
{
	size_t step = server.one_by_one ? 1 : count;

	for (size_t at = 0; at < count; at += step) {
		size_t part = step < count - at ? step : count - at;

		if (send(server.fd, bytes + at, part, MSG_NOSIGNAL) != (ssize_t)part)
			return;
	}
}

static bool server_read(uint8_t *bytes, size_t count)
{
	while (count) {
		ssize_t got = recv(server.fd, bytes, count, 0);

		if (got <= 0)
			return false;
		bytes += got;
		count -= (size_t)got;
	}
	return true;
}

static void block_fill(uint8_t *bytes, size_t count, uint32_t number)
{
	for (size_t i = 0; i < count; i++)
		bytes[i] = (uint8_t)(number * 13 + i);
}

static void ret_submit(uint32_t seqnum, int32_t status, const uint8_t *bytes, uint32_t actual,
		       bool is_in)
{
	uint8_t header[HEADER] = {0};

	put_u32(header, 3);
	put_u32(header + 4, seqnum);
	put_u32(header + 0x14, (uint32_t)status);
	put_u32(header + 0x18, actual);
	put_u32(header + 0x20, 0xFFFFFFFF);
	server_write(header, sizeof(header));
	if (is_in && actual)
		server_write(bytes, actual);
}

static void ret_unlink(uint32_t seqnum, int32_t status)
{
	uint8_t header[HEADER] = {0};

	put_u32(header, 4);
	put_u32(header + 4, seqnum);
	put_u32(header + 0x14, (uint32_t)status);
	server_write(header, sizeof(header));
}

static const uint8_t device_descriptor[18] = {18,   1,    0,  2,    0xFF, 0, 0, 64, 0xD0,
					      0x16, 0xBA, 16, 0x04, 0x01, 1, 2, 3,  1};
static const uint8_t configuration[32] = {9, 2, 32, 0, 1,    1, 0, 0x80, 50, 9, 4, 0, 0, 2, 255, 0,
					  0, 0, 7,  5, 0x81, 2, 0, 2,    0,  7, 5, 2, 2, 0, 2,   0};

static size_t string_make(unsigned index, uint8_t *bytes)
{
	const char *strings[] = {NULL, server.manufacturer, "Joulescope JS220", "000815"};
	size_t length = index && index < 4 ? strlen(strings[index]) : 1;

	bytes[0] = (uint8_t)(2 + 2 * length);
	bytes[1] = 3;
	if (!index) {
		bytes[2] = 0x09;
		bytes[3] = 0x04;
	}
	for (size_t i = 0; index && i < length; i++) {
		bytes[2 + 2 * i] = (uint8_t)strings[index][i];
		bytes[3 + 2 * i] = 0;
	}
	return bytes[0];
}

static void misbehave(uint32_t seqnum, uint32_t length)
{
	uint8_t header[HEADER] = {0}, bytes[64] = {0};

	put_u32(header, server.quirk == QUIRK_UNKNOWN_COMMAND ? 0x01020304 : 3);
	put_u32(header + 4, server.quirk == QUIRK_UNKNOWN_SEQNUM ? seqnum + 1000 : seqnum);
	put_u32(header + 0x14, server.quirk == QUIRK_POSITIVE_STATUS ? 5 : 0);
	put_u32(header + 0x18, server.quirk == QUIRK_TOO_LONG ? length + 1 : length);
	switch (server.quirk) {
	case QUIRK_HANG_UP_BEFORE:
		break;
	case QUIRK_HANG_UP_IN_HEADER:
		server_write(header, 20);
		break;
	case QUIRK_HANG_UP_IN_PAYLOAD:
		server_write(header, sizeof(header));
		server_write(bytes, length - 1);
		break;
	case QUIRK_UNLINK_UNASKED:
		ret_unlink(seqnum + 77, -ECONNRESET);
		return;
	default:
		server_write(header, sizeof(header));
		server_write(bytes, length);
		return;
	}
	shutdown(server.fd, SHUT_RDWR);
}

/* Standard requests; vendor requests: 1 gives "ABCDEFGH", 2 takes data, 3 is never answered, 7
 * misbehaves, others are stalled. */
static void control(uint32_t seqnum, const uint8_t *setup, uint32_t length, bool is_in)
{
	uint8_t bytes[256] = {0};
	size_t count = 0;
	int32_t status = 0;

	if (setup[0] == 0x80 && setup[1] == 6 && setup[3] == 1) {
		count = server.quirk == QUIRK_DESCRIPTOR_SHORT ? 9 : sizeof(device_descriptor);
		memcpy(bytes, device_descriptor, count);
	} else if (setup[0] == 0x80 && setup[1] == 6 && setup[3] == 2) {
		count = sizeof(configuration);
		memcpy(bytes, configuration, count);
	} else if (setup[0] == 0x80 && setup[1] == 6 && setup[3] == 3) {
		count = string_make(setup[2], bytes);
	} else if (setup[0] == 0 && setup[1] == 9) {
		server.configuration = setup[2];
	} else if (setup[0] == 2 && setup[1] == 1) {
		server.cleared = setup[4];
	} else if (setup[1] == 1) {
		memcpy(bytes, "ABCDEFGH", count = 8);
	} else if (setup[1] == 2) {
		count = length;
	} else if (setup[1] == 7) {
		misbehave(seqnum, length);
		return;
	} else {
		status = -EPIPE;
	}
	if (count > length)
		count = length;
	ret_submit(seqnum, status, bytes, (uint32_t)count, is_in);
}

static void waiting_answer(void)
{
	uint8_t bytes[BLOCK];
	struct waiting first = server.waiting[0];
	int status = server.fail_with;

	memmove(server.waiting, server.waiting + 1,
		--server.waiting_count * sizeof(server.waiting[0]));
	block_fill(bytes, sizeof(bytes), server.next_block);
	if (status)
		ret_submit(first.seqnum, status, NULL, 0, true);
	else
		ret_submit(first.seqnum, 0, bytes, BLOCK, true);
	if (!status)
		server.next_block++;
	if (!status && !server.free_run)
		server.to_send--;
	server.waiting_now = server.waiting_count;
}

static void unlink_urb(uint32_t seqnum, uint32_t unlinked)
{
	int32_t status = 0;

	server.unlinks++;
	for (unsigned i = 0; i < server.waiting_count; i++)
		if (server.waiting[i].seqnum == unlinked) {
			memmove(server.waiting + i, server.waiting + i + 1,
				(--server.waiting_count - i) * sizeof(server.waiting[0]));
			status = -ECONNRESET;
			break;
		}
	server.waiting_now = server.waiting_count;
	ret_unlink(seqnum, status);
}

static bool message_take(void)
{
	static uint8_t data[1 << 20];
	uint8_t header[HEADER];
	uint32_t seqnum, length, endpoint;
	bool is_in;

	if (!server_read(header, sizeof(header)))
		return false;
	seqnum = get_u32(header + 4);
	is_in = get_u32(header + 0x0C);
	endpoint = get_u32(header + 0x10);
	length = get_u32(header + 0x18);
	if (get_u32(header + 8) != (1 << 16 | 2))
		abort(); /* devid */
	if (get_u32(header) == 1 && !is_in && !server_read(data, length))
		return false;
	if (server.deaf)
		return true;
	if (get_u32(header) == 2) {
		unlink_urb(seqnum, get_u32(header + 0x14));
	} else if (endpoint == 0 && header[0x28] == 0xC0 && header[0x29] == 3) {
		server.waiting[server.waiting_count++] = (struct waiting){seqnum, 0, length};
	} else if (endpoint == 0) {
		control(seqnum, header + 0x28, length, is_in);
	} else if (is_in) {
		server.waiting[server.waiting_count++] = (struct waiting){seqnum, 1, length};
		server.waiting_now = server.waiting_count;
	} else {
		server.out_bytes += length;
		ret_submit(seqnum, 0, NULL, length, false);
	}
	return true;
}

static void urbs_serve(void)
{
	struct pollfd fds[2] = {{.fd = server.fd, .events = POLLIN},
				{.fd = server.wake, .events = POLLIN}};
	uint64_t woken;

	while (!server.quit && !server.hang_up) {
		while (server.waiting_count && server.waiting[0].endpoint && !server.deaf &&
		       (server.free_run || server.to_send || server.fail_with))
			waiting_answer();
		if (poll(fds, 2, -1) < 0)
			return;
		if (fds[1].revents && read(server.wake, &woken, sizeof(woken)) < 0)
			return;
		if (fds[0].revents && !message_take())
			return;
	}
}

static void device_put(uint8_t bytes[DEVICE], const char *busid)
{
	memset(bytes, 0, DEVICE);
	strcpy((char *)bytes, "/sys/devices/rig/1-2");
	strcpy((char *)bytes + 0x100, busid);
	put_u32(bytes + 0x120, 1);
	put_u32(bytes + 0x124, 2);
	put_u32(bytes + 0x128, 3);
	put_u16(bytes + 0x12C, 0x16D0);
	put_u16(bytes + 0x12E, 0x10BA);
	bytes[0x136] = 1;
	bytes[0x137] = 1;
}

static void op_head(uint8_t bytes[8], unsigned code, uint32_t status)
{
	put_u16(bytes, server.quirk == QUIRK_OLD_VERSION ? 0x0106 : 0x0111);
	put_u16(bytes + 2, code);
	put_u32(bytes + 4, status);
}

static void list_send(void)
{
	uint8_t bytes[8 + 4 + DEVICE + 4] = {0};

	op_head(bytes, 5, 0);
	put_u32(bytes + 8, 1);
	device_put(bytes + 12, "1-2");
	bytes[12 + DEVICE] = 0xFF;
	server_write(bytes, sizeof(bytes));
}

static bool import_serve(void)
{
	uint8_t busid[32], bytes[8 + DEVICE];
	bool good = server_read(busid, sizeof(busid)) && !strcmp((char *)busid, "1-2") &&
		    server.quirk != QUIRK_REFUSE;

	if (server.quirk == QUIRK_NO_USBIP) {
		server_write((const uint8_t *)"SSH-2.0-OpenSSH_9.2p1 Debian\r\n", 30);
		return false;
	}
	op_head(bytes, 3, good ? 0 : 1);
	device_put(bytes + 8, server.quirk == QUIRK_WRONG_BUSID ? "1-3" : "1-2");
	server_write(bytes, good ? sizeof(bytes) : 8);
	return good;
}

static void connection_serve(void)
{
	uint8_t head[8];

	server.connections++;
	if (!server_read(head, sizeof(head)))
		return;
	if (server.quirk == QUIRK_MUTE)
		while (server_read(head, 1))
			;
	else if (head[2] == 0x80 && head[3] == 5)
		list_send();
	else if (import_serve())
		urbs_serve();
}

static void *server_run(void *arg)
{
	(void)arg;
	while (!server.quit) {
		server.fd = accept(server.listener, NULL, NULL);
		if (server.fd < 0)
			break;
		server.waiting_count = 0;
		connection_serve();
		close(server.fd);
	}
	return NULL;
}

static void server_wake(void)
{
	const uint64_t one = 1;

	assert_int_equal(write(server.wake, &one, sizeof(one)), sizeof(one));
}

static void listen_tcp(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server.listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(server.listener, (struct sockaddr *)&address, &size), 0);
	snprintf(server.uri, sizeof(server.uri), "usbip://127.0.0.1:%u/1-2",
		 ntohs(address.sin_port));
}

static void listen_unix(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(server.path, sizeof(server.path), "%s/usb", scratch_folder());
	snprintf(server.uri, sizeof(server.uri), "usbip+unix:%s/1-2", server.path);
	assert_true(strlen(server.path) < sizeof(address.sun_path));
	strcpy(address.sun_path, server.path);
	server.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server.listener, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void server_start(void)
{
	if (server.tcp)
		listen_tcp();
	else
		listen_unix();
	assert_int_equal(listen(server.listener, 8), 0);
	server.wake = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(pthread_create(&server.thread, NULL, server_run, NULL), 0);
}

static int server_new(void **state)
{
	(void)state;
	memset(&server, 0, sizeof(server));
	server.manufacturer = "VIRTUAL Jetperch LLC";
	server.listener = -1;
	return 0;
}

static int server_gone(void **state)
{
	(void)state;
	if (server.listener < 0)
		return 0;
	server.quit = true;
	shutdown(server.listener, SHUT_RDWR);
	server_wake();
	pthread_join(server.thread, NULL);
	close(server.listener);
	close(server.wake);
	return 0;
}

/* ---- the client's side ---- */

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
