/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Accepted windows brought together per (board, build, runtime, model, clock, ambient): the table that "run" prints. All
 * values are per inference.
 */
#ifndef BENCH_REPORT_RESULTS_H
#define BENCH_REPORT_RESULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "bench/store/store.h"

struct results_group {
	char board[64], chip[16], build[16], runtime[48], model[64], model_sha256[72];
	int64_t clock_hz;
	double ambient_c;      /* around the board, mean over windows; NAN: not known */
	bool at_temperature;   /* that the plan asked for */
	double core_v;
	bool is_virtual;
	unsigned windows;
	double cycles;             /* mean over windows */
	double energy_j, energy_u_j;
	double energy_above_idle_j;
	double time_s;
	double mean_power_w;
	double birge_ratio;        /* scatter of repeats over what their uncertainties explain */
};

struct results {
	struct results_group *groups; /* sorted by board, build, runtime, clock, model, ambient */
	size_t count;
};

/* Brings rows together; the array is reordered. -ENOMEM; -EINVAL: a row makes no sense (names it). */
int results_collect(struct store_measurement *rows, size_t count, struct results *ret_results,
		    struct err *err);
void results_done(struct results *results);

void results_print(const struct results *results, FILE *stream);
json_t *results_json(const struct results *results); /* array; NULL: out of memory */

/* All accepted rows of the store for which keep says true (NULL: all). Freed by the caller. */
typedef bool results_keep_fn(void *context, const struct store_measurement *row);
int results_read(struct store *store, results_keep_fn *keep, void *context,
		 struct store_measurement **ret_rows, size_t *ret_count, struct err *err);

#endif
