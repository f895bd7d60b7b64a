/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A made-up MLPerf Tiny result in the MLCommons runner's files is accepted with the numbers it was
 * made with; every way to spoil it is found, with the reason of the closed list that names the
 * cause.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench/import/rows.h"
#include "tests/unit/bench/tiny_session_load.h"

static void a_sound_result(void **state)
{
	const char *folder = new_folder();
	double middle_j;

	(void)state;
	session_fill(&session);
	session_print(&session);
	session_write(&session, folder);
	middle_j = session_sum(&session.runs[2]) / 300;
	load(folder);
	assert_reason("sound", 0);
	assert_int_equal(result.verdict, IMPORT_ACCEPTED);
	assert_ptr_equal(result.layout, &tiny_layout_mlcommons);
	assert_int_equal(result.window_count, 5);
	assert_int_equal(result.run_count, 5);
	assert_true(fabs(result.ours_j / middle_j - 1) < 1e-7);
	assert_true(fabs(result.ours_j / result.published_j - 1) < 1e-7);
	assert_true(fabs(result.windows[0].edges.start_s - 2.9) < 1e-9);
	assert_true(fabs(result.windows[1].edges.start_s - (13.498 + 1.707)) < 1e-9);
	assert_true(fabs(result.windows[1].energy.duration_s - 10.5) < 1e-9);
	assert_true(fabs(result.clock.ratio - 1.004) < 1e-6);
	assert_true(fabs(result.supply_v - 1.8) < 1e-12);
	assert_string_equal(result.meter->name, "lpm01a");
	/* 2 % limit of the meter. */
	assert_true(fabs(result.mean.u_common_j / (0.02 / sqrt(3) * result.mean.mean_j) - 1) <
		    1e-9);
}

/* ---- ways to spoil it ---- */

static void nothing(struct session *it)
{
	(void)it;
}

static void drop_event(struct session_run *run, int at)
{
	for (int e = at; e + 1 < run->event_count; e++) {
		run->numbers[e] = run->numbers[e + 1];
		run->indices[e] = run->indices[e + 1];
	}
	run->event_count--;
}

static void insert_event(struct session *it, int r, int at, long index)
{
	struct session_run *run = &it->runs[r];

	memmove(&run->numbers[at + 1], &run->numbers[at],
		(size_t)(run->event_count - at) * sizeof(run->numbers[0]));
	memmove(&run->indices[at + 1], &run->indices[at],
		(size_t)(run->event_count - at) * sizeof(run->indices[0]));
	run->indices[at] = index;
	run->event_count++;
}

static void number_events(struct session *it)
{
	long number = 0;

	for (int r = 0; r < it->run_count; r++)
		for (int e = 0; e < it->runs[r].event_count; e++)
			it->runs[r].numbers[e] = number++;
}

static void lose_stop(struct session *it)
{
	drop_event(&it->runs[3], 1);
}

static void lose_stop_unseen(struct session *it)
{
	drop_event(&it->runs[3], 1);
	number_events(it);
}

static void lose_stop_of_first(struct session *it)
{
	drop_event(&it->runs[0], 2);
	number_events(it);
}

static void lose_both(struct session *it)
{
	it->runs[2].event_count = 0;
}

static void lose_all(struct session *it)
{
	for (int r = 0; r < it->run_count; r++)
		it->runs[r].event_count = 0;
}

static void number_jumps(struct session *it)
{
	for (int r = 2; r < it->run_count; r++)
		for (int e = 0; e < 2; e++)
			it->runs[r].numbers[e]++;
}

static void number_jumps_in_run(struct session *it)
{
	it->runs[4].numbers[1]++;
}

static void number_repeats(struct session *it)
{
	it->runs[2].numbers[1] = it->runs[2].numbers[0];
}

static void numbers_anew(struct session *it)
{
	for (int r = 0; r < it->run_count; r++)
		for (int e = 0; e < it->runs[r].event_count; e++)
			it->runs[r].numbers[e] = e;
}

static void extra_event(struct session *it)
{
	insert_event(it, 3, 1, 6000);
	number_events(it);
}

static void extra_event_before(struct session *it)
{
	insert_event(it, 3, 0, 600);
	number_events(it);
}

static void extra_event_in_first(struct session *it)
{
	insert_event(it, 0, 2, 2900 + 300);
	number_events(it);
}

static void no_reset(struct session *it)
{
	drop_event(&it->runs[0], 0);
	number_events(it);
}

static void two_resets(struct session *it)
{
	insert_event(it, 0, 1, 1099);
	number_events(it);
}

static void index_behind_end(struct session *it)
{
	it->runs[2].indices[1] = (long)it->runs[2].count + 1;
}

static void indices_swapped(struct session *it)
{
	long first = it->runs[2].indices[0];

	it->runs[2].indices[0] = it->runs[2].indices[1];
	it->runs[2].indices[1] = first;
}

static void index_off(struct session *it)
{
	it->runs[2].indices[1]--;
}

static void negative(struct session *it)
{
	it->runs[1].samples_j[5000] *= -1;
}

static void negative_outside(struct session *it)
{
	it->runs[1].samples_j[50] *= -1;
}

static void zero(struct session *it)
{
	for (size_t k = 5000; k < 5100; k++)
		it->runs[1].samples_j[k] = 0;
}

static void not_a_number(struct session *it)
{
	it->runs[1].samples_j[5000] = NAN;
}

static void scale_samples(struct session *it, double factor)
{
	for (int r = 0; r < it->run_count; r++)
		for (size_t k = 0; k < it->runs[r].count; k++)
			it->runs[r].samples_j[k] *= factor;
}

static void microjoules(struct session *it)
{
	scale_samples(it, 1e6);
}

static void millijoules(struct session *it)
{
	scale_samples(it, 1e3);
}

static void other_gain(struct session *it)
{
	scale_samples(it, 1.00001);
}

static void published_more(struct session *it)
{
	it->printed_factor = 1.0005;
}

static void published_little_more(struct session *it)
{
	it->printed_factor = 1.00001;
}

static void one_sample_changed(struct session *it)
{
	it->runs[4].samples_j[7000] *= 1.1;
}

/* n samples of a run are lost from its window on. */
static void lose_samples(struct session_run *run, size_t n)
{
	memmove(run->samples_j + 5000, run->samples_j + 5000 + n,
		(run->count - 5000 - n) * sizeof(run->samples_j[0]));
	run->count -= n;
	run->indices[run->event_count - 1] -= (long)n;
}

static void samples_lost_at_host(struct session *it)
{
	lose_samples(&it->runs[1], 300);
}

static void samples_lost_everywhere(struct session *it)
{
	for (int r = 0; r < it->run_count; r++)
		lose_samples(&it->runs[r], 600);
}

static void some_samples_lost_everywhere(struct session *it)
{
	for (int r = 0; r < it->run_count; r++)
		lose_samples(&it->runs[r], 230);
}

/* Edited: the file alone. */
static void sample_taken_out(struct session *it)
{
	struct session_run *run = &it->runs[1];

	memmove(run->samples_j + 5000, run->samples_j + 5001,
		(run->count - 5001) * sizeof(run->samples_j[0]));
	run->count--;
}

static void sample_taken_out_no_log(struct session *it)
{
	sample_taken_out(it);
	it->no_log = true;
}

static void short_windows(struct session *it)
{
	for (int r = 0; r < it->run_count; r++) {
		lose_samples(&it->runs[r], 1050);
		it->runs[r].inferences = 270;
	}
}

static void drifting(struct session *it)
{
	for (int r = 0; r < it->run_count; r++)
		for (long k = it->runs[r].indices[it->runs[r].event_count - 2] + 5250;
		     k < (long)it->runs[r].count; k++)
			it->runs[r].samples_j[k] = session_round(it->runs[r].samples_j[k] * 1.02);
}

static void other_work_in_one(struct session *it)
{
	for (size_t k = 0; k < it->runs[4].count; k++)
		it->runs[4].samples_j[k] = session_round(it->runs[4].samples_j[k] * 1.05);
}

static void four_runs(struct session *it)
{
	it->run_count = 4;
}

static void six_runs(struct session *it)
{
	it->run_count = 6;
}

static void other_inferences(struct session *it)
{
	it->runs[3].inferences = 301;
}

static void other_inferences_in_log(struct session *it)
{
	char *at = strstr(it->log, "1/300");

	memcpy(at, "1/299", 5);
}

static void log_of_another(struct session *it)
{
	char *at = strstr(it->log, "timestamps:2");

	at[11] = '3';
}

static void another_board(struct session *it)
{
	it->board_s = 21;
}

static void another_clock(struct session *it)
{
	it->board_s = 10.5 * 1.03;
}

static void no_performance(struct session *it)
{
	it->no_performance = true;
}

static void bad_performance(struct session *it)
{
	memcpy(strstr(it->performance, "Runtime: 10"), "Runtime: 99", 11);
}

static void no_json(struct session *it)
{
	it->no_json = true;
}

static void no_results(struct session *it)
{
	it->no_results = true;
}

static void no_log(struct session *it)
{
	it->no_log = true;
}

static void no_supply(struct session *it)
{
	it->voltage = "0";
}

static void supply_in_millivolts(struct session *it)
{
	it->voltage = "1800";
}

static void stops_late(struct session *it)
{
	for (int r = 0; r < it->run_count; r++)
		it->runs[r].indices[it->runs[r].event_count - 1] += 30;
}

static void clipped(struct session *it)
{
	for (int r = 0; r < it->run_count; r++)
		for (size_t k = 0; k < it->runs[r].count; k++)
			it->runs[r].samples_j[k] = fmin(it->runs[r].samples_j[k], 30.2e-6);
}

static void streaming(struct session *it)
{
	it->is_streaming = true;
	it->run_count = 1;
	it->runs[0].inferences = 1;
}

/* measured: before the runner prints, so its own files agree (it stops where a run has less than
 * two events, or numbers jump in a run); edited: results.json or others afterwards. */
static const struct spoiling {
	const char *name;
	void (*measured)(struct session *it);
	void (*edited)(struct session *it);
	enum import_reason reason;
} spoilings[] = {
	{"no event before the first run's", no_reset, nothing, 0},
	{"two events before the first run's", two_resets, nothing, 0},
	{"numbers begin anew in every run", numbers_anew, nothing, 0},
	{"no log", nothing, no_log, 0},
	{"stop lost", nothing, lose_stop, IMPORT_MARKER_LOST},
	{"stop lost, numbers go on", nothing, lose_stop_unseen, IMPORT_MARKER_LOST},
	{"stop of the first lost", lose_stop_of_first, nothing, IMPORT_WINDOW_OUTLIER},
	{"both lost", nothing, lose_both, IMPORT_MARKER_LOST},
	{"all lost", nothing, lose_all, IMPORT_MARKER_LOST},
	{"numbers jump between runs", number_jumps, nothing, IMPORT_MARKER_LOST},
	{"numbers jump in a run", nothing, number_jumps_in_run, IMPORT_MARKER_LOST},
	{"a number twice", nothing, number_repeats, IMPORT_TIMESTAMPS_ORDER},
	{"extra event", extra_event, nothing, IMPORT_MARKER_EXTRA},
	{"extra event before a window", extra_event_before, nothing, IMPORT_MARKER_EXTRA},
	{"extra event in the first window", extra_event_in_first, nothing, IMPORT_WINDOW_OUTLIER},
	{"index behind the end", nothing, index_behind_end, IMPORT_MARKER_OUTSIDE},
	{"indices swapped", nothing, indices_swapped, IMPORT_TIMESTAMPS_ORDER},
	{"index off by one", nothing, index_off, IMPORT_WINDOW_MISMATCH},
	{"negative sample", nothing, negative, IMPORT_TRACE_NEGATIVE},
	{"negative sample outside", negative_outside, nothing, IMPORT_TRACE_NEGATIVE},
	{"zero samples", nothing, zero, IMPORT_TRACE_ZERO},
	{"zero samples measured", zero, nothing, IMPORT_TRACE_ZERO},
	{"NaN", nothing, not_a_number, IMPORT_TRACE_NOT_FINITE},
	{"NaN measured", not_a_number, nothing, IMPORT_TRACE_NOT_FINITE},
	{"microjoules", nothing, microjoules, IMPORT_ENERGY_MISMATCH},
	{"millijoules", nothing, millijoules, IMPORT_ENERGY_MISMATCH},
	{"gain 1e-5", nothing, other_gain, IMPORT_ENERGY_MISMATCH},
	{"published 5e-4 more", published_more, nothing, IMPORT_ENERGY_MISMATCH},
	{"published 1e-5 more", published_little_more, nothing, IMPORT_ENERGY_MISMATCH},
	{"one sample changed", nothing, one_sample_changed, IMPORT_ENERGY_MISMATCH},
	{"sample taken out", nothing, sample_taken_out, IMPORT_WINDOW_MISMATCH},
	{"sample taken out, no log", nothing, sample_taken_out_no_log, IMPORT_ENERGY_MISMATCH},
	{"samples lost at the host", samples_lost_at_host, nothing, IMPORT_WINDOW_OUTLIER},
	{"samples lost in all", samples_lost_everywhere, nothing, IMPORT_DURATION_CONTRADICTS},
	{"some lost in all", some_samples_lost_everywhere, nothing, IMPORT_CLOCK_DIFFERS},
	{"short windows", short_windows, nothing, IMPORT_WINDOW_SHORT},
	{"drift", drifting, nothing, IMPORT_DRIFT},
	{"other work", other_work_in_one, nothing, IMPORT_WINDOW_OUTLIER},
	{"four runs", four_runs, nothing, IMPORT_WINDOW_COUNT},
	{"six runs", six_runs, nothing, IMPORT_WINDOW_COUNT},
	{"four runs of five", nothing, four_runs, IMPORT_WINDOW_COUNT},
	{"six runs of five", nothing, six_runs, IMPORT_WINDOW_COUNT},
	{"other inferences", nothing, other_inferences, IMPORT_INFERENCES_CONTRADICT},
	{"other inferences in the log", nothing, other_inferences_in_log,
	 IMPORT_INFERENCES_CONTRADICT},
	{"log of another", nothing, log_of_another, IMPORT_WINDOW_MISMATCH},
	{"performance of another board", another_board, nothing, IMPORT_DURATION_CONTRADICTS},
	{"performance at another clock", another_clock, nothing, IMPORT_CLOCK_DIFFERS},
	{"no performance", nothing, no_performance, IMPORT_PERFORMANCE_MISSING},
	{"performance contradicts itself", nothing, bad_performance, IMPORT_PERFORMANCE_UNUSABLE},
	{"no results.json", nothing, no_json, IMPORT_TRACE_MISSING},
	{"no results.txt", nothing, no_results, IMPORT_RESULTS_MISSING},
	{"supply at 0 V", no_supply, nothing, IMPORT_SUPPLY_ZERO},
	{"supply in millivolts", supply_in_millivolts, nothing, IMPORT_SUPPLY_DOUBTFUL},
	{"stops late", stops_late, nothing, IMPORT_WINDOW_UNALIGNED},
	{"clipped", clipped, nothing, IMPORT_TRACE_CLIPPED},
	{"streaming wakeword", streaming, nothing, IMPORT_WINDOW_COUNT},
};

static void every_spoiled_result(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spoilings) / sizeof(spoilings[0]); i++) {
		const char *folder = new_folder();

		session_fill(&session);
		spoilings[i].measured(&session);
		session_print(&session);
		spoilings[i].edited(&session);
		session_write(&session, folder);
		load(folder);
		assert_reason(spoilings[i].name, spoilings[i].reason);
		assert_int_equal(result.verdict, import_reason_verdict(spoilings[i].reason));
	}
}

static void a_streaming_result_has_no_energy(void **state)
{
	const char *folder = new_folder();

	(void)state;
	session_fill(&session);
	streaming(&session);
	session_print(&session);
	session_write(&session, folder);
	load(folder);
	assert_int_equal(result.window_count, 0);
	assert_true(isnan(result.published_j) && isnan(result.ours_j));
	assert_int_equal(result.finding_count, 1);
	assert_non_null(strstr(result.findings[0].text, "streaming"));
}

static void a_copied_trace_is_suspect(void **state)
{
	struct tiny_result *results = calloc(3, sizeof(*results));

	(void)state;
	for (int i = 0; i < 3; i++) {
		const char *folder = new_folder();

		session_fill(&session);
		if (i == 2) /* inside a window: another measurement */
			session.runs[0].samples_j[5000] = 31e-6;
		session_print(&session);
		session_write(&session, folder);
		if (i == 1) /* other text around the same samples */
			rewrite(folder, folder, "energy/results.json", "", "tst_0", "x");
		load(folder);
		assert_reason("copied", 0);
		results[i] = result;
	}
	tiny_results_find_copies(results, 3);
	assert_int_equal(results[0].verdict, IMPORT_ACCEPTED);
	assert_int_equal(results[1].verdict, IMPORT_SUSPECT);
	assert_int_equal(results[1].findings[0].reason, IMPORT_TRACE_DUPLICATE);
	assert_int_equal(results[2].verdict, IMPORT_ACCEPTED);
	free(results);
}

/* A lost event leaves the other windows; their pairs are offered, and not used. */
static void another_reading_is_offered(void **state)
{
	const char *folder = new_folder();

	(void)state;
	session_fill(&session);
	session_print(&session);
	lose_stop(&session);
	session_write(&session, folder);
	load(folder);
	assert_reason("lost in the file", IMPORT_MARKER_LOST);
	assert_non_null(strstr(result.alternative, "Not used"));
	assert_true(fabs(result.alternative_j / (session_sum(&session.runs[2]) / 300) - 1) < 1e-3);
}

/* The voltage in the file is what was set: the board's where the LPM01A supplied it in all runs. */
static void the_supply_is_the_meters(void **state)
{
	const char *folder = new_folder();

	(void)state;
	session_fill(&session);
	session_print(&session);
	session_write(&session, folder);
	rewrite(folder, folder, "energy/results.json", "", "\"voltage\": 1.8", "\"voltage\": 3.3");
	load(folder);
	assert_reason("two voltages", 0);
	assert_true(isnan(result.supply_v));
	session_write(&session, folder);
	session_write_text(folder, "energy/log.txt", "[JS220] Stream reading started (raw)...\n");
	load(folder);
	assert_reason("JS220", 0);
	assert_string_equal(result.meter->name, "js220");
	assert_true(isnan(result.supply_v));
}

static int take_row(void *context, const struct store_measurement *row)
{
	struct store_measurement *rows = context;

	assert_true(rows->attempt < 5);
	rows[1 + rows->attempt++] = *row;
	return 0;
}

static void rows_go_in_once(void **state)
{
	struct store_measurement *rows = calloc(6, sizeof(*rows));
	struct import_count count = {0};
	const char *folder = new_folder();
	struct store *store;
	struct err err = {""};
	char path[700];

	(void)state;
	session_fill(&session);
	session_print(&session);
	session_write(&session, folder);
	load(folder);
	result.clock_hz = 160e6;
	snprintf(path, sizeof(path), "%s/rows.db", scratch);
	assert_int_equal(store_open(path, true, &store, &err), 0);
	assert_int_equal(import_tiny_rows(store, &result, 1, &count, &err), 0);
	assert_int_equal(import_tiny_rows(store, &result, 1, &count, &err), 0);
	assert_int_equal(count.added, 5);
	assert_int_equal(count.known, 5);
	assert_int_equal(store_each(store, true, take_row, rows, &err), 0);
	assert_int_equal(rows->attempt, 5);
	assert_string_equal(rows[1].meter_model, "lpm01a");
	assert_string_equal(rows[1].verdict, "accepted");
	assert_int_equal(rows[1].inferences, 300);
	assert_int_equal(rows[1].samples, 10500);
	assert_true(fabs(rows[1].cycles / (10.542 * 160e6) - 1) < 1e-6);
	assert_true(fabs(rows[1].supply_v - 1.8) < 1e-9);
	assert_true(fabs(rows[1].energy_j / session_sum(&session.runs[0]) - 1) < 1e-7);
	assert_true(fabs(rows[1].published_energy_j / rows[1].energy_j - 1) < 1e-7);
	store_close(store);
	free(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_result),
		cmocka_unit_test(every_spoiled_result),
		cmocka_unit_test(a_streaming_result_has_no_energy),
		cmocka_unit_test(a_copied_trace_is_suspect),
		cmocka_unit_test(another_reading_is_offered),
		cmocka_unit_test(the_supply_is_the_meters),
		cmocka_unit_test(rows_go_in_once),
	};

	scratch = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
