/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bytes on their way into a non-blocking stream socket, in the order they were put in, whoever puts
 * them: a writer's data and the answers a reader owes the peer never cut into each other. Every
 * call may come from any thread; none of them waits for the peer.
 */
#ifndef DRIVERS_LINK_OUTBOX_H
#define DRIVERS_LINK_OUTBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUTBOX_SIZE = 4096, OUTBOX_RESERVE = 1024 /* kept free of data, for answers */ };

struct outbox {
	pthread_mutex_t lock;
	int fd; /* not owned */
	uint8_t bytes[OUTBOX_SIZE];
	size_t head, count;
};

void outbox_init(struct outbox *outbox, int fd);
void outbox_done(struct outbox *outbox);

/* Puts in a whole message, or returns -ENOBUFS: the peer does not take what it asked for. */
int outbox_put(struct outbox *outbox, const uint8_t *bytes, size_t count);
/* Puts in as much data as fits, telnet-escaped; returns how many bytes of the input that were. */
size_t outbox_put_data(struct outbox *outbox, const uint8_t *bytes, size_t count);
/* Sends what the socket takes now; *ret_empty says whether that was all. -ENODEV: hung up. */
int outbox_flush(struct outbox *outbox, bool *ret_empty);
bool outbox_is_empty(struct outbox *outbox);

#endif
