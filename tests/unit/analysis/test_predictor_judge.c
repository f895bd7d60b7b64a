/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Judging: hand-worked errors, residual structure, what is left out, learning curves.
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

#include "analysis/predictor/judge.h"
#include "analysis/predictor/left_out.h"
#include "analysis/trace/error.h"

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void errors_are_those_of_the_definitions(void **state)
{
	static const double predicted[] = {103, 92, 100, 120, 10.4},
			    measured[] = {100, 100, 100, 100, 10};
	static const double zero[] = {1, 0, 1, 1, 1};
	struct judgement judgement = {.count = 77};
	size_t worst[3];

	(void)state;
	assert_int_equal(judge_predictions(predicted, measured, 0, &judgement),
			 ANALYSIS_TOO_FEW_POINTS);
	assert_int_equal(judge_predictions(predicted, zero, 5, &judgement), ANALYSIS_ZERO_RESPONSE);
	assert_int_equal(judgement.count, 77);
	assert_int_equal(judge_predictions(predicted, measured, 5, &judgement), 0);
	assert_true(fabs(judgement.errors.mape_pct - (3 + 8 + 0 + 20 + 4) / 5.0) < 1e-12);
	assert_true(fabs(judgement.errors.rmspe_pct - sqrt((9 + 64 + 400 + 16) / 5.0)) < 1e-12);
	assert_true(judgement.errors.max_pct == 20 && judgement.errors.worst == 3);
	assert_true(fabs(judgement.errors.within_5_share - 0.6) < 1e-15);
	assert_true(fabs(judgement.errors.within_10_share - 0.8) < 1e-15);
	assert_true(fabs(judgement.bias_pct - (3 - 8 + 20 + 4) / 5.0) < 1e-12);
	assert_true(fabs(judgement.median_pct - 4) < 1e-12);
	/* mean 82; SST = 4 * 18^2 + 72^2 = 6480; SSR = 9 + 64 + 400 + 0.16 */
	assert_true(fabs(judgement.r2 - (1 - 473.16 / 6480)) < 1e-12);
	assert_int_equal(judge_worst(predicted, measured, 5, 3, worst), 3);
	assert_true(worst[0] == 3 && worst[1] == 1 && worst[2] == 4);
	assert_int_equal(judge_worst(predicted, measured, 2, 3, worst), 2);
	assert_true(worst[0] == 1 && worst[1] == 0);
}

/* ++++---- -+-+: 6 runs of 6 above and 6 below... by hand: expected 7, variance 6 * 5 / 11. */
static void structure_in_residuals_is_seen(void **state)
{
	static const double column[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	static const double residuals[] = {1, 1, 1, 1, -1, -1, -1, -1, 1, -1, 1, -1};
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct residual_structure structure;
	unsigned runs_small = 0, correlation_small = 0;
	double noise[50], place[50];

	(void)state;
	assert_int_equal(judge_residuals(residuals, column, 12, &structure), 0);
	assert_true(structure.above == 6 && structure.below == 6 && structure.runs == 6);
	assert_true(fabs(structure.runs_z - (6 - 7) / sqrt(30.0 / 11)) < 1e-12);
	for (size_t t = 0; t < 2000; t++) {
		for (size_t i = 0; i < 50; i++) {
			noise[i] = gsl_ran_gaussian(rng, 1);
			place[i] = gsl_ran_flat(rng, 0, 1);
		}
		assert_int_equal(judge_residuals(noise, place, 50, &structure), 0);
		runs_small += structure.runs_p < 0.05;
		correlation_small += structure.correlation_p < 0.05;
	}
	printf("of 2000 structureless: runs p < 5 %% in %u, correlation in %u\n", runs_small,
	       correlation_small);
	assert_true(runs_small > 60 && runs_small < 140);
	assert_true(correlation_small > 68 && correlation_small < 134);
	for (size_t i = 0; i < 50; i++)
		noise[i] += 2 * place[i];
	assert_int_equal(judge_residuals(noise, place, 50, &structure), 0);
	assert_true(structure.correlation_p < 0.05 && structure.rank_correlation > 0.3);
	for (size_t i = 0; i < 50; i++)
		noise[i] = sin(9 * place[i]);
	assert_int_equal(judge_residuals(noise, place, 50, &structure), 0);
	assert_true(structure.runs_p < 1e-6);
	for (size_t i = 0; i < 50; i++)
		place[i] = 3;
	assert_int_equal(judge_residuals(noise, place, 50, &structure), ANALYSIS_NO_SPREAD);
	assert_int_equal(judge_residuals(noise, place, 7, &structure), ANALYSIS_TOO_FEW_POINTS);
	gsl_rng_free(rng);
}

/* Networks whose energy follows cycles within 3 % (and a bit the stalls), MACs within a factor. */
enum { NETWORKS = 24, REPEATS = 3, POINTS = NETWORKS * REPEATS };

struct rig {
	double column[KIND_COLUMNS][POINTS], y[POINTS], u[POINTS];
	uint32_t group[POINTS];
	struct kind_table table;
};

static void rig_fill(struct rig *rig, gsl_rng *rng)
{
	memset(rig, 0, sizeof(*rig));
	for (size_t n = 0; n < NETWORKS; n++) {
		double cycles = exp(gsl_ran_flat(rng, log(1e5), log(1e7)));
		double stall = cycles * gsl_ran_flat(rng, 0, 0.5);
		double energy_j =
			(300e-12 * cycles - 80e-12 * stall) * (1 + gsl_ran_gaussian(rng, 0.01));
		double macs = cycles / exp(gsl_ran_gaussian(rng, 0.3)) / 3;

		for (size_t r = 0; r < REPEATS; r++) {
			size_t i = r * NETWORKS + n;

			rig->column[KIND_CYCLES][i] = cycles;
			rig->column[KIND_STALL_CYCLES][i] = stall;
			rig->column[KIND_MACS][i] = macs;
			rig->column[KIND_WEIGHTS][i] = macs / gsl_ran_flat(rng, 5, 200);
			rig->column[KIND_TIME_S][i] = cycles / 80e6;
			rig->group[i] = 100 + (uint32_t)n;
			rig->u[i] = 0.001 * energy_j;
			rig->y[i] = energy_j + gsl_ran_gaussian(rng, rig->u[i]);
		}
	}
	for (size_t c = KIND_CYCLES; c < KIND_COLUMNS; c++)
		rig->table.column[c] = rig->column[c];
	rig->table.points = (struct fit_points){.count = POINTS, .y = rig->y, .u_y = rig->u};
}

/* y = k x with u alike: k without a group is sum(xy) / sum(x^2) of the others. */
static void left_out_points_are_predicted_by_the_others(void **state)
{
	static double x[] = {1, 2, 3, 4, 5, 6}, y[] = {2.1, 4.3, 5.8, 8.4, 9.7, 12.6};
	static const double u[] = {1, 1, 1, 1, 1, 1};
	static const uint32_t group[] = {7, 9, 7, 3, 9, 3}, same[6] = {1, 1, 1, 1, 1, 1};
	const struct fit_options options = {.scatter = SCATTER_NONE};
	struct kind_table table = {.points = {.count = 6, .y = y, .u_y = u},
				   .column = {[KIND_CYCLES] = x}};
	const struct model_kind *kind = kind_find("energy-proportional");
	struct estimate_prediction predictions[6];
	uint32_t which = 0;

	(void)state;
	assert_int_equal(left_out_predict(kind, &table, &options, group, 0.9, predictions, NULL),
			 0);
	for (size_t i = 0; i < 6; i++) {
		double over = 0, under = 0, variance;

		for (size_t k = 0; k < 6; k++) {
			over += group[k] == group[i] ? 0 : x[k] * y[k];
			under += group[k] == group[i] ? 0 : x[k] * x[k];
		}
		variance = x[i] * x[i] / under + 1;
		assert_true(fabs(predictions[i].y - x[i] * over / under) < 1e-12);
		assert_true(fabs(predictions[i].u_point - sqrt(variance)) < 1e-12);
		assert_true(fabs(predictions[i].high - predictions[i].y -
				 1.6448536269514722 * sqrt(variance)) < 1e-9);
	}
	assert_int_equal(left_out_predict(kind, &table, &options, same, 0.9, predictions, NULL),
			 ANALYSIS_TOO_FEW_GROUPS);
	table.points.count = 3;
	kind = kind_find("energy-affine");
	assert_int_equal(left_out_predict(kind, &table, &options, group, 0.9, predictions, &which),
			 ANALYSIS_TOO_FEW_POINTS);
	assert_int_equal(which, 7);
}

/* Cycles beat the proxies, and cycles with stalls beat cycles, once there are networks enough. */
static void learning_curves_cross_where_they_should(void **state)
{
	static const char *const names[] = {"energy-proportional", "energy-stall", "energy-macs",
					    "energy-constant-power"};
	static const size_t sizes[] = {1, 2, 3, 5, 8, 12, 18};
	const struct fit_options options = {.scatter = SCATTER_RELATIVE};
	struct learning_point curves[ARRAY_COUNT(names)][ARRAY_COUNT(sizes)];
	struct learning_point again[ARRAY_COUNT(sizes)];
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	static struct rig rig;
	size_t too_many = NETWORKS;
	double groups = 0;

	(void)state;
	rig_fill(&rig, rng);
	for (size_t k = 0; k < ARRAY_COUNT(names); k++) {
		assert_int_equal(learning_curve(kind_find(names[k]), &rig.table, &options,
						rig.group, sizes, ARRAY_COUNT(sizes), 60, 42,
						curves[k]),
				 0);
		printf("%-22s", names[k]);
		for (size_t s = 0; s < ARRAY_COUNT(sizes); s++) {
			printf("  %zu: %.2f (%.2f..%.2f)%s", sizes[s], curves[k][s].median_pct,
			       curves[k][s].low_pct, curves[k][s].high_pct,
			       curves[k][s].refused ? "*" : "");
			assert_int_equal(curves[k][s].fits + curves[k][s].refused, 60);
			if (curves[k][s].fits)
				assert_true(curves[k][s].low_pct <= curves[k][s].median_pct &&
					    curves[k][s].median_pct <= curves[k][s].high_pct);
		}
		printf("\n");
	}
	assert_int_equal(learning_curve(kind_find(names[0]), &rig.table, &options, rig.group, sizes,
					ARRAY_COUNT(sizes), 60, 42, again),
			 0);
	assert_memory_equal(curves[0], again, sizeof(again));
	assert_true(learning_crossing(curves[0], curves[2], ARRAY_COUNT(sizes), &groups));
	assert_true(groups == 1);
	assert_true(learning_crossing(curves[1], curves[0], ARRAY_COUNT(sizes), &groups));
	assert_true(groups >= 1 && groups < 8);
	assert_false(learning_crossing(curves[2], curves[0], ARRAY_COUNT(sizes), &groups));
	assert_true(curves[1][6].median_pct < 2 && curves[2][6].median_pct > 15);
	assert_int_equal(learning_curve(kind_find(names[0]), &rig.table, &options, rig.group,
					&too_many, 1, 5, 1, again),
			 ANALYSIS_TOO_FEW_GROUPS);
	gsl_rng_free(rng);
}

static void crossings_are_interpolated(void **state)
{
	static const struct learning_point a[] = {{.groups = 2, .median_pct = 9},
						  {.groups = 4, .median_pct = 6},
						  {.groups = 8, .median_pct = 2}};
	static const struct learning_point b[] = {{.groups = 2, .median_pct = 5},
						  {.groups = 4, .median_pct = 5},
						  {.groups = 8, .median_pct = 5}};
	double groups = 0;

	(void)state;
	assert_true(learning_crossing(a, b, 3, &groups));
	assert_true(fabs(groups - 5) < 1e-12);
	assert_false(learning_crossing(b, a, 3, &groups));
	assert_true(learning_crossing(b, a, 2, &groups) && groups == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_those_of_the_definitions),
		cmocka_unit_test(structure_in_residuals_is_seen),
		cmocka_unit_test(left_out_points_are_predicted_by_the_others),
		cmocka_unit_test(learning_curves_cross_where_they_should),
		cmocka_unit_test(crossings_are_interpolated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
