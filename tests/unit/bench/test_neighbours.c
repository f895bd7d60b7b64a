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

#include "analysis/predictor/fit.h"
#include "bench/session/judge.h"
#include "bench/session/points.h"

/* Idle at 1 mA, a window at 10 mA with 10 inferences, idle; 100 kSa/s. The board counts 4 MHz. */
enum { RATE = 100000, IDLE = 20000, WINDOW = 100000, INFERENCES = 10, TOTAL_MAX = 300000 };

static float current_a[TOTAL_MAX];
static uint8_t logic[TOTAL_MAX], saturated[TOTAL_MAX];
static struct capture capture;

static const struct rig_meter meter_config = {
	.supply_v = 3.3, .supply_u_v = 5e-3, .marker_input = {0, 1, 2}};
static const struct meter_info meter = {
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
		current_a[i] += (float)((i * 7919) % 11 - 5) * 1e-7f;
		logic[i] = inside ? (uint8_t)(1 | ((inference & 1) << 1)) : 0;
	}
	capture = (struct capture){.current_a = current_a,
				   .logic = logic,
				   .saturated = saturated,
				   .count = (size_t)total};
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
	struct judge_clock clock_seen = {0};
	struct store_measurement row = {0};
	struct err err = {""};
	const struct judge_request request = {.capture = &capture,
					      .run = &run,
					      .meter_config = &meter_config,
					      .meter = &meter,
					      .clock_hz = 4000000,
					      .output_crc32 = 0x1234,
					      .vdda_before_mv = 3300,
					      .vdda_after_mv = 3300,
					      .clock = &clock_seen};

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
static void fit_sweep(const struct point *points, struct fit_result *ret_fit)
{
	static double x[POINTS][2], y[POINTS], u[POINTS];
	const struct fit_data data = {
		.count = POINTS, .coefs = 2, .has_intercept = true, .x = x[0], .y = y, .u_y = u};

	for (unsigned i = 0; i < POINTS; i++) {
		double cycles = cycles_of(points[i].model);

		x[i][0] = 1;
		x[i][1] = cycles;
		y[i] = TRUE_K * cycles * (1 + DRIFT_TOTAL * (i / (double)(POINTS - 1) - 0.5));
		u[i] = 1e-5;
	}
	assert_int_equal(fit_linear(&data, ret_fit), 0);
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
	struct fit_result fit;

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
		assert_true(fabs(fit.coef[1] / TRUE_K - 1) < 0.007);
		qsort(points, count, sizeof(*points), by_model);
		fit_sweep(points, &fit);
		assert_true(fit.coef[1] / TRUE_K - 1 > 0.02);
		free(points);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stretched_traces),
		cmocka_unit_test(two_edges_in_one_sample),
		cmocka_unit_test(bouncing_window),
		cmocka_unit_test(drift_and_the_order_of_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
