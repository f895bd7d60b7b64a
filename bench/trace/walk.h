/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Goes over all samples of a trace piece by piece; a piece has no gap inside.
 */
#ifndef BENCH_TRACE_WALK_H
#define BENCH_TRACE_WALK_H

#include "bench/trace/reader.h"

enum { WALK_PIECE = 65536 };

/* After walk_next, while count > 0: samples sample to sample + count - 1. */
struct walk {
	uint64_t sample;
	uint64_t position;    /* of the first one in the meter's time: lost samples counted */
	uint64_t lost_before; /* directly before it */
	size_t count;
	float *current_a, *voltage_v; /* voltage_v: NULL without */
	uint8_t *lines;

	struct trace_reader *reader;
	float *current_buffer, *voltage_buffer;
	uint8_t *lines_buffer;
	uint64_t loaded_first; /* what the buffers hold */
	size_t loaded;
	struct trace_gap *gaps;
	size_t next_gap;
};

/* -ENODATA: the file holds no samples. *walk is to be ended with walk_done also when it fails. */
int walk_begin(struct trace_reader *reader, struct walk *walk, struct err *err);
int walk_next(struct walk *walk, struct err *err); /* count 0: that was all */
void walk_done(struct walk *walk);

#endif
