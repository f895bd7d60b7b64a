/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RESHAPE and ADD.
 */
#include <string.h>

#include "firmware/runtime/kernels/portable/fixed_point.h"
#include "firmware/runtime/kernels/portable/portable.h"

void portable_reshape(const struct kernel_call *call)
{
	if (call->output != call->input[0])
		memmove(call->output, call->input[0], call->out->bytes);
}

static int32_t add_operand(const struct kernel_call *call, int which, uint32_t index)
{
	int32_t value = call->input[which][index] - call->in[which]->zero_point;

	return fixed_rescale(value * (1 << IMAGE_ADD_LEFT_SHIFT), &call->op->rescale[which]);
}

void portable_add(const struct kernel_call *call)
{
	const struct image_op *op = call->op;

	for (uint32_t i = 0; i < call->out->bytes; i++) {
		int32_t sum = add_operand(call, 0, i) + add_operand(call, 1, i);

		call->output[i] =
			fixed_clamp(fixed_rescale(sum, &op->rescale[2]) + call->out->zero_point,
				    op->activation_min, op->activation_max);
	}
}
