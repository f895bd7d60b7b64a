/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/predictor/build.h"

#define COPY(member) memcpy(ret_cell->member, point->member, sizeof(point->member))

struct predictor_cell *predictor_cell_add(struct predictor *predictor)
{
	size_t count = predictor->cell_count + 1;
	void *bigger = realloc(predictor->cells, count * sizeof(*predictor->cells));

	if (!bigger)
		return NULL;
	predictor->cells = bigger;
	memset(&predictor->cells[count - 1], 0, sizeof(*predictor->cells));
	predictor->cell_count = count;
	return &predictor->cells[count - 1];
}

static void name_cell(const struct candidate *candidate, const struct dataset_point *point,
		      struct predictor_cell *ret_cell)
{
	bool is_energy = candidate->kind->response == KIND_ENERGY_J;

	snprintf(ret_cell->response, sizeof(ret_cell->response), "%s",
		 is_energy ? "energy" : "time");
	snprintf(ret_cell->kind, sizeof(ret_cell->kind), "%s", candidate->kind->name);
	ret_cell->model = candidate->kind;
	if (candidate->layout & LAYOUT_BOARD) {
		COPY(board);
		COPY(board_uid);
	}
	COPY(chip);
	COPY(build);
	COPY(runtime);
	COPY(compiler);
	COPY(firmware_crc32);
	COPY(first_utc);
	COPY(last_utc);
	ret_cell->is_virtual = point->is_virtual;
	ret_cell->clock_hz = candidate->layout & LAYOUT_LEVEL ? point->clock_hz : 0;
	snprintf(ret_cell->state, sizeof(ret_cell->state), "fitted");
}

static void widen(struct predictor_range *range, double value)
{
	range->min = fmin(range->min, value); /* fmin and fmax leave NaN out */
	range->max = fmax(range->max, value);
}

static void note_meter(struct predictor_cell *cell, const char *meter)
{
	for (size_t m = 0; m < cell->meter_count; m++)
		if (!strcmp(cell->meters[m], meter))
			return;
	if (cell->meter_count < PREDICTOR_METERS_MAX)
		snprintf(cell->meters[cell->meter_count++], sizeof(cell->meters[0]), "%s", meter);
}

static void note_point(const struct dataset *dataset, const struct dataset_point *point,
		       struct predictor_cell *cell)
{
	for (unsigned c = KIND_CYCLES; c < KIND_COLUMNS; c++)
		widen(&cell->range[c], point->column[c]);
	for (size_t c = 0; c < dataset->class_count; c++)
		widen(&cell->class_range[c], point->classes[c]);
	cell->windows += point->windows;
	if (strcmp(point->first_utc, cell->first_utc) < 0)
		memcpy(cell->first_utc, point->first_utc, sizeof(cell->first_utc));
	if (strcmp(point->last_utc, cell->last_utc) > 0)
		memcpy(cell->last_utc, point->last_utc, sizeof(cell->last_utc));
	note_meter(cell, point->meter);
}

/* Means of what the levels had, one for each temperature. */
static void fill_levels(const struct fitted *fitted, const struct fitted_cell *from,
			struct predictor_cell *cell)
{
	double points[PREDICTOR_LEVELS_MAX] = {0};
	unsigned temp_cell[PREDICTOR_LEVELS_MAX];

	for (size_t i = 0; i < from->count; i++) {
		const struct dataset_point *point = &fitted->dataset->points[from->index[i]];
		size_t l = 0;

		while (l < cell->level_count && (cell->levels[l].clock_hz != point->clock_hz ||
						 temp_cell[l] != point->temp_cell))
			l++;
		if (l == PREDICTOR_LEVELS_MAX)
			continue;
		if (l == cell->level_count)
			cell->levels[cell->level_count++] =
				(struct predictor_level){.clock_hz = point->clock_hz};
		temp_cell[l] = point->temp_cell;
		cell->levels[l].core_v += point->column[KIND_CORE_V];
		cell->levels[l].temp_c += point->column[KIND_TEMP_C];
		cell->levels[l].idle_power_w += point->column[KIND_IDLE_W];
		points[l]++;
	}
	for (size_t l = 0; l < cell->level_count; l++) {
		cell->levels[l].core_v /= points[l];
		cell->levels[l].temp_c /= points[l];
		cell->levels[l].idle_power_w /= points[l];
	}
}

static int fill_points(const struct fitted *fitted, const struct fitted_cell *from,
		       struct predictor_cell *cell)
{
	const struct model_kind *kind = fitted->candidate->kind;
	double gradient[ESTIMATE_MAX];
	struct dataset_table table;

	if (dataset_table_make(fitted->dataset, from->index, from->count, kind->response, &table))
		return -ENOMEM;
	cell->points = calloc(from->count + 1, sizeof(*cell->points));
	if (!cell->points) {
		dataset_table_done(&table);
		return -ENOMEM;
	}
	cell->point_count = from->count;
	for (size_t i = 0; i < from->count; i++) {
		const struct dataset_point *point = &fitted->dataset->points[from->index[i]];
		struct predictor_point *to = &cell->points[i];
		double off_pct;

		memcpy(to->model_sha256, point->model_sha256, sizeof(point->model_sha256));
		memcpy(to->meter, point->meter, sizeof(point->meter));
		to->clock_hz = point->clock_hz;
		memcpy(to->column, point->column, sizeof(to->column));
		memcpy(to->classes, point->classes, sizeof(to->classes));
		to->measured = table.table.points.y[i];
		to->u = table.table.points.u_y[i];
		off_pct = 100 * fabs(kind->value(&table.table, i, cell->estimate.value, gradient) /
					     to->measured -
				     1);
		cell->mape_pct += off_pct / (double)from->count;
		cell->max_error_pct = fmax(cell->max_error_pct, off_pct);
	}
	dataset_table_done(&table);
	return 0;
}

static int64_t count_models(const struct fitted *fitted, const struct fitted_cell *cell)
{
	int64_t count = 0;

	for (size_t i = 0; i < cell->count; i++) {
		const char *sha = fitted->dataset->points[cell->index[i]].model_sha256;
		size_t k = 0;

		while (k < i &&
		       strcmp(fitted->dataset->points[cell->index[k]].model_sha256, sha) != 0)
			k++;
		count += k == i;
	}
	return count;
}

int build_cell(const struct fitted *fitted, const struct fitted_cell *cell,
	       struct predictor_cell *ret_cell)
{
	const struct predictor_range unknown = {NAN, NAN};

	name_cell(fitted->candidate, &fitted->dataset->points[cell->index[0]], ret_cell);
	for (unsigned c = 0; c < KIND_COLUMNS; c++)
		ret_cell->range[c] = unknown;
	for (unsigned c = 0; c < KIND_CLASSES_MAX; c++)
		ret_cell->class_range[c] = unknown;
	for (size_t i = 0; i < cell->count; i++)
		note_point(fitted->dataset, &fitted->dataset->points[cell->index[i]], ret_cell);
	ret_cell->models = count_models(fitted, cell);
	ret_cell->common_rel = cell->common_rel;
	ret_cell->one_meter = cell->one_meter;
	ret_cell->estimate = cell->estimate;
	fill_levels(fitted, cell, ret_cell);
	return fill_points(fitted, cell, ret_cell);
}
