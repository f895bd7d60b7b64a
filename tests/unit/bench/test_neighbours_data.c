/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Defects that are known of other benches, as a table: what happens to the data, and what must be
 * said of it. Numbers are those of facts/neighbours.md, section 8. What is judged from
 * whole windows is in test_neighbours.c.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "analysis/trace/rate.h"
#include "analysis/trace/trace_stream.h"
#include "drivers/meter/ppk2_capture.h"

/* ---- A PPK2's words ---- */

enum { WORDS = 20000, LOSS_AT = 9001 };

static struct ppk2_capture ppk2;
static struct meter_block block;

struct words {
	uint64_t samples, lost;
	bool resynced, mismatch, is_wrong; /* is_wrong: a sample that was never sent */
};

static void word_put(uint8_t *to, uint32_t n)
{
	uint32_t word = (1000 + n % 97) | 2u << 14 | (n & 63) << 18 | (n & 0xff) << 24;

	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(word >> 8 * i);
}

static void take_block(struct words *words, uint32_t lost)
{
	words->samples += block.count;
	words->lost += block.lost;
	words->resynced |= (block.flags & METER_BLOCK_RESYNC) != 0;
	for (uint32_t i = 0; i < block.count; i++) {
		uint32_t n = (uint32_t)block.first_index + i;

		if (n >= LOSS_AT && words->lost < lost) /* fewer were seen than were lost */
			n += lost - (uint32_t)words->lost;
		words->is_wrong |= block.logic[i] != (n & 0xff);
	}
	meter_block_begin(&block);
}

/* Reads of `piece` bytes; `lost` words never come. */
static struct words feed(size_t piece, uint32_t lost)
{
	static uint8_t bytes[WORDS * 4];
	struct ppk2_conversion conversion;
	struct words words = {0};
	size_t size = 0;

	for (uint32_t n = 0; n < WORDS; n++)
		if (n < LOSS_AT || n >= LOSS_AT + lost) {
			word_put(bytes + size, n);
			size += 4;
		}
	memset(&ppk2, 0, sizeof(ppk2));
	for (int n = 0; n < PPK2_RANGES; n++)
		conversion.range[n] = (struct ppk2_range){.scale = 1e-6, .gain = 1, .user_gain = 1};
	ppk2_capture_init(&ppk2, &conversion, 1, false);
	meter_block_begin(&block);
	for (size_t at = 0; at < size; at += piece) {
		size_t capacity, some = size - at < piece ? size - at : piece;

		memcpy(ppk2_capture_space(&ppk2, &capacity), bytes + at, some);
		ppk2_capture_fill(&ppk2, some, 0);
		while (ppk2_capture_collect(&ppk2, &block) == 1)
			take_block(&words, lost);
	}
	take_block(&words, lost);
	return words;
}

static void split_words(void)
{
	for (size_t piece = 1; piece <= 9; piece++) {
		struct words words = feed(piece, 0);

		assert_int_equal(words.samples, WORDS - 1); /* the newest is held back */
		assert_false(words.lost || words.resynced || words.is_wrong);
	}
}

/* The counter has 6 bits: of n words lost it shows n modulo 64. Whole rounds show in time alone: in
 * the host's clock (unit/drivers/test_ppk2_stream) or against the board's cycles. */
static void lost_words(void)
{
	static const uint32_t lost[] = {1, 63, 64, 65, 1000};

	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		struct words words = feed(4096, lost[i]);

		assert_int_equal(words.lost, lost[i] % 64);
		assert_int_equal(words.samples, WORDS - 1 - lost[i]);
		assert_false(words.is_wrong);
	}
}

/* ---- Marker lines ---- */

enum { LENGTH = 4000, START = 1000, END = 3000, INFERENCES = 4 };

static float current_a[LENGTH];
static uint8_t logic[LENGTH];

struct seen {
	unsigned windows;
	struct trace_window last;
};

static void take_window(void *user, const struct trace_window *window)
{
	struct seen *seen = user;

	seen->windows++;
	seen->last = *window;
}

/* 1 mA outside the window, 2 mA in it; line 1 toggles at the end of each inference. */
static void make_lines(void)
{
	for (int i = 0; i < LENGTH; i++) {
		bool inside = i >= START && i < END;
		int inference = (i - START) * INFERENCES / (END - START);

		current_a[i] = inside ? 2e-3f : 1e-3f;
		logic[i] = inside ? (uint8_t)(1 | (inference & 1) << 1) : 0;
	}
}

/* In blocks of `piece` samples. */
static struct seen decode(size_t piece)
{
	static struct trace_stream stream;
	struct seen seen = {0};
	struct trace_stream_settings settings = {.inputs = {0, 1, 2},
						 .line_count = 2,
						 .min_pulse_samples = 3,
						 .guard_samples = 50,
						 .rate_hz = 1000,
						 .supply_v = 3,
						 .window = take_window,
						 .user = &seen};

	assert_int_equal(trace_stream_init(&stream, &settings), 0);
	for (size_t at = 0; at < LENGTH; at += piece) {
		struct segment_block samples = {.first_index = at,
						.current_a = current_a + at,
						.count = LENGTH - at < piece ? LENGTH - at : piece};

		assert_int_equal(trace_stream_add(&stream, &samples, logic + at), 0);
	}
	assert_int_equal(trace_stream_finish(&stream), 0);
	return seen;
}

static enum marker_verdict inferences_of(const struct seen *seen)
{
	return marker_account(INFERENCES, seen->last.inside[1], seen->last.at_edges[1], false,
			      false)
		.verdict;
}

/* Short of the debounce: no window of its own, and the real one is whole. */
static void stray_edge(void)
{
	struct seen seen;

	make_lines();
	logic[500] |= 1;
	seen = decode(LENGTH);
	assert_int_equal(seen.windows, 1);
	assert_true(seen.last.segment.start_samples == START);
	make_lines(); /* long enough to be an edge: a second window */
	for (int i = 500; i < 510; i++)
		logic[i] |= 1;
	assert_int_equal(decode(LENGTH).windows, 2);
}

static void missing_stop(void)
{
	make_lines();
	for (int i = END; i < LENGTH; i++)
		logic[i] |= 1;
	assert_int_equal(decode(LENGTH).windows, 0);
}

static void bounce(void)
{
	struct seen seen;

	make_lines();
	logic[START + 1] &= (uint8_t)~1;
	logic[END - 2] &= (uint8_t)~1;
	seen = decode(LENGTH);
	assert_int_equal(seen.windows, 1);
	assert_true(seen.last.segment.end_samples == END);
}

/* Two of line 1's edges between two samples: nothing is on the line, but the count says so. */
static void two_pulses_in_a_sample(void)
{
	struct seen seen;

	make_lines();
	seen = decode(LENGTH);
	assert_int_equal(inferences_of(&seen), MARKER_COMPLETE);
	for (int i = START; i < START + 1000; i++)
		logic[i] &= (uint8_t)~2;
	seen = decode(LENGTH);
	assert_int_equal(inferences_of(&seen), MARKER_LOST_PAIRS);
}

static void edge_on_a_border(void)
{
	static const size_t pieces[] = {1, 7, 500, START, START - 1, START + 1, END, LENGTH};
	double charge = NAN;

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct seen seen;

		make_lines();
		seen = decode(pieces[i]);
		assert_int_equal(seen.windows, 1);
		assert_true(seen.last.segment.start_samples == START &&
			    seen.last.segment.end_samples == END);
		if (i)
			assert_true(sum_value(&seen.last.segment.sums.current) == charge);
		charge = sum_value(&seen.last.segment.sums.current);
	}
}

/* ---- Sums ---- */

static struct segment sum_between(const float *samples, size_t count, double from, double to)
{
	static struct segments segments;
	struct segment_settings settings = {.rate_hz = 1000, .supply_v = 3, .keep_samples = 10};
	struct segment_block all = {.current_a = samples, .count = count};
	struct segment segment;

	assert_int_equal(segments_init(&segments, &settings), 0);
	assert_int_equal(segments_begin(&segments, &all), 0);
	assert_int_equal(segments_cut(&segments, from, &segment), 0);
	assert_int_equal(segments_cut(&segments, to, &segment), 0);
	segments_end(&segments);
	return segment;
}

static void part_of_a_sample(void)
{
	static const float samples[] = {1, 2, 4, 8};
	struct segment segment = sum_between(samples, 4, 0.75, 2.5);

	assert_true(sum_value(&segment.sums.current) == 0.25 * 1 + 2 + 0.5 * 4);
	assert_true(segment.sums.covered == 1.75);
}

static void no_number_inside(void)
{
	static const float odd[] = {NAN, INFINITY, -INFINITY};
	float samples[100];

	for (size_t n = 0; n < 3; n++) {
		struct segment segment;

		for (int i = 0; i < 100; i++)
			samples[i] = i == 50 ? odd[n] : 1;
		segment = sum_between(samples, 100, 0, 100);
		assert_int_equal(segment_judge(&segment), ANALYSIS_NOT_FINITE);
		assert_true(sum_value(&segment.sums.current) == 99);
		segment = sum_between(samples, 100, 51, 100);
		assert_int_equal(segment_judge(&segment), 0);
	}
}

static void wrong_rate(void)
{
	static const struct {
		double measured_hz;
		enum rate_verdict_name name;
		double factor;
	} rows[] = {
		{100030, RATE_NOMINAL, 1}, {133333, RATE_FACTOR, 4.0 / 3}, {200000, RATE_FACTOR, 2},
		{50000, RATE_FACTOR, 0.5}, {75000, RATE_FACTOR, 0.75},     {115000, RATE_OFF, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rate_verdict verdict;

		assert_int_equal(rate_judge(rows[i].measured_hz, 5, 1e5, 0.01, &verdict), 0);
		assert_int_equal(verdict.name, rows[i].name);
		if (rows[i].factor)
			assert_float_equal(verdict.factor, rows[i].factor, 1e-12);
	}
}

static const struct {
	int item;
	const char *name, *verdict;
	void (*check)(void);
} rows[] = {
	{1, "a read ends inside a word", "no sample too many, none wrong", split_words},
	{2, "1, 63, 64, 65, 1000 words lost", "counted, modulo 64", lost_words},
	{3, "stray edge before the window", "ignored, or a window too many", stray_edge},
	{3, "no stop edge", "no window", missing_stop},
	{3, "bounce shorter than the debounce", "ignored", bounce},
	{3, "two pulses in one sample", "edges lost in pairs", two_pulses_in_a_sample},
	{3, "edge on a block's border", "the same window", edge_on_a_border},
	{4, "edge inside a sample", "its share of the sample", part_of_a_sample},
	{5, "no number in a window", "refused, not summed", no_number_inside},
	{6, "rate wrong by 4/3, 2, ...", "the factor by name", wrong_rate},
};

static void known_defects(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("  %2d %s: %s\n", rows[i].item, rows[i].name, rows[i].verdict);
		rows[i].check();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(known_defects)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
