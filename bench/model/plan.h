/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which tensors of a graph are activations of the image, and where they and the operators' scratch
 * space lie in the arena.
 */
#ifndef BENCH_MODEL_PLAN_H
#define BENCH_MODEL_PLAN_H

#include "bench/model/arena.h"
#include "bench/model/graph.h"

struct plan {
	uint32_t *tensor_of; /* image tensor -> graph tensor; tensor_count entries */
	uint16_t *index_of;  /* graph tensor -> image tensor, IMAGE_NO_TENSOR */
	uint32_t tensor_count;
	uint32_t *block_of; /* image tensor -> block; the two sides of a RESHAPE share one */
	struct arena_block
		*blocks; /* first one for each image tensor, then scratch of each operator */
	uint32_t arena_bytes;
};

/* Inputs of the model live for the whole run, its outputs to the end. -EINVAL, -ENOMEM. */
int plan_make(const struct graph *graph, struct plan *ret_plan, struct err *err);
void plan_done(struct plan *plan);

uint32_t plan_tensor_offset(const struct plan *plan, uint32_t image_tensor);
const struct arena_block *plan_scratch(const struct plan *plan, uint32_t op_index);

/* Scratch bytes an operator needs. */
uint64_t plan_scratch_bytes(const struct graph *graph, const struct graph_op *op);

#endif
