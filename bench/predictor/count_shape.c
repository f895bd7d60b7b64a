/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/count_shape.h"

#include <stddef.h>

static const struct count_case_set *const sets[IMAGE_KERNELS_END] = {
	[IMAGE_KERNELS_PORTABLE] = &count_cases_portable,
	[IMAGE_KERNELS_ARMV7EM] = &count_cases_armv7em,
	[IMAGE_KERNELS_RV32] = &count_cases_rv32,
};

const struct count_case *count_case_of(const struct image_use *use, unsigned *ret_index)
{
	const struct count_case_set *set = sets[use->op->kernel_set];
	int which = set->select(use);

	if (which < 0)
		return NULL;
	*ret_index = (unsigned)which;
	for (int i = 0; i < use->op->kernel_set; i++)
		*ret_index += sets[i]->count;
	return &set->cases[which];
}

const struct count_case *count_case_at(unsigned index)
{
	for (int i = 0; i < IMAGE_KERNELS_END; i++) {
		unsigned size = sets[i]->count;

		if (index < size)
			return &sets[i]->cases[index];
		index -= size;
	}
	return NULL;
}

void count_kernel_name(const struct image_op *op, char ret_name[COUNT_CASE_NAME_MAX])
{
	sets[op->kernel_set]->kernel_name(op, ret_name);
}

struct image_use count_use(const struct image_header *header, unsigned op_index)
{
	const struct image_op *op = &image_ops(header)[op_index];
	const struct image_tensor *tensors = image_tensors(header);
	struct image_use use = {.op = op, .out = &tensors[op->output]};

	for (unsigned i = 0; i < op->input_count; i++)
		use.in[i] = &tensors[op->inputs[i]];
	return use;
}

void count_variables_fill(const struct count_case *of, const struct image_use *use,
			  const uint8_t *image, struct count_variables *ret_variables)
{
	ret_variables->count = 0;
	ret_variables->data_count = 0;
	ret_variables->weights = image + use->op->weights_offset;
	ret_variables->channels = image + use->op->channels_offset;
	of->fill(use, ret_variables);
}
