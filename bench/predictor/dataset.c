/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/dataset.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/budget/budget.h"
#include "bench/store/store.h"

/* One window, per inference. */
struct window {
	struct dataset_point point; /* energy_u_j: independent */
	double common_j;
	size_t source;
};

struct reading {
	const struct dataset_wanted *wanted;
	struct dataset *dataset;
	struct window *windows;
	size_t count, capacity;
	bool failed;
};

static double mean_known(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) ? b : a;
	return (a + b) / 2;
}

static double positive_or_unknown(double value)
{
	return value > 0 ? value : NAN;
}

static void fill_columns(const struct store_measurement *row, struct dataset_point *point)
{
	double n = (double)row->inferences;
	double temp_c = mean_known(row->temp_before_c, row->temp_after_c);

	for (unsigned i = 0; i < KIND_COLUMNS; i++)
		point->column[i] = NAN;
	point->column[KIND_CYCLES] = positive_or_unknown((double)row->cycles / n);
	point->column[KIND_TIME_S] = positive_or_unknown(row->duration_s / n);
	point->column[KIND_CORE_V] = positive_or_unknown((double)row->core_mv / 1e3);
	point->column[KIND_SUPPLY_V] = positive_or_unknown(row->supply_v);
	point->column[KIND_TEMP_C] = isnan(temp_c) ? row->ambient_c : temp_c;
	point->column[KIND_MACS] = positive_or_unknown((double)row->model_macs);
	point->column[KIND_WEIGHTS] = positive_or_unknown((double)row->model_params);
	point->column[KIND_IDLE_W] = positive_or_unknown(
		row->idle_current_a * (isnan(row->mean_v) ? row->supply_v : row->mean_v));
	point->time_u_s = hypot(isnan(row->duration_u_s) ? 0 : row->duration_u_s / n,
				DATASET_TIME_U_REL * row->duration_s / n);
}

#define COPY(member) memcpy(point->member, row->member, sizeof(point->member))

static void fill_window(const struct store_measurement *row, struct window *window)
{
	struct dataset_point *point = &window->point;
	double n = (double)row->inferences, u_j = row->energy_u_j / n;

	memset(window, 0, sizeof(*window));
	COPY(board);
	COPY(board_uid);
	COPY(chip);
	COPY(build);
	COPY(runtime);
	COPY(compiler);
	COPY(firmware_crc32);
	COPY(model);
	COPY(model_sha256);
	memcpy(point->first_utc, row->created_utc, sizeof(point->first_utc));
	memcpy(point->last_utc, row->created_utc, sizeof(point->last_utc));
	snprintf(point->meter, sizeof(point->meter), "%s%s%s", row->meter,
		 row->meter_serial[0] ? " " : "", row->meter_serial);
	point->is_virtual = row->is_virtual != 0;
	point->clock_hz = row->clock_hz;
	point->windows = 1;
	point->energy_j = row->energy_j / n;
	point->energy_u_j = row->energy_u_independent_j / n;
	window->common_j = sqrt(fmax(0, u_j * u_j - point->energy_u_j * point->energy_u_j));
	for (unsigned i = 0; i < KIND_CLASSES_MAX; i++)
		point->classes[i] = NAN;
	fill_columns(row, point);
}

static bool row_is_usable(const struct store_measurement *row)
{
	return row->inferences > 0 && (row->cycles > 0 || row->duration_s > 0) &&
	       row->energy_j > 0 && isfinite(row->energy_j) && row->energy_u_independent_j > 0 &&
	       isfinite(row->energy_u_j);
}

static void note_source(struct dataset_source *source, const struct store_measurement *row)
{
	if (!source->windows++) {
		source->session_first = source->session_last = row->session_id;
		memcpy(source->first_utc, row->created_utc, sizeof(source->first_utc));
		memcpy(source->last_utc, row->created_utc, sizeof(source->last_utc));
	}
	if (row->session_id < source->session_first)
		source->session_first = row->session_id;
	if (row->session_id > source->session_last)
		source->session_last = row->session_id;
	if (strcmp(row->created_utc, source->first_utc) < 0)
		memcpy(source->first_utc, row->created_utc, sizeof(source->first_utc));
	if (strcmp(row->created_utc, source->last_utc) > 0)
		memcpy(source->last_utc, row->created_utc, sizeof(source->last_utc));
}

static int take_row(void *context, const struct store_measurement *row)
{
	struct reading *reading = context;
	struct dataset *dataset = reading->dataset;

	if (reading->wanted->since_utc && strcmp(row->created_utc, reading->wanted->since_utc) < 0)
		return 0;
	if (strcmp(row->verdict, "accepted") != 0 &&
	    (!reading->wanted->with_suspect || strcmp(row->verdict, "suspect") != 0))
		return 0;
	if (!row_is_usable(row)) {
		dataset->unusable++;
		return 0;
	}
	if (reading->count == reading->capacity) {
		size_t capacity = reading->capacity ? 2 * reading->capacity : 64;
		void *bigger = realloc(reading->windows, capacity * sizeof(*reading->windows));

		reading->failed = !bigger;
		if (!bigger)
			return 1;
		reading->windows = bigger;
		reading->capacity = capacity;
	}
	fill_window(row, &reading->windows[reading->count]);
	reading->windows[reading->count++].source = dataset->source_count;
	note_source(&dataset->source[dataset->source_count], row);
	dataset->is_virtual |= row->is_virtual != 0;
	dataset->windows++;
	return 0;
}

static int family_order(const struct dataset_point *x, const struct dataset_point *y)
{
	int order = strcmp(x->chip, y->chip);

	if (!order)
		order = strcmp(x->build, y->build);
	if (!order)
		order = strcmp(x->runtime, y->runtime);
	return order ? order : x->is_virtual - y->is_virtual;
}

bool dataset_same_family(const struct dataset_point *a, const struct dataset_point *b)
{
	return !family_order(a, b);
}

static int board_order(const struct dataset_point *x, const struct dataset_point *y)
{
	int order = strcmp(x->board, y->board);

	if (!order)
		order = strcmp(x->board_uid, y->board_uid);
	return order ? order : (x->clock_hz > y->clock_hz) - (x->clock_hz < y->clock_hz);
}

/* What repeats have in common, but for temperature and night. */
static int repeat_order(const struct dataset_point *x, const struct dataset_point *y)
{
	int order = strcmp(x->model_sha256, y->model_sha256);

	if (!order)
		order = strcmp(x->firmware_crc32, y->firmware_crc32);
	return order ? order : strcmp(x->meter, y->meter);
}

static int by_temperature(const void *a, const void *b)
{
	const struct dataset_point *x = &((const struct window *)a)->point;
	const struct dataset_point *y = &((const struct window *)b)->point;
	double tx = x->column[KIND_TEMP_C], ty = y->column[KIND_TEMP_C];
	int order = family_order(x, y);

	if (order)
		return order;
	if (isnan(tx) || isnan(ty))
		return isnan(ty) - isnan(tx); /* unknown ones first */
	return (tx > ty) - (tx < ty);
}

static int by_point(const void *a, const void *b)
{
	const struct dataset_point *x = &((const struct window *)a)->point;
	const struct dataset_point *y = &((const struct window *)b)->point;
	int order = family_order(x, y);

	if (!order)
		order = board_order(x, y);
	if (!order)
		order = (x->temp_cell > y->temp_cell) - (x->temp_cell < y->temp_cell);
	if (!order)
		order = repeat_order(x, y);
	return order ? order : strcmp(x->first_utc, y->first_utc);
}

/* Temperatures of a family fall into cells where a gap parts them. */
static void number_temperatures(struct window *windows, size_t count)
{
	qsort(windows, count, sizeof(*windows), by_temperature);
	for (size_t i = 1; i < count; i++) {
		const struct dataset_point *before = &windows[i - 1].point;
		struct dataset_point *point = &windows[i].point;
		double gap_k = point->column[KIND_TEMP_C] - before->column[KIND_TEMP_C];
		bool parted = isnan(gap_k) ? !isnan(point->column[KIND_TEMP_C])
					   : gap_k > DATASET_TEMPERATURE_GAP_K;

		if (dataset_same_family(before, point))
			point->temp_cell = before->temp_cell + parted;
	}
}

static bool are_repeats(const struct dataset_wanted *wanted, const struct window *a,
			const struct window *b)
{
	const struct dataset_point *x = &a->point, *y = &b->point;

	return !family_order(x, y) && !board_order(x, y) && x->temp_cell == y->temp_cell &&
	       !repeat_order(x, y) &&
	       (!wanted->by_night || !strncmp(x->first_utc, y->first_utc, strlen("2000-01-01")));
}

static int bring_together(const struct window *windows, size_t count, struct dataset_point *point)
{
	double *values = calloc(3 * count, sizeof(*values)), time_u2 = 0;
	struct budget_mean mean;
	int code;

	if (!values)
		return -ENOMEM;
	*point = windows[0].point;
	memcpy(point->last_utc, windows[count - 1].point.first_utc, sizeof(point->last_utc));
	point->windows = (int64_t)count;
	for (unsigned c = KIND_CYCLES; c < KIND_COLUMNS; c++)
		point->column[c] = 0;
	for (size_t i = 0; i < count; i++) {
		const struct dataset_point *one = &windows[i].point;

		values[i] = one->energy_j;
		values[count + i] = one->energy_u_j;
		values[2 * count + i] = windows[i].common_j;
		time_u2 += one->time_u_s * one->time_u_s;
		for (unsigned c = KIND_CYCLES; c < KIND_COLUMNS; c++)
			point->column[c] += one->column[c] / (double)count;
	}
	code = budget_combine_repeats(values, values + count, values + 2 * count, count, &mean);
	free(values);
	if (code)
		return -EINVAL;
	point->energy_j = mean.mean_j;
	point->energy_u_j = mean.u_type_a_j;
	point->energy_common_rel = mean.u_common_j / mean.mean_j;
	point->time_u_s = fmax(sqrt(time_u2) / (double)count,
			       DATASET_TIME_U_REL * point->column[KIND_TIME_S]);
	return 0;
}

static bool same_idle(const struct dataset_point *a, const struct dataset_point *b)
{
	return dataset_same_family(a, b) && !board_order(a, b) && a->temp_cell == b->temp_cell &&
	       !strcmp(a->meter, b->meter);
}

/* What a board takes while it waits is one of a level and temperature, whatever network it waits
 * to run: the mean over all. */
static void share_idle(struct dataset *dataset)
{
	struct dataset_point *points = dataset->points;
	size_t end;

	for (size_t begin = 0; begin < dataset->count; begin = end) {
		double sum_w = 0;

		for (end = begin; end < dataset->count && same_idle(&points[begin], &points[end]);
		     end++)
			sum_w += points[end].column[KIND_IDLE_W];
		for (size_t i = begin; i < end; i++)
			points[i].column[KIND_IDLE_W] = sum_w / (double)(end - begin);
	}
}

static bool same_window(const struct window *a, const struct window *b)
{
	return a->source != b->source && !by_point(a, b) &&
	       !memcmp(&a->point.energy_j, &b->point.energy_j, sizeof(double));
}

/* A database that is named twice, or a copy beside its original, would count as more repeats. The
 * windows are in the order of by_point. */
static int check_sources(const struct reading *reading, struct err *err)
{
	const struct window *windows = reading->windows;
	const struct dataset_source *source = reading->dataset->source;

	for (size_t i = 1; i < reading->count; i++)
		for (size_t j = i; j-- && !by_point(&windows[j], &windows[i]);)
			if (same_window(&windows[j], &windows[i]))
				return err_set(err, -EINVAL,
					       "%s and %s hold the same windows (%s on %s, %s): give "
					       "one of them",
					       source[windows[j].source].path,
					       source[windows[i].source].path,
					       windows[i].point.model, windows[i].point.board,
					       windows[i].point.first_utc);
	return 0;
}

static int make_points(struct reading *reading, struct dataset *dataset, struct err *err)
{
	size_t end;
	int ret;

	dataset->points = calloc(reading->count, sizeof(*dataset->points));
	if (!dataset->points)
		return err_set(err, -ENOMEM, "out of memory");
	number_temperatures(reading->windows, reading->count);
	qsort(reading->windows, reading->count, sizeof(*reading->windows), by_point);
	ret = check_sources(reading, err);
	if (ret)
		return ret;
	for (size_t begin = 0; begin < reading->count; begin = end) {
		struct dataset_point *point = &dataset->points[dataset->count++];

		for (end = begin + 1;
		     end < reading->count &&
		     are_repeats(reading->wanted, &reading->windows[begin], &reading->windows[end]);
		     end++)
			;
		ret = bring_together(&reading->windows[begin], end - begin, point);
		if (ret)
			return err_set(err, ret,
				       "%s, %s at %lld Hz: its windows cannot be averaged",
				       point->board, point->model, (long long)point->clock_hz);
	}
	share_idle(dataset);
	return 0;
}

static int read_one(const char *path, struct reading *reading, struct err *err)
{
	struct dataset_source *source = &reading->dataset->source[reading->dataset->source_count];
	struct store *store;
	int ret = store_open(path, false, &store, err);

	if (ret)
		return ret;
	snprintf(source->path, sizeof(source->path), "%s", path);
	ret = store_each(store, !reading->wanted->with_suspect, take_row, reading, err);
	store_close(store);
	if (!ret && reading->failed)
		ret = err_set(err, -ENOMEM, "out of memory");
	reading->dataset->source_count++;
	return ret;
}

/* What was read becomes the dataset. */
static int finish(struct reading *reading, const char *name, int ret, struct dataset *ret_dataset,
		  struct err *err)
{
	struct dataset *dataset = reading->dataset;

	if (!ret && !reading->count)
		ret = err_set(err, -EINVAL, "%s: holds no accepted window%s%s", name,
			      reading->wanted->since_utc ? " since " : "",
			      reading->wanted->since_utc ? reading->wanted->since_utc : "");
	if (!ret)
		ret = make_points(reading, dataset, err);
	free(reading->windows);
	if (ret)
		dataset_done(dataset);
	else
		*ret_dataset = *dataset;
	return ret;
}

static const struct dataset_wanted all_rows;

int dataset_read(const char *const *paths, size_t count, const struct dataset_wanted *wanted,
		 struct dataset *ret_dataset, struct err *err)
{
	struct dataset dataset = {0};
	struct reading reading = {.wanted = wanted ? wanted : &all_rows, .dataset = &dataset};
	int ret = 0;

	if (!count || count > DATASET_SOURCES_MAX)
		return err_set(err, -EINVAL, "give 1 to %d databases", DATASET_SOURCES_MAX);
	for (size_t i = 0; i < count && !ret; i++)
		ret = read_one(paths[i], &reading, err);
	return finish(&reading, paths[0], ret, ret_dataset, err);
}

int dataset_from_rows(const struct store_measurement *rows, size_t count, const char *name,
		      const struct dataset_wanted *wanted, struct dataset *ret_dataset,
		      struct err *err)
{
	struct dataset dataset = {.source_count = 0};
	struct reading reading = {.wanted = wanted ? wanted : &all_rows, .dataset = &dataset};
	int ret = 0;

	snprintf(dataset.source[0].path, sizeof(dataset.source[0].path), "%s", name);
	for (size_t i = 0; i < count && !ret; i++)
		ret = take_row(&reading, &rows[i]) ? err_set(err, -ENOMEM, "out of memory") : 0;
	dataset.source_count = 1;
	return finish(&reading, name, ret, ret_dataset, err);
}

void dataset_done(struct dataset *dataset)
{
	free(dataset->points);
	memset(dataset, 0, sizeof(*dataset));
}

size_t dataset_family_end(const struct dataset *dataset, size_t begin)
{
	size_t end = begin + 1;

	while (end < dataset->count &&
	       dataset_same_family(&dataset->points[begin], &dataset->points[end]))
		end++;
	return end;
}
