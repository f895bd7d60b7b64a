/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The switch that others are copied from, through what every switch promises. The product's own are
 * put through the same in tests/seam/test_control.c and test_hub_power.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/drivers/conformance_control.h"
#include "tests/unit/drivers/skeletons.h"

static char folder[40], path[60], absent[60];

static int level(void)
{
	FILE *file = fopen(path, "r");
	int first;

	assert_non_null(file);
	first = fgetc(file);
	fclose(file);
	assert_true(first == '0' || first == '1');
	return first - '0';
}

static void set_level(int value)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "%d\n", value);
	assert_int_equal(fclose(file), 0);
}

static const char *const malformed[] = {"", "/", "led", "./led", NULL};

static const struct conformance_control row = {.ops = &control_skeleton,
					       .address = path,
					       .absent = absent,
					       .malformed = malformed,
					       .level = level,
					       .set_level = set_level};

static void conforms(void **state)
{
	(void)state;
	conformance_control_all(&row);
}

static void no_user_can_name_it(void **state)
{
	struct control_line line;
	struct err err = {""};

	(void)state;
	assert_int_equal(control_line_parse(CONTROL_SUPPLY, "file:/sys/x", &line, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conforms),
		cmocka_unit_test(no_user_can_name_it),
	};
	int failed;

	/* an address is short: not in the build folder */
	snprintf(folder, sizeof(folder), "/tmp/joulebench-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/relay", folder);
	snprintf(absent, sizeof(absent), "%s/none", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	remove(path);
	remove(folder);
	return failed;
}
