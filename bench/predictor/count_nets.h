/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Networks that only exist to be counted: dozens of unrelated operators of varied shapes side by
 * side in one model image, so that one start of a virtual board counts all of them. Made in memory
 * and compiled as a file's graph is.
 */
#ifndef BENCH_PREDICTOR_COUNT_NETS_H
#define BENCH_PREDICTOR_COUNT_NETS_H

#include "bench/model/model.h"

/* What the outputs of an operator are like. */
enum count_mood {
	COUNT_WILD = 1, /* anything */
	COUNT_CALM,     /* none is limited to the activation's bounds */
	COUNT_LOW,      /* all are: to the lower bound */
	COUNT_HIGH,
};

struct count_net_wish {
	uint64_t seed; /* the same wish gives the same network */
	enum image_kernel_set kernel_set;
	unsigned layers;      /* besides the first two, which are the same */
	bool wild;            /* all operators COUNT_WILD, inputs of any bytes */
	unsigned arena_bytes; /* more is not used, nor more image_bytes */
	unsigned image_bytes;
	uint32_t kinds; /* bit: enum image_op_kind */
};

struct count_net {
	struct model_image *image;
	uint8_t *input;         /* image->input_bytes */
	enum count_mood *moods; /* image->op_count */
};

/* -ENOMEM; -EINVAL: the wish cannot be met. */
int count_net_make(const struct count_net_wish *wish, struct count_net *ret_net, struct err *err);
void count_net_done(struct count_net *net); /* accepts a zeroed one */

#endif
