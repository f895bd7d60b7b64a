/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether new measurements agree with a predictor, cell by cell. A cell's bias is the generalised
 * least-squares mean of measured / predicted - 1 over its networks. A network that was in training
 * is compared with its own training point: the cycles that it took then are expected again, and
 * what the kind does not describe of it cancels. Of others the kind's scatter and the coefficients'
 * covariance are part of the uncertainty. The meter's gain is part of it where another meter
 * measured.
 */
#ifndef BENCH_PREDICTOR_VERIFY_H
#define BENCH_PREDICTOR_VERIFY_H

#include <jansson.h>
#include <stdio.h>

#include "analysis/predictor/combine.h"
#include "bench/predictor/drift.h"
#include "bench/predictor/predictor.h"

struct verify_options {
	double tolerance_rel;     /* NaN: none stated */
	double significance;      /* of the whole family of cells; 0: no test */
	double repeatability_rel; /* standard uncertainty from session to session */
};

struct verify_cell {
	const struct predictor_cell *cell;
	size_t points, seen; /* seen: networks of the training */
	int64_t windows;
	size_t outside;          /* points outside of the training's range, left out */
	size_t *index;           /* of the dataset */
	struct bias bias;        /* relative */
	double p_adjusted;       /* Holm, over all cells with data */
	bool moved, out_of_tolerance;
	char worst_model[64];
	double worst_rel;
	char unchecked[160]; /* why there is no bias; "": there is */
};

struct verify {
	const struct predictor *predictor;
	const struct dataset *dataset;
	struct verify_options options;
	struct verify_cell *cells; /* those with data first named, one per predictor's cell */
	size_t count, checked;
	size_t unmatched; /* points that no cell is of */
	char unmatched_first[240];
	bool failed;
};

/* The cell of a point for a response; NULL: none is of its board, build, runtime, clock and
 * temperature. */
const struct predictor_cell *verify_cell_of(const struct predictor *predictor,
					    const struct dataset_point *point,
					    enum kind_response response);

/* -EINVAL: predictor and data are not both virtual or both measured, or no point has a cell;
 * -ENOMEM. Freed with verify_done. */
int verify_make(const struct predictor *predictor, const struct dataset *dataset,
		const struct verify_options *options, struct verify *ret_verify, struct err *err);
void verify_done(struct verify *verify);

void verify_print(const struct verify *verify, const struct drifts *drifts, FILE *stream);
json_t *verify_json(const struct verify *verify, const struct drifts *drifts);

#endif
