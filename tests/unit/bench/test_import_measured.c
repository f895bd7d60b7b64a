/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Faults at the measurement itself: the runner integrated what it had and printed that, so that
 * trace, edges and results.txt agree, and the energy is wrong. Found by what the samples say of the
 * monitor, by the logs, and by results of the same system.
 */
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
static char folder[600];

static void load(void)
{
	struct err err = {""};

	assert_int_equal(tiny_result_load(folder, NULL, &result, &err), 0);
}

static void write_into(const char *name)
{
	snprintf(folder, sizeof(folder), "%s/%u", scratch, folders++);
	mkdir(folder, 0777);
	snprintf(folder + strlen(folder), sizeof(folder) - strlen(folder), "/%s", name);
	submission_write(&submission, folder);
}

static void write_text(const char *name, const char *text)
{
	FILE *stream = submission_open(folder, name);

	fputs(text, stream);
	fclose(stream);
}

static void assert_reason(const char *name, enum import_reason reason)
{
	const struct tiny_finding *finding = tiny_result_reason(&result);
	enum import_reason found = finding ? finding->reason : 0;

	for (unsigned i = 0; found != reason && i < result.finding_count; i++)
		print_message("  %s: %s\n", import_reason_code(result.findings[i].reason),
			      result.findings[i].text);
	if (found != reason)
		fail_msg("%s: reason is '%s', not '%s'", name, import_reason_code(found),
			 import_reason_code(reason));
}

/* ---- the monitor ---- */

static void each_sample(struct submission *it, float (*change)(float value))
{
	for (size_t k = 0; k < it->sample_count; k++)
		it->samples[k] = change(it->samples[k]);
}

static float clip(float value)
{
	return fminf(value, 30.5f);
}
static float in_nanojoules(float value)
{
	return 1000 * value;
}
static float in_fractions(float value)
{
	return 2e-5f * value;
}
static float ten_times(float value)
{
	return 10 * value;
}
static float in_steps(float value)
{
	return roundf(value);
}

static void clipped(struct submission *it)
{
	each_sample(it, clip);
}
static void nanojoules(struct submission *it)
{
	each_sample(it, in_nanojoules);
}
static void under_a_microwatt(struct submission *it)
{
	each_sample(it, in_fractions);
}
static void steps(struct submission *it)
{
	each_sample(it, in_steps);
}
static void more_than_a_large_board(struct submission *it)
{
	each_sample(it, ten_times);
}
static void more_than_the_lpm01a(struct submission *it)
{
	each_sample(it, ten_times);
	it->log = "00218.6 emon: m-regfile-fn[trace1-energy.bin]-type[emon]-name[lpm01a]\n";
}

static void hung(struct submission *it)
{
	for (int k = 30000; k < 30300; k++)
		it->samples[k] = it->samples[30000];
}

static void remove_samples(struct submission *it, size_t at, size_t count)
{
	memmove(&it->samples[at], &it->samples[at + count],
		(it->sample_count - at - count) * sizeof(it->samples[0]));
	it->sample_count -= count;
}
static void lost_in_a_gap(struct submission *it)
{
	remove_samples(it, 22000, 20);
}
static void lost_in_a_window(struct submission *it)
{
	remove_samples(it, 12000, 20);
}
static void lost_one_in_3000(struct submission *it)
{
	size_t kept = 0;

	for (size_t k = 0; k < it->sample_count; k++)
		if (k % 3000)
			it->samples[kept++] = it->samples[k];
	it->sample_count = kept;
}

static void move_edges(struct submission *it, size_t first, size_t step, double by_s)
{
	for (size_t i = first; i < it->edge_count; i += step)
		it->edges_s[i] += by_s;
}
static void stops_late(struct submission *it)
{
	move_edges(it, 2, 2, 0.03);
}
static void starts_early(struct submission *it)
{
	move_edges(it, 1, 2, -0.03);
}
static void all_late(struct submission *it)
{
	move_edges(it, 1, 1, 0.03);
}

static const struct {
	const char *name;
	void (*spoil)(struct submission *it);
	enum import_reason reason;
} faults[] = {
	{"clipped", clipped, IMPORT_TRACE_CLIPPED},
	{"hung", hung, IMPORT_TRACE_STUCK},
	{"20 ms lost in a gap", lost_in_a_gap, IMPORT_WINDOW_UNALIGNED},
	{"20 ms lost in a window", lost_in_a_window, IMPORT_WINDOW_UNALIGNED},
	{"1 of 3000 lost", lost_one_in_3000, IMPORT_WINDOW_UNALIGNED},
	{"stops late", stops_late, IMPORT_WINDOW_UNALIGNED},
	{"starts early", starts_early, IMPORT_WINDOW_UNALIGNED},
	{"all edges late", all_late, IMPORT_WINDOW_UNALIGNED},
	{"nanojoules for microjoules", nanojoules, IMPORT_POWER_IMPOSSIBLE},
	{"under a microwatt", under_a_microwatt, IMPORT_POWER_IMPOSSIBLE},
	{"0.3 W, LPM01A", more_than_the_lpm01a, IMPORT_POWER_IMPOSSIBLE},
	{"0.3 W, any monitor", more_than_a_large_board, 0},
	{"coarse steps", steps, 0},
};

static void every_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		submission_fill(&submission);
		faults[i].spoil(&submission);
		write_into("kws");
		load();
		assert_reason(faults[i].name, faults[i].reason);
		assert_int_equal(result.verdict, import_reason_verdict(faults[i].reason));
	}
}

/* ---- logs and other files ---- */

static void the_board_names_its_model(void **state)
{
	static const char *const texts[] = {"00037.687 io: [dut]: m-model-[ic01]\n",
					    "00037.687 io: [dut]: m-model-[kws01]\n",
					    "00037.687 io: [dut]: m-model-[mine-2]\n"};

	(void)state;
	submission_fill(&submission);
	for (int i = 0; i < 3; i++) {
		write_into("kws");
		write_text("energy/log.txt", texts[i]);
		load();
		assert_reason(texts[i], i ? 0 : IMPORT_MODEL_CONTRADICTS);
		write_into("kws");
		write_text("performance/log.txt", texts[i]);
		load();
		assert_reason(texts[i], i ? 0 : IMPORT_MODEL_CONTRADICTS);
	}
	write_into("mine"); /* a folder that is none of the benchmark's models says nothing */
	write_text("energy/log.txt", texts[0]);
	load();
	assert_reason("own name", 0);
}

static void the_host_took_the_time_as_well(void **state)
{
	static const struct {
		const char *done;
		enum import_reason reason;
	} times[] = {{"00050.520", 0},
		     {"00050.450", 0},
		     {"00051.300", 0},
		     {"00049.900", IMPORT_WINDOW_MISMATCH},
		     {"00052.000", IMPORT_WINDOW_MISMATCH}};
	char text[200];

	(void)state;
	submission_fill(&submission);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		snprintf(text, sizeof(text),
			 "00040.000 io: [dut]: m-infer-start-300\n%s io: [dut]: m-infer-done\n",
			 times[i].done);
		submission.log = text;
		write_into("kws");
		load();
		assert_reason(times[i].done, times[i].reason);
	}
}

static void the_supply_has_a_unit(void **state)
{
	static const struct {
		const char *text;
		enum import_reason reason;
		double supply_v;
	} logs[] = {{"1 emon: m-voltage-mv[1.8]\n", IMPORT_SUPPLY_DOUBTFUL, NAN},
		    {"1 emon: m-voltage-mv[1800000]\n", IMPORT_SUPPLY_DOUBTFUL, NAN},
		    {"1 emon: m-voltage-mv[]\n", 0, NAN},
		    {"1 emon: m-voltage-mv[1,8]\n", 0, NAN},
		    {"1 emon: m-voltage-mv[650]\n", 0, 0.65},
		    {"1 emon: m-voltage-mv[0]\n", IMPORT_SUPPLY_ZERO, 0},
		    {"1 emon: m-voltage-mv[0]\n2 emon: m-voltage-mv[1800]\n", 0, 1.8},
		    /* switched off behind the last run */
		    {"1 emon: m-voltage-mv[1800]\n2 [dut]: m-infer-start-30\n"
		     "3 emon: m-voltage-mv[0]\n",
		     0, 1.8},
		    {"1 emon: m-voltage-mv[0]\n2 [dut]: m-infer-start-30\n"
		     "3 emon: m-voltage-mv[1800]\n",
		     IMPORT_SUPPLY_ZERO, 0}};

	(void)state;
	submission_fill(&submission);
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		submission.log = logs[i].text;
		write_into("kws");
		load();
		assert_reason(logs[i].text, logs[i].reason);
		assert_int_equal(isnan(result.supply_v), isnan(logs[i].supply_v));
		assert_true(isnan(result.supply_v) || result.supply_v == logs[i].supply_v);
	}
}

/* Where the board waits the monitor's noise may go below zero, not where it works. */
static void noise_below_zero(void **state)
{
	float level;

	(void)state;
	submission_fill(&submission);
	level = submission.samples[submission.sample_count / 2];
	submission.samples[0] = -0.009f * level;
	write_into("kws");
	load();
	assert_reason("noise", 0);
	submission.samples[0] = -0.011f * level;
	write_into("kws");
	load();
	assert_reason("more than noise", IMPORT_TRACE_NEGATIVE);
	submission.samples[0] = 0.009f * level;
	submission.samples[submission.sample_count / 2] = -0.001f * level;
	write_into("kws");
	load();
	assert_reason("below zero at work", IMPORT_TRACE_NEGATIVE);
}

static void write_for_system(const char *system)
{
	char parent[600];

	write_into(system);
	snprintf(parent, sizeof(parent), "%s", folder);
	snprintf(folder, sizeof(folder), "%.500s/kws", parent);
	submission_write(&submission, folder);
}

static void scale_samples(double from_s, double to_s, float factor)
{
	for (size_t k = (size_t)(1000 * from_s); k < (size_t)(1000 * to_s); k++)
		submission.samples[k] *= factor;
}

/* The supply breaks down in the middle of a window: halves, first and last tenth are alike. */
static void dips_are_seen(void **state)
{
	static const struct {
		const char *system;
		float factor;
		enum import_reason reason;
	} rows[] = {
		{"NUCLEO_L4R5ZI", 0.99F, 0},
		{"NUCLEO_L4R5ZI", 0.96F, IMPORT_DRIFT},
		{"NUCLEO_L4R5ZI", 1.04F, IMPORT_DRIFT},
		{"gap9", 0.96F, 0},
	};

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		double middle_s;

		submission_fill(&submission);
		middle_s = (submission.edges_s[5] + submission.edges_s[6]) / 2;
		scale_samples(middle_s - 0.3, middle_s + 0.3, rows[r].factor);
		write_for_system(rows[r].system);
		load();
		assert_reason(rows[r].system, rows[r].reason);
	}
}

/* Repeats of a CPU alone agree better than those of accelerators. */
static void windows_that_differ(void **state)
{
	static const struct {
		const char *system;
		float factor;
		enum import_reason reason;
	} rows[] = {
		{"NUCLEO_L4R5ZI", 1.009F, 0},
		{"NUCLEO_L4R5ZI", 1.014F, IMPORT_SCATTER},
		{"NUCLEO_L4R5ZI", 1.018F, IMPORT_WINDOW_OUTLIER},
		{"gap9", 1.018F, 0},
		{"gap9", 1.035F, IMPORT_WINDOW_OUTLIER},
	};

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		submission_fill(&submission);
		scale_samples(submission.edges_s[5], submission.edges_s[6], rows[r].factor);
		write_for_system(rows[r].system);
		load();
		assert_reason(rows[r].system, rows[r].reason);
	}
}

static void a_copy_is_no_performance_run(void **state)
{
	char from[700], to[700];

	(void)state;
	submission_fill(&submission);
	write_into("kws");
	snprintf(from, sizeof(from), "%s/energy/results.txt", folder);
	snprintf(to, sizeof(to), "%s/performance/results.txt", folder);
	unlink(to);
	assert_int_equal(link(from, to), 0);
	load();
	assert_reason("copy", IMPORT_PERFORMANCE_UNUSABLE);
}

/* The window holds the one before it as well, which is not counted. */
static void one_inference_more(void **state)
{
	size_t start;

	(void)state;
	submission_fill(&submission);
	start = (size_t)lround(1000 * submission.edges_s[3]);
	for (size_t k = start - 35; k < start; k++)
		submission.samples[k] = submission.samples[k + 35];
	submission.edges_s[3] -= 0.035;
	write_into("kws");
	load();
	assert_reason("one more", IMPORT_WINDOW_OUTLIER);
}

/* Each inference draws most at first. */
static void phases_are_no_drift(void **state)
{
	double rate_hz = 1000;

	(void)state;
	submission_fill(&submission);
	submission.inferences = 11;
	submission.no_performance = true;
	for (unsigned w = 0; w < SUBMISSION_WINDOWS; w++) {
		double start_s = submission.edges_s[1 + 2 * w],
		       end_s = submission.edges_s[2 + 2 * w];
		double pace_s = (end_s - start_s) / submission.inferences;

		for (size_t k = (size_t)(start_s * rate_hz); k < (size_t)(end_s * rate_hz); k++) {
			double phase = fmod(((double)k + 0.5) / rate_hz - start_s, pace_s) / pace_s;

			submission.samples[k] *= phase < 0.5 ? 1.2f : 0.8f;
		}
	}
	write_into("kws");
	load();
	for (unsigned w = 0; w < result.window_count; w++)
		assert_true(fabs(result.windows[w].energy.half_drift_rel) < 1e-3 &&
			    fabs(result.windows[w].energy.end_drift_rel) < 3e-3);
	assert_reason("phases", IMPORT_PERFORMANCE_MISSING);
}

static void a_second_trace_is_told(void **state)
{
	(void)state;
	submission_fill(&submission);
	write_into("kws");
	write_text("energy/trace2-energy.bin", "");
	load();
	assert_reason("trace2", IMPORT_TRACE_OTHERS);
}

/* ---- results of one system ---- */

static struct tiny_result *load_two(const char *division, const char *first, const char *second,
				    double second_power)
{
	struct tiny_result *results = calloc(2, sizeof(*results));
	char path[800];

	for (int i = 0; i < 2; i++) {
		submission_fill(&submission);
		submission.inferences = i ? 300 : 30;
		submission.no_performance = true;
		for (size_t k = 0; k < submission.sample_count; k++)
			submission.samples[k] *= i ? (float)second_power : 1.01f;
		write_into("x");
		snprintf(path, sizeof(path), "/v9.9/%s/someone/results/board/%s", division,
			 i ? second : first);
		load();
		results[i] = result;
		snprintf(results[i].path, sizeof(results[i].path), "%s", path);
		tiny_result_identify(&results[i]);
	}
	tiny_results_judge_siblings(results, 2);
	return results;
}

static bool is_doubtful(const struct tiny_result *it)
{
	for (unsigned i = 0; i < it->finding_count; i++)
		if (it->findings[i].reason == IMPORT_MODEL_DOUBTFUL)
			return true;
	return false;
}

/* The first one takes ten times as long as the second. */
static void folders_mixed_up(void **state)
{
	static const struct {
		const char *division, *first, *second;
		double power;
		bool is_doubtful;
	} pairs[] = {
		{"closed", "ad", "kws", 1, true},    {"closed", "kws", "ad", 1, false},
		{"closed", "kws", "vww", 1, true},   {"closed", "ic", "vww", 1, false},
		{"closed", "vww", "ic", 1, false},   {"open", "ad", "kws", 1, false},
		{"closed", "ad", "other", 1, false}, {"closed", "kws", "ad", 10, true},
		{"open", "kws", "mine", 0.1, true},  {"open", "kws", "mine", 0.5, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct tiny_result *results = load_two(pairs[i].division, pairs[i].first,
						       pairs[i].second, pairs[i].power);

		for (int k = 0; k < 2; k++)
			if (is_doubtful(&results[k]) != pairs[i].is_doubtful)
				fail_msg("%s %s %s %g: doubtful %d", pairs[i].division,
					 pairs[i].first, pairs[i].second, pairs[i].power,
					 !pairs[i].is_doubtful);
		free(results);
	}
}

/* Results of one system as they are after loading, all sound. */
static void results_of(const char *system, const char *const *folders_of, const double *power_w,
		       size_t count, struct tiny_result *ret_results)
{
	for (size_t i = 0; i < count; i++) {
		struct tiny_result *it = &ret_results[i];

		memset(it, 0, sizeof(*it));
		snprintf(it->path, sizeof(it->path), "/v9.9/open/someone/results/%s/%s", system,
			 folders_of[i]);
		tiny_result_identify(it);
		it->verdict = IMPORT_ACCEPTED;
		it->power_w = power_w[i];
	}
	tiny_results_judge_siblings(ret_results, count);
}

static void sibling_powers(void **state)
{
	enum { COUNT = 4 };
	static const char *const models[COUNT] = {"ad", "ic", "kws", "vww"};
	static const char *const streaming[COUNT] = {"ad", "ic", "sww", "vww"};
	static const struct {
		const char *system, *const *folders_of;
		double power_w[COUNT];
		unsigned doubtful; /* one bit each */
	} rows[] = {
		/* the most that public results differ */
		{"NUCLEO_L4R5ZI", models, {0.0698, 0.0782, 0.0753, 0.0735}, 0},
		{"gap9_800_370", models, {0.0414, 0.0649, 0.0562, 0.0520}, 0},
		/* another zero, another unit, another board */
		{"NUCLEO_L4R5ZI", models, {0.0698, 0.0782, 0.0500, 0.0735}, 4},
		{"NUCLEO_L4R5ZI", models, {0.0698, 0.0782, 0.0980, 0.0735}, 4},
		{"NUCLEO_L4R5ZI", models, {69.8, 0.0782, 0.0753, 0.0735}, 1},
		{"NUCLEO_L4R5ZI", models, {0.0698, 0.0782, 0, 0.0500}, 8},
		{"NUCLEO_L4R5ZI", models, {0.0698, 0, 0, 0.0500}, 9},
		{"gap9_800_370", models, {0.0150, 0.0649, 0.0562, 0.0520}, 1},
		{"gap9_800_370", models, {0.0250, 0.0649, 0.0562, 0.0520}, 0},
		{"another", models, {0.0250, 0.0649, 0.0562, 0.0520}, 0},
		/* waits for most of the time */
		{"NUCLEO_H7A3ZI", streaming, {0.150, 0.159, 0.030, 0.163}, 0},
	};

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		static struct tiny_result results[COUNT];
		unsigned found = 0;

		results_of(rows[r].system, rows[r].folders_of, rows[r].power_w, COUNT, results);
		for (unsigned i = 0; i < COUNT; i++)
			found |= (unsigned)is_doubtful(&results[i]) << i;
		if (found != rows[r].doubtful)
			fail_msg("row %zu: doubtful are %x, not %x", r, found, rows[r].doubtful);
	}
}

/* Numbers of a refused result say nothing against a sound one. */
static void refused_ones_are_no_measure(void **state)
{
	struct tiny_result *results = load_two("closed", "ad", "kws", 1);

	(void)state;
	results[0].finding_count = results[1].finding_count = 0;
	results[0].verdict = IMPORT_ACCEPTED;
	results[1].verdict = IMPORT_REFUSED;
	tiny_results_judge_siblings(results, 2);
	assert_int_equal(results[0].verdict, IMPORT_ACCEPTED);
	assert_true(is_doubtful(&results[1]));
	free(results);
}

/* ---- the database ---- */

/* Other line ends make another file of the same measurement. */
static void a_measurement_counts_once(void **state)
{
	struct import_count count = {0};
	struct store *store;
	struct err err = {""};
	char path[700];

	(void)state;
	submission_fill(&submission);
	write_into("kws");
	load();
	snprintf(path, sizeof(path), "%s/once.db", scratch);
	assert_int_equal(store_open(path, true, &store, &err), 0);
	assert_int_equal(import_find_stored(store, &result, 1, &err), 0);
	assert_int_equal(import_tiny_rows(store, &result, 1, &count, &err), 0);
	load();
	assert_int_equal(import_find_stored(store, &result, 1, &err), 0);
	assert_reason("the same files", 0);
	write_text("energy/log.txt", "00001.000 x: y\n");
	load();
	assert_int_equal(import_find_stored(store, &result, 1, &err), 0);
	assert_reason("another log", IMPORT_TRACE_DUPLICATE);
	assert_non_null(strstr(tiny_result_reason(&result)->text, folder));
	for (size_t k = 0; k < submission.sample_count; k++)
		submission.samples[k] *= 1.0001f;
	write_into("kws");
	load();
	assert_int_equal(import_find_stored(store, &result, 1, &err), 0);
	assert_reason("another measurement", 0);
	store_close(store);
}

static void identify(const char *path, char *board, size_t size)
{
	memset(&result, 0, sizeof(result));
	snprintf(result.path, sizeof(result.path), "%s", path);
	tiny_result_identify(&result);
	snprintf(board, size, "%s", result.system);
}

static void long_names_stay_apart(void **state)
{
	char boards[2][200], name[400], copy[24];

	(void)state;
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name),
			 "/v1.1/closed/me/results/%0120d_a_board_with_a_long_name_%d/ad", 0, i);
		identify(name, boards[i], sizeof(boards[i]));
	}
	assert_string_not_equal(boards[0], boards[1]);
	assert_true(strlen(boards[0]) < sizeof(result.system));
	tiny_copy_name(copy, sizeof(copy), "submitter/system", 16);
	assert_string_equal(copy, "submitter/system");
	tiny_copy_name(copy, sizeof(copy), "1234567890123\xe2\x82\xac-and-more", 25);
	assert_int_equal(strncmp(copy, "1234567890123~", 14), 0); /* no half character */
}

static void names_that_mislead(void **state)
{
	char board[200];

	(void)state;
	identify("/v1.1/closed/STMicroelectronics/results/NUCLEO_L4R5ZI/ad", board, sizeof(board));
	assert_true(result.clock_hz == 120e6);
	identify("/v1.1/closed/STMicroelectronics/results/NUCLEO_L4R5ZI_80mhz/ad", board,
		 sizeof(board));
	assert_true(result.clock_hz == 0);
	identify("/v1.1/closed/STMicroelectronics/results/NUCLEO_L4R5ZI at 80 Mhz/ad", board,
		 sizeof(board));
	assert_true(result.clock_hz == 0);
	identify("/v1.1/closed/STMicroelectronics/results/v8.0.1/NUCLEO_L4R5ZI/ad", board,
		 sizeof(board));
	assert_string_equal(result.round, "v1.1");
	assert_string_equal(result.system, "v8.0.1/NUCLEO_L4R5ZI");
}

/* Without a submission around them, folders of one name are not of one board. */
static void folders_of_no_submission(void **state)
{
	char boards[3][200];

	(void)state;
	identify("/home/me/drawer/l4/run1/ad", boards[0], sizeof(boards[0]));
	identify("/home/me/drawer/h7/run1/kws", boards[1], sizeof(boards[1]));
	identify("/home/me/drawer/h7/run1/ad", boards[2], sizeof(boards[2]));
	assert_string_not_equal(boards[0], boards[1]);
	assert_string_equal(boards[1], boards[2]);
	identify("/x/ad", boards[0], sizeof(boards[0]));
	assert_string_equal(boards[0], "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault),
		cmocka_unit_test(the_board_names_its_model),
		cmocka_unit_test(the_host_took_the_time_as_well),
		cmocka_unit_test(the_supply_has_a_unit),
		cmocka_unit_test(a_second_trace_is_told),
		cmocka_unit_test(noise_below_zero),
		cmocka_unit_test(one_inference_more),
		cmocka_unit_test(dips_are_seen),
		cmocka_unit_test(windows_that_differ),
		cmocka_unit_test(a_copy_is_no_performance_run),
		cmocka_unit_test(phases_are_no_drift),
		cmocka_unit_test(folders_mixed_up),
		cmocka_unit_test(sibling_powers),
		cmocka_unit_test(refused_ones_are_no_measure),
		cmocka_unit_test(a_measurement_counts_once),
		cmocka_unit_test(long_names_stay_apart),
		cmocka_unit_test(names_that_mislead),
		cmocka_unit_test(folders_of_no_submission),
	};

	scratch = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
