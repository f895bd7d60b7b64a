/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Window integration against closed forms.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "analysis/trace/window.h"

enum { COUNT = 4000 };

static void assert_close(double value, double expected, double relative)
{
	if (!(fabs(value - expected) <= relative * fabs(expected)))
		fail_msg("%.15g is not %.15g within %g", value, expected, relative);
}

static struct window_capture capture_of(const float *current_a)
{
	return (struct window_capture){.current_a = current_a, .count = COUNT, .rate_hz = 1e5};
}

static struct window_request request_of(double start, double end)
{
	return (struct window_request){.start_samples = start,
				       .end_samples = end,
				       .supply_v = 3,
				       .guard_samples = 5,
				       .idle_min_samples = 100};
}

/* Samples of a current that steps from idle to active at start and back at end: means over [k,
 * k+1). */
static void step_fill(float *current_a, double idle_a, double active_a, double start, double end)
{
	for (int k = 0; k < COUNT; k++) {
		double share = fmax(0, fmin(end, k + 1) - fmax(start, k));

		current_a[k] = (float)(idle_a + (active_a - idle_a) * share);
	}
}

static void constant_current(void **state)
{
	static float current_a[COUNT];
	struct window_capture capture = capture_of(current_a);
	struct window_request request = request_of(1000, 3000);
	struct window_result result;

	(void)state;
	step_fill(current_a, 0.25, 0.25, 0, 0);
	assert_int_equal(window_integrate(&capture, &request, &result), 0);
	assert_close(result.duration_s, 0.02, 1e-15);
	assert_close(result.charge_c, 0.005, 1e-14);
	assert_close(result.mean_a, 0.25, 1e-14);
	assert_close(result.energy_gross_j, 0.015, 1e-14);
	assert_true(fabs(result.energy_above_idle_j) < 1e-16);
	assert_true(result.idle_u_a == 0 && result.sample_sd_a == 0);
	assert_int_equal(result.samples_whole, 2000);
	assert_int_equal(result.idle_before.samples, 995);
	assert_int_equal(result.idle_after.samples, 995);
}

/* i(t) = a*t: charge a*(end^2 - start^2)/2; idle from both sides cancels it exactly by symmetry of
 * a line. */
static void ramp(void **state)
{
	static float current_a[COUNT];
	struct window_capture capture = capture_of(current_a);
	struct window_request request = request_of(800, 2500);
	struct window_result result;
	double slope_a = 0x1p-20;

	(void)state;
	for (int k = 0; k < COUNT; k++)
		current_a[k] = (float)(slope_a * (k + 0.5));
	assert_int_equal(window_integrate(&capture, &request, &result), 0);
	assert_close(result.charge_c, slope_a * (2500.0 * 2500 - 800.0 * 800) / 2 / 1e5, 1e-13);
	assert_close(result.half_drift_a, slope_a * 850, 1e-10);
	assert_close(result.idle_a, slope_a * 1650, 1e-12);
	assert_true(fabs(result.energy_above_idle_j) < 1e-12 * result.energy_gross_j);
	/* middles of the idle segments: [0, 795) and [2505, 4000) */
	assert_close(result.idle_drift_a, slope_a * ((2505 + 4000) / 2.0 - 795 / 2.0), 1e-12);
	assert_true(result.idle_u_a > result.idle_drift_a / sqrt(12) * 0.999);
}

static void step_at_fractional_edges(void **state)
{
	static float current_a[COUNT];
	static const double windows[][2] = {
		{1000.25, 2999.5}, {1000, 2999.0625}, {1500.5, 1500.75}, {1500.75, 1502.25}};

	(void)state;
	for (int i = 0; i < 4; i++) {
		double start = windows[i][0], end = windows[i][1], duration_s = (end - start) / 1e5;
		struct window_capture capture = capture_of(current_a);
		struct window_request request = request_of(start, end);
		struct window_result result;

		/* An edge sample holds idle and active; outside its share only the window's part
		 * counts. */
		step_fill(current_a, 0, 0.5, start, end);
		request.start_samples = floor(start);
		request.end_samples = ceil(end);
		assert_int_equal(window_integrate(&capture, &request, &result), 0);
		assert_close(result.charge_c, 0.5 * duration_s, 1e-9);
		assert_close(result.energy_above_idle_j, 3 * 0.5 * duration_s, 1e-9);

		/* A flat current through fractional edges: exactly current * duration. */
		step_fill(current_a, 0.5, 0.5, 0, 0);
		request = request_of(start, end);
		assert_int_equal(window_integrate(&capture, &request, &result), 0);
		assert_close(result.charge_c, 0.5 * duration_s, 1e-13);
		assert_close(result.duration_s, duration_s, 1e-13);
	}
}

/* One sample of 1 A at each edge: a window from 10.25 to 13.5 takes 0.75 of one and 0.5 of the
 * other. */
static void edge_samples_weigh_their_share(void **state)
{
	static float current_a[COUNT];
	struct window_capture capture = capture_of(current_a);
	double charge_c;

	(void)state;
	current_a[10] = 1;
	current_a[13] = 2;
	assert_int_equal(window_charge(&capture, 10.25, 13.5, &charge_c), 0);
	assert_close(charge_c, (0.75 + 1.0) / 1e5, 1e-14);
	assert_int_equal(window_charge(&capture, 10.25, 10.5, &charge_c), 0);
	assert_close(charge_c, 0.25 / 1e5, 1e-14);
	assert_int_equal(window_charge(&capture, 0, COUNT, &charge_c), 0);
	assert_close(charge_c, 3 / 1e5, 1e-14);
}

/* Large and small terms: plain float summing would lose the small ones. */
static void compensated_sum(void **state)
{
	static float current_a[COUNT];
	struct window_capture capture = capture_of(current_a);
	double charge_c;

	(void)state;
	current_a[0] = 0x1p60f;
	for (int k = 1; k < COUNT - 1; k++)
		current_a[k] = 1;
	current_a[COUNT - 1] = -0x1p60f;
	assert_int_equal(window_charge(&capture, 0, COUNT, &charge_c), 0);
	assert_close(charge_c, (COUNT - 2) / 1e5, 1e-12);
}

static void gaps(void **state)
{
	static float current_a[COUNT];
	static const struct {
		size_t index;
		int code;
	} cases[] = {{500, 0},
		     {998, 0},
		     {999, ANALYSIS_SAMPLES_LOST},
		     {1000, ANALYSIS_SAMPLES_LOST},
		     {2000, ANALYSIS_SAMPLES_LOST},
		     {3000, ANALYSIS_SAMPLES_LOST},
		     {3001, ANALYSIS_SAMPLES_LOST},
		     {3002, 0},
		     {3500, 0}};

	(void)state;
	step_fill(current_a, 0.01, 0.05, 1000, 3000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct window_gap gap[] = {{cases[i].index, 7}, {2000, 0}};
		struct window_capture capture = capture_of(current_a);
		struct window_request request = request_of(1000, 3000);
		struct window_result result = {.charge_c = -1};
		struct window_faults faults;

		capture.gaps = gap;
		capture.gap_count = 2;
		assert_int_equal(window_check(&capture, 1000, 3000, &faults), 0);
		assert_int_equal(faults.samples_lost, cases[i].code ? 7 : 0);
		assert_int_equal(faults.gaps, cases[i].code ? 1 : 0);
		assert_int_equal(window_integrate(&capture, &request, &result), cases[i].code);
		if (cases[i].code)
			assert_true(result.charge_c == -1);
		else if (cases[i].index == 500)
			assert_int_equal(result.idle_before.samples_lost, 7);
	}
}

static void saturation_and_nan(void **state)
{
	static float current_a[COUNT];
	static uint8_t saturated[COUNT];
	struct window_capture capture = capture_of(current_a);
	struct window_request request = request_of(1000.5, 2999.5);
	struct window_result result;
	struct window_faults faults;

	(void)state;
	step_fill(current_a, 0.01, 0.05, 1000, 3000);
	capture.range_max_a = 0.06;
	capture.saturated = saturated;
	assert_int_equal(window_integrate(&capture, &request, &result), 0);

	current_a[1000] = 0.07f;
	saturated[2999] = 1;
	assert_int_equal(window_integrate(&capture, &request, &result), ANALYSIS_SATURATED);
	assert_int_equal(window_check(&capture, 1000.5, 2999.5, &faults), 0);
	assert_int_equal(faults.saturated, 2);
	current_a[1000] = 0.05f;
	saturated[2999] = 0;

	current_a[2000] = NAN;
	assert_int_equal(window_integrate(&capture, &request, &result), ANALYSIS_NOT_FINITE);
	current_a[2000] = 0.05f;
	current_a[3] = INFINITY;
	assert_int_equal(window_integrate(&capture, &request, &result), ANALYSIS_BAD_IDLE);
	current_a[3] = 0.01f;
	saturated[3900] = 1;
	assert_int_equal(window_integrate(&capture, &request, &result), ANALYSIS_BAD_IDLE);
	saturated[3900] = 0;
	saturated[997] = 1; /* in the guard: nobody uses it */
	assert_int_equal(window_integrate(&capture, &request, &result), 0);
}

/* Idle alternating +-d about its mean: s.d. d*sqrt(n/(n-1)), and it averages out in every batch. */
static void idle_statistics(void **state)
{
	static float current_a[COUNT];
	struct window_capture capture = capture_of(current_a);
	struct window_request request = request_of(1000, 3000);
	struct window_result result;
	double step_a = 0x1p-8;

	(void)state;
	request.guard_samples = 40;
	request.idle_max_samples = 640;
	for (int k = 0; k < COUNT; k++)
		current_a[k] = (float)((k < 2000 ? 0.5 : 0.75) + (k & 1 ? step_a : -step_a));
	assert_int_equal(window_integrate(&capture, &request, &result), 0);
	assert_int_equal(result.idle_before.samples, 640);
	assert_close(result.idle_before.middle_samples, 1000 - 40 - 320, 1e-15);
	assert_close(result.idle_after.middle_samples, 3000 + 40 + 320, 1e-15);
	assert_close(result.idle_before.mean_a, 0.5, 1e-12);
	assert_close(result.idle_after.mean_a, 0.75, 1e-12);
	assert_close(result.idle_before.sd_a, step_a * sqrt(640.0 / 639), 1e-9);
	assert_close(result.idle_before.mean_u_a, result.idle_before.sd_a / sqrt(640), 1e-12);
	assert_close(result.idle_a, 0.625, 1e-12);
	assert_close(result.idle_drift_a, 0.25, 1e-12);
	assert_close(result.idle_drift_u_a, result.idle_before.mean_u_a * sqrt(2), 1e-12);
	assert_close(result.idle_u_a, hypot(result.idle_before.mean_u_a / sqrt(2), 0.25 / sqrt(12)),
		     1e-12);

	/* Slow noise, 80 samples each way: neighbours tell nothing new, the batches show it. */
	for (int k = 0; k < COUNT; k++)
		current_a[k] = (float)(0.5 + ((k / 80) & 1 ? step_a : -step_a));
	assert_int_equal(window_integrate(&capture, &request, &result), 0);
	assert_true(result.idle_before.mean_u_a > 3 * result.idle_before.sd_a / sqrt(640));
}

static void bad_requests(void **state)
{
	static float current_a[COUNT];
	static const struct {
		double start, end, supply_v;
		int code;
	} cases[] = {
		{1000, 3000, 3, 0},
		{-1, 3000, 3, ANALYSIS_OUTSIDE_CAPTURE},
		{1000, COUNT + 0.5, 3, ANALYSIS_OUTSIDE_CAPTURE},
		{1000, 1000, 3, ANALYSIS_BAD_ARGUMENT},
		{NAN, 1000, 3, ANALYSIS_BAD_ARGUMENT},
		{1000, INFINITY, 3, ANALYSIS_BAD_ARGUMENT},
		{1000, 3000, 0, ANALYSIS_BAD_ARGUMENT},
		{1000, 3000, NAN, ANALYSIS_BAD_ARGUMENT},
		{104, 3000, 3, ANALYSIS_NO_IDLE_BEFORE},
		{105, 3000, 3, 0},
		{105, COUNT - 105, 3, 0},
		{0, COUNT, 3, ANALYSIS_NO_IDLE_BEFORE},
		{1000, COUNT - 104, 3, ANALYSIS_NO_IDLE_AFTER},
		{1000, COUNT, 3, ANALYSIS_NO_IDLE_AFTER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct window_capture capture = capture_of(current_a);
		struct window_request request = request_of(cases[i].start, cases[i].end);
		struct window_result result;
		int code;

		request.supply_v = cases[i].supply_v;
		code = window_integrate(&capture, &request, &result);
		if (code != cases[i].code)
			fail_msg("case %zu: %s", i, analysis_error_text(code));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constant_current),
		cmocka_unit_test(ramp),
		cmocka_unit_test(step_at_fractional_edges),
		cmocka_unit_test(edge_samples_weigh_their_share),
		cmocka_unit_test(compensated_sum),
		cmocka_unit_test(gaps),
		cmocka_unit_test(saturation_and_nan),
		cmocka_unit_test(idle_statistics),
		cmocka_unit_test(bad_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
