/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Learning curves of a family's cells: error on networks not seen against how many were, and from
 * where on one kind is better than the proxies.
 */
#ifndef BENCH_PREDICTOR_CURVES_H
#define BENCH_PREDICTOR_CURVES_H

#include <jansson.h>
#include <stdio.h>

#include "analysis/predictor/left_out.h"
#include "bench/predictor/build.h"

enum { CURVE_SIZES_MAX = 13, CURVE_REPEATS = 40, CURVE_SEED = 1 };

struct curve {
	char cell[240], candidate[24], kind[32];
	bool is_baseline;
	size_t sizes;
	struct learning_point points[CURVE_SIZES_MAX];
	/* Networks from which on it is better than the cell's first curve is: baselines; NaN: at
	 * the last size it is not. */
	double better_than_baseline_from[4];
};

struct curves {
	struct curve *rows;
	size_t count;
};

/* For each cell of the layout per level: the candidates that fit it and the proxies. -ENOMEM. Freed
 * with curves_done. */
int curves_make(const struct dataset *dataset, const struct build_options *options,
		struct curves *ret_curves, struct err *err);
void curves_done(struct curves *curves);

void curves_print(const struct curves *curves, FILE *stream);
json_t *curves_json(const struct curves *curves); /* NULL: out of memory */

#endif
