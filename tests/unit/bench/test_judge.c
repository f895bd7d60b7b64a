/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The verdict: a clean capture is accepted with the right numbers; every way a capture can be wrong
 * is refused, with that reason.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/budget/verdict.h"
#include "bench/session/judge.h"
#include "tests/unit/bench/fake_capture.h"

/* 0.2 s idle at 1 mA, 1 s at 10 mA with 10 inferences, 0.2 s idle; 100 kSa/s; 4 MHz, clock 0.3 %
 * fast. */
enum { RATE = 100000, IDLE = 20000, WINDOW = 100000, TOTAL = WINDOW + 2 * IDLE, INFERENCES = 10 };

static float current_a[TOTAL];
static uint8_t logic[TOTAL];
static struct fake_samples samples;
static struct capture capture;
static struct judge_clock clock_seen;
static bool restarted;
static uint32_t vdda_before_mv, vdda_after_mv; /* as the board reads its supply */

static const struct rig_meter meter_config = {
	.supply_v = 3.3, .supply_u_v = 5e-3, .marker_input = {0, 1, 2}};
static const struct meter_info meter = {
	.rate_hz = RATE, .range_max_a = 1.0, .gain_u_rel = 5e-3, .offset_u_a = 1e-6};
static const struct wire_run run = {
	.warmups = 1, .inferences = INFERENCES, .idle_before_ms = 200, .idle_after_ms = 200};

static void make_capture(void)
{
	for (int i = 0; i < TOTAL; i++) {
		bool inside = i >= IDLE && i < IDLE + WINDOW;
		int inference = (i - IDLE) / (WINDOW / INFERENCES);

		current_a[i] = (inside ? 10e-3f : 1e-3f) + ((i * 7919) % 11 - 5) * 1e-7f;
		logic[i] = inside ? (uint8_t)(1 | ((inference & 1) << 1)) : 0;
	}
	/* line 1 toggles after each inference, the tenth right before the window's end */
	samples = (struct fake_samples){.current_a = current_a, .logic = logic, .count = TOTAL};
	vdda_before_mv = 3304;
	vdda_after_mv = 3296;
	capture.result.inferences = INFERENCES;
	capture.result.cycles = 4012000;
	capture.result.counter_count = 2;
	capture.result.counters[0] = (struct wire_counter){"inf_min", 401190};
	capture.result.counters[1] = (struct wire_counter){"inf_max", 401210};
	capture.result.clock_hz = 4000000;
	capture.result.output_crc32 = 0x1234;
	free(clock_seen.ratios);
	memset(&clock_seen, 0, sizeof(clock_seen));
}

static struct store_measurement judged(void)
{
	struct store_measurement row = {0};
	struct err err = {""};
	const struct judge_request request = {.capture = &capture,
					      .run = &run,
					      .meter_config = &meter_config,
					      .meter = &meter,
					      .clock_hz = 4000000,
					      .output_crc32 = 0x1234,
					      .restarted = restarted,
					      .vdda_before_mv = vdda_before_mv,
					      .vdda_after_mv = vdda_after_mv,
					      .clock = &clock_seen};

	assert_int_equal(fake_capture(&capture, &meter_config, &meter, &run, NULL, &samples, &err),
			 0);
	assert_int_equal(judge_window(&request, &row, &err), 0);
	return row;
}

static void expect_refused(const char *says)
{
	struct store_measurement row = judged();

	assert_string_equal(row.verdict, "refused");
	assert_non_null(verdict_entry_of_text(row.reason));
	if (!strstr(row.reason, says))
		fail_msg("reason '%s' lacks '%s'", row.reason, says);
	assert_int_equal(clock_seen.count, 0);
}

static void clean_window_is_accepted(void **state)
{
	struct store_measurement row;

	(void)state;
	make_capture();
	row = judged();
	if (strcmp(row.verdict, "accepted"))
		fail_msg("%s: %s", row.verdict, row.reason);
	assert_true(fabs(row.energy_j - 3.3 * 10e-3) < 1e-6);
	assert_true(fabs(row.energy_above_idle_j - 3.3 * 9e-3) < 1e-6);
	assert_true(fabs(row.duration_s - 1) < 1e-9);
	assert_true(fabs(row.clock_measured_hz - 4.012e6) < 1);
	assert_int_equal(row.cycles, 4012000);
	/* gain 0.5 % and supply 5 mV of 3.3 V, combined, are nearly all of the uncertainty */
	assert_true(fabs(row.energy_u_j / row.energy_j - hypot(5e-3, 5e-3 / 3.3)) < 1e-4);
	assert_true(row.energy_u_independent_j < 1e-3 * row.energy_u_j);
	assert_int_equal(clock_seen.count, 1);
}

static void restarted_board(void **state)
{
	(void)state;
	make_capture();
	restarted = true;
	expect_refused("boot: ");
	restarted = false;
}

static void wrong_output(void **state)
{
	(void)state;
	make_capture();
	capture.result.output_crc32 ^= 1;
	expect_refused("output");
}

static void lost_falling_edge(void **state)
{
	(void)state;
	make_capture();
	for (int i = IDLE + WINDOW; i < TOTAL; i++)
		logic[i] |= 1;
	expect_refused("window line");
}

static void stray_edge_before(void **state)
{
	(void)state;
	make_capture();
	logic[1000] |= 1;
	expect_refused("window line");
}

static void missing_inference_edges(void **state)
{
	(void)state;
	make_capture();
	for (int i = IDLE; i < IDLE + WINDOW / 2; i++)
		logic[i] &= (uint8_t)~2;
	expect_refused("inference line");
}

static void lost_samples(void **state)
{
	(void)state;
	make_capture();
	samples.gap_at = IDLE + 500;
	samples.gap = 64;
	expect_refused("lost: 64 samples");
}

/* 64 samples in one piece: a PPK2's counter does not show them. */
static void lost_samples_without_a_gap(void **state)
{
	const int at = IDLE + 4 * (WINDOW / INFERENCES) + 500, lost = 64;

	(void)state;
	make_capture();
	memmove(current_a + at, current_a + at + lost,
		(size_t)(TOTAL - at - lost) * sizeof(*current_a));
	memmove(logic + at, logic + at + lost, (size_t)(TOTAL - at - lost));
	samples.count -= lost;
	expect_refused("inference 4 lasts 9936 samples");
}

static void cycles_not_counted(void **state)
{
	(void)state;
	make_capture();
	capture.result.counter_count = 0;
	expect_refused("did not count");
}

/* An oscillator that drifts by 0.7 % over a night, a little with each window, is followed. */
static void clock_drifts_slowly(void **state)
{
	struct err err = {""};

	(void)state;
	make_capture();
	for (int i = 0; i < 400; i++) {
		struct clock_ratio ratio = {40.4 - 0.28 * i / 400, 4e-5};

		assert_int_equal(judge_clock_add(&clock_seen, ratio, &err), 0);
	}
	assert_string_equal(judged().verdict, "accepted");
}

static void saturation(void **state)
{
	(void)state;
	make_capture();
	current_a[IDLE + 5] = 1.2f;
	expect_refused("limit");
}

static void meter_that_does_not_range(void **state)
{
	(void)state;
	make_capture();
	samples.flags = METER_BLOCK_RANGE_MISFIT;
	expect_refused("stays in a range far above the current");
}

static void supply_is_not_what_was_set(void **state)
{
	static const uint32_t wrong_mv[] = {3135, 3465};

	(void)state;
	for (int i = 0; i < 2; i++) {
		make_capture();
		vdda_before_mv = wrong_mv[i];
		expect_refused("reading before the window");
		make_capture();
		vdda_after_mv = wrong_mv[i];
		expect_refused("reading after the window");
	}
	make_capture();
	vdda_before_mv = vdda_after_mv = 0; /* a board that cannot read it */
	assert_string_equal(judged().verdict, "accepted");
}

static void not_a_number(void **state)
{
	(void)state;
	make_capture();
	current_a[IDLE + 5] = NAN;
	expect_refused("samples");
}

static void clock_off_nominal(void **state)
{
	(void)state;
	make_capture();
	capture.result.cycles = 3800000; /* 5 % */
	capture.result.counters[0].value = capture.result.counters[1].value = 380000;
	expect_refused("nominal");
}

static void clock_off_earlier_windows(void **state)
{
	struct err err = {""};
	struct store_measurement row;

	(void)state;
	make_capture();
	assert_int_equal(judge_clock_add(&clock_seen, (struct clock_ratio){40.4, 4e-5}, &err), 0);
	row = judged(); /* 40.12 cycles per sample: 0.7 % off */
	assert_string_equal(row.verdict, "refused");
	assert_non_null(strstr(row.reason, "earlier"));
	assert_int_equal(clock_seen.count, 1);
}

static void idle_disagrees(void **state)
{
	(void)state;
	make_capture();
	for (int i = IDLE + WINDOW; i < TOTAL; i++)
		current_a[i] += 0.5e-3f;
	expect_refused("idle");
}

static void drift_in_the_window(void **state)
{
	(void)state;
	make_capture();
	for (int i = IDLE; i < IDLE + WINDOW / 2; i++)
		current_a[i] *= 1.03f;
	expect_refused("drift");
}

static void no_idle_captured(void **state)
{
	(void)state;
	make_capture();
	samples.count = IDLE + WINDOW + 100;
	expect_refused("samples");
}

static int release(void **state)
{
	(void)state;
	capture_done(&capture);
	free(clock_seen.ratios);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_window_is_accepted),
		cmocka_unit_test(restarted_board),
		cmocka_unit_test(wrong_output),
		cmocka_unit_test(lost_falling_edge),
		cmocka_unit_test(stray_edge_before),
		cmocka_unit_test(missing_inference_edges),
		cmocka_unit_test(lost_samples),
		cmocka_unit_test(lost_samples_without_a_gap),
		cmocka_unit_test(cycles_not_counted),
		cmocka_unit_test(clock_drifts_slowly),
		cmocka_unit_test(saturation),
		cmocka_unit_test(meter_that_does_not_range),
		cmocka_unit_test(supply_is_not_what_was_set),
		cmocka_unit_test(not_a_number),
		cmocka_unit_test(clock_off_nominal),
		cmocka_unit_test(clock_off_earlier_windows),
		cmocka_unit_test(idle_disagrees),
		cmocka_unit_test(drift_in_the_window),
		cmocka_unit_test(no_idle_captured),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
