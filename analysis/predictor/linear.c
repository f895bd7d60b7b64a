/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Robust weights, scatter and covariances around linear_solver: each solution is one pass over the
 * points, and these need several.
 */
#include "analysis/predictor/linear.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/linear_solver.h"
#include "analysis/predictor/robust.h"
#include "analysis/trace/error.h"
#include "analysis/trace/sum.h"

enum { ROUNDS_MAX = 50, ROBUST_ROUNDS_MAX = 200, ABSOLUTE_ROUNDS = 30 };

/* Expected values that still change by more when the rounds are over have not settled. */
#define SETTLED 1e-6

double fit_expected(double fitted, double measured)
{
	double least = fabs(measured) / 3, most = fabs(measured) * 3;

	if (measured == 0)
		return fitted;
	return copysign(fmin(fmax(copysign(1, measured) * fitted, least), most), measured);
}

int fit_point_check(const struct fit_points *points, size_t i)
{
	if (!isfinite(points->y[i]) ||
	    (points->common_rel && points->meter && points->meter[i] >= points->meters))
		return ANALYSIS_BAD_ARGUMENT;
	return points->u_y[i] > 0 && isfinite(points->u_y[i]) ? 0 : ANALYSIS_BAD_UNCERTAINTY;
}

int fit_points_check(const struct fit_points *points, size_t parameters,
		     const struct fit_options *options)
{
	if (!points->y || !points->u_y || !parameters || parameters > ESTIMATE_MAX ||
	    options->scatter < SCATTER_NONE || options->scatter > SCATTER_RELATIVE ||
	    (options->condition_max != 0 && !(options->condition_max >= 1)) ||
	    (points->common_rel && !points->meters))
		return ANALYSIS_BAD_ARGUMENT;
	if (points->count < parameters + 1)
		return ANALYSIS_TOO_FEW_POINTS;
	for (size_t m = 0; points->common_rel && m < points->meters; m++)
		if (!(points->common_rel[m] >= 0) || !isfinite(points->common_rel[m]))
			return ANALYSIS_BAD_UNCERTAINTY;
	for (size_t i = 0; i < points->count; i++) {
		int code = fit_point_check(points, i);

		if (code)
			return code;
		if (points->y[i] == 0 && options->scatter == SCATTER_RELATIVE)
			return ANALYSIS_ZERO_RESPONSE;
	}
	return 0;
}

/* Returns the largest relative change. */
static double expected_fill(struct linear_solver *solver)
{
	double change = 0;

	for (size_t i = 0; i < solver->points->count; i++) {
		double next = fit_expected(linear_solver_fitted(solver, i), solver->points->y[i]);

		change = fmax(change, fabs(next - solver->expected[i]) / fabs(next));
		solver->expected[i] = next;
	}
	return change;
}

static void residuals_fill(const struct linear_solver *solver, double *residuals)
{
	for (size_t i = 0; i < solver->points->count; i++)
		residuals[i] = (solver->points->y[i] - linear_solver_fitted(solver, i)) /
			       solver->points->u_y[i];
}

/* One step: coefficients with the weights, then residuals and their scale. */
static int robust_step(struct linear_solver *solver, double *residuals, double *ret_scale)
{
	size_t count = solver->points->count;
	int code = linear_solver_solve(solver, false, false);

	if (code)
		return code;
	residuals_fill(solver, residuals);
	*ret_scale = robust_scale(residuals, count, solver->columns, residuals + count);
	return 0;
}

/* Fills weights and their sum. */
static int robust_iterate(struct linear_solver *solver, double *residuals)
{
	size_t count = solver->points->count;
	double scale, change = 1;
	int code = 0;

	for (unsigned k = 0; k < ABSOLUTE_ROUNDS && !code; k++) {
		code = robust_step(solver, residuals, &scale);
		if (!code)
			robust_absolute(residuals, count, scale, solver->weights);
	}
	for (unsigned k = 0; k < ROBUST_ROUNDS_MAX && !code && change > 1e-9; k++) {
		code = robust_step(solver, residuals, &scale);
		if (!code)
			change = robust_bisquare(residuals, count, scale, solver->weights);
	}
	solver->weights_sum = 0;
	for (size_t i = 0; i < count; i++)
		solver->weights_sum += solver->weights[i];
	if (!code && solver->weights_sum < (double)solver->columns + 1)
		code = ANALYSIS_TOO_FEW_POINTS;
	return code;
}

static int robust_fill(struct linear_solver *solver)
{
	double *residuals = calloc(2 * solver->points->count, sizeof(double));
	int code;

	if (!residuals)
		return ANALYSIS_NO_MEMORY;
	code = robust_iterate(solver, residuals);
	free(residuals);
	return code;
}

static double solver_dof(const struct linear_solver *solver)
{
	return solver->weights_sum - (double)solver->columns;
}

/* chi2 that normal errors give on average. */
static double chi2_target(const struct linear_solver *solver)
{
	return solver_dof(solver) * (solver->weights ? ROBUST_SQUARES : 1);
}

static double chi2_excess(double scatter_rel, void *state)
{
	struct linear_solver *solver = state;

	solver->scatter_rel = scatter_rel;
	if (linear_solver_solve(solver, solver->points->common_rel != NULL, false))
		return NAN;
	return solver->chi2 - chi2_target(solver);
}

/* With expected fixed: the relative scatter that brings chi2 to its target; 0 if it is there. */
static int scatter_find(struct linear_solver *solver, gsl_root_fsolver *root)
{
	gsl_function function = {chi2_excess, solver};
	double low = 0, high = 1e-4, excess = chi2_excess(0, solver);

	if (!(excess > 0))
		return isnan(excess) ? ANALYSIS_SOLVER : 0;
	for (; chi2_excess(high, solver) > 0; low = high, high *= 4)
		if (high > 1e6)
			return ANALYSIS_SOLVER;
	if (gsl_root_fsolver_set(root, &function, low, high) != GSL_SUCCESS)
		return ANALYSIS_SOLVER;
	for (unsigned k = 0; k < 100; k++) {
		if (gsl_root_fsolver_iterate(root) != GSL_SUCCESS)
			return ANALYSIS_SOLVER;
		low = gsl_root_fsolver_x_lower(root);
		high = gsl_root_fsolver_x_upper(root);
		if (high - low <= 1e-9 * high)
			break;
	}
	solver->scatter_rel = gsl_root_fsolver_root(root);
	return 0;
}

/* Expected values and relative scatter until both agree with the coefficients. */
static int parts_iterate(struct linear_solver *solver, gsl_root_fsolver *root, unsigned *ret_rounds)
{
	bool common = solver->points->common_rel != NULL;
	double change = INFINITY;

	for (unsigned k = 0; k < ROUNDS_MAX; k++) {
		int code;

		change = expected_fill(solver);
		if (k && change < 1e-10)
			break;
		code = root ? scatter_find(solver, root) : 0;
		if (!code)
			code = linear_solver_solve(solver, common, false);
		if (code)
			return code;
		*ret_rounds = k + 1;
	}
	return change < SETTLED ? 0 : ANALYSIS_SOLVER;
}

static int parts_find(struct linear_solver *solver, const struct fit_options *options,
		      unsigned *ret_rounds)
{
	gsl_root_fsolver *root = NULL;
	int code;

	if (options->scatter == SCATTER_RELATIVE) {
		root = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
		if (!root)
			return ANALYSIS_NO_MEMORY;
	}
	code = parts_iterate(solver, root, ret_rounds);
	gsl_root_fsolver_free(root);
	return code;
}

static void covariance_copy(const struct linear_solver *solver,
			    double (*ret_covariance)[ESTIMATE_MAX])
{
	double flat[ESTIMATE_MAX * ESTIMATE_MAX];

	triangle_covariance(solver->triangle, solver->stride, solver->columns, flat);
	for (size_t j = 0; j < solver->columns; j++)
		memcpy(ret_covariance[j], flat + j * solver->columns,
		       solver->columns * sizeof(double));
}

/* Unweighted residuals: their standard deviation and R^2. */
static void residual_summary(const struct linear_solver *solver, struct estimate *estimate)
{
	struct sum total = {0}, residual = {0}, centred = {0};
	size_t count = solver->points->count;
	double mean;

	for (size_t i = 0; i < count; i++)
		sum_add(&total, solver->points->y[i]);
	mean = sum_value(&total) / (double)count;
	for (size_t i = 0; i < count; i++) {
		double y = solver->points->y[i], difference = y - linear_solver_fitted(solver, i);

		sum_add(&residual, difference * difference);
		sum_add(&centred, (y - mean) * (y - mean));
		estimate->refused += solver->weights && solver->weights[i] == 0;
	}
	estimate->residual_sd = sqrt(sum_value(&residual) / (double)(count - solver->columns));
	estimate->r2 =
		sum_value(&centred) > 0 ? 1 - sum_value(&residual) / sum_value(&centred) : NAN;
}

/* With the independent uncertainties birge_ratio times as large. */
static void covariance_inflate(struct linear_solver *solver, bool common, struct estimate *estimate)
{
	double square = estimate->birge_ratio * estimate->birge_ratio;

	if (common) {
		solver->u_factor = estimate->birge_ratio;
		linear_solver_decompose(solver, common);
		covariance_copy(solver, estimate->covariance);
		return;
	}
	for (size_t j = 0; j < solver->columns; j++)
		for (size_t k = 0; k < solver->columns; k++)
			estimate->covariance[j][k] *= square;
}

/* Of the triangle's rows at the coefficients, which need not be the ones that minimise it. */
static double chi2_at_values(const struct linear_solver *solver)
{
	const double *row = solver->triangle;
	double chi2 = 0;

	for (size_t j = 0; j < solver->stride; j++, row += solver->stride) {
		double rest = row[solver->columns];

		for (size_t k = j; k < solver->columns; k++)
			rest -= row[k] * solver->coef[k];
		chi2 += rest * rest;
	}
	return chi2;
}

/* The covariance as stated, then the one to use. */
static void covariances_fill(struct linear_solver *solver, bool common, struct estimate *estimate)
{
	double scatter_rel = solver->scatter_rel;

	if (scatter_rel > 0) {
		covariance_copy(solver, estimate->covariance);
		solver->scatter_rel = 0;
		linear_solver_decompose(solver, common);
		solver->chi2 = chi2_at_values(solver);
	}
	covariance_copy(solver, estimate->covariance_stat);
	estimate->chi2 = solver->chi2;
	estimate->birge_ratio = sqrt(solver->chi2 / chi2_target(solver));
	if (scatter_rel > 0)
		return;
	memcpy(estimate->covariance, estimate->covariance_stat, sizeof(estimate->covariance));
	if (estimate->scatter == SCATTER_BIRGE && estimate->birge_ratio > 1)
		covariance_inflate(solver, common, estimate);
}

static int solver_run(struct linear_solver *solver, const struct fit_options *options,
		      struct estimate *estimate, struct condition *condition)
{
	double limit = options->condition_max > 0 ? options->condition_max : CONDITION_MAX_DEFAULT;
	bool common = solver->points->common_rel != NULL;
	int code;

	linear_solver_decompose(solver, false);
	code = condition_judge(solver->triangle, solver->stride, solver->columns, limit, condition);
	if (!code && solver->weights) {
		code = robust_fill(solver);
		linear_solver_decompose(solver, false);
	}
	if (!code)
		code = linear_solver_use(solver, false, !solver->expected);
	if (!code && solver->expected)
		code = parts_find(solver, options, &estimate->iterations);
	if (!code && solver->expected)
		code = linear_solver_solve(solver, common, true);
	if (code)
		return code;
	*estimate = (struct estimate){.count = solver->points->count,
				      .parameters = solver->columns,
				      .dof = solver_dof(solver),
				      .scatter = options->scatter,
				      .scatter_rel = solver->scatter_rel,
				      .iterations = estimate->iterations,
				      .condition = *condition};
	memcpy(estimate->value, solver->coef, sizeof(estimate->value));
	residual_summary(solver, estimate);
	covariances_fill(solver, common, estimate);
	for (size_t j = 0; j < solver->columns; j++)
		estimate->u[j] = sqrt(estimate->covariance[j][j]);
	return 0;
}

int linear_fit(const struct fit_points *points, const double *x, size_t columns,
	       const struct fit_options *options, struct estimate *ret_estimate,
	       struct condition *ret_condition)
{
	struct condition condition = {0};
	struct estimate estimate = {0};
	struct linear_solver solver;
	int code = fit_points_check(points, columns, options);

	for (size_t i = 0; !code && i < points->count * columns; i++)
		if (!isfinite(x[i]))
			code = ANALYSIS_BAD_ARGUMENT;
	if (!code)
		code = linear_solver_init(&solver, points, x, columns, options);
	if (code)
		return code;
	gsl_set_error_handler_off();
	code = solver_run(&solver, options, &estimate, &condition);
	linear_solver_done(&solver);
	if (ret_condition && (!code || code == ANALYSIS_BAD_CONDITION))
		*ret_condition = condition;
	if (!code)
		*ret_estimate = estimate;
	return code;
}
