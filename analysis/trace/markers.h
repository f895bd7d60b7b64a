/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker edges in the meter's own sample time.
 *
 * Sample time: current sample k is the mean over [k, k+1). The logic level that comes with it was
 * read at one instant inside that interval, taken as its middle, k + 0.5. When sample k-1 reads low
 * and sample k high, the edge lies in (k - 0.5, k + 0.5), uniformly: its position is k with a
 * standard uncertainty of 1/sqrt(12) sample. (An instrument that reads the lines elsewhere in the
 * interval shifts all edges alike, by less than half a sample; known shifts are the caller's to
 * subtract.)
 *
 * Line 0 is high for exactly the measured window, line 1 toggles per inference, line 2 per layer.
 * Levels, not pulses: a lost edge changes the parity and shows.
 */
#ifndef ANALYSIS_TRACE_MARKERS_H
#define ANALYSIS_TRACE_MARKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/error.h"

#define MARKER_EDGE_U_SAMPLES 0.28867513459481287 /* 1/sqrt(12) */

enum { MARKER_LINES_MAX = 8 };

struct marker_edge {
	double position_samples;
	bool rising;
};

struct marker_line {
	struct marker_edge *edges; /* in time order, alternating polarity; owned by the line */
	size_t edge_count;
	size_t stray_pulses; /* level changes that did not last min_pulse_samples: not in edges */
	bool starts_high;    /* level of the first sample */
	size_t count;        /* samples decoded */
};

struct marker_window {
	double start_samples, end_samples;
	double edge_u_samples; /* standard uncertainty of each, independent of each other */
};

struct marker_tally {
	size_t inside;   /* edges strictly between the window's two edges */
	size_t at_edges; /* edges seen in the same sample as one of the window's: before or after it
			    cannot be told, both are possible */
	size_t outside;
};

/* Edges of logic line `line` (0..7, bit of each byte). A level must last min_pulse_samples (1:
 * every change counts) or it is a stray pulse; one cut off by the end of the capture counts as an
 * edge. The line is freed with marker_line_done. ANALYSIS_BAD_ARGUMENT (no samples, no such line,
 * min_pulse_samples 0), ANALYSIS_NO_MEMORY. */
int marker_decode(const uint8_t *logic, size_t count, unsigned line, size_t min_pulse_samples,
		  struct marker_line *ret_line);
void marker_line_done(struct marker_line *line); /* accepts NULL and a zeroed line */

/* The window of line 0. ANALYSIS_NO_EDGE, _NO_RISING_EDGE, _NO_FALLING_EDGE, _EXTRA_EDGES; see
 * line->edge_count for how many there are. */
int marker_window_find(const struct marker_line *line, struct marker_window *ret_window);

/* Where another line's edges lie. A run is complete when inside == the DUT's count, or when that
 * lies between inside and inside + at_edges. */
struct marker_tally marker_tally_count(const struct marker_line *line,
				       const struct marker_window *window);

#endif
