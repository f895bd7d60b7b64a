/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/image_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/lower.h"
#include "bench/model/plan.h"
#include "firmware/wire/wire.h"

struct builder {
	const struct graph *graph;
	struct lowered lowered;
	struct plan plan;
	struct image_header header;
	int32_t exit_threshold;
	uint64_t used; /* bytes of the image that are given away */
	uint8_t *bytes;
};

/* Takes count bytes at the next multiple of align; returns their offset. */
static uint32_t builder_take(struct builder *builder, uint64_t count, uint32_t align)
{
	uint64_t offset = (builder->used + align - 1) / align * align;

	builder->used = offset + count;
	return (uint32_t)offset;
}

static void tables_take(struct builder *builder)
{
	struct image_header *header = &builder->header;

	header->op_count = builder->lowered.op_count;
	header->tensor_count = builder->lowered.tensor_count;
	header->input_count = builder->graph->input_count;
	header->output_count = builder->graph->output_count;
	builder_take(builder, sizeof(*header), IMAGE_ALIGN);
	header->op_offset = builder_take(builder, header->op_count * sizeof(struct image_op), 4);
	header->tensor_offset =
		builder_take(builder, header->tensor_count * sizeof(struct image_tensor), 4);
	header->input_offset = builder_take(builder, header->input_count * sizeof(uint16_t), 4);
	header->output_offset = builder_take(builder, header->output_count * sizeof(uint16_t), 4);
}

/* Gives everything its place in the image and the arena. */
static int places_take(struct builder *builder, struct err *err)
{
	tables_take(builder);
	for (uint32_t i = 0; i < builder->lowered.op_count; i++) {
		struct image_op *record = &builder->lowered.ops[i].record;

		record->scratch_offset = plan_scratch(&builder->plan, i)->offset;
		if (record->weights_bytes)
			record->weights_offset =
				builder_take(builder, record->weights_bytes, IMAGE_ALIGN);
		if (record->channels_bytes)
			record->channels_offset = builder_take(builder, record->channels_bytes, 4);
		if (builder->used > IMAGE_BYTES_MAX)
			return err_set(err, -EINVAL, "the image needs more than %d bytes",
				       IMAGE_BYTES_MAX);
	}
	for (uint32_t i = 0; i < builder->lowered.tensor_count; i++)
		builder->lowered.tensors[i].arena_offset = plan_tensor(&builder->plan, i)->offset;
	builder_take(builder, 0, IMAGE_ALIGN);
	return 0;
}

static void constants_write(const struct builder *builder, uint32_t index)
{
	const struct lowered_op *op = &builder->lowered.ops[index];
	uint8_t *weights = builder->bytes + op->record.weights_offset;
	uint8_t *channels = builder->bytes + op->record.channels_offset;

	if (op->record.kernel_set != IMAGE_KERNELS_PORTABLE) {
		struct pack_job job = {lower_use(&builder->lowered, index), op->weights,
				       op->channels};

		builder->lowered.pack->write(&job, weights, channels);
		return;
	}
	if (op->record.weights_bytes)
		memcpy(weights, op->weights, op->record.weights_bytes);
	if (op->record.channels_bytes)
		memcpy(channels, op->channels, op->record.channels_bytes);
}

static void tables_write(const struct builder *builder)
{
	const struct image_header *header = &builder->header;
	const struct lowered *lowered = &builder->lowered;

	for (uint32_t i = 0; i < lowered->op_count; i++)
		memcpy(builder->bytes + header->op_offset + i * sizeof(struct image_op),
		       &lowered->ops[i].record, sizeof(struct image_op));
	memcpy(builder->bytes + header->tensor_offset, lowered->tensors,
	       lowered->tensor_count * sizeof(struct image_tensor));
}

/* Writes a list of the model's inputs or outputs; returns the sum of their bytes. */
static uint64_t list_write(const struct builder *builder, uint32_t offset, const int32_t *list,
			   uint32_t count)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		memcpy(builder->bytes + offset + i * sizeof(uint16_t),
		       &builder->lowered.index_of[list[i]], sizeof(uint16_t));
		sum += builder->graph->tensors[list[i]].elements;
	}
	return sum;
}

static void header_write(struct builder *builder)
{
	const size_t behind_crc = offsetof(struct image_header, arena_bytes);
	struct image_header *header = &builder->header;

	header->magic = IMAGE_MAGIC;
	header->layout = IMAGE_LAYOUT_VERSION;
	header->exit_op = IMAGE_NO_OP;
	header->exit_tensor = IMAGE_NO_TENSOR;
	if (builder->lowered.exit_op >= 0) {
		header->exit_op = (uint16_t)builder->lowered.exit_op;
		header->exit_tensor = builder->lowered.index_of[builder->graph->exit_tensor];
		header->exit_threshold = builder->exit_threshold;
	}
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
	int error = places_take(builder, err);

	if (error)
		return error;
	builder->bytes = aligned_alloc(IMAGE_ALIGN, builder->used);
	if (!builder->bytes)
		return err_set(err, -ENOMEM, "out of memory");
	memset(builder->bytes, 0, builder->used);
	for (uint32_t i = 0; i < builder->lowered.op_count; i++)
		constants_write(builder, i);
	tables_write(builder);
	header_write(builder);
	return 0;
}

int image_build(const struct graph *graph, const struct model_options *options,
		int32_t exit_threshold, uint8_t **ret_bytes, uint32_t *ret_count, struct err *err)
{
	struct builder builder = {.graph = graph, .exit_threshold = exit_threshold};
	int error = lower(graph, options, &builder.lowered, err);

	if (error)
		return error;
	error = plan_make(graph, &builder.lowered, &builder.plan, err);
	if (!error) {
		error = write_all(&builder, err);
		plan_done(&builder.plan);
	}
	lower_done(&builder.lowered);
	if (error) {
		free(builder.bytes);
		return error;
	}
	*ret_bytes = builder.bytes;
	*ret_count = builder.header.total_bytes;
	return 0;
}
