/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Defects that are known of other benches, where no other test here shows them: a trace stretched
 * by foreign samples (eembc/energyrunner #24: 1.33 and 2 times), marker edges that fall into one
 * sample or bounce, and a sweep in sorted order under thermal drift.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/predictor/linear.h"
#include "bench/session/judge.h"
#include "bench/session/points.h"
#include "tests/unit/bench/fake_capture.h"

/* Idle at 1 mA, a window at 10 mA with 10 inferences, idle; 100 kSa/s. The board counts 4 MHz. */
enum { RATE = 100000, IDLE = 20000, WINDOW = 100000, INFERENCES = 10, TOTAL_MAX = 300000 };

static float current_a[TOTAL_MAX];
static uint8_t logic[TOTAL_MAX];
static struct fake_samples samples;
static struct capture capture;

static const struct rig_meter meter_config = {
	.supply_v = 3.3, .supply_u_v = 5e-3, .marker_input = {0, 1, 2}};
static struct meter_info meter = {
	.rate_hz = RATE, .range_max_a = 1.0, .gain_u_rel = 5e-3, .offset_u_a = 1e-6};
static const struct wire_run run = {
	.warmups = 1, .inferences = INFERENCES, .idle_before_ms = 200, .idle_after_ms = 200};

/* stretch: how many samples there are for each that there should be. */
static void make_capture(double stretch)
{
	int idle = (int)lround(IDLE * stretch), window = (int)lround(WINDOW * stretch);
	int total = window + 2 * idle;

	for (int i = 0; i < total; i++) {
		bool inside = i >= idle && i < idle + window;
		int inference = (int)((i - idle) / (window / (double)INFERENCES));

		current_a[i] = inside ? 10e-3f : 1e-3f;
		current_a[i] += (float)(i % 11 * 7919 % 11 - 5) * 1e-7f;
		logic[i] = inside ? (uint8_t)(1 | ((inference & 1) << 1)) : 0;
	}
	samples = (struct fake_samples){
		.current_a = current_a, .logic = logic, .count = (size_t)total};
	capture.result.inferences = INFERENCES;
	capture.result.cycles = 4000000;
	capture.result.counter_count = 2;
	capture.result.counters[0] = (struct wire_counter){"inf_min", 399990};
	capture.result.counters[1] = (struct wire_counter){"inf_max", 400010};
	capture.result.clock_hz = 4000000;
	capture.result.output_crc32 = 0x1234;
}

static struct store_measurement judged(void)
{
	struct judge_meter_clock meter_clock = {0};
	struct judge_clock clock_seen = {0};
	struct store_measurement row;
	struct err err = {""};
	const struct judge_request request = {.capture = &capture,
					      .run = &run,
					      .meter_config = &meter_config,
					      .meter = &meter,
					      .clock_hz = 4000000,
					      .output_crc32 = 0x1234,
					      .vdda_before_mv = 3300,
					      .vdda_after_mv = 3300,
					      .clock = &clock_seen,
					      .meter_clock = &meter_clock};

	store_measurement_init(&row);
	assert_int_equal(fake_capture(&capture, &meter_config, &meter, &run, NULL, &samples, &err),
			 0);
	judge_meter_clock_add(&meter_clock, &capture, meter.rate_hz);
	assert_int_equal(judge_window(&request, &row, &err), 0);
	free(clock_seen.ratios);
	return row;
}

static void stretched_traces(void **state)
{
	static const double stretches[] = {0.5, 0.75, 1 / 0.75, 2};
	struct store_measurement row;

	(void)state;
	make_capture(1);
	row = judged();
	assert_string_equal(row.verdict, "accepted");
	assert_float_equal(row.energy_j, 3.3 * 10e-3 * 1, 1e-5);
	for (size_t i = 0; i < sizeof(stretches) / sizeof(stretches[0]); i++) {
		make_capture(stretches[i]);
		row = judged();
		assert_string_equal(row.verdict, "refused");
		assert_non_null(strstr(row.reason, "clock: "));
	}
}

/* The samples are as many as they should be; it is the host's clock that tells that they came at
 * another rate: the instrument's stated rate is wrong, and with it every time by the board. */
static void rates_that_are_wrong(void **state)
{
	static const struct {
		double factor;
		const char *says;
	} rates[] = {{4.0 / 3, "4/3"}, {2, "2, as"}, {0.5, "1/2"}};
	struct store_measurement row;

	(void)state;
	make_capture(1);
	row = judged();
	assert_string_equal(row.verdict, "accepted");
	assert_float_equal(row.meter_rate_hz, RATE, 1);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		make_capture(1);
		samples.clock_factor = rates[i].factor;
		row = judged();
		assert_string_equal(row.verdict, "refused");
		assert_ptr_equal(strstr(row.reason, "clock: the meter runs at"), row.reason);
		assert_non_null(strstr(row.reason, rates[i].says));
		assert_float_equal(row.meter_rate_hz / RATE, rates[i].factor, 1e-3);
	}
}

/* An instrument that sums what the host lost without anybody's noticing. */
static void own_sum_that_differs(void **state)
{
	struct store_measurement row;

	(void)state;
	meter.caps = METER_CAP_INTEGRAL;
	make_capture(1);
	samples.integral_every = 9000;
	samples.integral_factor = 1;
	row = judged();
	assert_string_equal(row.verdict, "accepted");
	assert_float_equal(row.integral_energy_j / row.energy_j, 1, 1e-6);
	samples.integral_factor = 1.004;
	row = judged();
	meter.caps = 0;
	assert_string_equal(row.verdict, "refused");
	assert_non_null(strstr(row.reason, "integral: "));
	assert_float_equal(row.integral_energy_j / (3.3 * 10e-3), 1.004, 1e-4);
}

/* A meter that measures voltage: energy is the sum of i * v, whatever was set. */
static void voltage_and_raw_current(void **state)
{
	static float voltage_v[TOTAL_MAX], raw_a[TOTAL_MAX];
	struct store_measurement row;

	(void)state;
	meter.caps = METER_CAP_VOLTAGE | METER_CAP_RAW;
	meter.voltage_gain_u_rel = 1e-3;
	make_capture(1);
	for (int i = 0; i < TOTAL_MAX; i++) {
		voltage_v[i] = 3.25f;
		raw_a[i] = current_a[i] + (i == IDLE + 50 ? 0.1f : 0);
	}
	samples.voltage_v = voltage_v;
	samples.raw_current_a = raw_a;
	row = judged();
	meter.caps = 0;
	assert_string_equal(row.verdict, "accepted");
	assert_float_equal(row.energy_j, 3.25 * 10e-3, 1e-6);
	assert_float_equal(row.energy_above_idle_j, 3.25 * 9e-3, 1e-6);
	assert_float_equal(row.mean_v, 3.25, 1e-6);
	assert_float_equal(row.mean_v_u, 3.25e-3, 1e-6);
	if (!(fabs((row.raw_energy_j - row.energy_j) / (3.25 * 0.1 / RATE) - 1) < 1e-4))
		fail_msg("%.10g J raw, %.10g J", row.raw_energy_j, row.energy_j);
}

/* A meter that gives no value for a sample: refused, and the sample in no sum. */
static void samples_without_value(void **state)
{
	struct store_measurement row;

	(void)state;
	make_capture(1);
	current_a[IDLE + 100] = NAN;
	row = judged();
	assert_string_equal(row.verdict, "refused");
	assert_non_null(strstr(row.reason, "samples: the meter gave no value for 1 samples"));
}

/* A board whose 32-bit counter passed zero inside the window: 4.3e9 cycles fewer. */
static void cycles_that_wrapped(void **state)
{
	struct store_measurement row;

	(void)state;
	make_capture(1);
	capture.result.cycles = (uint64_t)4000000 - (UINT64_C(1) << 32);
	row = judged();
	assert_string_equal(row.verdict, "refused");
	assert_non_null(strstr(row.reason, "pace: "));
}

/* Line 1 goes up and down again between two samples: two edges fewer. */
static void two_edges_in_one_sample(void **state)
{
	struct store_measurement row;

	(void)state;
	make_capture(1);
	for (int i = IDLE + WINDOW / INFERENCES; i < IDLE + 2 * WINDOW / INFERENCES; i++)
		logic[i] &= (uint8_t)~2;
	row = judged();
	assert_string_equal(row.verdict, "refused");
	assert_non_null(strstr(row.reason, "markers: inference line"));
}

/* One sample low again: at the rising edge, in the middle, before the falling edge. */
static void bouncing_window(void **state)
{
	static const int places[] = {IDLE + 1, IDLE + WINDOW / 2, IDLE + WINDOW - 2};
	struct store_measurement row;

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		make_capture(1);
		logic[places[i]] &= (uint8_t)~1;
		row = judged();
		assert_string_equal(row.verdict, "refused");
		assert_non_null(strstr(row.reason, "markers: window line"));
	}
}

/* The order of a sweep ------------------------------------------------------------------------ */

enum { MODELS = 12, REPEATS = 40, POINTS = MODELS * REPEATS };

#define TRUE_K      1e-9 /* J per cycle */
#define DRIFT_TOTAL 0.05 /* energy at the end of the sweep, above that at its start */

static double cycles_of(unsigned model)
{
	return 1e6 * (1 + model);
}

/* The fit's slope and intercept when the points are measured in this order. */
static void fit_sweep(const struct point *points, struct estimate *ret_fit)
{
	static double x[POINTS][2], y[POINTS], u[POINTS];
	const struct fit_points data = {.count = POINTS, .y = y, .u_y = u};
	const struct fit_options options = {.scatter = SCATTER_BIRGE};

	for (unsigned i = 0; i < POINTS; i++) {
		double cycles = cycles_of(points[i].model);

		x[i][0] = 1;
		x[i][1] = cycles;
		y[i] = TRUE_K * cycles * (1 + DRIFT_TOTAL * (i / (double)(POINTS - 1) - 0.5));
		u[i] = 1e-5;
	}
	assert_int_equal(linear_fit(&data, x[0], 2, &options, ret_fit, NULL), 0);
}

static int by_model(const void *a, const void *b)
{
	unsigned x = ((const struct point *)a)->model, y = ((const struct point *)b)->model;

	return (x > y) - (x < y);
}

/* The seeded order gives the model that a sweep without drift gives; the sorted one puts the
 * largest models where the board is warmest. */
static void drift_and_the_order_of_points(void **state)
{
	static char *paths[MODELS], *builds[] = {"O2"};
	static struct model_image images[MODELS];
	static struct session_model models[MODELS];
	static struct rig_board board = {.name = "one"};
	static struct levels levels = {.count = 1, .hz = {120000000}};
	static struct session_firmware firmware;
	struct plan plan = {.models = paths,
			    .model_count = MODELS,
			    .builds = builds,
			    .build_count = 1,
			    .repeats = REPEATS};
	struct rig rig = {.boards = &board, .board_count = 1};
	const struct session_work work = {.plan = &plan,
					  .rig = &rig,
					  .models = models,
					  .levels = &levels,
					  .firmwares = &firmware};
	struct estimate fit;

	(void)state;
	for (unsigned i = 0; i < MODELS; i++) {
		snprintf(images[i].sha256, sizeof(images[i].sha256), "%064u", i);
		models[i].image = &images[i];
	}
	for (plan.seed = 1; plan.seed <= 20; plan.seed++) {
		size_t count = 0;
		struct point *points = points_of_board(&work, 0, &count);

		assert_non_null(points);
		assert_int_equal(count, POINTS);
		fit_sweep(points, &fit);
		assert_true(fabs(fit.value[1] / TRUE_K - 1) < 0.007);
		qsort(points, count, sizeof(*points), by_model);
		fit_sweep(points, &fit);
		assert_true(fit.value[1] / TRUE_K - 1 > 0.02);
		free(points);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stretched_traces),
		cmocka_unit_test(rates_that_are_wrong),
		cmocka_unit_test(own_sum_that_differs),
		cmocka_unit_test(voltage_and_raw_current),
		cmocka_unit_test(samples_without_value),
		cmocka_unit_test(cycles_that_wrapped),
		cmocka_unit_test(two_edges_in_one_sample),
		cmocka_unit_test(bouncing_window),
		cmocka_unit_test(drift_and_the_order_of_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
