/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From a meter's blocks to the charge and energy of every window, inference and layer, while they
 * are captured: marker_stream and segments together. One pass, constant memory.
 *
 * Line 0 is high for exactly the window, line 1 toggles at the end of each inference, line 2 at the
 * end of each layer. Edges of lines 1 and 2 outside a window cut nothing. Samples are integrated
 * once, between neighbouring edges of any line; larger pieces are put together from those.
 *
 *   trace_stream_init(&stream, &settings);
 *   while (meter_read(meter, block, ...) == 0)
 *           trace_stream_add(&stream, &(struct segment_block){block->first_index, block->current_a,
 *                            NULL, NULL, block->count, saturated}, block->logic);
 *   trace_stream_finish(&stream);
 */
#ifndef ANALYSIS_TRACE_TRACE_STREAM_H
#define ANALYSIS_TRACE_TRACE_STREAM_H

#include "analysis/trace/marker_stream.h"
#include "analysis/trace/segments.h"

enum { TRACE_LINES = 3 };

enum trace_level {
	TRACE_IDLE =
		1, /* between windows, guard away from both; the first from the capture's begin */
	TRACE_INFERENCE,
	TRACE_LAYER,
	/* from the last edge of the inference or layer line to the window's end */
	TRACE_INFERENCE_REST,
	TRACE_LAYER_REST,
};

struct trace_piece {
	enum trace_level level;
	uint64_t window;    /* index of the window it lies in; of an idle: of the one it precedes */
	uint64_t number;    /* of inferences or layers in the window, from 0 */
	uint64_t inference; /* the one a layer belongs to */
	struct segment segment;
	double u_start_samples, u_end_samples; /* standard uncertainties of its cuts */
	bool in_gap;                           /* one of its edges lies in or at lost samples */
};

struct trace_window {
	uint64_t number;
	struct segment segment;
	double u_start_samples, u_end_samples;
	bool in_gap;
	/* per line 1, 2: edges between the window's own, and in the same sample as one of those.
	 * marker_account takes inside as seen, at_edges as uncertain. */
	uint64_t inside[TRACE_LINES], at_edges[TRACE_LINES];
	uint64_t gap_edges[TRACE_LINES]; /* of both, those that gaps hide */
};

struct trace_stream_settings {
	unsigned inputs[TRACE_LINES];
	unsigned line_count; /* 1: windows only; 2: with inferences; 3: with layers */
	size_t min_pulse_samples;
	double shift_samples; /* how much later the lines read than the current, 0..64; subtracted
			       */
	size_t guard_samples; /* between window and idle */
	double rate_hz, supply_v, range_max_a; /* as segment_settings */
	const struct marker_edges *edges;      /* NULL: in the samples */
	/* Either may be NULL. Pieces of a window come before it. */
	void (*piece)(void *user, const struct trace_piece *piece);
	void (*window)(void *user, const struct trace_window *window);
	void *user;
};

struct trace_stream {
	struct trace_stream_settings settings;
	struct marker_stream markers;
	struct segments segments;
	bool in_window;
	int fault;          /* of a cut: see trace_stream_add */
	size_t edges_given; /* of settings.edges */
	uint64_t windows;
	struct trace_window window;
	struct segment open[TRACE_LINES]; /* of line i, since its last edge in the window */
	double u_open[TRACE_LINES];       /* of that edge */
	bool open_in_gap[TRACE_LINES];
	uint64_t edges[TRACE_LINES];       /* in the window */
	double last_position[TRACE_LINES]; /* of those */
	bool idle_opens, idle_open;        /* at idle_from; since there */
	double idle_from;
	bool idle_in_gap;
};

/* ANALYSIS_BAD_ARGUMENT: as marker_stream_init and segments_init, or guard, pulse and shift
 * together longer than SEGMENT_KEEP_MAX. */
int trace_stream_init(struct trace_stream *stream, const struct trace_stream_settings *settings);
/* logic: one byte per sample of the block; NULL where edges are known. ANALYSIS_BAD_ARGUMENT as
 * marker_stream_add and segments_begin. ANALYSIS_OUTSIDE_CAPTURE: a shift moved an edge before what
 * is kept (edges right behind a gap); the stream is to be given up. */
int trace_stream_add(struct trace_stream *stream, const struct segment_block *block,
		     const uint8_t *logic);
/* The capture is over. An open window is not given: stream->in_window stays true. */
int trace_stream_finish(struct trace_stream *stream);

#endif
