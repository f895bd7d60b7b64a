/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside of candidates' fits.
 */
#ifndef BENCH_PREDICTOR_CANDIDATE_PARTS_H
#define BENCH_PREDICTOR_CANDIDATE_PARTS_H

#include "bench/predictor/candidate.h"

/* Of points of one family. */
bool candidate_same_cell(const struct dataset_point *a, const struct dataset_point *b,
			 unsigned layout);

/* Estimates of a log-linear kind for the cells of a fit, of which only points are known yet; each
 * gets its estimate or its reason. -ENOMEM. */
int candidate_share(struct fitted *fitted);

#endif
