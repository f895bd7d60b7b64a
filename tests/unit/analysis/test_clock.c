/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "analysis/trace/clock.h"

static void assert_close(double value, double expected, double relative)
{
	if (!(fabs(value - expected) <= relative * fabs(expected)))
		fail_msg("%.15g is not %.15g within %g", value, expected, relative);
}

static void ratio_of_one_window(void **state)
{
	struct clock_ratio ratio;

	(void)state;
	assert_int_equal(clock_ratio_of_window(1000000, 0, 1000, 0.5, &ratio), 0);
	assert_close(ratio.cycles_per_sample, 1000, 1e-15);
	assert_close(ratio.u_cycles_per_sample, 1000 * sqrt(2) * 0.5 / 1000, 1e-14);
	assert_int_equal(clock_ratio_of_window(1000000, 3000, 1000, 0, &ratio), 0);
	assert_close(ratio.u_cycles_per_sample, 3, 1e-14);
	assert_int_equal(clock_ratio_of_window(0, 0, 1000, 0.5, &ratio), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(clock_ratio_of_window(1, 0, 0, 0.5, &ratio), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(clock_ratio_of_window(1, NAN, 9, 0.5, &ratio), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(clock_ratio_of_window(1, 0, 9, -1, &ratio), ANALYSIS_BAD_ARGUMENT);
}

/* mean = sum(r/u^2)/sum(1/u^2) */
static void fit_is_the_weighted_mean(void **state)
{
	const struct clock_ratio ratios[] = {{1200, 2}, {1201, 1}};
	struct clock_fit fit;

	(void)state;
	assert_int_equal(clock_fit_ratios(ratios, 2, &fit), 0);
	assert_close(fit.ratio.cycles_per_sample, (1200 * 0.25 + 1201) / 1.25, 1e-14);
	assert_close(fit.ratio.u_cycles_per_sample, 1 / sqrt(1.25), 1e-12);
	assert_int_equal(fit.used, 2);
	assert_true(fit.birge_ratio < 1);
	assert_int_equal(clock_fit_ratios(ratios, 1, &fit), 0);
	assert_close(fit.ratio.cycles_per_sample, 1200, 1e-15);
	assert_true(fit.scatter_rel == 0 && fit.used == 1);
}

/* Five windows of which one held a download gap (-6.2 %), as in a published run that lost a marker.
 */
static void outlier_is_dropped_and_counted(void **state)
{
	struct clock_ratio ratios[] = {
		{1200.1, 0.1}, {1199.9, 0.1}, {1200 * 0.938, 0.1}, {1200.05, 0.1}, {1199.95, 0.1}};
	struct clock_fit fit;
	struct clock_check check;

	(void)state;
	assert_int_equal(clock_fit_ratios(ratios, 5, &fit), 0);
	assert_int_equal(fit.outliers, 1);
	assert_int_equal(fit.used, 4);
	assert_close(fit.ratio.cycles_per_sample, 1200, 1e-9);
	assert_int_equal(clock_check_window(&ratios[2], &fit.ratio, 0.001, &check), 0);
	assert_false(check.ok);
	assert_close(check.deviation_rel, -0.062, 1e-6);
	assert_int_equal(clock_check_window(&ratios[0], &fit.ratio, 0.001, &check), 0);
	assert_true(check.ok);
}

/* Scatter beyond the uncertainties widens the result. */
static void scatter_inflates(void **state)
{
	const struct clock_ratio ratios[] = {{100, 0.01}, {101, 0.01}, {102, 0.01}};
	struct clock_fit fit;

	(void)state;
	assert_int_equal(clock_fit_ratios(ratios, 3, &fit), 0);
	assert_int_equal(fit.outliers, 0);
	assert_close(fit.birge_ratio, 100, 1e-9);
	assert_close(fit.ratio.u_cycles_per_sample, 1 / sqrt(3), 1e-9);
	assert_close(fit.scatter_rel, 1.0 / 101, 1e-9);
}

/* The limit grows as the window shrinks: one sample off in 100 passes, in 10000 it does not. */
static void limit_holds_the_edges_uncertainty(void **state)
{
	const struct clock_ratio nominal = {1000, 0};
	struct clock_ratio window;
	struct clock_check check;

	(void)state;
	assert_int_equal(clock_ratio_of_window(100000, 0, 101, 1 / sqrt(12), &window), 0);
	assert_int_equal(clock_check_window(&window, &nominal, 0, &check), 0);
	assert_true(check.ok);
	assert_int_equal(clock_ratio_of_window(10000000, 0, 10002, 1 / sqrt(12), &window), 0);
	assert_int_equal(clock_check_window(&window, &nominal, 0, &check), 0);
	assert_false(check.ok);
	assert_int_equal(clock_check_window(&window, &nominal, 0.001, &check), 0);
	assert_true(check.ok);
	assert_close(check.limit_rel, 0.001 + 3 * sqrt(2.0 / 12) / 10002, 1e-9);
}

static void bad_arguments(void **state)
{
	const struct clock_ratio good = {1, 1}, flat = {1, 0}, nan_ratio = {NAN, 1}, none = {0, 0};
	struct clock_fit fit;
	struct clock_check check;

	(void)state;
	assert_int_equal(clock_fit_ratios(&good, 0, &fit), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(clock_fit_ratios(&flat, 1, &fit), ANALYSIS_BAD_UNCERTAINTY);
	assert_int_equal(clock_fit_ratios(&nan_ratio, 1, &fit), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(clock_check_window(&good, &none, 0, &check), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(clock_check_window(&none, &good, 0, &check), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(clock_check_window(&good, &good, NAN, &check), ANALYSIS_BAD_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ratio_of_one_window),
		cmocka_unit_test(fit_is_the_weighted_mean),
		cmocka_unit_test(outlier_is_dropped_and_counted),
		cmocka_unit_test(scatter_inflates),
		cmocka_unit_test(limit_holds_the_edges_uncertainty),
		cmocka_unit_test(bad_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
