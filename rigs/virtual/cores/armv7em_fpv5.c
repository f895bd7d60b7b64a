/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * FPv5-SP arithmetic that FPv4-SP does not have (Armv8-M ARM DDI 0553, pseudocode FPMaxNum,
 * FPMinNum, FPRoundInt).
 */
#include "rigs/virtual/cores/armv7em_fp.h"

#define EXPONENT 0x7f800000u

/* Order of non-NaN bit patterns as signed integers: -0 is less than +0, as FPMax wants it. */
static int64_t rank(uint32_t a)
{
	return a & FP_SIGN ? -1 - (int64_t)(a & ~FP_SIGN) : (int64_t)a;
}

static uint32_t maximum_or_minimum(struct armv7em *core, uint32_t a, uint32_t b, bool maximum)
{
	uint32_t loses = maximum ? FP_SIGN | EXPONENT : EXPONENT;

	a = fp_flush_input(core, a);
	b = fp_flush_input(core, b);
	if (fp_is_quiet(a) && !fp_is_quiet(b))
		a = loses;
	else if (fp_is_quiet(b) && !fp_is_quiet(a))
		b = loses;
	if (fp_is_nan(a) || fp_is_nan(b))
		return fp_process_nans(core, a, b);
	return (rank(a) > rank(b)) == maximum ? a : b;
}

uint32_t fp_max_number(struct armv7em *core, uint32_t a, uint32_t b)
{
	return maximum_or_minimum(core, a, b, true);
}

uint32_t fp_min_number(struct armv7em *core, uint32_t a, uint32_t b)
{
	return maximum_or_minimum(core, a, b, false);
}

uint32_t fp_round_integral(struct armv7em *core, uint32_t a, unsigned rounding, bool tells)
{
	uint32_t sign, magnitude, fraction_mask;
	uint64_t below;
	int exponent;

	a = fp_flush_input(core, a);
	if (fp_is_nan(a))
		return fp_process_nans(core, a, a);
	sign = a & FP_SIGN;
	magnitude = a & ~FP_SIGN;
	exponent = (int)(magnitude >> 23) - 127;
	if (exponent >= 23 || !magnitude)
		return a;
	if (exponent < -1) {
		below = 1; /* less than half, whatever it is */
		magnitude = fp_rounds_up(core, rounding, sign, false, below) ? 0x3f800000u : 0;
	} else if (exponent == -1) {
		below = (uint64_t)(magnitude & 0x7fffffu) << 39 | FP_HALF;
		magnitude = fp_rounds_up(core, rounding, sign, false, below) ? 0x3f800000u : 0;
	} else {
		uint32_t one = 1u << (23 - exponent);
		bool odd = exponent ? magnitude & one : true; /* the hidden bit of 1.x */

		fraction_mask = one - 1;
		below = (uint64_t)(magnitude & fraction_mask) << (63 - (23 - exponent));
		magnitude &= ~fraction_mask;
		if (fp_rounds_up(core, rounding, sign, odd, below))
			magnitude += one; /* a carry goes into the exponent, as it should */
	}
	if (below && tells)
		core->fpscr |= FP_FLAG_IXC;
	return sign | magnitude;
}
