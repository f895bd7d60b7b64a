/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Edges of marker lines that the host sees itself, for meters without logic inputs of their own.
 * Markers that a meter samples itself are better by far.
 *
 *   gpio:/dev/gpiochip0:17,27,22    lines of the host's GPIO chip; the first is marker line 0
 *   gpio-sim:/dev/gpiochip0:0,1,2   a virtual lab's lines, on a chip of the kernel's gpio-sim
 *   socket:PATH                     a virtual lab's lines, on a stream socket (AF_UNIX)
 *
 * gpio: the kernel stamps an edge in its interrupt handler: some ten microseconds late, at times
 * hundreds (chips behind I2C or SPI: useless). The character device's version 2 (kernel 5.10)
 * numbers its edges, so that lost ones show. Without it version 1 is used through libgpiod: 16
 * edges wait per line, a lost one shows only in two of one direction after each other, and a lost
 * pair does not show.
 *
 * gpio-sim: the same, of a chip that has to be a simulated one.
 *
 * socket: who connects gets the line "joulebench-markers 1", and then a line per edge,
 *
 *   LINE DIRECTION T_NS NUMBER      e.g. "0 r 81234567890 1"
 *
 * fields separated by one space, ended by LF: marker line, 0 to 2; "r" or "f"; CLOCK_MONOTONIC of
 * this host in ns when the edge was due in the lab's time, with a latency as an interrupt has; the
 * edge's number on its line, from 1 on for every client, modulo 2^32. Edges that got lost are
 * numbered, too. Somebody else is served: the line "busy". What is sent to the lab is not read.
 *
 * A thread of its own takes the edges; everything here is called by one owner.
 */
#ifndef DRIVERS_MARKER_MARKER_H
#define DRIVERS_MARKER_MARKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

enum { MARKER_LINES = 3 };

struct marker_edge {
	int64_t t_mono_ns; /* CLOCK_MONOTONIC, the kernel's stamp */
	unsigned line;     /* marker line */
	bool is_rising;
	uint64_t lost; /* of this line, between its last edge and this one; see above */
};

/* From an edge to its stamp. Assumed, for a host that is not busy (device sheet gpiod_v1, Jitter:
 * 5 to 50 us; measure it by a loop from an output to an input). */
struct marker_timing {
	double latency_ns;   /* mean */
	double u_latency_ns; /* standard uncertainty of that mean */
	double jitter_ns;    /* standard deviation from edge to edge */
};

struct marker;
struct link_tape;

/* Reads a uri, touches no device. -EINVAL: malformed. *ret_lines: how many lines it names, 0: those
 * that the lab has; *ret_virtual: the edges are those of a virtual lab. Either may be NULL. */
int marker_check_uri(const char *uri, unsigned *ret_lines, bool *ret_virtual, struct err *err);

/* Requests the lines and begins to take edges. -ENOENT: no such chip or socket; -EACCES: no
 * permission (the sentence says which udev rule); -EBUSY: somebody holds a line; -ECONNREFUSED:
 * nobody serves the socket; -EPROTO: it serves something else; -EINVAL: malformed uri, or the chip
 * has no such line; -ENXIO: the chip is not a simulated one. */
int marker_open(const char *uri, struct marker **ret_marker, struct err *err);
/* The same on a tape (drivers/link/record.h; NULL: none), which outlives the marker: what is read is
 * written to it, or comes from it and no line is touched. -ECANCELED: the replay is over. */
int marker_open_taped(const char *uri, struct link_tape *tape, struct marker **ret_marker,
		      struct err *err);
void marker_close(struct marker *marker); /* accepts NULL; ends the thread */

/* Whether edges are numbered. Every one that was lost behind the kernel's thread shows then; of
 * those that came before it got to the one before, only an odd count does. */
bool marker_is_numbered(const struct marker *marker);
bool marker_is_virtual(const struct marker *marker);
struct marker_timing marker_timing(const struct marker *marker);
/* The edges that wait, 1 to capacity, in the order of each line. -ETIMEDOUT: none came in
 * timeout_ms; -ENODEV: the chip is gone, or the lab has hung up, after every edge from before has
 * been read; -EOVERFLOW: the owner did not read for so long that edges were dropped here; -ENOTSUP:
 * the kernel (before 5.7) stamps edges with another clock; -EPROTO: the lab sent what is no edge.
 * The latter four stay. In a replay timeout_ms does not matter. */
int marker_read(struct marker *marker, struct marker_edge *edges, size_t capacity, int timeout_ms,
		size_t *ret_count, struct err *err);

#endif
