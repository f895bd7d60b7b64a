/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/combine.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/trace/error.h"

static void fill_u(struct estimate *estimate)
{
	for (size_t j = 0; j < estimate->parameters; j++)
		estimate->u[j] = sqrt(fmax(0, estimate->covariance[j][j]));
}

static void common_apply(struct estimate *estimate, double factor)
{
	for (size_t j = 0; j < estimate->parameters; j++)
		for (size_t k = 0; k < estimate->parameters; k++)
			estimate->covariance[j][k] +=
				factor * estimate->value[j] * estimate->value[k];
	fill_u(estimate);
}

void combine_common_add(struct estimate *estimate, double common_rel)
{
	common_apply(estimate, common_rel * common_rel);
}

void combine_common_remove(struct estimate *estimate, double common_rel)
{
	double factor = common_rel * common_rel;

	/* Along every axis something must be left: the smallest share decides. */
	for (size_t j = 0; j < estimate->parameters; j++) {
		double part = estimate->value[j] * estimate->value[j];
		double most = (1 - 1e-6) * estimate->covariance[j][j];

		if (factor * part > most)
			factor = most / part;
	}
	common_apply(estimate, -factor);
}

/* own := prior + K (own - prior), K = prior_cov (prior_cov + own_cov)^-1; both in units of scale.
 * Sets ret_chi2 of the difference. */
static int update(const double *prior, double prior_cov[ESTIMATE_MAX][ESTIMATE_MAX],
		  struct estimate *own, double *ret_chi2)
{
	size_t n = own->parameters;
	double total[ESTIMATE_MAX * ESTIMATE_MAX], solved[ESTIMATE_MAX], scale[ESTIMATE_MAX];
	double gain[ESTIMATE_MAX][ESTIMATE_MAX], difference[ESTIMATE_MAX], value[ESTIMATE_MAX];
	gsl_matrix_view matrix = gsl_matrix_view_array(total, n, n);
	gsl_vector_view vector = gsl_vector_view_array(solved, n);

	for (size_t j = 0; j < n; j++) {
		scale[j] = sqrt(prior_cov[j][j] + own->covariance[j][j]);
		if (!(scale[j] > 0) || !isfinite(scale[j]))
			return ANALYSIS_SOLVER;
		difference[j] = (own->value[j] - prior[j]) / scale[j];
	}
	for (size_t j = 0; j < n; j++)
		for (size_t k = 0; k < n; k++)
			total[j * n + k] = (prior_cov[j][k] + own->covariance[j][k]) / scale[j] /
					   scale[k];
	if (gsl_linalg_cholesky_decomp1(&matrix.matrix) != GSL_SUCCESS)
		return ANALYSIS_SOLVER;
	for (size_t j = 0; j < n; j++) { /* row j of K, transposed solve */
		for (size_t k = 0; k < n; k++)
			solved[k] = prior_cov[j][k] / scale[k];
		gsl_linalg_cholesky_svx(&matrix.matrix, &vector.vector);
		value[j] = prior[j];
		for (size_t k = 0; k < n; k++) {
			value[j] += solved[k] * difference[k];
			gain[j][k] = solved[k] / scale[k];
		}
	}
	memcpy(solved, difference, n * sizeof(*solved));
	gsl_linalg_cholesky_svx(&matrix.matrix, &vector.vector);
	*ret_chi2 = 0;
	for (size_t j = 0; j < n; j++)
		*ret_chi2 += solved[j] * difference[j];
	/* K own_cov: symmetric, no cancellation. */
	for (size_t j = 0; j < n; j++) {
		own->value[j] = value[j];
		for (size_t k = 0; k < n; k++) {
			double sum = 0;

			for (size_t l = 0; l < n; l++)
				sum += gain[j][l] * own->covariance[l][k];
			own->covariance_stat[j][k] = sum;
		}
	}
	for (size_t j = 0; j < n; j++)
		for (size_t k = 0; k < n; k++)
			own->covariance[j][k] =
				(own->covariance_stat[j][k] + own->covariance_stat[k][j]) / 2;
	memcpy(own->covariance_stat, own->covariance, sizeof(own->covariance));
	fill_u(own);
	return 0;
}

int combine_shrink(const struct hierarchy *type, struct estimate *board)
{
	double prior[ESTIMATE_MAX][ESTIMATE_MAX], chi2;
	struct estimate drawn = *board;
	int code;

	if (type->parameters != board->parameters)
		return ANALYSIS_BAD_ARGUMENT;
	gsl_set_error_handler_off();
	for (size_t j = 0; j < type->parameters; j++)
		for (size_t k = 0; k < type->parameters; k++)
			prior[j][k] = type->between[j][k] + type->covariance[j][k];
	code = update(type->value, prior, &drawn, &chi2);
	if (!code)
		*board = drawn;
	return code;
}

int combine_two(const struct estimate *a, const struct estimate *b, struct estimate *ret_estimate,
		double *ret_p)
{
	double prior[ESTIMATE_MAX][ESTIMATE_MAX], chi2;
	struct estimate both = *b;
	int code;

	if (a->parameters != b->parameters || !a->parameters)
		return ANALYSIS_BAD_ARGUMENT;
	gsl_set_error_handler_off();
	memcpy(prior, a->covariance, sizeof(prior));
	code = update(a->value, prior, &both, &chi2);
	if (code)
		return code;
	both.count = a->count + b->count;
	both.dof = a->dof + b->dof;
	both.scatter_rel = fmax(a->scatter_rel, b->scatter_rel);
	*ret_p = gsl_cdf_chisq_Q(chi2, (double)a->parameters);
	*ret_estimate = both;
	return 0;
}

static int bias_solve(const double *values, double *covariance, size_t count, double *work,
		      struct bias *bias)
{
	gsl_matrix_view matrix = gsl_matrix_view_array(covariance, count, count);
	gsl_vector_view ones = gsl_vector_view_array(work, count);
	double information = 0, sum = 0;

	if (gsl_linalg_cholesky_decomp1(&matrix.matrix) != GSL_SUCCESS)
		return ANALYSIS_SOLVER;
	for (size_t i = 0; i < count; i++)
		work[i] = 1;
	gsl_linalg_cholesky_svx(&matrix.matrix, &ones.vector);
	for (size_t i = 0; i < count; i++) {
		information += work[i];
		sum += work[i] * values[i];
	}
	if (!(information > 0))
		return ANALYSIS_SOLVER;
	bias->mean = sum / information;
	bias->u = 1 / sqrt(information);
	for (size_t i = 0; i < count; i++)
		work[i] = values[i] - bias->mean;
	gsl_linalg_cholesky_svx(&matrix.matrix, &ones.vector);
	for (size_t i = 0; i < count; i++)
		bias->chi2 += work[i] * (values[i] - bias->mean);
	return 0;
}

int bias_mean(const double *values, double *covariance, size_t count, struct bias *ret_bias)
{
	struct bias bias = {.dof = (double)count - 1};
	double *work, birge, z;
	int code;

	if (!count)
		return ANALYSIS_TOO_FEW_POINTS;
	if (count > BIAS_POINTS_MAX)
		return ANALYSIS_BAD_ARGUMENT;
	for (size_t i = 0; i < count; i++)
		if (!isfinite(values[i]) || !(covariance[i * count + i] > 0))
			return ANALYSIS_BAD_ARGUMENT;
	gsl_set_error_handler_off();
	work = calloc(count, sizeof(*work));
	if (!work)
		return ANALYSIS_NO_MEMORY;
	code = bias_solve(values, covariance, count, work, &bias);
	free(work);
	if (code)
		return code;
	birge = count > 2 ? sqrt(fmax(0, bias.chi2) / bias.dof) : 0;
	if (birge > 1)
		bias.u *= birge;
	z = fabs(bias.mean) / bias.u;
	bias.p = 2 * (birge > 1 ? gsl_cdf_tdist_Q(z, bias.dof) : gsl_cdf_ugaussian_Q(z));
	*ret_bias = bias;
	return 0;
}

void holm_adjust(const double *p, size_t count, double *ret_adjusted)
{
	double largest = 0;

	for (size_t i = 0; i < count; i++)
		ret_adjusted[i] = -1;
	for (size_t rank = 0; rank < count; rank++) {
		size_t least = count;

		for (size_t i = 0; i < count; i++)
			if (ret_adjusted[i] < 0 && (least == count || p[i] < p[least]))
				least = i;
		largest = fmax(largest, fmin(1, p[least] * (double)(count - rank)));
		ret_adjusted[least] = largest;
	}
}
