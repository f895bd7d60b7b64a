/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ring behind a bulk IN stream, whatever carries the transfers: how many are in flight, which
 * buffers wait for the reader, and how it ends.
 *
 * A transfer that completes is submitted again at once, with another buffer; the one it filled goes
 * to the reader, and back when the reader takes the next. A reader that falls behind by all the
 * buffers stops the submitting, not the order: nothing is skipped, the device has to wait.
 *
 * A reader that finds nothing is not woken by the first transfer that comes, but by many, or after
 * USB_RING_GATHER_MS: on a fast stream, waking up for each would cost more than reading them.
 *
 * Threads: one reader; one owner (start, stop); one thread of the carrier calls usb_ring_complete
 * and usb_ring_retry. The carrier's submit may be called by any of them, with the ring's lock held;
 * its cancel by any of them, without.
 */
#ifndef DRIVERS_LINK_USB_RING_H
#define DRIVERS_LINK_USB_RING_H

#include <pthread.h>

#include "drivers/link/usb.h"

enum { USB_RING_BUFFERS_PER_TRANSFER = 4, USB_RING_TRANSFERS_MAX = 256, USB_RING_GATHER_MS = 10 };

struct usb_ring_carrier {
	/* Negative: not submitted. -ENOMEM: tried again later. Never calls back from inside. */
	int (*submit)(void *context, unsigned transfer, uint8_t *bytes, size_t size);
	/* The transfer shall come back soon, if it is in flight. */
	void (*cancel)(void *context, unsigned transfer);
	/* Memory that transfers can go to; free accepts NULL. */
	uint8_t *(*buffer_new)(void *context, size_t size);
	void (*buffer_free)(void *context, uint8_t *bytes, size_t size);
};

struct usb_ring_buffer {
	uint8_t *bytes;
	size_t count;
	int64_t t_mono_ns;
};

struct usb_ring {
	const struct usb_ring_carrier *carrier;
	void *context;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned transfers, buffer_count;
	size_t transfer_bytes;
	struct usb_ring_buffer *buffers;
	unsigned *buffer_of;    /* by transfer */
	bool *is_flying;        /* by transfer */
	unsigned *idle, *empty; /* stacks: transfers without, and buffers out of use */
	unsigned *ready;        /* a queue of buffers */
	unsigned idle_count, empty_count, ready_first, ready_count, flying;
	int held;        /* the buffer that the reader looks at, or -1 */
	unsigned wanted; /* buffers for which the waiting reader wants to be woken; 0: none waits */
	bool is_stopping, is_short_of_memory;
	int retry_ms; /* back-off while short of memory */
	int end;      /* why the stream ends by itself, or 0 */
	struct err end_err;
};

/* Makes the ring with all transfers idle. -ENOMEM. */
int usb_ring_init(struct usb_ring *ring, const struct usb_ring_carrier *carrier, void *context,
		  const struct usb_stream_settings *settings, struct err *err);
/* When nothing is in flight; accepts a ring of zeros. */
void usb_ring_done(struct usb_ring *ring);

/* Submits as many transfers as the carrier takes, and drops the others. Negative: not one. */
int usb_ring_start(struct usb_ring *ring, struct err *err);
/* A transfer came back with count bytes. code: 0, or why the stream ends here (-ECANCELED is no
 * reason); err its sentence. */
void usb_ring_complete(struct usb_ring *ring, unsigned transfer, int code, size_t count,
		       const struct err *err);
/* Submits what could not be submitted for lack of memory; returns how many ms from now it wants to
 * be called again at the latest. */
int usb_ring_retry(struct usb_ring *ring);
int usb_ring_read(struct usb_ring *ring, struct usb_chunk *ret_chunk, int timeout_ms,
		  struct err *err);
/* Cancels, and waits for all transfers to come back. What was received stays readable. limit_ms:
 * when they do not, -ETIMEDOUT, and the carrier must see to it; negative: no limit. */
int usb_ring_stop(struct usb_ring *ring, int limit_ms);

#endif
