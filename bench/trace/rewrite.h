/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Copies of trace files: whole, compressed, or without samples.
 */
#ifndef BENCH_TRACE_REWRITE_H
#define BENCH_TRACE_REWRITE_H

#include "bench/trace/reader.h"
#include "bench/trace/sink.h"

/* Copies what can be read into a new file beside it ("*.new", name in ret_path), ends it with
 * *result and makes it durable. *ret_sink holds its lock until sink_free. Nothing is left when it
 * fails. */
int rewrite_copy(struct trace_reader *reader, const struct sink_form *form,
		 struct trace_result *result, char *ret_path, size_t size, struct sink **ret_sink,
		 struct err *err);

/* Puts the envelope of a finished file under its own name into the file's folder, and removes the
 * file. */
int rewrite_envelope(const char *path, char ret_sha256[TRACE_HASH_SIZE], struct err *err);

#endif
