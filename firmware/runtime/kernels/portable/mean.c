/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * MEAN over any set of dimensions, as TensorFlow Lite's QuantizedMeanOrSum (reference/reduce.h):
 * the sum less its zero points, then one rescale that holds the division.
 */
#include "firmware/runtime/kernels/portable/fixed_point.h"
#include "firmware/runtime/kernels/portable/portable.h"

struct mean_walk {
	uint32_t steps[4];    /* in the input */
	uint32_t averaged[4]; /* size of each dimension that is averaged, else 1 */
	uint32_t left[4];     /* size of each other one, else 1 */
	int32_t count;        /* elements of one average */
};

static void walk_start(const struct kernel_call *call, struct mean_walk *walk)
{
	portable_steps(call->in[0], walk->steps);
	walk->count = 1;
	for (int d = 0; d < 4; d++) {
		uint32_t size = call->in[0]->shape[d];

		walk->averaged[d] = call->op->args[d] ? size : 1;
		walk->left[d] = call->op->args[d] ? 1 : size;
		walk->count *= (int32_t)walk->averaged[d];
	}
}

static int32_t walk_sum(const struct mean_walk *walk, const int8_t *from)
{
	const uint32_t *size = walk->averaged, *steps = walk->steps;
	int32_t sum = 0;

	for (uint32_t n = 0; n < size[0]; n++)
		for (uint32_t y = 0; y < size[1]; y++)
			for (uint32_t x = 0; x < size[2]; x++)
				for (uint32_t c = 0; c < size[3]; c++)
					sum += from[n * steps[0] + y * steps[1] + x * steps[2] + c];
	return sum;
}

static int8_t mean_finish(const struct kernel_call *call, const struct mean_walk *walk, int32_t sum)
{
	int32_t real = sum - walk->count * call->in[0]->zero_point;

	return fixed_clamp(fixed_rescale(real, &call->op->rescale[0]) + call->out->zero_point,
			   INT8_MIN, INT8_MAX);
}

void portable_mean(const struct kernel_call *call)
{
	struct mean_walk walk;
	const uint32_t *left = walk.left, *steps = walk.steps;
	int8_t *to = call->output;

	walk_start(call, &walk);
	for (uint32_t n = 0; n < left[0]; n++)
		for (uint32_t y = 0; y < left[1]; y++)
			for (uint32_t x = 0; x < left[2]; x++)
				for (uint32_t c = 0; c < left[3]; c++) {
					const int8_t *from = call->input[0] + n * steps[0] +
							     y * steps[1] + x * steps[2] + c;

					*to++ = mean_finish(call, &walk, walk_sum(&walk, from));
				}
}
