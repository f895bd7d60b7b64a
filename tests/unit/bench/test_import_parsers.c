/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The importers' parsers against damaged input: cut after every byte, every bit of every byte
 * flipped, random bytes. They must end, stay inside their bytes (run with sanitizers), and either
 * refuse with a sentence that names the file or return numbers that can be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/import/csv.h"
#include "bench/import/mlperf_tiny_files.h"

static const char results_text[] =
	"00156.544 ulp-ml: Energy data for window 2 at time 9.46 for 10.13 sec.:\n"
	"00156.544 ulp-ml:   Energy       :   452830.510 uJ\r\n"
	"00156.544 ulp-ml:   Power        :    44688.691 uW\n"
	"00156.545 ulp-ml:   Energy/Inf.  :      431.267 uJ/inf.\n"
	"00156.581 ulp-ml: ---------------------------------------------------------\n"
	"00156.581 ulp-ml: Median energy cost is 431.267 uJ/inf.\n"
	"\n"
	"00156.583 ulp-ml: Performance results for window 2:\n"
	"00156.583 ulp-ml:   # Inferences :         1050\n"
	"00156.583 ulp-ml:   Runtime      :       10.133 sec.\n"
	"00156.583 ulp-ml:   Throughput   :      103.622 inf./sec.\n"
	"00156.583 ulp-ml: e-[The run must take at least 10 seconds and 10 iterations to be "
	"valid]\n"
	"00156.583 ulp-ml: Median throughput is 103.622 inf./sec.\n";

static const char timestamps_text[] = "[\n\t0.017,\n\t9.464,\n\t19.597\n]";

static const char csv_text[] = "board,model,cycles,energy_j,energy_u_j,time_s\n"
			       "# a remark\n"
			       "b,\"m, \"\"small\"\"\",1000,1e-6,1e-8,\n"
			       "b,m2,2000.5,2e-6,1e-8,0.001\r\n";

static void a_results_file(void **state)
{
	struct tiny_results results;
	enum import_reason reason;
	struct err err = {""};

	(void)state;
	assert_int_equal(tiny_results_parse("r", (const uint8_t *)results_text,
					    strlen(results_text), &results, &reason, &err),
			 0);
	assert_int_equal(results.count, 1);
	assert_int_equal(results.windows[0].number, 2);
	assert_int_equal(results.windows[0].line, 1);
	assert_int_equal(results.complaints, 1);
	assert_true(fabs(results.windows[0].energy_j - 0.45283051) < 1e-15);
	assert_true(fabs(results.windows[0].power_w - 0.044688691) < 1e-15);
	assert_true(fabs(results.windows[0].runtime_s - 10.133) < 1e-12);
	assert_true(fabs(results.median_energy_j - 431.267e-6) < 1e-15);
	assert_true(fabs(results.median_throughput_hz - 103.622) < 1e-12);
}

static void a_trace(void **state)
{
	/* 0xF1, 1000.0f, 61.25f, as the public files begin */
	const uint8_t bytes[] = {0xF1, 0x00, 0x00, 0x7A, 0x44, 0x00, 0x00, 0x75, 0x42};
	enum import_reason reason;
	struct tiny_trace trace;
	struct err err = {""};

	(void)state;
	assert_int_equal(tiny_trace_parse("t", bytes, sizeof(bytes), &trace, &reason, &err), 0);
	assert_int_equal(trace.count, 1);
	assert_true(trace.rate_hz == 1000.0 && trace.samples[0] == 61.25f);
	tiny_trace_done(&trace);
	for (size_t size = 0; size < sizeof(bytes); size++) {
		assert_int_equal(tiny_trace_parse("t", bytes, size, &trace, &reason, &err),
				 -EINVAL);
		assert_int_equal(reason, IMPORT_TRACE_TRUNCATED);
	}
}

static void a_log(void **state)
{
	static const char text[] =
		"00123.828 io: [dut]: m-infer-start-50\n00134.560 io: [dut]: m-infer-done\n"
		"00218.611 emon: m-regfile-fn[trace1-energy.bin]-type[emon]-name[lpm01a]\n"
		"00218.618 emon: m-voltage-mv[1800]\n";
	struct tiny_log log;

	(void)state;
	tiny_log_parse((const uint8_t *)text, strlen(text), &log);
	assert_string_equal(log.meter, "lpm01a");
	assert_true(fabs(log.supply_v - 1.8) < 1e-12);
	assert_int_equal(log.runs, 1);
	assert_true(log.inferences[0] == 50 && fabs(log.host_s[0] - 10.732) < 1e-9);
}

typedef void feed_fn(const uint8_t *bytes, size_t count);

static void feed_results(const uint8_t *bytes, size_t count)
{
	enum import_reason reason = 0;
	struct tiny_results results;
	struct err err = {""};
	int ret = tiny_results_parse("r.txt", bytes, count, &results, &reason, &err);

	if (ret) {
		assert_int_equal(ret, -EINVAL);
		assert_true(reason == IMPORT_RESULTS_SYNTAX || reason == IMPORT_LAYOUT_UNKNOWN);
		assert_int_equal(strncmp(err.text, "r.txt:", 6), 0);
		return;
	}
	assert_true(results.count <= TINY_WINDOWS_MAX);
	for (unsigned i = 0; i < results.count; i++) {
		assert_false(results.windows[i].energy_j < 0);
		assert_false(isinf(results.windows[i].energy_j));
	}
}

static void feed_timestamps(const uint8_t *bytes, size_t count)
{
	double edges_s[TINY_EDGES_MAX];
	enum import_reason reason = 0;
	struct err err = {""};
	size_t edges = 0;
	int ret = tiny_timestamps_parse("t.json", bytes, count, edges_s, &edges, &reason, &err);

	if (ret) {
		assert_int_equal(reason, IMPORT_TIMESTAMPS_SYNTAX);
		assert_int_equal(strncmp(err.text, "t.json:", 7), 0);
		return;
	}
	assert_true(edges <= TINY_EDGES_MAX);
	for (size_t i = 0; i < edges; i++)
		assert_true(isfinite(edges_s[i]));
}

static void feed_trace(const uint8_t *bytes, size_t count)
{
	enum import_reason reason = 0;
	struct tiny_trace trace = {0};
	struct err err = {""};

	if (tiny_trace_parse("t.bin", bytes, count, &trace, &reason, &err))
		assert_int_equal(strncmp(err.text, "t.bin:", 6), 0);
	else
		assert_true(trace.count == (count - 5) / 4 && trace.rate_hz >= 1);
	tiny_trace_done(&trace);
}

static void feed_log(const uint8_t *bytes, size_t count)
{
	struct tiny_log log;

	tiny_log_parse(bytes, count, &log);
	assert_true(log.runs <= TINY_WINDOWS_MAX);
}

static void feed_csv(const uint8_t *bytes, size_t count)
{
	struct csv_rows rows = {0};
	struct err err = {""};

	if (csv_parse("f.csv", bytes, count, &rows, &err)) {
		assert_int_equal(strncmp(err.text, "f.csv:", 6), 0);
		return;
	}
	for (size_t i = 0; i < rows.count; i++) {
		assert_true(isfinite(rows.rows[i].energy_j) && rows.rows[i].energy_j > 0);
		assert_true(rows.rows[i].cycles > 0 || rows.rows[i].duration_s > 0);
	}
	csv_rows_done(&rows);
}

/* A heap copy of exactly these bytes, so that reading past them shows; a NUL follows where files
 * have one. */
static void feed_copy(feed_fn *feed, const uint8_t *bytes, size_t count)
{
	uint8_t *copy = malloc(count + 1);

	memcpy(copy, bytes, count);
	copy[count] = 0;
	feed(copy, count);
	free(copy);
}

static void damage(feed_fn *feed, const void *whole, size_t count)
{
	uint8_t *bytes = malloc(count + 1);
	unsigned random = 12345;

	for (size_t cut = 0; cut <= count; cut++)
		feed_copy(feed, whole, cut);
	memcpy(bytes, whole, count);
	for (size_t i = 0; i < 8 * count; i++) {
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		feed_copy(feed, bytes, count);
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (unsigned round = 0; round < 3000; round++) {
		for (unsigned hits = 0; hits < 1 + round % 8; hits++) {
			random = random * 1664525u + 1013904223u;
			bytes[(random >> 8) % count] = (uint8_t)(random >> 24);
		}
		feed_copy(feed, bytes, count);
		if (round % 64 == 63)
			memcpy(bytes, whole, count);
	}
	free(bytes);
}

static void damaged_files(void **state)
{
	uint8_t trace[105] = {0xF1, 0x00, 0x00, 0x7A, 0x44};
	static const char log[] =
		"00112.6 io: [dut]: m-infer-start-50\n00134.5 io: [dut]: m-infer-done\n"
		"1 emon: m-voltage-mv[1800]\n2 x trace1-energy.bin -name[lpm01a]\n";

	(void)state;
	damage(feed_results, results_text, strlen(results_text));
	damage(feed_timestamps, timestamps_text, strlen(timestamps_text));
	damage(feed_trace, trace, sizeof(trace));
	damage(feed_log, log, strlen(log));
	damage(feed_csv, csv_text, strlen(csv_text));
}

/* Deep nesting, huge numbers, many windows, endless lines. */
static void hostile_files(void **state)
{
	enum { MANY = 200000 };
	char *text = malloc(MANY + 1);

	(void)state;
	memset(text, '[', MANY);
	feed_copy(feed_timestamps, (uint8_t *)text, MANY);
	memset(text, '1', MANY);
	feed_copy(feed_timestamps, (uint8_t *)text, MANY);
	feed_copy(feed_results, (uint8_t *)text, MANY);
	feed_copy(feed_csv, (uint8_t *)text, MANY);
	memset(text, ',', MANY);
	feed_copy(feed_csv, (uint8_t *)text, MANY);
	memset(text, '\n', MANY);
	feed_copy(feed_results, (uint8_t *)text, MANY);
	feed_copy(feed_csv, (uint8_t *)text, MANY);
	text[0] = 0;
	for (int i = 0; i < 400; i++)
		sprintf(text + strlen(text), "1.0 a: Performance results for window %d:\n", i + 1);
	feed_copy(feed_results, (uint8_t *)text, strlen(text));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_results_file), cmocka_unit_test(a_trace),
		cmocka_unit_test(a_log),          cmocka_unit_test(damaged_files),
		cmocka_unit_test(hostile_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
