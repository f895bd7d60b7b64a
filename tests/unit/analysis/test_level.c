/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Levels inside a window: a monitor at its limit, one that hangs, edges beside the load's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "analysis/trace/level.h"

enum { COUNT = 14000, FIRST = 2000, END = 12000 };

static float samples[COUNT];

/* Work of 35 ms that goes on and on from FIRST to END, and idle at two thirds around it. */
static void fill(void)
{
	for (int k = 0; k < COUNT; k++)
		samples[k] = k < FIRST || k >= END ? 20 : 30 + (float)(k % 35) / 35;
}

static struct level_check check_of(double start_s, double end_s)
{
	const struct energy_trace trace = {samples, COUNT, 1000, 1e-6};
	struct level_check check;

	assert_int_equal(level_check_window(&trace, start_s, end_s, &check), 0);
	return check;
}

static void a_sound_window(void **state)
{
	struct level_check check;

	(void)state;
	fill();
	check = check_of(2, 12);
	assert_true(fabs(check.top_share - 285 / 10000.0) < 2e-4);
	assert_true(fabs(check.top_pile - 1) < 0.01);
	assert_int_equal(check.longest_equal, 1);
	assert_true(check.edge_off_rel == 0);
}

static void a_limit_piles_up(void **state)
{
	struct level_check check;

	(void)state;
	fill();
	for (int k = FIRST; k < END; k++)
		samples[k] = fminf(samples[k], 30.5f);
	check = check_of(2, 12);
	assert_true(fabs(check.top_share - 17 / 35.0) < 1e-3);
	assert_true(fabs(check.top_pile - 17) < 0.1);
	/* All at one value: nothing is next to it. */
	for (int k = 0; k < COUNT; k++)
		samples[k] = 7;
	check = check_of(2, 12);
	assert_true(check.top_share == 1 && isinf(check.top_pile));
	assert_int_equal(check.longest_equal, 10000);
	assert_int_equal(check.longest_equal_at, FIRST);
}

static void equal_samples_are_counted(void **state)
{
	struct level_check check;

	(void)state;
	fill();
	for (int k = 5000; k < 5321; k++)
		samples[k] = 30.3f;
	check = check_of(2, 12);
	assert_int_equal(check.longest_equal, 321);
	assert_int_equal(check.longest_equal_at, 5000);
	for (int k = END - 400; k < END; k++) /* up to the window's end, and no further */
		samples[k] = 20;
	check = check_of(2, 12);
	assert_int_equal(check.longest_equal, 400);
}

/* n ms of idle inside, of the shortest block's 20: a third less, but for four samples at the edge.
 */
static void edges_beside_the_load(void **state)
{
	static const int shifts_ms[] = {-40, -15, -6, 6, 15, 40};

	(void)state;
	fill();
	for (size_t i = 0; i < sizeof(shifts_ms) / sizeof(shifts_ms[0]); i++) {
		double shift_s = shifts_ms[i] * 1e-3;
		struct level_check check = check_of(2 + shift_s, 12 + shift_s);
		double idle = fmin((abs(shifts_ms[i]) - 4) / 20.0, 1);

		assert_int_equal(check.is_last, shift_s > 0);
		if (!(fabs(check.edge_off_rel - idle * 10.5 / 30.5) < 0.03))
			fail_msg("%d ms: %g, not %g", shifts_ms[i], check.edge_off_rel,
				 idle * 10.5 / 30.5);
	}
}

/* Blocks near the ends are idle, too, and the longer ones tell. */
static void edges_far_beside_the_load(void **state)
{
	(void)state;
	fill();
	for (int ms = 40; ms <= 1000; ms += 20)
		if (!(check_of(2 + ms * 1e-3, 12 + ms * 1e-3).edge_off_rel > 0.02))
			fail_msg("%d ms late: not seen", ms);
}

/* Half of each 60 ms is at the level of idle: 20 ms of idle at the end are nothing new, 100 are. */
static void longer_blocks_hold_all_phases(void **state)
{
	struct level_check check;

	(void)state;
	for (int k = 0; k < COUNT; k++)
		samples[k] = k >= FIRST && k < END && k % 60 < 30 ? 30 : 20;
	assert_true(check_of(2, 12).edge_off_rel < 0.05);
	check = check_of(2.1, 12.1);
	assert_true(check.edge_off_rel > 0.1 && check.is_last);
	assert_true(check.block_s > 0.09);
}

static void what_cannot_be_looked_at(void **state)
{
	const struct energy_trace trace = {samples, COUNT, 1000, 1e-6};
	struct level_check check;

	(void)state;
	fill();
	assert_int_equal(level_check_window(&trace, 2, 20, &check), ANALYSIS_OUTSIDE_CAPTURE);
	assert_int_equal(level_check_window(&trace, 3, 3, &check), ANALYSIS_OUTSIDE_CAPTURE);
	samples[3000] = NAN;
	assert_int_equal(level_check_window(&trace, 2, 12, &check), ANALYSIS_NOT_FINITE);
	for (int k = 0; k < COUNT; k++)
		samples[k] = 0;
	assert_int_equal(level_check_window(&trace, 2, 12, &check), ANALYSIS_BAD_ARGUMENT);
	fill();
	assert_true(check_of(2, 2.003).edge_off_rel == 0); /* too short for blocks */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_window),
		cmocka_unit_test(a_limit_piles_up),
		cmocka_unit_test(equal_samples_are_counted),
		cmocka_unit_test(edges_beside_the_load),
		cmocka_unit_test(edges_far_beside_the_load),
		cmocka_unit_test(longer_blocks_hold_all_phases),
		cmocka_unit_test(what_cannot_be_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
