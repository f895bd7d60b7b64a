/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Slopes shared by cells: the same as a regression with a column per cell, scatters drawn together,
 * intervals that hold what they promise.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/predictor/kinds.h"
#include "analysis/predictor/linear.h"
#include "analysis/predictor/slopes.h"
#include "analysis/trace/error.h"

enum { CELLS = 18, PER_CELL = 4, POINTS = CELLS * PER_CELL, SLOPES = 2 };

static const double truth[SLOPES] = {-0.06, 0.08};

struct panel {
	double ln_y[POINTS], u_rel[POINTS], z[POINTS * SLOPES];
	double level[CELLS], scatter[CELLS];
	uint32_t cell[POINTS];
	struct slopes_points points;
};

/* Scatters: variance times alike_dof over chi2 of as many degrees; 0: all the same. */
static void panel_make(struct panel *panel, gsl_rng *rng, double scatter_rel, double alike_dof)
{
	panel->points = (struct slopes_points){.count = POINTS,
					       .slopes = SLOPES,
					       .cells = CELLS,
					       .ln_y = panel->ln_y,
					       .u_rel = panel->u_rel,
					       .z = panel->z,
					       .cell = panel->cell};
	for (size_t c = 0; c < CELLS; c++) {
		panel->level[c] = gsl_ran_flat(rng, -4, -1);
		panel->scatter[c] = scatter_rel;
		if (alike_dof > 0)
			panel->scatter[c] *= sqrt(alike_dof / gsl_ran_chisq(rng, alike_dof));
	}
	for (size_t i = 0; i < POINTS; i++) {
		size_t c = i / PER_CELL;

		panel->cell[i] = (uint32_t)c;
		panel->u_rel[i] = 1e-3 * (1 + (double)(i % 3));
		panel->ln_y[i] = panel->level[c] + gsl_ran_gaussian(rng, panel->u_rel[i]) +
				 gsl_ran_gaussian(rng, panel->scatter[c]);
		for (size_t j = 0; j < SLOPES; j++) {
			panel->z[i * SLOPES + j] = gsl_ran_flat(rng, 0, 1);
			panel->ln_y[i] += truth[j] * panel->z[i * SLOPES + j];
		}
	}
}

/* At the scatters that were found, one regression with a column for each cell. */
static void same_as_a_column_per_cell(void **state)
{
	enum { COLUMNS = CELLS + SLOPES };
	const struct fit_options options = {.scatter = SCATTER_NONE};
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double x[POINTS * COLUMNS] = {0}, u[POINTS], worst = 0;
	struct fit_points rows = {.count = POINTS, .u_y = u, .meters = 1};
	struct slopes slopes;
	struct estimate all, one;
	struct panel panel;

	(void)state;
	panel_make(&panel, rng, 0.02, 3);
	assert_int_equal(slopes_fit(&panel.points, &slopes, NULL), 0);
	assert_true(slopes.dof == POINTS - CELLS - SLOPES);
	for (size_t i = 0; i < POINTS; i++) {
		u[i] = hypot(panel.u_rel[i], slopes.cell[i / PER_CELL].scatter_rel);
		x[i * COLUMNS + i / PER_CELL] = 1;
		for (size_t j = 0; j < SLOPES; j++)
			x[i * COLUMNS + CELLS + j] = panel.z[i * SLOPES + j];
	}
	rows.y = panel.ln_y;
	assert_int_equal(linear_fit(&rows, x, COLUMNS, &options, &all, NULL), 0);
	for (uint32_t c = 0; c < CELLS; c++) {
		assert_int_equal(slopes_estimate(&slopes, c, 0, &one), 0);
		worst = fmax(worst, fabs(log(one.value[0]) - all.value[c]));
		worst = fmax(worst, fabs(one.u[0] / one.value[0] / all.u[c] - 1));
		for (size_t j = 0; j < SLOPES; j++) {
			double with = one.covariance[0][1 + j] / one.value[0];

			worst = fmax(worst, fabs(one.value[1 + j] - all.value[CELLS + j]));
			worst = fmax(worst, fabs(one.u[1 + j] / all.u[CELLS + j] - 1));
			worst = fmax(worst, fabs(with - all.covariance[c][CELLS + j]) / all.u[c] /
						    all.u[CELLS + j]);
		}
		assert_int_equal(one.count, PER_CELL);
	}
	printf("largest difference to a regression with %d columns: %.2g\n", COLUMNS, worst);
	assert_true(worst < 1e-9);
	slopes_done(&slopes);
	gsl_rng_free(rng);
}

/* A meter's gain is the level's alone. */
static void a_common_gain_widens_the_level(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct estimate without, with;
	struct slopes slopes;
	struct panel panel;

	(void)state;
	panel_make(&panel, rng, 0.02, 0);
	assert_int_equal(slopes_fit(&panel.points, &slopes, NULL), 0);
	assert_int_equal(slopes_estimate(&slopes, 3, 0, &without), 0);
	assert_int_equal(slopes_estimate(&slopes, 3, 0.05, &with), 0);
	assert_true(fabs(with.u[0] / hypot(without.u[0], 0.05 * without.value[0]) - 1) < 1e-12);
	assert_true(with.u[1] == without.u[1] && with.u[2] == without.u[2]);
	slopes_done(&slopes);
	gsl_rng_free(rng);
}

/* 300 panels of each sort: the typical scatter comes back, and a fifth point of each cell lies in
 * its 95 % interval as often as promised. */
static void intervals_hold_whatever_the_scatters(void **state)
{
	enum { PANELS = 300 };
	static const double alike[] = {0, 4};
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct panel panel;

	(void)state;
	for (size_t a = 0; a < 2; a++) {
		double inside = 0, typical = 0;

		for (size_t p = 0; p < PANELS; p++) {
			struct slopes slopes;

			panel_make(&panel, rng, 0.02, alike[a]);
			assert_int_equal(slopes_fit(&panel.points, &slopes, NULL), 0);
			typical += slopes.typical_rel / PANELS;
			for (uint32_t c = 0; c < CELLS; c++) {
				double z[SLOPES], ln_y = panel.level[c], fitted, gradient[3];
				struct estimate_prediction prediction;
				struct estimate fit;
				struct estimate_query query = {
					.gradient = gradient, .u_new = 0, .level = 0.95};

				slopes_estimate(&slopes, c, 0, &fit);
				fitted = log(fit.value[0]);
				for (size_t j = 0; j < SLOPES; j++) {
					z[j] = gsl_ran_flat(rng, 0, 1);
					ln_y += truth[j] * z[j];
					fitted += fit.value[1 + j] * z[j];
				}
				ln_y += gsl_ran_gaussian(rng, panel.scatter[c]);
				query.value = exp(fitted);
				gradient[0] = query.value / fit.value[0];
				for (size_t j = 0; j < SLOPES; j++)
					gradient[1 + j] = query.value * z[j];
				assert_int_equal(estimate_predict(&fit, &query, &prediction), 0);
				inside += exp(ln_y) > prediction.low && exp(ln_y) < prediction.high;
			}
			slopes_done(&slopes);
		}
		inside /= PANELS * CELLS;
		printf("cells alike to %g degrees of freedom: typical scatter %.4f, %.1f %% of new "
		       "points inside\n",
		       alike[a], typical, 100 * inside);
		assert_true(inside > 0.93 && inside < 0.97);
		assert_true(typical > 0.018 && typical < 0.0225);
	}
	gsl_rng_free(rng);
}

/* One board that the model does not suit, 40 % off: it moves the slopes less than their own
 * uncertainty, where equal weights would let it move them by several. */
static void a_cell_of_another_kind_has_little_say(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double off[SLOPES] = {0}, u[SLOPES];
	struct slopes before, after;
	struct panel panel;

	(void)state;
	panel_make(&panel, rng, 0.02, 0);
	assert_int_equal(slopes_fit(&panel.points, &before, NULL), 0);
	for (size_t i = 0; i < PER_CELL; i++)
		panel.ln_y[i] += 0.4 * (panel.z[i * SLOPES] - panel.z[i * SLOPES + 1]) +
				 gsl_ran_gaussian(rng, 0.2);
	assert_int_equal(slopes_fit(&panel.points, &after, NULL), 0);
	for (size_t j = 0; j < SLOPES; j++) {
		u[j] = sqrt(before.covariance[j][j]);
		off[j] = fabs(after.value[j] - before.value[j]);
		assert_true(off[j] < u[j]);
	}
	printf("moved by %.2f and %.2f of the slopes' uncertainties; its scatter %.2f, others' "
	       "%.3f\n",
	       off[0] / u[0], off[1] / u[1], after.cell[0].scatter_rel, after.cell[1].scatter_rel);
	assert_true(after.cell[0].scatter_rel > 5 * after.cell[1].scatter_rel);
	slopes_done(&before);
	slopes_done(&after);
	gsl_rng_free(rng);
}

static void what_tells_nothing_is_refused(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct condition condition = {0};
	struct slopes slopes = {.count = 77};
	struct panel panel;

	(void)state;
	panel_make(&panel, rng, 0.02, 0);
	panel.points.count = 3; /* one cell, two slopes: nothing is left */
	assert_int_equal(slopes_fit(&panel.points, &slopes, NULL), ANALYSIS_TOO_FEW_POINTS);
	panel.points.count = POINTS;
	panel.cell[5] = CELLS;
	assert_int_equal(slopes_fit(&panel.points, &slopes, NULL), ANALYSIS_BAD_ARGUMENT);
	panel.cell[5] = 1;
	panel.u_rel[5] = 0;
	assert_int_equal(slopes_fit(&panel.points, &slopes, NULL), ANALYSIS_BAD_UNCERTAINTY);
	panel.u_rel[5] = 1e-3;
	panel.ln_y[5] = NAN;
	assert_int_equal(slopes_fit(&panel.points, &slopes, NULL), ANALYSIS_BAD_ARGUMENT);
	panel.ln_y[5] = 0;
	/* The second trait is the first but for what each cell has. */
	for (size_t i = 0; i < POINTS; i++)
		panel.z[i * SLOPES + 1] = 2 * panel.z[i * SLOPES] + panel.level[i / PER_CELL];
	assert_int_equal(slopes_fit(&panel.points, &slopes, &condition), ANALYSIS_BAD_CONDITION);
	assert_int_equal(condition.offenders, 2);
	assert_int_equal(slopes.count, 77);
	gsl_rng_free(rng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_a_column_per_cell),
		cmocka_unit_test(a_common_gain_widens_the_level),
		cmocka_unit_test(intervals_hold_whatever_the_scatters),
		cmocka_unit_test(a_cell_of_another_kind_has_little_say),
		cmocka_unit_test(what_tells_nothing_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
