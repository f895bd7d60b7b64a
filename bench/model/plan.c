/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void index_add(const struct graph *graph, struct plan *plan, int32_t tensor)
{
	if (tensor < 0 || graph->tensors[tensor].data || plan->index_of[tensor] != IMAGE_NO_TENSOR)
		return;
	if (plan->tensor_count < IMAGE_TENSORS_MAX) {
		plan->index_of[tensor] = (uint16_t)plan->tensor_count;
		plan->tensor_of[plan->tensor_count] = (uint32_t)tensor;
	}
	plan->tensor_count++;
}

static int tensors_collect(const struct graph *graph, struct plan *plan, struct err *err)
{
	for (uint32_t i = 0; i < graph->tensor_count; i++)
		plan->index_of[i] = IMAGE_NO_TENSOR;
	for (uint32_t i = 0; i < graph->input_count; i++)
		index_add(graph, plan, graph->inputs[i]);
	for (uint32_t i = 0; i < graph->op_count; i++)
		index_add(graph, plan, graph->ops[i].output);
	if (plan->tensor_count > IMAGE_TENSORS_MAX)
		return err_set(err, -EINVAL, "%u activations: at most %d are supported",
			       plan->tensor_count, IMAGE_TENSORS_MAX);
	return 0;
}

uint64_t plan_scratch_bytes(const struct graph *graph, const struct graph_op *op)
{
	bool pixel = op->y.kernel == 1 && op->x.kernel == 1 && op->y.pad == 0 && op->x.pad == 0;

	if ((op->kind != IMAGE_CONV_2D && op->kind != IMAGE_DEPTHWISE_CONV_2D) || pixel)
		return 0;
	return (uint64_t)op->y.kernel * op->x.kernel * graph->tensors[op->inputs[0]].shape[3];
}

/* The block of a graph tensor lives at operator index, too. */
static void block_extend(struct plan *plan, int32_t tensor, uint32_t index)
{
	struct arena_block *block = &plan->blocks[plan->block_of[plan->index_of[tensor]]];

	if (block->first > index)
		block->first = index;
	if (block->last < index)
		block->last = index;
}

static int op_place(const struct graph *graph, struct plan *plan, uint32_t index, struct err *err)
{
	const struct graph_op *op = &graph->ops[index];
	struct arena_block *scratch = &plan->blocks[plan->tensor_count + index];
	uint64_t bytes = plan_scratch_bytes(graph, op);

	if (bytes > IMAGE_ARENA_BYTES_MAX)
		return err_set(err, -EINVAL, "operator %u (%s): a window of %llu bytes", index,
			       op->name, (unsigned long long)bytes);
	*scratch = (struct arena_block){.bytes = (uint32_t)bytes, .first = index, .last = index};
	if (op->kind == IMAGE_RESHAPE)
		plan->block_of[plan->index_of[op->output]] =
			plan->block_of[plan->index_of[op->inputs[0]]];
	for (int i = 0; i < GRAPH_OP_INPUTS_MAX; i++)
		if (op->inputs[i] >= 0 && !graph->tensors[op->inputs[i]].data)
			block_extend(plan, op->inputs[i], index);
	block_extend(plan, op->output, index);
	return 0;
}

/* Blocks that a RESHAPE gave up take no space. */
static void blocks_retire(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->tensor_count; i++)
		if (plan->block_of[i] != i)
			plan->blocks[i].bytes = 0;
}

static int lives_find(const struct graph *graph, struct plan *plan, struct err *err)
{
	for (uint32_t i = 0; i < plan->tensor_count; i++) {
		plan->block_of[i] = i;
		plan->blocks[i] = (struct arena_block){
			.bytes = graph->tensors[plan->tensor_of[i]].elements,
			.first = UINT32_MAX,
		};
	}
	for (uint32_t i = 0; i < graph->op_count; i++) {
		int error = op_place(graph, plan, i, err);

		if (error)
			return error;
	}
	for (uint32_t i = 0; i < graph->input_count; i++) {
		block_extend(plan, graph->inputs[i], 0);
		block_extend(plan, graph->inputs[i], graph->op_count);
	}
	for (uint32_t i = 0; i < graph->output_count; i++)
		block_extend(plan, graph->outputs[i], graph->op_count);
	blocks_retire(plan);
	return 0;
}

int plan_make(const struct graph *graph, struct plan *ret_plan, struct err *err)
{
	struct plan plan = {0};
	int error;

	plan.tensor_of = calloc(IMAGE_TENSORS_MAX, sizeof(*plan.tensor_of));
	plan.block_of = calloc(IMAGE_TENSORS_MAX, sizeof(*plan.block_of));
	plan.index_of = calloc(graph->tensor_count + 1, sizeof(*plan.index_of));
	plan.blocks = calloc(IMAGE_TENSORS_MAX + graph->op_count, sizeof(*plan.blocks));
	if (!plan.tensor_of || !plan.block_of || !plan.index_of || !plan.blocks)
		error = err_set(err, -ENOMEM, "out of memory");
	else
		error = tensors_collect(graph, &plan, err);
	error = error ? error : lives_find(graph, &plan, err);
	error = error ? error
		      : arena_plan(plan.blocks, plan.tensor_count + graph->op_count,
				   &plan.arena_bytes, err);
	if (error)
		plan_done(&plan);
	else
		*ret_plan = plan;
	return error;
}

void plan_done(struct plan *plan)
{
	free(plan->tensor_of);
	free(plan->index_of);
	free(plan->block_of);
	free(plan->blocks);
	memset(plan, 0, sizeof(*plan));
}

uint32_t plan_tensor_offset(const struct plan *plan, uint32_t image_tensor)
{
	return plan->blocks[plan->block_of[image_tensor]].offset;
}

const struct arena_block *plan_scratch(const struct plan *plan, uint32_t op_index)
{
	return &plan->blocks[plan->tensor_count + op_index];
}
