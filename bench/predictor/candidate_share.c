/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Log-linear kinds: each cell has a level of its own, all of them share the slopes.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/slopes.h"
#include "analysis/trace/error.h"
#include "bench/predictor/candidate_parts.h"

/* Points of the fit and of other families as slopes_fit takes them. */
struct shared {
	struct fitted *fitted;
	double *ln_y, *u_rel, *z;
	uint32_t *cell;
	size_t count, cells;
};

static void shared_done(struct shared *shared)
{
	free(shared->ln_y);
	free(shared->u_rel);
	free(shared->z);
	free(shared->cell);
}

static int shared_init(struct shared *shared, struct fitted *fitted)
{
	size_t most = fitted->dataset->count + 1;

	*shared = (struct shared){.fitted = fitted,
				  .ln_y = calloc(most, sizeof(double)),
				  .u_rel = calloc(most, sizeof(double)),
				  .z = calloc(most * SLOPES_MAX, sizeof(double)),
				  .cell = calloc(most, sizeof(uint32_t))};
	if (shared->ln_y && shared->u_rel && shared->z && shared->cell)
		return 0;
	shared_done(shared);
	return -ENOMEM;
}

/* The columns of one point, as a table of it. */
static enum kind_column point_table(const struct model_kind *kind,
				    const struct dataset_point *point, struct kind_table *ret_table)
{
	*ret_table = (struct kind_table){.points = {.count = 1}};
	for (unsigned c = KIND_CYCLES; c < KIND_COLUMNS; c++)
		ret_table->column[c] = &point->column[c];
	return kind_lacks(kind, ret_table);
}

static enum kind_column add_point(struct shared *shared, const struct dataset_point *point,
				  size_t cell)
{
	const struct model_kind *kind = shared->fitted->candidate->kind;
	size_t at = shared->count;
	struct kind_table table;
	enum kind_column lacks = point_table(kind, point, &table);
	double base;

	if (lacks)
		return lacks;
	kind_log_linear(kind, &table, 0, &base, shared->z + at * (kind->parameters - 1));
	shared->ln_y[at] = log(point->energy_j / base);
	shared->u_rel[at] = point->energy_u_j / point->energy_j;
	shared->cell[at] = (uint32_t)cell;
	shared->count++;
	return 0;
}

/* A cell that lacks a column in one point has no fit. */
static void add_own(struct shared *shared)
{
	struct fitted *fitted = shared->fitted;

	for (size_t c = 0; c < fitted->count; c++) {
		struct fitted_cell *cell = &fitted->cells[c];
		size_t before = shared->count;

		cell->one_meter = true;
		for (size_t i = 0; i < cell->count && !cell->reason; i++) {
			const struct dataset_point *points = fitted->dataset->points;
			const struct dataset_point *point = &points[cell->index[i]];

			cell->common_rel = fmax(cell->common_rel, point->energy_common_rel);
			cell->one_meter &= !strcmp(point->meter, points[cell->index[0]].meter);
			cell->lacks = add_point(shared, point, c);
			cell->reason = cell->lacks ? -EDOM : 0;
		}
		if (cell->reason)
			shared->count = before;
	}
	shared->cells = fitted->count;
}

/* Cells of other families follow each other in the dataset. */
static void add_others(struct shared *shared)
{
	const struct dataset *dataset = shared->fitted->dataset;
	const struct dataset_point *own, *last = NULL;
	unsigned layout = shared->fitted->candidate->layout;

	if (!shared->fitted->count)
		return;
	own = &dataset->points[shared->fitted->cells[0].index[0]];
	for (size_t i = 0; i < dataset->count; i++) {
		const struct dataset_point *point = &dataset->points[i];

		if (dataset_same_family(point, own) || point->is_virtual != own->is_virtual)
			continue;
		if (!last || !dataset_same_family(point, last) ||
		    !candidate_same_cell(point, last, layout))
			shared->cells++;
		last = point;
		add_point(shared, point, shared->cells - 1);
	}
}

/* What a fit of one cell alone says of its residuals. */
static void residuals_fill(const struct fitted *fitted, struct fitted_cell *cell)
{
	const struct dataset_point *points = fitted->dataset->points;
	double gradient[ESTIMATE_MAX], sum = 0, squares = 0, mean = 0;
	struct kind_table table;

	for (size_t i = 0; i < cell->count; i++)
		mean += points[cell->index[i]].energy_j / (double)cell->count;
	for (size_t i = 0; i < cell->count; i++) {
		const struct dataset_point *point = &points[cell->index[i]];
		double off;

		point_table(fitted->candidate->kind, point, &table);
		off = point->energy_j -
		      fitted->candidate->kind->value(&table, 0, cell->estimate.value, gradient);
		squares += off * off;
		sum += (point->energy_j - mean) * (point->energy_j - mean);
	}
	cell->estimate.residual_sd = sqrt(squares / fmax(1, (double)cell->count - 1));
	cell->estimate.r2 = sum > 0 ? 1 - squares / sum : 0;
}

static void cells_fill(struct fitted *fitted, const struct slopes *slopes, int code)
{
	for (size_t c = 0; c < fitted->count; c++) {
		struct fitted_cell *cell = &fitted->cells[c];

		if (!cell->reason)
			cell->reason = code;
		if (!cell->reason)
			cell->reason = slopes_estimate(slopes, (uint32_t)c, cell->common_rel,
						       &cell->estimate);
		if (!cell->reason)
			residuals_fill(fitted, cell);
	}
}

int candidate_share(struct fitted *fitted)
{
	struct condition condition = {0};
	struct shared shared;
	struct slopes slopes = {0};
	struct slopes_points points;
	int ret = shared_init(&shared, fitted), code;

	if (ret)
		return ret;
	add_own(&shared);
	add_others(&shared);
	points = (struct slopes_points){.count = shared.count,
					.slopes = fitted->candidate->kind->parameters - 1,
					.cells = shared.cells,
					.ln_y = shared.ln_y,
					.u_rel = shared.u_rel,
					.z = shared.z,
					.cell = shared.cell};
	code = slopes_fit(&points, &slopes, &condition);
	for (size_t k = 0; k < condition.offenders; k++)
		condition.offender[k]++; /* the first parameter is the cell's own */
	if (code == ANALYSIS_NO_MEMORY)
		ret = -ENOMEM;
	for (size_t c = 0; c < fitted->count && !ret; c++)
		fitted->cells[c].condition = condition;
	if (!ret)
		cells_fill(fitted, &slopes, code);
	slopes_done(&slopes);
	shared_done(&shared);
	return ret;
}
