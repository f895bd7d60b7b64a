/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The plain TCP link against a socket in this program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/link/link.h"

static const struct link_settings settings = {.baud = 115200, .parity = LINK_PARITY_NONE};

struct pair {
	struct link *link;
	int fd;
};

static void pair_open(struct pair *pair)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct err err = {""};
	char uri[64];

	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(listen(listener, 1), 0);
	snprintf(uri, sizeof(uri), "tcp://127.0.0.1:%u", ntohs(address.sin_port));
	if (link_open(uri, &settings, &pair->link, &err))
		fail_msg("%s", err.text);
	pair->fd = accept(listener, NULL, NULL);
	close(listener);
	assert_string_equal(link_uri(pair->link), uri);
}

/* Every byte value goes through as it is: nothing is telnet here. */
static void test_bytes(void **state)
{
	uint8_t all[256], got[256];
	struct pair pair;
	struct err err = {""};
	size_t count = 1;

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	pair_open(&pair);
	assert_int_equal(link_read(pair.link, got, sizeof(got), 10, &count, &err), 0);
	assert_int_equal(count, 0);
	assert_int_equal(link_write(pair.link, all, sizeof(all), 1000, &err), 0);
	assert_int_equal(recv(pair.fd, got, sizeof(got), MSG_WAITALL), sizeof(all));
	assert_memory_equal(got, all, sizeof(all));
	assert_int_equal(send(pair.fd, all, sizeof(all), 0), sizeof(all));
	memset(got, 0, sizeof(got));
	assert_int_equal(link_read_exactly(pair.link, got, sizeof(got), 1000, &count, &err), 0);
	assert_memory_equal(got, all, sizeof(all));
	assert_false(link_is_virtual(pair.link));
	close(pair.fd);
	link_close(pair.link);
}

static void test_no_lines(void **state)
{
	struct pair pair;
	struct err err = {""};

	(void)state;
	pair_open(&pair);
	assert_int_equal(link_set(pair.link, &settings, &err), -ENOTSUP);
	assert_int_equal(link_set_lines(pair.link, true, true, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "modem lines"));
	close(pair.fd);
	link_close(pair.link);
}

/* What came before the hang-up is read first. */
static void test_hang_up(void **state)
{
	struct pair pair;
	struct err err = {""};
	uint8_t got[8];
	size_t count;

	(void)state;
	pair_open(&pair);
	assert_int_equal(send(pair.fd, "end", 3, 0), 3);
	close(pair.fd);
	assert_int_equal(link_read(pair.link, got, sizeof(got), 1000, &count, &err), 0);
	assert_int_equal(count, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(link_read(pair.link, got, sizeof(got), 60000, &count, &err),
				 -ENODEV);
	assert_int_equal(link_write(pair.link, "x", 1, 1000, &err), -ENODEV);
	link_close(pair.link);
}

/* A far end that takes nothing. */
static void test_deaf(void **state)
{
	static const uint8_t much[16 << 20];
	struct pair pair;
	struct err err = {""};

	(void)state;
	pair_open(&pair);
	assert_int_equal(link_write(pair.link, much, sizeof(much), 100, &err), -ETIMEDOUT);
	close(pair.fd);
	link_close(pair.link);
}

static void test_malformed(void **state)
{
	static const char *const uris[] = {"tcp:", "tcp:localhost:1", "tcp://localhost", "tcp://:1",
					   "tcp://localhost:http"};
	struct link *link;
	struct err err = {""};

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
		assert_int_equal(link_open(uris[i], &settings, &link, &err), -EINVAL);
	assert_int_equal(link_open("tcp://127.0.0.1:1", &settings, &link, &err), -ECONNREFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),     cmocka_unit_test(test_no_lines),
		cmocka_unit_test(test_hang_up),   cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
