/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where activations and the operators' scratch space lie in the arena.
 */
#ifndef BENCH_MODEL_PLAN_H
#define BENCH_MODEL_PLAN_H

#include "bench/model/arena.h"
#include "bench/model/lower.h"

struct plan {
	uint32_t *block_of;         /* tensor -> block; tensors in one place share one */
	struct arena_block *blocks; /* first one for each tensor, then scratch of each operator */
	uint32_t tensor_count;
	uint32_t arena_bytes;
};

/* Inputs of the model live for the whole run, its outputs and its exit's to the end. An operator
 * that can work in place does when nobody else reads its input afterwards. -EINVAL, -ENOMEM. */
int plan_make(const struct graph *graph, const struct lowered *lowered, struct plan *ret_plan,
	      struct err *err);
void plan_done(struct plan *plan);

const struct arena_block *plan_tensor(const struct plan *plan, uint32_t tensor);
const struct arena_block *plan_scratch(const struct plan *plan, uint32_t op_index);

#endif
