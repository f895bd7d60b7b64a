/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A predictor brought up to date by new measurements. Cells that agree with them are combined by
 * information, cells that moved are fitted again from the new data alone, or where those are too
 * few scaled by the bias; cells without new data are kept; data of no cell become cells of their
 * own.
 *
 * Where at least half of the new networks were in training too, what the kind does not describe of
 * them is the same in old and new: then the coefficients are weighted by information, but their
 * covariance is that of the better estimate, not the smaller one that independent data would give.
 */
#ifndef BENCH_PREDICTOR_REFIT_H
#define BENCH_PREDICTOR_REFIT_H

#include <jansson.h>
#include <stdio.h>

#include "bench/predictor/verify.h"

struct refit_row {
	const struct predictor_cell *before; /* of the old predictor; NULL: added */
	size_t after;                        /* in the new one's cells */
	char state[16];
	char why[200];
	struct verify_cell checked; /* copy; its index is not valid */
};

struct refit {
	const struct predictor *old;
	struct predictor *updated;
	struct refit_row *rows;
	size_t count;
};

/* -EINVAL: what verify_make refuses, too many databases, or windows that old rests on; -ENOMEM. old
 * stays the caller's and must outlive ret_refit. Freed with refit_done, updated too. */
int refit_make(const struct predictor *old, const struct dataset *dataset,
	       const struct verify_options *options, bool robust, struct refit *ret_refit,
	       struct err *err);
void refit_done(struct refit *refit);

void refit_print(const struct refit *refit, FILE *stream);
json_t *refit_json(const struct refit *refit); /* NULL: out of memory */

/* A deep copy. NULL: out of memory. */
struct predictor *predictor_copy(const struct predictor *from);

#endif
