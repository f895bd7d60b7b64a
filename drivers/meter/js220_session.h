/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS220: the conversation behind the driver. Connects, sets topics, answers time syncs
 * and hands stream frames to whoever collects them.
 *
 * Threads: js220_session_read is the reader's; everything else is the owner's, while no reader
 * runs, but for js220_session_end. What both send is kept in order by a lock.
 */
#ifndef DRIVERS_METER_JS220_SESSION_H
#define DRIVERS_METER_JS220_SESSION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/link/usb.h"
#include "drivers/meter/js220_frames.h"
#include "drivers/meter/js220_topics.h"

enum { JS220_OPTIONS_MAX = 4, JS220_DETAIL_BYTES = 64 };

/* A topic whose metadata says which number a name has. */
struct js220_option {
	const char *topic, *name;
	bool has_metadata, has_value;
	uint32_t value;
};

struct js220_session {
	struct usb *usb;
	pthread_mutex_t out_lock;
	uint16_t out_id;
	uint32_t pings; /* sent so far */
	/* What came. */
	struct usb_chunk chunk;
	size_t chunk_at;
	uint16_t in_id; /* expected */
	bool has_in_id;
	uint64_t frames_lost, frames_bad;
	bool is_connected;
	struct js220_link versions; /* of op CONNECT */
	uint32_t pong;              /* the value that came last; 0: none */
	bool has_counter;
	uint64_t counter;                 /* by the latest time map */
	char refused[JS220_DETAIL_BYTES]; /* a topic whose value was not taken */
	struct js220_option *options;
	size_t option_count;
	atomic_uint end_ping; /* 0: the streams run */
};

/* A frame that only its collector understands. */
struct js220_event {
	struct js220_frame frame;
	bool is_displaced; /* its frame_id lies before what already came */
	int64_t t_mono_ns;
};

/* Connects to the instrument behind usb, keeping its settings, so that a board that it feeds stays
 * powered; learns the options. Waits for each answer for a second at most. */
int js220_session_open(struct js220_session *session, struct usb *usb, struct js220_option *options,
		       size_t option_count, struct err *err);
/* Disconnects; usb stays open. */
void js220_session_abandon(struct js220_session *session);
/* Disconnects, and closes usb. */
void js220_session_close(struct js220_session *session);

/* Value to a topic. Its refusal shows at the next js220_session_settle. */
int js220_session_set(struct js220_session *session, const char *topic, uint32_t value,
		      struct err *err);
/* Waits until the instrument has dealt with all that was sent; stream frames from before are
 * dropped. -EREMOTEIO: it refused a value. */
int js220_session_settle(struct js220_session *session, struct err *err);
/* Marks the end of what is streamed, after topics were set to that effect. */
int js220_session_end(struct js220_session *session, struct err *err);
/* The next frame of a stream or of the statistics. -ETIMEDOUT, -ENODATA behind the mark of
 * js220_session_end, and what usb_stream_read gives. */
int js220_session_read(struct js220_session *session, struct js220_event *ret_event, int timeout_ms,
		       struct err *err);
/* Whether a frame is at hand without waiting. */
bool js220_session_has_more(const struct js220_session *session);

#endif
