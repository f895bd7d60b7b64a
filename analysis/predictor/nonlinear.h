/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Generalised nonlinear least squares with bounds: Levenberg-Marquardt with Moré's scaling (GSL's
 * multifit_nlinear) on parameters mapped into their bounds (James & Roos, MINUIT manual, 1.2.1),
 * then Gauss-Newton steps on the parameters themselves. Convergence is judged by the relative
 * offset of Bates & Watts (Technometrics 23 (1981) 179), not by step sizes.
 */
#ifndef ANALYSIS_PREDICTOR_NONLINEAR_H
#define ANALYSIS_PREDICTOR_NONLINEAR_H

#include "analysis/predictor/estimate.h"

/* The model at point index; writes parameters derivatives to ret_gradient. Pure; may be called with
 * any parameters within their bounds and may return anything but hang. */
typedef double nonlinear_model(void *context, size_t index, const double *parameters,
			       double *ret_gradient);

struct nonlinear_parameter {
	double start, lower, upper; /* lower <= start <= upper, lower < upper; -+INFINITY: none */
};

struct nonlinear_problem {
	nonlinear_model *model;
	void *context;
	size_t parameters; /* 1..ESTIMATE_MAX */
	const struct nonlinear_parameter *parameter;
	unsigned iterations_max; /* 0: 2000 */
};

/* As linear_fit. Parameters that end on a bound are marked, held there, and take no part in
 * condition and covariance. ANALYSIS_SOLVER also: no convergence within iterations_max. */
int nonlinear_fit(const struct fit_points *points, const struct nonlinear_problem *problem,
		  const struct fit_options *options, struct estimate *ret_estimate,
		  struct condition *ret_condition);

#endif
