/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside a run_stream: filled by run_stream.c, made a result of by run_finish.c.
 */
#ifndef ANALYSIS_TRACE_RUN_INSIDE_H
#define ANALYSIS_TRACE_RUN_INSIDE_H

#include "analysis/trace/idle_stream.h"
#include "analysis/trace/integral_stream.h"
#include "analysis/trace/run_stream.h"
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

#endif
