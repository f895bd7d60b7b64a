/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "firmware/runtime/runtime.h"

#include <string.h>

#include "firmware/image/image.h"
#include "firmware/runtime/kernels/portable/portable.h"

static kernel_fn *const kernels[IMAGE_KERNELS_END][IMAGE_OP_KIND_END] = {
	[IMAGE_KERNELS_PORTABLE] =
		{
			[IMAGE_CONV_2D] = portable_conv_2d,
			[IMAGE_DEPTHWISE_CONV_2D] = portable_depthwise_conv_2d,
			[IMAGE_FULLY_CONNECTED] = portable_fully_connected,
			[IMAGE_AVERAGE_POOL_2D] = portable_average_pool_2d,
			[IMAGE_MAX_POOL_2D] = portable_max_pool_2d,
			[IMAGE_RESHAPE] = portable_reshape,
			[IMAGE_SOFTMAX] = portable_softmax,
			[IMAGE_ADD] = portable_add,
		},
};

static const struct {
	enum runtime_status status;
	const char *text;
} faults[] = {
	[IMAGE_FINE] = {RUNTIME_OK, "the image is fine"},
	[IMAGE_FAULT_STRUCTURE] = {RUNTIME_BAD_IMAGE, "the image is damaged"},
	[IMAGE_FAULT_LAYOUT] = {RUNTIME_BAD_LAYOUT, "the image has another layout version"},
	[IMAGE_FAULT_OPERATOR] = {RUNTIME_BAD_OPERATOR,
				  "the image has an operator this runtime cannot run"},
	[IMAGE_FAULT_ARENA] = {RUNTIME_ARENA_TOO_SMALL, "the image needs a larger arena"},
};

const char *runtime_status_text(enum runtime_status status)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (faults[i].status == status)
			return faults[i].text;
	return "unknown runtime status";
}

static int kernels_exist(const struct image_header *header)
{
	const struct image_op *ops = image_ops(header);

	for (uint32_t i = 0; i < header->op_count; i++)
		if (!kernels[ops[i].kernel_set][ops[i].kind])
			return 0;
	return 1;
}

enum runtime_status runtime_open(struct runtime *runtime, const void *image, uint32_t image_bytes,
				 void *arena, uint32_t arena_bytes)
{
	enum image_fault fault = image_check(image, image_bytes, arena_bytes, NULL);
	const struct image_header *header = image;

	if (fault)
		return faults[fault].status;
	if (!kernels_exist(header))
		return RUNTIME_BAD_OPERATOR;
	runtime->image = image;
	runtime->header = header;
	runtime->arena = arena;
	runtime->op_count = header->op_count;
	runtime->input_bytes = header->input_bytes;
	runtime->output_bytes = header->output_bytes;
	return RUNTIME_OK;
}

/* The next piece of a list of tensors that are read or written as one: advances offset and count.
 */
struct list_walk {
	const struct runtime *runtime;
	const uint16_t *list;
	uint32_t list_count;
	uint32_t offset, count; /* what is still to do */
};

static uint8_t *walk_next(struct list_walk *walk, uint32_t *ret_piece)
{
	const struct image_tensor *tensors = image_tensors(walk->runtime->header);

	while (walk->list_count > 0 && walk->count > 0) {
		const struct image_tensor *tensor = &tensors[*walk->list];
		uint32_t start = walk->offset, piece;

		walk->list++;
		walk->list_count--;
		if (start >= tensor->bytes) {
			walk->offset -= tensor->bytes;
			continue;
		}
		piece = tensor->bytes - start;
		*ret_piece = piece < walk->count ? piece : walk->count;
		walk->count -= *ret_piece;
		walk->offset = 0;
		return walk->runtime->arena + tensor->arena_offset + start;
	}
	return NULL;
}

void runtime_write_input(struct runtime *runtime, uint32_t offset, const void *bytes,
			 uint32_t count)
{
	struct list_walk walk = {runtime, image_inputs(runtime->header),
				 runtime->header->input_count, offset, count};
	const uint8_t *from = bytes;
	uint32_t piece;
	uint8_t *at;

	while ((at = walk_next(&walk, &piece))) {
		memcpy(at, from, piece);
		from += piece;
	}
}

void runtime_read_output(const struct runtime *runtime, uint32_t offset, void *bytes,
			 uint32_t count)
{
	struct list_walk walk = {runtime, image_outputs(runtime->header),
				 runtime->header->output_count, offset, count};
	uint8_t *to = bytes;
	const uint8_t *at;
	uint32_t piece;

	while ((at = walk_next(&walk, &piece))) {
		memcpy(to, at, piece);
		to += piece;
	}
}

static void op_call(const struct runtime *runtime, const struct image_op *op,
		    struct kernel_call *call)
{
	const struct image_tensor *tensors = image_tensors(runtime->header);

	*call = (struct kernel_call){
		.op = op,
		.in = {&tensors[op->inputs[0]]},
		.out = &tensors[op->output],
		.weights = (const int8_t *)(runtime->image + op->weights_offset),
		.channels = (const struct image_channel *)(runtime->image + op->channels_offset),
		.scratch = (int8_t *)(runtime->arena + op->scratch_offset),
	};
	call->input[0] = (const int8_t *)(runtime->arena + call->in[0]->arena_offset);
	call->output = (int8_t *)(runtime->arena + call->out->arena_offset);
	if (op->inputs[1] != IMAGE_NO_TENSOR) {
		call->in[1] = &tensors[op->inputs[1]];
		call->input[1] = (const int8_t *)(runtime->arena + call->in[1]->arena_offset);
	}
}

void runtime_invoke(struct runtime *runtime, runtime_trace_fn *trace, void *context)
{
	const struct image_op *ops = image_ops(runtime->header);

	for (uint32_t i = 0; i < runtime->op_count; i++) {
		struct kernel_call call;

		op_call(runtime, &ops[i], &call);
		kernels[ops[i].kernel_set][ops[i].kind](&call);
		if (trace)
			trace(context, i, call.output, call.out->bytes);
	}
}
