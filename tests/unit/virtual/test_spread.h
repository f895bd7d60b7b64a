/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The error of a virtual STM32's internal oscillator, from which it runs after reset at RESET_HZ,
 * within ERROR_MOST as its data sheet says; both are the including test's.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_SPREAD_H
#define TESTS_UNIT_VIRTUAL_TEST_SPREAD_H

#include <math.h>

/* The error is the chip's: equal for a seed, different between seeds, within the data sheet. */
static void test_oscillator_spread(void **state)
{
	double first = 0, sum = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct bench bench;
		double error;

		bench_open_idle(&bench, seed);
		error = bench.activity.hclk_hz / RESET_HZ - 1;
		assert_true(fabs(error) < ERROR_MOST && error != 0);
		if (seed == 1)
			first = error;
		else
			assert_true(error != first);
		sum += fabs(error);
		bench_close(&bench);
	}
	assert_true(sum / 20 > 1e-3);
}

#endif
