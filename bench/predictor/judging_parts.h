/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside of judging: points left out and predicted by the others.
 */
#ifndef BENCH_PREDICTOR_JUDGING_PARTS_H
#define BENCH_PREDICTOR_JUDGING_PARTS_H

#include "bench/predictor/judging.h"

/* Predictions of the points of a judging, by place. */
struct left_out {
	struct estimate_prediction *predictions;
	bool *done;
	size_t *train; /* room for all places' points */
	uint32_t *group;
	size_t groups;
	char refused[160];
};

/* left_out_done frees. -ENOMEM. */
int left_out_init(struct left_out *out, const struct judging *judging, enum axis axis);
void left_out_done(struct left_out *out);

/* Into out->train: points whose group has not the remainder `fold`. Returns how many. */
size_t left_out_train(const struct judging *judging, struct left_out *out, size_t folds,
		      size_t fold);

/* Fits without a fold and predicts it; all folds one after the other (fewer than two groups: none,
 * and out->refused says so). -ENOMEM. */
int left_out_fold(const struct judging *judging, const struct candidate *candidate, size_t folds,
		  size_t fold, struct left_out *out);
int left_out_all(const struct judging *judging, const struct candidate *candidate, size_t folds,
		 struct left_out *out);

double judging_measured(const struct judging *judging, enum kind_response response, size_t i);

/* Name and unknown numbers, then the numbers. -ENOMEM. */
void judged_name(const struct candidate *candidate, enum axis axis, struct judged *judged);
int judged_fill(const struct judging *judging, enum kind_response response,
		const struct left_out *out, struct judged *judged);

#endif
