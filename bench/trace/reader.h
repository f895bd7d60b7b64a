/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads trace files: finished ones, ones that are being written, and ones whose writer died (both
 * up to the last flush).
 */
#ifndef BENCH_TRACE_READER_H
#define BENCH_TRACE_READER_H

#include "bench/trace/trace.h"

struct trace_info {
	struct trace_identity identity;
	bool ended;                 /* there is a result; else being written, or cut off */
	struct trace_result result; /* empty texts unless ended */
	bool has_samples, has_voltage;
	bool compressed;
	uint64_t samples; /* that were captured, kept or not */
	uint64_t samples_lost, samples_saturated;
	uint64_t counts[TRACE_STREAMS]; /* elements that can be read of each stream */
};

struct trace_reader;

/* -EINVAL: no HDF5 file, none of joulebench, or damaged: the sentence says what is missing. */
int trace_reader_open(const char *path, struct trace_reader **ret_reader, struct err *err);
void trace_reader_close(struct trace_reader *reader); /* accepts NULL */
const char *trace_reader_path(const struct trace_reader *reader);
const struct trace_info *trace_reader_info(const struct trace_reader *reader);

/* Elements first to first + count - 1, which must be there. Pieces of 65536 samples that begin at a
 * multiple of that are fastest. -EIO: also a wrong checksum. */
int trace_read(struct trace_reader *reader, enum trace_stream which, uint64_t first, size_t count,
	       void *ret_elements, struct err *err);
/* All of a stream of records; freed by the caller. -EFBIG: more than is sane. */
int trace_read_all(struct trace_reader *reader, enum trace_stream which, void **ret_elements,
		   struct err *err);
/* Of what can be read now; a finished file in order gives its result's content_sha256. */
int trace_reader_hash(struct trace_reader *reader, char ret_sha256[TRACE_HASH_SIZE],
		      struct err *err);

#endif
