/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a run's watchers have seen, made a result of.
 */
#include <math.h>

#include "analysis/trace/run_inside.h"

static int window_error(const struct marker_stream_line *line)
{
	if (!line->edges)
		return ANALYSIS_NO_EDGE;
	if (line->starts_high)
		return ANALYSIS_NO_RISING_EDGE;
	if (line->edges == 1)
		return ANALYSIS_NO_FALLING_EDGE;
	return line->edges > 2 ? ANALYSIS_EXTRA_EDGES : 0;
}

static double scatter_sd(const struct run_scatter *scatter)
{
	double n = (double)scatter->count;

	return n > 1 ? sqrt(fmax(0, scatter->square - scatter->sum_a * scatter->sum_a / n) /
			    (n - 1))
		     : 0;
}

/* Of a sample with an edge inside: how much more flows in its part that belongs to the window. */
static double edge_excess_a(const struct run_edge_sample *sample, const struct run_idle *idle)
{
	double outside = sample->outside;

	return outside > 0 ? outside * (sample->current_a - idle->mean_a) / (1 - outside) : 0;
}

/* edge_share: of the sample with the window's edge, so much belongs to the half. */
static double half_mean(const struct segment *half, double edge_share,
			const struct run_edge_sample *sample, const struct run_idle *idle)
{
	double put_right = edge_share * edge_excess_a(sample, idle);

	return (sum_value(&half->sums.current) + put_right) / half->sums.covered;
}

static void halves_fill(const struct run_stream *run, struct run_result *result)
{
	uint64_t half = run->settings.inferences / 2;
	double last_share = fmax(0, run->halves[1].end_samples - floor(run->end));

	result->has_halves = half >= 2 && result->pace.count >= 2 * half &&
			     run->halves[0].sums.covered > 0 && run->halves[1].sums.covered > 0;
	if (!result->has_halves)
		return;
	result->first_half_a = half_mean(&run->halves[0], 1 - run->edge_samples[0].outside,
					 &run->edge_samples[0], &result->idle_before);
	result->second_half_a =
		half_mean(&run->halves[1], last_share, &run->edge_samples[1], &result->idle_after);
}

static int idle_judge(const struct run_stream *run, const struct run_result *result)
{
	size_t min = run->settings.idle_min_samples < 2 ? 2 : run->settings.idle_min_samples;

	if (result->idle_before.samples + result->idle_before.not_finite < min)
		return ANALYSIS_NO_IDLE_BEFORE;
	if (result->idle_after.samples + result->idle_after.not_finite < min)
		return ANALYSIS_NO_IDLE_AFTER;
	return result->idle_before.saturated || result->idle_before.not_finite ||
			       result->idle_after.saturated || result->idle_after.not_finite
		       ? ANALYSIS_BAD_IDLE
		       : 0;
}

/* Of the samples with an edge inside the whole, less idle outside: their shares are in already. */
static void edges_put_right(const struct run_stream *run, struct run_result *result)
{
	const struct run_idle *idles[2] = {&result->idle_before, &result->idle_after};
	struct segment_values *values = &result->values;
	double energy_j = 0;

	for (unsigned i = 0; i < 2; i++) {
		const struct run_edge_sample *sample = &run->edge_samples[i];
		double outside_s = sample->outside / run->settings.rate_hz;

		result->edges_c += outside_s * (sample->current_a - idles[i]->mean_a);
		energy_j += outside_s * (sample->power_w - idles[i]->mean_w);
	}
	if (!(result->edges_c > -INFINITY && result->edges_c < INFINITY))
		return; /* a sample that is no number: the window is refused for that */
	values->charge_c += result->edges_c;
	values->energy_j += energy_j;
	values->mean_a = values->charge_c / values->duration_s;
}

static void idle_fill(const struct run_stream *run, struct run_result *result)
{
	const struct run_idle *before = &result->idle_before, *after = &result->idle_after;
	uint64_t guard = run->settings.guard_samples, start = (uint64_t)floor(run->start);
	uint64_t after_end = run->after.origin + run->after.length * run->after.batches;
	double middle = (run->start + run->end) / 2, share;

	idle_stream_level(&run->before, start > guard ? start - guard : 0, &result->idle_before);
	idle_stream_level(&run->after, after_end < run->next_index ? after_end : run->next_index,
			  &result->idle_after);
	result->idle_error = idle_judge(run, result);
	if (result->idle_error)
		return;
	share = (middle - before->middle_samples) /
		(after->middle_samples - before->middle_samples);
	result->idle_drift_a = after->mean_a - before->mean_a;
	result->idle_drift_u_a = hypot(before->mean_u_a, after->mean_u_a);
	result->idle_a = before->mean_a + share * result->idle_drift_a;
	result->idle_w = before->mean_w + share * (after->mean_w - before->mean_w);
	result->idle_u_a = hypot(hypot((1 - share) * before->mean_u_a, share * after->mean_u_a),
				 result->idle_drift_a / sqrt(12));
	if (run->settings.edges)
		edges_put_right(run, result);
	result->above_idle_j = result->values.energy_j - result->idle_w * result->values.duration_s;
}

void run_stream_finish(struct run_stream *run, struct run_result *ret_result)
{
	struct run_result *result = &run->result;

	trace_stream_finish(&run->trace);
	trace_stream_finish(&run->raw);
	result->samples = run->samples;
	result->lost = run->lost;
	result->mean_a = run->finite ? sum_value(&run->sum_a) / (double)run->finite : 0;
	result->window_edges = run->trace.markers.lines[0].edges;
	result->window_error =
		run->started ? window_error(&run->trace.markers.lines[0]) : ANALYSIS_NO_EDGE;
	result->clock_error = run->clock_error ? run->clock_error
					       : clock_map_fit(&run->map, NULL, &result->clock);
	if (!result->window_error) {
		result->values = segment_values(&result->window, &run->trace.segments.settings);
		result->samples_whole = run->scatter.count;
		result->sample_sd_a = scatter_sd(&run->scatter);
		result->has_raw = run->has_raw;
		idle_fill(run, result);
		halves_fill(run, result);
		integral_stream_finish(&run->integral, &result->values, &result->integral);
	}
	*ret_result = *result;
}
