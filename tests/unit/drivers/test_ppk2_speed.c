/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nordic Power Profiler Kit II: conversion in batches gives, bit for bit, what word by word gives.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "drivers/meter/ppk2_capture.h"

enum { WORDS = 200000 };

static const double below_a[PPK2_RANGES] = {0, 12.5e-6, 125e-6, 1.25e-3, 15e-3};

static uint8_t bytes[WORDS * PPK2_WORD_BYTES];
static struct ppk2_conversion conversion;
static struct ppk2_capture capture;
static struct meter_block block;
static uint64_t seed = 9;

static uint32_t below(uint32_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % limit;
}

/* Stretches of one range, now and then single words of another, full scale, and low currents. */
static void words_fill(uint32_t stretch, uint32_t rare)
{
	uint32_t range = 0, level = 8000;

	for (uint32_t k = 0; k < WORDS; k++) {
		uint32_t adc, word;

		if (!below(stretch)) {
			range = below(PPK2_RANGES);
			level = below(3) ? 200 + below(16000) : 27 + below(3);
		}
		adc = level + below(4);
		if (!below(rare))
			adc = below(2) ? PPK2_ADC_FULL_SCALE : below(PPK2_ADC_FULL_SCALE);
		adc = adc > PPK2_ADC_FULL_SCALE ? PPK2_ADC_FULL_SCALE : adc;
		word = adc | (below(rare) ? range : below(PPK2_RANGES)) << 14 | (k & 63) << 18 |
		       below(256) << 24;
		for (int i = 0; i < PPK2_WORD_BYTES; i++)
			bytes[k * PPK2_WORD_BYTES + i] = (uint8_t)(word >> 8 * i);
	}
}

static void conversion_fill(double gain_square)
{
	static const double ohm[PPK2_RANGES] = {1003.3506, 101.65, 10.15, 0.94, 0.043};

	memset(&capture, 0, sizeof(capture));
	for (int n = 0; n < PPK2_RANGES; n++)
		conversion.range[n] = (struct ppk2_range){.offset = 112.942 + n,
							  .scale = 1.8 / 163840 / ohm[n],
							  .gain_square = gain_square * n,
							  .gain = 1.003,
							  .constant_a = 7.6e-8,
							  .user_gain = 0.998};
	ppk2_capture_init(&capture, &conversion, 0.9F, false);
	meter_block_begin(&block);
}

/* What the words give one by one, carried over blocks. */
struct expected {
	uint32_t full_scale, misfit, last, switches;
	unsigned flags;
	bool started;
};

static void block_check(struct expected *e)
{
	e->flags = e->switches = 0;
	for (uint32_t i = 0; i < block.count; i++) {
		uint32_t word = ppk2_word(bytes + (block.first_index + i) * PPK2_WORD_BYTES);
		uint32_t adc = ppk2_word_adc(word), range = ppk2_word_range(word);
		double current_a = ppk2_convert(&conversion, adc, range);
		float rounded = (float)current_a;

		assert_memory_equal(&block.current_a[i], &rounded, sizeof(rounded));
		assert_int_equal(block.logic[i], ppk2_word_logic(word));
		assert_int_equal(block.range[i], range);
		e->switches += e->started && range != e->last;
		e->started = true;
		e->last = range;
		e->full_scale = adc == PPK2_ADC_FULL_SCALE ? e->full_scale + 1 : 0;
		e->misfit = current_a < below_a[range] ? e->misfit + 1 : 0;
		if (current_a > 0.9 || e->full_scale >= (range == PPK2_RANGES - 1 ? 1 : 4))
			e->flags |= METER_BLOCK_SATURATED;
		if (e->misfit >= 1000)
			e->flags |= METER_BLOCK_RANGE_MISFIT;
	}
	assert_int_equal(block.flags, e->flags);
	assert_int_equal(block.range_switches, e->switches);
}

/* gain_square below zero: a calibration whose current falls again where the ADC goes on rising. */
static void check_all(double gain_square)
{
	static const uint32_t cases[][2] = {{1, 3},      {40, 1000},    {700, 100000},
					    {5000, 300}, {30000, 5000}, {3000, 1000000}};
	unsigned seen = 0;

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct expected expected = {0};
		uint64_t samples = 0;

		words_fill(cases[c][0], cases[c][1]);
		conversion_fill(gain_square);
		for (size_t at = 0; at < sizeof(bytes);) {
			size_t capacity, take = 1 + below(20000);
			uint8_t *space = ppk2_capture_space(&capture, &capacity);

			take = take < capacity ? take : capacity;
			take = take < sizeof(bytes) - at ? take : sizeof(bytes) - at;
			memcpy(space, bytes + at, take);
			ppk2_capture_fill(&capture, take, 0);
			at += take;
			while (ppk2_capture_collect(&capture, &block) == 1) {
				block_check(&expected);
				seen |= block.flags;
				samples += block.count;
				meter_block_begin(&block);
			}
		}
		block_check(&expected);
		/* the newest word is held back */
		assert_int_equal(samples + block.count, WORDS - 1);
	}
	assert_int_equal(seen, METER_BLOCK_SATURATED | METER_BLOCK_RANGE_MISFIT);
}

static void batches_equal_words(void **state)
{
	(void)state;
	check_all(0.01);
	check_all(-0.05);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(batches_equal_words)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
