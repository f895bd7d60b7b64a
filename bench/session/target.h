/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A plan's wanted uncertainty: whether a rig can reach it at all, and how long windows must be.
 * The number of windows is the plan's `repeats`; what is planned is their length.
 */
#ifndef BENCH_SESSION_TARGET_H
#define BENCH_SESSION_TARGET_H

#include "analysis/budget/table.h"
#include "bench/config/plan.h"
#include "bench/config/rig.h"
#include "bench/store/store.h"

enum { TARGET_WINDOW_MAX_S = 600 }; /* windows become no longer than that */

/* With what a rig file says of its meters. -ERANGE: a meter's gain and supply alone are more than
 * the plan's target (the sentence names meter and floor). */
int target_check_rig(const struct plan *plan, const struct rig *rig, struct err *err);

struct target {
	bool reached;        /* by windows like this one */
	uint64_t inferences; /* of a window that reaches it, with some reserve; not when refused */
	char refusal[200];   /* why none does; "" when one does */
};

/* From a window of this plan, as accepted, and its budget. -EINVAL: the
 * budget is none. */
int target_judge(const struct plan *plan, const struct store_measurement *row,
		 const struct budget_table *budget, struct target *ret_target, struct err *err);

#endif
