/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What to measure next: the proposal beats chance, on what predictions are truly worth afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "bench/predictor/next.h"
#include "tests/unit/bench/predictor_store.h"

enum { CANDIDATES = 40, BUDGET = 3, CHANCES = 30, WORLDS = 8 };

static const struct truth start = {.boards = 1,
				   .levels = 1,
				   .models = 4,
				   .repeats = 2,
				   .a_j = 1e-4,
				   .k_j = 7e-10,
				   .miss_rel = 0.01,
				   .noise_rel = 2e-4,
				   .u_rel = 2e-4,
				   .gain_rel = 0.003,
				   .utc = "2026-03-01T01:00:00Z"};

static void candidates_add(struct forecast *forecast, unsigned first)
{
	struct err err = {""};

	for (unsigned i = 0; i < CANDIDATES; i++) {
		struct forecast_network *network;

		assert_int_equal(forecast_add_cycles(forecast, truth_cycles(first + i), &err), 0);
		network = &forecast->networks[i];
		snprintf(network->model_sha256, sizeof(network->model_sha256), "sha-of-net-%03u",
			 first + i);
	}
}

/* Rms error of all candidates' energies, relative, after those of `picked` were measured too. */
static double error_after(const struct truth *truth, unsigned first, const unsigned *picked)
{
	struct truth truths[1 + BUDGET];
	struct dataset dataset;
	struct predictor *predictor;
	const struct predictor_cell *cell;
	double sum = 0;

	truths[0] = *truth;
	for (unsigned i = 0; i < BUDGET; i++) {
		truths[1 + i] = *truth;
		truths[1 + i].models = 1;
		truths[1 + i].first_model = first + picked[i];
	}
	dataset = truth_dataset_of(truths, 1 + BUDGET, NULL);
	predictor = truth_predictor(&dataset, "affine");
	cell = &predictor->cells[0];
	for (unsigned i = 0; i < CANDIDATES; i++) {
		double curve_j = truth->a_j + truth->k_j * truth_cycles(first + i);
		double predicted_j = cell->estimate.value[0] +
				     cell->estimate.value[1] * truth_cycles(first + i);

		sum += pow(predicted_j / curve_j - 1, 2) / CANDIDATES;
	}
	predictor_free(predictor);
	dataset_done(&dataset);
	return sqrt(sum);
}

static void the_proposal(const struct truth *truth, unsigned first, unsigned *ret_picked)
{
	const struct query query = {
		.temp_c = NAN, .core_v = NAN, .supply_v = NAN, .extrapolate = true};
	struct dataset dataset = truth_dataset(truth);
	struct predictor *predictor = truth_predictor(&dataset, "affine");
	struct forecast forecast = {.predictor = predictor, .query = &query};
	struct next next;
	struct err err = {""};

	candidates_add(&forecast, first);
	assert_int_equal(forecast_make(&forecast, &err), 0);
	assert_int_equal(next_make(&forecast, BUDGET, NULL, &next, &err), 0);
	assert_int_equal(next.count, BUDGET);
	for (unsigned i = 0; i < BUDGET; i++) {
		ret_picked[i] = (unsigned)(next.choices[i].network - forecast.networks);
		assert_true(next.choices[i].u_rel <
			    (i ? next.choices[i - 1].u_rel : next.u_before_rel));
		for (unsigned k = 0; k < i; k++)
			assert_true(ret_picked[k] != ret_picked[i]);
	}
	next_done(&next);
	forecast_done(&forecast);
	predictor_free(predictor);
	dataset_done(&dataset);
}

static void better_than_chance(void **state)
{
	double proposed = 0, chance = 0;
	unsigned wins = 0, seed = 7;

	(void)state;
	for (unsigned world = 0; world < WORLDS; world++) {
		struct truth truth = start;
		unsigned first = 100 + 1000 * world, picked[BUDGET];
		double mine;

		truth.first_model = 50 + 1000 * world;
		the_proposal(&truth, first, picked);
		mine = error_after(&truth, first, picked);
		proposed += mine / WORLDS;
		for (unsigned c = 0; c < CHANCES; c++) {
			double other;

			for (unsigned i = 0; i < BUDGET; i++)
				picked[i] = (unsigned)(truth_uniform(&seed) * CANDIDATES);
			if (picked[0] == picked[1] || picked[1] == picked[2] ||
			    picked[0] == picked[2]) {
				c--;
				continue;
			}
			other = error_after(&truth, first, picked);
			chance += other / WORLDS / CHANCES;
			wins += mine < other;
		}
	}
	print_message("rms error of the curve: proposed %.3f %%, by chance %.3f %%; better in %u "
		      "of %u\n",
		      100 * proposed, 100 * chance, wins, WORLDS * CHANCES);
	assert_true(proposed < 0.85 * chance);
	assert_true(wins > WORLDS * CHANCES * 0.6);
}

static void what_is_measured_is_not_proposed(void **state)
{
	const struct query query = {
		.temp_c = NAN, .core_v = NAN, .supply_v = NAN, .extrapolate = true};
	struct truth all = start;
	struct dataset dataset = truth_dataset(&start), more;
	struct predictor *predictor = truth_predictor(&dataset, "affine");
	struct forecast forecast = {.predictor = predictor, .query = &query}, none = forecast;
	struct next next;
	struct err err = {""};

	(void)state;
	candidates_add(&forecast, 0); /* the first four are of the training */
	assert_int_equal(forecast_make(&forecast, &err), 0);
	assert_int_equal(next_make(&forecast, 100, NULL, &next, &err), 0);
	assert_int_equal(next.count, CANDIDATES - 4);
	assert_int_equal(next.measured, 4);
	next_done(&next);
	all.models = CANDIDATES;
	more = truth_dataset(&all);
	assert_int_equal(next_make(&forecast, 1, &more, &next, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no candidate is left"));
	assert_int_equal(next_make(&none, 1, NULL, &next, &err), -EINVAL);
	forecast_done(&forecast);
	predictor_free(predictor);
	dataset_done(&dataset);
	dataset_done(&more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(better_than_chance),
		cmocka_unit_test(what_is_measured_is_not_proposed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
