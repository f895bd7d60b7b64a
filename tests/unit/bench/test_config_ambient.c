/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How warm it is, in rig and plan files: typed, by a sensor, by a chamber; what does not fit
 * together is said with file and line.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/config/rig_ambient.h"
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

static void write_parts(void)
{
	write_file("meter.yaml", "part: ppk2\ndriver: ppk2\n"
				 "markers: {window: 0, inference: 1, layer: 2}\n");
	write_file(
		"board.yaml",
		"part: n\nchip: c\nkernels: armv7em\nfirmware: n\nbaud: 115200 baud\n"
		"clocks: [120 MHz]\n"
		"flash: {driver: stm32_uart, baud: 115200 baud, address: 0x08000000, id: 0x470}\n"
		"lines: {reset: dtr, boot: \"!rts\"}\n");
	write_file("a.tflite", "x");
}

/* around: the lines from line 3 on. */
static int load_rig(const char *around, struct rig **ret_rig, struct err *err)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "rig: r\nvirtual: true\n%smeters:\n  - {name: m, part: meter.yaml, link: "
		 "tcp://h:1, "
		 "supply: 3.3 V, supply_u: 5 mV}\n  - {name: m2, part: meter.yaml, link: l4, "
		 "supply: 3.3 V, supply_u: 5 mV, ambient: 30 degC, ambient_u: 1 degC}\n"
		 "boards:\n  - {name: b, part: board.yaml, link: l2, meter: m}\n",
		 around);
	return rig_load(write_file("rig.yaml", text), ret_rig, err);
}

static struct rig *rig_with(const char *around)
{
	struct err err = {""};
	struct rig *rig;

	if (load_rig(around, &rig, &err))
		fail_msg("%s", err.text);
	return rig;
}

static int load_plan(const char *temperatures, struct plan **ret_plan, struct err *err)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "plan: p\nmodels: [a.tflite]\nclocks: [120 MHz]\nrepeats: 1\nwindow: 1 s\nidle: 1 "
		 "s\n%s",
		 temperatures);
	return plan_load(write_file("plan.yaml", text), ret_plan, err);
}

static struct plan *plan_with(const char *temperatures)
{
	struct err err = {""};
	struct plan *plan;

	if (load_plan(temperatures, &plan, &err))
		fail_msg("%s", err.text);
	return plan;
}

static void typed(void **state)
{
	struct rig *rig = rig_with("ambient: 21 degC\n");

	(void)state;
	assert_true(fabs(rig->ambient_c - 21) < 1e-9 && isnan(rig->room_c));
	assert_null(rig->chamber.uri);
	assert_null(rig->sensor.uri);
	assert_false(rig->meters[0].has_ambient);
	assert_non_null(strstr(rig->resolved, "\"ambient_c\":21.0"));
	assert_null(strstr(rig->resolved, "chamber"));
	rig_free(rig);
}

/* Its air is the boards', the room's is that of meters that say nothing else. */
static void chamber(void **state)
{
	struct rig *rig = rig_with("ambient: 23 degC\nchamber: {uri: 'scpi:tcp://oven:5025', band: "
				   "0.3 K, settle: 5 min, timeout: 90 min, min: -10 degC, max: 60 "
				   "degC, rest: 25 degC, baud: 19200 baud}\n");

	(void)state;
	assert_true(isnan(rig->ambient_c));
	assert_true(fabs(rig->room_c - 23) < 1e-9);
	assert_string_equal(rig->chamber.uri, "scpi:tcp://oven:5025");
	assert_int_equal(rig->chamber.baud, 19200);
	assert_true(fabs(rig->chamber.within_k - 0.3) < 1e-9);
	assert_true(fabs(rig->chamber.settle_s - 300) < 1e-9);
	assert_true(fabs(rig->chamber.timeout_s - 5400) < 1e-9);
	assert_true(fabs(rig->chamber.min_c + 10) < 1e-9 && fabs(rig->chamber.max_c - 60) < 1e-9);
	assert_true(fabs(rig->chamber.rest_c - 25) < 1e-9);
	assert_true(rig->meters[0].has_ambient && fabs(rig->meters[0].ambient_c - 23) < 1e-9);
	assert_true(fabs(rig->meters[0].ambient_u_k - 2) < 1e-9);
	assert_true(fabs(rig->meters[1].ambient_c - 30) < 1e-9);
	assert_true(fabs(rig->meters[1].ambient_u_k - 1) < 1e-9);
	assert_non_null(strstr(rig->resolved, "\"rest_c\":25.0"));
	assert_non_null(strstr(rig->resolved, "\"ambient_c\":null"));
	rig_free(rig);
	rig = rig_with("chamber: {uri: 'f4t:serial:/dev/ttyUSB0'}\n");
	assert_true(isnan(rig->room_c) && !rig->meters[0].has_ambient);
	assert_true(isnan(rig->chamber.rest_c));
	assert_true(fabs(rig->chamber.within_k - 0.5) < 1e-9 && rig->chamber.settle_s == 600 &&
		    rig->chamber.timeout_s == 7200);
	assert_true(fabs(rig_ambient_band_k(rig) - 0.5) < 1e-9);
	rig_free(rig);
}

static void sensor(void **state)
{
	struct rig *rig = rig_with("sensor: {uri: 'hwmon:lm75/temp1', band: 2 K}\n");

	(void)state;
	assert_true(isnan(rig->ambient_c));
	assert_string_equal(rig->sensor.uri, "hwmon:lm75/temp1");
	assert_true(fabs(rig_ambient_band_k(rig) - 2) < 1e-9);
	rig_free(rig);
	rig = rig_with(
		"sensor: {uri: 'hwmon:lm75/temp1'}\nchamber: {uri: 'scpi:tcp://o:1', band: 3 K}\n");
	assert_true(fabs(rig_ambient_band_k(rig) - 3) < 1e-9);
	assert_non_null(strstr(rig->resolved, "\"sensor\":{"));
	rig_free(rig);
}

static void rig_errors(void **state)
{
	static const struct {
		const char *around, *where, *says;
	} rows[] = {
		{"", "rig.yaml:1:", "'ambient' is missing"},
		{"ambient: 21\n", "rig.yaml:3:", "no unit"},
		{"ambient: 21 degC\nsensor: {uri: 'hwmon:a/b'}\n",
		 "rig.yaml:3:", "leave 'ambient' out"},
		{"chamber: {band: 1 K}\n", "rig.yaml:3:", "'uri' is missing"},
		{"chamber: {uri: 'tcp://o:1'}\n", "rig.yaml:3:", "is none of scpi:LINK"},
		{"chamber: {uri: 'hwmon:a/b'}\n", "rig.yaml:3:", "sets no temperature"},
		{"sensor: {uri: 'fixed:21'}\n", "rig.yaml:3:", "measures nothing"},
		{"chamber:\n  uri: scpi:tcp://o:1\n  bands: 1 K\n",
		 "rig.yaml:5:", "did you mean 'band'"},
		{"chamber:\n  uri: scpi:tcp://o:1\n  band: 1 degC\n",
		 "rig.yaml:5:", "does not fit"},
		{"chamber:\n  uri: scpi:tcp://o:1\n  band: 0 K\n", "rig.yaml:5:", "outside"},
		{"chamber:\n  uri: scpi:tcp://o:1\n  settle: 5\n", "rig.yaml:5:", "no unit"},
		{"chamber:\n  uri: scpi:tcp://o:1\n  timeout: 5 min\n",
		 "rig.yaml:5:", "leaves no time for settle 600 s"},
		{"chamber:\n  uri: scpi:tcp://o:1\n  min: 50 degC\n  max: 40 degC\n",
		 "rig.yaml:6:", "is not below"},
		{"chamber:\n  uri: scpi:tcp://o:1\n  max: 40 degC\n  rest: 41 degC\n",
		 "rig.yaml:6:", "is not within the chamber's"},
		{"chamber: {uri: 'scpi:tcp://o:1'}\nsensor: {uri: 'hwmon:a/b', band: 1 K}\n",
		 "rig.yaml:4:", "the band is the chamber's"},
		{"chamber: {uri: 'scpi:tcp://h:1'}\n", "rig.yaml:3:", "chamber and 'm' share link"},
		{"chamber: {uri: 'scpi:tcp://o:1'}\nsensor: {uri: 'scpi:tcp://o:1'}\n",
		 "rig.yaml:4:", "the same device"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *rig;
		struct err err = {""};

		if (load_rig(rows[i].around, &rig, &err) != -EINVAL)
			fail_msg("row %zu: '%s' is no error", i, rows[i].around);
		if (!strstr(err.text, rows[i].where) || !strstr(err.text, rows[i].says))
			fail_msg("'%s' lacks '%s' or '%s'", err.text, rows[i].where, rows[i].says);
	}
}

static void plans(void **state)
{
	struct plan *plan = plan_with("");

	(void)state;
	assert_int_equal(plan->temperature_count, 0);
	assert_null(strstr(plan->resolved, "temperatures"));
	plan_free(plan);
	plan = plan_with("temperatures: [43 degC, 21 degC, -5.5 degC]\n");
	assert_int_equal(plan->temperature_count, 3);
	assert_true(plan->temperatures_c[0] == 43 && plan->temperatures_c[1] == 21 &&
		    plan->temperatures_c[2] == -5.5);
	assert_non_null(strstr(plan->resolved, "\"temperatures_c\":[43.0,21.0,-5.5]"));
	plan_free(plan);
	plan = plan_with("temperatures: 30 degC\n");
	assert_int_equal(plan->temperature_count, 1);
	plan_free(plan);
}

static void plan_errors(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"temperatures: [21 degC, 21 degC]\n", "listed twice"},
		{"temperatures: []\n", "a list of 1 to"},
		{"temperatures: {a: 21}\n", "single values"},
		{"temperatures: [warm]\n", "'warm' is not a number"},
		{"temperatures: [70 degF]\n", "does not fit"},
		{"temperatures: [294 K]\n", "does not fit"},
		{"temperatures: [294 degC]\n", "outside"},
		{"temperatures: [nan degC]\n", "nan"},
		{"temperatures: [21]\n", "unit"},
		{"temperature: [21]\n", "did you mean 'temperatures'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct plan *plan;
		struct err err = {""};

		if (load_plan(rows[i].text, &plan, &err) != -EINVAL)
			fail_msg("'%s' is no error", rows[i].text);
		if (!strstr(err.text, "plan.yaml:7:") || !strstr(err.text, rows[i].says))
			fail_msg("'%s' lacks the line or '%s'", err.text, rows[i].says);
	}
}

/* Which plan fits which rig. */
static void plan_on_rig(void **state)
{
	static const char typed_rig[] = "ambient: 21 degC\n",
			  sensor_rig[] = "sensor: {uri: 'hwmon:a/b'}\n",
			  chamber_rig[] =
				  "chamber: {uri: 'scpi:tcp://o:1', min: 0 degC, max: 60 degC}\n";
	static const struct {
		const char *rig, *plan, *says; /* NULL: fits */
	} rows[] = {
		{typed_rig, "", NULL},
		{typed_rig, "temperatures: [21 degC]\n", NULL},
		{typed_rig, "temperatures: [43 degC]\n", "says that it is 21 degC around its boards"},
		{typed_rig, "temperatures: [21 degC, 43 degC]\n", "2 temperatures want a chamber"},
		{sensor_rig, "temperatures: [43 degC]\n", NULL}, /* it may be: the session looks */
		{sensor_rig, "temperatures: [21 degC, 43 degC]\n", "'chamber: {uri: ...}'"},
		{chamber_rig, "", NULL},
		{chamber_rig, "temperatures: [21 degC, 43 degC]\n", NULL},
		{chamber_rig, "temperatures: [21 degC, 61 degC]\n", "61 degC is not within the 0 .. 60 degC"},
		{chamber_rig, "temperatures: [21.005 degC]\n", "steps of 0.01 K"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *rig = rig_with(rows[i].rig);
		struct plan *plan = plan_with(rows[i].plan);
		struct err err = {""};
		int ret = rig_ambient_check_plan(rig, plan, &err);

		if (!rows[i].says && ret)
			fail_msg("%s", err.text);
		if (rows[i].says && (ret != -EINVAL || !strstr(err.text, rows[i].says) ||
				     !strstr(err.text, "plan.yaml:7:")))
			fail_msg("row %zu: %d '%s' lacks '%s'", i, ret, err.text, rows[i].says);
		plan_free(plan);
		rig_free(rig);
	}
}

static void shipped_files_fit(void **state)
{
	struct rig *rig;
	struct err err = {""};

	(void)state;
	if (rig_load("rigs/virtual-thermal.yaml", &rig, &err))
		fail_msg("%s", err.text);
	assert_true(rig->is_virtual && rig->chamber.uri);
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(typed),       cmocka_unit_test(chamber),
		cmocka_unit_test(sensor),      cmocka_unit_test(rig_errors),
		cmocka_unit_test(plans),       cmocka_unit_test(plan_errors),
		cmocka_unit_test(plan_on_rig), cmocka_unit_test(shipped_files_fit),
	};

	folder = scratch_folder();
	write_parts();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
