/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: single and double precision by FPU or by software, with zeros, infinities and denormals.
 * NaNs are not emitted as bits: their payload is the implementation's. Nothing here is contracted
 * differently on targets with and without fused multiply-add.
 */
#include "tests/oracle/corpus/corpus.h"

static const float singles[] = {0.0f,        -0.0f,           1.0f,          -1.5f,   3.14159f,
				1e-40f,      1.17549435e-38f, 1e30f,         -3e38f,  0.1f,
				16777217.0f, -2147483648.0f,  4294967296.0f, 0.4999f, 1.0f / 0.0f};
#define SINGLES (sizeof(singles) / sizeof(singles[0]))

static void emit_number(float value)
{
	if (value != value)
		emit(0x7fc00000);
	else
		emit_float(value);
}

static void emit_wide(double value)
{
	if (value != value)
		emit_pair(0x7ff8000000000000);
	else
		emit_double(value);
}

static NOINLINE void pair(float x, float y)
{
	volatile float product = x * y;

	emit_number(x + y);
	emit_number(x - y);
	emit_number(product);
	emit_number(x / y);
	emit((uint32_t)(x < y) | (uint32_t)(x <= y) << 1 | (uint32_t)(x == y) << 2 |
	     (uint32_t)(x > y) << 3 | (uint32_t)(x >= y) << 4 | (uint32_t)(x != y) << 5);
}

static NOINLINE void wide(double x, double y)
{
	volatile double product = x * y;

	emit_wide(x + y);
	emit_wide(x - y);
	emit_wide(product);
	emit_wide(x / y);
	emit((uint32_t)(x < y) | (uint32_t)(x <= y) << 1 | (uint32_t)(x == y) << 2);
	emit_number((float)x);
}

static NOINLINE void conversions(float x, uint32_t u)
{
	emit_number((float)u);
	emit_number((float)(int32_t)u);
	emit_wide((double)u);
	emit_wide((double)(int32_t)u);
	emit_number((float)((uint64_t)u * u));
	emit_wide(x);
	if (x > -2e9f && x < 2e9f) {
		emit((uint32_t)(int32_t)x);
		emit((uint32_t)(int32_t)(double)x);
		emit_pair((uint64_t)(int64_t)x);
	}
	if (x >= 0 && x < 4e9f)
		emit((uint32_t)x);
	if (x >= 0)
		emit_number(__builtin_sqrtf(x));
	emit_number(__builtin_fabsf(x));
	emit_number(-x);
}

static float any_single(void)
{
	union {
		uint32_t bits;
		float value;
	} it = {next_random()};

	return it.value;
}

/* Polynomials and a filter: what register pressure and VLDM make of the FPU. */
static NOINLINE void filter(void)
{
	float line[16] = {0}, weights[16];

	for (int i = 0; i < 16; i++)
		weights[i] = (float)(int32_t)next_random() / 4294967296.0f;
	for (int n = 0; n < 60; n++) {
		volatile float terms[16];
		float sum = 0;

		for (int i = 15; i > 0; i--)
			line[i] = line[i - 1];
		line[0] = (float)(int32_t)(next_random() >> 8) - 4000000.0f;
		for (int i = 0; i < 16; i++)
			terms[i] = line[i] * weights[i];
		for (int i = 0; i < 16; i++)
			sum += terms[i];
		emit_number(sum);
	}
}

void program(void)
{
	for (unsigned i = 0; i < SINGLES; i++)
		for (unsigned j = 0; j < SINGLES; j++)
			pair(singles[i], singles[j]);
	for (unsigned i = 0; i < 200; i++) {
		float x = any_single(), y = any_single();

		pair(x, y);
		conversions(x, next_random() >> (i % 32));
		conversions((float)(int32_t)next_random() / 1000, i);
		wide((double)x * 1.000000001, y);
	}
	filter();
}
