/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows of a least-squares problem with V = diag(d^2) + sum over meters of b b' made independent and
 * of unit variance, one row after the other: forward substitution with the Cholesky factor of V,
 * which for a diagonal plus one vector per meter needs one running sum per column instead of a
 * matrix. Multiplying by the inverse factor is what generalised least squares asks (Golub & Van
 * Loan, Matrix Computations, 6.1.2 and 6.5.3).
 */
#ifndef ANALYSIS_PREDICTOR_WHITEN_H
#define ANALYSIS_PREDICTOR_WHITEN_H

#include <stddef.h>
#include <stdint.h>

struct whiten {
	size_t columns, meters;
	double *total;   /* meters: 1 + sum of (b/d)^2 so far */
	double *product; /* meters x columns: sum of (b/d) * row/d so far */
};

/* 0 or ANALYSIS_NO_MEMORY (nothing is owned then). */
int whiten_init(struct whiten *whiten, size_t columns, size_t meters);

void whiten_done(struct whiten *whiten);

/* As if no row had been seen. */
void whiten_restart(struct whiten *whiten);

/* row: columns numbers divided by d already, replaced by the whitened ones. ratio: b/d. Rows in the
 * same order give the same factor. */
void whiten_row(struct whiten *whiten, uint32_t meter, double ratio, double *row);

#endif
