/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Energy samples, falling edges, repeats, clocks and rates against closed forms.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "analysis/trace/energy.h"
#include "analysis/trace/falling.h"
#include "analysis/trace/repeat.h"

enum { COUNT = 20000 };

static float samples[COUNT];

static void assert_close(double value, double expected, double relative)
{
	if (!(fabs(value - expected) <= relative * fabs(expected)))
		fail_msg("%.15g is not %.15g within %g", value, expected, relative);
}

static struct energy_trace trace_of(void)
{
	return (struct energy_trace){samples, COUNT, 1000, 1e-6};
}

static void edges_take_fractions_of_samples(void **state)
{
	struct energy_trace trace = trace_of();
	struct energy_window window;

	(void)state;
	for (int k = 0; k < COUNT; k++)
		samples[k] = (float)k;
	/* [10.25, 12.5): 0.75 * 10 + 11 + 0.5 * 12 = 24.5 uJ in 2.25 ms */
	assert_int_equal(energy_window_integrate(&trace, 0.01025, 0.0125, &window), 0);
	assert_close(window.energy_j, 24.5e-6, 1e-12);
	assert_close(window.duration_s, 2.25e-3, 1e-12);
	assert_close(window.mean_power_w, 24.5e-6 / 2.25e-3, 1e-12);
	/* Within one sample. */
	assert_int_equal(energy_window_integrate(&trace, 0.01025, 0.0105, &window), 0);
	assert_close(window.energy_j, 0.25 * 10e-6, 1e-9);
	/* A decimal time is a whole sample, whatever binary makes of it. */
	assert_int_equal(energy_window_integrate(&trace, 9.464, 19.597, &window), 0);
	assert_close(window.energy_j, 1e-6 * (9464 + 19596) / 2.0 * (19597 - 9464), 1e-13);
}

static void a_part_is_a_tenth(void **state)
{
	struct energy_trace trace = trace_of();
	struct energy_window window;

	(void)state;
	for (int k = 0; k < COUNT; k++)
		samples[k] = k < 4000 ? 125 : 121.25f; /* 125 mW for 4 s, then 3 % less */
	assert_int_equal(energy_window_integrate(&trace, 0, 10, &window), 0);
	assert_close(window.part_power_w[3], 0.125, 1e-12);
	assert_close(window.part_power_w[4], 0.12125, 1e-12);
	assert_close(window.end_drift_rel, -0.03, 1e-9);
	assert_close(window.half_drift_rel, 121.25 * 5 / (125 * 4 + 121.25) - 1, 1e-9);
	assert_true(window.u_scatter_rel > 0.004 && window.u_scatter_rel < 0.006);
}

/* Behind 1e14 a plain sum in double rounds every further term to a multiple of 1/64. */
static void sums_are_compensated(void **state)
{
	enum { MANY = 20000 };
	struct energy_trace trace = {samples, MANY, 1, 1};
	struct energy_window window;

	(void)state;
	for (int k = 0; k < MANY; k++)
		samples[k] = 0.1f;
	samples[0] = 1e14f;
	assert_int_equal(energy_window_integrate(&trace, 0, MANY, &window), 0);
	assert_close(window.energy_j - (double)1e14f, (MANY - 1) * (double)0.1f, 1e-5);
}

static void windows_that_cannot_be(void **state)
{
	struct energy_trace trace = trace_of();
	struct energy_window window;
	static const double bad[][2] = {{-1, 2}, {1, 20.001}, {2, 2}, {3, 2}, {1e300, 2e300}};

	(void)state;
	for (int k = 0; k < COUNT; k++)
		samples[k] = 1;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(energy_window_integrate(&trace, bad[i][0], bad[i][1], &window),
				 ANALYSIS_OUTSIDE_CAPTURE);
	assert_int_equal(energy_window_integrate(&trace, NAN, 2, &window), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(energy_window_integrate(&trace, 0, 20, &window), 0);
	samples[1500] = NAN;
	assert_int_equal(energy_window_integrate(&trace, 1, 2, &window), ANALYSIS_NOT_FINITE);
	assert_int_equal(energy_window_integrate(&trace, 1, 1.5, &window), 0);
	trace.rate_hz = 0;
	assert_int_equal(energy_window_integrate(&trace, 0, 1, &window), ANALYSIS_BAD_ARGUMENT);
}

/* 1.001 * 1000 is a little less than 1001 in binary: sample 1000 is outside all the same. */
static void decimal_times_touch_no_neighbour(void **state)
{
	struct energy_trace trace = trace_of();
	struct energy_window window;

	(void)state;
	for (int k = 0; k < COUNT; k++)
		samples[k] = 1;
	samples[1000] = NAN;
	assert_true(1.001 * 1000 < 1001);
	assert_int_equal(energy_window_integrate(&trace, 1.001, 2, &window), 0);
	assert_int_equal(energy_window_integrate(&trace, 1.0009, 2, &window), ANALYSIS_NOT_FINITE);
}

static void a_scan_counts_and_finds(void **state)
{
	struct energy_trace trace = trace_of();
	struct energy_scan scan;

	(void)state;
	for (int k = 0; k < COUNT; k++)
		samples[k] = 1;
	samples[7] = -1;
	samples[8] = -2;
	samples[9] = 0;
	samples[11] = INFINITY;
	scan = energy_trace_scan(&trace, 0, SIZE_MAX);
	assert_int_equal(scan.negative, 2);
	assert_int_equal(scan.first_negative, 7);
	assert_int_equal(scan.zero, 1);
	assert_int_equal(scan.first_zero, 9);
	assert_int_equal(scan.not_finite, 1);
	assert_int_equal(scan.first_not_finite, 11);
}

static const double edges_s[] = {0.1, 10, 20.7, 30, 40.7, 50, 60.7, 70, 80.7, 90, 100.7};

static void eleven_edges_are_five_windows(void **state)
{
	struct falling_windows windows;

	(void)state;
	assert_int_equal(falling_decode(edges_s, 11, 5, &windows), 0);
	assert_int_equal(windows.count, 5);
	assert_close(windows.windows[0].start_s, 10, 1e-15);
	assert_close(windows.windows[4].end_s, 100.7, 1e-15);
	assert_int_equal(windows.windows[4].first_edge, 9);
	assert_int_equal(falling_decode(edges_s + 1, 10, 5, &windows), ANALYSIS_LOST_EDGES);
	assert_int_equal(falling_decode(edges_s, 11, 4, &windows), ANALYSIS_EXTRA_EDGES);
	assert_int_equal(falling_decode(edges_s, 0, 5, &windows), ANALYSIS_NO_EDGE);
	assert_int_equal(falling_decode(edges_s, 11, 17, &windows), ANALYSIS_BAD_ARGUMENT);
}

static void edges_have_an_order(void **state)
{
	const double equal[] = {1, 2, 2}, back[] = {1, 3, 2}, no[] = {1, NAN}, negative[] = {-1};

	(void)state;
	assert_int_equal(falling_first_unordered(edges_s, 11), 11);
	assert_int_equal(falling_first_unordered(equal, 3), 2);
	assert_int_equal(falling_first_unordered(back, 3), 2);
	assert_int_equal(falling_first_unordered(no, 2), 1);
	assert_int_equal(falling_first_unordered(negative, 1), 0);
}

/* Gaps of 9.3 s between windows of 10.7 s: whichever edge is lost, the windows that are whole are
 * found. */
static void durations_tell_windows_from_gaps(void **state)
{
	struct falling_windows windows;

	(void)state;
	for (size_t lost = 0; lost < 11; lost++) {
		double left[10];

		for (size_t i = 0; i < 10; i++)
			left[i] = edges_s[i + (i >= lost)];
		assert_int_equal(falling_find_by_duration(left, 10, 5, 10.7, 0.015, &windows), 0);
		assert_int_equal(windows.count, lost ? 4 : 5);
		for (size_t i = 0; i < windows.count; i++)
			assert_close(windows.windows[i].end_s - windows.windows[i].start_s, 10.7,
				     1e-9);
	}
	assert_int_equal(falling_find_by_duration(edges_s, 11, 5, 3, 0.015, &windows),
			 ANALYSIS_NO_EDGE);
	assert_int_equal(falling_find_by_duration(edges_s, 11, 4, 10.7, 0.015, &windows),
			 ANALYSIS_NO_EDGE);
	/* An edge ends one window or starts another, never both. */
	assert_int_equal(falling_find_by_duration((const double[]){0, 10, 20, 30}, 4, 5, 10, 0.015,
						  &windows),
			 0);
	assert_int_equal(windows.count, 2);
	assert_int_equal(windows.windows[1].first_edge, 2);
	assert_int_equal(falling_find_by_duration(edges_s, 11, 5, 0, 0.015, &windows),
			 ANALYSIS_BAD_ARGUMENT);
}

static void repeats(void **state)
{
	const double values[] = {10, 11, 9, 10, 12}, bad[] = {1, 0};
	struct repeat_result result;

	(void)state;
	assert_int_equal(repeat_judge(values, 5, &result), 0);
	assert_close(result.median, 10, 1e-15);
	assert_close(result.mean, 10.4, 1e-15);
	assert_close(result.cv_rel, sqrt(5.2 / 4) / 10.4, 1e-14);
	assert_close(result.first_last_rel, 0.2, 1e-14);
	assert_close(result.range_rel, 0.3, 1e-14);
	assert_close(result.worst_rel, 0.2, 1e-14);
	assert_int_equal(result.worst, 4);
	assert_int_equal(repeat_judge(bad, 2, &result), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(repeat_judge(values, 0, &result), ANALYSIS_BAD_ARGUMENT);
}

/* U575, round v0.7, ad: 174.578 inferences per second by the board, 175.529 by the monitor. */
static void clocks(void **state)
{
	struct clock_comparison clock;

	(void)state;
	assert_int_equal(clock_compare(1 / 174.578, 1e-8, 1 / 175.529, 1e-8, &clock), 0);
	assert_close(clock.difference_rel, -0.0054179, 1e-4);
	assert_close(clock.ratio, 1.0054474, 1e-6);
	assert_true(clock.u_ratio > 2e-6 && clock.u_ratio < 3e-6);
	assert_int_equal(clock_compare(0, 0, 1, 0, &clock), ANALYSIS_BAD_ARGUMENT);
}

static void rates(void **state)
{
	struct rate_check check;

	(void)state;
	assert_int_equal(rate_check_tail(101376, 1000, 100.173, 1.5, 5, &check), 0);
	assert_close(check.excess_s, 1.203, 1e-9);
	assert_int_equal(rate_check_tail(101376 * 4 / 3, 1000, 100.173, 1.5, 5, &check),
			 ANALYSIS_BAD_RATE);
	assert_close(check.stretch, 1.33, 0.01);
	assert_int_equal(rate_check_tail(101376, 500, 100.173, 1.5, 5, &check), ANALYSIS_BAD_RATE);
	assert_close(check.stretch, 2, 0.01);
	assert_int_equal(rate_check_tail(101376, 1333, 100.173, 1.5, 5, &check),
			 ANALYSIS_OUTSIDE_CAPTURE);
	assert_int_equal(rate_check_tail(0, 1000, 1, 1.5, 5, &check), ANALYSIS_BAD_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_take_fractions_of_samples),
		cmocka_unit_test(a_part_is_a_tenth),
		cmocka_unit_test(sums_are_compensated),
		cmocka_unit_test(windows_that_cannot_be),
		cmocka_unit_test(decimal_times_touch_no_neighbour),
		cmocka_unit_test(a_scan_counts_and_finds),
		cmocka_unit_test(eleven_edges_are_five_windows),
		cmocka_unit_test(edges_have_an_order),
		cmocka_unit_test(durations_tell_windows_from_gaps),
		cmocka_unit_test(repeats),
		cmocka_unit_test(clocks),
		cmocka_unit_test(rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
