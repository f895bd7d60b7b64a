/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Options tables by the slots of TensorFlow Lite's schema.fbs (Conv2DOptions,
 * DepthwiseConv2DOptions, Pool2DOptions, FullyConnectedOptions, SoftmaxOptions).
 */
#include "bench/model/generate_kinds.h"

#include <string.h>

static const uint32_t PADDING_SAME = 0, PADDING_VALID = 1, ACTIVATION_RELU = 1;

static size_t conv_options(struct generate_flatbuffer *writer, const struct generate_layer *layer)
{
	const struct generate_field fields[] = {{0, 1, PADDING_SAME},
						{1, 4, layer->stride_w},
						{2, 4, layer->stride_h},
						{3, 1, ACTIVATION_RELU},
						{4, 4, 1},
						{5, 4, 1}};

	return generate_flatbuffer_table(writer, fields, 6);
}

static size_t depthwise_options(struct generate_flatbuffer *writer,
				const struct generate_layer *layer)
{
	const struct generate_field fields[] = {{0, 1, PADDING_SAME},
						{1, 4, layer->stride_w},
						{2, 4, layer->stride_h},
						{3, 4, 1},
						{4, 1, ACTIVATION_RELU},
						{5, 4, 1},
						{6, 4, 1}};

	return generate_flatbuffer_table(writer, fields, 7);
}

static size_t pool_options(struct generate_flatbuffer *writer, const struct generate_layer *layer)
{
	const struct generate_field fields[] = {{0, 1, PADDING_VALID},
						{1, 4, layer->stride_w},
						{2, 4, layer->stride_h},
						{3, 4, layer->kernel_w},
						{4, 4, layer->kernel_h}};

	return generate_flatbuffer_table(writer, fields, 5);
}

/* All defaults: no activation, default weights format. */
static size_t dense_options(struct generate_flatbuffer *writer, const struct generate_layer *layer)
{
	(void)layer;
	return generate_flatbuffer_table(writer, NULL, 0);
}

static size_t hidden_options(struct generate_flatbuffer *writer, const struct generate_layer *layer)
{
	const struct generate_field field = {0, 1, ACTIVATION_RELU};

	(void)layer;
	return generate_flatbuffer_table(writer, &field, 1);
}

static size_t softmax_options(struct generate_flatbuffer *writer,
			      const struct generate_layer *layer)
{
	const float beta = 1;
	struct generate_field field = {.slot = 0, .bytes = 4};

	(void)layer;
	memcpy(&field.value, &beta, sizeof(field.value));
	return generate_flatbuffer_table(writer, &field, 1);
}

const struct generate_kind_row generate_kinds[GENERATE_KIND_COUNT] = {
	[GENERATE_CONV - 1] = {3, 3, 1, conv_options},
	[GENERATE_DEPTHWISE - 1] = {4, 3, 2, depthwise_options},
	[GENERATE_POOL - 1] = {1, 2, 5, pool_options},
	[GENERATE_RESHAPE - 1] = {22, 1, 0, NULL}, /* its shape is an operand */
	[GENERATE_DENSE - 1] = {9, 4, 8, dense_options},
	[GENERATE_SOFTMAX - 1] = {25, 2, 9, softmax_options},
	[GENERATE_HIDDEN - 1] = {9, 4, 8, hidden_options},
};
