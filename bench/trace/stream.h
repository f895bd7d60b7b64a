/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The arrays of a trace file, as a table: path, element, chunk. A stream is one of them in an open
 * file. Elements are those of trace.h, in memory as in the file.
 */
#ifndef BENCH_TRACE_STREAM_H
#define BENCH_TRACE_STREAM_H

#include "bench/trace/hdf.h"
#include "bench/trace/trace.h"

/* Elements of each stream that were complete at a flush; this one's own record included. */
struct stream_flush {
	uint64_t counts[TRACE_STREAMS - 1]; /* of stream n at n - 1 */
};

struct stream_kind {
	const char *path, *unit;
	size_t bytes; /* of an element */
	size_t chunk; /* elements */
	bool per_sample;
	bool content; /* is part of what the file's name is made of */
};

extern const struct stream_kind stream_kinds[TRACE_STREAMS];

struct stream {
	const struct stream_kind *kind; /* NULL: the file has no such stream */
	hid_t dataset, memory_type;
	uint64_t count; /* elements in the file */
	bool filtered;  /* compressed */
	/* Of streams that are written: */
	uint64_t extent; /* elements that the file says there are; stream_settle makes it count */
	haddr_t chunk_address; /* of the chunk that grows */
};

/* Creates the dataset. compressed: shuffle, deflate, fletcher32. */
int stream_create(struct hdf_file *file, enum trace_stream which, bool compressed,
		  struct stream *ret_stream, struct err *err);
/* -ENOENT: not there; -EINVAL: not what it should be. Both sentences name it. */
int stream_open(struct hdf_file *file, enum trace_stream which, struct stream *ret_stream,
		struct err *err);
/* Writes at the end, straight to the file. Compressed ones: fast when it fills whole chunks. What
 * was written is there for readers after stream_settle and hdf_flush. */
int stream_write(struct hdf_file *file, struct stream *stream, const void *elements, size_t count,
		 struct err *err);
int stream_settle(struct hdf_file *file, struct stream *stream, struct err *err);
int stream_read(struct hdf_file *file, const struct stream *stream, uint64_t first, size_t count,
		void *ret_elements, struct err *err);
void stream_close(struct stream *stream); /* accepts a zeroed one */

#endif
