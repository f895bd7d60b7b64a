/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: IT blocks of every condition and shape over all flags, with loads, stores, branches, FPU
 * and compares inside; table branches.
 */
#include "tests/oracle/corpus/corpus.h"

/* r0: flags, r1, r2: values; the block changes r1..r3 and r4 points to memory. */
#define BLOCK(it, code)                                                                            \
	do {                                                                                       \
		register uint32_t x_ __asm__("r1") = x, y_ __asm__("r2") = y,                      \
				     z_ __asm__("r3") = 5;                                         \
		register uint32_t *at_ __asm__("r5") = cells;                                      \
		__asm__ volatile("msr apsr_nzcvq, %4\n\t" it "\n\t" code "\n1:\tmrs r0, apsr\n"    \
				 : "+r"(x_), "+r"(y_), "+r"(z_), "+r"(at_)                         \
				 : "r"(flags)                                                      \
				 : "r0", "r6", "cc", "memory", "s0", "s1");                        \
		cells[5] += x_ * 3 + y_ * 5 + z_ * 7;                                              \
	} while (0)

static uint32_t cells[8];

#define SHAPES(yes, no)                                                                            \
	do {                                                                                       \
		BLOCK("it " yes, "add" yes " r1, r2");                                             \
		BLOCK("ite " yes, "ldr" yes " r1, [r5]\n str" no " r2, [r5, #4]");                 \
		BLOCK("itt " yes, "str" yes " r1, [r5, #8]\n b" yes " 1f\n adds r3, #9");          \
		BLOCK("itete " yes, "lsl" yes " r1, r1, #3\n mul" no " r2, r2, r1\n sub" yes       \
				    ".w r3, r3, #17\n ldrd" no " r2, r3, [r5]");                   \
		BLOCK("itee " yes,                                                                 \
		      "cmp" yes " r1, r2\n adc" no " r1, r2\n sbc" no ".w r3, r1, r2");            \
		BLOCK("itttt " yes, "vmov" yes " s0, r1\n vmov" yes " s1, r2\n vadd" yes           \
				    ".f32 s0, s0, s1\n vmov" yes " r3, s0");                       \
		BLOCK("itte " yes, "smlad" yes " r1, r2, r1, r3\n sxtb16" yes " r2, r1\n ubfx" no  \
				   " r2, r2, #3, #9");                                             \
		BLOCK("itet " yes, "ldm" yes " r5, {r1, r2}\n stm" no                              \
				   " r5, {r1, r2, r3}\n udiv" yes " r3, r3, r2");                  \
	} while (0)

static NOINLINE void all_conditions(uint32_t flags, uint32_t x, uint32_t y)
{
	SHAPES("eq", "ne");
	SHAPES("ne", "eq");
	SHAPES("cs", "cc");
	SHAPES("cc", "cs");
	SHAPES("mi", "pl");
	SHAPES("pl", "mi");
	SHAPES("vs", "vc");
	SHAPES("vc", "vs");
	SHAPES("hi", "ls");
	SHAPES("ls", "hi");
	SHAPES("ge", "lt");
	SHAPES("lt", "ge");
	SHAPES("gt", "le");
	SHAPES("le", "gt");
	BLOCK(".hword 0xbfe8",
	      ".hword 0x1889"); /* IT AL, ADD r1, r1, r2: the assembler refuses it */
}

static NOINLINE uint32_t table_byte(uint32_t index)
{
	uint32_t result;

	__asm__ volatile("tbb [pc, %1]\n"
			 "0: .byte (1f-0b)/2, (2f-0b)/2, (3f-0b)/2, (4f-0b)/2\n"
			 "1: movs %0, #11\n b 5f\n"
			 "2: movs %0, #22\n b 5f\n"
			 "3: movs %0, #33\n b 5f\n"
			 "4: movs %0, #44\n"
			 "5:\n"
			 : "=&l"(result)
			 : "l"(index)
			 : "cc");
	return result;
}

static NOINLINE uint32_t table_halfword(uint32_t index)
{
	uint32_t result;

	__asm__ volatile("tbh [pc, %1, lsl #1]\n"
			 "0: .hword (1f-0b)/2, (2f-0b)/2, (3f-0b)/2\n"
			 "1: movs %0, #1\n b 5f\n"
			 "2: movs %0, #2\n b 5f\n"
			 "3: movs %0, #3\n"
			 "5:\n"
			 : "=&l"(result)
			 : "l"(index)
			 : "cc");
	return result;
}

void program(void)
{
	for (uint32_t flags = 0; flags < 16; flags++) {
		all_conditions(flags << 28, 0x12345678, 0x9abc0001);
		all_conditions(flags << 28, flags, 0xffffffff);
		for (unsigned i = 0; i < 8; i++)
			emit(cells[i]);
		emit(table_byte(flags & 3));
		emit(table_halfword(flags % 3));
	}
}
