/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/judging.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/judge.h"
#include "analysis/trace/error.h"

#define LEVEL_95 0.95

/* Predictions of the points of a judging, by place. */
struct left_out {
	struct estimate_prediction *predictions;
	bool *done;
	size_t *train; /* room for all places' points */
	uint32_t *group;
	size_t groups;
	char refused[160];
};

const char *axis_name(enum axis axis)
{
	static const char *const names[] = {"", "model", "board", "level", "temperature"};

	return names[axis];
}

static bool same_group(const struct dataset_point *a, const struct dataset_point *b, enum axis axis)
{
	switch (axis) {
	case AXIS_MODEL:
		return !strcmp(a->model_sha256, b->model_sha256);
	case AXIS_BOARD:
		return !strcmp(a->board, b->board) && !strcmp(a->board_uid, b->board_uid);
	case AXIS_LEVEL:
		return a->clock_hz == b->clock_hz;
	default:
		return a->temp_cell == b->temp_cell;
	}
}

void judging_groups(const struct judging *judging, enum axis axis, uint32_t *ret_group,
		    size_t *ret_groups)
{
	const struct dataset_point *points = judging->dataset->points;

	*ret_groups = 0;
	for (size_t i = 0; i < judging->count; i++) {
		size_t k = 0;

		while (k < i && !same_group(&points[judging->index[k]], &points[judging->index[i]], axis))
			k++;
		ret_group[i] = k < i ? ret_group[k] : (uint32_t)(*ret_groups)++;
	}
}

static void left_out_done(struct left_out *out)
{
	free(out->predictions);
	free(out->done);
	free(out->train);
	free(out->group);
}

static int left_out_init(struct left_out *out, const struct judging *judging, enum axis axis)
{
	size_t count = judging->count + 1;

	*out = (struct left_out){.predictions = calloc(count, sizeof(*out->predictions)),
				 .done = calloc(count, sizeof(*out->done)),
				 .train = calloc(count, sizeof(*out->train)),
				 .group = calloc(count, sizeof(*out->group))};
	if (!out->predictions || !out->done || !out->train || !out->group) {
		left_out_done(out);
		return -ENOMEM;
	}
	judging_groups(judging, axis, out->group, &out->groups);
	return 0;
}

static size_t train_fill(const struct judging *judging, struct left_out *out, size_t folds,
			 size_t fold)
{
	size_t count = 0;

	for (size_t i = 0; i < judging->count; i++)
		if (out->group[i] % folds != fold)
			out->train[count++] = judging->index[i];
	return count;
}

static void refusal_note(struct left_out *out, const struct fitted *fitted, size_t point, int code)
{
	const struct fitted_cell *cell = fitted_find(fitted, &fitted->dataset->points[point]);

	if (out->refused[0])
		return;
	if (cell && cell->reason)
		fitted_cell_reason(fitted, cell, out->refused, sizeof(out->refused));
	else
		snprintf(out->refused, sizeof(out->refused), "%s",
			 code == -ENOENT ? "the others tell nothing of it"
					 : analysis_error_text(code));
}

static int fold_predict(const struct judging *judging, const struct candidate *candidate,
			size_t folds, size_t fold, struct left_out *out)
{
	size_t count = train_fill(judging, out, folds, fold);
	struct fitted fitted;
	int ret = fitted_make(judging->dataset, out->train, count, candidate, judging->options,
			      &fitted);

	if (ret)
		return ret;
	for (size_t i = 0; i < judging->count; i++) {
		int code;

		if (out->group[i] % folds != fold)
			continue;
		code = fitted_predict(&fitted, judging->index[i], LEVEL_95, &out->predictions[i]);
		out->done[i] = !code;
		if (code)
			refusal_note(out, &fitted, judging->index[i], code);
	}
	fitted_done(&fitted);
	return 0;
}

static int all_predict(const struct judging *judging, const struct candidate *candidate,
		       size_t folds, struct left_out *out)
{
	int ret = 0;

	if (out->groups < 2) {
		snprintf(out->refused, sizeof(out->refused), "there is only one");
		return 0;
	}
	if (folds > out->groups)
		folds = out->groups;
	for (size_t fold = 0; fold < folds && !ret; fold++)
		ret = fold_predict(judging, candidate, folds, fold, out);
	return ret;
}

static double measured_of(const struct judging *judging, enum kind_response response, size_t i)
{
	const struct dataset_point *point = &judging->dataset->points[judging->index[i]];

	return response == KIND_ENERGY_J ? point->energy_j : point->column[KIND_TIME_S];
}

static void worst_fill(const struct judging *judging, const double *predicted,
		       const double *measured, const size_t *place, size_t count,
		       struct judged *judged)
{
	size_t worst[JUDGED_WORST];

	judged->worst_count = judge_worst(predicted, measured, count, JUDGED_WORST, worst);
	for (size_t w = 0; w < judged->worst_count; w++) {
		const struct dataset_point *point =
			&judging->dataset->points[judging->index[place[worst[w]]]];

		memcpy(judged->worst[w].model, point->model, sizeof(point->model));
		memcpy(judged->worst[w].board, point->board, sizeof(point->board));
		judged->worst[w].clock_hz = point->clock_hz;
		judged->worst[w].error_pct =
			100 * (predicted[worst[w]] / measured[worst[w]] - 1);
	}
}

static int judged_fill(const struct judging *judging, enum kind_response response,
		       const struct left_out *out, struct judged *judged)
{
	double *values = calloc(2 * judging->count + 1, sizeof(*values));
	size_t *place = calloc(judging->count + 1, sizeof(*place)), count = 0, inside = 0;
	struct judgement judgement;
	double *predicted = values, *measured = values + judging->count;
	int ret = values && place ? 0 : -ENOMEM;

	for (size_t i = 0; i < judging->count && !ret; i++) {
		double value = measured_of(judging, response, i);

		if (!out->done[i])
			continue;
		predicted[count] = out->predictions[i].y;
		measured[count] = value;
		inside += value >= out->predictions[i].low && value <= out->predictions[i].high;
		place[count++] = i;
	}
	judged->points = (int64_t)judging->count;
	judged->predicted = (int64_t)count;
	snprintf(judged->refused, sizeof(judged->refused), "%s", out->refused);
	if (!ret && count && !judge_predictions(predicted, measured, count, &judgement)) {
		judged->mape_pct = judgement.errors.mape_pct;
		judged->rmspe_pct = judgement.errors.rmspe_pct;
		judged->median_pct = judgement.median_pct;
		judged->p90_pct = judgement.p90_pct;
		judged->max_error_pct = judgement.errors.max_pct;
		judged->bias_pct = judgement.bias_pct;
		judged->r2 = judgement.r2;
		judged->within_5_pct_share = judgement.errors.within_5_share;
		judged->within_10_pct_share = judgement.errors.within_10_share;
		judged->inside_95_share = (double)inside / (double)count;
		worst_fill(judging, predicted, measured, place, count, judged);
	}
	free(values);
	free(place);
	return ret;
}

static void judged_name(const struct candidate *candidate, enum axis axis, struct judged *judged)
{
	memset(judged, 0, sizeof(*judged));
	judged->mape_pct = judged->rmspe_pct = judged->median_pct = judged->p90_pct = NAN;
	judged->max_error_pct = judged->bias_pct = judged->r2 = NAN;
	judged->within_5_pct_share = judged->within_10_pct_share = judged->inside_95_share = NAN;
	snprintf(judged->left_out, sizeof(judged->left_out), "%s", axis_name(axis));
	snprintf(judged->response, sizeof(judged->response), "%s",
		 candidate->kind->response == KIND_ENERGY_J ? "energy" : "time");
	snprintf(judged->candidate, sizeof(judged->candidate), "%s", candidate->name);
	snprintf(judged->kind, sizeof(judged->kind), "%s", candidate->kind->name);
	judged->is_baseline = candidate->kind->is_baseline;
}

int judge_left_out(const struct judging *judging, const struct candidate *candidate,
		   enum axis axis, struct judged *ret_judged)
{
	struct left_out out;
	int ret = left_out_init(&out, judging, axis);

	if (ret)
		return ret;
	judged_name(candidate, axis, ret_judged);
	ret = all_predict(judging, candidate, out.groups, &out);
	if (!ret)
		ret = judged_fill(judging, candidate->kind->response, &out, ret_judged);
	left_out_done(&out);
	return ret;
}

/* Mean absolute relative error per network. */
static void errors_by_group(const struct judging *judging, enum kind_response response,
			    const struct left_out *out, double *ret_errors)
{
	for (size_t g = 0; g < out->groups; g++) {
		double sum = 0;
		size_t count = 0;

		for (size_t i = 0; i < judging->count; i++) {
			double measured = measured_of(judging, response, i);

			if (out->group[i] != g || !out->done[i])
				continue;
			sum += fabs(out->predictions[i].y / measured - 1);
			count++;
		}
		ret_errors[g] = count ? sum / (double)count : NAN;
	}
}

struct contest {
	size_t groups;
	double *errors;    /* candidates x groups */
	size_t *predicted; /* candidates */
};

static double mean_error(const struct contest *contest, size_t candidate)
{
	double sum = 0;
	size_t count = 0;

	for (size_t g = 0; g < contest->groups; g++) {
		double error = contest->errors[candidate * contest->groups + g];

		if (isfinite(error)) {
			sum += error;
			count++;
		}
	}
	return count ? sum / (double)count : INFINITY;
}

/* Whether `other` is worse than `best` by more than a standard error of the paired difference. */
static bool clearly_worse(const struct contest *contest, size_t other, size_t best)
{
	double sum = 0, squares = 0, n = 0, mean;

	for (size_t g = 0; g < contest->groups; g++) {
		double difference = contest->errors[other * contest->groups + g] -
				    contest->errors[best * contest->groups + g];

		if (!isfinite(difference))
			continue;
		sum += difference;
		squares += difference * difference;
		n++;
	}
	if (n < 2)
		return sum > 0;
	mean = sum / n;
	return mean > sqrt(fmax(0, squares / n - mean * mean) / (n - 1));
}

static size_t contest_decide(const struct contest *contest, size_t count)
{
	size_t most = 0, best = count;

	for (size_t c = 0; c < count; c++)
		if (contest->predicted[c] > most)
			most = contest->predicted[c];
	for (size_t c = 0; c < count; c++)
		if (most && contest->predicted[c] == most &&
		    (best == count || mean_error(contest, c) < mean_error(contest, best)))
			best = c;
	for (size_t c = 0; c < best && best < count; c++)
		if (contest->predicted[c] == most && !clearly_worse(contest, c, best))
			return c;
	return best;
}

int candidate_choose(const struct judging *judging, const struct candidate *candidates,
		     size_t count, size_t folds, size_t *ret_best)
{
	struct contest contest = {0};
	struct left_out out;
	int ret = left_out_init(&out, judging, AXIS_MODEL);

	if (ret)
		return ret;
	contest.groups = out.groups;
	contest.errors = calloc(count * (out.groups + 1), sizeof(*contest.errors));
	contest.predicted = calloc(count + 1, sizeof(*contest.predicted));
	ret = contest.errors && contest.predicted ? 0 : -ENOMEM;
	for (size_t c = 0; c < count && !ret; c++) {
		memset(out.done, 0, judging->count * sizeof(*out.done));
		ret = all_predict(judging, &candidates[c], folds, &out);
		errors_by_group(judging, candidates[c].kind->response, &out,
				contest.errors + c * out.groups);
		for (size_t i = 0; i < judging->count; i++)
			contest.predicted[c] += out.done[i];
	}
	if (!ret)
		*ret_best = contest_decide(&contest, count);
	free(contest.errors);
	free(contest.predicted);
	left_out_done(&out);
	return ret;
}

int judge_nested(const struct judging *judging, const struct candidate *candidates, size_t count,
		 struct judged *ret_judged)
{
	struct left_out out;
	size_t folds;
	int ret = left_out_init(&out, judging, AXIS_MODEL);

	if (ret)
		return ret;
	folds = out.groups < NESTED_FOLDS ? out.groups : NESTED_FOLDS;
	judged_name(&candidates[0], AXIS_MODEL, ret_judged);
	ret_judged->is_nested = true;
	snprintf(ret_judged->candidate, sizeof(ret_judged->candidate), "chosen");
	snprintf(ret_judged->kind, sizeof(ret_judged->kind), "chosen");
	if (out.groups < 3)
		snprintf(out.refused, sizeof(out.refused), "fewer than three networks");
	for (size_t fold = 0; out.groups >= 3 && fold < folds && !ret; fold++) {
		struct judging inner = *judging;
		size_t best = count;

		inner.index = out.train;
		inner.count = train_fill(judging, &out, folds, fold);
		ret = candidate_choose(&inner, candidates, count, NESTED_INNER_FOLDS, &best);
		if (!ret && best < count)
			ret = fold_predict(judging, &candidates[best], folds, fold, &out);
		else if (!ret && !out.refused[0])
			snprintf(out.refused, sizeof(out.refused), "no kind bears a fit of the rest");
	}
	if (!ret)
		ret = judged_fill(judging, candidates[0].kind->response, &out, ret_judged);
	left_out_done(&out);
	return ret;
}
