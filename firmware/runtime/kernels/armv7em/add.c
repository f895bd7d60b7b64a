/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ADD: the host has rescaled all 256 values of both inputs. MUL: a product and one rescaling.
 */
#include "firmware/runtime/kernels/armv7em/armv7em.h"

DSP_INLINE int8_t add_byte(const struct armv7em_add_tables *tables,
			   const struct armv7em_finish *finish, uint32_t a, uint32_t b,
			   enum armv7em_rounding rounding)
{
	return armv7em_finish(fixed_add(tables->worth[0][a & 0xFF], tables->worth[1][b & 0xFF]),
			      finish, rounding);
}

DSP_INLINE void add(const struct kernel_call *call, enum armv7em_rounding rounding)
{
	const struct armv7em_add_tables *tables = call->weights;
	const struct armv7em_finish finish = *(const struct armv7em_finish *)call->channels;
	const int8_t *a = call->input[0], *b = call->input[1];
	int8_t *to = call->output, *end = to + call->out->bytes;

	for (; end - to >= 4; to += 4, a += 4, b += 4) {
		uint32_t left = dsp_load(a), right = dsp_load(b);

		to[0] = add_byte(tables, &finish, left, right, rounding);
		to[1] = add_byte(tables, &finish, left >> 8, right >> 8, rounding);
		to[2] = add_byte(tables, &finish, left >> 16, right >> 16, rounding);
		to[3] = add_byte(tables, &finish, left >> 24, right >> 24, rounding);
	}
	for (; to < end; to++)
		*to = add_byte(tables, &finish, (uint8_t)*a++, (uint8_t)*b++, rounding);
	armv7em_output_clamp(call);
}

void armv7em_add_up(const struct kernel_call *call)
{
	add(call, ARMV7EM_UP);
}

void armv7em_add_away(const struct kernel_call *call)
{
	add(call, ARMV7EM_AWAY);
}

void armv7em_add_exact(const struct kernel_call *call)
{
	add(call, ARMV7EM_EXACT);
}

DSP_INLINE void mul(const struct kernel_call *call, enum armv7em_rounding rounding)
{
	const struct armv7em_finish finish = *(const struct armv7em_finish *)call->channels;
	const int32_t a_zero = call->in[0]->zero_point, b_zero = call->in[1]->zero_point;
	const int32_t scale = rounding == ARMV7EM_UP ? 256 : 1;
	const int8_t *a = call->input[0], *b = call->input[1];
	int8_t *to = call->output, *end = to + call->out->bytes;

	for (; to < end; to++)
		*to = armv7em_finish((*a++ - a_zero) * ((*b++ - b_zero) * scale), &finish,
				     rounding);
	armv7em_output_clamp(call);
}

void armv7em_mul_up(const struct kernel_call *call)
{
	mul(call, ARMV7EM_UP);
}

void armv7em_mul_away(const struct kernel_call *call)
{
	mul(call, ARMV7EM_AWAY);
}

void armv7em_mul_exact(const struct kernel_call *call)
{
	mul(call, ARMV7EM_EXACT);
}
