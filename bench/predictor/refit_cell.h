/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside of refits: one cell, old and new.
 */
#ifndef BENCH_PREDICTOR_REFIT_CELL_H
#define BENCH_PREDICTOR_REFIT_CELL_H

#include "bench/predictor/refit.h"

/* Brings cell (a copy of checked->cell within predictor) up to date; fills state and why. -ENOMEM.
 */
int refit_cell(const struct predictor *predictor, const struct dataset *dataset,
	       const struct verify_cell *checked, double significance, bool robust,
	       struct predictor_cell *cell, struct refit_row *row);

#endif
