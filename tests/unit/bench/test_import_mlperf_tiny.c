/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A made-up MLPerf Tiny result is accepted with the numbers it was made with; every way to spoil it
 * is found, with the reason of the closed list that names the cause.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "bench/import/mlperf_tiny.h"
#include "bench/import/rows.h"
#include "tests/scratch.h"
#include "tests/unit/bench/tiny_submission.h"

static const char *scratch;
static struct submission submission;
static struct tiny_result result;
static unsigned folders;

static const char *new_folder(void)
{
	static char path[600];

	snprintf(path, sizeof(path), "%s/r%u", scratch, folders++);
	return path;
}

static void load(const char *folder)
{
	struct err err = {""};

	assert_int_equal(tiny_result_load(folder, NULL, &result, &err), 0);
}

static void write_and_load(void)
{
	const char *folder = new_folder();

	submission_write(&submission, folder);
	load(folder);
}

static void print_findings(void)
{
	for (unsigned i = 0; i < result.finding_count; i++)
		print_message("  %s: %s\n", import_reason_code(result.findings[i].reason),
			      result.findings[i].text);
}

static void assert_reason(const char *name, enum import_reason reason)
{
	const struct tiny_finding *finding = tiny_result_reason(&result);
	enum import_reason found = finding ? finding->reason : 0;

	if (found == reason)
		return;
	print_findings();
	fail_msg("%s: reason is '%s', not '%s'", name, import_reason_code(found),
		 import_reason_code(reason));
}

static void a_sound_result(void **state)
{
	double expected_j;

	(void)state;
	submission_fill(&submission);
	write_and_load();
	assert_reason("sound", 0);
	assert_int_equal(result.verdict, IMPORT_ACCEPTED);
	assert_int_equal(result.window_count, 5);
	expected_j = 1e-6 * submission_sum(&submission, 9 + 37, 9 + 37 + 10.5) /
		     300; /* the middle one */
	assert_true(fabs(result.ours_j / expected_j - 1) < 1e-9);
	assert_true(fabs(result.ours_j / result.published_j - 1) < 1e-6);
	/* Printed to 0.001 of 28.457 per second: half a digit is 1.8e-5. */
	assert_true(fabs(result.clock.ratio - 1.004) < 1.8e-5);
	assert_true(fabs(result.windows[0].energy.duration_s - 10.5) < 1e-9);
	/* 2 % limit of the meter, common to all windows, and nothing else as large. */
	assert_true(fabs(result.mean.u_common_j / (0.02 / sqrt(3) * result.mean.mean_j) - 1) <
		    1e-9);
	/* The windows differ by 0, 1, ... 4 times 0.01 mW: s.d. 0.0158 mW, of the mean 0.00707
	 * of 30.5057. */
	assert_true(fabs(result.mean.u_type_a_j / (0.0070711 / 30.5057 * result.mean.mean_j) - 1) <
		    1e-3);
	assert_string_equal(result.alternative, "");
}

/* ---- ways to spoil it ---- */

static void drop_edge(struct submission *it, size_t at)
{
	memmove(&it->edges_s[at], &it->edges_s[at + 1],
		(it->edge_count - at - 1) * sizeof(it->edges_s[0]));
	it->edge_count--;
}

/* As in tiny_results_v1.1: the ready edge is lost, the runner takes gaps for windows. */
static void lost_first(struct submission *it)
{
	drop_edge(it, 0);
	it->windows = 4;
}

static void lost_middle(struct submission *it)
{
	drop_edge(it, 4);
	it->windows = 4;
}

static void extra_edge(struct submission *it)
{
	memmove(&it->edges_s[3], &it->edges_s[2], 9 * sizeof(it->edges_s[0]));
	it->edges_s[2] = 11.5;
	it->edge_count++;
}

/* Eleven edges, and yet the windows are the gaps. */
static void lost_and_extra(struct submission *it)
{
	drop_edge(it, 0);
	it->edges_s[it->edge_count++] = it->edges_s[9] + 0.9;
}

static void stretch_samples(struct submission *it, size_t of, size_t to)
{
	size_t count = it->sample_count * to / of;

	for (size_t k = count; k-- > 0;)
		it->samples[k] = it->samples[k * of / to];
	it->sample_count = count;
}

static void stretched_third(struct submission *it)
{
	stretch_samples(it, 3, 4);
}

static void stretched_twice(struct submission *it)
{
	stretch_samples(it, 1, 2);
}

static void half_the_rate(struct submission *it)
{
	it->header_rate_hz = 500;
}

static void twice_the_rate(struct submission *it)
{
	it->header_rate_hz = 2000;
}

static void third_more_rate(struct submission *it)
{
	it->header_rate_hz = 4000.0f / 3;
}

static void no_rate(struct submission *it)
{
	it->header_rate_hz = NAN;
}

static void zero_rate(struct submission *it)
{
	it->header_rate_hz = 0;
}

static void cut_short(struct submission *it)
{
	it->sample_count -= 6000;
}

static void is_empty(struct submission *it)
{
	it->sample_count = 0;
}

static void other_magic(struct submission *it)
{
	it->magic = 0xF0;
}

static void one_nan(struct submission *it)
{
	it->samples[12345] = NAN;
}

static void one_infinite(struct submission *it)
{
	it->samples[2] = INFINITY;
}

static void one_negative(struct submission *it)
{
	it->samples[12345] = -1;
}

static void no_energy(struct submission *it)
{
	for (size_t k = 0; k < it->sample_count; k++)
		it->samples[k] = 0;
}

static void dropped_to_zero(struct submission *it)
{
	for (int k = 0; k < 40; k++)
		it->samples[30000 + k] = 0;
}

static void out_of_order(struct submission *it)
{
	double first = it->edges_s[3];

	it->edges_s[3] = it->edges_s[4];
	it->edges_s[4] = first;
}

static void negative_time(struct submission *it)
{
	it->edges_s[0] = -1;
}

static void settles(struct submission *it)
{
	for (int i = 0; i < SUBMISSION_WINDOWS; i++)
		for (int k = 4000; k < 10500; k++)
			it->samples[9000 + 18500 * i + k] *= 0.97f;
}

static void scatters(struct submission *it)
{
	for (int i = 0; i < SUBMISSION_WINDOWS; i++)
		for (int k = 0; k < 10500; k++)
			it->samples[9000 + 18500 * i + k] *= 1 + 0.01f * (float)(i - 2);
}

static void one_window_differs(struct submission *it)
{
	for (int k = 0; k < 10500; k++)
		it->samples[9000 + k] *= 1.1f;
}

static void published_too_low(struct submission *it)
{
	it->printed_factor = 0.9995;
}

static void published_watts(struct submission *it)
{
	it->printed_factor = 0.75;
}

static void slow_windows(struct submission *it)
{
	it->dut_fast_rel = 0.07;
}

static void other_build(struct submission *it)
{
	it->dut_fast_rel = 0.02;
}

static void short_windows(struct submission *it)
{
	for (size_t i = 2; i < it->edge_count; i += 2)
		it->edges_s[i] -= 8.4; /* 2.1 s */
	it->sample_count -= 8400;
	it->inferences = 60;
}

static void few_inferences(struct submission *it)
{
	it->inferences = 9;
	it->no_performance = true;
}

static void four_windows(struct submission *it)
{
	it->windows = 4;
}

static void without_trace(struct submission *it)
{
	it->no_trace = true;
}

static void without_timestamps(struct submission *it)
{
	it->no_timestamps = true;
}

static void without_results(struct submission *it)
{
	it->no_results = true;
}

static void without_performance(struct submission *it)
{
	it->no_performance = true;
}

static void zero_volts(struct submission *it)
{
	it->log = "00218.618 emon: m-voltage-mv[0]\n";
}

static void other_inferences(struct submission *it)
{
	it->log = "00112.638 io: [dut]: m-infer-start-299\n00123.1 io: [dut]: m-infer-done\n";
}

static const struct spoiled {
	const char *name;
	void (*spoil)(struct submission *it);
	enum import_reason reason;
	double alternative; /* over the honest energy; 0: none is offered */
} spoiled[] = {
	{"first edge lost", lost_first, IMPORT_MARKER_LOST, 1},
	{"middle edge lost", lost_middle, IMPORT_MARKER_LOST, 1},
	{"extra edge", extra_edge, IMPORT_MARKER_EXTRA, 1},
	{"edge lost and edge extra", lost_and_extra, IMPORT_DURATION_CONTRADICTS, 1},
	{"samples 4/3", stretched_third, IMPORT_RATE_WRONG, 0},
	{"samples twice", stretched_twice, IMPORT_RATE_WRONG, 0},
	{"rate 500", half_the_rate, IMPORT_RATE_WRONG, 1},
	{"rate 1333", third_more_rate, IMPORT_RATE_WRONG, 1},
	{"rate 2000", twice_the_rate, IMPORT_RATE_WRONG, 1},
	{"rate NaN", no_rate, IMPORT_TRACE_RATE, 0},
	{"rate 0", zero_rate, IMPORT_TRACE_RATE, 0},
	{"trace cut", cut_short, IMPORT_MARKER_OUTSIDE, 0},
	{"trace empty", is_empty, IMPORT_TRACE_TRUNCATED, 0},
	{"magic", other_magic, IMPORT_TRACE_HEADER, 0},
	{"NaN", one_nan, IMPORT_TRACE_NOT_FINITE, 0},
	{"infinite", one_infinite, IMPORT_TRACE_NOT_FINITE, 0},
	{"negative", one_negative, IMPORT_TRACE_NEGATIVE, 0},
	{"no energy", no_energy, IMPORT_TRACE_ZERO, 0},
	{"zero samples", dropped_to_zero, IMPORT_TRACE_ZERO, 0},
	{"unordered", out_of_order, IMPORT_TIMESTAMPS_ORDER, 0},
	{"negative time", negative_time, IMPORT_TIMESTAMPS_ORDER, 0},
	{"settles", settles, IMPORT_DRIFT, 0},
	{"scatters", scatters, IMPORT_SCATTER, 0},
	{"one window differs", one_window_differs, IMPORT_WINDOW_OUTLIER, 0},
	{"published 0.05 % low", published_too_low, IMPORT_ENERGY_MISMATCH, 0},
	{"published 25 % low", published_watts, IMPORT_ENERGY_MISMATCH, 0},
	{"windows too short for the work", slow_windows, IMPORT_DURATION_CONTRADICTS, 0},
	{"other build", other_build, IMPORT_CLOCK_DIFFERS, 0},
	{"short windows", short_windows, IMPORT_WINDOW_SHORT, 0},
	{"few inferences", few_inferences, IMPORT_WINDOW_SHORT, 0},
	{"four windows printed", four_windows, IMPORT_WINDOW_COUNT, 0},
	{"no trace", without_trace, IMPORT_TRACE_MISSING, 0},
	{"no time stamps", without_timestamps, IMPORT_TIMESTAMPS_MISSING, 0},
	{"no results", without_results, IMPORT_RESULTS_MISSING, 0},
	{"no performance run", without_performance, IMPORT_PERFORMANCE_MISSING, 0},
	{"0 V", zero_volts, IMPORT_SUPPLY_ZERO, 0},
	{"log counts otherwise", other_inferences, IMPORT_INFERENCES_CONTRADICT, 0},
};

static void every_spoiled_result(void **state)
{
	double honest_j;

	(void)state;
	submission_fill(&submission);
	honest_j = 1e-6 * submission_sum(&submission, 46, 56.5) / 300;
	for (size_t i = 0; i < sizeof(spoiled) / sizeof(spoiled[0]); i++) {
		const struct spoiled *it = &spoiled[i];

		submission_fill(&submission);
		it->spoil(&submission);
		write_and_load();
		assert_reason(it->name, it->reason);
		assert_int_equal(result.verdict, import_reason_verdict(it->reason));
		if (it->alternative > 0
			    ? !(fabs(result.alternative_j / honest_j - it->alternative) < 1e-3)
			    : result.alternative[0] != 0)
			fail_msg("%s: alternative '%s' (%g of %g J)", it->name, result.alternative,
				 result.alternative_j, honest_j);
	}
}

/* results.txt of another run: its windows are elsewhere. */
static void files_of_two_runs(void **state)
{
	const char *folder = new_folder();

	(void)state;
	submission_fill(&submission);
	submission_write(&submission, folder);
	for (size_t i = 0; i < submission.edge_count; i++)
		submission.edges_s[i] += 0.25;
	submission_write_timestamps(&submission, folder);
	load(folder);
	assert_reason("two runs", IMPORT_WINDOW_MISMATCH);
}

static void rewrite(const char *folder, const char *name, const char *from, const char *to)
{
	static char text[1 << 16];
	char path[700], *at;
	FILE *stream;
	size_t count;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	stream = fopen(path, "rb");
	count = fread(text, 1, sizeof(text) - 1, stream);
	fclose(stream);
	text[count] = 0;
	at = strstr(text, from);
	assert_non_null(at);
	stream = fopen(path, "wb");
	fprintf(stream, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	fclose(stream);
}

static const struct {
	const char *name, *from, *to;
	enum import_reason reason;
} edits[] = {
	{"energy/results.txt", "Median energy cost is 1", "Median energy cost is 2",
	 IMPORT_RESULTS_CONTRADICT},
	{"energy/results.txt", "# Inferences :          300", "# Inferences :          301",
	 IMPORT_RESULTS_CONTRADICT},
	{"energy/results.txt", "# Inferences :          300", "# Inferences :            0",
	 IMPORT_RESULTS_CONTRADICT},
	{"energy/results.txt", "Runtime      :       10.500", "Runtime      :       11.500",
	 IMPORT_RESULTS_CONTRADICT},
	{"energy/results.txt", "10.500 sec.", "10.500", IMPORT_RESULTS_SYNTAX},
	{"energy/results.txt", "Runtime      :       10.500", "Runtime      :      -10.500",
	 IMPORT_RESULTS_SYNTAX},
	{"energy/results.txt", "Runtime      :       10.500", "Runtime      :          nan",
	 IMPORT_RESULTS_SYNTAX},
	{"energy/results.txt", "window 4 at", "window 2 at", IMPORT_RESULTS_SYNTAX},
	{"energy/results.txt", "00156.583 ulp-ml: Median throughput", "Median throughput",
	 IMPORT_RESULTS_SYNTAX},
	{"energy/results.txt", "00156.583 ulp-ml: Median throughput is",
	 "00156.583 ulp-ml: throughput is", IMPORT_RESULTS_INCOMPLETE},
	{"energy/results.txt", "  Energy/Inf.  :", "  Joule/Inf.  :", IMPORT_RESULTS_INCOMPLETE},
	{"energy/results.txt", "00156.544 ulp-ml: Energy data", "Power Edition Output\nEnergy data",
	 IMPORT_LAYOUT_UNKNOWN},
	{"energy/trace1-timestamps.json", ",", ";", IMPORT_TIMESTAMPS_SYNTAX},
	{"energy/trace1-timestamps.json", "9.000", "\"9.000\"", IMPORT_TIMESTAMPS_SYNTAX},
	{"energy/trace1-timestamps.json", "9.000", "NaN", IMPORT_TIMESTAMPS_SYNTAX},
	{"energy/trace1-timestamps.json", "]", "", IMPORT_TIMESTAMPS_SYNTAX},
	{"energy/trace1-timestamps.json", "9.000", "9e300", IMPORT_TIMESTAMPS_ORDER},
	{"performance/results.txt", "Runtime      :       10.542", "Runtime      :       99.542",
	 IMPORT_PERFORMANCE_UNUSABLE},
	{"performance/results.txt", "inf./sec.", "inf./se", IMPORT_PERFORMANCE_UNUSABLE},
};

static void every_edited_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		const char *folder = new_folder();
		char name[200];

		submission_fill(&submission);
		submission_write(&submission, folder);
		rewrite(folder, edits[i].name, edits[i].from, edits[i].to);
		load(folder);
		snprintf(name, sizeof(name), "%s: %s -> %s", edits[i].name, edits[i].from,
			 edits[i].to);
		assert_reason(name, edits[i].reason);
		if (!strstr(tiny_result_reason(&result)->text, strrchr(edits[i].name, '/') + 1) &&
		    !strstr(tiny_result_reason(&result)->text, edits[i].name))
			fail_msg("%s: '%s' does not name the file", name,
				 tiny_result_reason(&result)->text);
	}
}

/* Cut after any of its bytes, a trace is refused: inside a window or a sample, or behind both never
 * taken for whole without its last edge. */
static void every_cut_of_the_trace(void **state)
{
	const char *folder = new_folder();
	char path[700];

	(void)state;
	submission_fill(&submission);
	submission_write(&submission, folder);
	snprintf(path, sizeof(path), "%s/energy/trace1-energy.bin", folder);
	for (off_t size = 0; size < 30; size++) {
		submission_write_trace(&submission, folder);
		assert_int_equal(truncate(path, size), 0);
		load(folder);
		assert_int_equal(result.verdict, IMPORT_REFUSED);
	}
	for (size_t k = 0; k < submission.sample_count; k += 9973) {
		submission_write_trace(&submission, folder);
		assert_int_equal(truncate(path, 5 + 4 * (off_t)k + (off_t)(k % 4)), 0);
		load(folder);
		if ((double)k / 1000 < submission.edges_s[10] || k % 4)
			assert_int_equal(result.verdict, IMPORT_REFUSED);
	}
}

static void odd_files_do_not_hang(void **state)
{
	const char *folder = new_folder();
	char path[700];

	(void)state;
	submission_fill(&submission);
	submission.no_trace = submission.no_timestamps = true;
	submission_write(&submission, folder);
	snprintf(path, sizeof(path), "%s/energy/trace1-energy.bin", folder);
	assert_int_equal(mkfifo(path, 0666), 0);
	snprintf(path, sizeof(path), "%s/energy/trace1-timestamps.json", folder);
	assert_int_equal(mkdir(path, 0777), 0);
	load(folder);
	assert_reason("pipe", IMPORT_FILE_UNREADABLE);
}

static void names_from_the_path(void **state)
{
	(void)state;
	memset(&result, 0, sizeof(result));
	snprintf(result.path, sizeof(result.path),
		 "/a/v1.1/closed/Krai/results/NUCLEO-L4R5ZI_X-CUBE-AI-7.3/visual_wake_words");
	tiny_result_identify(&result);
	assert_string_equal(result.round, "v1.1");
	assert_string_equal(result.division, "closed");
	assert_string_equal(result.submitter, "Krai");
	assert_string_equal(result.system, "NUCLEO-L4R5ZI_X-CUBE-AI-7.3");
	assert_string_equal(result.software, "X-CUBE-AI-7.3");
	assert_string_equal(result.chip, "stm32l4r5");
	assert_string_equal(result.model, "vww");
	assert_true(fabs(result.clock_hz - 120e6) < 1);
	memset(&result, 0, sizeof(result));
	snprintf(result.path, sizeof(result.path),
		 "/v1.0/closed/OctoML/results/microtvm_native/NUCLEO_L4R5ZI/ad");
	tiny_result_identify(&result);
	assert_string_equal(result.system, "microtvm_native/NUCLEO_L4R5ZI");
	assert_string_equal(result.software, "microtvm_native");
	assert_true(result.clock_hz == 0);
	memset(&result, 0, sizeof(result));
	snprintf(result.path, sizeof(result.path), "/");
	tiny_result_identify(&result);
	assert_string_equal(result.system, "");
}

static void a_copied_trace_is_suspect(void **state)
{
	struct tiny_result *results = calloc(4, sizeof(*results));

	(void)state;
	submission_fill(&submission);
	for (int i = 0; i < 4; i++) {
		if (i == 2) /* inside a window: another measurement */
			submission.samples[12345] *= 1.001f;
		if (i == 3) /* outside: the same one, and another file */
			submission.sample_count--;
		write_and_load();
		results[i] = result;
	}
	tiny_results_find_copies(results, 4);
	assert_int_equal(results[0].verdict, IMPORT_ACCEPTED);
	assert_int_equal(results[1].verdict, IMPORT_SUSPECT);
	assert_int_equal(results[1].findings[0].reason, IMPORT_TRACE_DUPLICATE);
	assert_non_null(strstr(results[1].findings[0].text, results[0].path));
	assert_int_equal(results[2].verdict, IMPORT_ACCEPTED);
	assert_int_equal(results[3].verdict, IMPORT_SUSPECT);
	assert_non_null(strstr(results[3].findings[0].text, results[2].path));
	/* A copy in no submission comes first by its name, and is the copy; two more are one. */
	results[2] = results[1];
	for (int i = 0; i < 3; i++) {
		results[i].verdict = IMPORT_ACCEPTED;
		results[i].finding_count = 0;
		snprintf(results[i].submitter, sizeof(results[i].submitter), "%s",
			 i ? "someone" : "");
	}
	tiny_results_find_copies(results, 3);
	assert_int_equal(results[0].verdict, IMPORT_SUSPECT);
	assert_int_equal(results[0].finding_count, 1);
	assert_int_equal(results[1].verdict, IMPORT_ACCEPTED);
	assert_int_equal(results[2].verdict, IMPORT_SUSPECT);
	free(results);
}

static int take_row(void *context, const struct store_measurement *row)
{
	struct store_measurement *rows = context;

	assert_true(rows->attempt < 5);
	rows[1 + rows->attempt++] = *row;
	return 0;
}

/* Rows hold what the result says; the second time nothing is added. */
static void rows_go_in_once(void **state)
{
	struct store_measurement *rows = calloc(6, sizeof(*rows));
	struct import_count count = {0};
	struct store *store;
	struct err err = {""};
	char path[700];

	(void)state;
	submission_fill(&submission);
	submission.log = "00218.6 emon: m-regfile-fn[trace1-energy.bin]-type[emon]-name[lpm01a]\n"
			 "00218.6 emon: m-voltage-mv[1800]\n";
	write_and_load();
	result.clock_hz = 120e6;
	snprintf(path, sizeof(path), "%s/rows.db", scratch);
	assert_int_equal(store_open(path, true, &store, &err), 0);
	assert_int_equal(import_tiny_rows(store, &result, 1, &count, &err), 0);
	assert_int_equal(import_tiny_rows(store, &result, 1, &count, &err), 0);
	assert_int_equal(count.added, 5);
	assert_int_equal(count.known, 5);
	assert_int_equal(store_each(store, true, take_row, rows, &err), 0);
	assert_int_equal(rows->attempt, 5);
	assert_string_equal(rows[1].source, "import mlperf-tiny");
	assert_string_equal(rows[1].meter_model, "lpm01a");
	assert_int_equal(rows[1].is_virtual, 0);
	assert_int_equal(rows[1].inferences, 300);
	assert_int_equal(rows[1].cycles_derived, 1);
	assert_true(fabs(rows[1].cycles / (10.542 * 120e6) - 1) < 1.8e-5); /* 10.5 s, 0.4 % fast */
	assert_true(fabs(rows[1].supply_v - 1.8) < 1e-9);
	assert_true(fabs(rows[1].energy_j / (1e-6 * submission_sum(&submission, 9, 19.5)) - 1) <
		    1e-9);
	assert_true(fabs(rows[1].energy_u_j / rows[1].energy_j - 0.02 / sqrt(3)) < 1e-4);
	assert_true(rows[1].energy_u_independent_j < 0.001 * rows[1].energy_j);
	assert_true(fabs(rows[1].published_energy_j / rows[1].energy_j - 1) < 1e-6);
	store_close(store);
	free(rows);
}

static void a_tree_is_found_in_order(void **state)
{
	struct tiny_tree tree;
	struct err err = {""};
	char path[700];

	(void)state;
	snprintf(path, sizeof(path), "%s/tree", scratch);
	mkdir(path, 0777);
	assert_int_equal(tiny_tree_find(path, &tree, &err), -EINVAL);
	submission_fill(&submission);
	submission.no_trace = true;
	for (const char *name = "cab"; *name; name++) {
		snprintf(path, sizeof(path), "%s/tree/%c", scratch, *name);
		submission_write(&submission, path);
	}
	snprintf(path, sizeof(path), "%s/tree/loop", scratch);
	assert_int_equal(symlink("..", path), 0);
	snprintf(path, sizeof(path), "%s/tree", scratch);
	assert_int_equal(tiny_tree_find(path, &tree, &err), 0);
	assert_int_equal(tree.count, 3);
	assert_true(strcmp(tree.paths[0], tree.paths[1]) < 0 &&
		    strcmp(tree.paths[1], tree.paths[2]) < 0);
	tiny_tree_done(&tree);
	snprintf(path, sizeof(path), "%s/tree/a/energy", scratch);
	assert_int_equal(tiny_tree_find(path, &tree, &err), 0);
	assert_int_equal(tree.count, 1);
	assert_string_equal(strrchr(tree.paths[0], '/'), "/a");
	tiny_tree_done(&tree);
	assert_int_equal(tiny_tree_find("/nonexistent", &tree, &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_result),
		cmocka_unit_test(every_spoiled_result),
		cmocka_unit_test(files_of_two_runs),
		cmocka_unit_test(every_edited_file),
		cmocka_unit_test(every_cut_of_the_trace),
		cmocka_unit_test(odd_files_do_not_hang),
		cmocka_unit_test(names_from_the_path),
		cmocka_unit_test(a_copied_trace_is_suspect),
		cmocka_unit_test(rows_go_in_once),
		cmocka_unit_test(a_tree_is_found_in_order),
	};

	scratch = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
