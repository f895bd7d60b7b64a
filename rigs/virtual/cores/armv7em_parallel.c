/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: parallel additions and subtractions (ARMv7-M ARM, A5.3.13 and A5.3.14).
 */
#include "rigs/virtual/cores/armv7em_arith.h"

enum {
	OPERATION_ADD8,
	OPERATION_ADD16,
	OPERATION_ASX,
	OPERATION_SUB8 = 4,
	OPERATION_SUB16,
	OPERATION_SAX
};
enum { PREFIX_PLAIN, PREFIX_SATURATE, PREFIX_HALVE };

static int lane(uint32_t value, unsigned low, unsigned bits, bool is_unsigned)
{
	uint32_t part = value >> low & ((1u << bits) - 1);

	if (is_unsigned || !(part >> (bits - 1)))
		return (int)part;
	return (int)part - (1 << bits);
}

static int clamp(int value, unsigned bits, bool is_unsigned)
{
	int low = is_unsigned ? 0 : -(1 << (bits - 1));
	int high = is_unsigned ? (1 << bits) - 1 : (1 << (bits - 1)) - 1;

	return value < low ? low : value > high ? high : value;
}

static bool sets_ge(int value, unsigned bits, bool is_unsigned, bool add)
{
	return is_unsigned && add ? value >= 1 << bits : value >= 0;
}

static bool lane_adds(unsigned operation, unsigned index)
{
	switch (operation) {
	case OPERATION_ADD8:
	case OPERATION_ADD16:
		return true;
	case OPERATION_ASX: /* high adds, low subtracts */
		return index == 1;
	case OPERATION_SAX:
		return index == 0;
	default:
		return false;
	}
}

uint32_t armv7em_parallel(struct armv7em *core, unsigned operation, unsigned prefix, uint32_t a,
			  uint32_t b)
{
	bool is_unsigned = prefix & 4;
	unsigned bits = operation == OPERATION_ADD8 || operation == OPERATION_SUB8 ? 8 : 16;
	bool crossed = operation == OPERATION_ASX || operation == OPERATION_SAX;
	uint32_t ge_lane = bits == 8 ? 1 : 3, mask = (1u << bits) - 1, result = 0, ge = 0;

	for (unsigned i = 0; i < 32 / bits; i++) {
		bool add = lane_adds(operation, i);
		int x = lane(a, i * bits, bits, is_unsigned);
		int y = lane(b, (crossed ? 1 - i : i) * bits, bits, is_unsigned);
		int value = add ? x + y : x - y;

		if (sets_ge(value, bits, is_unsigned, add))
			ge |= ge_lane << i * bits / 8;
		if ((prefix & 3) == PREFIX_SATURATE)
			value = clamp(value, bits, is_unsigned);
		else if ((prefix & 3) == PREFIX_HALVE)
			value >>= 1;
		result |= ((uint32_t)value & mask) << i * bits;
	}
	if ((prefix & 3) == PREFIX_PLAIN)
		core->ge = ge;
	return result;
}
