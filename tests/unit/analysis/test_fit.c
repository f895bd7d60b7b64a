/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fits against NIST's Statistical Reference Datasets for linear regression (public domain,
 * www.itl.nist.gov/div898/strd/lls/lls.shtml: Norris, lower difficulty; NoInt1, average
 * difficulty), and against answers known by construction.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "analysis/predictor/fit.h"

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void assert_close(double value, double expected, double relative)
{
	if (!(fabs(value - expected) <= relative * fabs(expected)))
		fail_msg("%.15g is not %.15g within %g", value, expected, relative);
}

/* Norris, J., NIST. Calibration of ozone monitors. y, x. */
static const double norris[][2] = {{0.1, 0.2},     {338.8, 337.4}, {118.1, 118.2}, {888.0, 884.6},
				   {9.2, 10.1},    {228.1, 226.5}, {668.5, 666.3}, {998.5, 996.3},
				   {449.1, 448.6}, {778.9, 777.0}, {559.2, 558.2}, {0.3, 0.4},
				   {0.1, 0.6},     {778.1, 775.5}, {668.8, 666.9}, {339.3, 338.0},
				   {448.9, 447.5}, {10.8, 11.6},   {557.7, 556.0}, {228.3, 228.1},
				   {998.0, 995.8}, {888.8, 887.6}, {119.6, 120.2}, {0.3, 0.3},
				   {0.6, 0.3},     {557.6, 556.8}, {339.3, 339.1}, {888.0, 887.2},
				   {998.5, 999.0}, {778.9, 779.0}, {10.2, 11.1},   {117.6, 118.3},
				   {228.9, 229.2}, {668.4, 669.1}, {449.2, 448.9}, {0.2, 0.5}};

/* NIST's standard deviations are scaled by the residual standard deviation: with u = 1 that is
 * birge_ratio, and covariance_stat is unscaled. */
static void norris_matches_certified_values(void **state)
{
	struct fit_cycles_point points[ARRAY_COUNT(norris)];
	struct fit_result result;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(norris); i++)
		points[i] = (struct fit_cycles_point){norris[i][1], norris[i][0], 1, 0};
	assert_int_equal(
		fit_cycles(FIT_CYCLES_AFFINE, points, ARRAY_COUNT(points), 0, &result, NULL), 0);
	assert_close(result.coef[0], -0.262323073774029, 1e-12);
	assert_close(result.coef[1], 1.00211681802045, 1e-13);
	assert_close(result.birge_ratio, 0.884796396144373, 1e-12);
	assert_close(sqrt(result.covariance_stat[0][0]) * result.birge_ratio, 0.232818234301152,
		     1e-12);
	assert_close(sqrt(result.covariance_stat[1][1]) * result.birge_ratio, 0.429796848199937e-3,
		     1e-12);
	assert_close(result.r2, 0.999993745883712, 1e-13);
	assert_close(result.r2_centred, result.r2, 0);
}

/* Eberhardt, K., NIST. y = 130..140, x = 60..70, y = B1*x. */
static void noint1_matches_certified_values(void **state)
{
	struct fit_cycles_point points[11];
	struct fit_result result;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(points); i++)
		points[i] =
			(struct fit_cycles_point){60 + (double)i, 130 + (double)i, 1, (uint32_t)i};
	assert_int_equal(
		fit_cycles(FIT_CYCLES_PROPORTIONAL, points, ARRAY_COUNT(points), 0, &result, NULL),
		0);
	assert_close(result.coef[0], 2.07438016528926, 1e-13);
	assert_close(result.birge_ratio, 3.56753034006338, 1e-12);
	assert_close(sqrt(result.covariance_stat[0][0]) * result.birge_ratio, 0.165289256198347e-1,
		     1e-12);
	assert_close(result.r2, 0.999365492298663, 1e-13);
	/* centred: worse than the mean; 1 - 10 * 3.5675^2 / 110 */
	assert_close(result.r2_centred, 1 - 10 * 3.56753034006338 * 3.56753034006338 / 110, 1e-12);
	/* birge_ratio above 1: the uncertainty to use is inflated by it */
	assert_close(result.coef_u[0], 0.165289256198347e-1, 1e-12);
}

/* Energy of 3 nJ + 300 pJ per cycle over 1e5..3e6 cycles, in the unit sizes of real runs. */
static void exact_line_is_recovered(void **state)
{
	struct fit_cycles_point points[8];
	struct fit_result result;
	struct fit_errors out;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(points); i++) {
		double cycles = 1e5 + 4e5 * (double)i;
		double energy_j = 3e-6 + 300e-12 * cycles;

		points[i] =
			(struct fit_cycles_point){cycles, energy_j, energy_j / 1000, (uint32_t)i};
	}
	assert_int_equal(fit_cycles(FIT_CYCLES_AFFINE, points, 8, 0, &result, &out), 0);
	assert_close(result.coef[0], 3e-6, 1e-9);
	assert_close(result.coef[1], 300e-12, 1e-12);
	assert_true(result.birge_ratio < 1e-6);
	assert_true(out.max_pct < 1e-6 && result.errors.max_pct < 1e-6);
	assert_true(out.within_5_share == 1);
}

/* For y = k*x with u_i: k = sum(xy/u^2)/sum(x^2/u^2), u(k) = 1/sqrt(sum(x^2/u^2)). */
static void weights_are_the_inverse_variances(void **state)
{
	const struct fit_cycles_point points[] = {
		{1, 2.0, 0.5, 0}, {2, 4.6, 2.0, 1}, {4, 8.2, 1, 2}};
	double xy = 2.0 / 0.25 + 9.2 / 4 + 32.8, xx = 1 / 0.25 + 4.0 / 4 + 16;
	struct fit_result result;

	(void)state;
	assert_int_equal(fit_cycles(FIT_CYCLES_PROPORTIONAL, points, 3, 0, &result, NULL), 0);
	assert_true(result.birge_ratio < 1);
	assert_close(result.coef[0], xy / xx, 1e-14);
	assert_close(result.coef_u[0], 1 / sqrt(xx), 1e-13);
}

/* A gain known to 1 % leaves every coefficient uncertain by 1 %, whatever the number of points. */
static void common_part_does_not_average_out(void **state)
{
	struct fit_cycles_point points[500];
	struct fit_result result, without;
	struct fit_prediction prediction;
	double x[2] = {1, 1e6};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(points); i++) {
		double cycles = 1e5 + 1e4 * (double)i;

		points[i] = (struct fit_cycles_point){cycles, 1e-5 + cycles * 1e-10, 1e-7, 0};
	}
	assert_int_equal(fit_cycles(FIT_CYCLES_AFFINE, points, 500, 0.01, &result, NULL), 0);
	assert_int_equal(fit_cycles(FIT_CYCLES_AFFINE, points, 500, 0, &without, NULL), 0);
	for (int j = 0; j < 2; j++)
		assert_close(result.coef_u[j], hypot(without.coef_u[j], 0.01 * result.coef[j]),
			     1e-12);
	assert_close(result.covariance[0][1],
		     without.covariance[0][1] + 1e-4 * result.coef[0] * result.coef[1], 1e-12);
	prediction = fit_predict(&result, x);
	assert_close(prediction.y, 1.1e-4, 1e-10);
	assert_close(prediction.u_model, 0.01 * 1.1e-4,
		     1e-3); /* gain dominates, fully correlated */
}

/* Groups 0 and 1 on y = 2x, group 2 at y = 4x: predicted by the others, it is 50 % off. */
static void left_out_group_is_predicted_by_the_others(void **state)
{
	const struct fit_cycles_point points[] = {{1, 2, 0.1, 0},
						  {2, 4, 0.1, 0},
						  {3, 6, 0.1, 1},
						  {5, 10, 0.1, 1},
						  {1e-3, 4e-3, 0.1, 2}};
	struct fit_result result;
	struct fit_errors out;

	(void)state;
	assert_int_equal(fit_cycles(FIT_CYCLES_PROPORTIONAL, points, 5, 0, &result, &out), 0);
	assert_int_equal(out.worst, 4);
	assert_close(out.max_pct, 50, 1e-9);
	assert_close(out.within_10_share, 0.8, 1e-12);
	assert_true(out.mape_pct > 10 && out.mape_pct < 10.1);
	assert_close(out.rmspe_pct, 50 / sqrt(5), 1e-4);
}

/* Three regressors with an answer known exactly. */
static void general_regressors_are_recovered(void **state)
{
	const double truth[3] = {1e-10, 4e-10, -3e-11};
	double x[12][3], y[12], u[12];
	struct fit_result result;

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		double t = (double)i;

		x[i][0] = 1e6 + 1e5 * t;
		x[i][1] = 1e4 * (1 + fmod(5 * t, 7));
		x[i][2] = 1e5 * (1 + fmod(3 * t, 5));
		y[i] = truth[0] * x[i][0] + truth[1] * x[i][1] + truth[2] * x[i][2];
		u[i] = 1e-8 * (1 + t);
	}
	assert_int_equal(
		fit_linear(&(struct fit_data){.count = 12, .coefs = 3, .x = x[0], .y = y, .u_y = u},
			   &result),
		0);
	for (int j = 0; j < 3; j++)
		assert_close(result.coef[j], truth[j], 1e-9);
}

static void bad_data_is_refused_with_its_reason(void **state)
{
	const struct {
		int code;
		enum fit_cycles_form form;
		size_t count;
		double common_rel;
		struct fit_cycles_point points[4];
	} cases[] = {
		{ANALYSIS_TOO_FEW_POINTS, FIT_CYCLES_AFFINE, 0, 0, {{0}}},
		{ANALYSIS_TOO_FEW_POINTS, FIT_CYCLES_PROPORTIONAL, 1, 0, {{1, 1, 1, 0}}},
		{ANALYSIS_TOO_FEW_POINTS, FIT_CYCLES_AFFINE, 2, 0, {{1, 1, 1, 0}, {2, 2, 1, 0}}},
		{ANALYSIS_NO_SPREAD,
		 FIT_CYCLES_AFFINE,
		 3,
		 0,
		 {{5, 1, 1, 0}, {5, 2, 1, 0}, {5, 3, 1, 0}}},
		{ANALYSIS_BAD_CONDITION,
		 FIT_CYCLES_AFFINE,
		 3,
		 0,
		 {{1e9, 1, 1, 0}, {1e9 + 1, 2, 1, 0}, {1e9 + 2, 3, 1, 0}}},
		{ANALYSIS_BAD_ARGUMENT,
		 FIT_CYCLES_PROPORTIONAL,
		 2,
		 0,
		 {{NAN, 1, 1, 0}, {2, 2, 1, 0}}},
		{ANALYSIS_BAD_ARGUMENT,
		 FIT_CYCLES_PROPORTIONAL,
		 2,
		 0,
		 {{1, INFINITY, 1, 0}, {2, 2, 1, 0}}},
		{ANALYSIS_BAD_ARGUMENT,
		 FIT_CYCLES_PROPORTIONAL,
		 2,
		 -1,
		 {{1, 1, 1, 0}, {2, 2, 1, 0}}},
		{ANALYSIS_BAD_ARGUMENT,
		 (enum fit_cycles_form)0,
		 2,
		 0,
		 {{1, 1, 1, 0}, {2, 2, 1, 0}}},
		{ANALYSIS_BAD_UNCERTAINTY,
		 FIT_CYCLES_PROPORTIONAL,
		 2,
		 0,
		 {{1, 1, 0, 0}, {2, 2, 1, 0}}},
		{ANALYSIS_BAD_UNCERTAINTY,
		 FIT_CYCLES_PROPORTIONAL,
		 2,
		 0,
		 {{1, 1, NAN, 0}, {2, 2, 1, 0}}},
		{ANALYSIS_BAD_UNCERTAINTY,
		 FIT_CYCLES_PROPORTIONAL,
		 2,
		 0,
		 {{1, 1, -1, 0}, {2, 2, 1, 0}}},
		{ANALYSIS_ZERO_RESPONSE,
		 FIT_CYCLES_PROPORTIONAL,
		 2,
		 0,
		 {{1, 0, 1, 0}, {2, 2, 1, 0}}},
		{ANALYSIS_TOO_FEW_GROUPS,
		 FIT_CYCLES_PROPORTIONAL,
		 2,
		 0,
		 {{1, 1, 1, 7}, {2, 2, 1, 7}}},
		{ANALYSIS_TOO_FEW_POINTS,
		 FIT_CYCLES_PROPORTIONAL,
		 2,
		 0,
		 {{1, 1, 1, 7}, {2, 2, 1, 8}}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct fit_result result = {.count = 99};
		struct fit_errors out = {.worst = 99};
		int code = fit_cycles(cases[i].form, cases[i].points, cases[i].count,
				      cases[i].common_rel, &result, &out);

		if (code != cases[i].code)
			fail_msg("case %zu: %s", i, analysis_error_text(code));
		assert_int_equal(result.count, 99);
		assert_int_equal(out.worst, 99);
	}
}

/* A slope through the origin needs no second abscissa. */
static void test_proportional_from_one_place(void **state)
{
	static const struct fit_cycles_point points[] = {{5, 9, 1, 0}, {5, 11, 1, 0}};
	struct fit_result result;

	(void)state;
	assert_int_equal(fit_cycles(FIT_CYCLES_PROPORTIONAL, points, 2, 0, &result, NULL), 0);
	assert_true(fabs(result.coef[0] - 2) < 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proportional_from_one_place),
		cmocka_unit_test(norris_matches_certified_values),
		cmocka_unit_test(noint1_matches_certified_values),
		cmocka_unit_test(exact_line_is_recovered),
		cmocka_unit_test(weights_are_the_inverse_variances),
		cmocka_unit_test(common_part_does_not_average_out),
		cmocka_unit_test(left_out_group_is_predicted_by_the_others),
		cmocka_unit_test(general_regressors_are_recovered),
		cmocka_unit_test(bad_data_is_refused_with_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
