/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A link with a device played by the test behind it, on a clock of its own: waiting costs no time.
 * Including this file replaces all of drivers/link in the test's program.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_LINK_H
#define TESTS_UNIT_DRIVERS_FAKE_LINK_H

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "drivers/link/link.h"

enum { FAKE_QUEUE_BYTES = 1 << 22, FAKE_QUEUE_CHUNKS = 16384 };

struct fake_chunk {
	int64_t t_ns; /* when it arrives */
	size_t begin, end;
};

struct link {
	const char *identity;
	void (*on_write)(void *device, const uint8_t *bytes, size_t count);
	void (*before_read)(void *device, int64_t until_ns); /* may be NULL */
	void (*on_lines)(void *device, bool dtr, bool rts);  /* may be NULL */
	void *device;
	int64_t now_ns;
	int64_t busy_ns;     /* the host loses that much time in its next read, once bytes came */
	size_t read_max;     /* bytes per read, 0: any */
	size_t holds;        /* 0: as a tty */
	unsigned waits;      /* so far: sleeps, and reads that found nothing at once */
	size_t most_waiting; /* bytes that had arrived when a read began */
	bool is_gone, dtr, rts;
	const char *uri; /* under which link_open_taped finds it; NULL: under none */
	struct link_settings settings;
	unsigned closed;
	uint8_t queue[FAKE_QUEUE_BYTES];
	size_t queued;
	struct fake_chunk chunks[FAKE_QUEUE_CHUNKS];
	size_t chunk_first, chunk_end;
};

static struct link fake_link;
/* The same as the port of a meter. */
#define fake_port ((struct meter_port){.link = &fake_link})

static inline void fake_link_init(void)
{
	memset(&fake_link, 0, sizeof(fake_link));
	fake_link.identity = "";
	fake_link.now_ns = 1000000000;
}

/* Bytes that reach the host delay_ns from now (never before earlier ones). */
static inline void fake_link_send(const void *bytes, size_t count, int64_t delay_ns)
{
	struct fake_chunk *chunk;

	if (fake_link.chunk_first == fake_link.chunk_end)
		fake_link.chunk_first = fake_link.chunk_end = fake_link.queued = 0;
	assert(fake_link.chunk_end < FAKE_QUEUE_CHUNKS);
	assert(fake_link.queued + count <= FAKE_QUEUE_BYTES);
	chunk = &fake_link.chunks[fake_link.chunk_end++];
	chunk->t_ns = fake_link.now_ns + delay_ns;
	if (chunk > fake_link.chunks && chunk->t_ns < chunk[-1].t_ns && chunk[-1].end)
		chunk->t_ns = chunk[-1].t_ns;
	chunk->begin = fake_link.queued;
	memcpy(fake_link.queue + fake_link.queued, bytes, count);
	fake_link.queued += count;
	chunk->end = fake_link.queued;
}

int link_open(const char *uri, const struct link_settings *settings, struct link **ret_link,
	      struct err *err)
{
	(void)settings;
	(void)ret_link;
	return err_set(err, -ENOENT, "%s: no such port", uri);
}

int link_open_taped(struct link_tape *tape, const char *uri, const struct link_settings *settings,
		    struct link **ret_link, struct err *err)
{
	(void)tape;
	if (!fake_link.uri || strcmp(uri, fake_link.uri))
		return err_set(err, -ENOENT, "%s: no such port", uri);
	fake_link.settings = *settings;
	*ret_link = &fake_link;
	return 0;
}

void link_close(struct link *link)
{
	if (link)
		link->closed++;
}

int link_set(struct link *link, const struct link_settings *settings, struct err *err)
{
	link->settings = *settings;
	return link->is_gone ? err_set(err, -ENODEV, "gone") : 0;
}

int link_set_lines(struct link *link, bool dtr_asserted, bool rts_asserted, struct err *err)
{
	link->dtr = dtr_asserted;
	link->rts = rts_asserted;
	if (link->on_lines && !link->is_gone)
		link->on_lines(link->device, dtr_asserted, rts_asserted);
	return link->is_gone ? err_set(err, -ENODEV, "gone") : 0;
}

static inline void fake_link_watch(struct link *link)
{
	size_t waiting = 0;

	for (size_t i = link->chunk_first; i < link->chunk_end; i++)
		if (link->chunks[i].t_ns <= link->now_ns)
			waiting += link->chunks[i].end - link->chunks[i].begin;
	if (waiting > link->most_waiting)
		link->most_waiting = waiting;
}

static inline size_t fake_link_take(struct link *link, void *buffer, size_t capacity)
{
	size_t count = 0;

	while (link->chunk_first < link->chunk_end && count < capacity) {
		struct fake_chunk *chunk = &link->chunks[link->chunk_first];
		size_t part = chunk->end - chunk->begin;

		if (chunk->t_ns > link->now_ns)
			break;
		if (part > capacity - count)
			part = capacity - count;
		memcpy((uint8_t *)buffer + count, link->queue + chunk->begin, part);
		chunk->begin += part;
		count += part;
		if (chunk->begin == chunk->end)
			link->chunk_first++;
	}
	return count;
}

int link_read(struct link *link, void *buffer, size_t capacity, int timeout_ms, size_t *ret_count,
	      struct err *err)
{
	int64_t until_ns = link->now_ns + (int64_t)timeout_ms * 1000000;
	int64_t next_ns;

	assert(capacity > 0 && timeout_ms >= 0);
	if (link->before_read)
		link->before_read(link->device, until_ns);
	fake_link_watch(link);
	if (link->read_max && capacity > link->read_max)
		capacity = link->read_max;
	next_ns = link->chunk_first < link->chunk_end ? link->chunks[link->chunk_first].t_ns
						      : INT64_MAX;
	if (next_ns > until_ns && link->is_gone)
		return err_set(err, -ENODEV, "gone");
	if (next_ns > link->now_ns) {
		link->waits += timeout_ms > 0;
		link->now_ns = next_ns < until_ns ? next_ns : until_ns;
	}
	*ret_count = fake_link_take(link, buffer, capacity);
	if (*ret_count) {
		link->now_ns += link->busy_ns;
		link->busy_ns = 0;
	}
	return 0;
}

int link_read_exactly(struct link *link, void *buffer, size_t count, int timeout_ms,
		      size_t *ret_count, struct err *err)
{
	int64_t until_ns = link->now_ns + (int64_t)timeout_ms * 1000000;
	size_t done = 0;
	int ret = 0;

	while (!ret && done < count) {
		size_t got = 0;
		int left_ms = (int)((until_ns - link->now_ns + 999999) / 1000000);

		ret = link_read(link, (uint8_t *)buffer + done, count - done,
				left_ms > 0 ? left_ms : 0, &got, err);
		done += got;
		if (!ret && done < count && link->now_ns >= until_ns)
			ret = err_set(err, -ETIMEDOUT, "timed out");
	}
	if (ret_count)
		*ret_count = done;
	return ret;
}

int link_write(struct link *link, const void *bytes, size_t count, int timeout_ms, struct err *err)
{
	(void)timeout_ms;
	if (link->is_gone)
		return err_set(err, -ENODEV, "gone");
	link->on_write(link->device, bytes, count);
	return 0;
}

int link_discard(struct link *link, int quiet_ms, int limit_ms, struct err *err)
{
	int64_t until_ns = link->now_ns + (int64_t)limit_ms * 1000000;
	uint8_t dropped[512];
	size_t count;

	do {
		int rc = link_read(link, dropped, sizeof(dropped), quiet_ms, &count, err);

		if (rc)
			return rc;
	} while (count && link->now_ns < until_ns);
	return 0;
}

size_t link_holds(const struct link *link)
{
	return link->holds ? link->holds : 4096 - 128; /* a tty */
}

const char *link_uri(const struct link *link)
{
	(void)link;
	return "fake:";
}

const char *link_identity(const struct link *link)
{
	return link->identity;
}

bool link_is_virtual(const struct link *link)
{
	return !strncmp(link->identity, "virtual-rig", strlen("virtual-rig"));
}

int64_t link_now_ns(void)
{
	return fake_link.now_ns;
}

int64_t link_clock_ns(const struct link *link)
{
	return link->now_ns;
}

void link_sleep_ms(const struct link *link, int duration_ms)
{
	(void)link;
	fake_link.waits++;
	fake_link.now_ns += (int64_t)duration_ms * 1000000;
}

#endif
