/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Verify, drift, refit and compare on made-up nights: what moved is named, what did not is not, and
 * nights without any change fail no more often than stated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "bench/predictor/compare.h"
#include "bench/predictor/refit.h"
#include "tests/scratch.h"
#include "tests/unit/bench/predictor_store.h"

static const char *folder;

static const struct truth farm = {.boards = 3,
				  .levels = 2,
				  .models = 8,
				  .repeats = 2,
				  .k_j = 7e-10,
				  .miss_rel = 0.02,
				  .board_rel = 0.01,
				  .noise_rel = 5e-4,
				  .u_rel = 5e-4,
				  .gain_rel = 0.005,
				  .is_virtual = true,
				  .utc = "2026-03-01T01:00:00Z"};

static const struct verify_options usual = {
	.tolerance_rel = NAN, .significance = 0.01, .repeatability_rel = 1e-3};

static struct truth tonight(unsigned seed)
{
	struct truth truth = farm;

	truth.seed = seed;
	truth.utc = "2026-03-02T01:00:00Z";
	return truth;
}

static struct predictor *trained(const struct truth *truth)
{
	struct dataset dataset = truth_dataset(truth);
	struct predictor *predictor = truth_predictor(&dataset, "cycles");

	dataset_done(&dataset);
	return predictor;
}

static struct verify verified(const struct predictor *predictor, const struct dataset *dataset,
			      const struct verify_options *options)
{
	struct verify verify;
	struct err err = {""};

	if (verify_make(predictor, dataset, options, &verify, &err))
		fail_msg("%s", err.text);
	return verify;
}

static void quiet_nights_agree(void **state)
{
	struct predictor *predictor = trained(&farm);
	unsigned failed = 0;

	(void)state;
	for (unsigned night = 1; night <= 100; night++) {
		struct truth truth = tonight(night);
		struct dataset dataset = truth_dataset(&truth);
		struct verify verify = verified(predictor, &dataset, &usual);

		assert_int_equal(verify.checked, 12);
		assert_int_equal(verify.cells[0].seen, 8);
		failed += verify.failed;
		verify_done(&verify);
		dataset_done(&dataset);
	}
	print_message("%u of 100 quiet nights fail\n", failed);
	assert_true(failed <= 4);
	predictor_free(predictor);
}

static void the_cell_that_moved_is_named(void **state)
{
	struct predictor *predictor = trained(&farm);
	struct truth truth = tonight(3);
	struct dataset dataset;
	struct verify verify;
	unsigned moved = 0;

	(void)state;
	truth.shift_rel[1] = 0.01;
	dataset = truth_dataset(&truth);
	verify = verified(predictor, &dataset, &usual);
	assert_true(verify.failed);
	for (size_t c = 0; c < verify.count; c++) {
		const struct verify_cell *cell = &verify.cells[c];

		if (!cell->points)
			continue;
		assert_int_equal(cell->moved, !strcmp(cell->cell->board, "board-1") &&
						      !strcmp(cell->cell->response, "energy"));
		moved += cell->moved;
		if (cell->moved)
			assert_true(fabs(cell->bias.mean - 0.01) < 4 * cell->bias.u &&
				    cell->bias.u < 2e-3);
	}
	assert_int_equal(moved, 2);
	verify_done(&verify);
	dataset_done(&dataset);
	predictor_free(predictor);
}

/* More cycles than in training, and all that follows from them: what k*cycles says of the cycles of
 * tonight is right, and the network is slower nevertheless. The largest one, too. */
static void a_slower_kernel_is_no_feature(void **state)
{
	struct predictor *predictor = trained(&farm);
	struct truth truth = tonight(5);
	struct dataset dataset = truth_dataset(&truth);
	struct verify verify;

	(void)state;
	for (size_t i = 0; i < dataset.count; i++) {
		struct dataset_point *point = &dataset.points[i];

		if (strcmp(point->board, "board-1") != 0)
			continue;
		point->column[KIND_CYCLES] *= 1.03;
		point->column[KIND_TIME_S] *= 1.03;
		point->energy_j *= 1.03;
	}
	verify = verified(predictor, &dataset, &usual);
	for (size_t c = 0; c < verify.count; c++) {
		const struct verify_cell *cell = &verify.cells[c];
		bool slower = !strcmp(cell->cell->board, "board-1");

		if (!cell->points)
			continue;
		assert_int_equal(cell->outside, 0);
		assert_int_equal(cell->seen, 8);
		assert_int_equal(cell->moved, slower);
		assert_true(fabs(cell->bias.mean - (slower ? 0.03 : 0)) < 4 * cell->bias.u);
	}
	verify_done(&verify);
	dataset_done(&dataset);
	predictor_free(predictor);
}

static void tolerance_and_significance(void **state)
{
	struct predictor *predictor = trained(&farm);
	struct truth truth = tonight(4);
	struct verify_options options = usual;
	struct dataset dataset;
	struct verify verify;

	(void)state;
	truth.shift_rel[0] = 0.015;
	dataset = truth_dataset(&truth);
	options.significance = 0;
	verify = verified(predictor, &dataset, &options);
	assert_false(verify.failed);
	verify_done(&verify);
	options.tolerance_rel = 0.02;
	verify = verified(predictor, &dataset, &options);
	assert_false(verify.failed);
	verify_done(&verify);
	options.tolerance_rel = 0.01;
	verify = verified(predictor, &dataset, &options);
	assert_true(verify.failed && verify.cells[0].out_of_tolerance && !verify.cells[0].moved);
	verify_done(&verify);
	dataset_done(&dataset);
	predictor_free(predictor);
}

/* Networks that training has not seen: what the kind misses of them is part of the uncertainty. */
static void other_networks(void **state)
{
	struct predictor *predictor = trained(&farm);
	unsigned failed = 0;

	(void)state;
	for (unsigned night = 1; night <= 100; night++) {
		struct truth truth = tonight(night);
		struct dataset dataset;
		struct verify verify;

		truth.first_model = 100 * night;
		truth.boards = 1;
		dataset = truth_dataset(&truth);
		verify = verified(predictor, &dataset, &usual);
		for (size_t c = 0; c < verify.count; c++)
			assert_int_equal(verify.cells[c].seen, 0);
		assert_true(verify.cells[0].bias.u > 0.003);
		failed += verify.failed;
		verify_done(&verify);
		dataset_done(&dataset);
	}
	print_message("%u of 100 quiet nights with other networks fail\n", failed);
	assert_true(failed <= 5);
	predictor_free(predictor);
}

static void what_verify_refuses(void **state)
{
	struct predictor *predictor = trained(&farm);
	struct truth truth = tonight(5);
	struct dataset dataset;
	struct verify verify;
	struct err err = {""};

	(void)state;
	truth.is_virtual = false;
	dataset = truth_dataset(&truth);
	assert_int_equal(verify_make(predictor, &dataset, &usual, &verify, &err), -EINVAL);
	assert_non_null(strstr(err.text, "say nothing of each other"));
	for (size_t i = 0; i < dataset.count; i++)
		snprintf(dataset.points[i].board_uid, sizeof(dataset.points[i].board_uid),
			 "another");
	dataset.is_virtual = true;
	assert_int_equal(verify_make(predictor, &dataset, &usual, &verify, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no cell for any of the data"));
	assert_non_null(strstr(err.text, "another board behind its name"));
	dataset_done(&dataset);
	predictor_free(predictor);
}

/* Fifteen nights; from night 10 on board-2 takes 0.6 % more. */
static void a_step_between_nights(void **state)
{
	const struct dataset_wanted by_night = {.by_night = true};
	struct truth nights[15];
	char dates[15][32];
	struct dataset dataset;
	struct drifts drifts;
	struct err err = {""};

	(void)state;
	for (unsigned n = 0; n < 15; n++) {
		nights[n] = tonight(n);
		snprintf(dates[n], sizeof(dates[n]), "2026-03-%02uT01:00:00Z", n + 1);
		nights[n].utc = dates[n];
		nights[n].models = 1;
		nights[n].levels = 1;
		nights[n].shift_rel[2] = n >= 9 ? 0.006 : 0;
	}
	dataset = truth_dataset_of(nights, 15, &by_night);
	assert_int_equal(dataset.count, 45);
	assert_int_equal(drifts_make(&dataset, NULL, 0.01, &drifts, &err), 0);
	assert_int_equal(drifts.count, 3);
	assert_int_equal(drifts.found, 1);
	assert_true(drifts.false_alarm <= 0.0101);
	for (size_t i = 0; i < 3; i++)
		if (drifts.rows[i].change.found) {
			assert_string_equal(drifts.rows[i].point.board, "board-2");
			assert_string_equal(drifts.rows[i].change_night, "2026-03-10");
			assert_true(fabs(drifts.rows[i].change.shift_rel - 0.006) < 0.001);
		}
	drifts_done(&drifts);
	assert_int_equal(drifts_make(&dataset, "no such", 0.01, &drifts, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no network 'no such'"));
	assert_int_equal(drifts_make(&dataset, NULL, 0.9, &drifts, &err), -EINVAL);
	dataset_done(&dataset);
}

static const struct refit_row *row_find(const struct refit *refit, const char *board,
					const char *response, int64_t clock_hz)
{
	for (size_t i = 0; i < refit->count; i++) {
		const struct predictor_cell *cell = &refit->updated->cells[refit->rows[i].after];

		if (!strcmp(cell->board, board) && !strcmp(cell->response, response) &&
		    cell->clock_hz == clock_hz)
			return &refit->rows[i];
	}
	fail_msg("no row of %s", board);
	return NULL;
}

static void refit_keeps_what_is_right(void **state)
{
	struct predictor *predictor = trained(&farm), *again;
	const char *path = truth_path(folder, "refit.json"), *old = truth_path(folder, "old.json");
	struct truth truths[3] = {tonight(7), tonight(8), tonight(9)};
	struct dataset dataset;
	struct refit refit;
	const struct refit_row *row;
	struct err err = {""};

	(void)state;
	assert_int_equal(predictor_save(predictor, old, &err), 0);
	predictor_free(predictor);
	assert_int_equal(predictor_load(old, &predictor, &err), 0);
	truths[0].shift_rel[1] = 0.03; /* moved; board-2 has no data */
	truths[0].boards = 2;
	truths[1].boards = 1; /* a level that is new */
	truths[1].levels = 3;
	dataset = truth_dataset_of(truths, 2, NULL);
	assert_int_equal(refit_make(predictor, &dataset, &usual, false, &refit, &err), 0);
	row = row_find(&refit, "board-0", "energy", 16000000);
	assert_string_equal(row->state, "combined");
	assert_true(fabs(refit.updated->cells[row->after].estimate.value[0] /
				 row->before->estimate.value[0] -
			 1) < 0.003);
	assert_true(refit.updated->cells[row->after].estimate.u[0] <=
		    row->before->estimate.u[0] * 1.01);
	assert_true(refit.updated->cells[row->after].estimate.u[0] >=
		    row->before->estimate.u[0] * 0.9);
	row = row_find(&refit, "board-1", "energy", 32000000);
	assert_string_equal(row->state, "replaced");
	assert_true(fabs(refit.updated->cells[row->after].estimate.value[0] /
				 row->before->estimate.value[0] -
			 1.03) < 0.005);
	row = row_find(&refit, "board-2", "energy", 16000000);
	assert_string_equal(row->state, "kept");
	assert_memory_equal(&refit.updated->cells[row->after].estimate, &row->before->estimate,
			    sizeof(struct estimate));
	row = row_find(&refit, "board-0", "energy", 48000000);
	assert_string_equal(row->state, "added");
	assert_null(row->before);
	assert_int_equal(predictor_save(refit.updated, path, &err), 0);
	assert_int_equal(predictor_load(path, &again, &err), 0);
	assert_int_equal(again->lineage_count, 1);
	assert_string_equal(again->lineage[0].sha256, predictor->sha256);
	assert_int_equal(again->source_count, 2);
	predictor_free(again);
	refit_done(&refit);
	dataset_done(&dataset);
	predictor_free(predictor);
}

/* Its own data would make it more certain for nothing. */
static void refit_takes_no_window_twice(void **state)
{
	struct predictor *predictor = trained(&farm);
	struct dataset dataset = truth_dataset(&farm);
	struct refit refit;
	struct err err = {""};

	(void)state;
	assert_int_equal(refit_make(predictor, &dataset, &usual, false, &refit, &err), -EINVAL);
	assert_non_null(strstr(err.text, "rests on windows of made-up until 2026-03-01T01:00:00Z"));
	dataset_done(&dataset);
	predictor_free(predictor);
}

/* Moved, and a single network: no fit, so the old one is scaled. */
static void refit_scales_when_data_are_few(void **state)
{
	struct predictor *predictor = trained(&farm);
	struct truth truth = tonight(7);
	struct dataset dataset;
	struct refit refit;
	const struct refit_row *row;
	struct err err = {""};

	(void)state;
	truth.shift_rel[0] = 0.05;
	truth.models = 1;
	truth.boards = 1;
	dataset = truth_dataset(&truth);
	assert_int_equal(refit_make(predictor, &dataset, &usual, false, &refit, &err), 0);
	row = row_find(&refit, "board-0", "energy", 16000000);
	assert_string_equal(row->state, "scaled");
	assert_true(fabs(refit.updated->cells[row->after].estimate.value[0] /
				 row->before->estimate.value[0] -
			 1.05) < 0.005);
	assert_true(refit.updated->cells[row->after].estimate.u[0] > row->before->estimate.u[0]);
	refit_done(&refit);
	dataset_done(&dataset);
	predictor_free(predictor);
}

static void compare_tells_what_differs(void **state)
{
	struct predictor *a = trained(&farm), *b;
	struct truth truth = tonight(11);
	struct comparisons comparisons;
	struct err err = {""};
	unsigned alone = 0;

	(void)state;
	truth.gain_rel = 0;
	truth.shift_rel[1] = 0.1;
	truth.boards = 2;
	b = trained(&truth);
	assert_int_equal(comparisons_make(a, b, &comparisons, &err), 0);
	for (size_t i = 0; i < comparisons.count; i++) {
		const struct compare_row *row = &comparisons.rows[i];

		if (!row->a || !row->b) {
			alone++;
			continue;
		}
		assert_int_equal(row->coefficient_count, 1);
		assert_int_equal(row->points, 16);
		if (!strcmp(row->a->response, "energy")) {
			bool moved = !strcmp(row->a->board, "board-1");

			assert_int_equal(row->p_adjusted < 0.01, moved);
			assert_true(fabs(row->mean_rel - (moved ? 0.1 : 0)) < 0.01);
			assert_int_equal(row->coefficients[0].p < 0.01, moved);
		}
	}
	/* board-2 and the type are only in A: energy and time at two levels. */
	assert_int_equal(alone, 8);
	comparisons_done(&comparisons);
	predictor_free(a);
	predictor_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet_nights_agree),
		cmocka_unit_test(the_cell_that_moved_is_named),
		cmocka_unit_test(a_slower_kernel_is_no_feature),
		cmocka_unit_test(tolerance_and_significance),
		cmocka_unit_test(other_networks),
		cmocka_unit_test(what_verify_refuses),
		cmocka_unit_test(a_step_between_nights),
		cmocka_unit_test(refit_keeps_what_is_right),
		cmocka_unit_test(refit_takes_no_window_twice),
		cmocka_unit_test(refit_scales_when_data_are_few),
		cmocka_unit_test(compare_tells_what_differs),
	};

	folder = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
