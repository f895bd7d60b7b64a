/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A plan's wanted uncertainty: what a rig cannot reach is refused with the floor; what it can gets
 * windows that are long enough, and not longer than that.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/session/target.h"

/* A window of 100 inferences of 1 ms: 1 J, 0.3 % gain, 1 % noise. */
static struct store_measurement row = {.board = "b", .inferences = 100, .duration_s = 0.1};

static struct budget_table budget_of(double common_j, double noise_j)
{
	struct budget_table table = {.result = 1};
	const struct budget_entry gain = {.source = BUDGET_GAIN,
					  .range = BUDGET_NO_RANGE,
					  .type = BUDGET_TYPE_B,
					  .common = true,
					  .value = 1,
					  .u = common_j,
					  .unit = "1",
					  .dof = INFINITY,
					  .sensitivity = 1};
	struct budget_entry noise = gain;

	noise.source = BUDGET_NOISE;
	noise.common = false;
	noise.shrink = BUDGET_SHRINK_ROOT;
	noise.u = noise_j;
	assert_int_equal(budget_table_add(&table, &gain), 0);
	assert_int_equal(budget_table_add(&table, &noise), 0);
	assert_int_equal(budget_table_finish(&table, 0.95), 0);
	return table;
}

static struct target judged(double target_u_rel, unsigned repeats, double noise_j)
{
	const struct plan plan = {.target_u_rel = target_u_rel, .repeats = repeats, .idle_s = 0.05};
	struct budget_table budget = budget_of(3e-3, noise_j);
	struct target target;
	struct err err = {""};

	assert_int_equal(target_judge(&plan, repeats, &row, &budget, &target, &err), 0);
	return target;
}

static void windows_get_long_enough(void **state)
{
	struct target target = judged(5e-3, 1, 1e-2);
	/* 0.3 %^2 + 1 %^2 * 100 / n = 0.5 %^2: n = 625 */
	double n = 100 * 1e-4 / (25e-6 - 9e-6);

	(void)state;
	assert_false(target.reached);
	assert_string_equal(target.refusal, "");
	assert_in_range(target.inferences, (uint64_t)n, (uint64_t)(n * 1.11) + 2);
	target = judged(5e-3, 4, 1e-2); /* four repeats share it */
	assert_in_range(target.inferences, (uint64_t)(n / 4), (uint64_t)(n / 4 * 1.11) + 2);
	assert_true(judged(2e-2, 1, 1e-2).reached);
	assert_true(judged(5e-3, 7, 1e-2).reached);
}

static void what_cannot_be_reached_is_refused(void **state)
{
	struct target target = judged(2e-3, 3, 1e-2);

	(void)state;
	assert_false(target.reached);
	assert_non_null(strstr(target.refusal, "target_uncertainty 0.2 % is below 0.3 %"));
	target =
		judged(3.01e-3, 2, 5000); /* more windows of 10 minutes than anybody has time for */
	assert_false(target.reached);
	assert_non_null(strstr(target.refusal, "1000 windows of 600 s reach"));
}

/* One window of 10 minutes is 600,000 inferences: noise of 500 % of 100 inferences is 6.5 % there;
 * it may be what the gain's 0.3 % leaves of 0.4 %. */
static void repeats_are_added_when_length_is_not_enough(void **state)
{
	double longest = 5 / sqrt(600000.0 / 100), left = sqrt(16e-6 - 9e-6);
	unsigned needed = (unsigned)ceil(longest * longest / (left * left));
	struct target target = judged(4e-3, 2, 5);

	(void)state;
	assert_string_equal(target.refusal, "");
	assert_false(target.reached); /* this window is not long enough */
	assert_in_range(target.windows, needed, needed + 1);
	assert_true(target.inferences > 590000);
	assert_true(fabs(target.floor_u_rel - 3e-3) < 1e-9);
	target = judged(5e-3, 4, 1e-2); /* longer windows before more of them */
	assert_int_equal(target.windows, 4);
	/* as seen from the longest window, with what is planned by now: enough */
	row.inferences = 600000;
	row.duration_s = 600;
	target = judged(4e-3, needed + 1, longest);
	row.inferences = 100;
	row.duration_s = 0.1;
	assert_true(target.reached);
	assert_int_equal(target.windows, needed + 1);
}

static void a_rig_that_cannot_is_refused_at_once(void **state)
{
	struct rig_meter meter = {
		.name = "m", .supply_v = 3.3, .supply_u_v = 33e-3, .gain_u_rel = 0};
	struct rig_board board = {.name = "b"};
	const struct rig rig = {
		.meters = &meter, .meter_count = 1, .boards = &board, .board_count = 1};
	struct plan plan = {.name = "p", .target_u_rel = 5e-3};
	struct err err = {""};

	(void)state;
	assert_int_equal(target_check_rig(&plan, &rig, &err), -ERANGE);
	assert_non_null(strstr(err.text, "meter m has 1 % from its gain (0 %) and supply (1 %)"));
	plan.target_u_rel = 1.1e-2;
	assert_int_equal(target_check_rig(&plan, &rig, &err), 0);
	meter.gain_u_rel = 1e-2;
	assert_int_equal(target_check_rig(&plan, &rig, &err), -ERANGE);
	plan.target_u_rel = 0;
	assert_int_equal(target_check_rig(&plan, &rig, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_get_long_enough),
		cmocka_unit_test(what_cannot_be_reached_is_refused),
		cmocka_unit_test(repeats_are_added_when_length_is_not_enough),
		cmocka_unit_test(a_rig_that_cannot_is_refused_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
