/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sensors in a made-up sysfs, a temperature that was typed, and when one is settled.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/thermal/thermal.h"
#include "tests/scratch.h"

static const char *folder;

static void put(const char *name, const char *text)
{
	char path[700];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	stream = fopen(path, "w");
	assert_non_null(stream);
	fputs(text, stream);
	assert_int_equal(fclose(stream), 0);
}

static void chip(const char *name)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	mkdir(path, 0777);
}

static int open_hwmon(const char *uri, struct thermal **ret_thermal, struct err *err)
{
	const struct thermal_settings settings = {.sysfs_hwmon = folder};

	return thermal_open(uri, &settings, ret_thermal, err);
}

static void hwmon(void **state)
{
	static const char *const not_numbers[] = {"", "\n", "warm\n", "21x\n", "999999999999\n"};
	struct thermal *thermal;
	struct err err = {""};
	double temp_c = NAN;

	(void)state;
	chip("hwmon0");
	chip("hwmon1");
	put("hwmon0/name", "acpitz\n");
	put("hwmon1/name", "lm75\n");
	put("hwmon1/temp1_input", "-5250\n");
	if (open_hwmon("hwmon:lm75/temp1", &thermal, &err))
		fail_msg("%s", err.text);
	assert_int_equal(thermal_caps(thermal), THERMAL_CAP_MEASURED);
	assert_int_equal(thermal_read(thermal, &temp_c, &err), 0);
	assert_true(fabs(temp_c + 5.25) < 1e-9);
	assert_int_equal(thermal_set(thermal, 30, &err), -ENOTSUP);
	for (size_t i = 0; i < sizeof(not_numbers) / sizeof(not_numbers[0]); i++) {
		temp_c = 1;
		put("hwmon1/temp1_input", not_numbers[i]);
		if (!thermal_read(thermal, &temp_c, &err))
			fail_msg("'%s' is read as %g", not_numbers[i], temp_c);
		assert_true(temp_c == 1);
	}
	thermal_close(thermal);
}

static void hwmon_chips(void **state)
{
	struct thermal *thermal;
	struct err err = {""};

	(void)state;
	put("hwmon1/temp1_input", "21000\n");
	assert_int_equal(open_hwmon("hwmon:lm76/temp1", &thermal, &err), -ENOENT);
	assert_non_null(strstr(err.text, "lm75"));
	assert_int_equal(open_hwmon("hwmon:lm75/temp2", &thermal, &err), -ENOENT);
	assert_int_equal(open_hwmon("hwmon:lm75", &thermal, &err), -EINVAL);
	assert_int_equal(open_hwmon("hwmon:lm75/../x", &thermal, &err), -EINVAL);
	chip("hwmon2");
	put("hwmon2/name", "lm75\n");
	assert_int_equal(open_hwmon("hwmon:lm75/temp1", &thermal, &err), -ENOTUNIQ);
}

static void typed(void **state)
{
	static const char *const wrong[] = {"fixed:", "fixed:warm", "fixed:21.5 K", "fixed:nan",
					    "fixed:295", "fixed", "21.5", "oven:21.5"};
	struct thermal *thermal;
	struct err err = {""};
	double temp_c = NAN;

	(void)state;
	assert_int_equal(thermal_open("fixed:21.5", NULL, &thermal, &err), 0);
	assert_int_equal(thermal_caps(thermal), 0);
	assert_int_equal(thermal_read(thermal, &temp_c, &err), 0);
	assert_true(fabs(temp_c - 21.5) < 1e-12);
	thermal_close(thermal);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (thermal_open(wrong[i], NULL, &thermal, &err) != -EINVAL)
			fail_msg("'%s' passes", wrong[i]);
}

static void settling(void **state)
{
	static const struct thermal_band band = {.target_c = 50, .within_k = 0.5, .hold_s = 10,
						 .gap_max_s = 3};
	static const struct {
		int t_s;
		double temp_c;
		bool settled;
	} rows[] = {
		{0, 49, false},    {2, 49.6, false},  {4, 50.4, false},  {6, 50.6, false},
		{8, 50.4, false},  {10, 50.2, false}, {12, 50.1, false}, {14, 50, false},
		{16, NAN, false},  {18, 50, false},   {20, 50, false},   {22, 50, false},
		{24, 50, false},   {26, 50, false},   {28, 50, true},    {30, 50, true},
		{40, 50, false}, /* nobody looked for too long */
		{42, 50, false},   {44, 50, false},   {46, 50, false},   {48, 50, false},
		{50, 50, true},    {52, 49, false},
	};
	struct thermal_watch watch = {.is_inside = false};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (thermal_watch_add(&watch, &band, rows[i].t_s * 1000000000LL, rows[i].temp_c) !=
		    rows[i].settled)
			fail_msg("at %d s", rows[i].t_s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hwmon),
		cmocka_unit_test(hwmon_chips),
		cmocka_unit_test(typed),
		cmocka_unit_test(settling),
	};

	folder = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
