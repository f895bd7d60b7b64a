/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SOFTMAX in fixed point, step by step as TensorFlow Lite does it on gemmlowp's fixedpoint.h:
 * exponentials of differences to the maximum (Q5.26 in, Q0.31 out), their sum in Q12.19, a
 * reciprocal by Newton's method, and a product for each element. Output scale 1/256, zero point
 * -128.
 */
#include "firmware/runtime/kernels/portable/fixed_point.h"
#include "firmware/runtime/kernels/portable/portable.h"

enum {
	SUM_INTEGER_BITS = 12,
	QUARTER_Q26 = 1 << 24,       /* 1/4 in Q5.26 */
	EIGHTH_Q31 = 1 << 28,        /* 1/8 in Q0.31 */
	THIRD_Q31 = 715827883,       /* 1/3 */
	EXP_EIGHTH_Q31 = 1895147668, /* exp(-1/8) */
	NEWTON_A_Q29 = 1515870810,   /* 48/17 */
	NEWTON_B_Q29 = -1010580540,  /* -32/17 */
	ONE_Q29 = 1 << 29,
};

/* exp(-2^k) in Q0.31 for k = -2 .. 4 */
static const int32_t exp_factors[] = {
	1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242,
};

static int32_t saturate_shift_left(int32_t value, int32_t bits)
{
	int64_t wide = (int64_t)value * ((int64_t)1 << bits);

	return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

/* exp(value) for -1/4 <= value < 0, in and out Q0.31: Taylor of degree 4 about -1/8. */
static int32_t exp_quarter(int32_t value)
{
	int32_t x = value + EIGHTH_Q31;
	int32_t x2 = fixed_multiply(x, x), x3 = fixed_multiply(x2, x), x4 = fixed_multiply(x2, x2);
	int32_t high = fixed_multiply(fixed_divide_pow2(x4, 2) + x3, THIRD_Q31);
	int32_t tail = fixed_divide_pow2(high + x2, 1);

	return EXP_EIGHTH_Q31 + fixed_multiply(EXP_EIGHTH_Q31, x + tail);
}

/* exp(value) for value <= 0 in Q5.26, result Q0.31: the fraction below 1/4 by polynomial, each bit
 * of the rest by one factor. */
static int32_t exp_negative(int32_t value)
{
	int32_t fraction = (value & (QUARTER_Q26 - 1)) - QUARTER_Q26;
	int32_t rest = fraction - value, result = exp_quarter(fraction * (1 << 5));

	if (value == 0)
		return INT32_MAX;
	for (int i = 0; i < 7; i++)
		if (rest & (QUARTER_Q26 << i))
			result = fixed_multiply(result, exp_factors[i]);
	return result;
}

/* 1 / (1 + value) for 0 <= value < 1, in and out Q0.31. */
static int32_t reciprocal_one_plus(int32_t value)
{
	int32_t half = (int32_t)(((int64_t)value + INT32_MAX + 1) / 2); /* of the denominator */
	int32_t x = NEWTON_A_Q29 + fixed_multiply(half, NEWTON_B_Q29);

	for (int i = 0; i < 3; i++) {
		int32_t error = ONE_Q29 - fixed_multiply(half, x);

		x += saturate_shift_left(fixed_multiply(x, error), 2);
	}
	return saturate_shift_left(x, 1);
}

static int32_t leading_zeros(uint32_t value)
{
	int32_t count = 0;

	for (; !(value & 0x80000000u); value <<= 1)
		count++;
	return count;
}

static int32_t exp_difference(const struct kernel_call *call, int32_t difference)
{
	const struct image_rescale *rescale = &call->op->rescale[0];

	return exp_negative(
		fixed_multiply(fixed_shift_left(difference, rescale->shift), rescale->multiplier));
}

static int32_t row_sum(const struct kernel_call *call, const int8_t *in, int32_t most)
{
	int32_t sum = 0;

	for (uint32_t i = 0; i < call->out->shape[3]; i++)
		if (in[i] - most >= call->op->diff_min)
			sum += fixed_divide_pow2(exp_difference(call, in[i] - most),
						 SUM_INTEGER_BITS);
	return sum;
}

static void softmax_row(const struct kernel_call *call, const int8_t *in, int8_t *out)
{
	const uint32_t depth = call->out->shape[3];
	int32_t most = INT8_MIN, sum, headroom, scale, shift;

	for (uint32_t i = 0; i < depth; i++)
		most = in[i] > most ? in[i] : most;
	sum = row_sum(call, in, most);
	headroom = leading_zeros((uint32_t)sum);
	scale = reciprocal_one_plus((int32_t)(((uint32_t)sum << headroom) - 0x80000000u));
	shift = SUM_INTEGER_BITS - headroom + 31 - 8;
	for (uint32_t i = 0; i < depth; i++) {
		int32_t difference = in[i] - most, value = 0;

		if (difference >= call->op->diff_min && shift <= 31)
			value = fixed_divide_pow2(
				fixed_multiply(scale, exp_difference(call, difference)), shift);
		out[i] = fixed_clamp(value - 128, -128, 127);
	}
}

void portable_softmax(const struct kernel_call *call)
{
	const uint32_t depth = call->out->shape[3];

	for (uint32_t at = 0; at < call->out->bytes; at += depth)
		softmax_row(call, call->input[0] + at, call->output + at);
}
