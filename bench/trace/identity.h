/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of struct trace_identity: attribute by attribute.
 */
#ifndef BENCH_TRACE_IDENTITY_H
#define BENCH_TRACE_IDENTITY_H

#include "bench/trace/hdf.h"
#include "bench/trace/trace.h"

enum identity_kind { IDENTITY_TEXT = 1, IDENTITY_INTEGER, IDENTITY_REAL };

struct identity_field {
	const char *name;
	enum identity_kind kind;
	size_t offset, size;
	bool is_optional; /* a text: neither written nor hashed when empty, may be missing */
};

extern const struct identity_field identity_fields[]; /* alphabetical; ends with a NULL name */

bool identity_is_absent(const struct trace_identity *identity, const struct identity_field *);
/* The field's value of identity; for the kind it is. */
const char *identity_text(const struct trace_identity *identity, const struct identity_field *);
int64_t identity_integer(const struct trace_identity *identity, const struct identity_field *);
double identity_real(const struct trace_identity *identity, const struct identity_field *);

int identity_write(struct hdf_file *file, const struct trace_identity *identity, struct err *err);
/* -EINVAL: something is missing. */
int identity_read(struct hdf_file *file, struct trace_identity *ret_identity, struct err *err);

#endif
