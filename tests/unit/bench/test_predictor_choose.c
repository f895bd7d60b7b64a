/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Families of few networks: choosing and fitting with the help of other families, never with what
 * is left out.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/predictor/build.h"
#include "bench/predictor/judging.h"

enum { FAMILIES = 8, NETWORKS = 4, POINTS = FAMILIES * NETWORKS };

static const double macs[NETWORKS] = {264192, 2656768, 12501632, 7489664},
		    weights[NETWORKS] = {265864, 22604, 77706, 210850};

struct farm {
	struct dataset_point points[POINTS];
	struct dataset dataset;
};

/* Boards of constant power but for what streaming weights takes off, and 1 % of scatter. */
static void farm_make(struct farm *farm, double streaming)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	memset(farm, 0, sizeof(*farm));
	farm->dataset.points = farm->points;
	farm->dataset.count = POINTS;
	for (size_t i = 0; i < POINTS; i++) {
		struct dataset_point *point = &farm->points[i];
		size_t f = i / NETWORKS, n = i % NETWORKS;
		double time_s = macs[n] * 5e-8 * (1 + gsl_ran_flat(rng, 0, 0.3));

		snprintf(point->chip, sizeof(point->chip), "chip%02zu", f);
		snprintf(point->board, sizeof(point->board), "board%02zu", f);
		snprintf(point->model, sizeof(point->model), "net%zu", n);
		snprintf(point->model_sha256, sizeof(point->model_sha256), "%064zu", n);
		point->clock_hz = 80000000;
		for (size_t c = 0; c < KIND_COLUMNS; c++)
			point->column[c] = NAN;
		point->column[KIND_TIME_S] = time_s;
		point->column[KIND_CYCLES] = time_s * 80e6;
		point->column[KIND_MACS] = macs[n];
		point->column[KIND_WEIGHTS] = weights[n];
		point->energy_j = (0.03 + 0.01 * (double)f) * time_s *
				  exp(streaming * weights[n] / macs[n] +
				      gsl_ran_gaussian(rng, 0.01));
		point->energy_u_j = 1e-4 * point->energy_j;
		point->energy_common_rel = 0.01;
		point->time_u_s = 1e-6 * time_s;
	}
	gsl_rng_free(rng);
}

static size_t family_index(size_t family, size_t ret_index[NETWORKS])
{
	for (size_t n = 0; n < NETWORKS; n++)
		ret_index[n] = family * NETWORKS + n;
	return NETWORKS;
}

static void nested(struct farm *farm, size_t family, struct judged *ret_judged, size_t *ret_best)
{
	static const struct fit_options options = {.scatter = SCATTER_RELATIVE};
	struct candidate candidates[BUILD_CANDIDATES_MAX];
	size_t index[NETWORKS], begin = family * NETWORKS;
	struct judging judging = {.dataset = &farm->dataset, .index = index, .options = &options};
	size_t count = build_candidates(&farm->dataset, begin, begin + NETWORKS, KIND_ENERGY_J,
					NULL, candidates);

	judging.count = family_index(family, index);
	assert_true(count >= 3);
	assert_int_equal(candidate_choose(&judging, candidates, count, CHOOSE_FOLDS, ret_best), 0);
	assert_int_equal(judge_nested(&judging, candidates, count, ret_judged), 0);
	printf("chosen: %s, networks left out %.2f %%\n", candidates[*ret_best].name,
	       ret_judged->mape_pct);
	*ret_best = !strcmp(candidates[*ret_best].name, "streaming");
}

/* Four networks do not tell; eight boards with four each do. */
static void what_others_show_is_chosen(void **state)
{
	struct judged judged;
	struct farm farm;
	size_t is_streaming;

	(void)state;
	farm_make(&farm, -0.1);
	nested(&farm, 5, &judged, &is_streaming);
	assert_true(is_streaming);
	assert_int_equal(judged.predicted, NETWORKS);
	assert_true(judged.mape_pct < 2.2); /* 1 % of scatter, and of a level from three points */
	farm_make(&farm, 0);
	nested(&farm, 5, &judged, &is_streaming);
	assert_false(is_streaming);
}

/* A board of virtual instruments is no ground to choose for a real one. */
static void virtual_boards_are_not_asked(void **state)
{
	struct judged judged;
	struct farm farm;
	size_t is_streaming;

	(void)state;
	farm_make(&farm, -0.1);
	for (size_t i = 0; i < POINTS; i++)
		farm.points[i].is_virtual = i / NETWORKS != 5;
	nested(&farm, 5, &judged, &is_streaming);
	assert_false(is_streaming);
}

/* The point left out may be anything: its prediction, made by what was chosen without it, is the
 * same. (Its error is the largest, so it is in the list of the worst.) */
static void what_is_left_out_is_not_looked_at(void **state)
{
	static const double factors[] = {1.6, 3, 40};
	double first = 0;

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		struct judged judged;
		struct farm farm;
		size_t is_streaming;
		double measured, predicted = NAN;

		farm_make(&farm, -0.1);
		measured = farm.points[5 * NETWORKS + 2].energy_j *= factors[k];
		nested(&farm, 5, &judged, &is_streaming);
		for (size_t w = 0; w < judged.worst_count; w++)
			if (!strcmp(judged.worst[w].model, "net2"))
				predicted = measured * (1 + judged.worst[w].error_pct / 100);
		first = k ? first : predicted;
		assert_true(fabs(predicted / first - 1) < 1e-12);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_others_show_is_chosen),
		cmocka_unit_test(virtual_boards_are_not_asked),
		cmocka_unit_test(what_is_left_out_is_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
