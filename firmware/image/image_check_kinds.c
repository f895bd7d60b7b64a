/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What each kind of operator relies on: shapes that fit each other, windows that touch their input,
 * arithmetic that stays in 32 bits. Products are taken in 64 bits, of factors that were bounded
 * before, so none overflows.
 */
#include "firmware/image/image_check_kinds.h"

#include <stddef.h>

static bool rescale_is_valid(const struct image_rescale *rescale)
{
	return rescale->multiplier >= 0 && rescale->shift >= -31 && rescale->shift <= 31;
}

static bool activation_is_valid(const struct image_op *op)
{
	return op->activation_min >= -128 && op->activation_max <= 127 &&
	       op->activation_min <= op->activation_max;
}

/* Along one axis: every window has at least one tap inside the input, and positions, the one behind
 * the last included, fit 31 bits. */
static bool axis_is_valid(uint32_t in, uint32_t out, uint32_t kernel, uint32_t stride,
			  uint32_t dilation, uint32_t pad)
{
	uint64_t reach, last;

	if (kernel == 0 || stride == 0 || dilation == 0)
		return false;
	reach = (uint64_t)(kernel - 1) * dilation + 1;
	last = (uint64_t)(out - 1) * stride;
	return pad < reach && last < (uint64_t)in + pad && last + reach + dilation < INT32_MAX;
}

static bool window_is_valid(const struct image_use *use)
{
	const struct image_op *op = use->op;
	const uint32_t *in = use->in[0]->shape, *out = use->out->shape;

	return in[0] == out[0] &&
	       axis_is_valid(in[1], out[1], op->kernel_h, op->stride_h, op->dilation_h,
			     op->pad_top) &&
	       axis_is_valid(in[2], out[2], op->kernel_w, op->stride_w, op->dilation_w,
			     op->pad_left);
}

/* A window's bytes, and all weights, are more than nothing and no more than an image holds. */
static bool weights_are_countable(const struct image_use *use, uint64_t per_channel)
{
	return per_channel > 0 && per_channel <= IMAGE_BYTES_MAX &&
	       per_channel * use->out->shape[3] <= IMAGE_BYTES_MAX;
}

static bool conv_is_valid(const struct image_use *use)
{
	uint64_t taps = (uint64_t)use->op->kernel_h * use->op->kernel_w;

	return window_is_valid(use) && activation_is_valid(use->op) && taps <= IMAGE_BYTES_MAX &&
	       weights_are_countable(use, taps * use->in[0]->shape[3]);
}

static bool depthwise_is_valid(const struct image_use *use)
{
	uint64_t taps = (uint64_t)use->op->kernel_h * use->op->kernel_w;

	return conv_is_valid(use) && weights_are_countable(use, taps) &&
	       use->out->shape[3] % use->in[0]->shape[3] == 0;
}

static bool fully_connected_is_valid(const struct image_use *use)
{
	uint32_t rows = use->out->bytes / use->out->shape[3];

	return use->in[0]->bytes % rows == 0 && activation_is_valid(use->op) &&
	       weights_are_countable(use, use->in[0]->bytes / rows);
}

static bool pool_is_valid(const struct image_use *use)
{
	return window_is_valid(use) && use->op->dilation_h == 1 && use->op->dilation_w == 1 &&
	       use->in[0]->shape[3] == use->out->shape[3] && activation_is_valid(use->op) &&
	       (uint64_t)use->op->kernel_h * use->op->kernel_w <= IMAGE_POOL_TAPS_MAX;
}

static bool reshape_is_valid(const struct image_use *use)
{
	return use->in[0]->bytes == use->out->bytes;
}

/* No difference of two inputs above diff_min may leave 32 bits when shifted. */
static bool softmax_is_valid(const struct image_use *use)
{
	const struct image_rescale *rescale = &use->op->rescale[0];

	if (use->in[0]->bytes != use->out->bytes || use->in[0]->shape[3] != use->out->shape[3] ||
	    use->out->shape[3] > IMAGE_SOFTMAX_DEPTH_MAX)
		return false;
	return rescale_is_valid(rescale) && rescale->shift >= 0 && use->op->diff_min <= 0 &&
	       -(int64_t)use->op->diff_min <= ((int64_t)1 << 31) >> rescale->shift;
}

/* Each dimension is the output's or, in the portable set, 1. */
static bool pair_is_valid(const struct image_use *use)
{
	bool repeats = use->op->kernel_set == IMAGE_KERNELS_PORTABLE;

	if (use->op->input_count != 2 || !activation_is_valid(use->op))
		return false;
	for (int i = 0; i < 2; i++)
		for (int d = 0; d < 4; d++)
			if (use->in[i]->shape[d] != use->out->shape[d] &&
			    !(repeats && use->in[i]->shape[d] == 1))
				return false;
	return true;
}

/* Right shifts only: the three rescaled values and their sum then stay below 2^30. */
static bool add_is_valid(const struct image_use *use)
{
	if (!pair_is_valid(use))
		return false;
	for (int i = 0; i < 3; i++)
		if (!rescale_is_valid(&use->op->rescale[i]) || use->op->rescale[i].shift > 0)
			return false;
	return true;
}

static bool mul_is_valid(const struct image_use *use)
{
	return pair_is_valid(use) && rescale_is_valid(&use->op->rescale[0]) &&
	       use->op->rescale[0].shift <= IMAGE_MUL_SHIFT_MAX;
}

/* The output holds what is left, and no sum shifted to the left, a zero point added, leaves 31
 * bits. */
static bool mean_is_valid(const struct image_use *use)
{
	const struct image_op *op = use->op;
	uint64_t averaged = 1, left = 1;
	int32_t shift = op->rescale[0].shift > 0 ? op->rescale[0].shift : 0;

	for (int d = 0; d < 4; d++) {
		if (op->args[d] > 1)
			return false;
		if (op->args[d])
			averaged *= use->in[0]->shape[d];
		else
			left *= use->in[0]->shape[d];
	}
	return op->input_count == 1 && left == use->out->bytes && averaged <= IMAGE_POOL_TAPS_MAX &&
	       rescale_is_valid(&op->rescale[0]) &&
	       255 * averaged << shift <= (uint64_t)INT32_MAX - 255;
}

static bool pad_is_valid(const struct image_use *use)
{
	for (int d = 0; d < 4; d++)
		if ((uint64_t)use->in[0]->shape[d] + use->op->args[d] > use->out->shape[d])
			return false;
	return use->op->input_count == 1;
}

static bool concatenation_is_valid(const struct image_use *use)
{
	uint16_t along = use->op->args[0];
	uint64_t sum = 0;

	if (along > 3)
		return false;
	for (uint32_t i = 0; i < use->op->input_count; i++) {
		for (int d = 0; d < 4; d++)
			if (d != along && use->in[i]->shape[d] != use->out->shape[d])
				return false;
		sum += use->in[i]->shape[along];
	}
	return sum == use->out->shape[along];
}

static bool resize_is_valid(const struct image_use *use)
{
	const uint32_t *in = use->in[0]->shape, *out = use->out->shape;

	return use->op->input_count == 1 && in[0] == out[0] && in[3] == out[3] &&
	       in[1] <= IMAGE_RESIZE_MAX && in[2] <= IMAGE_RESIZE_MAX &&
	       out[1] <= IMAGE_RESIZE_MAX && out[2] <= IMAGE_RESIZE_MAX && use->op->args[0] <= 1 &&
	       use->op->args[1] <= 1;
}

static bool transpose_is_valid(const struct image_use *use)
{
	unsigned seen = 0;

	for (int d = 0; d < 4; d++) {
		uint16_t from = use->op->args[d];

		if (from > 3 || use->in[0]->shape[from] != use->out->shape[d])
			return false;
		seen |= 1u << from;
	}
	return use->op->input_count == 1 && seen == 0xF;
}

static bool (*const kind_checks[IMAGE_OP_KIND_END])(const struct image_use *) = {
	[IMAGE_CONV_2D] = conv_is_valid,
	[IMAGE_DEPTHWISE_CONV_2D] = depthwise_is_valid,
	[IMAGE_FULLY_CONNECTED] = fully_connected_is_valid,
	[IMAGE_AVERAGE_POOL_2D] = pool_is_valid,
	[IMAGE_MAX_POOL_2D] = pool_is_valid,
	[IMAGE_RESHAPE] = reshape_is_valid,
	[IMAGE_SOFTMAX] = softmax_is_valid,
	[IMAGE_ADD] = add_is_valid,
	[IMAGE_MUL] = mul_is_valid,
	[IMAGE_MEAN] = mean_is_valid,
	[IMAGE_PAD] = pad_is_valid,
	[IMAGE_CONCATENATION] = concatenation_is_valid,
	[IMAGE_RESIZE_NEAREST_NEIGHBOR] = resize_is_valid,
	[IMAGE_TRANSPOSE] = transpose_is_valid,
};

bool image_kind_is_valid(const struct image_use *use)
{
	uint8_t kind = use->op->kind;

	return kind < IMAGE_OP_KIND_END && kind_checks[kind] && kind_checks[kind](use);
}
