/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether the columns of a design can be told apart, and which cannot: condition indices and
 * variance-decomposition proportions (Belsley, Kuh & Welsch, Regression Diagnostics, 1980, ch. 3):
 * columns scaled to length 1 and not centred, singular values mu_k, indices mu_max / mu_k.
 */
#ifndef ANALYSIS_PREDICTOR_CONDITION_H
#define ANALYSIS_PREDICTOR_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

enum { CONDITION_COLUMNS_MAX = 24 };

/* From here up Belsley calls a dependency strong: coefficients are told apart poorly. */
#define CONDITION_STRONG 30.0
/* A fit is refused above this unless the caller says otherwise: relative noise of 0.1 % in the
 * points then becomes 100 % in a coefficient. */
#define CONDITION_MAX_DEFAULT 1000.0

struct condition {
	double index_max; /* >= 1; INFINITY: a column of zeros or an exact dependency */
	/* Columns that take part in the dependencies above the limit (above CONDITION_STRONG when
	 * none is): more than half of their variance comes from there. None below that. */
	size_t offenders;
	size_t offender[CONDITION_COLUMNS_MAX]; /* column numbers, ascending */
	double share[CONDITION_COLUMNS_MAX];    /* of each column's variance, 0..1 */
};

/* r: upper triangle of the design's QR decomposition, row-major, rows `stride` apart; columns:
 * 1..CONDITION_COLUMNS_MAX. limit: >= 1. ret_condition is always filled.
 * ANALYSIS_BAD_CONDITION: index_max above limit; ANALYSIS_SOLVER. */
int condition_judge(const double *r, size_t stride, size_t columns, double limit,
		    struct condition *ret_condition);

#endif
