/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Planned windows: what a plan promises, the budget of such windows keeps; nothing quicker does.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "analysis/budget/budget.h"
#include "analysis/budget/plan_windows.h"

enum { PILOT = 10 };

static const double inference_s = 0.02, rate_hz = 1e5;

/* A window of n inferences of 60 uJ each (1 mA at 3 V for 20 ms). */
static struct budget_table window_of(uint64_t n, double gain_u_rel, double noise_sd_a,
				     double repeat_u_rel)
{
	double duration_s = inference_s * (double)n;
	struct budget_input input = {.charge_c = 1e-3 * duration_s,
				     .duration_s = duration_s,
				     .supply_v = 3,
				     .edge_u_s = 3e-6,
				     .gain_u_rel = gain_u_rel,
				     .noise_sd_a = noise_sd_a,
				     .samples = (size_t)llround(duration_s * rate_hz),
				     .repeat_u_j = repeat_u_rel * 3e-3 * duration_s,
				     .repeat_dof = 4};
	struct budget_tables tables;

	assert_int_equal(budget_tables_of_window(&input, &tables), 0);
	return tables.gross;
}

static struct plan_windows_input request(const struct budget_table *pilot, double target)
{
	return (struct plan_windows_input){.table = pilot,
					   .inferences = PILOT,
					   .inference_s = inference_s,
					   .overhead_s = 0.5,
					   .target_u_rel = target,
					   .coverage_factor = 1,
					   .inferences_max = 5000,
					   .windows_min = 2,
					   .windows_max = 40};
}

static double mean_u_rel(const struct budget_table *window, double windows)
{
	return hypot(window->u_independent / sqrt(windows), window->u_common) / window->result;
}

static void plan_keeps_its_promise(void **state)
{
	static const double targets[] = {0.0052, 0.0055, 0.006, 0.008, 0.02, 0.2};
	struct budget_table pilot = window_of(PILOT, 0.005, 2e-3, 0.003);

	(void)state;
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct plan_windows_input in = request(&pilot, targets[i]);
		struct plan_windows plan;
		struct budget_table window;

		assert_int_equal(plan_windows(&in, &plan), 0);
		assert_int_equal(plan.verdict, PLAN_WINDOWS_REACHED);
		window = window_of(plan.inferences, 0.005, 2e-3, 0.003);
		assert_true(fabs(mean_u_rel(&window, plan.windows) - plan.u_rel) < 1e-9);
		assert_true(plan.u_rel <= targets[i] * (1 + 1e-9));
		assert_true(fabs(plan.total_s -
				 plan.windows * ((double)plan.inferences * 0.02 + 0.5)) < 1e-9);
		assert_true(fabs(plan.floor_u_rel - 0.005) < 1e-12);
	}
}

/* All plans within the limits, one by one. */
static struct plan_windows compare_with_all(double overhead_s, double target, double repeat_u_rel)
{
	struct budget_table pilot = window_of(PILOT, 0.001, 5e-3, repeat_u_rel);
	struct plan_windows_input in = request(&pilot, target);
	double best_s = INFINITY;
	struct plan_windows plan;

	in.inferences_max = 300;
	in.overhead_s = overhead_s;
	assert_int_equal(plan_windows(&in, &plan), 0);
	assert_int_equal(plan.verdict, PLAN_WINDOWS_REACHED);
	for (uint64_t n = 1; n <= in.inferences_max; n++) {
		struct budget_table window = window_of(n, 0.001, 5e-3, repeat_u_rel);

		for (unsigned w = in.windows_min; w <= in.windows_max; w++)
			if (mean_u_rel(&window, w) <= in.target_u_rel)
				best_s = fmin(best_s, w * ((double)n * inference_s + overhead_s));
	}
	assert_true(isfinite(best_s));
	assert_true(fabs(plan.total_s - best_s) < 1e-9);
	return plan;
}

/* Costly windows should be few and long, cheap ones many and short. */
static void no_plan_is_quicker(void **state)
{
	struct plan_windows costly = compare_with_all(0.5, 0.0018, 0.002);
	struct plan_windows cheap = compare_with_all(0.01, 0.0018, 0.002);

	(void)state;
	assert_true(costly.windows < cheap.windows);
	assert_true(costly.inferences > cheap.inferences);
}

/* An entry that is common is a floor, whatever it says of itself. */
static void common_never_shrinks(void **state)
{
	struct budget_table table = {.result = 1};
	struct budget_entry entry = {.source = BUDGET_OTHER,
				     .label = "reference",
				     .range = BUDGET_NO_RANGE,
				     .type = BUDGET_TYPE_B,
				     .common = true,
				     .shrink = BUDGET_SHRINK_LENGTH,
				     .u = 0.01,
				     .dof = INFINITY,
				     .sensitivity = 1};
	struct plan_windows_input in;
	struct plan_windows plan;

	(void)state;
	assert_int_equal(budget_table_add(&table, &entry), 0);
	assert_int_equal(budget_table_finish(&table, 0.95), 0);
	in = request(&table, 0.005);
	assert_int_equal(plan_windows(&in, &plan), 0);
	assert_int_equal(plan.verdict, PLAN_WINDOWS_BELOW_FLOOR);
}

static void below_the_floor(void **state)
{
	struct budget_table pilot = window_of(PILOT, 0.005, 1e-4, 0);
	struct plan_windows_input in = request(&pilot, 0.003);
	struct plan_windows plan;

	(void)state;
	assert_int_equal(plan_windows(&in, &plan), 0);
	assert_int_equal(plan.verdict, PLAN_WINDOWS_BELOW_FLOOR);
	assert_true(fabs(plan.floor_u_rel - 0.005) < 1e-12);
	assert_true(plan.u_rel >= plan.floor_u_rel && plan.windows == 40);
	in.target_u_rel = 0.008; /* of the expanded uncertainty: 0.4 % standard */
	in.coverage_factor = 2;
	assert_int_equal(plan_windows(&in, &plan), 0);
	assert_int_equal(plan.verdict, PLAN_WINDOWS_BELOW_FLOOR);
	assert_true(fabs(plan.floor_u_rel - 0.01) < 1e-12);
	in.target_u_rel = 0.012;
	assert_int_equal(plan_windows(&in, &plan), 0);
	assert_int_equal(plan.verdict, PLAN_WINDOWS_REACHED);
	in.target_u_rel = 0.0101; /* just above: every window counts */
	in.inferences_max = 20;
	assert_int_equal(plan_windows(&in, &plan), 0);
	assert_int_equal(plan.verdict, PLAN_WINDOWS_REACHED);
	assert_true(plan.u_rel <= 0.0101 && plan.u_rel > 0.01);
}

static void too_many(void **state)
{
	struct budget_table pilot = window_of(PILOT, 0.001, 1e-4, 0.05);
	struct plan_windows_input in = request(&pilot, 0.003);
	struct plan_windows plan;

	(void)state;
	assert_int_equal(plan_windows(&in, &plan), 0);
	assert_int_equal(plan.verdict, PLAN_WINDOWS_TOO_MANY);
	assert_int_equal(plan.windows, 40);
	assert_int_equal(plan.inferences, 5000);
	assert_true(plan.u_rel > 0.003 && plan.floor_u_rel < 0.003);
	in.windows_max = 1000;
	assert_int_equal(plan_windows(&in, &plan), 0);
	assert_int_equal(plan.verdict, PLAN_WINDOWS_REACHED);
	assert_in_range(plan.windows, 312, 330); /* (0.05 / sqrt(0.003^2 - 0.001^2))^2 = 312.5 */
}

/* A step of the converter that nothing moves the current across is the same in every window. */
static void undithered_step_is_a_floor(void **state)
{
	struct budget_input input = {.charge_c = 1e-3,
				     .duration_s = 1,
				     .supply_v = 3,
				     .samples = 100000,
				     .resolution_a = 1e-5};
	struct budget_tables tables;
	struct plan_windows_input in;
	struct plan_windows plan;

	(void)state;
	assert_int_equal(budget_tables_of_window(&input, &tables), 0);
	in = request(&tables.gross, 0.001);
	assert_int_equal(plan_windows(&in, &plan), 0);
	assert_int_equal(plan.verdict, PLAN_WINDOWS_BELOW_FLOOR);
	assert_true(fabs(plan.floor_u_rel - 0.01 / sqrt(12)) < 1e-9);
}

static void bad_requests(void **state)
{
	struct budget_table pilot = window_of(PILOT, 0.005, 1e-4, 0), raw = {.result = 1};
	struct plan_windows_input in[7];
	struct plan_windows plan;

	(void)state;
	for (int i = 0; i < 7; i++)
		in[i] = request(&pilot, 0.01);
	in[0].target_u_rel = 0;
	in[1].windows_max = 1;
	in[2].inferences = 0;
	in[3].inference_s = NAN;
	in[4].inferences_max = 0;
	in[5].table = &raw;
	in[6].coverage_factor = -1;
	for (int i = 0; i < 7; i++)
		assert_int_equal(plan_windows(&in[i], &plan), ANALYSIS_BAD_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan_keeps_its_promise),
		cmocka_unit_test(no_plan_is_quicker),
		cmocka_unit_test(common_never_shrinks),
		cmocka_unit_test(below_the_floor),
		cmocka_unit_test(too_many),
		cmocka_unit_test(undithered_step_is_a_floor),
		cmocka_unit_test(bad_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
