/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One run of a board with one measured window, from a meter's blocks while they are captured: the
 * window between its fractional edges, its inferences and halves, idle on either side, what the
 * instrument summed itself, and the meter's clock against the host's. One pass, constant memory:
 * trace_stream with what a verdict needs beside it.
 *
 * Positions count in the meter's sample index, lost samples included. Lost samples and samples that
 * are no number are in no sum; they are counted where they are, and are the caller's to refuse.
 *
 * A known edge (settings.edges) lies inside a sample, of which it takes a share. A sample of a slow
 * meter is the mean of window and idle there, and its share of that mean is not what belongs to the
 * window: so of both samples the whole counts, less idle for the time outside the window.
 *
 * Idle is the current's level outside the window, guard samples away from its edges. Its value for
 * the window is the line through both idle means at the window's middle, so a linear drift of idle
 * cancels.
 */
#ifndef ANALYSIS_TRACE_RUN_STREAM_H
#define ANALYSIS_TRACE_RUN_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/clock_map.h"
#include "analysis/trace/error.h"
#include "analysis/trace/marker_stream.h"
#include "analysis/trace/segments.h"

enum {
	RUN_LINES = 3,   /* window, inference, layer */
	RUN_GROUPS = 16, /* of inferences */
};

struct run_settings {
	unsigned inputs[RUN_LINES];
	double rate_hz, supply_v, range_max_a; /* as segment_settings */
	size_t guard_samples;                  /* from an edge until the current has followed */
	size_t idle_samples;                   /* on either side, the nearest so many */
	size_t idle_min_samples;               /* fewer are no idle; at least 2 are needed */
	uint64_t inferences; /* that the window is to hold; 0: neither halves nor groups */
	/* Edges that are known otherwise, at places between two samples' boundaries: see below.
	 * NULL: in the samples. Not owned; read until run_stream_finish. */
	const struct marker_edges *edges;
};

/* A meter's block. The arrays stay the caller's and are read during the call only. */
struct run_block {
	uint64_t first_index; /* a jump from the last block's end is lost samples */
	size_t count;
	const float *current_a;
	const float *voltage_v;     /* NULL: not measured, in all blocks alike */
	const float *raw_current_a; /* uncorrected; NULL: not kept, in all blocks alike */
	const float *metered_a;     /* as the instrument sums them; NULL: current_a */
	const uint8_t *logic;       /* NULL where edges are known */
	bool saturated;             /* the meter says so of the block */
	int64_t t_mono_ns;
	/* What the instrument summed since the stream began, before sample integral_end. */
	bool has_integral;
	uint64_t integral_end;
	double integral_c, integral_j; /* NaN: it does not sum that */
};

struct run_idle {
	double mean_a, sd_a;
	double mean_u_a; /* standard deviation of the mean: from batches of consecutive samples, as
			    neighbours are correlated, or sd/sqrt(n) when that is larger */
	double mean_w, max_a;
	uint64_t samples, lost, not_finite, saturated;
	double middle_samples; /* position of the stretch's middle */
};

/* The instrument's own sum and the stream's over the same samples: between the last reading before
 * the window and the first behind it, where those came, else what lies between. */
struct run_integral {
	bool has_charge, has_energy;
	uint64_t first, end; /* samples compared */
	double meter_c, stream_c, meter_j, stream_j;
	uint64_t lost; /* by the stream, among them */
	/* Of the window: the stream's, times the ratio of both sums. */
	double window_c, window_j;
};

struct run_pace { /* inferences by the meter's samples */
	uint64_t count;
	double shortest_samples, longest_samples;
	uint64_t shortest, longest; /* which they are, from 0 */
};

/* Least and largest sample of groups of whole inferences, which all do the same work, guard samples
 * behind the window's first edge: group g holds inferences [g * n / count, (g + 1) * n / count). */
struct run_groups {
	size_t count;
	uint64_t samples[RUN_GROUPS]; /* 0: there are none */
	double low_a[RUN_GROUPS], high_a[RUN_GROUPS];
};

struct run_result {
	/* 0, or why there is not exactly one window: ANALYSIS_NO_EDGE, _NO_RISING_EDGE,
	 * _NO_FALLING_EDGE, _EXTRA_EDGES. Then only the counts below are filled. */
	int window_error;
	uint64_t window_edges;
	uint64_t samples, lost; /* of the whole capture */
	double mean_a;          /* of the whole capture */
	/* Of any two samples in a row, guard samples from the capture's begin on: the larger, where
	 * that is least. INFINITY: there are no two. */
	double pair_low_a;

	struct segment window;
	double edge_u_samples;        /* standard uncertainty, the worse of both edges */
	struct segment_values values; /* of the window */
	uint64_t samples_whole;       /* samples wholly inside, ... */
	double sample_sd_a;           /* ... and their scatter */
	uint64_t inside[RUN_LINES];   /* edges strictly between the window's own, ... */
	uint64_t at_edges[RUN_LINES]; /* ... and in the same sample as one of those */
	struct run_pace pace;
	/* Means of the first n / 2 inferences and of the next; of 4 or more. */
	bool has_halves;
	double first_half_a, second_half_a;
	struct run_groups groups;
	bool has_raw;
	double raw_energy_j; /* of the uncorrected samples */
	double edges_c;      /* of values.charge_c: what known edges' samples were put right by */

	int idle_error; /* 0, ANALYSIS_NO_IDLE_BEFORE, _NO_IDLE_AFTER, _BAD_IDLE */
	struct run_idle idle_before, idle_after;
	double idle_a, idle_w; /* at the window's middle */
	double idle_u_a;       /* from both means, and a uniform distribution between them */
	double idle_drift_a, idle_drift_u_a; /* after minus before */
	double above_idle_j;

	struct run_integral integral;
	int clock_error; /* of the map: 0, or why there is no line */
	struct clock_line clock;
};

struct run_stream;

/* ANALYSIS_BAD_ARGUMENT as trace_stream_init; ANALYSIS_NO_MEMORY. */
int run_stream_new(const struct run_settings *settings, struct run_stream **ret_stream);
void run_stream_free(struct run_stream *stream); /* accepts NULL */
/* Anew, with other settings. The same errors; after one the stream takes no block. */
int run_stream_restart(struct run_stream *stream, const struct run_settings *settings);

/* ANALYSIS_BAD_ARGUMENT: no samples, an index before the last block's end, or what is measured came
 * or went; ANALYSIS_OUTSIDE_CAPTURE as trace_stream_add. */
int run_stream_add(struct run_stream *stream, const struct run_block *block);
/* Of the whole capture, so far. */
uint64_t run_stream_samples(const struct run_stream *stream);
uint64_t run_stream_lost(const struct run_stream *stream);
/* Samples since a window ended, lost ones included; 0: none ended, or another is open. */
uint64_t run_stream_behind(const struct run_stream *stream);

/* The capture is over. What is not there is NaN or 0, as told above. */
void run_stream_finish(struct run_stream *stream, struct run_result *ret_result);

#endif
