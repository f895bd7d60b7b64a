/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/report/results.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/budget/budget.h"
#include "bench/session/points.h"

struct reading {
	results_keep_fn *keep;
	void *context;
	struct store_measurement *rows;
	size_t count, capacity;
	bool failed;
};

static int take_row(void *context, const struct store_measurement *row)
{
	struct reading *reading = context;

	if (reading->keep && !reading->keep(reading->context, row))
		return 0;
	if (reading->count == reading->capacity) {
		size_t capacity = reading->capacity ? 2 * reading->capacity : 64;
		struct store_measurement *rows = realloc(reading->rows, capacity * sizeof(*rows));

		if (!rows) {
			reading->failed = true;
			return 1;
		}
		reading->rows = rows;
		reading->capacity = capacity;
	}
	reading->rows[reading->count++] = *row;
	return 0;
}

int results_read(struct store *store, results_keep_fn *keep, void *context,
		 struct store_measurement **ret_rows, size_t *ret_count, struct err *err)
{
	struct reading reading = {.keep = keep, .context = context};
	int ret = store_each(store, true, take_row, &reading, err);

	if (!ret && reading.failed)
		ret = err_set(err, -ENOMEM, "out of memory");
	if (ret) {
		free(reading.rows);
		return ret;
	}
	*ret_rows = reading.rows;
	*ret_count = reading.count;
	return 0;
}

/* Windows of another temperature that was asked for are no repeats. What a sensor happened to read
 * parts nothing. */
static int compare_ambients(const struct store_measurement *x, const struct store_measurement *y)
{
	bool x_asked = point_key_has_temperature(x->point_key);
	bool y_asked = point_key_has_temperature(y->point_key);

	if (!x_asked || !y_asked)
		return x_asked - y_asked;
	return (x->ambient_c > y->ambient_c) - (x->ambient_c < y->ambient_c);
}

static int compare_rows(const void *a, const void *b)
{
	const struct store_measurement *x = a, *y = b;
	int order = strcmp(x->board, y->board);

	if (!order)
		order = strcmp(x->build, y->build);
	if (!order)
		order = strcmp(x->runtime, y->runtime);
	if (!order)
		order = (x->clock_hz > y->clock_hz) - (x->clock_hz < y->clock_hz);
	if (!order)
		order = strcmp(x->model, y->model);
	if (!order)
		order = strcmp(x->model_sha256, y->model_sha256);
	return order ? order : compare_ambients(x, y);
}

static int combine(const struct store_measurement *rows, size_t count, struct results_group *group,
		   struct err *err)
{
	double *values = calloc(3 * count, sizeof(*values));
	double *energy, *independent, *common;
	struct budget_mean mean;
	int ret;

	if (!values)
		return err_set(err, -ENOMEM, "out of memory");
	energy = values;
	independent = values + count;
	common = values + 2 * count;
	for (size_t i = 0; i < count; i++) {
		const struct store_measurement *row = &rows[i];
		double n = (double)row->inferences;

		energy[i] = row->energy_j / n;
		independent[i] = row->energy_u_independent_j / n;
		common[i] = sqrt(fmax(0, row->energy_u_j * row->energy_u_j -
						 row->energy_u_independent_j *
							 row->energy_u_independent_j)) /
			    n;
		group->cycles += (double)row->cycles / n / (double)count;
		group->time_s += row->duration_s / n / (double)count;
		group->ambient_c += row->ambient_c / (double)count;
		group->energy_above_idle_j += row->energy_above_idle_j / n / (double)count;
	}
	ret = budget_combine_repeats(energy, independent, common, count, &mean);
	free(values);
	if (ret)
		return err_set(err, -EINVAL, "%s, %s at %lld Hz: %s", rows->board, rows->model,
			       (long long)rows->clock_hz, analysis_error_text(ret));
	group->energy_j = mean.mean_j;
	group->energy_u_j = mean.u_mean_j;
	group->birge_ratio = mean.birge_ratio;
	group->mean_power_w = group->energy_j / group->time_s;
	return 0;
}

static void name_group(const struct store_measurement *row, size_t count,
		       struct results_group *group)
{
	memcpy(group->board, row->board, sizeof(group->board));
	memcpy(group->chip, row->chip, sizeof(group->chip));
	memcpy(group->build, row->build, sizeof(group->build));
	memcpy(group->runtime, row->runtime, sizeof(group->runtime));
	memcpy(group->model, row->model, sizeof(group->model));
	memcpy(group->model_sha256, row->model_sha256, sizeof(group->model_sha256));
	group->clock_hz = row->clock_hz;
	group->core_v = (double)row->core_mv / 1e3;
	group->windows = (unsigned)count;
	group->at_temperature = point_key_has_temperature(row->point_key);
	for (size_t i = 0; i < count; i++)
		group->is_virtual |= row[i].is_virtual != 0;
}

int results_collect(struct store_measurement *rows, size_t count, struct results *ret_results,
		    struct err *err)
{
	struct results results = {.groups = calloc(count ? count : 1, sizeof(*results.groups))};
	size_t end;

	if (!results.groups)
		return err_set(err, -ENOMEM, "out of memory");
	if (count)
		qsort(rows, count, sizeof(*rows), compare_rows);
	for (size_t begin = 0; begin < count; begin = end) {
		struct results_group *group = &results.groups[results.count++];
		int ret;

		for (end = begin + 1; end < count && !compare_rows(&rows[begin], &rows[end]); end++)
			;
		name_group(&rows[begin], end - begin, group);
		ret = combine(&rows[begin], end - begin, group, err);
		if (ret) {
			results_done(&results);
			return ret;
		}
	}
	*ret_results = results;
	return 0;
}

void results_done(struct results *results)
{
	free(results->groups);
	memset(results, 0, sizeof(*results));
}

void results_print(const struct results *results, FILE *stream)
{
	bool is_virtual = false, at_temperature = false;

	for (size_t i = 0; i < results->count; i++)
		at_temperature |= results->groups[i].at_temperature;
	fprintf(stream, "%-14s %-24s %5s %-9s %9s %s%12s %14s %12s %12s %13s %2s\n", "board",
		"model", "build", "runtime", "clock_mhz", at_temperature ? "ambient_c " : "", "cycles", "energy_j", "+- u_j", "time_s", "mean_power_w", "n");
	for (size_t i = 0; i < results->count; i++) {
		const struct results_group *g = &results->groups[i];
		char ambient[32] = "";

		if (at_temperature)
			snprintf(ambient, sizeof(ambient), "%9.2f ", g->ambient_c);
		is_virtual |= g->is_virtual;
		fprintf(stream, "%-14s %-24s %5s %-9s %9g %s%12.0f %14.6e %12.1e %12.6f %13.6f %2u%s\n",
			g->board, g->model, g->build, g->runtime, (double)g->clock_hz / 1e6, ambient, g->cycles,
			g->energy_j, g->energy_u_j, g->time_s, g->mean_power_w, g->windows,
			g->is_virtual ? " virtual" : "");
	}
	fputs("Values are per inference; u is the standard uncertainty (k = 1), gain and supply "
	      "included; n windows each.\n",
	      stream);
	if (is_virtual)
		fputs("Rows marked 'virtual' come from an emulated rig: nothing was measured.\n",
		      stream);
}

json_t *results_json(const struct results *results)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < results->count; i++) {
		const struct results_group *g = &results->groups[i];
		json_t *row = json_pack(
			"{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:f, s:b, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f}",
			"board", g->board, "chip", g->chip, "build", g->build, "runtime",
			g->runtime, "model", g->model,
			"model_sha256", g->model_sha256, "clock_hz", (json_int_t)g->clock_hz, "core_v",
			g->core_v, "virtual", g->is_virtual, "windows", (int)g->windows, "cycles",
			g->cycles, "energy_j", g->energy_j, "energy_u_j", g->energy_u_j,
			"energy_above_idle_j", g->energy_above_idle_j, "time_s", g->time_s,
			"mean_power_w", g->mean_power_w, "birge_ratio", g->birge_ratio);

		if (row)
			json_object_set_new(row, "ambient_c",
					    isfinite(g->ambient_c) ? json_real(g->ambient_c)
								   : json_null());
		if (!row || json_array_append_new(array, row)) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}
