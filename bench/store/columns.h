/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The columns of table measurement, once: SQL type and place in struct store_measurement.
 */
#ifndef BENCH_STORE_COLUMNS_H
#define BENCH_STORE_COLUMNS_H

#include <stddef.h>

enum column_type {
	COLUMN_TEXT = 1,
	COLUMN_INTEGER,
	COLUMN_REAL,
	COLUMN_LONG_TEXT, /* a const char *, NULL is ""; written, and not read with the rows */
};

struct column {
	const char *name;
	enum column_type type;
	size_t offset, size; /* within struct store_measurement */
	int since;           /* the schema that has it; 0: every one that is read */
};

extern const struct column store_columns[];
extern const unsigned store_column_count;

#endif
