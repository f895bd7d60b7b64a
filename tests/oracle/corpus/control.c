/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: switch tables dense and sparse, recursion, function pointers, jumps out of functions,
 * chains of conditions.
 */
#include <setjmp.h>

#include "tests/oracle/corpus/corpus.h"

static NOINLINE uint32_t dense(uint32_t x)
{
	switch (x % 14) {
	case 0:
		return x + 1;
	case 1:
		return x ^ 0x55;
	case 2:
		return x * 3;
	case 3:
		return x >> 2;
	case 4:
		return ~x;
	case 5:
		return x - 100;
	case 6:
		return x << 5 | x >> 27;
	case 7:
		return dense(x / 14);
	case 8:
		return x & 0xf0f0;
	case 9:
		return x | 0x101;
	case 11:
		return x % 17;
	case 12:
		return 0 - x;
	default:
		return 7;
	}
}

static NOINLINE uint32_t sparse(uint32_t x)
{
	switch (x) {
	case 3:
		return 1;
	case 100:
		return 2;
	case 5000:
		return 3;
	case 70000:
		return 4;
	case 900000:
		return 5;
	case 0x80000000:
		return 6;
	default:
		return x > 5000 ? 7 : 8;
	}
}

/* A state machine with a large body, for the wide form of the table. */
static NOINLINE uint32_t machine(const uint8_t *program, uint32_t count)
{
	uint32_t stack[16] = {0}, top = 0, steps = 0;

	for (uint32_t at = 0; at < count; at++) {
		uint32_t *x = &stack[top & 15], *y = &stack[(top + 15) & 15];

		steps++;
		switch (program[at] & 15) {
		case 0:
			*x += *y * 3 + 1;
			break;
		case 1:
			*x -= *y ^ (*x >> 3);
			break;
		case 2:
			*x ^= (*y << 7) | (*y >> 25);
			break;
		case 3:
			*x = *x * *y + at;
			break;
		case 4:
			top++;
			break;
		case 5:
			top--;
			break;
		case 6:
			*x = program[at] * 0x01010101u;
			break;
		case 7:
			if (*x & 1)
				at++;
			break;
		case 8:
			if ((int32_t)*x < 0)
				*x = 0 - *x;
			break;
		case 9:
			*x = *x > *y ? *x - *y : *y - *x;
			break;
		case 10:
			*x = (uint16_t)*x * (uint16_t)*y;
			break;
		case 11:
			*x = (uint32_t)((int16_t)*x * (int16_t)*y);
			break;
		case 12:
			*x = (uint32_t)(((uint64_t)*x * *y) >> 16);
			break;
		case 13:
			*x |= *y ? *x / *y : 5;
			break;
		case 14:
			*x &= ~*y;
			break;
		default:
			return *x + steps;
		}
	}
	return stack[top & 15] + steps;
}

static NOINLINE uint32_t ackermann(uint32_t m, uint32_t n)
{
	if (!m)
		return n + 1;
	return ackermann(m - 1, n ? ackermann(m, n - 1) : 1);
}

static NOINLINE uint32_t fibonacci(uint32_t n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static uint32_t hanoi(unsigned count, unsigned from, unsigned to)
{
	if (!count)
		return 0;
	return hanoi(count - 1, from, 6 - from - to) * 3 + from + to +
	       hanoi(count - 1, 6 - from - to, to);
}

/* What compilers make conditional instead of branching. */
static NOINLINE int32_t conditions(int32_t x, int32_t y, uint32_t u)
{
	int32_t smaller = x < y ? x : y, larger = x < y ? y : x;
	int32_t clipped = larger > 1000 ? 1000 : larger < -1000 ? -1000 : larger;
	int32_t sum = u > 5 ? smaller + 1 : smaller - 1;

	if (x == y || (u & 3) == 2)
		sum += 3;
	if (x >= 0 && y < 0)
		sum ^= clipped;
	sum += u <= (uint32_t)x ? 2 : 0;
	sum -= (x < 0) + (y > 0) * 2 + (x == 0) * 4;
	return __builtin_sadd_overflow(x, y, &x) ? sum : sum + x;
}

static uint32_t twice(uint32_t x)
{
	return 2 * x;
}
static uint32_t square(uint32_t x)
{
	return x * x;
}
static uint32_t shifted(uint32_t x)
{
	return x >> 3;
}
static uint32_t (*const functions[])(uint32_t) = {twice, square, shifted, dense, sparse, fibonacci};

static jmp_buf place;

static NOINLINE void dive(unsigned depth)
{
	volatile uint32_t room[4] = {depth, depth, depth, depth};

	if (!depth)
		longjmp(place, 42);
	dive(depth - 1);
	emit(room[0]);
}

void program(void)
{
	static uint8_t code[400];
	int how;

	for (uint32_t i = 0; i < 200; i++) {
		uint32_t x = next_random() >> (i % 31);

		emit(dense(x));
		emit(sparse(i < 100 ? i * 100 : x));
		emit((uint32_t)conditions((int32_t)x, (int32_t)next_random(), i));
		emit((uint32_t)conditions((int32_t)i - 100, 100 - (int32_t)i, x));
		emit(functions[i % 5](x));
	}
	for (uint32_t i = 0; i < sizeof(code); i++)
		code[i] = (uint8_t)(next_random() % 15);
	emit(machine(code, sizeof(code)));
	emit(ackermann(2, 6));
	emit(functions[opaque(5)](15));
	emit(hanoi(8, 1, 3));
	how = setjmp(place);
	if (!how)
		dive(9);
	emit((uint32_t)how);
}
