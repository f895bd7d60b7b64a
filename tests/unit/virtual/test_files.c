/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The file behind a virtual board's flash: erased when new, kept afterwards, never of another size.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "rigs/virtual/server/files.h"
#include "tests/scratch.h"

enum { BYTES = 8192 };

static char path[600];

static void new_file_is_erased_and_keeps_its_bytes(void **state)
{
	struct verr err = {""};
	uint8_t *bytes;

	(void)state;
	assert_int_equal(files_map(path, BYTES, &bytes, &err), 0);
	for (int i = 0; i < BYTES; i++)
		assert_int_equal(bytes[i], 0xFF);
	memset(bytes + 100, 0x5A, 50);
	munmap(bytes, BYTES);
	assert_int_equal(files_map(path, BYTES, &bytes, &err), 0);
	assert_int_equal(bytes[99], 0xFF);
	assert_int_equal(bytes[100], 0x5A);
	assert_int_equal(bytes[149], 0x5A);
	assert_int_equal(bytes[150], 0xFF);
	munmap(bytes, BYTES);
}

static void other_sizes_are_refused(void **state)
{
	struct verr err = {""};
	uint8_t *bytes;

	(void)state;
	assert_int_equal(files_map(path, 2 * BYTES, &bytes, &err), -EINVAL);
	assert_non_null(strstr(err.text, path));
	assert_non_null(strstr(err.text, "8192"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_file_is_erased_and_keeps_its_bytes),
		cmocka_unit_test(other_sizes_are_refused),
	};

	snprintf(path, sizeof(path), "%s/made/flash", scratch_folder());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
