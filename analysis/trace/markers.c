/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker decoding: level changes that last become edges, the others are counted as strays.
 */
#include "analysis/trace/markers.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { EDGES_FIRST_ALLOCATION = 64 };

static int line_append(struct marker_line *line, size_t *capacity, size_t sample, bool rising)
{
	if (line->edge_count == *capacity) {
		size_t larger = *capacity ? 2 * *capacity : EDGES_FIRST_ALLOCATION;
		struct marker_edge *edges = realloc(line->edges, larger * sizeof(*edges));

		if (!edges)
			return ANALYSIS_NO_MEMORY;
		line->edges = edges;
		*capacity = larger;
	}
	line->edges[line->edge_count++] = (struct marker_edge){(double)sample, rising};
	return 0;
}

/* First sample from `from` on whose level differs from `level`, or count. */
static size_t level_end(const uint8_t *logic, size_t count, unsigned line, size_t from, bool level)
{
	while (from < count && ((logic[from] >> line) & 1) == level)
		from++;
	return from;
}

static int line_scan(const uint8_t *logic, unsigned bit, size_t min_pulse_samples,
		     struct marker_line *line)
{
	size_t capacity = 0;
	bool level = line->starts_high;
	size_t at = 0;

	while ((at = level_end(logic, line->count, bit, at, level)) < line->count) {
		size_t back = level_end(logic, line->count, bit, at, !level);

		if (back - at < min_pulse_samples && back < line->count) {
			line->stray_pulses++;
		} else {
			int code = line_append(line, &capacity, at, !level);

			if (code)
				return code;
			level = !level;
		}
		at = back;
	}
	return 0;
}

int marker_decode(const uint8_t *logic, size_t count, unsigned line, size_t min_pulse_samples,
		  struct marker_line *ret_line)
{
	struct marker_line decoded = {.count = count};
	int code;

	if (!logic || !count || line >= MARKER_LINES_MAX || !min_pulse_samples)
		return ANALYSIS_BAD_ARGUMENT;
	decoded.starts_high = (logic[0] >> line) & 1;
	code = line_scan(logic, line, min_pulse_samples, &decoded);
	if (code) {
		marker_line_done(&decoded);
		return code;
	}
	*ret_line = decoded;
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
