/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Predictors judged on what they have not seen: each group of points left out in turn, and learning
 * curves over how many groups were seen. A group is whatever shares a number: network, board,
 * clock level, temperature.
 */
#ifndef ANALYSIS_PREDICTOR_LEFT_OUT_H
#define ANALYSIS_PREDICTOR_LEFT_OUT_H

#include "analysis/predictor/kinds.h"

/* group: points.count numbers. Every point is predicted by a fit of all other groups, as a new
 * measurement with its own u_y and the common part of its meter, with intervals of `level`.
 * ret_predictions: points.count. For a judgement give their y to judge_predictions.
 * ret_group (NULL: not wanted): on failure the group whose absence the fit did not bear.
 * The reasons of kind_fit; ANALYSIS_TOO_FEW_GROUPS: fewer than two. */
int left_out_predict(const struct model_kind *kind, const struct kind_table *table,
		     const struct fit_options *options, const uint32_t *group, double level,
		     struct estimate_prediction *ret_predictions, uint32_t *ret_group);

struct learning_point {
	size_t groups;                        /* seen by each fit */
	size_t fits, refused;                 /* refused: subsets that bear no fit of this kind */
	double median_pct, low_pct, high_pct; /* MAPE on the groups not seen: median, 10 %, 90 % */
};

/* For each of sizes (ascending, 1..groups - 1): `repeats` subsets of that many groups, drawn with
 * the seed (the same for every kind, so curves compare); each fit judged on all groups not drawn.
 * With all subsets refused the percentages are NAN. Same seed, same curve.
 * ANALYSIS_TOO_FEW_GROUPS (a size out of range), _ZERO_RESPONSE, _BAD_ARGUMENT, _NO_MEMORY. */
int learning_curve(const struct model_kind *kind, const struct kind_table *table,
		   const struct fit_options *options, const uint32_t *group, const size_t *sizes,
		   size_t sizes_count, size_t repeats, uint64_t seed,
		   struct learning_point *ret_points);

/* From how many groups on curve's median is below other's and stays there: linear between the two
 * sizes around it; the first size if it always is. Both have the same sizes. false: at the last
 * size it is not below. */
bool learning_crossing(const struct learning_point *curve, const struct learning_point *other,
		       size_t count, double *ret_groups);

#endif
