/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From current samples to charge and energy of one window.
 *
 * Positions are in samples of the array, fractional: sample k is the mean over [k, k+1), so a
 * window that begins at k + 0.25 takes 0.75 of sample k. Lost samples are not in the array; a gap
 * says where they would have been. A gap in a window refuses it, a gap elsewhere only moves
 * positions that nobody compares.
 *
 * Idle is the same current's level outside the window, guard samples away from its edges. Its value
 * for the window is the line through the two idle means at the window's middle, so a linear drift
 * of idle cancels.
 */
#ifndef ANALYSIS_TRACE_WINDOW_H
#define ANALYSIS_TRACE_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/error.h"

struct window_gap {
	size_t index;  /* array index of the first sample after the loss */
	uint64_t lost; /* samples lost there */
};

/* One capture; the arrays stay the caller's and are only read. */
struct window_capture {
	const float *current_a;
	size_t count;
	double rate_hz;           /* samples per second of the meter */
	const uint8_t *saturated; /* per sample, non-zero: at the meter's limit; NULL: not known */
	double range_max_a;       /* a sample at or above this counts as saturated; 0: no limit */
	const struct window_gap *gaps;
	size_t gap_count;
	/* Per sample, where the meter measures it: energy is then the sum of i * v. NULL: the
	 * request's supply_v stands for all of it. */
	const float *voltage_v;
};

struct window_request {
	double start_samples, end_samples;
	double supply_v;
	size_t guard_samples;    /* left out between window and idle, either side */
	size_t idle_min_samples; /* fewer refuse the window; at least 2 are needed */
	size_t idle_max_samples; /* the nearest so many are used; 0: all there are */
};

/* What stands against a window: all zero when nothing does. */
struct window_faults {
	uint64_t samples_lost; /* inside, or within one sample of an edge */
	size_t gaps;           /* in how many places */
	size_t saturated;      /* samples the window touches */
	size_t not_finite;     /* current or voltage */
};

struct window_idle {
	double mean_a, sd_a;
	double mean_w;   /* of i * v; supply_v * mean_a without voltage */
	double mean_u_a; /* standard deviation of the mean: from batches of consecutive samples, as
			    neighbours are correlated, or sd/sqrt(n) when that is larger */
	size_t samples;
	uint64_t samples_lost; /* gaps among them; they do not refuse */
	double middle_samples; /* position of the segment's middle */
};

struct window_result {
	double duration_s;
	double charge_c, mean_a;
	double sample_min_a, sample_max_a, sample_sd_a; /* over samples wholly inside; 0 if none */
	size_t samples_whole;
	double half_drift_a; /* mean of the second half minus that of the first: settling. The work
				in the halves differs unless the window holds many inferences */

	struct window_idle idle_before, idle_after;
	double idle_a;         /* at the window's middle */
	double idle_u_a;       /* from both means, and a uniform distribution between them */
	double idle_drift_a;   /* after minus before */
	double idle_drift_u_a; /* standard uncertainty of that difference */

	double mean_v;              /* over the window; supply_v without voltage */
	double idle_w;              /* at the window's middle */
	double energy_gross_j;      /* sum of i * v; V * Q without voltage */
	double energy_above_idle_j; /* less idle_w * T; V * (Q - idle_a * T) without voltage */
};

/* Counts faults; 0 whatever it finds. ANALYSIS_BAD_ARGUMENT, ANALYSIS_OUTSIDE_CAPTURE. */
int window_check(const struct window_capture *capture, double start_samples, double end_samples,
		 struct window_faults *ret_faults);

/* Charge of any [start, end) in coulombs, without judging it (compensated sum); not a number
 * when a sample is none. Same errors. */
int window_charge(const struct window_capture *capture, double start_samples, double end_samples,
		  double *ret_charge_c);

/* Refuses, in this order: ANALYSIS_BAD_ARGUMENT, _OUTSIDE_CAPTURE, _SAMPLES_LOST, _NOT_FINITE,
 * _SATURATED, _NO_IDLE_BEFORE, _NO_IDLE_AFTER, _BAD_IDLE. */
int window_integrate(const struct window_capture *capture, const struct window_request *request,
		     struct window_result *ret_result);

#endif
