/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a fit of parameters gives, linear or not: values, covariances, what the points say about the
 * model, and predictions with intervals.
 */
#ifndef ANALYSIS_PREDICTOR_ESTIMATE_H
#define ANALYSIS_PREDICTOR_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/predictor/condition.h"

enum { ESTIMATE_MAX = CONDITION_COLUMNS_MAX };

/* How scatter beyond the stated uncertainties is taken. */
enum scatter {
	SCATTER_NONE = 1, /* the uncertainties are the whole truth */
	SCATTER_BIRGE,    /* all of them are too small by one factor: birge_ratio, when above 1 */
	/* The model itself misses by a relative amount, the same for all points, added in square
	 * to each uncertainty until chi2 equals the degrees of freedom (Mandel & Paule, Anal.
	 * Chem. 42 (1970) 1194). The one for predictors over several networks: with one row per
	 * network and operating point, the mean of its repeats; repeats share the model's miss, and
	 * as rows of their own would make the coefficients look too certain. */
	SCATTER_RELATIVE,
};

struct fit_options {
	enum scatter scatter;
	bool robust;          /* Tukey's bisquare weights (tuning 4.685) on the independent part */
	double condition_max; /* >= 1; 0: CONDITION_MAX_DEFAULT */
};

/* The measurements of any fit. Arrays are the caller's, only read.
 * Covariance: V_ij = u_i^2 (i = j) + g_m^2 f_i f_j (i and j of the same meter m), where f is the
 * fitted value: using measured values there would bias the fit low (Peelle's puzzle). */
struct fit_points {
	size_t count;
	const double *y;       /* J or s */
	const double *u_y;     /* independent standard uncertainties, unit of y, > 0 */
	const uint32_t *meter; /* numbers 0..meters-1; NULL: all are of meter 0 */
	size_t meters;
	const double *common_rel; /* meters relative standard uncertainties, >= 0; NULL: none */
};

struct estimate {
	size_t count, parameters;
	double dof;                 /* points (robust: sum of weights) less free parameters */
	double value[ESTIMATE_MAX]; /* y's unit per regressor's unit */
	double u[ESTIMATE_MAX];     /* square roots of covariance's diagonal */
	double covariance_stat[ESTIMATE_MAX][ESTIMATE_MAX]; /* (X' V^-1 X)^-1 as stated */
	/* The one to use: the former; with SCATTER_BIRGE its independent part times birge_ratio^2
	 * where that is above 1; with SCATTER_RELATIVE made with scatter_rel in V. */
	double covariance[ESTIMATE_MAX][ESTIMATE_MAX];
	double chi2;        /* of value, with V as stated */
	double birge_ratio; /* sqrt(chi2 / dof); robust: the robust scale */
	double scatter_rel; /* SCATTER_RELATIVE: of the model, 0 when not needed; else 0 */
	double residual_sd; /* sqrt(sum of unweighted squared residuals / dof), unit of y */
	double r2;          /* 1 - SSR / sum (y - mean y)^2, unweighted; may be < 0 */
	enum scatter scatter;
	struct condition condition;
	bool at_bound[ESTIMATE_MAX]; /* the parameter lies on a bound: no uncertainty is given */
	unsigned iterations;
	size_t refused; /* points with robust weight 0 */
};

struct estimate_query {
	double value; /* of the model at the new point */
	const double
		*gradient; /* parameters derivatives there; for a linear model its regressors */
	double u_new; /* independent standard uncertainty of the new measurement; 0: none is made */
	double common_rel_new; /* of its meter, taken as another one than those of the fit */
	double level;          /* coverage of the interval, 0 < level < 1, for example 0.95 */
};

struct estimate_prediction {
	double y;
	double u_model; /* of the fitted curve: from the covariance */
	double u_point; /* of a new network's measurement: with scatter, u_new and its meter */
	double t_factor;
	double low, high; /* y -+ t_factor * u_point */
};

/* Student's t with estimate->dof (with SCATTER_NONE the normal distribution).
 * ANALYSIS_BAD_ARGUMENT: level, dof or a number of the query. */
int estimate_predict(const struct estimate *estimate, const struct estimate_query *query,
		     struct estimate_prediction *ret_prediction);

/* y' = sum value_j * x_j. */
double estimate_linear_value(const struct estimate *estimate, const double *x);

#endif
