/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rig and plan files: what is read, and that everything wrong is said with file and line.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/config/plan.h"
#include "bench/config/quantity.h"
#include "bench/config/rig.h"
#include "tests/scratch.h"

static const char *folder;

static const char *write_file(const char *name, const char *text)
{
	static char path[4][600];
	static unsigned next;
	char *full = path[next++ % 4];
	FILE *stream;

	snprintf(full, sizeof(path[0]), "%s/%s", folder, name);
	stream = fopen(full, "w");
	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
	return full;
}

static const char plan_head[] = "plan: p\nmodels: [a.tflite]\n";

static void quantities(void **state)
{
	static const struct {
		const char *text;
		enum quantity_kind kind;
		double value; /* NAN: refused */
	} rows[] = {
		{"3.3 V", QUANTITY_VOLTAGE, 3.3},      {"3300mV", QUANTITY_VOLTAGE, 3.3},
		{"80 MHz", QUANTITY_FREQUENCY, 80e6},  {"500 ms", QUANTITY_TIME, 0.5},
		{"-5 degC", QUANTITY_TEMPERATURE, -5}, {"0.5 %", QUANTITY_RATIO, 0.005},
		{"3.3", QUANTITY_VOLTAGE, NAN},        {"3.3 A", QUANTITY_VOLTAGE, NAN},
		{"3.3 V x", QUANTITY_VOLTAGE, NAN},    {"V", QUANTITY_VOLTAGE, NAN},
		{"", QUANTITY_VOLTAGE, NAN},           {"nan V", QUANTITY_VOLTAGE, NAN},
		{"inf s", QUANTITY_TIME, NAN},         {"5 Ms", QUANTITY_TIME, NAN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {""};
		double value = 0;
		int ret = quantity_parse(rows[i].text, rows[i].kind, &value, &err);

		if (isnan(rows[i].value)) {
			assert_int_equal(ret, -EINVAL);
			assert_true(err.text[0] != 0);
		} else {
			assert_int_equal(ret, 0);
			assert_true(fabs(value - rows[i].value) <= 1e-9 * fabs(rows[i].value));
		}
	}
}

static void expect_plan_error(const char *text, const char *where, const char *says)
{
	struct plan *plan;
	struct err err = {""};
	const char *path = write_file("plan.yaml", text);

	assert_true(plan_load(path, &plan, &err) < 0);
	if (!strstr(err.text, where) || !strstr(err.text, says))
		fail_msg("'%s' lacks '%s' or '%s'", err.text, where, says);
}

static void plan_errors(void **state)
{
	char text[1024];
	static const struct {
		const char *rest, *where, *says;
	} rows[] = {
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\nrepeat: 4\n",
		 "plan.yaml:7:", "did you mean 'repeats'"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\nzzzzzzzz: 4\n",
		 "plan.yaml:7:", "unknown key 'zzzzzzzz'"},
		{"clocks: [4 MHz]\nrepeats: 3\nrepeats: 3\nwindow: 1 s\nidle: 1 s\n",
		 "plan.yaml:5:", "twice"},
		{"clocks: [4 MHz]\nrepeats: 3\nidle: 1 s\n", "plan.yaml:1:", "'window' is missing"},
		{"clocks: [4]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\n", "plan.yaml:3:", "no unit"},
		{"clocks: [4 MHz, 4000 kHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\n",
		 "plan.yaml:3:", "twice"},
		{"clocks: {a: 4 MHz}\nrepeats: 3\nwindow: 1 s\nidle: 1 s\n",
		 "plan.yaml:3:", "single values"},
		{"repeats: 3\nclocks:\n- 4 MHz\n- [5 MHz]\nwindow: 1 s\nidle: 1 s\n",
		 "plan.yaml:6:", "single values"},
		{"clocks: []\nrepeats: 3\nwindow: 1 s\nidle: 1 s\n",
		 "plan.yaml:3:", "a list of 1 to"},
		{"repeats: 3\nwindow: 1 s\nidle: 1 s\n", "plan.yaml:1:", "'clocks' is missing"},
		{"clocks: [slow]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\n",
		 "plan.yaml:3:", "neither a frequency nor slowest"},
		{"clocks: [all, all]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\n",
		 "plan.yaml:3:", "twice"},
		{"clocks: [0.5 Hz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\n",
		 "plan.yaml:3:", "whole number of Hz"},
		{"clocks: [4 MHz]\nrepeats: 0\nwindow: 1 s\nidle: 1 s\n",
		 "plan.yaml:4:", "repeats"},
		{"clocks: [4 MHz]\nrepeats: 3 x\nwindow: 1 s\nidle: 1 s\n",
		 "plan.yaml:4:", "whole number"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 h\nidle: 1 s\n",
		 "plan.yaml:5:", "unit 'h'"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 us\nidle: 1 s\n",
		 "plan.yaml:5:", "outside"},
		{"clocks: [4 MHz\nrepeats: 3\n", "plan.yaml:4:", ""},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\nbuilds: [O2, O2]\n",
		 "plan.yaml:7:", "twice"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\ntraces: some\n",
		 "plan.yaml:7:", "'some' is none of all, refused, none"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\ntarget_uncertainty: 0.3\n",
		 "plan.yaml:7:", "no unit"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\ntarget_uncertainty: 0 %\n",
		 "plan.yaml:7:", "is outside"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\nsoak: {drift: 0.2 %}\n",
		 "plan.yaml:7:", "'limit' is missing"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\nsoak: {drift: 20 %, limit: "
		 "1 s}\n",
		 "plan.yaml:7:", "is outside"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\nexit: {output: 0, confidence: 0.5 %}\n",
		 "plan.yaml:7:", "'confidence' is '0.5 %'"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\nexit: {output: 0, confidence: 0.5x}\n",
		 "plan.yaml:7:", "without a unit"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\nexit: {output: 0, confidence: nan}\n",
		 "plan.yaml:7:", "must be a number"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\nattempts: 010\n",
		 "plan.yaml:7:", "'attempts' is '010': it must be a whole number"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\nattempts: 4294967296\n",
		 "plan.yaml:7:", "4294967295 at most"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\ntraces: \"\"\n",
		 "plan.yaml:7:", "'traces' is empty"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\ntraces: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
		 "plan.yaml:7:", "more than 40"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\nbuilds: [../O2]\n",
		 "plan.yaml:7:", "is no build's name"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\nbuilds: [O2345678901234567890123456]\n",
		 "plan.yaml:7:", "is no build's name"},
		{"clocks: [4 MHz]\nrepeats: 3\nwindow: 1 s\nidle: 1 s\n---\nx: 1\n",
		 "plan.yaml:7:", "second document"},
	};

	(void)state;
	write_file("a.tflite", "x");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", plan_head, rows[i].rest);
		expect_plan_error(text, rows[i].where, rows[i].says);
	}
	expect_plan_error("", "plan.yaml:1:", "empty");
	expect_plan_error("- a\n", "plan.yaml:1:", "keys and values");
	expect_plan_error("plan: \"p\\nq\"\n", "plan.yaml:1:", "'plan' has a line break");
	expect_plan_error("plan: p\nmodels: [none*.tflite]\nclocks: [4 MHz]\nrepeats: 1\n"
			  "window: 1 s\nidle: 1 s\n",
			  "plan.yaml:2:", "no model file matches");
}

static void plan_values(void **state)
{
	struct plan *plan;
	struct err err = {""};
	const char *path = write_file(
		"plan.yaml", "plan: p\nmodels: ['*.tflite']\n"
			     "clocks: [120 MHz, 4 MHz]\nrepeats: 2\nwindow: 250 ms\nidle: 50 ms\n");

	(void)state;
	write_file("b.tflite", "x");
	assert_int_equal(plan_load(path, &plan, &err), 0);
	assert_int_equal(plan->model_count, 2);
	assert_non_null(strstr(plan->models[0], "/a.tflite"));
	assert_int_equal(plan->clock_count, 2);
	assert_int_equal(plan->clocks[0].word, LEVELS_HZ);
	assert_int_equal(plan->clocks[0].hz, 120000000);
	assert_true(fabs(plan->window_s - 0.25) <= 1e-12);
	assert_int_equal(plan->warmups, 1);
	assert_string_equal(plan->builds[0], "O2");
	assert_non_null(strstr(plan->resolved, "\"repeats\":2"));
	assert_int_equal(plan->traces, TRACE_RETAIN_SUSPECT);
	assert_true(plan->target_u_rel == 0 && plan->soak.drift_rel == 0);
	plan_free(plan);
}

static void plan_quality(void **state)
{
	struct plan *plan;
	struct err err = {""};
	const char *path =
		write_file("plan.yaml",
			   "plan: p\nmodels: ['*.tflite']\n"
			   "clocks: [4 MHz]\nrepeats: 2\nwindow: 250 ms\nidle: 50 ms\ntraces: all\n"
			   "target_uncertainty: 0.3 %\nsoak: {drift: 0.2 %, limit: 60 s}\n");

	(void)state;
	assert_int_equal(plan_load(path, &plan, &err), 0);
	assert_int_equal(plan->traces, TRACE_RETAIN_ALL);
	assert_true(fabs(plan->target_u_rel - 3e-3) < 1e-12);
	assert_true(fabs(plan->soak.drift_rel - 2e-3) < 1e-12);
	assert_true(fabs(plan->soak.limit_s - 60) < 1e-9);
	assert_non_null(strstr(plan->resolved, "\"traces\":\"all\",\"target_u_rel\":0.003"));
	plan_free(plan);
}

static const char meter_part[] = "part: ppk2\ndriver: ppk2\n"
				 "markers: {window: 0, inference: 1, layer: 2}\n";
static const char board_part[] =
	"part: n\nchip: c\nkernels: armv7em\nfirmware: n\nbaud: 115200 baud\n"
	"clocks: [120 MHz, 4 MHz, 13.333333 MHz]\n"
	"flash: {driver: stm32_uart, baud: 115200 baud, address: 0x08000000, id: 0x470}\n"
	"lines: {reset: dtr, boot: \"!rts\"}\n";
static const char rig_text[] =
	"rig: r\nvirtual: true\nambient: 21 degC\n"
	"meters:\n  - {name: m, part: meter.yaml, link: l1, supply: 3.3 V, supply_u: 5 mV}\n"
	"boards:\n  - {name: b, part: board.yaml, link: l2, meter: m}\n";

static void replace_in(const char *whole, char *text, size_t size, const char *from, const char *to)
{
	char copy[2048];
	char *at;

	snprintf(copy, sizeof(copy), "%s", whole);
	at = strstr(copy, from);
	assert_non_null(at);
	snprintf(text, size, "%.*s%s%s", (int)(at - copy), copy, to, at + strlen(from));
}

static void replace(char *text, size_t size, const char *from, const char *to)
{
	replace_in(rig_text, text, size, from, to);
}

static void rig_values(void **state)
{
	struct rig *rig;
	struct err err = {""};

	(void)state;
	write_file("meter.yaml", meter_part);
	write_file("board.yaml", board_part);
	assert_int_equal(rig_load(write_file("rig.yaml", rig_text), &rig, &err), 0);
	assert_true(rig->is_virtual);
	assert_true(fabs(rig->meters[0].supply_u_v - 5e-3) <= 1e-12);
	assert_int_equal(rig->boards[0].flash_address, 0x08000000);
	assert_int_equal(rig->boards[0].levels.count, 3);
	assert_int_equal(rig->boards[0].levels.hz[0], 4000000);
	assert_int_equal(rig->boards[0].levels.hz[1], 13333333);
	assert_int_equal(rig->boards[0].levels.hz[2], 120000000);
	assert_non_null(strstr(rig->resolved, "\"clocks_hz\":[4000000,13333333,120000000]"));
	assert_false(rig->boards[0].has_id);
	assert_true(rig->boards[0].lines.reset.kind == CONTROL_LINE_DTR &&
		    !rig->boards[0].lines.reset.is_inverted);
	assert_true(rig->boards[0].lines.boot.kind == CONTROL_LINE_RTS &&
		    rig->boards[0].lines.boot.is_inverted);
	assert_int_equal(rig->boards[0].lines.supply.kind, 0);
	assert_non_null(strstr(rig->resolved, "\"reset\":\"dtr\",\"boot\":\"!rts\""));
	rig_free(rig);
}

/* A meter sits with the boards unless the rig says where. */
static void rig_meter_ambient(void **state)
{
	char text[2048];
	struct rig *rig;
	struct err err = {""};

	(void)state;
	write_file("meter.yaml", meter_part);
	write_file("board.yaml", board_part);
	assert_int_equal(rig_load(write_file("rig.yaml", rig_text), &rig, &err), 0);
	assert_false(rig->meters[0].has_ambient);
	assert_null(strstr(rig->resolved, "ambient_u_k"));
	rig_free(rig);
	replace(text, sizeof(text), "supply_u: 5 mV}", "supply_u: 5 mV, ambient: 23 degC}");
	assert_int_equal(rig_load(write_file("rig.yaml", text), &rig, &err), 0);
	assert_true(rig->meters[0].has_ambient);
	assert_true(fabs(rig->meters[0].ambient_c - 23) < 1e-9);
	assert_true(fabs(rig->meters[0].ambient_u_k - 2) < 1e-9);
	assert_non_null(strstr(rig->resolved, "\"ambient_c\":23.0"));
	rig_free(rig);
	replace(text, sizeof(text), "supply_u: 5 mV}",
		"supply_u: 5 mV, ambient: -5 degC, ambient_u: 0.5 degC}");
	assert_int_equal(rig_load(write_file("rig.yaml", text), &rig, &err), 0);
	assert_true(fabs(rig->meters[0].ambient_c + 5) < 1e-9);
	assert_true(fabs(rig->meters[0].ambient_u_k - 0.5) < 1e-9);
	rig_free(rig);
}

static const char js220_part[] = "part: js220\ndriver: js220\noptions: {lines: 2, rate_hz: 500 "
				 "kHz}\nmarkers: {window: 0, inference: 1, layer: 2}\n";

static int load_series(const char *part, const char *options, struct rig **ret_rig, struct err *err)
{
	char text[2048], meter[200];

	snprintf(meter, sizeof(meter), "supply: none%s}", options);
	write_file("meter.yaml", part);
	write_file("board.yaml", board_part);
	replace(text, sizeof(text), "supply: 3.3 V, supply_u: 5 mV}", meter);
	return rig_load(write_file("rig.yaml", text), ret_rig, err);
}

/* The rig's word comes before the part's; units come out as the driver takes them. */
static void rig_meter_options(void **state)
{
	static const struct {
		const char *options, *expected;
	} rows[] = {
		{"", "lines=2,rate_hz=500000"},
		{", options: {rate_hz: 100 kHz}", "lines=2,rate_hz=100000"},
		{", options: {range: 180 mA, rate_hz: 1 MHz}",
		 "lines=2,range=180 mA,rate_hz=1000000"},
	};
	struct err err = {""};
	struct rig *rig;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (load_series(js220_part, rows[i].options, &rig, &err))
			fail_msg("%s", err.text);
		assert_string_equal(rig->meters[0].options, rows[i].expected);
		assert_true(rig->meters[0].supply_v == 0 && rig->meters[0].supply_u_v == 0);
		assert_non_null(strstr(rig->resolved, "\"supply_v\":null"));
		assert_non_null(strstr(rig->resolved, "\"options\":\"lines=2"));
		rig_free(rig);
	}
}

static void rig_meter_option_errors(void **state)
{
	static const struct {
		const char *options, *where, *says;
	} rows[] = {
		{", options: {rate_hz: 100}", "rig.yaml:5:", "no unit"},
		{", options: {rate_hz: 100 ms}", "rig.yaml:5:", "does not fit"},
		{", options: {rate_hz: 1 Hz}", "rig.yaml:5:", "within"},
		{", options: {rate_hz: fast}", "rig.yaml:5:", "not a number with a unit"},
		{", options: {rate: 1 MHz}", "rig.yaml:5:", "did you mean 'rate_hz'"},
		{", options: {lime: 1}", "rig.yaml:5:", "did you mean 'lines'"},
		{", options: {lines: 1, lines: 2}", "rig.yaml:5:", "twice"},
		{", options: {lines: [1]}", "rig.yaml:5:", "single values"},
		{", options: {range: 3 kA}", "rig.yaml:5:", "the words are"},
	};
	char part[400];
	struct rig *rig;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {""};

		assert_int_equal(load_series(js220_part, rows[i].options, &rig, &err), -EINVAL);
		if (!strstr(err.text, rows[i].where) || !strstr(err.text, rows[i].says))
			fail_msg("'%s' lacks '%s' or '%s'", err.text, rows[i].where, rows[i].says);
	}
	for (int i = 0; i < 2; i++) {
		struct err err = {""};

		replace_in(js220_part, part, sizeof(part), i ? "driver: js220" : "lines: 2",
			   i ? "driver: js22" : "lines: 200");
		assert_int_equal(load_series(part, "", &rig, &err), -EINVAL);
		if (!strstr(err.text, i ? "meter.yaml:2:" : "meter.yaml:3:"))
			fail_msg("'%s'", err.text);
	}
}

/* What an instrument can power a board with stands in the driver's table. */
static void rig_meter_supplies(void **state)
{
	static const struct {
		const char *driver, *supply, *says; /* NULL: it is all right */
	} rows[] = {
		{"ppk2", "supply: 0.8 V, supply_u: 5 mV}", NULL},
		{"ppk2", "supply: 5 V, supply_u: 5 mV}", NULL},
		{"ppk2", "supply: none}", NULL},
		{"ppk2", "supply: 0.799 V, supply_u: 5 mV}", "not within 0.8..5 V"},
		{"ppk2", "supply: 5.001 V, supply_u: 5 mV}", "not within 0.8..5 V"},
		{"lpm01a", "supply: 1.8 V, supply_u: 5 mV}", NULL},
		{"lpm01a", "supply: 3.3 V, supply_u: 5 mV}", NULL},
		{"lpm01a", "supply: 3.301 V, supply_u: 5 mV}", "not within 1.8..3.3 V"},
		{"lpm01a", "supply: none}", "it always powers the board"},
		{"lpm01a", "gain_u: 1 %}", "it always powers the board"},
		{"js220", "supply: none}", NULL},
		{"js220", "supply: 3.3 V, supply_u: 5 mV}", "does not power the board"},
		{"ina228", "supply: 3.3 V, supply_u: 5 mV}", "does not power the board"},
	};

	(void)state;
	write_file("board.yaml", board_part);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {""};
		char part[200], text[2048];
		struct rig *rig = NULL;

		snprintf(part, sizeof(part), "part: m\ndriver: %s\nmarkers: {window: 0, inference: 1, layer: 2}\n%s", rows[i].driver,
			 rows[i].driver[0] == 'i' ? "options: {rshunt: 1 ohm}\n" : "");
		write_file("meter.yaml", part);
		replace(text, sizeof(text), "supply: 3.3 V, supply_u: 5 mV}", rows[i].supply);
		assert_int_equal(rig_load(write_file("rig.yaml", text), &rig, &err),
				 rows[i].says ? -EINVAL : 0);
		if (rows[i].says &&
		    (!strstr(err.text, rows[i].says) || !strstr(err.text, "rig.yaml:5:")))
			fail_msg("row %zu: %s", i, err.text);
		rig_free(rig);
	}
}

static void rig_ids(void **state)
{
	static const uint8_t id[RIG_ID_BYTES] = {0x56, 0x49, 0xAB, 0, 1, 2, 3, 4, 5, 6, 7, 0xFF};
	char text[2048];
	struct rig *rig;
	struct err err = {""};

	(void)state;
	write_file("meter.yaml", meter_part);
	write_file("board.yaml", board_part);
	replace(text, sizeof(text), "meter: m}", "meter: m, id: 5649aB0001020304050607fF}");
	assert_int_equal(rig_load(write_file("rig.yaml", text), &rig, &err), 0);
	assert_true(rig->boards[0].has_id);
	assert_memory_equal(rig->boards[0].id, id, sizeof(id));
	assert_non_null(strstr(rig->resolved, "\"id\":\"5649ab0001020304050607ff\""));
	rig_free(rig);
}

/* The rig's word comes before the part's; what is missing there stays the part's. */
static void rig_lines(void **state)
{
	static const struct {
		const char *lines, *resolved;
	} rows[] = {
		{"", "\"reset\":\"dtr\",\"boot\":\"!rts\",\"meter\""},
		{", lines: {reset: \"!gpio:/dev/gpiochip0:17\"}",
		 "\"reset\":\"open_drain:!gpio:/dev/gpiochip0:17\",\"boot\":\"!rts\""},
		{", lines: {boot: dtr, reset: rts, supply: gpio:/dev/gpiochip0:4}",
		 "\"supply\":\"gpio:/dev/gpiochip0:4\""},
		{", lines: {supply: hub:1-1.4:2}", "\"supply\":\"hub:1-1.4:2\""},
	};
	char text[2048], board[200];

	(void)state;
	write_file("meter.yaml", meter_part);
	write_file("board.yaml", board_part);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *rig;
		struct err err = {""};

		snprintf(board, sizeof(board), "meter: m%s}", rows[i].lines);
		replace(text, sizeof(text), "meter: m}", board);
		if (rig_load(write_file("rig.yaml", text), &rig, &err))
			fail_msg("%s", err.text);
		if (!strstr(rig->resolved, rows[i].resolved))
			fail_msg("'%s' is not in '%s'", rows[i].resolved, rig->resolved);
		assert_int_equal(!strstr(rig->resolved, "\"supply\""),
				 !rig->boards[0].lines.supply.kind);
		rig_free(rig);
	}
}

static void rig_line_errors(void **state)
{
	static const struct {
		const char *lines, *where, *says;
	} rows[] = {
		{"lines: {reset: gpio:/dev/gpiochip0:17}", "rig.yaml:8:", "debugger"},
		{"lines: {supply: dtr}", "rig.yaml:8:", "none of"},
		{"lines: {reset: rts}", "rig.yaml:8:", "reset and boot share one line, rts"},
		{"lines: {rest: dtr}", "rig.yaml:8:", "did you mean 'reset'"},
		{"lines: {boot: gpio:/dev/gpiochip0:3}}\n"
		 "  - {name: c, part: board.yaml, link: l3, meter: m2, "
		 "lines: {supply: \"!gpio:/dev/gpiochip0:3\"}",
		 "rig.yaml:9:", "boards 'b' and 'c' share line '!gpio:/dev/gpiochip0:3'"},
		{"lines: {supply: hub:1-1:3}}\n"
		 "  - {name: c, part: board.yaml, link: l3, meter: m2, lines: {supply: hub:1-1:3}",
		 "rig.yaml:9:", "share line 'hub:1-1:3'"},
	};
	static const char two_meters[] =
		"rig: r\nvirtual: true\nambient: 21 degC\nmeters:\n"
		"  - {name: m, part: meter.yaml, link: l1, supply: none}\n"
		"  - {name: m2, part: meter.yaml, link: l4, supply: none}\n"
		"boards:\n  - {name: b, part: board.yaml, link: l2, meter: m, LINES}\n";
	char text[2048];

	(void)state;
	write_file("meter.yaml", meter_part);
	write_file("board.yaml", board_part);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *rig;
		struct err err = {""};

		replace_in(two_meters, text, sizeof(text), "LINES", rows[i].lines);
		assert_int_equal(rig_load(write_file("rig.yaml", text), &rig, &err), -EINVAL);
		if (!strstr(err.text, rows[i].where) || !strstr(err.text, rows[i].says))
			fail_msg("'%s' lacks '%s' or '%s'", err.text, rows[i].where, rows[i].says);
	}
}

static void part_errors(void **state)
{
	static const struct {
		const char *from, *to, *where, *says;
	} rows[] = {
		{"clocks: [120 MHz, 4 MHz, 13.333333 MHz]\n", "",
		 "board.yaml:1:", "'clocks' is missing"},
		{"4 MHz, 13", "4, 13", "board.yaml:6:", "no unit"},
		{"4 MHz, 13", "120000 kHz, 13", "board.yaml:6:", "twice"},
		{"4 MHz, 13", "4.0000001 MHz, 13", "board.yaml:6:", "whole number of Hz"},
		{"4 MHz, 13", "fastest, 13", "board.yaml:6:", "not a number"},
	};
	char text[2048];

	(void)state;
	write_file("meter.yaml", meter_part);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *rig;
		struct err err = {""};

		replace_in(board_part, text, sizeof(text), rows[i].from, rows[i].to);
		write_file("board.yaml", text);
		assert_true(rig_load(write_file("rig.yaml", rig_text), &rig, &err) < 0);
		if (!strstr(err.text, rows[i].where) || !strstr(err.text, rows[i].says))
			fail_msg("'%s' lacks '%s' or '%s'", err.text, rows[i].where, rows[i].says);
	}
}

static void rig_errors(void **state)
{
	static const struct {
		const char *from, *to, *where, *says;
	} rows[] = {
		{"supply: 3.3 V", "supply: 3.3", "rig.yaml:5:", "no unit"},
		{"supply: 3.3 V", "supplied: 3.3 V", "rig.yaml:5:", "did you mean 'supply'"},
		{"supply: 3.3 V, supply_u", "supply: none, supply_u", "rig.yaml:5:",
		 "supply_u without a supply"},
		{", supply_u: 5 mV}", "}", "rig.yaml:5:", "'supply_u' is missing"},
		{"supply_u: 5 mV}", "supply_u: 5 mV, options: {rate_hz: 1 kHz}}", "rig.yaml:5:",
		 "meter driver ppk2 takes: filter"},
		{"supply_u: 5 mV}", "supply_u: 5 mV, options: 3}", "rig.yaml:5:", "keys and values"},
		{"supply_u: 5 mV}", "supply_u: 5 mV, ambient: 23}", "rig.yaml:5:", "no unit"},
		{"supply_u: 5 mV}", "supply_u: 5 mV, ambient_u: 1 degC}", "rig.yaml:5:",
		 "ambient_u without ambient"},
		{"supply_u: 5 mV}", "supply_u: 5 mV, ambient: 300 degC}", "rig.yaml:5:",
		 "outside"},
		{"supply_u: 5 mV}", "supply_u: 5 V}", "rig.yaml:5:", "not below the supply"},
		{"supply_u: 5 mV}", "supply_u: 5 mV, gain_u: 100 %}", "rig.yaml:5:",
		 "not below 100 %"},
		{"ambient: 21 degC", "ambient: 294 degC", "rig.yaml:3:", "outside"},
		{"name: b", "name: a|b", "rig.yaml:7:", "no '|'"},
		{"name: b", "name: ../b", "rig.yaml:7:", "no '/'"},
		{"5 mV}\n", "5 mV}\n  - {name: .m, part: meter.yaml, link: l3}\n",
		 "rig.yaml:6:", "begins with no '.'"},
		{"5 mV}\n", "5 mV}\n  - {name: mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm, part: meter.yaml, link: l3}\n",
		 "rig.yaml:6:", "longer than 40"},
		{"virtual: true\n", "", "rig.yaml:1:", "'virtual' is missing"},
		{"meter: m}", "meter: q}", "rig.yaml:7:", "no meter 'q'"},
		{"link: l2", "link: l1", "rig.yaml:7:", "share link"},
		{"part: board.yaml", "part: none.yaml", "rig.yaml:7:", "none.yaml"},
		{"meter: m}\n", "meter: m}\n  - {name: b, part: board.yaml, link: l3, meter: m}\n",
		 "rig.yaml:8:", "named 'b'"},
		{"meter: m}\n", "meter: m}\n  - {name: c, part: board.yaml, link: l3, meter: m}\n",
		 "rig.yaml:8:", "share meter"},
		{"meter: m}\n", "meter: m, id: 56495254}\n",
		 "rig.yaml:7:", "24 hexadecimal digits"},
		{"meter: m}\n", "meter: m, id: 56495254000000000000000g}\n",
		 "rig.yaml:7:", "24 hexadecimal digits"},
		{"supply_u: 5 mV}\nboards:\n",
		 "supply_u: 5 mV}\n  - {name: q, part: meter.yaml, link: l3, "
		 "supply: 3.3 V, supply_u: 5 mV}\nboards:\n  - {name: a, part: board.yaml, link: "
		 "l4, "
		 "meter: q, id: 0102030405060708090a0b0c}\n  - {id: 0102030405060708090A0B0C, "
		 "name: b, "
		 "part: board.yaml, link: l2, meter: m}\n#",
		 "rig.yaml:9:", "share an id"},
	};
	char text[2048];

	(void)state;
	write_file("meter.yaml", meter_part);
	write_file("board.yaml", board_part);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *rig;
		struct err err = {""};

		replace(text, sizeof(text), rows[i].from, rows[i].to);
		assert_true(rig_load(write_file("rig.yaml", text), &rig, &err) < 0);
		if (!strstr(err.text, rows[i].where) || !strstr(err.text, rows[i].says))
			fail_msg("'%s' lacks '%s' or '%s'", err.text, rows[i].where, rows[i].says);
	}
}

static void shipped_rigs_load(void **state)
{
	static const char *const paths[] = {
		"rigs/nucleo-l4r5zi.yaml", "rigs/virtual-nucleo-l4r5zi.yaml",
		"rigs/virtual-four-boards.yaml", "rigs/virtual-farm-16.yaml"};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct rig *rig;
		struct err err = {""};

		if (rig_load(paths[i], &rig, &err))
			fail_msg("%s", err.text);
		assert_int_equal(rig->is_virtual, i > 0);
		rig_free(rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantities),        cmocka_unit_test(plan_errors),
		cmocka_unit_test(plan_values),       cmocka_unit_test(plan_quality),
		cmocka_unit_test(rig_values),        cmocka_unit_test(rig_errors),
		cmocka_unit_test(rig_meter_ambient), cmocka_unit_test(rig_meter_options),
		cmocka_unit_test(rig_meter_option_errors),
		cmocka_unit_test(rig_meter_supplies),
		cmocka_unit_test(rig_lines),
		cmocka_unit_test(rig_line_errors),
		cmocka_unit_test(rig_ids),           cmocka_unit_test(part_errors),
		cmocka_unit_test(shipped_rigs_load),
	};

	folder = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
