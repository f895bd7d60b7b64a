/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Imported results as rows of table measurement: one per window. A window that the database has
 * already (the same bytes, wherever they lie) is not added again. Rows never fall into one fit with
 * rows of a rig: their runtime is "imported".
 */
#ifndef BENCH_IMPORT_ROWS_H
#define BENCH_IMPORT_ROWS_H

#include "bench/import/mlperf_tiny.h"
#include "bench/store/store.h"

#define IMPORT_RUNTIME "imported"
#define IMPORT_VIRTUAL "-virtual" /* follows it where nothing was measured */

struct import_count {
	unsigned added, known; /* rows */
};

/* Empty row with what every imported one has: source, time, runtime. */
void import_row_init(struct store_measurement *row, const char *source, const char *path,
		     int64_t session_id);

/* Adds unless the point is known. */
int import_row_add(struct store *store, const struct store_measurement *row,
		   struct import_count *count, struct err *err);

/* All windows of a result; one row without numbers when there are no windows. cycles are derived
 * where the board's clock is known: duration * nominal clock * clock ratio. */
int import_tiny_rows(struct store *store, const struct tiny_result *result, int64_t session_id,
		     struct import_count *count, struct err *err);

/* Flags each result whose windows are in the database already, as accepted ones, from files that
 * were not the same to the last byte: the same measurement would count twice. */
int import_find_stored(struct store *store, struct tiny_result *results, size_t count,
		       struct err *err);

#endif
