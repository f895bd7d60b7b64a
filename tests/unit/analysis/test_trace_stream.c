/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Windows, inferences and layers out of a stream: known charges between known edges, in any pieces.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "analysis/trace/trace_stream.h"

enum {
	COUNT = 30000,
	WINDOW_START = 2000,
	INFERENCES = 10,
	LAYERS = 4,
	PIECES_MAX = 400,
};

static const double rate_hz = 1e5, idle_a = 0x1p-10, guard = 50;
/* samples and amperes of each layer */
static const unsigned layer_samples[LAYERS] = {301, 47, 811, 6};
static const double layer_a[LAYERS] = {0x1p-5, 0x1p-6, 0x1p-4, 0x1p-3};

static float current_a[COUNT];
static uint8_t logic[COUNT];
static size_t window_end;

struct taken {
	struct trace_piece pieces[PIECES_MAX];
	size_t count;
	struct trace_window windows[8];
	size_t window_count;
};

static struct taken taken, whole;
static struct trace_stream stream;
static uint64_t seed = 11;

static unsigned below(unsigned limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % limit;
}

static void take_piece(void *user, const struct trace_piece *piece)
{
	struct taken *into = user;

	assert_true(into->count < PIECES_MAX);
	into->pieces[into->count++] = *piece;
}

static void take_window(void *user, const struct trace_window *window)
{
	struct taken *into = user;

	assert_true(into->window_count < 8);
	into->windows[into->window_count++] = *window;
}

static struct trace_stream_settings settings_of(void)
{
	return (struct trace_stream_settings){.inputs = {0, 1, 2},
					      .line_count = 3,
					      .min_pulse_samples = 3,
					      .guard_samples = (size_t)guard,
					      .rate_hz = rate_hz,
					      .supply_v = 3,
					      .piece = take_piece,
					      .window = take_window,
					      .user = &taken};
}

/* One window; the last inference's edge comes 5 samples before its end. */
static void synthesize(void)
{
	size_t at = WINDOW_START;
	uint8_t lines = 1;

	for (size_t k = 0; k < COUNT; k++)
		current_a[k] = (float)idle_a;
	memset(logic, 0, sizeof(logic));
	for (int inference = 0; inference < INFERENCES; inference++)
		for (int layer = 0; layer < LAYERS; layer++) {
			for (unsigned k = 0; k < layer_samples[layer]; k++) {
				current_a[at] = (float)layer_a[layer];
				logic[at++] = lines;
			}
			lines ^= layer + 1 == LAYERS ? 6 : 4;
		}
	window_end = at + 5;
	while (at < window_end)
		logic[at++] = lines;
	while (at < COUNT)
		logic[at++] = lines & ~1u;
}

static void run_pieces(const struct trace_stream_settings *settings, unsigned longest)
{
	size_t at = 0;

	taken.count = taken.window_count = 0;
	assert_int_equal(trace_stream_init(&stream, settings), 0);
	while (at < COUNT) {
		size_t take = longest ? 1 + below(longest) : COUNT;
		struct segment_block block = {.first_index = at, .current_a = current_a + at};

		block.count = take > COUNT - at ? COUNT - at : take;
		assert_int_equal(trace_stream_add(&stream, &block, logic + at), 0);
		at += block.count;
	}
	assert_int_equal(trace_stream_finish(&stream), 0);
}

static double charge_of(const struct segment *segment)
{
	return sum_value(&segment->sums.current);
}

static size_t count_level(enum trace_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < taken.count; i++)
		count += taken.pieces[i].level == level;
	return count;
}

static void attribution_is_exact(void **state)
{
	struct trace_stream_settings settings = settings_of();
	double inference_q = 0, idle_end = WINDOW_START - guard;

	(void)state;
	synthesize();
	run_pieces(&settings, 0);
	for (int i = 0; i < LAYERS; i++)
		inference_q += layer_samples[i] * layer_a[i];
	assert_int_equal(count_level(TRACE_INFERENCE), INFERENCES);
	assert_int_equal(count_level(TRACE_LAYER), INFERENCES * LAYERS);
	assert_int_equal(count_level(TRACE_INFERENCE_REST), 1);
	assert_int_equal(count_level(TRACE_IDLE), 1);
	for (size_t i = 0; i < taken.count; i++) {
		const struct trace_piece *piece = &taken.pieces[i];
		double expected = idle_a * 5; /* the rest */

		if (piece->level == TRACE_INFERENCE)
			expected = inference_q;
		else if (piece->level == TRACE_LAYER)
			expected = layer_samples[piece->number % LAYERS] *
				   layer_a[piece->number % LAYERS];
		else if (piece->level == TRACE_IDLE)
			expected = idle_end * idle_a;
		assert_true(charge_of(&piece->segment) == expected);
		if (piece->level == TRACE_LAYER)
			assert_int_equal(piece->inference, piece->number / LAYERS);
	}
	assert_int_equal(taken.window_count, 1);
	assert_true(charge_of(&taken.windows[0].segment) == inference_q * INFERENCES + 5 * idle_a);
	assert_int_equal(taken.windows[0].inside[1], INFERENCES);
	assert_int_equal(taken.windows[0].inside[2], INFERENCES * LAYERS);
	assert_int_equal(taken.windows[0].at_edges[1], 0);
	assert_false(stream.in_window || taken.windows[0].in_gap);
}

static void pieces_equal_the_whole(void **state)
{
	static const unsigned longest[] = {1, 7, 60, 500, 5000};
	struct trace_stream_settings settings = settings_of();

	(void)state;
	synthesize();
	for (size_t k = 0; k < COUNT; k++)
		current_a[k] *= 0.7f + 1e-4f * (float)below(1000);
	settings.shift_samples = 0.375;
	run_pieces(&settings, 0);
	whole = taken;
	for (int n = 0; n < 5; n++) {
		run_pieces(&settings, longest[n]);
		assert_int_equal(taken.count, whole.count);
		for (size_t i = 0; i < taken.count; i++) {
			double a = charge_of(&taken.pieces[i].segment);
			double b = charge_of(&whole.pieces[i].segment);

			assert_int_equal(taken.pieces[i].level, whole.pieces[i].level);
			assert_true(taken.pieces[i].segment.end_samples ==
				    whole.pieces[i].segment.end_samples);
			assert_true(fabs(a - b) <= 2.3e-16 * b);
		}
		assert_true(fabs(charge_of(&taken.windows[0].segment) -
				 charge_of(&whole.windows[0].segment)) <=
			    2.3e-16 * charge_of(&whole.windows[0].segment));
	}
}

/* Lost samples inside one inference: that one says so, its neighbours do not. */
static void a_gap_stays_where_it_is(void **state)
{
	struct trace_stream_settings settings = settings_of();
	size_t from = WINDOW_START + 1165 * 3 + 400, to = from + 64; /* in layer 2 */
	struct segment_block first = {.current_a = current_a, .count = from};
	struct segment_block second = {
		.first_index = to, .current_a = current_a + to, .count = COUNT - to};

	(void)state;
	synthesize();
	taken.count = taken.window_count = 0;
	assert_int_equal(trace_stream_init(&stream, &settings), 0);
	assert_int_equal(trace_stream_add(&stream, &first, logic), 0);
	assert_int_equal(trace_stream_add(&stream, &second, logic + to), 0);
	assert_int_equal(taken.window_count, 1);
	assert_true(taken.windows[0].segment.lost == 64);
	for (size_t i = 0; i < taken.count; i++) {
		const struct trace_piece *piece = &taken.pieces[i];
		bool hit = (piece->level == TRACE_INFERENCE && piece->number == 3) ||
			   (piece->level == TRACE_LAYER && piece->number == 3 * LAYERS + 2);

		assert_true(piece->segment.lost == (hit ? 64 : 0));
		assert_int_equal(segment_judge(&piece->segment), hit ? ANALYSIS_SAMPLES_LOST : 0);
	}
}

/* The window's rising edge is lost with samples: it is somewhere in the gap, and says so. */
static void an_edge_in_a_gap_is_uncertain(void **state)
{
	struct trace_stream_settings settings = settings_of();
	struct segment_block first = {.current_a = current_a, .count = WINDOW_START - 20};
	struct segment_block second = {.first_index = WINDOW_START + 20,
				       .current_a = current_a + WINDOW_START + 20,
				       .count = COUNT - WINDOW_START - 20};

	(void)state;
	synthesize();
	taken.count = taken.window_count = 0;
	assert_int_equal(trace_stream_init(&stream, &settings), 0);
	assert_int_equal(trace_stream_add(&stream, &first, logic), 0);
	assert_int_equal(trace_stream_add(&stream, &second, logic + WINDOW_START + 20), 0);
	assert_int_equal(taken.window_count, 1);
	assert_true(taken.windows[0].in_gap && taken.windows[0].u_start_samples > 11);
	assert_true(taken.windows[0].segment.start_samples == WINDOW_START);
	assert_true(taken.windows[0].segment.lost == 20);
}

/* A layer that begins and ends within one sample leaves no edge: two are missing, parity is right.
 */
static void two_edges_in_one_sample(void **state)
{
	struct trace_stream_settings settings = settings_of();
	struct marker_account account;
	double inference_q = 0;
	size_t layer_3 = WINDOW_START + 301 + 47 + 811;

	(void)state;
	synthesize();
	for (size_t k = layer_3; k < layer_3 + 6; k++) /* its 6 samples as if it were not there */
		logic[k] ^= 4;
	run_pieces(&settings, 300);
	account = marker_account(INFERENCES * LAYERS, taken.windows[0].inside[2],
				 taken.windows[0].at_edges[2], false, logic[COUNT - 1] >> 2 & 1);
	assert_int_equal(account.verdict, MARKER_LOST_PAIRS);
	assert_true(account.parity_ok && account.missing == 2);
	/* their charge is in the neighbours' pieces, not lost */
	for (int i = 0; i < LAYERS; i++)
		inference_q += layer_samples[i] * layer_a[i];
	assert_true(charge_of(&taken.windows[0].segment) == inference_q * INFERENCES + 5 * idle_a);
	assert_int_equal(count_level(TRACE_LAYER), INFERENCES * LAYERS - 2);
}

/* Edges of lines 1 and 2 in the window's own first and last sample are told apart from inner ones.
 */
static void edges_at_the_windows_own(void **state)
{
	struct trace_stream_settings settings = settings_of();

	(void)state;
	synthesize();
	/* line 1 falls with the window, and the last inference's edge moves there */
	for (size_t k = window_end - 5; k < window_end; k++)
		logic[k] ^= 2;
	run_pieces(&settings, 64);
	assert_int_equal(taken.windows[0].inside[1], INFERENCES - 1);
	assert_int_equal(taken.windows[0].at_edges[1], 1);
	assert_int_equal(count_level(TRACE_INFERENCE), INFERENCES);
}

static void windows_and_idles_in_a_row(void **state)
{
	struct trace_stream_settings settings = settings_of();
	double idle_q = 0;

	(void)state;
	memset(logic, 0, sizeof(logic));
	for (size_t k = 0; k < COUNT; k++) {
		bool high = k % 5000 >= 4000;

		logic[k] = high;
		current_a[k] = high ? 0.5f : 0.25f;
	}
	run_pieces(&settings, 777);
	assert_int_equal(taken.window_count, 5); /* the sixth is open at the end */
	assert_true(stream.in_window);
	assert_int_equal(count_level(TRACE_IDLE), 6);
	for (size_t i = 0; i < taken.count; i++)
		if (taken.pieces[i].level == TRACE_IDLE)
			idle_q += charge_of(&taken.pieces[i].segment);
	assert_true(idle_q == 0.25 * (6 * 4000 - 11 * guard));
	for (size_t i = 0; i < 5; i++)
		assert_true(charge_of(&taken.windows[i].segment) == 500);
}

static void bad_arguments(void **state)
{
	struct trace_stream_settings settings = settings_of();

	(void)state;
	settings.guard_samples = SEGMENT_KEEP_MAX;
	assert_int_equal(trace_stream_init(&stream, &settings), ANALYSIS_BAD_ARGUMENT);
	settings = settings_of();
	settings.line_count = 4;
	assert_int_equal(trace_stream_init(&stream, &settings), ANALYSIS_BAD_ARGUMENT);
	settings = settings_of();
	settings.shift_samples = NAN;
	assert_int_equal(trace_stream_init(&stream, &settings), ANALYSIS_BAD_ARGUMENT);
	settings = settings_of();
	settings.rate_hz = 0;
	assert_int_equal(trace_stream_init(&stream, &settings), ANALYSIS_BAD_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attribution_is_exact),
		cmocka_unit_test(pieces_equal_the_whole),
		cmocka_unit_test(a_gap_stays_where_it_is),
		cmocka_unit_test(an_edge_in_a_gap_is_uncertain),
		cmocka_unit_test(two_edges_in_one_sample),
		cmocka_unit_test(edges_at_the_windows_own),
		cmocka_unit_test(windows_and_idles_in_a_row),
		cmocka_unit_test(bad_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
