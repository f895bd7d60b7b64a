/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual rig's file: the shipped example loads; each mistake is refused with its line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "rigs/virtual/server/config.h"

#define EXAMPLE "rigs/virtual/nucleo-l4r5zi-ppk2.yaml"

/* Lines are counted in the messages below. */
#define TOP "seed: 1\n" /* 1 */
#define BOARD                                                                                      \
	"boards:\n  - name: b\n    part: stm32l4r5\n" /* 2..4 */                                   \
	"    listen: unix:/tmp/b\n    supply: m\n"    /* 5..6 */
#define METER                                                                                      \
	"meters:\n  - name: m\n    kind: ppk2\n"                                                   \
	"    listen: tcp:127.0.0.1:0\n"

static int load_text(const char *text, struct config **ret_config, struct verr *err)
{
	char path[] = "/tmp/virtual-rig-config-XXXXXX";
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	rc = config_load(path, ret_config, err);
	unlink(path);
	return rc;
}

static void test_example(void **state)
{
	struct config *config;
	struct verr err = {""};
	int rc = config_load(EXAMPLE, &config, &err);

	(void)state;
	if (rc < 0)
		print_message("%s\n", err.text);
	assert_int_equal(rc, 0);
	assert_int_equal(config->boards_count, 1);
	assert_true(config->boards[0].ambient_c == 21);
	assert_true(config->boards[0].reset.is_dtr && config->boards[0].reset.active_asserted);
	assert_false(config->boards[0].boot.is_dtr || config->boards[0].boot.active_asserted);
	config_free(config);
}

static void test_mixed_meters(void **state)
{
	static const enum meter_kind_id kinds[] = {METER_PPK2, METER_JS220, METER_JS110,
						   METER_LPM01A};
	struct config *config;
	struct verr err = {""};
	int rc = config_load("rigs/virtual/mixed-meters.yaml", &config, &err);

	(void)state;
	if (rc < 0)
		print_message("%s\n", err.text);
	assert_int_equal(rc, 0);
	assert_int_equal(config->meters_count, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(config->meters[i].kind, kinds[i]);
		assert_int_equal(config->boards[i].meter, i);
		assert_string_equal(config->boards[i].identity, "l4r5");
		assert_int_equal(config->meters[i].usb, i == 1 || i == 2);
		assert_int_equal(config->meters[i].wires[0], 0);
		assert_int_equal(config->meters[i].wires[2], i < 2 ? 2 : METER_NO_INPUT);
	}
	assert_true(config->meters[1].supply_v == 3.3);
	config_free(config);
}

static void test_defaults(void **state)
{
	struct config *config;
	struct verr err = {""};

	(void)state;
	assert_int_equal(load_text(TOP BOARD METER, &config, &err), 0);
	assert_true(config->pace == 25);
	assert_null(config->truth);
	assert_true(config->boards[0].ambient_c == 21);
	assert_true(config->boards[0].reset.is_dtr && config->boards[0].reset.active_asserted);
	assert_false(config->boards[0].boot.is_dtr || config->boards[0].boot.active_asserted);
	config_free(config);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *expected; /* the end of FILE:LINE, and words of the sentence */
		const char *words;
	} mistakes[] = {
		{"", ":1:", "empty"},
		{"seed: [\n", ":", "did not find"},
		{TOP BOARD METER "---\n" TOP, ":11:", "second document"},
		{"seed: 1x\n" BOARD METER, ":1:", "1x"},
		{"seed: -1\n" BOARD METER, ":1:", "-1"},
		{TOP "sed: 1\n" BOARD METER, ":2:", "sed"},
		{TOP "seed: 2\n" BOARD METER, ":2:", "already seen"},
		{TOP BOARD, ":6:", "no meter"},
		{TOP METER, ":1:", "needs the key 'boards'"},
		{TOP "pace: fast\n" BOARD METER, ":2:", "pace"},
		{TOP "pace: 0\n" BOARD METER, ":2:", "pace"},
		{TOP "pace: 25 s\n" BOARD METER, ":2:", "pace"},
		{TOP BOARD "    ambient: 21\n" METER, ":7:", "unit"},
		{TOP BOARD "    ambient: 500 degC\n" METER, ":7:", "outside"},
		{TOP BOARD "    ambient: nan degC\n" METER, ":7:", "such as 21 degC"},
		{TOP BOARD "    colour: red\n" METER, ":7:", "colour"},
		{TOP BOARD "    lines: {reset: cts}\n" METER, ":7:", "cts"},
		{TOP BOARD "    lines: {reset: dtr, boot: dtr}\n" METER, ":7:", "share"},
		{TOP BOARD METER "  - name: n\n    kind: ppk2\n    listen: unix:n\n",
		 ":11:", "feeds no board"},
		{TOP BOARD METER "  - name: m\n    kind: ppk2\n    listen: unix:n\n",
		 ":11:", "twice, first on line 8"},
		{TOP BOARD
		 "  - name: c\n    part: stm32l4r5\n    listen: unix:c\n    supply: m\n" METER,
		 ":10:", "already feeds"},
		{TOP BOARD
		 "  - name: c\n    part: stm32l4r5\n    listen: unix:/tmp/b\n    supply: m\n" METER,
		 ":9:", "twice"},
		{TOP
		 "boards:\n  - name: b\n    part: z80\n    listen: unix:b\n    supply: m\n" METER,
		 ":4:", "z80"},
		{TOP "boards:\n  - name: a/b\n    part: stm32l4r5\n    listen: unix:b\n"
		     "    supply: m\n" METER,
		 ":3:", "a/b"},
		{TOP "boards:\n  - name: b\n    part: stm32l4r5\n    listen: tcp:0.0.0.0:1\n"
		     "    supply: m\n" METER,
		 ":5:", "loopback"},
		{TOP "boards:\n  - name: b\n    part: stm32l4r5\n    listen: udp:x\n"
		     "    supply: m\n" METER,
		 ":5:", "neither"},
		{TOP "boards:\n  - name: b\n    part: stm32l4r5\n    listen: unix:b\n"
		     "    supply: n\n" METER,
		 ":6:", "no meter"},
		/* The nearest known name. */
		{TOP "pase: 3\n" BOARD METER, ":2:", "did you mean 'pace'"},
		{TOP BOARD "    ambeint: 20 degC\n" METER, ":7:", "did you mean 'ambient'"},
		{TOP "boards:\n  - name: b\n    part: stm32l4r6\n    listen: unix:b\n    supply: "
		     "m\n" METER,
		 ":4:", "did you mean \"stm32l4r5\""},
		{TOP BOARD "    faults: [{fault: hnag, at: 1 s}]\n" METER,
		 ":7:", "did you mean \"hang\""},
		{TOP
		 "boards:\n  - name: b\n    part: stm32l4r5\n    listen: unix:b\n"
		 "    supply: meter-2\nmeters:\n  - {name: meter-1, kind: ppk2, listen: unix:m}\n",
		 ":6:", "did you mean \"meter-1\""},
		/* Faults. */
		{TOP BOARD "    faults:\n      - {fault: hang, at: 1}\n" METER,
		 ":8:", "such as 20 ms"},
		{TOP BOARD "    faults:\n      - {fault: hang}\n" METER, ":8:", "either"},
		{TOP BOARD "    faults:\n      - {fault: hang, at: 1 s, probability: 1}\n" METER,
		 ":8:", "either"},
		{TOP BOARD "    faults:\n      - {fault: hang, probability: 2}\n" METER,
		 ":8:", "outside"},
		{TOP BOARD "    faults:\n      - {fault: hang, probability: 1, count: 3}\n" METER,
		 ":8:", "no such setting"},
		{TOP BOARD "    faults:\n      - {fault: saturation, probability: 1}\n" METER,
		 ":8:", "belongs to a meter"},
		{TOP BOARD METER "    faults: [{fault: hang, probability: 1}]\n",
		 ":11:", "belongs to a board"},
		{TOP BOARD METER "    faults: [{fault: edge-extra, probability: 1, line: 1.5}]\n",
		 ":11:", "no whole number"},
		/* Kinds of meters. */
		{TOP BOARD "meters:\n  - {name: m, kind: js221, listen: unix:m}\n",
		 ":8:", "did you mean \"js220\""},
		{TOP BOARD "meters:\n  - {name: m, kind: js220, listen: unix:m}\n",
		 ":8:", "needs the key 'supply'"},
		{TOP BOARD "meters:\n  - {name: m, kind: js220, listen: unix:m, supply: psu}\n",
		 ":8:", "such as 3.3 V"},
		{TOP BOARD "meters:\n  - {name: m, kind: lpm01a, listen: unix:m, supply: 3 V}\n",
		 ":8:", "supply: not of a lpm01a"},
		{TOP BOARD "meters:\n  - {name: m, kind: js110, listen: unix:m, supply: 3 V, "
			   "export: usb}\n",
		 ":8:", "export: not of a js110"},
		{TOP BOARD "meters:\n  - {name: m, kind: ppk2, listen: unix:m, export: both}\n",
		 ":8:", "neither serial nor usb"},
		{TOP BOARD "meters:\n  - {name: m, kind: js110, listen: unix:m, supply: 3 V, "
			   "wires: {line2: gpi2}}\n",
		 ":8:", "no input \"gpi2\""},
		{TOP BOARD "meters:\n  - {name: m, kind: js220, listen: unix:m, supply: 3 V, "
			   "wires: {line2: gpi0}}\n",
		 ":8:", "share the input gpi0"},
		{TOP BOARD "meters:\n  - {name: m, kind: js220, listen: unix:m, supply: 3 V, "
			   "wires: {line3: gpi0}}\n",
		 ":8:", "line3"},
		{TOP BOARD "meters:\n  - {name: m, kind: js220, listen: unix:m, supply: 3 V, "
			   "serial: x1}\n",
		 ":8:", "digits"},
		{TOP BOARD "meters:\n  - {name: m, kind: js220, listen: unix:m, supply: 3 V, "
			   "address: 0x40}\n",
		 ":8:", "address: not of a js220"},
		{TOP BOARD "meters:\n  - {name: m, kind: js220, listen: unix:m, supply: 3 V, "
			   "calibration: gain}\n",
		 ":8:", "neither drawn nor ideal"},
		{TOP BOARD "meters:\n  - {name: m, kind: ina228, listen: unix:m, supply: 3 V}\n",
		 ":8:", "pace: 1"},
		{TOP "pace: 1\n" BOARD "meters:\n  - {name: m, kind: ina228, listen: unix:m, "
				       "supply: 3 V, address: 0x50}\n",
		 ":9:", "0x4f"},
		{TOP "pace: 1\n" BOARD "meters:\n  - {name: m, kind: ina228, listen: unix:m, "
				       "supply: 3 V, shunt: 0.1}\n",
		 ":9:", "such as 0.1 ohm"},
		{TOP BOARD "meters:\n  - {name: m, kind: js220, listen: unix:m, supply: 3 V, "
			   "faults: [{fault: nack, at: 1 s}]}\n",
		 ":8:", "a js220 has no \"nack\""},
		{TOP BOARD "meters:\n  - {name: m, kind: ppk2, listen: unix:m, "
			   "faults: [{fault: range-stuck, at: 1 s, range: 5}]}\n",
		 ":8:", "outside 0..4"},
		{TOP "boards:\n  - name: b\n    part: stm32l4r5\n    listen: unix:b\n    supply: "
		     "a-name-that-is-too-long-for-usb-ip\nmeters:\n  - {name: "
		     "a-name-that-is-too-long-for-usb-ip, kind: js220, listen: unix:m, supply: 3 "
		     "V}\n",
		 ":8:", "at most 31"},
		/* Devices, threads. */
		{TOP "threads: 0\n" BOARD METER, ":2:", "outside"},
		{TOP BOARD "    chamber: oven\n" METER, ":7:", "no chamber"},
		{TOP BOARD "    chamber: owen\n" METER
			   "devices:\n  - {name: oven, kind: chamber, listen: unix:o}\n",
		 ":7:", "did you mean \"oven\""},
		{TOP BOARD "    ambient: 20 degC\n    chamber: oven\n" METER
			   "devices:\n  - {name: oven, kind: chamber, listen: unix:o}\n",
		 ":7:", "the chamber says it"},
		{TOP BOARD METER
		 "devices:\n  - {name: psu, kind: supply, listen: unix:p, slew: 2 K/min}\n",
		 ":12:", "not of a supply"},
		{TOP BOARD METER
		 "devices:\n  - {name: psu, kind: supply, listen: unix:p, log: x}\n",
		 ":12:", "log: not of a supply"},
		{TOP BOARD METER "devices:\n  - {name: m, kind: supply, listen: unix:p}\n",
		 ":8:", "twice"},
		{TOP BOARD METER
		 "devices:\n  - {name: o, kind: chamber, listen: unix:p, slew: 2}\n",
		 ":12:", "such as 2 K/min"},
		{TOP "boards:\n  - {name: b, part: stm32l4r5, listen: unix:b, supply: 33 V}\n",
		 ":3:", "outside"},
		{TOP BOARD "    lines: kit\n" METER, ":7:", "devkit"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct config *config = NULL;
		struct verr err = {""};
		int rc = load_text(mistakes[i].text, &config, &err);

		print_message("%s\n", err.text);
		assert_true(rc < 0);
		assert_null(config);
		assert_non_null(strstr(err.text, mistakes[i].expected));
		assert_non_null(strstr(err.text, mistakes[i].words));
	}
}

static void test_lab(void **state)
{
	static const char *const paths[] = {"rigs/virtual/four-boards.yaml",
					    "rigs/virtual/farm-16.yaml"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct config *config = NULL;
		struct verr err = {""};

		if (config_load(paths[i], &config, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(config->boards_count, i ? 16 : 4);
		assert_true(config->boards[3].devkit && !config->boards[0].devkit);
		config_free(config);
	}
}

static void test_supplies_and_faults(void **state)
{
	static const char text[] =
		TOP "truth: /tmp/t.jsonl\nthreads: 3\ndevices:\n"
		    "  - {name: psu, kind: supply, listen: unix:p, voltage: 3000 mV}\n"
		    "  - {name: oven, kind: chamber, listen: unix:o, ambient: -10 degC, slew: 6 "
		    "K/min, log: o.jsonl}\n"
		    "boards:\n"
		    "  - {name: a, part: stm32l4r5, listen: unix:a, supply: psu, chamber: oven}\n"
		    "  - name: b\n    part: esp32c3\n    listen: unix:b\n    supply: 3.3 V\n"
		    "    faults:\n      - {fault: clock-error, at: 2.5 s, share: -1.3 %, drift: 20 "
		    "ppm}\n"
		    "      - {fault: hang, probability: 5 %, limit: 2, within: 3 ms}\n";
	struct config *config = NULL;
	struct verr err = {""};
	const struct config_fault *fault;

	(void)state;
	if (load_text(text, &config, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(config->threads, 3);
	assert_string_equal(config->fault_log, "/tmp/t.faults.jsonl");
	assert_int_equal(config->meters_count, 0);
	assert_true(config->boards[0].supply == 0 && config->boards[0].chamber == 1);
	assert_true(config->boards[0].ambient_c == -10);
	assert_true(config->devices[0].voltage_v == 3);
	assert_true(config->devices[1].slew_k_per_s == 0.1);
	assert_string_equal(config->devices[1].log, "o.jsonl");
	assert_true(config->boards[1].meter == CONFIG_NONE &&
		    config->boards[1].supply == CONFIG_NONE);
	assert_true(config->boards[1].fixed_supply_v == 3.3 && config->boards[1].devkit);
	assert_int_equal(config->boards[1].faults.count, 2);
	fault = &config->boards[1].faults.list[0];
	assert_true(fault->id == FAULT_CLOCK_ERROR && fault->at_ps == 2500000000000);
	assert_true(fault->settings[FAULT_SHARE] == -1.3 * 0.01);
	assert_true(fault->settings[FAULT_DRIFT] == 20 * 1e-6 && fault->probability == 0);
	fault = &config->boards[1].faults.list[1];
	assert_true(fault->probability == 5 * 0.01 && fault->limit == 2 && fault->at_ps == -1);
	assert_true(fault->settings[FAULT_WITHIN] == 3 * 1e-3);
	config_free(config);
}

static void test_absent_file(void **state)
{
	struct config *config = NULL;
	struct verr err = {""};

	(void)state;
	assert_true(config_load("no/such/rig.yaml", &config, &err) < 0);
	assert_string_equal(err.text, "no/such/rig.yaml: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_mixed_meters),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_lab),
		cmocka_unit_test(test_supplies_and_faults),
		cmocka_unit_test(test_absent_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
