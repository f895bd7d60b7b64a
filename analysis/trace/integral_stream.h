/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an instrument sums itself, beside the stream's sum of the same samples, over the span that
 * encloses a window as closely as the instrument's readings allow. See integral.h.
 */
#ifndef ANALYSIS_TRACE_INTEGRAL_STREAM_H
#define ANALYSIS_TRACE_INTEGRAL_STREAM_H

#include "analysis/trace/run_stream.h"

struct integral_reading {
	uint64_t end_index; /* of the samples summed before it */
	double charge_c, energy_j;
};

struct integral_stream {
	struct segments segments;
	bool started, has_first, has_last, is_over;
	bool has_pending; /* its samples are not in yet */
	struct integral_reading first, last, pending;
	struct segment between; /* the first and the last */
};

int integral_stream_init(struct integral_stream *integral, const struct run_settings *settings);
/* window_start, window_end: as known after this block; INFINITY: not yet. */
int integral_stream_add(struct integral_stream *integral, const struct run_block *block,
			double window_start, double window_end);
/* values: of the window. */
void integral_stream_finish(const struct integral_stream *integral,
			    const struct segment_values *values, struct run_integral *ret_integral);

#endif
