/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The JSON reader against jansson, and the parsers of the MLCommons runner's files against figures
 * of the public files and damaged input: cut after every byte, every bit of every byte flipped,
 * random bytes. They must end, stay inside their bytes (run with sanitizers), and either refuse
 * with a sentence that names the file or return numbers that can be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/import/json_scan.h"
#include "bench/import/mlperf_tiny_runner.h"

/* Keys, order and blanks of tiny_results_v1.3, NUCLEO_L4R5ZI-P/ic/energy/results.json; its first
 * samples and its numbers of events. */
static const char json_text[] =
	"[{\"file\": \"emu_s_002009.bin\", \"classes\": \"10\", \"class\": \"2\", "
	"\"bytes_to_send\": null, \"stride\": null, \"total_length\": null, \"infer\": "
	"{\"results\": [0.0, 0.621, 0.371], \"total_inferences\": 1, \"iterations\": 70, "
	"\"warmups\": 1}, \"power\": {\"samples\": [1.524e-05, 1.532e-05, 1.53e-05, 7.49e-06], "
	"\"timestamps\": [[\"00\", 1], [\"01\", 2], [\"02\", 4]], \"extracted_power\": null, "
	"\"voltage\": 3}, \"mode\": \"e\"}, "
	"{\"infer\": {\"iterations\": 70}, \"power\": {\"samples\": [2.386e-05, 2e-05], "
	"\"timestamps\": [[\"03\", 0], [\"04\", 2]], \"voltage\": 3}, \"mode\": \"e\"}]";

/* tiny_results_v1.3, NUCLEO_U575ZI_Q/kws/energy/results.txt. */
static const char energy_text[] =
	"Power Edition Output\n"
	"Energy data for trial 0\n  Elapsed time  : 11.522\n  Inferences    : 400\n"
	"  Power         : 23.0679 mW.\n  Total Energy  : 265788.720 uJ\n"
	"  Energy/Inf    : 664.472 uJ/inf\n"
	"Energy data for trial 1\r\n  Elapsed time  : 11.520999999999999\r\n  Inferences    : "
	"400\r\n"
	"  Power         : 23.0646 mW.\n  Total Energy  : 265726.800 uJ\n"
	"  Energy/Inf    : 664.317 uJ/inf\n"
	"Energy data for trial 2\n  Elapsed time  : 9.5  <<<< below minimum duration\n"
	"---------------------------------------------------------\n"
	"Median energy cost is 664.4239 uJ/inf.\n"
	"---------------------------------------------------------\n";

/* tiny_results_v1.3, NUCLEO_L4R5ZI-P/ic/performance/results.txt. */
static const char performance_text[] =
	"Performance results for window 1\n    # Inferences : 70\n    Runtime: 11.597249 sec.\n"
	"    Throughput: 6.035914206895101 inf./sec.\n    Runtime requirements have been met.\n"
	"0726.005207 ulp-mlperf: ---------------------------------------------------------\n"
	"0726.005207 ulp-mlperf: Median throughput is      6.036 inf./sec.\n";

static int parse_session(const char *text, struct tiny_session *ret_session,
			 enum import_reason *ret_reason)
{
	struct err err = {""};

	return tiny_runner_session_parse("s.json", (const uint8_t *)text, strlen(text), ret_session,
					 ret_reason, &err);
}

static void a_session(void **state)
{
	struct tiny_session session;
	enum import_reason reason;

	(void)state;
	assert_int_equal(parse_session(json_text, &session, &reason), 0);
	assert_int_equal(session.run_count, 2);
	assert_int_equal(session.trace.count, 6);
	assert_true(session.trace.rate_hz == 1000 && session.trace.joule_per_unit == 1);
	assert_true(session.trace.samples[0] == 1.524e-05f);
	assert_true(session.trace.samples[4] == 2.386e-05f);
	assert_int_equal(session.runs[1].first_sample, 4);
	assert_int_equal(session.runs[1].samples, 2);
	assert_int_equal(session.runs[0].edges, 3);
	assert_int_equal(session.runs[1].first_edge, 3);
	assert_true(session.runs[0].inferences == 70 && session.runs[1].supply_v == 3);
	assert_int_equal(session.edge_count, 5);
	assert_true(fabs(session.edges_s[2] - 4e-3) < 1e-12);
	assert_true(fabs(session.edges_s[4] - 6e-3) < 1e-12);
	assert_int_equal(session.events[4].number, 4);
	assert_int_equal(session.events[4].run, 1);
	tiny_trace_done(&session.trace);
}

static void results_of_an_energy_run(void **state)
{
	struct tiny_results results;
	enum import_reason reason;
	struct err err = {""};

	(void)state;
	assert_int_equal(tiny_results_parse("r", (const uint8_t *)energy_text, strlen(energy_text),
					    &results, &reason, &err),
			 0);
	assert_int_equal(results.count, 3);
	assert_int_equal(results.windows[1].number, 1);
	assert_int_equal(results.windows[1].line, 8);
	assert_true(fabs(results.windows[0].energy_j - 0.26578872) < 1e-15);
	assert_true(fabs(results.windows[0].power_w - 0.0230679) < 1e-15);
	assert_true(fabs(results.windows[1].runtime_s - 11.521) < 1e-12);
	assert_true(fabs(results.windows[1].throughput_hz - 400 / 11.521) < 1e-9);
	assert_true(fabs(results.windows[2].runtime_s - 9.5) < 1e-12);
	assert_true(isnan(results.windows[2].energy_j));
	assert_true(isnan(results.windows[0].at_s));
	assert_true(fabs(results.median_energy_j - 664.4239e-6) < 1e-15);
	assert_false(results.is_streaming);
}

static void results_of_a_performance_run(void **state)
{
	struct tiny_results results;
	enum import_reason reason;
	struct err err = {""};

	(void)state;
	assert_int_equal(tiny_results_parse("r", (const uint8_t *)performance_text,
					    strlen(performance_text), &results, &reason, &err),
			 0);
	assert_int_equal(results.count, 1);
	assert_int_equal(results.with_performance, 1);
	assert_int_equal(results.with_energy, 0);
	assert_true(fabs(results.windows[0].runtime_s - 11.597249) < 1e-12);
	assert_true(fabs(results.windows[0].throughput_hz - 6.035914206895101) < 1e-12);
	assert_true(fabs(results.median_throughput_hz - 6.036) < 1e-12);
	assert_true(results.digits.runtime_s == 1e-6);
}

static const struct log_case {
	const char *text, *meter;
	unsigned runs, captures;
	const char *model;
} logs[] = {
	{"Initializing SerialDevice on port: COM23 at 3686400 baud\n"
	 "Device model retrieved: kws01\n"
	 "Initializing SerialDevice on port: COM26 at 115200 baud\n"
	 "Running inference with 1/70 (warmup/measured) iterations ...\ndone\n"
	 "Captured samples:24180 timestamps:3\n",
	 "lpm01a", 1, 1, "kws01"},
	{"[JS220] Stream reading started (raw)...\n", "js220", 0, 0, ""},
	{"[JS220] Shutdown complete.\nSerialDevice on port: COM23 at 3686400 baud\n", "", 0, 0, ""},
	{"Running inference with 1 / 70\nCaptured samples:x timestamps:3\n", "", 0, 0, ""},
	{"", "", 0, 0, ""},
};

static void logs_of_energy_runs(void **state)
{
	struct tiny_log log;

	(void)state;
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		tiny_runner_log_parse((const uint8_t *)logs[i].text, strlen(logs[i].text), &log);
		assert_string_equal(log.meter, logs[i].meter);
		assert_string_equal(log.model, logs[i].model);
		assert_int_equal(log.runs, logs[i].runs);
		assert_int_equal(log.captures, logs[i].captures);
		assert_true(isnan(log.supply_v));
		if (log.runs)
			assert_true(log.inferences[0] == 70 && log.captured_samples[0] == 24180 &&
				    log.captured_edges[0] == 3);
	}
}

static bool reads_whole(const uint8_t *bytes, size_t count)
{
	struct json_scan scan;

	json_scan_init(&scan, bytes, count);
	return json_scan_skip(&scan) && json_scan_end(&scan);
}

static const struct value_case {
	const char *text;
	bool is_json;
} values[] = {
	{"0", true},           {"-0", true},           {"-0.5e+10", true},
	{"1E5", true},         {"01", false},          {"-", false},
	{"1.", false},         {".5", false},          {"1e", false},
	{"+1", false},         {"0x10", false},        {"1 2", false},
	{"[]", true},          {"[1,]", false},        {"[,1]", false},
	{"[1 2]", false},      {"{}", true},           {"{\"a\":1}", true},
	{"{\"a\" 1}", false},  {"{a:1}", false},       {"{\"a\":}", false},
	{"\"\\u12aF\"", true}, {"\"\\u12g4\"", false}, {"\"\\x\"", false},
	{"\"a", false},        {"\"a\nb\"", false},    {"true", true},
	{"tru", false},        {"null ", true},        {" [ 1 , 2 ] ", true},
	{"", false},           {"]", false},           {"[1}", false},
	{"[[]", false},        {"nullnull", false},    {"\"\"", true},
};

/* jansson judges the same, which this table is checked against, too. */
static void values_as_jansson_reads_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const char *text = values[i].text;
		json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);

		if (reads_whole((const uint8_t *)text, strlen(text)) != values[i].is_json ||
		    (json != NULL) != values[i].is_json)
			fail_msg("'%s'", text);
		json_decref(json);
	}
}

static double number_of(const char *text, bool *ret_ok)
{
	struct json_scan scan;
	double value = 0;

	json_scan_init(&scan, (const uint8_t *)text, strlen(text));
	*ret_ok = json_scan_number(&scan, &value) && json_scan_end(&scan);
	return value;
}

static void numbers_of_python(void **state)
{
	bool ok;

	(void)state;
	assert_true(isnan(number_of("NaN", &ok)) && ok);
	assert_true(isinf(number_of("Infinity", &ok)) && ok);
	assert_true(number_of("-Infinity", &ok) < 0 && ok);
	assert_true(number_of("9.546484216116369e-05", &ok) == 9.546484216116369e-05 && ok);
	number_of("nan", &ok);
	assert_false(ok);
	number_of("Inf", &ok);
	assert_false(ok);
	number_of("1111111111111111111111111111111111111111111111111111111111111111111", &ok);
	assert_false(ok);
}

static void deep_nesting_ends(void **state)
{
	char text[2 * 4096 + 1] = "";

	(void)state;
	memset(text, '[', 4096);
	memset(text + 4096, ']', 4096);
	assert_false(reads_whole((const uint8_t *)text, 8192));
	assert_true(
		reads_whole((const uint8_t *)text + 4096 - JSON_SCAN_DEPTH, 2 * JSON_SCAN_DEPTH));
	assert_false(reads_whole((const uint8_t *)text + 4095 - JSON_SCAN_DEPTH,
				 2 * JSON_SCAN_DEPTH + 2));
}

/* ---- damage ---- */

typedef void feed_fn(const uint8_t *bytes, size_t count);

static bool is_session_reason(enum import_reason reason)
{
	static const enum import_reason reasons[] = {
		IMPORT_TRACE_MISSING,  IMPORT_TIMESTAMPS_MISSING, IMPORT_TRACE_TRUNCATED,
		IMPORT_TRACE_SYNTAX,   IMPORT_TIMESTAMPS_SYNTAX,  IMPORT_RESULTS_INCOMPLETE,
		IMPORT_MARKER_OUTSIDE, IMPORT_MARKER_EXTRA,       IMPORT_WINDOW_COUNT,
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reason == reasons[i])
			return true;
	return false;
}

static void feed_session(const uint8_t *bytes, size_t count)
{
	enum import_reason reason = 0;
	struct tiny_session session;
	struct err err = {""};
	int ret = tiny_runner_session_parse("s.json", bytes, count, &session, &reason, &err);

	if (ret) {
		assert_int_equal(ret, -EINVAL);
		assert_true(is_session_reason(reason));
		assert_int_equal(strncmp(err.text, "s.json:", 7), 0);
		return;
	}
	assert_in_range(session.run_count, 1, TINY_WINDOWS_MAX);
	assert_true(session.edge_count <= TINY_EDGES_MAX && session.trace.count > 0);
	for (size_t i = 0; i < session.edge_count; i++)
		assert_true(session.edges_s[i] >= 0 &&
			    session.edges_s[i] <= (double)session.trace.count / 1000);
	for (unsigned i = 0; i < session.run_count; i++)
		assert_false(isnan(session.runs[i].inferences));
	tiny_trace_done(&session.trace);
}

static void feed_results(const uint8_t *bytes, size_t count)
{
	enum import_reason reason = 0;
	struct tiny_results results;
	struct err err = {""};
	int ret = tiny_runner_results_parse("r.txt", bytes, count, &results, &reason, &err);

	if (ret) {
		assert_int_equal(ret, -EINVAL);
		assert_true(reason == IMPORT_RESULTS_SYNTAX || reason == IMPORT_LAYOUT_UNKNOWN);
		assert_int_equal(strncmp(err.text, "r.txt:", 6), 0);
		return;
	}
	assert_true(results.count <= TINY_WINDOWS_MAX);
	for (unsigned i = 0; i < results.count; i++)
		assert_false(results.windows[i].energy_j < 0 || isinf(results.windows[i].energy_j));
}

static void feed_log(const uint8_t *bytes, size_t count)
{
	struct tiny_log log;

	tiny_runner_log_parse(bytes, count, &log);
	assert_true(log.runs <= TINY_WINDOWS_MAX && log.captures <= TINY_WINDOWS_MAX);
}

static const struct fed {
	feed_fn *feed;
	const char *text;
} feds[] = {
	{feed_session, json_text},
	{feed_results, energy_text},
	{feed_results, performance_text},
	{feed_log,
	 "a at 3686400 baud\nRunning inference with 1/70 (w\nCaptured samples:2 timestamps:3"},
};

/* Exactly count bytes, so that a sanitizer sees a step behind them. */
static void feed_exact(feed_fn *feed, const uint8_t *bytes, size_t count)
{
	uint8_t *copy = malloc(count ? count : 1);

	memcpy(copy, bytes, count);
	feed(copy, count);
	free(copy);
}

static void damaged_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(feds) / sizeof(feds[0]); i++) {
		size_t count = strlen(feds[i].text);
		uint8_t *bytes = malloc(count);

		memcpy(bytes, feds[i].text, count);
		for (size_t cut = 0; cut <= count; cut++)
			feed_exact(feds[i].feed, bytes, cut);
		for (size_t bit = 0; bit < 8 * count; bit++) {
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			feed_exact(feds[i].feed, bytes, count);
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		srand(7);
		for (int n = 0; n < 2000; n++) {
			size_t from = (size_t)rand() % count, length = 1 + (size_t)rand() % 40;

			for (size_t k = from; k < count && k < from + length; k++)
				bytes[k] = (uint8_t)rand();
			feed_exact(feds[i].feed, bytes, count);
			memcpy(bytes, feds[i].text, count);
		}
		free(bytes);
	}
}

/* A session cut anywhere is cut, never of fewer runs. */
static void every_cut_of_a_session(void **state)
{
	size_t count = strlen(json_text);
	struct tiny_session session;
	struct err err;

	(void)state;
	for (size_t cut = 0; cut < count; cut++) {
		enum import_reason reason = 0;

		assert_int_equal(tiny_runner_session_parse("s.json", (const uint8_t *)json_text,
							   cut, &session, &reason, &err),
				 -EINVAL);
		if (reason != IMPORT_TRACE_TRUNCATED)
			fail_msg("cut at %zu: %s", cut, err.text);
	}
}

/* With any one bit flipped, what is read is JSON, and what is JSON is read. */
static void flipped_bits_as_jansson_reads_them(void **state)
{
	size_t count = strlen(json_text), same = 0;
	char *text = strdup(json_text);

	(void)state;
	for (size_t bit = 0; bit < 8 * count; bit++) {
		json_t *json;
		bool is_read;

		text[bit / 8] ^= (char)(1 << bit % 8);
		json = json_loadb(text, count, 0, NULL);
		is_read = reads_whole((const uint8_t *)text, count);
		/* Bytes above 127 are not judged here. */
		if (bit % 8 != 7 && is_read != (json != NULL))
			fail_msg("bit %zu: %.40s", bit, text + (bit < 160 ? 0 : bit / 8 - 20));
		same += json != NULL;
		json_decref(json);
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
	assert_true(same > count / 2);
	free(text);
}

static void too_many_of_everything(void **state)
{
	char *text = malloc(1 << 20), *end = text;
	struct tiny_session session;
	enum import_reason reason = 0;

	(void)state;
	end += sprintf(end, "[");
	for (int i = 0; i <= TINY_WINDOWS_MAX; i++)
		end += sprintf(end,
			       "%s{\"infer\": {\"iterations\": 1}, \"power\": {\"samples\": [1], "
			       "\"timestamps\": []}}",
			       i ? "," : "");
	sprintf(end, "]");
	assert_int_equal(parse_session(text, &session, &reason), -EINVAL);
	assert_int_equal(reason, IMPORT_WINDOW_COUNT);
	end = text + sprintf(text, "[{\"power\": {\"timestamps\": [[\"0\", 0]");
	for (int i = 0; i < TINY_EDGES_MAX; i++)
		end += sprintf(end, ", [%d, 0]", i);
	sprintf(end, "]}}]");
	assert_int_equal(parse_session(text, &session, &reason), -EINVAL);
	assert_int_equal(reason, IMPORT_MARKER_EXTRA);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session),
		cmocka_unit_test(results_of_an_energy_run),
		cmocka_unit_test(results_of_a_performance_run),
		cmocka_unit_test(logs_of_energy_runs),
		cmocka_unit_test(values_as_jansson_reads_them),
		cmocka_unit_test(numbers_of_python),
		cmocka_unit_test(deep_nesting_ends),
		cmocka_unit_test(damaged_files),
		cmocka_unit_test(every_cut_of_a_session),
		cmocka_unit_test(flipped_bits_as_jansson_reads_them),
		cmocka_unit_test(too_many_of_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
