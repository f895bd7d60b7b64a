/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Boards of one type share coefficients but for a spread: b_board = type + offset, offsets normal
 * with the between-board covariance (Laird & Ware, Biometrics 38 (1982) 963). A new board of a
 * known type then needs one to three points: its coefficients are pulled from the type's as far as
 * its own points' covariance against the spread allows (best linear unbiased prediction).
 */
#ifndef ANALYSIS_PREDICTOR_HIERARCHY_H
#define ANALYSIS_PREDICTOR_HIERARCHY_H

#include "analysis/predictor/estimate.h"

enum { HIERARCHY_POINTS_MAX = 64, HIERARCHY_BOARDS_MIN = 3 };

struct hierarchy {
	size_t boards, parameters;
	double value[ESTIMATE_MAX];                    /* of the type */
	double covariance[ESTIMATE_MAX][ESTIMATE_MAX]; /* of value */
	/* Of the offsets, never negative; only its diagonal with fewer boards than parameters + 2:
	 * they do not tell correlations. */
	double between[ESTIMATE_MAX][ESTIMATE_MAX];
};

/* boards: one fit each of the same model, whose covariances hold what is independent between boards
 * (a gain of a meter common to all does not make them differ). Moments: covariance of the values
 * less the mean of their own covariances, its negative directions set to 0; the type's value
 * weighted by the inverse of both.
 * ANALYSIS_TOO_FEW_GROUPS: fewer than HIERARCHY_BOARDS_MIN; _BAD_ARGUMENT: parameters differ or
 * not a number; _SOLVER. */
int hierarchy_fit(const struct estimate *boards, size_t count, struct hierarchy *ret_hierarchy);

/* A board's coefficients from points->count (0..HIERARCHY_POINTS_MAX) points of its own. x: count
 * rows of parameters regressors; for a nonlinear model its gradients at the type's value, and
 * expected its values there (NULL: linear). scatter_rel: of the model, as estimate has it.
 * The estimate: covariance of the board's coefficients; dof boards - 1; chi2 and birge_ratio say
 * whether the board is of the type at all: about 1 when so; residual_sd, r2 and condition are not
 * set. ANALYSIS_BAD_ARGUMENT, _BAD_UNCERTAINTY, _SOLVER. */
int hierarchy_adapt(const struct hierarchy *hierarchy, const struct fit_points *points,
		    const double *x, const double *expected, double scatter_rel,
		    struct estimate *ret_estimate);

#endif
