/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Kernels for RV32IM without vector or packed instructions (ESP32-C3): plain C in which every
 * loaded value is used several times, and every output channel is finished in a few instructions.
 * firmware/image/needs_rv32.h describes the constants. They rely on what image_check() has proved.
 */
#ifndef FIRMWARE_RUNTIME_KERNELS_RV32_RV32_H
#define FIRMWARE_RUNTIME_KERNELS_RV32_RV32_H

#include "firmware/image/needs_rv32.h"
#include "firmware/runtime/kernels/kernel.h"
#include "firmware/runtime/kernels/portable/fixed_point.h"

#define RV32_INLINE static inline __attribute__((always_inline))
/* Keeps its registers to itself. */
#define RV32_APART             static __attribute__((noinline))
#define RV32_RARELY(condition) __builtin_expect(!!(condition), 0)

kernel_fn rv32_gemm_run;
kernel_fn rv32_vector_run;
kernel_fn rv32_depthwise_run;
kernel_fn rv32_add_run;
kernel_fn rv32_average_pool_run;
kernel_fn rv32_max_pool_run;

/* GEMM: packs count <= gemm->tile output pixels' inputs from pixel first into call->scratch: quads
 * of pixels one after the other, each depth (filled up with zeros) times two words of two pixels.
 */
void rv32_pixels_pack(const struct kernel_call *call, const struct rv32_gemm *gemm, uint32_t first,
		      uint32_t count);

RV32_INLINE struct image_use rv32_use(const struct kernel_call *call)
{
	return (struct image_use){.op = call->op, .in = {call->in[0]}, .out = call->out};
}

/* How sums of a channel become output. By value: the compiler must assume that stores of output
 * bytes change what is behind a pointer. */
struct rv32_scale {
	int32_t multiplier, addend;
	uint32_t shift;
	int32_t least;
	uint32_t span; /* from the least to the largest result */
};

/* For slow channels. */
int8_t rv32_scale_exact(uint32_t accumulator, const struct rv32_scale *scale);

RV32_INLINE struct rv32_scale rv32_scale_of(const struct rv32_finish *finish,
					    const struct image_op *op)
{
	return (struct rv32_scale){finish->multiplier, finish->addend, finish->shift,
				   op->activation_min,
				   (uint32_t)(op->activation_max - op->activation_min)};
}

/* Compilers take three multiplications for it where they share parts with others. */
RV32_INLINE int32_t rv32_multiply_high(int32_t a, int32_t b)
{
#if defined(__riscv) && defined(__riscv_mul)
	int32_t high;

	__asm__("mulh %0, %1, %2" : "=r"(high) : "r"(a), "r"(b));
	return high;
#else
	return (int32_t)((int64_t)a * b >> 32);
#endif
}

RV32_INLINE int8_t rv32_scale_limit(int32_t value, struct rv32_scale scale)
{
	if (RV32_RARELY((uint32_t)value - (uint32_t)scale.least > scale.span))
		value = value < scale.least ? scale.least : scale.least + (int32_t)scale.span;
	return (int8_t)value;
}

/* shift is below RV32_EXACT. */
RV32_INLINE int8_t rv32_scale_fast(uint32_t accumulator, struct rv32_scale scale)
{
	int32_t high = rv32_multiply_high((int32_t)(accumulator << 2), scale.multiplier);
	uint32_t value = (uint32_t)high + ((uint32_t)(high >> 31) & ~1u) + (uint32_t)scale.addend;

	return rv32_scale_limit((int32_t)value >> (scale.shift & 31), scale);
}

RV32_INLINE int8_t rv32_scale_sum(uint32_t accumulator, struct rv32_scale scale)
{
	if (RV32_RARELY(scale.shift >= RV32_EXACT))
		return rv32_scale_exact(accumulator, &scale);
	return rv32_scale_fast(accumulator, scale);
}

/* Sums of one channel at four neighbouring pixels; pitch: from one pixel's output to the next. */
struct rv32_four {
	uint32_t a, b, c, d;
};

/* Sums as arguments stay in registers; without other calls, nothing else is moved for them. */
void rv32_four_put(uint32_t a, uint32_t b, uint32_t c, uint32_t d, const struct rv32_scale *scale,
		   int8_t *to, uint32_t pitch);

#endif
