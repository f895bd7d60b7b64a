/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The marker lines of a capture as the host saw them, for meters without logic inputs: all edges in
 * the meter's sample index, with what is not known of their places.
 *
 * The clock map (clock_map.h) lies under the arrivals of the meter's blocks; by how much every
 * block is late it cannot see. Bounds can: moments at which a sample had certainly not ended yet.
 * The line's latency is between 0 and its least distance to a bound, evenly. Where bounds and
 * arrivals contradict each other, by so much the map is uncertain, to either side.
 *
 * A map's residual: before or behind an edge, all of the nearest arrivals may be later than the
 * line has them, as when a clock does not run evenly, or jumped. The least of these delays is what
 * the map may be off there, evenly.
 */
#ifndef ANALYSIS_TRACE_HOST_LINES_H
#define ANALYSIS_TRACE_HOST_LINES_H

#include "analysis/trace/host_edges.h"

/* A boundary between samples: the end of a block that had arrived at t_mono_ns; or what had not
 * ended before t_mono_ns. */
struct host_mark {
	uint64_t index;
	int64_t t_mono_ns;
};

struct host_lines_input {
	const struct host_mark *arrivals; /* in order */
	size_t arrival_count;
	const struct host_mark *bounds; /* at least one */
	size_t bound_count;
	const struct host_edge *edges; /* of each line in order */
	size_t edge_count;
	unsigned line_count;
	struct host_edge_timing timing;
	double u_sampling; /* further standard uncertainty of each edge, in samples */
};

struct host_lines {
	struct clock_line line;
	double latency_ns, u_latency_ns; /* of the blocks; the line is without it */
	double contradiction_ns;         /* of bounds and arrivals; 0: none */
	double u_samples;                /* of the least certain edge */
	double residual_ns;              /* the largest about an edge */
	uint64_t repeats; /* edges in the direction of the one before: another was between them */
	uint8_t high;     /* bit n: line n before its first edge. No edge: low */
};

/* ret_events: room for edge_count, of which *ret_count are given, by position; not those that
 * change nothing (repeats). Edges too close to one of the window's to tell which came first are put
 * into its place, so that they count as such. ANALYSIS_TOO_FEW_POINTS: the capture is too short for
 * a map; ANALYSIS_BAD_ARGUMENT. */
int host_lines_map(const struct host_lines_input *input, struct marker_event *ret_events,
		   size_t *ret_count, struct host_lines *ret_lines);

/* The levels as a meter would have sampled them in the middle of each sample; bit n: line n. next:
 * the first event behind, 0 and levels as host_lines.high at the start; kept by the caller. */
struct host_levels {
	const struct marker_event *events;
	size_t count, next;
	uint8_t levels;
};
uint8_t host_levels_at(struct host_levels *levels, uint64_t index); /* indices ascend */

#endif
