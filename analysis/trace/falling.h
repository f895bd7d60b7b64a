/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Markers of the single falling-edge protocol of EEMBC's EnergyRunner: one line, every event is the
 * same falling edge. One edge comes when the device is ready, then two for each window: start and
 * stop. Nothing tells a start from a stop, so one lost edge turns every later window into the gap
 * between two windows: only the number of edges shows it, and what else is known of the windows'
 * durations.
 */
#ifndef ANALYSIS_TRACE_FALLING_H
#define ANALYSIS_TRACE_FALLING_H

#include <stddef.h>

#include "analysis/trace/error.h"

enum { FALLING_WINDOWS_MAX = 16 };

struct falling_window {
	size_t first_edge; /* index of its start edge; its stop edge is the next */
	double start_s, end_s;
};

struct falling_windows {
	size_t count;
	struct falling_window windows[FALLING_WINDOWS_MAX];
};

/* Edges that are numbers, not negative, each later than the one before: the index of the first that
 * is not, or count. */
size_t falling_first_unordered(const double *edges_s, size_t count);

/* Exactly 1 + 2 * windows edges, decoded as the protocol says. ANALYSIS_BAD_ARGUMENT (unordered
 * edges, no or too many windows), ANALYSIS_NO_EDGE, ANALYSIS_LOST_EDGES, ANALYSIS_EXTRA_EDGES. */
int falling_decode(const double *edges_s, size_t count, size_t windows,
		   struct falling_windows *ret_windows);

/* What the edges may have been when their number is wrong: disjoint pairs of consecutive edges,
 * from the first on, whose distance is duration_s within tolerance_rel. At most `windows` pairs;
 * more than that, or none, is ANALYSIS_NO_EDGE: the durations do not tell. Evidence to be shown,
 * never to be used silently. */
int falling_find_by_duration(const double *edges_s, size_t count, size_t windows, double duration_s,
			     double tolerance_rel, struct falling_windows *ret_windows);

#endif
