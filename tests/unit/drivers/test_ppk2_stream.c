/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PPK2 framing: sequence, loss, lost byte boundaries, saturation and time; all without a link.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/meter/ppk2_capture.h"

enum { WORDS = 20000, SAMPLE_NS = 10000 };

/* Word number index of an undamaged stream: noisy ADC, slow logic, changing ranges. */
static uint32_t word_at(uint64_t index)
{
	uint32_t adc = (uint32_t)(index * 2654435761u >> 7) & 0x1FFF;
	uint32_t range = (uint32_t)(index / 700) % 5;
	uint32_t logic = (uint32_t)(index / 1000) & 0xFF;

	return adc | range << 14 | (uint32_t)(index & 63) << 18 | logic << 24;
}

static size_t words_put(uint8_t *bytes, size_t at, uint64_t first, uint64_t end)
{
	for (uint64_t i = first; i < end; i++, at += 4) {
		uint32_t word = word_at(i);

		for (int byte = 0; byte < 4; byte++)
			bytes[at + (size_t)byte] = (uint8_t)(word >> (8 * byte));
	}
	return at;
}

/* What came out of a stream, by sample index. */
struct outcome {
	uint64_t given, lost;
	unsigned gaps, resyncs;
	bool all_match; /* every word is the one of its index */
	int rc;
};

static void outcome_take(struct ppk2_stream *stream, size_t max, uint64_t *index,
			 struct outcome *outcome)
{
	struct ppk2_run run;

	while ((outcome->rc = ppk2_stream_next(stream, max, &run)) == 1) {
		assert_true(run.count >= 1 && run.count <= max);
		*index += run.lost;
		outcome->lost += run.lost;
		outcome->gaps += run.lost > 0;
		outcome->resyncs += run.resynced;
		for (size_t i = 0; i < run.count; i++)
			if (ppk2_word(run.bytes + 4 * i) != word_at((*index)++))
				outcome->all_match = false;
		outcome->given += run.count;
	}
}

/* Feeds the bytes in pieces of at most piece. first: index of the first word. The last word stays
 * in the stream: it might be damaged. */
static struct outcome stream_feed(const uint8_t *bytes, size_t count, size_t piece, size_t max,
				  uint64_t first)
{
	static struct ppk2_stream stream;
	struct outcome outcome = {.all_match = true};
	uint64_t index = first;

	ppk2_stream_init(&stream);
	for (size_t at = 0; at < count && outcome.rc >= 0;) {
		size_t capacity, part = count - at < piece ? count - at : piece;
		uint8_t *space = ppk2_stream_space(&stream, &capacity);

		if (part > capacity)
			part = capacity;
		assert_true(part > 0);
		memcpy(space, bytes + at, part);
		ppk2_stream_fill(&stream, part);
		at += part;
		outcome_take(&stream, max, &index, &outcome);
	}
	return outcome;
}

static uint8_t bytes[WORDS * 4 + 16];

static void whole_stream_in_any_pieces(void **state)
{
	static const size_t pieces[] = {1, 2, 3, 5, 7, 63, 64, 65, 4093, sizeof(bytes)};
	size_t count = words_put(bytes, 0, 37, 37 + WORDS);

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct outcome o = stream_feed(bytes, count, pieces[i], 1 + i * 400, 37);

		assert_int_equal(o.given, WORDS - 1);
		assert_int_equal(o.lost, 0);
		assert_int_equal(o.resyncs, 0);
		assert_true(o.all_match);
	}
}

static void lost_words_are_counted(void **state)
{
	(void)state;
	for (uint64_t lost = 1; lost < 64; lost++) {
		size_t half = words_put(bytes, 0, 0, 5000);
		size_t count = words_put(bytes, half, 5000 + lost, 9000);

		for (size_t piece = 1; piece < 10000; piece = piece * 7 + 1) {
			struct outcome o = stream_feed(bytes, count, piece, 4096, 0);

			assert_int_equal(o.lost, lost);
			assert_int_equal(o.gaps, 1);
			assert_int_equal(o.resyncs, 0);
			assert_int_equal(o.given, 9000 - lost - 1);
			assert_true(o.all_match);
		}
	}
}

/* A gap after each 5 words: never 16 in sequence, and yet nothing but the gaps is lost. */
static void many_small_losses(void **state)
{
	size_t count = 0;
	struct outcome o;

	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		count = words_put(bytes, count, i * 7, i * 7 + 5);
	o = stream_feed(bytes, count, 100, 4096, 0);
	assert_int_equal(o.given, 5000 - 1);
	assert_int_equal(o.lost, 999 * 2);
	assert_int_equal(o.resyncs, 0);
	assert_true(o.all_match);
}

static void lost_bytes_are_found_again(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t cut = 1; cut < 300; cut++) {
		for (size_t at = 8000; at < 8004; at++) {
			size_t count = words_put(bytes, 0, 0, 9000);
			struct outcome o;

			if (cut % 4 == 0 && (at % 4 || cut == 256))
				continue; /* words of two halves, 64 whole words: nobody can see
					     that */
			memmove(bytes + at, bytes + at + cut, count - at - cut);
			o = stream_feed(bytes, count - cut, 999, 4096, 0);
			assert_int_equal(o.resyncs, cut % 4 > 0);
			assert_int_equal((9000 - 1 - o.given - o.lost) % 64, 0);
			if (cut < 240) {
				assert_int_equal(o.given + o.lost, 9000 - 1);
				wrong += !o.all_match;
			}
		}
	}
	/* Two words out of step may fit the counter by chance, once in 4096 cases; here are 780. */
	assert_true(wrong <= 1);
}

static void foreign_bytes_are_thrown_away(void **state)
{
	static const uint8_t foreign[] = "AT+GCAP\r\nAT+CGMI";

	(void)state;
	for (size_t extra = 1; extra < sizeof(foreign); extra++) {
		size_t at = words_put(bytes, 0, 0, 3000);
		struct outcome o;
		size_t count;

		memcpy(bytes + at, foreign, extra);
		count = words_put(bytes, at + extra, 3000 + 20, 6000);
		o = stream_feed(bytes, count, 64, 4096, 0);
		/* the last before and the first after are not trusted */
		assert_int_equal(o.given + o.lost, 6000 - 1);
		assert_int_equal(o.lost, 20 + 2);
		assert_int_equal(o.resyncs, 1);
		assert_true(o.all_match);
	}
}

static void start_off_the_boundary(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < 4; cut++) {
		size_t count = words_put(bytes, 0, 5, 2005);
		struct outcome o = stream_feed(bytes + cut, count - cut, 64, 4096, cut ? 6 : 5);

		assert_int_equal(o.given, (cut ? 1998 : 2000) - 1);
		assert_int_equal(o.lost, cut > 0);
		assert_int_equal(o.resyncs, cut > 0);
		assert_true(o.all_match);
	}
}

static void one_bad_word(void **state)
{
	static const uint32_t flips[] = {1u << 17, 7u << 14, 1u << 20};

	(void)state;
	for (size_t i = 0; i < sizeof(flips) / sizeof(flips[0]); i++) {
		size_t count = words_put(bytes, 0, 0, 2000);
		struct outcome o;

		for (int byte = 0; byte < 4; byte++)
			bytes[4000 + byte] ^= (uint8_t)(flips[i] >> (8 * byte));
		o = stream_feed(bytes, count, 64, 4096, 0);
		/* the words before and after are not trusted */
		assert_int_equal(o.given, 2000 - 3 - 1);
		assert_int_equal(o.lost, 3);
		assert_int_equal(o.resyncs, 1);
		assert_true(o.all_match);
	}
}

static void no_stream_is_given_up(void **state)
{
	uint8_t *rubbish = calloc(1, PPK2_SEARCH_BYTES + 1000);
	struct outcome o;

	(void)state;
	assert_non_null(rubbish);
	o = stream_feed(rubbish, PPK2_SEARCH_BYTES - 1000, 4096, 4096, 0);
	assert_int_equal(o.rc, 0);
	o = stream_feed(rubbish, PPK2_SEARCH_BYTES + 1000, 4096, 4096, 0);
	assert_int_equal(o.rc, -EPROTO);
	srand(7);
	for (size_t i = 0; i < PPK2_SEARCH_BYTES + 1000; i++)
		rubbish[i] = (uint8_t)(rand() >> 7);
	o = stream_feed(rubbish, PPK2_SEARCH_BYTES + 1000, 4096, 4096, 0);
	assert_true(o.given < 64);
	free(rubbish);
}

static struct ppk2_capture capture;
static struct meter_block block;

/* Currents of adc * 1 uA in range 0 up to adc * 1 mA in range 4 (in steps of 10 but for the last).
 */
static void capture_begin(bool check_time)
{
	struct ppk2_conversion conversion;

	memset(&capture, 0, sizeof(capture));
	for (unsigned n = 0; n < PPK2_RANGES; n++) {
		static const double step_a[PPK2_RANGES] = {1e-6, 1e-5, 1e-4, 1e-3, 1e-3};

		conversion.range[n] =
			(struct ppk2_range){.scale = step_a[n] / 4, .gain = 1, .user_gain = 1};
	}
	ppk2_capture_init(&capture, &conversion, 1, check_time);
}

static void capture_put(const uint8_t *from, size_t count, int64_t t_ns)
{
	size_t capacity;
	uint8_t *space = ppk2_capture_space(&capture, &capacity);

	assert_true(count <= capacity);
	memcpy(space, from, count);
	ppk2_capture_fill(&capture, count, t_ns);
}

static void block_ends_at_gap(void **state)
{
	size_t at = words_put(bytes, 0, 0, 2100);
	size_t count = words_put(bytes, at, 2103, 2200 + 1);

	(void)state;
	capture_begin(false);
	capture_put(bytes, count, 123);
	meter_block_begin(&block);
	assert_int_equal(ppk2_capture_collect(&capture, &block), 1);
	ppk2_capture_finish(&capture, &block, false);
	assert_int_equal(block.first_index, 0);
	assert_int_equal(block.count, 2100);
	assert_int_equal(block.lost, 0);
	assert_int_equal(block.range_switches, 2); /* at 700 and 1400; 2100 is the next block's */
	assert_int_equal(block.t_mono_ns, 123);
	for (uint32_t i = 0; i < block.count; i++) {
		assert_int_equal(block.range[i], ppk2_word_range(word_at(i)));
		assert_int_equal(block.logic[i], word_at(i) >> 24);
	}
	meter_block_begin(&block);
	assert_int_equal(ppk2_capture_collect(&capture, &block), 0);
	assert_int_equal(block.first_index, 2103);
	assert_int_equal(block.count, 97);
	assert_int_equal(block.lost, 3);
	assert_int_equal(block.range_switches, 0);
	assert_int_equal(block.flags & METER_BLOCK_RESYNC, 0);
}

static void full_block_ends(void **state)
{
	size_t count = words_put(bytes, 0, 0, 5000 + 1);

	(void)state;
	capture_begin(false);
	capture_put(bytes, count, 1);
	meter_block_begin(&block);
	assert_int_equal(ppk2_capture_collect(&capture, &block), 1);
	assert_int_equal(block.count, METER_BLOCK_MAX);
	meter_block_begin(&block);
	assert_int_equal(ppk2_capture_collect(&capture, &block), 0);
	assert_int_equal(block.first_index, METER_BLOCK_MAX);
	assert_int_equal(block.count, 5000 - METER_BLOCK_MAX);
}

static uint32_t saturation_of(uint32_t range, uint32_t adc)
{
	uint8_t few[17 * 4];

	for (uint32_t i = 0; i < 17; i++) {
		uint32_t word = (i == 9 ? adc | range << 14 : 0) | i << 18;

		for (int byte = 0; byte < 4; byte++)
			few[i * 4 + (uint32_t)byte] = (uint8_t)(word >> (8 * byte));
	}
	capture_put(few, sizeof(few), 1);
	meter_block_begin(&block);
	assert_int_equal(ppk2_capture_collect(&capture, &block), 0);
	assert_int_equal(block.count, 16);
	return block.flags;
}

static void saturation_is_flagged(void **state)
{
	(void)state;
	capture_begin(false);
	assert_int_equal(saturation_of(4, 1000), 0);
	capture_begin(false);
	assert_int_equal(saturation_of(4, 1001), METER_BLOCK_SATURATED);
	capture_begin(false);
	capture.range_max_a = 100;
	assert_int_equal(saturation_of(4, PPK2_ADC_FULL_SCALE - 1), 0);
	capture_begin(false);
	capture.range_max_a = 100;
	assert_int_equal(saturation_of(4, PPK2_ADC_FULL_SCALE), METER_BLOCK_SATURATED);
	capture_begin(false);
	capture.range_max_a = 100;
	assert_int_equal(saturation_of(3, PPK2_ADC_FULL_SCALE), 0);
}

/* Flags of a block of samples of one range, of which the first `full` say adc and the others 5000.
 */
static uint32_t flags_of_run(uint32_t range, uint32_t adc, uint32_t full, uint32_t count)
{
	for (uint32_t i = 0; i <= count; i++) { /* the last stays in the stream */
		uint32_t word = (i < full ? adc : 5000) | range << 14 | (i & 63) << 18;

		for (int byte = 0; byte < 4; byte++)
			bytes[i * 4 + (uint32_t)byte] = (uint8_t)(word >> (8 * byte));
	}
	capture_begin(false);
	capture.range_max_a = 1000;
	capture_put(bytes, 4 * (count + 1), 1);
	meter_block_begin(&block);
	assert_int_equal(ppk2_capture_collect(&capture, &block), 0);
	assert_int_equal(block.count, count);
	return block.flags;
}

/* A sample or two at a range's full scale happen while an instrument ranges; four do not. */
static void range_that_is_too_small(void **state)
{
	(void)state;
	for (uint32_t range = 0; range < 4; range++) {
		assert_int_equal(flags_of_run(range, PPK2_ADC_FULL_SCALE, 3, 100), 0);
		assert_int_equal(flags_of_run(range, PPK2_ADC_FULL_SCALE, 4, 100),
				 METER_BLOCK_SATURATED);
	}
}

static void range_that_is_too_large(void **state)
{
	(void)state;
	for (uint32_t range = 1; range < 5; range++) {
		const uint32_t fits = range == 4 ? 15 : 2;

		assert_int_equal(flags_of_run(range, 1, 999, 2000), 0);
		assert_int_equal(flags_of_run(range, 1, 1000, 2000), METER_BLOCK_RANGE_MISFIT);
		assert_int_equal(flags_of_run(range, fits, 2000, 2000), 0);
	}
	assert_int_equal(flags_of_run(0, 1, 2000, 2000), 0); /* there is no smaller one */
}

/* One block of 2000 samples after another, each late_ns after its time. */
static uint32_t timed_block(uint64_t first, int64_t late_ns)
{
	size_t count = words_put(bytes, 0, first, first + 2000);

	capture.range_max_a = 1000;
	capture_put(bytes, count, (int64_t)(first + 2000) * SAMPLE_NS + late_ns);
	meter_block_begin(&block);
	assert_int_equal(ppk2_capture_collect(&capture, &block), 0);
	assert_true(block.count >= 1999);
	ppk2_capture_finish(&capture, &block, true);
	return block.flags;
}

static void invisible_loss_shows_in_time(void **state)
{
	const uint64_t lost = 64 * 100; /* 64 ms */
	uint64_t i = 0;

	(void)state;
	capture_begin(true);
	for (; i < 20000; i += 2000)
		assert_int_equal(timed_block(i, 3000000), 0);
	assert_int_equal(timed_block(i += lost, 3000000), 0); /* could be a busy host */
	assert_int_equal(block.lost, 0);
	assert_int_equal(timed_block(i += 2000, 3000000), METER_BLOCK_TIME_MISMATCH);
	while ((i += 2000) < 60000) /* said once */
		assert_int_equal(timed_block(i, 3000000), 0);
}

static void delays_and_clock_errors_are_no_loss(void **state)
{
	(void)state;
	capture_begin(true);
	assert_int_equal(timed_block(0, 0), 0);
	for (uint64_t i = 2000; i < 4000000; i += 2000) /* 0.05 % slow, and a host often late */
		assert_int_equal(timed_block(i, (int64_t)i * 5 + (i % 3 ? 0 : 200000000)), 0);
	capture_begin(false); /* emulated time */
	for (uint64_t i = 0; i < 40000; i += 2000)
		assert_int_equal(timed_block(i, (int64_t)i * 100000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_stream_in_any_pieces),
		cmocka_unit_test(lost_words_are_counted),
		cmocka_unit_test(many_small_losses),
		cmocka_unit_test(lost_bytes_are_found_again),
		cmocka_unit_test(foreign_bytes_are_thrown_away),
		cmocka_unit_test(start_off_the_boundary),
		cmocka_unit_test(one_bad_word),
		cmocka_unit_test(no_stream_is_given_up),
		cmocka_unit_test(block_ends_at_gap),
		cmocka_unit_test(full_block_ends),
		cmocka_unit_test(saturation_is_flagged),
		cmocka_unit_test(range_that_is_too_small),
		cmocka_unit_test(range_that_is_too_large),
		cmocka_unit_test(invisible_loss_shows_in_time),
		cmocka_unit_test(delays_and_clock_errors_are_no_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
