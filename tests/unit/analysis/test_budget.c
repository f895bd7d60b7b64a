/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "analysis/budget/budget.h"
#include "analysis/trace/error.h"

static void assert_close(double value, double expected, double relative)
{
	if (!(fabs(value - expected) <= relative * fabs(expected)))
		fail_msg("%.15g is not %.15g within %g", value, expected, relative);
}

/* 20 mA for 0.5 s at 3 V over 8 mA idle: 30 mJ gross, 18 mJ above idle. No uncertainty. */
static const struct budget_input plain = {.charge_c = 0.01,
					  .duration_s = 0.5,
					  .supply_v = 3,
					  .has_idle = true,
					  .idle_a = 0.008,
					  .samples = 50000};

static struct budget_window budget(struct budget_input input)
{
	struct budget_window window;

	assert_int_equal(budget_of_window(&input, &window), 0);
	return window;
}

static void each_source_alone(void **state)
{
	struct budget_input input = plain;
	struct budget_window window = budget(input);

	(void)state;
	assert_close(window.gross.energy_j, 0.03, 1e-14);
	assert_close(window.above_idle.energy_j, 0.018, 1e-14);
	assert_true(window.gross.u_energy_j == 0 && window.above_idle.u_energy_j == 0);

	input = plain;
	input.edge_u_s = 3e-6;
	window = budget(input);
	assert_close(window.gross.u_energy_j, sqrt(2) * 3 * 3e-6 * 0.020, 1e-12);
	assert_close(window.above_idle.u_independent_j, sqrt(2) * 3 * 3e-6 * 0.012, 1e-12);
	assert_true(window.above_idle.u_common_j == 0);

	input = plain;
	input.gain_u_rel = 0.01;
	window = budget(input);
	assert_close(window.gross.u_common_j, 0.0003, 1e-12);
	assert_close(window.above_idle.u_energy_j, 0.00018, 1e-12);
	assert_true(window.gross.u_independent_j == 0);

	input = plain;
	input.supply_u_v = 0.03;
	input.rate_u_rel = 0.01;
	window = budget(input);
	assert_close(window.gross.u_common_j, sqrt(2) * 0.0003, 1e-12);

	input = plain;
	input.offset_u_a = 1e-5;
	window = budget(input);
	assert_close(window.gross.u_common_j, 1e-5 * 0.5 * 3, 1e-12);
	assert_close(window.above_idle.u_common_j, 1e-5 * 0.5 * 3, 1e-12);
	input.idle_same_range = true;
	window = budget(input);
	assert_close(window.gross.u_common_j, 1e-5 * 0.5 * 3, 1e-12);
	assert_true(window.above_idle.u_common_j == 0);

	input = plain;
	input.idle_u_a = 2e-6;
	window = budget(input);
	assert_true(window.gross.u_energy_j == 0);
	assert_close(window.above_idle.u_independent_j, 2e-6 * 0.5 * 3, 1e-12);
}

static void resolution_averages_only_with_dither(void **state)
{
	struct budget_input input = plain;

	(void)state;
	input.noise_sd_a = 1e-4;
	assert_close(budget(input).gross.u_independent_j, 1.5 * 1e-4 / sqrt(50000), 1e-12);
	input.resolution_a = 1e-4;
	assert_close(budget(input).gross.u_independent_j,
		     1.5 * 1e-4 * sqrt(1 + 1.0 / 12) / sqrt(50000), 1e-12);
	input.noise_sd_a = 0;
	assert_close(budget(input).gross.u_independent_j, 1.5 * 1e-4 / sqrt(12), 1e-12);
}

static void parts_combine(void **state)
{
	struct budget_input input = plain;
	struct budget_energy energy;

	(void)state;
	input.edge_u_s = 1e-5;
	input.gain_u_rel = 0.005;
	input.offset_u_a = 1e-6;
	input.noise_sd_a = 1e-3;
	input.idle_u_a = 1e-6;
	input.supply_u_v = 0.01;
	energy = budget(input).above_idle;
	assert_close(energy.u_energy_j * energy.u_energy_j,
		     energy.u_edges_j * energy.u_edges_j + energy.u_noise_j * energy.u_noise_j +
			     energy.u_idle_j * energy.u_idle_j + energy.u_gain_j * energy.u_gain_j +
			     energy.u_supply_j * energy.u_supply_j +
			     energy.u_offset_j * energy.u_offset_j,
		     1e-12);
	assert_close(energy.u_energy_j, hypot(energy.u_independent_j, energy.u_common_j), 1e-12);
	input.has_idle = false;
	input.idle_a = NAN; /* not used */
	assert_true(budget(input).above_idle.u_energy_j == 0);
	assert_true(budget(input).gross.u_energy_j > 0);
}

static void bad_input(void **state)
{
	struct budget_input inputs[] = {plain, plain, plain, plain, plain, plain, plain};
	struct budget_window window;

	(void)state;
	inputs[0].charge_c = NAN;
	inputs[1].duration_s = 0;
	inputs[2].supply_v = -3;
	inputs[3].gain_u_rel = -0.1;
	inputs[4].samples = 0;
	inputs[5].idle_a = NAN;
	inputs[6].noise_sd_a = INFINITY;
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++)
		assert_int_equal(budget_of_window(&inputs[i], &window), ANALYSIS_BAD_ARGUMENT);
}

/* GUM example of type A: 4 repeats, s = 2 mJ about 10 mJ; t_0.975(3) = 3.182446 (table G.2: 3.18).
 */
static void repeats(void **state)
{
	const double energy_j[] = {8e-3, 12e-3, 9e-3, 11e-3};
	const double independent_j[] = {1e-4, 1e-4, 1e-4, 1e-4}, none[4] = {0};
	const double common_j[] = {8e-4, 12e-4, 9e-4, 11e-4};
	double sd_j = sqrt((4 + 4 + 1 + 1) / 3.0) * 1e-3;
	struct budget_mean mean;

	(void)state;
	assert_int_equal(budget_combine_repeats(energy_j, none, none, 4, &mean), 0);
	assert_close(mean.mean_j, 10e-3, 1e-12);
	assert_close(mean.sd_j, sd_j, 1e-12);
	assert_close(mean.u_mean_j, sd_j / 2, 1e-12);
	assert_close(mean.coverage_factor, 3.182446, 1e-6);
	assert_true(mean.birge_ratio == 0);

	assert_int_equal(budget_combine_repeats(energy_j, independent_j, common_j, 4, &mean), 0);
	assert_close(mean.u_common_j, 1e-3, 1e-12);
	assert_close(mean.u_mean_j, hypot(sd_j / 2, 1e-3), 1e-12);
	assert_close(mean.birge_ratio, sd_j / 1e-4, 1e-9);
	assert_true(mean.coverage_factor > 1.96 && mean.coverage_factor < 3.18);
	assert_close(mean.expanded_u_j, mean.coverage_factor * mean.u_mean_j, 1e-14);
}

/* Repeats that agree by luck, or a single one: the independent parts still count. */
static void repeats_never_better_than_their_parts(void **state)
{
	const double energy_j[] = {5e-3, 5e-3}, independent_j[] = {3e-5, 4e-5},
		     common_j[] = {1e-4, 1e-4};
	struct budget_mean mean;

	(void)state;
	assert_int_equal(budget_combine_repeats(energy_j, independent_j, common_j, 2, &mean), 0);
	assert_close(mean.u_type_a_j, 2.5e-5, 1e-12);
	assert_close(mean.coverage_factor, 1.959964, 1e-6);
	assert_int_equal(budget_combine_repeats(energy_j, independent_j, common_j, 1, &mean), 0);
	assert_close(mean.u_mean_j, hypot(3e-5, 1e-4), 1e-12);
	assert_int_equal(budget_combine_repeats(energy_j, independent_j, common_j, 0, &mean),
			 ANALYSIS_BAD_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_source_alone),
		cmocka_unit_test(resolution_averages_only_with_dither),
		cmocka_unit_test(parts_combine),
		cmocka_unit_test(bad_input),
		cmocka_unit_test(repeats),
		cmocka_unit_test(repeats_never_better_than_their_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
