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

/* Low currents, those about which a range counts as too large, full scale, and all between. */
static uint32_t level_choose(void)
{
	static const uint32_t levels[] = {27, 54, PPK2_ADC_FULL_SCALE - 2};
	uint32_t kind = below(8);

	return kind < 3 ? levels[kind] + below(3) : 200 + below(16000);
}

/* Stretches of one range, now and then single words of another, and full scale. */
static void words_fill(uint32_t stretch, uint32_t rare)
{
	uint32_t range = 0, level = 8000;

	for (uint32_t k = 0; k < WORDS; k++) {
		uint32_t adc, word;

		if (!below(stretch)) {
			range = below(PPK2_RANGES);
			level = level_choose();
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

/* cancelled: steps of the ADC that the offset takes off and the constant gives back. */
static void conversion_fill(double gain_square, double cancelled)
{
	static const double ohm[PPK2_RANGES] = {1003.3506, 101.65, 10.15, 0.94, 0.043};

	memset(&capture, 0, sizeof(capture));
	for (int n = 0; n < PPK2_RANGES; n++) {
		double scale = 1.8 / 163840 / ohm[n];

		conversion.range[n] =
			(struct ppk2_range){.offset = 112.942 + n + cancelled,
					    .scale = scale,
					    .gain_square = gain_square * n,
					    .gain = 1.003,
					    .constant_a = 7.6e-8 + 1.003 * cancelled * scale,
					    .user_gain = 0.998};
	}
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

static void check_all(double gain_square, double cancelled)
{
	static const uint32_t cases[][2] = {{1, 3},      {40, 1000},    {700, 100000},
					    {5000, 300}, {30000, 5000}, {3000, 1000000}};
	unsigned seen = 0;

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct expected expected = {0};
		uint64_t samples = 0;

		words_fill(cases[c][0], cases[c][1]);
		conversion_fill(gain_square, cancelled);
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
	check_all(0.01, 0);
	for (int n = 0; n < PPK2_RANGES; n++)
		assert_true(capture.table.is_rising[n] && capture.table.polynomial[n].is_same);
}

/* A calibration whose current falls again where the ADC goes on rising. */
static void batches_equal_words_that_fall(void **state)
{
	(void)state;
	check_all(-0.05, 0);
	assert_false(capture.table.is_rising[PPK2_RANGES - 1]);
}

/* Terms so large beside their sum that it depends on the order they are added in. */
static void batches_equal_words_that_cancel(void **state)
{
	(void)state;
	check_all(0, 1e12);
	assert_true(capture.table.is_rising[0] && !capture.table.polynomial[0].is_same);
}

static void words_put(uint32_t from, uint32_t to, uint32_t adc)
{
	for (uint32_t k = from; k < to; k++) {
		uint32_t word = adc | 1 << 14 | (k & 63) << 18;

		for (int i = 0; i < PPK2_WORD_BYTES; i++)
			bytes[k * PPK2_WORD_BYTES + i] = (uint8_t)(word >> 8 * i);
	}
}

static void misfits_count_wherever_they_begin(void **state)
{
	enum { ALL = 3000, MISFIT = 1000 };

	(void)state;
	for (uint32_t start = 0; start < 600; start++)
		for (uint32_t length = MISFIT - 1; length <= MISFIT; length++) {
			size_t capacity;

			conversion_fill(0, 0);
			words_put(0, ALL, 8000);
			words_put(start, start + length, 30);
			memcpy(ppk2_capture_space(&capture, &capacity), bytes,
			       ALL * PPK2_WORD_BYTES);
			ppk2_capture_fill(&capture, ALL * PPK2_WORD_BYTES, 0);
			assert_int_equal(ppk2_capture_collect(&capture, &block), 0);
			assert_int_equal(block.count, ALL - 1);
			assert_int_equal(block.flags,
					 length >= MISFIT ? METER_BLOCK_RANGE_MISFIT : 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_equal_words),
		cmocka_unit_test(batches_equal_words_that_fall),
		cmocka_unit_test(batches_equal_words_that_cancel),
		cmocka_unit_test(misfits_count_wherever_they_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
