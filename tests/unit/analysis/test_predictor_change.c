/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Change detection: false alarms at the stated rate, steps found where they are.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/predictor/change.h"
#include "analysis/trace/error.h"

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { NIGHTS_MAX = 90, SERIES = 4000 };

static const struct change_plan plans[] = {
	{CHANGE_LIKELIHOOD, 30, 0, 0.05}, {CHANGE_LIKELIHOOD, 90, 0, 0.01},
	{CHANGE_LIKELIHOOD, 8, 0, 0.1},   {CHANGE_CUSUM, 60, 20, 0.05},
	{CHANGE_CUSUM, 90, 30, 0.01},
};

/* Golden energies of 12 mJ with 0.06 % from night to night; from `first` on shifted. */
static void nights_fill(gsl_rng *rng, double *ret_values, size_t nights, size_t first,
			double shift_rel)
{
	for (size_t i = 0; i < nights; i++)
		ret_values[i] = 12e-3 * (1 + gsl_ran_gaussian(rng, 0.0006)) *
				(i < first ? 1 : 1 + shift_rel);
}

/* Other seeds than the threshold's. Bounds: exact binomial, 0.1 % in all, around the stated rate
 * widened by three standard deviations of the simulated threshold's own rate. */
static void false_alarms_come_at_the_stated_rate(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
	double values[NIGHTS_MAX], threshold;
	struct change change;

	(void)state;
	gsl_rng_set(rng, 4711);
	for (size_t p = 0; p < ARRAY_COUNT(plans); p++) {
		double rate = plans[p].false_alarm, own = 3 * sqrt(rate * (1 - rate) / 40000);
		unsigned alarms = 0;

		assert_int_equal(change_threshold(&plans[p], 1, &threshold), 0);
		for (size_t s = 0; s < SERIES; s++) {
			nights_fill(rng, values, plans[p].nights, NIGHTS_MAX, 0);
			assert_int_equal(change_detect(&plans[p], values, threshold, &change), 0);
			alarms += change.found;
		}
		printf("%s, %zu nights: threshold %.3f, %u alarms in %d series, stated %.1f\n",
		       plans[p].kind == CHANGE_CUSUM ? "CUSUM" : "likelihood", plans[p].nights,
		       threshold, alarms, SERIES, rate * SERIES);
		assert_true(gsl_cdf_binomial_P(alarms, rate - own, SERIES) > 0.0005);
		assert_true(gsl_cdf_binomial_Q(alarms ? alarms - 1 : 0, rate + own, SERIES) >
			    0.0005);
	}
	gsl_rng_free(rng);
}

/* A step of 0.2 % (3.3 standard deviations): looking back it is placed within a night, looking
 * forward the alarm comes within eight. */
static void steps_are_found_where_they_are(void **state)
{
	static const size_t firsts[] = {0, 0, 0, 40, 70};
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
	double values[NIGHTS_MAX], threshold;
	struct change change;

	(void)state;
	for (size_t p = 0; p < ARRAY_COUNT(plans); p++) {
		size_t first = firsts[p] ? firsts[p] : plans[p].nights / 2, found = 0, near = 0;

		assert_int_equal(change_threshold(&plans[p], 1, &threshold), 0);
		for (size_t s = 0; s < 200; s++) {
			nights_fill(rng, values, plans[p].nights, first, 0.002);
			assert_int_equal(change_detect(&plans[p], values, threshold, &change), 0);
			found += change.found;
			near += change.found &&
				(plans[p].kind == CHANGE_CUSUM
					 ? change.alarm >= first && change.alarm < first + 8
					 : change.first + 1 >= first && change.first <= first + 1);
			if (change.found && plans[p].kind == CHANGE_LIKELIHOOD &&
			    plans[p].nights > 20)
				assert_true(fabs(change.shift_rel - 0.002) < 0.0015);
		}
		printf("%s, %zu nights: %zu of 200 steps found, %zu in time\n",
		       plans[p].kind == CHANGE_CUSUM ? "CUSUM" : "likelihood", plans[p].nights,
		       found, near);
		assert_true(found >= (plans[p].nights == 8 ? 160 : 198));
		assert_true(near >= 150);
	}
	gsl_rng_free(rng);
}

/* 0, 0, 0, 0, 4, 4, 5, 5: best split after 4: means 0 and 4.5, t = 4.5 / (sp sqrt(1/4 + 1/4)) with
 * sp^2 = 1/6: t = 15.588. */
static void statistic_is_the_two_sample_t(void **state)
{
	static const double values[] = {0, 0, 0, 0, 4, 4, 5, 5}, flat[8] = {1, 1, 1, 1, 1, 1, 1, 1};
	struct change_plan plan = {CHANGE_LIKELIHOOD, 8, 0, 0.05};
	struct change change = {.first = 77};
	double threshold, again;

	(void)state;
	assert_int_equal(change_detect(&plan, values, 3, &change), 0);
	assert_true(change.found && change.first == 4 && change.before == 0 && change.after == 4.5);
	assert_true(fabs(change.statistic - 4.5 / sqrt(1.0 / 6 / 2)) < 1e-9);
	assert_int_equal(change_detect(&plan, flat, 3, &change), ANALYSIS_NO_SPREAD);
	assert_int_equal(change_threshold(&plan, 5, &threshold), 0);
	assert_int_equal(change_threshold(&plan, 5, &again), 0);
	assert_true(threshold == again);
	plan.baseline = 6;
	assert_int_equal(change_threshold(&plan, 5, &threshold), ANALYSIS_BAD_ARGUMENT);
	plan = (struct change_plan){CHANGE_CUSUM, 8, 4, 0.05};
	assert_int_equal(change_threshold(&plan, 5, &threshold), ANALYSIS_BAD_ARGUMENT);
	plan = (struct change_plan){CHANGE_LIKELIHOOD, 8, 0, 0};
	assert_int_equal(change_detect(&plan, values, 3, &change), ANALYSIS_BAD_ARGUMENT);
	assert_true(change.first == 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(false_alarms_come_at_the_stated_rate),
		cmocka_unit_test(steps_are_found_where_they_are),
		cmocka_unit_test(statistic_is_the_two_sample_t),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
