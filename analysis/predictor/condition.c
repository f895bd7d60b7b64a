/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/condition.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>

#include "analysis/trace/error.h"

/* Relative to the largest: smaller singular values are rounding, and so are vectors divided by
 * them. */
#define SINGULAR_FLOOR 1e-12

/* Columns of length 1. false: one of them is zero or not a number; it is the offender. */
static bool columns_scale(const double *r, size_t stride, gsl_matrix *ret_design,
			  struct condition *condition)
{
	size_t columns = ret_design->size1;

	for (size_t j = 0; j < columns; j++) {
		double length = 0;

		for (size_t i = 0; i <= j; i++)
			length = hypot(length, r[i * stride + j]);
		if (!(length > 0) || !isfinite(length)) {
			condition->share[j] = 1;
			condition->offender[condition->offenders++] = j;
			continue;
		}
		for (size_t i = 0; i < columns; i++)
			gsl_matrix_set(ret_design, i, j, i <= j ? r[i * stride + j] / length : 0);
	}
	return condition->offenders == 0;
}

static void shares_fill(const gsl_matrix *v, const gsl_vector *singular, double limit,
			struct condition *condition)
{
	double largest = gsl_vector_get(singular, 0);
	size_t columns = v->size1, most = 0;

	for (size_t j = 0; j < columns; j++) {
		double whole = 0, above = 0;

		for (size_t k = 0; k < columns; k++) {
			double mu = fmax(gsl_vector_get(singular, k), SINGULAR_FLOOR * largest);
			double part = gsl_matrix_get(v, j, k) / mu;

			whole += part * part;
			if (largest > limit * gsl_vector_get(singular, k))
				above += part * part;
		}
		condition->share[j] = above / whole;
		if (condition->share[j] > condition->share[most])
			most = j;
		if (condition->share[j] > 0.5)
			condition->offender[condition->offenders++] = j;
	}
	if (!condition->offenders)
		condition->offender[condition->offenders++] = most;
}

static int condition_decompose(gsl_matrix *design, gsl_matrix *v, gsl_vector *singular,
			       double limit, struct condition *condition)
{
	double smallest, largest;

	if (gsl_linalg_SV_decomp_jacobi(design, v, singular) != GSL_SUCCESS)
		return ANALYSIS_SOLVER;
	largest = gsl_vector_get(singular, 0);
	smallest = gsl_vector_get(singular, singular->size - 1);
	condition->index_max = smallest > 0 ? largest / smallest : INFINITY;
	if (condition->index_max > limit)
		shares_fill(v, singular, limit, condition);
	else if (condition->index_max > CONDITION_STRONG)
		shares_fill(v, singular, CONDITION_STRONG, condition);
	return condition->index_max <= limit ? 0 : ANALYSIS_BAD_CONDITION;
}

int condition_judge(const double *r, size_t stride, size_t columns, double limit,
		    struct condition *ret_condition)
{
	double data[CONDITION_COLUMNS_MAX * CONDITION_COLUMNS_MAX] = {0};
	double v_data[CONDITION_COLUMNS_MAX * CONDITION_COLUMNS_MAX];
	double singular_data[CONDITION_COLUMNS_MAX];
	gsl_matrix_view design = gsl_matrix_view_array(data, columns, columns);
	gsl_matrix_view v = gsl_matrix_view_array(v_data, columns, columns);
	gsl_vector_view singular = gsl_vector_view_array(singular_data, columns);

	gsl_set_error_handler_off();
	*ret_condition = (struct condition){.index_max = INFINITY};
	if (!columns_scale(r, stride, &design.matrix, ret_condition))
		return ANALYSIS_BAD_CONDITION;
	return condition_decompose(&design.matrix, &v.matrix, &singular.vector, limit,
				   ret_condition);
}
