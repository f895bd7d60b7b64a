/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/target.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "analysis/budget/plan_windows.h"
#include "bench/store/budget_inputs.h"

static const double reserve = 1.1; /* noise is not the same in the next window */

int target_check_rig(const struct plan *plan, const struct rig *rig, struct err *err)
{
	for (unsigned i = 0; plan->target_u_rel > 0 && i < rig->board_count; i++) {
		const struct rig_meter *meter = &rig->meters[rig->boards[i].meter];
		double supply_u_rel = meter->supply_v > 0 ? meter->supply_u_v / meter->supply_v : 0;
		double floor_rel = hypot(meter->gain_u_rel, supply_u_rel);

		if (plan->target_u_rel <= floor_rel)
			return err_set(err, -ERANGE,
				       "plan %s: target_uncertainty %.3g %%: meter %s has %.3g %% "
				       "from its gain (%.3g %%) and supply (%.3g %%) alone, which "
				       "no window and no repeat makes smaller",
				       plan->name, plan->target_u_rel * 100, meter->name,
				       floor_rel * 100, meter->gain_u_rel * 100,
				       supply_u_rel * 100);
	}
	return 0;
}

static void refuse_floor(const struct plan *plan, const struct plan_windows *planned,
			 struct target *target)
{
	snprintf(target->refusal, sizeof(target->refusal),
		 "target_uncertainty %.3g %% is below %.3g %%, what all windows of this meter "
		 "share: a better calibration gets there, no longer measurement",
		 plan->target_u_rel * 100, planned->floor_u_rel * 100);
}

static void refuse_length(const struct plan *plan, const struct plan_windows *planned,
			  struct target *target)
{
	snprintf(target->refusal, sizeof(target->refusal),
		 "target_uncertainty %.3g %%: %u windows of %d s reach %.3g %%",
		 plan->target_u_rel * 100, planned->windows, TARGET_WINDOW_MAX_S,
		 planned->u_rel * 100);
}

/* Longer windows before more of them. */
static int find_windows(struct plan_windows_input *input, struct plan_windows *ret_planned)
{
	int code = plan_windows(input, ret_planned);

	if (code || ret_planned->verdict != PLAN_WINDOWS_TOO_MANY ||
	    input->windows_max >= TARGET_WINDOWS_MAX)
		return code;
	input->windows_max = TARGET_WINDOWS_MAX;
	return plan_windows(input, ret_planned);
}

int target_judge(const struct plan *plan, unsigned windows, const struct store_measurement *row,
		 const struct budget_table *budget, struct target *ret_target, struct err *err)
{
	double inference_s = row->duration_s / (double)row->inferences;
	struct plan_windows_input input = {.table = budget,
					   .inferences = (uint64_t)row->inferences,
					   .inference_s = inference_s,
					   .overhead_s = 2 * plan->idle_s,
					   .target_u_rel = plan->target_u_rel,
					   .coverage_factor = 1,
					   .windows_min = windows,
					   .windows_max = windows};
	struct plan_windows planned;
	struct target target = {0};

	input.inferences_max =
		(uint64_t)fmax((double)row->inferences, floor(TARGET_WINDOW_MAX_S / inference_s));
	if (find_windows(&input, &planned))
		return err_set(err, -EINVAL, "%s: a window without a budget", row->board);
	if (planned.verdict == PLAN_WINDOWS_BELOW_FLOOR)
		refuse_floor(plan, &planned, &target);
	else if (planned.verdict != PLAN_WINDOWS_REACHED)
		refuse_length(plan, &planned, &target);
	target.windows = planned.windows;
	target.floor_u_rel = planned.floor_u_rel;
	target.reached = planned.verdict == PLAN_WINDOWS_REACHED &&
			 planned.inferences <= (uint64_t)row->inferences;
	target.inferences = (uint64_t)fmin(ceil((double)planned.inferences * reserve),
					   (double)input.inferences_max);
	*ret_target = target;
	return 0;
}

int target_judge_stored(const struct plan *plan, unsigned windows,
			const struct store_measurement *row, struct target *ret_target,
			struct err *err)
{
	struct budget_tables tables;
	struct budget_input input;

	if (budget_inputs_read(row->budget_inputs, &input) ||
	    budget_tables_of_window(&input, &tables))
		return err_set(err, -EINVAL, "%s: a stored window without a budget", row->board);
	return target_judge(plan, windows, row, &tables.gross, ret_target, err);
}
