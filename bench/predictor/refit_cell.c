/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/refit_cell.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/trace/error.h"
#include "bench/predictor/build.h"

static void say(struct refit_row *row, struct predictor_cell *cell, const char *state,
		const char *why)
{
	snprintf(row->state, sizeof(row->state), "%s", state);
	snprintf(row->why, sizeof(row->why), "%.199s", why);
	snprintf(cell->state, sizeof(cell->state), "%s", state);
}

static void widen(struct predictor_range *range, const struct predictor_range *by)
{
	range->min = fmin(range->min, by->min);
	range->max = fmax(range->max, by->max);
}

static bool same_point(const struct predictor_point *a, const struct predictor_point *b)
{
	double off_k = fabs(a->column[KIND_TEMP_C] - b->column[KIND_TEMP_C]);

	return a->clock_hz == b->clock_hz && !strcmp(a->model_sha256, b->model_sha256) &&
	       !(off_k > DATASET_TEMPERATURE_GAP_K);
}

/* Weighted by their uncertainties; other cycles (another firmware) are the new ones. */
static void merge_point(struct predictor_point *into, const struct predictor_point *by)
{
	double a = 1 / (into->u * into->u), b = 1 / (by->u * by->u);

	if (fabs(into->column[KIND_CYCLES] / by->column[KIND_CYCLES] - 1) > 1e-3 ||
	    !isfinite(a + b)) {
		*into = *by;
		return;
	}
	into->measured = (a * into->measured + b * by->measured) / (a + b);
	into->u = sqrt(1 / (a + b));
	memcpy(into->meter, by->meter, sizeof(into->meter));
}

static int merge_points(struct predictor_cell *cell, const struct predictor_cell *by)
{
	void *bigger = realloc(cell->points,
			       (cell->point_count + by->point_count + 1) * sizeof(*cell->points));

	if (!bigger)
		return -ENOMEM;
	cell->points = bigger;
	for (size_t i = 0; i < by->point_count; i++) {
		size_t k = 0;

		while (k < cell->point_count && !same_point(&cell->points[k], &by->points[i]))
			k++;
		if (k < cell->point_count)
			merge_point(&cell->points[k], &by->points[i]);
		else
			cell->points[cell->point_count++] = by->points[i];
	}
	return 0;
}

/* Everything of a cell but its coefficients, widened by another. */
static int merge(struct predictor_cell *cell, const struct predictor_cell *by)
{
	for (unsigned c = 0; c < KIND_COLUMNS; c++)
		widen(&cell->range[c], &by->range[c]);
	for (unsigned c = 0; c < KIND_CLASSES_MAX; c++)
		widen(&cell->class_range[c], &by->class_range[c]);
	if (strcmp(by->first_utc, cell->first_utc) < 0)
		memcpy(cell->first_utc, by->first_utc, sizeof(cell->first_utc));
	if (strcmp(by->last_utc, cell->last_utc) > 0)
		memcpy(cell->last_utc, by->last_utc, sizeof(cell->last_utc));
	memcpy(cell->firmware_crc32, by->firmware_crc32, sizeof(cell->firmware_crc32));
	memcpy(cell->compiler, by->compiler, sizeof(cell->compiler));
	cell->windows += by->windows;
	for (size_t m = 0; m < by->meter_count; m++) {
		size_t k = 0;

		while (k < cell->meter_count && strcmp(cell->meters[k], by->meters[m]) != 0)
			k++;
		if (k == cell->meter_count && k < PREDICTOR_METERS_MAX)
			memcpy(cell->meters[cell->meter_count++], by->meters[m],
			       sizeof(cell->meters[0]));
	}
	return merge_points(cell, by);
}

static void judge_points(const struct predictor *predictor, struct predictor_cell *cell)
{
	cell->mape_pct = cell->max_error_pct = 0;
	cell->models = 0;
	for (size_t i = 0; i < cell->point_count; i++) {
		const struct predictor_point *point = &cell->points[i];
		double off_pct = 100 * fabs(predictor_point_value(predictor, cell, point, NULL) /
						    point->measured -
					    1);
		size_t k = 0;

		cell->mape_pct += off_pct / (double)cell->point_count;
		cell->max_error_pct = fmax(cell->max_error_pct, off_pct);
		while (strcmp(cell->points[k].model_sha256, point->model_sha256) != 0)
			k++;
		cell->models += k == i;
	}
}

/* A gain that one meter shares between old and new does not average out. */
static int combine(const struct predictor_cell *old, const struct predictor_cell *new,
		   bool same_networks, struct estimate *ret_estimate, double *ret_p)
{
	bool one_gain = old->one_meter && new->one_meter && old->meter_count && new->meter_count &&
			!strcmp(old->meters[0], new->meters[0]);
	struct estimate a = old->estimate, b = new->estimate, both;
	const struct estimate *better;
	int code;

	if (one_gain) {
		combine_common_remove(&a, old->common_rel);
		combine_common_remove(&b, new->common_rel);
	}
	code = combine_two(&a, &b, &both, ret_p);
	if (code)
		return code;
	better = a.covariance[0][0] < b.covariance[0][0] ? &a : &b;
	if (same_networks) {
		memcpy(both.covariance, better->covariance, sizeof(both.covariance));
		both.dof = better->dof;
	}
	combine_common_add(&both, one_gain ? fmax(old->common_rel, new->common_rel) : 0);
	*ret_estimate = both;
	return 0;
}

static void scale(struct predictor_cell *cell, const struct bias *bias)
{
	struct estimate *estimate = &cell->estimate;
	double factor = 1 + bias->mean;

	/* Ts, and any parameter the value is not proportional to, stays. */
	for (size_t j = 0; j < estimate->parameters; j++) {
		bool scales_j = strcmp(predictor_coefficient_unit(cell, j), "K") != 0;

		estimate->value[j] *= scales_j ? factor : 1;
		for (size_t k = 0; k < estimate->parameters; k++) {
			bool scales_k = strcmp(predictor_coefficient_unit(cell, k), "K") != 0;

			estimate->covariance[j][k] *=
				(scales_j ? factor : 1) * (scales_k ? factor : 1);
		}
	}
	for (size_t j = 0; j < estimate->parameters; j++)
		for (size_t k = 0; k < estimate->parameters; k++)
			if (strcmp(predictor_coefficient_unit(cell, j), "K") != 0 &&
			    strcmp(predictor_coefficient_unit(cell, k), "K") != 0)
				estimate->covariance[j][k] += bias->u * bias->u *
							      estimate->value[j] *
							      estimate->value[k] / factor / factor;
	for (size_t j = 0; j < estimate->parameters; j++)
		estimate->u[j] = sqrt(estimate->covariance[j][j]);
}

struct fresh {
	struct fitted fitted;
	struct predictor_cell cell;
	bool fits;
	char reason[200];
};

static int fresh_make(const struct dataset *dataset, const struct verify_cell *checked, bool robust,
		      const struct candidate *candidate, struct fresh *fresh)
{
	struct build_options options = {.robust = robust};
	struct fit_options fit_options = build_fit_options(&options);
	int ret = fitted_make(dataset, checked->index, checked->points, candidate, &fit_options,
			      &fresh->fitted);

	if (ret)
		return ret;
	fresh->fits = fresh->fitted.count == 1 && !fresh->fitted.cells[0].reason;
	if (!fresh->fits)
		fitted_cell_reason(&fresh->fitted, &fresh->fitted.cells[0], fresh->reason,
				   sizeof(fresh->reason));
	return build_cell(&fresh->fitted, &fresh->fitted.cells[0], &fresh->cell);
}

static void replace(struct predictor_cell *cell, struct predictor_cell *by)
{
	struct predictor_point *points = cell->points;

	memcpy(cell->compiler, by->compiler, sizeof(cell->compiler));
	memcpy(cell->firmware_crc32, by->firmware_crc32, sizeof(cell->firmware_crc32));
	memcpy(cell->first_utc, by->first_utc, sizeof(cell->first_utc));
	memcpy(cell->last_utc, by->last_utc, sizeof(cell->last_utc));
	memcpy(cell->range, by->range, sizeof(cell->range));
	memcpy(cell->class_range, by->class_range, sizeof(cell->class_range));
	memcpy(cell->meters, by->meters, sizeof(cell->meters));
	memcpy(cell->levels, by->levels, sizeof(cell->levels));
	cell->meter_count = by->meter_count;
	cell->level_count = by->level_count;
	cell->windows = by->windows;
	cell->models = by->models;
	cell->common_rel = by->common_rel;
	cell->one_meter = by->one_meter;
	cell->mape_pct = by->mape_pct;
	cell->max_error_pct = by->max_error_pct;
	cell->estimate = by->estimate;
	cell->points = by->points;
	cell->point_count = by->point_count;
	by->points = points;
}

static int apply(const struct predictor *predictor, const struct verify_cell *checked,
		 double significance, struct fresh *fresh, struct predictor_cell *cell,
		 struct refit_row *row)
{
	bool same_networks = 2 * checked->seen >= checked->points;
	struct estimate both;
	char text[256];
	double p = NAN;
	int ret;

	if (checked->moved && fresh->fits) {
		replace(cell, &fresh->cell);
		say(row, cell, "replaced", "it moved: fitted from the new data alone");
		return 0;
	}
	if (checked->moved) {
		scale(cell, &checked->bias);
		ret = merge(cell, &fresh->cell);
		snprintf(text, sizeof(text), "it moved, and the new data bear no fit (%s)",
			 fresh->reason);
		say(row, cell, "scaled", text);
		judge_points(predictor, cell);
		return ret;
	}
	if (!fresh->fits) {
		snprintf(text, sizeof(text), "it agrees; the new data bear no fit (%s)",
			 fresh->reason);
		say(row, cell, "kept", text);
		return 0;
	}
	if (combine(checked->cell, &fresh->cell, same_networks, &both, &p) || p < significance) {
		snprintf(text, sizeof(text),
			 "on the whole it agrees, its coefficients do not (p %.2g): kept", p);
		say(row, cell, "kept", text);
		return 0;
	}
	cell->estimate = both;
	cell->common_rel = fmax(cell->common_rel, fresh->cell.common_rel);
	cell->one_meter = cell->one_meter && fresh->cell.one_meter &&
			  !strcmp(cell->meters[0], fresh->cell.meters[0]);
	ret = merge(cell, &fresh->cell);
	judge_points(predictor, cell);
	say(row, cell, "combined",
	    same_networks ? "it agrees; the same networks" : "it agrees; other networks");
	return ret;
}

int refit_cell(const struct predictor *predictor, const struct dataset *dataset,
	       const struct verify_cell *checked, double significance, bool robust,
	       struct predictor_cell *cell, struct refit_row *row)
{
	/* One cell, whatever it was made of; its name stays. */
	struct candidate candidate = {
		"refit", cell->model,
		LAYOUT_BOARD | (cell->clock_hz ? (unsigned)LAYOUT_LEVEL : 0), false};
	struct fresh fresh = {.fits = false};
	int ret;

	if (checked->unchecked[0]) {
		say(row, cell, "kept", checked->unchecked);
		return 0;
	}
	if (cell->model->is_log_linear) {
		say(row, cell, "kept",
		    "its slopes are those of all boards: fit again from all the data");
		return 0;
	}
	ret = fresh_make(dataset, checked, robust, &candidate, &fresh);
	if (!ret)
		ret = apply(predictor, checked, significance, &fresh, cell, row);
	free(fresh.cell.points);
	fitted_done(&fresh.fitted);
	return ret ? -ENOMEM : 0;
}
