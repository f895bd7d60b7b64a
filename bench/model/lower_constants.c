/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/lower_constants.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/flatbuffer.h"
#include "bench/model/quantise.h"

/* Sum of a channel's weights modulo 2^32, by the order of its operator's filter. */
static uint32_t weights_sum(const struct graph_tensor *filter, enum image_op_kind kind,
			    uint32_t channels, uint32_t channel)
{
	bool depthwise = kind == IMAGE_DEPTHWISE_CONV_2D;
	uint32_t count = filter->elements / channels, step = depthwise ? channels : 1;
	const int8_t *weight =
		(const int8_t *)filter->data + (depthwise ? channel : channel * count);
	uint32_t sum = 0;

	for (uint32_t i = 0; i < count; i++, weight += step)
		sum += (uint32_t)*weight;
	return sum;
}

static int channel_make(const struct graph *graph, const struct graph_op *op, uint32_t channel,
			struct image_channel *ret_channel, struct err *err)
{
	const struct graph_tensor *in = &graph->tensors[op->inputs[0]];
	const struct graph_tensor *filter = &graph->tensors[op->inputs[1]];
	const struct graph_tensor *bias = op->inputs[2] < 0 ? NULL : &graph->tensors[op->inputs[2]];
	const struct graph_tensor *out = &graph->tensors[op->output];
	uint32_t value = bias ? flatbuffer_load_u32(bias->data + (size_t)channel * 4) : 0;
	uint32_t fold = (uint32_t)in->zero_point *
			weights_sum(filter, op->kind, graph_dimension(out, 0), channel);

	ret_channel->bias = (int32_t)(value - fold);
	if (!quantise_channel(in, filter, out, channel, op->kind == IMAGE_FULLY_CONNECTED,
			      &ret_channel->rescale))
		return err_set(err, -EINVAL, "channel %u: the scales' ratio is above 2^31",
			       channel);
	return 0;
}

int lower_constants(const struct graph *graph, const struct graph_op *op, struct lowered_op *ret_op,
		    struct err *err)
{
	const struct graph_tensor *filter = &graph->tensors[op->inputs[1]];
	uint32_t channels = graph_dimension(&graph->tensors[op->output], 0);

	ret_op->weights = malloc(filter->elements);
	ret_op->channels = calloc(channels, sizeof(*ret_op->channels));
	if (!ret_op->weights || !ret_op->channels)
		return err_set(err, -ENOMEM, "out of memory");
	memcpy(ret_op->weights, filter->data, filter->elements);
	ret_op->weight_count = filter->elements;
	for (uint32_t i = 0; i < channels; i++) {
		int error = channel_make(graph, op, i, &ret_op->channels[i], err);

		if (error)
			return error;
	}
	return 0;
}
