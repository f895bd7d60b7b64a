/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How long and how many windows must be for a wanted uncertainty, from the budget of one window
 * that was measured. Longer windows dilute edges (1/length) and noise (1/sqrt(length)); repeats
 * dilute what is independent (1/sqrt(windows)); what all windows of a meter share stays, and is the
 * floor under every plan.
 */
#ifndef ANALYSIS_BUDGET_PLAN_WINDOWS_H
#define ANALYSIS_BUDGET_PLAN_WINDOWS_H

#include <stdint.h>

#include "analysis/budget/table.h"

struct plan_windows_input {
	const struct budget_table *table; /* of a window like those to come; finished */
	uint64_t inferences;              /* in that window */
	double inference_s;               /* one inference */
	double overhead_s;                /* per window: idle before and after, soak, transfer */
	double target_u_rel;              /* wanted of the mean over all windows, relative */
	double coverage_factor;  /* target is coverage_factor * u; 1: standard uncertainty */
	uint64_t inferences_max; /* per window */
	unsigned windows_min, windows_max; /* at least 2 windows show whether repeats agree */
};

enum plan_windows_verdict {
	PLAN_WINDOWS_REACHED = 1,
	PLAN_WINDOWS_BELOW_FLOOR, /* no number of windows gets there: a better calibration does */
	PLAN_WINDOWS_TOO_MANY,    /* within reach, but not within the limits given */
};

struct plan_windows {
	enum plan_windows_verdict verdict;
	/* The quickest plan that reaches the target; otherwise what the limits allow at most. */
	uint64_t inferences;
	unsigned windows;
	double u_rel;       /* what it reaches, times coverage_factor */
	double floor_u_rel; /* what endless measuring would reach, times coverage_factor */
	double total_s;     /* of all windows, with their overhead */
};

/* ANALYSIS_BAD_ARGUMENT: not a number, a limit of zero, a result that is not above zero. */
int plan_windows(const struct plan_windows_input *input, struct plan_windows *ret_plan);

/* "reached", "below floor", "too many". */
const char *plan_windows_verdict_name(enum plan_windows_verdict verdict);

#endif
