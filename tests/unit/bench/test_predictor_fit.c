/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Predictors fitted from databases of a known truth: coefficients, choice, errors, cells, answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "bench/predictor/curves.h"
#include "bench/predictor/query.h"
#include "tests/scratch.h"
#include "tests/unit/bench/predictor_store.h"

static const char *folder;

static const struct truth plain = {.boards = 1,
				   .levels = 2,
				   .models = 12,
				   .repeats = 3,
				   .a_j = 0,
				   .k_j = 7e-10,
				   .miss_rel = 0.01,
				   .noise_rel = 5e-4,
				   .u_rel = 5e-4,
				   .gain_rel = 0.005,
				   .is_virtual = true,
				   .utc = "2026-03-01T01:00:00Z"};

static const struct judged *judged_find(const struct predictor *predictor, const char *response,
					const char *left_out, const char *candidate)
{
	const struct predictor_family *family = &predictor->families[0];

	for (size_t i = 0; i < family->judged_count; i++)
		if (!strcmp(family->judged[i].response, response) &&
		    !strcmp(family->judged[i].left_out, left_out) &&
		    !strcmp(family->judged[i].candidate, candidate))
			return &family->judged[i];
	fail_msg("no errors of %s, %s left out, by %s", response, left_out, candidate);
	return NULL;
}

static void repeats_become_points(void **state)
{
	const char *path = truth_path(folder, "a.db");
	struct dataset dataset;
	struct err err = {""};
	const struct dataset_point *point;

	(void)state;
	truth_store(&plain, path);
	assert_int_equal(dataset_read(&path, 1, NULL, &dataset, &err), 0);
	point = &dataset.points[0];
	assert_int_equal(dataset.count, 24);
	assert_int_equal(dataset.windows, 72);
	assert_true(dataset.is_virtual);
	assert_int_equal(point->windows, 3);
	assert_true(fabs(point->energy_common_rel / 0.005 - 1) < 0.01);
	assert_true(point->energy_u_j / point->energy_j > 5e-4 / sqrt(3) * 0.99);
	assert_true(point->energy_u_j / point->energy_j < 1.5e-3);
	assert_true(point->column[KIND_CYCLES] == truth_cycles(0));
	assert_true(isnan(point->column[KIND_STALL_CYCLES]));
	dataset_done(&dataset);
}

static void truth_is_found(void **state)
{
	struct dataset dataset = truth_dataset(&plain);
	struct predictor *predictor = truth_predictor(&dataset, NULL);
	const struct judged *macs = judged_find(predictor, "energy", "model", "macs");
	const struct judged *chosen = judged_find(predictor, "energy", "model", "chosen");

	(void)state;
	assert_int_equal(predictor->family_count, 1);
	assert_string_equal(predictor->families[0].energy, "cycles");
	assert_int_equal(predictor->cell_count, 4); /* two levels, energy and time */
	for (unsigned l = 0; l < 2; l++) {
		const struct predictor_cell *cell = &predictor->cells[l];
		double k = 7e-10 * pow(0.9, l);

		assert_string_equal(cell->board_uid, "uid0");
		assert_int_equal(cell->clock_hz, (int64_t)truth_clock_hz(l));
		assert_true(fabs(cell->estimate.value[0] - k) < 4 * cell->estimate.u[0]);
		assert_true(cell->estimate.u[0] / k > 0.005); /* the gain */
		assert_true(cell->estimate.u[0] / k < 0.009);
		assert_true(cell->estimate.scatter_rel > 0.004 &&
			    cell->estimate.scatter_rel < 0.02);
		assert_int_equal(cell->point_count, 12);
		assert_int_equal(cell->models, 12);
		assert_true(cell->is_virtual);
	}
	assert_true(predictor->is_virtual);
	assert_true(chosen->is_nested);
	assert_int_equal(chosen->predicted, 24);
	assert_true(chosen->mape_pct > 0.3 && chosen->mape_pct < 2);
	assert_true(macs->is_baseline && macs->mape_pct > 10 * chosen->mape_pct);
	assert_true(chosen->inside_95_share > 0.8);
	predictor_free(predictor);
	dataset_done(&dataset);
}

static void affine_is_chosen_when_it_is_the_truth(void **state)
{
	struct truth truth = plain;
	struct dataset dataset;
	struct predictor *predictor;

	(void)state;
	truth.a_j = 2e-4;
	truth.miss_rel = 0.005;
	dataset = truth_dataset(&truth);
	predictor = truth_predictor(&dataset, NULL);
	assert_string_equal(predictor->families[0].energy, "affine");
	assert_true(fabs(predictor->cells[0].estimate.value[0] - 2e-4) <
		    4 * predictor->cells[0].estimate.u[0]);
	assert_true(judged_find(predictor, "energy", "model", "cycles")->mape_pct > 10);
	predictor_free(predictor);
	predictor = truth_predictor(&dataset, "cycles");
	assert_string_equal(predictor->families[0].energy, "cycles");
	predictor_free(predictor);
	dataset_done(&dataset);
}

/* The choice must not profit from what is left out: with pure noise for a second candidate the
 * nested error is not below the error of the truth. */
static void nested_errors_hold_the_choice(void **state)
{
	struct truth truth = plain;
	struct dataset dataset;
	struct predictor *predictor;
	double nested, best;

	(void)state;
	truth.models = 4;
	truth.miss_rel = 0.05;
	dataset = truth_dataset(&truth);
	predictor = truth_predictor(&dataset, NULL);
	nested = judged_find(predictor, "energy", "model", "chosen")->mape_pct;
	best = fmin(judged_find(predictor, "energy", "model", "cycles")->mape_pct,
		    judged_find(predictor, "energy", "model", "affine")->mape_pct);
	assert_true(nested >= best * (1 - 1e-9));
	predictor_free(predictor);
	dataset_done(&dataset);
}

static void boards_have_cells_and_a_type(void **state)
{
	struct truth truth = plain;
	struct dataset dataset;
	struct predictor *predictor;
	const struct judged *board;
	unsigned types = 0;

	(void)state;
	truth.boards = 5;
	truth.board_rel = 0.03;
	dataset = truth_dataset(&truth);
	predictor = truth_predictor(&dataset, "hierarchical-cycles");
	for (size_t c = 0; c < predictor->cell_count; c++) {
		const struct predictor_cell *cell = &predictor->cells[c];

		if (cell->board[0] || strcmp(cell->response, "energy") != 0)
			continue;
		types++;
		assert_int_equal(cell->point_count, 60);
		assert_true(cell->estimate.u[0] / cell->estimate.value[0] > 0.01);
		assert_true(cell->estimate.u[0] / cell->estimate.value[0] < 0.06);
		assert_true(cell->estimate.dof == 4);
	}
	assert_int_equal(types, 2);
	board = judged_find(predictor, "energy", "board", "hierarchical-cycles");
	assert_int_equal(board->predicted, 120);
	assert_true(board->mape_pct > 0.5 && board->mape_pct < 8);
	predictor_free(predictor);
	dataset_done(&dataset);
}

static void a_level_left_out(void **state)
{
	struct truth truth = plain;
	struct dataset dataset;
	struct predictor *predictor;
	const struct judged *level;

	(void)state;
	truth.levels = 4;
	truth.temperatures = 2;
	truth.models = 6;
	dataset = truth_dataset(&truth);
	assert_int_equal(dataset.points[dataset.count - 1].temp_cell, 1);
	predictor = truth_predictor(&dataset, "cycles");
	level = judged_find(predictor, "energy", "level", "cycles");
	assert_int_equal(level->predicted, 0);
	assert_string_equal(level->refused, "the others tell nothing of it");
	assert_int_equal(predictor->cell_count, 16); /* levels, temperatures, energy and time */
	predictor_free(predictor);
	dataset_done(&dataset);
}

/* One column proportional to another: named, not fitted. */
static void columns_that_cannot_be_told_apart(void **state)
{
	struct dataset dataset = truth_dataset(&plain);
	const struct build_options options = {.model = "stall"};
	struct build_refusals refusals;
	struct predictor *predictor;
	struct err err = {""};

	(void)state;
	for (size_t i = 0; i < dataset.count; i++)
		dataset.points[i].column[KIND_STALL_CYCLES] =
			0.25 * dataset.points[i].column[KIND_CYCLES];
	assert_int_equal(predictor_build(&dataset, &options, &predictor, &refusals, &err), -EINVAL);
	assert_non_null(strstr(err.text, ": k, s (condition index"));
	assert_int_equal(refusals.count, 2);
	build_refusals_done(&refusals);
	for (size_t i = 0; i < dataset.count; i++)
		dataset.points[i].column[KIND_STALL_CYCLES] *= 1 + 0.5 * sin((double)i);
	assert_int_equal(predictor_build(&dataset, &options, &predictor, &refusals, &err), 0);
	build_refusals_done(&refusals);
	predictor_free(predictor);
	dataset_done(&dataset);
}

static void refusals(void **state)
{
	const char *none = truth_path(folder, "none.db");
	struct truth truth = plain;
	const struct build_options unknown = {.model = "cubic"}, levels = {.model = "levels"};
	const struct dataset_wanted later = {.since_utc = "2027-01-01"};
	const char *path = truth_path(folder, "a.db"); /* of the first test */
	struct build_refusals why;
	struct predictor *predictor;
	struct dataset dataset;
	struct err err = {""};

	(void)state;
	assert_int_equal(dataset_read(&none, 1, NULL, &dataset, &err), -ENOENT);
	assert_int_equal(dataset_read(&path, 1, &later, &dataset, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no accepted window since 2027-01-01"));
	truth.levels = 1;
	dataset = truth_dataset(&truth);
	assert_int_equal(predictor_build(&dataset, &unknown, &predictor, &why, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no model 'cubic'"));
	build_refusals_done(&why);
	assert_int_equal(predictor_build(&dataset, &levels, &predictor, &why, &err), -EINVAL);
	assert_non_null(strstr(err.text, "two clock levels"));
	build_refusals_done(&why);
	dataset_done(&dataset);
}

/* Named twice, or a copy: more repeats than there are. Other windows at the same time are none. */
static void a_window_counts_once(void **state)
{
	const char *twice[2], *beside[2];
	struct truth truth = plain;
	struct dataset dataset;
	struct err err = {""};

	(void)state;
	twice[0] = twice[1] = beside[0] = truth_path(folder, "a.db"); /* of the first test */
	beside[1] = truth_path(folder, "beside.db");
	assert_int_equal(dataset_read(twice, 2, NULL, &dataset, &err), -EINVAL);
	assert_non_null(strstr(err.text, "hold the same windows"));
	truth.seed++;
	truth_store(&truth, beside[1]);
	assert_int_equal(dataset_read(beside, 2, NULL, &dataset, &err), 0);
	assert_int_equal(dataset.windows, 144);
	dataset_done(&dataset);
	truth_store(&plain, beside[1]);
	assert_int_equal(dataset_read(beside, 2, NULL, &dataset, &err), -EINVAL);
}

static struct query_features features_of(double cycles)
{
	return (struct query_features){
		.cycles = cycles, .stall_cycles = NAN, .macs = NAN, .params = NAN};
}

static void answers_and_their_range(void **state)
{
	struct dataset dataset = truth_dataset(&plain);
	struct predictor *predictor = truth_predictor(&dataset, NULL);
	struct query query = {.clock_hz = 32000000, .temp_c = NAN, .core_v = NAN, .supply_v = NAN};
	struct query_features features = features_of(1e6);
	struct query_place *places;
	struct answer energy, time;
	struct err err = {""};
	size_t count;

	(void)state;
	assert_int_equal(query_places(predictor, &query, &places, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_int_equal(query_answer(predictor, &query, places, &features, &energy, &time, &err),
			 0);
	assert_true(fabs(energy.value / (0.9 * 7e-10 * 1e6) - 1) < 0.02);
	assert_true(energy.low < 0.9 * 7e-10 * 1e6 && energy.high > 0.9 * 7e-10 * 1e6);
	assert_true(energy.u / energy.value > 0.006 && energy.u / energy.value < 0.03);
	assert_true(fabs(time.value * 32e6 * 1.003 / 1e6 - 1) < 1e-5);
	assert_string_equal(energy.outside, "");
	features = features_of(1e9);
	assert_int_equal(query_answer(predictor, &query, places, &features, &energy, &time, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "cycles 1e+09 (trained: "));
	query.extrapolate = true;
	assert_int_equal(query_answer(predictor, &query, places, &features, &energy, &time, &err),
			 0);
	assert_non_null(strstr(energy.outside, "cycles 1e+09"));
	query.extrapolate = false;
	features = features_of(NAN);
	assert_int_equal(query_answer(predictor, &query, places, &features, &energy, &time, &err),
			 -EINVAL);
	free(places);
	query.clock_hz = 5;
	assert_int_equal(query_places(predictor, &query, &places, &count, &err), -EINVAL);
	assert_non_null(strstr(err.text, "16 MHz, 32 MHz"));
	query = (struct query){.board = "stm32l4r5", .temp_c = NAN, .core_v = NAN};
	assert_int_equal(query_places(predictor, &query, &places, &count, &err), -EINVAL);
	assert_non_null(strstr(err.text, "three boards"));
	query = (struct query){.temp_c = 60, .core_v = NAN, .supply_v = NAN};
	features = features_of(1e6);
	assert_int_equal(query_places(predictor, &query, &places, &count, &err), 0);
	assert_int_equal(query_answer(predictor, &query, places, &features, &energy, &time, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "temp_c 60"));
	free(places);
	predictor_free(predictor);
	dataset_done(&dataset);
}

/* Intervals of networks that the fit has not seen hold them as often as they say. */
static void intervals_hold(void **state)
{
	struct truth truth = plain;
	unsigned inside = 0, all = 0;

	(void)state;
	truth.levels = 1;
	truth.repeats = 1;
	truth.gain_rel = 0;
	for (unsigned run = 0; run < 10; run++) {
		struct dataset dataset;
		struct predictor *predictor;
		struct query query = {.temp_c = NAN, .core_v = NAN, .supply_v = NAN,
				      .extrapolate = true};
		struct query_place *places;
		struct err err = {""};
		size_t count;

		truth.first_model = 100 * run;
		dataset = truth_dataset(&truth);
		predictor = truth_predictor(&dataset, "cycles");
		assert_int_equal(query_places(predictor, &query, &places, &count, &err), 0);
		for (unsigned m = 0; m < 60; m++, all++) {
			unsigned model = 5000 + 100 * run + m;
			struct query_features features = features_of(truth_cycles(model));
			double energy_j = truth_energy_j(&truth, 0, 0, model);
			struct answer energy, time;

			assert_int_equal(query_answer(predictor, &query, places, &features,
						      &energy, &time, &err),
					 0);
			inside += energy.low <= energy_j && energy_j <= energy.high;
		}
		free(places);
		predictor_free(predictor);
		dataset_done(&dataset);
	}
	print_message("%u of %u networks inside their 95 %% intervals\n", inside, all);
	assert_true(inside > all * 0.92 && inside < all * 0.985);
}

static void curves_fall(void **state)
{
	struct dataset dataset = truth_dataset(&plain);
	const struct build_options options = {.robust = false};
	struct curves curves;
	struct err err = {""};

	(void)state;
	assert_int_equal(curves_make(&dataset, &options, &curves, &err), 0);
	assert_int_equal(curves.count, 12);
	assert_string_equal(curves.rows[0].candidate, "cycles");
	assert_true(curves.rows[0].points[1].median_pct < 3);
	assert_true(curves.rows[0].better_than_baseline_from[0] <= 2);
	curves_done(&curves);
	dataset_done(&dataset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeats_become_points),
		cmocka_unit_test(truth_is_found),
		cmocka_unit_test(affine_is_chosen_when_it_is_the_truth),
		cmocka_unit_test(nested_errors_hold_the_choice),
		cmocka_unit_test(boards_have_cells_and_a_type),
		cmocka_unit_test(a_level_left_out),
		cmocka_unit_test(columns_that_cannot_be_told_apart),
		cmocka_unit_test(refusals),
		cmocka_unit_test(a_window_counts_once),
		cmocka_unit_test(answers_and_their_range),
		cmocka_unit_test(intervals_hold),
		cmocka_unit_test(curves_fall),
	};

	folder = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
