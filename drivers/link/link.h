/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A link is a byte pipe to a device, with serial settings and modem lines where it has them.
 *
 *   serial:/dev/serial/by-id/usb-...   a local port (libserialport); a bare path means the same
 *   rfc2217://host:port                a remote port: ser2net, a lab's terminal server
 *   rfc2217+unix:PATH                  the same protocol over a Unix stream socket
 *   tcp://host:port                    a byte pipe over plain TCP, without settings and lines
 *                                      (setting them is -ENOTSUP)
 *
 * Threads: one reader and one writer may use a link at the same time; everything else is called by
 * its owner alone. Nothing blocks longer than the time-out it is given, which counts on
 * CLOCK_MONOTONIC. A peer that hangs up is -ENODEV, seen at once, and stays -ENODEV.
 */
#ifndef DRIVERS_LINK_LINK_H
#define DRIVERS_LINK_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

enum link_parity { LINK_PARITY_NONE = 1, LINK_PARITY_EVEN, LINK_PARITY_ODD };

struct link_settings {
	uint32_t baud;           /* bit/s */
	enum link_parity parity; /* always 8 data bits, 1 stop bit, no flow control */
};

struct link;

/* One kind of link. Hooks receive the state (all zeros before open) of one link; close is called if
 * and only if open succeeded, and waits for no time-out. open is given the address: what follows
 * the scheme and its colon. Settings were checked by link.c. set and set_lines return when the far
 * end has done it; they are the owner's, while no reader runs. */
struct link_ops {
	const char *scheme; /* "serial", "rfc2217", ... */
	size_t state_size;
	size_t holds; /* see link_holds; 0: without limit */
	int (*open)(void *state, const char *address, const struct link_settings *settings,
		    struct err *err);
	void (*close)(void *state);
	int (*set)(void *state, const struct link_settings *settings, struct err *err);
	int (*set_lines)(void *state, bool dtr, bool rts, struct err *err);
	/* Waits until at least one byte is there or the time is over; then takes what is there.
	 * 0 with *ret_count == 0 is "nothing yet". */
	int (*read)(void *state, void *buffer, size_t capacity, int timeout_ms, size_t *ret_count,
		    struct err *err);
	int (*write)(void *state, const void *bytes, size_t count, int timeout_ms, struct err *err);
	/* What the far end says of itself; "" when it says nothing. Owned by the link. */
	const char *(*identity)(void *state);
};

/* Opens the link exclusively (-EBUSY when somebody holds it). DTR and RTS come up deasserted.
 * -ENOENT no such port, -EACCES no permission (the sentence says what to do), -ECONNREFUSED nobody
 * listens, -EPROTO the peer does not speak RFC 2217, -EINVAL malformed uri. */
int link_open(const char *uri, const struct link_settings *settings, struct link **ret_link,
	      struct err *err);
void link_close(struct link *link); /* accepts NULL */

int link_set(struct link *link, const struct link_settings *settings, struct err *err);
int link_set_lines(struct link *link, bool dtr_asserted, bool rts_asserted, struct err *err);

/* As link_ops.read: one or more bytes, or none when the time is over. */
int link_read(struct link *link, void *buffer, size_t capacity, int timeout_ms, size_t *ret_count,
	      struct err *err);
/* Exactly count bytes, or -ETIMEDOUT (what came is in the buffer, *ret_count says how much). */
int link_read_exactly(struct link *link, void *buffer, size_t count, int timeout_ms,
		      size_t *ret_count, struct err *err);
/* All of it, or -ETIMEDOUT. */
int link_write(struct link *link, const void *bytes, size_t count, int timeout_ms, struct err *err);
/* Reads and drops until the line was quiet for quiet_ms (at most limit_ms in all). */
int link_discard(struct link *link, int quiet_ms, int limit_ms, struct err *err);

/* How many bytes it keeps for a reader that is late before the far end may lose some; a stream that
 * never pauses is to be read more often than that. SIZE_MAX: more than any reader leaves there. */
size_t link_holds(const struct link *link);
const char *link_uri(const struct link *link);
const char *link_identity(const struct link *link);
/* True when the far end names itself a virtual rig (its identity begins with "virtual-rig": an RFC
 * 2217 signature, or a local port whose USB manufacturer begins with "VIRTUAL"): time on it is
 * emulated, and nothing read through it was measured. */
bool link_is_virtual(const struct link *link);

/* The clock every time-out here counts on: CLOCK_MONOTONIC, ns. */
int64_t link_now_ns(void);

/* --- recording and replay: drivers/link/record.h ---------------------------------------------- */

struct link_tape;

/* As link_open; a recording tape writes down all that comes and goes, a replaying one takes the
 * device's place. The tape outlives the link, and may see several links after each other. NULL: a
 * plain link. On the tape every call, clock reading included, comes from one thread at a time. */
int link_open_taped(struct link_tape *tape, const char *uri, const struct link_settings *settings,
		    struct link **ret_link, struct err *err);
/* link_now_ns as the session on the tape saw it. Whatever is decided by time about a link is
 * decided by this. */
int64_t link_clock_ns(const struct link *link);
/* Lets time pass for the device; none passes when there is none. */
void link_sleep_ms(const struct link *link, int duration_ms);

#endif
