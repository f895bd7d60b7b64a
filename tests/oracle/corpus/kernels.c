/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: kernels of a quantised network in plain C, and on cores with the DSP extension a second
 * time with SMLAD and SXTB16, which have to give the same.
 */
#include "tests/oracle/corpus/corpus.h"
#ifdef __ARM_FEATURE_DSP
#include <arm_acle.h>
#include <string.h>
#endif

#define SIDE  10
#define DEPTH 8
#define OUTS  6

static int8_t image[SIDE][SIDE][DEPTH] __attribute__((aligned(4)));
static int8_t weights[OUTS][3][3][DEPTH] __attribute__((aligned(4)));
static int8_t output[SIDE - 2][SIDE - 2][OUTS];

static void fill(int8_t *at, size_t count)
{
	for (size_t i = 0; i < count; i++)
		at[i] = (int8_t)next_random();
}

static int32_t dot_plain(const int8_t *x, const int8_t *y, int32_t sum)
{
	for (int i = 0; i < DEPTH; i++)
		sum += x[i] * y[i];
	return sum;
}

#ifdef __ARM_FEATURE_DSP
static uint32_t rotate(uint32_t x)
{
	return x >> 8 | x << 24;
}

static int32_t dot_dsp(const int8_t *x, const int8_t *y, int32_t sum)
{
	for (int i = 0; i < DEPTH; i += 4) {
		uint32_t u, v;

		memcpy(&u, x + i, 4);
		memcpy(&v, y + i, 4);
		sum = __smlad(__sxtb16(u), __sxtb16(v), sum);
		sum = __smlad(__sxtb16(rotate(u)), __sxtb16(rotate(v)), sum);
	}
	return sum;
}
#else
#define dot_dsp dot_plain
#endif

static int8_t requantise(int32_t sum)
{
	int64_t scaled = ((int64_t)sum * 0x5a82799a + (1 << 30)) >> 38;

	scaled -= 3;
	return (int8_t)(scaled < -128 ? -128 : scaled > 127 ? 127 : scaled);
}

static void convolve(int32_t (*dot)(const int8_t *, const int8_t *, int32_t))
{
	for (int y = 0; y < SIDE - 2; y++)
		for (int x = 0; x < SIDE - 2; x++)
			for (int out = 0; out < OUTS; out++) {
				int32_t sum = out * 1000;

				for (int ky = 0; ky < 3; ky++)
					for (int kx = 0; kx < 3; kx++)
						sum = dot(image[y + ky][x + kx],
							  weights[out][ky][kx], sum);
				output[y][x][out] = requantise(sum);
			}
	emit_bytes(output, sizeof(output));
}

static void pool(void)
{
	for (int out = 0; out < OUTS; out++) {
		int32_t largest = -128, sum = 0;

		for (int y = 0; y < SIDE - 2; y++)
			for (int x = 0; x < SIDE - 2; x++) {
				int32_t value = output[y][x][out];

				largest = value > largest ? value : largest;
				sum += value;
			}
		emit((uint32_t)largest);
		emit((uint32_t)(sum / ((SIDE - 2) * (SIDE - 2))));
	}
}

static void multiply_16(void)
{
	int16_t x[32], y[32];
	int64_t sum = 0;

	for (int i = 0; i < 32; i++) {
		x[i] = (int16_t)next_random();
		y[i] = (int16_t)next_random();
	}
	for (int i = 0; i < 32; i++)
		for (int j = 0; j < 32; j++)
			sum += (int32_t)x[i] * y[j] * (i - j);
	emit_pair((uint64_t)sum);
}

void program(void)
{
	fill(&image[0][0][0], sizeof(image));
	fill(&weights[0][0][0][0], sizeof(weights));
	convolve(dot_plain);
	convolve(dot_dsp);
	pool();
	multiply_16();
}
