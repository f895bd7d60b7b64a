/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JSON objects with a table of their keys: one table writes, reads and checks. Errors name the file
 * and the path of the key: "a.json: cells[2].clock_hz: must be a whole number".
 */
#ifndef BENCH_PREDICTOR_FIELDS_H
#define BENCH_PREDICTOR_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

enum field_kind {
	FIELD_TEXT = 1, /* char[size]; at most size - 1 bytes */
	FIELD_REAL,     /* double; NaN and infinities are null */
	FIELD_WHOLE,    /* int64_t */
	FIELD_FLAG,     /* bool */
	FIELD_OTHER,    /* known, and read and written by the caller */
};

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset, size; /* within the struct; size: of a text's array */
	double min, max;     /* of numbers; both 0: any finite one */
	bool optional;       /* may be missing, a real also null: then "", NaN, 0, false */
};

#define FIELD_PLACE(type, member) offsetof(struct type, member), sizeof(((struct type *)0)->member)

/* Where in which file one is, for errors. */
struct field_at {
	const char *file;
	char path[160];
};

struct field_at field_below(const struct field_at *at, const char *key);
struct field_at field_item(const struct field_at *at, size_t index);

/* -EINVAL with "FILE: PATH: sentence". */
int field_fail(const struct field_at *at, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Fills the struct at `to` from object; fields ends with a NULL key. -EINVAL: not an object, a key
 * missing, unknown (the nearest is named), of another type or out of range. */
int fields_read(const struct field *fields, const json_t *object, const struct field_at *at,
		void *to, struct err *err);

/* Sets all fields but FIELD_OTHER in the table's order into object. false: out of memory, or a text
 * that is not UTF-8. */
bool fields_write(const struct field *fields, const void *from, json_t *object);

/* The array below key, of min..max items. -EINVAL. */
int field_array(const json_t *object, const char *key, const struct field_at *at, size_t min,
		size_t max, json_t **ret_array, struct err *err);

#endif
