/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "joulebench models compare": two predictor files, cell by cell: coefficients, and what both
 * predict over the networks they were trained on.
 */
#ifndef BENCH_PREDICTOR_COMPARE_H
#define BENCH_PREDICTOR_COMPARE_H

#include <jansson.h>
#include <stdio.h>

#include "bench/predictor/predictor.h"

struct compare_coefficient {
	const char *name, *unit;
	double a, b, difference, u; /* u: of the difference, A and B taken as independent */
	double p;                   /* of a difference that large when there is none; two-sided */
};

struct compare_row {
	const struct predictor_cell *a, *b; /* NULL: only the other has it */
	struct compare_coefficient coefficients[ESTIMATE_MAX];
	size_t coefficient_count; /* 0: kinds differ */
	/* B / A - 1 over the training points of both. */
	size_t points;
	double mean_rel, least_rel, most_rel;
	double mean_u_rel; /* of the mean, from both covariances */
	double p, p_adjusted; /* of the mean; adjusted (Holm) over all cells */
};

struct comparisons {
	const struct predictor *a, *b;
	struct compare_row *rows;
	size_t count;
};

/* -ENOMEM. The predictors must outlive it. Freed with comparisons_done. */
int comparisons_make(const struct predictor *a, const struct predictor *b,
		     struct comparisons *ret_comparisons, struct err *err);
void comparisons_done(struct comparisons *comparisons);

void comparisons_print(const struct comparisons *comparisons, FILE *stream);
json_t *comparisons_json(const struct comparisons *comparisons); /* NULL: out of memory */

#endif
