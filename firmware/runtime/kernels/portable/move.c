/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The operators that only move bytes: PAD, CONCATENATION, TRANSPOSE.
 */
#include <string.h>

#include "firmware/runtime/kernels/portable/portable.h"

void portable_pad(const struct kernel_call *call)
{
	const uint16_t *front = call->op->args;
	const uint32_t *in = call->in[0]->shape;
	const int8_t *from = call->input[0];
	uint32_t steps[4];

	portable_steps(call->out, steps);
	memset(call->output, call->out->zero_point, call->out->bytes);
	for (uint32_t n = 0; n < in[0]; n++) {
		for (uint32_t y = 0; y < in[1]; y++) {
			for (uint32_t x = 0; x < in[2]; x++, from += in[3]) {
				memcpy(call->output + (n + front[0]) * steps[0] +
					       (y + front[1]) * steps[1] +
					       (x + front[2]) * steps[2] + front[3],
				       from, in[3]);
			}
		}
	}
}

/* Input `which` is one piece for each index of the dimensions in front of the one they are put
 * together along. */
static void piece_place(const struct kernel_call *call, uint32_t which, int8_t *to)
{
	uint32_t steps[4], out_steps[4], along = call->op->args[0], piece, stride;
	const int8_t *from = call->input[which], *end = from + call->in[which]->bytes;

	portable_steps(call->in[which], steps);
	portable_steps(call->out, out_steps);
	piece = steps[along] * call->in[which]->shape[along];
	stride = out_steps[along] * call->out->shape[along];
	for (; from < end; from += piece, to += stride)
		memcpy(to, from, piece);
}

void portable_concatenation(const struct kernel_call *call)
{
	int8_t *to = call->output;

	for (uint32_t i = 0; i < call->op->input_count; i++) {
		uint32_t steps[4], along = call->op->args[0];

		piece_place(call, i, to);
		portable_steps(call->in[i], steps);
		to += steps[along] * call->in[i]->shape[along];
	}
}

void portable_transpose(const struct kernel_call *call)
{
	const uint32_t *shape = call->out->shape;
	const uint16_t *from = call->op->args;
	int8_t *to = call->output;
	uint32_t in[4], steps[4];

	portable_steps(call->in[0], in);
	for (int d = 0; d < 4; d++)
		steps[d] = in[from[d]];
	for (uint32_t n = 0; n < shape[0]; n++)
		for (uint32_t y = 0; y < shape[1]; y++)
			for (uint32_t x = 0; x < shape[2]; x++)
				for (uint32_t c = 0; c < shape[3]; c++)
					*to++ = call->input[0][n * steps[0] + y * steps[1] +
							       x * steps[2] + c * steps[3]];
}
