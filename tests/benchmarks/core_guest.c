/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What core_speed runs on the cores: an inference-like load, bare-metal. Each round is a 3x3
 * convolution in plain C, the same by SMLAD over pairs of channels, a depthwise convolution,
 * pooling and a softmax in single precision, with the requantisation that TensorFlow Lite
 * prescribes. When it is done it stores a hash of all results to 0x40000000 and stops at a
 * breakpoint.
 *
 * Built with the firmware's options for each core, see tests/CMakeLists.txt.
 */
#include <stdint.h>

enum { SIDE = 12, CHANNELS = 16, TAPS = 9 };

#define WORDS __attribute__((aligned(4)))

static int8_t input[(SIDE + 2) * (SIDE + 2) * CHANNELS];
static int8_t first[SIDE * SIDE * CHANNELS], second[SIDE * SIDE * CHANNELS];
static int8_t weights[CHANNELS * TAPS * CHANNELS] WORDS, window[TAPS * CHANNELS] WORDS;
static int32_t bias[CHANNELS];
static float probability[CHANNELS];
static uint32_t seed;

void guest_reset(void);

static int8_t noise(void)
{
	seed = seed * 1664525u + 1013904223u;
	return (int8_t)(seed >> 24);
}

static int8_t requantise(int32_t sum, int32_t multiplier, int shift)
{
	int64_t product = (int64_t)sum * multiplier + (1 << 30);
	int32_t high = (int32_t)(product >> 31), rounding = 1 << (shift - 1);
	int32_t value = (high + rounding) >> shift;

	return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

static void copy_window(unsigned y, unsigned x)
{
	int8_t *to = window;

	for (unsigned row = 0; row < 3; row++) {
		const int8_t *from = &input[((y + row) * (SIDE + 2) + x) * CHANNELS];

		for (unsigned i = 0; i < 3 * CHANNELS; i++)
			*to++ = *from++;
	}
}

static int32_t dot_plain(const int8_t *a, const int8_t *b, unsigned count)
{
	int32_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += a[i] * b[i];
	return sum;
}

/* Four products per round: sign extension of alternate bytes, two dual multiply-accumulates. */
static int32_t dot_paired(const int8_t *a, const int8_t *b, unsigned count)
{
	const uint32_t *x = (const uint32_t *)(const void *)a;
	const uint32_t *y = (const uint32_t *)(const void *)b;
	int32_t sum = 0;

	for (unsigned i = 0; i < count / 4; i++) {
		uint32_t x_even, x_odd, y_even, y_odd;

		__asm__("sxtb16 %0, %1" : "=r"(x_even) : "r"(x[i]));
		__asm__("sxtb16 %0, %1, ror #8" : "=r"(x_odd) : "r"(x[i]));
		__asm__("sxtb16 %0, %1" : "=r"(y_even) : "r"(y[i]));
		__asm__("sxtb16 %0, %1, ror #8" : "=r"(y_odd) : "r"(y[i]));
		__asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(x_even), "r"(y_even));
		__asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(x_odd), "r"(y_odd));
	}
	return sum;
}

static void convolve(int8_t *out, int32_t (*dot)(const int8_t *, const int8_t *, unsigned))
{
	for (unsigned y = 0; y < SIDE; y++)
		for (unsigned x = 0; x < SIDE; x++) {
			copy_window(y, x);
			for (unsigned c = 0; c < CHANNELS; c++)
				*out++ = requantise(bias[c] + dot(window,
								  &weights[c * TAPS * CHANNELS],
								  TAPS * CHANNELS),
						    1518500250, 9);
		}
}

static void convolve_depthwise(void)
{
	for (unsigned y = 1; y < SIDE - 1; y++)
		for (unsigned x = 1; x < SIDE - 1; x++)
			for (unsigned c = 0; c < CHANNELS; c++) {
				int32_t sum = 0;

				for (unsigned i = 0; i < TAPS; i++)
					sum += first[((y + i / 3 - 1) * SIDE + x + i % 3 - 1) *
							     CHANNELS +
						     c] *
					       weights[(c * TAPS + i) * CHANNELS];
				second[(y * SIDE + x) * CHANNELS + c] =
					requantise(sum, 1200000000, 7);
			}
}

static uint32_t softmax_of_pool(void)
{
	float total = 0;
	uint32_t hash = 0;

	for (unsigned c = 0; c < CHANNELS; c++) {
		int32_t most = -128;
		float term = 1, value = 1, x;

		for (unsigned i = 0; i < SIDE * SIDE; i++)
			if (second[i * CHANNELS + c] > most)
				most = second[i * CHANNELS + c];
		x = (float)(most - 128) * 0.0625f;
		for (unsigned i = 1; i < 12; i++) {
			term *= x / (float)i;
			value += term;
		}
		probability[c] = value < 0 ? 0 : value;
		total += probability[c];
	}
	for (unsigned c = 0; c < CHANNELS; c++)
		hash = hash * 31 + (uint32_t)(probability[c] / total * 4096.0f);
	return hash;
}

static uint32_t hash_of(const int8_t *bytes, unsigned count)
{
	uint32_t hash = 2166136261u;

	for (unsigned i = 0; i < count; i++)
		hash = (hash ^ (uint8_t)bytes[i]) * 16777619u;
	return hash;
}

static uint32_t run(void)
{
	uint32_t hash = 0;

	for (unsigned i = 0; i < sizeof(input); i++)
		input[i] = noise();
	for (unsigned i = 0; i < sizeof(weights); i++)
		weights[i] = noise();
	for (unsigned c = 0; c < CHANNELS; c++)
		bias[c] = noise() * 16;
	for (unsigned round = 0; round < ROUNDS; round++) {
		convolve(first, dot_plain);
		convolve(second, dot_paired);
		hash = hash * 33 + hash_of(second, sizeof(second));
		convolve_depthwise();
		hash = hash * 33 + hash_of(second, sizeof(second)) + softmax_of_pool();
		input[(1 + round % SIDE) * SIDE] = (int8_t)hash;
	}
	return hash;
}

static void stop(void)
{
	for (;;)
		__asm__("bkpt 0");
}

void guest_reset(void)
{
	*(volatile uint32_t *)0xe000ed88u |= 0xfu << 20; /* CPACR: the FP unit */
	__asm__ volatile("dsb\n\tisb");
	*(volatile uint32_t *)0x40000000u = run();
	stop();
}

static const struct {
	uintptr_t stack;
	void (*handlers[15])(void);
} vectors __attribute__((section(".vectors"), used)) = {
	0x20010000u,
	{guest_reset, stop, stop, stop, stop, stop, stop, stop, stop, stop, stop, stop, stop, stop,
	 stop},
};
