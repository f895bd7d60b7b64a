/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: what the FPU has beyond arithmetic: fused multiply-add, rounding modes, FPSCR's flags,
 * fixed point, half precision, VRINT, VMAXNM and VSEL where the core has FPv5 (elsewhere libm).
 */
#include <math.h>

#include "tests/oracle/corpus/corpus.h"

static void set_fpscr(uint32_t value)
{
	__asm__ volatile("vmsr fpscr, %0" ::"r"(value));
}

static uint32_t get_fpscr(void)
{
	uint32_t value;

	__asm__ volatile("vmrs %0, fpscr" : "=r"(value));
	return value;
}

static float from_bits(uint32_t bits)
{
	union {
		uint32_t bits;
		float value;
	} it = {bits};

	return it.value;
}

#define UNARY(name)                                                                                \
	do {                                                                                       \
		float d_ = 1;                                                                      \
		__asm__ volatile(name " %0, %1" : "+t"(d_) : "t"(x));                              \
		emit_float(d_);                                                                    \
	} while (0)
#define BINARY(name)                                                                               \
	do {                                                                                       \
		float d_ = z;                                                                      \
		__asm__ volatile(name " %0, %1, %2" : "+t"(d_) : "t"(x), "t"(y));                  \
		emit_float(d_);                                                                    \
	} while (0)
#define FIXED(name, bits)                                                                          \
	do {                                                                                       \
		float d_ = x;                                                                      \
		__asm__ volatile(name " %0, %0, #" bits : "+t"(d_));                               \
		emit_float(d_);                                                                    \
	} while (0)

static NOINLINE void operations(float x, float y, float z)
{
	BINARY("vfma.f32");
	BINARY("vfms.f32");
	BINARY("vfnma.f32");
	BINARY("vfnms.f32");
	BINARY("vmla.f32");
	BINARY("vmls.f32");
	BINARY("vnmla.f32");
	BINARY("vnmls.f32");
	BINARY("vnmul.f32");
	BINARY("vdiv.f32");
	BINARY("vadd.f32");
	BINARY("vsub.f32");
	BINARY("vmul.f32");
	UNARY("vsqrt.f32");
	UNARY("vabs.f32");
	UNARY("vneg.f32");
	UNARY("vcvt.s32.f32");
	UNARY("vcvtr.s32.f32");
	UNARY("vcvt.u32.f32");
	UNARY("vcvtr.u32.f32");
	UNARY("vcvt.f32.s32");
	UNARY("vcvt.f32.u32");
	UNARY("vcvtb.f16.f32");
	UNARY("vcvtt.f16.f32");
	UNARY("vcvtb.f32.f16");
	UNARY("vcvtt.f32.f16");
	FIXED("vcvt.s16.f32", "7");
	FIXED("vcvt.u16.f32", "1");
	FIXED("vcvt.s32.f32", "20");
	FIXED("vcvt.u32.f32", "32");
	FIXED("vcvt.f32.s16", "9");
	FIXED("vcvt.f32.u32", "31");
	emit(get_fpscr());
	__asm__ volatile("vcmp.f32 %0, %1" ::"t"(x), "t"(y));
	emit(get_fpscr());
	__asm__ volatile("vcmpe.f32 %0, #0" ::"t"(x));
	emit(get_fpscr());
}

/* Instructions of FPv5 where the compiler has them. */
static NOINLINE void rounding(float x, float y)
{
	emit_float(floorf(x));
	emit_float(ceilf(x));
	emit_float(truncf(x));
	emit_float(roundf(x));
	emit_float(rintf(x));
	emit_float(fmaxf(x, y));
	emit_float(fminf(x, y));
	emit_float(x >= y ? x + 1 : y - 1);
	emit_float(x == y ? x : y);
	emit((uint32_t)(int32_t)floorf(x));
	emit((uint32_t)(int32_t)roundf(y));
}

static void blocks(void)
{
	static float cells[24];

	for (unsigned i = 0; i < 24; i++)
		cells[i] = (float)i * 0.5f;
	__asm__ volatile("vldmia %0, {s0-s15}\n vpush {s0-s7}\n vadd.f32 s8, s1, s9\n"
			 "vpop {s16-s23}\n add r3, %0, #64\n vstmdb r3!, {s16-s23}\n"
			 "vstr s8, [%0, #64]\n vstr d4, [%0, #72]\n vldr d1, [%0, #80]\n"
			 "vmov r1, r2, d1\n vmov s4, s5, r2, r1\n vstm %0, {d2}\n" ::"r"(cells)
			 : "r1", "r2", "r3", "memory", "s0", "s1", "s2", "s3", "s4", "s5", "s6",
			   "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15", "s16", "s17",
			   "s18", "s19", "s20", "s21", "s22", "s23");
	emit_bytes(cells, sizeof(cells));
}

void program(void)
{
	static const uint32_t modes[] = {0,          0x00400000, 0x00800000, 0x00c00000,
					 0x01000000, 0x02000000, 0x03c00000};
	static const uint32_t edges[] = {0,          0x80000000, 0x3f800000, 0x7f800000, 0xff800000,
					 0x7fc00001, 0xffa12345, 0x00000001, 0x807fffff, 0x7f7fffff,
					 0x4f000000, 0xcf000001, 0x00800000, 0x33800000};

	for (unsigned mode = 0; mode < 7; mode++) {
		set_fpscr(modes[mode]);
		for (unsigned i = 0; i < 14; i++)
			for (unsigned j = 0; j < 14; j += 1 + mode / 2)
				operations(from_bits(edges[i]), from_bits(edges[j]),
					   from_bits(edges[(i + j) % 14]));
		for (unsigned i = 0; i < 20; i++)
			operations(from_bits(next_random()), from_bits(next_random()),
				   from_bits(next_random()));
	}
	set_fpscr(0);
	for (unsigned i = 0; i < 60; i++)
		rounding((float)(int32_t)next_random() / (float)(1u << (i % 31)),
			 (float)(int32_t)next_random() / 4e8f);
	blocks();
}
