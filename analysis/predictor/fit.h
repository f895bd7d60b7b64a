/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Linear predictors of energy (or time) from counted cycles, or from any other counted regressors,
 * by weighted least squares.
 *
 * Weights are 1/u^2 of the independent uncertainties. What all points have in common (the meter's
 * gain, the supply voltage) does not average out: it is carried as one factor on all coefficients.
 * Each function is pure and may run on any thread; the first call switches GSL's aborting error
 * handler off for the process.
 */
#ifndef ANALYSIS_PREDICTOR_FIT_H
#define ANALYSIS_PREDICTOR_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/error.h"

enum { FIT_COEFS_MAX = 8 };

/* Below this reciprocal condition number (columns scaled to the same length) a fit is refused. */
#define FIT_RCOND_MIN 1e-6

/* y = sum_j coef_j * x_j. The caller's arrays, only read. y is in joules for energy, seconds for
 * time; coefficients are in y's unit per regressor's unit. */
struct fit_data {
	size_t count;       /* points: at least coefs + 1 */
	size_t coefs;       /* 1..FIT_COEFS_MAX */
	bool has_intercept; /* x_0 is 1 in every point: R^2 is then about the mean */
	const double *x;    /* count rows of coefs */
	const double *y;
	const double *u_y; /* independent standard uncertainties, > 0 */
	const uint32_t
		*group;    /* count numbers, equal for points of the same model; NULL: no groups */
	double common_rel; /* standard uncertainty common to all y, relative to y: >= 0 */
};

struct fit_errors {
	double mape_pct; /* mean |predicted - measured| / |measured| */
	double rmspe_pct;
	double max_pct;        /* largest absolute */
	size_t worst;          /* index of the point that has it */
	double within_5_share; /* of the points, 0..1 */
	double within_10_share;
};

struct fit_result {
	size_t count, coefs;
	double coef[FIT_COEFS_MAX];
	double coef_u[FIT_COEFS_MAX]; /* sqrt(statistical^2 + (common_rel * coef)^2) */
	/* Statistical covariance from the u_y alone, (X' W X)^-1. */
	double covariance_stat[FIT_COEFS_MAX][FIT_COEFS_MAX];
	/* What to use: the former, times birge_ratio^2 when that is above 1 (the points scatter
	 * more than their uncertainties say: the model is not the whole truth), plus the common
	 * part. */
	double covariance[FIT_COEFS_MAX][FIT_COEFS_MAX];
	double chi2;        /* weighted sum of squared residuals */
	double birge_ratio; /* sqrt(chi2 / (count - coefs)) */
	/* With intercept: 1 - SSR / sum (y - mean y)^2. Without: 1 - SSR / sum y^2 (uncentred, as
	 * for NIST's NoInt1; always near 1 for positive y). Sums are not weighted. */
	double r2;
	double r2_centred; /* about the mean for both forms, so that they compare; may be < 0 */
	double rcond;
	double common_rel;
	struct fit_errors errors; /* of the points the fit was made from */
};

/* ANALYSIS_TOO_FEW_POINTS, _NO_SPREAD (all rows of x alike, with two
 * coefficients or more), _BAD_CONDITION, _BAD_ARGUMENT (not a
 * number, no coefficients), _BAD_UNCERTAINTY, _ZERO_RESPONSE, _NO_MEMORY, _SOLVER. */
int fit_linear(const struct fit_data *data, struct fit_result *ret_result);

/* Leave-one-group-out: each group is predicted by a fit of all the others. The same reasons, for
 * any of these fits, and ANALYSIS_TOO_FEW_GROUPS (fewer than two, or group is NULL). */
int fit_cross_validate(const struct fit_data *data, struct fit_errors *ret_errors);

enum fit_cycles_form {
	FIT_CYCLES_PROPORTIONAL = 1, /* y = k * cycles:     coef[0] = k */
	FIT_CYCLES_AFFINE,           /* y = a + k * cycles: coef[0] = a, coef[1] = k */
};

struct fit_cycles_point {
	double cycles;  /* > 0 */
	double y, u_y;  /* J or s; u_y independent */
	uint32_t group; /* model */
};

/* fit_linear of y on cycles, and fit_cross_validate by group into ret_left_out (NULL: not wanted).
 */
int fit_cycles(enum fit_cycles_form form, const struct fit_cycles_point *points, size_t count,
	       double common_rel, struct fit_result *ret_result, struct fit_errors *ret_left_out);

struct fit_prediction {
	double y;
	double u_model; /* standard uncertainty of the fitted curve at x, with the common part */
	double u_point; /* of one new measurement there: also the points' own scatter about the
			   curve, taken as relative (RMSPE of the fit) */
};

/* The fitted y at x alone. */
double fit_value(const struct fit_result *result, const double *x);

/* x: result->coefs regressors (1 first, when there is an intercept). */
struct fit_prediction fit_predict(const struct fit_result *result, const double *x);

#endif
