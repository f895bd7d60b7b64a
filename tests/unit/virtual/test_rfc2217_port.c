/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A port as a network service, over real sockets: one client at a time, lines that fall when it
 * leaves, stale and live socket files, back-pressure.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "rigs/virtual/server/port.h"

struct device {
	uint8_t received[100000];
	size_t received_count, room;
	const uint8_t *source;
	size_t source_count;
	char events[512];
};

struct fixture {
	char folder[64], path[128], address[136];
	struct device device;
	struct port *port;
};

static size_t on_room(void *context)
{
	return ((struct device *)context)->room;
}

static void on_receive(void *context, const uint8_t *bytes, size_t count)
{
	struct device *device = context;

	assert_true(count <= device->room);
	assert_true(device->received_count + count <= sizeof(device->received));
	memcpy(device->received + device->received_count, bytes, count);
	device->received_count += count;
	device->room -= count;
}

static size_t on_take(void *context, uint8_t *ret_bytes, size_t capacity)
{
	struct device *device = context;
	size_t count = device->source_count < capacity ? device->source_count : capacity;

	if (count == 0)
		return 0;
	memcpy(ret_bytes, device->source, count);
	device->source += count;
	device->source_count -= count;
	return count;
}

static void on_settings(void *context, const struct rfc2217_settings *settings)
{
	(void)context;
	assert_true(settings->baud > 0);
}

static void note(void *context, const char *event)
{
	struct device *device = context;

	assert_true(strlen(device->events) + strlen(event) < sizeof(device->events));
	strcat(device->events, event);
}

static void on_lines(void *context, bool dtr, bool rts)
{
	note(context, dtr ? "dtr " : rts ? "rts " : "none ");
}

static void on_purge(void *context, enum rfc2217_purge what)
{
	(void)context, (void)what;
}

static void on_connected(void *context, bool connected)
{
	note(context, connected ? "came " : "left ");
}

static int open_port(struct fixture *fixture, struct port **ret_port, struct verr *err)
{
	const struct port_device device = {
		&fixture->device, on_room,  on_receive, on_take,
		on_settings,      on_lines, on_purge,   on_connected,
	};

	return port_open("board", fixture->address, &device, ret_port, err);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct verr err;

	strcpy(fixture->folder, "/tmp/virtual-rig-test-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	/* A folder that is not there yet. */
	snprintf(fixture->path, sizeof(fixture->path), "%s/sub/port.sock", fixture->folder);
	snprintf(fixture->address, sizeof(fixture->address), "unix:%s", fixture->path);
	fixture->device.room = sizeof(fixture->device.received);
	assert_int_equal(open_port(fixture, &fixture->port, &err), 0);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	char folder[80];

	port_close(fixture->port);
	assert_int_equal(access(fixture->path, F_OK), -1); /* its socket is gone */
	snprintf(folder, sizeof(folder), "%s/sub", fixture->folder);
	rmdir(folder);
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

static int connect_client(const struct fixture *fixture)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, fixture->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* The loop of the rig, until nothing more is to be done. */
static void serve(struct fixture *fixture)
{
	for (int i = 0; i < 100; i++) {
		struct pollfd fds[PORT_POLLFDS];

		port_fill_pollfds(fixture->port, fds);
		if (poll(fds, PORT_POLLFDS, 0) == 0)
			return;
		port_service(fixture->port, fds);
	}
}

static size_t read_all(int fd, uint8_t *ret_bytes, size_t capacity)
{
	size_t total = 0;
	ssize_t count;

	while ((count = recv(fd, ret_bytes + total, capacity - total, MSG_DONTWAIT)) > 0)
		total += (size_t)count;
	return total;
}

static void write_bytes(int fd, const void *bytes, size_t count)
{
	assert_int_equal(send(fd, bytes, count, MSG_NOSIGNAL), count);
}

static void test_one_client_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	int first = connect_client(fixture), second;
	uint8_t bytes[256];

	serve(fixture);
	assert_int_equal(read_all(first, bytes, sizeof(bytes)), 18); /* the opening */
	second = connect_client(fixture);
	write_bytes(second, "\xff\xfb\x2c", 3);
	serve(fixture);
	assert_int_equal(recv(second, bytes, sizeof(bytes), 0), 21);
	assert_memory_equal(bytes, "Port already in use\r\n", 21);
	assert_int_equal(recv(second, bytes, sizeof(bytes), 0), 0); /* closed */
	close(second);
	/* The first is not disturbed. */
	write_bytes(first, "hello", 5);
	serve(fixture);
	assert_memory_equal(fixture->device.received, "hello", 5);
	/* Leaves; the next is let in at the same turn. */
	close(first);
	second = connect_client(fixture);
	serve(fixture);
	assert_int_equal(read_all(second, bytes, sizeof(bytes)), 18);
	assert_string_equal(fixture->device.events, "none came none left none came ");
	close(second);
}

static void test_lines_fall_when_the_client_leaves(void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client(fixture);

	write_bytes(fd, "\xff\xfa\x2c\x05\x08\xff\xf0", 7);
	serve(fixture);
	close(fd);
	serve(fixture);
	assert_string_equal(fixture->device.events, "none came dtr none left ");
	assert_false(port_has_client(fixture->port));
}

/* What was sent before the client left still arrives. */
static void test_last_bytes_arrive(void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client(fixture);
	static uint8_t bytes[60000];

	memset(bytes, 'a', sizeof(bytes));
	write_bytes(fd, bytes, sizeof(bytes));
	close(fd);
	serve(fixture);
	assert_int_equal(fixture->device.received_count, sizeof(bytes));
	assert_false(port_has_client(fixture->port));
}

static void test_no_room_no_read(void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client(fixture);

	fixture->device.room = 3;
	write_bytes(fd, "abcdef", 6);
	serve(fixture);
	assert_int_equal(fixture->device.received_count, 3);
	fixture->device.room = 100;
	serve(fixture);
	assert_int_equal(fixture->device.received_count, 6);
	assert_memory_equal(fixture->device.received, "abcdef", 6);
	close(fd);
}

/* A slow reader gets every byte; 255 doubled. */
static void test_slow_reader_loses_nothing(void **state)
{
	enum { COUNT = 600000 };
	struct fixture *fixture = *state;
	uint8_t *source = malloc(COUNT), *got = malloc(2 * COUNT + 64);
	size_t total = 0, out = 0;
	int fd = connect_client(fixture);

	for (size_t i = 0; i < COUNT; i++)
		source[i] = (uint8_t)(i * 7);
	fixture->device.source = source;
	fixture->device.source_count = COUNT;
	serve(fixture);
	assert_true(fixture->device.source_count > 0); /* the socket is full */
	for (int i = 0; i < 1000; i++) {
		total += read_all(fd, got + total, 2 * COUNT + 64 - total);
		serve(fixture);
		port_flush(fixture->port);
	}
	assert_int_equal(fixture->device.source_count, 0);
	for (size_t i = 18; i < total; i++, out++) {
		assert_int_equal(got[i], source[out]);
		i += got[i] == 255;
	}
	assert_int_equal(out, COUNT);
	close(fd);
	free(source);
	free(got);
}

static void test_live_socket_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	struct port *port = NULL;
	struct verr err = {""};

	assert_int_equal(open_port(fixture, &port, &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, "another program listens"));
	assert_null(port);
	assert_int_equal(access(fixture->path, F_OK), 0); /* and it is still there */
	serve(fixture);
}

static void test_stale_socket_is_replaced(void **state)
{
	struct fixture *fixture = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct verr err;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client;

	port_close(fixture->port);
	strcpy(address.sun_path, fixture->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd); /* its file stays, as after a crash */
	assert_int_equal(open_port(fixture, &fixture->port, &err), 0);
	client = connect_client(fixture);
	serve(fixture);
	assert_true(port_has_client(fixture->port));
	close(client);
}

static void test_other_files_are_left_alone(void **state)
{
	struct fixture *fixture = *state;
	struct verr err = {""};
	int fd;

	port_close(fixture->port);
	fixture->port = NULL;
	fd = open(fixture->path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(open_port(fixture, &fixture->port, &err), -EEXIST);
	assert_int_equal(unlink(fixture->path), 0);
}

#define IN_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FIXTURE(test_one_client_at_a_time),
		IN_FIXTURE(test_lines_fall_when_the_client_leaves),
		IN_FIXTURE(test_last_bytes_arrive),
		IN_FIXTURE(test_no_room_no_read),
		IN_FIXTURE(test_slow_reader_loses_nothing),
		IN_FIXTURE(test_live_socket_is_an_error),
		IN_FIXTURE(test_stale_socket_is_replaced),
		IN_FIXTURE(test_other_files_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
