/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A small USB/IP server in a thread of the test's program, on a Unix socket or on TCP: listing,
 * import and its life; its one device is in fake_usbip_urbs.h. It spells its bytes out for itself.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_USBIP_SERVER_H
#define TESTS_UNIT_DRIVERS_FAKE_USBIP_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/scratch.h"
#include "tests/unit/drivers/fake_usbip_urbs.h"

enum { DEVICE = 0x138 };

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

/* Makes it look at what was set while it runs. */
static inline void server_wake(void)
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

/* After what is set before it starts; fills server.uri. */
static inline void server_start(void)
{
	if (server.tcp)
		listen_tcp();
	else
		listen_unix();
	assert_int_equal(listen(server.listener, 8), 0);
	server.wake = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(pthread_create(&server.thread, NULL, server_run, NULL), 0);
}

/* A test's setup: well-behaved, not started. */
static inline int server_new(void **state)
{
	(void)state;
	memset(&server, 0, sizeof(server));
	server.manufacturer = "VIRTUAL Jetperch LLC";
	server.listener = -1;
	return 0;
}

/* A test's teardown; nothing to do when it was not started. */
static inline int server_gone(void **state)
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

#endif
