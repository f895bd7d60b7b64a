/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Energy per inference against cycles per inference, fitted per (board, build, runtime, clock).
 */
#ifndef BENCH_REPORT_FITS_H
#define BENCH_REPORT_FITS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "analysis/predictor/fit.h"
#include "bench/store/store.h"

enum { FITS_FORMS = 2 }; /* E = k*cycles, E = a + k*cycles */

struct fits_form {
	int reason;                    /* 0, or the analysis error that refused the fit */
	struct fit_result fit;
	int left_out_reason;
	struct fit_errors left_out;    /* leave-one-model-out */
};

struct fits_level {
	char board[64], build[16], runtime[48];
	int64_t clock_hz;
	bool is_virtual;
	unsigned windows, models;
	struct fits_form forms[FITS_FORMS];
};

struct fits {
	struct fits_level *levels;
	size_t count;
};

/* Reorders rows. -ENOMEM. A level that cannot be fitted keeps its reason. */
int fits_make(struct store_measurement *rows, size_t count, struct fits *ret_fits, struct err *err);
void fits_done(struct fits *fits);
void fits_print(const struct fits *fits, FILE *stream);
json_t *fits_json(const struct fits *fits); /* array; NULL: out of memory */

#endif
