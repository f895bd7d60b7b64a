/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The level of a current over its latest stretch, while samples come: sums over batches of
 * consecutive samples, of which the latest are kept. So the level right before a moment can be told
 * once the moment is known. Memory does not grow; a batch that is left out, at most, is what the
 * stretch may end earlier than asked.
 */
#ifndef ANALYSIS_TRACE_IDLE_STREAM_H
#define ANALYSIS_TRACE_IDLE_STREAM_H

#include "analysis/trace/run_stream.h"

/* Enough for the standard deviation of a mean to be good to 13 %, each long enough to hold the
 * correlation of neighbours. */
enum { IDLE_BATCHES = 32 };

struct idle_batch {
	uint64_t number; /* its samples: [number * length, (number + 1) * length) from origin on */
	uint64_t count;  /* samples that are numbers */
	double reference_a, sum_a, square; /* of the deviations from the reference */
	double power_w, max_a;
	uint64_t lost, not_finite, saturated;
};

struct idle_stream {
	uint64_t origin, length; /* of a batch, in samples */
	uint64_t next_index;
	size_t batches; /* that make up idle */
	size_t capacity;
	struct idle_batch *ring;
	bool started;
	double supply_v, range_max_a;
};

/* samples: of the level; behind: how long before the newest sample it may end. */
int idle_stream_init(struct idle_stream *idle, size_t samples, size_t behind,
		     const struct run_settings *settings);
void idle_stream_done(struct idle_stream *idle); /* accepts a zeroed one */
/* Begins anew: the first batch begins at origin. */
void idle_stream_restart(struct idle_stream *idle, uint64_t origin);
/* Samples [from, to) of the block; both within it. What lies between the calls is lost. */
void idle_stream_add(struct idle_stream *idle, const struct run_block *block, uint64_t from,
		     uint64_t to);
/* The latest stretch that ends at or before `until`. Returns how many samples are in it. */
uint64_t idle_stream_level(const struct idle_stream *idle, uint64_t until,
			   struct run_idle *ret_level);

#endif
