/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock maps, counters, hidden losses and wrong rates on simulated deliveries: exponential delays
 * over a floor, bursts of late blocks, clocks that are off.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/trace/clock_map.h"
#include "analysis/trace/counter.h"
#include "analysis/trace/host_edges.h"
#include "analysis/trace/lateness.h"
#include "analysis/trace/rate.h"

static uint64_t seed = 5;

static double uniform(void)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return ((double)(seed >> 11) + 0.5) * 0x1p-53;
}

/* A meter at rate_hz; blocks of `block` samples arrive late by floor_ns + what `shape` makes. */
struct delivery {
	double rate_hz, block, floor_ns, mean_ns;
	double burst_every, burst_ns; /* each so many blocks a burst of that delay that dies out */
	int64_t t0_ns, t_last_ns;
};

static int64_t arrival(struct delivery *d, uint64_t end_index, uint64_t number, int shape)
{
	double late = d->floor_ns, phase;
	int64_t t_ns;

	if (shape == 0)
		late -= d->mean_ns * log(uniform());
	else if (shape == 1)
		late += 2 * d->mean_ns * uniform();
	else /* rare towards the least: gamma, k = 2 */
		late -= d->mean_ns / 2 * log(uniform() * uniform());
	if (d->burst_every > 0) {
		phase = fmod((double)number, d->burst_every);
		late += fmax(0, d->burst_ns - phase * d->block / d->rate_hz * 1e9);
	}
	t_ns = d->t0_ns + llround((double)end_index / d->rate_hz * 1e9 + late);
	/* blocks arrive in order */
	d->t_last_ns = t_ns > d->t_last_ns ? t_ns : d->t_last_ns;
	return d->t_last_ns;
}

static struct clock_line line_of(struct delivery *d, uint64_t first, unsigned blocks, int shape)
{
	struct clock_map map;
	struct clock_line line;

	clock_map_init(&map);
	for (unsigned i = 1; i <= blocks; i++) {
		uint64_t end = first + (uint64_t)(i * d->block);

		assert_int_equal(clock_map_add(&map, end, arrival(d, end, i, shape)), 0);
	}
	assert_int_equal(clock_map_fit(&map, NULL, &line), 0);
	assert_true(map.count <= CLOCK_MAP_VERTICES);
	return line;
}

static void line_without_delays(void **state)
{
	struct delivery d = {.rate_hz = 1e5 * 1.0137, .block = 512, .t0_ns = 1000000007};
	struct clock_line line = line_of(&d, 5000, 300, 1);

	(void)state;
	assert_true(fabs(clock_line_rate_hz(&line) / d.rate_hz - 1) < 1e-8); /* 1 ns roundings */
	assert_true(llabs(clock_line_time_ns(&line, 5000 + 51200) -
			  (d.t0_ns + llround(56200 / d.rate_hz * 1e9))) <= 1);
	assert_true(fabs(clock_line_index(&line, d.t0_ns + 500000000) - d.rate_hz / 2) < 1e-3);
}

/* Errors against stated uncertainties: rate, and the offset once the floor is known. Least squares
 * through the same points would be off by the bursts. */
static void late_delivery_does_not_move_the_line(void **state)
{
	(void)state;
	for (int shape = 0; shape < 3; shape++) {
		int rate_outside = 0, time_outside = 0, rounds = 200;

		for (int round = 0; round < rounds; round++) {
			struct delivery d = {.rate_hz = 1e5 * (1 + 0.02 * (uniform() - 0.5)),
					     .block = 100 + floor(400 * uniform()),
					     .floor_ns = 125000,
					     .mean_ns = 1e5 + 2e6 * uniform(),
					     .burst_every = round % 2 ? 97 : 0,
					     .burst_ns = 8e7,
					     .t0_ns = 1};
			struct clock_line line = line_of(&d, 0, 1000, shape);
			double late_ns = line.offset_ns + (double)line.t0_ns - d.t0_ns -
					 (double)line.index0 / d.rate_hz * 1e9 +
					 line.middle * (line.ns_per_sample - 1e9 / d.rate_hz) -
					 d.floor_ns;

			rate_outside += fabs(clock_line_rate_hz(&line) - d.rate_hz) >
					2 * clock_line_u_rate_hz(&line);
			time_outside += fabs(late_ns) > 2 * line.u_ns;
			assert_true(fabs(clock_line_rate_hz(&line) - d.rate_hz) <
				    5 * clock_line_u_rate_hz(&line));
		}
		if (rate_outside > rounds / 20 || time_outside > rounds / 20)
			fail_msg("shape %d: %d rates and %d times of %d outside 2 u", shape,
				 rate_outside, time_outside, rounds);
	}
}

/* All points on the hull, as with a clock that slows down: memory stays bounded. */
static void a_bent_clock_fits_in_memory(void **state)
{
	struct clock_map map;
	struct clock_line line;

	(void)state;
	clock_map_init(&map);
	for (uint64_t i = 0; i < 20000; i++) {
		double s = (double)i * 0.01; /* drifts by 1 ppm in 200 s */
		int64_t t_ns = llround(1e9 * (s + 0.5e-6 * s * s / 200) + (double)i);

		assert_int_equal(clock_map_add(&map, i * 1000, t_ns), 0);
	}
	assert_true(map.count <= CLOCK_MAP_VERTICES);
	assert_int_equal(clock_map_fit(&map, NULL, &line), 0);
	assert_true(fabs(clock_line_rate_hz(&line) / 1e5 - 1) < 2e-6);
	/* the middle of the line lies under the curve by no more than it says */
	assert_true(line.mean_late_ns < 2e4 && map.trimmed_ns < 2e4);
}

static void map_refuses(void **state)
{
	struct clock_map map;
	struct clock_line line;

	(void)state;
	clock_map_init(&map);
	assert_int_equal(clock_map_fit(&map, NULL, &line), ANALYSIS_TOO_FEW_POINTS);
	assert_int_equal(clock_map_add(&map, 100, 1000), 0);
	assert_int_equal(clock_map_add(&map, 99, 1001), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(clock_map_add(&map, 200, 999), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(clock_map_add(&map, 200, 2000), 0);
	assert_int_equal(clock_map_add(&map, 200, 9000), 0); /* nothing new */
	assert_int_equal(clock_map_fit(&map, NULL, &line), ANALYSIS_TOO_FEW_POINTS);
	assert_int_equal(clock_map_add(&map, 300, 10000), 0);
	assert_int_equal(clock_map_fit(&map, NULL, &line), 0);
	assert_true(line.ns_per_sample == 10 || line.ns_per_sample > 10);
}

static struct counter_step step_of(struct counter *counter, uint64_t raw, uint64_t count,
				   double t_s)
{
	struct counter_step step;

	assert_int_equal(counter_add(counter, raw, count, (int64_t)(t_s * 1e9), &step), 0);
	return step;
}

/* JS220: 32 bits at 2 MHz, a stream at 1 MSa/s, over the wrap after 2147.48 s. */
static void counter_of_32_bits(void **state)
{
	struct counter_settings settings = {32, 2, 2e6, 1e-3, 100000000};
	struct counter counter;
	struct counter_step step;
	uint64_t raw = UINT32_MAX - 999; /* 500 samples before the wrap */

	(void)state;
	assert_int_equal(counter_init(&counter, &settings), 0);
	step = step_of(&counter, raw, 400, 0);
	assert_true(step.first_index == 0 && !step.lost && step.certain);
	step = step_of(&counter, raw + 800, 126, 0.001);
	assert_true(step.first_index == 400 && !step.lost && step.certain);
	step = step_of(&counter, (raw + 1052 + 20) & UINT32_MAX, 126, 0.002); /* 10 lost, wrapped */
	assert_true(step.first_index == 536 && step.lost == 10 && step.certain);
	/* the same again: overlap of 26 samples */
	step = step_of(&counter, (raw + 1072 + 200) & UINT32_MAX, 126, 0.003);
	assert_true(step.overlap == 26 && step.first_index == 636 && step.certain);
	/* one whole wrap is missing: 2^31 samples. Only the host's clock says so. */
	step = step_of(&counter, (raw + 1072 + 452) & UINT32_MAX, 126, 0.003 + 2147.483648);
	assert_true(step.lost == UINT64_C(1) << 31 && step.wraps == 1 && step.certain);
	/* a jump that time does not allow: an id from 1000 s ahead after a millisecond */
	step = step_of(&counter, 3000000000u, 126, 2147.49);
	assert_true(step.contradiction);
}

static void counter_of_6_bits(void **state)
{
	struct counter_settings settings = {6, 1, 1e5, 1e-3, 5000000};
	struct counter counter;
	struct counter_step step;
	static const uint64_t losses[] = {1, 63, 64, 65, 1000};
	uint64_t index = 0;

	(void)state;
	assert_int_equal(counter_init(&counter, &settings), 0);
	step_of(&counter, 0, 500, 0.005);
	index = 500;
	for (int i = 0; i < 5; i++) {
		index += losses[i];
		step = step_of(&counter, index & 63, 500, (double)(index + 500) / 1e5);
		/* 64 samples are 0.64 ms, deliveries differ by 5 ms: what the counter shows */
		assert_true(step.lost % 64 == losses[i] % 64);
		assert_false(step.certain);
		index += 500;
	}
	/* on a link without jitter the same counter is enough */
	settings.jitter_ns = 100000;
	assert_int_equal(counter_init(&counter, &settings), 0);
	step_of(&counter, 0, 500, 0.005);
	index = 500;
	for (int i = 0; i < 5; i++) {
		index += losses[i];
		step = step_of(&counter, index & 63, 500, (double)(index + 500) / 1e5);
		assert_true(step.lost == losses[i] && step.certain);
		index += 500;
	}
	assert_int_equal(counter_add(&counter, 64, 1, 1, &step), ANALYSIS_BAD_ARGUMENT);
	settings.bits = 64;
	assert_int_equal(counter_init(&counter, &settings), ANALYSIS_BAD_ARGUMENT);
}

/* Multiples of 64 lost in one piece, with deliveries that jitter by more than they last. */
static void lateness_finds_what_counters_hide(void **state)
{
	static const uint64_t lost[] = {64, 128, 640, 0};

	(void)state;
	for (int c = 0; c < 4; c++) {
		struct lateness_settings settings = {.wrap_samples = 64,
						     .group = 32,
						     .confirm_ns = 250000000,
						     .rate_hz = 1e5,
						     .tolerance_rel = 2e-3};
		struct delivery d = {.rate_hz = 1e5 * 1.0009,
				     .block = 200,
				     .mean_ns = 1e6,
				     .burst_every = 777,
				     .burst_ns = 5e8, /* stalls of half a second */
				     .t0_ns = 77};
		struct lateness lateness;
		struct lateness_step step;
		unsigned steps = 0;
		uint64_t found = 0;

		assert_int_equal(lateness_init(&lateness, &settings), 0);
		for (uint64_t i = 1; i <= 4000; i++) {
			uint64_t counted = i * 200, real = counted + (i > 2000 ? lost[c] : 0);
			int ret = lateness_add(&lateness, counted, arrival(&d, real, i, 0), &step);

			assert_true(ret >= 0);
			if (!ret)
				continue;
			steps++;
			found = step.lost;
			assert_true(step.from_index <= 2001 * 200 && step.to_index > 2000 * 200);
			assert_true(fabs(step.late_ns - (double)lost[c] * 1e4) < 3e5);
			assert_true(step.in_step_ns < 8e4);
		}
		assert_int_equal(steps, lost[c] ? 1 : 0);
		assert_int_equal(found, lost[c]);
		assert_true(lateness.blind_groups < lateness.groups / 2);
	}
}

static void rates_by_name(void **state)
{
	static const struct {
		double factor, off;
		enum rate_verdict_name name;
		const char *says;
	} cases[] = {
		{1, 0.003, RATE_NOMINAL, "1.0030 of its nominal rate"},
		{4.0 / 3, 1e-4, RATE_FACTOR, "the meter runs at 1.3335 of its nominal rate"},
		{2, -2e-4, RATE_FACTOR, "the meter runs at 1.9996 of its nominal rate"},
		{0.5, 0, RATE_FACTOR, "1/2"},
		{0.75, 0, RATE_FACTOR, "3/4"},
		{1.15, 0, RATE_OFF, "no known factor"},
		{21.2 / 43, 0, RATE_FACTOR, "1/2"}, /* 1.4 % off 1/2: within 2 % */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct delivery d = {.rate_hz = 1e5 * cases[i].factor * (1 + cases[i].off),
				     .block = 400,
				     .mean_ns = 5e5};
		struct clock_line line = line_of(&d, 0, 800, 0);
		struct rate_verdict verdict;
		char text[256];

		assert_int_equal(rate_judge_line(&line, 1e5, 0.02, &verdict), 0);
		assert_int_equal(verdict.name, cases[i].name);
		assert_true(rate_verdict_text(&verdict, text, sizeof(text)) < 256);
		if (!strstr(text, cases[i].says) || !strstr(text, "from 800 blocks"))
			fail_msg("%s", text);
	}
}

static void rates_that_cannot_be_told(void **state)
{
	struct rate_verdict verdict;
	char text[64];

	(void)state;
	assert_int_equal(rate_judge(1.33e5, 5e3, 1e5, 0.02, &verdict), 0);
	assert_int_equal(verdict.name, RATE_UNCERTAIN);
	assert_true(rate_verdict_text(&verdict, text, sizeof(text)) > 64);
	assert_int_equal(strlen(text), 63);
	assert_int_equal(rate_judge(0, 1, 1e5, 0.02, &verdict), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(rate_judge(1e5, NAN, 1e5, 0.02, &verdict), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(rate_judge(1e5, 1, 1e5, 0.5, &verdict), ANALYSIS_BAD_ARGUMENT);
}

/* Edges stamped by the host, 20 us late on average with 8 us of jitter. */
static void host_edges_in_samples(void **state)
{
	struct delivery d = {.rate_hz = 1.003e5, .block = 250, .mean_ns = 4e5, .t0_ns = 123456789};
	struct clock_line line = line_of(&d, 0, 2000, 0);
	struct host_edge_timing timing = {
		.latency_ns = 20000, .u_latency_ns = 3000, .jitter_ns = 8000};
	int outside = 0;

	(void)state;
	for (int i = 0; i < 500; i++) {
		double position = uniform() * 5e5, at_ns = position / d.rate_hz * 1e9;
		double late_ns = 20000 + 8000 * sqrt(3) * (2 * uniform() - 1);
		struct host_edge edge = {d.t0_ns + llround(at_ns + late_ns), 1, i % 2};
		struct marker_event event;

		assert_int_equal(host_edge_map(&line, &edge, &timing, &event), 0);
		assert_true(event.line == 1 && event.rising == (i % 2));
		assert_true(event.u_samples > 0.85 && event.u_samples < 20);
		outside += fabs(event.position_samples - position) > 2 * event.u_samples;
	}
	assert_true(outside <= 25);
	/* over a distance offset and latency cancel */
	assert_true(fabs(host_edges_u_distance(&line, &timing, 0) - sqrt(2) * 0.8 * 1.003) < 1e-3);
	assert_true(host_edges_u_distance(&line, &timing, 1e6) >
		    host_edges_u_distance(&line, &timing, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_without_delays),
		cmocka_unit_test(late_delivery_does_not_move_the_line),
		cmocka_unit_test(a_bent_clock_fits_in_memory),
		cmocka_unit_test(map_refuses),
		cmocka_unit_test(counter_of_32_bits),
		cmocka_unit_test(counter_of_6_bits),
		cmocka_unit_test(lateness_finds_what_counters_hide),
		cmocka_unit_test(rates_by_name),
		cmocka_unit_test(rates_that_cannot_be_told),
		cmocka_unit_test(host_edges_in_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
