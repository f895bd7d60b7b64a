/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A plan's wanted uncertainty: whether a rig can reach it at all, how long windows must be, and how
 * many. Windows get longer first; where the longest there are do not reach it, repeats are added to
 * the plan's.
 */
#ifndef BENCH_SESSION_TARGET_H
#define BENCH_SESSION_TARGET_H

#include "analysis/budget/table.h"
#include "bench/config/plan.h"
#include "bench/config/rig.h"
#include "bench/store/store.h"

enum {
	TARGET_WINDOW_MAX_S = 600, /* windows become no longer than that, ... */
	TARGET_WINDOWS_MAX = 1000, /* ... and no more, unless the plan says so */
};

/* With what a rig file says of its meters. -ERANGE: a meter's gain and supply alone are more than
 * the plan's target (the sentence names meter and floor). */
int target_check_rig(const struct plan *plan, const struct rig *rig, struct err *err);

struct target {
	bool reached;        /* by windows like this one, so many of them */
	unsigned windows;    /* the plan's repeats, or more; not when refused */
	double floor_u_rel;  /* what the windows of a meter share: no repeat makes it smaller */
	uint64_t inferences; /* of a window that reaches it, with some reserve; not when refused */
	char refusal[200];   /* why none does; "" when one does */
};

/* From a window of this plan, as accepted, and its budget. windows: that are planned already, the
 * plan's repeats at least. -EINVAL: the budget is none. */
int target_judge(const struct plan *plan, unsigned windows, const struct store_measurement *row,
		 const struct budget_table *budget, struct target *ret_target, struct err *err);
/* The same from a stored row, which keeps what its budget was made of. -EINVAL: this one does not.
 */
int target_judge_stored(const struct plan *plan, unsigned windows,
			const struct store_measurement *row, struct target *ret_target,
			struct err *err);

#endif
