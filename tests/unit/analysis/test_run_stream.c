/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One run in a stream: the same numbers in whatever pieces it comes, against sums over whole
 * arrays written here; what is missing is missing; the instrument's own sum; the meter's clock.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/trace/rate.h"
#include "analysis/trace/run_stream.h"

/* 0.2 s idle, 1 s with 10 inferences, 0.2 s idle at 100 kSa/s. */
enum { RATE = 100000, IDLE = 20000, WINDOW = 100000, TOTAL = WINDOW + 2 * IDLE, N = 10 };

static float current_a[TOTAL], voltage_v[TOTAL], raw_a[TOTAL];
static uint8_t logic[TOTAL];
static bool keep_voltage, keep_raw;
static uint64_t gap_at, gap;   /* samples missing in front of that one */
static uint64_t reading_every; /* samples between the instrument's own sums; 0: none */
static double meter_factor;    /* of those sums */
static double rate_factor;     /* of the rate at which samples truly come */
static int64_t late_ns;        /* of the latest block */

static const struct run_settings settings = {.inputs = {0, 1, 2},
					     .rate_hz = RATE,
					     .supply_v = 3.0,
					     .range_max_a = 1,
					     .guard_samples = 50,
					     .idle_samples = 10000,
					     .idle_min_samples = 5000,
					     .inferences = N};

static void make_run(void)
{
	keep_voltage = keep_raw = false;
	gap = reading_every = 0;
	meter_factor = rate_factor = 1;
	late_ns = 0;
	for (int i = 0; i < TOTAL; i++) {
		bool inside = i >= IDLE && i < IDLE + WINDOW;
		int inference = (i - IDLE) / (WINDOW / N);

		current_a[i] = (inside ? 10e-3f + 1e-6f * (float)(i % 977) : 1e-3f) +
			       (float)((i * 7919) % 11 - 5) * 1e-7f;
		raw_a[i] = current_a[i] + (i % 1000 == 500 ? 1e-3f : 0);
		voltage_v[i] = 3.3f - 5 * current_a[i];
		logic[i] = inside ? (uint8_t)(1 | ((inference & 1) << 1)) : 0;
	}
}

/* Charge of [0, end) as the instrument has it. */
static double summed_c(uint64_t end)
{
	double sum = 0;

	for (uint64_t i = 0; i < end && i < TOTAL; i++)
		sum += (double)current_a[i];
	return meter_factor * sum / RATE;
}

static int64_t last_ns;

static void add_block(struct run_stream *stream, size_t at, size_t count, unsigned n)
{
	uint64_t first = at + (gap && at >= gap_at ? gap : 0);
	struct run_block block = {
		.first_index = first,
		.count = count,
		.current_a = current_a + at,
		.voltage_v = keep_voltage ? voltage_v + at : NULL,
		.raw_current_a = keep_raw ? raw_a + at : NULL,
		.logic = logic + at,
	};

	block.t_mono_ns = (int64_t)((double)(first + count) / RATE / rate_factor * 1e9) +
			  (int64_t)(n * 7919 % 13) * late_ns / 12;
	if (n && block.t_mono_ns < last_ns) /* behind one that was later */
		block.t_mono_ns = last_ns;
	last_ns = block.t_mono_ns;

	if (reading_every && at / reading_every != (at + count) / reading_every) {
		block.has_integral = true;
		block.integral_end = (at + count) / reading_every * reading_every;
		block.integral_c = summed_c(block.integral_end);
		block.integral_j = NAN;
	}
	assert_int_equal(run_stream_add(stream, &block), 0);
}

static struct run_result run_in(size_t piece)
{
	struct run_stream *stream;
	struct run_result result;
	unsigned n = 0;

	assert_int_equal(run_stream_new(&settings, &stream), 0);
	for (size_t at = 0; at < TOTAL; n++) {
		size_t count = TOTAL - at < piece ? TOTAL - at : piece;

		if (gap && at < gap_at && at + count > gap_at)
			count = gap_at - at;
		add_block(stream, at, count, n);
		at += count;
	}
	run_stream_finish(stream, &result);
	run_stream_free(stream);
	return result;
}

static double array_mean(const float *values, int first, int end)
{
	double sum = 0;

	for (int i = first; i < end; i++)
		sum += (double)values[i];
	return sum / (end - first);
}

static double array_sd(const float *values, int first, int end)
{
	double mean = array_mean(values, first, end), square = 0;

	for (int i = first; i < end; i++)
		square += ((double)values[i] - mean) * ((double)values[i] - mean);
	return sqrt(square / (end - first - 1));
}

static void expect_near(double value, double expected, double rel)
{
	if (!(fabs(value - expected) <= rel * fabs(expected)))
		fail_msg("%.12g, not %.12g", value, expected);
}

static void numbers_are_the_arrays(void **state)
{
	static const size_t pieces[] = {1, 7, 63, 64, 4096, 20000, TOTAL};
	double mean, sd;

	(void)state;
	make_run();
	mean = array_mean(current_a, IDLE, IDLE + WINDOW);
	sd = array_sd(current_a, IDLE, IDLE + WINDOW);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct run_result run = run_in(pieces[i]);

		assert_int_equal(run.window_error, 0);
		assert_int_equal(run.idle_error, 0);
		assert_int_equal(run.samples, TOTAL);
		expect_near(run.window.start_samples, IDLE, 0);
		expect_near(run.window.end_samples, IDLE + WINDOW, 0);
		expect_near(run.values.charge_c, mean * WINDOW / RATE, 1e-12);
		expect_near(run.values.energy_j, 3.0 * mean * WINDOW / RATE, 1e-12);
		expect_near(run.sample_sd_a, sd, 1e-9);
		assert_int_equal(run.samples_whole, WINDOW);
		assert_int_equal(run.inside[1] + run.at_edges[1], N);
		assert_int_equal(run.pace.count, N);
		expect_near(run.pace.shortest_samples, WINDOW / N, 0);
		expect_near(run.pace.longest_samples, WINDOW / N, 0);
		assert_true(run.has_halves);
		expect_near(run.first_half_a, array_mean(current_a, IDLE, IDLE + WINDOW / 2),
			    1e-12);
		expect_near(run.second_half_a,
			    array_mean(current_a, IDLE + WINDOW / 2, IDLE + WINDOW), 1e-12);
		/* 32 batches of 312 samples: before, whole batches of the capture */
		assert_int_equal(run.idle_before.samples, 9984);
		assert_int_equal(run.idle_after.samples, 9984);
		expect_near(run.idle_before.mean_a, 1e-3, 1e-6);
		expect_near(run.idle_before.sd_a, array_sd(current_a, 0, IDLE), 1e-3);
		expect_near(run.idle_after.middle_samples, IDLE + WINDOW + 50 + 4992, 0);
		assert_true(run.idle_before.middle_samples + 4992 <= IDLE - 50);
		assert_true(run.idle_before.middle_samples + 4992 > IDLE - 50 - 312);
		expect_near(run.above_idle_j, 3.0 * (mean - 1e-3), 1e-6);
		assert_int_equal(run.groups.count, N);
		expect_near(run.groups.high_a[3], 10e-3 + 1e-6 * 976, 1e-3);
		expect_near(run.pair_low_a, 1e-3 - 5e-7, 1e-3);
		assert_false(run.has_raw || run.integral.has_charge || run.integral.has_energy);
	}
}

/* An edge between two samples' instants belongs to the whole sample behind it; with a voltage per
 * sample energy is the sum of products, not the product of means. */
static void energy_is_the_sum_of_products(void **state)
{
	struct run_result run;
	double sum = 0, volts = 0;

	(void)state;
	make_run();
	keep_voltage = true;
	for (int i = IDLE; i < IDLE + WINDOW; i++) {
		sum += (double)current_a[i] * (double)voltage_v[i];
		volts += (double)voltage_v[i];
	}
	run = run_in(1000);
	expect_near(run.values.energy_j, sum / RATE, 1e-12);
	expect_near(run.values.mean_v, volts / WINDOW, 1e-12);
	expect_near(run.idle_w, 1e-3 * (3.3 - 5e-3), 1e-6);
	assert_true(fabs(run.values.energy_j / (run.values.mean_v * run.values.charge_c) - 1) >
		    1e-7);
}

static void raw_samples_beside(void **state)
{
	struct run_result run;

	(void)state;
	make_run();
	keep_raw = true;
	run = run_in(1000);
	assert_true(run.has_raw);
	expect_near(run.raw_energy_j - run.values.energy_j, 3.0 * 100 * 1e-3 / RATE, 1e-4);
}

static void lost_samples_are_in_no_sum(void **state)
{
	struct run_result run;
	double mean = 0;

	(void)state;
	make_run();
	mean = array_mean(current_a, IDLE, IDLE + WINDOW);
	gap_at = IDLE + 777;
	gap = 640;
	run = run_in(500);
	expect_near(run.window.lost, 640, 0);
	assert_int_equal(run.lost, 640);
	expect_near(run.values.charge_c, mean * WINDOW / RATE, 1e-12);
	expect_near(run.values.coverage, WINDOW / (WINDOW + 640.0), 1e-12);
	gap_at = 3000; /* in front of idle that is used: nothing is refused for it */
	run = run_in(500);
	expect_near(run.window.lost, 0, 0);
	assert_int_equal(run.idle_before.lost, 0);
	gap_at = IDLE; /* the edge itself */
	run = run_in(500);
	assert_true(run.window.lost > 0);
}

static void samples_that_are_none(void **state)
{
	struct run_result run;
	double sum = 0;

	(void)state;
	make_run();
	current_a[IDLE + 5000] = NAN;
	current_a[IDLE + 5001] = INFINITY;
	current_a[IDLE + 5002] = 1.5f; /* above the range */
	for (int i = IDLE; i < IDLE + WINDOW; i++)
		sum += isfinite(current_a[i]) ? (double)current_a[i] : 0;
	run = run_in(512);
	assert_int_equal(run.window.sums.not_finite, 2);
	assert_int_equal(run.window.sums.saturated, 2);
	expect_near(run.values.charge_c, sum / RATE, 1e-9);
	make_run();
	current_a[IDLE + WINDOW + 500] = NAN;
	run = run_in(512);
	assert_int_equal(run.window.sums.not_finite, 0);
	assert_int_equal(run.idle_error, ANALYSIS_BAD_IDLE);
}

static void window_lines_that_are_wrong(void **state)
{
	(void)state;
	make_run();
	memset(logic, 0, sizeof(logic));
	assert_int_equal(run_in(4096).window_error, ANALYSIS_NO_EDGE);
	make_run();
	for (int i = 0; i < IDLE; i++)
		logic[i] |= 1;
	assert_int_equal(run_in(4096).window_error, ANALYSIS_NO_RISING_EDGE);
	make_run();
	for (int i = IDLE; i < TOTAL; i++)
		logic[i] |= 1;
	assert_int_equal(run_in(4096).window_error, ANALYSIS_NO_FALLING_EDGE);
	make_run();
	logic[IDLE + WINDOW + 3000] |= 1;
	assert_int_equal(run_in(4096).window_error, ANALYSIS_EXTRA_EDGES);
}

static void too_little_idle(void **state)
{
	struct run_stream *stream;
	struct run_result run;

	(void)state;
	make_run();
	assert_int_equal(run_stream_new(&settings, &stream), 0);
	for (size_t at = 16000; at < TOTAL; at += 1000)
		add_block(stream, at, 1000, 0);
	run_stream_finish(stream, &run);
	assert_int_equal(run.idle_error, ANALYSIS_NO_IDLE_BEFORE);
	assert_int_equal(run_stream_restart(stream, &settings), 0);
	for (size_t at = 0; at < IDLE + WINDOW + 4000; at += 1000)
		add_block(stream, at, 1000, 0);
	assert_int_equal(run_stream_behind(stream), 4000);
	run_stream_finish(stream, &run);
	assert_int_equal(run.idle_error, ANALYSIS_NO_IDLE_AFTER);
	run_stream_free(stream);
}

static void indices_that_go_back(void **state)
{
	struct run_stream *stream;
	struct run_block block = {
		.first_index = 100, .count = 10, .current_a = current_a, .logic = logic};

	(void)state;
	make_run();
	assert_int_equal(run_stream_new(&settings, &stream), 0);
	assert_int_equal(run_stream_add(stream, &block), 0);
	block.first_index = 109;
	assert_int_equal(run_stream_add(stream, &block), ANALYSIS_BAD_ARGUMENT);
	run_stream_free(stream);
}

/* Readings every 12,345 samples: the first inside idle, the last behind the window. */
static void the_instruments_own_sum(void **state)
{
	struct run_result run;

	(void)state;
	make_run();
	reading_every = 12345;
	run = run_in(1000);
	assert_true(run.integral.has_charge);
	assert_false(run.integral.has_energy);
	assert_int_equal(run.integral.first, 12345);
	assert_int_equal(run.integral.end, 10 * 12345);
	expect_near(run.integral.stream_c, run.integral.meter_c, 1e-9);
	expect_near(run.integral.window_c, run.values.charge_c, 1e-9);
	reading_every = 5000; /* the closest readings about the window */
	run = run_in(1000);
	assert_int_equal(run.integral.first, IDLE);
	assert_int_equal(run.integral.end, IDLE + WINDOW + 5000);
	meter_factor = 1.01;
	run = run_in(1000);
	expect_near(run.integral.meter_c / run.integral.stream_c, 1.01, 1e-9);
	expect_near(run.integral.window_c, 1.01 * run.values.charge_c, 1e-9);
	meter_factor = 1;
	gap_at = IDLE + 30000; /* the instrument has what the host lost */
	gap = 0;
	reading_every = 70000; /* one before the end, none else: nothing to compare */
	run = run_in(1000);
	assert_true(run.integral.has_charge);
	assert_int_equal(run.integral.first, 70000);
	assert_int_equal(run.integral.end, 140000);
}

/* Blocks that are late now and then do not move the rate; one that is wrong by a factor shows. */
static void the_meters_rate_by_the_hosts_clock(void **state)
{
	static const double factors[] = {1, 4.0 / 3, 2, 0.5};
	static const char *const texts[] = {"1", "4/3", "2", "1/2"};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct rate_verdict verdict;
		struct run_result run;

		make_run();
		rate_factor = factors[i];
		late_ns = 30000000;
		run = run_in(2000);
		assert_int_equal(run.clock_error, 0);
		assert_int_equal(rate_judge_line(&run.clock, RATE, 0.01, &verdict), 0);
		assert_int_equal(verdict.name, i ? RATE_FACTOR : RATE_NOMINAL);
		assert_string_equal(verdict.factor_text, texts[i]);
		expect_near(verdict.ratio, factors[i], 0.02);
	}
}

/* The same numbers where sample ids pass 2^32. */
static void ids_beyond_32_bits(void **state)
{
	const uint64_t base = UINT64_C(0xFFFFFFFF) - IDLE - WINDOW / 2;
	struct run_result run, plain;
	struct run_stream *stream;

	(void)state;
	make_run();
	plain = run_in(1000);
	assert_int_equal(run_stream_new(&settings, &stream), 0);
	for (size_t at = 0; at < TOTAL; at += 1000) {
		const struct run_block block = {.first_index = base + at,
						.count = 1000,
						.current_a = current_a + at,
						.logic = logic + at,
						.t_mono_ns = (int64_t)(at + 1000) * 10000};

		assert_int_equal(run_stream_add(stream, &block), 0);
	}
	run_stream_finish(stream, &run);
	run_stream_free(stream);
	assert_int_equal(run.window_error, 0);
	expect_near(run.values.charge_c, plain.values.charge_c, 1e-12);
	expect_near(run.values.duration_s, 1, 1e-12);
	expect_near(run.pace.longest_samples, WINDOW / N, 0);
	assert_int_equal(run.idle_error, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_the_arrays),
		cmocka_unit_test(energy_is_the_sum_of_products),
		cmocka_unit_test(raw_samples_beside),
		cmocka_unit_test(lost_samples_are_in_no_sum),
		cmocka_unit_test(samples_that_are_none),
		cmocka_unit_test(window_lines_that_are_wrong),
		cmocka_unit_test(too_little_idle),
		cmocka_unit_test(indices_that_go_back),
		cmocka_unit_test(the_instruments_own_sum),
		cmocka_unit_test(the_meters_rate_by_the_hosts_clock),
		cmocka_unit_test(ids_beyond_32_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
