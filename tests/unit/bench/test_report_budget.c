/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The budget of a stored row: adds up to what is stored, names what is in it, says what it cannot
 * tell; and the way there, from a capture's ranges through the judge and the store.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/budget/meter_class.h"
#include "bench/report/budget.h"
#include "bench/report/reasons.h"
#include "bench/session/judge.h"
#include "tests/unit/bench/fake_capture.h"
#include "drivers/meter/ppk2_calibration.h"

/* 100 kSa/s: 0.2 s idle at 5 mA, 1 s window around 99 mA, 0.2 s idle. */
enum { RATE = 100000, IDLE = 20000, WINDOW = 100000, TOTAL = WINDOW + 2 * IDLE, INFERENCES = 10 };

static float current_a[TOTAL];
static uint8_t logic[TOTAL], range[TOTAL];
static uint64_t window_range_3; /* samples of the window in range 3; the rest is in 4 */
static struct capture capture;
static struct meter_info meter;
static struct rig_meter meter_config;

static void make_meter(void)
{
	struct ppk2_calibration calibration;
	struct err err = {""};

	assert_int_equal(
		ppk2_calibration_parse("Calibrated: 1\nVDD: 3300\nEND\n", 29, &calibration, &err),
		0);
	meter = (struct meter_info){.model = "ppk2",
				    .rate_hz = RATE,
				    .range_max_a = 1,
				    .gain_u_rel = 5e-3,
				    .offset_u_a = 1e-7,
				    .range_count = PPK2_RANGES,
				    .caps = METER_CAP_MARKERS | METER_CAP_SUPPLY};
	ppk2_calibration_ranges(&calibration, meter.ranges);
	assert_int_equal(ppk2_calibration_json(&calibration, 3300, meter.calibration,
					       sizeof(meter.calibration), &err),
			 0);
	meter_config =
		(struct rig_meter){.supply_v = 3.3, .supply_u_v = 5e-3, .marker_input = {0, 1, 2}};
}

static void make_capture(double zero_error_a)
{
	for (int i = 0; i < TOTAL; i++) {
		bool inside = i >= IDLE && i < IDLE + WINDOW;
		int inference = (i - IDLE) / (WINDOW / INFERENCES);

		current_a[i] = inside ? (float)(99e-3 + zero_error_a + ((i * 7919) % 11 - 5) * 1e-3)
				      : (float)(5e-3 + ((i * 7919) % 11 - 5) * 1e-5);
		logic[i] = inside ? (uint8_t)(1 | ((inference & 1) << 1)) : 0;
		range[i] = inside && (uint64_t)(i - IDLE) >= window_range_3 ? 4 : 3;
	}
	capture.result.inferences = INFERENCES;
	capture.result.cycles = 4012000;
	capture.result.counter_count = 2;
	capture.result.counters[0] = (struct wire_counter){"inf_min", 401190};
	capture.result.counters[1] = (struct wire_counter){"inf_max", 401210};
	capture.result.clock_hz = 4000000;
	capture.result.output_crc32 = 0x1234;
}

static struct store_measurement judged(double zero_error_a)
{
	static const struct wire_run run = {.warmups = 1,
					    .inferences = INFERENCES,
					    .idle_before_ms = 200,
					    .idle_after_ms = 200};
	const struct fake_samples samples = {
		.current_a = current_a, .logic = logic, .range = range, .count = TOTAL};
	struct judge_clock clock = {0};
	struct store_measurement row;
	struct err err = {""};
	const struct judge_request request = {.capture = &capture,
					      .run = &run,
					      .meter_config = &meter_config,
					      .meter = &meter,
					      .clock_hz = 4000000,
					      .output_crc32 = 0x1234,
					      .clock = &clock};

	make_capture(zero_error_a);
	assert_int_equal(fake_capture(&capture, &meter_config, &meter, &run, NULL, &samples, &err),
			 0);
	store_measurement_init(&row);
	row.ambient_c = 43;
	snprintf(row.board, sizeof(row.board), "b");
	snprintf(row.model, sizeof(row.model), "m");
	snprintf(row.meter, sizeof(row.meter), "ppk2-1");
	snprintf(row.meter_model, sizeof(row.meter_model), "%s", meter.model);
	snprintf(row.meter_calibration, sizeof(row.meter_calibration), "%s", meter.calibration);
	row.attempt = 1;
	assert_int_equal(judge_window(&request, &row, &err), 0);
	if (strcmp(row.verdict, "accepted"))
		fail_msg("%s: %s", row.verdict, row.reason);
	judge_clock_done(&clock);
	return row;
}

static void assert_close(double value, double expected, double relative)
{
	if (!(fabs(value - expected) <= relative * fabs(expected)))
		fail_msg("%.15g is not %.15g within %g", value, expected, relative);
}

static const struct budget_entry *entry_of(const struct budget_table *table,
					   enum budget_source source)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->entries[i].source == source)
			return &table->entries[i];
	fail_msg("no entry of %s", budget_source_code(source));
	return NULL;
}

static bool has_note(const struct budget_report *report, const char *text)
{
	for (unsigned i = 0; i < report->note_count; i++)
		if (strstr(report->notes[i], text))
			return true;
	return false;
}

static struct budget_report reported(const struct store_measurement *row)
{
	struct budget_report report;
	struct err err = {""};

	if (budget_report_make(row, NULL, 0, &report, &err))
		fail_msg("%s", err.text);
	return report;
}

/* A zero that is off by half a step of the largest range stays within the expanded uncertainty that
 * the meter's zero alone accounts for. */
static void judge_knows_the_range(void **state)
{
	double step_a = meter.ranges[4].resolution_a, zero_j;
	struct store_measurement row, true_row;

	(void)state;
	assert_close(step_a, 4 * 1.8 / 163840 / 0.043, 1e-9);
	row = judged(0.5 * step_a);
	true_row = judged(0);
	assert_close(row.energy_j / true_row.energy_j, 1.0052, 1e-3);
	zero_j = sqrt(pow(row.energy_u_j, 2) -
		      pow(row.energy_j, 2) * (pow(5e-3, 2) + pow(5e-3 / 3.3, 2)));
	assert_true(row.energy_j - true_row.energy_j < 2 * zero_j);
	assert_close(zero_j, 3.3 * 1 * 1e-3 / sqrt(12), 0.02); /* published: 1 mA */
}

/* The samples decide the range, not their mean. */
static void judge_counts_samples_per_range(void **state)
{
	double offset_a[2] = {meter.ranges[3].offset_u_a, meter.ranges[4].offset_u_a};
	struct store_measurement row;
	struct budget_report report;

	(void)state;
	window_range_3 = WINDOW / 2;
	row = judged(0);
	report = reported(&row);
	assert_close(row.offset_u_a, hypot(offset_a[0], offset_a[1]) / 2, 1e-9);
	assert_close(budget_table_of_source(&report.tables.gross, BUDGET_OFFSET),
		     row.offset_u_a * row.supply_v * row.duration_s, 1e-9);
	row.budget_inputs[0] = 0; /* a row that keeps totals only */
	report = reported(&row);
	window_range_3 = 0;
	assert_close(entry_of(&report.tables.gross, BUDGET_OFFSET)->u,
		     hypot(offset_a[0], offset_a[1]) / 2, 1e-5);
}

static void table_adds_up_to_the_row(void **state)
{
	struct store_measurement row = judged(0);
	struct budget_report report = reported(&row);
	const struct budget_table *gross = &report.tables.gross, *net = &report.tables.above_idle;
	double volt_seconds = row.supply_v * row.duration_s;

	(void)state;
	assert_close(gross->u, row.energy_u_j, 1e-9);
	assert_close(gross->u_independent, row.energy_u_independent_j, 1e-9);
	assert_close(net->u, row.energy_above_idle_u_j, 1e-9);
	assert_close(net->result, row.energy_above_idle_j, 1e-12);
	assert_close(entry_of(gross, BUDGET_GAIN)->u, 5e-3, 1e-12);
	assert_true(entry_of(gross, BUDGET_GAIN)->basis.assumed);
	assert_close(entry_of(gross, BUDGET_SUPPLY)->u_result, row.charge_c * 5e-3, 1e-9);
	assert_close(entry_of(gross, BUDGET_TEMPERATURE)->sensitivity, row.energy_j * 18, 1e-12);
	assert_int_equal(entry_of(gross, BUDGET_OFFSET)->range, 4);
	assert_close(entry_of(gross, BUDGET_OFFSET)->u, meter.ranges[4].offset_u_a, 1e-5);
	assert_close(entry_of(gross, BUDGET_RESOLUTION)->u_result,
		     volt_seconds * meter.ranges[4].resolution_a / sqrt(12) / sqrt(WINDOW), 1e-3);
	assert_close(entry_of(gross, BUDGET_EDGES)->u, sqrt(2) / sqrt(12) / RATE, 0.5);
	/* Idle has a zero of its own: it was measured in another range. */
	assert_close(budget_table_of_source(net, BUDGET_OFFSET),
		     hypot(meter.ranges[4].offset_u_a, meter.ranges[2].offset_u_a) * volt_seconds,
		     1e-7);
	assert_close(entry_of(net, BUDGET_IDLE)->u, row.idle_current_u_a, 1e-12);
	assert_true(has_note(&report, "One window"));
	assert_false(has_note(&report, "zero in this row's budget"));
}

/* The boards are at 43 degC, the meter is not. */
static void meter_sits_elsewhere(void **state)
{
	double tempco_u = meter_limit_u(&meter_class_find("ppk2")->temperature), with, without;
	struct store_measurement row = judged(0);

	(void)state;
	with = row.energy_u_j;
	meter_config.has_ambient = true;
	meter_config.ambient_c = 28;
	meter_config.ambient_u_k = 4;
	row = judged(0);
	make_meter();
	without = row.energy_u_j;
	assert_close(with * with - without * without,
		     pow(row.energy_j * tempco_u, 2) * (18 * 18 - 5 * 5), 1e-6);
}

static void rig_file_comes_first(void **state)
{
	struct store_measurement row;
	struct budget_report report;

	(void)state;
	meter_config.gain_u_rel = 1e-3;
	meter_config.offset_u_a = 2e-5;
	row = judged(0);
	report = reported(&row);
	make_meter();
	assert_close(entry_of(&report.tables.gross, BUDGET_GAIN)->u, 1e-3, 1e-12);
	assert_false(entry_of(&report.tables.gross, BUDGET_GAIN)->basis.assumed);
	assert_close(entry_of(&report.tables.gross, BUDGET_OFFSET)->u, 2e-5, 1e-4);
	assert_true(has_note(&report, "range 4")); /* far below what the range is for: said so */
}

/* Stored by a joulebench that knew one zero for all ranges, no temperature. */
static void older_rows_say_what_they_lack(void **state)
{
	struct store_measurement row = judged(0);
	struct budget_report report;
	double common;

	(void)state;
	common = row.energy_j * sqrt(pow(5e-3, 2) + pow(5e-3 / 3.3, 2) +
				     pow(meter_limit_u(&meter_class_find("ppk2")->time_base), 2));
	common = hypot(common, row.supply_v * row.duration_s * 115e-9);
	row.budget_inputs[0] = 0;
	row.energy_u_j = hypot(common, row.energy_u_independent_j);
	row.energy_above_idle_u_j = row.energy_u_j;
	report = reported(&row);
	assert_close(report.tables.gross.u, row.energy_u_j, 1e-9);
	assert_close(entry_of(&report.tables.gross, BUDGET_OFFSET)->u, 115e-9, 1e-2);
	assert_true(has_note(&report, "without temperature"));
	assert_true(has_note(&report, "zero in this row's budget"));
	row.duration_u_s *= 100; /* more than its energy knows of */
	assert_close(reported(&row).tables.gross.u_independent, row.energy_u_independent_j, 1e-9);
}

/* Only totals: what a CSV or a published result has. */
static void imported_rows_are_not_broken_down(void **state)
{
	struct store_measurement row;
	struct budget_report report;

	(void)state;
	store_measurement_init(&row);
	row.energy_j = 0.1;
	row.energy_u_j = 5e-4;
	row.energy_u_independent_j = 3e-4;
	row.inferences = 1;
	report = reported(&row);
	assert_close(report.tables.gross.u, 5e-4, 1e-12);
	assert_int_equal(report.tables.gross.count, 2);
	assert_close(report.tables.gross.u_common, 4e-4, 1e-12);
	assert_int_equal(report.tables.above_idle.count, 0);
}

static void repeats_give_repeatability(void **state)
{
	struct store_measurement row = judged(0), repeats[3] = {row, row, row};
	struct budget_report report;
	struct err err = {""};
	double sd_j = sqrt((4 + 4 + 1 + 1) / 3.0) * 1e-4; /* 0, 4, 1, 3 about 2 */
	double volt_seconds = row.supply_v * row.duration_s, idle_u_a = 1e-4 / volt_seconds;

	(void)state;
	row.idle_current_u_a = repeats[0].idle_current_u_a = repeats[1].idle_current_u_a =
		repeats[2].idle_current_u_a = idle_u_a;
	row.energy_above_idle_u_j = hypot(row.energy_above_idle_u_j, idle_u_a * volt_seconds);
	repeats[0].energy_above_idle_j += 1e-4 * 4;
	repeats[1].energy_above_idle_j += 1e-4 * 1;
	repeats[2].energy_above_idle_j += 1e-4 * 3;
	repeats[0].energy_j += 1e-4 * 4;
	repeats[1].energy_j += 1e-4 * 1;
	repeats[2].energy_j += 1e-4 * 3;
	assert_int_equal(budget_report_make(&row, repeats, 3, &report, &err), 0);
	assert_int_equal(report.repeats, 4);
	assert_close(entry_of(&report.tables.gross, BUDGET_REPEATABILITY)->u,
		     sqrt(sd_j * sd_j - pow(row.energy_u_independent_j, 2)), 1e-6);
	assert_close(entry_of(&report.tables.above_idle, BUDGET_REPEATABILITY)->u,
		     sqrt(sd_j * sd_j - 1e-8 - pow(row.energy_u_independent_j, 2)), 1e-6);
	assert_true(entry_of(&report.tables.gross, BUDGET_REPEATABILITY)->dof == 3);
	assert_true(isfinite(report.tables.gross.dof) && report.tables.gross.coverage_factor >= 2);
	assert_true(budget_report_is_repeat(&row, &repeats[0]));
	repeats[0].inferences++;
	assert_false(budget_report_is_repeat(&row, &repeats[0]));
}

static void json_holds_the_table(void **state)
{
	struct store_measurement row = judged(0);
	struct budget_report report = reported(&row);
	json_t *json = budget_report_json(&report), *gross, *entry;
	double square = 0, u_j;
	size_t i;

	(void)state;
	assert_non_null(json);
	gross = json_object_get(json, "gross");
	json_array_foreach(json_object_get(gross, "entries"), i, entry) square +=
		pow(json_number_value(json_object_get(entry, "u_energy_j")), 2);
	u_j = json_number_value(json_object_get(gross, "energy_u_j"));
	assert_close(sqrt(square), u_j, 1e-12);
	assert_true(json_is_null(json_object_get(gross, "dof"))); /* infinite */
	assert_true(json_object_get(json_object_get(json, "above_idle"), "entries") != NULL);
	json_decref(json);
	json = reasons_json();
	assert_true(json_array_size(json) >= 17);
	json_decref(json);
}

static char *printed(const struct budget_report *report)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	budget_report_print(report, stream);
	fclose(stream);
	return text;
}

static void print_says_it_all(void **state)
{
	struct store_measurement row = judged(0);
	struct budget_report report = reported(&row);
	char *text = printed(&report);

	(void)state;
	assert_non_null(strstr(text, "meter zero, range 4"));
	assert_non_null(strstr(text, "rectangular"));
	assert_non_null(strstr(text, "(k = 2)"));
	assert_non_null(strstr(text, "per inference: (3.267 +- 0.039)e-2 J"));
	assert_non_null(strstr(text, "assumed: "));
	assert_non_null(strstr(text, "Energy above idle"));
	free(text);
}

static void rows_of_a_store(void **state)
{
	char path[64];
	struct store_measurement row = judged(0);
	struct budget_report report;
	struct store *store;
	struct err err = {""};

	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_report_budget.%d.db", (int)getpid());
	unlink(path);
	assert_int_equal(store_open(path, true, &store, &err), 0);
	for (int i = 0; i < 3; i++) {
		snprintf(row.point_key, sizeof(row.point_key), "p%d", i);
		row.repeat_index = i;
		if (store_add(store, &row, &err))
			fail_msg("%s", err.text);
	}
	snprintf(row.point_key, sizeof(row.point_key), "refused");
	snprintf(row.verdict, sizeof(row.verdict), "refused");
	snprintf(row.reason, sizeof(row.reason), "lost: all");
	row.energy_j = NAN;
	assert_int_equal(store_add(store, &row, &err), 0);
	assert_int_equal(budget_report_read(store, 2, &report, &err), 0);
	assert_int_equal(report.id, 2);
	assert_int_equal(report.row.repeat_index, 1);
	assert_int_equal(report.repeats, 3);
	assert_int_equal(budget_report_read(store, 4, &report, &err), -EINVAL);
	assert_non_null(strstr(err.text, "measurement 4"));
	assert_non_null(strstr(err.text, "lost: all"));
	assert_int_equal(budget_report_read(store, 5, &report, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no measurement 5 (the last is 4)"));
	store_close(store);
	unlink(path);
}

static int setup(void **state)
{
	(void)state;
	make_meter();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judge_knows_the_range),
		cmocka_unit_test(judge_counts_samples_per_range),
		cmocka_unit_test(table_adds_up_to_the_row),
		cmocka_unit_test(meter_sits_elsewhere),
		cmocka_unit_test(rig_file_comes_first),
		cmocka_unit_test(older_rows_say_what_they_lack),
		cmocka_unit_test(imported_rows_are_not_broken_down),
		cmocka_unit_test(repeats_give_repeatability),
		cmocka_unit_test(json_holds_the_table),
		cmocka_unit_test(print_says_it_all),
		cmocka_unit_test(rows_of_a_store),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
