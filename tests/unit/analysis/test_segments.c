/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Segments of a stream against closed forms, in any pieces. A sample is the mean of the current
 * over its interval; float rounding of samples limits agreement to 2^-25 of the largest per sample.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "analysis/trace/segments.h"

enum { COUNT = 20000 };

static float current_a[COUNT], voltage_v[COUNT];
static struct segments segments;
static const struct segment_settings settings = {.rate_hz = 1e5, .supply_v = 3, .keep_samples = 50};
static uint64_t seed = 3;

static double uniform(void)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(seed >> 11) * 0x1p-53;
}

static void assert_close(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.17g is not %.17g within %g", value, expected, tolerance);
}

static void feed(uint64_t first, size_t count)
{
	struct segment_block block = {.first_index = first,
				      .current_a = current_a + first,
				      .voltage_v = voltage_v + first,
				      .count = count};

	assert_int_equal(segments_begin(&segments, &block), 0);
}

/* Cuts at positions in blocks of random length; each cut as late as keep_samples allows. */
static void cut_all(const double *positions, size_t count, double longest, struct segment *ret)
{
	size_t at = 0, cut = 0;

	assert_int_equal(segments_init(&segments, &settings), 0);
	while (at < COUNT) {
		size_t take = 1 + (size_t)(uniform() * longest);

		take = take > COUNT - at ? COUNT - at : take;
		feed(at, take);
		at += take;
		while (cut < count && positions[cut] <= (double)at &&
		       (at == COUNT || positions[cut] < (double)at - 40 || uniform() < 0.5)) {
			assert_int_equal(segments_cut(&segments, positions[cut], &ret[cut]), 0);
			cut++;
		}
		segments_end(&segments);
	}
	assert_int_equal(cut, count);
}

/* i(t) = slope * t. Within a sample the integral takes the sample's mean for the current: at a cut
 * after the share f of a sample it is slope * f * (1 - f) / 2 above the ramp's own. */
static void ramp(void **state)
{
	static const double cuts[] = {0, 100, 5000.25, 5000.5, 12345.75, 19999.5};
	struct segment pieces[6];
	double slope = 0x1p-14, last = 0;

	(void)state;
	for (int k = 0; k < COUNT; k++) {
		current_a[k] = (float)(slope * (k + 0.5));
		voltage_v[k] = 2;
	}
	cut_all(cuts, 6, 700, pieces);
	for (int i = 1; i < 6; i++) {
		double f = cuts[i] - floor(cuts[i]), q;
		struct segment_values values = segment_values(&pieces[i], &settings);

		q = slope * (cuts[i] * cuts[i] / 2 + f * (1 - f) / 2);
		assert_close(values.charge_c, (q - last) / 1e5, 1e-15 * q);
		assert_close(values.energy_j, 2 * (q - last) / 1e5, 1e-15 * q);
		assert_close(values.duration_s, (cuts[i] - cuts[i - 1]) / 1e5, 1e-16);
		assert_true(values.complete && values.coverage == 1 && values.mean_v == 2);
		last = q;
	}
}

/* i(t) = I sin(w t) + I, v(t) = V: samples are means, so cuts at whole samples are exact but for
 * float rounding: COUNT * 2^-25 at most, / sqrt(COUNT) as it goes. */
static void sine(void **state)
{
	static const double cuts[] = {0, 777, 4001, 19998};
	struct segment pieces[4];
	double w = 2 * M_PI / 163.7, amplitude_a = 0.01;

	(void)state;
	for (int k = 0; k < COUNT; k++) {
		current_a[k] = (float)(amplitude_a * (1 + (cos(w * k) - cos(w * (k + 1))) / w));
		voltage_v[k] = 3.3f;
	}
	cut_all(cuts, 4, 3000, pieces);
	for (int i = 1; i < 4; i++) {
		double expected = amplitude_a * (cuts[i] - cuts[i - 1] +
						 (cos(w * cuts[i - 1]) - cos(w * cuts[i])) / w);
		double rounding = 2 * amplitude_a * 0x1p-25 * sqrt(cuts[i] - cuts[i - 1]) * 4;
		struct segment_values values = segment_values(&pieces[i], &settings);

		assert_close(values.charge_c * 1e5, expected, rounding);
		assert_close(values.energy_j * 1e5, 3.3f * expected, 3.3 * rounding);
	}
}

/* Power is i * v sample by sample, not mean times mean: in phase they differ by half the product of
 * amplitudes. */
static void power_is_by_sample(void **state)
{
	static const double cuts[] = {0, 20000};
	struct segment pieces[2];
	struct segment_values values;

	(void)state;
	for (int k = 0; k < COUNT; k++) {
		current_a[k] = k % 2 ? 0.25f : 0.75f;
		voltage_v[k] = k % 2 ? 3.5f : 2.5f; /* burden */
	}
	cut_all(cuts, 2, 500, pieces);
	values = segment_values(&pieces[1], &settings);
	assert_close(values.energy_j, (0.25 * 3.5 + 0.75 * 2.5) / 2 * 0.2, 1e-16);
	assert_true(values.energy_j < 0.99 * values.mean_a * values.mean_v * 0.2);
	assert_true(values.mean_a == 0.5 && values.mean_v == 3);
}

/* Any blocks, any cuts, put together again: the whole to 1 ulp. */
static void any_cuts_append_to_the_whole(void **state)
{
	enum { CUTS = 200 };
	static struct segment pieces[CUTS + 2];
	double ends[2] = {0.3, 19999.7}, cuts[CUTS + 2];
	struct segment whole[2];

	(void)state;
	for (int k = 0; k < COUNT; k++) {
		current_a[k] = (float)(1e-3 * exp(-6 * uniform()));
		voltage_v[k] = (float)(3 + 0.1 * uniform());
	}
	cut_all(ends, 2, 4096, whole);
	for (int round = 0; round < 30; round++) {
		struct segment sum = {0};
		struct segment_values a, b;

		cuts[0] = ends[0];
		for (int i = 1; i <= CUTS; i++) { /* grid of 1/8 keeps shares exact */
			cuts[i] = cuts[i - 1] + floor(uniform() * 8 * 190) / 8;
			if (i % 9 == 0)
				cuts[i] = cuts[i - 1]; /* empty pieces */
		}
		cuts[CUTS + 1] = ends[1];
		cut_all(cuts, CUTS + 2, round % 2 ? 60 : 5000, pieces);
		for (int i = 1; i < CUTS + 2; i++)
			segment_append(&sum, &pieces[i]);
		a = segment_values(&sum, &settings);
		b = segment_values(&whole[1], &settings);
		assert_close(a.charge_c, b.charge_c, 2.3e-16 * b.charge_c);
		assert_close(a.energy_j, b.energy_j, 2.3e-16 * b.energy_j);
		assert_close(sum.sums.covered, whole[1].sums.covered, 1e-9);
	}
}

static void lost_samples_are_not_zero(void **state)
{
	struct segment first, second, third;
	struct segment_values values;
	struct segment_estimate estimate;

	(void)state;
	for (int k = 0; k < COUNT; k++) {
		current_a[k] = k % 2 ? 0.09f : 0.11f;
		voltage_v[k] = 3;
	}
	assert_int_equal(segments_init(&segments, &settings), 0);
	feed(0, 1000);
	segments_end(&segments);
	feed(1100, 5000);
	assert_int_equal(segments_cut(&segments, 500.5, &first), ANALYSIS_OUTSIDE_CAPTURE);
	assert_int_equal(segments_cut(&segments, 960, &first), 0);
	assert_int_equal(segments_cut(&segments, 1025.5, &second), 0); /* in the gap */
	assert_int_equal(segments_cut(&segments, 2000, &third), 0);
	segments_end(&segments);
	assert_int_equal(segment_judge(&first), 0);
	assert_int_equal(segment_judge(&second), ANALYSIS_SAMPLES_LOST);
	assert_true(second.lost == 25.5 && second.sums.covered == 40);
	assert_true(third.lost == 74.5 && third.sums.covered == 900);
	values = segment_values(&third, &settings);
	assert_close(values.coverage, 900 / 974.5, 1e-12);
	assert_close(values.mean_a, 0.1, 1e-8); /* had they been zero: 0.092 */
	assert_close(values.charge_c, 0.1 * 900 / 1e5, 1e-10);
	assert_false(values.complete);
	assert_int_equal(segment_estimate(&third, &settings, &estimate), 0);
	assert_close(estimate.charge_c, 0.1 * 974.5 / 1e5, 1e-10);
	assert_close(estimate.u_charge_c, 74.5 / 1e5 * 0.02 / sqrt(12), 1e-10);
	assert_close(estimate.energy_j, 3 * estimate.charge_c, 1e-12);
	segment_append(&second, &third);
	assert_true(second.lost == 100 && second.end_samples == 2000);
}

static void marked_and_not_finite(void **state)
{
	struct segment piece;
	struct segment_block block = {.current_a = current_a, .count = 100, .all_saturated = true};

	(void)state;
	for (int k = 0; k < COUNT; k++)
		current_a[k] = 0.1f;
	assert_int_equal(segments_init(&segments, &settings), 0);
	assert_int_equal(segments_begin(&segments, &block), 0);
	segments_end(&segments);
	block = (struct segment_block){100, current_a + 100, NULL, NULL, 100, false};
	assert_int_equal(segments_begin(&segments, &block), 0);
	assert_int_equal(segments_cut(&segments, 99.5, &piece), 0);
	assert_int_equal(piece.sums.saturated, 100);
	assert_int_equal(segment_judge(&piece), ANALYSIS_SATURATED);
	assert_true(segment_values(&piece, &settings).energy_j ==
		    3 * segment_values(&piece, &settings).charge_c);
	assert_int_equal(segments_cut(&segments, 100, &piece), 0);
	assert_int_equal(piece.sums.saturated, 1);
	assert_int_equal(segments_cut(&segments, 150, &piece), 0);
	assert_int_equal(segment_judge(&piece), 0);
	current_a[170] = NAN;
	assert_int_equal(segments_cut(&segments, 180, &piece), 0);
	assert_int_equal(segment_judge(&piece), ANALYSIS_NOT_FINITE);
	assert_true(piece.sums.covered == 29);
	segments_end(&segments);
	block = (struct segment_block){150, current_a, NULL, NULL, 10, false};
	assert_int_equal(segments_begin(&segments, &block), ANALYSIS_BAD_ARGUMENT);
	block = (struct segment_block){200, current_a, voltage_v, NULL, 10, false};
	assert_int_equal(segments_begin(&segments, &block), ANALYSIS_BAD_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ramp),
		cmocka_unit_test(sine),
		cmocka_unit_test(power_is_by_sample),
		cmocka_unit_test(any_cuts_append_to_the_whole),
		cmocka_unit_test(lost_samples_are_not_zero),
		cmocka_unit_test(marked_and_not_finite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
