/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/linear_solver.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/trace/error.h"

/* Above this many elements a refinement costs more than it is worth: one more pass over rows that
 * no cache holds. */
enum { REFINE_ELEMENTS_MAX = 1 << 18 };

void linear_solver_done(struct linear_solver *solver)
{
	tsqr_free(solver->tsqr);
	whiten_done(&solver->whiten);
	free(solver->weights);
	free(solver->expected);
}

int linear_solver_init(struct linear_solver *solver, const struct fit_points *points,
		       const double *x, size_t columns, const struct fit_options *options)
{
	bool common = points->common_rel != NULL;
	int code = 0;

	*solver = (struct linear_solver){.points = points,
					 .x = x,
					 .columns = columns,
					 .stride = columns + 1,
					 .tsqr = tsqr_new(columns + 1),
					 .weights_sum = (double)points->count,
					 .u_factor = 1};
	if (common)
		code = whiten_init(&solver->whiten, columns + 1, points->meters);
	if (options->robust)
		solver->weights = calloc(points->count, sizeof(double));
	if (common || options->scatter == SCATTER_RELATIVE)
		solver->expected = calloc(points->count, sizeof(double));
	if (code || !solver->tsqr || (options->robust && !solver->weights) ||
	    ((common || options->scatter == SCATTER_RELATIVE) && !solver->expected)) {
		linear_solver_done(solver);
		return ANALYSIS_NO_MEMORY;
	}
	for (size_t i = 0; options->robust && i < points->count; i++)
		solver->weights[i] = 1;
	return 0;
}

/* 1 / the independent standard uncertainty of a point; 0: it has no weight. */
static double row_factor(const struct linear_solver *solver, size_t i)
{
	double u = solver->points->u_y[i] * solver->u_factor, factor;

	if (solver->scatter_rel > 0)
		u = hypot(u, solver->scatter_rel * solver->expected[i]);
	factor = 1 / u;
	return solver->weights ? factor * sqrt(solver->weights[i]) : factor;
}

static double row_ratio(const struct linear_solver *solver, size_t i, double factor,
			uint32_t *ret_meter)
{
	*ret_meter = solver->points->meter ? solver->points->meter[i] : 0;
	return solver->points->common_rel[*ret_meter] * solver->expected[i] * factor;
}

/* Row i, whitened, with the response last. common: also of what the meter's points share. */
static void row_make(struct linear_solver *solver, size_t i, bool common, double *ret_row)
{
	const double *x = solver->x + i * solver->columns;
	double factor = row_factor(solver, i);
	uint32_t meter;

	for (size_t j = 0; j < solver->columns; j++)
		ret_row[j] = factor * x[j];
	ret_row[solver->columns] = factor * solver->points->y[i];
	if (common) {
		double ratio = row_ratio(solver, i, factor, &meter);

		whiten_row(&solver->whiten, meter, ratio, ret_row);
	}
}

void linear_solver_decompose(struct linear_solver *solver, bool common)
{
	double row[TSQR_COLUMNS_MAX];

	tsqr_clear(solver->tsqr);
	if (common)
		whiten_restart(&solver->whiten);
	for (size_t i = 0; i < solver->points->count; i++) {
		if (common) {
			row_make(solver, i, true, row);
			tsqr_add_row(solver->tsqr, row, 1);
		} else {
			tsqr_add_point(solver->tsqr, solver->x + i * solver->columns,
				       solver->points->y[i], row_factor(solver, i));
		}
	}
	tsqr_triangle(solver->tsqr, solver->triangle);
}

/* Adds (R'R)^-1 X'(y - X coef) with residuals and sums in extended precision, and makes chi2 from
 * the same residuals. */
static void pass_refine(struct linear_solver *solver, bool common)
{
	long double slope[ESTIMATE_MAX] = {0}, squares = 0;
	double step[ESTIMATE_MAX], row[TSQR_COLUMNS_MAX];

	if (common)
		whiten_restart(&solver->whiten);
	for (size_t i = 0; i < solver->points->count; i++) {
		long double residual;

		row_make(solver, i, common, row);
		residual = row[solver->columns];
		for (size_t j = 0; j < solver->columns; j++)
			residual -= (long double)row[j] * solver->coef[j];
		for (size_t j = 0; j < solver->columns; j++)
			slope[j] += residual * row[j];
		squares += residual * residual;
	}
	solver->chi2 = (double)squares;
	for (size_t j = 0; j < solver->columns; j++)
		step[j] = (double)slope[j];
	triangle_solve_transposed(solver->triangle, solver->stride, solver->columns, step);
	triangle_solve(solver->triangle, solver->stride, solver->columns, step);
	for (size_t j = 0; j < solver->columns; j++)
		solver->coef[j] += step[j];
}

int linear_solver_use(struct linear_solver *solver, bool common, bool refine)
{
	double last;

	for (size_t j = 0; j < solver->columns; j++) {
		solver->coef[j] = solver->triangle[j * solver->stride + solver->columns];
		if (solver->triangle[j * solver->stride + j] == 0)
			return ANALYSIS_SOLVER;
	}
	triangle_solve(solver->triangle, solver->stride, solver->columns, solver->coef);
	last = solver->triangle[solver->columns * solver->stride + solver->columns];
	solver->chi2 = last * last;
	if (refine && solver->points->count * solver->columns <= REFINE_ELEMENTS_MAX) {
		pass_refine(solver, common);
		pass_refine(solver, common);
	}
	for (size_t j = 0; j < solver->columns; j++)
		if (!isfinite(solver->coef[j]))
			return ANALYSIS_SOLVER;
	return 0;
}

int linear_solver_solve(struct linear_solver *solver, bool common, bool refine)
{
	linear_solver_decompose(solver, common);
	return linear_solver_use(solver, common, refine);
}

double linear_solver_fitted(const struct linear_solver *solver, size_t i)
{
	const double *x = solver->x + i * solver->columns;
	double fitted = 0;

	for (size_t j = 0; j < solver->columns; j++)
		fitted += solver->coef[j] * x[j];
	return fitted;
}
