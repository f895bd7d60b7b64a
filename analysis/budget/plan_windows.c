/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/budget/plan_windows.h"

#include <math.h>

/* Relative variances of one window of one inference, by how they shrink. */
struct parts {
	double never, repeats, root, length;
};

static bool input_is_sound(const struct plan_windows_input *in)
{
	return in->table && in->table->confidence > 0 && in->table->result > 0 && in->inferences &&
	       isfinite(in->inference_s) && in->inference_s > 0 && isfinite(in->overhead_s) &&
	       in->overhead_s >= 0 && isfinite(in->target_u_rel) && in->target_u_rel > 0 &&
	       isfinite(in->coverage_factor) && in->coverage_factor > 0 && in->inferences_max &&
	       in->windows_min && in->windows_max >= in->windows_min;
}

static struct parts parts_of(const struct plan_windows_input *in)
{
	double n = (double)in->inferences;
	struct parts parts = {0};

	for (size_t i = 0; i < in->table->count; i++) {
		const struct budget_entry *entry = &in->table->entries[i];
		double square = pow(entry->u_result / in->table->result, 2);

		if (entry->common || entry->shrink == BUDGET_SHRINK_NEVER)
			parts.never += square;
		else if (entry->shrink == BUDGET_SHRINK_REPEATS)
			parts.repeats += square;
		else if (entry->shrink == BUDGET_SHRINK_ROOT)
			parts.root += square * n;
		else
			parts.length += square * n * n;
	}
	return parts;
}

static double u_rel(const struct parts *parts, double inferences, double windows)
{
	return sqrt(parts->never + (parts->repeats + parts->root / inferences +
				    parts->length / (inferences * inferences)) /
					   windows);
}

/* The least number of inferences for which root/n + length/n^2 <= room; INFINITY: there is none. */
static double inferences_for(const struct parts *parts, double room)
{
	double n;

	if (parts->root == 0 && parts->length == 0)
		return room >= 0 ? 1 : INFINITY;
	if (room <= 0)
		return INFINITY;
	n = (parts->root + sqrt(parts->root * parts->root + 4 * room * parts->length)) / (2 * room);
	return fmax(1, ceil(n * (1 - 1e-12)));
}

static double total_s(const struct plan_windows_input *in, double inferences, double windows)
{
	return windows * (inferences * in->inference_s + in->overhead_s);
}

static void consider(const struct plan_windows_input *in, const struct parts *parts,
		     unsigned windows, struct plan_windows *plan)
{
	double target = in->target_u_rel / in->coverage_factor;
	double room = (target * target - parts->never) * windows - parts->repeats;
	double n = inferences_for(parts, room), time_s = total_s(in, n, windows);

	if (n > (double)in->inferences_max ||
	    (plan->verdict == PLAN_WINDOWS_REACHED && time_s >= plan->total_s))
		return;
	*plan = (struct plan_windows){.verdict = PLAN_WINDOWS_REACHED,
				      .inferences = (uint64_t)n,
				      .windows = windows,
				      .u_rel = in->coverage_factor * u_rel(parts, n, windows),
				      .floor_u_rel = plan->floor_u_rel,
				      .total_s = time_s};
}

int plan_windows(const struct plan_windows_input *input, struct plan_windows *ret_plan)
{
	struct plan_windows plan;
	struct parts parts;

	if (!input_is_sound(input))
		return ANALYSIS_BAD_ARGUMENT;
	parts = parts_of(input);
	plan = (struct plan_windows){
		.verdict = PLAN_WINDOWS_TOO_MANY,
		.inferences = input->inferences_max,
		.windows = input->windows_max,
		.u_rel = input->coverage_factor *
			 u_rel(&parts, (double)input->inferences_max, input->windows_max),
		.floor_u_rel = input->coverage_factor * sqrt(parts.never),
		.total_s = total_s(input, (double)input->inferences_max, input->windows_max),
	};
	if (input->target_u_rel <= plan.floor_u_rel)
		plan.verdict = PLAN_WINDOWS_BELOW_FLOOR;
	else
		for (unsigned w = input->windows_min; w <= input->windows_max && w; w++)
			consider(input, &parts, w, &plan);
	*ret_plan = plan;
	return 0;
}

const char *plan_windows_verdict_name(enum plan_windows_verdict verdict)
{
	static const char *const names[] = {[PLAN_WINDOWS_REACHED] = "reached",
					    [PLAN_WINDOWS_BELOW_FLOOR] = "below floor",
					    [PLAN_WINDOWS_TOO_MANY] = "too many"};

	return names[verdict];
}
