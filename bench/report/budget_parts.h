/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A stored row's budget in the making: for budget*.c only.
 *
 *   budget.c         entries and tables
 *   budget_inputs.c  what the row, its meter's calibration and its repeats give
 *   budget_read.c    the row and its repeats out of a store
 *   budget_out.c     print and JSON
 */
#ifndef BENCH_REPORT_BUDGET_PARTS_H
#define BENCH_REPORT_BUDGET_PARTS_H

#include "analysis/budget/meter_class.h"
#include "bench/report/budget.h"
#include "drivers/meter/meter.h"

static const double rounding_rel = 1e-6; /* of a total's square: less is nothing */

struct budget_making {
	struct budget_report *report;
	const struct store_measurement *row;
	const struct meter_class *class; /* NULL: not measured by a meter that is known */
	struct meter_range ranges[METER_RANGES_MAX];
	unsigned range_count;
	double edge_u_s;
	double noise_j, resolution_j; /* as found in the gross total */
	bool dithered;
	double excess_u_j, excess_above_idle_u_j, excess_dof; /* of repeats */
	int code;
};

__attribute__((format(printf, 2, 3))) void budget_note(struct budget_report *report,
						       const char *format, ...);

/* The range that the window's current is for; BUDGET_NO_RANGE: ranges are not known. */
int budget_window_range(const struct budget_making *m);

/* Ranges from the stored calibration; repeatability; edges, converter step and noise from the
 * independent total. In this order. */
void budget_read_ranges(struct budget_making *m);
void budget_read_repeats(struct budget_making *m, const struct store_measurement *repeats,
			 size_t count);
void budget_split_independent(struct budget_making *m);

/* Notes a zero that is too good for the range: stored before ranges were part of the budget, or
 * stated in the rig file for another range. */
void budget_check_offset(struct budget_making *m);

#endif
