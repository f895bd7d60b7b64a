/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Energy of windows in a trace of energy samples, as power monitors in energy mode give it (LPM01A,
 * and the traces of MLPerf Tiny submissions): sample k is the energy that flowed in [k, k+1) /
 * rate_hz.
 *
 * Edges are fractional: a window that begins at k + 0.25 takes 0.75 of sample k. Sums are
 * compensated.
 */
#ifndef ANALYSIS_TRACE_ENERGY_H
#define ANALYSIS_TRACE_ENERGY_H

#include <stddef.h>

#include "analysis/trace/error.h"

enum { ENERGY_PARTS = 10 }; /* a window is looked at in so many equal parts */

/* The array stays the caller's and is only read. */
struct energy_trace {
	const float *samples;
	size_t count;
	double rate_hz;
	double joule_per_unit; /* of the samples: 1e-6 when they are microjoules */
};

/* What cannot be: where it is first, and how often. Indices are meaningless where the count is 0.
 */
struct energy_scan {
	size_t not_finite, first_not_finite;
	size_t negative, first_negative;
	size_t zero, first_zero;
};

struct energy_window {
	double energy_j, duration_s, mean_power_w;
	double part_power_w[ENERGY_PARTS]; /* mean power of each part of the window */
	double half_drift_rel;             /* second half over first half, less 1 */
	double end_drift_rel; /* last two parts over the first, less 1: settling that halves
				 average away */
	double u_scatter_rel; /* type A of the mean from the parts' scatter: s.d. / sqrt(parts) */
	double min_power_w;   /* least sample that the window touches */
};

/* Samples [first, end); end is cut at the trace's. Never fails. */
struct energy_scan energy_trace_scan(const struct energy_trace *trace, size_t first, size_t end);

/* [start_s, end_s) from the trace's begin. ANALYSIS_BAD_ARGUMENT: no samples, a rate or unit that
 * is not a positive number, a time that is no number; ANALYSIS_OUTSIDE_CAPTURE: not within the
 * trace, or empty; ANALYSIS_NOT_FINITE: a sample the window touches is no number. */
int energy_window_integrate(const struct energy_trace *trace, double start_s, double end_s,
			    struct energy_window *ret_window);
/* A window, integrated before, that holds so many repeats of the same work: parts of whole repeats
 * instead of tenths, so that phases of one repeat are no drift. Leaves it as it is when there are
 * fewer repeats than parts. */
void energy_window_divide(const struct energy_trace *trace, double start_s, double end_s,
			  double repeats, struct energy_window *window);

#endif
