/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Users' own tables: comma-separated values, UTF-8, first line the names of the columns, one
 * measured window per line. Names carry their units, SI without prefix; cycles, energies and times
 * are per inference. Fields may stand in double quotes ("" is one quote), on one line. Decimal
 * points. Lines that are empty or begin with # are left out. A column that is not known, given
 * twice or missing, and any value that cannot be, is an error with file and line: nothing of the
 * file is then imported.
 *
 * csv_columns is the list; "joulebench import --help" prints it.
 */
#ifndef BENCH_IMPORT_CSV_H
#define BENCH_IMPORT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/store/store.h"
#include "drivers/err.h"

enum csv_kind {
	CSV_TEXT = 1,
	CSV_REAL,  /* min <= value <= max */
	CSV_WHOLE, /* the same, without a fraction */
};

struct csv_column {
	const char *name;
	bool required;
	enum csv_kind kind;
	double min, max;
	const char *help;
};

extern const struct csv_column csv_columns[]; /* ends with a NULL name */

/* Columns of which the names begin so are left alone. */
#define CSV_INSTRUCTIONS "instructions_"

/* The known column that is most like it. */
const char *csv_column_nearest(const char *name);

struct csv_rows {
	struct store_measurement *rows; /* complete but for session_id */
	size_t count;
};

/* -EINVAL with path:line and what to do; -ENOMEM. */
int csv_parse(const char *path, const uint8_t *bytes, size_t count, struct csv_rows *ret_rows,
	      struct err *err);
void csv_rows_done(struct csv_rows *rows);

#endif
