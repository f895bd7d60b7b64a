/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/curves.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const size_t sizes_all[CURVE_SIZES_MAX] = {1, 2, 3, 4, 6, 8, 10, 12, 16, 24, 32, 64, 128};

/* Kinds that are compared, then the baselines in build_baselines's order. */
static const char *const kinds[] = {"energy-proportional", "energy-affine", "energy-mix",
				    "energy-mix-stall"};
static const char *const names[] = {"cycles", "affine", "mix", "mix-stall"};
enum { KINDS = 4, BASELINES = 4, ROWS = KINDS + BASELINES };

static int curve_make(const struct kind_table *table, const struct fit_options *options,
		      const uint32_t *group, size_t groups, struct curve *curve)
{
	while (curve->sizes < CURVE_SIZES_MAX && sizes_all[curve->sizes] < groups)
		curve->sizes++;
	return learning_curve(kind_find(curve->kind), table, options, group, sizes_all,
			      curve->sizes, CURVE_REPEATS, CURVE_SEED, curve->points);
}

static void compare(struct curve *curves, size_t count)
{
	for (size_t k = 0; k < count; k++)
		for (size_t b = 0, baseline = 0; b < count && !curves[k].is_baseline; b++) {
			double from;

			if (!curves[b].is_baseline)
				continue;
			if (curves[b].sizes == curves[k].sizes &&
			    learning_crossing(curves[k].points, curves[b].points, curves[k].sizes,
					      &from))
				curves[k].better_than_baseline_from[baseline] = from;
			baseline++;
		}
}

static void name_cell(const struct dataset_point *point, char *ret_text, size_t size)
{
	snprintf(ret_text, size, "%s, build %s, %s, %g MHz", point->board, point->build,
		 point->runtime, (double)point->clock_hz / 1e6);
}

/* All curves of one cell behind those that are there. */
static int cell_add(const struct dataset *dataset, const struct fitted_cell *cell,
		    const struct fit_options *options, struct curves *curves)
{
	struct judging judging = {.dataset = dataset, .index = cell->index, .count = cell->count};
	struct candidate baselines[BUILD_CANDIDATES_MAX];
	struct curve *rows = realloc(curves->rows, (curves->count + ROWS) * sizeof(*rows));
	uint32_t *group = calloc(cell->count, sizeof(*group));
	struct dataset_table table;
	size_t groups, count = 0;

	if (rows)
		curves->rows = rows;
	if (!rows || !group ||
	    dataset_table_make(dataset, cell->index, cell->count, KIND_ENERGY_J, &table)) {
		free(group);
		return -ENOMEM;
	}
	judging_groups(&judging, AXIS_MODEL, group, &groups);
	build_baselines(baselines);
	rows += curves->count;
	for (size_t r = 0; r < ROWS; r++) {
		struct curve *curve = &rows[count];

		if (r < KINDS && kind_lacks(kind_find(kinds[r]), &table.table))
			continue;
		memset(curve, 0, sizeof(*curve));
		for (size_t b = 0; b < BASELINES; b++)
			curve->better_than_baseline_from[b] = NAN;
		name_cell(&dataset->points[cell->index[0]], curve->cell, sizeof(curve->cell));
		curve->is_baseline = r >= KINDS;
		snprintf(curve->kind, sizeof(curve->kind), "%s",
			 r < KINDS ? kinds[r] : baselines[r - KINDS].kind->name);
		snprintf(curve->candidate, sizeof(curve->candidate), "%s",
			 r < KINDS ? names[r] : baselines[r - KINDS].name);
		count += !curve_make(&table.table, options, group, groups, curve);
	}
	compare(rows, count);
	curves->count += count;
	dataset_table_done(&table);
	free(group);
	return 0;
}

static int family_add(const struct dataset *dataset, size_t begin, size_t end,
		      const struct fit_options *options, struct curves *curves)
{
	struct candidate candidate = {names[0], kind_find(kinds[0]),
				      LAYOUT_BOARD | LAYOUT_LEVEL | LAYOUT_TEMPERATURE, false};
	size_t *index = calloc(end - begin, sizeof(*index));
	struct fitted fitted;
	int ret = index ? 0 : -ENOMEM;

	for (size_t i = begin; i < end && !ret; i++)
		index[i - begin] = i;
	if (!ret)
		ret = fitted_make(dataset, index, end - begin, &candidate, options, &fitted);
	free(index);
	if (ret)
		return ret;
	for (size_t c = 0; c < fitted.count && !ret; c++)
		ret = cell_add(dataset, &fitted.cells[c], options, curves);
	fitted_done(&fitted);
	return ret;
}

int curves_make(const struct dataset *dataset, const struct build_options *options,
		struct curves *ret_curves, struct err *err)
{
	struct fit_options fit_options = build_fit_options(options);
	struct curves curves = {0};
	size_t end;
	int ret = 0;

	for (size_t begin = 0; begin < dataset->count && !ret; begin = end) {
		end = dataset_family_end(dataset, begin);
		ret = family_add(dataset, begin, end, &fit_options, &curves);
	}
	if (ret) {
		curves_done(&curves);
		return err_set(err, ret, "out of memory");
	}
	*ret_curves = curves;
	return 0;
}

void curves_done(struct curves *curves)
{
	free(curves->rows);
	memset(curves, 0, sizeof(*curves));
}

static const char *baseline_name(size_t index)
{
	struct candidate baselines[BUILD_CANDIDATES_MAX];

	build_baselines(baselines);
	return baselines[index].name;
}

static void print_crossings(const struct curve *curve, FILE *stream)
{
	if (curve->is_baseline)
		return;
	for (size_t b = 0; b < BASELINES; b++)
		if (isfinite(curve->better_than_baseline_from[b]))
			fprintf(stream, "%s%s from %.1f networks on", b ? ", " : "    better than ",
				baseline_name(b), curve->better_than_baseline_from[b]);
		else
			fprintf(stream, "%s%s at no size", b ? ", " : "    better than ",
				baseline_name(b));
	fputc('\n', stream);
}

void curves_print(const struct curves *curves, FILE *stream)
{
	const char *cell = "";

	for (size_t r = 0; r < curves->count; r++) {
		const struct curve *curve = &curves->rows[r];

		if (strcmp(cell, curve->cell) != 0)
			fprintf(stream,
				"\nLearning curve of %s: median MAPE %% on the networks not seen, "
				"by how many were\n",
				curve->cell);
		cell = curve->cell;
		fprintf(stream, "  %-15s", curve->candidate);
		for (size_t s = 0; s < curve->sizes; s++)
			if (curve->points[s].fits)
				fprintf(stream, " %zu: %-7.3f", curve->points[s].groups,
					curve->points[s].median_pct);
			else
				fprintf(stream, " %zu: -      ", curve->points[s].groups);
		fputc('\n', stream);
		print_crossings(curve, stream);
	}
}

static json_t *real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *curve_json(const struct curve *curve)
{
	json_t *points = json_array(), *from = json_object();

	for (size_t s = 0; s < curve->sizes; s++) {
		const struct learning_point *point = &curve->points[s];

		json_array_append_new(points, json_pack("{s:I, s:I, s:I, s:o, s:o, s:o}", "models",
							(json_int_t)point->groups, "fits",
							(json_int_t)point->fits, "refused",
							(json_int_t)point->refused,
							"median_mape_pct", real(point->median_pct),
							"p10_mape_pct", real(point->low_pct),
							"p90_mape_pct", real(point->high_pct)));
	}
	for (size_t b = 0; b < BASELINES && !curve->is_baseline; b++)
		json_object_set_new(from, baseline_name(b),
				    real(curve->better_than_baseline_from[b]));
	return json_pack("{s:s, s:s, s:s, s:b, s:o, s:o}", "cell", curve->cell, "model",
			 curve->candidate, "kind", curve->kind, "baseline", curve->is_baseline,
			 "points", points, "better_than_baseline_from_models", from);
}

json_t *curves_json(const struct curves *curves)
{
	json_t *array = json_array();

	for (size_t r = 0; array && r < curves->count; r++)
		if (json_array_append_new(array, curve_json(&curves->rows[r]))) {
			json_decref(array);
			return NULL;
		}
	return array;
}
