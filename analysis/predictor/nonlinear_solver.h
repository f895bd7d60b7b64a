/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One nonlinear least-squares problem while it is being solved: the inside of nonlinear_fit.
 */
#ifndef ANALYSIS_PREDICTOR_NONLINEAR_SOLVER_H
#define ANALYSIS_PREDICTOR_NONLINEAR_SOLVER_H

#include <gsl/gsl_multifit_nlinear.h>

#include "analysis/predictor/nonlinear.h"
#include "analysis/predictor/tsqr.h"
#include "analysis/predictor/whiten.h"

struct nonlinear_solver {
	const struct fit_points *points;
	const struct nonlinear_problem *problem;
	size_t parameters;
	struct tsqr *tsqr;
	struct whiten whiten;
	bool common;
	double *weights, *expected; /* robust weights, expected values: always there */
	double *fitted;
	double weights_sum, scatter_rel, u_factor;
	double value[ESTIMATE_MAX];
	bool at_bound[ESTIMATE_MAX];
	size_t free_count, free_index[ESTIMATE_MAX];
	double triangle[TSQR_COLUMNS_MAX * TSQR_COLUMNS_MAX];
	double chi2, offset;
	unsigned iterations;
};

/* Start values, weights 1, expected values as measured. 0 or ANALYSIS_NO_MEMORY (nothing is owned
 * then). points and problem stay the caller's. */
int nonlinear_solver_init(struct nonlinear_solver *solver, const struct fit_points *points,
			  const struct nonlinear_problem *problem);

void nonlinear_solver_done(struct nonlinear_solver *solver);

/* Fills triangle (free parameters' columns, the residual last) and fitted at value. Returns chi2.
 */
double nonlinear_solver_decompose(struct nonlinear_solver *solver, const double *value);

/* Minimises chi2 with the present weights, expected values and scatter, from value on.
 * ANALYSIS_SOLVER: no convergence. */
int nonlinear_solver_solve(struct nonlinear_solver *solver, gsl_multifit_nlinear_workspace *work);

#endif
