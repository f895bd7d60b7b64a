/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Candidates judged on points that their fits have not seen, and chosen by that.
 */
#ifndef BENCH_PREDICTOR_JUDGING_H
#define BENCH_PREDICTOR_JUDGING_H

#include "bench/predictor/candidate.h"

enum axis { AXIS_MODEL = 1, AXIS_BOARD, AXIS_LEVEL, AXIS_TEMPERATURE };

enum { JUDGED_WORST = 3 };

struct judged_worst {
	char model[64], board[64];
	int64_t clock_hz;
	double error_pct; /* (predicted - measured) / measured */
};

/* Errors of predictions of points left out. */
struct judged {
	char left_out[16]; /* "model", "board", "level", "temperature" */
	char response[8];  /* "energy", "time" */
	char candidate[24], kind[32];
	bool is_baseline;
	/* The candidate was chosen again for each part left out, without it: what choosing costs is
	 * in the errors. */
	bool is_nested;
	int64_t points, predicted; /* predicted: points that the others bear a prediction of */
	double mape_pct, rmspe_pct, median_pct, p90_pct, max_error_pct, bias_pct, r2;
	double within_5_pct_share, within_10_pct_share;
	double inside_95_share; /* points within their 95 % prediction interval */
	char refused[160];      /* why points were not predicted: the first reason */
	struct judged_worst worst[JUDGED_WORST];
	size_t worst_count;
};

/* Points of one family, of which some are left out. */
struct judging {
	const struct dataset *dataset;
	const size_t *index;
	size_t count;
	const struct fit_options *options;
};

const char *axis_name(enum axis axis);
bool axis_same(const struct dataset_point *a, const struct dataset_point *b, enum axis axis);

/* Numbers 0..groups-1 for judging->count points. */
void judging_groups(const struct judging *judging, enum axis axis, uint32_t *ret_group,
		    size_t *ret_groups);

/* Leaves groups out, one after the other or (folds < groups) those with the same remainder at once,
 * and judges the predictions. -ENOMEM. A candidate that bears no prediction at all has predicted 0
 * and says why. */
int judge_left_out(const struct judging *judging, const struct candidate *candidate,
		   enum axis axis, struct judged *ret_judged);

/* With fewer networks a family alone does not tell which candidate is best. */
enum { FEW_NETWORKS = 10 };

/* The simplest (first) candidate whose mean error over networks is not worse than the best one's by
 * more than one standard error of the difference, each network predicted by fits of the others (in
 * at most `folds` parts). Candidates that do not predict as many points as others are out. A family
 * of few networks is judged together with all others of the dataset that have few.
 * judging->index: ascending.
 * *ret_best: count of candidates when none can be fitted. -ENOMEM. */
int candidate_choose(const struct judging *judging, const struct candidate *candidates,
		     size_t count, size_t folds, size_t *ret_best);

/* Choosing and fitting without each network (at most NESTED_FOLDS parts) and predicting it. */
enum { NESTED_FOLDS = 10, NESTED_INNER_FOLDS = 5, CHOOSE_FOLDS = 10 };
int judge_nested(const struct judging *judging, const struct candidate *candidates, size_t count,
		 struct judged *ret_judged);

#endif
