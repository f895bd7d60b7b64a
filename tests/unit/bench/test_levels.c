/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock levels: what a plan's clocks mean on each board, and that the part files list what the
 * firmware has.
 */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/config/plan.h"
#include "bench/config/rig.h"
#include "bench/config/rig_parts.h"
#include "bench/session/virtual_board.h"
#include "drivers/dut/dut.h"
#include "tests/scratch.h"

static const char *folder;

/* --- resolving ------------------------------------------------------------------------------- */

static struct rig_board boards[] = {
	{.name = "l4", .levels = {{4000000, 26000000, 120000000}, 3}},
	{.name = "f7", .levels = {{16000000, 26000000, 216000000}, 3}},
	{.name = "c3", .levels = {{13333333}, 1}},
};
static const struct rig rig = {.name = "r", .boards = boards, .board_count = 3};

static struct plan *load_plan(const char *clocks)
{
	char path[600];
	struct plan *plan;
	struct err err = {""};
	FILE *stream;

	snprintf(path, sizeof(path), "%s/a.tflite", folder);
	stream = fopen(path, "w");
	assert_non_null(stream);
	fclose(stream);
	snprintf(path, sizeof(path), "%s/plan.yaml", folder);
	stream = fopen(path, "w");
	assert_non_null(stream);
	fprintf(stream,
		"plan: p\nmodels: [a.tflite]\nrepeats: 1\nwindow: 1 s\nidle: 1 s\nclocks:%s\n",
		clocks);
	fclose(stream);
	if (plan_load(path, &plan, &err))
		fail_msg("%s: %s", clocks, err.text);
	return plan;
}

static void print_all(const struct levels *levels, char *text, size_t size)
{
	size_t used = 0;

	for (unsigned i = 0; i < rig.board_count; i++)
		for (unsigned j = 0; j < levels[i].count; j++)
			used += (size_t)snprintf(text + used, size - used, "%s%.9g", j ? " " : "|",
						 levels[i].hz[j] / 1e6);
}

static void clocks_resolve(void **state)
{
	static const struct {
		const char *clocks, *levels;
	} rows[] = {
		{" all", "|4 26 120|16 26 216|13.333333"},
		{" [all]", "|4 26 120|16 26 216|13.333333"},
		{" fastest", "|120|216|13.333333"},
		{" [slowest]", "|4|16|13.333333"},
		{" [slowest, fastest]", "|4 120|16 216|13.333333"},
		{" [fastest, 120 MHz, slowest]", "|4 120|16 216|13.333333"},
		{" [26 MHz, fastest]", "|26 120|26 216|13.333333"},
		{" [26 MHz, 13333333 Hz]", "|26|26|13.333333"},
		{" [all, 26 MHz]", "|4 26 120|16 26 216|13.333333"},
		{"\n- 216 MHz\n- slowest", "|4|16 216|13.333333"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct plan *plan = load_plan(rows[i].clocks);
		struct levels *levels;
		struct err err = {""};
		char text[200] = "";

		if (levels_resolve(plan, &rig, &levels, &err))
			fail_msg("%s: %s", rows[i].clocks, err.text);
		print_all(levels, text, sizeof(text));
		assert_string_equal(text, rows[i].levels);
		free(levels);
		plan_free(plan);
	}
}

static void clocks_that_are_not_there(void **state)
{
	static const struct {
		const char *clocks, *where, *says;
	} rows[] = {
		{" [26 MHz, 27 MHz, slowest]", "plan.yaml:6:",
		 "no board of rig 'r' has a clock level of 27 MHz (there are 4, 13.333333, 16, 26, "
		 "120, "
		 "216 MHz)"},
		{"\n- 26 MHz\n- slowest\n- 13.33 MHz", "plan.yaml:9:", "13.33 MHz"},
		{" [26 MHz]", "plan.yaml:6:",
		 "board 'c3' has none of these clock levels (it has 13.333333 MHz)"},
		{" 216 MHz", "plan.yaml:6:", "board 'l4' has none"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct plan *plan = load_plan(rows[i].clocks);
		struct levels *levels;
		struct err err = {""};

		assert_int_equal(levels_resolve(plan, &rig, &levels, &err), -EINVAL);
		if (!strstr(err.text, rows[i].where) || !strstr(err.text, rows[i].says))
			fail_msg("'%s' lacks '%s' or '%s'", err.text, rows[i].where, rows[i].says);
		plan_free(plan);
	}
}

static void one_level_by_name(void **state)
{
	static const struct {
		const char *text;
		uint32_t hz; /* 0: refused */
	} rows[] = {{"slowest", 4000000},
		    {"fastest", 120000000},
		    {"26 MHz", 26000000},
		    {"27 MHz", 0},
		    {"all", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct levels_wanted wanted;
		struct err err = {""};
		uint32_t hz = 0;
		int ret;

		assert_int_equal(levels_wanted_parse(rows[i].text, &wanted, &err), 0);
		ret = levels_find(&boards[0].levels, &wanted, &hz, &err);
		assert_int_equal(ret, rows[i].hz ? 0 : -EINVAL);
		assert_int_equal(hz, rows[i].hz);
		assert_true(!ret || strstr(err.text, "(there are 4, 26, 120 MHz)"));
	}
}

static void more_levels_than_there_is_room_for(void **state)
{
	struct levels levels = {.count = 0};

	(void)state;
	for (unsigned i = LEVELS_MAX; i; i--)
		assert_int_equal(levels_add(&levels, i * 1000000), 0);
	for (unsigned i = 0; i < LEVELS_MAX; i++)
		assert_int_equal(levels.hz[i], (i + 1) * 1000000);
	assert_int_equal(levels_add(&levels, 1000000), 0);
	assert_int_equal(levels_add(&levels, 1), -ENOSPC);
	assert_int_equal(levels.count, LEVELS_MAX);
}

/* --- part files against the firmware ---------------------------------------------------------- */

typedef void part_check(const struct rig_part_board *part);

/* Every board's part file that ships. */
static void each_part(part_check *check)
{
	glob_t files;
	unsigned found = 0;

	assert_int_equal(glob("rigs/parts/*.yaml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct rig_part_board part;
		struct rig_part_meter meter;
		struct err err = {""};

		if (!rig_part_board_load(files.gl_pathv[i], &part, &err)) {
			check(&part);
			rig_part_board_done(&part);
			found++;
			continue;
		}
		if (rig_part_meter_load(files.gl_pathv[i], &meter, NULL))
			fail_msg("neither a meter's nor a board's: %s", err.text);
		part.file = meter.file;
		rig_part_board_done(&part);
	}
	globfree(&files);
	assert_true(found >= 4);
}

static void expect_same(const struct rig_part_board *part, const struct levels *firmware)
{
	char there[400], listed[400];

	levels_print(firmware, there, sizeof(there));
	levels_print(&part->board.levels, listed, sizeof(listed));
	if (strcmp(there, listed))
		fail_msg("%s: the firmware has %s, the part file lists %s", part->board.chip, there,
			 listed);
}

/* The rows of the table port_clock_levels[] begin with the frequency. */
static void check_against_source(const struct rig_part_board *part)
{
	static const char head[] = "port_clock_levels[] = {\n";
	char path[200], text[20000], *at;
	struct levels levels = {.count = 0};
	FILE *stream;
	size_t count;

	snprintf(path, sizeof(path), "firmware/ports/%s/clock.c", part->board.chip);
	stream = fopen(path, "r");
	if (!stream)
		fail_msg("%s: %s", path, strerror(errno));
	count = fread(text, 1, sizeof(text) - 1, stream);
	text[count] = 0;
	fclose(stream);
	at = strstr(text, head);
	assert_non_null(at);
	for (at += strlen(head); *at == '\t'; at = strchr(at, '\n') + 1) {
		unsigned hz;

		assert_int_equal(sscanf(at, " {%u,", &hz), 1);
		assert_int_equal(levels_add(&levels, hz), 0);
	}
	assert_true(levels.count > 0);
	expect_same(part, &levels);
}

static void parts_list_the_levels_of_the_source(void **state)
{
	(void)state;
	each_part(check_against_source);
}

static void firmware_path(const struct rig_part_board *part, char *path, size_t size)
{
	const char *build = getenv("JOULEBENCH_BUILD");

	snprintf(path, size, "%s/firmware/%s-O2.bin", build ? build : "build",
		 part->board.firmware);
}

/* What the firmware itself says on a virtual board. */
static void check_against_hello(const struct rig_part_board *part)
{
	const char *build = getenv("JOULEBENCH_BUILD");
	char program[300], firmware[300];
	struct virtual_board board;
	struct levels levels = {.count = 0};
	struct wire_hello_reply hello;
	struct err err = {""};
	struct dut *dut;

	snprintf(program, sizeof(program), "%s/bin/virtual-rig", build ? build : "build");
	firmware_path(part, firmware, sizeof(firmware));
	if (virtual_board_open(program, part->board.chip, firmware, &board, &err) ||
	    dut_open(board.link, &dut, &err) || dut_hello(dut, &hello, &err))
		fail_msg("%s: %s", part->board.chip, err.text);
	dut_close(dut);
	virtual_board_close(&board);
	for (unsigned i = 0; i < hello.clock_count; i++)
		assert_int_equal(levels_add(&levels, hello.clock_hz[i]), 0);
	expect_same(part, &levels);
}

static unsigned not_built;

static void count_not_built(const struct rig_part_board *part)
{
	char path[300];

	firmware_path(part, path, sizeof(path));
	not_built += access(path, R_OK) != 0;
}

static void parts_list_the_levels_of_the_built_firmware(void **state)
{
	(void)state;
	each_part(count_not_built);
	if (not_built) {
		print_message("the firmware of %u boards is not built\n", not_built);
		skip();
	}
	each_part(check_against_hello);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks_resolve),
		cmocka_unit_test(clocks_that_are_not_there),
		cmocka_unit_test(one_level_by_name),
		cmocka_unit_test(more_levels_than_there_is_room_for),
		cmocka_unit_test(parts_list_the_levels_of_the_source),
		cmocka_unit_test(parts_list_the_levels_of_the_built_firmware),
	};

	folder = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
