/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The tensor's block lives at operator index, too. */
static void block_extend(struct plan *plan, uint32_t tensor, uint32_t index)
{
	struct arena_block *block = &plan->blocks[plan->block_of[tensor]];

	if (block->first > index)
		block->first = index;
	if (block->last < index)
		block->last = index;
}

static void blocks_start(const struct lowered *lowered, struct plan *plan)
{
	for (uint32_t i = 0; i < plan->tensor_count; i++) {
		plan->block_of[i] = i;
		plan->blocks[i] = (struct arena_block){.bytes = lowered->tensors[i].bytes,
						       .first = UINT32_MAX};
	}
	for (uint32_t i = 0; i < lowered->op_count; i++)
		plan->blocks[plan->tensor_count + i] = (struct arena_block){
			.bytes = lowered->ops[i].record.scratch_bytes, .first = i, .last = i};
}

/* Lives of the tensors as the operators alone ask for them, each in its own block. */
static void lives_find(const struct graph *graph, const struct lowered *lowered, struct plan *plan)
{
	for (uint32_t i = 0; i < lowered->op_count; i++) {
		const struct image_op *record = &lowered->ops[i].record;

		for (uint32_t k = 0; k < record->input_count; k++)
			block_extend(plan, record->inputs[k], i);
		block_extend(plan, record->output, i);
	}
	for (uint32_t i = 0; i < graph->input_count; i++) {
		block_extend(plan, lowered->index_of[graph->inputs[i]], 0);
		block_extend(plan, lowered->index_of[graph->inputs[i]], lowered->op_count);
	}
	for (uint32_t i = 0; i < graph->output_count; i++)
		block_extend(plan, lowered->index_of[graph->outputs[i]], lowered->op_count);
}

/* Block from goes up in block to. */
static void blocks_merge(struct plan *plan, uint32_t to, uint32_t from)
{
	struct arena_block *kept = &plan->blocks[to], *gone = &plan->blocks[from];

	kept->bytes = kept->bytes > gone->bytes ? kept->bytes : gone->bytes;
	kept->first = kept->first < gone->first ? kept->first : gone->first;
	kept->last = kept->last > gone->last ? kept->last : gone->last;
	gone->bytes = 0;
	for (uint32_t i = 0; i < plan->tensor_count; i++)
		if (plan->block_of[i] == from)
			plan->block_of[i] = to;
}

/* The output of operator index takes the place of an input that nobody needs afterwards; both sides
 * of a RESHAPE hold the same bytes, so those share their place in any case. */
static void op_place(const struct lowered *lowered, struct plan *plan, uint32_t index)
{
	const struct lowered_op *op = &lowered->ops[index];
	bool same_bytes = op->record.kind == IMAGE_RESHAPE;

	for (uint32_t i = 0; i < op->record.input_count; i++) {
		uint32_t to = plan->block_of[op->record.inputs[i]];
		uint32_t from = plan->block_of[op->record.output];

		if (to == from)
			return;
		if (same_bytes ||
		    ((op->needs.in_place >> i & 1) && plan->blocks[to].last == index)) {
			blocks_merge(plan, to, from);
			return;
		}
	}
}

/* Views and RESHAPE first: a life that it lengthens keeps others from working in place. */
static void places_share(const struct lowered *lowered, struct plan *plan)
{
	for (uint32_t i = 0; i < plan->tensor_count; i++)
		if (plan->block_of[lowered->place_of[i]] != plan->block_of[i])
			blocks_merge(plan, plan->block_of[lowered->place_of[i]], plan->block_of[i]);
	for (int reshape = 1; reshape >= 0; reshape--)
		for (uint32_t i = 0; i < lowered->op_count; i++)
			if ((lowered->ops[i].record.kind == IMAGE_RESHAPE) == reshape)
				op_place(lowered, plan, i);
}

int plan_make(const struct graph *graph, const struct lowered *lowered, struct plan *ret_plan,
	      struct err *err)
{
	struct plan plan = {.tensor_count = lowered->tensor_count};
	int error = 0;

	plan.block_of = calloc(plan.tensor_count + 1, sizeof(*plan.block_of));
	plan.blocks = calloc(plan.tensor_count + lowered->op_count + 1, sizeof(*plan.blocks));
	if (!plan.block_of || !plan.blocks) {
		error = err_set(err, -ENOMEM, "out of memory");
	} else {
		blocks_start(lowered, &plan);
		lives_find(graph, lowered, &plan);
		places_share(lowered, &plan);
		error = arena_plan(plan.blocks, plan.tensor_count + lowered->op_count,
				   &plan.arena_bytes, err);
	}
	if (error)
		plan_done(&plan);
	else
		*ret_plan = plan;
	return error;
}

void plan_done(struct plan *plan)
{
	free(plan->block_of);
	free(plan->blocks);
	memset(plan, 0, sizeof(*plan));
}

const struct arena_block *plan_tensor(const struct plan *plan, uint32_t tensor)
{
	return &plan->blocks[plan->block_of[tensor]];
}

const struct arena_block *plan_scratch(const struct plan *plan, uint32_t op_index)
{
	return &plan->blocks[plan->tensor_count + op_index];
}
