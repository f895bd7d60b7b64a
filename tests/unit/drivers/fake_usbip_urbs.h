/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The device that fake_usbip_server.h exports: the server's state, and what becomes of the URBs
 * that are sent to it, well and with the misbehaviours tests need. It shares no code with the
 * client: bytes are spelled out here.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_USBIP_URBS_H
#define TESTS_UNIT_DRIVERS_FAKE_USBIP_URBS_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER = 48, WAITING_MAX = 64, BLOCK = 1024 };

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

static inline void put_u16(uint8_t *bytes, unsigned value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static inline void put_u32(uint8_t *bytes, uint32_t value)
{
	put_u16(bytes, value >> 16);
	put_u16(bytes + 2, value & 0xFFFF);
}

static uint32_t get_u32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static inline void server_write(const uint8_t *bytes, size_t count)
{
	size_t step = server.one_by_one ? 1 : count;

	for (size_t at = 0; at < count; at += step) {
		size_t part = step < count - at ? step : count - at;

		if (send(server.fd, bytes + at, part, MSG_NOSIGNAL) != (ssize_t)part)
			return;
	}
}

static inline bool server_read(uint8_t *bytes, size_t count)
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

/* What the IN transfer of that number, counted from 0, brings. */
static inline void block_fill(uint8_t *bytes, size_t count, uint32_t number)
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

/* Until the client or the server hangs up, or a test ends it. */
static inline void urbs_serve(void)
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

#endif
