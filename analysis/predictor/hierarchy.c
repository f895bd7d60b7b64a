/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/hierarchy.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>

#include "analysis/predictor/linear.h"
#include "analysis/trace/error.h"

/* What one calculation owns: matrices of parameters x parameters. */
struct work {
	gsl_matrix *a, *vectors, *sum;
	gsl_vector *values, *rhs;
	gsl_eigen_symmv_workspace *eigen;
};

static void work_done(struct work *work)
{
	gsl_matrix_free(work->a);
	gsl_matrix_free(work->vectors);
	gsl_matrix_free(work->sum);
	gsl_vector_free(work->values);
	gsl_vector_free(work->rhs);
	gsl_eigen_symmv_free(work->eigen);
}

static int work_init(struct work *work, size_t n)
{
	*work = (struct work){.a = gsl_matrix_calloc(n, n),
			      .vectors = gsl_matrix_calloc(n, n),
			      .sum = gsl_matrix_calloc(n, n),
			      .values = gsl_vector_calloc(n),
			      .rhs = gsl_vector_calloc(n),
			      .eigen = gsl_eigen_symmv_alloc(n)};
	if (!work->a || !work->vectors || !work->sum || !work->values || !work->rhs ||
	    !work->eigen) {
		work_done(work);
		return ANALYSIS_NO_MEMORY;
	}
	return 0;
}

static int boards_check(const struct estimate *boards, size_t count)
{
	if (count < HIERARCHY_BOARDS_MIN)
		return ANALYSIS_TOO_FEW_GROUPS;
	for (size_t b = 0; b < count; b++) {
		if (boards[b].parameters != boards->parameters || !boards->parameters)
			return ANALYSIS_BAD_ARGUMENT;
		for (size_t j = 0; j < boards->parameters; j++)
			if (!isfinite(boards[b].value[j]) || !(boards[b].covariance[j][j] > 0))
				return ANALYSIS_BAD_ARGUMENT;
	}
	return 0;
}

/* Covariance of the boards' values less the mean of their own. */
static void moments_fill(const struct estimate *boards, size_t count, struct hierarchy *hierarchy)
{
	size_t n = boards->parameters;
	double mean[ESTIMATE_MAX] = {0};
	bool diagonal = count < n + 2;

	for (size_t b = 0; b < count; b++)
		for (size_t j = 0; j < n; j++)
			mean[j] += boards[b].value[j] / (double)count;
	for (size_t j = 0; j < n; j++) {
		for (size_t k = 0; k < n; k++) {
			double between = 0, own = 0;

			for (size_t b = 0; b < count; b++) {
				between += (boards[b].value[j] - mean[j]) *
					   (boards[b].value[k] - mean[k]) / (double)(count - 1);
				own += boards[b].covariance[j][k] / (double)count;
			}
			hierarchy->between[j][k] = diagonal && j != k ? 0 : between - own;
		}
	}
}

/* Sets negative directions to 0. Parameters have units: directions are judged with each scaled by
 * the spread of its values. */
static int between_clip(struct hierarchy *hierarchy, const double *spread, struct work *work)
{
	size_t n = hierarchy->parameters;

	for (size_t j = 0; j < n; j++)
		for (size_t k = 0; k < n; k++)
			gsl_matrix_set(work->a, j, k,
				       hierarchy->between[j][k] / spread[j] / spread[k]);
	if (gsl_eigen_symmv(work->a, work->values, work->vectors, work->eigen) != GSL_SUCCESS)
		return ANALYSIS_SOLVER;
	for (size_t j = 0; j < n; j++) {
		for (size_t k = 0; k < n; k++) {
			double sum = 0;

			for (size_t e = 0; e < n; e++)
				sum += fmax(gsl_vector_get(work->values, e), 0) *
				       gsl_matrix_get(work->vectors, j, e) *
				       gsl_matrix_get(work->vectors, k, e);
			hierarchy->between[j][k] = sum * spread[j] * spread[k];
		}
	}
	return 0;
}

/* Adds (between + own)^-1 of a board, parameters scaled, to sum and rhs. */
static int board_add(const struct estimate *board, const struct hierarchy *hierarchy,
		     const double *spread, struct work *work)
{
	size_t n = hierarchy->parameters;

	for (size_t j = 0; j < n; j++)
		for (size_t k = 0; k < n; k++)
			gsl_matrix_set(work->a, j, k,
				       (hierarchy->between[j][k] + board->covariance[j][k]) /
					       spread[j] / spread[k]);
	if (gsl_linalg_cholesky_decomp1(work->a) != GSL_SUCCESS ||
	    gsl_linalg_cholesky_invert(work->a) != GSL_SUCCESS)
		return ANALYSIS_SOLVER;
	for (size_t j = 0; j < n; j++) {
		for (size_t k = 0; k < n; k++) {
			double part = gsl_matrix_get(work->a, j, k);

			gsl_matrix_set(work->sum, j, k, gsl_matrix_get(work->sum, j, k) + part);
			gsl_vector_set(work->rhs, j,
				       gsl_vector_get(work->rhs, j) +
					       part * board->value[k] / spread[k]);
		}
	}
	return 0;
}

static int type_fill(const struct estimate *boards, size_t count, const double *spread,
		     struct hierarchy *hierarchy, struct work *work)
{
	size_t n = hierarchy->parameters;
	int code = 0;

	for (size_t b = 0; b < count && !code; b++)
		code = board_add(&boards[b], hierarchy, spread, work);
	if (code || gsl_linalg_cholesky_decomp1(work->sum) != GSL_SUCCESS ||
	    gsl_linalg_cholesky_solve(work->sum, work->rhs, work->values) != GSL_SUCCESS ||
	    gsl_linalg_cholesky_invert(work->sum) != GSL_SUCCESS)
		return ANALYSIS_SOLVER;
	for (size_t j = 0; j < n; j++) {
		hierarchy->value[j] = gsl_vector_get(work->values, j) * spread[j];
		for (size_t k = 0; k < n; k++)
			hierarchy->covariance[j][k] =
				gsl_matrix_get(work->sum, j, k) * spread[j] * spread[k];
	}
	return 0;
}

int hierarchy_fit(const struct estimate *boards, size_t count, struct hierarchy *ret_hierarchy)
{
	struct hierarchy hierarchy = {.boards = count};
	double spread[ESTIMATE_MAX];
	struct work work;
	int code = boards_check(boards, count);

	if (code)
		return code;
	gsl_set_error_handler_off();
	hierarchy.parameters = boards->parameters;
	moments_fill(boards, count, &hierarchy);
	for (size_t j = 0; j < hierarchy.parameters; j++) {
		spread[j] = fmax(hierarchy.between[j][j], 0);
		for (size_t b = 0; b < count; b++)
			spread[j] += boards[b].covariance[j][j] / (double)count;
		spread[j] = sqrt(spread[j]);
	}
	code = work_init(&work, hierarchy.parameters);
	if (code)
		return code;
	code = between_clip(&hierarchy, spread, &work);
	if (!code)
		code = type_fill(boards, count, spread, &hierarchy, &work);
	work_done(&work);
	if (!code)
		*ret_hierarchy = hierarchy;
	return code;
}

/* What a new board's points give: gain rows, innovations. */
struct update {
	size_t count, n;
	double prior[ESTIMATE_MAX][ESTIMATE_MAX];
	double cross[HIERARCHY_POINTS_MAX][ESTIMATE_MAX]; /* X P */
	double innovation[HIERARCHY_POINTS_MAX];
	double data[HIERARCHY_POINTS_MAX * HIERARCHY_POINTS_MAX]; /* X P X' + V */
};

static int update_check(const struct fit_points *points, const double *x)
{
	if (points->count > HIERARCHY_POINTS_MAX ||
	    (points->count && (!points->y || !points->u_y || !x)))
		return ANALYSIS_BAD_ARGUMENT;
	for (size_t i = 0; i < points->count; i++) {
		int code = fit_point_check(points, i);

		if (code)
			return code;
	}
	return 0;
}

static double shared_rel(const struct fit_points *points, size_t i, size_t k)
{
	uint32_t meter_i = points->meter ? points->meter[i] : 0;
	uint32_t meter_k = points->meter ? points->meter[k] : 0;

	return points->common_rel && meter_i == meter_k
		       ? points->common_rel[meter_i] * points->common_rel[meter_i]
		       : 0;
}

static void update_fill(struct update *update, const struct hierarchy *hierarchy,
			const struct fit_points *points, const double *x, const double *expected,
			double scatter_rel)
{
	double fitted[HIERARCHY_POINTS_MAX];
	size_t n = update->n;

	for (size_t i = 0; i < update->count; i++) {
		fitted[i] = 0;
		for (size_t j = 0; j < n; j++) {
			fitted[i] += x[i * n + j] * hierarchy->value[j];
			update->cross[i][j] = 0;
			for (size_t k = 0; k < n; k++)
				update->cross[i][j] += x[i * n + k] * update->prior[k][j];
		}
		fitted[i] = expected ? expected[i] : fitted[i];
		update->innovation[i] = points->y[i] - fitted[i];
	}
	for (size_t i = 0; i < update->count; i++) {
		for (size_t k = 0; k < update->count; k++) {
			double value = shared_rel(points, i, k) * fitted[i] * fitted[k];

			for (size_t j = 0; j < n; j++)
				value += update->cross[i][j] * x[k * n + j];
			if (i == k)
				value += points->u_y[i] * points->u_y[i] +
					 scatter_rel * scatter_rel * fitted[i] * fitted[i];
			update->data[i * update->count + k] = value;
		}
	}
}

/* Energies are far below 1: factored as a correlation matrix. cross and innovation become
 * L^-1 D^-1 of themselves. */
static int update_whiten(struct update *update)
{
	size_t count = update->count;
	gsl_matrix_view matrix = gsl_matrix_view_array(update->data, count, count);
	double size[HIERARCHY_POINTS_MAX];

	for (size_t i = 0; i < count; i++)
		size[i] = sqrt(update->data[i * count + i]);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++)
			update->data[i * count + k] /= size[i] * size[k];
	if (gsl_linalg_cholesky_decomp1(&matrix.matrix) != GSL_SUCCESS)
		return ANALYSIS_SOLVER;
	for (size_t i = 0; i < count; i++) {
		update->innovation[i] /= size[i];
		for (size_t j = 0; j < update->n; j++)
			update->cross[i][j] /= size[i];
		for (size_t k = 0; k < i; k++) {
			double factor = update->data[i * count + k];

			update->innovation[i] -= factor * update->innovation[k];
			for (size_t j = 0; j < update->n; j++)
				update->cross[i][j] -= factor * update->cross[k][j];
		}
		update->innovation[i] /= update->data[i * count + i];
		for (size_t j = 0; j < update->n; j++)
			update->cross[i][j] /= update->data[i * count + i];
	}
	return 0;
}

static void update_apply(const struct update *update, struct estimate *estimate)
{
	for (size_t i = 0; i < update->count; i++)
		estimate->chi2 += update->innovation[i] * update->innovation[i];
	for (size_t j = 0; j < update->n; j++) {
		for (size_t i = 0; i < update->count; i++)
			estimate->value[j] += update->cross[i][j] * update->innovation[i];
		for (size_t k = 0; k < update->n; k++) {
			double value = update->prior[j][k];

			for (size_t i = 0; i < update->count; i++)
				value -= update->cross[i][j] * update->cross[i][k];
			estimate->covariance[j][k] = estimate->covariance_stat[j][k] = value;
		}
		estimate->u[j] = sqrt(fmax(estimate->covariance[j][j], 0));
	}
	estimate->birge_ratio = update->count ? sqrt(estimate->chi2 / (double)update->count) : 1;
}

int hierarchy_adapt(const struct hierarchy *hierarchy, const struct fit_points *points,
		    const double *x, const double *expected, double scatter_rel,
		    struct estimate *ret_estimate)
{
	struct update update = {.count = points->count, .n = hierarchy->parameters};
	struct estimate estimate = {.count = points->count,
				    .parameters = hierarchy->parameters,
				    .dof = (double)hierarchy->boards - 1,
				    .scatter = SCATTER_RELATIVE,
				    .scatter_rel = scatter_rel};
	int code = update_check(points, x);

	if (!code && !(scatter_rel >= 0))
		code = ANALYSIS_BAD_ARGUMENT;
	if (code)
		return code;
	gsl_set_error_handler_off();
	for (size_t j = 0; j < update.n; j++) {
		estimate.value[j] = hierarchy->value[j];
		for (size_t k = 0; k < update.n; k++)
			update.prior[j][k] = hierarchy->between[j][k] + hierarchy->covariance[j][k];
	}
	update_fill(&update, hierarchy, points, x, expected, scatter_rel);
	code = update.count ? update_whiten(&update) : 0;
	if (code)
		return code;
	update_apply(&update, &estimate);
	*ret_estimate = estimate;
	return 0;
}
