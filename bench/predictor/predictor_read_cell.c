/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/predictor/predictor_read.h"

enum { POINTS_MAX = 1 << 20 };

static int check_coefficient(const struct predictor *predictor, const struct predictor_cell *cell,
			     size_t index, const struct predictor_coefficient *coefficient,
			     const struct field_at *at, struct err *err)
{
	const char *name = predictor_coefficient_name(predictor, cell, index);
	const char *unit = predictor_coefficient_unit(cell, index);

	if (strcmp(coefficient->name, name) != 0)
		return field_fail(at, err, "is '%s'; the coefficient of kind %s here is '%s'",
				  coefficient->name, cell->kind, name);
	if (strcmp(coefficient->unit, unit) != 0)
		return field_fail(at, err, "unit '%s' is not understood: '%s' is in %s",
				  coefficient->unit, name, unit);
	if (!isfinite(coefficient->value) || coefficient->u < 0)
		return field_fail(at, err, "u cannot be below 0");
	return 0;
}

static int read_coefficients(const struct predictor *predictor, const json_t *object,
			     const struct field_at *at, struct predictor_cell *cell,
			     struct err *err)
{
	size_t count = cell->model->parameters +
		       (cell->model->is_per_class ? predictor->class_count : 0);
	struct predictor_coefficient coefficients[ESTIMATE_MAX];
	struct field_at below = field_below(at, "coefficients");
	json_t *array;
	int ret;

	if (!count || count > ESTIMATE_MAX)
		return field_fail(at, err, "kind %s needs instruction_classes", cell->kind);
	ret = field_array(object, "coefficients", at, count, count, &array, err);
	if (!ret)
		ret = predictor_items_read(predictor_coefficient_fields, array, &below,
					   coefficients, sizeof(*coefficients), err);
	cell->estimate.parameters = count;
	for (size_t j = 0; j < count && !ret; j++) {
		struct field_at item = field_item(&below, j);

		ret = check_coefficient(predictor, cell, j, &coefficients[j], &item, err);
		cell->estimate.value[j] = coefficients[j].value;
		cell->estimate.u[j] = coefficients[j].u;
	}
	return ret;
}

static int read_covariance_row(const json_t *rows, size_t j, const struct field_at *at,
			       struct estimate *estimate, struct err *err)
{
	struct field_at item = field_item(at, j);
	const json_t *row = json_array_get(rows, j);

	if (!json_is_array(row) || json_array_size(row) != estimate->parameters)
		return field_fail(&item, err, "must be a list of %zu numbers", estimate->parameters);
	for (size_t k = 0; k < estimate->parameters; k++) {
		const json_t *number = json_array_get(row, k);

		if (!json_is_number(number) || !isfinite(json_number_value(number)))
			return field_fail(&item, err, "must be a list of %zu numbers",
					  estimate->parameters);
		estimate->covariance[j][k] = estimate->covariance_stat[j][k] =
			json_number_value(number);
	}
	return 0;
}

/* Symmetric, and its diagonal the coefficients' u squared. */
static int check_covariance(const struct estimate *estimate, const struct field_at *at,
			    struct err *err)
{
	for (size_t j = 0; j < estimate->parameters; j++) {
		double variance = estimate->covariance[j][j], u = estimate->u[j];

		if (fabs(variance - u * u) > 1e-6 * (variance + u * u))
			return field_fail(at, err,
					  "[%zu][%zu] is not the square of the coefficient's u", j,
					  j);
		for (size_t k = 0; k < j; k++) {
			double size = sqrt(estimate->covariance[j][j] * estimate->covariance[k][k]);

			if (fabs(estimate->covariance[j][k] - estimate->covariance[k][j]) >
				    1e-6 * size ||
			    fabs(estimate->covariance[j][k]) > (1 + 1e-6) * size)
				return field_fail(at, err, "[%zu][%zu] is no covariance", j, k);
		}
	}
	return 0;
}

static int read_covariance(const json_t *object, const struct field_at *at,
			   struct estimate *estimate, struct err *err)
{
	struct field_at below = field_below(at, "covariance");
	json_t *rows;
	int ret = field_array(object, "covariance", at, estimate->parameters, estimate->parameters,
			      &rows, err);

	for (size_t j = 0; j < estimate->parameters && !ret; j++)
		ret = read_covariance_row(rows, j, &below, estimate, err);
	return ret ? ret : check_covariance(estimate, &below, err);
}

static int read_fit(const json_t *object, const struct field_at *at, struct estimate *estimate,
		    struct err *err)
{
	struct field_at below = field_below(at, "fit");
	struct predictor_fit fit;
	int ret = fields_read(predictor_fit_fields, json_object_get(object, "fit"), &below, &fit,
			      err);

	if (ret)
		return ret;
	estimate->count = (size_t)fit.points;
	estimate->dof = fit.dof;
	estimate->scatter = SCATTER_RELATIVE;
	estimate->scatter_rel = fit.scatter_rel;
	estimate->chi2 = fit.chi2;
	estimate->birge_ratio = fit.birge_ratio;
	estimate->residual_sd = fit.residual_sd;
	estimate->r2 = fit.r2;
	return 0;
}

static int read_range(const json_t *value, const struct field_at *at,
		      struct predictor_range *range, struct err *err)
{
	int ret = fields_read(predictor_range_fields, value, at, range, err);

	if (!ret && range->min > range->max)
		ret = field_fail(at, err, "min is above max");
	return ret;
}

static struct predictor_range *range_find(const struct predictor *predictor,
					  struct predictor_cell *cell, const char *key,
					  bool is_class)
{
	for (size_t c = 0; c < predictor->class_count && is_class; c++)
		if (!strcmp(predictor->class_name[c], key))
			return &cell->class_range[c];
	for (enum kind_column c = KIND_CYCLES; c < KIND_COLUMNS && !is_class; c++)
		if (!strcmp(kind_column_name(c), key))
			return &cell->range[c];
	return NULL;
}

static int read_ranges(const struct predictor *predictor, const json_t *object, bool is_class,
		       const struct field_at *at, struct predictor_cell *cell, struct err *err)
{
	const char *key;
	json_t *value;
	int ret = 0;

	if (!json_is_object(object))
		return field_fail(at, err, "must be an object");
	json_object_foreach((json_t *)object, key, value)
	{
		struct predictor_range *range = range_find(predictor, cell, key, is_class);
		struct field_at below = field_below(at, key);

		if (!is_class && !strcmp(key, "instructions"))
			ret = read_ranges(predictor, value, true, &below, cell, err);
		else if (!range)
			ret = field_fail(&below, err, "no such feature is known");
		else
			ret = read_range(value, &below, range, err);
		if (ret)
			return ret;
	}
	return 0;
}

/* What the kind works with must have its range. */
static int check_ranges(const struct predictor_cell *cell, const struct field_at *at,
			struct err *err)
{
	for (enum kind_column c = KIND_CYCLES; c < KIND_COLUMNS; c++)
		if ((cell->model->needs & (1u << c)) && isnan(cell->range[c].min))
			return field_fail(at, err, "has no '%s', which kind %s works with",
					  kind_column_name(c), cell->kind);
	return 0;
}

static int check_names(struct predictor_cell *cell, const struct field_at *at, struct err *err)
{
	struct field_at kind = field_below(at, "kind"), response = field_below(at, "response");
	const char *meant;

	cell->model = kind_find(cell->kind);
	if (!cell->model)
		return field_fail(&kind, err, "no kind '%s' is known", cell->kind);
	meant = cell->model->response == KIND_ENERGY_J ? "energy" : "time";
	if (strcmp(cell->response, meant) != 0)
		return field_fail(&response, err, "is '%s', but kind %s predicts %s",
				  cell->response, cell->kind, meant);
	return 0;
}

static int read_levels(const json_t *object, const struct field_at *at,
		       struct predictor_cell *cell, struct err *err)
{
	struct field_at below = field_below(at, "levels");
	json_t *array;
	int ret = field_array(object, "levels", at, 1, PREDICTOR_LEVELS_MAX, &array, err);

	if (ret)
		return ret;
	cell->level_count = json_array_size(array);
	ret = predictor_items_read(predictor_level_fields, array, &below, cell->levels,
				   sizeof(*cell->levels), err);
	if (!ret && cell->clock_hz &&
	    (cell->level_count != 1 || cell->levels[0].clock_hz != cell->clock_hz))
		ret = field_fail(&below, err, "must be the cell's clock_hz alone");
	return ret;
}

static int read_point_classes(const struct predictor *predictor, const json_t *list,
			      const struct field_at *at, struct predictor_point *point,
			      struct err *err)
{
	for (size_t c = 0; c < KIND_CLASSES_MAX; c++)
		point->classes[c] = NAN;
	if (!list && !predictor->class_count)
		return 0;
	if (!json_is_array(list) || json_array_size(list) != predictor->class_count)
		return field_fail(at, err, "must be a list of %zu numbers, as instruction_classes",
				  predictor->class_count);
	for (size_t c = 0; c < predictor->class_count; c++) {
		const json_t *number = json_array_get(list, c);

		if (json_is_number(number) && json_number_value(number) >= 0)
			point->classes[c] = json_number_value(number);
		else if (!json_is_null(number))
			return field_fail(at, err, "[%zu] is no number of instructions", c);
	}
	return 0;
}

/* What a point must have for its kind, too. */
static int read_instructions(const struct predictor *predictor, const json_t *object,
			     const struct field_at *at, struct predictor_cell *cell,
			     struct err *err)
{
	const json_t *array = json_object_get(object, "training_points");
	struct field_at list = field_below(at, "training_points");

	for (size_t i = 0; i < cell->point_count; i++) {
		struct field_at item = field_item(&list, i), below;
		int ret;

		below = field_below(&item, "instructions");
		ret = read_point_classes(predictor,
					 json_object_get(json_array_get(array, i), "instructions"),
					 &below, &cell->points[i], err);
		if (ret)
			return ret;
		if (!isfinite(predictor_point_value(predictor, cell, &cell->points[i], NULL)))
			return field_fail(&item, err, "lacks a feature that kind %s works with",
					  cell->kind);
	}
	return 0;
}

static void ranges_clear(struct predictor_cell *cell)
{
	const struct predictor_range unknown = {NAN, NAN};

	for (unsigned c = 0; c < KIND_COLUMNS; c++)
		cell->range[c] = unknown;
	for (unsigned c = 0; c < KIND_CLASSES_MAX; c++)
		cell->class_range[c] = unknown;
}

int predictor_cell_read(const struct predictor *predictor, const json_t *object,
			const struct field_at *at, struct predictor_cell *cell, struct err *err)
{
	struct field_at ranges = field_below(at, "training_range");
	void *points = NULL;
	int ret = fields_read(predictor_cell_fields, object, at, cell, err);

	ranges_clear(cell);
	ret = ret ? ret : check_names(cell, at, err);
	ret = ret ? ret
		  : predictor_texts_read(object, "meters", at, PREDICTOR_METERS_MAX,
					 cell->meters[0], sizeof(cell->meters[0]),
					 &cell->meter_count, err);
	ret = ret ? ret : read_coefficients(predictor, object, at, cell, err);
	ret = ret ? ret : read_covariance(object, at, &cell->estimate, err);
	ret = ret ? ret : read_fit(object, at, &cell->estimate, err);
	ret = ret ? ret
		  : read_ranges(predictor, json_object_get(object, "training_range"), false,
				&ranges, cell, err);
	ret = ret ? ret : check_ranges(cell, &ranges, err);
	ret = ret ? ret : read_levels(object, at, cell, err);
	ret = ret ? ret
		  : predictor_list_read(object, "training_points", at, predictor_point_fields,
					sizeof(*cell->points), POINTS_MAX, &points,
					&cell->point_count, err);
	cell->points = points;
	return ret ? ret : read_instructions(predictor, object, at, cell, err);
}
