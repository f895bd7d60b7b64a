/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/image_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/flatbuffer.h"
#include "bench/model/plan.h"
#include "bench/model/quantise.h"
#include "firmware/wire/wire.h"

struct builder {
	const struct graph *graph;
	struct plan plan;
	uint8_t *bytes; /* the image; NULL while sizes are counted */
	uint64_t used;
	struct image_header header;
};

/* Takes count bytes at the next multiple of align; returns their offset. */
static uint32_t builder_take(struct builder *builder, uint64_t count, uint32_t align)
{
	uint64_t offset = (builder->used + align - 1) / align * align;

	builder->used = offset + count;
	return (uint32_t)offset;
}

static const struct graph_tensor *input_at(const struct builder *builder, const struct graph_op *op,
					   int which)
{
	int32_t index = op->inputs[which];

	return index < 0 ? NULL : &builder->graph->tensors[index];
}

static const struct graph_tensor *output_of(const struct builder *builder,
					    const struct graph_op *op)
{
	return &builder->graph->tensors[op->output];
}

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

static int channel_make(const struct builder *builder, const struct graph_op *op, uint32_t channel,
			struct image_channel *ret_channel, struct err *err)
{
	const struct graph_tensor *in = input_at(builder, op, 0),
				  *filter = input_at(builder, op, 1);
	const struct graph_tensor *bias = input_at(builder, op, 2), *out = output_of(builder, op);
	uint32_t channels = graph_dimension(out, 0);
	uint32_t value = bias ? flatbuffer_load_u32(bias->data + (size_t)channel * 4) : 0;
	uint32_t fold = (uint32_t)in->zero_point * weights_sum(filter, op->kind, channels, channel);

	ret_channel->bias = (int32_t)(value - fold);
	if (!quantise_channel(in, filter, out, channel, op->kind == IMAGE_FULLY_CONNECTED,
			      &ret_channel->rescale))
		return err_set(err, -EINVAL, "channel %u: the scales' ratio is above 2^31",
			       channel);
	return 0;
}

static int constants_make(struct builder *builder, const struct graph_op *op,
			  struct image_op *record, struct err *err)
{
	const struct graph_tensor *filter = input_at(builder, op, 1);
	uint32_t channels = graph_dimension(output_of(builder, op), 0);
	uint8_t *at;

	record->weights_bytes = filter->elements;
	record->weights_offset = builder_take(builder, filter->elements, IMAGE_ALIGN);
	record->channels_offset =
		builder_take(builder, (uint64_t)channels * sizeof(struct image_channel), 4);
	if (!builder->bytes)
		return 0;
	memcpy(builder->bytes + record->weights_offset, filter->data, filter->elements);
	at = builder->bytes + record->channels_offset;
	for (uint32_t i = 0; i < channels; i++) {
		struct image_channel channel;
		int error = channel_make(builder, op, i, &channel, err);

		if (error)
			return error;
		memcpy(at + (size_t)i * sizeof(channel), &channel, sizeof(channel));
	}
	return 0;
}

static int add_make(struct builder *builder, const struct graph_op *op, struct image_op *record,
		    struct err *err)
{
	if (!quantise_add(graph_scale(input_at(builder, op, 0), 0),
			  graph_scale(input_at(builder, op, 1), 0),
			  graph_scale(output_of(builder, op), 0), record->rescale))
		return err_set(err, -EINVAL, "output scale is too small for the inputs'");
	return 0;
}

static int softmax_make(struct builder *builder, const struct graph_op *op, struct image_op *record,
			struct err *err)
{
	if (!quantise_softmax(graph_scale(input_at(builder, op, 0), 0), op->beta,
			      &record->rescale[0], &record->diff_min))
		return err_set(err, -EINVAL, "input scale times beta is too small");
	return 0;
}

static int nothing_make(struct builder *builder, const struct graph_op *op, struct image_op *record,
			struct err *err)
{
	(void)builder;
	(void)op;
	(void)record;
	(void)err;
	return 0;
}

static int (*const makers[IMAGE_OP_KIND_END])(struct builder *, const struct graph_op *,
					      struct image_op *, struct err *) = {
	[IMAGE_CONV_2D] = constants_make,         [IMAGE_DEPTHWISE_CONV_2D] = constants_make,
	[IMAGE_FULLY_CONNECTED] = constants_make, [IMAGE_AVERAGE_POOL_2D] = nothing_make,
	[IMAGE_MAX_POOL_2D] = nothing_make,       [IMAGE_RESHAPE] = nothing_make,
	[IMAGE_SOFTMAX] = softmax_make,           [IMAGE_ADD] = add_make,
};

static void window_fill(const struct graph_op *op, struct image_op *record)
{
	record->kernel_h = (uint16_t)op->y.kernel;
	record->kernel_w = (uint16_t)op->x.kernel;
	record->stride_h = (uint16_t)op->y.stride;
	record->stride_w = (uint16_t)op->x.stride;
	record->dilation_h = (uint16_t)op->y.dilation;
	record->dilation_w = (uint16_t)op->x.dilation;
	record->pad_top = (uint16_t)op->y.pad;
	record->pad_left = (uint16_t)op->x.pad;
}

static int op_make(struct builder *builder, uint32_t index, struct err *err)
{
	const struct graph_op *op = &builder->graph->ops[index];
	const struct graph_tensor *out = output_of(builder, op);
	const struct arena_block *scratch = plan_scratch(&builder->plan, index);
	struct image_op record = {.kind = (uint16_t)op->kind, .kernel_set = IMAGE_KERNELS_PORTABLE};
	int error;

	record.inputs[0] = builder->plan.index_of[op->inputs[0]];
	record.inputs[1] =
		op->kind == IMAGE_ADD ? builder->plan.index_of[op->inputs[1]] : IMAGE_NO_TENSOR;
	record.output = builder->plan.index_of[op->output];
	record.scratch_offset = scratch->offset;
	record.scratch_bytes = scratch->bytes;
	window_fill(op, &record);
	if (op->kind != IMAGE_RESHAPE && op->kind != IMAGE_SOFTMAX)
		quantise_activation(op->activation, graph_scale(out, 0), out->zero_point,
				    &record.activation_min, &record.activation_max);
	error = makers[op->kind](builder, op, &record, err);
	if (error)
		return err_context(err, error, "operator %u (%s)", index, op->name);
	if (builder->bytes)
		memcpy(builder->bytes + builder->header.op_offset + index * sizeof(record), &record,
		       sizeof(record));
	return 0;
}

static void tensors_write(struct builder *builder)
{
	for (uint32_t i = 0; i < builder->plan.tensor_count; i++) {
		const struct graph_tensor *from =
			&builder->graph->tensors[builder->plan.tensor_of[i]];
		struct image_tensor record = {
			.arena_offset = plan_tensor_offset(&builder->plan, i),
			.bytes = from->elements,
			.zero_point = from->zero_point,
		};

		for (uint32_t d = 0; d < 4; d++)
			record.shape[d] = graph_dimension(from, 3 - d);
		memcpy(builder->bytes + builder->header.tensor_offset + i * sizeof(record), &record,
		       sizeof(record));
	}
}

/* Writes a list of the model's inputs or outputs; returns the sum of their bytes. */
static uint64_t list_write(struct builder *builder, uint32_t offset, const int32_t *list,
			   uint32_t count)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		memcpy(builder->bytes + offset + i * sizeof(uint16_t),
		       &builder->plan.index_of[list[i]], sizeof(uint16_t));
		sum += builder->graph->tensors[list[i]].elements;
	}
	return sum;
}

static void tables_take(struct builder *builder)
{
	struct image_header *header = &builder->header;

	builder->used = 0;
	header->op_count = builder->graph->op_count;
	header->tensor_count = builder->plan.tensor_count;
	header->input_count = builder->graph->input_count;
	header->output_count = builder->graph->output_count;
	builder_take(builder, sizeof(*header), IMAGE_ALIGN);
	header->op_offset = builder_take(builder, header->op_count * sizeof(struct image_op), 4);
	header->tensor_offset =
		builder_take(builder, header->tensor_count * sizeof(struct image_tensor), 4);
	header->input_offset = builder_take(builder, header->input_count * sizeof(uint16_t), 4);
	header->output_offset = builder_take(builder, header->output_count * sizeof(uint16_t), 4);
}

/* Runs twice: without bytes to learn the size, with bytes to write. */
static int pass(struct builder *builder, struct err *err)
{
	tables_take(builder);
	for (uint32_t i = 0; i < builder->graph->op_count; i++) {
		int error = op_make(builder, i, err);

		if (error)
			return error;
		if (builder->used > IMAGE_BYTES_MAX)
			return err_set(err, -EINVAL, "the image needs more than %d bytes",
				       IMAGE_BYTES_MAX);
	}
	builder_take(builder, 0, IMAGE_ALIGN);
	return 0;
}

static void header_write(struct builder *builder)
{
	const size_t behind_crc = offsetof(struct image_header, arena_bytes);
	struct image_header *header = &builder->header;

	header->magic = IMAGE_MAGIC;
	header->layout = IMAGE_LAYOUT_VERSION;
	header->total_bytes = (uint32_t)builder->used;
	header->arena_bytes = builder->plan.arena_bytes;
	header->input_bytes = (uint32_t)list_write(builder, header->input_offset,
						   builder->graph->inputs, header->input_count);
	header->output_bytes = (uint32_t)list_write(builder, header->output_offset,
						    builder->graph->outputs, header->output_count);
	memcpy(builder->bytes, header, sizeof(*header));
	header->crc32 = wire_crc32(0, builder->bytes + behind_crc, builder->used - behind_crc);
	memcpy(builder->bytes, header, sizeof(*header));
}

static int write_all(struct builder *builder, struct err *err)
{
	int error = pass(builder, err);

	if (error)
		return error;
	builder->bytes = aligned_alloc(IMAGE_ALIGN, builder->used);
	if (!builder->bytes)
		return err_set(err, -ENOMEM, "out of memory");
	memset(builder->bytes, 0, builder->used);
	error = pass(builder, err);
	if (error)
		return error;
	tensors_write(builder);
	header_write(builder);
	return 0;
}

int image_build(const struct graph *graph, uint8_t **ret_bytes, uint32_t *ret_count,
		struct err *err)
{
	struct builder builder = {.graph = graph};
	int error = plan_make(graph, &builder.plan, err);

	if (error)
		return error;
	error = write_all(&builder, err);
	plan_done(&builder.plan);
	if (error) {
		free(builder.bytes);
		return error;
	}
	*ret_bytes = builder.bytes;
	*ret_count = builder.header.total_bytes;
	return 0;
}
