/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the RV32 core's tests and benchmark let run on host and core alike: int8 multiply and
 * accumulate with requantisation, a sort, a division loop and a CRC.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_RV32_WORKLOAD_H
#define TESTS_UNIT_VIRTUAL_TEST_RV32_WORKLOAD_H

#include <stdint.h>

static uint32_t workload_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static uint32_t workload_layer(const int8_t *input, const int8_t *weights, int32_t length)
{
	uint32_t hash = 0;

	for (int32_t out = 0; out < 32; out++) {
		int32_t sum = out;

		for (int32_t i = 0; i < length; i++)
			sum += input[i] * weights[(i + out) & 255];
		hash = hash * 31 + (uint32_t)((int64_t)sum * 1518500250 >> 33);
	}
	return hash;
}

static void workload_sort(uint16_t *values, int count)
{
	for (int i = 1; i < count; i++) {
		uint16_t value = values[i];
		int j = i;

		for (; j > 0 && values[j - 1] > value; j--)
			values[j] = values[j - 1];
		values[j] = value;
	}
}

static uint32_t workload_crc(uint32_t crc, uint32_t word)
{
	crc ^= word;
	for (int bit = 0; bit < 32; bit++)
		crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
	return crc;
}

static uint32_t workload(uint32_t rounds)
{
	static int8_t input[256], weights[256];
	static uint16_t values[64];
	uint32_t state = 1, result = 0;

	for (uint32_t round = 0; round < rounds; round++) {
		for (int i = 0; i < 256; i++) {
			input[i] = (int8_t)workload_random(&state);
			weights[i] = (int8_t)workload_random(&state);
		}
		for (int i = 0; i < 64; i++)
			values[i] = (uint16_t)workload_random(&state);
		workload_sort(values, 64);
		result = workload_crc(result, workload_layer(input, weights, 256));
		for (uint32_t i = 1; i < 64; i++)
			result += values[i] / i + (uint32_t)((int32_t)state % (int32_t)i);
	}
	return result;
}

#endif
