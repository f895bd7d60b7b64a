/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is said of devices that do not open, and who holds a port, from a made-up /proc.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/session/device_check.h"
#include "drivers/link/serial_scan.h"
#include "tests/scratch.h"

static const char *folder;

static void advice(void **state)
{
	static const struct {
		int code;
		const char *link, *holder, *says;
	} rows[] = {
		{-EACCES, "serial:/dev/ttyACM0", "", "70-joulebench.rules"},
		{-EACCES, "usb:16d0:10ba", "", "udevadm"},
		{-EACCES, "rfc2217+unix:x.sock", "", "socket belongs to another user"},
		{-EBUSY, "serial:/dev/ttyACM0", "ModemManager (process 8)", "ID_MM_DEVICE_IGNORE"},
		{-EBUSY, "serial:/dev/ttyACM0", "minicom (process 8)", "minicom (process 8) holds"},
		{-EBUSY, "/dev/ttyACM0", "", "sudo fuser -v /dev/ttyACM0"},
		{-EBUSY, "usb:16d0:10ba", "", "another program"},
		{-ECONNREFUSED, "rfc2217://h:1", "", "ser2net"},
		{-ENOENT, "serial:/dev/ttyACM0", "", "joulebench scan"},
		{-ENOENT, "rfc2217+unix:x.sock", "", "server running"},
		{-EPROTO, "serial:/dev/ttyACM0", "", "no such instrument"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[400];

		device_check_advise(rows[i].code, rows[i].link, rows[i].holder, text, sizeof(text));
		if (!strstr(text, rows[i].says))
			fail_msg("'%s' lacks '%s'", text, rows[i].says);
	}
}

static void put_file(const char *path, const char *text)
{
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	fputs(text, stream);
	assert_int_equal(fclose(stream), 0);
}

static void holder(void **state)
{
	char path[600], proc[560], port[560], real[4096], text[128] = "";

	(void)state;
	snprintf(proc, sizeof(proc), "%s/proc", folder);
	snprintf(port, sizeof(port), "%s/ttyACM0", folder);
	put_file(port, "");
	assert_non_null(realpath(port, real));
	mkdir(proc, 0777);
	static const char *const folders[] = {"812", "812/fd", "813", "813/fd", "self", "self/fd"};
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", proc, folders[i]);
		assert_int_equal(mkdir(path, 0777), 0);
	}
	snprintf(path, sizeof(path), "%s/self/fd/4", proc);
	assert_int_equal(symlink(real, path), 0);
	snprintf(path, sizeof(path), "%s/812/fd/3", proc);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_false(serial_holder_below(proc, port, text, sizeof(text)));
	snprintf(path, sizeof(path), "%s/813/fd/7", proc);
	assert_int_equal(symlink(real, path), 0);
	snprintf(path, sizeof(path), "%s/813/comm", proc);
	put_file(path, "ModemManager\n");
	assert_true(serial_holder_below(proc, port, text, sizeof(text)));
	assert_string_equal(text, "ModemManager (process 813)");
	assert_false(serial_holder_below(proc, "/no/such/port", text, sizeof(text)));
}

/* Nothing is there: each device says so, and the whole goes on. */
static void rig_without_devices(void **state)
{
	char meter_link[600], board_link[600];
	struct rig_meter meter = {.name = "m", .driver = "ppk2", .link = meter_link,
				  .supply_v = 3.3, .supply_u_v = 0.01};
	struct rig_board board = {.name = "b", .link = board_link, .baud = 115200};
	struct rig rig = {.name = "r", .is_virtual = true, .meters = &meter, .meter_count = 1,
			  .boards = &board, .board_count = 1};
	struct device_check *list = NULL;
	struct err err = {""};
	size_t count = 0;

	(void)state;
	snprintf(meter_link, sizeof(meter_link), "rfc2217+unix:%s/m.sock", folder);
	snprintf(board_link, sizeof(board_link), "serial:/no/such/port");
	assert_int_equal(device_check_rig(&rig, &list, &count, &err), 0);
	assert_int_equal(count, 2);
	assert_true(list[0].is_meter && !list[1].is_meter);
	assert_string_equal(list[0].kind, "meter");
	assert_string_equal(list[1].kind, "board");
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(list[i].code, -ENOENT);
		assert_true(list[i].problem.text[0] && list[i].advice[0]);
	}
	free(list);
}

/* A control line is looked at before the port; its sentence says what to do. */
static void rig_without_lines(void **state)
{
	struct rig_meter meter = {.name = "m", .driver = "ppk2", .link = "serial:/no/such/port"};
	struct rig_board board = {.name = "b", .link = "serial:/no/such/port", .baud = 115200};
	struct rig rig = {.name = "r", .meters = &meter, .meter_count = 1, .boards = &board,
			  .board_count = 1};
	struct device_check *list = NULL;
	struct err err = {""};
	size_t count = 0;

	(void)state;
	assert_int_equal(control_line_parse(CONTROL_SUPPLY, "gpio:/dev/gpiochip99:4",
					    &board.lines.supply, &err),
			 0);
	assert_int_equal(device_check_rig(&rig, &list, &count, &err), 0);
	assert_int_equal(list[1].code, -ENOENT);
	assert_true(list[1].is_line && !list[1].advice[0]);
	assert_non_null(strstr(list[1].problem.text, "supply line: there is no /dev/gpiochip99"));
	free(list);
}

/* What tells how warm it is comes last, by its uri. */
static void rig_without_chamber_and_sensor(void **state)
{
	struct rig_meter meter = {.name = "m", .driver = "ppk2", .link = "serial:/no/such/port"};
	struct rig_board board = {.name = "b", .link = "serial:/no/such/port", .baud = 115200};
	struct rig rig = {.name = "r", .meters = &meter, .meter_count = 1, .boards = &board,
			  .board_count = 1,
			  .chamber = {.uri = "scpi:tcp://127.0.0.1:1", .max_c = 60},
			  .sensor = {.uri = "hwmon:no-such-chip/temp1"}};
	struct device_check *list = NULL;
	struct err err = {""};
	size_t count = 0;

	(void)state;
	assert_int_equal(device_check_rig(&rig, &list, &count, &err), 0);
	assert_int_equal(count, 4);
	assert_string_equal(list[2].kind, "chamber");
	assert_int_equal(list[2].code, -ECONNREFUSED);
	assert_string_equal(list[2].link, "tcp://127.0.0.1:1");
	assert_true(list[2].problem.text[0] && list[2].advice[0]);
	assert_string_equal(list[3].kind, "sensor");
	assert_int_equal(list[3].code, -ENOENT);
	assert_true(list[3].problem.text[0] && !list[3].advice[0]);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(advice),
		cmocka_unit_test(holder),
		cmocka_unit_test(rig_without_devices),
		cmocka_unit_test(rig_without_lines),
		cmocka_unit_test(rig_without_chamber_and_sensor),
	};

	folder = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
