/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How repeats of one measurement agree, how two clocks compare over the same work, and whether a
 * trace is as long as its markers say.
 */
#ifndef ANALYSIS_TRACE_REPEAT_H
#define ANALYSIS_TRACE_REPEAT_H

#include <stddef.h>

#include "analysis/trace/error.h"

enum { REPEAT_MAX = 64 };

struct repeat_result {
	double median, mean;
	double cv_rel;         /* sample standard deviation over mean; 0 with one */
	double first_last_rel; /* last over first, less 1 */
	double range_rel;      /* (largest - least) / median */
	double worst_rel; /* the repeat furthest from the median: signed distance, relative ... */
	size_t worst;     /* ... and its index */
};

/* count positive values, 1..REPEAT_MAX. ANALYSIS_BAD_ARGUMENT. */
int repeat_judge(const double *values, size_t count, struct repeat_result *ret_result);

struct clock_comparison {
	double ratio;          /* f_DUT / f_meter relative to nominal: DUT time over meter time */
	double u_ratio;        /* standard, from the resolution of both times */
	double difference_rel; /* throughput by the DUT's clock over that by the meter's, less 1:
				  1 / ratio - 1 */
};

/* The same work timed by the DUT's counter and by the meter: seconds per piece of work, with
 * standard uncertainties. ANALYSIS_BAD_ARGUMENT. */
int clock_compare(double dut_s, double dut_u_s, double meter_s, double meter_u_s,
		  struct clock_comparison *ret_comparison);

struct rate_check {
	double excess_s; /* trace after the last edge */
	double stretch;  /* trace duration over what edges and usual tail explain: 1 when sound */
};

/* A trace at rate_hz with a last edge, of which the recording ends tail_s later (usual; between 0
 * and tail_max_s). Returns 0, ANALYSIS_OUTSIDE_CAPTURE when the last edge lies behind the trace's
 * end, or ANALYSIS_BAD_RATE when it goes on for longer than tail_max_s: interleaved extra samples,
 * a wrong rate (EEMBC energyrunner issue 24: 1.33x, 2x). *ret_check is filled in all three cases.
 * ANALYSIS_BAD_ARGUMENT. */
int rate_check_tail(size_t samples, double rate_hz, double last_edge_s, double tail_s,
		    double tail_max_s, struct rate_check *ret_check);

#endif
