/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Edges of marker lines on the host's GPIO, for meters without logic inputs of their own. The
 * kernel stamps an edge in its interrupt handler: some ten microseconds late, at times hundreds
 * (chips behind I2C or SPI: useless). Markers that a meter samples itself are better by far.
 *
 *   gpio:/dev/gpiochip0:17,27,22    lines of the chip; the first is marker line 0
 *
 * The character device's version 2 (kernel 5.10) numbers its edges, so that lost ones show. Without
 * it version 1 is used through libgpiod: 16 edges wait per line, a lost one shows only in two of one
 * direction after each other, and a lost pair does not show.
 *
 * A thread of its own takes the edges; everything here is called by one owner.
 */
#ifndef DRIVERS_MARKER_MARKER_H
#define DRIVERS_MARKER_MARKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

enum { MARKER_LINES_MAX = 3 };

struct marker_edge {
	int64_t t_mono_ns; /* CLOCK_MONOTONIC, the kernel's stamp */
	unsigned line;     /* marker line */
	bool is_rising;
	uint64_t lost; /* of this line, between its last edge and this one; see above */
};

struct marker;

/* Requests the lines and begins to take edges. -ENOENT: no such chip; -EACCES: no permission (the
 * sentence says which udev rule); -EBUSY: somebody holds a line; -EINVAL: malformed uri, or the chip
 * has no such line. */
int marker_open(const char *uri, struct marker **ret_marker, struct err *err);
void marker_close(struct marker *marker); /* accepts NULL; ends the thread */

/* Whether edges are numbered, so that every lost one shows. */
bool marker_is_numbered(const struct marker *marker);
/* The edges that wait, 1 to capacity, in the order of each line. -ETIMEDOUT: none came in
 * timeout_ms; -ENODEV: the chip is gone, after every edge from before has been read; -EOVERFLOW: the
 * owner did not read for so long that edges were dropped here; -ENOTSUP: the kernel (before 5.7)
 * stamps edges with another clock. The latter three stay. */
int marker_read(struct marker *marker, struct marker_edge *edges, size_t capacity, int timeout_ms,
		size_t *ret_count, struct err *err);

#endif
