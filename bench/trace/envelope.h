/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Least, mean and largest value over stretches of equal length, of a stream of any length in
 * constant memory: when there are too many stretches, each two become one.
 */
#ifndef BENCH_TRACE_ENVELOPE_H
#define BENCH_TRACE_ENVELOPE_H

#include "bench/trace/trace.h"

struct envelope_part {
	float min, max;
	double sum;
	uint64_t count, numbers; /* samples, and how many of them are numbers */
};

struct envelope {
	struct envelope_part parts[TRACE_ENVELOPE_MAX];
	size_t used;
	uint64_t stretch; /* samples per part; the last one may be shorter */
};

/* Begins with stretches of 1 ms. */
void envelope_init(struct envelope *envelope, double rate_hz);
void envelope_add(struct envelope *envelope, const float *values, size_t count);
struct trace_envelope_point envelope_point(const struct envelope *envelope, size_t index);

#endif
