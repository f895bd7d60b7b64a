/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A source of marker edges to begin one from: all of marker.h in one file, which its test links in
 * the place of the product's. Sources of the product are kinds behind marker.c, which has the thread
 * and the queue: struct marker_ops of kinds.h, as socket.c fills it, and a row of its table.
 *
 *   square:PERIOD_MS    marker line 0 rises and falls by itself, half a period each
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/link/link.h"
#include "drivers/marker/marker.h"

enum { PERIOD_MS_MAX = 10000 };

struct marker {
	int64_t half_ns, next_ns; /* of the next edge */
	bool is_high;
};

int marker_open(const char *uri, struct marker **ret_marker, struct err *err)
{
	static const char scheme[] = "square:";
	size_t length = strlen(scheme);
	struct marker *marker;
	char *end;
	unsigned long period_ms;

	if (strncmp(uri, scheme, length) || uri[length] < '1' || uri[length] > '9')
		return err_set(err, -EINVAL, "'%s' is no square wave, as square:10", uri);
	period_ms = strtoul(uri + length, &end, 10);
	if (*end || period_ms > PERIOD_MS_MAX)
		return err_set(err, -EINVAL, "'%s': a period of 1 to %d ms", uri, PERIOD_MS_MAX);
	marker = calloc(1, sizeof(*marker));
	if (!marker)
		return err_set(err, -ENOMEM, "%s: out of memory", uri);
	marker->half_ns = (int64_t)period_ms * 500000;
	marker->next_ns = link_now_ns() + marker->half_ns;
	*ret_marker = marker;
	return 0;
}

void marker_close(struct marker *marker)
{
	free(marker);
}

/* None is ever lost here. A source that cannot tell says false, and marker.h what shows then. */
bool marker_is_numbered(const struct marker *marker)
{
	(void)marker;
	return true;
}

static void sleep_until(int64_t t_ns)
{
	const struct timespec until = {.tv_sec = t_ns / 1000000000, .tv_nsec = t_ns % 1000000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

/* Stamps are those of the edges, not of when they are read. */
int marker_read(struct marker *marker, struct marker_edge *edges, size_t capacity, int timeout_ms,
		size_t *ret_count, struct err *err)
{
	int64_t deadline_ns = link_now_ns() + timeout_ms * INT64_C(1000000);
	size_t count = 0;

	sleep_until(marker->next_ns < deadline_ns ? marker->next_ns : deadline_ns);
	for (; count < capacity && marker->next_ns <= link_now_ns(); count++) {
		marker->is_high = !marker->is_high;
		edges[count] = (struct marker_edge){.t_mono_ns = marker->next_ns,
						    .is_rising = marker->is_high};
		marker->next_ns += marker->half_ns;
	}
	if (!count)
		return err_set(err, -ETIMEDOUT, "square: no edge in %d ms", timeout_ms);
	*ret_count = count;
	return 0;
}
