/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/judging.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/judge.h"
#include "analysis/trace/error.h"
#include "bench/predictor/judging_parts.h"

#define LEVEL_95 0.95

const char *axis_name(enum axis axis)
{
	static const char *const names[] = {"", "model", "board", "level", "temperature"};

	return names[axis];
}

bool axis_same(const struct dataset_point *a, const struct dataset_point *b, enum axis axis)
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

		while (k < i &&
		       !axis_same(&points[judging->index[k]], &points[judging->index[i]], axis))
			k++;
		ret_group[i] = k < i ? ret_group[k] : (uint32_t)(*ret_groups)++;
	}
}

void left_out_done(struct left_out *out)
{
	free(out->predictions);
	free(out->done);
	free(out->train);
	free(out->group);
}

int left_out_init(struct left_out *out, const struct judging *judging, enum axis axis)
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

size_t left_out_train(const struct judging *judging, struct left_out *out, size_t folds,
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

int left_out_fold(const struct judging *judging, const struct candidate *candidate, size_t folds,
		  size_t fold, struct left_out *out)
{
	size_t count = left_out_train(judging, out, folds, fold);
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

int left_out_all(const struct judging *judging, const struct candidate *candidate, size_t folds,
		 struct left_out *out)
{
	int ret = 0;

	if (out->groups < 2) {
		snprintf(out->refused, sizeof(out->refused), "there is only one");
		return 0;
	}
	if (folds > out->groups)
		folds = out->groups;
	for (size_t fold = 0; fold < folds && !ret; fold++)
		ret = left_out_fold(judging, candidate, folds, fold, out);
	return ret;
}

double judging_measured(const struct judging *judging, enum kind_response response, size_t i)
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
		judged->worst[w].error_pct = 100 * (predicted[worst[w]] / measured[worst[w]] - 1);
	}
}

int judged_fill(const struct judging *judging, enum kind_response response,
		const struct left_out *out, struct judged *judged)
{
	double *values = calloc(2 * judging->count + 1, sizeof(*values));
	size_t *place = calloc(judging->count + 1, sizeof(*place)), count = 0, inside = 0;
	struct judgement judgement;
	double *predicted = values, *measured = values + judging->count;
	int ret = values && place ? 0 : -ENOMEM;

	for (size_t i = 0; i < judging->count && !ret; i++) {
		double value = judging_measured(judging, response, i);

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

void judged_name(const struct candidate *candidate, enum axis axis, struct judged *judged)
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

int judge_left_out(const struct judging *judging, const struct candidate *candidate, enum axis axis,
		   struct judged *ret_judged)
{
	struct left_out out;
	int ret = left_out_init(&out, judging, axis);

	if (ret)
		return ret;
	judged_name(candidate, axis, ret_judged);
	ret = left_out_all(judging, candidate, out.groups, &out);
	if (!ret)
		ret = judged_fill(judging, candidate->kind->response, &out, ret_judged);
	left_out_done(&out);
	return ret;
}
