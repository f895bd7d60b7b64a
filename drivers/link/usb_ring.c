/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See usb_ring.h.
 */
#include "drivers/link/usb_ring.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/link/deadline.h"

enum { RETRY_MIN_MS = 5, RETRY_MAX_MS = 100 };

static int cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	int ret = pthread_condattr_init(&attr);

	if (ret)
		return -ret;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	ret = pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
	return -ret;
}

static void arrays_free(struct usb_ring *ring)
{
	for (unsigned i = 0; ring->buffers && i < ring->buffer_count; i++)
		ring->carrier->buffer_free(ring->context, ring->buffers[i].bytes,
					   ring->transfer_bytes);
	free(ring->buffers);
	free(ring->buffer_of);
	free(ring->is_flying);
	free(ring->idle);
	free(ring->empty);
	free(ring->ready);
}

static bool arrays_new(struct usb_ring *ring)
{
	ring->buffers = calloc(ring->buffer_count, sizeof(*ring->buffers));
	ring->buffer_of = calloc(ring->transfers, sizeof(*ring->buffer_of));
	ring->is_flying = calloc(ring->transfers, sizeof(*ring->is_flying));
	ring->idle = calloc(ring->transfers, sizeof(*ring->idle));
	ring->empty = calloc(ring->buffer_count, sizeof(*ring->empty));
	ring->ready = calloc(ring->buffer_count, sizeof(*ring->ready));
	if (!ring->buffers || !ring->buffer_of || !ring->is_flying || !ring->idle || !ring->empty ||
	    !ring->ready)
		return false;
	for (unsigned i = 0; i < ring->buffer_count; i++) {
		ring->buffers[i].bytes =
			ring->carrier->buffer_new(ring->context, ring->transfer_bytes);
		if (!ring->buffers[i].bytes)
			return false;
		ring->empty[ring->empty_count++] = i;
	}
	return true;
}

int usb_ring_init(struct usb_ring *ring, const struct usb_ring_carrier *carrier, void *context,
		  const struct usb_stream_settings *settings, struct err *err)
{
	memset(ring, 0, sizeof(*ring));
	ring->transfers = settings->transfers < USB_RING_TRANSFERS_MAX ? settings->transfers
								       : USB_RING_TRANSFERS_MAX;
	ring->buffer_count = ring->transfers * USB_RING_BUFFERS_PER_TRANSFER;
	ring->transfer_bytes = settings->transfer_bytes;
	ring->context = context;
	ring->held = -1;
	ring->retry_ms = RETRY_MIN_MS;
	for (unsigned i = 0; i < ring->transfers; i++)
		ring->idle_count++;
	ring->carrier = carrier;
	if (!arrays_new(ring) || cond_init(&ring->changed)) {
		arrays_free(ring);
		memset(ring, 0, sizeof(*ring));
		return err_set(err, -ENOMEM, "out of memory for %u transfers of %u bytes",
			       settings->transfers, settings->transfer_bytes);
	}
	for (unsigned i = 0; i < ring->transfers; i++)
		ring->idle[i] = ring->transfers - 1 - i;
	pthread_mutex_init(&ring->lock, NULL);
	return 0;
}

void usb_ring_done(struct usb_ring *ring)
{
	if (!ring->carrier)
		return;
	assert(!ring->flying);
	arrays_free(ring);
	pthread_cond_destroy(&ring->changed);
	pthread_mutex_destroy(&ring->lock);
	memset(ring, 0, sizeof(*ring));
}

/* ---- with the lock held ---- */

static void end_set(struct usb_ring *ring, int code, const char *sentence)
{
	if (ring->end)
		return;
	ring->end = code;
	err_set(&ring->end_err, 0, "%s", sentence);
}

static void submit_failed(struct usb_ring *ring, int code)
{
	if (code == -ENOMEM)
		ring->is_short_of_memory = true;
	else if (code == -ENODEV)
		end_set(ring, code, "the device is gone (unplugged?)");
	else
		end_set(ring, code, "a transfer could not be submitted");
}

/* Gives every idle transfer a buffer and submits it, as long as there are both. */
static int submit_idle(struct usb_ring *ring)
{
	int ret = 0;

	while (!ret && !ring->end && !ring->is_stopping && ring->idle_count && ring->empty_count) {
		unsigned transfer = ring->idle[ring->idle_count - 1];
		unsigned buffer = ring->empty[ring->empty_count - 1];

		ring->buffer_of[transfer] = buffer;
		ret = ring->carrier->submit(ring->context, transfer, ring->buffers[buffer].bytes,
					    ring->transfer_bytes);
		if (ret)
			break;
		ring->idle_count--;
		ring->empty_count--;
		ring->is_flying[transfer] = true;
		ring->flying++;
	}
	return ret;
}

static void submit_more(struct usb_ring *ring)
{
	int ret = submit_idle(ring);

	if (ret)
		submit_failed(ring, ret);
	else
		ring->is_short_of_memory = false;
}

static void buffer_to_reader(struct usb_ring *ring, unsigned buffer, size_t count, int64_t now_ns)
{
	ring->buffers[buffer].count = count;
	ring->buffers[buffer].t_mono_ns = now_ns;
	ring->ready[(ring->ready_first + ring->ready_count++) % ring->buffer_count] = buffer;
}

static void held_release(struct usb_ring *ring)
{
	if (ring->held < 0)
		return;
	ring->empty[ring->empty_count++] = (unsigned)ring->held;
	ring->held = -1;
	if (!ring->is_short_of_memory)
		submit_more(ring);
}

static bool wait_changed(struct usb_ring *ring, int64_t deadline_ns)
{
	const struct timespec until = {.tv_sec = deadline_ns / 1000000000,
				       .tv_nsec = deadline_ns % 1000000000};

	return pthread_cond_timedwait(&ring->changed, &ring->lock, &until) != ETIMEDOUT;
}

/* Waits until so many buffers are ready, or no more will come, or the time is over. */
static void wait_ready(struct usb_ring *ring, unsigned wanted, int64_t deadline_ns)
{
	ring->wanted = wanted;
	while (ring->ready_count < wanted && (ring->flying || !(ring->end || ring->is_stopping)))
		if (!wait_changed(ring, deadline_ns))
			break;
	ring->wanted = 0;
}

static bool is_worth_waking(const struct usb_ring *ring)
{
	return ring->end || ring->is_stopping ||
	       (ring->wanted && ring->ready_count >= ring->wanted);
}

/* ---- the calls ---- */

/* A transfer may come back while this runs: cancelling it is nothing then, for none is submitted
 * any more. */
static void cancel_all(struct usb_ring *ring)
{
	for (unsigned i = 0; i < ring->transfers; i++) {
		bool is_flying;

		pthread_mutex_lock(&ring->lock);
		is_flying = ring->is_flying[i];
		pthread_mutex_unlock(&ring->lock);
		if (is_flying)
			ring->carrier->cancel(ring->context, i);
	}
}

int usb_ring_start(struct usb_ring *ring, struct err *err)
{
	bool has_ended;
	int ret;

	pthread_mutex_lock(&ring->lock);
	ret = submit_idle(ring);
	ring->idle_count = 0; /* what did not fit is left out for good */
	if (ret && ret != -ENOMEM)
		end_set(ring, ret, "a transfer could not be submitted");
	has_ended = ring->end;
	ret = ring->flying ? 0 : ret;
	pthread_mutex_unlock(&ring->lock);
	if (has_ended)
		cancel_all(ring);
	if (ret == -ENOMEM)
		return err_set(err, ret,
			       "the kernel has no memory for a transfer of %zu bytes: raise "
			       "/sys/module/usbcore/parameters/usbfs_memory_mb",
			       ring->transfer_bytes);
	return ret ? err_set(err, ret, "the first transfer: %s", strerror(-ret)) : 0;
}

void usb_ring_complete(struct usb_ring *ring, unsigned transfer, int code, size_t count,
		       const struct err *err)
{
	int64_t now_ns = link_now_ns();
	unsigned buffer;
	bool has_ended;

	pthread_mutex_lock(&ring->lock);
	assert(ring->is_flying[transfer]);
	buffer = ring->buffer_of[transfer];
	ring->is_flying[transfer] = false;
	ring->flying--;
	ring->idle[ring->idle_count++] = transfer;
	has_ended = ring->end;
	if (code && code != -ECANCELED)
		end_set(ring, code, err ? err->text : strerror(-code));
	submit_more(ring);
	if (count)
		buffer_to_reader(ring, buffer, count, now_ns);
	else
		ring->empty[ring->empty_count++] = buffer;
	if (!count)
		submit_more(ring);
	has_ended = !has_ended && ring->end;
	if (is_worth_waking(ring))
		pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
	if (has_ended)
		cancel_all(ring);
}

int usb_ring_retry(struct usb_ring *ring)
{
	int ms = RETRY_MAX_MS;
	bool had_ended, has_ended;

	pthread_mutex_lock(&ring->lock);
	had_ended = ring->end;
	if (ring->is_short_of_memory) {
		submit_more(ring);
		ring->retry_ms = ring->is_short_of_memory ? 2 * ring->retry_ms : RETRY_MIN_MS;
		if (ring->retry_ms > RETRY_MAX_MS)
			ring->retry_ms = RETRY_MAX_MS;
		if (ring->is_short_of_memory)
			ms = ring->retry_ms;
	}
	has_ended = !had_ended && ring->end;
	if (has_ended)
		pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
	if (has_ended)
		cancel_all(ring);
	return ms;
}

static int chunk_take(struct usb_ring *ring, struct usb_chunk *ret_chunk)
{
	unsigned buffer = ring->ready[ring->ready_first];

	ring->ready_first = (ring->ready_first + 1) % ring->buffer_count;
	ring->ready_count--;
	ring->held = (int)buffer;
	*ret_chunk = (struct usb_chunk){ring->buffers[buffer].bytes, ring->buffers[buffer].count,
					ring->buffers[buffer].t_mono_ns};
	return 0;
}

static int read_result(struct usb_ring *ring, struct usb_chunk *ret_chunk, int timeout_ms,
		       struct err *err)
{
	if (ring->ready_count)
		return chunk_take(ring, ret_chunk);
	if (ring->flying || !(ring->end || ring->is_stopping))
		return err_set(err, -ETIMEDOUT, "nothing came within %d ms", timeout_ms);
	if (ring->end)
		return err_set(err, ring->end, "%s", ring->end_err.text);
	return err_set(err, -ENODATA, "the stream was stopped");
}

int usb_ring_read(struct usb_ring *ring, struct usb_chunk *ret_chunk, int timeout_ms,
		  struct err *err)
{
	int64_t deadline_ns = deadline_after_ms(timeout_ms);
	bool had_ended, has_ended;
	int ret;

	pthread_mutex_lock(&ring->lock);
	had_ended = ring->end;
	held_release(ring);
	has_ended = !had_ended && ring->end;
	pthread_mutex_unlock(&ring->lock);
	if (has_ended)
		cancel_all(ring);

	pthread_mutex_lock(&ring->lock);
	if (!ring->ready_count) {
		int64_t gathered_ns = deadline_after_ms(USB_RING_GATHER_MS);

		wait_ready(ring, ring->buffer_count / 2,
			   gathered_ns < deadline_ns ? gathered_ns : deadline_ns);
		wait_ready(ring, 1, deadline_ns);
	}
	ret = read_result(ring, ret_chunk, timeout_ms, err);
	pthread_mutex_unlock(&ring->lock);
	return ret;
}

int usb_ring_stop(struct usb_ring *ring, int limit_ms)
{
	int64_t deadline_ns = deadline_after_ms(limit_ms);
	int ret;

	pthread_mutex_lock(&ring->lock);
	ring->is_stopping = true;
	pthread_mutex_unlock(&ring->lock);
	cancel_all(ring);

	pthread_mutex_lock(&ring->lock);
	while (ring->flying)
		if (limit_ms < 0)
			pthread_cond_wait(&ring->changed, &ring->lock);
		else if (!wait_changed(ring, deadline_ns))
			break;
	ret = ring->flying ? -ETIMEDOUT : 0;
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
	return ret;
}
