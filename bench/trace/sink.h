/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A trace file that is being written, by a capture or as a copy of another.
 */
#ifndef BENCH_TRACE_SINK_H
#define BENCH_TRACE_SINK_H

#include "bench/trace/envelope.h"
#include "bench/trace/stream.h"

struct sink_form {
	bool live;       /* readable while it is written; else a copy, for any HDF5 from 1.8 on */
	bool compressed; /* not together with live */
	bool samples, voltage;
};

struct sink_stage {
	uint8_t *elements; /* the last ones, which are not in the file yet */
	size_t count, size;
};

struct sink {
	char path[TRACE_PATH_MAX];
	struct hdf_file file;
	struct trace_identity identity;
	struct sink_form form;
	struct stream streams[TRACE_STREAMS];
	struct sink_stage stages[TRACE_STREAMS];
	struct envelope envelope; /* of the samples; not used when one is put like the rest */
};

/* The file must not exist. NULL or what sink_free frees; large, so on the heap. */
int sink_open(const char *path, const struct trace_identity *identity, const struct sink_form *form,
	      struct sink **ret_sink, struct err *err);
int sink_put(struct sink *sink, enum trace_stream which, const void *elements, size_t count,
	     struct err *err);
/* Room for 1 to *ret_count elements in place of copying them to sink_put: fill it, then sink_take
 * says how many were. */
void *sink_room(struct sink *sink, enum trace_stream which, size_t *ret_count);
int sink_take(struct sink *sink, enum trace_stream which, size_t count, struct err *err);
uint64_t sink_count(const struct sink *sink, enum trace_stream which); /* put so far */
/* Everything put so far is in the file, and says so. */
int sink_flush(struct sink *sink, struct err *err);
/* Envelope, content, result; closes; fsync. content_sha256 of *result is filled in. */
int sink_finish(struct sink *sink, struct trace_result *result, struct err *err);
/* Closes what is open, gives up the lock, frees; the file stays as it is. Accepts NULL. */
void sink_free(struct sink *sink);

#endif
