/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RESHAPE, ADD and MUL.
 */
#include <string.h>

#include "firmware/runtime/kernels/portable/fixed_point.h"
#include "firmware/runtime/kernels/portable/portable.h"

void portable_reshape(const struct kernel_call *call)
{
	if (call->output != call->input[0])
		memmove(call->output, call->input[0], call->out->bytes);
}

typedef int8_t pair_fn(const struct kernel_call *call, int32_t a, int32_t b);

static int32_t add_operand(const struct kernel_call *call, int which, int32_t value)
{
	return fixed_rescale((value - call->in[which]->zero_point) * (1 << IMAGE_ADD_LEFT_SHIFT),
			     &call->op->rescale[which]);
}

static inline int8_t add_pair(const struct kernel_call *call, int32_t a, int32_t b)
{
	int32_t sum = add_operand(call, 0, a) + add_operand(call, 1, b);

	return fixed_clamp(fixed_rescale(sum, &call->op->rescale[2]) + call->out->zero_point,
			   call->op->activation_min, call->op->activation_max);
}

static inline int8_t mul_pair(const struct kernel_call *call, int32_t a, int32_t b)
{
	int32_t product = (a - call->in[0]->zero_point) * (b - call->in[1]->zero_point);

	return fixed_clamp(fixed_rescale(product, &call->op->rescale[0]) + call->out->zero_point,
			   call->op->activation_min, call->op->activation_max);
}

/* As portable_steps(), 0 along the dimensions in which the input is repeated. */
static void repeated_steps(const struct kernel_call *call, int which, uint32_t ret_steps[4])
{
	portable_steps(call->in[which], ret_steps);
	for (int d = 0; d < 4; d++)
		if (call->in[which]->shape[d] != call->out->shape[d])
			ret_steps[d] = 0;
}

static inline void pairs_repeated(const struct kernel_call *call, pair_fn *pair)
{
	const uint32_t *shape = call->out->shape;
	uint32_t a[4], b[4], done = 0;

	repeated_steps(call, 0, a);
	repeated_steps(call, 1, b);
	for (uint32_t n = 0; n < shape[0]; n++) {
		for (uint32_t y = 0; y < shape[1]; y++) {
			for (uint32_t x = 0; x < shape[2]; x++) {
				const int8_t *from_a =
					call->input[0] + n * a[0] + y * a[1] + x * a[2];
				const int8_t *from_b =
					call->input[1] + n * b[0] + y * b[1] + x * b[2];

				for (uint32_t c = 0; c < shape[3]; c++)
					call->output[done++] =
						pair(call, from_a[c * a[3]], from_b[c * b[3]]);
			}
		}
	}
}

static inline void each_pair(const struct kernel_call *call, pair_fn *pair)
{
	if (call->in[0]->bytes != call->out->bytes || call->in[1]->bytes != call->out->bytes) {
		pairs_repeated(call, pair);
		return;
	}
	for (uint32_t i = 0; i < call->out->bytes; i++)
		call->output[i] = pair(call, call->input[0][i], call->input[1][i]);
}

void portable_add(const struct kernel_call *call)
{
	each_pair(call, add_pair);
}

void portable_mul(const struct kernel_call *call)
{
	each_pair(call, mul_pair);
}
