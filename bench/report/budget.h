/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The uncertainty budget of one stored measurement, as a calibration laboratory would print it
 * (EA-4/02, 4.10 and annex S): from the row's own columns and what is known of its meter's class.
 *
 * A row keeps what its budget was computed from, and gives the same tables again. Imported rows, and
 * those of before schema 5, keep totals and the main inputs, not every entry: what the totals hold beyond the entries
 * that can be recomputed is the meter's zero (the only common input a row has no column for), or,
 * in an imported row, one entry "not broken down". So a table always adds up to what is stored.
 */
#ifndef BENCH_REPORT_BUDGET_H
#define BENCH_REPORT_BUDGET_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "analysis/budget/budget.h"
#include "bench/store/store.h"

enum { BUDGET_NOTES_MAX = 6 };

struct budget_report {
	int64_t id;
	struct store_measurement row;
	struct budget_tables tables; /* of the whole window, in joules; above_idle may be empty */
	unsigned repeats;            /* accepted windows of the same point, this one included */
	char notes[BUDGET_NOTES_MAX][256];
	unsigned note_count;
};

/* The row with this id and its accepted repeats. -ENOENT: no such
 * row. -EINVAL: the row has no energy. -ENOMEM. */
int budget_report_read(struct store *store, int64_t id, struct budget_report *ret_report,
		       struct err *err);

/* The same from rows at hand. repeats: other accepted windows of the same point. -EINVAL. */
int budget_report_make(const struct store_measurement *row, const struct store_measurement *repeats,
		       size_t count, struct budget_report *ret_report, struct err *err);

void budget_report_print(const struct budget_report *report, FILE *stream);
json_t *budget_report_json(const struct budget_report *report); /* NULL: out of memory */

/* Whether two windows are repeats: everything equal but when they ran. */
bool budget_report_is_repeat(const struct store_measurement *a, const struct store_measurement *b);

#endif
