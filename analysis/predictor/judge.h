/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How good predictions are, from predicted and measured values alone: errors in the conventions of
 * nn-Meter, worst points, structure left in the residuals, and whether intervals hold what they
 * promise.
 */
#ifndef ANALYSIS_PREDICTOR_JUDGE_H
#define ANALYSIS_PREDICTOR_JUDGE_H

#include <stdbool.h>

#include "analysis/predictor/errors.h"
#include "analysis/predictor/estimate.h"

struct judgement {
	size_t count;
	struct fit_errors errors;   /* relative to the measured value */
	double bias_pct;            /* mean of (predicted - measured) / measured */
	double median_pct, p90_pct; /* of the absolute errors */
	double r2;                  /* 1 - sum (measured - predicted)^2 / sum (measured - mean)^2 */
};

/* ANALYSIS_TOO_FEW_POINTS (none), _ZERO_RESPONSE, _BAD_ARGUMENT (not a number), _NO_MEMORY. */
int judge_predictions(const double *predicted, const double *measured, size_t count,
		      struct judgement *ret_judgement);

/* Indices of the most points of largest relative error, largest first; returns how many: most or
 * count. */
size_t judge_worst(const double *predicted, const double *measured, size_t count, size_t most,
		   size_t *ret_indices);

/* Residuals in the order of a column (cycles, temperature, night). Small p: structure is left. */
struct residual_structure {
	size_t runs, above, below; /* runs of one sign; residuals of 0 are left out */
	double runs_z, runs_p;     /* Wald & Wolfowitz 1940, normal approximation, two-sided */
	double rank_correlation, correlation_p; /* Spearman with the column, Student t */
};

/* count: at least 8. ANALYSIS_TOO_FEW_POINTS (also: all of one sign), _NO_SPREAD (the column is
 * constant), _BAD_ARGUMENT, _NO_MEMORY. */
int judge_residuals(const double *residuals, const double *column, size_t count,
		    struct residual_structure *ret_structure);

struct coverage_share {
	size_t count, inside;
	double share;
	/* Exact binomial bounds of inside that intervals of the stated level leave with
	 * probability below 1 % in all. */
	size_t least, most;
	bool consistent;
};

/* level: 0..1, the one the predictions were made with. ANALYSIS_TOO_FEW_POINTS, _BAD_ARGUMENT. */
int judge_coverage(const struct estimate_prediction *predictions, const double *measured,
		   size_t count, double level, struct coverage_share *ret_share);

#endif
