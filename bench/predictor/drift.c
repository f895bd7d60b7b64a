/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/drift.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRIFT_SEED = 1, NIGHT = 10 }; /* "2026-01-31" */

static bool same_series(const struct dataset_point *a, const struct dataset_point *b)
{
	return dataset_same_family(a, b) && !strcmp(a->board, b->board) &&
	       !strcmp(a->board_uid, b->board_uid) && a->clock_hz == b->clock_hz &&
	       a->temp_cell == b->temp_cell && !strcmp(a->model_sha256, b->model_sha256);
}

static bool is_wanted(const struct dataset_point *point, const char *model)
{
	return !model || !strcmp(model, point->model) || !strcmp(model, point->model_sha256);
}

static int by_time(const void *a, const void *b)
{
	const struct dataset_point *const *x = a, *const *y = b;

	return strcmp((*x)->first_utc, (*y)->first_utc);
}

/* Series are runs of the dataset's order. */
static size_t series_end(const struct dataset *dataset, size_t begin)
{
	size_t end = begin + 1;

	while (end < dataset->count && same_series(&dataset->points[begin], &dataset->points[end]))
		end++;
	return end;
}

static size_t count_series(const struct dataset *dataset, const char *model, size_t *ret_short)
{
	size_t end, count = 0;

	*ret_short = 0;
	for (size_t begin = 0; begin < dataset->count; begin = end) {
		end = series_end(dataset, begin);
		if (!is_wanted(&dataset->points[begin], model))
			continue;
		if (end - begin >= CHANGE_NIGHTS_MIN)
			count++;
		else
			++*ret_short;
	}
	return count;
}

static void name_night(char ret_night[16], const struct dataset_point *point)
{
	snprintf(ret_night, 16, "%.*s", NIGHT, point->first_utc);
}

/* Threshold of the length before, when it is the same: simulating takes a while. */
static int threshold_of(const struct drifts *drifts, const struct change_plan *plan,
			double *ret_threshold)
{
	for (size_t i = 0; i < drifts->count; i++)
		if (drifts->rows[i].nights == plan->nights) {
			*ret_threshold = drifts->rows[i].threshold;
			return 0;
		}
	return change_threshold(plan, DRIFT_SEED, ret_threshold);
}

static int detect(const struct dataset_point **nights, size_t count, double *values,
		  struct drifts *drifts)
{
	struct change_plan plan = {.kind = CHANGE_LIKELIHOOD,
				   .nights = count,
				   .false_alarm = drifts->false_alarm_series};
	struct drift *drift = &drifts->rows[drifts->count];
	const struct dataset_point *first;
	int code = threshold_of(drifts, &plan, &drift->threshold);

	for (size_t i = 0; i < count; i++)
		values[i] = nights[i]->energy_j;
	if (!code)
		code = change_detect(&plan, values, drift->threshold, &drift->change);
	if (code)
		return code;
	first = nights[drift->change.first];
	drift->point = *nights[0];
	drift->nights = count;
	name_night(drift->first_night, nights[0]);
	name_night(drift->last_night, nights[count - 1]);
	name_night(drift->change_night, first);
	memcpy(drift->change_firmware, first->firmware_crc32, sizeof(drift->change_firmware));
	memcpy(drift->before_firmware, nights[drift->change.first - 1]->firmware_crc32,
	       sizeof(drift->before_firmware));
	drifts->count++;
	drifts->found += drift->change.found;
	return 0;
}

static void detect_all(const struct dataset *dataset, const char *model,
		       const struct dataset_point **nights, double *values, struct drifts *drifts)
{
	size_t end;

	for (size_t begin = 0; begin < dataset->count; begin = end) {
		size_t count;

		end = series_end(dataset, begin);
		count = end - begin;
		if (!is_wanted(&dataset->points[begin], model) || count < CHANGE_NIGHTS_MIN)
			continue;
		for (size_t i = 0; i < count; i++)
			nights[i] = &dataset->points[begin + i];
		qsort(nights, count, sizeof(*nights), by_time);
		if (count > CHANGE_NIGHTS_MAX) { /* the latest */
			nights += count - CHANGE_NIGHTS_MAX;
			count = CHANGE_NIGHTS_MAX;
		}
		if (detect(nights, count, values, drifts))
			drifts->short_series++; /* all nights alike: nothing to tell */
	}
}

int drifts_make(const struct dataset *dataset, const char *model, double false_alarm,
		struct drifts *ret_drifts, struct err *err)
{
	struct drifts drifts = {.false_alarm = false_alarm};
	const struct dataset_point **nights = calloc(dataset->count + 1, sizeof(*nights));
	double *values = calloc(dataset->count + 1, sizeof(*values));
	size_t series = count_series(dataset, model, &drifts.short_series);
	int ret = 0;

	if (!(false_alarm >= 0.001) || false_alarm > 0.5)
		ret = err_set(err, -EINVAL, "the rate of false alarms must be 0.001 to 0.5");
	if (!ret && model && !series && !drifts.short_series)
		ret = err_set(err, -EINVAL, "the databases have no network '%s'", model);
	drifts.rows = calloc(series + 1, sizeof(*drifts.rows));
	if (!ret && (!drifts.rows || !nights || !values))
		ret = err_set(err, -ENOMEM, "out of memory");
	/* No less than what a simulation of thresholds can tell. */
	drifts.false_alarm_series = fmax(0.001, false_alarm / (double)(series ? series : 1));
	drifts.false_alarm = fmin(1, drifts.false_alarm_series * (double)series);
	if (!ret)
		detect_all(dataset, model, nights, values, &drifts);
	free(nights);
	free(values);
	if (ret)
		drifts_done(&drifts);
	else
		*ret_drifts = drifts;
	return ret;
}

void drifts_done(struct drifts *drifts)
{
	free(drifts->rows);
	memset(drifts, 0, sizeof(*drifts));
}
