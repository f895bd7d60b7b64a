/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Host edges of a whole capture through its clock map.
 */
#include "analysis/trace/host_lines.h"

#include <math.h>

enum { ARRIVALS_NEAR = 8 }; /* to either side of an edge */

static const double tie_sigmas = 4; /* of the distance between two edges' stamps */

static double late_ns(const struct clock_line *line, const struct host_mark *mark)
{
	return clock_line_late_ns(line, mark->index, mark->t_mono_ns);
}

static int line_fit(const struct host_lines_input *input, struct clock_line *ret_line)
{
	struct clock_map map;
	int code = 0;

	clock_map_init(&map);
	for (size_t i = 0; !code && i < input->arrival_count; i++)
		code = clock_map_add(&map, input->arrivals[i].index, input->arrivals[i].t_mono_ns);
	return code ? code : clock_map_fit(&map, NULL, ret_line);
}

/* clock_line_late_ns of a bound: how far the line is above it, with the sign turned. */
static void latency_bound(const struct host_lines_input *input, struct host_lines *lines)
{
	double room_ns = INFINITY;

	for (size_t i = 0; i < input->bound_count; i++)
		room_ns = fmin(room_ns, -late_ns(&lines->line, &input->bounds[i]));
	if (room_ns >= 0) {
		lines->latency_ns = room_ns / 2;
		lines->u_latency_ns = room_ns / sqrt(12);
	} else {
		lines->contradiction_ns = -room_ns;
		lines->u_latency_ns = -room_ns;
	}
	lines->line.offset_ns -= lines->latency_ns;
	lines->line.u_ns = hypot(lines->line.u_ns, lines->u_latency_ns);
}

/* The least delay of arrivals [from, to). */
static double least_late_ns(const struct host_lines_input *input, const struct host_lines *lines,
			    size_t from, size_t to)
{
	double least_ns = INFINITY;

	for (size_t i = from; i < to; i++)
		least_ns = fmin(least_ns, late_ns(&lines->line, &input->arrivals[i]));
	return from < to ? fmax(0, least_ns - lines->latency_ns) : 0;
}

/* The first arrival of an index at or behind position. */
static size_t arrival_find(const struct host_lines_input *input, double position)
{
	size_t low = 0, high = input->arrival_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((double)input->arrivals[middle].index < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of the side that is worse: a clock that jumped did so somewhere between them. */
static double residual_ns(const struct host_lines_input *input, const struct host_lines *lines,
			  double position)
{
	size_t at = arrival_find(input, position);
	size_t from = at > ARRIVALS_NEAR ? at - ARRIVALS_NEAR : 0;
	size_t to = at + ARRIVALS_NEAR < input->arrival_count ? at + ARRIVALS_NEAR
							      : input->arrival_count;

	return fmax(least_late_ns(input, lines, from, at), least_late_ns(input, lines, at, to));
}

static int event_map(const struct host_lines_input *input, const struct host_edge *edge,
		     struct host_lines *lines, struct marker_event *ret_event)
{
	int code = host_edge_map(&lines->line, edge, &input->timing, ret_event);
	double residual, u_map;

	if (code)
		return code;
	residual = residual_ns(input, lines, ret_event->position_samples);
	u_map = residual / sqrt(3) / lines->line.ns_per_sample;
	ret_event->u_samples = hypot(hypot(ret_event->u_samples, u_map), input->u_sampling);
	lines->residual_ns = fmax(lines->residual_ns, residual);
	lines->u_samples = fmax(lines->u_samples, ret_event->u_samples);
	return 0;
}

/* By position; in the same place lines within those of the lines below them, as marker_stream.h has
 * it. */
static bool event_precedes(const struct marker_event *a, const struct marker_event *b)
{
	if (a->position_samples != b->position_samples)
		return a->position_samples < b->position_samples;
	if (a->line == b->line)
		return false;
	if (!a->line || !b->line) /* a window that rises comes before all, one that ends after */
		return a->line ? !b->rising : a->rising;
	return a->line > b->line;
}

/* Nearly sorted already; those in the same place keep their order. */
static void events_sort(struct marker_event *events, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct marker_event event = events[i];
		size_t at = i;

		for (; at && event_precedes(&event, &events[at - 1]); at--)
			events[at] = events[at - 1];
		events[at] = event;
	}
}

static void ties_join(const struct host_lines_input *input, const struct clock_line *line,
		      struct marker_event *events, size_t count)
{
	double tie = tie_sigmas * host_edges_u_distance(line, &input->timing, 0);

	for (size_t w = 0; w < count; w++) {
		if (events[w].line)
			continue;
		for (size_t i = 0; i < count; i++)
			if (events[i].line &&
			    fabs(events[i].position_samples - events[w].position_samples) <= tie)
				events[i].position_samples = events[w].position_samples;
	}
}

static int input_check(const struct host_lines_input *input)
{
	bool is_bad = !input->bound_count || !input->line_count ||
		      input->line_count > MARKER_LINES_MAX || !(input->u_sampling >= 0);

	for (size_t i = 0; i < input->edge_count; i++)
		is_bad |= input->edges[i].line >= input->line_count;
	return is_bad ? ANALYSIS_BAD_ARGUMENT : 0;
}

int host_lines_map(const struct host_lines_input *input, struct marker_event *ret_events,
		   size_t *ret_count, struct host_lines *ret_lines)
{
	struct host_lines lines = {.high = 0};
	bool has_edge[MARKER_LINES_MAX] = {false}, level[MARKER_LINES_MAX] = {false};
	size_t count = 0;
	int code = input_check(input);

	if (!code)
		code = line_fit(input, &lines.line);
	if (!code)
		latency_bound(input, &lines);
	for (size_t i = 0; !code && i < input->edge_count; i++) {
		const struct host_edge *edge = &input->edges[i];
		unsigned n = edge->line;

		if (!has_edge[n] && !edge->rising)
			lines.high |= (uint8_t)(1u << n);
		else if (has_edge[n] && level[n] == edge->rising) {
			lines.repeats++;
			continue;
		}
		has_edge[n] = true;
		level[n] = edge->rising;
		code = event_map(input, edge, &lines, &ret_events[count]);
		count += !code;
	}
	if (code)
		return code;
	ties_join(input, &lines.line, ret_events, count);
	events_sort(ret_events, count);
	*ret_count = count;
	*ret_lines = lines;
	return 0;
}

uint8_t host_levels_at(struct host_levels *levels, uint64_t index)
{
	double middle = (double)index + 0.5;

	while (levels->next < levels->count &&
	       levels->events[levels->next].position_samples <= middle) {
		const struct marker_event *event = &levels->events[levels->next++];
		unsigned bit = 1u << event->line;

		levels->levels =
			(uint8_t)(event->rising ? levels->levels | bit : levels->levels & ~bit);
	}
	return levels->levels;
}
