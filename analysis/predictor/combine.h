/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Estimates of the same coefficients brought together by their information, and what many
 * residuals say of one common bias.
 */
#ifndef ANALYSIS_PREDICTOR_COMBINE_H
#define ANALYSIS_PREDICTOR_COMBINE_H

#include "analysis/predictor/estimate.h"
#include "analysis/predictor/hierarchy.h"

/* A relative part common to all coefficients (a meter's gain), added to or taken from covariance
 * and u: g^2 b b'. Taking away leaves no variance below 1e-6 of what it was. */
void combine_common_add(struct estimate *estimate, double common_rel);
void combine_common_remove(struct estimate *estimate, double common_rel);

/* board is drawn towards the type: best linear prediction from its own estimate with the type's
 * value as prior, of covariance between + covariance. board's covariance: without what all boards
 * share. ANALYSIS_BAD_ARGUMENT: parameters differ; _SOLVER. */
int combine_shrink(const struct hierarchy *type, struct estimate *board);

/* Two independent estimates of the same coefficients: weighted by their information into
 * ret_estimate (may be either). Its count and dof are the sums, scatter_rel the larger; ret_p: how
 * likely a difference like theirs is when they estimate the same (chi2 on `parameters` degrees).
 * Reasons as combine_shrink. */
int combine_two(const struct estimate *a, const struct estimate *b, struct estimate *ret_estimate,
		double *ret_p);

enum { BIAS_POINTS_MAX = 1024 };

struct bias {
	double mean, u; /* u: with what scatters beyond covariance (Birge), when count > 2 */
	double chi2, dof;
	double p; /* of a mean that far from 0 when there is no bias: Student's t on dof where
		     scatter was estimated, else normal; two-sided */
};

/* Generalised least-squares mean of count values: 1..BIAS_POINTS_MAX with covariance
 * (count x count, row-major, overwritten). ANALYSIS_BAD_ARGUMENT, _TOO_FEW_POINTS, _SOLVER,
 * _NO_MEMORY. */
int bias_mean(const double *values, double *covariance, size_t count, struct bias *ret_bias);

/* Holm's step-down (Scand. J. Stat. 6 (1979) 65): adjusted[i] below a significance means that i is
 * significant with the family-wise error at most that. p: 0..1. */
void holm_adjust(const double *p, size_t count, double *ret_adjusted);

#endif
