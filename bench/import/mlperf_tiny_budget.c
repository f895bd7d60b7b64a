/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The uncertainty of windows and of their mean.
 */
#include <math.h>

#include "bench/import/mlperf_tiny_judge.h"

/* The energies as they are: charge at 1 V, since no submission has a voltage trace. */
static int budget_of(const struct tiny_result *result, const struct tiny_window *window,
		     struct budget_window *budget)
{
	const struct budget_input input = {
		.charge_c = window->energy.energy_j,
		.duration_s = window->energy.duration_s,
		.supply_v = 1,
		.edge_u_s = TINY_STAMP_S / sqrt(12),
		.gain_u_rel = result->meter->limit_rel / sqrt(3),
		.noise_sd_a = window->energy.u_scatter_rel * window->energy.mean_power_w *
			      sqrt(ENERGY_PARTS),
		.samples = ENERGY_PARTS,
	};

	return budget_of_window(&input, budget);
}

void tiny_judge_uncertainty(struct tiny_result *result)
{
	double energy_j[TINY_WINDOWS_MAX], independent_j[TINY_WINDOWS_MAX],
		common_j[TINY_WINDOWS_MAX];
	double powers_w[TINY_WINDOWS_MAX];
	struct repeat_result power;

	for (unsigned i = 0; i < result->window_count; i++) {
		struct tiny_window *window = &result->windows[i];
		struct budget_window budget;

		if (!(window->inferences >= 1) || budget_of(result, window, &budget))
			return;
		window->u_independent_j = budget.gross.u_independent_j / window->inferences;
		window->u_common_j = budget.gross.u_common_j / window->inferences;
		energy_j[i] = window->energy_per_inference_j;
		independent_j[i] = window->u_independent_j;
		common_j[i] = window->u_common_j;
		powers_w[i] = window->energy.mean_power_w;
	}
	if (!result->window_count)
		return;
	budget_combine_repeats(energy_j, independent_j, common_j, result->window_count,
			       &result->mean);
	if (!repeat_judge(powers_w, result->window_count, &power))
		result->power_w = power.median;
}
