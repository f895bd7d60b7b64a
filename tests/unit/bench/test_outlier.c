/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Windows held against their repeats: one that differs is suspect, and so is one that agrees with a
 * suspect rather than with the earlier ones.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/session/outlier.h"

static int judge(struct outlier_repeats *repeats, double energy_j, double u_j, char *sentence)
{
	static int64_t ordinal;
	const struct outlier_window window = {energy_j, u_j, ++ordinal};
	struct err err = {""};

	sentence[0] = 0;
	return outlier_judge(repeats, &window, sentence, 256, &err);
}

static void repeats_agree(void **state)
{
	struct outlier_repeats repeats = {0};
	char sentence[256];

	(void)state;
	assert_int_equal(judge(&repeats, 1.000, 1e-4, sentence),
			 0); /* nothing to hold it against */
	assert_int_equal(judge(&repeats, 1.0099, 1e-4, sentence), 0);
	assert_int_equal(judge(&repeats, 0.996, 1e-4, sentence), 0);
	assert_int_equal(repeats.count, 3);
	assert_false(repeats.has_suspect);
	outlier_done(&repeats);
}

/* 1 % where windows are surer than that, 6 combined uncertainties where they are not. */
static void limits(void **state)
{
	static const struct {
		double u_j, off, limit;
		bool ok;
	} rows[] = {
		{1e-4, 0.0099, 0.01, true},    {1e-4, 0.0101, 0.01, false},
		{1e-4, -0.0099, 0.01, true},   {1e-4, -0.0101, 0.01, false},
		{5e-3, 0.0420, 0.0424, true},  {5e-3, 0.0430, 0.0424, false},
		{5e-3, -0.0420, 0.0424, true}, {5e-3, -0.0430, 0.0424, false},
		{NAN, 0, 0.01, false},         {1e-4, NAN, 0.01, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct outlier_window other = {2, 2 * rows[i].u_j, 1};
		const struct outlier_window window = {2 * (1 + rows[i].off), 2 * rows[i].u_j, 2};
		struct outlier_check check = outlier_compare(&window, &other);

		if (check.ok != rows[i].ok)
			fail_msg("row %zu: ok is %d", i, check.ok);
		if (!isnan(rows[i].u_j))
			assert_true(fabs(check.limit_rel - rows[i].limit) < 1e-4);
	}
}

static void median(void **state)
{
	struct outlier_window accepted[] = {{5, 3e-3, 1}, {1, 4e-3, 2}, {3, 0, 3}, {4, 0, 4}};
	struct outlier_repeats repeats = {.accepted = accepted, .count = 3};
	struct outlier_window found;
	struct err err = {""};

	(void)state;
	assert_int_equal(outlier_median(&repeats, &found, &err), 0);
	assert_true(found.energy_j == 3);
	assert_true(fabs(found.u_independent_j - 5e-3 / sqrt(3)) < 1e-12);
	repeats.count = 4;
	assert_int_equal(outlier_median(&repeats, &found, &err), 0);
	assert_true(found.energy_j == 3.5);
}

static void one_that_differs_is_suspect(void **state)
{
	struct outlier_repeats repeats = {0};
	char sentence[256];

	(void)state;
	assert_int_equal(judge(&repeats, 1.000, 1e-4, sentence), 0);
	assert_int_equal(judge(&repeats, 1.002, 1e-4, sentence), 0);
	assert_int_equal(judge(&repeats, 1.05105, 1e-4, sentence), 1);
	assert_non_null(strstr(sentence, "1.05105 J per inference is +5.000 % off 1.001 J"));
	assert_non_null(strstr(sentence, "the median of 2 earlier windows (limit 1.000 %)"));
	assert_null(strstr(sentence, "agrees"));
	assert_int_equal(repeats.count, 2); /* a suspect does not move the median */
	assert_int_equal(judge(&repeats, 1.001, 1e-4, sentence), 0);
	assert_int_equal(repeats.count, 3);
	outlier_done(&repeats);
}

/* The first was the wrong one, or the board changed: nobody here knows which. */
static void one_that_agrees_with_a_suspect_is_suspect_too(void **state)
{
	struct outlier_repeats repeats = {0};
	char sentence[256];

	(void)state;
	assert_int_equal(judge(&repeats, 1.000, 1e-4, sentence), 0);
	assert_int_equal(judge(&repeats, 1.100, 1e-4, sentence), 1);
	assert_int_equal(judge(&repeats, 1.101, 1e-4, sentence), 1);
	assert_non_null(strstr(sentence, "it agrees with suspect run "));
	assert_non_null(strstr(sentence, "the earlier ones may be what is wrong"));
	assert_int_equal(judge(&repeats, 1.200, 1e-4, sentence), 1); /* with none of them */
	assert_null(strstr(sentence, "agrees"));
	assert_int_equal(repeats.count, 1);
	outlier_done(&repeats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeats_agree),
		cmocka_unit_test(limits),
		cmocka_unit_test(median),
		cmocka_unit_test(one_that_differs_is_suspect),
		cmocka_unit_test(one_that_agrees_with_a_suspect_is_suspect_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
