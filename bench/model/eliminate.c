/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/eliminate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/ranges.h"

struct elimination {
	struct lowered *lowered;
	struct ranges ranges;
	bool **gone; /* [tensor][channel]: to be taken out */
};

/* --- which ---------------------------------------------------------------------------------------
 */

static bool is_constant(const struct elimination *work, uint32_t tensor, uint32_t channel)
{
	struct range range = work->ranges.channels[tensor][channel];

	return range.low == range.high;
}

static void tensor_keep(struct elimination *work, uint32_t tensor)
{
	memset(work->gone[tensor], 0, work->lowered->tensors[tensor].shape[3] * sizeof(bool));
}

/* A convolution does without an input channel unless it also reads it outside the input, where it
 * is another constant. */
static bool dense_settle(struct elimination *work, const struct image_use *use)
{
	uint32_t in = use->op->inputs[0];
	bool pads = ranges_op_pads(use), changed = false;

	for (uint32_t c = 0; pads && c < use->in[0]->shape[3]; c++) {
		if (work->gone[in][c] &&
		    work->ranges.channels[in][c].low != use->in[0]->zero_point) {
			work->gone[in][c] = false;
			changed = true;
		}
	}
	return changed;
}

/* Input channel c and the output channels made of it alone go together or not at all. */
static bool channelwise_settle(struct elimination *work, const struct image_use *use)
{
	bool *in = work->gone[use->op->inputs[0]], *out = work->gone[use->op->output];
	uint32_t multiplier = use->out->shape[3] / use->in[0]->shape[3];
	bool changed = false;

	for (uint32_t c = 0; c < use->in[0]->shape[3]; c++) {
		bool all = in[c];

		for (uint32_t m = 0; m < multiplier; m++)
			all = all && out[c * multiplier + m];
		for (uint32_t m = 0; !all && m < multiplier; m++) {
			changed |= out[c * multiplier + m];
			out[c * multiplier + m] = false;
		}
		changed |= in[c] && !all;
		in[c] = in[c] && all;
	}
	return changed;
}

static bool tensor_refuse(struct elimination *work, uint32_t tensor)
{
	bool changed = false;

	for (uint32_t c = 0; c < work->lowered->tensors[tensor].shape[3]; c++)
		changed |= work->gone[tensor][c];
	tensor_keep(work, tensor);
	return changed;
}

static bool op_refuse(struct elimination *work, const struct image_op *op, bool output_too)
{
	bool changed = output_too && tensor_refuse(work, op->output);

	for (uint32_t i = 0; i < op->input_count; i++)
		changed |= tensor_refuse(work, op->inputs[i]);
	return changed;
}

/* True when the operator wants a channel kept that was to go. */
static bool op_settle(struct elimination *work, uint32_t index)
{
	const struct image_use use = lower_use(work->lowered, index);
	uint32_t rows = use.out->bytes / use.out->shape[3];

	switch (use.op->kind) {
	case IMAGE_CONV_2D:
		return dense_settle(work, &use);
	case IMAGE_FULLY_CONNECTED:
		return use.in[0]->shape[3] == use.in[0]->bytes / rows
			       ? false
			       : op_refuse(work, use.op, false);
	case IMAGE_DEPTHWISE_CONV_2D:
	case IMAGE_AVERAGE_POOL_2D:
	case IMAGE_MAX_POOL_2D:
		return channelwise_settle(work, &use);
	case IMAGE_RESHAPE:
		return use.in[0]->shape[3] == use.out->shape[3] ? channelwise_settle(work, &use)
								: op_refuse(work, use.op, true);
	default:
		return op_refuse(work, use.op, true);
	}
}

static void settle(struct elimination *work)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (uint32_t i = 0; i < work->lowered->op_count; i++)
			changed |= op_settle(work, i);
	}
}

/* No tensor may vanish: a channel of those that would stays, and what that asks for. */
static void some_stay(struct elimination *work)
{
	for (uint32_t t = 0; t < work->lowered->tensor_count; t++) {
		uint32_t channels = work->lowered->tensors[t].shape[3], gone = 0;

		for (uint32_t c = 0; c < channels; c++)
			gone += work->gone[t][c];
		if (gone == channels) {
			work->gone[t][0] = false;
			settle(work);
		}
	}
}

static int gone_find(const struct graph *graph, struct elimination *work, struct err *err)
{
	const struct lowered *lowered = work->lowered;

	work->gone = calloc(lowered->tensor_count + 1, sizeof(*work->gone));
	for (uint32_t t = 0; work->gone && t < lowered->tensor_count; t++) {
		uint32_t channels = lowered->tensors[t].shape[3];

		work->gone[t] = calloc(channels, sizeof(**work->gone));
		if (!work->gone[t])
			return err_set(err, -ENOMEM, "out of memory");
		for (uint32_t c = 0; c < channels; c++)
			work->gone[t][c] = is_constant(work, t, c);
	}
	if (!work->gone)
		return err_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < graph->input_count; i++)
		tensor_keep(work, lowered->index_of[graph->inputs[i]]);
	for (uint32_t i = 0; i < graph->output_count; i++)
		tensor_keep(work, lowered->index_of[graph->outputs[i]]);
	settle(work);
	some_stay(work);
	return 0;
}

/* --- how -----------------------------------------------------------------------------------------
 */

/* Weights [out][taps][in] without the channels that go; their part of the sum joins the bias. */
static void dense_shrink(struct elimination *work, struct lowered_op *op)
{
	const struct image_tensor *tensors = work->lowered->tensors;
	const bool *in = work->gone[op->record.inputs[0]], *out = work->gone[op->record.output];
	const struct range *ranges = work->ranges.channels[op->record.inputs[0]];
	uint32_t depth = tensors[op->record.inputs[0]].shape[3];
	uint32_t channels = tensors[op->record.output].shape[3];
	uint32_t row = op->weight_count / channels, used = 0;

	for (uint32_t i = 0; i < channels; i++) {
		uint32_t bias = (uint32_t)op->channels[i].bias;

		for (uint32_t k = 0; !out[i] && k < row; k++) {
			int8_t weight = op->weights[(size_t)i * row + k];

			if (in[k % depth])
				bias += (uint32_t)(weight * ranges[k % depth].low);
			else
				op->weights[used++] = weight;
		}
		op->channels[i].bias = (int32_t)bias;
	}
	op->weight_count = used;
}

/* Weights [taps][channel]. */
static void depthwise_shrink(struct elimination *work, struct lowered_op *op)
{
	const bool *out = work->gone[op->record.output];
	uint32_t channels = work->lowered->tensors[op->record.output].shape[3], used = 0;

	for (uint32_t i = 0; i < op->weight_count; i++)
		if (!out[i % channels])
			op->weights[used++] = op->weights[i];
	op->weight_count = used;
}

static void channels_shrink(struct elimination *work, struct lowered_op *op)
{
	const bool *out = work->gone[op->record.output];
	uint32_t channels = work->lowered->tensors[op->record.output].shape[3], used = 0;

	for (uint32_t i = 0; i < channels; i++)
		if (!out[i])
			op->channels[used++] = op->channels[i];
}

static void tensor_shrink(struct elimination *work, uint32_t index)
{
	struct image_tensor *tensor = &work->lowered->tensors[index];
	uint32_t channels = tensor->shape[3], kept = 0;

	for (uint32_t c = 0; c < channels; c++)
		kept += !work->gone[index][c];
	tensor->bytes = tensor->bytes / channels * kept;
	tensor->shape[3] = kept;
}

static void shrink(struct elimination *work)
{
	struct lowered *lowered = work->lowered;

	for (uint32_t i = 0; i < lowered->op_count; i++) {
		struct lowered_op *op = &lowered->ops[i];

		if (!op->weights)
			continue;
		if (op->record.kind == IMAGE_DEPTHWISE_CONV_2D)
			depthwise_shrink(work, op);
		else
			dense_shrink(work, op);
		channels_shrink(work, op);
	}
	for (uint32_t t = 0; t < lowered->tensor_count; t++)
		tensor_shrink(work, t);
}

int eliminate(const struct graph *graph, struct lowered *lowered, struct err *err)
{
	struct elimination work = {.lowered = lowered};
	int error = ranges_find(lowered, &work.ranges, err);

	if (error)
		return error;
	error = gone_find(graph, &work, err);
	if (!error)
		shrink(&work);
	for (uint32_t t = 0; work.gone && t < lowered->tensor_count; t++)
		free(work.gone[t]);
	free(work.gone);
	ranges_done(&work.ranges);
	return error;
}
