/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/count_solve.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PRIME ((UINT64_C(1) << 61) - 1)

enum { DENOMINATOR_MAX = 5040, NUMERATOR_MAX = 1 << 30 };

/* Modulo the prime ----------------------------------------------------------------------------- */

static uint64_t reduce(int64_t value)
{
	int64_t rest = value % (int64_t)PRIME;

	return (uint64_t)(rest < 0 ? rest + (int64_t)PRIME : rest);
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	uint64_t sum = (uint64_t)(product & PRIME) + (uint64_t)(product >> 61);

	return sum >= PRIME ? sum - PRIME : sum;
}

static uint64_t subtract(uint64_t a, uint64_t b)
{
	return a >= b ? a - b : a + PRIME - b;
}

static uint64_t power(uint64_t base, uint64_t exponent)
{
	uint64_t result = 1;

	for (; exponent; exponent >>= 1, base = multiply(base, base))
		if (exponent & 1)
			result = multiply(result, base);
	return result;
}

/* numerator / denominator equal to value, both small; false: there are none. Half of the extended
 * Euclidean algorithm (Wang's rational reconstruction). */
static bool rational_find(uint64_t value, int64_t *ret_numerator, int64_t *ret_denominator)
{
	__int128 r0 = PRIME, r1 = value, t0 = 0, t1 = 1;

	while (r1 > NUMERATOR_MAX) {
		__int128 quotient = r0 / r1, r = r0 - quotient * r1, t = t0 - quotient * t1;

		r0 = r1, r1 = r, t0 = t1, t1 = t;
	}
	if (t1 == 0 || t1 > DENOMINATOR_MAX || t1 < -DENOMINATOR_MAX)
		return false;
	*ret_numerator = (int64_t)(t1 < 0 ? -r1 : r1);
	*ret_denominator = (int64_t)(t1 < 0 ? -t1 : t1);
	return true;
}

struct elimination {
	const struct count_system *system;
	unsigned width;
	uint64_t *cells; /* rows x width: columns, then targets */
	unsigned rank, *basis;
};

static uint64_t *row_of(const struct elimination *work, unsigned row)
{
	return work->cells + (size_t)row * work->width;
}

static void cells_fill(struct elimination *work)
{
	const struct count_system *system = work->system;

	for (unsigned i = 0; i < system->rows; i++) {
		uint64_t *row = row_of(work, i);

		for (unsigned k = 0; k < system->columns; k++)
			row[k] = reduce(system->a[(size_t)i * system->columns + k]);
		for (unsigned k = 0; k < system->targets; k++)
			row[system->columns + k] =
				reduce(system->b[(size_t)i * system->targets + k]);
	}
}

static bool pivot_take(struct elimination *work, unsigned column)
{
	unsigned found = work->rank;
	uint64_t *pivot, *other, inverse;

	while (found < work->system->rows && row_of(work, found)[column] == 0)
		found++;
	if (found >= work->system->rows)
		return false;
	pivot = row_of(work, work->rank);
	other = row_of(work, found);
	for (unsigned k = 0; found != work->rank && k < work->width; k++) {
		uint64_t cell = pivot[k];

		pivot[k] = other[k];
		other[k] = cell;
	}
	inverse = power(pivot[column], PRIME - 2);
	for (unsigned k = column; k < work->width; k++)
		pivot[k] = multiply(pivot[k], inverse);
	return true;
}

static void column_clear(struct elimination *work, unsigned column)
{
	const uint64_t *pivot = row_of(work, work->rank);

	for (unsigned i = 0; i < work->system->rows; i++) {
		uint64_t *row = row_of(work, i), factor = row[column];

		if (i == work->rank || factor == 0)
			continue;
		for (unsigned k = column; k < work->width; k++)
			row[k] = subtract(row[k], multiply(factor, pivot[k]));
	}
}

static void eliminate(struct elimination *work)
{
	for (unsigned column = 0; column < work->system->columns; column++) {
		if (!pivot_take(work, column))
			continue;
		column_clear(work, column);
		work->basis[work->rank++] = column;
	}
}

/* Rational numbers --------------------------------------------------------------------------------
 */

static int64_t common_divisor(int64_t a, int64_t b)
{
	while (b) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a < 0 ? -a : a;
}

/* The basis' numbers in a column of the reduced system, over one denominator. */
static bool column_read(const struct elimination *work, unsigned column, int64_t *ret_numerators,
			int64_t *ret_denominator)
{
	int64_t common = 1, numerator, denominator;

	for (unsigned i = 0; i < work->rank; i++) {
		if (!rational_find(row_of(work, i)[column], &numerator, &denominator))
			return false;
		common = common / common_divisor(common, denominator) * denominator;
		if (common > DENOMINATOR_MAX)
			return false;
	}
	for (unsigned i = 0; i < work->rank; i++) {
		rational_find(row_of(work, i)[column], &numerator, &denominator);
		ret_numerators[i] = numerator * (common / denominator);
	}
	*ret_denominator = common;
	return true;
}

/* In whole numbers: does the combination give these values in every row? */
static bool combination_holds(const struct elimination *work, const int64_t *numerators,
			      int64_t denominator, const int64_t *values, unsigned step)
{
	const struct count_system *system = work->system;

	for (unsigned i = 0; i < system->rows; i++) {
		const int64_t *row = system->a + (size_t)i * system->columns;
		__int128 sum = 0;

		for (unsigned k = 0; k < work->rank; k++)
			sum += (__int128)numerators[k] * row[work->basis[k]];
		if (sum != (__int128)denominator * values[(size_t)i * step])
			return false;
	}
	return true;
}

static void combinations_read(const struct elimination *work, struct count_solution *solution)
{
	const struct count_system *system = work->system;

	for (unsigned column = 0, next = 0; column < system->columns; column++) {
		int64_t *checks = solution->checks + (size_t)column * work->rank;

		solution->check_denominators[column] = 1;
		if (next < work->rank && work->basis[next] == column) {
			next++;
			continue;
		}
		if (!column_read(work, column, checks, &solution->check_denominators[column]) ||
		    !combination_holds(work, checks, solution->check_denominators[column],
				       system->a + column, system->columns))
			solution->check_denominators[column] = 0;
	}
	for (unsigned i = 0; i < system->targets; i++) {
		int64_t *numerators = solution->numerators + (size_t)i * work->rank;

		solution->exact[i] = column_read(work, system->columns + i, numerators,
						 &solution->denominators[i]) &&
				     combination_holds(work, numerators, solution->denominators[i],
						       system->b + i, system->targets);
	}
}

/* Least squares -----------------------------------------------------------------------------------
 */

struct squares {
	unsigned rows, columns;
	double *a; /* rows x columns */
	double *b;
	double *scales; /* of the columns */
};

/* Rows are divided by their target, so that relative errors count; columns to length one. */
static void squares_fill(const struct elimination *work, unsigned target, struct squares *to)
{
	const struct count_system *system = work->system;

	for (unsigned i = 0; i < to->rows; i++) {
		double value = (double)system->b[(size_t)i * system->targets + target];
		double weight = 1 / (fabs(value) + 100);

		to->b[i] = value * weight;
		for (unsigned k = 0; k < to->columns; k++)
			to->a[(size_t)i * to->columns + k] =
				weight *
				(double)system->a[(size_t)i * system->columns + work->basis[k]];
	}
	for (unsigned k = 0; k < to->columns; k++) {
		double sum = 0;

		for (unsigned i = 0; i < to->rows; i++)
			sum += to->a[(size_t)i * to->columns + k] *
			       to->a[(size_t)i * to->columns + k];
		to->scales[k] = sum > 0 ? 1 / sqrt(sum) : 1;
		for (unsigned i = 0; i < to->rows; i++)
			to->a[(size_t)i * to->columns + k] *= to->scales[k];
	}
}

static double column_dot(const struct squares *work, unsigned k, const double *with, unsigned step)
{
	double sum = 0;

	for (unsigned i = 0; i < work->rows; i++)
		sum += work->a[(size_t)i * work->columns + k] * with[(size_t)i * step];
	return sum;
}

/* Modified Gram-Schmidt, the right side taken along (Bjorck); a column that the ones before it
 * nearly give is left at 0. */
static void squares_solve(struct squares *work, double *triangle, double *ret_x)
{
	const unsigned n = work->columns;

	for (unsigned k = 0; k < n; k++) {
		double length = sqrt(column_dot(work, k, work->a + k, n));

		triangle[(size_t)k * n + k] = length > 1e-7 ? length : 0;
		for (unsigned i = 0; i < work->rows; i++)
			work->a[(size_t)i * n + k] *= length > 1e-7 ? 1 / length : 0;
		for (unsigned j = k + 1; j < n; j++) {
			double dot = column_dot(work, k, work->a + j, n);

			triangle[(size_t)k * n + j] = dot;
			for (unsigned i = 0; i < work->rows; i++)
				work->a[(size_t)i * n + j] -= dot * work->a[(size_t)i * n + k];
		}
		ret_x[k] = column_dot(work, k, work->b, 1);
		for (unsigned i = 0; i < work->rows; i++)
			work->b[i] -= ret_x[k] * work->a[(size_t)i * n + k];
	}
	for (unsigned k = n; k-- > 0;) {
		for (unsigned j = k + 1; j < n; j++)
			ret_x[k] -= triangle[(size_t)k * n + j] * ret_x[j];
		ret_x[k] = triangle[(size_t)k * n + k] > 0 ? ret_x[k] / triangle[(size_t)k * n + k]
							   : 0;
	}
	for (unsigned k = 0; k < n; k++)
		ret_x[k] *= work->scales[k];
}

static int squares_all(const struct elimination *work, struct count_solution *solution)
{
	struct squares squares = {.rows = work->system->rows, .columns = work->rank};
	size_t cells = (size_t)squares.rows * squares.columns + 1;
	double *triangle = calloc((size_t)squares.columns * squares.columns + 1, sizeof(double));

	squares.a = calloc(cells, sizeof(double));
	squares.b = calloc(squares.rows + 1u, sizeof(double));
	squares.scales = calloc(squares.columns + 1u, sizeof(double));
	if (triangle && squares.a && squares.b && squares.scales) {
		for (unsigned i = 0; i < work->system->targets; i++) {
			if (solution->exact[i])
				continue;
			squares_fill(work, i, &squares);
			squares_solve(&squares, triangle,
				      solution->fitted + (size_t)i * work->rank);
		}
	}
	cells = triangle && squares.a && squares.b && squares.scales;
	free(triangle);
	free(squares.a);
	free(squares.b);
	free(squares.scales);
	return cells ? 0 : -ENOMEM;
}

static bool solution_alloc(const struct elimination *work, struct count_solution *solution)
{
	const struct count_system *system = work->system;
	size_t rank = work->rank;

	solution->rank = work->rank;
	solution->basis = calloc(rank + 1, sizeof(*solution->basis));
	solution->checks = calloc(system->columns * rank + 1, sizeof(*solution->checks));
	solution->check_denominators =
		calloc(system->columns + 1u, sizeof(*solution->check_denominators));
	solution->exact = calloc(system->targets + 1u, sizeof(*solution->exact));
	solution->numerators = calloc(system->targets * rank + 1, sizeof(*solution->numerators));
	solution->denominators = calloc(system->targets + 1u, sizeof(*solution->denominators));
	solution->fitted = calloc(system->targets * rank + 1, sizeof(*solution->fitted));
	if (!solution->basis || !solution->checks || !solution->check_denominators ||
	    !solution->exact || !solution->numerators || !solution->denominators ||
	    !solution->fitted)
		return false;
	memcpy(solution->basis, work->basis, rank * sizeof(*solution->basis));
	return true;
}

int count_solve(const struct count_system *system, struct count_solution *ret_solution,
		struct err *err)
{
	struct elimination work = {.system = system, .width = system->columns + system->targets};
	struct count_solution solution = {0};
	int ret = -ENOMEM;

	work.cells = calloc((size_t)system->rows * work.width + 1, sizeof(*work.cells));
	work.basis = calloc(system->columns + 1u, sizeof(*work.basis));
	if (work.cells && work.basis) {
		cells_fill(&work);
		eliminate(&work);
		if (solution_alloc(&work, &solution)) {
			combinations_read(&work, &solution);
			ret = squares_all(&work, &solution);
		}
	}
	free(work.cells);
	free(work.basis);
	if (ret) {
		count_solution_done(&solution);
		return err_set(err, ret, "out of memory");
	}
	*ret_solution = solution;
	return 0;
}

void count_solution_done(struct count_solution *solution)
{
	free(solution->basis);
	free(solution->checks);
	free(solution->check_denominators);
	free(solution->exact);
	free(solution->numerators);
	free(solution->denominators);
	free(solution->fitted);
	memset(solution, 0, sizeof(*solution));
}
