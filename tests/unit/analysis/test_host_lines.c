/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Edges that the host saw, among the samples of a slow meter: places and their uncertainty, order,
 * lost ones, and what a window's charge is when its edges lie inside samples.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/trace/host_lines.h"
#include "analysis/trace/run_stream.h"

enum { BLOCKS = 120, SAMPLES = 10 /* per block */, EDGES_MAX = 64 };

static const double rate_hz = 250;           /* nominal */
static const double period_ns = 1e9 / 251.3; /* true */
static const int64_t start_ns = 5000000000;
static const struct host_edge_timing timing = {27.5e3, 13e3, 13e3};

static struct host_mark arrivals[BLOCKS], bounds[BLOCKS];
static struct host_edge edges[EDGES_MAX];
static size_t edge_count;
static struct marker_event events[EDGES_MAX];
static size_t event_count;
static struct host_lines lines;

static double even(void)
{
	return (double)rand() / RAND_MAX;
}

static int64_t true_ns(double index)
{
	return start_ns + llround(index * period_ns);
}

/* Blocks come up to late_ns late, and are looked for up to late_ns before. */
static void blocks_come(double late_ns)
{
	srand(3);
	for (unsigned i = 0; i < BLOCKS; i++) {
		uint64_t end = (i + 1) * SAMPLES;
		double late = late_ns * even();

		arrivals[i] = (struct host_mark){end, true_ns((double)end) + llround(late)};
		bounds[i] = (struct host_mark){end, true_ns((double)end) - llround(late_ns - late)};
	}
}

static void edge_add(unsigned line, bool rising, double index)
{
	edges[edge_count++] = (struct host_edge){
		true_ns(index) + llround(27.5e3 + 22e3 * (2 * even() - 1)), line, rising};
}

static int map(double u_sampling)
{
	const struct host_lines_input input = {.arrivals = arrivals,
					       .arrival_count = BLOCKS,
					       .bounds = bounds,
					       .bound_count = BLOCKS,
					       .edges = edges,
					       .edge_count = edge_count,
					       .line_count = 3,
					       .timing = timing,
					       .u_sampling = u_sampling};

	return host_lines_map(&input, events, &event_count, &lines);
}

static int setup(void **state)
{
	(void)state;
	edge_count = event_count = 0;
	blocks_come(300e3);
	return 0;
}

static void places(void **state)
{
	static const double at[] = {203.4, 411.91, 600.02, 800.5};
	double square = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		edge_add(0, i % 2 == 0, at[i]);
	assert_int_equal(map(0), 0);
	assert_int_equal(event_count, 4);
	for (unsigned i = 0; i < 4; i++) {
		double off = events[i].position_samples - at[i];

		assert_true(fabs(off) < 3 * events[i].u_samples);
		assert_true(events[i].u_samples * period_ns < 200e3);
		assert_true(events[i].rising == (i % 2 == 0));
		square += pow(off / events[i].u_samples, 2);
	}
	assert_true(sqrt(square / 4) < 2);
	assert_true(lines.contradiction_ns == 0 && lines.repeats == 0 && lines.high == 0);
	assert_true(fabs(clock_line_rate_hz(&lines.line) / 251.3 - 1) < 1e-3);
}

/* Every block 3 ms late: the arrivals do not tell, the bounds leave the room for it. */
static void latency_is_bounded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < BLOCKS; i++)
		arrivals[i].t_mono_ns += 3000000;
	edge_add(0, true, 500);
	assert_int_equal(map(0), 0);
	assert_true(lines.latency_ns > 1.4e6 && lines.latency_ns < 1.8e6);
	assert_true(events[0].u_samples * period_ns > 0.8e6);
	assert_true(fabs(events[0].position_samples - 500) < 2.5 * events[0].u_samples);
}

static void contradiction_is_uncertain(void **state)
{
	(void)state;
	bounds[60].t_mono_ns += 5000000;
	edge_add(0, true, 500);
	assert_int_equal(map(0), 0);
	assert_true(lines.contradiction_ns > 4e6);
	assert_true(events[0].u_samples * period_ns > 4e6);
}

/* The host stood still for 30 ms from some block on, and its clock map with it. */
static void step_is_in_the_residual(void **state)
{
	(void)state;
	edge_add(0, true, 300);
	edge_add(0, false, 900);
	for (unsigned i = 60; i < BLOCKS; i++)
		arrivals[i].t_mono_ns += 30000000;
	edges[1].t_mono_ns += 30000000;
	for (unsigned i = 60; i < BLOCKS; i++)
		bounds[i].t_mono_ns += 30000000;
	assert_int_equal(map(0), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_true(fabs(events[i].position_samples - (i ? 900 : 300)) <
			    3 * events[i].u_samples);
}

static void lost_and_levels(void **state)
{
	struct host_levels levels = {.events = events};

	(void)state;
	edge_add(1, false, 100); /* high before */
	edge_add(0, true, 200.2);
	edge_add(1, true, 200.9);
	edge_add(1, true, 230); /* the edge between them was lost */
	edge_add(0, false, 300.7);
	assert_int_equal(map(0), 0);
	assert_int_equal(lines.repeats, 1);
	assert_int_equal(event_count, 4);
	assert_int_equal(lines.high, 2);
	levels.count = event_count;
	levels.levels = lines.high;
	assert_int_equal(host_levels_at(&levels, 98), 2);
	assert_int_equal(host_levels_at(&levels, 101), 0);
	assert_int_equal(host_levels_at(&levels, 200), 1);
	assert_int_equal(host_levels_at(&levels, 201), 3);
	assert_int_equal(host_levels_at(&levels, 301), 2);
}

/* Stamps do not tell whether the last inference ended before the window did. */
static void close_edges_tie(void **state)
{
	(void)state;
	edge_add(0, true, 200.5);
	edge_add(1, true, 300);
	edge_add(0, false, 400.25);
	edge_add(1, false, 400.2515); /* 6 us later */
	assert_int_equal(map(0), 0);
	assert_int_equal(event_count, 4);
	assert_int_equal(events[2].line, 1);
	assert_int_equal(events[3].line, 0);
	assert_true(events[2].position_samples == events[3].position_samples);
}

static void bad_arguments(void **state)
{
	const struct host_lines_input few = {.arrivals = arrivals,
					     .arrival_count = 2,
					     .bounds = bounds,
					     .bound_count = 1,
					     .line_count = 3,
					     .timing = timing};
	struct host_lines_input wrong = few;

	(void)state;
	assert_int_equal(host_lines_map(&few, events, &event_count, &lines),
			 ANALYSIS_TOO_FEW_POINTS);
	wrong.bound_count = 0;
	assert_int_equal(host_lines_map(&wrong, events, &event_count, &lines),
			 ANALYSIS_BAD_ARGUMENT);
	wrong = few;
	edge_add(3, true, 10);
	wrong.edges = edges;
	wrong.edge_count = edge_count;
	assert_int_equal(host_lines_map(&wrong, events, &event_count, &lines),
			 ANALYSIS_BAD_ARGUMENT);
}

/* ---- windows ---- */

enum { LENGTH = 400 };

static const double idle_a = 1e-3, busy_a = 9e-3;

static float mean_of(double start, double end, uint64_t sample)
{
	double from = fmax(start, (double)sample), to = fmin(end, (double)sample + 1);
	double share = fmax(0, to - from);

	return (float)(idle_a + share * (busy_a - idle_a));
}

static void run_window(double start, double end, struct run_result *ret_result)
{
	const struct marker_event known[2] = {
		{.line = 0, .position_samples = start, .u_samples = 0.1, .rising = true},
		{.line = 0, .position_samples = end, .u_samples = 0.1}};
	const struct marker_edges window = {known, 2, 0};
	const struct run_settings settings = {.inputs = {0, 1, 2},
					      .rate_hz = rate_hz,
					      .supply_v = 3,
					      .guard_samples = 2,
					      .idle_samples = 40,
					      .idle_min_samples = 20,
					      .edges = &window};
	struct run_stream *run;
	float current_a[LENGTH];

	for (unsigned i = 0; i < LENGTH; i++)
		current_a[i] = mean_of(start, end, i);
	assert_int_equal(run_stream_new(&settings, &run), 0);
	for (unsigned i = 0; i < LENGTH; i += SAMPLES) {
		const struct run_block block = {.first_index = i,
						.count = SAMPLES,
						.current_a = current_a + i,
						.metered_a = current_a + i,
						.t_mono_ns = true_ns(i + SAMPLES)};

		assert_int_equal(run_stream_add(run, &block), 0);
	}
	run_stream_finish(run, ret_result);
	run_stream_free(run);
}

/* Edges inside samples, in one sample, on boundaries, at a block's end. */
static void window_is_exact(void **state)
{
	static const double at[][2] = {{100.5, 300.5}, {100.1, 300.9},    {120.99, 121.01},
				       {150.2, 150.7}, {100, 300},        {109.5, 300.25},
				       {110, 299.999}, {109.999, 110.001}};

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		double duration_s = (at[i][1] - at[i][0]) / rate_hz;
		struct run_result result;

		run_window(at[i][0], at[i][1], &result);
		assert_int_equal(result.window_error, 0);
		assert_int_equal(result.idle_error, 0);
		assert_true(fabs(result.values.duration_s / duration_s - 1) < 1e-9);
		/* samples are floats: 1e-6 of one, 1e-7 of all */
		if (fabs(result.values.charge_c - busy_a * duration_s) >
		    busy_a * (1e-6 / rate_hz + 1e-7 * duration_s))
			fail_msg("%g to %g: %g C instead of %g C", at[i][0], at[i][1],
				 result.values.charge_c, busy_a * duration_s);
		assert_true(fabs(result.values.energy_j / result.values.charge_c - 3) < 1e-9);
		assert_true(fabs(result.above_idle_j / (3 * (busy_a - idle_a) * duration_s) - 1) <
			    1e-5);
	}
}

/* The window was open before the first sample: no window, and no edge outside the capture. */
static void edges_before_the_samples(void **state)
{
	struct run_result result;

	(void)state;
	run_window(-3.5, 200.5, &result);
	assert_int_equal(result.window_error, ANALYSIS_NO_RISING_EDGE);
	run_window(-3.5, -0.5, &result);
	assert_int_equal(result.window_error, ANALYSIS_NO_EDGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(places, setup),
		cmocka_unit_test_setup(latency_is_bounded, setup),
		cmocka_unit_test_setup(contradiction_is_uncertain, setup),
		cmocka_unit_test_setup(step_is_in_the_residual, setup),
		cmocka_unit_test_setup(lost_and_levels, setup),
		cmocka_unit_test_setup(close_edges_tie, setup),
		cmocka_unit_test_setup(bad_arguments, setup),
		cmocka_unit_test(window_is_exact),
		cmocka_unit_test(edges_before_the_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
