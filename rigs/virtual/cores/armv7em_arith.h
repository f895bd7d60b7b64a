/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: integer arithmetic that the handlers share: shifts, saturation, SIMD lanes.
 */
#ifndef RIGS_VIRTUAL_CORES_ARMV7EM_ARITH_H
#define RIGS_VIRTUAL_CORES_ARMV7EM_ARITH_H

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "rigs/virtual/cores/armv7em_core.h"

#if defined(__x86_64__)
extern bool armv7em_host_counts_bits; /* armv7em.c finds out */
#endif

static inline int32_t low_half(uint32_t value)
{
	return (int16_t)value;
}

static inline int32_t high_half(uint32_t value)
{
	return (int16_t)(value >> 16);
}

/* Low half by low half plus high half by high half. */
static inline int64_t sum_of_products(uint32_t a, uint32_t b)
{
#if defined(__SSE2__)
	__m128i sum = _mm_madd_epi16(_mm_cvtsi32_si128((int)a), _mm_cvtsi32_si128((int)b));

	/* INT32_MIN stands for 2^31, the only sum that does not fit; no sum is that small. */
	return (int64_t)(int32_t)((uint32_t)_mm_cvtsi128_si32(sum) - 1u) + 1;
#else
	return (int64_t)low_half(a) * low_half(b) + (int64_t)high_half(a) * high_half(b);
#endif
}

static inline uint32_t rotate_right(uint32_t value, unsigned amount)
{
	return value >> (amount & 31) | value << (-amount & 31);
}

static inline uint32_t asr(uint32_t value, unsigned amount) /* 0..31 */
{
	return (uint32_t)((int32_t)value >> amount);
}

/* Shift by a constant 1..32 (LSL 1..31, RRX 1); ret_carry: carry in, carry out. */
static inline uint32_t shift_constant(uint32_t value, unsigned type, unsigned amount,
				      uint32_t *ret_carry)
{
	uint32_t carry_in = *ret_carry;

	switch (type) {
	case SHIFT_LSL:
		*ret_carry = value >> (32 - amount) & 1;
		return value << amount;
	case SHIFT_LSR:
		*ret_carry = value >> (amount - 1) & 1;
		return amount == 32 ? 0 : value >> amount;
	case SHIFT_ASR:
		*ret_carry = value >> (amount - 1) & 1;
		return asr(value, amount == 32 ? 31 : amount);
	case SHIFT_ROR:
		*ret_carry = value >> (amount - 1) & 1;
		return rotate_right(value, amount);
	default:
		*ret_carry = value & 1;
		return value >> 1 | carry_in << 31;
	}
}

/* Shift by the low byte of a register. */
static inline uint32_t shift_by_register(uint32_t value, unsigned type, uint32_t by,
					 uint32_t *ret_carry)
{
	unsigned amount = by & 0xff;

	if (!amount)
		return value;
	if (type == SHIFT_ROR) {
		value = rotate_right(value, amount);
		*ret_carry = value >> 31;
		return value;
	}
	if (amount > 32 && type == SHIFT_ASR)
		amount = 32;
	if (amount > 32) {
		*ret_carry = 0;
		return 0;
	}
	if (amount == 32 && type == SHIFT_LSL) {
		*ret_carry = value & 1;
		return 0;
	}
	return shift_constant(value, type, amount, ret_carry);
}

/* Whether a value saturates depends on the data: no host branch foretells it. */
static inline uint32_t saturate(struct armv7em *core, int64_t value, int64_t least, int64_t most)
{
	int64_t result = value < least ? least : value;

	result = result > most ? most : result;
	core->saturated |= result != value;
	return (uint32_t)result;
}

static inline uint32_t saturate_signed(struct armv7em *core, int64_t value, unsigned bits)
{
	int64_t limit = (int64_t)1 << (bits - 1);

	return saturate(core, value, -limit, limit - 1);
}

static inline uint32_t saturate_unsigned(struct armv7em *core, int64_t value, unsigned bits)
{
	return saturate(core, value, 0, ((int64_t)1 << bits) - 1);
}

/* A result that only sets Q when it does not fit. */
static inline uint32_t note_overflow(struct armv7em *core, int64_t value)
{
	if (value != (int32_t)value)
		core->saturated = 1;
	return (uint32_t)value;
}

/* acc plus both products of halves, as SMLAD: Q when it does not fit. */
static inline uint32_t accumulate_products(struct armv7em *core, uint32_t a, uint32_t b,
					   uint32_t acc)
{
#if defined(__SSE2__)
	__m128i pair = _mm_madd_epi16(_mm_cvtsi32_si128((int)a), _mm_cvtsi32_si128((int)b));
	int32_t sum = _mm_cvtsi128_si32(pair), result;

	/* INT32_MIN stands for 2^31: all the other sums are told by the host's own flag. */
	if (__builtin_expect(sum == INT32_MIN, 0))
		return note_overflow(core, sum_of_products(a, b) + (int32_t)acc);
	if (__builtin_expect(__builtin_add_overflow(sum, (int32_t)acc, &result), 0))
		core->saturated = 1;
	return (uint32_t)result;
#else
	return note_overflow(core, sum_of_products(a, b) + (int32_t)acc);
#endif
}

static inline uint32_t reverse_bits(uint32_t value)
{
	value = (value >> 1 & 0x55555555u) | (value & 0x55555555u) << 1;
	value = (value >> 2 & 0x33333333u) | (value & 0x33333333u) << 2;
	value = (value >> 4 & 0x0f0f0f0fu) | (value & 0x0f0f0f0fu) << 4;
	return __builtin_bswap32(value);
}

/* Baseline x86-64 has no popcount instruction, so the compiler does not use it; every host does. */
static inline uint32_t count_bits(uint32_t value)
{
#if defined(__x86_64__)
	if (__builtin_expect(armv7em_host_counts_bits, 1)) {
		__asm__("popcnt %0, %0" : "+r"(value) : : "cc");
		return value;
	}
#endif
	value -= value >> 1 & 0x55555555u;
	value = (value & 0x33333333u) + (value >> 2 & 0x33333333u);
	value = (value + (value >> 4)) & 0x0f0f0f0fu;
	return value * 0x01010101u >> 24;
}

static inline uint32_t select_bytes(uint32_t ge, uint32_t yes, uint32_t no)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < 4; i++)
		if (ge >> i & 1)
			mask |= 0xffu << 8 * i;
	return (yes & mask) | (no & ~mask);
}

static inline uint32_t absolute_differences(uint32_t a, uint32_t b)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < 32; i += 8) {
		int difference = (int)(a >> i & 0xff) - (int)(b >> i & 0xff);

		sum += (uint32_t)(difference < 0 ? -difference : difference);
	}
	return sum;
}

/* The TRM gives 2 to 12 cycles, early termination on leading zeroes and ones; modelled as one cycle
 * per three quotient bits, rounded up. */
static inline unsigned divide_extra_cycles(uint32_t dividend, uint32_t divisor)
{
	int bits;

	if (!divisor || dividend < divisor)
		return 0;
	bits = __builtin_clz(divisor) - __builtin_clz(dividend) + 1;
	bits = (bits + 2) / 3;
	return bits > 10 ? 10 : (unsigned)bits;
}

static inline uint32_t magnitude(uint32_t value)
{
	return value >> 31 ? 0u - value : value;
}

/* armv7em_parallel.c: SADD8 ... UHSUB16; operation and prefix as the decoder's PARALLEL has them.
 */
uint32_t armv7em_parallel(struct armv7em *core, unsigned operation, unsigned prefix, uint32_t a,
			  uint32_t b);

#endif
