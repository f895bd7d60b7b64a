/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the meter and the board delivered: is it all there, and is it what was asked for?
 */
#include <errno.h>
#include <math.h>

#include "analysis/trace/integral.h"
#include "bench/session/judge_parts.h"

static const double integral_tolerance_rel = 1e-3;

int judge_check_boot(struct judging *j)
{
	if (!j->request->restarted)
		return 0;
	return judge_refuse(j, VERDICT_REASON_BOOT,
			    "its reset cause changed, or it forgot the run: it started anew");
}

int judge_check_output(struct judging *j)
{
	const struct wire_result_reply *result = &j->request->capture->result;

	if (result->output_crc32 != j->request->output_crc32)
		return judge_refuse(j, VERDICT_REASON_OUTPUT,
				    "the board's CRC is %08x, the host's %08x",
				    result->output_crc32, j->request->output_crc32);
	if (result->inferences != j->request->run->inferences)
		return judge_refuse(j, VERDICT_REASON_OUTPUT, "the board ran %u inferences of %u",
				    result->inferences, j->request->run->inferences);
	if (result->clock_hz != j->request->clock_hz)
		return judge_refuse(j, VERDICT_REASON_LEVEL,
				    "the board ran at its %u Hz level, not %u Hz", result->clock_hz,
				    j->request->clock_hz);
	return 0;
}

int judge_check_markers(struct judging *j)
{
	const struct run_result *run = j->run;
	const uint64_t *inside = run->inside, *at_edges = run->at_edges;
	uint64_t inferences = j->request->run->inferences;
	const struct host_markers_result *host = &j->request->capture->host_result;

	if (j->request->capture->has_host && host->error)
		return judge_refuse(j, VERDICT_REASON_MARKERS,
				    "the host's edges cannot be placed among the meter's samples: "
				    "%s",
				    analysis_error_text(host->error));
	if (j->request->capture->has_host && host->lost)
		return judge_refuse(j, VERDICT_REASON_MARKERS,
				    "%llu edges were lost between the lines and the host",
				    (unsigned long long)host->lost);
	if (run->window_error)
		return judge_refuse(j, VERDICT_REASON_MARKERS, "window line: %s (%llu edges)",
				    analysis_error_text(run->window_error),
				    (unsigned long long)run->window_edges);
	j->row->marker_edges_inference = (int64_t)(inside[1] + at_edges[1]);
	/* No verdict: two layers that end within one sample leave no edge. */
	j->row->marker_edges_layer = (int64_t)(inside[2] + at_edges[2]);
	if (run->window.lost > 0) /* which may hide edges: judge_check_samples */
		return 0;
	if (inferences < inside[1] || inferences > inside[1] + at_edges[1])
		return judge_refuse(j, VERDICT_REASON_MARKERS,
				    "inference line: %llu edges in the window, the board ran %llu",
				    (unsigned long long)(inside[1] + at_edges[1]),
				    (unsigned long long)inferences);
	return 0;
}

int judge_check_samples(struct judging *j)
{
	const struct run_result *run = j->run;
	const struct sample_sums *sums = &run->window.sums;
	unsigned long long saturated = sums->saturated, not_finite = sums->not_finite;

	j->row->samples_lost = (int64_t)ceil(run->window.lost);
	j->row->samples_saturated = (int64_t)saturated;
	if (run->window.lost > 0)
		return judge_refuse(j, VERDICT_REASON_LOST, "%.0f samples in the window",
				    ceil(run->window.lost));
	if (not_finite)
		return judge_refuse(j, VERDICT_REASON_SAMPLES,
				    "the meter gave no value for %llu samples in the window%s",
				    not_finite,
				    j->request->capture->range_switches
					    ? ", as a Joulescope while it switches ranges: fix the "
					      "range, options: {range: ...} of the meter"
					    : "");
	if (saturated)
		return judge_refuse(j, VERDICT_REASON_SATURATED,
				    "%llu samples at the meter's limit of %g A, or its range's",
				    saturated, j->request->meter->range_max_a);
	if (run->idle_error)
		return judge_refuse(j, VERDICT_REASON_SAMPLES, "%s",
				    analysis_error_text(run->idle_error));
	return 0;
}

/* The instrument and the host summed the same samples. The host's are rounded to float, and may be
 * means of the instrument's. */
static int compare_sums(struct judging *j, double meter, double stream, double noise,
			const char *what)
{
	const struct run_integral *sums = &j->run->integral;
	const struct integral of_meter = {.value = meter, .coverage = 1};
	const struct integral of_stream = {
		.value = stream,
		.u = hypot(integral_tolerance_rel / INTEGRAL_COVERAGE * fabs(meter), noise),
		.coverage = 1 - (double)sums->lost / (double)(sums->end - sums->first)};
	struct integral_comparison comparison;

	if (integral_compare(&of_meter, &of_stream, &comparison) || !comparison.agree)
		return judge_refuse(j, VERDICT_REASON_INTEGRAL,
				    "%.7g %s by the instrument's own sum, %.7g %s by its samples",
				    meter, what, stream, what);
	return 0;
}

int judge_check_integral(struct judging *j)
{
	const struct run_integral *sums = &j->run->integral;
	double rate_hz = j->request->meter->rate_hz, noise_c;
	int ret = 0;

	if (sums->has_charge || sums->has_energy)
		j->row->integral_energy_j =
			sums->has_energy ? sums->window_j
					 : sums->window_c * j->request->meter_config->supply_v;
	noise_c = j->run->sample_sd_a * sqrt((double)(sums->end - sums->first)) / rate_hz;
	if (sums->has_charge)
		ret = compare_sums(j, sums->meter_c, sums->stream_c, noise_c, "C");
	if (!ret && sums->has_energy)
		ret = compare_sums(j, sums->meter_j, sums->stream_j,
				   noise_c * j->run->values.mean_v, "J");
	return ret;
}

int judge_check_flags(struct judging *j)
{
	if (j->request->capture->block_flags & METER_BLOCK_RESYNC)
		return judge_refuse(j, VERDICT_REASON_FRAMING,
				    "the meter's stream lost its framing during the run");
	if (j->request->capture->block_flags & METER_BLOCK_TIME_MISMATCH)
		return judge_refuse(j, VERDICT_REASON_TIME, "fewer than the elapsed time asks for");
	if (j->request->capture->block_flags & METER_BLOCK_RANGE_MISFIT)
		return judge_refuse(j, VERDICT_REASON_RANGE,
				    "the meter stays in a range far above the current");
	return 0;
}
