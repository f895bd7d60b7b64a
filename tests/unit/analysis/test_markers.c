/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "analysis/trace/markers.h"

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Levels written as a string of '0' and '1', put on one line; the other lines are held at 1. */
static int decode(const char *levels, unsigned line, size_t min_pulse, struct marker_line *ret_line)
{
	uint8_t logic[64];
	size_t count = strlen(levels);

	for (size_t i = 0; i < count; i++)
		logic[i] = (uint8_t)(levels[i] == '1' ? 0xff : 0xff & ~(1u << line));
	return marker_decode(logic, count, line, min_pulse, ret_line);
}

static void edges_and_strays(void **state)
{
	const struct {
		const char *levels;
		size_t min_pulse, edges, strays, first;
		bool starts_high;
	} cases[] = {
		{"0000000", 1, 0, 0, 0, false},    {"1111111", 1, 0, 0, 0, true},
		{"0011100", 1, 2, 0, 2, false},    {"1001", 1, 2, 0, 1, true},
		{"0101", 1, 3, 0, 1, false},       {"0010011100", 1, 4, 0, 2, false},
		{"0010011100", 2, 2, 1, 5, false}, /* stray before */
		{"0011101100", 2, 2, 1, 2, false}, /* drop-out inside */
		{"0010111000", 2, 2, 1, 4, false}, /* bounce at the edge: the lasting level counts
						    */
		{"001110", 2, 2, 0, 2, false},     /* cut off by the end: counts */
		{"0001000100", 3, 0, 2, 0, false},
	};

	(void)state;
	for (unsigned line = 0; line < MARKER_LINES_MAX; line += 7)
		for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
			struct marker_line decoded;

			assert_int_equal(
				decode(cases[i].levels, line, cases[i].min_pulse, &decoded), 0);
			if (decoded.edge_count != cases[i].edges ||
			    decoded.stray_pulses != cases[i].strays)
				fail_msg("%s: %zu edges, %zu strays", cases[i].levels,
					 decoded.edge_count, decoded.stray_pulses);
			assert_int_equal(decoded.starts_high, cases[i].starts_high);
			assert_int_equal(decoded.count, strlen(cases[i].levels));
			for (size_t e = 0; e < decoded.edge_count; e++)
				assert_int_equal(decoded.edges[e].rising,
						 (e % 2 == 0) != cases[i].starts_high);
			if (decoded.edge_count)
				assert_true(decoded.edges[0].position_samples ==
					    (double)cases[i].first);
			marker_line_done(&decoded);
			assert_null(decoded.edges);
		}
}

static void window_or_its_reason(void **state)
{
	const struct {
		const char *levels;
		int code;
	} cases[] = {
		{"00011100", 0},
		{"00000000", ANALYSIS_NO_EDGE},
		{"11111111", ANALYSIS_NO_RISING_EDGE},
		{"11110000", ANALYSIS_NO_RISING_EDGE},
		{"00001111", ANALYSIS_NO_FALLING_EDGE},
		{"00110111", ANALYSIS_EXTRA_EDGES},
		{"00110110", ANALYSIS_EXTRA_EDGES},
		{"11001100", ANALYSIS_EXTRA_EDGES},
		{"11001111", ANALYSIS_NO_RISING_EDGE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct marker_window window = {.start_samples = -1};
		struct marker_line line;

		assert_int_equal(decode(cases[i].levels, 0, 1, &line), 0);
		assert_int_equal(marker_window_find(&line, &window), cases[i].code);
		if (cases[i].code == 0) {
			assert_true(window.start_samples == 3 && window.end_samples == 6);
			assert_true(fabs(window.edge_u_samples - 1 / sqrt(12)) < 1e-15);
		} else {
			assert_true(window.start_samples == -1);
		}
		marker_line_done(&line);
	}
}

static void tally_tells_inside_from_ambiguous(void **state)
{
	const struct marker_window window = {.start_samples = 3, .end_samples = 9};
	const struct {
		const char *levels;
		struct marker_tally tally;
	} cases[] = {
		/*0123456789a*/
		{"00000000000", {0, 0, 0}}, {"00001111111", {1, 0, 0}}, {"00011111111", {0, 1, 0}},
		{"00000000010", {0, 1, 1}}, {"00111000000", {1, 0, 1}}, {"00010101011", {5, 2, 0}},
		{"01010101010", {5, 2, 3}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct marker_tally tally;
		struct marker_line line;

		assert_int_equal(decode(cases[i].levels, 1, 1, &line), 0);
		tally = marker_tally_count(&line, &window);
		assert_int_equal(tally.inside, cases[i].tally.inside);
		assert_int_equal(tally.at_edges, cases[i].tally.at_edges);
		assert_int_equal(tally.outside, cases[i].tally.outside);
		marker_line_done(&line);
	}
}

static void many_edges(void **state)
{
	static uint8_t logic[100000];
	struct marker_line line;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(logic); i++)
		logic[i] = i & 1;
	assert_int_equal(marker_decode(logic, ARRAY_COUNT(logic), 0, 1, &line), 0);
	assert_int_equal(line.edge_count, ARRAY_COUNT(logic) - 1);
	assert_true(line.edges[99998].position_samples == 99999);
	marker_line_done(&line);
}

static void bad_arguments(void **state)
{
	uint8_t logic[4] = {0};
	struct marker_line line;

	(void)state;
	assert_int_equal(marker_decode(NULL, 4, 0, 1, &line), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(marker_decode(logic, 0, 0, 1, &line), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(marker_decode(logic, 4, 8, 1, &line), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(marker_decode(logic, 4, 0, 0, &line), ANALYSIS_BAD_ARGUMENT);
	marker_line_done(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_and_strays),
		cmocka_unit_test(window_or_its_reason),
		cmocka_unit_test(tally_tells_inside_from_ambiguous),
		cmocka_unit_test(many_edges),
		cmocka_unit_test(bad_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
