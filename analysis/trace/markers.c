/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Markers of a whole capture: edges of a line, its window, what lies inside.
 */
#include "analysis/trace/markers.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "analysis/trace/marker_stream.h"

enum { EDGES_FIRST_ALLOCATION = 64 };

struct gathering {
	struct marker_line line;
	size_t capacity;
	bool out_of_memory;
};

static void edge_append(void *user, const struct marker_event *event)
{
	struct gathering *gathering = user;
	struct marker_line *line = &gathering->line;

	if (line->edge_count == gathering->capacity) {
		size_t larger =
			gathering->capacity ? 2 * gathering->capacity : EDGES_FIRST_ALLOCATION;
		struct marker_edge *edges = realloc(line->edges, larger * sizeof(*edges));

		gathering->out_of_memory |= !edges;
		if (!edges)
			return;
		line->edges = edges;
		gathering->capacity = larger;
	}
	line->edges[line->edge_count++] =
		(struct marker_edge){event->position_samples, event->rising};
}

int marker_decode(const uint8_t *logic, size_t count, unsigned line, size_t min_pulse_samples,
		  struct marker_line *ret_line)
{
	struct gathering gathering = {.line.count = count};
	struct marker_stream_settings settings = {.inputs = {line},
						  .line_count = 1,
						  .min_pulse_samples = min_pulse_samples,
						  .edge = edge_append,
						  .user = &gathering};
	struct marker_stream stream;
	int code = marker_stream_init(&stream, &settings);

	if (!code)
		code = marker_stream_add(&stream, logic, 0, count);
	if (code)
		return code;
	marker_stream_finish(&stream);
	if (gathering.out_of_memory) {
		marker_line_done(&gathering.line);
		return ANALYSIS_NO_MEMORY;
	}
	gathering.line.starts_high = stream.lines[0].starts_high;
	gathering.line.stray_pulses = stream.lines[0].strays;
	*ret_line = gathering.line;
	return 0;
}

void marker_line_done(struct marker_line *line)
{
	if (!line)
		return;
	free(line->edges);
	*line = (struct marker_line){0};
}

int marker_window_find(const struct marker_line *line, struct marker_window *ret_window)
{
	assert(line && ret_window);
	if (line->edge_count > 2)
		return ANALYSIS_EXTRA_EDGES;
	if (line->starts_high)
		return ANALYSIS_NO_RISING_EDGE;
	if (line->edge_count == 0)
		return ANALYSIS_NO_EDGE;
	if (line->edge_count == 1)
		return ANALYSIS_NO_FALLING_EDGE;
	*ret_window = (struct marker_window){
		.start_samples = line->edges[0].position_samples,
		.end_samples = line->edges[1].position_samples,
		.edge_u_samples = MARKER_EDGE_U_SAMPLES,
	};
	return 0;
}

struct marker_tally marker_tally_count(const struct marker_line *line,
				       const struct marker_window *window)
{
	struct marker_tally tally = {0};

	for (size_t i = 0; i < line->edge_count; i++) {
		double at = line->edges[i].position_samples;

		/* Decoded positions are whole samples; the window's may have been shifted. */
		if (fabs(at - window->start_samples) < 0.5 || fabs(at - window->end_samples) < 0.5)
			tally.at_edges++;
		else if (at > window->start_samples && at < window->end_samples)
			tally.inside++;
		else
			tally.outside++;
	}
	return tally;
}
