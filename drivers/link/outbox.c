/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An ordered queue in front of a non-blocking stream socket.
 */
#include "drivers/link/outbox.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "drivers/link/telnet.h"

void outbox_init(struct outbox *outbox, int fd)
{
	pthread_mutex_init(&outbox->lock, NULL);
	outbox->fd = fd;
	outbox->head = 0;
	outbox->count = 0;
}

void outbox_done(struct outbox *outbox)
{
	pthread_mutex_destroy(&outbox->lock);
}

/* Moves what is left to the front, so that the free room is in one piece. */
static uint8_t *outbox_end(struct outbox *outbox)
{
	memmove(outbox->bytes, outbox->bytes + outbox->head, outbox->count);
	outbox->head = 0;
	return outbox->bytes + outbox->count;
}

int outbox_put(struct outbox *outbox, const uint8_t *bytes, size_t count)
{
	int ret = -ENOBUFS;

	pthread_mutex_lock(&outbox->lock);
	if (count <= OUTBOX_SIZE - outbox->count) {
		memcpy(outbox_end(outbox), bytes, count);
		outbox->count += count;
		ret = 0;
	}
	pthread_mutex_unlock(&outbox->lock);
	return ret;
}

size_t outbox_put_data(struct outbox *outbox, const uint8_t *bytes, size_t count)
{
	size_t taken = 0;

	pthread_mutex_lock(&outbox->lock);
	if (outbox->count < OUTBOX_SIZE - OUTBOX_RESERVE) {
		size_t room = OUTBOX_SIZE - OUTBOX_RESERVE - outbox->count;

		outbox->count += telnet_encode(bytes, count, outbox_end(outbox), room, &taken);
	}
	pthread_mutex_unlock(&outbox->lock);
	return taken;
}

static int outbox_send(struct outbox *outbox)
{
	while (outbox->count > 0) {
		ssize_t sent = send(outbox->fd, outbox->bytes + outbox->head, outbox->count,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN ? 0 : -ENODEV;
		outbox->head += (size_t)sent;
		outbox->count -= (size_t)sent;
	}
	return 0;
}

int outbox_flush(struct outbox *outbox, bool *ret_empty)
{
	int ret;

	pthread_mutex_lock(&outbox->lock);
	ret = outbox_send(outbox);
	*ret_empty = outbox->count == 0;
	pthread_mutex_unlock(&outbox->lock);
	return ret;
}

bool outbox_is_empty(struct outbox *outbox)
{
	bool empty;

	pthread_mutex_lock(&outbox->lock);
	empty = outbox->count == 0;
	pthread_mutex_unlock(&outbox->lock);
	return empty;
}
