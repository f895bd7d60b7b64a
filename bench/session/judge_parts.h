/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The verdict's parts: for judge*.c only.
 *
 *   judge.c          the order of the checks
 *   judge_capture.c  what the meter and the board delivered: output, flags, markers, samples
 *   judge_physics.c  what must fit together: pace, clock, idle, drift, supply
 *   judge_row.c      energies with their budget, and the other columns
 */
#ifndef BENCH_SESSION_JUDGE_PARTS_H
#define BENCH_SESSION_JUDGE_PARTS_H

#include "analysis/budget/verdict.h"
#include "analysis/trace/markers.h"
#include "bench/session/judge.h"

struct judging {
	const struct judge_request *request;
	struct store_measurement *row;
	struct window_capture capture;
	struct marker_line window_line, inference_line, layer_line;
	struct marker_window window;
	struct window_result result;
	struct clock_ratio ratio;
};

/* Writes verdict and reason. Returns 1: refused. Checks return 0 (go on), 1 (refused) or a negative
 * errno. */
__attribute__((format(printf, 3, 4))) int
judge_refuse(struct judging *j, enum verdict_reason reason, const char *format, ...);
/* A counter that the board reported; 0: it did not. */
int64_t judge_counter(const struct judging *j, const char *name);
/* The first edge of the inference line inside the window: before it the line returns to low when a
 * run begins. */
size_t judge_first_inference(const struct judging *j);

int judge_check_output(struct judging *j);
int judge_check_flags(struct judging *j);
int judge_check_markers(struct judging *j);
int judge_check_integral(struct judging *j);

int judge_check_pace(struct judging *j);
int judge_check_clock(struct judging *j);
int judge_check_idle(struct judging *j);
int judge_check_drift(struct judging *j);
int judge_check_supply(struct judging *j);

int judge_fill_budget(struct judging *j);
void judge_fill_measured(struct judging *j);
void judge_fill_reported(struct judging *j);

#endif
