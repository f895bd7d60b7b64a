/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Robust weights, scatter and covariances around nonlinear_solver.
 */
#include "analysis/predictor/nonlinear.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/bounds.h"
#include "analysis/predictor/linear.h"
#include "analysis/predictor/nonlinear_solver.h"
#include "analysis/predictor/robust.h"
#include "analysis/trace/error.h"
#include "analysis/trace/sum.h"

enum { ROUNDS_MAX = 30, ROBUST_ROUNDS_MAX = 100 };

/* Expected values that still change by more when the rounds are over have not settled. */
#define SETTLED 1e-6

static double solver_dof(const struct nonlinear_solver *solver)
{
	return solver->weights_sum - (double)solver->free_count;
}

static double chi2_target(const struct nonlinear_solver *solver, const struct fit_options *options)
{
	return solver_dof(solver) * (options->robust ? ROBUST_SQUARES : 1);
}

static int robust_fill(struct nonlinear_solver *solver, gsl_multifit_nlinear_workspace *work)
{
	size_t count = solver->points->count;
	double *residuals = calloc(2 * count, sizeof(double)), change = 1;
	bool common = solver->common;
	int code = residuals ? 0 : ANALYSIS_NO_MEMORY;

	solver->common = false;
	for (unsigned k = 0; k < ROBUST_ROUNDS_MAX && !code && change > 1e-8; k++) {
		code = nonlinear_solver_solve(solver, work);
		for (size_t i = 0; i < count && !code; i++)
			residuals[i] =
				(solver->points->y[i] - solver->fitted[i]) / solver->points->u_y[i];
		if (!code) {
			double scale = robust_scale(residuals, count, solver->free_count,
						    residuals + count);

			if (k < 10)
				robust_absolute(residuals, count, scale, solver->weights);
			else
				change = robust_bisquare(residuals, count, scale, solver->weights);
		}
	}
	solver->weights_sum = 0;
	for (size_t i = 0; i < count; i++)
		solver->weights_sum += solver->weights[i];
	if (!code && solver->weights_sum < (double)solver->parameters + 1)
		code = ANALYSIS_TOO_FEW_POINTS;
	solver->common = common;
	free(residuals);
	return code;
}

/* Bisection on the logarithm: with expected fixed, chi2 falls with the scatter. */
static int scatter_find(struct nonlinear_solver *solver, gsl_multifit_nlinear_workspace *work,
			const struct fit_options *options)
{
	double low = 0, high = 1e-4;
	int code;

	solver->scatter_rel = 0;
	code = nonlinear_solver_solve(solver, work);
	if (code || solver->chi2 <= chi2_target(solver, options))
		return code;
	for (;; low = high, high *= 4) {
		solver->scatter_rel = high;
		code = nonlinear_solver_solve(solver, work);
		if (code || high > 1e6)
			return code ? code : ANALYSIS_SOLVER;
		if (solver->chi2 <= chi2_target(solver, options))
			break;
	}
	while (high - low > 1e-7 * high) {
		solver->scatter_rel = (low + high) / 2;
		code = nonlinear_solver_solve(solver, work);
		if (code)
			return code;
		if (solver->chi2 > chi2_target(solver, options))
			low = solver->scatter_rel;
		else
			high = solver->scatter_rel;
	}
	return 0;
}

static int parts_find(struct nonlinear_solver *solver, gsl_multifit_nlinear_workspace *work,
		      const struct fit_options *options)
{
	size_t count = solver->points->count;
	double change = INFINITY;

	for (unsigned k = 0; k < ROUNDS_MAX; k++) {
		int code;

		change = 0;
		for (size_t i = 0; i < count; i++) {
			double next = fit_expected(solver->fitted[i], solver->points->y[i]);

			change = fmax(change, fabs(next / solver->expected[i] - 1));
			solver->expected[i] = next;
		}
		if (k && change < 1e-8)
			break;
		code = options->scatter == SCATTER_RELATIVE ? scatter_find(solver, work, options)
							    : nonlinear_solver_solve(solver, work);
		if (code)
			return code;
	}
	return change < SETTLED ? 0 : ANALYSIS_SOLVER;
}

static void covariance_copy(const struct nonlinear_solver *solver,
			    double (*ret_covariance)[ESTIMATE_MAX])
{
	double flat[ESTIMATE_MAX * ESTIMATE_MAX];
	size_t n = solver->free_count;

	triangle_covariance(solver->triangle, solver->parameters + 1, n, flat);
	for (size_t j = 0; j < n; j++)
		for (size_t k = 0; k < n; k++)
			ret_covariance[solver->free_index[j]][solver->free_index[k]] =
				flat[j * n + k];
}

static void residual_summary(const struct nonlinear_solver *solver, struct estimate *estimate)
{
	struct sum total = {0}, residual = {0}, centred = {0};
	size_t count = solver->points->count;
	double mean;

	for (size_t i = 0; i < count; i++)
		sum_add(&total, solver->points->y[i]);
	mean = sum_value(&total) / (double)count;
	for (size_t i = 0; i < count; i++) {
		double y = solver->points->y[i], difference = y - solver->fitted[i];

		sum_add(&residual, difference * difference);
		sum_add(&centred, (y - mean) * (y - mean));
		estimate->refused += solver->weights[i] == 0;
	}
	estimate->residual_sd = sqrt(sum_value(&residual) / (double)(count - solver->free_count));
	estimate->r2 =
		sum_value(&centred) > 0 ? 1 - sum_value(&residual) / sum_value(&centred) : NAN;
}

static void covariances_fill(struct nonlinear_solver *solver, const struct fit_options *options,
			     struct estimate *estimate)
{
	double scatter_rel = solver->scatter_rel;

	nonlinear_solver_decompose(solver, solver->value);
	covariance_copy(solver, estimate->covariance);
	solver->scatter_rel = 0;
	estimate->chi2 = nonlinear_solver_decompose(solver, solver->value);
	covariance_copy(solver, estimate->covariance_stat);
	estimate->birge_ratio = sqrt(estimate->chi2 / chi2_target(solver, options));
	if (scatter_rel == 0 && options->scatter == SCATTER_BIRGE && estimate->birge_ratio > 1) {
		solver->u_factor = estimate->birge_ratio;
		nonlinear_solver_decompose(solver, solver->value);
		covariance_copy(solver, estimate->covariance);
	}
	for (size_t j = 0; j < solver->parameters; j++)
		estimate->u[j] = sqrt(estimate->covariance[j][j]);
}

/* The condition of the free columns, told in numbers of all parameters. */
static int condition_find(struct nonlinear_solver *solver, const struct fit_options *options,
			  struct condition *condition)
{
	double limit = options->condition_max > 0 ? options->condition_max : CONDITION_MAX_DEFAULT;
	struct condition picked;
	int code;

	*condition = (struct condition){.index_max = 1};
	if (!solver->free_count)
		return 0;
	code = condition_judge(solver->triangle, solver->parameters + 1, solver->free_count, limit,
			       &picked);
	condition->index_max = picked.index_max;
	condition->offenders = picked.offenders;
	for (size_t k = 0; k < picked.offenders; k++)
		condition->offender[k] = solver->free_index[picked.offender[k]];
	for (size_t k = 0; k < solver->free_count; k++)
		condition->share[solver->free_index[k]] = picked.share[k];
	return code;
}

static int solver_run(struct nonlinear_solver *solver, gsl_multifit_nlinear_workspace *work,
		      const struct fit_options *options, struct estimate *estimate,
		      struct condition *condition)
{
	bool parts = solver->common || options->scatter == SCATTER_RELATIVE,
	     common = solver->common;
	int code, solved;

	solver->common = false;
	solved = nonlinear_solver_solve(solver, work);
	code = condition_find(solver, options, condition);
	/* Outliers alone may have driven a first fit to where nothing can be told apart. */
	if (options->robust && !robust_fill(solver, work))
		code = solved = 0;
	if (!code)
		code = solved;
	solver->common = common;
	if (!code && options->robust)
		code = nonlinear_solver_solve(solver, work);
	if (!code && parts)
		code = parts_find(solver, work, options);
	if (!code && (parts || options->robust))
		code = condition_find(solver, options, condition);
	if (code)
		return code;
	*estimate = (struct estimate){.count = solver->points->count,
				      .parameters = solver->parameters,
				      .dof = solver_dof(solver),
				      .scatter = options->scatter,
				      .scatter_rel = solver->scatter_rel,
				      .iterations = solver->iterations,
				      .condition = *condition};
	memcpy(estimate->value, solver->value, sizeof(estimate->value));
	memcpy(estimate->at_bound, solver->at_bound, sizeof(estimate->at_bound));
	covariances_fill(solver, options, estimate);
	residual_summary(solver, estimate);
	return 0;
}

static int problem_check(const struct nonlinear_problem *problem)
{
	if (!problem->model || !problem->parameter)
		return ANALYSIS_BAD_ARGUMENT;
	for (size_t j = 0; j < problem->parameters; j++)
		if (!bound_valid(&problem->parameter[j]))
			return ANALYSIS_BAD_ARGUMENT;
	return 0;
}

int nonlinear_fit(const struct fit_points *points, const struct nonlinear_problem *problem,
		  const struct fit_options *options, struct estimate *ret_estimate,
		  struct condition *ret_condition)
{
	gsl_multifit_nlinear_parameters how = gsl_multifit_nlinear_default_parameters();
	gsl_multifit_nlinear_workspace *work;
	struct condition condition = {0};
	struct estimate estimate = {0};
	struct nonlinear_solver solver;
	int code = fit_points_check(points, problem->parameters, options);

	if (!code)
		code = problem_check(problem);
	if (!code)
		code = nonlinear_solver_init(&solver, points, problem);
	if (code)
		return code;
	gsl_set_error_handler_off();
	how.solver = gsl_multifit_nlinear_solver_qr;
	work = gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &how, points->count,
					  problem->parameters);
	code = work ? solver_run(&solver, work, options, &estimate, &condition)
		    : ANALYSIS_NO_MEMORY;
	gsl_multifit_nlinear_free(work);
	nonlinear_solver_done(&solver);
	if (ret_condition && (!code || code == ANALYSIS_BAD_CONDITION))
		*ret_condition = condition;
	if (!code)
		*ret_estimate = estimate;
	return code;
}
