/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Weights of one output channel: the multiply-accumulates of each of its elements. */
static uint64_t channel_weights(const struct image_op *op, const struct image_tensor *in,
				const struct image_tensor *out)
{
	uint64_t taps = (uint64_t)op->kernel_h * op->kernel_w;

	switch (op->kind) {
	case IMAGE_CONV_2D:
		return taps * in->shape[3];
	case IMAGE_DEPTHWISE_CONV_2D:
		return taps;
	case IMAGE_FULLY_CONNECTED:
		return in->bytes / (out->bytes / out->shape[3]);
	default:
		return 0;
	}
}

static void layer_fill(const struct image_header *header, const struct image_op *op,
		       struct model_listing_layer *layer)
{
	const struct image_tensor *tensors = image_tensors(header);
	const struct image_tensor *in = &tensors[op->inputs[0]], *out = &tensors[op->output];
	uint64_t weights = channel_weights(op, in, out);

	layer->index = op->layer;
	layer->operator_name = model_op_name(op);
	layer->input_count = op->input_count;
	for (uint32_t i = 0; i < op->input_count; i++)
		memcpy(layer->input_shapes[i], tensors[op->inputs[i]].shape,
		       sizeof(layer->input_shapes[i]));
	memcpy(layer->output_shape, out->shape, sizeof(layer->output_shape));
	layer->macs = weights * out->bytes;
	layer->params = weights ? (weights + 1) * out->shape[3] : 0;
	layer->weight_bytes = op->weights_bytes + op->channels_bytes;
	layer->kernel_set = model_kernel_set_name((enum image_kernel_set)op->kernel_set);
	layer->variant = op->variant;
	layer->arena_offset = out->arena_offset;
	layer->output_bytes = out->bytes;
	layer->scratch_offset = op->scratch_offset;
	layer->scratch_bytes = op->scratch_bytes;
}

static void layer_add(const struct model_listing_layer *layer, struct model_listing *sum)
{
	sum->macs += layer->macs;
	sum->params += layer->params;
	sum->weight_bytes += layer->weight_bytes;
	if (layer->scratch_bytes > sum->scratch_bytes_max)
		sum->scratch_bytes_max = layer->scratch_bytes;
}

int model_listing_make(const struct model_image *image, struct model_listing *ret_listing,
		       struct err *err)
{
	const struct image_header *header = (const struct image_header *)image->bytes;
	struct model_listing listing = {
		.layers = calloc(header->op_count, sizeof(*listing.layers)),
		.layer_count = header->op_count,
		.file_macs = image->macs,
		.file_params = image->params,
		.image_bytes = image->count,
		.arena_bytes = header->arena_bytes,
		.input_bytes = header->input_bytes,
		.output_bytes = header->output_bytes,
		.exit_layer = header->exit_op == IMAGE_NO_OP ? header->op_count : header->exit_op,
	};

	if (!listing.layers)
		return err_set(err, -ENOMEM, "%s: out of memory", image->name);
	for (uint32_t i = 0; i < header->op_count; i++) {
		layer_fill(header, &image_ops(header)[i], &listing.layers[i]);
		layer_add(&listing.layers[i], &listing);
	}
	listing.macs_share =
		listing.file_macs ? (double)listing.macs / (double)listing.file_macs : 1;
	*ret_listing = listing;
	return 0;
}

void model_listing_free(struct model_listing *listing)
{
	free(listing->layers);
	*listing = (struct model_listing){0};
}
