/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * With r = -shift, z the zero point and p = sum * multiplier, the portable set computes
 *
 *   x = floor((p + 2^30) / 2^31), and with r >= 1, n = 1 where x < 0, else 0:
 *   value = floor((x - n + 2^(r-1)) / 2^r) + z
 *
 * UP leaves n out, which changes only values of x < 0, and never makes them more than z: no
 * difference where the activation's minimum is at least z. The two floors are then one,
 * floor((p + 2^30 + 2^(30+r)) / 2^(31+r)) + z. The function's sum is 2^b times as large, so with
 * s = r - 1 + b
 *
 *   high32(2^b * p) + addend, shifted right by s; addend = 2^(b-2) + 2^(s-1) + z * 2^s
 *
 * is the same: every term of addend is a multiple of 2^32 in units of 2^b * p. With r <= 0, a left
 * shift before the product, there is no second rounding: addend = 2^(s-1) + z * 2^s.
 *
 * AWAY computes x and n as they are; addend = 2^(r-1) + z * 2^r, r >= 1.
 *
 * All values grow with the sum, so that nothing overflows if nothing does at both ends.
 */
#include "bench/model/pack_armv7em_prove.h"

#include "firmware/runtime/kernels/portable/fixed_point.h"

static bool fits(int64_t value)
{
	return value >= INT32_MIN && value <= INT32_MAX;
}

static int64_t power(int bits)
{
	return (int64_t)1 << bits;
}

static bool prove_up(const struct image_use *use, const struct pack_sums *sums,
		     struct armv7em_finish *ret_finish)
{
	const int r = -sums->rescale.shift, shift = r - 1 + (int)sums->scale_bits;
	const int64_t scale = power((int)sums->scale_bits);
	int64_t addend;

	if ((r > 0 && use->op->activation_min < use->out->zero_point) || shift < 1 || shift > 31)
		return false;
	addend = power(shift - 1) + use->out->zero_point * power(shift);
	if (r > 0)
		addend += scale / 4;
	*ret_finish = (struct armv7em_finish){sums->rescale.multiplier, (int32_t)addend, shift};
	return fits(addend) && fits(sums->least * scale) && fits(sums->most * scale) &&
	       fits(((sums->least * scale * sums->rescale.multiplier) >> 32) + addend) &&
	       fits(((sums->most * scale * sums->rescale.multiplier) >> 32) + addend);
}

static bool prove_away(const struct image_use *use, const struct pack_sums *sums,
		       struct armv7em_finish *ret_finish)
{
	const int r = -sums->rescale.shift;
	int64_t addend, multiplier = (int64_t)sums->rescale.multiplier * 2 - power(32);

	if (r < 1 || r > 31 || !fits(multiplier))
		return false;
	addend = power(r - 1) + use->out->zero_point * power(r);
	*ret_finish = (struct armv7em_finish){(int32_t)multiplier, (int32_t)addend, r};
	/* |x| is at most the sum's */
	return fits(addend) && fits(sums->least - 1 + addend) && fits(sums->most + addend) &&
	       fits(addend - 1);
}

static int32_t value_of(const struct image_use *use, const struct pack_sums *sums, int64_t sum)
{
	int32_t value = fixed_rescale((int32_t)sum, &sums->rescale);

	return fixed_clamp(fixed_add(value, use->out->zero_point), use->op->activation_min,
			   use->op->activation_max);
}

/* Rescaling never decreases with the sum, as long as the left shift does not overflow. */
static bool is_constant(const struct image_use *use, const struct pack_sums *sums)
{
	const int left = sums->rescale.shift > 0 ? sums->rescale.shift : 0;

	return fits(sums->least * power(left)) && fits(sums->most * power(left)) &&
	       fits((int64_t)fixed_rescale((int32_t)sums->least, &sums->rescale) - 128) &&
	       fits((int64_t)fixed_rescale((int32_t)sums->most, &sums->rescale) + 127) &&
	       value_of(use, sums, sums->least) == value_of(use, sums, sums->most);
}

bool pack_armv7em_prove(const struct image_use *use, const struct pack_sums *sums,
			enum armv7em_rounding rounding, struct armv7em_finish *ret_finish,
			bool *ret_constant)
{
	if (ret_constant)
		*ret_constant = false;
	if (rounding == ARMV7EM_EXACT) {
		*ret_finish = (struct armv7em_finish){sums->rescale.multiplier,
						      use->out->zero_point, sums->rescale.shift};
		return true;
	}
	if (!fits(sums->least) || !fits(sums->most) || sums->rescale.multiplier < 0)
		return false;
	if (ret_constant && is_constant(use, sums)) {
		*ret_finish = (struct armv7em_finish){0, value_of(use, sums, sums->least), 0};
		*ret_constant = true;
		return true;
	}
	return rounding == ARMV7EM_UP ? prove_up(use, sums, ret_finish)
				      : prove_away(use, sums, ret_finish);
}
