/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What scan makes of devices that are made up, and that the udev rules name the very devices that
 * it knows.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/config/rig.h"
#include "bench/report/scan_out.h"
#include "bench/session/scan.h"
#include "drivers/meter/meter.h"
#include "tests/scratch.h"

static struct serial_found ports[] = {
	{.path = "/dev/ttyACM0", .stable_path = "/dev/serial/by-id/ppk2-A-if03", .is_usb = true,
	 .vendor = 0x1915, .product = 0xc00a, .interface = 3, .serial = "AAA"},
	{.path = "/dev/ttyACM1", .stable_path = "/dev/serial/by-id/ppk2-A-if01", .is_usb = true,
	 .vendor = 0x1915, .product = 0xc00a, .interface = 1, .serial = "AAA"},
	{.path = "/dev/ttyACM2", .stable_path = "/dev/serial/by-id/ppk2-B-if01", .is_usb = true,
	 .vendor = 0x1915, .product = 0xc00a, .interface = 1, .serial = "BBB",
	 .open_error = -EACCES},
	{.path = "/dev/ttyS0", .interface = -1},
	{.path = "/dev/ttyUSB0", .is_usb = true, .vendor = 0x0403, .product = 0x6001,
	 .interface = 0, .description = "FT232R"},
};

static struct usb_found usb[] = {
	{.identity = {.vendor = 0x16d0, .product = 0x10ba, .serial = "002557"},
	 .uri = "usb:16d0:10ba:002557"},
	{.identity = {.vendor = 0x0483, .product = 0xdf11, .serial = "2061"},
	 .uri = "usb:0483:df11:2061"},
};

static const struct scan lab = {.serial = ports, .serial_count = 5, .usb = usb, .usb_count = 2};

static const char *print_with(void (*print)(const struct scan *, FILE *), const struct scan *scan)
{
	static char text[8000];
	FILE *stream = fmemopen(text, sizeof(text), "w");

	assert_non_null(stream);
	print(scan, stream);
	fclose(stream);
	return text;
}

static void table(void **state)
{
	const char *text = print_with(scan_out_print, &lab);

	(void)state;
	assert_non_null(strstr(text, "/dev/ttyACM0  usb 1915:c00a, AAA: PPK2, its second port\n"));
	assert_non_null(strstr(text, "/dev/ttyACM1  usb 1915:c00a, AAA: PPK2\n"));
	assert_non_null(strstr(text, "no permission: install drivers/udev/70-joulebench.rules"));
	assert_non_null(strstr(text, "usb:16d0:10ba:002557  Joulescope JS220, 002557\n"));
	assert_non_null(strstr(text, "GPIO chips: none"));
}

/* Two ports of one PPK2 are one meter; two PPK2s are two, and a warning. */
static void warnings(void **state)
{
	json_t *list = scan_out_warnings(&lab);
	const char *alike;

	(void)state;
	assert_int_equal(json_array_size(list), 2);
	alike = json_string_value(json_array_get(list, 0));
	assert_non_null(strstr(alike, "2 of the kind PPK2"));
	assert_non_null(strstr(json_string_value(json_array_get(list, 1)), "/dev/ttyUSB0"));
	json_decref(list);
}

static void put(const char *path, const char *text)
{
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	fputs(text, stream);
	assert_int_equal(fclose(stream), 0);
}

/* The lines can be pasted: with the one word that is the user's, rig_load takes them. */
static void yaml_is_a_rig(void **state)
{
	char path[600], parts[4096], text[10000], *board;
	const char *folder = scratch_folder();
	const char *yaml = print_with(scan_out_yaml, &lab);
	struct err err = {""};
	struct rig *rig;

	(void)state;
	snprintf(text, sizeof(text), "rig: r\nvirtual: false\nambient: 21 degC\n%s", yaml);
	board = strstr(text, "BOARD.yaml");
	assert_non_null(board);
	assert_non_null(realpath("rigs/parts", parts));
	snprintf(path, sizeof(path), "%s/parts", folder);
	assert_int_equal(symlink(parts, path), 0);
	snprintf(path, sizeof(path), "%s/rig.yaml", folder);
	memmove(board + strlen("nucleo-l4r5zi.yaml"), board + strlen("BOARD.yaml"),
		strlen(board + strlen("BOARD.yaml")) + 1);
	memcpy(board, "nucleo-l4r5zi.yaml", strlen("nucleo-l4r5zi.yaml"));
	put(path, text);
	if (rig_load(path, &rig, &err))
		fail_msg("%s in\n%s", err.text, text);
	assert_int_equal(rig->meter_count, 3);
	assert_string_equal(rig->meters[0].link, "serial:/dev/serial/by-id/ppk2-A-if01");
	assert_string_equal(rig->meters[1].link, "serial:/dev/serial/by-id/ppk2-B-if01");
	assert_string_equal(rig->meters[2].link, "usb:16d0:10ba:002557");
	assert_true(rig->meters[2].supply_v == 0);
	assert_int_equal(rig->board_count, 1);
	assert_string_equal(rig->boards[0].link, "serial:/dev/ttyUSB0");
	rig_free(rig);
}

static void json(void **state)
{
	json_t *object = scan_out_json(&lab);

	(void)state;
	assert_non_null(object);
	assert_int_equal(json_array_size(json_object_get(object, "serial_ports")), 5);
	assert_int_equal(json_array_size(json_object_get(object, "usb")), 2);
	assert_non_null(strstr(json_string_value(json_object_get(object, "rig_yaml")), "js220"));
	json_decref(object);
}

static void i2c_addresses(void **state)
{
	static const char *const wrong[] = {"", "/dev/i2c-1", "/dev/i2c-1:", "i2c-1:0x40",
					    "/dev/i2c-1:0x40,", "/dev/i2c-1:0x07",
					    "/dev/i2c-1:0x78", "/dev/i2c-1:-1", "/dev/i2c-1:0x40 0x41"};
	struct scan scan = {.serial = NULL};
	struct err err = {""};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct scan other = {.serial = NULL};

		if (scan_i2c_parse(&other, wrong[i], &err) != -EINVAL)
			fail_msg("'%s' passes", wrong[i]);
	}
	assert_int_equal(scan_i2c_parse(&scan, "/dev/i2c-1:0x40,65", &err), 0);
	assert_int_equal(scan.i2c_count, 2);
	assert_string_equal(scan.i2c[1].bus, "/dev/i2c-1");
	assert_int_equal(scan.i2c[1].address, 65);
}

/* The rules ------------------------------------------------------------------------------------ */

enum { RULES_MAX = 40 };

static struct {
	unsigned vendor, product;
	char subsystem[16];
	bool ignored_by_mm, permits;
} rules[RULES_MAX];
static size_t rule_count;

/* The value of KEY=="value" in the line, up to 15 characters; "" when it is not there. */
static void value_of(const char *line, const char *key, char *ret_value)
{
	const char *at = strstr(line, key);

	ret_value[0] = '\0';
	if (at)
		sscanf(at + strlen(key), "==\"%15[^\"]\"", ret_value);
}

static void read_rules(void)
{
	FILE *stream = fopen("drivers/udev/70-joulebench.rules", "r");
	char line[400], text[16];

	assert_non_null(stream);
	rule_count = 0;
	while (fgets(line, sizeof(line), stream)) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		assert_true(rule_count < RULES_MAX);
		value_of(line, "SUBSYSTEM", rules[rule_count].subsystem);
		value_of(line, strstr(line, "ATTRS{") ? "ATTRS{idVendor}" : "ATTR{idVendor}", text);
		rules[rule_count].vendor = (unsigned)strtoul(text, NULL, 16);
		value_of(line, strstr(line, "ATTRS{") ? "ATTRS{idProduct}" : "ATTR{idProduct}",
			 text);
		rules[rule_count].product = (unsigned)strtoul(text, NULL, 16);
		rules[rule_count].ignored_by_mm = strstr(line, "ID_MM_DEVICE_IGNORE}=\"1\"");
		rules[rule_count].permits =
			strstr(line, "TAG+=\"uaccess\"") && strstr(line, "MODE=\"0660\"");
		rule_count++;
	}
	fclose(stream);
}

static void rules_name_known_devices(void **state)
{
	(void)state;
	read_rules();
	assert_true(rule_count >= 9);
	for (size_t i = 0; i < rule_count; i++) {
		bool is_bus = !strcmp(rules[i].subsystem, "i2c-dev") ||
			      !strcmp(rules[i].subsystem, "gpio");

		if (is_bus) {
			assert_true(rules[i].permits && !rules[i].vendor);
			continue;
		}
		if (!scan_kind_find((uint16_t)rules[i].vendor, (uint16_t)rules[i].product, true) &&
		    !scan_kind_find((uint16_t)rules[i].vendor, (uint16_t)rules[i].product, false))
			fail_msg("rule %zu: %04x:%04x is no device that is known", i,
				 rules[i].vendor, rules[i].product);
	}
}

static void known_devices_have_rules(void **state)
{
	(void)state;
	read_rules();
	for (const struct scan_kind *kind = scan_kinds; kind->name; kind++) {
		bool permits = false, ignores = false;

		for (size_t i = 0; i < rule_count; i++) {
			if (rules[i].vendor != kind->vendor || rules[i].product != kind->product)
				continue;
			permits |= rules[i].permits && !strcmp(rules[i].subsystem,
							       kind->is_serial ? "tty" : "usb");
			ignores |= rules[i].ignored_by_mm;
		}
		if (!permits || (kind->is_serial && !ignores))
			fail_msg("%s: no rule", kind->name);
		if (kind->driver)
			assert_non_null(meter_find(kind->driver));
	}
	for (const char *const *name = meter_names(); *name; name++) {
		const struct meter_ops *ops = meter_find(*name);

		if (ops->bus == METER_BUS_USB)
			assert_non_null(scan_kind_find(ops->usb_vendor, ops->usb_product, false));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(warnings),
		cmocka_unit_test(yaml_is_a_rig),
		cmocka_unit_test(json),
		cmocka_unit_test(i2c_addresses),
		cmocka_unit_test(rules_name_known_devices),
		cmocka_unit_test(known_devices_have_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
