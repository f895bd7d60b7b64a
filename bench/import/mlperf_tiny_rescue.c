/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a refused result may have been, and the evidence for it. An offer: nothing here changes a
 * result.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/import/mlperf_tiny.h"

/* The count that all windows of results.txt, or of the log, agree on; NaN otherwise. */
static double common_inferences(const struct tiny_result *result)
{
	double inferences = result->energy.count ? result->energy.windows[0].inferences : NAN;

	if (isnan(inferences) && result->log.runs)
		inferences = result->log.inferences[0];
	for (unsigned i = 0; i < result->energy.count; i++)
		if (result->energy.windows[i].inferences != inferences)
			return NAN;
	return inferences;
}

/* Energies per inference of the windows at another rate; false when one cannot be integrated. */
static bool integrate_all(const struct tiny_result *result, const struct falling_windows *windows,
			  double rate_hz, double inferences, struct repeat_result *ret_energy,
			  struct repeat_result *ret_power, struct repeat_result *ret_duration)
{
	struct energy_trace trace = {.samples = result->trace.samples,
				     .count = result->trace.count,
				     .rate_hz = rate_hz,
				     .joule_per_unit = result->trace.joule_per_unit};
	double energy_j[FALLING_WINDOWS_MAX], power_w[FALLING_WINDOWS_MAX], s[FALLING_WINDOWS_MAX];

	for (size_t i = 0; i < windows->count; i++) {
		struct energy_window window;

		if (energy_window_integrate(&trace, windows->windows[i].start_s,
					    windows->windows[i].end_s, &window))
			return false;
		energy_j[i] = window.energy_j / inferences;
		power_w[i] = window.mean_power_w;
		s[i] = window.duration_s;
	}
	return !repeat_judge(energy_j, windows->count, ret_energy) &&
	       !repeat_judge(power_w, windows->count, ret_power) &&
	       !repeat_judge(s, windows->count, ret_duration);
}

static void host_evidence(const struct tiny_result *result, char *text, size_t size)
{
	struct repeat_result repeat;

	text[0] = 0;
	if (result->log.runs && !repeat_judge(result->log.host_s, result->log.runs, &repeat))
		snprintf(text, size,
			 "; by the host's log each run took %.2f s, serial line included",
			 repeat.median);
}

/* A wrong number of edges: pairs that are as long as the performance run says the inferences take.
 */
static void rescue_markers(struct tiny_result *result)
{
	double inferences = common_inferences(result), duration_s;
	struct repeat_result energy, power, duration;
	struct falling_windows windows;
	char host[96];

	if (!result->has_performance || isnan(inferences))
		return;
	duration_s = inferences / result->performance.median_throughput_hz;
	if (falling_find_by_duration(result->edges_s, result->edge_count, TINY_PROTOCOL_WINDOWS,
				     duration_s, tiny_limits.rescue_rel, &windows) ||
	    windows.count + 1 < TINY_PROTOCOL_WINDOWS ||
	    !integrate_all(result, &windows, result->trace.rate_hz, inferences, &energy, &power,
			   &duration) ||
	    fabs(energy.worst_rel) > tiny_spread_of(result)->outlier_rel)
		return;
	host_evidence(result, host, sizeof(host));
	result->alternative_j = energy.median;
	snprintf(result->alternative, sizeof(result->alternative),
		 "%.3f uJ per inference (%.2f mW), if the windows are the %zu pairs of edges that "
		 "last %.3f s (s.d. "
		 "%.3f %%): the performance run needs %.3f s for %g inferences, and these pairs "
		 "agree in energy "
		 "to %.3f %%%s. Published: %.3f uJ (%+.1f %%). Not used",
		 1e6 * energy.median, 1e3 * power.median, windows.count, duration.median,
		 100 * duration.cv_rel, duration_s, inferences, 100 * energy.cv_rel, host,
		 1e6 * result->published_j, 100 * (result->published_j / energy.median - 1));
}

/* A wrong rate: one of the known factors with which windows give what was published. */
static void rescue_rate(struct tiny_result *result)
{
	static const double factors[] = {4.0 / 3, 2, 0.75, 0.5};
	double inferences = common_inferences(result);
	struct falling_windows windows;

	if (isnan(inferences) || result->layout->has_events || /* whose edges are no times */
	    falling_decode(result->edges_s, result->edge_count, TINY_PROTOCOL_WINDOWS, &windows))
		return;
	for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
		double rate_hz = result->trace.rate_hz * factors[i];
		struct repeat_result energy, power, duration;

		if (!integrate_all(result, &windows, rate_hz, inferences, &energy, &power,
				   &duration) ||
		    fabs(energy.median / result->published_j - 1) > 10 * result->layout->energy_rel)
			continue;
		result->alternative_j = energy.median;
		snprintf(result->alternative, sizeof(result->alternative),
			 "%.3f uJ per inference (%.2f mW), if the samples come at %g Hz and not at "
			 "the header's %g Hz: "
			 "that is %+.4f %% off the published %.3f uJ. Not used",
			 1e6 * energy.median, 1e3 * power.median, rate_hz, result->trace.rate_hz,
			 100 * (energy.median / result->published_j - 1),
			 1e6 * result->published_j);
		return;
	}
}

void tiny_result_rescue(struct tiny_result *result)
{
	if (tiny_result_has(result, IMPORT_TRACE_NOT_FINITE) ||
	    tiny_result_has(result, IMPORT_TRACE_NEGATIVE))
		return;
	if (tiny_result_has(result, IMPORT_MARKER_LOST) ||
	    tiny_result_has(result, IMPORT_MARKER_EXTRA) ||
	    tiny_result_has(result, IMPORT_DURATION_CONTRADICTS))
		rescue_markers(result);
	else if (tiny_result_has(result, IMPORT_RATE_WRONG) ||
		 tiny_result_has(result, IMPORT_MARKER_OUTSIDE))
		rescue_rate(result);
}
