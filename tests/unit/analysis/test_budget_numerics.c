/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Mean, standard deviation and sum as they are computed here: against NIST's Statistical Reference
 * Datasets, in parts against the whole, and over as many samples as a night holds.
 *
 * Tolerances. Certified values have 15 digits: 5e-15. A decimal that a double cannot hold is off by
 * half an ulp at most, and so, by the triangle inequality, are mean and (times sqrt(n / (n - 1)))
 * standard deviation, before anything is computed: for NumAcc4, 9.3e-10 of 0.1.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "analysis/budget/moments.h"
#include "tests/unit/analysis/strd_univariate.h"

enum { NUMACC_COUNT = 1001 };

static const double printed_rel = 5e-15;

static void assert_within(const char *what, double value, double expected, double half_width)
{
	if (!(fabs(value - expected) <= half_width))
		fail_msg("%s: %.17g is not %.17g within %g", what, value, expected, half_width);
}

static double half_ulp(double value)
{
	return (nextafter(fabs(value), INFINITY) - fabs(value)) / 2;
}

static void check_moments(const char *name, const struct moments *moments, double mean, double sd)
{
	double n = (double)moments->count, input = half_ulp(mean);

	assert_within(name, moments_mean(moments), mean, printed_rel * fabs(mean) + input);
	assert_within(name, moments_sd(moments), sd, printed_rel * sd + input * sqrt(n / (n - 1)));
}

static void check_all_ways(const char *name, const double *values, size_t count, double mean,
			   double sd)
{
	struct moments whole = {0};

	moments_add_all(&whole, values, count);
	assert_int_equal(whole.count, count);
	check_moments(name, &whole, mean, sd);
	for (size_t cut = 0; cut <= count; cut += 1 + count / 7) {
		struct moments first = {0}, second = {0};

		moments_add_all(&first, values, cut);
		moments_add_all(&second, values + cut, count - cut);
		moments_combine(&first, &second);
		assert_int_equal(first.count, count);
		check_moments(name, &first, mean, sd);
		assert_within(name, moments_mean(&first), moments_mean(&whole), half_ulp(mean) * 2);
	}
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void strd_observed(void **state)
{
	(void)state;
	check_all_ways("Mavro", strd_mavro, COUNT_OF(strd_mavro), 2.00185600000000,
		       0.000429123454003053);
	check_all_ways("Lottery", strd_lottery, COUNT_OF(strd_lottery), 518.958715596330,
		       291.699727470969);
	check_all_ways("Michelso", strd_michelso, COUNT_OF(strd_michelso), 299.852400000000,
		       0.0790105478190518);
}

/* NumAcc2 to 4: one value between, then 500 pairs around it; mean and sd are exact by construction.
 */
static void strd_constructed(void **state)
{
	static const double three[] = {10000001, 10000003, 10000002};
	static const struct {
		const char *name;
		double middle, low, high;
	} sets[] = {{"NumAcc2", 1.2, 1.1, 1.3},
		    {"NumAcc3", 1000000.2, 1000000.1, 1000000.3},
		    {"NumAcc4", 10000000.2, 10000000.1, 10000000.3}};
	double values[NUMACC_COUNT];

	(void)state;
	check_all_ways("NumAcc1", three, 3, 10000002, 1);
	for (size_t i = 0; i < COUNT_OF(sets); i++) {
		for (int k = 0; k < NUMACC_COUNT; k++)
			values[k] = !k ? sets[i].middle : k % 2 ? sets[i].low : sets[i].high;
		check_all_ways(sets[i].name, values, NUMACC_COUNT, sets[i].middle, 0.1);
	}
}

/* What a textbook does with the sum of squares loses NumAcc4 wholly: the test can fail. */
static void sum_of_squares_would_fail(void **state)
{
	double sum = 0, squares = 0, sd;

	(void)state;
	for (int k = 0; k < NUMACC_COUNT; k++) {
		double value = !k ? 10000000.2 : k % 2 ? 10000000.1 : 10000000.3;

		sum += value;
		squares += value * value;
	}
	sd = sqrt(fabs(squares - sum * sum / NUMACC_COUNT) / (NUMACC_COUNT - 1));
	assert_true(fabs(sd - 0.1) > 1e-3);
}

static void empty_and_single(void **state)
{
	struct moments none = {0}, one = {0};

	(void)state;
	assert_true(isnan(moments_mean(&none)) && isnan(moments_sd(&none)));
	moments_combine(&one, &none);
	assert_int_equal(one.count, 0);
	moments_add(&one, 7);
	moments_combine(&none, &one);
	assert_true(moments_mean(&none) == 7 && moments_sd(&none) == 0);
	moments_combine(&one, &one);
	assert_true(one.count == 2 && moments_mean(&one) == 7 && moments_sd(&one) == 0);
}

/* A sample as a meter gives it: a large offset, pseudo-random small parts; a multiple of 2^-40 A,
 * so that integers know the exact sum. */
static double sample_at(uint64_t index, int64_t *ret_grains)
{
	uint64_t hash = (index + 1) * 0x9E3779B97F4A7C15u;

	*ret_grains = (INT64_C(1) << 36) + (int64_t)(hash >> 34);
	return ldexp((double)*ret_grains, -40);
}

/* Ten million, one by one: exact to the last bit, where plain addition is not. */
static void long_sum_one_by_one(void **state)
{
	struct sum sum = {0};
	double plain = 0;
	int64_t total = 0;

	(void)state;
	for (uint64_t i = 0; i < 10000000; i++) {
		int64_t grains;
		double value = sample_at(i, &grains);

		sum_add(&sum, value);
		plain += value;
		total += grains;
	}
	assert_true(sum_value(&sum) == ldexp((double)total, -40));
	assert_true(plain != sum_value(&sum));
}

/* 1e9 samples: a block of 1e5, ten thousand times over, put together as parts are. */
static void thousand_million_samples(void **state)
{
	enum { BLOCK = 100000, TIMES = 10000 };
	struct moments block = {0}, night = {0};
	double mean, square_sum = 0;
	int64_t total = 0;

	(void)state;
	for (uint64_t i = 0; i < BLOCK; i++) {
		int64_t grains;

		moments_add(&block, sample_at(i, &grains));
		total += grains;
	}
	mean = ldexp((double)total / BLOCK, -40);
	for (uint64_t i = 0; i < BLOCK; i++) {
		int64_t grains;
		double off = sample_at(i, &grains) - mean;

		square_sum += off * off;
	}
	for (int i = 0; i < TIMES; i++)
		moments_combine(&night, &block);
	assert_int_equal(night.count, 1000000000);
	assert_within("mean of 1e9", moments_mean(&night), mean, 2 * half_ulp(mean));
	assert_within("total of 1e9", moments_total(&night), ldexp((double)total, -40) * TIMES,
		      4 * half_ulp(ldexp((double)total, -40) * TIMES));
	assert_within("sd of 1e9", moments_sd(&night), sqrt(square_sum * TIMES / (1e9 - 1)),
		      1e-12 * moments_sd(&block));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strd_observed),
		cmocka_unit_test(strd_constructed),
		cmocka_unit_test(sum_of_squares_would_fail),
		cmocka_unit_test(empty_and_single),
		cmocka_unit_test(long_sum_one_by_one),
		cmocka_unit_test(thousand_million_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
