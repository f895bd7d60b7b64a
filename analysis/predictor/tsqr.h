/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * QR decomposition of a tall matrix by Householder reflections, a block of rows at a time: memory
 * does not grow with the rows, and each block is stacked under the triangle of those before it.
 * Backward stable whatever the order and scale of the rows' columns (Golub & Van Loan, Matrix
 * Computations, 5.2 and 5.3; Demmel et al. 2012 for the stacking).
 *
 * Q is not kept: give the response as the last column, and the last column of R is Q'y, its last
 * element the length of the residual.
 */
#ifndef ANALYSIS_PREDICTOR_TSQR_H
#define ANALYSIS_PREDICTOR_TSQR_H

#include <stddef.h>

enum { TSQR_COLUMNS_MAX = 25 };

struct tsqr;

/* columns: 1..TSQR_COLUMNS_MAX. NULL: no memory. */
struct tsqr *tsqr_new(size_t columns);

/* Accepts NULL. */
void tsqr_free(struct tsqr *tsqr);

/* Forgets all rows. */
void tsqr_clear(struct tsqr *tsqr);

/* row: columns finite numbers, multiplied by factor (1 / standard uncertainty) on the way. */
void tsqr_add_row(struct tsqr *tsqr, const double *row, double factor);

/* As tsqr_add_row, of columns - 1 regressors and the response. */
void tsqr_add_point(struct tsqr *tsqr, const double *x, double y, double factor);

/* The upper triangle of all rows so far into ret_r, columns x columns, row-major, zeros below. The
 * diagonal's signs are arbitrary. More rows may follow. */
void tsqr_triangle(struct tsqr *tsqr, double *ret_r);

/* R of the first `columns` columns, in a row-major triangle of `stride`: solves R b = z in place
 * (z: columns values). The diagonal must not hold 0. */
void triangle_solve(const double *r, size_t stride, size_t columns, double *z);

/* Solves R' b = z in place. */
void triangle_solve_transposed(const double *r, size_t stride, size_t columns, double *z);

/* (R'R)^-1 into ret_covariance (columns x columns, row-major, symmetric). */
void triangle_covariance(const double *r, size_t stride, size_t columns, double *ret_covariance);

#endif
