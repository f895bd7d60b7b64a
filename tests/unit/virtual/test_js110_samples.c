/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual JS110's stream: words and frames, accounting, values against the truth, ranging and
 * its artefacts, markers, faults, a host that does not read.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/virtual/test_js110.h"

#define MS_PS 1000000000ll

/* Samples to replace after a switch, [to][from]: the default matrix "N" of the sheet. */
static const uint8_t window_n[8][8] = {
	{0, 5, 7, 7, 7, 7, 7, 8}, {3, 0, 7, 7, 7, 7, 7, 8}, {5, 5, 0, 7, 7, 7, 7, 8},
	{5, 5, 5, 0, 7, 7, 7, 8}, {5, 5, 5, 5, 0, 7, 7, 8}, {5, 5, 5, 5, 5, 0, 7, 8},
	{5, 5, 5, 5, 5, 5, 0, 8}, {0, 0, 0, 0, 0, 0, 0, 0},
};

/* The sheet's word, by the sheet's calibration: checks this test's own decoder. */
static void test_word_vector(void **state)
{
	struct host_sample sample = host_word(0x5DC07D00, 0);
	struct host host = {.samples = &sample};

	(void)state;
	host.i_offset[0] = -2806.7177734375;
	host.i_gain[0] = 6.828914629295468e-4;
	host.v_offset[0] = -1150.5926513671875;
	host.v_gain[0] = 9.468112839385867e-4;
	assert_int_equal(sample.range, 0);
	assert_int_equal(sample.current_adc, 8000);
	assert_int_equal(sample.voltage_adc, 6000);
	assert_false(sample.missing);
	assert_true(fabs(host_current_a(&host, 0) - 3.546448) < 1e-6);
	assert_true(fabs(host_voltage_v(&host, 0) - 4.591474) < 1e-6);
	assert_true(fabs(host_current_a(&host, 0) * host_voltage_v(&host, 0) - 16.283423) < 1e-5);
}

/* More than 65536 frames: the index wraps, nothing is lost, the sync bit alternates. */
static void test_nothing_lost_over_the_wrap(void **state)
{
	struct host host;
	size_t frames = 0;
	bool sync = false;
	int64_t start_ps;
	uint64_t expected = 0;

	(void)state;
	host_new(&host, 3);
	host_start(&host, 0x80, 0);
	start_ps = host.now_ps;
	while (frames < 66000) {
		host_clear(&host);
		host_run(&host, 100 * MS_PS, 5e-3, 3, 0);
		frames += host.frames;
		for (size_t k = 0; k < host.count; k++, sync = !sync)
			if (host.samples[k].sync != sync || host.samples[k].missing)
				fail();
	}
	assert_int_equal(host.lost_frames, 0);
	assert_int_equal(host.next_index, frames & 0xffff);
	/* All that time has given, but for the frame under way. */
	expected = (uint64_t)((double)(host.now_ps - start_ps) /
			      ((double)vjs110_sample_end_ps(host.meter, 999999) / 1e6));
	assert_in_range(expected, frames * 126 - 1, frames * 126 + 126);
	host_free(&host);
}

static void test_values_within_seeded_errors(void **state)
{
	static const struct {
		double current_a;
		unsigned range;
	} points[] = {{5, 0},    {1, 1},      {0.1, 2},   {10e-3, 3},
		      {1e-3, 4}, {100e-6, 5}, {10e-6, 6}, {-2e-6, 6}};
	struct host host;
	double seen[2][8];

	(void)state;
	for (int seed = 0; seed < 2; seed++) {
		host_new(&host, (uint64_t)seed);
		host_start(&host, 0x80, seed ? 2 : 0);
		for (int p = 0; p < 8; p++) {
			double sum_a = 0, sum_v = 0, error_a, error_v;

			host_run(&host, MS_PS, points[p].current_a, 3.3, 0);
			host_clear(&host);
			host_run(&host, 10 * MS_PS, points[p].current_a, 3.3, 0);
			for (size_t k = 200; k < host.count; k++) {
				assert_int_equal(host.samples[k].range, points[p].range);
				assert_int_equal(host.samples[k].voltage_range, seed);
				sum_a += host_current_a(&host, k);
				sum_v += host_voltage_v(&host, k);
			}
			error_a = sum_a / (double)(host.count - 200) - points[p].current_a;
			error_v = sum_v / (double)(host.count - 200) - 3.3;
			if (seed == 0)
				print_message("%.3g A: %+.4f %%, %+.1f mV\n", points[p].current_a,
					      100 * error_a / points[p].current_a, 1e3 * error_v);
			/* Bounded normal draws (4.9 sd): gain sd 0.05 %, offset sd 0.3 counts. */
			assert_true(fabs(error_a) < 4.9 * 0.0005 * fabs(points[p].current_a) +
							    1.6 * host.i_gain[points[p].range]);
			assert_true(fabs(error_v) < 4.9 * 0.0005 * 3.3 + 1.6 * host.v_gain[seed]);
			assert_true(error_a != 0);
			seen[seed][p] = error_a;
		}
		host_free(&host);
	}
	for (int p = 0; p < 8; p++)
		assert_true(seen[0][p] != seen[1][p]);
}

/* A square wave through three ranges. Outside of the windows samples are good; inside, many are
 * not. */
static void test_range_switch_artefacts(void **state)
{
	static const double levels_a[] = {5e-6, 1e-3, 0.1, 12e-3};
	struct host host;
	unsigned before, left_n = 0, left_m = 0, switches = 0, bad = 0, good_in_n = 0;
	uint64_t at = 0;

	(void)state;
	host_new(&host, 5);
	host_start(&host, 0x80, 0);
	host_run(&host, MS_PS, levels_a[3], 3, 0);
	host_clear(&host);
	for (int i = 0; i < 400; i++)
		host_run(&host, 50000000, levels_a[i % 4], 3, 0); /* 100 samples each */
	before = host.samples[0].range;
	for (size_t k = 0; k < host.count; k++) {
		const struct host_sample *s = &host.samples[k];
		double a = host_current_a(&host, k), nearest = 1e9;

		if (s->range != before) {
			left_n = window_n[s->range][before];
			left_m = window_m[s->range][before];
			switches++;
		}
		before = s->range;
		/* Level and mixtures of two at the sample of the step: by the range's noise. */
		for (int l = 0; l < 4; l++)
			nearest = fmin(nearest, fabs(a - levels_a[l]));
		if (left_m)
			bad += nearest > 0.03 * levels_a[0] + 50 * host.i_gain[s->range];
		else if (left_n)
			good_in_n++;
		else if (nearest > 0.003 * fabs(a) + 8 * host.i_gain[s->range])
			at++; /* a step within a sample */
		left_n -= left_n > 0;
		left_m -= left_m > 0;
	}
	print_message("%u switches, %u disturbed samples, %u mixed\n", switches, bad, (unsigned)at);
	assert_true(switches > 300);
	assert_true(bad > switches);
	assert_true(good_in_n > switches / 4);
	assert_true(at <= 400); /* at most one per step */
	host_free(&host);
}

static void test_ranging(void **state)
{
	struct host host;
	unsigned changes = 0;

	(void)state;
	host_new(&host, 5);
	host_start(&host, 0x80, 0);
	host_run(&host, MS_PS, 0.17, 3, 0);
	host_run(&host, MS_PS, 0.185, 3, 0);
	host_clear(&host);
	for (int i = 0; i < 1000; i++)
		host_run(&host, 5000000, i % 2 ? 0.185 : 0.17, 3, 0);
	for (size_t k = 200; k < host.count; k++)
		changes += host.samples[k].range != host.samples[k - 1].range;
	assert_int_equal(changes, 0);
	assert_int_equal(host.samples[300].range, 1);
	/* Fixed: clips at the converter's top; negative: at 0. */
	assert_int_equal(host_settings(&host, 1, 0x08, 0xc0, 0, 3), 0);
	host_run(&host, MS_PS, 0.1, 3, 0);
	host_clear(&host);
	host_run(&host, MS_PS, 0.1, 3, 0);
	assert_int_equal(host.samples[500].range, 3);
	assert_int_equal(host.samples[500].current_adc, 16383);
	host_run(&host, MS_PS, -0.1, 3, 0);
	assert_int_equal(host.samples[host.count - 1].current_adc, 0);
	/* Off. */
	assert_int_equal(host_settings(&host, 1, 0, 0xc0, 0, 3), 0);
	host_clear(&host);
	host_run(&host, 2 * MS_PS, 0.1, 3, 0);
	assert_int_equal(host.samples[host.count - 1].range, 7);
	host_free(&host);
}

/* GPI 0 in the current's lowest bit and GPI 1 in the voltage's; the values keep 13 bits. */
static void test_markers(void **state)
{
	struct host host;
	size_t high = 0, edges = 0;
	double sum_a = 0;

	(void)state;
	host_new(&host, 5);
	host_start(&host, 0x04, 0);
	assert_int_equal(host_extio(&host, 2, 3, 3300), 0);
	host_run(&host, MS_PS, 0.1, 3, 0);
	host_clear(&host);
	for (int i = 0; i < 200; i++)
		host_run(&host, 100000000, 0.1, 3, i % 4 == 3 ? 1 : 2);
	for (size_t k = 1; k < host.count; k++) {
		unsigned gpi0 = host.samples[k].current_adc & 1;
		unsigned gpi1 = host.samples[k].voltage_adc & 1;

		high += gpi0;
		edges += gpi0 != (host.samples[k - 1].current_adc & 1);
		if (k > 200)
			assert_int_equal(gpi0 + gpi1, 1);
		sum_a += host_current_a(&host, k);
	}
	assert_int_equal(edges, 50 + 49);
	assert_true(fabs((double)high / (double)host.count - 0.25) < 0.003);
	assert_true(fabs(sum_a / (double)host.count - 0.1) < 0.1 * 0.0025 + 2 * host.i_gain[2]);
	host_free(&host);
}

static void test_faults(void **state)
{
	struct host host;
	unsigned missing = 0, stuck = 0, top = 0;
	uint8_t status[128];

	(void)state;
	host_new(&host, 6);
	host_start(&host, 0x80, 0);
	vjs110_lose_samples(host.meter, 1000);
	host_run(&host, 2 * MS_PS, 0.1, 3, 0);
	for (size_t k = 0; k < host.count; k++)
		missing += host.samples[k].missing;
	assert_int_equal(missing, 1000);
	assert_int_equal(host.lost_frames, 0);
	vjs110_lose_frames(host.meter, 5);
	host_run(&host, 2 * MS_PS, 0.1, 3, 0);
	assert_int_equal(host.lost_frames, 5);
	host_status(&host, status);
	assert_int_equal(host_le(status + 12, 4), host.frames + 5);
	assert_int_equal(host_le(status + 16, 4), 0);
	host_clear(&host);
	vjs110_stick_range(host.meter, 3, 2000);
	host_run(&host, 2 * MS_PS, 0.1, 3, 0);
	for (size_t k = 0; k < host.count; k++)
		stuck += host.samples[k].range == 3 && host.samples[k].current_adc == 16383;
	assert_in_range(stuck, 1990, 2000); /* but for an artefact's samples */
	host_clear(&host);
	vjs110_saturate(host.meter, 100);
	host_run(&host, 2 * MS_PS, 0.1, 3, 0);
	for (size_t k = 0; k < host.count; k++)
		top += host.samples[k].range == 0 && host.samples[k].current_adc == 16383;
	assert_in_range(top, 95, 100);
	assert_int_equal(host.samples[host.count - 1].range, 2);
	host_free(&host);
}

static void test_marker_faults(void **state)
{
	struct host host;
	unsigned high = 0;

	(void)state;
	host_new(&host, 6);
	host_start(&host, 0x80, 0);
	assert_int_equal(host_extio(&host, 2, 0, 3300), 0);
	host_clear(&host);
	vjs110_disturb_marker(host.meter, 0, PPK2_MARKER_INVERT, 100);
	host_run(&host, MS_PS, 0, 3, 0);
	for (size_t k = 0; k < host.count; k++)
		high += host.samples[k].current_adc & 1;
	assert_in_range(high, 100, 100 + 126); /* the frame under way may hold old samples */
	host_free(&host);
}

/* The queue is bounded; index and status both tell how many were discarded. */
static void test_host_that_does_not_read(void **state)
{
	struct host host;
	uint8_t status[128];
	uint32_t discarded;

	(void)state;
	host_new(&host, 6);
	host_start(&host, 0x80, 0);
	for (int ms = 0; ms < 400; ms++) {
		vjs110_feed(host.meter, host.now_ps, host.now_ps + MS_PS, 1e-3, 3, 0);
		host.now_ps += MS_PS;
	}
	assert_int_equal(vjs110_pending_frames(host.meter), VJS110_QUEUE_FRAMES);
	host_status(&host, status);
	discarded = (uint32_t)host_le(status + 16, 4);
	assert_true(discarded > 2000);
	host_pull(&host);
	assert_int_equal(host.frames, VJS110_QUEUE_FRAMES);
	assert_int_equal(host.lost_frames, 0);
	host_run(&host, MS_PS, 1e-3, 3, 0);
	assert_int_equal(host.lost_frames, discarded);
	host_free(&host);
}

/* A frame tells one voltage range: the samples of another one in it are missing. */
static void test_voltage_range_change(void **state)
{
	struct host host;
	unsigned missing = 0, ranges[2] = {0, 0};

	(void)state;
	host_new(&host, 6);
	host_start(&host, 0x80, 0);
	assert_int_equal(host_settings(&host, 1, 0x80, 0xc0, 2, 3), 0);
	host_run(&host, MS_PS, 0, 3, 0);
	for (size_t k = 0; k < host.count; k++) {
		missing += host.samples[k].missing;
		ranges[host.samples[k].voltage_range]++;
	}
	assert_in_range(missing, 1, 125);
	assert_true(ranges[0] > 10000 && ranges[1] > 1000);
	assert_true(fabs(host_voltage_v(&host, host.count - 1) - 3) < 0.01);
	host_free(&host);
}

static void test_same_seed_same_words(void **state)
{
	struct host a, b, other;
	unsigned differences = 0;

	(void)state;
	host_new(&a, 9);
	host_new(&b, 9);
	host_new(&other, 10);
	host_start(&a, 0x80, 0);
	host_start(&b, 0x80, 0);
	host_start(&other, 0x80, 0);
	host_run(&a, 5 * MS_PS, 1e-3, 3, 1);
	host_run(&b, 5 * MS_PS, 1e-3, 3, 1);
	host_run(&other, 5 * MS_PS, 1e-3, 3, 1);
	assert_int_equal(a.count, b.count);
	for (size_t k = 0; k < a.count; k++) {
		assert_int_equal(a.samples[k].current_adc, b.samples[k].current_adc);
		assert_int_equal(a.samples[k].voltage_adc, b.samples[k].voltage_adc);
		if (k < other.count)
			differences += a.samples[k].current_adc != other.samples[k].current_adc;
	}
	assert_true(differences > a.count / 2);
	host_free(&a);
	host_free(&b);
	host_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_word_vector),
		cmocka_unit_test(test_nothing_lost_over_the_wrap),
		cmocka_unit_test(test_values_within_seeded_errors),
		cmocka_unit_test(test_range_switch_artefacts),
		cmocka_unit_test(test_ranging),
		cmocka_unit_test(test_markers),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_marker_faults),
		cmocka_unit_test(test_host_that_does_not_read),
		cmocka_unit_test(test_voltage_range_change),
		cmocka_unit_test(test_same_seed_same_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
