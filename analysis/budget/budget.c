/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GUM budgets of single windows and of repeats.
 */
#include "analysis/budget/budget.h"

#include <assert.h>
#include <math.h>

#include "analysis/budget/coverage.h"
#include "analysis/budget/moments.h"

static const double CONFIDENCE = 0.95; /* of the mean of repeats */

static bool finite_not_negative(double value)
{
	return isfinite(value) && value >= 0;
}

static int ranges_judge(const struct budget_input *in)
{
	double share = 0, idle_share = 0;

	if (!in->range_count)
		return 0;
	if (in->range_count > BUDGET_RANGES_MAX)
		return ANALYSIS_BAD_ARGUMENT;
	for (size_t r = 0; r < in->range_count; r++) {
		const struct budget_range *range = &in->ranges[r];

		if (!finite_not_negative(range->share) || !finite_not_negative(range->idle_share) ||
		    !finite_not_negative(range->offset_u_a) ||
		    !finite_not_negative(range->resolution_a))
			return ANALYSIS_BAD_ARGUMENT;
		share += range->share;
		idle_share += range->idle_share;
	}
	return fabs(share - 1) < 1e-6 && idle_share < 1 + 1e-6 ? 0 : ANALYSIS_BAD_ARGUMENT;
}

static int input_judge(const struct budget_input *in)
{
	const double uncertainties[] = {
		in->supply_u_v,   in->edge_u_s,
		in->gain_u_rel,   in->offset_u_a,
		in->rate_u_rel,   in->noise_sd_a,
		in->resolution_a, in->has_idle ? in->idle_u_a : 0,
		in->dither_sd_a,  in->temperature_u_per_k,
		in->burden_u_v,   in->idle_dof,
		in->repeat_u_j,   in->repeat_dof,
	};

	for (size_t i = 0; i < sizeof(uncertainties) / sizeof(uncertainties[0]); i++)
		if (!finite_not_negative(uncertainties[i]))
			return ANALYSIS_BAD_ARGUMENT;
	if (!isfinite(in->charge_c) || !isfinite(in->duration_s) || in->duration_s <= 0 ||
	    !isfinite(in->supply_v) || in->supply_v <= 0 || !in->samples ||
	    !isfinite(in->temperature_k) || (in->has_idle && !isfinite(in->idle_a)) ||
	    (in->repeat_u_j > 0 && !(in->repeat_dof > 0)))
		return ANALYSIS_BAD_ARGUMENT;
	return ranges_judge(in);
}

/* One energy's table while it is being filled. */
struct filling {
	const struct budget_input *in;
	struct budget_table *table;
	double volt_seconds;
	int code;
};

static void put(struct filling *f, struct budget_entry entry)
{
	entry.basis = f->in->basis[entry.source];
	entry.dof = entry.dof > 0 ? entry.dof : INFINITY;
	if (!f->code)
		f->code = budget_table_add(f->table, &entry);
}

static void put_common(struct filling *f, enum budget_source source, double value, double u,
		       const char *unit, double sensitivity)
{
	put(f, (struct budget_entry){.source = source,
				     .range = BUDGET_NO_RANGE,
				     .type = BUDGET_TYPE_B,
				     .common = true,
				     .value = value,
				     .u = u,
				     .unit = unit,
				     .sensitivity = sensitivity});
}

static void put_offset(struct filling *f, int range, double u_a, double share)
{
	put(f, (struct budget_entry){.source = BUDGET_OFFSET,
				     .range = range,
				     .type = BUDGET_TYPE_B,
				     .common = true,
				     .u = u_a,
				     .unit = "A",
				     .sensitivity = f->volt_seconds * share});
}

/* Half a step either way; averages out like noise where samples scatter over several steps. */
static void put_resolution(struct filling *f, int range, double step_a, double share)
{
	double samples = fmax(1, (double)f->in->samples * share), u_a = step_a / sqrt(12);
	bool dithered = fmax(f->in->noise_sd_a, f->in->dither_sd_a) >= step_a / 2;

	put(f, (struct budget_entry){.source = BUDGET_RESOLUTION,
				     .range = range,
				     .type = BUDGET_TYPE_B,
				     .u = dithered ? u_a / sqrt(samples) : u_a,
				     .shrink = dithered ? BUDGET_SHRINK_ROOT : BUDGET_SHRINK_NEVER,
				     .unit = "A",
				     .sensitivity = f->volt_seconds * share});
}

/* subtract_idle: the zero of ranges that idle was measured in cancels. */
static void put_ranges(struct filling *f, bool subtract_idle)
{
	const struct budget_input *in = f->in;
	const struct budget_range *range = in->ranges;

	for (size_t r = 0; r < in->range_count; r++)
		if (range[r].share > 0 || (subtract_idle && range[r].idle_share > 0))
			put_offset(f, (int)r, range[r].offset_u_a,
				   range[r].share - (subtract_idle ? range[r].idle_share : 0));
	if (!in->range_count)
		put_offset(f, BUDGET_NO_RANGE, in->offset_u_a,
			   subtract_idle && in->idle_same_range ? 0 : 1);
	for (size_t r = 0; r < in->range_count; r++)
		if (range[r].share > 0)
			put_resolution(f, (int)r, range[r].resolution_a, range[r].share);
	if (!in->range_count)
		put_resolution(f, BUDGET_NO_RANGE, in->resolution_a, 1);
}

static void put_observed(struct filling *f, enum budget_source source, double value, double u,
			 const char *unit, double sensitivity, double dof)
{
	put(f, (struct budget_entry){.source = source,
				     .range = BUDGET_NO_RANGE,
				     .type = BUDGET_TYPE_A,
				     .shrink = source == BUDGET_NOISE ? BUDGET_SHRINK_ROOT
								      : BUDGET_SHRINK_REPEATS,
				     .value = value,
				     .u = u,
				     .unit = unit,
				     .dof = dof,
				     .sensitivity = sensitivity});
}

static void put_edges(struct filling *f, double edge_current_a)
{
	put(f, (struct budget_entry){.source = BUDGET_EDGES,
				     .range = BUDGET_NO_RANGE,
				     .type = BUDGET_TYPE_B,
				     .shrink = BUDGET_SHRINK_LENGTH,
				     .value = f->in->duration_s,
				     .u = sqrt(2) * f->in->edge_u_s,
				     .unit = "s",
				     .sensitivity = f->in->supply_v * edge_current_a});
}

/* edge_current_a: what flows or not when an edge moves. */
static int energy_table(const struct budget_input *in, double energy_j, double edge_current_a,
			bool subtract_idle, struct budget_table *ret_table)
{
	struct filling f = {in, ret_table, in->supply_v * in->duration_s, 0};

	*ret_table = (struct budget_table){.result = energy_j};
	put_common(&f, BUDGET_GAIN, 1, in->gain_u_rel, "1", energy_j);
	put_ranges(&f, subtract_idle);
	put_observed(&f, BUDGET_NOISE, in->charge_c / in->duration_s,
		     in->noise_sd_a / sqrt((double)in->samples), "A", f.volt_seconds, 0);
	put_common(&f, BUDGET_TEMPERATURE, 0, in->temperature_u_per_k, "1/K",
		   energy_j * in->temperature_k);
	put_common(&f, BUDGET_TIME_BASE, 1, in->rate_u_rel, "1", energy_j);
	put_edges(&f, edge_current_a);
	put_common(&f, BUDGET_SUPPLY, in->supply_v, in->supply_u_v, "V", energy_j / in->supply_v);
	put_common(&f, BUDGET_BURDEN, 0, in->burden_u_v, "V", energy_j / in->supply_v);
	if (subtract_idle)
		put_observed(&f, BUDGET_IDLE, in->idle_a, in->idle_u_a, "A", -f.volt_seconds,
			     in->idle_dof);
	put_observed(&f, BUDGET_REPEATABILITY, 0, in->repeat_u_j, "J", 1, in->repeat_dof);
	return f.code ? f.code : budget_table_finish(ret_table, COVERAGE_TWO_SIGMA);
}

int budget_tables_of_window(const struct budget_input *input, struct budget_tables *ret_tables)
{
	struct budget_tables tables = {0};
	double active_a, idle_a;
	int code;

	assert(input && ret_tables);
	code = input_judge(input);
	if (code)
		return code;
	active_a = input->charge_c / input->duration_s;
	idle_a = input->has_idle ? input->idle_a : 0;
	code = energy_table(input, input->supply_v * input->charge_c,
			    fmax(fabs(active_a), fabs(idle_a)), false, &tables.gross);
	if (!code && input->has_idle)
		code = energy_table(
			input, input->supply_v * (input->charge_c - idle_a * input->duration_s),
			fabs(active_a - idle_a), true, &tables.above_idle);
	if (!code)
		*ret_tables = tables;
	return code;
}

static struct budget_energy energy_summary(const struct budget_table *table)
{
	return (struct budget_energy){
		.energy_j = table->result,
		.u_edges_j = budget_table_of_source(table, BUDGET_EDGES),
		.u_noise_j = hypot(budget_table_of_source(table, BUDGET_NOISE),
				   budget_table_of_source(table, BUDGET_RESOLUTION)),
		.u_idle_j = budget_table_of_source(table, BUDGET_IDLE),
		.u_repeat_j = budget_table_of_source(table, BUDGET_REPEATABILITY),
		.u_gain_j = hypot(budget_table_of_source(table, BUDGET_GAIN),
				  budget_table_of_source(table, BUDGET_TEMPERATURE)),
		.u_supply_j = hypot(budget_table_of_source(table, BUDGET_SUPPLY),
				    budget_table_of_source(table, BUDGET_BURDEN)),
		.u_rate_j = budget_table_of_source(table, BUDGET_TIME_BASE),
		.u_offset_j = budget_table_of_source(table, BUDGET_OFFSET),
		.u_independent_j = table->u_independent,
		.u_common_j = table->u_common,
		.u_energy_j = table->u,
	};
}

int budget_of_window(const struct budget_input *input, struct budget_window *ret_budget)
{
	struct budget_tables tables;
	int code = budget_tables_of_window(input, &tables);

	if (code)
		return code;
	ret_budget->gross = energy_summary(&tables.gross);
	ret_budget->above_idle = energy_summary(&tables.above_idle);
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

static double root_sum_squares(const double *values, size_t count)
{
	double root = 0;

	for (size_t i = 0; i < count; i++)
		root = hypot(root, values[i]);
	return root;
}

/* Scatter of n repeats has n-1 degrees of freedom, everything else infinitely many (GUM G.4). */
static double repeats_factor(double scatter_u, double u_mean, size_t count)
{
	const double u[] = {scatter_u, sqrt(fmax(0, u_mean * u_mean - scatter_u * scatter_u))};
	const double dof[] = {(double)count - 1, INFINITY};

	return coverage_factor(CONFIDENCE,
			       count < 2 || scatter_u <= 0 ? INFINITY : coverage_dof(u, dof, 2));
}

int budget_combine_repeats(const double *energy_j, const double *u_independent_j,
			   const double *u_common_j, size_t count, struct budget_mean *ret_mean)
{
	struct budget_mean mean = {.count = count};
	struct moments energy = {0}, common = {0};
	double n = (double)count, scatter_u, explained_u;
	int code = repeats_judge(energy_j, u_independent_j, u_common_j, count);

	if (code)
		return code;
	moments_add_all(&energy, energy_j, count);
	moments_add_all(&common, u_common_j, count);
	mean.mean_j = moments_mean(&energy);
	mean.sd_j = moments_sd(&energy);
	scatter_u = mean.sd_j / sqrt(n);
	explained_u = root_sum_squares(u_independent_j, count) / n;
	mean.u_type_a_j = fmax(scatter_u, explained_u);
	mean.u_common_j = moments_mean(&common);
	mean.u_mean_j = hypot(mean.u_type_a_j, mean.u_common_j);
	if (explained_u > 0)
		mean.birge_ratio = scatter_u / explained_u;
	mean.coverage_factor =
		repeats_factor(scatter_u < explained_u ? 0 : scatter_u, mean.u_mean_j, count);
	mean.expanded_u_j = mean.coverage_factor * mean.u_mean_j;
	*ret_mean = mean;
	return 0;
}
