/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "firmware/runtime/kernels/rv32/rv32.h"

static kernel_fn *const functions[RV32_FUNCTION_END] = {
	[RV32_GEMM] = rv32_gemm_run,
	[RV32_VECTOR] = rv32_vector_run,
	[RV32_DEPTHWISE] = rv32_depthwise_run,
	[RV32_ADD] = rv32_add_run,
	[RV32_AVERAGE_POOL] = rv32_average_pool_run,
	[RV32_MAX_POOL] = rv32_max_pool_run,
};

const struct kernel_set kernel_set_rv32 = {functions, RV32_FUNCTION_END, false};

int8_t rv32_scale_exact(uint32_t accumulator, const struct rv32_scale *scale)
{
	struct image_rescale rescale = {scale->multiplier, (int32_t)scale->shift - RV32_EXACT - 31};

	return rv32_scale_limit(
		fixed_add(fixed_rescale((int32_t)accumulator, &rescale), scale->addend), *scale);
}

RV32_APART void four_put_exact(struct rv32_four sums, const struct rv32_scale *scale, int8_t *to,
			       uint32_t pitch)
{
	to[0] = rv32_scale_exact(sums.a, scale);
	to[pitch] = rv32_scale_exact(sums.b, scale);
	to[2 * pitch] = rv32_scale_exact(sums.c, scale);
	to[3 * pitch] = rv32_scale_exact(sums.d, scale);
}

void rv32_four_put(uint32_t a, uint32_t b, uint32_t c, uint32_t d, const struct rv32_scale *scale,
		   int8_t *to, uint32_t pitch)
{
	const struct rv32_scale own = *scale;

	if (RV32_RARELY(own.shift >= RV32_EXACT)) {
		four_put_exact((struct rv32_four){a, b, c, d}, scale, to, pitch);
		return;
	}
	*to = rv32_scale_fast(a, own);
	to += pitch;
	*to = rv32_scale_fast(b, own);
	to += pitch;
	*to = rv32_scale_fast(c, own);
	to += pitch;
	*to = rv32_scale_fast(d, own);
}
