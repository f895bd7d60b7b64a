/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BENCH_MODEL_LOWER_CONSTANTS_H
#define BENCH_MODEL_LOWER_CONSTANTS_H

#include "bench/model/lower.h"

/* Weights in the portable order and channel records, zero points folded in, of a convolution or
 * fully connected operator; the caller frees both. -EINVAL, -ENOMEM. */
int lower_constants(const struct graph *graph, const struct graph_op *op, struct lowered_op *ret_op,
		    struct err *err);

#endif
