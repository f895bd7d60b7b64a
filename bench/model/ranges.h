/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Interval analysis: between which values every channel of every activation lies, whatever the
 * model's input. Requantisation and clamping never decrease with the accumulator, so an output
 * channel lies between the requantised ends of its accumulator's interval.
 */
#ifndef BENCH_MODEL_RANGES_H
#define BENCH_MODEL_RANGES_H

#include "bench/model/lower.h"

struct range {
	int8_t low, high;
};

struct ranges {
	struct range *
		*channels; /* [tensor][channel]: a channel is an index of the last dimension */
	uint32_t tensor_count;
};

/* -ENOMEM. */
int ranges_find(const struct lowered *lowered, struct ranges *ret_ranges, struct err *err);
void ranges_done(struct ranges *ranges);

/* True when some window of the operator reaches beyond its input, where the input's zero point is
 * read. */
bool ranges_op_pads(const struct image_use *use);

#endif
