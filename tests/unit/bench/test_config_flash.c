/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "flash:" in part and rig files: which of them speaks, which keys go with which driver, and that
 * everything wrong is said with file and line.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/config/rig.h"
#include "tests/scratch.h"

static const char *folder;

static const char uart[] =
	"{driver: stm32_uart, baud: 115200 baud, address: 0x08000000, id: 0x470}";
static const char esp32_part[] = "{driver: esp32_rom, baud: 460800 baud, address: 0, id: 5}";
static const char openocd_part[] =
	"{driver: openocd, address: 0x08000000, config: [board/a.cfg, b.cfg]}";

static void write_file(const char *name, const char *text)
{
	char path[600];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	stream = fopen(path, "w");
	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
}

/* One board per own text, all of one part; "flash:" stands in line 8 of the part, and from line 6
 * on of the rig. */
static int load(const char *part, const char *const *own, size_t boards, struct rig **ret_rig,
		struct err *err)
{
	char text[4000], path[600];
	int used;

	write_file("meter.yaml", "part: ppk2\ndriver: ppk2\n"
				 "markers: {window: 0, inference: 1, layer: 2}\n");
	snprintf(text, sizeof(text),
		 "part: n\nchip: c\nkernels: armv7em\nfirmware: n\nbaud: 115200 baud\n"
		 "clocks: [120 MHz]\nlines: {reset: dtr, boot: rts}\nflash: %s\n",
		 part);
	write_file("board.yaml", text);
	used = snprintf(text, sizeof(text), "rig: r\nvirtual: true\nambient: 21 degC\nmeters: [");
	for (size_t i = 0; i < boards; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used,
				 "{name: m%zu, part: meter.yaml, link: usb:1:%zu, supply: 3.3 V, "
				 "supply_u: 5 mV},",
				 i, i);
	used += snprintf(text + used, sizeof(text) - (size_t)used, "]\nboards:\n");
	for (size_t i = 0; i < boards; i++)
		used += snprintf(
			text + used, sizeof(text) - (size_t)used,
			"  - {name: b%zu, part: board.yaml, link: /dev/l%zu, meter: m%zu%s%s}\n", i,
			i, i, own[i][0] ? ", flash: " : "", own[i]);
	write_file("rig.yaml", text);
	snprintf(path, sizeof(path), "%s/rig.yaml", folder);
	return rig_load(path, ret_rig, err);
}

static struct rig *load_one(const char *part, const char *own)
{
	struct err err = {""};
	struct rig *rig = NULL;

	if (load(part, &own, 1, &rig, &err))
		fail_msg("%s", err.text);
	return rig;
}

static void expect_error(const char *part, const char *const *own, size_t boards, const char *where,
			 const char *says)
{
	struct err err = {""};
	struct rig *rig = NULL;
	int ret = load(part, own, boards, &rig, &err);

	if (ret != -EINVAL || !strstr(err.text, where) || !strstr(err.text, says))
		fail_msg("%d: '%s' lacks '%s' or '%s'", ret, err.text, where, says);
}

static void test_uart(void **state)
{
	struct rig *rig = load_one(uart, "");

	(void)state;
	assert_string_equal(rig->boards[0].flash_driver, "stm32_uart");
	assert_int_equal(rig->boards[0].flash_baud, 115200);
	assert_int_equal(rig->boards[0].flash_address, 0x08000000);
	assert_int_equal(rig->boards[0].flash_id, 0x470);
	assert_null(rig->boards[0].flash_uri);
	assert_non_null(strstr(rig->resolved,
			       "\"flash_driver\":\"stm32_uart\",\"flash_baud\":115200,"
			       "\"flash_address\":134217728,\"flash_id\":1136,\"reset\""));
	assert_null(strstr(rig->resolved, "flash_uri"));
	rig_free(rig);
	rig = load_one(uart,
		       "{baud: 57600 baud}"); /* the same driver: the part's other keys stay */
	assert_int_equal(rig->boards[0].flash_baud, 57600);
	assert_int_equal(rig->boards[0].flash_id, 0x470);
	rig_free(rig);
}

static void test_dfuse(void **state)
{
	struct rig *rig = load_one(uart, "{driver: dfuse, link: \"usb:0483:df11:336A\"}");

	(void)state;
	assert_string_equal(rig->boards[0].flash_driver, "dfuse");
	assert_string_equal(rig->boards[0].flash_uri, "usb:0483:df11:336A");
	assert_int_equal(rig->boards[0].flash_address, 0x08000000); /* the part's */
	assert_int_equal(rig->boards[0].flash_baud, 0);             /* its driver's */
	assert_int_equal(rig->boards[0].flash_id, 0);
	assert_null(strstr(rig->resolved, "flash_baud"));
	assert_null(strstr(rig->resolved, "flash_id"));
	assert_non_null(strstr(rig->resolved, "\"flash_uri\":\"usb:0483:df11:336A\""));
	rig_free(rig);
	rig = load_one("{driver: dfuse, address: 0x08000000}",
		       "{address: 0x08004000, link: \"usbip+unix:/run/rig/usb-1\"}");
	assert_string_equal(rig->boards[0].flash_uri, "usbip+unix:/run/rig/usb-1");
	assert_int_equal(rig->boards[0].flash_address, 0x08004000);
	rig_free(rig);
}

/* Its link is a port, and not a USB device. */
static void test_esp32(void **state)
{
	struct rig *rig = load_one(esp32_part, "");

	(void)state;
	assert_null(rig->boards[0].flash_uri);
	rig_free(rig);
	rig = load_one(esp32_part, "{link: /dev/serial/by-id/c3}");
	assert_string_equal(rig->boards[0].flash_uri, "/dev/serial/by-id/c3");
	assert_int_equal(rig->boards[0].flash_id, 5);
	assert_non_null(strstr(rig->resolved, "\"flash_uri\":\"/dev/serial/by-id/c3\""));
	rig_free(rig);
}

static void test_openocd(void **state)
{
	struct rig *rig = load_one(openocd_part, "{adapter_serial: 066B_FF.30}");
	const struct rig_board *board = &rig->boards[0];

	(void)state;
	assert_string_equal(board->flash_config[0], "board/a.cfg");
	assert_string_equal(board->flash_config[1], "b.cfg");
	assert_null(board->flash_config[2]);
	assert_string_equal(board->flash_adapter_serial, "066B_FF.30");
	assert_null(board->flash_uri);
	assert_non_null(strstr(rig->resolved, "\"flash_config\":[\"board/a.cfg\",\"b.cfg\"]"));
	assert_non_null(strstr(rig->resolved, "\"flash_adapter_serial\":\"066B_FF.30\""));
	rig_free(rig);
	rig = load_one(openocd_part, "{config: [c.cfg]}");
	assert_string_equal(rig->boards[0].flash_config[0], "c.cfg");
	assert_null(rig->boards[0].flash_config[1]);
	rig_free(rig);
	rig = load_one(openocd_part, "{server: \"tcp://localhost:6666\"}");
	assert_null(rig->boards[0].flash_config); /* a running one instead of the part's files */
	assert_string_equal(rig->boards[0].flash_uri, "tcp://localhost:6666");
	rig_free(rig);
}

static void test_part_errors(void **state)
{
	static const struct {
		const char *part, *says;
	} rows[] = {
		{"{driver: jtag, address: 0}",
		 "no flash driver is named 'jtag' (there are dfuse, "},
		{"{address: 0}", "'driver' is missing"},
		{"{driver: dfuse}", "'address' is missing"},
		{"{driver: dfuse, address: x}", "whole number"},
		{"{driver: dfuse, address: 0, lonk: usb:1:2}", "did you mean 'link'"},
		{"{driver: stm32_uart, address: 0, id: 1}", "stm32_uart needs 'baud'"},
		{"{driver: stm32_uart, address: 0, baud: 9600 baud}", "stm32_uart needs 'id'"},
		{"{driver: stm32_uart, address: 0, baud: 9600, id: 1}", "no unit"},
		{"{driver: stm32_uart, address: 0, baud: 9600 baud, id: 65536}", "16 bits"},
		{"{driver: dfuse, address: 0, baud: 9600 baud}",
		 "dfuse takes no 'baud' (it takes address, link)"},
		{"{driver: stm32_uart, address: 0, baud: 9600 baud, id: 1, config: [a]}",
		 "stm32_uart takes no 'config' (it takes address, baud, id)"},
		{"{driver: openocd, address: 0, config: []}", ""},
		{"{driver: openocd, address: 0, config: a.cfg}", "must be a list"},
	};
	static const char *const none[] = {""};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_error(rows[i].part, none, 1, "board.yaml", rows[i].says);
}

static void test_own_errors(void **state)
{
	static const struct {
		const char *part, *own, *says;
	} rows[] = {
		{"{driver: dfuse, address: 0}", "", "dfuse needs 'link'"},
		{uart, "{driver: dfuse}", "dfuse needs 'link'"},
		{uart, "{driver: jtag}", "no flash driver is named 'jtag'"},
		{uart, "{link: usb:1:2}", "stm32_uart takes no 'link'"},
		{uart, "{id: 65536}", "16 bits"},
		{uart, "{driver: dfuse, link: /dev/ttyACM0}", "is not a USB device"},
		{uart, "{driver: openocd}", "openocd needs one of these: server, config"},
		{uart, "{driver: openocd, config: [a], server: \"tcp://h:1\"}",
		 "openocd needs only one of these: server, config"},
		{uart, "{driver: openocd, server: h}", "'h' is not of the form tcp://HOST:PORT"},
		{uart, "{driver: openocd, server: \"tcp://h:1\", adapter_serial: A}",
		 "adapter_serial without config"},
		{uart, "{driver: openocd, config: [a], baud: 9600 baud}",
		 "openocd takes no 'baud' (it takes address, server, config, adapter_serial)"},
		{uart, "{driver: esp32_rom, baud: 9600 baud}", "esp32_rom needs 'id'"},
		{esp32_part, "{link: \"usb:303a:1001\"}", "is not a link"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_error(rows[i].part, &rows[i].own, 1, "rig.yaml:6:", rows[i].says);
}

static void test_shared(void **state)
{
	static const struct {
		const char *part, *own[2], *says; /* "": none */
	} rows[] = {
		{uart,
		 {"{driver: dfuse, link: usb:1:9}", "{driver: dfuse, link: usb:1:9}"},
		 "both flashed over usb:1:9"},
		{uart,
		 {"{driver: dfuse, link: usb:1:9}", "{driver: dfuse, link: usb:1:1}"},
		 "board 'b1' is flashed over the link of meter 'm1'"},
		{esp32_part,
		 {"", "{link: /dev/l0}"},
		 "'b1' is flashed over the link of board 'b0'"},
		{esp32_part,
		 {"", "{link: /dev/l1}"},
		 "'b1' is flashed over the link of board 'b1'"},
		{openocd_part, {"", ""}, "the same probe"},
		{openocd_part, {"{adapter_serial: A}", ""}, "the same probe"},
		{openocd_part, {"{adapter_serial: A}", "{adapter_serial: A}"}, "the same probe"},
		{openocd_part, {"{adapter_serial: A}", "{adapter_serial: B}"}, ""},
		{openocd_part, {"{config: [other.cfg]}", ""}, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {""};
		struct rig *rig = NULL;

		if (rows[i].says[0])
			expect_error(rows[i].part, rows[i].own, 2, "rig.yaml:7:", rows[i].says);
		else if (load(rows[i].part, rows[i].own, 2, &rig, &err))
			fail_msg("%s", err.text);
		rig_free(rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uart),        cmocka_unit_test(test_dfuse),
		cmocka_unit_test(test_esp32),       cmocka_unit_test(test_openocd),
		cmocka_unit_test(test_part_errors), cmocka_unit_test(test_own_errors),
		cmocka_unit_test(test_shared),
	};

	folder = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
