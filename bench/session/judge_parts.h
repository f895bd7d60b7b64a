/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The verdict's parts: for judge*.c only.
 *
 *   judge.c          the order of the checks
 *   judge_capture.c  what the meter and the board delivered: output, flags, markers, samples
 *   judge_physics.c  what must fit together: pace, clock, idle, drift
 *   judge_supply.c   was the supply what was set, before, inside and after
 *   judge_row.c      energies with their budget, and the other columns
 */
#ifndef BENCH_SESSION_JUDGE_PARTS_H
#define BENCH_SESSION_JUDGE_PARTS_H

#include "analysis/budget/verdict.h"
#include "bench/session/judge.h"

struct judging {
	const struct judge_request *request;
	struct store_measurement *row;
	const struct run_result *run; /* the capture's */
	struct clock_ratio ratio;
};

/* Writes verdict and reason. Returns 1: refused. Checks return 0 (go on), 1 (refused) or a negative
 * errno. */
__attribute__((format(printf, 3, 4))) int
judge_refuse(struct judging *j, enum verdict_reason reason, const char *format, ...);
/* A counter that the board reported; 0: it did not. */
int64_t judge_counter(const struct judging *j, const char *name);

int judge_check_boot(struct judging *j);
int judge_check_output(struct judging *j);
int judge_check_flags(struct judging *j);
int judge_check_markers(struct judging *j);
int judge_check_samples(struct judging *j);
int judge_check_integral(struct judging *j);

int judge_check_rate(struct judging *j);
int judge_check_pace(struct judging *j);
int judge_check_clock(struct judging *j);
int judge_check_idle(struct judging *j);
int judge_check_drift(struct judging *j);
int judge_check_supply(struct judging *j);

int judge_fill_budget(struct judging *j);
void judge_fill_measured(struct judging *j);
void judge_fill_reported(struct judging *j);

#endif
