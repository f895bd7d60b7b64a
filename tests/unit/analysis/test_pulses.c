/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pulse markers, the meter's own integral against the stream's, pooled clock ratios.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "analysis/trace/clock.h"
#include "analysis/trace/integral.h"
#include "analysis/trace/pulses.h"

static double positions[16];
static size_t position_count;

static void take_pulse(void *user, double position_samples, double hold_samples)
{
	(void)user;
	assert_true(hold_samples > 0 && position_count < 16);
	positions[position_count++] = position_samples;
}

static void take_edge(void *user, const struct marker_event *event)
{
	pulses_add(user, event);
}

/* '1' and '0' per sample; the line rests high, pulses are low. */
static struct pulse_check check_of(const char *levels, uint64_t expected)
{
	struct pulse_settings settings = {.hold_min_samples = 2,
					  .hold_max_samples = 6,
					  .distance_min_samples = 5,
					  .pulse = take_pulse};
	struct pulses pulses;
	struct marker_stream_settings markers = {
		.line_count = 1, .min_pulse_samples = 1, .edge = take_edge, .user = &pulses};
	struct marker_stream stream;
	uint8_t logic[128];
	size_t count = strlen(levels);

	position_count = 0;
	for (size_t i = 0; i < count; i++)
		logic[i] = levels[i] == '1';
	assert_int_equal(pulses_init(&pulses, &settings), 0);
	assert_int_equal(marker_stream_init(&stream, &markers), 0);
	assert_int_equal(marker_stream_add(&stream, logic, 0, count), 0);
	marker_stream_finish(&stream);
	return pulses_check(&pulses, expected);
}

static void pulses_and_what_is_wrong_with_them(void **state)
{
	static const struct {
		const char *levels;
		int missing;
		uint64_t strays, longs, bounces;
		bool rests, ok;
	} cases[] = {
		{"11100011111000111", 0, 0, 0, 0, true, true},
		{"11100011111111111", 1, 0, 0, 0, true, false}, /* one within a sample: unseen */
		{"11100011111011111", 1, 1, 0, 0, true, false}, /* too short: a stray */
		{"11100011110111000111", 0, 1, 0, 0, true, true},
		{"111000111110000000011", 0, 0, 1, 0, true, false},    /* held too long */
		{"111001001111110001111", 0, 0, 0, 1, true, true},     /* the first bounces */
		{"11100011111000111110000", 0, 0, 0, 0, false, false}, /* stuck at the end */
		{"111000111110001111000111", -1, 0, 0, 0, true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pulse_check check = check_of(cases[i].levels, 2);

		if (check.missing != cases[i].missing || check.strays != cases[i].strays ||
		    check.longs != cases[i].longs || check.bounces != cases[i].bounces ||
		    check.rests != cases[i].rests || check.ok != cases[i].ok)
			fail_msg("%s: missing %d, strays %d, longs %d, bounces %d", cases[i].levels,
				 (int)check.missing, (int)check.strays, (int)check.longs,
				 (int)check.bounces);
		assert_true(positions[0] == 3);
	}
}

static void integrals_compared(void **state)
{
	struct integral meter = {1.0, 1e-4, 1}, stream = {0.9999, 2e-4, 1};
	struct integral_comparison found;

	(void)state;
	assert_int_equal(integral_compare(&meter, &stream, &found), 0);
	assert_true(found.agree && fabs(found.difference - 1e-4) < 1e-15);
	assert_true(fabs(found.normalised - 1e-4 / hypot(1e-4, 2e-4)) < 1e-9);
	stream.value = 0.99; /* 1 % lost: explained by what is missing, but no agreement */
	stream.coverage = 0.99;
	assert_int_equal(integral_compare(&meter, &stream, &found), 0);
	assert_true(!found.agree && found.agree_with_lost);
	assert_true(fabs(found.lost_value - 0.01) < 1e-15);
	stream.coverage = 1; /* nothing lost: something is wrong */
	assert_int_equal(integral_compare(&meter, &stream, &found), 0);
	assert_true(!found.agree && !found.agree_with_lost);
	stream.coverage = 0;
	assert_int_equal(integral_compare(&meter, &stream, &found), ANALYSIS_BAD_ARGUMENT);
	stream = (struct integral){1, -1, 1};
	assert_int_equal(integral_compare(&meter, &stream, &found), ANALYSIS_BAD_UNCERTAINTY);
}

static uint64_t seed = 21;

static double gauss(void)
{
	double sum = 0;

	for (int i = 0; i < 12; i++) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		sum += (double)(seed >> 11) * 0x1p-53;
	}
	return sum - 6;
}

/* Windows of one board over an hour, one ppm of scatter, with and without 50 ppm/h of drift. */
static void pooled_ratio_and_drift(void **state)
{
	(void)state;
	for (int drifting = 0; drifting < 2; drifting++) {
		int mean_outside = 0, drift_outside = 0, called = 0;

		for (int round = 0; round < 200; round++) {
			double true_drift = drifting ? 50e-6 / 3600 : 0, middle_s = 1800;
			struct clock_pool pool;
			struct clock_drift drift;
			struct clock_ratio at_end;

			clock_pool_init(&pool);
			for (int i = 0; i < 40; i++) {
				double at_s = i * 3600 / 39.0, u = i % 2 ? 1e-6 : 2e-6;
				double rel = true_drift * (at_s - middle_s) + u * gauss();
				struct clock_ratio ratio = {1200.0 * (1 + rel), 1200.0 * u};

				assert_int_equal(clock_pool_add(&pool, &ratio, at_s), 0);
			}
			assert_int_equal(clock_pool_fit(&pool, &drift), 0);
			mean_outside += fabs(drift.ratio.cycles_per_sample / 1200 - 1 -
					     true_drift * (drift.at_s - middle_s)) >
					2 * drift.ratio.u_cycles_per_sample / 1200;
			drift_outside += fabs(drift.drift_rel_per_s - true_drift) >
					 2 * drift.u_drift_rel_per_s;
			called += drift.drifts;
			at_end = clock_drift_at(&drift, 3600);
			if (drifting) {
				assert_true(drift.birge_ratio > 5);
				assert_true(fabs(at_end.cycles_per_sample / 1200 - 1 - 25e-6) <
					    3e-6);
			}
		}
		assert_true(mean_outside <= 20 && drift_outside <= 20);
		assert_true(drifting ? called == 200 : called <= 6);
	}
}

static void pool_of_few(void **state)
{
	struct clock_pool pool;
	struct clock_drift drift;
	struct clock_ratio ratio = {100, 0.1}, bad = {100, 0};
	struct clock_frequency f;

	(void)state;
	clock_pool_init(&pool);
	assert_int_equal(clock_pool_fit(&pool, &drift), ANALYSIS_TOO_FEW_POINTS);
	assert_int_equal(clock_pool_add(&pool, &bad, 0), ANALYSIS_BAD_UNCERTAINTY);
	assert_int_equal(clock_pool_add(&pool, &ratio, NAN), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(clock_pool_add(&pool, &ratio, 5), 0);
	assert_int_equal(clock_pool_fit(&pool, &drift), 0);
	assert_true(drift.ratio.cycles_per_sample == 100 && !drift.drifts);
	assert_true(fabs(drift.ratio.u_cycles_per_sample - 0.1) < 1e-12);
	f = clock_dut_frequency(&drift.ratio, 1e5, 100);
	assert_true(f.hz == 1e7 && fabs(f.u_hz / f.hz - hypot(1e-3, 1e-3)) < 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pulses_and_what_is_wrong_with_them),
		cmocka_unit_test(integrals_compared),
		cmocka_unit_test(pooled_ratio_and_drift),
		cmocka_unit_test(pool_of_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
