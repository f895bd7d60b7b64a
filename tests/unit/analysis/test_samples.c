/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sums over samples against exact arithmetic: 128-bit integers where samples are whole numbers of a
 * small unit, 113-bit floats elsewhere. Tolerance 1 ulp (2.2e-16), from the bound in samples.h.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "analysis/trace/samples.h"

enum { COUNT = 5000 };

#ifdef __SANITIZE_ADDRESS__
static const uint64_t long_count = 20000000;
#else
static const uint64_t long_count = 1000000000;
#endif

static float current_a[COUNT], voltage_v[COUNT];
static uint64_t seed = 1;

#define FOR_PATHS(path)                                                                            \
	const struct sample_path *path;                                                            \
	for (size_t place_ = 0; (path = sample_path_at(place_)); place_++)

static double uniform(void)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(seed >> 11) * 0x1p-53;
}

static void assert_ulp(double value, double expected)
{
	if (!(fabs(value - expected) <= fabs(nextafter(expected, INFINITY) - expected)))
		fail_msg("%.17g is not %.17g within 1 ulp", value, expected);
}

/* Currents from nanoamperes to amperes and voltages about 3 V, as bursts give them. */
static void fill_wide(bool signs)
{
	for (int k = 0; k < COUNT; k++) {
		double sign = signs && uniform() < 0.3 ? -1 : 1;

		current_a[k] = (float)(sign * exp(log(1e-9) * uniform()));
		voltage_v[k] = (float)(3 + 0.2 * uniform());
	}
}

/* Before its two halves are rounded to one. */
static void assert_half_ulp(const struct sum *sum, __float128 expected)
{
	__float128 off = (__float128)sum->total + sum->compensation - expected;

	if (!(fabs((double)off) <= 0x1p-54 * fabs((double)expected)))
		fail_msg("%.17g is off by %g of it", (double)expected, (double)(off / expected));
}

/* To the bit: the same capture is to give the same on whatever computer it is replayed. */
static void assert_same(const struct sample_sums *sums, const struct sample_sums *first)
{
	assert_true(sum_value(&sums->current) == sum_value(&first->current));
	assert_true(sum_value(&sums->voltage) == sum_value(&first->voltage));
	assert_true(sum_value(&sums->power) == sum_value(&first->power));
	assert_true(sums->min_a == first->min_a && sums->max_a == first->max_a);
}

static void check_against_exact(size_t count, bool is_one_sign)
{
	struct sample_sums first;
	__float128 i = 0, v = 0, p = 0;

	for (size_t k = 0; k < count; k++) {
		i += current_a[k];
		v += voltage_v[k];
		p += (__float128)current_a[k] * voltage_v[k];
	}
	sample_sums_init(&first);
	sample_sums_add(&first, current_a, voltage_v, NULL, count, 0);
	FOR_PATHS(path)
	{
		struct sample_sums sums, alone;

		sample_sums_init(&sums);
		sample_sums_init(&alone);
		sample_sums_add_by(path, &sums, current_a, voltage_v, NULL, count, 0);
		sample_sums_add_by(path, &alone, current_a, NULL, NULL, count, 0);
		assert_same(&sums, &first);
		assert_ulp(sum_value(&sums.current), (double)i);
		assert_ulp(sum_value(&alone.current), (double)i);
		assert_ulp(sum_value(&sums.power), (double)p);
		if (is_one_sign) {
			assert_half_ulp(&sums.current, i);
			assert_half_ulp(&sums.power, p);
		}
		/* for its mean only: plain additions within a chunk */
		assert_true(fabs(sum_value(&sums.voltage) - (double)v) <= 1e-13 * (double)v);
		assert_true(sums.covered == (double)count && !sums.not_finite);
	}
}

static void against_exact(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		fill_wide(round % 2);
		check_against_exact(round < 50 ? (size_t)round : (size_t)(uniform() * COUNT),
				    round % 2 == 0);
	}
}

/* Currents of one sign over so many binades, voltages that differ by so much: on either side of
 * where sums need to be split. `piled`: what is rounded away adds up, as all of it lies on one
 * side.
 */
static void fill_steady(int binades, double spread, double sign, bool piled)
{
	for (int k = 0; k < COUNT; k++) {
		double share = piled ? k % 1024 != 0 : uniform();

		current_a[k] = (float)(sign * ldexp(1 + share * 0x0.fffffep0,
						    (int)(uniform() * (binades + 1))));
		voltage_v[k] = (float)(3.3 * (1 + spread * share));
	}
	current_a[0] = (float)sign;
	current_a[1] = (float)(sign * ldexp(0x1.fffffep0, binades));
}

static void steady_against_exact(void **state)
{
	static const int binades[] = {0, 3, 18, 19, 20, 40};
	static const double spreads[] = {0, 1e-7, 0.001, 0.0156, 0.0157, 0.5};

	(void)state;
	for (int round = 0; round < 20; round++)
		for (size_t b = 0; b < sizeof(binades) / sizeof(binades[0]); b++)
			for (size_t s = 0; s < sizeof(spreads) / sizeof(spreads[0]); s++) {
				fill_steady(binades[b], spreads[s], round % 4 < 2 ? 1 : -1,
					    round % 2);
				check_against_exact(
					round < 10 ? COUNT : 1 + (size_t)(uniform() * COUNT), true);
			}
}

static void extreme_magnitudes(void **state)
{
	static const float scales[] = {0x1p-149f, 1e-38f, 1e-20f, 1, 1e20f, 1e37f};

	(void)state;
	for (size_t s = 0; s < sizeof(scales) / sizeof(scales[0]); s++) {
		struct sample_sums sums;
		__float128 i = 0;

		for (int k = 0; k < 1024; k++) {
			current_a[k] = scales[s] * (float)(k % 7);
			i += current_a[k];
		}
		sample_sums_init(&sums);
		sample_sums_add(&sums, current_a, NULL, NULL, 1024, 0);
		assert_true(sum_value(&sums.current) == (double)i);
	}
	memset(current_a, 0, sizeof(current_a));
}

static void any_split_is_the_whole(void **state)
{
	struct sample_sums whole;

	(void)state;
	fill_wide(false);
	sample_sums_init(&whole);
	sample_sums_add(&whole, current_a, voltage_v, NULL, COUNT, 0);
	for (int round = 0; round < 300; round++) {
		struct sample_sums pieces, piece;
		size_t at = 0;

		sample_sums_init(&pieces);
		while (at < COUNT) {
			size_t take = 1 + (size_t)(uniform() * uniform() * 3000);

			take = take > COUNT - at ? COUNT - at : take;
			sample_sums_init(&piece);
			sample_sums_add(&piece, current_a + at, voltage_v + at, NULL, take, 0);
			sample_sums_merge(&pieces, &piece);
			at += take;
		}
		assert_ulp(sum_value(&pieces.current), sum_value(&whole.current));
		assert_ulp(sum_value(&pieces.power), sum_value(&whole.power));
		assert_true(pieces.covered == COUNT && pieces.min_a == whole.min_a &&
			    pieces.max_a == whole.max_a);
	}
}

/* What is no number is counted, in no sum, and takes its partner along. */
static void not_finite_samples(void **state)
{
	struct sample_sums sums;
	double i = 0;

	(void)state;
	for (int k = 0; k < COUNT; k++) {
		current_a[k] = 0x1p-10f;
		voltage_v[k] = 2;
	}
	current_a[0] = NAN;
	current_a[1500] = INFINITY;
	current_a[1501] = -INFINITY;
	voltage_v[3000] = NAN;
	voltage_v[COUNT - 1] = INFINITY;
	for (int k = 0; k < COUNT - 5; k++)
		i += 0x1p-10;
	FOR_PATHS(path)
	{
		sample_sums_init(&sums);
		sample_sums_add_by(path, &sums, current_a, voltage_v, NULL, COUNT, 0);
		assert_int_equal(sums.not_finite, 5);
		assert_true(sums.covered == COUNT - 5);
		assert_true(sum_value(&sums.current) == i);
		assert_true(sum_value(&sums.power) == 2 * i);
		assert_true(sums.max_a == 0x1p-10f);
		sample_sums_init(&sums);
		sample_sums_add_by(path, &sums, current_a, NULL, NULL, COUNT, 0);
		assert_int_equal(sums.not_finite, 3);
		assert_true(sum_value(&sums.current) == i + 2 * 0x1p-10);
	}
}

static void saturation(void **state)
{
	static uint8_t marks[COUNT];
	struct sample_sums sums;

	(void)state;
	for (int k = 0; k < COUNT; k++)
		current_a[k] = k % 1000 == 7 ? 0.5f : 0.1f;
	sample_sums_init(&sums);
	sample_sums_add(&sums, current_a, NULL, NULL, COUNT, 0.5);
	assert_int_equal(sums.saturated, 5);
	marks[7] = marks[8] = marks[COUNT - 1] = 1;
	sample_sums_init(&sums);
	sample_sums_add(&sums, current_a, NULL, marks, COUNT, 0.5);
	assert_int_equal(sums.saturated, 7);
	memset(marks, 1, sizeof(marks));
	sample_sums_init(&sums);
	sample_sums_add(&sums, current_a, NULL, marks, COUNT, 0);
	assert_int_equal(sums.saturated, COUNT);
	assert_true(sum_value(&sums.current) > 0);
}

/* 1e9 samples of 0.1f: a float sum stands still at 2^21, a plain double sum is off by 1e-8 or so.
 * 24 significant bits times 1e9 = 2^9 * 5^9 (21 bits) is exact in double. */
static void a_long_sum_loses_nothing(void **state)
{
	struct sample_sums sums;
	uint64_t left = long_count;
	__float128 power = (__float128)0.1f * 3.3f * (double)long_count;

	(void)state;
	for (int k = 0; k < 4096; k++) {
		current_a[k] = 0.1f;
		voltage_v[k] = 3.3f;
	}
	sample_sums_init(&sums);
	while (left) {
		size_t take = left < 4096 ? (size_t)left : 4096;

		sample_sums_add(&sums, current_a, voltage_v, NULL, take, 0);
		left -= take;
	}
	assert_true(sums.covered == (double)long_count);
	assert_true(sum_value(&sums.current) == (double)0.1f * (double)long_count);
	assert_ulp(sum_value(&sums.power), (double)power);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_exact),
		cmocka_unit_test(steady_against_exact),
		cmocka_unit_test(extreme_magnitudes),
		cmocka_unit_test(any_split_is_the_whole),
		cmocka_unit_test(not_finite_samples),
		cmocka_unit_test(saturation),
		cmocka_unit_test(a_long_sum_loses_nothing),
	};

	FOR_PATHS(path)
	print_message("sums run on the %s path\n", sample_path_name(path));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
