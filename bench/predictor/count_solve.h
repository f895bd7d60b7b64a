/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Linear systems of counts. Exact: the rational numbers x with A x = b for every row, where there
 * are any; found modulo the prime 2^61 - 1, reconstructed, and then checked in whole numbers
 * against every row, so that a solution that is returned is one. Otherwise the numbers with the
 * least relative squares.
 */
#ifndef BENCH_PREDICTOR_COUNT_SOLVE_H
#define BENCH_PREDICTOR_COUNT_SOLVE_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/err.h"

struct count_system {
	unsigned rows, columns, targets;
	const int64_t *a; /* rows x columns */
	const int64_t *b; /* rows x targets */
};

/* Columns are taken from the left; one that is a combination of those before it in every row is
 * left out. Rational numbers share a denominator per column or target. */
struct count_solution {
	unsigned rank;
	unsigned *basis; /* rank columns, ascending */
	int64_t *checks; /* for each column: rank numerators, its combination; zeros for a basis
			    column or one that is always 0 */
	int64_t *check_denominators; /* for each column; 0: no small rational numbers were found */
	bool *exact;                 /* for each target */
	int64_t *numerators;         /* for each target: rank of them, where exact */
	int64_t *denominators;       /* for each target */
	double *fitted;              /* for each target: rank of them, where not exact */
};

/* -ENOMEM. */
int count_solve(const struct count_system *system, struct count_solution *ret_solution,
		struct err *err);
void count_solution_done(struct count_solution *solution); /* accepts a zeroed one */

#endif
