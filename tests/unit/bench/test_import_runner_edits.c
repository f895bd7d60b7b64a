/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files of the MLCommons runner that were edited, cut, mixed with others or of another version, and
 * names and trees as the submissions of rounds v1.2 and v1.3 have them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "tests/unit/bench/tiny_session_load.h"

/* The session's folder once more, with the same results.json. */
static void write_again(const char *base, const char *folder)
{
	char from[800], path[800];

	session.no_json = true;
	session_write(&session, folder);
	session.no_json = false;
	snprintf(from, sizeof(from), "%s/energy/results.json", base);
	snprintf(path, sizeof(path), "%s/energy/results.json", folder);
	assert_int_equal(link(from, path), 0);
}

static const struct edit {
	const char *name, *behind, *from, *to;
	enum import_reason reason;
} edits[] = {
	{"energy/results.json", "", "\"timestamps\"", "\"timestamp\"", IMPORT_TIMESTAMPS_MISSING},
	{"energy/results.json", "", "\"samples\"", "\"sample\"", IMPORT_TRACE_MISSING},
	{"energy/results.json", "", "\"power\"", "\"powers\"", IMPORT_TRACE_MISSING},
	{"energy/results.json", "", "\"iterations\"", "\"iteration\"", IMPORT_RESULTS_INCOMPLETE},
	{"energy/results.json", "", "\"iterations\": 300", "\"iterations\": null",
	 IMPORT_RESULTS_INCOMPLETE},
	{"energy/results.json", "", "\"iterations\": 300", "\"iterations\": \"300\"",
	 IMPORT_TRACE_SYNTAX},
	{"energy/results.json", "timestamps", "[\"00\", 1085]", "[\"00\", 1085.5]",
	 IMPORT_TIMESTAMPS_SYNTAX},
	{"energy/results.json", "timestamps", "[\"00\", 1085]", "[\"00\", -1]",
	 IMPORT_TIMESTAMPS_SYNTAX},
	{"energy/results.json", "timestamps", "[\"00\", 1085]", "[\"00\", NaN]",
	 IMPORT_TIMESTAMPS_SYNTAX},
	{"energy/results.json", "timestamps", "[\"00\", 1085]", "[\"00\"]",
	 IMPORT_TIMESTAMPS_SYNTAX},
	{"energy/results.json", "timestamps", "[\"00\", 1085]", "[\"00\", 1085, 1]",
	 IMPORT_TIMESTAMPS_SYNTAX},
	{"energy/results.json", "timestamps", "[\"00\", 1085]", "[\"0x\", 1085]",
	 IMPORT_TIMESTAMPS_SYNTAX},
	{"energy/results.json", "timestamps", "[\"00\", 1085]", "[0.5, 1085]",
	 IMPORT_TIMESTAMPS_SYNTAX},
	{"energy/results.json", "timestamps", "[\"00\", 1085]", "1085", IMPORT_TIMESTAMPS_SYNTAX},
	{"energy/results.json", "timestamps", "[\"00\", 1085]", "[0, 1085]", 0},
	{"energy/results.json", "samples", ", ", " ", IMPORT_TRACE_SYNTAX},
	{"energy/results.json", "samples", ", ", ", \"2e-05\", ", IMPORT_TRACE_SYNTAX},
	{"energy/results.json", "samples", ", ", ", null, ", IMPORT_TRACE_SYNTAX},
	{"energy/results.json", "samples", ", ", ", Infinity, ", IMPORT_TRACE_NOT_FINITE},
	{"energy/results.json", "samples", ", ", ", 1e999, ", IMPORT_TRACE_NOT_FINITE},
	{"energy/results.json", "extracted", "null", "nul", IMPORT_TRACE_SYNTAX},
	{"energy/results.json", "extracted", "1.8}", "1.8, \"samples\": []}", IMPORT_TRACE_SYNTAX},
	{"energy/results.json", "extracted", "1.8}", "1.8, \"timestamps\": []}",
	 IMPORT_TIMESTAMPS_SYNTAX},
	{"energy/results.json", "extracted", "1.8}, \"mode\": \"e\"}",
	 "1.8}, \"mode\": \"e\"}, {\"error\": \"error 1\"}", IMPORT_TRACE_MISSING},
	{"energy/results.json", "extracted", "1.8}", "3.3}", 0}, /* voltages differ: not known */
	{"energy/results.txt", "", "Power         :", "Powr          :", IMPORT_RESULTS_INCOMPLETE},
	{"energy/results.txt", "", "mW.", "uW.", IMPORT_RESULTS_SYNTAX},
	{"energy/results.txt", "", "Elapsed time  : 10.5", "Elapsed time  : -10.5",
	 IMPORT_RESULTS_SYNTAX},
	{"energy/results.txt", "", "Elapsed time  : 10.5", "Elapsed time  : nan",
	 IMPORT_RESULTS_SYNTAX},
	{"energy/results.txt", "", "Elapsed time  : 10.5", "Elapsed time  : 11.5",
	 IMPORT_RESULTS_CONTRADICT},
	{"energy/results.txt", "", "Inferences    : 300", "Inferences    : 200",
	 IMPORT_RESULTS_CONTRADICT},
	{"energy/results.txt", "", "Inferences    : 300", "Inferences    : 0",
	 IMPORT_RESULTS_CONTRADICT},
	{"energy/results.txt", "", "for trial 1", "for trial 0", IMPORT_RESULTS_SYNTAX},
	{"energy/results.txt", "", "Energy data for trial 1\n", "", IMPORT_RESULTS_SYNTAX},
	{"energy/results.txt", "", "Median energy cost is", "Median costs",
	 IMPORT_RESULTS_INCOMPLETE},
	{"energy/results.txt", "", "Median energy cost is 1", "Median energy cost is 2",
	 IMPORT_RESULTS_CONTRADICT},
	{"energy/results.txt", "", "Energy data for trial 1",
	 "Performance results for window 7\nEnergy data for trial 1", IMPORT_RESULTS_SYNTAX},
	{"performance/results.txt", "", "inf./sec.", "inf./se", IMPORT_PERFORMANCE_UNUSABLE},
	{"performance/results.txt", "", "Median throughput", "throughput",
	 IMPORT_PERFORMANCE_UNUSABLE},
	{"performance/results.txt", "", "Runtime: 10.5", "Runtime: 10.6",
	 IMPORT_PERFORMANCE_UNUSABLE},
};

static void every_edited_file(void **state)
{
	char base[600];

	(void)state;
	snprintf(base, sizeof(base), "%s", new_folder());
	session_fill(&session);
	session_print(&session);
	session_write(&session, base);
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		const char *folder = new_folder();
		char name[900];

		write_again(base, folder);
		snprintf(name, sizeof(name), "%s/%s", folder, edits[i].name);
		unlink(name);
		rewrite(base, folder, edits[i].name, edits[i].behind, edits[i].from, edits[i].to);
		load(folder);
		snprintf(name, sizeof(name), "%s: %s -> %s", edits[i].name, edits[i].from,
			 edits[i].to);
		assert_reason(name, edits[i].reason);
		if (edits[i].reason &&
		    !strstr(tiny_result_reason(&result)->text, strrchr(edits[i].name, '/') + 1))
			fail_msg("%s: '%s' does not name the file", name,
				 tiny_result_reason(&result)->text);
	}
}

/* Sessions of mlcommons/tiny of 2025-06 printed so. */
static void an_earlier_version_is_refused(void **state)
{
	const char *folder = new_folder();

	(void)state;
	session_fill(&session);
	session_print(&session);
	session_write(&session, folder);
	session_write_text(
		folder, "energy/results.txt",
		"Power Edition Output\n10 iterations. Elapsed time = 1.661,total energy = "
		"0.1343941\nPer inference: time = 0.1661, energy = 0.01343941\n"
		"Average Power = 80.91 mW.\n");
	load(folder);
	assert_reason("earlier version", IMPORT_LAYOUT_UNKNOWN);
}

/* Cut after any of its bytes, results.json is refused for that. */
static void every_cut_of_the_trace(void **state)
{
	const char *folder = new_folder();
	char path[800];
	struct stat status;

	(void)state;
	session_fill(&session);
	session_print(&session);
	session_write(&session, folder);
	snprintf(path, sizeof(path), "%s/energy/results.json", folder);
	assert_int_equal(stat(path, &status), 0);
	for (off_t size = status.st_size - 1; size >= 0; size -= size < 200 ? 1 : 14983) {
		assert_int_equal(truncate(path, size), 0);
		load(folder);
		assert_reason("cut", IMPORT_TRACE_TRUNCATED);
	}
}

/* Either runner's trace beside the other's results is the result's whose results.txt it is. */
static void the_layout_is_that_of_the_results(void **state)
{
	const char *folder = new_folder();

	(void)state;
	session_fill(&session);
	session_print(&session);
	session_write(&session, folder);
	session_write_text(folder, "energy/trace1-energy.bin", "\xf1");
	session_write_text(folder, "energy/trace1-timestamps.json", "[]");
	load(folder);
	assert_reason("stray trace", 0);
	session_write_text(folder, "energy/results.txt",
			   "00156.544 ulp-ml: Median energy cost is 1.000 uJ/inf.\n");
	load(folder);
	assert_ptr_equal(result.layout, &tiny_layout_energyrunner);
	assert_int_equal(result.verdict, IMPORT_REFUSED);
}

/* ---- names and trees ---- */

static const struct named {
	const char *path, *board, *chip, *software, *model;
	double clock_hz;
} names[] = {
	{"/v1.3/closed/STMicroelectronics/results/NUCLEO_L4R5ZI-P/ic", "nucleo-l4r5zi-p",
	 "stm32l4r5", "", "ic", 120e6},
	{"/v1.3/closed/STMicroelectronics/results/NUCLEO_L4R5ZI-P_70MHz/sww", "nucleo-l4r5zi-p",
	 "stm32l4r5", "", "sww", 70e6},
	{"/v1.3/closed/STMicroelectronics/results/NUCLEO_U385RG_Q/kws", "nucleo-u385rg-q",
	 "stm32u385", "", "kws", 96e6},
	{"/v1.3/closed/STMicroelectronics/results/NUCLEO_U3C5ZIT6_Q/sww", "nucleo-u3c5zit6-q",
	 "stm32u3c5", "", "sww", 96e6},
	{"/v1.3/closed/STMicroelectronics/results/NUCLEO_U575ZI_Q/AD", "nucleo-u575zi-q",
	 "stm32u575", "", "ad", 160e6},
	{"/v1.3/closed/STMicroelectronics/results/NUCLEO_U575ZI_Q_60MHz/sww", "nucleo-u575zi-q",
	 "stm32u575", "", "sww", 60e6},
	{"/v1.3/closed/STMicroelectronics/results/NUCLEO_H7A3ZI_Q_40MHz/sww", "nucleo-h7a3zi-q",
	 "stm32h7a3", "", "sww", 40e6},
	{"/v1.3/closed/STMicroelectronics/results/NUCLEO_H7A3ZI_Q_64MHz/ic", "nucleo-h7a3zi-q",
	 "stm32h7a3", "", "ic", 0},
	{"/v1.2/closed/STMicroelectronics/results/NUCLEO_H7A3ZI_Q/vww", "nucleo-h7a3zi-q",
	 "stm32h7a3", "", "vww", 280e6},
	{"/v1.2/closed/bosch/results/NUCLEO_U575ZI_int8_max_performance/vww", "nucleo-u575zi-q",
	 "stm32u575", "int8_max_performance", "vww", 0},
	{"/v1.3/closed/syntiant/results/syntiant_9120_1v0_49mhz/sww", "", "", "", "sww", 0},
	{"/v1.3/closed/kai_jiang/results/K1_BOARD_V1.0_HIGH_FREQ/ic", "", "", "", "ic", 0},
};

static void names_of_the_rounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		memset(&result, 0, sizeof(result));
		snprintf(result.path, sizeof(result.path), "%s", names[i].path);
		tiny_result_identify(&result);
		assert_string_equal(result.board, names[i].board);
		assert_string_equal(result.chip, names[i].chip);
		assert_string_equal(result.software, names[i].software);
		assert_string_equal(result.model, names[i].model);
		if (fabs(result.clock_hz - names[i].clock_hz) > 1)
			fail_msg("%s: %g Hz", names[i].path, result.clock_hz);
	}
}

static void a_tree_is_found(void **state)
{
	struct tiny_tree tree;
	struct err err = {""};
	char path[700], from[700];

	(void)state;
	session_fill(&session);
	session_print(&session);
	snprintf(path, sizeof(path), "%s/tree", scratch);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/tree/kws", scratch);
	session_write(&session, path);
	/* among the code: pictures in a folder of that name */
	snprintf(path, sizeof(path), "%s/tree/hardware", scratch);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/tree/hardware/energy", scratch);
	mkdir(path, 0777);
	session_write_text(path, "Fig1.png", "x");
	/* files of an energy run copied together, and of a performance run */
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/tree/flat%d", scratch, i);
		mkdir(path, 0777);
		session_write_text(path, "results.txt", i ? session.performance : session.results);
		snprintf(path, sizeof(path), "%s/tree/flat%d/results.json", scratch, i);
		snprintf(from, sizeof(from), "%s/tree/kws/energy/results.json", scratch);
		assert_int_equal(link(from, path), 0);
	}
	snprintf(path, sizeof(path), "%s/tree", scratch);
	assert_int_equal(tiny_tree_find(path, &tree, &err), 0);
	assert_int_equal(tree.count, 2);
	load(tree.paths[0]);
	assert_string_equal(strrchr(result.path, '/'), "/flat0");
	assert_reason("flat", IMPORT_PERFORMANCE_MISSING);
	assert_true(fabs(result.ours_j / result.published_j - 1) < 1e-7);
	load(tree.paths[1]);
	assert_reason("in a tree", 0);
	tiny_tree_done(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_edited_file),
		cmocka_unit_test(an_earlier_version_is_refused),
		cmocka_unit_test(every_cut_of_the_trace),
		cmocka_unit_test(the_layout_is_that_of_the_results),
		cmocka_unit_test(names_of_the_rounds),
		cmocka_unit_test(a_tree_is_found),
	};

	scratch = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
