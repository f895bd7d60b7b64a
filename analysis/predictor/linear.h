/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Generalised linear least squares of any number of points on up to ESTIMATE_MAX regressors, with
 * the full covariance of fit_points: rows are whitened by the Cholesky factor and decomposed by
 * streaming QR, then small problems are refined once with extended residuals (Bjorck, Numerical
 * Methods for Least Squares Problems, 1996, 6.6.5). Normal equations are never formed.
 * Each function is pure and may run on any thread; GSL's aborting error handler is switched off.
 */
#ifndef ANALYSIS_PREDICTOR_LINEAR_H
#define ANALYSIS_PREDICTOR_LINEAR_H

#include "analysis/predictor/estimate.h"

/* x: points->count rows of columns regressors (1 first for an intercept). columns: 1..ESTIMATE_MAX.
 * ret_condition (NULL: not wanted) is filled on success and on ANALYSIS_BAD_CONDITION, when its
 * offenders are the columns to name.
 * ANALYSIS_BAD_ARGUMENT (not a number, meter out of range), _BAD_UNCERTAINTY, _TOO_FEW_POINTS
 * (fewer than columns + 1, or left over by the robust weights), _ZERO_RESPONSE (with
 * SCATTER_RELATIVE), _BAD_CONDITION, _SOLVER, _NO_MEMORY. */
int linear_fit(const struct fit_points *points, const double *x, size_t columns,
	       const struct fit_options *options, struct estimate *ret_estimate,
	       struct condition *ret_condition);

/* What is checked of a single point: ANALYSIS_BAD_ARGUMENT, _BAD_UNCERTAINTY. */
int fit_point_check(const struct fit_points *points, size_t i);
/* What linear_fit and nonlinear_fit check of the points: its first three reasons. */
int fit_points_check(const struct fit_points *points, size_t parameters,
		     const struct fit_options *options);

/* The value that common and relative parts are taken of: the fitted one, held within a factor of 3
 * of the measured one so that a poor fit does not give any point infinite weight. */
double fit_expected(double fitted, double measured);

#endif
