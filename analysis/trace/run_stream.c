/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One run: a trace_stream with its watchers.
 */
#include "analysis/trace/run_stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/trace/idle_stream.h"
#include "analysis/trace/integral_stream.h"
#include "analysis/trace/trace_stream.h"

_Static_assert((int)RUN_LINES == (int)TRACE_LINES, "a run has a trace's lines");

/* Scatter of the samples wholly inside a window, by their deviations from the first. */
struct run_scatter {
	uint64_t next_index, count;
	double reference_a, sum_a, square;
};

/* A sample with an edge inside: the share of it that is outside the window. */
struct run_edge_sample {
	double outside, current_a, power_w;
};

struct run_stream {
	struct run_settings settings;
	struct trace_stream trace, raw;
	struct idle_stream before, after;
	struct integral_stream integral;
	struct clock_map map;
	struct run_scatter scatter;
	struct segment halves[2];
	size_t groups_ended, group; /* known ends; the one that the next sample is in */
	uint64_t group_end[RUN_GROUPS];
	uint64_t held_at; /* the window's last sample so far; 0: none */
	double held_a;
	struct sum sum_a; /* of the whole capture */
	uint64_t finite;
	struct run_edge_sample edge_samples[2]; /* that known edges lie in */
	double last_a;            /* the sample before the next one; INFINITY: none, or lost */
	struct run_result result; /* as far as it is known */
	double start, end;        /* of the first window; INFINITY: not yet */
	double known_end;         /* of it, where edges are known; else INFINITY */
	uint64_t samples, lost, next_index;
	bool started, usable, has_raw;
	int clock_error;
};

/* So many inferences have ended, the last one at this position. */
static void group_end_note(struct run_stream *run, uint64_t inferences, double position)
{
	size_t g = run->groups_ended, count = run->result.groups.count;

	if (g < count && inferences == (g + 1) * run->settings.inferences / count)
		run->group_end[run->groups_ended++] = (uint64_t)position;
}

static void inference_take(struct run_stream *run, const struct trace_piece *piece)
{
	struct run_pace *pace = &run->result.pace;
	double length = piece->segment.end_samples - piece->segment.start_samples;
	uint64_t number = pace->count, half = run->settings.inferences / 2;

	/* before its first inference the line returns to low when a window begins */
	if (piece->segment.end_samples <= run->start)
		return;
	if (!number || length < pace->shortest_samples) {
		pace->shortest_samples = length;
		pace->shortest = number;
	}
	if (!number || length > pace->longest_samples) {
		pace->longest_samples = length;
		pace->longest = number;
	}
	pace->count++;
	if (number < 2 * half)
		segment_append(&run->halves[number >= half], &piece->segment);
	group_end_note(run, pace->count, piece->segment.end_samples);
}

static void piece_take(void *user, const struct trace_piece *piece)
{
	struct run_stream *run = user;

	if (piece->window)
		return;
	if (piece->level == TRACE_INFERENCE && isinf(run->start))
		run->start = piece->segment.start_samples;
	if (piece->level == TRACE_INFERENCE)
		inference_take(run, piece);
}

static void window_take(void *user, const struct trace_window *window)
{
	struct run_stream *run = user;

	if (window->number)
		return;
	run->result.window = window->segment;
	run->result.edge_u_samples = fmax(window->u_start_samples, window->u_end_samples);
	memcpy(run->result.inside, window->inside, sizeof(run->result.inside));
	memcpy(run->result.at_edges, window->at_edges, sizeof(run->result.at_edges));
	run->start = window->segment.start_samples;
	run->end = window->segment.end_samples;
}

static void raw_window_take(void *user, const struct trace_window *window)
{
	struct run_stream *run = user;

	if (!window->number)
		run->result.raw_energy_j =
			segment_values(&window->segment, &run->raw.segments.settings).energy_j;
}

static int traces_init(struct run_stream *run)
{
	struct trace_stream_settings settings = {.line_count = RUN_LINES,
						 .min_pulse_samples = 1,
						 .rate_hz = run->settings.rate_hz,
						 .supply_v = run->settings.supply_v,
						 .range_max_a = run->settings.range_max_a,
						 .edges = run->settings.edges,
						 .piece = piece_take,
						 .window = window_take,
						 .user = run};
	int code;

	memcpy(settings.inputs, run->settings.inputs, sizeof(settings.inputs));
	code = trace_stream_init(&run->trace, &settings);
	settings.piece = NULL;
	settings.window = raw_window_take;
	settings.line_count = 1;
	return code ? code : trace_stream_init(&run->raw, &settings);
}

/* Where the first window ends. */
static double known_end(const struct marker_edges *edges)
{
	bool has_risen = false;

	for (size_t i = 0; edges && i < edges->count; i++) {
		const struct marker_event *event = &edges->events[i];

		if (!event->line && has_risen && !event->rising)
			return event->position_samples;
		has_risen |= !event->line && event->rising;
	}
	return INFINITY;
}

static int parts_init(struct run_stream *run)
{
	const struct run_settings *settings = &run->settings;
	int code = traces_init(run);

	if (!code && settings->guard_samples > SEGMENT_KEEP_MAX)
		code = ANALYSIS_BAD_ARGUMENT;
	if (!code)
		code = integral_stream_init(&run->integral, settings);
	if (!code)
		code = idle_stream_init(&run->before, settings->idle_samples,
					settings->guard_samples, settings);
	if (!code)
		code = idle_stream_init(&run->after, settings->idle_samples, 0, settings);
	return code;
}

int run_stream_restart(struct run_stream *run, const struct run_settings *settings)
{
	int code;

	idle_stream_done(&run->before);
	idle_stream_done(&run->after);
	memset(run, 0, sizeof(*run));
	run->settings = *settings;
	run->start = run->end = INFINITY;
	run->known_end = known_end(settings->edges);
	run->last_a = run->result.pair_low_a = INFINITY;
	run->result.raw_energy_j = NAN;
	run->result.groups.count =
		settings->inferences < RUN_GROUPS ? settings->inferences : RUN_GROUPS;
	clock_map_init(&run->map);
	code = parts_init(run);
	run->usable = !code;
	return code;
}

int run_stream_new(const struct run_settings *settings, struct run_stream **ret_stream)
{
	struct run_stream *run = calloc(1, sizeof(*run));
	int code = run ? run_stream_restart(run, settings) : ANALYSIS_NO_MEMORY;

	if (code) {
		run_stream_free(run);
		return code;
	}
	*ret_stream = run;
	return 0;
}

void run_stream_free(struct run_stream *run)
{
	if (!run)
		return;
	idle_stream_done(&run->before);
	idle_stream_done(&run->after);
	free(run);
}

/* Samples [from, to) that lie wholly inside the window. */
static void scatter_add(struct run_scatter *scatter, const struct run_block *block, uint64_t from,
			uint64_t to)
{
	for (uint64_t at = from; at < to; at++) {
		double current_a = (double)block->current_a[at - block->first_index], off;

		if (!isfinite(current_a))
			continue;
		if (!scatter->count++)
			scatter->reference_a = current_a;
		off = current_a - scatter->reference_a;
		scatter->sum_a += off;
		scatter->square += off * off;
	}
}

static void group_take(struct run_stream *run, uint64_t at, double current_a)
{
	struct run_groups *groups = &run->result.groups;

	while (run->group < run->groups_ended && at >= run->group_end[run->group])
		run->group++;
	if (run->group == groups->count)
		return;
	if (!groups->samples[run->group]++)
		groups->low_a[run->group] = groups->high_a[run->group] = current_a;
	groups->low_a[run->group] = fmin(groups->low_a[run->group], current_a);
	groups->high_a[run->group] = fmax(groups->high_a[run->group], current_a);
}

/* A sample is taken when the next one is in the window, too: the edge lies anywhere about the last
 * one. */
static void groups_add(struct run_stream *run, const struct run_block *block, uint64_t from,
		       uint64_t to)
{
	for (uint64_t at = from; at < to; at++) {
		if (run->held_at)
			group_take(run, run->held_at, run->held_a);
		run->held_at = at;
		run->held_a = (double)block->current_a[at - block->first_index];
	}
}

static void capture_add(struct run_stream *run, const struct run_block *block)
{
	uint64_t settled = run->settings.guard_samples;
	double last_a = block->first_index == run->next_index ? run->last_a : INFINITY;

	for (size_t i = 0; i < block->count; i++) {
		double current_a = (double)block->current_a[i];

		if (isfinite(current_a)) {
			sum_add(&run->sum_a, current_a);
			run->finite++;
		} else {
			current_a = INFINITY;
		}
		if (block->first_index + i > settled &&
		    fmax(last_a, current_a) < run->result.pair_low_a)
			run->result.pair_low_a = fmax(last_a, current_a);
		last_a = current_a;
	}
	run->last_a = last_a;
}

/* The window's rising edge is known as soon as its sample is in. */
static void window_look(struct run_stream *run)
{
	const struct trace_stream *trace = &run->trace;

	if (isinf(run->start) && trace->in_window && !trace->windows)
		run->start = trace->window.segment.start_samples;
}

/* An edge that is known may be off by more than the last sample. */
static uint64_t unsettled_before(const struct run_stream *run, uint64_t stop)
{
	double end = run->known_end - (double)run->settings.guard_samples;

	return end < (double)stop ? (uint64_t)fmax(0, floor(end)) : stop;
}

/* Gives the block's samples to what watches the stretch they lie in. */
static void stretches_add(struct run_stream *run, const struct run_block *block)
{
	double first = (double)block->first_index, last = first + (double)block->count;
	uint64_t begin = block->first_index, end = begin + block->count;
	uint64_t start = run->start < last ? (uint64_t)fmax(first, ceil(run->start)) : end;
	uint64_t stop = run->end < last ? (uint64_t)fmax(first, floor(run->end)) : end;

	if (run->start > first)
		idle_stream_add(&run->before, block, begin,
				run->start < last ? (uint64_t)floor(run->start) : end);
	if (!isinf(run->start) && start < stop) {
		uint64_t settled = (uint64_t)floor(run->start) + run->settings.guard_samples;

		scatter_add(&run->scatter, block, start, stop);
		stop = unsettled_before(run, stop);
		if (settled < stop)
			groups_add(run, block, settled > start ? settled : start, stop);
	}
	capture_add(run, block);
	if (!isinf(run->end)) {
		uint64_t from = (uint64_t)ceil(run->end) + run->settings.guard_samples;
		uint64_t to = from + run->after.length * run->after.batches;

		if (!run->after.started)
			idle_stream_restart(&run->after, from);
		from = from > begin ? from : begin;
		to = to < end ? to : end;
		if (from < to)
			idle_stream_add(&run->after, block, from, to);
	}
}

/* The sample at position, where it is in the block and is cut by it. */
static void edge_sample_note(struct run_edge_sample *sample, const struct run_block *block,
			     double supply_v, double position, double outside)
{
	double first = (double)block->first_index, whole = floor(position);
	size_t at;

	if (position == whole || whole < first || whole >= first + (double)block->count)
		return;
	at = (size_t)(whole - first);
	sample->outside = outside;
	sample->current_a = (double)block->current_a[at];
	sample->power_w =
		sample->current_a * (block->voltage_v ? (double)block->voltage_v[at] : supply_v);
}

static void edge_samples_note(struct run_stream *run, const struct run_block *block)
{
	double supply_v = run->settings.supply_v;

	if (!run->settings.edges)
		return;
	if (!isinf(run->start))
		edge_sample_note(&run->edge_samples[0], block, supply_v, run->start,
				 run->start - floor(run->start));
	if (!isinf(run->end))
		edge_sample_note(&run->edge_samples[1], block, supply_v, run->end,
				 ceil(run->end) - run->end);
}

static int raw_add(struct run_stream *run, const struct run_block *block)
{
	const struct segment_block samples = {.first_index = block->first_index,
					      .current_a = block->raw_current_a,
					      .voltage_v = block->voltage_v,
					      .count = block->count};

	if (run->started && run->has_raw != !!block->raw_current_a)
		return ANALYSIS_BAD_ARGUMENT;
	run->has_raw = block->raw_current_a;
	return run->has_raw ? trace_stream_add(&run->raw, &samples, block->logic) : 0;
}

int run_stream_add(struct run_stream *run, const struct run_block *block)
{
	const struct segment_block samples = {.first_index = block->first_index,
					      .current_a = block->current_a,
					      .voltage_v = block->voltage_v,
					      .count = block->count,
					      .all_saturated = block->saturated};
	int code = run->usable ? trace_stream_add(&run->trace, &samples, block->logic)
			       : ANALYSIS_BAD_ARGUMENT;

	if (!code)
		code = raw_add(run, block);
	if (code)
		return code;
	window_look(run);
	edge_samples_note(run, block);
	stretches_add(run, block);
	code = integral_stream_add(&run->integral, block, run->start, run->end);
	if (!run->clock_error)
		run->clock_error = clock_map_add(&run->map, block->first_index + block->count,
						 block->t_mono_ns);
	if (run->started)
		run->lost += block->first_index - run->next_index;
	else
		run->lost = block->first_index; /* indices begin at 0 */
	run->samples += block->count;
	run->next_index = block->first_index + block->count;
	run->started = true;
	return code;
}

uint64_t run_stream_samples(const struct run_stream *run)
{
	return run->samples;
}

uint64_t run_stream_lost(const struct run_stream *run)
{
	return run->lost;
}

uint64_t run_stream_behind(const struct run_stream *run)
{
	const struct marker_stream_line *line = &run->trace.markers.lines[0];

	if (!run->started || !line->edges || line->level)
		return 0;
	return run->next_index - line->last_at;
}

/* ---- the result ---- */

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
