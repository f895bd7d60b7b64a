/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Proves that running an image stays within image and arena. Products are taken in 64 bits, of
 * factors that were bounded before, so none overflows.
 */
#include "firmware/image/image.h"

#include <stddef.h>

#include "firmware/image/image_check_kinds.h"
#include "firmware/image/needs.h"
#include "firmware/wire/wire.h"

struct checker {
	const uint8_t *bytes;
	const struct image_header *header;
	const struct image_op *ops;
	const struct image_tensor *tensors;
};

static bool range_fits(uint32_t offset, uint64_t count, uint32_t align, uint32_t limit)
{
	return offset % align == 0 && offset <= limit && count <= limit - offset;
}

static bool ranges_meet(uint32_t a, uint32_t a_count, uint32_t b, uint32_t b_count)
{
	return a_count > 0 && b_count > 0 && a < b + b_count && b < a + a_count;
}

static bool tensors_meet(const struct image_tensor *a, const struct image_tensor *b)
{
	return ranges_meet(a->arena_offset, a->bytes, b->arena_offset, b->bytes);
}

static bool tensor_is_valid(const struct image_tensor *tensor, uint32_t arena_bytes)
{
	uint64_t count = 1;

	for (int i = 0; i < 4; i++) {
		if (tensor->shape[i] == 0 || tensor->shape[i] > IMAGE_ARENA_BYTES_MAX)
			return false;
		count *= tensor->shape[i];
		if (count > IMAGE_ARENA_BYTES_MAX)
			return false;
	}
	return count == tensor->bytes && tensor->zero_point >= -128 && tensor->zero_point <= 127 &&
	       range_fits(tensor->arena_offset, tensor->bytes, IMAGE_ALIGN, arena_bytes);
}

/* Output and scratch must not touch what the operator reads, but for what it can do in place. */
static bool writes_are_apart(const struct image_use *use, const struct image_needs *needs)
{
	const struct image_op *op = use->op;

	for (uint32_t i = 0; i < op->input_count; i++) {
		bool same_place = (needs->in_place >> i & 1) &&
				  use->in[i]->arena_offset == use->out->arena_offset;

		if (!same_place && tensors_meet(use->in[i], use->out))
			return false;
		if (ranges_meet(op->scratch_offset, op->scratch_bytes, use->in[i]->arena_offset,
				use->in[i]->bytes))
			return false;
	}
	return !ranges_meet(op->scratch_offset, op->scratch_bytes, use->out->arena_offset,
			    use->out->bytes);
}

/* Inputs of the model survive an inference; a RESHAPE in place writes nothing. */
static bool inputs_survive(const struct checker *checker, const struct image_use *use)
{
	const uint16_t *inputs = image_inputs(checker->header);
	const struct image_op *op = use->op;
	bool writes =
		op->kind != IMAGE_RESHAPE || use->in[0]->arena_offset != use->out->arena_offset;

	for (uint32_t i = 0; i < checker->header->input_count; i++) {
		const struct image_tensor *input = &checker->tensors[inputs[i]];

		if (writes && tensors_meet(input, use->out))
			return false;
		if (ranges_meet(op->scratch_offset, op->scratch_bytes, input->arena_offset,
				input->bytes))
			return false;
	}
	return true;
}

static bool tensors_find(const struct checker *checker, const struct image_op *op,
			 struct image_use *ret_use)
{
	uint32_t count = checker->header->tensor_count;

	if (op->input_count < 1 || op->input_count > IMAGE_OP_INPUTS_MAX || op->output >= count)
		return false;
	for (uint32_t i = 0; i < IMAGE_OP_INPUTS_MAX; i++) {
		if (i < op->input_count ? op->inputs[i] >= count : op->inputs[i] != IMAGE_NO_TENSOR)
			return false;
		if (i < op->input_count)
			ret_use->in[i] = &checker->tensors[op->inputs[i]];
	}
	ret_use->op = op;
	ret_use->out = &checker->tensors[op->output];
	return true;
}

/* The bytes the function wants are there, and hold what it may be given. */
static bool constants_are_valid(const struct checker *checker, const struct image_use *use,
				const struct image_needs *needs)
{
	const struct image_op *op = use->op;
	uint32_t total = checker->header->total_bytes;

	return op->weights_bytes == needs->weights_bytes &&
	       op->channels_bytes == needs->channels_bytes &&
	       range_fits(op->weights_offset, op->weights_bytes, IMAGE_ALIGN, total) &&
	       range_fits(op->channels_offset, op->channels_bytes, 4, total) &&
	       image_constants(use, checker->bytes + op->weights_offset,
			       checker->bytes + op->channels_offset);
}

static bool op_is_valid(const struct checker *checker, const struct image_op *op)
{
	struct image_use use = {0};
	struct image_needs needs;

	if (!tensors_find(checker, op, &use) || !image_kind_is_valid(&use) ||
	    !image_needs(&use, &needs))
		return false;
	return op->scratch_bytes >= needs.scratch_bytes &&
	       range_fits(op->scratch_offset, op->scratch_bytes, IMAGE_ALIGN,
			  checker->header->arena_bytes) &&
	       constants_are_valid(checker, &use, &needs) && writes_are_apart(&use, &needs) &&
	       inputs_survive(checker, &use);
}

static bool exit_is_valid(const struct image_header *header)
{
	if (header->exit_op == IMAGE_NO_OP)
		return header->exit_tensor == IMAGE_NO_TENSOR;
	return header->exit_op < header->op_count && header->exit_tensor < header->tensor_count &&
	       header->exit_threshold >= -128 && header->exit_threshold <= 128;
}

/* Indices in range, no tensor twice (inputs are written one after the other), and the sum of their
 * bytes as the header says. */
static bool list_is_valid(const struct checker *checker, uint32_t offset, uint32_t count,
			  uint32_t bytes, bool apart)
{
	const uint16_t *list = (const uint16_t *)(checker->bytes + offset);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (list[i] >= checker->header->tensor_count)
			return false;
		sum += checker->tensors[list[i]].bytes;
		for (uint32_t k = 0; apart && k < i; k++)
			if (tensors_meet(&checker->tensors[list[i]], &checker->tensors[list[k]]))
				return false;
	}
	return sum == bytes;
}

static bool tables_fit(const struct image_header *header)
{
	uint32_t total = header->total_bytes;

	return header->op_count >= 1 && header->op_count <= IMAGE_OPS_MAX &&
	       header->tensor_count >= 1 && header->tensor_count <= IMAGE_TENSORS_MAX &&
	       header->input_count >= 1 && header->input_count <= header->tensor_count &&
	       header->output_count >= 1 && header->output_count <= header->tensor_count &&
	       range_fits(header->op_offset, header->op_count * sizeof(struct image_op), 4,
			  total) &&
	       range_fits(header->tensor_offset, header->tensor_count * sizeof(struct image_tensor),
			  4, total) &&
	       range_fits(header->input_offset, header->input_count * sizeof(uint16_t), 2, total) &&
	       range_fits(header->output_offset, header->output_count * sizeof(uint16_t), 2, total);
}

static enum image_fault header_check(const struct image_header *header, uint32_t count)
{
	const uint32_t behind_crc = offsetof(struct image_header, arena_bytes);

	if (count < sizeof(*header) || header->magic != IMAGE_MAGIC)
		return IMAGE_FAULT_STRUCTURE;
	if (header->layout != IMAGE_LAYOUT_VERSION)
		return IMAGE_FAULT_LAYOUT;
	if (header->total_bytes > count || header->total_bytes > IMAGE_BYTES_MAX ||
	    header->total_bytes < sizeof(*header) || header->total_bytes % IMAGE_ALIGN)
		return IMAGE_FAULT_STRUCTURE;
	if (wire_crc32(0, (const uint8_t *)header + behind_crc, header->total_bytes - behind_crc) !=
	    header->crc32)
		return IMAGE_FAULT_STRUCTURE;
	return tables_fit(header) && exit_is_valid(header) ? IMAGE_FINE : IMAGE_FAULT_STRUCTURE;
}

static bool tensors_are_valid(const struct checker *checker)
{
	const struct image_header *header = checker->header;

	for (uint32_t i = 0; i < header->tensor_count; i++)
		if (!tensor_is_valid(&checker->tensors[i], header->arena_bytes))
			return false;
	return list_is_valid(checker, header->input_offset, header->input_count,
			     header->input_bytes, true) &&
	       list_is_valid(checker, header->output_offset, header->output_count,
			     header->output_bytes, false);
}

enum image_fault image_check(const void *image, uint32_t count, uint32_t arena_bytes,
			     uint32_t *ret_op)
{
	struct checker checker = {.bytes = image, .header = image};
	enum image_fault fault = header_check(checker.header, count);

	if (fault)
		return fault;
	if (checker.header->arena_bytes > IMAGE_ARENA_BYTES_MAX)
		return IMAGE_FAULT_STRUCTURE;
	if (checker.header->arena_bytes > arena_bytes)
		return IMAGE_FAULT_ARENA;
	checker.ops = image_ops(checker.header);
	checker.tensors = image_tensors(checker.header);
	if (!tensors_are_valid(&checker))
		return IMAGE_FAULT_STRUCTURE;
	for (uint32_t i = 0; i < checker.header->op_count; i++) {
		if (op_is_valid(&checker, &checker.ops[i]))
			continue;
		if (ret_op)
			*ret_op = i;
		return IMAGE_FAULT_OPERATOR;
	}
	return IMAGE_FINE;
}
