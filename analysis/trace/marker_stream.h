/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker lines decoded while their samples come in, block by block: constant memory, and the same
 * edges whatever the pieces.
 *
 * Sample time: current sample k is the mean over [k, k+1). The logic level that comes with it was
 * read at one instant inside that interval, taken as its middle, k + 0.5. When sample k-1 reads low
 * and sample k high, the edge lies in (k - 0.5, k + 0.5), uniformly: its position is k with a
 * standard uncertainty of 1/sqrt(12) sample. (An instrument that reads the lines elsewhere in the
 * interval shifts all edges alike, by less than half a sample; known shifts are the caller's to
 * subtract.)
 *
 * Debounce: a level must last min_pulse_samples, or the change is a stray pulse. So an edge is
 * known min_pulse_samples - 1 samples after it happened, and is given then, at its own position.
 *
 * A level that comes back within one sample leaves no trace on the line. Only counts tell:
 * marker_account.
 *
 * Lost samples. When the level behind a gap differs from that before it, at least one edge lies in
 * the gap: one is given at its middle, with that much uncertainty, and marked. When it does not,
 * edges may be missing in pairs. Either way the gap is counted; counts and windows across it are
 * the caller's to refuse.
 */
#ifndef ANALYSIS_TRACE_MARKER_STREAM_H
#define ANALYSIS_TRACE_MARKER_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/error.h"

#define MARKER_EDGE_U_SAMPLES 0.28867513459481287 /* 1/sqrt(12) */

enum { MARKER_LINES_MAX = 8 };

struct marker_event {
	unsigned line;           /* index into the settings' inputs */
	double position_samples; /* in the meter's sample index */
	double u_samples;        /* standard uncertainty */
	bool rising;
	bool in_gap; /* somewhere in a gap, or before one that hides whether it lasted */
};

/* Edges that are known before the samples; logic levels that come with those are not looked at.
 * Sorted as host_lines_map (host_lines.h) gives them. */
struct marker_edges {
	const struct marker_event *events; /* not owned */
	size_t count;
	uint8_t high; /* bit n: line n before the first event */
};

struct marker_stream_settings {
	unsigned inputs[MARKER_LINES_MAX]; /* logic input of each line: 0..7, all different */
	unsigned line_count;
	size_t min_pulse_samples; /* 1: every change counts */
	/* Called for each edge, by position. Of edges in the same sample higher lines come first,
	 * as a line's pieces lie within those of the lines below it; but line 0 before all when it
	 * rises. */
	void (*edge)(void *user, const struct marker_event *event);
	void *user;
};

struct marker_stream_line {
	uint64_t edges, strays;
	uint64_t gap_edges;      /* of the edges: marked in_gap */
	uint64_t shortest;       /* samples between two of its edges; UINT64_MAX before */
	bool starts_high, level; /* level: of the last edge given */
	bool pending;            /* a change that has not lasted yet, at ... */
	uint64_t pending_at, last_at;
};

struct marker_stream {
	struct marker_stream_settings settings;
	struct marker_stream_line lines[MARKER_LINES_MAX];
	uint8_t mask, levels; /* the inputs used, and as the last sample read */
	uint64_t next_index;
	uint64_t samples, gaps, lost;
	bool started;
};

/* ANALYSIS_BAD_ARGUMENT: no or too many lines, an input twice or above 7, min_pulse_samples 0, no
 * function. */
int marker_stream_init(struct marker_stream *stream, const struct marker_stream_settings *settings);
/* Samples first_index .. first_index + count. What is missing to the last call's end is a gap.
 * ANALYSIS_BAD_ARGUMENT: no samples, or a first_index before that end. */
int marker_stream_add(struct marker_stream *stream, const uint8_t *logic, uint64_t first_index,
		      size_t count);
/* Edges that are known from elsewhere (host_lines.h) instead of samples; then marker_stream_add is
 * not used. high: bit n, line n at the start. An edge that changes nothing is counted as a stray.
 */
void marker_stream_start_known(struct marker_stream *stream, uint8_t high);
void marker_stream_give(struct marker_stream *stream, const struct marker_event *event);
/* The capture is over: a change that had no time to last counts as an edge. */
void marker_stream_finish(struct marker_stream *stream);

/* What a line's edges say about those that should have been there. */
enum marker_verdict {
	MARKER_COMPLETE = 1,
	MARKER_LOST_ODD,   /* an odd number is missing: the level at the end is wrong too */
	MARKER_LOST_PAIRS, /* an even number is missing: as pulses within one sample leave it */
	MARKER_EXTRA,      /* more than expected: bounces longer than the debounce, or a stray */
};

struct marker_account {
	enum marker_verdict verdict;
	uint64_t expected, seen;
	int64_t missing; /* expected - seen; negative: extra */
	bool parity_ok;  /* the level at the end is what expected edges leave */
};

/* starts_high, ends_high: the line's level before the first of the expected edges and behind the
 * last. uncertain: edges in the same sample as the window's own, of which any number may belong to
 * it (trace_window.at_edges): seen is without them. */
struct marker_account marker_account(uint64_t expected, uint64_t seen, uint64_t uncertain,
				     bool starts_high, bool ends_high);
/* A phrase without full stop. */
const char *marker_verdict_text(enum marker_verdict verdict);

#endif
