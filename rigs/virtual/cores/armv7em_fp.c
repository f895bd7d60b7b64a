/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: FPv4-SP arithmetic (ARMv7-M ARM, A2.5 and the pseudocode of section E.2).
 * `volatile` keeps the compiler from moving an operation across a change of the host's FP
 * environment.
 */
#include <fenv.h>
#include <math.h>
#include <string.h>

#include "rigs/virtual/cores/armv7em_fp.h"

#define QUIET_BIT   0x00400000u
#define DEFAULT_NAN 0x7fc00000u
#define EXPONENT    0x7f800000u
#define FRACTION    0x007fffffu
#define FLAG_IOC    0x01u
#define FLAG_DZC    0x02u
#define FLAG_OFC    0x04u
#define FLAG_UFC    0x08u
#define FLAG_IXC    FP_FLAG_IXC
#define FLAG_IDC    0x80u

#define FP_STACK_CYCLES  17u
#define CPACR_CP10_SHIFT 20
#define CPACR_FULL       0xfu
#define CPACR_PRIVILEGED 0x5u

static float to_float(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static uint32_t to_bits(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

bool fp_is_nan(uint32_t bits)
{
	return (bits & ~FP_SIGN) > EXPONENT;
}

static bool is_signalling(uint32_t bits)
{
	return fp_is_nan(bits) && !(bits & QUIET_BIT);
}

bool fp_is_quiet(uint32_t bits)
{
	return fp_is_nan(bits) && bits & QUIET_BIT;
}

static bool is_denormal(uint32_t bits)
{
	return !(bits & EXPONENT) && bits & FRACTION;
}

/* ---- access and host environment ---- */

bool fp_prepare(struct armv7em *core)
{
	uint32_t access = core->cpacr >> CPACR_CP10_SHIFT & 0xf;

	if (access != CPACR_FULL && !(access == CPACR_PRIVILEGED && core_is_privileged(core))) {
		fault_set(core,
			  &(struct fault){.exception = EXCEPTION_USAGE_FAULT, .status = CFSR_NOCP},
			  "FP instruction while CPACR does not enable coprocessors 10 and 11");
		return false;
	}
	if (core->fp_lazy) {
		core->fp_lazy = false;
		core->now += FP_STACK_CYCLES;
	}
	if (core->fpccr & FPCCR_ASPEN && !(core->control & CONTROL_FPCA)) {
		core->control |= CONTROL_FPCA;
		fp_leave_host(core);
		core->fpscr = (core->fpscr & ~FPDSCR_WRITABLE) | core->fpdscr;
	}
	core->fp_ready = true;
	return true;
}

static void enter_host(struct armv7em *core)
{
	static const int modes[4] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

	feclearexcept(FE_ALL_EXCEPT);
	fesetround(modes[core->fpscr >> 22 & 3]);
	core->fp_host_active = true;
}

/* Flushing a result to zero takes back the flags of the operation, so those before are kept first.
 */
static inline void use_host(struct armv7em *core)
{
	if (__builtin_expect(core->fpscr & FPSCR_MODE_FZ, 0))
		fp_leave_host(core);
	if (!core->fp_host_active)
		enter_host(core);
}

void fp_leave_host_slow(struct armv7em *core)
{
	static const struct {
		int host;
		uint32_t guest;
	} map[] = {{FE_INVALID, FLAG_IOC},
		   {FE_DIVBYZERO, FLAG_DZC},
		   {FE_OVERFLOW, FLAG_OFC},
		   {FE_UNDERFLOW, FLAG_UFC},
		   {FE_INEXACT, FLAG_IXC}};
	int raised = fetestexcept(FE_ALL_EXCEPT);

	for (unsigned i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (raised & map[i].host)
			core->fpscr |= map[i].guest;
	fesetround(FE_TONEAREST);
	core->fp_host_active = false;
}

/* ---- NaNs and flushing ---- */

uint32_t fp_flush_input(struct armv7em *core, uint32_t a)
{
	if (!(core->fpscr & FPSCR_MODE_FZ) || !is_denormal(a))
		return a;
	core->fpscr |= FLAG_IDC;
	return a & FP_SIGN;
}

static uint32_t flush_output(struct armv7em *core, uint32_t a)
{
	bool underflows;

	if (!(core->fpscr & FPSCR_MODE_FZ))
		return a;
	underflows = is_denormal(a) || (!(a & ~FP_SIGN) && fetestexcept(FE_UNDERFLOW));
	if (!underflows)
		return a;
	feclearexcept(FE_UNDERFLOW | FE_INEXACT);
	core->fpscr |= FLAG_UFC;
	return a & FP_SIGN;
}

/* FPProcessNaNs: the first signalling operand, else the first quiet one, else the default. */
static uint32_t choose_nan(const struct armv7em *core, const uint32_t *operands, unsigned count)
{
	if (core->fpscr & FPSCR_MODE_DN)
		return DEFAULT_NAN;
	for (unsigned i = 0; i < count; i++)
		if (is_signalling(operands[i]))
			return operands[i] | QUIET_BIT;
	for (unsigned i = 0; i < count; i++)
		if (fp_is_nan(operands[i]))
			return operands[i];
	return DEFAULT_NAN;
}

uint32_t fp_process_nans(struct armv7em *core, uint32_t a, uint32_t b)
{
	if (is_signalling(a) || is_signalling(b))
		core->fpscr |= FLAG_IOC;
	return choose_nan(core, (uint32_t[]){a, b}, 2);
}

static uint32_t finish_two(struct armv7em *core, uint32_t result, uint32_t a, uint32_t b)
{
	if (__builtin_expect(fp_is_nan(result), 0))
		return choose_nan(core, (uint32_t[]){a, b}, 2);
	return flush_output(core, result);
}

/* ---- arithmetic ---- */

#define FP_TWO_OPERANDS(name, operator)                                                            \
	uint32_t name(struct armv7em *core, uint32_t a, uint32_t b)                                \
	{                                                                                          \
		volatile float x, y, result;                                                       \
                                                                                                   \
		use_host(core);                                                                    \
		a = fp_flush_input(core, a);                                                       \
		b = fp_flush_input(core, b);                                                       \
		x = to_float(a);                                                                   \
		y = to_float(b);                                                                   \
		result = x operator y;                                                             \
		return finish_two(core, to_bits(result), a, b);                                    \
	}

FP_TWO_OPERANDS(fp_add, +)
FP_TWO_OPERANDS(fp_sub, -)
FP_TWO_OPERANDS(fp_mul, *)
FP_TWO_OPERANDS(fp_div, /)

uint32_t fp_sqrt(struct armv7em *core, uint32_t a)
{
	volatile float x, result;

	use_host(core);
	a = fp_flush_input(core, a);
	x = to_float(a);
	result = sqrtf(x);
	return finish_two(core, to_bits(result), a, a);
}

static bool is_infinity_times_zero(uint32_t a, uint32_t b)
{
	a &= ~FP_SIGN;
	b &= ~FP_SIGN;
	return (a == EXPONENT && !b) || (!a && b == EXPONENT);
}

uint32_t fp_fma(struct armv7em *core, uint32_t addend, uint32_t a, uint32_t b)
{
	volatile float x, y, z, result;

	use_host(core);
	addend = fp_flush_input(core, addend);
	a = fp_flush_input(core, a);
	b = fp_flush_input(core, b);
	x = to_float(a);
	y = to_float(b);
	z = to_float(addend);
	result = fmaf(x, y, z);
	if (__builtin_expect(!fp_is_nan(to_bits(result)), 1))
		return flush_output(core, to_bits(result));
	if (is_infinity_times_zero(a, b) && !is_signalling(addend)) {
		core->fpscr |= FLAG_IOC;
		return DEFAULT_NAN;
	}
	return choose_nan(core, (uint32_t[]){addend, a, b}, 3);
}

void fp_compare(struct armv7em *core, uint32_t a, uint32_t b, bool signals_quiet)
{
	uint32_t flags;
	float x, y;

	a = fp_flush_input(core, a);
	b = fp_flush_input(core, b);
	if (fp_is_nan(a) || fp_is_nan(b)) {
		if (signals_quiet || is_signalling(a) || is_signalling(b))
			core->fpscr |= FLAG_IOC;
		flags = 3; /* C and V: unordered */
	} else {
		x = to_float(a);
		y = to_float(b);
		flags = x == y ? 6 : x < y ? 8 : 2;
	}
	core->fpscr = (core->fpscr & 0x0fffffffu) | flags << 28;
}

/* ---- conversions ---- */

static uint32_t convert_from_integer(struct armv7em *core, uint32_t value, bool is_signed,
				     unsigned fraction)
{
	volatile double exact = is_signed ? (double)(int32_t)value : (double)value;
	volatile float result;

	use_host(core);
	result = (float)(exact / (double)(1ull << fraction));
	return to_bits(result);
}

/* Integers round as FPSCR says, fixed point always rounds to nearest. */
uint32_t fp_from_integer(struct armv7em *core, uint32_t value, bool is_signed, unsigned fraction)
{
	uint32_t rounding = core->fpscr & FPSCR_ROUNDING, result;

	if (!fraction || !rounding)
		return convert_from_integer(core, value, is_signed, fraction);
	fp_leave_host(core);
	core->fpscr &= ~FPSCR_ROUNDING;
	result = convert_from_integer(core, value, is_signed, fraction);
	fp_leave_host(core);
	core->fpscr |= rounding;
	return result;
}

/* |a| * 2^fraction as an integer and what is below it, in units of 2^-63; too large saturates. */
static uint64_t split_integer(uint32_t a, unsigned fraction, uint64_t *ret_below)
{
	int exponent = (int)(a >> 23 & 0xff);
	uint64_t mantissa = (a & FRACTION) | (exponent ? FRACTION + 1 : 0);
	int shift = (exponent ? exponent : 1) - 150 + (int)fraction;

	*ret_below = 0;
	if (shift >= 0)
		return shift > 32 ? (mantissa ? UINT64_MAX : 0) : mantissa << shift;
	shift = -shift;
	if (shift >= 63) {
		*ret_below = mantissa != 0;
		return 0;
	}
	*ret_below = mantissa << (63 - shift) & INT64_MAX;
	return mantissa >> shift;
}

bool fp_rounds_up(const struct armv7em *core, unsigned rounding, bool negative, bool odd,
		  uint64_t below)
{
	if (rounding == FP_ROUND_MODE)
		rounding = core->fpscr >> 22 & 3;
	switch (rounding) {
	case FP_ROUND_NEAREST:
		return below > FP_HALF || (below == FP_HALF && odd);
	case FP_ROUND_AWAY:
		return below >= FP_HALF;
	case FP_ROUND_UP:
		return below && !negative;
	case FP_ROUND_DOWN:
		return below && negative;
	default:
		return false;
	}
}

uint32_t fp_to_integer(struct armv7em *core, uint32_t a, bool is_signed, unsigned rounding,
		       unsigned bits, unsigned fraction)
{
	uint64_t limit, value, below;
	bool negative;

	a = fp_flush_input(core, a);
	if (fp_is_nan(a)) {
		core->fpscr |= FLAG_IOC;
		return 0;
	}
	negative = a & FP_SIGN;
	value = split_integer(a, fraction, &below);
	if (fp_rounds_up(core, rounding, negative, value & 1, below))
		value++;
	limit = is_signed ? (1ull << (bits - 1)) - !negative : negative ? 0 : (1ull << bits) - 1;
	if (value > limit) {
		core->fpscr |= FLAG_IOC;
		value = limit;
	} else if (below) {
		core->fpscr |= FLAG_IXC;
	}
	return negative ? 0u - (uint32_t)value : (uint32_t)value;
}

uint32_t fp_from_half(struct armv7em *core, uint32_t half)
{
	uint32_t sign = (half & 0x8000u) << 16;
	uint32_t exponent = half >> 10 & 31, fraction = half & 0x3ff;

	if (exponent == 31 && !(core->fpscr & FPSCR_MODE_AHP)) {
		uint32_t nan = sign | EXPONENT | QUIET_BIT | fraction << 13;

		if (!fraction)
			return sign | EXPONENT;
		if (!(fraction & 0x200))
			core->fpscr |= FLAG_IOC;
		return core->fpscr & FPSCR_MODE_DN ? DEFAULT_NAN : nan;
	}
	if (exponent)
		return sign | (exponent + 112) << 23 | fraction << 13;
	return sign | to_bits(ldexpf((float)fraction, -24));
}

static uint32_t half_of_nan(struct armv7em *core, uint32_t a)
{
	bool alternative = core->fpscr & FPSCR_MODE_AHP;
	uint32_t sign = a >> 16 & 0x8000u;

	if (is_signalling(a) || alternative)
		core->fpscr |= FLAG_IOC;
	if (alternative)
		return sign;
	if (core->fpscr & FPSCR_MODE_DN)
		return 0x7e00;
	return sign | 0x7e00 | (a >> 13 & 0x1ff);
}

static uint32_t half_overflow(struct armv7em *core, uint32_t sign)
{
	unsigned mode = core->fpscr >> 22 & 3; /* nearest, up, down, zero */
	bool to_infinity = mode == 0 || (mode == 1 && !sign) || (mode == 2 && sign);

	if (core->fpscr & FPSCR_MODE_AHP) {
		core->fpscr |= FLAG_IOC;
		return sign | 0x7fff;
	}
	core->fpscr |= FLAG_OFC | FLAG_IXC;
	return sign | (to_infinity ? 0x7c00 : 0x7bff);
}

uint32_t fp_to_half(struct armv7em *core, uint32_t a)
{
	bool alternative = core->fpscr & FPSCR_MODE_AHP;
	uint32_t sign, infinity = alternative ? 0x8000 : 0x7c00, result;
	volatile double exact, scaled;
	int exponent;

	use_host(core);
	a = fp_flush_input(core, a);
	sign = a >> 16 & 0x8000u;
	if (fp_is_nan(a))
		return half_of_nan(core, a);
	if ((a & ~FP_SIGN) == EXPONENT && !alternative)
		return sign | 0x7c00;
	exponent = (int)(a >> 23 & 0xff) - 127;
	if (exponent > 16)
		return half_overflow(core, sign);
	if (exponent < -14)
		exponent = -14;
	/* In units of the last of ten fraction bits; rounding up may carry into the exponent. */
	exact = ldexp((double)to_float(a), 10 - exponent);
	scaled = fabs(nearbyint(exact));
	result = (uint32_t)scaled;
	if (exponent > -14 || result >= 0x400)
		result += (uint32_t)(exponent + 14) << 10;
	if (result >= infinity)
		return half_overflow(core, sign);
	if (scaled != fabs(exact))
		core->fpscr |= FLAG_IXC | (fabs(exact) < 1024 ? FLAG_UFC : 0);
	return sign | result;
}
