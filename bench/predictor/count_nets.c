/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/count_nets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/image_build.h"
#include "bench/predictor/count_nets_parts.h"
#include "firmware/wire/wire.h"

static enum image_op_kind kind_draw(struct count_maker *maker)
{
	static const enum image_op_kind kinds[] = {
		IMAGE_CONV_2D,
		IMAGE_CONV_2D,
		IMAGE_CONV_2D,
		IMAGE_CONV_2D,
		IMAGE_DEPTHWISE_CONV_2D,
		IMAGE_DEPTHWISE_CONV_2D,
		IMAGE_DEPTHWISE_CONV_2D,
		IMAGE_DEPTHWISE_CONV_2D,
		IMAGE_FULLY_CONNECTED,
		IMAGE_FULLY_CONNECTED,
		IMAGE_AVERAGE_POOL_2D,
		IMAGE_MAX_POOL_2D,
		IMAGE_ADD,
		IMAGE_MUL,
		IMAGE_MEAN,
		IMAGE_SOFTMAX,
		IMAGE_PAD,
		IMAGE_CONCATENATION,
		IMAGE_TRANSPOSE,
		IMAGE_RESIZE_NEAREST_NEIGHBOR,
	};
	enum image_op_kind kind;

	do
		kind = kinds[count_maker_draw(maker, 0, sizeof(kinds) / sizeof(kinds[0]) - 1)];
	while (!(maker->wish->kinds >> kind & 1));
	return kind;
}

/* Draws operators until there are enough; one that does not work out is forgotten. */
static int ops_draw(struct count_maker *maker, struct err *err)
{
	unsigned misses = 0;

	while (maker->graph.op_count < maker->wish->layers + 2 && misses < 1000) {
		struct graph_op *op = &maker->graph.ops[maker->graph.op_count];
		uint32_t tensors = maker->graph.tensor_count;
		struct err refused;

		if (tensors + 16 > COUNT_MAKER_TENSORS_MAX ||
		    maker->used + (1 << 17) > COUNT_MAKER_POOL_BYTES ||
		    maker->image_bytes + 30000 > maker->wish->image_bytes)
			break;
		if (count_maker_operator(maker, maker->graph.op_count ? kind_draw(maker)
								      : IMAGE_TRANSPOSE) &&
		    !graph_op_check(&maker->graph, op, &refused)) {
			maker->graph.op_count++;
			if (maker->graph.op_count == 1) {
				maker->graph.ops[1] = maker->graph.ops[0];
				maker->graph.ops[1].layer = 1;
				maker->graph.ops[1].output = (int32_t)maker->graph.tensor_count;
				maker->graph.tensors[maker->graph.tensor_count++] =
					*count_maker_tensor_at(maker, maker->graph.ops[0].output);
				maker->moods[1] = COUNT_WILD;
				maker->graph.op_count++;
			}
		} else {
			misses++;
		}
	}
	return maker->graph.op_count > 2 ? 0 : err_set(err, -EINVAL, "no network came about");
}

static void input_fill(struct count_maker *maker, uint8_t *to)
{
	for (uint32_t i = 0; i < maker->graph.input_count; i++) {
		uint32_t count = count_maker_tensor_at(maker, maker->graph.inputs[i])->elements;

		for (; count > 0; count--)
			*to++ = maker->wish->wild
					? (uint8_t)count_maker_draw(maker, 0, 255)
					: (uint8_t)(maker->flavours[i] == LEVEL
							    ? count_maker_draw(maker, 0, 4)
						    : maker->flavours[i] == ABOVE ? 7
										  : 256 - 7);
	}
}

static int image_make(struct count_maker *maker, struct count_net *net, struct err *err)
{
	const struct model_options options = {.kernel_set = maker->wish->kernel_set};
	struct model_image *image = net->image;
	const struct image_header *header;
	uint32_t count;
	int ret = image_build(&maker->graph, &options, 0, &image->bytes, &count, err);

	if (ret)
		return ret;
	header = (const struct image_header *)image->bytes;
	snprintf(image->name, sizeof(image->name), "net %llu",
		 (unsigned long long)maker->wish->seed);
	image->count = count;
	image->crc32 = wire_crc32(0, image->bytes, count);
	image->op_count = header->op_count;
	image->arena_bytes = header->arena_bytes;
	image->input_bytes = header->input_bytes;
	image->output_bytes = header->output_bytes;
	if (header->op_count != maker->graph.op_count)
		return err_set(err, -EINVAL, "operators were left out");
	if (image_check(image->bytes, count, maker->wish->arena_bytes, NULL) != IMAGE_FINE)
		return err_set(err, -EINVAL, "the network does not fit the board");
	net->input = calloc(1, image->input_bytes + 1u);
	net->moods = calloc(image->op_count, sizeof(*net->moods));
	if (!net->input || !net->moods)
		return err_set(err, -ENOMEM, "out of memory");
	input_fill(maker, net->input);
	memcpy(net->moods, maker->moods, image->op_count * sizeof(*net->moods));
	return 0;
}

static int net_make(struct count_maker *maker, struct count_net *net, struct err *err)
{
	struct graph *graph = &maker->graph;

	maker->pool = calloc(1, COUNT_MAKER_POOL_BYTES);
	graph->tensors = calloc(COUNT_MAKER_TENSORS_MAX, sizeof(*graph->tensors));
	graph->ops = calloc(COUNT_MAKER_OPS_MAX, sizeof(*graph->ops));
	graph->inputs = calloc(COUNT_MAKER_INPUTS_MAX, sizeof(*graph->inputs));
	graph->outputs = calloc(1, sizeof(*graph->outputs));
	graph->exit_op = -1;
	graph->exit_tensor = GRAPH_NO_TENSOR;
	net->image = calloc(1, sizeof(*net->image));
	if (!maker->pool || !graph->tensors || !graph->ops || !graph->inputs || !graph->outputs ||
	    !net->image)
		return err_set(err, -ENOMEM, "out of memory");
	int ret = ops_draw(maker, err);

	if (ret)
		return ret;
	graph->outputs[graph->output_count++] = graph->ops[graph->op_count - 1].output;
	return image_make(maker, net, err);
}

int count_net_make(const struct count_net_wish *wish, struct count_net *ret_net, struct err *err)
{
	struct count_maker *maker = calloc(1, sizeof(*maker));
	struct count_net net = {0};
	int ret;

	if (!maker)
		return err_set(err, -ENOMEM, "out of memory");
	maker->wish = wish;
	maker->random = wish->seed * 2654435761u + 12345;
	for (int i = 0; i < 8; i++)
		count_maker_draw(maker, 0, 1);
	ret = net_make(maker, &net, err);
	graph_done(&maker->graph);
	free(maker->pool);
	free(maker);
	if (ret)
		count_net_done(&net);
	else
		*ret_net = net;
	return ret;
}

void count_net_done(struct count_net *net)
{
	model_image_free(net->image);
	free(net->input);
	free(net->moods);
	memset(net, 0, sizeof(*net));
}
