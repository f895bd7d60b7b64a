/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A meter's calibration against closed forms: with a data sheet that says nothing it is the
 * weighted straight line, with one point the weighted mean, and its uncertainties are what repeats
 * scatter.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "analysis/budget/calibration.h"

static const struct calibration_sheet ignorant = {1e3, 1e6}, usual = {200e-9, 0.005};

static void near(double value, double wanted, double relative)
{
	if (!(fabs(value - wanted) <= relative * fabs(wanted)))
		fail_msg("%.15g, not %.15g", value, wanted);
}

/* Two points and nothing else: the line through them. */
static void two_points_are_a_line(void **state)
{
	const struct calibration_point points[] = {{1e-3, 0, 1.01e-3, 1e-7},
						   {3e-3, 0, 2.97e-3, 1e-7}};
	struct calibration_line line;

	(void)state;
	assert_int_equal(calibration_fit(points, 2, &ignorant, 0, &line), 0);
	near(line.factor, 0.98, 1e-9);
	near(line.add_a, 0.03e-3, 1e-6);
	near(line.factor_u, 1e-7 * sqrt(2) / 2e-3, 1e-6);
	near(line.add_u_a, 1e-7 * sqrt(1 + 9) / 2, 1e-6);
	near(calibration_current_a(&line, 1e-3), 1.01e-3, 1e-9);
	near(calibration_current_u_a(&line, 1e-3), 1e-7, 1e-4);
	near(calibration_current_u_a(&line, 2e-3), 1e-7 / sqrt(2), 1e-4);
}

/* The open input alone: the mean of zero by the data sheet and the reading, weighted. */
static void open_input_gives_the_offset(void **state)
{
	const struct calibration_point open = {100e-9, 20e-9, 0, 0};
	struct calibration_line line;
	/* The unknown factor makes the reading itself a little less certain. */
	double w_sheet = 1 / (200e-9 * 200e-9), u_a = hypot(20e-9, 0.005 * 100e-9);
	double w = 1 / (u_a * u_a);

	(void)state;
	assert_int_equal(calibration_fit(&open, 1, &usual, 1e-3, &line), 0);
	near(line.add_a, -100e-9 * w / (w + w_sheet), 1e-4);
	near(line.add_u_a, 1 / sqrt(w + w_sheet), 1e-4);
	near(line.factor, 1, 0.01 * 0.005);
	near(line.factor_u, hypot(0.005, 1e-3), 1e-4);
}

/* One load far from zero: the factor alone, its uncertainty the load's and the supply's. */
static void one_load_gives_the_gain(void **state)
{
	const struct calibration_point load = {1.002e-2, 0, 1e-2, 1e-6};
	struct calibration_line line;

	(void)state;
	assert_int_equal(calibration_fit(&load, 1, &usual, 0, &line), 0);
	near(calibration_current_a(&line, 1.002e-2), 1e-2, 1e-6);
	near(calibration_current_u_a(&line, 1.002e-2), 1e-6, 1e-2);
	assert_int_equal(calibration_fit(&load, 1, &usual, 1.5e-3, &line), 0);
	near(calibration_current_u_a(&line, 1.002e-2), hypot(1e-6, 1.002e-2 * 1.5e-3), 1e-2);
}

static void nothing_known_is_the_data_sheet(void **state)
{
	struct calibration_line line;

	(void)state;
	assert_int_equal(calibration_fit(NULL, 0, &usual, 0.1, &line), 0);
	near(line.factor, 1, 0);
	near(line.factor_u, 0.005, 1e-12);
	near(line.add_u_a, 200e-9, 1e-12);
	assert_true(line.add_a == 0 && line.birge_ratio == 0);
}

static uint32_t random_state = 1;

static double normal(void)
{
	double sum = -6;

	for (int i = 0; i < 12; i++) {
		random_state = random_state * 1664525u + 1013904223u;
		sum += random_state / 4294967296.0;
	}
	return sum;
}

/* Drawn meters, drawn loads: normalised errors of the corrected current have a spread of one. */
static void uncertainty_is_what_it_says(void **state)
{
	enum { METERS = 4000 };
	const double loads_a[] = {0, 1e-4, 3e-4};
	double sum = 0;

	(void)state;
	for (int meter = 0; meter < METERS; meter++) {
		double factor = 1 + 0.005 * normal(), add_a = 200e-9 * normal();
		struct calibration_point points[3];
		struct calibration_line line;
		double off_a;

		for (int i = 0; i < 3; i++) {
			double true_a = loads_a[i] * (1 + 1e-3 * normal());

			points[i] = (struct calibration_point){(true_a - add_a) / factor +
								       1e-8 * normal(),
							       1e-8, loads_a[i], 1e-3 * loads_a[i]};
		}
		assert_int_equal(calibration_fit(points, 3, &usual, 0, &line), 0);
		off_a = calibration_current_a(&line, 2e-4) - (factor * 2e-4 + add_a);
		off_a /= calibration_current_u_a(&line, 2e-4) / fmax(line.birge_ratio, 1);
		sum += off_a * off_a;
	}
	near(sqrt(sum / METERS), 1, 0.05);
}

/* The same when the loads of two groups share errors of 300 nA: the line is wrong by them, and says
 * so, however many loads there are. */
static void shared_errors_are_in_it(void **state)
{
	enum { METERS = 4000, LOADS = 12 };
	double sum = 0, birge = 0, u_a = 0;

	(void)state;
	for (int meter = 0; meter < METERS; meter++) {
		double factor = 1 + 0.005 * normal(), add_a = 200e-9 * normal();
		double shared_a[2] = {300e-9 * normal(), 300e-9 * normal()}, off_a;
		struct calibration_point points[LOADS];
		struct calibration_line line;

		for (unsigned i = 0; i < LOADS; i++) {
			double true_a = 3e-5 * i;
			unsigned group = i >= LOADS / 2;

			points[i] = (struct calibration_point){
				(true_a - add_a) / factor + 1e-8 * normal(),
				1e-8,
				true_a + shared_a[group],
				0,
				300e-9,
				group};
		}
		assert_int_equal(calibration_fit(points, LOADS, &usual, 0, &line), 0);
		off_a = calibration_current_a(&line, 2e-4) - (factor * 2e-4 + add_a);
		off_a /= calibration_current_u_a(&line, 2e-4) / fmax(line.birge_ratio, 1);
		sum += off_a * off_a;
		birge += line.birge_ratio * line.birge_ratio;
		u_a = line.add_u_a;
	}
	near(sqrt(sum / METERS), 1, 0.05);
	near(sqrt(birge / METERS), 1, 0.05);
	assert_true(u_a > 100e-9);
}

static void loads_that_contradict_show(void **state)
{
	const struct calibration_point points[] = {{1e-3, 1e-8, 1.000e-3, 1e-6},
						   {2e-3, 1e-8, 2.040e-3, 2e-6},
						   {3e-3, 1e-8, 3.000e-3, 3e-6}};
	struct calibration_line line;

	(void)state;
	assert_int_equal(calibration_fit(points, 3, &usual, 0, &line), 0);
	assert_true(line.birge_ratio > CALIBRATION_BIRGE_MAX);
}

static void faults_are_told_apart(void **state)
{
	struct calibration_reading good = {1.003e-3, 1e-7, 1.003e-3, 1.003e-3}, bad;

	(void)state;
	assert_int_equal(calibration_judge(&good, 1e-3, 1e-6, &usual), 0);
	bad = good;
	bad.u_a = 2e-6;
	assert_int_equal(calibration_judge(&bad, 1e-3, 1e-6, &usual), CALIBRATION_NOISY);
	bad = good;
	bad.second_a = 1.006e-3;
	assert_int_equal(calibration_judge(&bad, 1e-3, 1e-6, &usual), CALIBRATION_DRIFTS);
	assert_int_equal(calibration_judge(&good, 1.1e-3, 1e-6, &usual), CALIBRATION_OTHER);
	assert_int_equal(calibration_judge(&good, 0, 0, &usual), CALIBRATION_NOISY);
}

static void nonsense_is_refused(void **state)
{
	const struct calibration_point certain = {1e-3, 0, 1e-3, 0}, nan = {NAN, 1e-6, 1e-3, 0};
	const struct calibration_point torn[] = {{1e-3, 1e-6, 1e-3, 0, 1e-6, 1},
						 {2e-3, 1e-6, 2e-3, 0, 2e-6, 1}};
	const struct calibration_point far = {1e-3, 1e-6, 1e-3, 0, 1e-6, CALIBRATION_GROUPS_MAX};
	const struct calibration_sheet none = {0, 0.005};
	struct calibration_line line;

	(void)state;
	assert_int_equal(calibration_fit(&certain, 1, &usual, 0, &line), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(calibration_fit(&nan, 1, &usual, 0, &line), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(calibration_fit(NULL, 0, &none, 0, &line), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(calibration_fit(NULL, 0, &usual, -1, &line), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(calibration_fit(torn, 2, &usual, 0, &line), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(calibration_fit(&far, 1, &usual, 0, &line), ANALYSIS_BAD_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_points_are_a_line),
		cmocka_unit_test(open_input_gives_the_offset),
		cmocka_unit_test(one_load_gives_the_gain),
		cmocka_unit_test(nothing_known_is_the_data_sheet),
		cmocka_unit_test(uncertainty_is_what_it_says),
		cmocka_unit_test(shared_errors_are_in_it),
		cmocka_unit_test(loads_that_contradict_show),
		cmocka_unit_test(faults_are_told_apart),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
