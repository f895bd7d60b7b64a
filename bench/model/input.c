/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/model.h"

/* The generator of Numerical Recipes (chapter 7.1, "quick and dirty"); the high byte, because the
 * low bits of such a generator have short periods. */
void model_input_generate(uint32_t seed, uint8_t *ret_bytes, size_t count)
{
	uint32_t state = seed;

	for (size_t i = 0; i < count; i++) {
		state = state * UINT32_C(1664525) + UINT32_C(1013904223);
		ret_bytes[i] = (uint8_t)(state >> 24);
	}
}
