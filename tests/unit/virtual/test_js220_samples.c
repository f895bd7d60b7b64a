/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual JS220's samples: accounting, wrap of the 32-bit counter, values against the truth,
 * ranging, markers, decimation.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/virtual/test_js220.h"

#define MS_PS 1000000000ll

static const char *const all_streams[] = {
	"s/adc/0/ctrl", "s/adc/1/ctrl", "s/i/range/ctrl", "s/i/ctrl",     "s/v/ctrl",
	"s/p/ctrl",     "s/gpi/0/ctrl", "s/gpi/3/ctrl",   "s/gpi/7/ctrl", NULL,
};

/* Over the wrap of sample_id: every port delivers every sample once; frames are full. */
static void test_nothing_lost_over_the_wrap(void **state)
{
	static const struct {
		unsigned port, per_tick_div;
	} ports[] = {{16, 1}, {17, 1}, {20, 1}, {21, 2}, {22, 2},
		     {23, 2}, {24, 1}, {27, 1}, {28, 1}};
	const uint64_t ticks = 40320 * 4; /* whole frames of every port */
	struct host host;
	uint64_t done = 0;

	(void)state;
	host_new(&host, 3);
	vjs220_set_counter(host.meter, 0xffffffffull - 80000 + 1);
	host_start(&host, all_streams);
	host_run_ticks(&host, &done, ticks, 2e-3, 3.0, 0x01);
	assert_int_equal(host.lost_frames, 0);
	for (size_t k = 0; k < sizeof(ports) / sizeof(ports[0]); k++) {
		const struct host_series *s = &host.series[ports[k].port];

		assert_int_equal(s->count, ticks / ports[k].per_tick_div);
		assert_int_equal(s->gaps, 0);
		assert_int_equal(s->first_id, 0xffffffffu - 80000 + 1);
		assert_int_equal(s->next_id, (uint32_t)(s->first_id + ticks));
	}
	assert_int_equal(host.series[21].frames, ticks / 2 / 126);
	assert_int_equal(host.series[24].frames, ticks / 4032);
	/* Power is the product of the floats beside it, and the float is the mean of two raws. */
	for (size_t i = 0; i < ticks / 2; i += 37) {
		double product = (double)host_float(&host, 21, i) * host_float(&host, 22, i);

		assert_true(fabs(host_float(&host, 23, i) - product) < 1e-9);
	}
	assert_true(host.series[24].raw[5] == 1 && host.series[27].raw[5] == 0);
	host_free(&host);
}

/* A stream that is switched off sends its last samples; a new one starts anew, on an even id. */
static void test_stop_flushes(void **state)
{
	struct host host;
	uint64_t done = 0;

	(void)state;
	host_new(&host, 3);
	host_start(&host, current_only);
	host_run_ticks(&host, &done, 1000, 2e-3, 3.0, 0);
	assert_int_equal(host_set(&host, "s/i/ctrl", 0), 0);
	assert_int_equal(host.series[21].count, 500);
	host_run_ticks(&host, &done, 1001, 2e-3, 3.0, 0);
	assert_int_equal(host.series[21].count, 500);
	host_clear_series(&host);
	assert_int_equal(host_set(&host, "s/i/ctrl", 1), 0);
	host_run_ticks(&host, &done, 2 * 126 + 1, 2e-3, 3.0, 0);
	assert_int_equal(host.series[21].count, 126);
	assert_int_equal(host.series[21].first_id, 2002);
	host_free(&host);
}

/* Mean readings against the truth, by range, and bounds of 4.9 sd of gain and offset. */
static void test_values_within_seeded_errors(void **state)
{
	static const struct {
		double current_a, full_a;
		unsigned range;
	} points[] = {{3, 10, 0},        {0.1, 0.18, 1},      {-10e-3, 18e-3, 2},
		      {1e-3, 1.8e-3, 3}, {100e-6, 180e-6, 4}, {12e-6, 18e-6, 5}};
	struct host host;
	double seen[2][6];

	(void)state;
	for (int seed = 0; seed < 2; seed++) {
		static const char *const streams[] = {"s/i/ctrl", "s/v/ctrl", "s/i/range/ctrl",
						      NULL};
		host_new(&host, (uint64_t)seed);
		host_start(&host, streams);
		for (int p = 0; p < 6; p++) {
			double lsb_a = points[p].full_a * 1.2 / 32767, error_a, error_v;

			host_run(&host, MS_PS, points[p].current_a, 3.3, 0);
			host_clear_series(&host);
			host_run(&host, 10 * MS_PS, points[p].current_a, 3.3, 0);
			assert_int_equal(host.series[20].raw[host.series[20].count / 2],
					 points[p].range);
			error_a = host_mean(&host, 21, 200) - points[p].current_a;
			error_v = host_mean(&host, 22, 200) - 3.3;
			if (seed == 0)
				print_message("%.3g A: %+.4f %%, %+.1f mV\n", points[p].current_a,
					      100 * error_a / points[p].current_a, 1e3 * error_v);
			assert_true(fabs(error_a) <
				    4.9 * 0.0004 * fabs(points[p].current_a) + 2.5 * lsb_a);
			assert_true(fabs(error_v) < 4.9 * 0.0004 * 3.3 + 2.5 * 15 * 1.2 / 32767);
			assert_true(error_a != 0);
			seen[seed][p] = error_a;
		}
		host_free(&host);
	}
	for (int p = 0; p < 6; p++)
		assert_true(seen[0][p] != seen[1][p]);
}

/* One slice may hold many ticks or a part of one: the charge is the same. */
static void test_slices_of_any_length(void **state)
{
	struct host a, b;
	int64_t at_ps = 0, end_ps = 5 * MS_PS;
	unsigned step = 1;

	(void)state;
	host_new(&a, 8);
	host_new(&b, 8);
	host_start(&a, current_only);
	host_start(&b, current_only);
	host_run(&a, end_ps, 5e-3, 3, 0);
	while (at_ps < end_ps) {
		int64_t slice_ps = 1000 + (step = step * 1103515245u + 12345u) % 3000000;

		slice_ps = slice_ps < end_ps - at_ps ? slice_ps : end_ps - at_ps;
		vjs220_feed(b.meter, at_ps, at_ps + slice_ps, 5e-3, 3, 0);
		at_ps += slice_ps;
		host_pull(&b);
	}
	assert_true(a.series[21].count > 4500);
	assert_int_equal(a.series[21].count, b.series[21].count);
	assert_memory_equal(a.series[21].raw, b.series[21].raw, a.series[21].count * 4);
	host_free(&a);
	host_free(&b);
}

/* A pulse shorter than a sample keeps its charge; the mean of a tick is a mean over its time. */
static void test_short_pulse_keeps_its_charge(void **state)
{
	struct host host;
	double sum_a = 0;

	(void)state;
	host_new(&host, 8);
	assert_int_equal(host_set(&host, "s/i/range/mode", 5), 0); /* manual, 10 A */
	assert_int_equal(host_set(&host, "s/i/ctrl", 1), 0);
	for (int i = 0; i < 4000; i++) { /* 100 ns of 4 A every 10 us: 40 mA */
		host_run(&host, 9900000, 0, 3, 0);
		host_run(&host, 100000, 4, 3, 0);
	}
	for (size_t k = 0; k < host.series[21].count; k++)
		sum_a += host_float(&host, 21, k);
	sum_a /= (double)host.series[21].count;
	/* Offset 0.5 LSB sd of 0.37 mA, bounded by 4.9. */
	assert_true(fabs(sum_a - 0.04) < 0.04 * 0.002 + 2.5 * 0.37e-3);
	host_free(&host);
}

/* Time without streams keeps what the tick under way has seen, and only that. */
static void test_stream_begins_within_a_tick(void **state)
{
	struct host host;

	(void)state;
	host_new(&host, 8);
	assert_int_equal(host_set(&host, "s/i/range/mode", 5), 0); /* manual, 10 A */
	host_run(&host, 3 * TICK_PS / 10, 5, 3, 0);
	host_run(&host, 102 * TICK_PS / 10, 2, 3, 0);
	assert_int_equal(host_set(&host, "s/i/ctrl", 1), 0);
	host_run(&host, MS_PS, 0, 3, 0);
	/* Half of tick 10 at 2 A, half of it and tick 11 at 0. */
	assert_int_equal(host.series[21].first_id, 10);
	assert_true(fabs(host_float(&host, 21, 0) - 0.5) < 0.01);
	assert_true(fabs(host_float(&host, 21, 1)) < 0.01);
	host_free(&host);
}

static void test_ranging(void **state)
{
	struct host host;
	static const char *const streams[] = {"s/i/range/ctrl", "s/i/ctrl", NULL};
	const struct host_series *range = &host.series[20];
	uint64_t done = 0;
	unsigned changes = 0;

	(void)state;
	host_new(&host, 2);
	assert_false(vjs220_conducts(host.meter)); /* off after CONNECT with defaults */
	host_start(&host, streams);
	assert_true(vjs220_conducts(host.meter));
	host_run_ticks(&host, &done, 100, 10e-6, 3, 0);
	assert_true(vjs220_series_ohm(host.meter) > 1000);
	host_run_ticks(&host, &done, 908, 0.1, 3, 0); /* up at once, within a sample */
	assert_int_equal(range->count, 1008);
	assert_int_equal(range->raw[99], 5);
	assert_int_equal(range->raw[100], 1);
	assert_true(fabs(host_float(&host, 21, 50) - 0.1) < 1e-3);
	host_clear_series(&host);
	for (int i = 0; i < 2016 / 8; i++) /* around the switch point: it stays */
		host_run_ticks(&host, &done, 8, i % 2 ? 0.185 : 0.17, 3, 0);
	for (size_t k = 1; k < range->count; k++)
		changes += range->raw[k] != range->raw[k - 1];
	assert_int_equal(changes, 1); /* up, once */
	/* Limits of auto. */
	assert_int_equal(host_set(&host, "s/i/range/max", 3), 0);
	host_clear_series(&host);
	host_run_ticks(&host, &done, 2016, 1e-6, 3, 0);
	assert_int_equal(range->raw[range->count - 1], 3);
	/* Manual and its clipping. */
	assert_int_equal(host_set(&host, "s/i/range/select", 0x84), 0);
	assert_int_equal(host_set(&host, "s/i/range/mode", 5), 0);
	host_clear_series(&host);
	host_run_ticks(&host, &done, 2016, 0.1, 3, 0);
	assert_int_equal(range->raw[range->count - 1], 2);
	assert_true(fabs(host_float(&host, 21, 500) - 18e-3 * 1.2) < 1e-5);
	/* Off. */
	assert_int_equal(host_set(&host, "s/i/range/mode", 0), 0);
	host_clear_series(&host);
	host_run_ticks(&host, &done, 2016, 0.1, 3, 0);
	assert_int_equal(range->raw[range->count - 1], 7);
	assert_true(fabs(host_float(&host, 21, 500)) < 2e-6 * 10);
	host_free(&host);
}

/* A marker edge shows at the tick whose end it precedes, on a line that counts ticks. */
static void test_marker_edges(void **state)
{
	struct host host;
	const char *const streams[] = {"s/gpi/0/ctrl", "s/gpi/1/ctrl", NULL};
	uint64_t done = 0;

	(void)state;
	host_new(&host, 4);
	host_start(&host, streams);
	host_run_ticks(&host, &done, 1000, 0, 3, 0);
	host_run(&host, 200000, 0, 3, 1); /* rises inside tick 1000, falls again: not at its end */
	host_run_ticks(&host, &done, 1, 0, 3, 0);
	host_run_ticks(&host, &done, 3000, 0, 3, 2);
	host_run_ticks(&host, &done, 4032 * 2 - 4001, 0, 3, 1);
	assert_int_equal(host.series[24].count, 4032 * 2);
	for (size_t k = 0; k < 4032 * 2; k++) {
		assert_int_equal(host.series[24].raw[k], k >= 4001);
		assert_int_equal(host.series[25].raw[k], k >= 1001 && k < 4001);
	}
	host_free(&host);
}

/* Decimation in the instrument: ids step by 2 N, values are means of N. */
static void test_decimation(void **state)
{
	struct host a, b;
	uint64_t done_a = 0, done_b = 0;
	const char *const streams[] = {"s/i/ctrl", "s/gpi/0/ctrl", NULL};

	(void)state;
	host_new(&a, 6);
	host_new(&b, 6);
	host_start(&a, streams);
	assert_int_equal(host_set(&b, "s/dwnN/N", 100), 0);
	assert_int_equal(host_set(&b, "s/gpi/+/dwnN/N", 200), 0);
	b.step[21] = b.step[24] = 200;
	host_start(&b, streams);
	for (int i = 0; i < 126; i++) {
		host_run_ticks(&a, &done_a, 200, 1e-3 * (1 + i % 7), 3, i % 3 == 0);
		host_run_ticks(&b, &done_b, 200, 1e-3 * (1 + i % 7), 3, i % 3 == 0);
	}
	host_set(&b, "s/gpi/0/ctrl", 0);
	assert_int_equal(b.series[21].count, 126);
	assert_int_equal(b.series[21].gaps, 0);
	assert_int_equal(b.series[21].first_id, 0);
	assert_int_equal(b.series[21].next_id, 126 * 200);
	assert_int_equal(b.series[24].first_id, 0);
	assert_int_equal(b.series[24].count, 120); /* whole bytes */
	for (size_t k = 0; k < 126; k++) {
		double mean = 0;

		for (size_t i = 0; i < 100; i++)
			mean += host_float(&a, 21, k * 100 + i) / 100;
		assert_true(fabs(host_float(&b, 21, k) - mean) < 1e-9);
		if (k < 120)
			assert_int_equal(b.series[24].raw[k], k % 3 == 0);
	}
	host_free(&a);
	host_free(&b);
}

/* Frames of a slow stream leave after 20 ms, short; a lost sample costs its whole mean. */
static void test_slow_streams_do_not_wait(void **state)
{
	struct host host;
	uint64_t done = 0;

	(void)state;
	host_new(&host, 6);
	assert_int_equal(host_set(&host, "s/dwnN/N", 1000), 0); /* 1 ms */
	host.step[21] = 2000;
	host_start(&host, current_only);
	host_run_ticks(&host, &done, 30 * 2000, 1e-3, 3, 0);
	assert_int_equal(host.series[21].frames, 1);
	assert_int_equal(host.series[21].count, 21);
	host_run_ticks(&host, &done, 12 * 2000, 1e-3, 3, 0);
	assert_int_equal(host.series[21].count, 42);
	vjs220_lose_samples(host.meter, 1);
	host_run_ticks(&host, &done, 43 * 2000, 1e-3, 3, 0);
	assert_int_equal(host.series[21].count, 84);
	assert_int_equal(host.series[21].gaps, 1);
	assert_int_equal(host.series[21].next_id, 85 * 2000);
	assert_int_equal(host.lost_frames, 0);
	host_free(&host);
}

static void test_same_seed_same_bytes(void **state)
{
	struct host a, b, other;
	unsigned differences = 0;

	(void)state;
	host_new(&a, 9);
	host_new(&b, 9);
	host_new(&other, 10);
	host_start(&a, all_streams);
	host_start(&b, all_streams);
	host_start(&other, all_streams);
	host_run(&a, 5 * MS_PS, 1e-3, 3, 1);
	host_run(&b, 5 * MS_PS, 1e-3, 3, 1);
	host_run(&other, 5 * MS_PS, 1e-3, 3, 1);
	for (unsigned port = 16; port < PORTS; port++) {
		assert_int_equal(a.series[port].count, b.series[port].count);
		if (a.series[port].count)
			assert_memory_equal(a.series[port].raw, b.series[port].raw,
					    a.series[port].count * 4);
	}
	for (size_t k = 0; k < 4000; k++)
		differences += a.series[21].raw[k] != other.series[21].raw[k];
	assert_true(differences > 2000);
	host_free(&a);
	host_free(&b);
	host_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_lost_over_the_wrap),
		cmocka_unit_test(test_stop_flushes),
		cmocka_unit_test(test_values_within_seeded_errors),
		cmocka_unit_test(test_slices_of_any_length),
		cmocka_unit_test(test_short_pulse_keeps_its_charge),
		cmocka_unit_test(test_stream_begins_within_a_tick),
		cmocka_unit_test(test_ranging),
		cmocka_unit_test(test_marker_edges),
		cmocka_unit_test(test_decimation),
		cmocka_unit_test(test_slow_streams_do_not_wait),
		cmocka_unit_test(test_same_seed_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
