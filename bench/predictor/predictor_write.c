/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/predictor/kinds.h"
#include "bench/predictor/predictor_parts.h"

/* Whole of what is built, NULL once anything failed: json_object_set_new takes NULL as failure. */
static bool set(json_t *object, const char *key, json_t *value)
{
	return !json_object_set_new(object, key, value);
}

json_t *predictor_items_json(const struct field *fields, const void *items, size_t count,
			     size_t size)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < count; i++) {
		json_t *item = json_object();

		if (!item || !fields_write(fields, (const char *)items + i * size, item)) {
			json_decref(item);
			json_decref(array);
			return NULL;
		}
		if (json_array_append_new(array, item)) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *texts_json(const char *texts, size_t count, size_t size)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < count; i++)
		if (json_array_append_new(array, json_string(texts + i * size))) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *coefficients_json(const struct predictor *predictor,
				 const struct predictor_cell *cell)
{
	struct predictor_coefficient coefficients[ESTIMATE_MAX] = {0};

	for (size_t j = 0; j < cell->estimate.parameters; j++) {
		snprintf(coefficients[j].name, sizeof(coefficients[j].name), "%s",
			 predictor_coefficient_name(predictor, cell, j));
		snprintf(coefficients[j].unit, sizeof(coefficients[j].unit), "%s",
			 predictor_coefficient_unit(cell, j));
		coefficients[j].value = cell->estimate.value[j];
		coefficients[j].u = cell->estimate.u[j];
	}
	return predictor_items_json(predictor_coefficient_fields, coefficients,
				    cell->estimate.parameters, sizeof(*coefficients));
}

static json_t *covariance_json(const struct estimate *estimate)
{
	json_t *rows = json_array();

	for (size_t j = 0; rows && j < estimate->parameters; j++) {
		json_t *row = json_array();

		for (size_t k = 0; row && k < estimate->parameters; k++)
			json_array_append_new(row, json_real(estimate->covariance[j][k]));
		if (json_array_append_new(rows, row)) {
			json_decref(rows);
			return NULL;
		}
	}
	return rows;
}

static json_t *fit_json(const struct estimate *estimate)
{
	const struct predictor_fit fit = {
		.points = (int64_t)estimate->count,
		.dof = estimate->dof,
		.scatter_rel = estimate->scatter_rel,
		.chi2 = estimate->chi2,
		.birge_ratio = estimate->birge_ratio,
		.residual_sd = estimate->residual_sd,
		.r2 = estimate->r2,
	};
	json_t *object = json_object();

	if (object && !fields_write(predictor_fit_fields, &fit, object)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static bool range_set(json_t *object, const char *key, const struct predictor_range *range)
{
	json_t *item;

	if (!isfinite(range->min) || !isfinite(range->max))
		return true;
	item = json_object();
	if (!item || !fields_write(predictor_range_fields, range, item)) {
		json_decref(item);
		return false;
	}
	return set(object, key, item);
}

static json_t *ranges_json(const struct predictor *predictor, const struct predictor_cell *cell)
{
	json_t *object = json_object(), *classes = json_object();
	bool fine = object && classes;

	for (enum kind_column c = KIND_CYCLES; c < KIND_COLUMNS && fine; c++)
		fine = range_set(object, kind_column_name(c), &cell->range[c]);
	for (size_t c = 0; c < predictor->class_count && fine; c++)
		fine = range_set(classes, predictor->class_name[c], &cell->class_range[c]);
	if (fine)
		fine = set(object, "instructions", json_incref(classes));
	json_decref(classes);
	if (fine)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *points_json(const struct predictor *predictor, const struct predictor_cell *cell)
{
	json_t *array = predictor_items_json(predictor_point_fields, cell->points,
					     cell->point_count, sizeof(*cell->points));

	for (size_t i = 0; array && predictor->class_count && i < cell->point_count; i++) {
		json_t *counts = json_array();

		for (size_t c = 0; counts && c < predictor->class_count; c++)
			json_array_append_new(counts, isfinite(cell->points[i].classes[c])
							      ? json_real(cell->points[i].classes[c])
							      : json_null());
		if (!set(json_array_get(array, i), "instructions", counts)) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *cell_json(const struct predictor *predictor, const struct predictor_cell *cell)
{
	json_t *object = json_object();

	if (object && fields_write(predictor_cell_fields, cell, object) &&
	    set(object, "formula", json_string(cell->model->formula)) &&
	    set(object, "meters",
		texts_json(cell->meters[0], cell->meter_count, sizeof(cell->meters[0]))) &&
	    set(object, "coefficients", coefficients_json(predictor, cell)) &&
	    set(object, "covariance", covariance_json(&cell->estimate)) &&
	    set(object, "fit", fit_json(&cell->estimate)) &&
	    set(object, "training_range", ranges_json(predictor, cell)) &&
	    set(object, "levels",
		predictor_items_json(predictor_level_fields, cell->levels, cell->level_count,
				     sizeof(*cell->levels))) &&
	    set(object, "training_points",
		points_json(predictor, cell)))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *cells_json(const struct predictor *predictor)
{
	json_t *array = json_array();

	for (size_t c = 0; array && c < predictor->cell_count; c++)
		if (json_array_append_new(array, cell_json(predictor, &predictor->cells[c]))) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *judged_json(const struct predictor_family *family)
{
	json_t *array = predictor_items_json(predictor_judged_fields, family->judged,
					     family->judged_count, sizeof(*family->judged));

	for (size_t i = 0; array && i < family->judged_count; i++)
		if (!set(json_array_get(array, i), "worst",
			 predictor_items_json(predictor_worst_fields, family->judged[i].worst,
					      family->judged[i].worst_count,
					      sizeof(family->judged[i].worst[0])))) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *families_json(const struct predictor *predictor)
{
	json_t *array = predictor_items_json(predictor_family_fields, predictor->families,
					     predictor->family_count, sizeof(*predictor->families));

	for (size_t i = 0; array && i < predictor->family_count; i++)
		if (!set(json_array_get(array, i), "judged",
			 judged_json(&predictor->families[i]))) {
			json_decref(array);
			return NULL;
		}
	return array;
}

json_t *predictor_json(const struct predictor *predictor)
{
	json_t *object = json_object();
	char schema[40];

	snprintf(schema, sizeof(schema), PREDICTOR_SCHEMA_NAME "%d", PREDICTOR_SCHEMA_VERSION);
	if (object && set(object, "schema", json_string(schema)) &&
	    fields_write(predictor_fields, predictor, object) &&
	    set(object, "lineage",
		predictor_items_json(predictor_lineage_fields, predictor->lineage,
				     predictor->lineage_count, sizeof(*predictor->lineage))) &&
	    set(object, "databases",
		predictor_items_json(predictor_source_fields, predictor->source,
				     predictor->source_count, sizeof(*predictor->source))) &&
	    set(object, "models",
		predictor_items_json(predictor_model_fields, predictor->models,
				     predictor->model_count, sizeof(*predictor->models))) &&
	    set(object, "instruction_classes",
		texts_json(predictor->class_name[0], predictor->class_count,
			   sizeof(predictor->class_name[0]))) &&
	    set(object, "families", families_json(predictor)) &&
	    set(object, "cells", cells_json(predictor)) &&
	    (!predictor->counts || set(object, "counts", json_incref(predictor->counts))))
		return object;
	json_decref(object);
	return NULL;
}

static int write_text(const char *text, const char *path, struct err *err)
{
	FILE *file = fopen(path, "w");
	bool fine;

	if (!file)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	fine = fputs(text, file) >= 0 && fputc('\n', file) != EOF && !fflush(file) &&
	       !fsync(fileno(file));
	if (fclose(file) || !fine)
		return err_set(err, -EIO, "%s: cannot be written", path);
	return 0;
}

int predictor_save(const struct predictor *predictor, const char *path, struct err *err)
{
	json_t *object = predictor_json(predictor);
	char *text = object ? json_dumps(object, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) : NULL;
	char beside[4096];
	int ret;

	json_decref(object);
	if (!text)
		return err_set(err, -ENOMEM, "%s: out of memory, or a text that is not UTF-8", path);
	if (snprintf(beside, sizeof(beside), "%s.%ld.part", path, (long)getpid()) >=
	    (int)sizeof(beside)) {
		free(text);
		return err_set(err, -EINVAL, "%s: the path is too long", path);
	}
	ret = write_text(text, beside, err);
	free(text);
	if (!ret && rename(beside, path))
		ret = err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (ret)
		unlink(beside);
	return ret;
}
