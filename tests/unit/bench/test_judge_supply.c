/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A supply that is not what was set: by the board's readings, by its capacitors, by its detector.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/session/judge.h"
#include "tests/unit/bench/fake_capture.h"

/* 0.2 s idle at 4 mA, 0.1 s at 20 to 24 mA with 10 inferences, 0.2 s idle; 100 kSa/s; 40 MHz. */
enum { RATE = 100000, IDLE = 20000, WINDOW = 10000, TOTAL = WINDOW + 2 * IDLE, INFERENCES = 10 };

static float current_a[TOTAL];
static uint8_t logic[TOTAL];
static struct capture capture;
static struct judge_supply supply;
static struct store_measurement row;
static uint32_t before_mv, after_mv;
static struct rig_meter meter_config;

static float voltage_v[TOTAL];

static struct meter_info meter = {
	.rate_hz = RATE, .range_max_a = 1.0, .gain_u_rel = 5e-3, .offset_u_a = 1e-6};

static void make_capture(void)
{
	for (int i = 0; i < TOTAL; i++) {
		int at = i - IDLE, in_inference = at % (WINDOW / INFERENCES);
		bool inside = at >= 0 && at < WINDOW;
		double a = inside ? 20e-3 + (in_inference > 600 ? 4e-3 : 0) : 4e-3;

		current_a[i] = (float)(a + ((i * 7919) % 11 - 5) * 20e-6);
		logic[i] = inside ? (uint8_t)(1 | at / (WINDOW / INFERENCES) % 2 << 1) : 0;
	}
	capture.result = (struct wire_result_reply){
		.inferences = INFERENCES,
		.cycles = 4000000,
		.counter_count = 3,
		.counters = {{"inf_min", 399990}, {"inf_max", 400010}, {"vdd_low", 0}},
		.clock_hz = 40000000,
		.output_crc32 = 1};
	meter_config = (struct rig_meter){
		.supply_v = 3.3, .supply_u_v = 1.5e-3, .marker_input = {0, 1, 2}};
	before_mv = after_mv = 3301;
	supply = (struct judge_supply){0};
	row = (struct store_measurement){0};
}

/* A step of the supply by charge_c at a sample, with a load of load_a there. */
static void cut(int first, double charge_c)
{
	for (int i = first; charge_c > 0 && i < TOTAL; i++) {
		double share = fmin(1, charge_c / ((double)current_a[i] / RATE));

		charge_c -= share * (double)current_a[i] / RATE;
		current_a[i] *= (float)(1 - share);
	}
}

static void surge(int first, double charge_c)
{
	current_a[first] += (float)(charge_c * RATE);
}

static const struct wire_run run = {
	.inferences = INFERENCES, .idle_before_ms = 200, .idle_after_ms = 200};

static void take_capture(void)
{
	const struct fake_samples samples = {
		.current_a = current_a, .voltage_v = voltage_v, .logic = logic, .count = TOTAL};
	struct err err = {""};

	assert_int_equal(fake_capture(&capture, &meter_config, &meter, &run, NULL, &samples, &err),
			 0);
}

static const char *judge(void)
{
	struct judge_clock clock = {0};
	struct err err = {""};
	const struct judge_request request = {.capture = &capture,
					      .run = &run,
					      .meter_config = &meter_config,
					      .meter = &meter,
					      .clock_hz = 40000000,
					      .output_crc32 = 1,
					      .vdda_before_mv = before_mv,
					      .vdda_after_mv = after_mv,
					      .supply = &supply,
					      .clock = &clock};

	take_capture();
	row.verdict[0] = row.reason[0] = 0;
	assert_int_equal(judge_window(&request, &row, &err), 0);
	judge_clock_done(&clock);
	return row.verdict;
}

static void assert_accepted(void)
{
	if (strcmp(judge(), "accepted"))
		fail_msg("%s", row.reason);
}

static void assert_refused(const char *says)
{
	assert_string_equal(judge(), "refused");
	if (strncmp(row.reason, "supply: ", 8) || !strstr(row.reason, says))
		fail_msg("%s", row.reason);
	assert_true(supply.in_doubt);
}

static void readings_against_what_was_set(void **state)
{
	(void)state;
	make_capture();
	before_mv = after_mv = 3330; /* 0.9 %: what its reference may be off */
	assert_accepted();
	before_mv = after_mv = 3345;
	assert_refused("3.3 V set, 3.345 V by the board's own reading before the window");
	make_capture();
	before_mv = after_mv = 0; /* a board that cannot */
	assert_accepted();
}

static void readings_against_each_other(void **state)
{
	(void)state;
	make_capture();
	before_mv = 3305;
	after_mv = 3297; /* 0.24 %, of which 0.09 % may be the supply */
	assert_accepted();
	after_mv = 3285;
	assert_refused("-0.0200 V more than before the window");
	make_capture();
	row.temp_before_c = 20;
	row.temp_after_c = 90; /* the reference drifts */
	before_mv = 3305;
	after_mv = 3288;
	assert_accepted();
}

/* 1 % of 3.3 V: far less than a reading is good to, far more than it moves. */
static void readings_against_the_first(void **state)
{
	(void)state;
	make_capture();
	judge_supply_note(&supply, 3312, 25);
	judge_supply_note(&supply, 1000, 25); /* the first one stays */
	row.temp_before_c = row.temp_after_c = 25;
	before_mv = after_mv = 3308;
	assert_accepted();
	before_mv = after_mv = 3279;
	assert_refused("-0.0330 V more than at first");
}

static void falls_inside(void **state)
{
	(void)state;
	for (int at = IDLE + 60; at < IDLE + WINDOW - 20; at += 97) {
		make_capture();
		cut(at, 5e-6 * 0.33); /* 10 % over 5 uF */
		assert_refused("fallen");
		make_capture();
		cut(at, 5e-6 * 0.0825); /* 2.5 % */
		assert_refused("fallen");
	}
}

static void rises_inside(void **state)
{
	(void)state;
	for (int at = IDLE + 60; at < IDLE + WINDOW - 20; at += 97) {
		make_capture();
		surge(at, 5e-6 * 0.0825);
		assert_refused("risen");
	}
}

static void steps_beside(void **state)
{
	(void)state;
	make_capture();
	cut(IDLE - 4000, 5e-6 * 0.0825);
	assert_refused("fallen");
	make_capture();
	cut(IDLE + WINDOW + 4000, 5e-6 * 0.0825);
	assert_refused("fallen");
	make_capture();
	surge(IDLE + WINDOW + 4000, 5e-6 * 0.0825);
	assert_refused("risen");
	make_capture();
	cut(IDLE + 10, 5e-6 * 0.33); /* as the window begins */
	assert_refused("fallen");
}

/* Work that differs from inference to inference, as with a model's exit, is not compared. */
static void other_work_is_no_step(void **state)
{
	(void)state;
	make_capture();
	capture.result.counters[2] = (struct wire_counter){"exits", 1};
	for (int i = IDLE + WINDOW / 2; i < IDLE + WINDOW / 2 + WINDOW / INFERENCES; i++)
		current_a[i] *= 1.02f;
	surge(IDLE + WINDOW / 2 + 50, 150e-9);
	assert_accepted();
	capture.result.counters[2].value = 0;
	assert_refused("risen");
}

static void detector(void **state)
{
	(void)state;
	make_capture();
	capture.result.counters[2].value = 1;
	assert_refused("detector");
}

/* Without a reading a supply that fell stays in doubt until it was switched off. */
static void doubt(void **state)
{
	(void)state;
	make_capture();
	before_mv = after_mv = 0;
	cut(IDLE + 5000, 1e-6);
	assert_refused("fallen");
	make_capture();
	before_mv = after_mv = 0;
	supply.in_doubt = true;
	assert_refused("was not switched off since");
	supply.in_doubt = false;
	assert_accepted();
	supply.in_doubt = true;
	before_mv = after_mv = 3300; /* a board that reads it is believed */
	assert_accepted();
}

static void watch_what_is_not_judged(void **state)
{
	(void)state;
	make_capture();
	take_capture();
	judge_supply_watch(&supply, &capture);
	assert_false(supply.in_doubt);
	cut(IDLE + 5000, 1e-6);
	take_capture();
	judge_supply_watch(&supply, &capture);
	assert_true(supply.in_doubt);
}

/* Something else powers the board: what the meter measured takes the set voltage's place. */
static void readings_against_what_was_measured(void **state)
{
	(void)state;
	make_capture();
	for (int i = 0; i < TOTAL; i++)
		voltage_v[i] = 3.0f;
	meter_config.supply_v = meter_config.supply_u_v = 0;
	meter.caps = METER_CAP_VOLTAGE;
	meter.voltage_gain_u_rel = 1e-3;
	before_mv = after_mv = 3001;
	assert_accepted();
	assert_true(fabs(row.supply_v - 3) < 1e-6);
	assert_true(fabs(row.supply_u_v - 3e-3) < 1e-6);
	assert_true(fabs(row.energy_j - 3 * row.charge_c) < 1e-6 * row.energy_j);
	before_mv = after_mv = 3301;
	assert_refused("3 V measured, 3.301 V by the board's own reading before the window");
	meter.caps = 0;
	meter.voltage_gain_u_rel = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readings_against_what_was_set),
		cmocka_unit_test(readings_against_what_was_measured),
		cmocka_unit_test(readings_against_each_other),
		cmocka_unit_test(readings_against_the_first),
		cmocka_unit_test(falls_inside),
		cmocka_unit_test(rises_inside),
		cmocka_unit_test(steps_beside),
		cmocka_unit_test(other_work_is_no_step),
		cmocka_unit_test(detector),
		cmocka_unit_test(doubt),
		cmocka_unit_test(watch_what_is_not_judged),
	};

	return cmocka_run_group_tests_name("judge_supply", tests, NULL, NULL);
}
