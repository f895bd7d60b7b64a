/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/combine.h"
#include "bench/predictor/query.h"

static double apart_k(const struct predictor_cell *a, const struct predictor_cell *b)
{
	const struct predictor_range *x = &a->range[KIND_TEMP_C], *y = &b->range[KIND_TEMP_C];

	if (isnan(x->min) || isnan(y->min))
		return 0;
	return fmax(0, fmax(x->min - y->max, y->min - x->max));
}

static bool same_place(const struct predictor_cell *a, const struct predictor_cell *b)
{
	return a->model->response == b->model->response && !strcmp(a->board, b->board) &&
	       !strcmp(a->board_uid, b->board_uid) && !strcmp(a->chip, b->chip) &&
	       !strcmp(a->build, b->build) && !strcmp(a->runtime, b->runtime) &&
	       a->clock_hz == b->clock_hz && apart_k(a, b) <= QUERY_TEMPERATURE_MARGIN_K;
}

static const struct predictor_cell *counterpart(const struct predictor *in,
						const struct predictor_cell *cell)
{
	const struct predictor_cell *best = NULL;

	for (size_t c = 0; c < in->cell_count; c++)
		if (same_place(&in->cells[c], cell) &&
		    (!best || apart_k(&in->cells[c], cell) < apart_k(best, cell)))
			best = &in->cells[c];
	return best;
}

static double two_sided(double z)
{
	return erfc(fabs(z) / sqrt(2));
}

static void compare_coefficients(const struct comparisons *comparisons, struct compare_row *row)
{
	if (row->a->model != row->b->model ||
	    row->a->estimate.parameters != row->b->estimate.parameters)
		return;
	row->coefficient_count = row->a->estimate.parameters;
	for (size_t j = 0; j < row->coefficient_count; j++) {
		struct compare_coefficient *to = &row->coefficients[j];

		to->name = predictor_coefficient_name(comparisons->a, row->a, j);
		to->unit = predictor_coefficient_unit(row->a, j);
		to->a = row->a->estimate.value[j];
		to->b = row->b->estimate.value[j];
		to->difference = to->b - to->a;
		to->u = hypot(row->a->estimate.u[j], row->b->estimate.u[j]);
		to->p = to->u > 0 ? two_sided(to->difference / to->u) : to->difference == 0;
	}
}

/* Gradients of the mean of relative predictions, summed over points. */
struct mean_of {
	double sum, least, most, gradient_a[ESTIMATE_MAX], gradient_b[ESTIMATE_MAX];
	size_t count;
};

static void add_points(const struct comparisons *comparisons, const struct compare_row *row,
		       const struct predictor_cell *from, struct mean_of *mean)
{
	for (size_t i = 0; i < from->point_count; i++) {
		double a_gradient[ESTIMATE_MAX], b_gradient[ESTIMATE_MAX], rel;
		double a = predictor_point_value(comparisons->a, row->a, &from->points[i],
						 a_gradient);
		double b = predictor_point_value(comparisons->b, row->b, &from->points[i],
						 b_gradient);

		rel = b / a - 1;
		if (!isfinite(rel))
			continue;
		mean->least = mean->count ? fmin(mean->least, rel) : rel;
		mean->most = mean->count ? fmax(mean->most, rel) : rel;
		mean->sum += rel;
		mean->count++;
		for (size_t j = 0; j < ESTIMATE_MAX; j++) {
			if (j < row->a->estimate.parameters)
				mean->gradient_a[j] += a_gradient[j] / a;
			if (j < row->b->estimate.parameters)
				mean->gradient_b[j] += b_gradient[j] / b;
		}
	}
}

static double variance(const struct estimate *estimate, const double *gradient)
{
	double sum = 0;

	for (size_t j = 0; j < estimate->parameters; j++)
		for (size_t k = 0; k < estimate->parameters; k++)
			sum += gradient[j] * estimate->covariance[j][k] * gradient[k];
	return fmax(0, sum);
}

static void compare_predictions(const struct comparisons *comparisons, struct compare_row *row)
{
	struct mean_of mean = {0};
	double count;

	add_points(comparisons, row, row->a, &mean);
	add_points(comparisons, row, row->b, &mean);
	row->points = mean.count;
	if (!mean.count)
		return;
	count = (double)mean.count;
	row->mean_rel = mean.sum / count;
	row->least_rel = mean.least;
	row->most_rel = mean.most;
	row->mean_u_rel = sqrt(variance(&row->a->estimate, mean.gradient_a) +
			       variance(&row->b->estimate, mean.gradient_b)) /
			  count;
	row->p = row->mean_u_rel > 0 ? two_sided(row->mean_rel / row->mean_u_rel) : 1;
}

static int adjust(struct comparisons *comparisons)
{
	double *p = calloc(2 * comparisons->count + 1, sizeof(*p));
	double *adjusted = p + comparisons->count;
	size_t n = 0;

	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < comparisons->count; i++)
		if (comparisons->rows[i].points)
			p[n++] = comparisons->rows[i].p;
	holm_adjust(p, n, adjusted);
	n = 0;
	for (size_t i = 0; i < comparisons->count; i++)
		if (comparisons->rows[i].points)
			comparisons->rows[i].p_adjusted = adjusted[n++];
	free(p);
	return 0;
}

int comparisons_make(const struct predictor *a, const struct predictor *b,
		     struct comparisons *ret_comparisons, struct err *err)
{
	struct comparisons all = {.a = a, .b = b};

	all.rows = calloc(a->cell_count + b->cell_count + 1, sizeof(*all.rows));
	if (!all.rows)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t c = 0; c < a->cell_count; c++) {
		struct compare_row *row = &all.rows[all.count++];

		row->a = &a->cells[c];
		row->b = counterpart(b, row->a);
		if (!row->b)
			continue;
		compare_coefficients(&all, row);
		compare_predictions(&all, row);
	}
	for (size_t c = 0; c < b->cell_count; c++)
		if (!counterpart(a, &b->cells[c]))
			all.rows[all.count++].b = &b->cells[c];
	if (adjust(&all)) {
		comparisons_done(&all);
		return err_set(err, -ENOMEM, "out of memory");
	}
	*ret_comparisons = all;
	return 0;
}

void comparisons_done(struct comparisons *comparisons)
{
	free(comparisons->rows);
	memset(comparisons, 0, sizeof(*comparisons));
}

static void print_row(const struct compare_row *row, FILE *stream)
{
	char name[300];

	predictor_cell_name(row->a ? row->a : row->b, name, sizeof(name));
	fprintf(stream, "%s of %s%s\n", row->a ? row->a->response : row->b->response, name,
		(row->a ? row->a : row->b)->is_virtual ? " virtual" : "");
	if (!row->a || !row->b) {
		fprintf(stream, "  only in %s\n", row->a ? "A" : "B");
		return;
	}
	if (!row->coefficient_count)
		fprintf(stream, "  %s in A, %s in B\n", row->a->kind, row->b->kind);
	for (size_t j = 0; j < row->coefficient_count; j++) {
		const struct compare_coefficient *c = &row->coefficients[j];

		fprintf(stream, "  %-8s A %.6e  B %.6e  B-A %+.2e +- %.1e %s  p %.2g\n", c->name,
			c->a, c->b, c->difference, c->u, c->unit, c->p);
	}
	if (row->points)
		fprintf(stream,
			"  predictions, B against A over %zu training points: mean %+.3f %% +- "
			"%.3f %% (%+.3f to %+.3f %%), p %.2g\n",
			row->points, 100 * row->mean_rel, 100 * row->mean_u_rel,
			100 * row->least_rel, 100 * row->most_rel, row->p_adjusted);
}

void comparisons_print(const struct comparisons *comparisons, FILE *stream)
{
	fprintf(stream, "A: %s\nB: %s\n", comparisons->a->path, comparisons->b->path);
	for (size_t i = 0; i < comparisons->count; i++)
		print_row(&comparisons->rows[i], stream);
	fputs("Uncertainties as if A and B were independent: where B is a refit of A, or both "
	      "rest on the same\nmeter, differences are surer than stated. p of predictions is "
	      "adjusted for all cells (Holm).\n",
	      stream);
}

static json_t *coefficients_json(const struct compare_row *row)
{
	json_t *array = json_array();

	for (size_t j = 0; array && j < row->coefficient_count; j++) {
		const struct compare_coefficient *c = &row->coefficients[j];

		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:f}", "name",
						c->name, "unit", c->unit, "a", c->a, "b", c->b,
						"difference", c->difference, "difference_u", c->u,
						"p", c->p));
	}
	return array;
}

static json_t *row_json(const struct compare_row *row)
{
	const struct predictor_cell *cell = row->a ? row->a : row->b;
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:b, s:b}", "response",
				   cell->response, "board", cell->board, "board_uid",
				   cell->board_uid, "chip", cell->chip, "build", cell->build,
				   "runtime", cell->runtime, "clock_hz",
				   (json_int_t)cell->clock_hz, "virtual", cell->is_virtual, "in_a",
				   row->a != NULL, "in_b", row->b != NULL);

	if (object && row->a && row->b)
		json_object_update_new(object, json_pack("{s:s, s:s, s:o}", "kind_a", row->a->kind,
							 "kind_b", row->b->kind, "coefficients",
							 coefficients_json(row)));
	if (object && row->points)
		json_object_update_new(
			object, json_pack("{s:I, s:f, s:f, s:f, s:f, s:f}", "points",
					  (json_int_t)row->points, "mean_rel", row->mean_rel,
					  "mean_u_rel", row->mean_u_rel, "least_rel",
					  row->least_rel, "most_rel", row->most_rel, "p_adjusted",
					  row->p_adjusted));
	return object;
}

json_t *comparisons_json(const struct comparisons *comparisons)
{
	json_t *cells = json_array();

	for (size_t i = 0; cells && i < comparisons->count; i++)
		if (json_array_append_new(cells, row_json(&comparisons->rows[i]))) {
			json_decref(cells);
			return NULL;
		}
	return json_pack("{s:s, s:s, s:b, s:b, s:o}", "a", comparisons->a->path, "b",
			 comparisons->b->path, "virtual_a", comparisons->a->is_virtual,
			 "virtual_b", comparisons->b->is_virtual, "cells", cells);
}
