/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/fuse.h"

#include <stdlib.h>
#include <string.h>

static void op_drop(struct lowered *lowered, uint32_t index)
{
	struct lowered_op *op = &lowered->ops[index];

	free(op->weights);
	free(op->channels);
	lowered->op_count--;
	memmove(op, op + 1, (lowered->op_count - index) * sizeof(*op));
	lowered->ops[lowered->op_count] = (struct lowered_op){0}; /* lower_done() may see it */
	if (lowered->exit_op >= (int32_t)index)
		lowered->exit_op--;
}

static bool op_reads(const struct image_op *record, uint32_t tensor)
{
	for (uint32_t i = 0; i < record->input_count; i++)
		if (record->inputs[i] == tensor)
			return true;
	return false;
}

static bool is_output(const struct graph *graph, const struct lowered *lowered, uint32_t tensor)
{
	for (uint32_t i = 0; i < graph->output_count; i++)
		if (lowered->index_of[graph->outputs[i]] == tensor)
			return true;
	return false;
}

/* --- PAD -----------------------------------------------------------------------------------------
 */

/* A window over the smaller input, padded by pad, still touches it wherever it lies. */
static bool axis_takes(uint32_t in, uint32_t out, uint32_t kernel, uint32_t stride,
		       uint32_t dilation, uint32_t pad)
{
	uint64_t reach = (uint64_t)(kernel - 1) * dilation + 1;

	return pad <= UINT16_MAX && pad < reach &&
	       (uint64_t)(out - 1) * stride < (uint64_t)in + pad;
}

static bool conv_takes(const struct lowered *lowered, const struct image_op *conv,
		       const struct image_op *pad)
{
	const uint32_t *in = lowered->tensors[pad->inputs[0]].shape;
	const uint32_t *out = lowered->tensors[conv->output].shape;

	if (conv->kind != IMAGE_CONV_2D && conv->kind != IMAGE_DEPTHWISE_CONV_2D)
		return false;
	return axis_takes(in[1], out[1], conv->kernel_h, conv->stride_h, conv->dilation_h,
			  (uint32_t)conv->pad_top + pad->args[1]) &&
	       axis_takes(in[2], out[2], conv->kernel_w, conv->stride_w, conv->dilation_w,
			  (uint32_t)conv->pad_left + pad->args[2]);
}

/* Only height and width grow, by the zero point that a convolution reads outside its input. */
static bool pad_is_plane(const struct lowered *lowered, const struct image_op *pad)
{
	const struct image_tensor *in = &lowered->tensors[pad->inputs[0]];
	const struct image_tensor *out = &lowered->tensors[pad->output];

	return in->shape[0] == out->shape[0] && in->shape[3] == out->shape[3] &&
	       in->zero_point == out->zero_point;
}

static bool pad_is_free(const struct graph *graph, const struct lowered *lowered,
			const struct image_op *pad)
{
	bool read = false;

	if (pad->kind != IMAGE_PAD || !pad_is_plane(lowered, pad) ||
	    is_output(graph, lowered, pad->output))
		return false;
	for (uint32_t i = 0; i < lowered->op_count; i++) {
		if (!op_reads(&lowered->ops[i].record, pad->output))
			continue;
		if (!conv_takes(lowered, &lowered->ops[i].record, pad))
			return false;
		read = true;
	}
	return read;
}

static void pad_move(struct lowered *lowered, const struct image_op *pad)
{
	for (uint32_t i = 0; i < lowered->op_count; i++) {
		struct image_op *conv = &lowered->ops[i].record;

		if (!op_reads(conv, pad->output))
			continue;
		conv->inputs[0] = pad->inputs[0];
		conv->pad_top = (uint16_t)(conv->pad_top + pad->args[1]);
		conv->pad_left = (uint16_t)(conv->pad_left + pad->args[2]);
	}
}

void fuse_pads(const struct graph *graph, struct lowered *lowered)
{
	for (uint32_t i = lowered->op_count; i-- > 0;) {
		const struct image_op pad = lowered->ops[i].record;

		if (!pad_is_free(graph, lowered, &pad))
			continue;
		pad_move(lowered, &pad);
		op_drop(lowered, i);
	}
}

/* --- RESHAPE -------------------------------------------------------------------------------------
 */

void fuse_views(struct lowered *lowered)
{
	for (uint32_t i = lowered->op_count; i-- > 0;) {
		const struct image_op *record = &lowered->ops[i].record;

		if (record->kind != IMAGE_RESHAPE || lowered->exit_op == (int32_t)i ||
		    lowered->op_count == 1)
			continue;
		lowered->place_of[record->output] = record->inputs[0];
		op_drop(lowered, i);
	}
}

/* --- tensors -------------------------------------------------------------------------------------
 */

static void list_keep(const struct lowered *lowered, const int32_t *list, uint32_t count,
		      bool *keep)
{
	for (uint32_t i = 0; i < count; i++)
		keep[lowered->index_of[list[i]]] = true;
}

static void used_find(const struct graph *graph, const struct lowered *lowered, bool *keep)
{
	list_keep(lowered, graph->inputs, graph->input_count, keep);
	list_keep(lowered, graph->outputs, graph->output_count, keep);
	for (uint32_t i = 0; i < lowered->op_count; i++) {
		const struct image_op *record = &lowered->ops[i].record;

		keep[record->output] = true;
		for (uint32_t k = 0; k < record->input_count; k++)
			keep[record->inputs[k]] = true;
	}
	for (uint32_t i = lowered->tensor_count; i-- > 0;) /* sources stand before their views */
		if (keep[i])
			keep[lowered->place_of[i]] = true;
}

static void indices_change(const struct graph *graph, struct lowered *lowered,
			   const uint16_t *new_index)
{
	for (uint32_t i = 0; i < graph->tensor_count; i++)
		if (lowered->index_of[i] != IMAGE_NO_TENSOR)
			lowered->index_of[i] = new_index[lowered->index_of[i]];
	for (uint32_t i = 0; i < lowered->op_count; i++) {
		struct image_op *record = &lowered->ops[i].record;

		record->output = new_index[record->output];
		for (uint32_t k = 0; k < record->input_count; k++)
			record->inputs[k] = new_index[record->inputs[k]];
	}
}

void fuse_tensors_drop(const struct graph *graph, struct lowered *lowered)
{
	bool keep[IMAGE_TENSORS_MAX] = {false};
	uint16_t new_index[IMAGE_TENSORS_MAX];
	uint32_t count = 0;

	used_find(graph, lowered, keep);
	for (uint32_t i = 0; i < lowered->tensor_count; i++) {
		new_index[i] = IMAGE_NO_TENSOR;
		if (!keep[i])
			continue;
		new_index[i] = (uint16_t)count;
		lowered->tensors[count] = lowered->tensors[i];
		lowered->place_of[count] = new_index[lowered->place_of[i]];
		count++;
	}
	lowered->tensor_count = count;
	indices_change(graph, lowered, new_index);
}
