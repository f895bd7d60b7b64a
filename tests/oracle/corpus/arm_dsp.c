/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: every instruction of the DSP extension that ACLE names, and the rest of the multiplies.
 */
#include <arm_acle.h>

#include "tests/oracle/corpus/corpus.h"

#define APSR_QUESTION()                                                                            \
	({                                                                                         \
		uint32_t flags_;                                                                   \
		__asm__ volatile("mrs %0, apsr" : "=r"(flags_));                                   \
		flags_;                                                                            \
	})
/* The operation, then Q and GE. */
#define TRY(expression)                                                                            \
	do {                                                                                       \
		__asm__ volatile("msr apsr_nzcvqg, %0" ::"r"(0));                                  \
		emit((uint32_t)(expression));                                                      \
		emit(APSR_QUESTION() & 0x080f0000);                                                \
	} while (0)
/* With an instruction that has no intrinsic everywhere. */
#define THREE(name)                                                                                \
	({                                                                                         \
		uint32_t d_;                                                                       \
		__asm__ volatile(name " %0, %1, %2" : "=r"(d_) : "r"(x), "r"(y));                  \
		d_;                                                                                \
	})
#define FOUR(name)                                                                                 \
	({                                                                                         \
		uint32_t d_;                                                                       \
		__asm__ volatile(name " %0, %1, %2, %3" : "=r"(d_) : "r"(x), "r"(y), "r"(z));      \
		d_;                                                                                \
	})
#define FOUR_SHIFT(name, shift)                                                                    \
	({                                                                                         \
		uint32_t d_;                                                                       \
		__asm__ volatile(name " %0, %1, %2, " shift : "=r"(d_) : "r"(x), "r"(y));          \
		d_;                                                                                \
	})
#define LONG(name)                                                                                 \
	({                                                                                         \
		uint32_t l_ = z, h_ = x ^ y;                                                       \
		__asm__ volatile(name " %0, %1, %2, %3" : "+r"(l_), "+r"(h_) : "r"(x), "r"(y));    \
		l_ * 31 + h_;                                                                      \
	})

static NOINLINE void parallel(uint32_t x, uint32_t y)
{
	TRY(__sadd8(x, y));
	TRY(__ssub8(x, y));
	TRY(__uadd8(x, y));
	TRY(__usub8(x, y));
	TRY(__qadd8(x, y));
	TRY(__qsub8(x, y));
	TRY(__uqadd8(x, y));
	TRY(__uqsub8(x, y));
	TRY(__shadd8(x, y));
	TRY(__shsub8(x, y));
	TRY(__uhadd8(x, y));
	TRY(__uhsub8(x, y));
	TRY(__sadd16(x, y));
	TRY(__ssub16(x, y));
	TRY(__uadd16(x, y));
	TRY(__usub16(x, y));
	TRY(__qadd16(x, y));
	TRY(__qsub16(x, y));
	TRY(__uqadd16(x, y));
	TRY(__uqsub16(x, y));
	TRY(__shadd16(x, y));
	TRY(__shsub16(x, y));
	TRY(__uhadd16(x, y));
	TRY(__uhsub16(x, y));
	TRY(__sasx(x, y));
	TRY(__ssax(x, y));
	TRY(__uasx(x, y));
	TRY(__usax(x, y));
	TRY(__qasx(x, y));
	TRY(__qsax(x, y));
	TRY(__uqasx(x, y));
	TRY(__uqsax(x, y));
	TRY(__shasx(x, y));
	TRY(__shsax(x, y));
	TRY(__uhasx(x, y));
	TRY(__uhsax(x, y));
	TRY(__sel(__sadd8(x, y), x));
	__asm__ volatile("usub8 %0, %0, %1\n sel %0, %0, %1" : "+r"(x) : "r"(y));
	emit(x);
}

static NOINLINE void saturating(uint32_t x, uint32_t y)
{
	TRY(__qadd((int32_t)x, (int32_t)y));
	TRY(__qsub((int32_t)x, (int32_t)y));
	TRY(THREE("qdadd"));
	TRY(THREE("qdsub"));
	TRY(__ssat((int32_t)x, 1));
	TRY(__ssat((int32_t)x, 17));
	TRY(__ssat((int32_t)x >> 9, 24));
	TRY(__usat((int32_t)x, 0));
	TRY(__usat((int32_t)x, 9));
	TRY(__usat((int32_t)x >> 3, 31));
	TRY(__ssat((int32_t)(x << 3), 12));
	TRY(__ssat16((int32_t)x, 5));
	TRY(__ssat16((int32_t)x, 16));
	TRY(__usat16((int32_t)x, 0));
	TRY(__usat16((int32_t)x, 11));
	TRY(__sxtb16(x));
	TRY(__uxtb16(x));
	TRY(__sxtab16(x, y));
	TRY(__uxtab16(x, y));
	TRY(THREE("pkhbt"));
	TRY(THREE("pkhtb"));
	TRY(FOUR_SHIFT("pkhbt", "lsl #7"));
	TRY(FOUR_SHIFT("pkhtb", "asr #32"));
	TRY(FOUR_SHIFT("sxtab16", "ror #8"));
	TRY(FOUR_SHIFT("uxtah", "ror #16"));
	TRY(FOUR_SHIFT("sxtab", "ror #24"));
	TRY(THREE("uxtab"));
	TRY(THREE("sxtah"));
}

static NOINLINE void multiplies(uint32_t x, uint32_t y, uint32_t z)
{
	TRY(THREE("mul"));
	TRY(FOUR("mla"));
	TRY(FOUR("mls"));
	TRY(THREE("smulbb"));
	TRY(THREE("smulbt"));
	TRY(THREE("smultb"));
	TRY(THREE("smultt"));
	TRY(FOUR("smlabb"));
	TRY(FOUR("smlabt"));
	TRY(FOUR("smlatb"));
	TRY(FOUR("smlatt"));
	TRY(THREE("smulwb"));
	TRY(THREE("smulwt"));
	TRY(FOUR("smlawb"));
	TRY(FOUR("smlawt"));
	TRY(THREE("smuad"));
	TRY(THREE("smuadx"));
	TRY(THREE("smusd"));
	TRY(THREE("smusdx"));
	TRY(FOUR("smlad"));
	TRY(FOUR("smladx"));
	TRY(FOUR("smlsd"));
	TRY(FOUR("smlsdx"));
	TRY(THREE("smmul"));
	TRY(THREE("smmulr"));
	TRY(FOUR("smmla"));
	TRY(FOUR("smmlar"));
	TRY(FOUR("smmls"));
	TRY(FOUR("smmlsr"));
	TRY(THREE("usad8"));
	TRY(FOUR("usada8"));
	TRY(LONG("smull"));
	TRY(LONG("umull"));
	TRY(LONG("smlal"));
	TRY(LONG("umlal"));
	TRY(LONG("umaal"));
	TRY(LONG("smlalbb"));
	TRY(LONG("smlalbt"));
	TRY(LONG("smlaltb"));
	TRY(LONG("smlaltt"));
	TRY(LONG("smlald"));
	TRY(LONG("smlaldx"));
	TRY(LONG("smlsld"));
	TRY(LONG("smlsldx"));
	TRY(THREE("sdiv"));
	TRY(THREE("udiv"));
}

void program(void)
{
	static const uint32_t edges[] = {0,          1,          0x7fffffff, 0x80000000,
					 0xffffffff, 0x80008000, 0x7fff7fff, 0x80808080,
					 0x7f7f7f7f, 0x00ff00ff};

	for (unsigned i = 0; i < 10; i++)
		for (unsigned j = 0; j < 10; j++) {
			parallel(edges[i], edges[j]);
			saturating(edges[i], edges[j]);
			multiplies(edges[i], edges[j], edges[(i + j) % 10]);
		}
	for (unsigned i = 0; i < 60; i++) {
		parallel(next_random(), next_random());
		saturating(next_random(), next_random() >> (i % 20));
		multiplies(next_random(), next_random(), next_random());
	}
}
