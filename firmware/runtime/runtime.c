/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "firmware/runtime/runtime.h"

#include <string.h>

#include "firmware/image/image.h"
#include "firmware/runtime/kernels/portable/portable.h"

static const struct kernel_set *const kernel_sets[IMAGE_KERNELS_END] = {
	[IMAGE_KERNELS_PORTABLE] = &kernel_set_portable,
#ifdef RUNTIME_KERNELS_ARMV7EM
	[IMAGE_KERNELS_ARMV7EM] = &kernel_set_armv7em,
#endif
#ifdef RUNTIME_KERNELS_RV32
	[IMAGE_KERNELS_RV32] = &kernel_set_rv32,
#endif
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

uint16_t runtime_kernel_sets(void)
{
	uint16_t sets = 0;

	for (uint32_t i = 0; i < IMAGE_KERNELS_END; i++)
		if (kernel_sets[i])
			sets |= (uint16_t)(1u << i);
	return sets;
}

/* NULL: this build has no such function. */
static kernel_fn *kernel_find(const struct image_op *op)
{
	const struct kernel_set *set = kernel_sets[op->kernel_set];
	uint32_t index;

	if (!set)
		return NULL;
	index = set->by_kind ? op->kind : op->variant;
	return index < set->count ? set->functions[index] : NULL;
}

static bool kernels_exist(const struct image_header *header)
{
	const struct image_op *ops = image_ops(header);

	for (uint32_t i = 0; i < header->op_count; i++)
		if (!kernel_find(&ops[i]))
			return false;
	return true;
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
	runtime->exit_threshold = header->exit_threshold;
	runtime->exited = false;
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
	const struct image_header *header = runtime->header;
	struct list_walk walk = {runtime, image_outputs(header), header->output_count, offset,
				 count};
	uint8_t *to = bytes;
	const uint8_t *at;
	uint32_t piece;

	if (runtime->exited) {
		walk.list = &header->exit_tensor;
		walk.list_count = 1;
	}
	while ((at = walk_next(&walk, &piece))) {
		memcpy(to, at, piece);
		to += piece;
	}
}

static void op_call(const struct runtime *runtime, const struct image_op *op,
		    struct kernel_call *call)
{
	const struct image_tensor *tensors = image_tensors(runtime->header);

	call->op = op;
	call->out = &tensors[op->output];
	call->output = (int8_t *)(runtime->arena + call->out->arena_offset);
	call->weights = runtime->image + op->weights_offset;
	call->channels = runtime->image + op->channels_offset;
	call->scratch = (int8_t *)(runtime->arena + op->scratch_offset);
	for (uint32_t i = 0; i < op->input_count; i++) {
		call->in[i] = &tensors[op->inputs[i]];
		call->input[i] = (const int8_t *)(runtime->arena + call->in[i]->arena_offset);
	}
}

/* The part model is sure enough. */
static bool exit_taken(const struct runtime *runtime)
{
	const struct image_tensor *tensor =
		&image_tensors(runtime->header)[runtime->header->exit_tensor];
	const int8_t *values = (const int8_t *)(runtime->arena + tensor->arena_offset);

	for (uint32_t i = 0; i < tensor->bytes; i++)
		if (values[i] >= runtime->exit_threshold)
			return true;
	return false;
}

void runtime_invoke(struct runtime *runtime, runtime_trace_fn *trace, void *context)
{
	const struct image_header *header = runtime->header;
	const struct image_op *ops = image_ops(header);
	struct kernel_call call;

	runtime->exited = false;
	runtime->output_bytes = header->output_bytes;
	for (uint32_t i = 0; i < runtime->op_count; i++) {
		op_call(runtime, &ops[i], &call);
		kernel_find (&ops[i])(&call);
		if (trace)
			trace(context, i, call.output, call.out->bytes);
		if (i == header->exit_op && exit_taken(runtime)) {
			runtime->exited = true;
			runtime->output_bytes = image_tensors(header)[header->exit_tensor].bytes;
			return;
		}
	}
}
