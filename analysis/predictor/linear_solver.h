/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One linear least-squares problem while it is being solved: the inside of linear_fit.
 */
#ifndef ANALYSIS_PREDICTOR_LINEAR_SOLVER_H
#define ANALYSIS_PREDICTOR_LINEAR_SOLVER_H

#include "analysis/predictor/linear.h"
#include "analysis/predictor/tsqr.h"
#include "analysis/predictor/whiten.h"

struct linear_solver {
	const struct fit_points *points;
	const double *x;
	size_t columns, stride; /* stride: columns + 1, with the response */
	struct tsqr *tsqr;
	struct whiten whiten;
	double *weights;    /* robust; NULL: all 1 */
	double *expected;   /* NULL: neither common nor relative parts */
	double weights_sum; /* count without robust weights */
	double scatter_rel, u_factor;
	double triangle[TSQR_COLUMNS_MAX * TSQR_COLUMNS_MAX];
	double coef[ESTIMATE_MAX];
	double chi2;
};

/* Weights 1. 0 or ANALYSIS_NO_MEMORY (nothing is owned then). points and x stay the caller's. */
int linear_solver_init(struct linear_solver *solver, const struct fit_points *points,
		       const double *x, size_t columns, const struct fit_options *options);

void linear_solver_done(struct linear_solver *solver);

/* One pass over the points: fills triangle. common: with what the points of a meter share. */
void linear_solver_decompose(struct linear_solver *solver, bool common);

/* Coefficients and chi2 from the triangle; refine: with extended residuals, if the problem is
 * small. ANALYSIS_SOLVER: a column is exactly dependent. */
int linear_solver_use(struct linear_solver *solver, bool common, bool refine);

/* Both. */
int linear_solver_solve(struct linear_solver *solver, bool common, bool refine);

double linear_solver_fitted(const struct linear_solver *solver, size_t index);

#endif
