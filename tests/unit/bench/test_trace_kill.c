/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Captures whose process is killed at any moment are repaired, and hold every sample that was
 * reported as flushed, each with its marker lines, gaps and times.
 *
 *   test_trace_kill [COUNT]    kills COUNT captures instead of 10
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/trace/hdf.h"
#include "tests/unit/bench/test_trace_pattern.h"

static unsigned kills = 10;
static volatile uint64_t *flushed; /* shared with the capture that is killed */
static uint32_t random_state = 12345;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)random_state * limit >> 32);
}

static void capture_until_killed(const char *folder, bool voltage, unsigned flush_blocks)
{
	struct trace_writer *writer = pattern_open(folder, voltage, flush_blocks);
	struct err err;

	for (uint64_t n = 0;; n++) {
		if (pattern_append(writer, voltage, n, &err))
			_exit(1);
		*flushed = trace_writer_flushed(writer);
	}
}

static pid_t start(const char *folder, bool voltage, unsigned flush_blocks)
{
	pid_t child;

	*flushed = 0;
	child = fork();
	if (!child)
		capture_until_killed(folder, voltage, flush_blocks);
	assert_true(child > 0);
	return child;
}

static void end(pid_t child)
{
	int status;

	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void nap(uint32_t us)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000l * us}, NULL);
}

struct found {
	unsigned calls;
	int ret;
	struct trace_repair repair;
	struct err err;
};

static void note(void *context, const char *path, int ret, const struct trace_repair *repair,
		 const struct err *err)
{
	struct found *found = context;

	(void)path;
	found->calls++;
	found->ret = ret;
	found->repair = *repair;
	found->err = *err;
}

/* What is an ordinary file opens without any flag. */
static void check_ordinary(const char *path)
{
	hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);

	assert_true(file >= 0);
	H5Fclose(file);
	file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
	assert_true(file >= 0);
	H5Fclose(file);
}

static void check_repaired(const struct found *found, uint64_t least)
{
	struct trace_reader *reader;

	if (found->ret)
		fail_msg("%s", found->err.text);
	assert_true(found->repair.repaired);
	assert_true(found->repair.samples >= least);
	check_ordinary(found->repair.path);
	reader = pattern_reader(found->repair.path);
	assert_string_equal(trace_reader_info(reader)->result.state, "repaired");
	assert_int_equal(trace_reader_info(reader)->samples, found->repair.samples);
	pattern_check_samples(reader);
	pattern_check_records(reader);
	trace_reader_close(reader);
}

static void killed_captures_are_repaired(void **state)
{
	struct trace_repair_summary summary;
	unsigned with_samples = 0;

	(void)state;
	for (unsigned n = 0; n < kills; n++) {
		const char *folder = scratch_folder();
		struct found found = {0};
		struct err err = {""};
		pid_t child = start(folder, n & 1, 1 + random_below(60));

		nap(n % 5 ? random_below(200000) : random_below(3000));
		end(child);
		if (trace_repair_folder(folder, false, note, &found, &summary, &err))
			fail_msg("%s", err.text);
		assert_int_equal(summary.failed, 0);
		if (*flushed)
			assert_int_equal(found.calls, 1);
		if (found.calls)
			check_repaired(&found, *flushed);
		with_samples += *flushed > 0;
		/* A second time there is nothing to do. */
		assert_int_equal(trace_repair_folder(folder, true, NULL, NULL, &summary, &err), 0);
		assert_int_equal(summary.in_order, found.calls);
		assert_int_equal(summary.repaired + summary.failed + summary.removed, 0);
	}
	print_message("%u killed, %u of them with flushed samples: all repaired\n", kills,
		      with_samples);
	assert_true(with_samples >= kills / 2);
}

static void living_captures_are_left_alone(void **state)
{
	const char *folder = scratch_folder();
	struct trace_repair_summary summary;
	struct found found = {0};
	struct err err = {""};
	pid_t child = start(folder, false, 5);

	(void)state;
	while (!*flushed)
		nap(1000);
	assert_int_equal(trace_repair_folder(folder, true, note, &found, &summary, &err), 0);
	assert_int_equal(summary.busy, 1);
	assert_int_equal(found.ret, -EBUSY);
	assert_non_null(strstr(found.err.text, "another process"));
	end(child);
	assert_int_equal(trace_repair_folder(folder, false, note, &found, &summary, &err), 0);
	assert_int_equal(summary.repaired, 1);
	check_repaired(&found, *flushed);
}

/* A repair that dies half way leaves the capture for the next one. */
static void killed_repair_loses_nothing(void **state)
{
	const char *folder = scratch_folder();
	struct trace_repair_summary summary;
	struct found found = {0};
	struct err err = {""};
	pid_t child = start(folder, true, 20);

	(void)state;
	while (*flushed < 3000000)
		nap(1000);
	end(child);
	for (unsigned n = 0; n < 3; n++) {
		child = fork();
		if (!child) {
			trace_repair_folder(folder, false, NULL, NULL, &summary, &err);
			_exit(0);
		}
		nap(500 + random_below(4000));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	assert_int_equal(trace_repair_folder(folder, true, note, &found, &summary, &err), 0);
	assert_int_equal(summary.failed + summary.busy, 0);
	found.repair.repaired = true; /* or one of the killed ones came that far */
	check_repaired(&found, *flushed);
}

/* The disk's end, played by a limit on the file's size: the error says so, the process lives, what
 * was flushed is there. */
static void full_disk_is_an_error(void **state)
{
	const char *folder = scratch_folder();
	struct trace_repair_summary summary;
	struct trace_writer *writer;
	struct found found = {0};
	char sha256[TRACE_HASH_SIZE];
	struct rlimit limit, old;
	struct err err = {""}, again = {""};
	uint64_t n = 0, kept;
	int ret = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){3000000, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	writer = pattern_open(folder, true, 10);
	while (!ret && n < 1000)
		ret = pattern_append(writer, true, n++, &err);
	assert_int_equal(ret, -EFBIG);
	assert_non_null(strstr(err.text, "File too large"));
	kept = trace_writer_flushed(writer);
	assert_true(kept > 100000);
	assert_int_equal(pattern_append(writer, true, n, &again), -EFBIG);
	assert_string_equal(err.text, again.text);
	assert_int_equal(trace_writer_finish(writer, TRACE_KEEP_SAMPLES, "", "", sha256, &again),
			 -EFBIG);
	assert_string_equal(err.text, again.text);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(trace_repair_folder(folder, false, note, &found, &summary, &err), 0);
	assert_int_equal(summary.repaired, 1);
	check_repaired(&found, kept);
}

/* The same for what makes copies: the old file stays. */
static void full_disk_spares_the_original(void **state)
{
	const char *folder = scratch_folder();
	struct trace_writer *writer = pattern_open(folder, false, 0);
	char sha256[TRACE_HASH_SIZE], path[TRACE_PATH_MAX];
	struct trace_repair_summary summary;
	struct trace_reader *reader;
	struct rlimit limit, old;
	struct err err = {""};

	(void)state;
	pattern_fill(writer, false, 300);
	assert_int_equal(trace_writer_finish(writer, TRACE_KEEP_SAMPLES, "", "", sha256, &err), 0);
	assert_int_equal(trace_file_path(folder, sha256, path, sizeof(path), &err), 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){200000, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(trace_archive(path, &err), -EFBIG);
	assert_non_null(strstr(err.text, "File too large"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	reader = pattern_reader(path);
	pattern_check_samples(reader);
	trace_reader_close(reader);
	assert_int_equal(trace_repair_folder(folder, true, NULL, NULL, &summary, &err), 0);
	assert_int_equal(summary.in_order, 1);
	assert_int_equal(summary.removed, 0);
}

static void unwritable_folder_is_an_error(void **state)
{
	struct trace_identity identity = pattern_identity();
	struct trace_options options = {.folder = "/nonexistent", .identity = &identity};
	struct trace_writer *writer;
	struct err err = {""};

	(void)state;
	assert_int_equal(trace_writer_open(&options, &writer, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/"));
	assert_non_null(strstr(err.text, "No such file"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_captures_are_repaired),
		cmocka_unit_test(living_captures_are_left_alone),
		cmocka_unit_test(killed_repair_loses_nothing),
		cmocka_unit_test(full_disk_is_an_error),
		cmocka_unit_test(full_disk_spares_the_original),
		cmocka_unit_test(unwritable_folder_is_an_error),
	};

	if (argc > 1)
		kills = (unsigned)strtoul(argv[1], NULL, 10);
	flushed = mmap(NULL, sizeof(*flushed), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (flushed == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
