/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One YAML file, read by a libcyaml schema, that still knows the line of every key: what libcyaml
 * cannot say exactly (unknown and duplicate keys with their own line and the nearest known name,
 * values that make no sense) is checked against libyaml's own document tree.
 */
#ifndef BENCH_CONFIG_YAML_FILE_H
#define BENCH_CONFIG_YAML_FILE_H

#include <cyaml/cyaml.h>
#include <stdbool.h>

#include "drivers/err.h"

struct yaml_file;

/* Loads path by the schema (a pointer mapping). *ret_data belongs to the file and is freed with it.
 * -EINVAL: "PATH:LINE: sentence". */
int yaml_file_load(const char *path, const cyaml_schema_value_t *schema,
		   struct yaml_file **ret_file, void **ret_data, struct err *err);
void yaml_file_free(struct yaml_file *file); /* accepts NULL */

/* Puts "PATH:LINE: " in front of the sentence in err; the line is that of the value at the key path
 * ("meters[1].supply"), or of its nearest parent. Returns code. */
int yaml_file_error(const struct yaml_file *file, int code, struct err *err, const char *key_format,
		    ...) __attribute__((format(printf, 4, 5)));

/* Whether the file has that key at its top. */
bool yaml_file_has(const struct yaml_file *file, const char *key);

/* The value at a key of the file's top: one plain value, or a list of them (the schema ignores such
 * a key: CYAML_FIELD_IGNORE). The array is to be freed by the caller, the strings are the file's.
 * -EINVAL: anything else, an empty list, or more than max. */
int yaml_file_words(const struct yaml_file *file, const char *key, unsigned max,
		    const char ***ret_words, unsigned *ret_count, struct err *err);

struct yaml_file_pair {
	const char *key, *value; /* the file's */
};

/* The keys and single values of the mapping at a key path that the schema ignores; none when it is
 * not there. The array is to be freed by the caller. -EINVAL: no mapping, a value that is no single
 * one, a key twice; "PATH:LINE: " stands in front already. */
int yaml_file_pairs(const struct yaml_file *file, const char *key,
		    struct yaml_file_pair **ret_pairs, unsigned *ret_count, struct err *err);

/* How many letters differ, for "did you mean"; 99 when b is longer than a name. */
unsigned yaml_file_distance(const char *a, const char *b);

/* The file's text as read, to be stored with the data. Owned by the file. */
const char *yaml_file_text(const struct yaml_file *file);

#endif
