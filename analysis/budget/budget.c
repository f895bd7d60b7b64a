/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GUM budgets of single windows and of repeats.
 */
#include "analysis/budget/budget.h"

#include <gsl/gsl_cdf.h>
#include <assert.h>
#include <math.h>

#include "analysis/trace/sum.h"

static const double COVERAGE_P_UPPER = 0.975; /* two-sided 95 % */

static bool finite_not_negative(double value)
{
	return isfinite(value) && value >= 0;
}

static int input_judge(const struct budget_input *in)
{
	const double uncertainties[] = {
		in->supply_u_v, in->edge_u_s,   in->gain_u_rel,   in->offset_u_a,
		in->rate_u_rel, in->noise_sd_a, in->resolution_a, in->has_idle ? in->idle_u_a : 0};

	for (size_t i = 0; i < sizeof(uncertainties) / sizeof(uncertainties[0]); i++)
		if (!finite_not_negative(uncertainties[i]))
			return ANALYSIS_BAD_ARGUMENT;
	if (!isfinite(in->charge_c) || !isfinite(in->duration_s) || in->duration_s <= 0 ||
	    !isfinite(in->supply_v) || in->supply_v <= 0 || !in->samples ||
	    (in->has_idle && !isfinite(in->idle_a)))
		return ANALYSIS_BAD_ARGUMENT;
	return 0;
}

/* Of the mean current of the window, from noise and resolution. */
static double mean_current_u(const struct budget_input *in)
{
	double root_n = sqrt((double)in->samples);
	double step_u = in->resolution_a / sqrt(12);
	bool dithered = in->noise_sd_a >= in->resolution_a / 2;

	return hypot(in->noise_sd_a / root_n, dithered ? step_u / root_n : step_u);
}

static void energy_combine(struct budget_energy *energy)
{
	energy->u_independent_j =
		hypot(hypot(energy->u_edges_j, energy->u_noise_j), energy->u_idle_j);
	energy->u_common_j = hypot(hypot(energy->u_gain_j, energy->u_supply_j),
				   hypot(energy->u_rate_j, energy->u_offset_j));
	energy->u_energy_j = hypot(energy->u_independent_j, energy->u_common_j);
}

/* edge_current_a: what flows or not when an edge moves; idle_u_a, offset_u_a: 0 where they do not
 * apply. */
static struct budget_energy energy_budget(const struct budget_input *in, double energy_j,
					  double edge_current_a, double idle_u_a, double offset_u_a)
{
	double volt_seconds = in->supply_v * in->duration_s;
	struct budget_energy energy = {
		.energy_j = energy_j,
		.u_edges_j = sqrt(2) * in->supply_v * in->edge_u_s * edge_current_a,
		.u_noise_j = volt_seconds * mean_current_u(in),
		.u_idle_j = volt_seconds * idle_u_a,
		.u_gain_j = fabs(energy_j) * in->gain_u_rel,
		.u_supply_j = fabs(energy_j) * in->supply_u_v / in->supply_v,
		.u_rate_j = fabs(energy_j) * in->rate_u_rel,
		.u_offset_j = volt_seconds * offset_u_a,
	};

	energy_combine(&energy);
	return energy;
}

int budget_of_window(const struct budget_input *input, struct budget_window *ret_budget)
{
	struct budget_window budget = {0};
	double active_a, idle_a;
	int code;

	assert(input && ret_budget);
	code = input_judge(input);
	if (code)
		return code;
	active_a = input->charge_c / input->duration_s;
	idle_a = input->has_idle ? input->idle_a : 0;
	budget.gross = energy_budget(input, input->supply_v * input->charge_c,
				     fmax(fabs(active_a), fabs(idle_a)), 0, input->offset_u_a);
	if (input->has_idle)
		budget.above_idle = energy_budget(
			input, input->supply_v * (input->charge_c - idle_a * input->duration_s),
			fabs(active_a - idle_a), input->idle_u_a,
			input->idle_same_range ? 0 : input->offset_u_a);
	*ret_budget = budget;
	return 0;
}

static int repeats_judge(const double *energy_j, const double *u_independent_j,
			 const double *u_common_j, size_t count)
{
	if (!energy_j || !u_independent_j || !u_common_j || !count)
		return ANALYSIS_BAD_ARGUMENT;
	for (size_t i = 0; i < count; i++)
		if (!isfinite(energy_j[i]) || !finite_not_negative(u_independent_j[i]) ||
		    !finite_not_negative(u_common_j[i]))
			return ANALYSIS_BAD_ARGUMENT;
	return 0;
}

static double mean_of(const double *values, size_t count)
{
	struct sum sum = {0};

	for (size_t i = 0; i < count; i++)
		sum_add(&sum, values[i]);
	return sum_value(&sum) / (double)count;
}

/* Root mean square of values less offset, with the given divisor. */
static double spread_of(const double *values, size_t count, double offset, double divisor)
{
	struct sum sum = {0};

	for (size_t i = 0; i < count; i++)
		sum_add(&sum, (values[i] - offset) * (values[i] - offset));
	return sqrt(sum_value(&sum) / divisor);
}

/* Scatter of n repeats has n-1 degrees of freedom, everything else infinitely many (GUM G.4). */
static double coverage_factor(double scatter_u, double u_mean, size_t count)
{
	double dof;

	if (count < 2 || scatter_u <= 0 || u_mean <= 0)
		return gsl_cdf_ugaussian_Pinv(COVERAGE_P_UPPER);
	dof = (double)(count - 1) * pow(u_mean / scatter_u, 4);
	return dof > 1e6 ? gsl_cdf_ugaussian_Pinv(COVERAGE_P_UPPER)
			 : gsl_cdf_tdist_Pinv(COVERAGE_P_UPPER, dof);
}

int budget_combine_repeats(const double *energy_j, const double *u_independent_j,
			   const double *u_common_j, size_t count, struct budget_mean *ret_mean)
{
	struct budget_mean mean = {.count = count};
	double n = (double)count, scatter_u = 0, explained_u;
	int code = repeats_judge(energy_j, u_independent_j, u_common_j, count);

	if (code)
		return code;
	mean.mean_j = mean_of(energy_j, count);
	if (count > 1) {
		mean.sd_j = spread_of(energy_j, count, mean.mean_j, n - 1);
		scatter_u = mean.sd_j / sqrt(n);
	}
	explained_u = spread_of(u_independent_j, count, 0, n) / sqrt(n);
	mean.u_type_a_j = fmax(scatter_u, explained_u);
	mean.u_common_j = mean_of(u_common_j, count);
	mean.u_mean_j = hypot(mean.u_type_a_j, mean.u_common_j);
	if (explained_u > 0)
		mean.birge_ratio = scatter_u / explained_u;
	mean.coverage_factor =
		coverage_factor(scatter_u < explained_u ? 0 : scatter_u, mean.u_mean_j, count);
	mean.expanded_u_j = mean.coverage_factor * mean.u_mean_j;
	*ret_mean = mean;
	return 0;
}
