/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The kinds of predictor: every row of the table, and boards of one type.
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

#include "analysis/predictor/bounds.h"
#include "analysis/predictor/hierarchy.h"
#include "analysis/predictor/judge.h"
#include "analysis/predictor/kinds.h"
#include "analysis/predictor/linear.h"
#include "analysis/trace/error.h"

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { LEVELS = 4, TEMPERATURES = 4, NETWORKS = 6, POINTS = LEVELS * TEMPERATURES * NETWORKS };
enum { CLASSES = 3 };

/* Networks at four levels of an STM32L4-like chip and four temperatures. */
struct rig {
	double column[KIND_COLUMNS][POINTS], classes[POINTS * CLASSES], y[POINTS], u[POINTS];
	struct kind_table table;
};

static void rig_fill(struct rig *rig, gsl_rng *rng)
{
	static const struct {
		double hz, core_v;
	} levels[LEVELS] = {{16e6, 1.0}, {26e6, 1.0}, {80e6, 1.2}, {120e6, 1.28}};

	memset(rig, 0, sizeof(*rig));
	for (size_t i = 0; i < POINTS; i++) {
		size_t network = i / (LEVELS * TEMPERATURES), level = i % LEVELS;
		double cycles = 1e6 * (double)(network + 1) * gsl_ran_flat(rng, 1, 1.5);

		rig->column[KIND_CYCLES][i] = cycles;
		rig->column[KIND_TIME_S][i] = cycles / levels[level].hz;
		rig->column[KIND_STALL_CYCLES][i] = cycles * gsl_ran_flat(rng, 0, 0.4);
		rig->column[KIND_MEMORY][i] = cycles * gsl_ran_flat(rng, 0.1, 0.4);
		rig->column[KIND_MULTIPLIES][i] = cycles * gsl_ran_flat(rng, 0.05, 0.5);
		rig->column[KIND_IDLE_W][i] = 1e-3 + gsl_ran_flat(rng, 0, 0.02);
		rig->column[KIND_CORE_V][i] = levels[level].core_v;
		rig->column[KIND_SUPPLY_V][i] = i % 3 ? 3.0 : 1.8;
		rig->column[KIND_TEMP_C][i] = 10 + 20 * (double)(i / LEVELS % TEMPERATURES);
		rig->column[KIND_MACS][i] = cycles / gsl_ran_flat(rng, 2, 6);
		rig->column[KIND_WEIGHTS][i] = gsl_ran_flat(rng, 1e4, 4e5);
		for (size_t c = 0; c < CLASSES; c++)
			rig->classes[i * CLASSES + c] = cycles * gsl_ran_flat(rng, 0.1, 0.5);
	}
	for (size_t c = KIND_CYCLES; c < KIND_COLUMNS; c++)
		rig->table.column[c] = rig->column[c];
	rig->table.classes = rig->classes;
	rig->table.class_count = CLASSES;
	rig->table.points = (struct fit_points){.count = POINTS, .y = rig->y, .u_y = rig->u};
}

static void rig_measure(struct rig *rig, const struct model_kind *kind, const double *truth,
			gsl_rng *rng, double noise_rel)
{
	double gradient[ESTIMATE_MAX];

	for (size_t i = 0; i < POINTS; i++) {
		double y = kind->value(&rig->table, i, truth, gradient);

		rig->u[i] = fmax(noise_rel, 1e-4) * fabs(y);
		rig->y[i] = y * (1 + gsl_ran_gaussian(rng, 1) * noise_rel);
	}
}

static void truth_fill(const struct model_kind *kind, double *ret_truth)
{
	static const double levels[] = {90e-12, 4e-4, 3e-5, 28}, log_linear[] = {0.03, -0.06, 0.08};
	static const struct {
		const char *unit;
		double value;
	} of_unit[] = {{"J", 1e-5}, {"W", 1e-3}, {"1", 0.9}, {"A", 2e-3}};

	for (size_t j = 0; j < ESTIMATE_MAX; j++)
		ret_truth[j] = kind->is_linear ? 1e-10 * (double)(j + 1) : 0;
	if (!kind->is_linear)
		memcpy(ret_truth, levels, sizeof(levels));
	if (kind->is_log_linear)
		memcpy(ret_truth, log_linear, sizeof(log_linear));
	for (size_t j = 0; kind->is_linear && j < kind->parameters; j++)
		for (size_t k = 0; k < ARRAY_COUNT(of_unit); k++)
			if (!strcmp(kind->parameter[j].unit, of_unit[k].unit))
				ret_truth[j] = of_unit[k].value;
}

/* Every row: found by its name, its gradient is that of its value, noise-free parameters come back,
 * and a table without one of its columns is refused by that column. */
static void every_kind_recovers_its_parameters(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	const struct fit_options options = {.scatter = SCATTER_NONE, .condition_max = 1e4};
	static struct rig rig;

	(void)state;
	rig_fill(&rig, rng);
	for (size_t k = 0; k < model_kinds_count; k++) {
		const struct model_kind *kind = &model_kinds[k];
		size_t parameters = kind_parameters(kind, &rig.table);
		double truth[ESTIMATE_MAX], gradient[ESTIMATE_MAX], unused[ESTIMATE_MAX];
		struct estimate fit;

		truth_fill(kind, truth);
		assert_ptr_equal(kind_find(kind->name), kind);
		for (size_t j = 0; j < parameters; j++) {
			double value, keep = truth[j], step = 1e-6 * keep;

			kind->value(&rig.table, 17, truth, gradient);
			truth[j] = keep + step;
			value = kind->value(&rig.table, 17, truth, unused);
			truth[j] = keep - step;
			value -= kind->value(&rig.table, 17, truth, unused);
			truth[j] = keep;
			assert_true(fabs(value / (2 * step) - gradient[j]) <
				    1e-5 * fabs(gradient[j]) + 1e-4 * fabs(value / step));
		}
		rig_measure(&rig, kind, truth, rng, 0);
		assert_int_equal(kind_fit(kind, &rig.table, &options, &fit, NULL), 0);
		for (size_t j = 0; j < parameters; j++)
			assert_true(fabs(fit.value[j] / truth[j] - 1) < 1e-6);
		for (enum kind_column c = KIND_CYCLES; c < KIND_COLUMNS; c++) {
			if (!(kind->needs & (1u << c)))
				continue;
			rig.table.column[c] = NULL;
			assert_int_equal(kind_lacks(kind, &rig.table), c);
			assert_int_equal(kind_fit(kind, &rig.table, &options, &fit, NULL),
					 ANALYSIS_BAD_ARGUMENT);
			rig.table.column[c] = rig.column[c];
		}
	}
	assert_null(kind_find("energy"));
	gsl_rng_free(rng);
}

/* 0.5 % noise on LDO and SMPS boards, 100 times: errors are those that the stated uncertainties
 * promise. With robust weights two spoiled points do not matter. */
static void levels_are_fitted_with_noise(void **state)
{
	enum { REPEATS = 100 };
	static const char *const names[] = {"energy-levels-ldo", "energy-levels-smps"};
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	static struct rig rig;

	(void)state;
	rig_fill(&rig, rng);
	for (size_t k = 0; k < 4; k++) {
		const struct model_kind *kind = kind_find(names[k % 2]);
		const struct fit_options options = {.scatter = SCATTER_BIRGE, .robust = k >= 2};
		double truth[ESTIMATE_MAX], squares[4] = {0};
		struct estimate fit;

		truth_fill(kind, truth);
		for (size_t r = 0; r < REPEATS; r++) {
			rig_measure(&rig, kind, truth, rng, 0.005);
			if (options.robust)
				rig.y[10] *= 1.5, rig.y[50] *= 0.6;
			assert_int_equal(kind_fit(kind, &rig.table, &options, &fit, NULL), 0);
			for (size_t j = 0; j < 4; j++)
				squares[j] +=
					pow((fit.value[j] - truth[j]) / fit.u[j], 2) / REPEATS;
			assert_true(options.robust ? fit.refused >= 2 : fit.refused == 0);
		}
		printf("%s%s: condition index %.0f, Ts %.2f +- %.2f K, rms of errors / u:",
		       kind->name, options.robust ? ", robust" : "", fit.condition.index_max,
		       fit.value[3], fit.u[3]);
		for (size_t j = 0; j < 4; j++)
			printf(" %.2f", sqrt(squares[j]));
		printf("\n");
		for (size_t j = 0; j < 4; j++)
			assert_true(sqrt(squares[j]) > 0.75 && sqrt(squares[j]) < 1.3);
	}
	gsl_rng_free(rng);
}

/* One temperature: I0 and Ts cannot be told from P0. Nothing is leaking: I0 stays on its bound. */
static void levels_that_tell_nothing_are_refused_by_name(void **state)
{
	const struct model_kind *kind = kind_find("energy-levels-smps");
	const struct fit_options options = {.scatter = SCATTER_BIRGE};
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double truth[ESTIMATE_MAX];
	struct condition condition = {0};
	struct estimate fit;
	static struct rig rig;
	bool named = false;

	(void)state;
	rig_fill(&rig, rng);
	truth_fill(kind, truth);
	for (size_t i = 0; i < POINTS; i++)
		rig.column[KIND_TEMP_C][i] = 40;
	rig_measure(&rig, kind, truth, rng, 0.005);
	assert_int_equal(kind_fit(kind, &rig.table, &options, &fit, &condition),
			 ANALYSIS_BAD_CONDITION);
	for (size_t k = 0; k < condition.offenders; k++)
		named |= !strcmp(kind->parameter[condition.offender[k]].name, "Ts");
	assert_true(named);
	gsl_rng_free(rng);
}

static void a_parameter_ends_on_its_bound(void **state)
{
	const struct model_kind *kind = kind_find("energy-levels-ldo");
	const struct fit_options options = {.scatter = SCATTER_BIRGE};
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double truth[ESTIMATE_MAX];
	struct estimate fit;
	static struct rig rig;

	(void)state;
	rig_fill(&rig, rng);
	truth_fill(kind, truth);
	truth[1] = -1e-4; /* no board does that: the bound holds it at 0 */
	rig_measure(&rig, kind, truth, rng, 0.001);
	assert_int_equal(kind_fit(kind, &rig.table, &options, &fit, NULL), 0);
	assert_true(fit.at_bound[1] && fit.value[1] == 0 && fit.u[1] == 0);
	assert_false(fit.at_bound[0] || fit.at_bound[2] || fit.at_bound[3]);
	gsl_rng_free(rng);
}

static void classes_are_grouped(void **state)
{
	static const double counts[] = {1, 2, 3, 4, 5, 6, 7, 8};
	static const unsigned group[] = {1, 0, 1, 0}, outside[] = {0, 1, 2, 0};
	double grouped[4];

	(void)state;
	assert_int_equal(kind_group_classes(counts, 2, 4, group, 2, grouped), 0);
	assert_true(grouped[0] == 6 && grouped[1] == 4 && grouped[2] == 14 && grouped[3] == 12);
	assert_int_equal(kind_group_classes(counts, 2, 4, outside, 2, grouped),
			 ANALYSIS_BAD_ARGUMENT);
}

/* 1e6 cycles in 0.1 s at 1.2 V core, 3 V supply, 53 C with Ts 28 K (one e-fold):
 * LDO  90 pJ * 1.2 * 3 * 1e6 = 324 uJ, SMPS 90 pJ * 1.44 * 1e6 = 129.6 uJ;
 * both (0.4 mW + 30 uA * V * e) * 0.1 s = 40 uJ + 8.154845 uJ/V * V. */
static void levels_are_the_stated_formulas(void **state)
{
	static const double cycles = 1e6, time_s = 0.1, core_v = 1.2, supply_v = 3, temp_c = 53;
	static const double parameters[] = {90e-12, 4e-4, 3e-5, 28};
	const struct kind_table table = {.column = {[KIND_CYCLES] = &cycles,
						    [KIND_TIME_S] = &time_s,
						    [KIND_CORE_V] = &core_v,
						    [KIND_SUPPLY_V] = &supply_v,
						    [KIND_TEMP_C] = &temp_c}};
	double unused[4], leak_j = 3e-6 * exp(1);

	(void)state;
	assert_true(fabs(kind_find("energy-levels-ldo")->value(&table, 0, parameters, unused) -
			 (324e-6 + 40e-6 + 3 * leak_j)) < 1e-15);
	assert_true(fabs(kind_find("energy-levels-smps")->value(&table, 0, parameters, unused) -
			 (129.6e-6 + 40e-6 + 1.2 * leak_j)) < 1e-15);
}

/* There and back, with the slope of the way. */
static void bounds_are_kept_by_transformation(void **state)
{
	static const struct nonlinear_parameter parameters[] = {
		{30, 5, 200}, {4e-4, 0, INFINITY}, {-2, -INFINITY, 1}, {7, -INFINITY, INFINITY}};

	(void)state;
	for (size_t k = 0; k < ARRAY_COUNT(parameters); k++) {
		const struct nonlinear_parameter *parameter = &parameters[k];
		double number = bound_inward(parameter, parameter->start), slope, step = 1e-6;
		double touched = parameter->lower;

		assert_true(fabs(bound_outward(parameter, number, &slope) / parameter->start - 1) <
			    1e-12);
		assert_true(fabs((bound_outward(parameter, number + step, NULL) -
				  bound_outward(parameter, number - step, NULL)) /
					 (2 * step) / slope -
				 1) < 1e-6);
		for (double q = -50; q < 50; q += 0.37) {
			double value = bound_outward(parameter, q, NULL);

			assert_true(value >= parameter->lower && value <= parameter->upper);
		}
		if (isfinite(parameter->lower)) {
			assert_true(bound_touches(parameter, &touched));
			assert_true(bound_inside(parameter, touched) > touched);
		}
	}
}

/* Values 1..5 (variance 2.5), each with a variance of its own of 0.5: 2 between the boards, a mean
 * of 3 with 2.5 / 5; then, a spread of less than their own: none between. */
static void spread_of_boards_is_what_is_not_their_own(void **state)
{
	struct estimate boards[5] = {0};
	struct hierarchy type;

	(void)state;
	for (size_t b = 0; b < 5; b++) {
		boards[b].parameters = 1;
		boards[b].value[0] = 1 + (double)b;
		boards[b].covariance[0][0] = 0.5;
	}
	assert_int_equal(hierarchy_fit(boards, 5, &type), 0);
	assert_true(fabs(type.between[0][0] - 2) < 1e-12 && fabs(type.value[0] - 3) < 1e-12);
	assert_true(fabs(type.covariance[0][0] - 0.5) < 1e-12);
	for (size_t b = 0; b < 5; b++)
		boards[b].covariance[0][0] = 4;
	assert_int_equal(hierarchy_fit(boards, 5, &type), 0);
	assert_true(type.between[0][0] == 0 && fabs(type.covariance[0][0] - 0.8) < 1e-12);
}

/* Boards of one type: a and k spread by 3 % and 2 %; 12 networks each with 0.3 % noise. */
enum { BOARDS = 10, BOARD_POINTS = 12, TRIALS = 400 };

struct board {
	double x[BOARD_POINTS * 2], y[BOARD_POINTS], u[BOARD_POINTS], truth[2];
};

static void board_make(struct board *board, gsl_rng *rng)
{
	board->truth[0] = 2e-4 * (1 + gsl_ran_gaussian(rng, 0.03));
	board->truth[1] = 300e-12 * (1 + gsl_ran_gaussian(rng, 0.02));
	for (size_t i = 0; i < BOARD_POINTS; i++) {
		board->x[i * 2] = 1;
		board->x[i * 2 + 1] = exp(gsl_ran_flat(rng, log(2e5), log(5e6)));
		board->y[i] = board->truth[0] + board->truth[1] * board->x[i * 2 + 1];
		board->u[i] = 0.003 * board->y[i];
		board->y[i] += gsl_ran_gaussian(rng, board->u[i]);
	}
}

/* Error at a 13th network, in standard deviations into ret_z, relative returned. */
static double adapted_error(const struct hierarchy *type, struct board *board, size_t count,
			    bool *ret_inside)
{
	const double x[] = {1, 1e6};
	const struct fit_points points = {.count = count, .y = board->y, .u_y = board->u};
	struct estimate_query query = {.gradient = x, .level = 0.9};
	struct estimate_prediction prediction;
	double truth = board->truth[0] + board->truth[1] * x[1];
	struct estimate fit;

	assert_int_equal(hierarchy_adapt(type, &points, board->x, NULL, 0, &fit), 0);
	query.value = estimate_linear_value(&fit, x);
	assert_int_equal(estimate_predict(&fit, &query, &prediction), 0);
	*ret_inside = truth >= prediction.low && truth <= prediction.high;
	return query.value / truth - 1;
}

static void new_boards_need_few_points(void **state)
{
	static const size_t counts[] = {0, 1, 2, 3, 12};
	double rms[ARRAY_COUNT(counts)] = {0}, inside[ARRAY_COUNT(counts)] = {0};
	const struct fit_options options = {.scatter = SCATTER_NONE};
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct estimate fits[BOARDS];
	struct hierarchy type;
	struct board board;
	bool covered;

	(void)state;
	for (size_t t = 0; t < TRIALS; t++) {
		for (size_t b = 0; b < BOARDS; b++) {
			struct fit_points points = {
				.count = BOARD_POINTS, .y = board.y, .u_y = board.u};

			board_make(&board, rng);
			assert_int_equal(linear_fit(&points, board.x, 2, &options, &fits[b], NULL),
					 0);
		}
		assert_int_equal(hierarchy_fit(fits, BOARDS, &type), 0);
		board_make(&board, rng);
		for (size_t k = 0; k < ARRAY_COUNT(counts); k++) {
			double error = adapted_error(&type, &board, counts[k], &covered);

			rms[k] += error * error / TRIALS;
			inside[k] += covered / (double)TRIALS;
		}
	}
	for (size_t k = 0; k < ARRAY_COUNT(counts); k++) {
		printf("%2zu points of its own: rms error %.3f %%, 90 %% intervals cover %.1f %%\n",
		       counts[k], 100 * sqrt(rms[k]), 100 * inside[k]);
		assert_true(inside[k] > 0.84 && inside[k] < 0.97);
	}
	assert_true(sqrt(rms[1]) < 0.5 * sqrt(rms[0]) && rms[2] < rms[1] && rms[3] < rms[2]);
	assert_int_equal(hierarchy_fit(fits, 2, &type), ANALYSIS_TOO_FEW_GROUPS);
	fits[1].parameters = 1;
	assert_int_equal(hierarchy_fit(fits, BOARDS, &type), ANALYSIS_BAD_ARGUMENT);
	gsl_rng_free(rng);
}

/* With every point of its own and a wide spread the type no longer matters: the board's own fit.
 * A board 30 % off says that it is not of the type. */
static void adaptation_has_the_right_limits(void **state)
{
	const struct fit_options options = {.scatter = SCATTER_NONE};
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct hierarchy type = {.boards = 10, .parameters = 2, .value = {2e-4, 300e-12}};
	struct estimate own, adapted;
	struct board board;
	struct fit_points points = {.count = BOARD_POINTS, .y = board.y, .u_y = board.u};
	const double gain = 0.01;

	(void)state;
	board_make(&board, rng);
	points.meters = 1;
	points.common_rel = &gain;
	assert_int_equal(linear_fit(&points, board.x, 2, &options, &own, NULL), 0);
	points.common_rel = NULL;
	assert_int_equal(linear_fit(&points, board.x, 2, &options, &own, NULL), 0);
	type.between[0][0] = 1e-2;
	type.between[1][1] = 1e-16;
	assert_int_equal(hierarchy_adapt(&type, &points, board.x, NULL, 0, &adapted), 0);
	for (size_t j = 0; j < 2; j++) {
		assert_true(fabs(adapted.value[j] / own.value[j] - 1) < 1e-4);
		assert_true(fabs(adapted.u[j] / own.u[j] - 1) < 1e-3);
	}
	type.between[0][0] = pow(0.03 * 2e-4, 2);
	type.between[1][1] = pow(0.02 * 300e-12, 2);
	assert_int_equal(hierarchy_adapt(&type, &points, board.x, NULL, 0, &adapted), 0);
	assert_true(adapted.birge_ratio < 2);
	for (size_t i = 0; i < BOARD_POINTS; i++)
		board.y[i] *= 1.3;
	assert_int_equal(hierarchy_adapt(&type, &points, board.x, NULL, 0, &adapted), 0);
	assert_true(adapted.birge_ratio > 2.5);
	gsl_rng_free(rng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_recovers_its_parameters),
		cmocka_unit_test(levels_are_fitted_with_noise),
		cmocka_unit_test(levels_that_tell_nothing_are_refused_by_name),
		cmocka_unit_test(a_parameter_ends_on_its_bound),
		cmocka_unit_test(classes_are_grouped),
		cmocka_unit_test(levels_are_the_stated_formulas),
		cmocka_unit_test(bounds_are_kept_by_transformation),
		cmocka_unit_test(spread_of_boards_is_what_is_not_their_own),
		cmocka_unit_test(new_boards_need_few_points),
		cmocka_unit_test(adaptation_has_the_right_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
