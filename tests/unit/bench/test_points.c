/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The points of a plan: every combination once, each under a key of its own, in an order that the
 * seed decides. What is not the same measurement has not the same key.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/session/points.h"
#include "tests/scratch.h"

enum { MODELS = 3, CLOCKS = 2, BUILDS = 2, REPEATS = 4, BOARDS = 2 };
enum { POINTS = MODELS * CLOCKS * BUILDS * REPEATS };
static const uint32_t clocks_hz[BOARDS][CLOCKS] = {{26000000, 120000000}, {10000000, 160000000}};

static char *model_paths[MODELS] = {"a", "b", "c"};
static char *builds[BUILDS] = {"O2", "O3"};
static struct plan plan;
static struct rig_board boards[BOARDS];
static struct rig rig;
static struct model_image images[MODELS];
static struct session_model models[MODELS];
static struct levels levels[BOARDS];
static struct session_firmware firmwares[BOARDS * BUILDS];
static struct session_work work;

static void make_work(void)
{
	plan = (struct plan){.models = model_paths,
			     .model_count = MODELS,
			     .builds = builds,
			     .build_count = BUILDS,
			     .repeats = REPEATS,
			     .seed = 7,
			     .input_seed = 1};
	boards[0].name = "one";
	boards[1].name = "two";
	rig = (struct rig){.boards = boards, .board_count = BOARDS};
	for (int i = 0; i < MODELS; i++) {
		snprintf(images[i].sha256, sizeof(images[i].sha256), "%064d", 0);
		images[i].sha256[0] = (char)('1' + i);
		models[i].image = &images[i];
	}
	for (unsigned i = 0; i < BOARDS; i++) {
		levels[i].count = CLOCKS;
		memcpy(levels[i].hz, clocks_hz[i], sizeof(clocks_hz[i]));
	}
	for (unsigned i = 0; i < BOARDS * BUILDS; i++)
		firmwares[i].crc32 = 0x1000 + i;
	work = (struct session_work){
		.plan = &plan, .rig = &rig, .models = models, .levels = levels, .firmwares = firmwares};
}

static struct point *points_of(unsigned board)
{
	size_t count = 0;
	struct point *points = points_of_board(&work, board, &count);

	assert_non_null(points);
	assert_int_equal(count, (size_t)plan.model_count * levels[board].count * plan.build_count *
					plan.repeats);
	return points;
}

static void every_combination_once(void **state)
{
	bool seen[MODELS][CLOCKS][BUILDS][REPEATS] = {0};
	struct point *points;

	(void)state;
	make_work();
	points = points_of(1);
	for (int i = 0; i < POINTS; i++) {
		const struct point *p = &points[i];

		assert_int_equal(p->board, 1);
		assert_in_range(p->model, 0, MODELS - 1);
		assert_in_range(p->clock, 0, CLOCKS - 1);
		assert_int_equal(p->clock_hz, clocks_hz[1][p->clock]);
		assert_in_range(p->build, 0, BUILDS - 1);
		assert_in_range(p->repeat, 0, REPEATS - 1);
		assert_false(seen[p->model][p->clock][p->build][p->repeat]);
		seen[p->model][p->clock][p->build][p->repeat] = true;
	}
	free(points);
}

static void keys_are_unique(void **state)
{
	struct point *points[BOARDS];

	(void)state;
	make_work();
	for (unsigned board = 0; board < BOARDS; board++)
		points[board] = points_of(board);
	for (int i = 0; i < BOARDS * POINTS; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(points[i / POINTS][i % POINTS].key,
						points[j / POINTS][j % POINTS].key);
	for (unsigned board = 0; board < BOARDS; board++)
		free(points[board]);
}

/* How many points are at another place, by their keys. */
static int moved(const struct point *a, const struct point *b)
{
	int count = 0;

	for (int i = 0; i < POINTS; i++)
		count += strcmp(a[i].key, b[i].key) != 0;
	return count;
}

static int moved_combinations(const struct point *a, const struct point *b)
{
	int count = 0;

	for (int i = 0; i < POINTS; i++)
		count += a[i].model != b[i].model || a[i].clock != b[i].clock ||
			 a[i].build != b[i].build || a[i].repeat != b[i].repeat;
	return count;
}

static void the_seed_decides_the_order(void **state)
{
	struct point *first, *again, *other;

	(void)state;
	make_work();
	first = points_of(0);
	again = points_of(0);
	plan.seed = 8;
	other = points_of(0);
	assert_int_equal(moved(first, again), 0);
	assert_true(moved(first, other) > POINTS / 2);
	free(first);
	free(again);
	free(other);
}

/* In the order of the plan the four repeats of a combination are neighbours. */
static void the_order_is_random(void **state)
{
	struct point *points;
	int neighbours = 0;

	(void)state;
	make_work();
	points = points_of(0);
	for (int i = 1; i < POINTS; i++)
		neighbours += points[i].model == points[i - 1].model &&
			      points[i].clock == points[i - 1].clock &&
			      points[i].build == points[i - 1].build;
	assert_true(neighbours < POINTS / 4);
	free(points);
}

static const char *only_key(void)
{
	static char key[sizeof(((struct point *)0)->key)];
	struct point *points;

	plan.model_count = plan.build_count = plan.repeats = levels[0].count = 1;
	points = points_of(0);
	memcpy(key, points[0].key, sizeof(key));
	free(points);
	return key;
}

static void other_bytes_are_another_point(void **state)
{
	char key[sizeof(((struct point *)0)->key)];

	(void)state;
	make_work();
	snprintf(key, sizeof(key), "%s", only_key());
	plan.seed = 99; /* the order is no part of a point */
	assert_string_equal(only_key(), key);
	firmwares[0].crc32 ^= 1;
	assert_string_not_equal(only_key(), key);
	make_work();
	images[0].sha256[15] ^= 1;
	assert_string_not_equal(only_key(), key);
	make_work();
	plan.input_seed++;
	assert_string_not_equal(only_key(), key);
}

/* Boards of different levels: each gets its own, under the frequency's key. */
static void points_are_of_the_board_s_own_levels(void **state)
{
	struct point *points;
	unsigned at_160 = 0;
	size_t count;

	(void)state;
	make_work();
	levels[1].count = 1;
	levels[1].hz[0] = 160000000;
	free(points_of(0));
	points = points_of(1);
	count = POINTS / CLOCKS;
	for (size_t i = 0; i < count; i++)
		at_160 += strstr(points[i].key, "|160000000|") && points[i].clock_hz == 160000000;
	assert_int_equal(at_160, count);
	free(points);
}

/* A key is the same text from one version to the next: databases are resumed by it. */
static void the_key_is_as_ever(void **state)
{
	(void)state;
	make_work();
	assert_string_equal(only_key(),
			    "one|1000000000000000|00000000|00000001|O2|00001000|portable|26000000|0");
}

static void temperatures_come_one_after_the_other(void **state)
{
	double temperatures_c[] = {43, 21, -5.5};
	struct point *points, *again;
	size_t count, each;

	(void)state;
	make_work();
	again = points_of(0);
	plan.temperatures_c = temperatures_c;
	plan.temperature_count = 3;
	assert_int_equal(points_temperatures(&plan), 3);
	points = points_of_board(&work, 0, &count);
	each = count / 3;
	assert_int_equal(each, POINTS);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(points[i].temperature, i / each);
		assert_true(point_key_has_temperature(points[i].key));
		assert_true(strstr(points[i].key, "|43degC|") || points[i].temperature != 0);
		assert_true(strstr(points[i].key, "|-5.5degC|") || points[i].temperature != 2);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(points[i].key, points[j].key);
	}
	/* each is a whole plan, in an order of its own */
	assert_int_equal(points[0].model, again[0].model);
	assert_true(moved_combinations(points, points + each) > POINTS / 2);
	assert_false(point_key_has_temperature(again[0].key));
	points_keep_temperature(&plan, 1, points, &count);
	assert_int_equal(count, each);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(points[i].temperature, 1);
	assert_string_equal(point_repeat(&work, &points[0], 7).key + point_key_stem(points[0].key),
			    "|7");
	free(points);
	free(again);
}

/* The longest names there are leave room for the numbers at the key's end. */
static void the_longest_key_fits(void **state)
{
	static char name[RIG_NAME_MAX + 1];
	static char build[] = "0123456789abcdef";
	static char *long_builds[] = {build};
	static double temperature_c = -39.97;
	struct point *points;

	(void)state;
	make_work();
	memset(name, 'n', RIG_NAME_MAX);
	boards[0].name = name;
	plan.builds = long_builds;
	plan.temperatures_c = &temperature_c;
	plan.temperature_count = 1;
	plan.build_count = plan.model_count = levels[0].count = 1;
	plan.repeats = 10000;
	levels[0].hz[0] = 4000000000u;
	points = points_of(0);
	for (unsigned i = 0; i < plan.repeats; i++) {
		char tail[40];

		snprintf(tail, sizeof(tail), "|4000000000|-39.97degC|%u", points[i].repeat);
		assert_true(strlen(points[i].key) > strlen(tail));
		assert_string_equal(points[i].key + strlen(points[i].key) - strlen(tail), tail);
	}
	free(points);
}

/* The same model under two names would be one point twice. */
static void the_same_model_twice_is_refused(void **state)
{
	const char *folder = scratch_folder();
	char first[600], second[600], firmware[600], command[2000];
	char *paths[] = {first, second};
	struct levels_wanted fastest = {.word = LEVELS_FASTEST};
	struct session_work prepared = {0};
	struct err err = {""};
	FILE *stream;

	(void)state;
	make_work();
	assert_int_equal(model_generate("ds-cnn", 1, 3, folder, &err), 0);
	snprintf(first, sizeof(first), "%s/ds-cnn-000.tflite", folder);
	snprintf(second, sizeof(second), "%s/other-name.tflite", folder);
	snprintf(command, sizeof(command), "cp '%s' '%s'", first, second);
	assert_int_equal(system(command), 0);
	snprintf(firmware, sizeof(firmware), "%s/stem-O2.bin", folder);
	stream = fopen(firmware, "w");
	assert_non_null(stream);
	fputs("firmware", stream);
	fclose(stream);
	boards[0].firmware = "stem";
	boards[0].levels = (struct levels){{4000000, 120000000}, 2};
	plan.clocks = &fastest;
	plan.clock_count = 1;
	rig.board_count = plan.build_count = 1;
	plan.models = paths;
	plan.model_count = 1;
	assert_int_equal(session_work_prepare(&plan, &rig, folder, &prepared, &err), 0);
	assert_int_equal(prepared.levels[0].count, 1);
	assert_int_equal(prepared.levels[0].hz[0], 120000000);
	session_work_done(&prepared);
	plan.model_count = 2;
	assert_int_equal(session_work_prepare(&plan, &rig, folder, &prepared, &err), -EINVAL);
	assert_non_null(strstr(err.text, "are the same file"));
	plan.model_count = 1;
	assert_int_equal(session_work_prepare(&plan, &rig, "/nowhere", &prepared, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/stem-O2.bin"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_once),
		cmocka_unit_test(keys_are_unique),
		cmocka_unit_test(the_seed_decides_the_order),
		cmocka_unit_test(the_order_is_random),
		cmocka_unit_test(other_bytes_are_another_point),
		cmocka_unit_test(points_are_of_the_board_s_own_levels),
		cmocka_unit_test(the_key_is_as_ever),
		cmocka_unit_test(temperatures_come_one_after_the_other),
		cmocka_unit_test(the_longest_key_fits),
		cmocka_unit_test(the_same_model_twice_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
