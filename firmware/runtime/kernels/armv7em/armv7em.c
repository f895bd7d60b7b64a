/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Kernels for Cortex-M with the DSP extension.
 */
#include "firmware/runtime/kernels/armv7em/armv7em.h"

#define ROUNDINGS(function, name)                                                                  \
	[1 + (function)*ARMV7EM_ROUNDINGS +                                                        \
		ARMV7EM_UP] = name##_up,                                                           \
		[1 + (function)*ARMV7EM_ROUNDINGS + ARMV7EM_AWAY] = name##_away,                   \
		[1 + (function)*ARMV7EM_ROUNDINGS + ARMV7EM_EXACT] = name##_exact

static kernel_fn *const functions[] = {
	ROUNDINGS(ARMV7EM_GEMM, armv7em_gemm),
	ROUNDINGS(ARMV7EM_VECTOR, armv7em_vector),
	ROUNDINGS(ARMV7EM_DEPTHWISE, armv7em_depthwise),
	ROUNDINGS(ARMV7EM_DEPTHWISE3, armv7em_depthwise3),
	ROUNDINGS(ARMV7EM_ADD, armv7em_add),
	ROUNDINGS(ARMV7EM_MUL, armv7em_mul),
	[1 + ARMV7EM_AVERAGE_POOL * ARMV7EM_ROUNDINGS] = armv7em_average_pool,
	[1 + ARMV7EM_MAX_POOL * ARMV7EM_ROUNDINGS] = armv7em_max_pool,
};

const struct kernel_set kernel_set_armv7em = {functions, sizeof(functions) / sizeof(functions[0]),
					      false};

void armv7em_output_clamp(const struct kernel_call *call)
{
	const int32_t min = call->op->activation_min, max = call->op->activation_max;
	const uint32_t floor = (uint8_t)min * 0x01010101u, ceiling = (uint8_t)max * 0x01010101u;
	int8_t *at = call->output, *end = at + call->out->bytes;

	if (min == -128 && max == 127)
		return;
	for (; end - at >= 4; at += 4)
		dsp_store(at, dsp_min8(dsp_max8(dsp_load(at), floor), ceiling));
	for (; at < end; at++)
		*at = fixed_clamp(*at, min, max);
}
