/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Streaming marker decoder against a plain one that sees the whole capture, in any pieces.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "analysis/trace/marker_stream.h"

enum { COUNT = 3000, EVENTS_MAX = 3 * COUNT };

struct log {
	struct marker_event events[EVENTS_MAX];
	size_t count;
};

static uint8_t logic[COUNT];
static struct log seen, wanted;
static uint64_t seed = 7;

static unsigned below(unsigned limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % limit;
}

static void log_event(void *user, const struct marker_event *event)
{
	struct log *log = user;

	assert_true(log->count < EVENTS_MAX);
	log->events[log->count++] = *event;
}

static struct marker_stream_settings settings_of(size_t min_pulse)
{
	return (struct marker_stream_settings){.inputs = {0, 3, 7},
					       .line_count = 3,
					       .min_pulse_samples = min_pulse,
					       .edge = log_event,
					       .user = &seen};
}

static bool level(size_t k, unsigned input)
{
	return logic[k] >> input & 1;
}

/* By the definition: a level lasts or is a stray. */
static uint64_t decode_plainly(unsigned input, size_t min, double *ret_at, size_t *ret_count)
{
	bool now = level(0, input);
	uint64_t strays = 0;
	size_t count = 0;

	for (size_t k = 0; k < COUNT;) {
		size_t end = k;

		if (level(k, input) == now) {
			k++;
			continue;
		}
		while (end < COUNT && level(end, input) != now)
			end++;
		if (end - k >= min || end == COUNT) {
			ret_at[count++] = (double)k;
			now = !now;
		} else {
			strays++;
		}
		k = end;
	}
	*ret_count = count;
	return strays;
}

static void fill_random(unsigned density)
{
	uint8_t levels = (uint8_t)below(256);

	for (size_t k = 0; k < COUNT; k++) {
		if (!below(density))
			levels ^= (uint8_t)(1u << below(8));
		if (!below(4 * density)) /* several at once */
			levels ^= (uint8_t)below(256);
		logic[k] = levels;
	}
}

static void decode_pieces(struct marker_stream *stream, size_t min, unsigned longest)
{
	struct marker_stream_settings settings = settings_of(min);
	size_t at = 0;

	seen.count = 0;
	assert_int_equal(marker_stream_init(stream, &settings), 0);
	while (at < COUNT) {
		size_t take = longest ? 1 + below(longest) : COUNT;

		take = take > COUNT - at ? COUNT - at : take;
		assert_int_equal(marker_stream_add(stream, logic + at, 1000 + at, take), 0);
		at += take;
	}
	marker_stream_finish(stream);
}

static void pieces_equal_the_whole(void **state)
{
	static const unsigned inputs[] = {0, 3, 7}, longest[] = {1, 2, 9, 64, 700};
	static double at[COUNT];

	(void)state;
	for (int round = 0; round < 150; round++) {
		size_t min = 1 + below(round % 3 ? 6 : 40), count;
		struct marker_stream stream;

		fill_random(1 + below(60));
		decode_pieces(&stream, min, 0);
		for (unsigned i = 0; i < 3; i++) {
			size_t given = 0;

			assert_int_equal(decode_plainly(inputs[i], min, at, &count),
					 stream.lines[i].strays);
			for (size_t e = 0; e < seen.count; e++) {
				if (seen.events[e].line != i)
					continue;
				assert_true(given < count &&
					    seen.events[e].position_samples == 1000 + at[given]);
				assert_int_equal(seen.events[e].rising,
						 (given % 2 == 0) != level(0, inputs[i]));
				given++;
			}
			assert_int_equal(given, count);
			assert_int_equal(stream.lines[i].edges, count);
		}
		for (size_t e = 1; e < seen.count; e++)
			assert_true(seen.events[e].position_samples >=
				    seen.events[e - 1].position_samples);
		wanted = seen;
		for (size_t n = 0; n < sizeof(longest) / sizeof(longest[0]); n++) {
			decode_pieces(&stream, min, longest[n]);
			assert_int_equal(seen.count, wanted.count);
			for (size_t e = 0; e < seen.count; e++) {
				assert_true(seen.events[e].position_samples ==
					    wanted.events[e].position_samples);
				assert_int_equal(seen.events[e].line, wanted.events[e].line);
				assert_int_equal(seen.events[e].rising, wanted.events[e].rising);
			}
		}
	}
}

static void line_0_encloses_the_others(void **state)
{
	struct marker_stream stream;

	(void)state;
	memset(logic, 0, sizeof(logic));
	memset(logic + 100, 0x89, 50); /* all three rise at 100, all fall at 150 */
	decode_pieces(&stream, 3, 8);
	assert_int_equal(seen.count, 6);
	assert_int_equal(seen.events[0].line, 0);
	assert_int_equal(seen.events[5].line, 0);
	assert_false(seen.events[5].rising);
}

/* Gap of lost samples, then the rest. */
static void decode_gap(struct marker_stream *stream, size_t min, size_t from, size_t to)
{
	struct marker_stream_settings settings = settings_of(min);

	seen.count = 0;
	assert_int_equal(marker_stream_init(stream, &settings), 0);
	assert_int_equal(marker_stream_add(stream, logic, 0, from), 0);
	assert_int_equal(marker_stream_add(stream, logic + to, to, COUNT - to), 0);
	marker_stream_finish(stream);
}

static void edges_in_gaps_are_marked(void **state)
{
	struct marker_stream stream;

	(void)state;
	memset(logic, 0, sizeof(logic));
	memset(logic + 100, 1, COUNT - 100);
	decode_gap(&stream, 1, 90, 110); /* the edge is lost: given at the middle */
	assert_int_equal(seen.count, 1);
	assert_true(seen.events[0].in_gap && seen.events[0].position_samples == 100);
	assert_true(fabs(seen.events[0].u_samples - 21 / sqrt(12)) < 1e-12);
	assert_int_equal(stream.lines[0].gap_edges, 1);

	memset(logic + 105, 0, COUNT - 105);
	decode_gap(&stream, 1, 90, 110); /* both edges are lost: nothing shows but the gap */
	assert_int_equal(seen.count, 0);
	assert_true(stream.gaps == 1 && stream.lost == 20);

	decode_gap(&stream, 4, 102, 110); /* high for 2 of 4 samples, low behind: a stray */
	assert_int_equal(seen.count, 0);
	assert_int_equal(stream.lines[0].strays, 1);
	memset(logic + 100, 1, COUNT - 100);
	decode_gap(&stream, 4, 102, 110); /* still high behind: an edge, at its place, marked */
	assert_int_equal(seen.count, 1);
	assert_true(seen.events[0].in_gap && seen.events[0].position_samples == 100);
	decode_gap(&stream, 4, 110, 120); /* it had lasted before the gap: not marked */
	assert_true(seen.count == 1 && !seen.events[0].in_gap);
}

/* A toggle that comes back within one sample is invisible: the count misses two, parity is right.
 */
static void accounts(void **state)
{
	static const struct {
		uint64_t expected, seen, uncertain;
		bool starts, ends, parity;
		enum marker_verdict verdict;
	} cases[] = {
		{100, 100, 0, false, false, true, MARKER_COMPLETE},
		{101, 101, 0, false, true, true, MARKER_COMPLETE},
		{100, 98, 0, false, false, true, MARKER_LOST_PAIRS},
		{100, 99, 0, false, true, false, MARKER_LOST_ODD},
		{100, 102, 0, true, true, true, MARKER_EXTRA},
		{100, 99, 1, false, false, true, MARKER_COMPLETE},
		{100, 98, 1, false, false, true, MARKER_LOST_ODD},
		{100, 100, 1, false, false, true, MARKER_COMPLETE},
		{1, 0, 0, false, false, false, MARKER_LOST_ODD},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct marker_account account =
			marker_account(cases[i].expected, cases[i].seen, cases[i].uncertain,
				       cases[i].starts, cases[i].ends);

		assert_int_equal(account.verdict, cases[i].verdict);
		assert_int_equal(account.parity_ok, cases[i].parity);
		assert_true(strlen(marker_verdict_text(account.verdict)) > 10);
	}
}

static void bad_arguments(void **state)
{
	struct marker_stream_settings settings = settings_of(1);
	struct marker_stream stream;

	(void)state;
	assert_int_equal(marker_stream_init(&stream, &settings), 0);
	assert_int_equal(marker_stream_add(&stream, logic, 10, 0), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(marker_stream_add(&stream, logic, 10, 10), 0);
	assert_int_equal(marker_stream_add(&stream, logic, 19, 10), ANALYSIS_BAD_ARGUMENT);
	settings.inputs[1] = 0;
	assert_int_equal(marker_stream_init(&stream, &settings), ANALYSIS_BAD_ARGUMENT);
	settings.inputs[1] = 8;
	assert_int_equal(marker_stream_init(&stream, &settings), ANALYSIS_BAD_ARGUMENT);
	settings = settings_of(0);
	assert_int_equal(marker_stream_init(&stream, &settings), ANALYSIS_BAD_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_equal_the_whole),
		cmocka_unit_test(line_0_encloses_the_others),
		cmocka_unit_test(edges_in_gaps_are_marked),
		cmocka_unit_test(accounts),
		cmocka_unit_test(bad_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
