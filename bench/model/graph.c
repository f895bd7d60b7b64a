/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/graph.h"

#include <stdlib.h>

#include "bench/model/flatbuffer.h"

void graph_done(struct graph *graph)
{
	free(graph->tensors);
	free(graph->ops);
	free(graph->inputs);
	free(graph->outputs);
	free(graph->input_floats);
	free(graph->output_floats);
	*graph = (struct graph){0};
}

float graph_scale(const struct graph_tensor *tensor, uint32_t channel)
{
	uint32_t index = tensor->scale_count > 1 ? channel : 0;

	return flatbuffer_load_f32(tensor->scales + (size_t)index * 4);
}

uint32_t graph_dimension(const struct graph_tensor *tensor, uint32_t back)
{
	return back < tensor->rank ? tensor->shape[tensor->rank - 1 - back] : 1;
}

uint64_t graph_op_macs(const struct graph *graph, const struct graph_op *op)
{
	const struct graph_tensor *out = &graph->tensors[op->output], *filter;

	switch (op->kind) {
	case IMAGE_CONV_2D:
	case IMAGE_FULLY_CONNECTED: /* each output: one row of the filter */
		filter = &graph->tensors[op->inputs[1]];
		return (uint64_t)out->elements * (filter->elements / filter->shape[0]);
	case IMAGE_DEPTHWISE_CONV_2D:
		filter = &graph->tensors[op->inputs[1]];
		return (uint64_t)out->elements * filter->shape[1] * filter->shape[2];
	default:
		return 0;
	}
}

static bool op_has_params(const struct graph_op *op)
{
	return op->kind == IMAGE_CONV_2D || op->kind == IMAGE_DEPTHWISE_CONV_2D ||
	       op->kind == IMAGE_FULLY_CONNECTED;
}

static bool op_uses_param(const struct graph_op *op, int32_t tensor)
{
	return op_has_params(op) && (op->inputs[1] == tensor || op->inputs[2] == tensor);
}

uint64_t graph_params(const struct graph *graph)
{
	uint64_t sum = 0;

	for (uint32_t t = 0; t < graph->tensor_count; t++) {
		for (uint32_t i = 0; i < graph->op_count; i++) {
			if (!op_uses_param(&graph->ops[i], (int32_t)t))
				continue;
			sum += graph->tensors[t].elements;
			break;
		}
	}
	return sum;
}

static uint64_t axis_reach(const struct graph_axis *axis)
{
	return (uint64_t)(axis->kernel - 1) * axis->dilation + 1;
}

uint32_t graph_axis_output(uint32_t in, const struct graph_axis *axis, enum graph_padding padding)
{
	uint64_t reach = axis_reach(axis);

	if (padding == GRAPH_SAME)
		return (uint32_t)(((uint64_t)in + axis->stride - 1) / axis->stride);
	if (reach > in)
		return 0;
	return (uint32_t)((in - reach + axis->stride) / axis->stride);
}

uint32_t graph_axis_pad(uint32_t in, const struct graph_axis *axis, enum graph_padding padding)
{
	uint64_t out = graph_axis_output(in, axis, padding);
	uint64_t need = out > 0 ? (out - 1) * axis->stride + axis_reach(axis) : 0;

	return need > in ? (uint32_t)((need - in) / 2) : 0;
}
