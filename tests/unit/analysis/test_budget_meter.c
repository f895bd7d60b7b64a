/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a meter brings into a budget: ranges with a zero and a step each, temperature, burden; and
 * the table of meter classes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "analysis/budget/budget.h"
#include "analysis/budget/meter_class.h"

static void assert_close(double value, double expected, double relative)
{
	if (!(fabs(value - expected) <= relative * fabs(expected)))
		fail_msg("%.15g is not %.15g within %g", value, expected, relative);
}

/* 99 mA for 1 s at 3.3 V over 5 mA idle. A PPK2's largest range (43 mohm) has steps of 1.02 mA, the
 * one before (0.94 ohm) of 47 uA. */
static const double step_4_a = 4 * 1.8 / 163840 / 0.043, step_3_a = 4 * 1.8 / 163840 / 0.94;

static struct budget_input large_current(void)
{
	struct budget_input input = {.charge_c = 0.099,
				     .duration_s = 1,
				     .supply_v = 3.3,
				     .has_idle = true,
				     .idle_a = 5e-3,
				     .samples = 100000,
				     .dither_sd_a = 2e-3,
				     .range_count = 5};

	input.ranges[4] = (struct budget_range){
		.share = 1, .offset_u_a = step_4_a / sqrt(3), .resolution_a = step_4_a};
	input.ranges[3] = (struct budget_range){
		.idle_share = 1, .offset_u_a = step_3_a / sqrt(3), .resolution_a = step_3_a};
	return input;
}

static struct budget_tables tables_of(struct budget_input input)
{
	struct budget_tables tables;

	assert_int_equal(budget_tables_of_window(&input, &tables), 0);
	return tables;
}

/* Zeros that are off by up to 0.6 steps of the range are up to 0.6 % here. */
static void zero_of_the_largest_range(void **state)
{
	struct budget_tables tables = tables_of(large_current());
	double worst_j = 3.3 * 1 * 0.6 * step_4_a;

	(void)state;
	assert_close(worst_j / tables.gross.result, 0.0062, 0.01);
	assert_true(tables.gross.expanded_u_k2 > worst_j);
	assert_close(tables.gross.u_common, 3.3 * step_4_a / sqrt(3), 1e-12);
	assert_close(tables.above_idle.u_common, 3.3 * hypot(step_4_a, step_3_a) / sqrt(3), 1e-12);
	/* The smallest range's 200 nA, for all samples, would have been 5000 times too good. */
	assert_true(tables.gross.u_common > 1000 * 3.3 * 200e-9);
}

static void shares_weigh_the_zeros(void **state)
{
	struct budget_input input = large_current();
	struct budget_tables tables;

	(void)state;
	input.ranges[4].share = 0.6;
	input.ranges[3].share = 0.4;
	tables = tables_of(input);
	assert_close(tables.gross.u_common, 3.3 * hypot(0.6 * step_4_a, 0.4 * step_3_a) / sqrt(3),
		     1e-12);
	/* Of range 3's zero, the 40 % of the window stand against 100 % of idle. */
	assert_close(tables.above_idle.u_common,
		     3.3 * hypot(0.6 * step_4_a, 0.6 * step_3_a) / sqrt(3), 1e-12);
	input.ranges[3].idle_share = 0;
	input.ranges[4].idle_share = 1;
	input.ranges[4].share = 1;
	input.ranges[3].share = 0;
	assert_true(tables_of(input).above_idle.u_common == 0);
}

static void step_averages_out_when_the_load_moves(void **state)
{
	struct budget_input input = large_current();

	(void)state;
	assert_close(tables_of(input).gross.u_independent, 3.3 * step_4_a / sqrt(12) / sqrt(100000),
		     1e-12);
	input.dither_sd_a = step_4_a / 3;
	assert_close(tables_of(input).gross.u_independent, 3.3 * step_4_a / sqrt(12), 1e-12);
}

static void temperature_and_burden(void **state)
{
	struct budget_input input = {.charge_c = 0.01,
				     .duration_s = 0.5,
				     .supply_v = 3,
				     .samples = 1,
				     .temperature_u_per_k = 3e-5,
				     .temperature_k = -18};

	(void)state;
	assert_close(tables_of(input).gross.u_common, 0.03 * 18 * 3e-5, 1e-12);
	input.temperature_k = 0;
	input.burden_u_v = 0.06 / sqrt(3);
	assert_close(tables_of(input).gross.u_common, 0.03 * 0.02 / sqrt(3), 1e-12);
}

static void repeatability_has_few_degrees_of_freedom(void **state)
{
	struct budget_input input = {.charge_c = 0.01,
				     .duration_s = 0.5,
				     .supply_v = 3,
				     .samples = 1,
				     .repeat_u_j = 1e-4,
				     .repeat_dof = 3};
	struct budget_table table = tables_of(input).gross;

	(void)state;
	assert_close(table.dof, 3, 1e-9);
	assert_close(table.coverage_factor, 3.31, 0.0015); /* GUM table G.2, 95.45 % */
	input.gain_u_rel = 0.1;                            /* dwarfs it */
	table = tables_of(input).gross;
	assert_close(table.coverage_factor, 2, 1e-6);
	input.repeat_dof = 0;
	assert_int_equal(budget_tables_of_window(&input, &(struct budget_tables){0}),
			 ANALYSIS_BAD_ARGUMENT);
}

static void shares_must_add_up(void **state)
{
	struct budget_input input = large_current();
	struct budget_tables tables;

	(void)state;
	input.ranges[4].share = 0.9;
	assert_int_equal(budget_tables_of_window(&input, &tables), ANALYSIS_BAD_ARGUMENT);
	input = large_current();
	input.ranges[2].offset_u_a = -1;
	assert_int_equal(budget_tables_of_window(&input, &tables), ANALYSIS_BAD_ARGUMENT);
	input = large_current();
	input.range_count = BUDGET_RANGES_MAX + 1;
	assert_int_equal(budget_tables_of_window(&input, &tables), ANALYSIS_BAD_ARGUMENT);
}

static void check_limit(const struct meter_limit *limit, double most)
{
	assert_true(limit->half_width >= 0 && limit->half_width <= most);
	assert_non_null(limit->basis.text);
	assert_true(limit->basis.distribution == BUDGET_RECTANGULAR ||
		    limit->basis.distribution == BUDGET_NORMAL);
}

static void every_class_says_where_it_is_from(void **state)
{
	const struct meter_class *class;
	size_t count = 0;

	(void)state;
	for (; (class = meter_class_at(count)); count++) {
		if (count)
			assert_true(strcmp(meter_class_at(count - 1)->model, class->model) < 0);
		assert_ptr_equal(meter_class_find(class->model), class);
		assert_true(class->gain.half_width > 0 && class->offset.half_width > 0 &&
			    class->time_base.half_width > 0 && class->temperature.half_width > 0);
		check_limit(&class->gain, 0.05);
		check_limit(&class->offset, 2e-3);
		check_limit(&class->temperature, 1e-3);
		check_limit(&class->time_base, 0.02);
		check_limit(&class->burden, 0.1);
		if (class->measures_voltage)
			check_limit(&class->voltage, 0.02);
		assert_true(class->calibration_c > 15 && class->calibration_c < 30);
	}
	assert_int_equal(count, 7);
	assert_null(meter_class_find("ppk3"));
	assert_true(meter_limit_u(&meter_class_unknown()->gain) > 0.02);
	assert_close(meter_limit_u(&meter_class_find("lpm01a")->gain), 0.02 / sqrt(3), 1e-15);
	assert_close(meter_limit_u(&meter_class_find("ppk2")->gain), 0.005, 1e-15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_of_the_largest_range),
		cmocka_unit_test(shares_weigh_the_zeros),
		cmocka_unit_test(step_averages_out_when_the_load_moves),
		cmocka_unit_test(temperature_and_burden),
		cmocka_unit_test(repeatability_has_few_degrees_of_freedom),
		cmocka_unit_test(shares_must_add_up),
		cmocka_unit_test(every_class_says_where_it_is_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
