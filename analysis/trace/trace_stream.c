/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Windows, inferences and layers out of a stream.
 */
#include "analysis/trace/trace_stream.h"

#include <math.h>

enum { SHIFT_MAX = 64, LINE_WINDOW = 0, LINE_INFERENCE = 1, LINE_LAYER = 2 };

static const enum trace_level level_of[TRACE_LINES] = {
	[LINE_INFERENCE] = TRACE_INFERENCE, [LINE_LAYER] = TRACE_LAYER};
static const enum trace_level rest_of[TRACE_LINES] = {
	[LINE_INFERENCE] = TRACE_INFERENCE_REST, [LINE_LAYER] = TRACE_LAYER_REST};

static struct segment stream_cut(struct trace_stream *stream, double position)
{
	struct segment piece = {0};
	int code = segments_cut(&stream->segments, position, &piece);

	if (code && !stream->fault)
		stream->fault = code;
	return piece;
}

/* Idle begins guard samples behind a window, once they are there. */
static void idle_settle(struct trace_stream *stream, double limit)
{
	if (!stream->idle_opens || stream->idle_from > limit)
		return;
	stream_cut(stream, stream->idle_from);
	stream->idle_opens = false;
	stream->idle_open = true;
}

static void idle_close(struct trace_stream *stream, double window_start, bool in_gap)
{
	double end = window_start - (double)stream->settings.guard_samples;
	struct trace_piece piece = {.level = TRACE_IDLE,
				    .window = stream->windows,
				    .in_gap = in_gap || stream->idle_in_gap};

	idle_settle(stream, end);
	if (stream->idle_open && end > segments_earliest(&stream->segments)) {
		piece.segment = stream_cut(stream, end);
		if (stream->settings.piece)
			stream->settings.piece(stream->settings.user, &piece);
	}
	stream->idle_opens = stream->idle_open = false;
}

/* Cuts inside the window at position; every open piece gets the samples before it. */
static void window_cut(struct trace_stream *stream, double position)
{
	struct segment between = stream_cut(stream, position);

	segment_append(&stream->window.segment, &between);
	for (unsigned i = LINE_INFERENCE; i < stream->settings.line_count; i++)
		segment_append(&stream->open[i], &between);
}

static void piece_give(struct trace_stream *stream, unsigned line, enum trace_level level,
		       double u_end, bool in_gap)
{
	struct trace_piece piece = {.level = level,
				    .window = stream->windows,
				    .number = stream->edges[line],
				    .inference = stream->edges[LINE_INFERENCE],
				    .segment = stream->open[line],
				    .u_start_samples = stream->u_open[line],
				    .u_end_samples = u_end,
				    .in_gap = stream->open_in_gap[line] || in_gap};

	if (stream->settings.piece)
		stream->settings.piece(stream->settings.user, &piece);
}

static void piece_open(struct trace_stream *stream, unsigned line, double position, double u,
		       bool in_gap)
{
	stream->open[line] = (struct segment){.start_samples = position, .end_samples = position};
	sample_sums_init(&stream->open[line].sums);
	stream->u_open[line] = u;
	stream->open_in_gap[line] = in_gap;
}

static void window_open(struct trace_stream *stream, const struct marker_event *event,
			double position)
{
	idle_close(stream, position, event->in_gap);
	stream_cut(stream, position); /* the guard, or an idle too short to count */
	stream->in_window = true;
	stream->window = (struct trace_window){.number = stream->windows,
					       .segment.start_samples = position,
					       .segment.end_samples = position,
					       .u_start_samples = event->u_samples,
					       .in_gap = event->in_gap};
	sample_sums_init(&stream->window.segment.sums);
	for (unsigned i = 0; i < stream->settings.line_count; i++) {
		piece_open(stream, i, position, event->u_samples, event->in_gap);
		stream->edges[i] = 0;
		stream->last_position[i] = -INFINITY;
	}
}

static void window_close(struct trace_stream *stream, const struct marker_event *event,
			 double position)
{
	struct trace_window *window = &stream->window;

	window_cut(stream, position);
	for (unsigned i = LINE_INFERENCE; i < stream->settings.line_count; i++) {
		piece_give(stream, i, rest_of[i], event->u_samples, event->in_gap);
		if (stream->last_position[i] == position &&
		    position > window->segment.start_samples) {
			window->inside[i]--;
			window->at_edges[i]++;
		}
	}
	window->u_end_samples = event->u_samples;
	window->in_gap |= event->in_gap;
	if (stream->settings.window)
		stream->settings.window(stream->settings.user, window);
	stream->in_window = false;
	stream->windows++;
	stream->idle_opens = true;
	stream->idle_from = position + (double)stream->settings.guard_samples;
	stream->idle_in_gap = event->in_gap;
}

static void window_divide(struct trace_stream *stream, const struct marker_event *event,
			  double position)
{
	struct trace_window *window = &stream->window;
	unsigned line = event->line;

	window_cut(stream, position);
	piece_give(stream, line, level_of[line], event->u_samples, event->in_gap);
	piece_open(stream, line, position, event->u_samples, event->in_gap);
	stream->edges[line]++;
	stream->last_position[line] = position;
	window->gap_edges[line] += event->in_gap;
	if (position == window->segment.start_samples)
		window->at_edges[line]++;
	else
		window->inside[line]++;
}

static void edge_take(void *user, const struct marker_event *event)
{
	struct trace_stream *stream = user;
	double position = event->position_samples - stream->settings.shift_samples;

	if (event->line != LINE_WINDOW) {
		if (stream->in_window)
			window_divide(stream, event, position);
	} else if (event->rising) {
		window_open(stream, event, position);
	} else if (stream->in_window) {
		window_close(stream, event, position);
	} else { /* high from the start: what came before belongs to no window */
		stream->idle_opens = true;
		stream->idle_open = false;
		stream->idle_from = position + (double)stream->settings.guard_samples;
		stream->idle_in_gap = event->in_gap;
	}
}

int trace_stream_init(struct trace_stream *stream, const struct trace_stream_settings *settings)
{
	struct marker_stream_settings markers = {.line_count = settings->line_count,
						 .min_pulse_samples = settings->min_pulse_samples,
						 .edge = edge_take,
						 .user = stream};
	struct segment_settings segments = {
		.rate_hz = settings->rate_hz,
		.supply_v = settings->supply_v,
		.range_max_a = settings->range_max_a,
	};
	int code;

	if (settings->line_count > TRACE_LINES || !(settings->shift_samples >= 0) ||
	    settings->shift_samples > SHIFT_MAX || settings->guard_samples > SEGMENT_KEEP_MAX ||
	    settings->min_pulse_samples > SEGMENT_KEEP_MAX)
		return ANALYSIS_BAD_ARGUMENT;
	segments.keep_samples = settings->min_pulse_samples + settings->guard_samples +
				(size_t)ceil(settings->shift_samples) + 1;
	for (unsigned i = 0; i < settings->line_count; i++)
		markers.inputs[i] = settings->inputs[i];
	*stream = (struct trace_stream){.settings = *settings};
	code = segments_init(&stream->segments, &segments);
	return code ? code : marker_stream_init(&stream->markers, &markers);
}

/* Those before the first sample; returns the lines that are high there. */
static uint8_t edges_skip(struct trace_stream *stream, uint64_t first_index)
{
	const struct marker_edges *edges = stream->settings.edges;
	unsigned high = edges->high;

	for (; stream->edges_given < edges->count; stream->edges_given++) {
		const struct marker_event *event = &edges->events[stream->edges_given];

		if (event->position_samples >= (double)first_index)
			break;
		high = event->rising ? high | 1u << event->line : high & ~(1u << event->line);
	}
	return (uint8_t)high;
}

/* The known edges up to the block's end. */
static void edges_give(struct trace_stream *stream, const struct segment_block *block)
{
	const struct marker_edges *edges = stream->settings.edges;
	double end = (double)(block->first_index + block->count);

	for (; stream->edges_given < edges->count; stream->edges_given++) {
		const struct marker_event *event = &edges->events[stream->edges_given];

		if (event->position_samples >= end)
			return;
		if (event->line < stream->settings.line_count)
			marker_stream_give(&stream->markers, event);
	}
}

static int edges_take(struct trace_stream *stream, const struct segment_block *block,
		      const uint8_t *logic, bool first)
{
	bool is_known = stream->settings.edges != NULL;
	uint8_t high = 0;

	if (first && is_known) {
		high = edges_skip(stream, block->first_index);
		marker_stream_start_known(&stream->markers, high);
	} else if (first) {
		high = logic[0] >> stream->settings.inputs[LINE_WINDOW] & 1;
	}
	if (first)
		stream->idle_open = !(high & 1);
	if (!is_known)
		return marker_stream_add(&stream->markers, logic, block->first_index, block->count);
	edges_give(stream, block);
	return 0;
}

int trace_stream_add(struct trace_stream *stream, const struct segment_block *block,
		     const uint8_t *logic)
{
	bool first = !stream->segments.started;
	int code;

	if (!logic && !stream->settings.edges)
		return ANALYSIS_BAD_ARGUMENT;
	code = segments_begin(&stream->segments, block);
	if (code)
		return code;
	code = edges_take(stream, block, logic, first);
	idle_settle(stream, (double)stream->segments.next_index);
	segments_end(&stream->segments);
	return code ? code : stream->fault;
}

int trace_stream_finish(struct trace_stream *stream)
{
	marker_stream_finish(&stream->markers);
	return stream->fault;
}
