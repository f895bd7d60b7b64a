/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/left_out.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/judge.h"
#include "analysis/trace/error.h"

/* Room for all rows of a table, filled with some. */
struct subset {
	double *numbers; /* all arrays below, one block */
	double *y, *u_y, *column[KIND_COLUMNS], *classes;
	uint32_t *meter;
	struct kind_table table;
};

static void subset_done(struct subset *subset)
{
	free(subset->numbers);
	free(subset->meter);
}

static int subset_init(struct subset *subset, const struct kind_table *all)
{
	size_t count = all->points.count, at = 2 * count;

	*subset = (struct subset){
		.numbers = calloc(count * (2 + KIND_COLUMNS + all->class_count), sizeof(double)),
		.meter = calloc(count, sizeof(uint32_t)),
		.table = *all,
	};
	if (!subset->numbers || !subset->meter) {
		subset_done(subset);
		return ANALYSIS_NO_MEMORY;
	}
	subset->y = subset->numbers;
	subset->u_y = subset->numbers + count;
	for (size_t c = 0; c < KIND_COLUMNS; c++, at += count) {
		subset->column[c] = subset->numbers + at;
		subset->table.column[c] = all->column[c] ? subset->column[c] : NULL;
	}
	subset->classes = subset->numbers + at;
	subset->table.points.y = subset->y;
	subset->table.points.u_y = subset->u_y;
	subset->table.points.meter = all->points.meter ? subset->meter : NULL;
	subset->table.classes = all->classes ? subset->classes : NULL;
	return 0;
}

static void subset_add(struct subset *subset, const struct kind_table *all, size_t i)
{
	size_t n = subset->table.points.count++;

	subset->y[n] = all->points.y[i];
	subset->u_y[n] = all->points.u_y[i];
	if (all->points.meter)
		subset->meter[n] = all->points.meter[i];
	for (size_t c = 0; c < KIND_COLUMNS; c++)
		if (all->column[c])
			subset->column[c][n] = all->column[c][i];
	if (all->classes)
		memcpy(subset->classes + n * all->class_count, all->classes + i * all->class_count,
		       all->class_count * sizeof(double));
}

static double meter_rel(const struct fit_points *points, size_t i)
{
	if (!points->common_rel)
		return 0;
	return points->common_rel[points->meter ? points->meter[i] : 0];
}

static bool group_is_first(const uint32_t *group, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (group[i] == group[index])
			return false;
	return true;
}

static int group_predict(const struct model_kind *kind, const struct kind_table *table,
			 const struct fit_options *options, const uint32_t *group, uint32_t out,
			 double level, struct subset *subset,
			 struct estimate_prediction *ret_predictions)
{
	struct estimate fit;
	int code;

	subset->table.points.count = 0;
	for (size_t i = 0; i < table->points.count; i++)
		if (group[i] != out)
			subset_add(subset, table, i);
	code = kind_fit(kind, &subset->table, options, &fit, NULL);
	for (size_t i = 0; i < table->points.count && !code; i++)
		if (group[i] == out)
			code = kind_predict(kind, &fit, table, i, table->points.u_y[i],
					    meter_rel(&table->points, i), level,
					    &ret_predictions[i]);
	return code;
}

int left_out_predict(const struct model_kind *kind, const struct kind_table *table,
		     const struct fit_options *options, const uint32_t *group, double level,
		     struct estimate_prediction *ret_predictions, uint32_t *ret_group)
{
	size_t count = table->points.count, groups = 0;
	struct subset subset;
	int code = 0;

	if (kind_lacks(kind, table))
		return ANALYSIS_BAD_ARGUMENT;
	for (size_t i = 0; i < count; i++)
		groups += group_is_first(group, i);
	if (groups < 2)
		return ANALYSIS_TOO_FEW_GROUPS;
	code = subset_init(&subset, table);
	for (size_t i = 0; i < count && !code; i++) {
		if (!group_is_first(group, i))
			continue;
		code = group_predict(kind, table, options, group, group[i], level, &subset,
				     ret_predictions);
		if (code && ret_group)
			*ret_group = group[i];
	}
	subset_done(&subset);
	return code;
}

/* What drawing subsets of groups needs. */
struct draw {
	const struct model_kind *kind;
	const struct kind_table *table;
	const struct fit_options *options;
	struct subset subset;
	gsl_rng *rng;
	size_t groups;
	size_t *member;   /* per point: the group's place 0..groups-1 */
	size_t *shuffled; /* groups */
	bool *seen;       /* groups */
	double *predicted, *measured;
};

static void draw_done(struct draw *draw)
{
	subset_done(&draw->subset);
	gsl_rng_free(draw->rng);
	free(draw->member);
	free(draw->shuffled);
	free(draw->seen);
	free(draw->predicted);
	free(draw->measured);
}

static void members_fill(struct draw *draw, const uint32_t *group)
{
	for (size_t i = 0; i < draw->table->points.count; i++) {
		size_t first = 0;

		while (group[first] != group[i])
			first++;
		draw->member[i] = first == i ? draw->groups++ : draw->member[first];
	}
}

static int draw_init(struct draw *draw, const uint32_t *group)
{
	size_t count = draw->table->points.count, room = count ? count : 1;
	int code = subset_init(&draw->subset, draw->table);

	if (code)
		return code;
	draw->rng = gsl_rng_alloc(gsl_rng_mt19937);
	draw->member = calloc(room, sizeof(*draw->member));
	draw->shuffled = calloc(room, sizeof(*draw->shuffled));
	draw->seen = calloc(room, sizeof(*draw->seen));
	draw->predicted = calloc(room, sizeof(*draw->predicted));
	draw->measured = calloc(room, sizeof(*draw->measured));
	if (!draw->rng || !draw->member || !draw->shuffled || !draw->seen || !draw->predicted ||
	    !draw->measured) {
		draw_done(draw);
		return ANALYSIS_NO_MEMORY;
	}
	members_fill(draw, group);
	return 0;
}

/* One subset of `size` groups: MAPE on the others. */
static int draw_judge(struct draw *draw, size_t size, double *ret_mape_pct)
{
	double gradient[ESTIMATE_MAX];
	struct judgement judgement;
	struct estimate fit;
	size_t others = 0;
	int code;

	for (size_t g = 0; g < draw->groups; g++)
		draw->shuffled[g] = g;
	gsl_ran_shuffle(draw->rng, draw->shuffled, draw->groups, sizeof(*draw->shuffled));
	for (size_t g = 0; g < draw->groups; g++)
		draw->seen[draw->shuffled[g]] = g < size;
	draw->subset.table.points.count = 0;
	for (size_t i = 0; i < draw->table->points.count; i++)
		if (draw->seen[draw->member[i]])
			subset_add(&draw->subset, draw->table, i);
	code = kind_fit(draw->kind, &draw->subset.table, draw->options, &fit, NULL);
	if (code)
		return code;
	for (size_t i = 0; i < draw->table->points.count; i++) {
		if (draw->seen[draw->member[i]])
			continue;
		draw->predicted[others] = draw->kind->value(draw->table, i, fit.value, gradient);
		draw->measured[others++] = draw->table->points.y[i];
	}
	code = judge_predictions(draw->predicted, draw->measured, others, &judgement);
	*ret_mape_pct = judgement.errors.mape_pct;
	return code;
}

static void size_judge(struct draw *draw, size_t size, size_t repeats, double *errors,
		       struct learning_point *ret_point)
{
	struct learning_point point = {
		.groups = size, .median_pct = NAN, .low_pct = NAN, .high_pct = NAN};

	for (size_t r = 0; r < repeats; r++) {
		if (draw_judge(draw, size, &errors[point.fits]))
			point.refused++;
		else
			point.fits++;
	}
	if (point.fits) {
		gsl_sort(errors, 1, point.fits);
		point.median_pct = gsl_stats_median_from_sorted_data(errors, 1, point.fits);
		point.low_pct = gsl_stats_quantile_from_sorted_data(errors, 1, point.fits, 0.1);
		point.high_pct = gsl_stats_quantile_from_sorted_data(errors, 1, point.fits, 0.9);
	}
	*ret_point = point;
}

int learning_curve(const struct model_kind *kind, const struct kind_table *table,
		   const struct fit_options *options, const uint32_t *group, const size_t *sizes,
		   size_t sizes_count, size_t repeats, uint64_t seed,
		   struct learning_point *ret_points)
{
	struct draw draw = {.kind = kind, .table = table, .options = options};
	double *errors;
	int code = 0;

	if (kind_lacks(kind, table) || !repeats)
		return ANALYSIS_BAD_ARGUMENT;
	for (size_t i = 0; i < table->points.count; i++)
		if (table->points.y[i] == 0)
			return ANALYSIS_ZERO_RESPONSE;
	gsl_set_error_handler_off();
	errors = calloc(repeats, sizeof(*errors));
	code = errors ? draw_init(&draw, group) : ANALYSIS_NO_MEMORY;
	if (code) {
		free(errors);
		return code;
	}
	for (size_t s = 0; s < sizes_count; s++)
		if (!sizes[s] || sizes[s] >= draw.groups)
			code = ANALYSIS_TOO_FEW_GROUPS;
	for (size_t s = 0; s < sizes_count && !code; s++) {
		gsl_rng_set(draw.rng, (unsigned long)(seed + 1000003 * sizes[s]));
		size_judge(&draw, sizes[s], repeats, errors, &ret_points[s]);
	}
	draw_done(&draw);
	free(errors);
	return code;
}

bool learning_crossing(const struct learning_point *curve, const struct learning_point *other,
		       size_t count, double *ret_groups)
{
	size_t from = count;
	double before, after;

	while (from > 0 && curve[from - 1].median_pct < other[from - 1].median_pct)
		from--;
	if (from == count)
		return false;
	*ret_groups = (double)curve[from].groups;
	if (from == 0)
		return true;
	before = curve[from - 1].median_pct - other[from - 1].median_pct;
	after = curve[from].median_pct - other[from].median_pct;
	if (isfinite(before))
		*ret_groups -= (double)(curve[from].groups - curve[from - 1].groups) * after /
			       (after - before);
	return true;
}
