/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the checks of operators share (op_check.c, op_check_shapes.c).
 */
#ifndef BENCH_MODEL_OP_CHECK_H
#define BENCH_MODEL_OP_CHECK_H

#include "bench/model/graph.h"

/* The operator's tensors by role; NULL where there is none. */
struct operands {
	const struct graph_tensor *input, *filter, *bias, *output;
	const struct graph *graph;
};

typedef int op_check_fn(const struct operands *use, struct graph_op *op, struct err *err);
op_check_fn op_check_mean, op_check_pad, op_check_concatenation, op_check_resize,
	op_check_transpose;

/* "filter: no quantisation"; -EINVAL. */
int op_refuse(struct err *err, const char *role, const char *what);
/* "filter: int32 where int8 is expected" */
int op_check_type(const struct graph_tensor *tensor, enum graph_type type, const char *role,
		  struct err *err);
/* A computed int8 tensor with one scale. */
int op_check_activation(const struct graph_tensor *tensor, const char *role, struct err *err);
int op_check_rank(const struct graph_tensor *tensor, uint32_t rank, const char *role,
		  struct err *err);
int op_check_size(uint32_t size, uint64_t expected, const char *what, struct err *err);
/* For operators that only move bytes, so that both sides must mean the same by them. */
int op_check_same_quantisation(const struct graph_tensor *input, const struct graph_tensor *output,
			       struct err *err);

#endif
