/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Defects that are known of other benches, those about files: see test_neighbours_data.c. Databases
 * of a newer version are in test_store.c.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "bench/trace/hdf.h"
#include "tests/unit/bench/test_trace_pattern.h"

/* The window gets the reason, what was flushed stays, the next capture goes on. */
static void full_disk(void)
{
	const char *folder = scratch_folder();
	struct trace_repair_summary summary;
	struct trace_writer *writer, *next;
	struct rlimit limit, old;
	struct err err = {""};
	int ret = 0;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){2000000, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	writer = pattern_open(folder, false, 5);
	for (uint64_t n = 0; !ret && n < 2000; n++)
		ret = pattern_append(writer, false, n, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(ret, -EFBIG);
	assert_non_null(strstr(err.text, "trace: "));
	next = pattern_open(folder, false, 5);
	pattern_fill(next, false, 10);
	trace_writer_discard(next);
	assert_int_not_equal(trace_writer_finish(writer, TRACE_KEEP_SAMPLES, "", "",
						 (char[TRACE_HASH_SIZE]){0}, &err),
			     0);
	assert_int_equal(trace_repair_folder(folder, false, NULL, NULL, &summary, &err), 0);
	assert_int_equal(summary.repaired, 1);
}

/* By this version's name for what it knows, and by what the file says. */
static void newer_trace(void)
{
	struct trace_writer *writer = pattern_open(scratch_folder(), false, 1);
	char sha256[TRACE_HASH_SIZE], path[TRACE_PATH_MAX];
	struct trace_reader *reader;
	struct err err = {""};
	int64_t layout = TRACE_LAYOUT + 1;
	hid_t file, attribute;

	snprintf(path, sizeof(path), "%s", trace_writer_path(writer));
	*strrchr(path, '/') = '\0';
	pattern_fill(writer, false, 2);
	assert_int_equal(trace_writer_finish(writer, TRACE_KEEP_SAMPLES, "", "", sha256, NULL), 0);
	strcat(path, "/");
	strcat(path, sha256);
	strcat(path, ".h5");
	file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
	attribute = H5Aopen(file, "layout", H5P_DEFAULT);
	assert_true(H5Awrite(attribute, H5T_NATIVE_INT64, &layout) >= 0);
	H5Aclose(attribute);
	H5Fclose(file);
	assert_int_equal(trace_reader_open(path, &reader, &err), -EINVAL);
	assert_non_null(strstr(err.text, "layout 2 is not known"));
}

static const struct {
	int item;
	const char *name, *verdict;
	void (*check)(void);
} rows[] = {
	{16, "disk full while capturing", "an error, and the process lives", full_disk},
	{18, "trace of a newer version", "refused, with its version", newer_trace},
};

static void known_defects(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("  %2d %s: %s\n", rows[i].item, rows[i].name, rows[i].verdict);
		rows[i].check();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(known_defects)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
