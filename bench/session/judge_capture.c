/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the meter and the board delivered: is it all there, and is it what was asked for?
 */
#include <errno.h>
#include <math.h>

#include "bench/session/judge_parts.h"

static const double guard_s = 500e-6; /* from an edge to what counts as idle */

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

static int decode_lines(struct judging *j)
{
	const struct capture *capture = j->request->capture;
	const unsigned *input = j->request->meter_config->marker_input;
	int ret = marker_decode(capture->logic, capture->count, input[0], 1, &j->window_line);

	if (!ret)
		ret = marker_decode(capture->logic, capture->count, input[1], 1,
				    &j->inference_line);
	if (!ret)
		ret = marker_decode(capture->logic, capture->count, input[2], 1, &j->layer_line);
	if (ret == ANALYSIS_NO_MEMORY)
		return -ENOMEM;
	return ret ? judge_refuse(j, VERDICT_REASON_MARKERS, "%s", analysis_error_text(ret)) : 0;
}

int judge_check_markers(struct judging *j)
{
	struct marker_tally tally, layers;
	uint32_t inferences = j->request->run->inferences;
	int ret = decode_lines(j);

	if (ret)
		return ret;
	ret = marker_window_find(&j->window_line, &j->window);
	if (ret)
		return judge_refuse(j, VERDICT_REASON_MARKERS, "window line: %s (%zu edges)",
				    analysis_error_text(ret), j->window_line.edge_count);
	tally = marker_tally_count(&j->inference_line, &j->window);
	j->row->marker_edges_inference = (int64_t)(tally.inside + tally.at_edges);
	/* No verdict: two layers that end within one sample leave no edge. */
	layers = marker_tally_count(&j->layer_line, &j->window);
	j->row->marker_edges_layer = (int64_t)(layers.inside + layers.at_edges);
	if (inferences < tally.inside || inferences > tally.inside + tally.at_edges)
		return judge_refuse(j, VERDICT_REASON_MARKERS,
				    "inference line: %zu edges in the window, the board ran %u",
				    tally.inside + tally.at_edges, inferences);
	return 0;
}

int judge_check_integral(struct judging *j)
{
	const struct judge_request *request = j->request;
	double rate_hz = request->meter->rate_hz;
	struct window_request window = {.start_samples = j->window.start_samples,
					.end_samples = j->window.end_samples,
					.supply_v = request->meter_config->supply_v,
					.guard_samples = (size_t)ceil(guard_s * rate_hz)};
	struct window_faults faults = {0};
	double idle_s = fmin(request->run->idle_before_ms, request->run->idle_after_ms) / 1e3;
	int ret;

	/* The nearest half of the idle the board was asked to keep: all of it is asleep. */
	window.idle_max_samples = (size_t)(idle_s * rate_hz / 2);
	window.idle_min_samples = window.idle_max_samples / 2;
	if (!window_check(&j->capture, window.start_samples, window.end_samples, &faults)) {
		j->row->samples_lost = (int64_t)faults.samples_lost;
		j->row->samples_saturated = (int64_t)faults.saturated;
	}
	ret = window_integrate(&j->capture, &window, &j->result);
	if (ret == ANALYSIS_SAMPLES_LOST)
		return judge_refuse(j, VERDICT_REASON_LOST,
				    "%llu samples in the window in %zu places",
				    (unsigned long long)faults.samples_lost, faults.gaps);
	if (ret == ANALYSIS_SATURATED)
		return judge_refuse(j, VERDICT_REASON_SATURATED,
				    "%zu samples at the meter's limit of %g A, or its range's",
				    faults.saturated, request->meter->range_max_a);
	return ret ? judge_refuse(j, VERDICT_REASON_SAMPLES, "%s", analysis_error_text(ret)) : 0;
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
