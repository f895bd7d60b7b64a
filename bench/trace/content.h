/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a trace file is named after: SHA-256 over identity and arrays, not over the file's bytes.
 */
#ifndef BENCH_TRACE_CONTENT_H
#define BENCH_TRACE_CONTENT_H

#include "bench/trace/stream.h"

/* Over the first counts[n] elements of each stream that is content (stream_kinds). Text hashed:
 *   "joulebench trace 1\n", then "@NAME=VALUE\n" for each attribute of struct trace_identity in
 *   alphabetical order (integers in decimal, reals as C's %a), then "PATH COUNT SHA256\n" for each
 *   stream the file has, in the order of enum trace_stream, SHA256 over its elements in hex. */
int content_hash(struct hdf_file *file, const struct trace_identity *identity,
		 const struct stream *streams, const uint64_t *counts,
		 char ret_sha256[TRACE_HASH_SIZE], struct err *err);

#endif
