/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ratio of the DUT's clock to the meter's: DUT cycles per meter sample. Nominal frequencies are
 * never trusted (real boards are 0.1 - 1.3 % off); the ratio is estimated from every window and
 * each window is then checked against the others. A window that lost an edge or samples shows here.
 *
 * f_DUT = ratio * f_meter, with f_meter as well known as the meter says.
 */
#ifndef ANALYSIS_TRACE_CLOCK_H
#define ANALYSIS_TRACE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/error.h"

/* How many standard uncertainties a check adds to its tolerance. The difference of two uniform edge
 * errors never exceeds 2.5 of its own. */
#define CLOCK_CHECK_COVERAGE 3.0

/* Ratios further than this many robust standard deviations from the median are outliers. */
#define CLOCK_OUTLIER_LIMIT 5.0

struct clock_ratio {
	double cycles_per_sample;
	double u_cycles_per_sample; /* standard uncertainty */
};

struct clock_fit {
	struct clock_ratio ratio;
	size_t used, outliers;
	double scatter_rel; /* s.d. of the used ratios, relative; 0 with one */
	double birge_ratio; /* scatter over what the uncertainties explain; 0 with one. When above
			       1, the ratio's uncertainty has been multiplied by it */
};

struct clock_check {
	bool ok;              /* |deviation_rel| <= limit_rel */
	double deviation_rel; /* ratio / expected - 1: positive when the window is too short */
	double limit_rel;     /* tolerance + CLOCK_CHECK_COVERAGE standard uncertainties */
};

/* One window: cycles counted by the DUT between its marker writes, duration between the edges seen.
 * edge_u_samples: of each edge; cycles_u: of the count (jitter between counter and marker).
 * ANALYSIS_BAD_ARGUMENT. */
int clock_ratio_of_window(uint64_t cycles, double cycles_u, double duration_samples,
			  double edge_u_samples, struct clock_ratio *ret_ratio);

/* Weighted mean of count windows' ratios after dropping outliers from the median (robust s.d.:
 * 1.4826 * median absolute deviation, or the ratio's own uncertainty when larger). Outliers are
 * counted, never silent. ANALYSIS_BAD_ARGUMENT, ANALYSIS_BAD_UNCERTAINTY, ANALYSIS_NO_MEMORY. */
int clock_fit_ratios(const struct clock_ratio *ratios, size_t count, struct clock_fit *ret_fit);

/* One window against a fitted ratio, or a nominal one (with its own uncertainty, 0 allowed).
 * ANALYSIS_BAD_ARGUMENT. */
int clock_check_window(const struct clock_ratio *window, const struct clock_ratio *expected,
		       double tolerance_rel, struct clock_check *ret_check);

/* All windows of one board at one clock level, added one by one in constant memory: the pooled
 * ratio and how it drifts. Outliers are the caller's to keep out (clock_check_window), or
 * clock_fit_ratios's. */
struct clock_pool {
	size_t count;
	double weight; /* sums of 1/u^2 and, about the running means, */
	double at_mean, ratio_mean;
	double at_at, at_ratio, ratio_ratio; /* of squares and products */
};

struct clock_drift {
	struct clock_ratio ratio; /* pooled: weighted mean; u multiplied by birge_ratio above 1 */
	double birge_ratio;       /* of the mean; 0 with one window */
	double drift_rel_per_s; /* of the ratio, by a line through the windows; 0 with fewer ... */
	double u_drift_rel_per_s; /* ... than 3 windows or all at one time, and u 0 then */
	double at_s;              /* time of the pooled ratio: the weighted mean */
	bool drifts;              /* |drift| > CLOCK_CHECK_COVERAGE * u */
};

void clock_pool_init(struct clock_pool *pool);
/* at_s: the window's middle, on any clock. ANALYSIS_BAD_ARGUMENT, ANALYSIS_BAD_UNCERTAINTY. */
int clock_pool_add(struct clock_pool *pool, const struct clock_ratio *ratio, double at_s);
/* ANALYSIS_TOO_FEW_POINTS: none. */
int clock_pool_fit(const struct clock_pool *pool, struct clock_drift *ret_drift);
/* The ratio expected at a time, by the pooled ratio and, if it drifts, its drift. */
struct clock_ratio clock_drift_at(const struct clock_drift *drift, double at_s);

/* f_DUT from a ratio and the meter's own rate (clock_map.h), with both uncertainties. */
struct clock_frequency {
	double hz, u_hz;
};

struct clock_frequency clock_dut_frequency(const struct clock_ratio *ratio, double meter_hz,
					   double u_meter_hz);

#endif
