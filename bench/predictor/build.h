/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From a dataset to a predictor: for each family (chip, build, runtime) a kind is chosen by
 * cross-validation, its cells are fitted, and all is judged on what was left out.
 */
#ifndef BENCH_PREDICTOR_BUILD_H
#define BENCH_PREDICTOR_BUILD_H

#include "bench/predictor/predictor.h"

enum { BUILD_CANDIDATES_MAX = 20 };

struct build_options {
	/* NULL: all that the data bears. A name of a candidate or the begin of some ("levels" is
	 * levels-ldo and levels-smps), among which is chosen. */
	const char *model;
	bool robust;
};

/* A cell that could not be fitted. */
struct build_refusal {
	char cell[240], kind[32], reason[300];
};

struct build_refusals {
	struct build_refusal *rows;
	size_t count;
};

/* Candidates of a family for a response, simplest first. Returns how many. */
size_t build_candidates(const struct dataset *dataset, size_t begin, size_t end,
			enum kind_response response, const char *model,
			struct candidate ret_candidates[BUILD_CANDIDATES_MAX]);
/* The coarse proxies, with the layout of cells per level. */
size_t build_baselines(struct candidate ret_candidates[BUILD_CANDIDATES_MAX]);

struct fit_options build_fit_options(const struct build_options *options);

/* -EINVAL: no cell at all can be fitted (the first reason is in the sentence), or no candidate has
 * the name; -ENOMEM. refusals: freed with build_refusals_done, also after a failure. */
int predictor_build(const struct dataset *dataset, const struct build_options *options,
		    struct predictor **ret_predictor, struct build_refusals *ret_refusals,
		    struct err *err);
void build_refusals_done(struct build_refusals *refusals);

/* A cell of a fit: everything but names of the predictor. estimate NULL: the cell's own. type:
 * board and its id are left empty. -ENOMEM. */
int build_cell(const struct fitted *fitted, const struct fitted_cell *cell,
	       struct predictor_cell *ret_cell);

/* Room for one more cell at the end, zeroed. NULL: out of memory. */
struct predictor_cell *predictor_cell_add(struct predictor *predictor);

#endif
