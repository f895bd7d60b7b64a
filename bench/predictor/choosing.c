/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which candidate: a contest over networks left out, and what the choice costs.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/predictor/judging_parts.h"

/* Mean absolute relative error per network. */
static void errors_by_group(const struct judging *judging, enum kind_response response,
			    const struct left_out *out, double *ret_errors)
{
	for (size_t g = 0; g < out->groups; g++) {
		double sum = 0;
		size_t count = 0;

		for (size_t i = 0; i < judging->count; i++) {
			double measured = judging_measured(judging, response, i);

			if (out->group[i] != g || !out->done[i])
				continue;
			sum += fabs(out->predictions[i].y / measured - 1);
			count++;
		}
		ret_errors[g] = count ? sum / (double)count : NAN;
	}
}

/* Candidates against each other. A network of another family is a group of its own. */
struct contest {
	const struct judging *judging;
	const struct candidate *candidates;
	size_t count, folds;
	size_t groups, room;
	double *errors;    /* candidates rows of room */
	size_t *predicted; /* by candidate: points of the own family */
};

/* Whether a group tells all of those apart that predicted the most: the others would be compared
 * on easier networks. */
static bool counts_for_all(const struct contest *contest, size_t group, size_t most)
{
	for (size_t c = 0; c < contest->count; c++)
		if (contest->predicted[c] == most &&
		    !isfinite(contest->errors[c * contest->room + group]))
			return false;
	return true;
}

/* Keeps those groups. */
static void contest_trim(struct contest *contest, size_t most)
{
	size_t kept = 0;

	for (size_t g = 0; g < contest->groups; g++) {
		if (!counts_for_all(contest, g, most))
			continue;
		for (size_t c = 0; c < contest->count; c++)
			contest->errors[c * contest->room + kept] =
				contest->errors[c * contest->room + g];
		kept++;
	}
	contest->groups = kept;
}

static double mean_error(const struct contest *contest, size_t candidate)
{
	double sum = 0;

	for (size_t g = 0; g < contest->groups; g++)
		sum += contest->errors[candidate * contest->room + g];
	return contest->groups ? sum / (double)contest->groups : INFINITY;
}

/* Whether `other` is worse than `best` by more than a standard error of the paired difference. */
static bool clearly_worse(const struct contest *contest, size_t other, size_t best)
{
	double sum = 0, squares = 0, n = (double)contest->groups, mean;

	for (size_t g = 0; g < contest->groups; g++) {
		double difference = contest->errors[other * contest->room + g] -
				    contest->errors[best * contest->room + g];

		sum += difference;
		squares += difference * difference;
	}
	if (n < 2)
		return sum > 0;
	mean = sum / n;
	return mean > sqrt(fmax(0, squares / n - mean * mean) / (n - 1));
}

static size_t contest_decide(struct contest *contest)
{
	size_t most = 0, best = contest->count;

	for (size_t c = 0; c < contest->count; c++)
		if (contest->predicted[c] > most)
			most = contest->predicted[c];
	contest_trim(contest, most);
	for (size_t c = 0; c < contest->count; c++)
		if (most && contest->predicted[c] == most &&
		    (best == contest->count || mean_error(contest, c) < mean_error(contest, best)))
			best = c;
	for (size_t c = 0; c < best && best < contest->count; c++)
		if (contest->predicted[c] == most && !clearly_worse(contest, c, best))
			return c;
	return best;
}

/* The networks of a family, behind those that are there. */
static int contest_add(struct contest *contest, const struct judging *family, bool is_own)
{
	struct left_out out;
	int ret = left_out_init(&out, family, AXIS_MODEL);

	if (ret)
		return ret;
	for (size_t c = 0; c < contest->count && !ret; c++) {
		const struct candidate *candidate = &contest->candidates[c];

		memset(out.done, 0, family->count * sizeof(*out.done));
		ret = left_out_all(family, candidate, contest->folds, &out);
		errors_by_group(family, candidate->kind->response, &out,
				contest->errors + c * contest->room + contest->groups);
		for (size_t i = 0; i < family->count && is_own; i++)
			contest->predicted[c] += out.done[i];
	}
	contest->groups += out.groups;
	left_out_done(&out);
	return ret;
}

static bool has_few_networks(const struct judging *judging)
{
	const struct dataset_point *points = judging->dataset->points;
	size_t networks = 0;

	for (size_t i = 0; i < judging->count && networks < FEW_NETWORKS; i++) {
		size_t k = 0;

		while (k < i && !axis_same(&points[judging->index[k]], &points[judging->index[i]],
					   AXIS_MODEL))
			k++;
		networks += k == i;
	}
	return networks < FEW_NETWORKS;
}

/* The other families of few networks, as virtual as this one. */
static int contest_add_others(struct contest *contest)
{
	const struct dataset *dataset = contest->judging->dataset;
	const struct dataset_point *own = &dataset->points[contest->judging->index[0]];
	size_t *index = calloc(dataset->count + 1, sizeof(*index)), end;
	int ret = index ? 0 : -ENOMEM;

	for (size_t begin = 0; begin < dataset->count && !ret; begin = end) {
		struct judging family = *contest->judging;

		end = dataset_family_end(dataset, begin);
		for (size_t i = begin; i < end; i++)
			index[i - begin] = i;
		family.index = index;
		family.count = end - begin;
		if (dataset_same_family(&dataset->points[begin], own) ||
		    dataset->points[begin].is_virtual != own->is_virtual ||
		    !has_few_networks(&family))
			continue;
		ret = contest_add(contest, &family, false);
	}
	free(index);
	return ret;
}

int candidate_choose(const struct judging *judging, const struct candidate *candidates,
		     size_t count, size_t folds, size_t *ret_best)
{
	struct contest contest = {.judging = judging,
				  .candidates = candidates,
				  .count = count,
				  .folds = folds,
				  .room = judging->dataset->count + 1};
	int ret;

	contest.errors = calloc(count * contest.room + 1, sizeof(*contest.errors));
	contest.predicted = calloc(count + 1, sizeof(*contest.predicted));
	ret = contest.errors && contest.predicted ? 0 : -ENOMEM;
	if (!ret)
		ret = contest_add(&contest, judging, true);
	if (!ret && count > 1 && judging->count && has_few_networks(judging))
		ret = contest_add_others(&contest);
	if (!ret)
		*ret_best = contest_decide(&contest);
	free(contest.errors);
	free(contest.predicted);
	return ret;
}

/* A dataset without a fold's points, which nothing that is chosen or fitted from it can look at. */
struct rest {
	struct dataset dataset;
	struct judging judging;
	size_t *index;
};

static void rest_done(struct rest *rest)
{
	free(rest->dataset.points);
	free(rest->index);
}

static int rest_make(const struct judging *judging, const struct left_out *out, size_t folds,
		     size_t fold, struct rest *rest)
{
	const struct dataset *dataset = judging->dataset;
	size_t i = 0;

	*rest = (struct rest){.dataset = *dataset, .judging = *judging};
	rest->dataset.points = calloc(dataset->count + 1, sizeof(*dataset->points));
	rest->index = calloc(judging->count + 1, sizeof(*rest->index));
	if (!rest->dataset.points || !rest->index) {
		rest_done(rest);
		return -ENOMEM;
	}
	rest->dataset.count = rest->judging.count = 0;
	for (size_t p = 0; p < dataset->count; p++) {
		bool is_own = i < judging->count && judging->index[i] == p;

		if (is_own && out->group[i++] % folds == fold)
			continue;
		if (is_own)
			rest->index[rest->judging.count++] = rest->dataset.count;
		rest->dataset.points[rest->dataset.count++] = dataset->points[p];
	}
	rest->judging.dataset = &rest->dataset;
	rest->judging.index = rest->index;
	return 0;
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
		size_t best = count;
		struct rest rest;

		ret = rest_make(judging, &out, folds, fold, &rest);
		if (ret)
			break;
		ret = candidate_choose(&rest.judging, candidates, count, NESTED_INNER_FOLDS, &best);
		rest_done(&rest);
		if (!ret && best < count)
			ret = left_out_fold(judging, &candidates[best], folds, fold, &out);
		else if (!ret && !out.refused[0])
			snprintf(out.refused, sizeof(out.refused),
				 "no kind bears a fit of the rest");
	}
	if (!ret)
		ret = judged_fill(judging, candidates[0].kind->response, &out, ret_judged);
	left_out_done(&out);
	return ret;
}
