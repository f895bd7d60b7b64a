/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "joulebench export": windows as a table, one per line, in the columns that "joulebench import
 * csv" reads (bench/import/csv.h): values per inference, units in the names. Numbers have 17 digits,
 * so that what is imported again is what was exported.
 */
#ifndef BENCH_PREDICTOR_TABLE_EXPORT_H
#define BENCH_PREDICTOR_TABLE_EXPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/predictor/dataset.h"
#include "drivers/err.h"

enum table_format { TABLE_CSV = 1, TABLE_JSON };

struct table_options {
	enum table_format format;
	bool all; /* windows of every verdict, else accepted ones */
	/* Networks with instruction counts: columns instructions_CLASS. NULL: none. */
	const struct dataset *instructions;
};

/* -ENOENT, -EINVAL, -EIO, -ENOMEM. *ret_rows: written. */
int table_export(const char *db_path, const struct table_options *options, FILE *stream,
		 size_t *ret_rows, struct err *err);

#endif
