/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Counters of few bits made whole: the 6 bits of a PPK2's words, the 32-bit sample ids of a JS220
 * (which count at 2 MHz whatever the stream's rate, and wrap after 2147 s).
 *
 * Between two blocks a counter advances by what it shows, plus any number of wraps. The host's
 * clock says how many, when its uncertainty is well below a wrap. When it is not (a PPK2's wrap is
 * 0.64 ms), the least number is taken and the step is marked: losses of whole wraps are then found
 * by lateness.h, from blocks that stay late.
 */
#ifndef ANALYSIS_TRACE_COUNTER_H
#define ANALYSIS_TRACE_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#include "analysis/trace/error.h"

struct counter_settings {
	unsigned bits;        /* 1..63 */
	uint64_t step;        /* counts per sample: 2 for a JS220's 1 MSa/s stream */
	double count_hz;      /* counts per second, nominal */
	double tolerance_rel; /* of that, with the host's clock */
	int64_t jitter_ns;    /* how much later one block may be delivered than another */
};

struct counter {
	struct counter_settings settings;
	bool started;
	uint64_t base;       /* raw count of the first sample */
	uint64_t next_count; /* of the next sample, unwrapped, from base on */
	int64_t t_ns;
};

struct counter_step {
	uint64_t first_index; /* of the block, in samples since the first block's first */
	uint64_t lost;        /* samples between the last block and this one */
	uint64_t overlap;     /* samples at this block's begin that the last one held already */
	uint64_t wraps;       /* whole wraps among the lost */
	bool certain;         /* the host's clock leaves no other number of wraps */
	bool contradiction; /* no number of wraps fits the host's clock: one of the two is wrong */
};

/* ANALYSIS_BAD_ARGUMENT. */
int counter_init(struct counter *counter, const struct counter_settings *settings);
/* A block of count samples whose first bears raw, received at t_mono_ns. ANALYSIS_BAD_ARGUMENT: no
 * samples, raw too large, time goes back, or raw is between two samples (damaged). */
int counter_add(struct counter *counter, uint64_t raw, uint64_t count, int64_t t_mono_ns,
		struct counter_step *ret_step);

#endif
