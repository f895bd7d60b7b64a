/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Instructions of the Armv7E-M DSP extension (Armv7-M Architecture Reference Manual, DDI 0403,
 * chapter A7), and on other machines the same in plain C. Sums wrap modulo 2^32.
 */
#ifndef FIRMWARE_RUNTIME_KERNELS_ARMV7EM_DSP_H
#define FIRMWARE_RUNTIME_KERNELS_ARMV7EM_DSP_H

#include <stdint.h>

#define DSP_INLINE static inline __attribute__((always_inline))

/* Any alignment: LDR and STR allow it, LDM, LDRD, STM and STRD do not, and compilers know. */
DSP_INLINE uint32_t dsp_load(const void *from)
{
	uint32_t value;

	__builtin_memcpy(&value, from, sizeof(value));
	return value;
}

DSP_INLINE void dsp_store(void *to, uint32_t value)
{
	__builtin_memcpy(to, &value, sizeof(value));
}

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP

#define DSP_MACHINE 1

#define DSP_UNARY(name, text)                                                                      \
	DSP_INLINE uint32_t name(uint32_t a)                                                       \
	{                                                                                          \
		uint32_t result;                                                                   \
		__asm__(text : "=r"(result) : "r"(a));                                             \
		return result;                                                                     \
	}
#define DSP_BINARY(name, text)                                                                     \
	DSP_INLINE uint32_t name(uint32_t a, uint32_t b)                                           \
	{                                                                                          \
		uint32_t result;                                                                   \
		__asm__(text : "=r"(result) : "r"(a), "r"(b));                                     \
		return result;                                                                     \
	}
#define DSP_TERNARY(name, text)                                                                    \
	DSP_INLINE int32_t name(uint32_t a, uint32_t b, int32_t sum)                               \
	{                                                                                          \
		int32_t result;                                                                    \
		__asm__(text : "=r"(result) : "r"(a), "r"(b), "r"(sum));                           \
		return result;                                                                     \
	}

DSP_UNARY(dsp_sxtb16, "sxtb16 %0, %1")
DSP_UNARY(dsp_sxtb16_ror8, "sxtb16 %0, %1, ror #8")
DSP_BINARY(dsp_sxtab16, "sxtab16 %0, %1, %2")
DSP_BINARY(dsp_sxtab16_ror8, "sxtab16 %0, %1, %2, ror #8")
DSP_BINARY(dsp_pkhbt16, "pkhbt %0, %1, %2, lsl #16")
DSP_BINARY(dsp_pkhtb16, "pkhtb %0, %2, %1, asr #16")
DSP_TERNARY(dsp_smlad, "smlad %0, %1, %2, %3")
DSP_TERNARY(dsp_smlabt, "smlabt %0, %1, %2, %3")
DSP_TERNARY(dsp_smlatb, "smlatb %0, %1, %2, %3")
DSP_TERNARY(dsp_smmla, "smmla %0, %1, %2, %3")
DSP_TERNARY(dsp_smmlar, "smmlar %0, %1, %2, %3")

DSP_INLINE int32_t dsp_ssat8(int32_t value)
{
	int32_t result;

	__asm__("ssat %0, #8, %1" : "=r"(result) : "r"(value));
	return result;
}

/* Bytes of a where a >= b, else of b, all signed; the flags GE are written. */
DSP_INLINE uint32_t dsp_max8(uint32_t a, uint32_t b)
{
	uint32_t result;

	__asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b) : "cc");
	return result;
}

DSP_INLINE uint32_t dsp_min8(uint32_t a, uint32_t b)
{
	uint32_t result;

	__asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(result) : "r"(a), "r"(b) : "cc");
	return result;
}

#else

DSP_INLINE uint32_t dsp_half(uint32_t low, uint32_t high)
{
	return (low & 0xFFFF) | high << 16;
}

DSP_INLINE uint32_t dsp_ror8(uint32_t a)
{
	return a >> 8 | a << 24;
}

DSP_INLINE uint32_t dsp_sxtb16(uint32_t a)
{
	return dsp_half((uint32_t)(int8_t)a, (uint32_t)(int8_t)(a >> 16));
}

DSP_INLINE uint32_t dsp_sxtb16_ror8(uint32_t a)
{
	return dsp_sxtb16(dsp_ror8(a));
}

DSP_INLINE uint32_t dsp_sxtab16(uint32_t a, uint32_t b)
{
	uint32_t wide = dsp_sxtb16(b);

	return dsp_half(a + wide, (a >> 16) + (wide >> 16));
}

DSP_INLINE uint32_t dsp_sxtab16_ror8(uint32_t a, uint32_t b)
{
	return dsp_sxtab16(a, dsp_ror8(b));
}

DSP_INLINE uint32_t dsp_pkhbt16(uint32_t a, uint32_t b)
{
	return dsp_half(a, b);
}

DSP_INLINE uint32_t dsp_pkhtb16(uint32_t a, uint32_t b)
{
	return dsp_half(a >> 16, b >> 16);
}

DSP_INLINE int32_t dsp_smlad(uint32_t a, uint32_t b, int32_t sum)
{
	uint32_t low = (uint32_t)((int16_t)a * (int16_t)b);
	uint32_t high = (uint32_t)((int16_t)(a >> 16) * (int16_t)(b >> 16));

	return (int32_t)((uint32_t)sum + low + high);
}

DSP_INLINE int32_t dsp_smlabt(uint32_t a, uint32_t b, int32_t sum)
{
	return dsp_smlad(a & 0xFFFF, b >> 16, sum);
}

DSP_INLINE int32_t dsp_smlatb(uint32_t a, uint32_t b, int32_t sum)
{
	return dsp_smlad(a >> 16, b & 0xFFFF, sum);
}

DSP_INLINE int32_t dsp_smmla(uint32_t a, uint32_t b, int32_t sum)
{
	int64_t product = (int64_t)(int32_t)a * (int32_t)b;

	return (int32_t)((uint32_t)sum + (uint32_t)(product >> 32));
}

DSP_INLINE int32_t dsp_smmlar(uint32_t a, uint32_t b, int32_t sum)
{
	uint64_t product = (uint64_t)((int64_t)(int32_t)a * (int32_t)b);

	return (int32_t)((product + ((uint64_t)(uint32_t)sum << 32) + 0x80000000u) >> 32);
}

DSP_INLINE int32_t dsp_ssat8(int32_t value)
{
	return value < -128 ? -128 : value > 127 ? 127 : value;
}

DSP_INLINE uint32_t dsp_max8(uint32_t a, uint32_t b)
{
	uint32_t result = 0;

	for (int i = 0; i < 32; i += 8)
		result |= ((int8_t)(a >> i) >= (int8_t)(b >> i) ? a : b) & 0xFFu << i;
	return result;
}

DSP_INLINE uint32_t dsp_min8(uint32_t a, uint32_t b)
{
	return ~dsp_max8(~a, ~b);
}

#endif

/* Four bytes as int16 (0, 2) and (1, 3); UP: times 256. */
DSP_INLINE uint32_t dsp_widen_even(uint32_t bytes, bool up)
{
	return up ? bytes << 8 & 0xFF00FF00u : dsp_sxtb16(bytes);
}

DSP_INLINE uint32_t dsp_widen_odd(uint32_t bytes, bool up)
{
	return up ? bytes & 0xFF00FF00u : dsp_sxtb16_ror8(bytes);
}

#endif
