/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/tsqr.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows of a block: a constant, so that the compiler unrolls the loops below; with 13 columns a
 * block is 13 KiB, which stays in the first-level cache. LANES partial sums per product. */
enum { BLOCK = 128, LANES = 8 };

struct tsqr {
	size_t columns, filled; /* rows waiting in block; the others are zero */
	double triangle[TSQR_COLUMNS_MAX][TSQR_COLUMNS_MAX];
	double block[TSQR_COLUMNS_MAX][BLOCK]; /* one column after the other */
};

struct tsqr *tsqr_new(size_t columns)
{
	struct tsqr *tsqr = calloc(1, sizeof(*tsqr));

	assert(columns >= 1 && columns <= TSQR_COLUMNS_MAX);
	if (tsqr)
		tsqr->columns = columns;
	return tsqr;
}

void tsqr_free(struct tsqr *tsqr)
{
	free(tsqr);
}

void tsqr_clear(struct tsqr *tsqr)
{
	size_t columns = tsqr->columns;

	memset(tsqr, 0, sizeof(*tsqr));
	tsqr->columns = columns;
}

static double column_product(const double *restrict a, const double *restrict b)
{
	double sum[LANES] = {0};

	for (size_t i = 0; i < BLOCK; i += LANES)
		for (size_t lane = 0; lane < LANES; lane++)
			sum[lane] += a[i + lane] * b[i + lane];
	return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

static void column_subtract(double *restrict a, const double *restrict b, double factor)
{
	for (size_t i = 0; i < BLOCK; i++)
		a[i] -= factor * b[i];
}

/* The reflection that turns (triangle[j][j], block column j) into (-+length, 0), applied to the
 * columns behind. The vector is (head, column j) unscaled: tau = 2 / its squared length. */
static void column_eliminate(struct tsqr *tsqr, size_t j)
{
	double *column = tsqr->block[j], diagonal = tsqr->triangle[j][j];
	double squares = column_product(column, column), length, head, tau;

	if (squares == 0)
		return;
	length = sqrt(diagonal * diagonal + squares);
	length = diagonal > 0 ? -length : length;
	head = diagonal - length;
	tau = 2 / (head * head + squares);
	tsqr->triangle[j][j] = length;
	for (size_t k = j + 1; k < tsqr->columns; k++) {
		double *other = tsqr->block[k];
		double step = tau * (head * tsqr->triangle[j][k] + column_product(column, other));

		tsqr->triangle[j][k] -= step * head;
		column_subtract(other, column, step);
	}
}

static void block_flush(struct tsqr *tsqr)
{
	if (!tsqr->filled)
		return;
	for (size_t j = 0; j < tsqr->columns; j++)
		memset(tsqr->block[j] + tsqr->filled, 0,
		       (BLOCK - tsqr->filled) * sizeof(tsqr->block[j][0]));
	for (size_t j = 0; j < tsqr->columns; j++)
		column_eliminate(tsqr, j);
	tsqr->filled = 0;
}

void tsqr_add_row(struct tsqr *tsqr, const double *row, double factor)
{
	tsqr_add_point(tsqr, row, row[tsqr->columns - 1], factor);
}

void tsqr_add_point(struct tsqr *tsqr, const double *x, double y, double factor)
{
	size_t last = tsqr->columns - 1, at = tsqr->filled;

	for (size_t j = 0; j < last; j++)
		tsqr->block[j][at] = factor * x[j];
	tsqr->block[last][at] = factor * y;
	if (++tsqr->filled == BLOCK)
		block_flush(tsqr);
}

void tsqr_triangle(struct tsqr *tsqr, double *ret_r)
{
	size_t columns = tsqr->columns;

	block_flush(tsqr);
	for (size_t j = 0; j < columns; j++)
		for (size_t k = 0; k < columns; k++)
			ret_r[j * columns + k] = k < j ? 0 : tsqr->triangle[j][k];
}

void triangle_solve(const double *r, size_t stride, size_t columns, double *z)
{
	for (size_t j = columns; j-- > 0;) {
		long double rest = z[j];

		for (size_t k = j + 1; k < columns; k++)
			rest -= (long double)r[j * stride + k] * z[k];
		z[j] = (double)(rest / r[j * stride + j]);
	}
}

void triangle_solve_transposed(const double *r, size_t stride, size_t columns, double *z)
{
	for (size_t j = 0; j < columns; j++) {
		long double rest = z[j];

		for (size_t k = 0; k < j; k++)
			rest -= (long double)r[k * stride + j] * z[k];
		z[j] = (double)(rest / r[j * stride + j]);
	}
}

void triangle_covariance(const double *r, size_t stride, size_t columns, double *ret_covariance)
{
	for (size_t j = 0; j < columns; j++) {
		double column[TSQR_COLUMNS_MAX] = {0};

		column[j] = 1;
		triangle_solve_transposed(r, stride, columns, column);
		triangle_solve(r, stride, columns, column);
		for (size_t k = 0; k < columns; k++)
			ret_covariance[k * columns + j] = column[k];
	}
	for (size_t j = 0; j < columns; j++)
		for (size_t k = 0; k < j; k++)
			ret_covariance[j * columns + k] = ret_covariance[k * columns + j] =
				(ret_covariance[j * columns + k] +
				 ret_covariance[k * columns + j]) /
				2;
}
