/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The chamber that others are copied from, through what every driver promises; beside it those of
 * the product that need no instrument.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"
#include "tests/unit/drivers/conformance_thermal.h"
#include "tests/unit/drivers/skeletons.h"

static const char *const not_numbers[] = {"", "warm", "21.5 K", "nan", "295", "-100", NULL};
static const char *const not_sensors[] = {"", "lm75", "/temp1", "lm75/", "lm75/../x", NULL};
static struct thermal_settings sysfs;

static const struct conformance_thermal rows[] = {
	{&thermal_fixed, "21.5", not_numbers, NULL},
	{&thermal_hwmon, "lm75/temp1", not_sensors, &sysfs},
	{&thermal_skeleton, "21.5", not_numbers, NULL},
};

static void put(const char *name, const char *text)
{
	char path[700];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/hwmon0/%s", sysfs.sysfs_hwmon, name);
	stream = fopen(path, "w");
	assert_non_null(stream);
	fputs(text, stream);
	assert_int_equal(fclose(stream), 0);
}

static void conforms(void **state)
{
	conformance_thermal_all(*state);
}

static void no_user_can_name_it(void **state)
{
	struct thermal *thermal;
	struct err err = {""};

	(void)state;
	assert_int_equal(thermal_open("skeleton:21.5", NULL, &thermal, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{.name = "fixed", .test_func = conforms, .initial_state = (void *)&rows[0]},
		{.name = "hwmon", .test_func = conforms, .initial_state = (void *)&rows[1]},
		{.name = "skeleton", .test_func = conforms, .initial_state = (void *)&rows[2]},
		cmocka_unit_test(no_user_can_name_it),
	};
	char folder[600];

	sysfs.sysfs_hwmon = scratch_folder();
	snprintf(folder, sizeof(folder), "%s/hwmon0", sysfs.sysfs_hwmon);
	mkdir(folder, 0777);
	put("name", "lm75\n");
	put("temp1_input", "21500\n");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
