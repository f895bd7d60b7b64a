/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Submissions as they come out of drawers: edited by other programs, fetched halfway, linked
 * together, named by other file systems.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include <sys/stat.h>
#include <unistd.h>

#include "bench/import/file.h"
#include "bench/import/mlperf_tiny.h"
#include "tests/scratch.h"
#include "tests/unit/bench/tiny_submission.h"

static const char *scratch;
static struct submission submission;
static struct tiny_result result;
static unsigned folders;
static char folder[600];

static void write_new(void)
{
	snprintf(folder, sizeof(folder), "%s/%u", scratch, folders++);
	submission_write(&submission, folder);
}

static const struct tiny_finding *load(void)
{
	struct err err = {""};

	assert_int_equal(tiny_result_load(folder, NULL, &result, &err), 0);
	return tiny_result_reason(&result);
}

static void write_bytes(const char *name, const void *bytes, size_t count)
{
	FILE *stream = submission_open(folder, name);

	assert_int_equal(fwrite(bytes, 1, count, stream), count);
	fclose(stream);
}

static uint8_t *read_bytes(const char *name, size_t *ret_count)
{
	char path[PATH_MAX];
	struct err err = {""};
	uint8_t *bytes;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(import_file_read(path, 1 << 24, &bytes, ret_count, &err), 0);
	return bytes;
}

static const char *const texts[] = {"energy/results.txt", "energy/trace1-timestamps.json",
				    "performance/results.txt"};
enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

static void byte_order_marks_are_no_damage(void **state)
{
	(void)state;
	submission_fill(&submission);
	for (int i = 0; i < TEXTS; i++) {
		uint8_t *marked, *bytes;
		size_t count;

		write_new();
		bytes = read_bytes(texts[i], &count);
		marked = malloc(count + 3);
		memcpy(marked, "\xef\xbb\xbf", 3);
		memcpy(marked + 3, bytes, count);
		write_bytes(texts[i], marked, count + 3);
		if (load())
			fail_msg("%s: %s", texts[i], tiny_result_reason(&result)->text);
		assert_int_equal(result.window_count, 5);
		free(marked);
		free(bytes);
	}
	/* Of a trace it is damage. */
	write_new();
	write_bytes("energy/trace1-energy.bin", "\xef\xbb\xbf\xf1xxxxyyyy", 12);
	assert_int_equal(load()->reason, IMPORT_TRACE_HEADER);
}

static void foreign_files_are_named(void **state)
{
	static const struct {
		const char *bytes;
		size_t count; /* 0: up to its end */
		const char *hint;
	} kinds[] = {
		{"\xff\xfe"
		 "0\0"
		 "1\0",
		 6, "UTF-16"},
		{"\xfe\xff\0"
		 "0\0"
		 "1",
		 6, "UTF-16"},
		{"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 12345\n", 0,
		 "git lfs pull"},
		{"/annex/objects/SHA256E-s280--4d.bin\n", 0, "git-annex"},
		{"\x1f\x8b\x08\0\0\0\0\0\0\x03", 10, "gzip"},
		{"PK\x03\x04\x14\0\0\0\x08\0", 10, "zip"},
		{"<!DOCTYPE html><title>404</title>", 0, "web page"},
	};
	static const char *const names[] = {"energy/trace1-energy.bin", "energy/results.txt",
					    "energy/trace1-timestamps.json",
					    "performance/results.txt"};

	(void)state;
	submission_fill(&submission);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (int n = 0; n < 4; n++) {
			const struct tiny_finding *reason;

			write_new();
			write_bytes(names[n], kinds[i].bytes,
				    kinds[i].count ? kinds[i].count : strlen(kinds[i].bytes));
			reason = load();
			assert_non_null(reason);
			if (!strstr(reason->text, kinds[i].hint) || !strstr(reason->text, names[n]))
				fail_msg("%s as %s: '%s'", names[n], kinds[i].hint, reason->text);
		}
	assert_string_equal(import_foreign_hint((const uint8_t *)"P", 1), "");
}

static void edges_in_other_units(void **state)
{
	static const struct {
		double factor;
		const char *unit;
	} units[] = {{1e3, "milliseconds"}, {1e6, "microseconds"}, {1e9, "nanoseconds"}};

	(void)state;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		const struct tiny_finding *reason;

		submission_fill(&submission);
		write_new();
		for (size_t e = 0; e < submission.edge_count; e++)
			submission.edges_s[e] *= units[i].factor;
		submission_write_timestamps(&submission, folder);
		reason = load();
		assert_non_null(reason);
		assert_int_equal(reason->reason, IMPORT_MARKER_OUTSIDE);
		assert_non_null(strstr(reason->text, units[i].unit));
		assert_non_null(strstr(reason->text, "trace1-timestamps.json"));
	}
}

static void move(const char *from, const char *to)
{
	char old[700], new[700];

	snprintf(old, sizeof(old), "%s/%s", folder, from);
	snprintf(new, sizeof(new), "%s/%s", folder, to);
	assert_int_equal(rename(old, new), 0);
}

static void link_to(const char *target, const char *name)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(symlink(target, path), 0);
}

/* A result whose parts are links is read like any other. */
static void parts_may_be_links(void **state)
{
	struct tiny_tree tree;
	struct err err = {""};

	(void)state;
	submission_fill(&submission);
	write_new();
	move("energy", ".store");
	link_to(".store", "energy");
	move("performance", ".other");
	link_to(".other", "performance");
	move(".store/trace1-energy.bin", ".blob");
	link_to("../.blob", "energy/trace1-energy.bin");
	assert_int_equal(tiny_tree_find(folder, &tree, &err), 0);
	assert_int_equal(tree.count, 1);
	assert_int_equal(tree.skipped, 0);
	assert_null(load());
	tiny_tree_done(&tree);
}

/* What may be a result and is not read is counted and named. */
static void nothing_is_left_out_silently(void **state)
{
	struct tiny_tree tree;
	struct err err = {""};
	char parent[600], path[700];

	(void)state;
	submission_fill(&submission);
	write_new();
	move("energy", "Energy");
	assert_int_equal(tiny_tree_find(folder, &tree, &err), -EINVAL);
	assert_non_null(strstr(err.text, "/Energy"));
	snprintf(parent, sizeof(parent), "%s/%u", scratch, folders++);
	mkdir(parent, 0777);
	snprintf(folder, sizeof(folder), "%.500s/kws", parent);
	submission_write(&submission, folder);
	snprintf(path, sizeof(path), "%s/ad", parent);
	assert_int_equal(symlink("kws", path), 0);
	snprintf(path, sizeof(path), "%s/__MACOSX", parent); /* of archives: "._results.txt" */
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/__MACOSX/kws", parent);
	submission_write(&submission, path);
	snprintf(path, sizeof(path), "%s/nowhere", parent);
	assert_int_equal(symlink("nothing", path), 0);
	snprintf(path, sizeof(path), "%s/README", parent);
	assert_int_equal(symlink("kws/energy/results.txt", path), 0);
	assert_int_equal(tiny_tree_find(parent, &tree, &err), 0);
	assert_int_equal(tree.count, 1);
	assert_int_equal(tree.skipped, 1);
	assert_non_null(strstr(tree.first_skipped, "/ad"));
	tiny_tree_done(&tree);
	/* Too deep for a result, as some sources beside the results lie. */
	for (int i = 0; i < 30; i++) {
		snprintf(parent + strlen(parent), sizeof(parent) - strlen(parent), "/d");
		mkdir(parent, 0777);
	}
	parent[strlen(parent) - 60] = 0;
	assert_int_equal(tiny_tree_find(parent, &tree, &err), 0);
	assert_int_equal(tree.count, 1);
	assert_int_equal(tree.skipped, 2);
	tiny_tree_done(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(byte_order_marks_are_no_damage),
		cmocka_unit_test(foreign_files_are_named),
		cmocka_unit_test(edges_in_other_units),
		cmocka_unit_test(parts_may_be_links),
		cmocka_unit_test(nothing_is_left_out_silently),
	};

	scratch = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
