/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/ranges.h"

#include <errno.h>
#include <stdlib.h>

#include "firmware/runtime/kernels/portable/fixed_point.h"

static bool axis_pads(uint32_t in, uint32_t out, uint32_t kernel, uint32_t stride,
		      uint32_t dilation, uint32_t pad)
{
	uint64_t end = (uint64_t)(out - 1) * stride + (uint64_t)(kernel - 1) * dilation + 1;

	return pad > 0 || end > in;
}

bool ranges_op_pads(const struct image_use *use)
{
	const struct image_op *op = use->op;
	const uint32_t *in = use->in[0]->shape, *out = use->out->shape;

	if (op->kind != IMAGE_CONV_2D && op->kind != IMAGE_DEPTHWISE_CONV_2D)
		return false;
	return axis_pads(in[1], out[1], op->kernel_h, op->stride_h, op->dilation_h, op->pad_top) ||
	       axis_pads(in[2], out[2], op->kernel_w, op->stride_w, op->dilation_w, op->pad_left);
}

/* What a tap may read: the channel, or the zero point where windows reach beyond the input. */
static struct range tap_range(struct range range, bool pads, int32_t zero_point)
{
	if (pads && zero_point < range.low)
		range.low = (int8_t)zero_point;
	if (pads && zero_point > range.high)
		range.high = (int8_t)zero_point;
	return range;
}

struct interval {
	int64_t low, high;
};

static void interval_add(struct interval *sum, int32_t weight, struct range range)
{
	sum->low += weight * (weight > 0 ? range.low : range.high);
	sum->high += weight * (weight > 0 ? range.high : range.low);
}

/* The kernels' sums wrap: an interval that leaves 32 bits, there or when it is shifted left, says
 * nothing. */
static struct range interval_finish(const struct image_use *use,
				    const struct image_channel *channel, const struct interval *sum)
{
	const struct image_op *op = use->op;
	int32_t shift = channel->rescale.shift > 0 ? channel->rescale.shift : 0;
	int64_t most = (int64_t)INT32_MAX >> shift;
	struct range range = {(int8_t)op->activation_min, (int8_t)op->activation_max};
	int32_t low, high;

	if (sum->low < -most || sum->high > most)
		return range;
	low = fixed_rescale((int32_t)sum->low, &channel->rescale);
	high = fixed_rescale((int32_t)sum->high, &channel->rescale);
	if (low < -(1 << 30) || high > 1 << 30)
		return range;
	range.low = fixed_clamp(low + use->out->zero_point, op->activation_min, op->activation_max);
	range.high =
		fixed_clamp(high + use->out->zero_point, op->activation_min, op->activation_max);
	return range;
}

/* CONV_2D and FULLY_CONNECTED: weights [out][taps][in]. */
static void dense_find(const struct lowered_op *op, const struct image_use *use,
		       const struct range *in, uint32_t depth, struct range *out)
{
	uint32_t channels = use->out->shape[3], row = op->weight_count / channels;
	bool pads = ranges_op_pads(use);

	for (uint32_t i = 0; i < channels; i++) {
		struct interval sum = {op->channels[i].bias, op->channels[i].bias};

		for (uint32_t k = 0; k < row; k++)
			interval_add(&sum, op->weights[(size_t)i * row + k],
				     tap_range(in[k % depth], pads, use->in[0]->zero_point));
		out[i] = interval_finish(use, &op->channels[i], &sum);
	}
}

static void depthwise_find(const struct lowered_op *op, const struct image_use *use,
			   const struct range *in, struct range *out)
{
	uint32_t channels = use->out->shape[3], taps = op->weight_count / channels;
	uint32_t multiplier = channels / use->in[0]->shape[3];
	bool pads = ranges_op_pads(use);

	for (uint32_t i = 0; i < channels; i++) {
		struct interval sum = {op->channels[i].bias, op->channels[i].bias};
		struct range range = tap_range(in[i / multiplier], pads, use->in[0]->zero_point);

		for (uint32_t k = 0; k < taps; k++)
			interval_add(&sum, op->weights[(size_t)k * channels + i], range);
		out[i] = interval_finish(use, &op->channels[i], &sum);
	}
}

/* The smallest range that holds all of a tensor. */
static struct range whole(const struct range *channels, uint32_t count)
{
	struct range range = channels[0];

	for (uint32_t i = 1; i < count; i++) {
		range.low = channels[i].low < range.low ? channels[i].low : range.low;
		range.high = channels[i].high > range.high ? channels[i].high : range.high;
	}
	return range;
}

/* Pools and RESHAPE give values that lie between those they read. */
static void passed_find(const struct image_use *use, const struct range *in, struct range *out)
{
	uint32_t channels = use->out->shape[3], in_channels = use->in[0]->shape[3];
	bool bounded = use->op->kind != IMAGE_RESHAPE;
	struct range all = whole(in, in_channels);

	for (uint32_t i = 0; i < channels; i++) {
		struct range range = channels == in_channels ? in[i] : all;

		if (bounded) {
			range.low = fixed_clamp(range.low, use->op->activation_min,
						use->op->activation_max);
			range.high = fixed_clamp(range.high, use->op->activation_min,
						 use->op->activation_max);
		}
		out[i] = range;
	}
}

static void op_find(const struct lowered *lowered, uint32_t index, struct ranges *ranges)
{
	const struct lowered_op *op = &lowered->ops[index];
	const struct image_use use = lower_use(lowered, index);
	const struct range *in = ranges->channels[op->record.inputs[0]];
	struct range *out = ranges->channels[op->record.output];
	uint32_t rows = use.out->bytes / use.out->shape[3];

	switch (op->record.kind) {
	case IMAGE_CONV_2D:
		dense_find(op, &use, in, use.in[0]->shape[3], out);
		break;
	case IMAGE_FULLY_CONNECTED:
		if (use.in[0]->shape[3] == use.in[0]->bytes / rows)
			dense_find(op, &use, in, use.in[0]->shape[3], out);
		break;
	case IMAGE_DEPTHWISE_CONV_2D:
		depthwise_find(op, &use, in, out);
		break;
	case IMAGE_AVERAGE_POOL_2D:
	case IMAGE_MAX_POOL_2D:
	case IMAGE_RESHAPE:
		passed_find(&use, in, out);
		break;
	default:
		break; /* anything */
	}
}

int ranges_find(const struct lowered *lowered, struct ranges *ret_ranges, struct err *err)
{
	struct ranges ranges = {.tensor_count = lowered->tensor_count};

	ranges.channels = calloc(lowered->tensor_count + 1, sizeof(*ranges.channels));
	if (!ranges.channels)
		return err_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < lowered->tensor_count; i++) {
		uint32_t channels = lowered->tensors[i].shape[3];

		ranges.channels[i] = malloc(channels * sizeof(**ranges.channels));
		if (!ranges.channels[i]) {
			ranges_done(&ranges);
			return err_set(err, -ENOMEM, "out of memory");
		}
		for (uint32_t c = 0; c < channels; c++)
			ranges.channels[i][c] = (struct range){INT8_MIN, INT8_MAX};
	}
	for (uint32_t i = 0; i < lowered->op_count; i++)
		op_find(lowered, i, &ranges);
	*ret_ranges = ranges;
	return 0;
}

void ranges_done(struct ranges *ranges)
{
	for (uint32_t i = 0; ranges->channels && i < ranges->tensor_count; i++)
		free(ranges->channels[i]);
	free(ranges->channels);
	*ranges = (struct ranges){0};
}
