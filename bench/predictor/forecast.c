/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/forecast.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/model.h"
#include "bench/predictor/counts.h"
#include "bench/predictor/each_file.h"
#include "bench/predictor/forecast_parts.h"

static struct forecast_network *network_add(struct forecast *forecast)
{
	size_t count = forecast->network_count + 1;
	void *bigger = realloc(forecast->networks, count * sizeof(*forecast->networks));

	if (!bigger)
		return NULL;
	forecast->networks = bigger;
	forecast->network_count = count;
	forecast->networks[count - 1] =
		(struct forecast_network){.cycles = NAN, .time_s = NAN, .macs = NAN, .params = NAN};
	return &forecast->networks[count - 1];
}

int forecast_add_cycles(struct forecast *forecast, double cycles, struct err *err)
{
	struct forecast_network *network = network_add(forecast);

	if (!network)
		return err_set(err, -ENOMEM, "out of memory");
	snprintf(network->name, sizeof(network->name), "%.0f cycles", cycles);
	network->cycles = cycles;
	return 0;
}

int forecast_add_said(struct forecast *forecast, double cycles, double time_s, struct err *err)
{
	struct forecast_network *network;

	if (forecast->network_count > 1)
		return err_set(err, -EINVAL,
			       "--cycles and --time are those of one network, and %zu are given",
			       forecast->network_count);
	if (!forecast->network_count) {
		int ret = forecast_add_cycles(forecast, cycles, err);

		if (ret)
			return ret;
		if (isnan(cycles))
			snprintf(forecast->networks->name, sizeof(forecast->networks->name),
				 "%.6g s", time_s);
	}
	network = forecast->networks;
	network->cycles = cycles;
	network->time_s = time_s;
	return 0;
}

static int add_model(void *user, const char *path, struct err *err)
{
	struct forecast *forecast = user;
	struct forecast_network *network;
	struct model_image *image;
	int ret = model_image_build(path, &model_options_portable, &image, err);

	if (ret)
		return ret;
	network = network_add(forecast);
	if (network) {
		snprintf(network->name, sizeof(network->name), "%s", image->name);
		snprintf(network->path, sizeof(network->path), "%s", path);
		snprintf(network->model_sha256, sizeof(network->model_sha256), "%s", image->sha256);
		network->macs = (double)image->macs;
		network->params = (double)image->params;
	}
	model_image_free(image);
	return network ? 0 : err_set(err, -ENOMEM, "out of memory");
}

int forecast_add_models(struct forecast *forecast, const char *path, struct err *err)
{
	return each_file(path, "tflite", add_model, forecast, err);
}

static bool network_is_known(const struct forecast *forecast, const char *sha256)
{
	for (size_t i = 0; i < forecast->network_count; i++)
		if (!strcmp(forecast->networks[i].model_sha256, sha256))
			return true;
	return false;
}

/* What training knew of the model. */
static void fill_from_training(const struct predictor *predictor, struct forecast_network *network)
{
	for (size_t m = 0; m < predictor->model_count; m++)
		if (!strcmp(predictor->models[m].model_sha256, network->model_sha256)) {
			network->macs = predictor->models[m].macs;
			network->params = predictor->models[m].params;
		}
}

static int add_count(void *user, const char *path, struct err *err)
{
	struct forecast *forecast = user;
	struct count_file *files =
		realloc(forecast->files, (forecast->file_count + 1) * sizeof(*forecast->files));
	int ret;

	if (!files)
		return err_set(err, -ENOMEM, "out of memory");
	forecast->files = files;
	ret = count_file_load(path, &files[forecast->file_count], err);
	forecast->file_count += !ret;
	return ret;
}

static int add_count_alone(void *user, const char *path, struct err *err)
{
	struct forecast *forecast = user;
	const struct count_file *file;
	struct forecast_network *network;
	int ret = add_count(forecast, path, err);

	if (ret)
		return ret;
	file = &forecast->files[forecast->file_count - 1];
	if (network_is_known(forecast, file->model_sha256))
		return 0;
	network = network_add(forecast);
	if (!network)
		return err_set(err, -ENOMEM, "out of memory");
	snprintf(network->name, sizeof(network->name), "%s", file->model);
	memcpy(network->model_sha256, file->model_sha256, sizeof(file->model_sha256));
	fill_from_training(forecast->predictor, network);
	return 0;
}

int forecast_add_counts(struct forecast *forecast, const char *path, bool alone, struct err *err)
{
	return each_file(path, "json", alone ? add_count_alone : add_count, forecast, err);
}

/* The classes in the predictor's order; a class that the file lacks is not known. */
static void take_span(const struct forecast *forecast, const struct count_file *file,
		      const struct count_file_span *span, struct query_features *features)
{
	features->cycles = span->cycles;
	features->stall_cycles = span->stall_cycles;
	features->memory = count_memory(file->class_name, file->class_count, span->classes);
	features->multiplies = count_multiplies(file->class_name, file->class_count, span->classes);
	for (size_t c = 0; c < forecast->predictor->class_count; c++) {
		features->classes[c] = NAN;
		for (size_t k = 0; k < file->class_count; k++)
			if (!strcmp(forecast->predictor->class_name[c], file->class_name[k]))
				features->classes[c] = span->classes[k];
	}
}

static bool from_files(const struct forecast *forecast, struct forecast_row *row)
{
	const struct predictor_cell *cell = row->place.energy;

	for (size_t f = 0; f < forecast->file_count; f++) {
		const struct count_file *file = &forecast->files[f];

		if (strcmp(file->model_sha256, row->network->model_sha256) != 0 ||
		    strcmp(file->chip, cell->chip) != 0 || strcmp(file->build, cell->build) != 0 ||
		    strcmp(file->runtime, cell->runtime) != 0 ||
		    file->clock_hz != row->place.clock_hz)
			continue;
		row->file = file;
		take_span(forecast, file, &file->whole, &row->features);
		snprintf(row->cycles_from, sizeof(row->cycles_from), "count%s",
			 file->is_virtual ? ", simulated" : "");
		return true;
	}
	return false;
}

static bool from_training(struct forecast_row *row)
{
	const struct predictor_cell *cell = row->place.energy;

	for (size_t i = 0; i < cell->point_count && row->network->model_sha256[0]; i++) {
		const struct predictor_point *point = &cell->points[i];

		if (strcmp(point->model_sha256, row->network->model_sha256) != 0 ||
		    point->clock_hz != row->place.clock_hz)
			continue;
		row->features.cycles = point->column[KIND_CYCLES];
		row->features.stall_cycles = point->column[KIND_STALL_CYCLES];
		row->features.memory = point->column[KIND_MEMORY];
		row->features.multiplies = point->column[KIND_MULTIPLIES];
		memcpy(row->features.classes, point->classes, sizeof(point->classes));
		snprintf(row->cycles_from, sizeof(row->cycles_from), "measured in training");
		return true;
	}
	return false;
}

static int find_cycles(const struct forecast *forecast, struct forecast_row *row, struct err *err)
{
	struct query_features *features = &row->features;
	struct err why = {""};

	features->macs = row->network->macs;
	features->params = row->network->params;
	features->stall_cycles = features->memory = features->multiplies = NAN;
	for (size_t c = 0; c < KIND_CLASSES_MAX; c++)
		features->classes[c] = NAN;
	features->time_s = isnan(row->network->time_s) ? 0 : row->network->time_s;
	if (!isnan(row->network->cycles)) {
		features->cycles = row->network->cycles;
		snprintf(row->cycles_from, sizeof(row->cycles_from), "given");
		return 0;
	}
	if (from_files(forecast, row) || from_training(row) ||
	    forecast_from_table(forecast->table, row, &why))
		return 0;
	if (features->time_s > 0) { /* the energy's kind may do without */
		features->cycles = NAN;
		snprintf(row->cycles_from, sizeof(row->cycles_from), "not known");
		return 0;
	}
	return err_set(err, -EINVAL,
		       "cycles of %.60s are not known for build %s, %s at %g MHz: give --cycles, "
		       "--time, or "
		       "--counts with what 'joulebench count --json' says for them%s%.200s",
		       row->network->name, row->place.energy->build, row->place.energy->runtime,
		       (double)row->place.clock_hz / 1e6, why.text[0] ? "; " : "", why.text);
}

static void make_row(struct forecast *forecast, const struct forecast_network *network,
		     const struct query_place *place)
{
	struct forecast_row *row = &forecast->rows[forecast->count++];
	struct err err = {""};
	int ret;

	row->network = network;
	row->place = *place;
	ret = find_cycles(forecast, row, &err);
	if (!ret)
		ret = query_answer(forecast->predictor, forecast->query, place, &row->features,
				   &row->energy, &row->time, &err);
	if (ret) {
		snprintf(row->refused, sizeof(row->refused), "%.399s", err.text);
		forecast->refused++;
	}
}

int forecast_make(struct forecast *forecast, struct err *err)
{
	struct query_place *places;
	size_t count;
	int ret = 0;

	if (forecast->predictor->counts)
		ret = count_table_from_json(forecast->predictor->counts, &forecast->table, err);
	if (ret)
		return err_context(err, ret, "%s: counts", forecast->predictor->path);
	ret = query_places(forecast->predictor, forecast->query, &places, &count, err);
	if (ret)
		return ret;
	forecast->rows = calloc(count * forecast->network_count + 1, sizeof(*forecast->rows));
	if (!forecast->rows)
		ret = err_set(err, -ENOMEM, "out of memory");
	for (size_t n = 0; n < forecast->network_count && !ret; n++)
		for (size_t p = 0; p < count; p++)
			make_row(forecast, &forecast->networks[n], &places[p]);
	free(places);
	return ret;
}

void forecast_done(struct forecast *forecast)
{
	for (size_t f = 0; f < forecast->file_count; f++)
		count_file_done(&forecast->files[f]);
	count_table_free(forecast->table);
	free(forecast->files);
	free(forecast->networks);
	free(forecast->rows);
	memset(forecast, 0, sizeof(*forecast));
}
