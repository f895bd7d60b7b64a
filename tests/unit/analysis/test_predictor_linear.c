/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Linear fits with covariance: against dense generalised least squares, against answers known by
 * construction, and the coverage of intervals by simulation.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_multifit.h>

#include "analysis/predictor/judge.h"
#include "analysis/predictor/linear.h"
#include "analysis/predictor/nonlinear.h"
#include "analysis/trace/error.h"

enum { POINTS = 40, COLUMNS = 3 };

static const struct fit_options plain = {.scatter = SCATTER_NONE};

static void assert_close(double value, double expected, double relative)
{
	if (!(fabs(value - expected) <= relative * fabs(expected)))
		fail_msg("%.15g is not %.15g within %g", value, expected, relative);
}

/* A table of COLUMNS regressors, truth 2, 5, 0.3; meters 0 and 1 in turn. */
struct table {
	double x[POINTS * COLUMNS], y[POINTS], u[POINTS];
	uint32_t meter[POINTS];
	struct fit_points points;
};

static const double truth[COLUMNS] = {2, 5, 0.3};

static void table_fill(struct table *table, gsl_rng *rng, double u_rel)
{
	table->points = (struct fit_points){
		.count = POINTS, .y = table->y, .u_y = table->u, .meter = table->meter};
	for (size_t i = 0; i < POINTS; i++) {
		double *x = table->x + i * COLUMNS, y = 0;

		x[0] = 1;
		x[1] = gsl_ran_flat(rng, 1, 10);
		x[2] = gsl_ran_flat(rng, 1, 100);
		for (size_t j = 0; j < COLUMNS; j++)
			y += truth[j] * x[j];
		table->u[i] = u_rel * y * (1 + (double)(i % 3));
		table->y[i] = y + table->u[i] * gsl_ran_gaussian(rng, 1);
		table->meter[i] = (uint32_t)(i / 3 % 2);
	}
}

/* (X' V^-1 X)^-1 X' V^-1 y with V written out and factored by GSL. */
static void dense_solve(const struct table *table, const double *common_rel, const double *expected,
			double *ret_value, gsl_matrix *ret_covariance)
{
	gsl_matrix *v = gsl_matrix_alloc(POINTS, POINTS);
	gsl_matrix *weighted = gsl_matrix_alloc(POINTS, COLUMNS);
	gsl_vector *response = gsl_vector_alloc(POINTS), *slope = gsl_vector_alloc(COLUMNS);
	gsl_matrix_const_view x = gsl_matrix_const_view_array(table->x, POINTS, COLUMNS);
	gsl_vector_const_view y = gsl_vector_const_view_array(table->y, POINTS);
	gsl_vector_view value = gsl_vector_view_array(ret_value, COLUMNS);

	for (size_t i = 0; i < POINTS; i++)
		for (size_t k = 0; k < POINTS; k++) {
			double g = table->meter[i] == table->meter[k] ? common_rel[table->meter[i]]
								      : 0;

			gsl_matrix_set(v, i, k,
				       (i == k) * table->u[i] * table->u[i] +
					       g * g * expected[i] * expected[k]);
		}
	gsl_linalg_cholesky_decomp1(v);
	gsl_linalg_cholesky_invert(v);
	gsl_blas_dgemm(CblasNoTrans, CblasNoTrans, 1, v, &x.matrix, 0, weighted);
	gsl_blas_dgemv(CblasNoTrans, 1, v, &y.vector, 0, response);
	gsl_blas_dgemm(CblasTrans, CblasNoTrans, 1, &x.matrix, weighted, 0, ret_covariance);
	gsl_blas_dgemv(CblasTrans, 1, &x.matrix, response, 0, slope);
	gsl_linalg_cholesky_decomp1(ret_covariance);
	gsl_linalg_cholesky_invert(ret_covariance);
	gsl_blas_dgemv(CblasNoTrans, 1, ret_covariance, slope, 0, &value.vector);
	gsl_matrix_free(v);
	gsl_matrix_free(weighted);
	gsl_vector_free(response);
	gsl_vector_free(slope);
}

static void common_parts_are_generalised_least_squares(void **state)
{
	const double common_rel[] = {0.01, 0.03};
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	gsl_matrix *covariance = gsl_matrix_alloc(COLUMNS, COLUMNS);
	double expected[POINTS], value[COLUMNS];
	struct estimate fit;
	struct table table;

	(void)state;
	table_fill(&table, rng, 0.002);
	table.points.meters = 2;
	table.points.common_rel = common_rel;
	assert_int_equal(linear_fit(&table.points, table.x, COLUMNS, &plain, &fit, NULL), 0);
	for (size_t i = 0; i < POINTS; i++)
		expected[i] = estimate_linear_value(&fit, table.x + i * COLUMNS);
	dense_solve(&table, common_rel, expected, value, covariance);
	for (size_t j = 0; j < COLUMNS; j++) {
		assert_close(fit.value[j], value[j], 1e-9);
		for (size_t k = 0; k < COLUMNS; k++)
			assert_close(fit.covariance_stat[j][k], gsl_matrix_get(covariance, j, k),
				     1e-8);
	}
	gsl_matrix_free(covariance);
	gsl_rng_free(rng);
}

/* With one meter the gain moves all coefficients together: values as without it, and
 * covariance + g^2 b b'. */
static void one_meters_gain_does_not_average_out(void **state)
{
	const double gain = 0.02;
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct estimate without, with;
	struct table table;

	(void)state;
	table_fill(&table, rng, 0.002);
	table.points.meter = NULL;
	assert_int_equal(linear_fit(&table.points, table.x, COLUMNS, &plain, &without, NULL), 0);
	table.points.meters = 1;
	table.points.common_rel = &gain;
	assert_int_equal(linear_fit(&table.points, table.x, COLUMNS, &plain, &with, NULL), 0);
	for (size_t j = 0; j < COLUMNS; j++) {
		assert_close(with.value[j], without.value[j], 1e-10);
		for (size_t k = 0; k < COLUMNS; k++)
			assert_close(with.covariance_stat[j][k],
				     without.covariance_stat[j][k] +
					     gain * gain * with.value[j] * with.value[k],
				     1e-8);
	}
	assert_close(with.chi2, without.chi2, 1e-8);
	gsl_rng_free(rng);
}

/* Peelle's puzzle: 1.5 and 1.0, each 10 %, 20 % common. With measured values in V the mean is 0.88,
 * below both. */
static void common_parts_do_not_pull_below_the_points(void **state)
{
	const double x[] = {1, 1}, y[] = {1.5, 1.0}, u[] = {0.15, 0.10}, common = 0.2;
	const struct fit_points points = {
		.count = 2, .y = y, .u_y = u, .meters = 1, .common_rel = &common};
	struct estimate fit;

	(void)state;
	assert_int_equal(linear_fit(&points, x, 1, &plain, &fit, NULL), 0);
	assert_close(fit.value[0], (1.5 / 0.0225 + 1.0 / 0.01) / (1 / 0.0225 + 1 / 0.01), 1e-9);
}

/* One point in five far off: plain is wrong, bisquare is not, and its weights are those of GSL's
 * own robust fit but for its leverage factor. */
static void robust_fit_ignores_outliers(void **state)
{
	const struct fit_options robust = {.scatter = SCATTER_BIRGE, .robust = true};
	gsl_multifit_robust_workspace *work =
		gsl_multifit_robust_alloc(gsl_multifit_robust_bisquare, POINTS, COLUMNS);
	gsl_matrix *x = gsl_matrix_alloc(POINTS, COLUMNS), *c = gsl_matrix_alloc(COLUMNS, COLUMNS);
	gsl_vector *y = gsl_vector_alloc(POINTS), *b = gsl_vector_alloc(COLUMNS);
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct estimate fit, least;
	struct table table;

	(void)state;
	table_fill(&table, rng, 0.002);
	for (size_t i = 0; i < POINTS; i += 5)
		table.y[i] *= 1.3;
	for (size_t i = 0; i < POINTS; i++) {
		gsl_vector_set(y, i, table.y[i] / table.u[i]);
		for (size_t j = 0; j < COLUMNS; j++)
			gsl_matrix_set(x, i, j, table.x[i * COLUMNS + j] / table.u[i]);
	}
	assert_int_equal(linear_fit(&table.points, table.x, COLUMNS, &robust, &fit, NULL), 0);
	assert_int_equal(linear_fit(&table.points, table.x, COLUMNS, &plain, &least, NULL), 0);
	gsl_multifit_robust(x, y, b, c, work);
	assert_int_equal(fit.refused, POINTS / 5);
	for (size_t j = 0; j < COLUMNS; j++) {
		assert_true(fabs(fit.value[j] - truth[j]) < 4 * fit.u[j]);
		assert_true(fabs(fit.value[j] - gsl_vector_get(b, j)) < 0.5 * fit.u[j]);
	}
	assert_true(fabs(least.value[1] / truth[1] - 1) > 5 * fabs(fit.value[1] / truth[1] - 1));
	assert_true(fit.birge_ratio > 0.6 && fit.birge_ratio < 1.5);
	gsl_multifit_robust_free(work);
	gsl_matrix_free(x);
	gsl_matrix_free(c);
	gsl_vector_free(y);
	gsl_vector_free(b);
	gsl_rng_free(rng);
}

static double plane(void *context, size_t index, const double *parameters, double *ret_gradient)
{
	const struct table *table = context;
	double y = 0;

	for (size_t j = 0; j < COLUMNS; j++) {
		ret_gradient[j] = table->x[index * COLUMNS + j];
		y += parameters[j] * ret_gradient[j];
	}
	return y;
}

/* The same plane by both, with gains of two meters, each scatter, and outliers. */
static void nonlinear_fit_of_a_plane_is_the_linear_one(void **state)
{
	static const struct fit_options options[] = {{.scatter = SCATTER_NONE},
						     {.scatter = SCATTER_BIRGE},
						     {.scatter = SCATTER_RELATIVE},
						     {.scatter = SCATTER_BIRGE, .robust = true},
						     {.scatter = SCATTER_RELATIVE, .robust = true}};
	static const struct nonlinear_parameter start[COLUMNS] = {
		{1, 0, 100}, {1, 0, INFINITY}, {1, -INFINITY, INFINITY}};
	const double common_rel[] = {0.01, 0.03};
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct table table;
	struct nonlinear_problem problem = {
		.model = plane, .context = &table, .parameters = COLUMNS, .parameter = start};

	(void)state;
	table_fill(&table, rng, 0.002);
	table.points.meters = 2;
	table.points.common_rel = common_rel;
	for (size_t i = 0; i < POINTS; i++)
		table.u[i] /= 2;
	for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++) {
		struct estimate linear, curved;

		if (options[k].robust)
			table.y[7] *= 1.5;
		assert_int_equal(
			linear_fit(&table.points, table.x, COLUMNS, &options[k], &linear, NULL), 0);
		assert_int_equal(nonlinear_fit(&table.points, &problem, &options[k], &curved, NULL),
				 0);
		assert_true(options[k].scatter != SCATTER_RELATIVE || linear.scatter_rel > 1e-3);
		assert_true(fabs(linear.scatter_rel - curved.scatter_rel) <=
			    1e-5 * linear.scatter_rel);
		assert_close(curved.birge_ratio, linear.birge_ratio, 1e-6);
		assert_close(curved.dof, linear.dof, 1e-6);
		for (size_t j = 0; j < COLUMNS; j++) {
			assert_close(curved.value[j], linear.value[j], 1e-6);
			for (size_t l = 0; l < COLUMNS; l++)
				assert_close(curved.covariance[j][l], linear.covariance[j][l],
					     1e-5);
		}
	}
	gsl_rng_free(rng);
}

/* Points of 0.1 % uncertainty about a line that networks miss by 4 %. */
static void simulate_networks(gsl_rng *rng, double *x, double *y, double *u, size_t count,
			      double scatter)
{
	for (size_t i = 0; i < count; i++) {
		x[i] = exp(gsl_ran_flat(rng, log(1e5), log(1e7)));
		y[i] = 300e-12 * x[i] * (1 + gsl_ran_gaussian(rng, scatter));
		u[i] = 0.001 * 300e-12 * x[i];
		y[i] += gsl_ran_gaussian(rng, u[i]);
	}
}

static void relative_scatter_is_found(void **state)
{
	enum { COUNT = 400 };
	static double x[COUNT], y[COUNT], u[COUNT];
	const struct fit_options options = {.scatter = SCATTER_RELATIVE};
	const struct fit_points points = {.count = COUNT, .y = y, .u_y = u};
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double chi2 = 0;
	struct estimate fit;

	(void)state;
	simulate_networks(rng, x, y, u, COUNT, 0.04);
	assert_int_equal(linear_fit(&points, x, 1, &options, &fit, NULL), 0);
	assert_true(fabs(fit.scatter_rel - 0.04) < 3 * 0.04 / sqrt(2.0 * COUNT));
	for (size_t i = 0; i < COUNT; i++) {
		double fitted = fit.value[0] * x[i];
		double part = (y[i] - fitted) / hypot(u[i], fit.scatter_rel * fitted);

		chi2 += part * part;
	}
	assert_close(chi2, fit.dof, 1e-6);
	assert_true(fabs(fit.value[0] / 300e-12 - 1) < 4 * 0.04 / sqrt(COUNT));
	assert_close(fit.u[0] / fit.value[0], hypot(fit.scatter_rel, 0.001) / sqrt(COUNT), 0.02);
	simulate_networks(rng, x, y, u, COUNT, 0);
	assert_int_equal(linear_fit(&points, x, 1, &options, &fit, NULL), 0);
	assert_true(fit.scatter_rel < 0.0006);
	gsl_rng_free(rng);
}

/* 2,000 fits of 8 networks, each predicting a ninth. */
static void intervals_cover_what_they_promise(void **state)
{
	enum { COUNT = 9, TRIALS = 2000 };
	static struct estimate_prediction predictions[TRIALS];
	static double measured[TRIALS];
	const struct fit_options options = {.scatter = SCATTER_RELATIVE};
	double x[COUNT], y[COUNT], u[COUNT];
	const struct fit_points points = {.count = COUNT - 1, .y = y, .u_y = u};
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct coverage_share share;
	struct estimate fit;

	(void)state;
	for (size_t t = 0; t < TRIALS; t++) {
		struct estimate_query query = {.gradient = &x[COUNT - 1], .level = 0.9};

		simulate_networks(rng, x, y, u, COUNT, 0.04);
		assert_int_equal(linear_fit(&points, x, 1, &options, &fit, NULL), 0);
		query.value = fit.value[0] * x[COUNT - 1];
		query.u_new = u[COUNT - 1];
		assert_int_equal(estimate_predict(&fit, &query, &predictions[t]), 0);
		measured[t] = y[COUNT - 1];
	}
	assert_int_equal(judge_coverage(predictions, measured, TRIALS, 0.9, &share), 0);
	printf("90 %% intervals cover %.2f %% of %zu (allowed %zu..%zu)\n", 100 * share.share,
	       share.count, share.least, share.most);
	assert_true(share.consistent);
	assert_int_equal(judge_coverage(predictions, measured, TRIALS, 0.8, &share), 0);
	assert_false(share.consistent);
	gsl_rng_free(rng);
}

static void bad_input_is_refused_with_its_reason(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	const struct fit_options relative = {.scatter = SCATTER_RELATIVE}, unset = {0};
	const double common[] = {0.01, -1};
	struct condition condition;
	struct estimate fit = {.count = 77};
	struct table table;

	(void)state;
	table_fill(&table, rng, 0.01);
	assert_int_equal(linear_fit(&table.points, table.x, COLUMNS, &unset, &fit, NULL),
			 ANALYSIS_BAD_ARGUMENT);
	table.points.count = COLUMNS;
	assert_int_equal(linear_fit(&table.points, table.x, COLUMNS, &plain, &fit, NULL),
			 ANALYSIS_TOO_FEW_POINTS);
	table.points.count = POINTS;
	table.points.meters = 2;
	table.points.common_rel = common;
	assert_int_equal(linear_fit(&table.points, table.x, COLUMNS, &plain, &fit, NULL),
			 ANALYSIS_BAD_UNCERTAINTY);
	table.points.meters = 1;
	assert_int_equal(linear_fit(&table.points, table.x, COLUMNS, &plain, &fit, NULL),
			 ANALYSIS_BAD_ARGUMENT);
	table.points.common_rel = NULL;
	for (size_t i = 0; i < POINTS; i++)
		table.x[i * COLUMNS + 2] = 3 * table.x[i * COLUMNS + 1];
	assert_int_equal(linear_fit(&table.points, table.x, COLUMNS, &plain, &fit, &condition),
			 ANALYSIS_BAD_CONDITION);
	assert_int_equal(condition.offenders, 2);
	assert_int_equal(condition.offender[0], 1);
	assert_int_equal(condition.offender[1], 2);
	for (size_t i = 0; i < POINTS; i++)
		table.x[i * COLUMNS + 2] = 0;
	assert_int_equal(linear_fit(&table.points, table.x, COLUMNS, &plain, &fit, &condition),
			 ANALYSIS_BAD_CONDITION);
	assert_int_equal(condition.offenders, 1);
	assert_int_equal(condition.offender[0], 2);
	table.x[7] = NAN;
	assert_int_equal(linear_fit(&table.points, table.x, COLUMNS, &plain, &fit, NULL),
			 ANALYSIS_BAD_ARGUMENT);
	table_fill(&table, rng, 0.01);
	table.y[3] = 0;
	assert_int_equal(linear_fit(&table.points, table.x, COLUMNS, &relative, &fit, NULL),
			 ANALYSIS_ZERO_RESPONSE);
	table.u[5] = 0;
	assert_int_equal(linear_fit(&table.points, table.x, COLUMNS, &plain, &fit, NULL),
			 ANALYSIS_BAD_UNCERTAINTY);
	assert_int_equal(fit.count, 77);
	gsl_rng_free(rng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(common_parts_are_generalised_least_squares),
		cmocka_unit_test(one_meters_gain_does_not_average_out),
		cmocka_unit_test(common_parts_do_not_pull_below_the_points),
		cmocka_unit_test(robust_fit_ignores_outliers),
		cmocka_unit_test(nonlinear_fit_of_a_plane_is_the_linear_one),
		cmocka_unit_test(relative_scatter_is_found),
		cmocka_unit_test(intervals_cover_what_they_promise),
		cmocka_unit_test(bad_input_is_refused_with_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
