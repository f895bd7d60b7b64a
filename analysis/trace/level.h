/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the levels inside a window of energy samples tell of the monitor and of the edges.
 *
 * A monitor at its limit piles samples up at the largest value; one that hangs repeats a value; and
 * where the window's edges are not where the load begins and ends, because samples were lost or an
 * edge is late, its first or last milliseconds are at a level that it has nowhere else. None of it
 * shows in the energy, which is what such samples come to.
 */
#ifndef ANALYSIS_TRACE_LEVEL_H
#define ANALYSIS_TRACE_LEVEL_H

#include <stdbool.h>

#include "analysis/trace/energy.h"

struct level_check {
	double top_share; /* of the samples: exactly at the largest value */
	double top_pile;  /* how many times as many as at the second largest one */
	size_t longest_equal, longest_equal_at; /* equal samples in a row, and where in the trace */
	/* The first or last block, of the length where it is worst: so far, relative to the mean,
	 * is it outside of what equally long blocks inside reach. 0: within, or too short a window.
	 * A window far beside the load (1 s of 10 s) holds both levels inside, too: it drifts
	 * (energy.h). */
	double edge_off_rel, block_s;
	bool is_last;
};

/* [start_s, end_s) from the trace's begin. Errors are those of energy_window_integrate, and
 * ANALYSIS_BAD_ARGUMENT for a window without energy. */
int level_check_window(const struct energy_trace *trace, double start_s, double end_s,
		       struct level_check *ret_check);

#endif
