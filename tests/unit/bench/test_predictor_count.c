/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Count files ("joulebench count --json"): read, refused by key, used for predictions with layers,
 * and for instruction classes in fits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "bench/predictor/forecast.h"
#include "tests/scratch.h"
#include "tests/unit/bench/predictor_store.h"

static const char *folder;

static const struct truth plain = {.boards = 1,
				   .levels = 1,
				   .models = 10,
				   .repeats = 2,
				   .a_j = 2e-4,
				   .k_j = 7e-10,
				   .miss_rel = 0.003,
				   .noise_rel = 2e-4,
				   .u_rel = 2e-4,
				   .is_virtual = true,
				   .utc = "2026-03-01T01:00:00Z"};

static json_t *span(double cycles, int multiplies, int loads)
{
	return json_pack("{s:I, s:I, s:{s:i, s:i}, s:i, s:i}", "cycles", (json_int_t)cycles,
			 "board_cycles", (json_int_t)cycles, "classes", "multiply", multiplies,
			 "load", loads, "flash_stall_cycles", 7, "flash_fetch_stall_cycles", 3);
}

/* Of network m: three layers of a quarter, a quarter and a half of the cycles. */
static json_t *count_json(unsigned m)
{
	double cycles = truth_cycles(m);
	json_t *root = span(cycles, (int)(cycles / 3), (int)(cycles / 4 * (1 + 0.3 * sin(m))));
	json_t *layers = json_array();
	char name[32], sha[32];

	snprintf(name, sizeof(name), "net-%03u", m);
	snprintf(sha, sizeof(sha), "sha-of-net-%03u", m);
	for (unsigned i = 0; i < 3; i++) {
		json_t *layer = span(cycles / (i < 2 ? 4 : 2), 5, 6);

		json_object_update_new(
			layer, json_pack("{s:i, s:s}", "layer", (int)i, "operator", "CONV_2D"));
		json_array_append_new(layers, layer);
	}
	json_object_update_new(
		root,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:i, s:b, s:I, s:o}", "schema",
			  "joulebench.count/1", "model", name, "model_sha256", sha, "board",
			  "nucleo-l4r5zi", "chip", "stm32l4r5", "build", "O2", "runtime",
			  "optimised", "eliminate", false, "clock_hz", 16000000, "virtual", true,
			  "board_window_cycles", (json_int_t)cycles, "layers", layers));
	return root;
}

static const char *count_path(json_t *root, const char *name)
{
	const char *path = truth_path(folder, name);

	assert_int_equal(json_dump_file(root, path, 0), 0);
	json_decref(root);
	return path;
}

static void layers_are_predicted(void **state)
{
	struct dataset dataset = truth_dataset(&plain);
	struct predictor *predictor = truth_predictor(&dataset, "affine");
	const struct query query = {.temp_c = NAN, .core_v = NAN, .supply_v = NAN};
	struct forecast forecast = {.predictor = predictor, .query = &query};
	const struct forecast_row *row;
	json_t *json, *layers;
	double sum_j = 0, intercept_j = predictor->cells[0].estimate.value[0];
	struct err err = {""};

	(void)state;
	if (forecast_add_counts(&forecast, count_path(count_json(3), "three.json"), true, &err) ||
	    forecast_make(&forecast, &err))
		fail_msg("%s", err.text);
	assert_int_equal(forecast.count, 1);
	row = &forecast.rows[0];
	assert_string_equal(row->refused, "");
	assert_string_equal(row->cycles_from, "count, simulated");
	assert_true(fabs(row->energy.value / truth_energy_j(&plain, 0, 0, 3) - 1) < 0.02);
	json = forecast_json(&forecast);
	assert_true(json_is_true(json_object_get(json, "virtual")));
	layers = json_object_get(json_array_get(json_object_get(json, "predictions"), 0), "layers");
	assert_int_equal(json_array_size(layers), 3);
	for (size_t i = 0; i < 3; i++)
		sum_j += json_real_value(json_object_get(json_array_get(layers, i), "energy_j"));
	/* What every inference costs once is no layer's. */
	assert_true(fabs((sum_j + intercept_j) / row->energy.value - 1) < 1e-5);
	json_decref(json);
	forecast_done(&forecast);
	predictor_free(predictor);
	dataset_done(&dataset);
}

static void cycles_of_training_and_of_nowhere(void **state)
{
	struct dataset dataset = truth_dataset(&plain);
	struct predictor *predictor = truth_predictor(&dataset, "cycles");
	const struct query query = {.temp_c = NAN, .core_v = NAN, .supply_v = NAN};
	struct forecast_network networks[2] = {{.cycles = NAN, .time_s = NAN},
					       {.cycles = NAN, .time_s = NAN}};
	struct forecast forecast = {.predictor = predictor,
				    .query = &query,
				    .networks = networks,
				    .network_count = 2};
	struct err err = {""};

	(void)state;
	assert_int_equal(forecast_add_said(&forecast, 1, NAN, &err), -EINVAL);
	assert_non_null(strstr(err.text, "of one network, and 2 are given"));
	for (unsigned i = 0; i < 2; i++) {
		snprintf(forecast.networks[i].model_sha256,
			 sizeof(forecast.networks[i].model_sha256), "sha-of-net-%03u", i ? 777 : 5);
	}
	assert_int_equal(forecast_make(&forecast, &err), 0);
	assert_string_equal(forecast.rows[0].cycles_from, "measured in training");
	assert_true(forecast.rows[0].features.cycles == truth_cycles(5));
	assert_int_equal(forecast.refused, 1);
	assert_non_null(strstr(forecast.rows[1].refused, "give --cycles, --time, or --counts"));
	forecast.networks = NULL; /* this function's */
	forecast_done(&forecast);
	predictor_free(predictor);
	dataset_done(&dataset);
}

static void classes_come_into_fits(void **state)
{
	struct dataset dataset = truth_dataset(&plain);
	struct predictor *predictor;
	struct err err = {""};

	(void)state;
	for (unsigned m = 0; m < 10; m++) {
		char name[32];

		snprintf(name, sizeof(name), "c%u.json", m);
		assert_int_equal(
			dataset_add_instructions(&dataset, count_path(count_json(m), name), &err),
			0);
	}
	assert_int_equal(dataset.class_count, 2);
	assert_string_equal(dataset.class_name[1], "load");
	assert_true(dataset.points[4].classes[0] == floor(truth_cycles(4) / 3));
	assert_true(dataset.points[4].column[KIND_STALL_CYCLES] == 10);
	predictor = truth_predictor(&dataset, "classes");
	assert_int_equal(predictor->class_count, 2);
	/* Stalls, alike in all networks, stand for what every inference costs once. */
	assert_string_equal(predictor->families[0].energy, "classes-stall");
	assert_true(fabs(predictor->cells[0].estimate.value[0] * 10 / plain.a_j - 1) < 0.1);
	assert_string_equal(predictor_coefficient_name(predictor, &predictor->cells[0], 2), "load");
	predictor_free(predictor);
	dataset_done(&dataset);
}

/* Another chip's counts at the same clock say nothing, of training or of what is asked. */
static void counts_of_another_chip_are_not_taken(void **state)
{
	struct dataset dataset = truth_dataset(&plain);
	struct predictor *predictor = truth_predictor(&dataset, "affine");
	const struct query query = {.temp_c = NAN, .core_v = NAN, .supply_v = NAN};
	struct forecast forecast = {.predictor = predictor, .query = &query};
	json_t *root = count_json(99);
	struct err err = {""};
	const char *path;

	(void)state;
	json_object_set_new(root, "chip", json_string("stm32l552"));
	path = count_path(json_incref(root), "other.json");
	assert_int_equal(forecast_add_counts(&forecast, path, true, &err), 0);
	assert_int_equal(forecast_make(&forecast, &err), 0);
	assert_int_equal(forecast.refused, 1);
	assert_non_null(strstr(forecast.rows[0].refused, "give --cycles, --time, or --counts"));
	json_object_set_new(root, "model_sha256", json_string("sha-of-net-004"));
	path = count_path(root, "other.json");
	assert_int_equal(dataset_add_instructions(&dataset, path, &err), 0);
	assert_true(isnan(dataset.points[4].column[KIND_STALL_CYCLES]));
	forecast_done(&forecast);
	predictor_free(predictor);
	dataset_done(&dataset);
}

static const struct {
	const char *key, *value, *sentence;
} wrong[] = {
	{"schema", "\"joulebench.run/1\"", "is not what 'joulebench count --json' writes"},
	{"clock_hz", "1.5", "clock_hz: must be a whole number"},
	{"board_window_cycles", "-1", "board_window_cycles: must be a whole number"},
	{"model", "7", "model: must be a text"},
	{"classes", "{}", "classes: must be an object of 1 to 16 classes"},
	{"classes", "{\"multiply\": \"x\"}", "'multiply' is no count"},
	{"classes", "{\"other\": 1}", "layers[0].classes: 'multiply' is no count of a known class"},
	{"layers", "{}", "layers: must be a list"},
	{"layers", "[{\"layer\": 1}]", "layers[0].operator: must be a text"},
};

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		json_t *root = count_json(1);
		struct count_file file;
		struct err err = {""};
		int ret;

		json_object_set_new(root, wrong[i].key,
				    json_loads(wrong[i].value, JSON_DECODE_ANY, NULL));
		ret = count_file_load(count_path(root, "wrong.json"), &file, &err);
		if (ret != -EINVAL || !strstr(err.text, wrong[i].sentence) ||
		    !strstr(err.text, "wrong.json"))
			fail_msg("%d '%s' does not say '%s'", ret, err.text, wrong[i].sentence);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_are_predicted),
		cmocka_unit_test(cycles_of_training_and_of_nowhere),
		cmocka_unit_test(classes_come_into_fits),
		cmocka_unit_test(counts_of_another_chip_are_not_taken),
		cmocka_unit_test(what_is_wrong_is_named),
	};

	folder = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
