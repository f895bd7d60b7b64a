/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Users' tables: values arrive per window, and every mistake is told with its line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "bench/import/csv.h"
#include "bench/import/rows.h"
#include "tests/scratch.h"

#define HEADER "board,model,cycles,energy_j,energy_u_j\n"

static int parse(const char *text, struct csv_rows *rows, struct err *err)
{
	return csv_parse("my.csv", (const uint8_t *)text, strlen(text), rows, err);
}

static void a_table(void **state)
{
	static const char text[] =
		"\xEF\xBB\xBFmodel, board "
		",cycles,energy_j,energy_u_j,energy_u_independent_j,time_s,clock_hz,"
		"inferences,supply_v,supply_u_v,gain_u_rel,macs,virtual\r\n"
		"\r\n# remark\r\n"
		"\"net, "
		"\"\"a\"\"\",nucleo,1000.5,2e-6,3e-8,1e-8,0.001,120000000,10,3.3,0.01,0.005,77,"
		"1\r\n"
		"b,nucleo,10,1e-6,1e-9,,,,,,,,,\r\n";
	struct csv_rows rows;
	struct err err = {""};
	const struct store_measurement *row;

	(void)state;
	assert_int_equal(parse(text, &rows, &err), 0);
	assert_int_equal(rows.count, 2);
	row = &rows.rows[0];
	assert_string_equal(row->model, "net, \"a\"");
	assert_string_equal(row->board, "nucleo");
	assert_string_equal(row->source, "import csv");
	assert_string_equal(row->runtime, "imported-virtual");
	assert_string_equal(row->model_sha256, "name:net, \"a\"");
	assert_int_equal(row->cycles, 10005);
	assert_int_equal(row->inferences, 10);
	assert_int_equal(row->clock_hz, 120000000);
	assert_int_equal(row->model_macs, 77);
	assert_int_equal(row->is_virtual, 1);
	assert_true(fabs(row->energy_j - 2e-5) < 1e-18 && fabs(row->energy_u_j - 3e-7) < 1e-18);
	assert_true(fabs(row->energy_u_independent_j - 1e-7) < 1e-18);
	assert_true(fabs(row->duration_s - 0.01) < 1e-15 && fabs(row->supply_u_v - 0.01) < 1e-15);
	row = &rows.rows[1];
	assert_string_equal(row->runtime, "imported");
	assert_true(fabs(row->energy_u_independent_j - 1e-9) < 1e-20);
	assert_true(isnan(row->duration_s) && isnan(row->supply_v));
	assert_int_equal(row->is_virtual, 0);
	csv_rows_done(&rows);
}

/* By its time alone, with what was around it. */
static void a_table_without_cycles(void **state)
{
	static const char text[] =
		"board,model,energy_j,energy_u_j,time_s,supply_v,ambient_c,idle_power_w\n"
		"b,m,1e-3,1e-6,0.02,3,43,0.006\n";
	struct csv_rows rows;
	struct err err = {""};

	(void)state;
	assert_int_equal(parse(text, &rows, &err), 0);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.rows[0].cycles, 0);
	assert_true(rows.rows[0].ambient_c == 43);
	assert_true(fabs(rows.rows[0].idle_current_a - 2e-3) < 1e-18);
	csv_rows_done(&rows);
}

static const struct {
	const char *text, *says;
} wrong[] = {
	{"", "my.csv: holds no header"},
	{"# only remarks\n", "my.csv: holds no header"},
	{HEADER, "my.csv: holds no row"},
	{"board;model;cycles\n", "my.csv:1: columns are separated by commas"},
	{"board,model,cycles,energy_mj,energy_u_j\n", "did you mean 'energy_j'?"},
	{"board,model,cycles,Energy_J,energy_u_j\n", "my.csv:1: no column 'Energy_J' is known"},
	{"board,model,cycles,energy_j,energy_u_j,\n", "my.csv:1: no column '' is known"},
	{"board,model,cycles,energy_j,energy_u_j,model\n",
	 "my.csv:1: column 'model' is there twice"},
	{"\nboard,model,energy_j,energy_u_j\n", "my.csv:2: neither column 'cycles' nor 'time_s' is"},
	{"board,model,energy_j,energy_u_j,time_s\nb,m,1e-6,1e-9,\n", "cycles and time_s are both"},
	{"board,model,cycles,energy_j,energy_u_j,idle_power_w\nb,m,1,1e-6,1e-9,0.1\n",
	 "idle_power_w without supply_v"},
	{HEADER "b,m,1,1e-6\n", "my.csv:2: 4 fields, the header has 5 columns"},
	{HEADER "b,m,1,1e-6,1e-9,\n", "my.csv:2: 6 fields, the header has 5 columns"},
	{HEADER "b,m,1,1e-6,1e-9\nb,m,1,1 uJ,1e-9\n", "my.csv:3: energy_j: '1 uJ' is not a number"},
	{HEADER "b,m,1,\"1,5\",1e-9\n", "my.csv:2: energy_j: '1,5' is not a number"},
	{HEADER "b,m,1,nan,1e-9\n", "my.csv:2: energy_j: 'nan' is not a number"},
	{HEADER "b,m,1,inf,1e-9\n", "is not a number"},
	{HEADER "b,m,1,1e999,1e-9\n", "is not a number"},
	{HEADER "b,m,1,0x10,1e-9\n", "is not a number"},
	{HEADER "b,m,1,-1e-6,1e-9\n", "energy_j: -1e-06 cannot be"},
	{HEADER "b,m,1,0,1e-9\n", "energy_j: 0 cannot be"},
	{HEADER "b,m,0,1e-6,1e-9\n", "cycles: 0 cannot be"},
	{HEADER "b,m,1,1e-6,0\n", "energy_u_j: 0 cannot be"},
	{HEADER "b,m,1,1e-6,\n", "my.csv:2: energy_u_j is empty"},
	{HEADER "b,,1,1e-6,1e-9\n", "my.csv:2: model is empty"},
	{HEADER "b,\"m,1,1e-6,1e-9\n", "my.csv:2: a quote is not closed"},
	{HEADER "b,\"m\"x,1,1e-6,1e-9\n", "follows a closed quote"},
	{HEADER "b,m\tn,1,1e-6,1e-9\n", "control character"},
	{"board,model,cycles,energy_j,energy_u_j,clock_hz\nb,m,1,1e-6,1e-9,1.5\n",
	 "clock_hz: '1.5' is no whole number"},
	{"board,model,cycles,energy_j,energy_u_j,supply_u_v\nb,m,1,1e-6,1e-9,0.1\n",
	 "supply_u_v without supply_v"},
	{"board,model,cycles,energy_j,energy_u_j,energy_u_independent_j\nb,m,1,1e-6,1e-9,1e-8\n",
	 "larger than it"},
};

static void every_mistake(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct csv_rows rows;
		struct err err = {""};

		assert_int_equal(parse(wrong[i].text, &rows, &err), -EINVAL);
		if (!strstr(err.text, wrong[i].says))
			fail_msg("'%s' lacks '%s'", err.text, wrong[i].says);
	}
}

/* Equal lines are repeats; a longer file adds what is new in it. */
static void lines_are_points(void **state)
{
	struct import_count count = {0};
	struct csv_rows rows;
	struct store *store;
	struct err err = {""};
	char path[700];

	(void)state;
	snprintf(path, sizeof(path), "%s/csv.db", scratch_folder());
	assert_int_equal(store_open(path, true, &store, &err), 0);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(parse(round ? HEADER
					       "b,m,1,1e-6,1e-9\nb,m,1,1e-6,1e-9\nb,m,2,2e-6,1e-9\n"
					     : HEADER "b,m,1,1e-6,1e-9\nb,m,1,1e-6,1e-9\n",
				       &rows, &err),
				 0);
		for (size_t i = 0; i < rows.count; i++)
			assert_int_equal(import_row_add(store, &rows.rows[i], &count, &err), 0);
		csv_rows_done(&rows);
	}
	assert_int_equal(count.added, 3);
	assert_int_equal(count.known, 2);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table),
		cmocka_unit_test(a_table_without_cycles),
		cmocka_unit_test(every_mistake),
		cmocka_unit_test(lines_are_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
