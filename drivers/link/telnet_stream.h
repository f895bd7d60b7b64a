/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A telnet connection over a stream socket: data both ways in BINARY, and COM-PORT-OPTION messages
 * beside it. One reader (everything that pumps) and one writer may be at work at the same time.
 */
#ifndef DRIVERS_LINK_TELNET_STREAM_H
#define DRIVERS_LINK_TELNET_STREAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"
#include "drivers/link/outbox.h"
#include "drivers/link/telnet.h"

struct telnet_stream {
	int fd; /* owned */
	atomic_bool gone;
	struct outbox outbox;
	/* The reader's: */
	struct telnet_decoder decoder;
	struct telnet_negotiator negotiator;
	uint8_t *inbox; /* data that came while nobody read it */
	size_t inbox_head, inbox_count, inbox_capacity;
	void (*com_port)(void *context,
			 const struct telnet_event *event); /* called while pumping */
	void *context;
};

/* Takes fd over. */
void telnet_stream_init(struct telnet_stream *stream, int fd,
			void (*com_port)(void *context, const struct telnet_event *event),
			void *context);
/* Sends what the socket takes at once, and closes it. */
void telnet_stream_done(struct telnet_stream *stream);

/* Agrees on COM-PORT-OPTION and on BINARY both ways. -EPROTO: the peer does not, or says nothing
 * for timeout_ms; -EBUSY: it says that the port is in use, and closes; -ENODEV: it closes. */
int telnet_stream_negotiate(struct telnet_stream *stream, int timeout_ms, struct err *err);

/* As link_ops.read and link_ops.write. What a write that timed out leaves in the outbox (at most
 * OUTBOX_SIZE bytes) goes out before what is written next. */
int telnet_stream_read(struct telnet_stream *stream, void *buffer, size_t capacity, int timeout_ms,
		       size_t *ret_count, struct err *err);
int telnet_stream_write(struct telnet_stream *stream, const void *bytes, size_t count,
			int timeout_ms, struct err *err);

/* Queues one COM-PORT-OPTION message; -ENOBUFS: the peer takes nothing. Sent by pumping or
 * draining. */
int telnet_stream_put(struct telnet_stream *stream, uint8_t command, const uint8_t *payload,
		      size_t count);
int telnet_stream_drain(struct telnet_stream *stream, int timeout_ms, struct err *err);
/* Receives, keeping data for telnet_stream_read, until done() says so; -ETIMEDOUT, without a
 * sentence, when the time is over first. */
int telnet_stream_pump_until(struct telnet_stream *stream, bool (*done)(const void *arg),
			     const void *arg, int timeout_ms, struct err *err);

#endif
