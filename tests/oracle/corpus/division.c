/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: division, multiplication and shifts of 32 and 64 bits, with the values at the edges.
 */
#include "tests/oracle/corpus/corpus.h"

static const uint64_t edges[] = {1,
				 2,
				 3,
				 7,
				 10,
				 0xff,
				 0x7fffffff,
				 0x80000000,
				 0xffffffff,
				 0x100000000,
				 0x123456789abcdef0,
				 0x7fffffffffffffff,
				 0x8000000000000000,
				 0xffffffffffffffff};
#define EDGES (sizeof(edges) / sizeof(edges[0]))

static NOINLINE void words(uint32_t x, uint32_t y)
{
	emit(x / y);
	emit(x % y);
	if (x != 0x80000000 || y != 0xffffffff) {
		emit((uint32_t)((int32_t)x / (int32_t)y));
		emit((uint32_t)((int32_t)x % (int32_t)y));
	}
	emit((uint32_t)(((uint64_t)x * y) >> 32));
	emit((uint32_t)(((int64_t)(int32_t)x * (int32_t)y) >> 32));
	emit((uint32_t)(((int64_t)(int32_t)x * y) >> 32));
}

static NOINLINE void pairs(uint64_t x, uint64_t y)
{
	emit_pair(x / y);
	emit_pair(x % y);
	if (x != 0x8000000000000000 || y != 0xffffffffffffffff) {
		emit_pair((uint64_t)((int64_t)x / (int64_t)y));
		emit_pair((uint64_t)((int64_t)x % (int64_t)y));
	}
	emit_pair(x * y);
	emit_pair(x - y);
	emit(x < y);
	emit((int64_t)x < (int64_t)y);
}

static NOINLINE void shifts(uint64_t x, unsigned by)
{
	emit_pair(x << by);
	emit_pair(x >> by);
	emit_pair((uint64_t)((int64_t)x >> by));
	emit((uint32_t)x << (by & 31) | (uint32_t)x >> (-by & 31));
}

/* What the compiler turns into multiplications. */
static NOINLINE void constants(uint32_t x)
{
	emit(x / 3);
	emit(x / 7);
	emit(x % 10);
	emit(x / 1000000);
	emit((uint32_t)((int32_t)x / 7));
	emit((uint32_t)((int32_t)x / -13));
	emit((uint32_t)((int32_t)x % 16));
	emit((uint32_t)((int32_t)x / 64));
}

static NOINLINE void counting(uint32_t x)
{
	emit(x ? (uint32_t)__builtin_clz(x) : 32);
	emit(x ? (uint32_t)__builtin_ctz(x) : 32);
	emit((uint32_t)__builtin_popcount(x));
	emit(__builtin_bswap32(x));
	emit(__builtin_bswap16((uint16_t)x));
}

void program(void)
{
	for (unsigned i = 0; i < EDGES; i++)
		for (unsigned j = 0; j < EDGES; j++) {
			pairs(edges[i], edges[j]);
			if ((uint32_t)edges[j])
				words((uint32_t)edges[i], (uint32_t)edges[j]);
		}
	for (unsigned i = 0; i < 40; i++) {
		uint64_t x = (uint64_t)next_random() << 32 | next_random();
		uint64_t y = ((uint64_t)next_random() << 32 | next_random()) >> (i + 8);

		pairs(x, y | 1);
		words((uint32_t)x, (uint32_t)y | 1);
		shifts(x, i + 3);
		constants((uint32_t)x);
		counting((uint32_t)x >> (i & 31));
	}
}
