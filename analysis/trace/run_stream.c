/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One run: a trace_stream with its watchers, block by block.
 */
#include "analysis/trace/run_inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
