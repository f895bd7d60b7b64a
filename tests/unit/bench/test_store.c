/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The store: rows come back as they went in, a point has one accepted row, foreign and newer files
 * are refused, and a process killed in the middle leaves whole rows.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "bench/store/columns.h"
#include "bench/store/store.h"
#include "tests/scratch.h"

static const char *folder;

static const char *path_of(const char *name)
{
	static char path[600];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* Every column gets a value of its own. */
static void fill(struct store_measurement *row, int seed)
{
	for (unsigned i = 0; i < store_column_count; i++) {
		const struct column *column = &store_columns[i];
		char *at = (char *)row + column->offset;
		int64_t integer = seed * 1000 + (int)i;
		double real = integer + 0.25;

		if (column->type == COLUMN_TEXT)
			snprintf(at, column->size, "t%lld", (long long)integer);
		else if (column->type == COLUMN_LONG_TEXT)
			memset(at, 0, column->size);
		else if (column->type == COLUMN_INTEGER)
			memcpy(at, &integer, sizeof(integer));
		else
			memcpy(at, &real, sizeof(real));
	}
	snprintf(row->verdict, sizeof(row->verdict), "accepted");
}

static int compare_row(void *context, const struct store_measurement *row)
{
	assert_memory_equal(row, context, sizeof(*row));
	return 0;
}

static void round_trip(void **state)
{
	struct store *store;
	struct store_measurement row = {0};
	struct err err = {""};

	(void)state;
	fill(&row, 1);
	row.cycles = INT64_MAX;
	row.id = 1; /* the database's */
	assert_int_equal(store_open(path_of("a.db"), true, &store, &err), 0);
	assert_int_equal(store_add(store, &row, &err), 0);
	assert_int_equal(store_each(store, true, compare_row, &row, &err), 0);
	store_close(store);
}

static int take_nan(void *context, const struct store_measurement *row)
{
	*(bool *)context = isnan(row->temp_before_c);
	return 0;
}

static void unknown_is_not_zero(void **state)
{
	struct store *store;
	struct store_measurement row = {0};
	struct err err = {""};
	bool is_nan = false;

	(void)state;
	fill(&row, 1);
	row.temp_before_c = NAN;
	assert_int_equal(store_open(path_of("nan.db"), true, &store, &err), 0);
	assert_int_equal(store_add(store, &row, &err), 0);
	assert_int_equal(store_each(store, true, take_nan, &is_nan, &err), 0);
	assert_true(is_nan);
	store_close(store);
}

static void one_accepted_row_per_point(void **state)
{
	struct store *store;
	struct store_measurement row = {0};
	struct err err = {""};
	bool done = true;

	(void)state;
	fill(&row, 2);
	assert_int_equal(store_open(path_of("b.db"), true, &store, &err), 0);
	assert_int_equal(store_point_done(store, row.point_key, &done, &err), 0);
	assert_false(done);
	snprintf(row.verdict, sizeof(row.verdict), "refused");
	assert_int_equal(store_add(store, &row, &err), 0);
	assert_int_equal(store_add(store, &row, &err), 0);
	assert_int_equal(store_point_done(store, row.point_key, &done, &err), 0);
	assert_false(done);
	snprintf(row.verdict, sizeof(row.verdict), "accepted");
	assert_int_equal(store_add(store, &row, &err), 0);
	assert_int_equal(store_add(store, &row, &err), -EEXIST);
	assert_int_equal(store_point_done(store, row.point_key, &done, &err), 0);
	assert_true(done);
	store_close(store);
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void expect_refused(const char *path, const char *says)
{
	struct store *store;
	struct err err = {""};

	assert_true(store_open(path, true, &store, &err) < 0);
	if (!strstr(err.text, says) || !strstr(err.text, path))
		fail_msg("'%s' lacks '%s' or the path", err.text, says);
}

static void foreign_files_are_refused(void **state)
{
	struct store *store;
	struct err err = {""};
	struct stat status;
	FILE *stream;

	(void)state;
	assert_int_equal(store_open(path_of("none.db"), false, &store, &err), -ENOENT);
	assert_int_equal(store_open(path_of("newer.db"), true, &store, &err), 0);
	store_close(store);
	run_sql(path_of("newer.db"), "PRAGMA user_version = 99");
	expect_refused(path_of("newer.db"), "newer");
	run_sql(path_of("other.db"), "CREATE TABLE t(x)");
	expect_refused(path_of("other.db"), "not a joulebench database");
	stream = fopen(path_of("text.db"), "w");
	fputs("this is not a database, and it is longer than a header would have to be", stream);
	fclose(stream);
	expect_refused(path_of("text.db"), "not a database");
	stream = fopen(path_of("empty.db"), "w");
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(store_open(path_of("empty.db"), false, &store, &err), -EINVAL);
	assert_non_null(strstr(err.text, "empty"));
	assert_int_equal(stat(path_of("empty.db"), &status), 0);
	assert_int_equal(status.st_size, 0);
}

/* The latest of a meter counts, and only of that meter in that rig. */
static void check_calibrations(struct store *store)
{
	struct store_calibration put = {.created_utc = "2026-01-01T00:00:00Z",
					.expires_utc = "2027-01-01T00:00:00Z",
					.rig = "r",
					.meter = "m",
					.meter_model = "ppk2",
					.meter_serial = "s",
					.meter_calibration = "{}",
					.is_virtual = 1,
					.method = "loads",
					.supply_v = 3.3,
					.supply_u_v = 0.005,
					.lines_json = (char *)"[1]",
					.points_json = (char *)"[2]"};
	struct store_calibration got;
	struct err err = {""};
	int64_t first, second;

	assert_int_equal(store_calibration_latest(store, "r", "m", &got, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no calibration of meter m"));
	assert_int_equal(store_calibration_add(store, &put, &first, &err), 0);
	put.lines_json = (char *)"[3]";
	assert_int_equal(store_calibration_add(store, &put, &second, &err), 0);
	snprintf(put.meter, sizeof(put.meter), "other");
	assert_int_equal(store_calibration_add(store, &put, &first, &err), 0);
	assert_int_equal(store_calibration_latest(store, "r", "m", &got, &err), 0);
	assert_int_equal(got.id, second);
	assert_string_equal(got.lines_json, "[3]");
	assert_string_equal(got.points_json, "[2]");
	assert_string_equal(got.expires_utc, put.expires_utc);
	assert_string_equal(got.meter, "m");
	assert_string_equal(got.meter_serial, "s");
	assert_true(got.is_virtual == 1 && got.supply_v == 3.3 && got.supply_u_v == 0.005);
	store_calibration_done(&got);
	assert_int_equal(store_calibration_latest(store, "other rig", "m", &got, &err), -ENOENT);
}

/* What an older schema does not have goes; a row stays as it was, and new columns are empty. */
static void make_older(const char *path, int version, const struct store_measurement *row,
		       struct store_measurement *ret_expected)
{
	struct store *store;
	struct err err = {""};
	char sql[200];

	assert_int_equal(store_open(path, true, &store, &err), 0);
	assert_int_equal(store_add(store, row, &err), 0);
	store_close(store);
	*ret_expected = *row;
	ret_expected->id = 1;
	for (unsigned i = 0; i < store_column_count; i++) {
		const struct column *column = &store_columns[i];
		const double unknown = NAN;

		if (column->since <= version)
			continue;
		snprintf(sql, sizeof(sql), "ALTER TABLE measurement DROP COLUMN %s", column->name);
		run_sql(path, sql);
		memset((char *)ret_expected + column->offset, 0, column->size);
		if (column->type == COLUMN_REAL)
			memcpy((char *)ret_expected + column->offset, &unknown, sizeof(unknown));
	}
	if (version < 4)
		run_sql(path, "DROP TABLE calibration");
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", version);
	run_sql(path, sql);
}

static void expect_brought_up_to_date(const char *path, int version)
{
	struct store_measurement row = {0}, expected;
	struct store *store;
	struct err err = {""};
	bool known = false;

	fill(&row, 3);
	make_older(path, version, &row, &expected);
	assert_int_equal(store_open(path, false, &store, &err), 0);
	assert_int_equal(store_each(store, true, compare_row, &expected, &err), 0);
	assert_int_equal(store_point_known(store, row.point_key, &known, &err), 0);
	assert_true(known);
	snprintf(row.point_key, sizeof(row.point_key), "another");
	assert_int_equal(store_point_known(store, row.point_key, &known, &err), 0);
	assert_false(known);
	assert_int_equal(store_add(store, &row, &err), 0);
	check_calibrations(store);
	store_close(store);
	assert_int_equal(store_open(path, false, &store, &err), 0);
	store_close(store);
}

static void older_schemas_are_brought_up_to_date(void **state)
{
	(void)state;
	expect_brought_up_to_date(path_of("two.db"), 2);
	expect_brought_up_to_date(path_of("three.db"), 3);
	expect_brought_up_to_date(path_of("four.db"), 4);
	expect_brought_up_to_date(path_of("five.db"), 5);
	run_sql(path_of("two.db"), "PRAGMA user_version = 1");
	expect_refused(path_of("two.db"), "schema 1 is not known");
}

static int count_row(void *context, const struct store_measurement *row)
{
	struct store_measurement expected = {0};

	fill(&expected, (int)row->attempt);
	expected.attempt = row->attempt;
	expected.id = (int64_t) * (unsigned *)context + 1;
	assert_memory_equal(row, &expected, sizeof(expected));
	++*(unsigned *)context;
	return 0;
}

static void add_for_ever(const char *path, int pipe_fd)
{
	struct store *store;
	struct err err = {""};

	if (store_open(path, true, &store, &err))
		_exit(1);
	for (int i = 1;; i++) {
		struct store_measurement row = {0};

		fill(&row, i);
		row.attempt = i;
		if (store_add(store, &row, &err) || write(pipe_fd, "x", 1) != 1)
			_exit(1);
	}
}

static void killed_writer_leaves_whole_rows(void **state)
{
	unsigned told = 0, found = 0;
	struct store *store;
	struct err err = {""};
	int ends[2];
	char bytes[64];
	ssize_t count;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child)
		add_for_ever(path_of("killed.db"), ends[1]);
	close(ends[1]);
	while (told < 40 && (count = read(ends[0], bytes, sizeof(bytes))) > 0)
		told += (unsigned)count;
	kill(child, SIGKILL);
	while ((count = read(ends[0], bytes, sizeof(bytes))) > 0)
		told += (unsigned)count;
	waitpid(child, NULL, 0);
	close(ends[0]);
	assert_int_equal(store_open(path_of("killed.db"), false, &store, &err), 0);
	assert_int_equal(store_each(store, true, count_row, &found, &err), 0);
	assert_in_range(found, told,
			told + 1); /* everything told, at most the one in flight more */
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(unknown_is_not_zero),
		cmocka_unit_test(one_accepted_row_per_point),
		cmocka_unit_test(foreign_files_are_refused),
		cmocka_unit_test(older_schemas_are_brought_up_to_date),
		cmocka_unit_test(killed_writer_leaves_whole_rows),
	};

	folder = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
