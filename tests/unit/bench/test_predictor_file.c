/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Predictor files: what is written is read again; a file of the first schema stays readable; newer
 * ones, and every key that is missing, unknown or wrong, are refused by name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "bench/predictor/query.h"
#include "tests/scratch.h"
#include "tests/unit/bench/predictor_store.h"

#define FIRST_SCHEMA "tests/golden/predictor-1.json"
/* Of 10^6 cycles on board-1, as that version said. */
#define ENERGY_J   0.00069802279344125028
#define ENERGY_U_J 9.8345308144578618e-06
#define TIME_S     0.06231306081754736

static const char *folder;

static struct predictor *made(void)
{
	const struct truth truth = {.boards = 3,
				    .levels = 1,
				    .models = 4,
				    .repeats = 2,
				    .k_j = 7e-10,
				    .miss_rel = 0.01,
				    .board_rel = 0.01,
				    .noise_rel = 5e-4,
				    .u_rel = 5e-4,
				    .gain_rel = 0.005,
				    .is_virtual = true,
				    .utc = "2026-03-01T01:00:00Z"};
	struct dataset dataset = truth_dataset(&truth);
	struct predictor *predictor;

	for (size_t i = 0; i < dataset.count; i++)
		for (unsigned c = 0; c < 2; c++)
			dataset.points[i].classes[c] = 1000.0 * c + (double)i;
	dataset.class_count = 2;
	snprintf(dataset.class_name[0], sizeof(dataset.class_name[0]), "multiply");
	snprintf(dataset.class_name[1], sizeof(dataset.class_name[1]), "load");
	predictor = truth_predictor(&dataset, "cycles");
	predictor->counts = json_pack("{s:s, s:[i, i]}", "schema", "any/9", "numbers", 1, 2);
	dataset_done(&dataset);
	return predictor;
}

static void what_is_written_is_read(void **state)
{
	const char *path = truth_path(folder, "a.json");
	struct predictor *predictor = made(), *again;
	json_t *one, *two;
	struct err err = {""};

	(void)state;
	assert_int_equal(predictor_save(predictor, path, &err), 0);
	if (predictor_load(path, &again, &err))
		fail_msg("%s", err.text);
	one = predictor_json(predictor);
	two = predictor_json(again);
	assert_true(json_equal(one, two));
	assert_true(again->is_virtual && again->cells[0].is_virtual);
	assert_int_equal(json_array_size(json_object_get(again->counts, "numbers")), 2);
	assert_int_equal(strlen(again->sha256), 64);
	json_decref(one);
	json_decref(two);
	predictor_free(again);
	predictor_free(predictor);
}

static json_t *at(json_t *root, const char *path)
{
	char text[200], *part, *rest = text;

	snprintf(text, sizeof(text), "%s", path);
	while ((part = strsep(&rest, "/")) && root)
		root = part[0] >= '0' && part[0] <= '9' ? json_array_get(root, (size_t)atoi(part))
							: json_object_get(root, part);
	return root;
}

static int load_json(json_t *root, struct predictor **ret_predictor, struct err *err)
{
	const char *path = truth_path(folder, "changed.json");

	assert_int_equal(json_dump_file(root, path, 0), 0);
	return predictor_load(path, ret_predictor, err);
}

static void refused(json_t *root, const char *sentence)
{
	struct predictor *predictor;
	struct err err = {""};
	int ret = load_json(root, &predictor, &err);

	if (ret != -EINVAL || !strstr(err.text, sentence) || !strstr(err.text, "changed.json"))
		fail_msg("%d '%s' does not say '%s'", ret, err.text, sentence);
}

static const struct {
	const char *object, *key, *value, *sentence;
} wrong[] = {
	{"", "schema", "\"joulebench.predictor/2\"",
	 "was written by a newer joulebench (joulebench.predictor/2, this one reads up to 1)"},
	{"", "schema", "\"joulebench.predictor/x\"", "has no version"},
	{"", "schema", "\"joulebench.count/1\"", "is no predictor but 'joulebench.count/1'"},
	{"", "schema", "1", "it has no \"schema\""},
	{"", "virtual", "1", "virtual: must be true or false"},
	{"", "virtual", "false", "cells[0]: is virtual, but the file's \"virtual\" says false"},
	{"", "vitrual", "true", "no key 'vitrual' is known here; did you mean 'virtual'?"},
	{"", "cells", "[]", "cells: holds 0 items"},
	{"", "cells", "3", "cells: must be a list"},
	{"cells/0", "kind", "\"energy-cubic\"", "cells[0].kind: no kind 'energy-cubic' is known"},
	{"cells/0", "kind", "\"time-proportional\"", "cells[0].response: is 'energy', but kind"},
	{"cells/0", "kind", "\"energy-affine\"", "cells[0].coefficients: holds 1 items; 2 to 2"},
	{"cells/0", "clock_hz", "2.5", "cells[0].clock_hz: must be a whole number"},
	{"cells/0", "clock_hz", "7", "cells[0].levels: must be the cell's clock_hz alone"},
	{"cells/0", "board", "\"a name that is longer than the sixty-three bytes that a board's "
			     "name can have\"",
	 "cells[0].board: must be a text of at most 63 bytes"},
	{"cells/0/coefficients/0", "unit", "\"mJ/cycle\"",
	 "cells[0].coefficients[0]: unit 'mJ/cycle' is not understood: 'k' is in J/cycle"},
	{"cells/0/coefficients/0", "name", "\"q\"", "the coefficient of kind"},
	{"cells/0/coefficients/0", "value", "null", "coefficients[0].value: must be a number"},
	{"cells/0/coefficients/0", "u", "-1", "u cannot be below 0"},
	{"cells/0/coefficients/0", "u", "1", "cells[0].covariance: [0][0] is not the square"},
	{"cells/0", "covariance", "[[1, 2]]", "cells[0].covariance[0]: must be a list of 1 num"},
	{"cells/0/fit", "dof", "0", "cells[0].fit.dof: 0 cannot be"},
	{"cells/0/training_range", "speed", "{\"min\": 1, \"max\": 2}",
	 "cells[0].training_range.speed: no such feature"},
	{"cells/0/training_range/cycles", "min", "1e300", "training_range.cycles: min is above max"},
	{"cells/0/training_points/1", "cycles", "null",
	 "cells[0].training_points[1]: lacks a feature"},
	{"cells/0/training_points/1", "u", "-1", "training_points[1].u: -1 cannot be"},
	{"cells/0/training_points/0", "instructions", "[1]", "must be a list of 2 numbers"},
	{"families/0/judged/0", "worst", "7", "families[0].judged[0].worst: must be a list"},
};

static void what_is_wrong_is_named(void **state)
{
	struct predictor *predictor = made();
	json_t *whole = predictor_json(predictor);

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		json_t *root = json_deep_copy(whole);
		json_t *object = *wrong[i].object ? at(root, wrong[i].object) : root;
		json_t *value = json_loads(wrong[i].value, JSON_DECODE_ANY, NULL);

		assert_non_null(object);
		assert_non_null(value);
		assert_int_equal(json_object_set_new(object, wrong[i].key, value), 0);
		refused(root, wrong[i].sentence);
		json_decref(root);
	}
	json_decref(whole);
	predictor_free(predictor);
}

static void key_away(json_t *root, json_t *object, const char *key, bool may)
{
	json_t *value = json_incref(json_object_get(object, key));
	struct predictor *predictor;
	struct err err = {""};
	int ret;

	json_object_del(object, key);
	ret = load_json(root, &predictor, &err);
	if (!ret)
		predictor_free(predictor);
	if (!may && (ret != -EINVAL || !strstr(err.text, key)))
		fail_msg("without '%s': %d '%s'", key, ret, err.text);
	json_object_set_new(object, key, value);
}

/* Takes each key of an object away in turn. */
static unsigned each_key_away(json_t *root, json_t *object, const char *const *optional)
{
	char keys[64][64];
	unsigned count = 0;
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
		snprintf(keys[count++], sizeof(keys[0]), "%s", key);
	for (unsigned i = 0; i < count; i++) {
		bool may = false;

		for (const char *const *o = optional; *o; o++)
			may |= !strcmp(*o, keys[i]);
		key_away(root, object, keys[i], may);
	}
	return count;
}

static void every_key_is_missed(void **state)
{
	static const char *const places[] = {"", "databases/0", "models/0", "families/0",
					     "families/0/judged/1", "cells/0", "cells/0/fit",
					     "cells/0/coefficients/0", "cells/0/levels/0",
					     "cells/0/training_points/0"};
	/* Features that may be unknown, and numbers that say how good a fit was. */
	static const char *const optional[] = {
		"note", "counts", "macs", "params", "mape_pct", "rmspe_pct", "median_error_pct",
		"p90_error_pct", "max_error_pct", "bias_pct", "r2", "within_5_pct_share",
		"within_10_pct_share", "inside_95_pct_interval_share", "training_mape_pct",
		"training_max_error_pct", "chi2", "birge_ratio", "residual_sd", "core_v", "temp_c",
		"stall_cycles", "time_s", "supply_v", "weights", "cycles", "memory_instructions",
		"multiply_instructions", "idle_power_w", NULL};
	struct predictor *predictor = made();
	json_t *root = predictor_json(predictor);
	unsigned count = 0;

	(void)state;
	for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
		json_t *object = *places[p] ? at(root, places[p]) : root;

		assert_non_null(object);
		count += each_key_away(root, object, optional);
	}
	print_message("%u keys taken away\n", count);
	assert_true(count > 90);
	json_decref(root);
	predictor_free(predictor);
}

/* Cut anywhere, the file is refused and nothing is lost. */
static void cut_files(void **state)
{
	const char *path = truth_path(folder, "b.json"), *cut = truth_path(folder, "cut.json");
	struct predictor *predictor = made(), *again;
	struct err err = {""};
	static char text[1 << 20];
	size_t size;
	FILE *file;

	(void)state;
	assert_int_equal(predictor_save(predictor, path, &err), 0);
	file = fopen(path, "r");
	size = fread(text, 1, sizeof(text), file);
	fclose(file);
	for (size_t end = 0; end + 2 < size; end += 1 + size / 97) {
		file = fopen(cut, "w");
		fwrite(text, 1, end, file);
		fclose(file);
		assert_int_equal(predictor_load(cut, &again, &err), -EINVAL);
	}
	assert_int_equal(predictor_load(folder, &again, &err), -EINVAL);
	assert_int_equal(predictor_load(truth_path(folder, "none.json"), &again, &err), -ENOENT);
	predictor_free(predictor);
}

/* Saving replaces a file as a whole or not at all. */
static void saving(void **state)
{
	struct predictor *predictor = made();
	const char *nowhere = truth_path(folder, "no/folder/a.json");
	struct err err = {""};

	(void)state;
	assert_int_equal(predictor_save(predictor, nowhere, &err), -ENOENT);
	assert_non_null(strstr(err.text, "a.json"));
	predictor_free(predictor);
}

/* Written by the first version that wrote any; its answer must never change. */
static void the_first_schema_stays_readable(void **state)
{
	struct predictor *predictor;
	struct query query = {.board = "board-1", .temp_c = NAN, .core_v = NAN, .supply_v = NAN};
	struct query_features features = {
		.cycles = 1e6, .stall_cycles = NAN, .macs = NAN, .params = NAN};
	struct query_place *places;
	struct answer energy, time;
	struct err err = {""};
	size_t count;

	(void)state;
	if (predictor_load(FIRST_SCHEMA, &predictor, &err))
		fail_msg("%s", err.text);
	assert_true(predictor->is_virtual);
	assert_int_equal(query_places(predictor, &query, &places, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_int_equal(query_answer(predictor, &query, places, &features, &energy, &time, &err),
			 0);
	assert_true(fabs(energy.value / ENERGY_J - 1) < 1e-9);
	assert_true(fabs(energy.u / ENERGY_U_J - 1) < 1e-9);
	assert_true(fabs(time.value / TIME_S - 1) < 1e-9);
	free(places);
	predictor_free(predictor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(every_key_is_missed),
		cmocka_unit_test(cut_files),
		cmocka_unit_test(saving),
		cmocka_unit_test(the_first_schema_stays_readable),
	};

	folder = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
