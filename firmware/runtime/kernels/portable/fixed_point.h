/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fixed-point arithmetic as gemmlowp defines it (fixedpoint.h) and TensorFlow Lite uses it:
 * products of Q31 numbers and division by powers of two, both rounded to nearest. Everything wraps
 * modulo 2^32 where the definition overflows, so that no input is undefined.
 */
#ifndef FIRMWARE_RUNTIME_KERNELS_PORTABLE_FIXED_POINT_H
#define FIRMWARE_RUNTIME_KERNELS_PORTABLE_FIXED_POINT_H

#include <stdint.h>

#include "firmware/image/image.h"

static inline int32_t fixed_add(int32_t a, int32_t b)
{
	return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t fixed_shift_left(int32_t value, int32_t bits)
{
	return (int32_t)((uint32_t)value << bits);
}

/* gemmlowp SaturatingRoundingDoublingHighMul: a * b / 2^31, to nearest, halves up. */
static inline int32_t fixed_multiply(int32_t a, int32_t b)
{
	int64_t product = (int64_t)a * b + ((int64_t)1 << 30);

	if (a == INT32_MIN && b == INT32_MIN)
		return INT32_MAX;
	return (int32_t)(product >> 31);
}

/* gemmlowp RoundingDivideByPOT: value / 2^bits, to nearest, halves away from zero; bits 0 .. 31. */
static inline int32_t fixed_divide_pow2(int32_t value, int32_t bits)
{
	int32_t mask = (int32_t)(((uint32_t)1 << bits) - 1);
	int32_t threshold = (mask >> 1) + (value < 0);

	return (value >> bits) + ((value & mask) > threshold);
}

/* TensorFlow Lite MultiplyByQuantizedMultiplier (double rounding). */
static inline int32_t fixed_rescale(int32_t value, const struct image_rescale *rescale)
{
	int32_t left = rescale->shift > 0 ? rescale->shift : 0;
	int32_t right = rescale->shift > 0 ? 0 : -rescale->shift;

	return fixed_divide_pow2(fixed_multiply(fixed_shift_left(value, left), rescale->multiplier),
				 right);
}

static inline int8_t fixed_clamp(int32_t value, int32_t min, int32_t max)
{
	return (int8_t)(value < min ? min : value > max ? max : value);
}

#endif
