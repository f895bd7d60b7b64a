/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The far end of a link, for tests: a minimal RFC 2217 server in a thread, on a Unix socket or on
 * TCP, with the misbehaviours tests need. It shares no code with the client: bytes are spelled out
 * here.
 */
#ifndef TESTS_UNIT_DRIVERS_TEST_LINK_PEER_H
#define TESTS_UNIT_DRIVERS_TEST_LINK_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/link/link.h"

enum { PEER_LINES_MAX = 64, PEER_DATA_MAX = 1 << 16, PEER_HEARD_MAX = 128 };

struct peer {
	/* How it behaves; set before peer_start. */
	bool tcp, tcp6;
	bool mute;            /* accepts and says nothing */
	bool refuse_com_port; /* telnet, but no RFC 2217 */
	bool refuse_binary;
	bool ignore_control;    /* never confirms SET-CONTROL */
	atomic_bool one_by_one; /* sends each byte for itself */
	bool deaf;              /* stops reading once opened */
	bool ask_strange;       /* asks for options nobody knows */
	atomic_bool echo;       /* sends data back */
	uint32_t wrong_baud;    /* confirmed instead of what was asked */
	uint8_t wrong_parity;
	const char *signature; /* NULL: none */
	const char *greeting;  /* said at once, before the connection is closed */
	const char *chatter;   /* said before each confirmation, as data */
	int confirm_delay_ms;
	void (*on_data)(struct peer *peer, const uint8_t *bytes, size_t count);
	void (*on_lines)(struct peer *peer, bool dtr, bool rts);
	void *context;

	/* What it saw. */
	atomic_uint baud, data_size, parity, stop_size, flow;
	atomic_bool dtr, rts;
	atomic_uint line_changes;
	struct {
		bool dtr, rts;
		int64_t t_ns;
	} lines[PEER_LINES_MAX];
	atomic_uint heard; /* negotiations received */
	struct {
		uint8_t verb, option;
	} negotiations[PEER_HEARD_MAX];
	uint8_t data[PEER_DATA_MAX];
	atomic_size_t data_count;

	/* Its own. */
	int listener, fd;
	atomic_bool stop;
	atomic_bool hang_up; /* closes the connection */
	pthread_t thread;
	char directory[32], path[64], uri[128];
	int state;
	uint8_t verb, sub[512];
	size_t sub_count;
};

static inline void peer_send_raw(struct peer *peer, const uint8_t *bytes, size_t count)
{
	size_t step = peer->one_by_one ? 1 : count;

	for (size_t at = 0; at < count; at += step) {
		if (send(peer->fd, bytes + at, step, MSG_NOSIGNAL) < 0)
			return;
		if (peer->one_by_one)
			usleep(100);
	}
}

static inline void peer_send(struct peer *peer, const void *data, size_t count)
{
	const uint8_t *bytes = data;
	uint8_t *escaped = malloc(2 * count + 1);
	size_t length = 0;

	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == 255)
			escaped[length++] = 255;
		escaped[length++] = bytes[i];
	}
	peer_send_raw(peer, escaped, length);
	free(escaped);
}

static inline void peer_send_sub(struct peer *peer, uint8_t command, const void *value,
				 size_t count)
{
	const uint8_t head[] = {255, 250, 44, command}, tail[] = {255, 240};

	if (peer->confirm_delay_ms)
		usleep(peer->confirm_delay_ms * 1000);
	if (peer->chatter)
		peer_send(peer, peer->chatter, strlen(peer->chatter));
	peer_send_raw(peer, head, sizeof(head));
	peer_send(peer, value, count);
	peer_send_raw(peer, tail, sizeof(tail));
}

static inline void peer_negotiated(struct peer *peer, uint8_t verb, uint8_t option)
{
	unsigned heard = atomic_load(&peer->heard);
	bool known = (option == 0 && !peer->refuse_binary) || option == 3 ||
		     (option == 44 && !peer->refuse_com_port);
	uint8_t answer[3] = {255, 0, option};

	if (heard < PEER_HEARD_MAX) {
		peer->negotiations[heard].verb = verb;
		peer->negotiations[heard].option = option;
		atomic_store(&peer->heard, heard + 1);
	}
	if (verb == 251)
		answer[1] = known ? 253 : 254;
	else if (verb == 253)
		answer[1] = known ? 251 : 252;
	else
		return;
	peer_send_raw(peer, answer, sizeof(answer));
}

static inline void peer_control(struct peer *peer, uint8_t value)
{
	bool dtr = atomic_load(&peer->dtr), rts = atomic_load(&peer->rts);
	unsigned change = atomic_load(&peer->line_changes);

	if (value == 1)
		atomic_store(&peer->flow, 1);
	if (value == 8 || value == 9)
		dtr = value == 8;
	if (value == 11 || value == 12)
		rts = value == 11;
	if (value >= 8 && change < PEER_LINES_MAX) {
		peer->lines[change].dtr = dtr;
		peer->lines[change].rts = rts;
		peer->lines[change].t_ns = link_now_ns();
		atomic_store(&peer->line_changes, change + 1);
	}
	atomic_store(&peer->dtr, dtr);
	atomic_store(&peer->rts, rts);
	if (value >= 8 && peer->on_lines)
		peer->on_lines(peer, dtr, rts);
	if (!peer->ignore_control)
		peer_send_sub(peer, 105, &value, 1);
}

static inline void peer_baud(struct peer *peer, const uint8_t *value)
{
	uint32_t baud = (uint32_t)value[0] << 24 | value[1] << 16 | value[2] << 8 | value[3];
	uint32_t said = peer->wrong_baud ? peer->wrong_baud : baud;
	const uint8_t answer[] = {said >> 24, said >> 16, said >> 8, said};

	atomic_store(&peer->baud, baud);
	peer_send_sub(peer, 101, answer, 4);
}

static inline void peer_parity(struct peer *peer, uint8_t value)
{
	uint8_t said = peer->wrong_parity ? peer->wrong_parity : value;

	atomic_store(&peer->parity, value);
	peer_send_sub(peer, 103, &said, 1);
}

static inline void peer_sub(struct peer *peer)
{
	const uint8_t *value = peer->sub + 2;

	if (peer->sub_count < 2 || peer->sub[0] != 44)
		return;
	if (peer->sub[1] == 0 && peer->signature)
		peer_send_sub(peer, 100, peer->signature, strlen(peer->signature));
	else if (peer->sub[1] == 1)
		peer_baud(peer, value);
	else if (peer->sub[1] == 3)
		peer_parity(peer, value[0]);
	else if (peer->sub[1] == 5)
		peer_control(peer, value[0]);
	else if (peer->sub[1] == 2 || peer->sub[1] == 4) {
		atomic_store(peer->sub[1] == 2 ? &peer->data_size : &peer->stop_size, value[0]);
		peer_send_sub(peer, 100 + peer->sub[1], value, 1);
	}
}

static inline void peer_data(struct peer *peer, uint8_t byte)
{
	size_t count = atomic_load(&peer->data_count);

	if (count < PEER_DATA_MAX) {
		peer->data[count] = byte;
		atomic_store(&peer->data_count, count + 1);
	}
	if (peer->echo)
		peer_send(peer, &byte, 1);
	if (peer->on_data)
		peer->on_data(peer, &byte, 1);
}

/* 0 data, 1 after IAC, 2 after a verb, 3 in a subnegotiation, 4 after IAC in one */
static inline void peer_byte(struct peer *peer, uint8_t byte)
{
	int state = peer->state;

	peer->state = state < 3 ? 0 : 3;
	if (state == 0 && byte == 255)
		peer->state = 1;
	else if (state == 0 || (state == 1 && byte == 255))
		peer_data(peer, byte);
	else if (state == 1 && byte >= 251) {
		peer->verb = byte;
		peer->state = 2;
	} else if (state == 1 && byte == 250) {
		peer->sub_count = 0;
		peer->state = 3;
	} else if (state == 2)
		peer_negotiated(peer, peer->verb, byte);
	else if (state == 3 && byte == 255)
		peer->state = 4;
	else if (state == 3 || (state == 4 && byte == 255)) {
		if (peer->sub_count < sizeof(peer->sub))
			peer->sub[peer->sub_count++] = byte;
	} else if (state == 4) {
		peer->state = 0;
		peer_sub(peer);
	}
}

static inline bool peer_wait(struct peer *peer, int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	while (!atomic_load(&peer->stop) && !atomic_load(&peer->hang_up))
		if (poll(&wait, 1, 5) > 0)
			return true;
	return false;
}

static inline void peer_serve(struct peer *peer)
{
	static const uint8_t strange[] = {255, 253, 24, 255, 251, 1, 255, 254, 77, 255, 241};
	uint8_t bytes[4096];

	if (peer->greeting) {
		peer_send(peer, peer->greeting, strlen(peer->greeting));
		return;
	}
	if (peer->ask_strange)
		peer_send_raw(peer, strange, sizeof(strange));
	while (peer_wait(peer, peer->fd)) {
		ssize_t count;

		if (peer->deaf && atomic_load(&peer->flow)) {
			usleep(5000);
			continue;
		}
		count = recv(peer->fd, bytes, sizeof(bytes), 0);
		if (count <= 0)
			return;
		for (ssize_t i = 0; i < count && !peer->mute; i++)
			peer_byte(peer, bytes[i]);
	}
}

static inline void *peer_main(void *arg)
{
	struct peer *peer = arg;

	while (!atomic_load(&peer->stop) && peer_wait(peer, peer->listener)) {
		peer->fd = accept(peer->listener, NULL, NULL);
		if (peer->fd < 0)
			break;
		peer->state = 0;
		peer_serve(peer);
		close(peer->fd);
	}
	return NULL;
}

static inline void peer_listen_unix(struct peer *peer)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(peer->directory, "/tmp/jb-peer-XXXXXX");
	assert_non_null(mkdtemp(peer->directory));
	snprintf(peer->path, sizeof(peer->path), "%s/port", peer->directory);
	snprintf(peer->uri, sizeof(peer->uri), "rfc2217+unix:%s", peer->path);
	strcpy(address.sun_path, peer->path);
	peer->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof(address)), 0);
}

/* False when the machine has no such network. */
static inline bool peer_listen_tcp(struct peer *peer)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	struct sockaddr *address = peer->tcp6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
	socklen_t size = peer->tcp6 ? sizeof(v6) : sizeof(v4);

	peer->listener = socket(address->sa_family, SOCK_STREAM, 0);
	if (peer->listener < 0 || bind(peer->listener, address, size))
		return false;
	assert_int_equal(getsockname(peer->listener, address, &size), 0);
	snprintf(peer->uri, sizeof(peer->uri), "rfc2217://%s:%u",
		 peer->tcp6 ? "[::1]" : "127.0.0.1",
		 ntohs(peer->tcp6 ? v6.sin6_port : v4.sin_port));
	return true;
}

static inline bool peer_start(struct peer *peer)
{
	if (!peer->tcp && !peer->tcp6)
		peer_listen_unix(peer);
	else if (!peer_listen_tcp(peer))
		return false;
	assert_int_equal(listen(peer->listener, 4), 0);
	assert_int_equal(pthread_create(&peer->thread, NULL, peer_main, peer), 0);
	return true;
}

static inline void peer_stop(struct peer *peer)
{
	atomic_store(&peer->stop, true);
	pthread_join(peer->thread, NULL);
	close(peer->listener);
	if (peer->path[0]) {
		unlink(peer->path);
		rmdir(peer->directory);
	}
}

#endif
