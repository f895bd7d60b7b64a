/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/estimate.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <math.h>

#include "analysis/trace/error.h"

double estimate_linear_value(const struct estimate *estimate, const double *x)
{
	double y = 0;

	for (size_t j = 0; j < estimate->parameters; j++)
		y += estimate->value[j] * x[j];
	return y;
}

static double model_variance(const struct estimate *estimate, const double *gradient)
{
	double variance = 0;

	for (size_t j = 0; j < estimate->parameters; j++)
		for (size_t k = 0; k < estimate->parameters; k++)
			variance += gradient[j] * gradient[k] * estimate->covariance[j][k];
	return fmax(0, variance);
}

static double point_variance(const struct estimate *estimate, const struct estimate_query *query)
{
	double own = query->u_new, common = query->common_rel_new * query->value;
	double model = estimate->scatter_rel * query->value;

	if (estimate->scatter == SCATTER_BIRGE)
		own *= fmax(1, estimate->birge_ratio);
	return own * own + common * common + model * model;
}

int estimate_predict(const struct estimate *estimate, const struct estimate_query *query,
		     struct estimate_prediction *ret_prediction)
{
	struct estimate_prediction result = {.y = query->value};
	double tail = 0.5 + query->level / 2, variance;

	gsl_set_error_handler_off();
	if (!(query->level > 0 && query->level < 1) || !(query->u_new >= 0) ||
	    !(query->common_rel_new >= 0) || !isfinite(query->value) || !(estimate->dof > 0))
		return ANALYSIS_BAD_ARGUMENT;
	variance = model_variance(estimate, query->gradient);
	result.u_model = sqrt(variance);
	result.u_point = sqrt(variance + point_variance(estimate, query));
	if (!isfinite(result.u_point))
		return ANALYSIS_BAD_ARGUMENT;
	result.t_factor = estimate->scatter == SCATTER_NONE
				  ? gsl_cdf_ugaussian_Pinv(tail)
				  : gsl_cdf_tdist_Pinv(tail, estimate->dof);
	result.low = result.y - result.t_factor * result.u_point;
	result.high = result.y + result.t_factor * result.u_point;
	*ret_prediction = result;
	return 0;
}
