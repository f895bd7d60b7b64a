/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weighted linear least squares by singular value decomposition (GSL), with the common uncertainty
 * carried, and what it says about the points.
 */
#include "analysis/predictor/fit.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit.h>
#include <assert.h>
#include <math.h>
#include <string.h>

#include "analysis/predictor/errors.h"
#include "analysis/trace/sum.h"

/* What one least-squares solution owns. */
struct solver {
	gsl_matrix *design;   /* sqrt(weight) * x, columns scaled to length 1 */
	gsl_vector *response; /* sqrt(weight) * y */
	gsl_vector *ones;
	gsl_vector *coefs;
	gsl_matrix *covariance;
	gsl_multifit_linear_workspace *work;
	double column_length[FIT_COEFS_MAX];
};

static void solver_done(struct solver *solver)
{
	gsl_multifit_linear_free(solver->work);
	gsl_matrix_free(solver->covariance);
	gsl_vector_free(solver->coefs);
	gsl_vector_free(solver->ones);
	gsl_vector_free(solver->response);
	gsl_matrix_free(solver->design);
}

static int solver_init(struct solver *solver, size_t count, size_t coefs)
{
	*solver = (struct solver){
		.design = gsl_matrix_alloc(count, coefs),
		.response = gsl_vector_alloc(count),
		.ones = gsl_vector_alloc(count),
		.coefs = gsl_vector_alloc(coefs),
		.covariance = gsl_matrix_alloc(coefs, coefs),
		.work = gsl_multifit_linear_alloc(count, coefs),
	};
	if (!solver->design || !solver->response || !solver->ones || !solver->coefs ||
	    !solver->covariance || !solver->work) {
		solver_done(solver);
		return ANALYSIS_NO_MEMORY;
	}
	gsl_vector_set_all(solver->ones, 1);
	return 0;
}

static int data_judge(const struct fit_data *data)
{
	assert(data);
	if (!data->x || !data->y || !data->u_y || !data->coefs || data->coefs > FIT_COEFS_MAX ||
	    !isfinite(data->common_rel) || data->common_rel < 0)
		return ANALYSIS_BAD_ARGUMENT;
	if (data->count < data->coefs + 1)
		return ANALYSIS_TOO_FEW_POINTS;
	for (size_t i = 0; i < data->count * data->coefs; i++)
		if (!isfinite(data->x[i]))
			return ANALYSIS_BAD_ARGUMENT;
	for (size_t i = 0; i < data->count; i++) {
		if (!isfinite(data->y[i]))
			return ANALYSIS_BAD_ARGUMENT;
		if (!isfinite(data->u_y[i]) || data->u_y[i] <= 0)
			return ANALYSIS_BAD_UNCERTAINTY;
		if (data->y[i] == 0)
			return ANALYSIS_ZERO_RESPONSE;
	}
	return 0;
}

static bool rows_all_equal(const struct fit_data *data)
{
	for (size_t i = 1; i < data->count; i++)
		if (memcmp(data->x, data->x + i * data->coefs, data->coefs * sizeof(*data->x)) != 0)
			return false;
	return true;
}

/* Fills design and response. ANALYSIS_BAD_CONDITION: a column of zeros. */
static int solver_fill(struct solver *solver, const struct fit_data *data)
{
	for (size_t j = 0; j < data->coefs; j++) {
		gsl_vector_view column = gsl_matrix_column(solver->design, j);
		double length;

		for (size_t i = 0; i < data->count; i++)
			gsl_vector_set(&column.vector, i,
				       data->x[i * data->coefs + j] / data->u_y[i]);
		length = gsl_blas_dnrm2(&column.vector);
		if (!isfinite(length) || length <= 0)
			return ANALYSIS_BAD_CONDITION;
		gsl_vector_scale(&column.vector, 1 / length);
		solver->column_length[j] = length;
	}
	for (size_t i = 0; i < data->count; i++)
		gsl_vector_set(solver->response, i, data->y[i] / data->u_y[i]);
	return 0;
}

/* Decomposes, judges the condition, solves: coefficients, covariance_stat, chi2 of result. The rows
 * carry their weights already, so the solver's are 1: it then returns (X' W X)^-1 itself. */
static int solver_solve(struct solver *solver, struct fit_result *result)
{
	const double *length = solver->column_length;

	if (gsl_multifit_linear_svd(solver->design, solver->work) != GSL_SUCCESS)
		return ANALYSIS_SOLVER;
	result->rcond = gsl_multifit_linear_rcond(solver->work);
	if (!(result->rcond >= FIT_RCOND_MIN))
		return ANALYSIS_BAD_CONDITION;
	if (gsl_multifit_wlinear(solver->design, solver->ones, solver->response, solver->coefs,
				 solver->covariance, &result->chi2, solver->work) != GSL_SUCCESS)
		return ANALYSIS_SOLVER;
	for (size_t j = 0; j < result->coefs; j++) {
		result->coef[j] = gsl_vector_get(solver->coefs, j) / length[j];
		for (size_t k = 0; k < result->coefs; k++)
			result->covariance_stat[j][k] =
				gsl_matrix_get(solver->covariance, j, k) / length[j] / length[k];
	}
	return 0;
}

static void covariance_fill(const struct fit_data *data, struct fit_result *result)
{
	double common = data->common_rel * data->common_rel, inflation;

	result->birge_ratio = sqrt(result->chi2 / (double)(data->count - data->coefs));
	inflation = fmax(1, result->birge_ratio * result->birge_ratio);
	for (size_t j = 0; j < data->coefs; j++) {
		for (size_t k = 0; k < data->coefs; k++)
			result->covariance[j][k] = inflation * result->covariance_stat[j][k] +
						   common * result->coef[j] * result->coef[k];
		result->coef_u[j] = sqrt(result->covariance[j][j]);
	}
}

/* Both R^2, and the relative errors of the points themselves. */
static void residuals_fill(const struct fit_data *data, struct fit_result *result)
{
	struct sum total = {0}, residual = {0}, centred = {0}, uncentred = {0};
	struct error_tally tally = {0};
	double mean;

	for (size_t i = 0; i < data->count; i++)
		sum_add(&total, data->y[i]);
	mean = sum_value(&total) / (double)data->count;
	for (size_t i = 0; i < data->count; i++) {
		double y = data->y[i], fitted = fit_value(result, data->x + i * data->coefs);

		sum_add(&residual, (y - fitted) * (y - fitted));
		sum_add(&centred, (y - mean) * (y - mean));
		sum_add(&uncentred, y * y);
		error_tally_add(&tally, i, fitted, y);
	}
	result->r2_centred =
		sum_value(&centred) > 0 ? 1 - sum_value(&residual) / sum_value(&centred) : NAN;
	result->r2 = data->has_intercept ? result->r2_centred
					 : 1 - sum_value(&residual) / sum_value(&uncentred);
	result->errors = error_tally_result(&tally);
}

static int data_solve(const struct fit_data *data, struct fit_result *result)
{
	struct solver solver;
	int code = solver_init(&solver, data->count, data->coefs);

	if (code)
		return code;
	code = solver_fill(&solver, data);
	if (!code)
		code = solver_solve(&solver, result);
	solver_done(&solver);
	return code;
}

int fit_linear(const struct fit_data *data, struct fit_result *ret_result)
{
	struct fit_result result = {0};
	int code = data_judge(data);

	/* One slope through the origin is known from one place; anything more needs two. */
	if (!code && data->coefs > 1 && rows_all_equal(data))
		code = ANALYSIS_NO_SPREAD;
	if (code)
		return code;
	gsl_set_error_handler_off();
	result.count = data->count;
	result.coefs = data->coefs;
	result.common_rel = data->common_rel;
	code = data_solve(data, &result);
	if (code)
		return code;
	covariance_fill(data, &result);
	residuals_fill(data, &result);
	*ret_result = result;
	return 0;
}

double fit_value(const struct fit_result *result, const double *x)
{
	double y = 0;

	for (size_t j = 0; j < result->coefs; j++)
		y += result->coef[j] * x[j];
	return y;
}

struct fit_prediction fit_predict(const struct fit_result *result, const double *x)
{
	struct fit_prediction prediction = {.y = fit_value(result, x)};
	double variance = 0;

	for (size_t j = 0; j < result->coefs; j++)
		for (size_t k = 0; k < result->coefs; k++)
			variance += x[j] * x[k] * result->covariance[j][k];
	prediction.u_model = sqrt(fmax(0, variance));
	prediction.u_point =
		hypot(prediction.u_model, prediction.y * result->errors.rmspe_pct / 100);
	return prediction;
}
