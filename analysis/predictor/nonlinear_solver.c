/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/nonlinear_solver.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/bounds.h"
#include "analysis/trace/error.h"

enum { ITERATIONS_MAX = 2000, POLISH_MAX = 100 };

/* Residuals where the model is not a number: far too large to be accepted. */
#define RESIDUAL_REFUSED 1e100
/* Largest relative offset of a converged fit: parameters are then within that part of their
 * standard uncertainty (Bates & Watts ask for 1e-3). Below the second, rounding rules. */
#define OFFSET_MAX      1e-5
#define OFFSET_POLISHED 1e-11
/* chi2 is flat at its minimum: below this only the offset tells better from worse. */
#define CHI2_ROUNDING 1e-10

void nonlinear_solver_done(struct nonlinear_solver *solver)
{
	tsqr_free(solver->tsqr);
	whiten_done(&solver->whiten);
	free(solver->weights);
	free(solver->expected);
	free(solver->fitted);
}

int nonlinear_solver_init(struct nonlinear_solver *solver, const struct fit_points *points,
			  const struct nonlinear_problem *problem)
{
	int code;

	*solver = (struct nonlinear_solver){
		.points = points,
		.problem = problem,
		.parameters = problem->parameters,
		.tsqr = tsqr_new(problem->parameters + 1),
		.common = points->common_rel != NULL,
		.weights = calloc(points->count, sizeof(double)),
		.expected = calloc(points->count, sizeof(double)),
		.fitted = calloc(points->count, sizeof(double)),
		.weights_sum = (double)points->count,
		.u_factor = 1,
	};
	code = whiten_init(&solver->whiten, problem->parameters + 1,
			   solver->common ? points->meters : 1);
	if (code || !solver->tsqr || !solver->weights || !solver->expected || !solver->fitted) {
		nonlinear_solver_done(solver);
		return ANALYSIS_NO_MEMORY;
	}
	for (size_t i = 0; i < points->count; i++) {
		solver->weights[i] = 1;
		solver->expected[i] = points->y[i];
	}
	for (size_t j = 0; j < problem->parameters; j++)
		solver->value[j] = problem->parameter[j].start;
	return 0;
}

/* Row i at value: derivatives, then y - model, all whitened. */
static void row_make(struct nonlinear_solver *solver, size_t i, const double *value,
		     double *ret_row)
{
	size_t last = solver->parameters;
	double u = solver->points->u_y[i] * solver->u_factor, factor, model;
	uint32_t meter = solver->common && solver->points->meter ? solver->points->meter[i] : 0;

	model = solver->problem->model(solver->problem->context, i, value, ret_row);
	solver->fitted[i] = model;
	u = hypot(u, solver->scatter_rel * solver->expected[i]);
	factor = sqrt(solver->weights[i]) / u;
	ret_row[last] = solver->points->y[i] - model;
	for (size_t j = 0; j <= last; j++)
		ret_row[j] = isfinite(ret_row[j]) ? factor * ret_row[j] : RESIDUAL_REFUSED;
	if (solver->common)
		whiten_row(&solver->whiten, meter,
			   solver->points->common_rel[meter] * solver->expected[i] * factor,
			   ret_row);
}

/* GSL's view: f = model - y and its derivatives by the mapped parameters. */
static int gsl_residuals(const gsl_vector *mapped, void *state, gsl_vector *f)
{
	struct nonlinear_solver *solver = state;
	double value[ESTIMATE_MAX], row[TSQR_COLUMNS_MAX];

	for (size_t j = 0; j < solver->parameters; j++)
		value[j] = bound_outward(&solver->problem->parameter[j], gsl_vector_get(mapped, j),
					 NULL);
	whiten_restart(&solver->whiten);
	for (size_t i = 0; i < solver->points->count; i++) {
		row_make(solver, i, value, row);
		gsl_vector_set(f, i, -row[solver->parameters]);
	}
	return GSL_SUCCESS;
}

static int gsl_derivatives(const gsl_vector *mapped, void *state, gsl_matrix *jacobian)
{
	struct nonlinear_solver *solver = state;
	double value[ESTIMATE_MAX], chain[ESTIMATE_MAX], row[TSQR_COLUMNS_MAX];

	for (size_t j = 0; j < solver->parameters; j++)
		value[j] = bound_outward(&solver->problem->parameter[j], gsl_vector_get(mapped, j),
					 &chain[j]);
	whiten_restart(&solver->whiten);
	for (size_t i = 0; i < solver->points->count; i++) {
		row_make(solver, i, value, row);
		for (size_t j = 0; j < solver->parameters; j++)
			gsl_matrix_set(jacobian, i, j, row[j] * chain[j]);
	}
	return GSL_SUCCESS;
}

static int descend(struct nonlinear_solver *solver, gsl_multifit_nlinear_workspace *work)
{
	gsl_multifit_nlinear_fdf functions = {.f = gsl_residuals,
					      .df = gsl_derivatives,
					      .n = solver->points->count,
					      .p = solver->parameters,
					      .params = solver};
	unsigned most = solver->problem->iterations_max;
	double start[ESTIMATE_MAX];
	gsl_vector_view view = gsl_vector_view_array(start, solver->parameters);
	int why = 0;

	for (size_t j = 0; j < solver->parameters; j++)
		start[j] = bound_inward(
			&solver->problem->parameter[j],
			bound_inside(&solver->problem->parameter[j], solver->value[j]));
	if (gsl_multifit_nlinear_init(&view.vector, &functions, work) != GSL_SUCCESS)
		return ANALYSIS_SOLVER;
	/* What it returns does not matter: the relative offset decides. */
	gsl_multifit_nlinear_driver(most ? most : ITERATIONS_MAX, 1e-14, 1e-16, 0, NULL, NULL, &why,
				    work);
	solver->iterations += (unsigned)gsl_multifit_nlinear_niter(work);
	for (size_t j = 0; j < solver->parameters; j++)
		solver->value[j] = bound_outward(&solver->problem->parameter[j],
						 gsl_vector_get(work->x, j), NULL);
	return 0;
}

static void bounds_hold(struct nonlinear_solver *solver)
{
	solver->free_count = 0;
	for (size_t j = 0; j < solver->parameters; j++) {
		solver->at_bound[j] =
			bound_touches(&solver->problem->parameter[j], &solver->value[j]);
		if (!solver->at_bound[j])
			solver->free_index[solver->free_count++] = j;
	}
}

double nonlinear_solver_decompose(struct nonlinear_solver *solver, const double *value)
{
	double row[TSQR_COLUMNS_MAX], picked[TSQR_COLUMNS_MAX + 1] = {0}, chi2 = 0;
	size_t n = solver->free_count;

	tsqr_clear(solver->tsqr);
	whiten_restart(&solver->whiten);
	for (size_t i = 0; i < solver->points->count; i++) {
		row_make(solver, i, value, row);
		for (size_t k = 0; k < n; k++)
			picked[k] = row[solver->free_index[k]];
		chi2 += row[solver->parameters] * row[solver->parameters];
		tsqr_add_point(solver->tsqr, picked, row[solver->parameters], 1);
	}
	tsqr_triangle(solver->tsqr, solver->triangle);
	return chi2;
}

/* Columns: all parameters (those held are zero and last), then the residual. */
static double relative_offset(const struct nonlinear_solver *solver)
{
	size_t stride = solver->parameters + 1, n = solver->free_count;
	double explained = 0, rest, dof = (double)solver->points->count - (double)n;

	for (size_t k = 0; k < n; k++) {
		double part = solver->triangle[k * stride + stride - 1];

		explained += part * part;
	}
	rest = fmax(solver->chi2 - explained, 0);
	if (explained == 0 || !n)
		return 0;
	return sqrt((explained / (double)n) / (rest / dof));
}

/* One Gauss-Newton step, halved until chi2 falls. false: none does. */
static bool polish_step(struct nonlinear_solver *solver)
{
	size_t stride = solver->parameters + 1, n = solver->free_count;
	double step[ESTIMATE_MAX], trial[ESTIMATE_MAX], before = solver->chi2;

	for (size_t k = 0; k < n; k++) {
		step[k] = solver->triangle[k * stride + stride - 1];
		if (solver->triangle[k * stride + k] == 0)
			return false;
	}
	triangle_solve(solver->triangle, stride, n, step);
	for (double part = 1; part > 1e-4; part /= 4) {
		memcpy(trial, solver->value, sizeof(trial));
		for (size_t k = 0; k < n; k++) {
			size_t j = solver->free_index[k];

			trial[j] = bound_clamp(&solver->problem->parameter[j],
					       trial[j] + part * step[k]);
		}
		solver->chi2 = nonlinear_solver_decompose(solver, trial);
		if (solver->chi2 <= before * (1 + CHI2_ROUNDING)) {
			memcpy(solver->value, trial, sizeof(trial));
			return true;
		}
	}
	return false;
}

static void polish(struct nonlinear_solver *solver)
{
	double best;

	bounds_hold(solver);
	solver->chi2 = nonlinear_solver_decompose(solver, solver->value);
	solver->offset = relative_offset(solver);
	for (unsigned k = 0; k < POLISH_MAX && solver->offset > OFFSET_POLISHED; k++) {
		double keep[ESTIMATE_MAX];

		best = solver->offset;
		memcpy(keep, solver->value, sizeof(keep));
		if (polish_step(solver)) {
			bounds_hold(solver);
			solver->chi2 = nonlinear_solver_decompose(solver, solver->value);
			solver->offset = relative_offset(solver);
			if (solver->offset < best || solver->offset > 1e-3)
				continue;
		}
		memcpy(solver->value, keep, sizeof(keep));
		bounds_hold(solver);
		solver->chi2 = nonlinear_solver_decompose(solver, keep);
		solver->offset = best;
		break;
	}
}

/* The residuals are nothing but rounding of y: an exact fit has no offset to judge. */
static bool fit_exact(const struct nonlinear_solver *solver)
{
	double squares = 0;

	for (size_t i = 0; i < solver->points->count; i++) {
		double part = solver->points->y[i] / solver->points->u_y[i];

		squares += part * part;
	}
	return solver->chi2 <= 1e-24 * squares;
}

int nonlinear_solver_solve(struct nonlinear_solver *solver, gsl_multifit_nlinear_workspace *work)
{
	int code = descend(solver, work);

	if (code)
		return code;
	polish(solver);
	for (size_t j = 0; j < solver->parameters; j++)
		if (!isfinite(solver->value[j]))
			return ANALYSIS_SOLVER;
	return solver->offset <= OFFSET_MAX || fit_exact(solver) ? 0 : ANALYSIS_SOLVER;
}
