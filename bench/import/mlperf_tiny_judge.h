/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parts of the judgement of an MLPerf Tiny result.
 */
#ifndef BENCH_IMPORT_MLPERF_TINY_JUDGE_H
#define BENCH_IMPORT_MLPERF_TINY_JUDGE_H

#include <math.h>

#include "bench/import/mlperf_tiny.h"

#define TINY_STAMP_S 1e-3 /* edges are known to a millisecond, by both runners */

static inline bool tiny_close_to(double value, double expected, double absolute, double relative)
{
	return fabs(value - expected) <= absolute + relative * fabs(expected);
}

struct energy_trace tiny_trace_of(const struct tiny_result *result);

/* Where a sample is in its file: by its byte, or by its run. */
struct tiny_place {
	char text[64];
};
struct tiny_place tiny_place_of(const struct tiny_result *result, size_t sample);

/* Edges into windows; false when there are none that can be used, and a finding says why. */
bool tiny_judge_edges(struct tiny_result *result, struct falling_windows *ret_windows);

/* energy/results.txt against itself; fills published_j. */
void tiny_judge_results(struct tiny_result *result);

/* performance/results.txt against itself. It is only held against the energy run: what is wrong in
 * it flags, and has_performance becomes false. */
void tiny_judge_performance(struct tiny_result *result);

/* What the samples' levels say against the windows: a monitor at its limit or hung, edges that are
 * not those of the load, a power that no board has. */
void tiny_judge_levels(struct tiny_result *result);

/* What the logs and other files say of model, supply and monitors. */
void tiny_judge_notes(struct tiny_result *result);

/* Whether each run took about as long by the host's clock as its window lasts. */
void tiny_judge_log_times(struct tiny_result *result);

/* Uncertainties of the windows per inference, their mean, and the median power. */
void tiny_judge_uncertainty(struct tiny_result *result);

/* Seconds per inference as printed, median over windows; NaN without. *ret_u_s: its standard
 * uncertainty from the digits printed. Roundings are alike, so the median is no better known than
 * one. */
double tiny_printed_pace_s(const struct tiny_results *results, double *ret_u_s);

#endif
