/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Budgets in table form: against the worked example of JCGM 100:2008 annex H.1 (end-gauge
 * calibration), its table G.2 of coverage factors, and by what a covariance matrix must be.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "analysis/budget/budget.h"
#include "analysis/budget/coverage.h"
#include "analysis/budget/table.h"

static void assert_within(double value, double expected, double half_width)
{
	if (!(fabs(value - expected) <= half_width))
		fail_msg("%.15g is not %.15g within %g", value, expected, half_width);
}

static void assert_close(double value, double expected, double relative)
{
	assert_within(value, expected, relative * fabs(expected));
}

/* JCGM 100:2008 H.1.3 and table H.1, in nanometres. l = lS + d - lS (dalpha theta + alphaS dtheta)
 */
static const struct {
	double value, u, dof, sensitivity;
	double published_nm; /* contribution in table H.1 */
} end_gauge[] = {
	{50000623, 25, 18, 1, 25},                /* lS */
	{215, 9.7, 25.6, 1, 9.7},                 /* d */
	{11.5e-6, 1.2e-6, INFINITY, 0, 0},        /* alphaS */
	{-0.1, 0.41, INFINITY, 0, 0},             /* theta */
	{0, 0.58e-6, 50, -50000623 * -0.1, 2.9},  /* dalpha: -lS theta */
	{0, 0.029, 2, -50000623 * 11.5e-6, 16.6}, /* dtheta: -lS alphaS */
};

enum { END_GAUGE_COUNT = sizeof(end_gauge) / sizeof(end_gauge[0]) };

static struct budget_table end_gauge_table(double confidence)
{
	struct budget_table table = {.result = 50000623 + 215};

	for (size_t i = 0; i < END_GAUGE_COUNT; i++) {
		struct budget_entry entry = {.source = BUDGET_OTHER,
					     .label = "H.1",
					     .range = BUDGET_NO_RANGE,
					     .type = BUDGET_TYPE_B,
					     .value = end_gauge[i].value,
					     .u = end_gauge[i].u,
					     .unit = "nm",
					     .dof = end_gauge[i].dof,
					     .sensitivity = end_gauge[i].sensitivity};

		assert_int_equal(budget_table_add(&table, &entry), 0);
	}
	assert_int_equal(budget_table_finish(&table, confidence), 0);
	return table;
}

static void gum_annex_h1(void **state)
{
	struct budget_table table = end_gauge_table(0.99);
	double shares = 0;

	(void)state;
	assert_within(table.result, 50000838, 0.5); /* H.1.4: l = 50.000838 mm */
	assert_within(table.u, 32, 0.5);            /* H.1.5: uc = 32 nm */
	assert_within(floor(table.dof), 16, 0);     /* H.1.6: 16.7, truncated to 16 */
	assert_within(table.dof, 16.7, 0.05);
	assert_within(table.coverage_factor, 2.92, 0.005); /* t99(16) */
	assert_within(table.expanded_u, 93, 0.5);          /* U99 = 93 nm */
	for (size_t i = 0; i < END_GAUGE_COUNT; i++) {
		assert_within(table.entries[i].u_result, end_gauge[i].published_nm, 0.1);
		shares += table.entries[i].share;
	}
	assert_close(shares, 1, 1e-12);
	assert_true(table.u_common == 0);
	assert_close(table.expanded_u_k2, 2 * table.u, 1e-15);
}

/* JCGM 100:2008 table G.2, rows and columns as printed there. */
static void gum_table_g2(void **state)
{
	static const struct {
		double dof, p95, p95_45, p99;
	} rows[] = {
		{1, 12.71, 13.97, 63.66}, {2, 4.30, 4.53, 9.92},  {3, 3.18, 3.31, 5.84},
		{5, 2.57, 2.65, 4.03},    {10, 2.23, 2.28, 3.17}, {16, 2.12, 2.17, 2.92},
		{20, 2.09, 2.13, 2.85},   {50, 2.01, 2.05, 2.68}, {INFINITY, 1.960, 2.000, 2.576},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_within(coverage_factor(0.95, rows[i].dof), rows[i].p95, 0.00501);
		assert_within(coverage_factor(COVERAGE_TWO_SIGMA, rows[i].dof), rows[i].p95_45,
			      0.00501);
		assert_within(coverage_factor(0.99, rows[i].dof), rows[i].p99, 0.00501);
	}
	assert_close(coverage_factor(COVERAGE_TWO_SIGMA, INFINITY), 2, 1e-12);
	assert_true(isnan(coverage_factor(1, 5)) && isnan(coverage_factor(0.95, 0)) &&
		    isnan(coverage_factor(0.95, NAN)));
}

static void welch_satterthwaite(void **state)
{
	const double equal[] = {3e-12, 3e-12}, dof[] = {4, 4}, one[] = {1e-90, 0},
		     known[] = {INFINITY, INFINITY};

	(void)state;
	assert_close(coverage_dof(equal, dof, 2), 8, 1e-12);
	assert_close(coverage_dof(one, dof, 2), 4,
		     1e-12); /* fourth power far below the least double */
	assert_true(isinf(coverage_dof(equal, known, 2)));
	assert_true(isinf(coverage_dof((double[]){0, 0}, dof, 2)));
}

static struct budget_table window_table(double energy_scale, double noise_sd_a)
{
	struct budget_input input = {.charge_c = 0.01 * energy_scale,
				     .duration_s = 0.5 * energy_scale,
				     .supply_v = 3,
				     .supply_u_v = 0.01,
				     .edge_u_s = 3e-6,
				     .gain_u_rel = 0.005,
				     .rate_u_rel = 5e-5,
				     .noise_sd_a = noise_sd_a,
				     .samples = 50000,
				     .range_count = 2,
				     .ranges = {{.share = 0.25, .offset_u_a = 1e-6},
						{.share = 0.75, .offset_u_a = 1e-5}}};
	struct budget_tables tables;

	assert_int_equal(budget_tables_of_window(&input, &tables), 0);
	return tables.gross;
}

static void covariance_of_one_meter(void **state)
{
	struct budget_table a = window_table(1, 1e-3), b = window_table(3, 2e-3);
	const struct budget_member members[] = {{&a, 1}, {&b, 1}, {&a, 2}};
	double c[9];

	(void)state;
	assert_int_equal(budget_covariance(members, 3, c), 0);
	assert_close(c[0], a.u * a.u, 1e-14);
	assert_close(c[4], b.u * b.u, 1e-14);
	/* Everything common is fully correlated, and here proportional to the window's length. */
	assert_close(c[1], a.u_common * b.u_common, 1e-12);
	assert_true(c[1] == c[3]);
	assert_true(c[2] == 0 && c[5] == 0); /* another meter */
	assert_true(c[0] * c[4] - c[1] * c[1] > 0);
}

/* Windows in different ranges share the gain, not the zero. */
static void covariance_keeps_ranges_apart(void **state)
{
	struct budget_input input = {
		.charge_c = 0.01,
		.duration_s = 0.5,
		.supply_v = 3,
		.gain_u_rel = 0.005,
		.samples = 1,
		.range_count = 2,
		.ranges = {{.share = 1, .offset_u_a = 1e-3}, {.share = 0, .offset_u_a = 2e-3}}};
	struct budget_tables low, high;
	double c[4];

	(void)state;
	assert_int_equal(budget_tables_of_window(&input, &low), 0);
	input.ranges[0].share = 0;
	input.ranges[1].share = 1;
	assert_int_equal(budget_tables_of_window(&input, &high), 0);
	assert_int_equal(budget_covariance(
				 (struct budget_member[]){{&low.gross, 0}, {&high.gross, 0}}, 2, c),
			 0);
	assert_close(c[1], pow(0.005 * 0.03, 2), 1e-12);
	assert_close(c[0], pow(0.005 * 0.03, 2) + pow(1.5e-3, 2), 1e-12);
	assert_close(c[3], pow(0.005 * 0.03, 2) + pow(3e-3, 2), 1e-12);
}

/* The variance of a mean by the matrix is what combining repeats gives. */
static void covariance_of_a_mean(void **state)
{
	enum { COUNT = 5 };
	struct budget_table table = window_table(1, 1e-3);
	struct budget_member members[COUNT];
	double c[COUNT * COUNT], sum = 0, energy[COUNT], independent[COUNT], common[COUNT];
	struct budget_mean mean;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		members[i] = (struct budget_member){&table, 7};
		energy[i] = table.result;
		independent[i] = table.u_independent;
		common[i] = table.u_common;
	}
	assert_int_equal(budget_covariance(members, COUNT, c), 0);
	for (int i = 0; i < COUNT * COUNT; i++)
		sum += c[i] / (COUNT * COUNT);
	assert_int_equal(budget_combine_repeats(energy, independent, common, COUNT, &mean), 0);
	assert_close(sqrt(sum), mean.u_mean_j, 1e-12);
}

static void scaling_keeps_shares(void **state)
{
	struct budget_table window = window_table(1, 1e-3), inference = window;

	(void)state;
	budget_table_scale(&inference, 1.0 / 40);
	assert_close(inference.result * 40, window.result, 1e-14);
	assert_close(inference.u * 40, window.u, 1e-14);
	assert_int_equal(budget_table_finish(&inference, COVERAGE_TWO_SIGMA), 0);
	assert_close(inference.expanded_u * 40, window.expanded_u, 1e-12);
	for (size_t i = 0; i < window.count; i++)
		assert_within(inference.entries[i].share, window.entries[i].share, 1e-12);
}

static void what_makes_no_table(void **state)
{
	struct budget_table table = {.result = 1};
	struct budget_entry entry = {.source = BUDGET_GAIN, .u = 1, .dof = 1, .sensitivity = 1};
	struct budget_entry bad[] = {entry, entry, entry, entry};
	struct budget_member member = {&table, 0};
	double c;

	(void)state;
	bad[0].u = -1;
	bad[1].u = NAN;
	bad[2].dof = 0;
	bad[3].sensitivity = INFINITY;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(budget_table_add(&table, &bad[i]), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(table.count, 0);
	for (int i = 0; i < BUDGET_ENTRIES_MAX; i++)
		assert_int_equal(budget_table_add(&table, &entry), 0);
	assert_int_equal(budget_table_add(&table, &entry), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(budget_table_finish(&table, 1), ANALYSIS_BAD_ARGUMENT);
	assert_int_equal(budget_covariance(&member, 1, &c),
			 ANALYSIS_BAD_ARGUMENT); /* not finished */
	assert_int_equal(budget_covariance(&member, 0, &c), ANALYSIS_BAD_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gum_annex_h1),
		cmocka_unit_test(gum_table_g2),
		cmocka_unit_test(welch_satterthwaite),
		cmocka_unit_test(covariance_of_one_meter),
		cmocka_unit_test(covariance_keeps_ranges_apart),
		cmocka_unit_test(covariance_of_a_mean),
		cmocka_unit_test(scaling_keeps_shares),
		cmocka_unit_test(what_makes_no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
