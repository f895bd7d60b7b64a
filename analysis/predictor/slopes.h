/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Log-linear models whose slopes many cells share: y = P_cell * exp(sum s_j z_j) * (1 + e). Four
 * networks on one board do not tell what a trait of networks does to power; the same four on
 * twenty boards do, while each board keeps a level P of its own (the within-groups estimator of
 * panel data: Wooldridge, Econometric Analysis of Cross Section and Panel Data, 2010, ch. 10).
 *
 * e: the stated relative uncertainty, and a miss of the model of each cell's own size. Two or three
 * residuals tell little of that size, so it is moderated: drawn towards the typical one as far as
 * the cells are alike (Smyth, Stat. Appl. Genet. Mol. Biol. 3 (2004) article 3). A board that the
 * model does not suit has little say in the slopes then, and wide intervals.
 */
#ifndef ANALYSIS_PREDICTOR_SLOPES_H
#define ANALYSIS_PREDICTOR_SLOPES_H

#include "analysis/predictor/estimate.h"

enum { SLOPES_MAX = 4 };

/* Arrays are the caller's, only read. */
struct slopes_points {
	size_t count, slopes, cells; /* slopes: 1..SLOPES_MAX */
	const double *ln_y;          /* natural logarithm */
	const double *u_rel;         /* independent relative standard uncertainties of y, > 0 */
	const double *z;             /* count rows of slopes */
	const uint32_t *cell;        /* 0..cells-1 */
};

struct slopes_cell {
	size_t count;
	double scatter_rel; /* of the model, beside what is stated */
	double dof;         /* of it: how well it is known, the typical one's share included */
	/* Weighted means of its points, and the sum of the weights. */
	double ln_y, z[SLOPES_MAX], weight;
	double chi2; /* of its residuals by what is stated */
};

/* slopes_done frees. */
struct slopes {
	size_t count, slopes;
	double value[SLOPES_MAX];
	double covariance[SLOPES_MAX][SLOPES_MAX];
	double dof;         /* points less cells that have any, less slopes */
	double typical_rel; /* scatter, what is stated included */
	double alike_dof;   /* how much a cell is like the others, INFINITY: all the same */
	struct slopes_cell *cell;
	unsigned iterations;
};

/* ret_condition (NULL: not wanted): of the slopes' columns less their cells' means, filled on
 * success and on ANALYSIS_BAD_CONDITION. ANALYSIS_BAD_ARGUMENT (not a number, cell out of range),
 * _BAD_UNCERTAINTY, _TOO_FEW_POINTS (dof below 1), _BAD_CONDITION, _SOLVER, _NO_MEMORY. */
int slopes_fit(const struct slopes_points *points, struct slopes *ret_slopes,
	       struct condition *ret_condition);
void slopes_done(struct slopes *slopes); /* accepts a zeroed one */

/* A cell's estimate: value P, s_1, s_2, ...; covariance of them, where P's has common_rel, the gain
 * that all the cell's points share, within; chi2 and birge_ratio are the cell's, as stated;
 * residual_sd and r2 are not set. ANALYSIS_TOO_FEW_POINTS: no point is of the cell. */
int slopes_estimate(const struct slopes *slopes, uint32_t cell, double common_rel,
		    struct estimate *ret_estimate);

#endif
