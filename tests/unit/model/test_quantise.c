/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Scales to integers: exact values worked out by hand from the rules, and that each result means
 * the number it was made from.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/model/quantise.h"

static void test_multiplier(void **state)
{
	static const struct {
		double value;
		int32_t multiplier, shift;
	} rows[] = {
		{0, 0, 0},
		{1, 1 << 30, 1},
		{0.5, 1 << 30, 0},
		{0.75, 3 << 29, 0},
		{1.5, 3 << 29, 1},
		{1 / 3.0, 1431655765, -1},
		{1 - 0x1p-33, 1 << 30, 1}, /* fraction rounds up to 2^31: halved */
		{1 - 0x1p-32, 1 << 30, 1}, /* a half rounds away from zero */
		{1 - 0x1p-31, INT32_MAX, 0},
		{0x1p-32, 1 << 30, -31},
		{0x1p-33, 0, 0}, /* flushed */
		{0x1.8p30, 3 << 29, 31},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct image_rescale rescale = {-1, -1};

		assert_true(quantise_multiplier(rows[i].value, &rescale));
		assert_int_equal(rescale.multiplier, rows[i].multiplier);
		assert_int_equal(rescale.shift, rows[i].shift);
	}
}

static void test_multiplier_refuses(void **state)
{
	struct image_rescale rescale;

	(void)state;
	assert_false(quantise_multiplier(0x1p31, &rescale));
	assert_false(quantise_multiplier(INFINITY, &rescale));
	assert_false(quantise_multiplier(NAN, &rescale));
	assert_false(quantise_multiplier(-1, &rescale));
}

static void test_activation(void **state)
{
	static const struct {
		enum graph_activation activation;
		float scale;
		int32_t zero_point, min, max;
	} rows[] = {
		{GRAPH_ACTIVATION_NONE, 0.1f, 5, -128, 127},
		{GRAPH_ACTIVATION_RELU, 0.1f, 5, 5, 127},
		{GRAPH_ACTIVATION_RELU6, 0.1f, 5, 5, 65},
		{GRAPH_ACTIVATION_RELU6, 6.0f / 255, -128, -128, 127},
		{GRAPH_ACTIVATION_RELU6, 1e-30f, -128, -128, 127},
		{GRAPH_ACTIVATION_RELU6, 4.0f, -128, -128, -126}, /* 1.5 steps round to 2 */
		{GRAPH_ACTIVATION_RELU6, 0.05f, 10, 10, 127},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int32_t min = 0, max = 0;

		quantise_activation(rows[i].activation, rows[i].scale, rows[i].zero_point, &min,
				    &max);
		assert_int_equal(min, rows[i].min);
		assert_int_equal(max, rows[i].max);
	}
}

static struct graph_tensor scaled(const float *scale)
{
	return (struct graph_tensor){.scale_count = 1, .scales = (const uint8_t *)scale};
}

/* The two products differ in the last bits of the multiplier. */
static void test_float_product(void **state)
{
	const float in = 0.1f, weight = 0.3f, out = 1.0f;
	struct graph_tensor a = scaled(&in), b = scaled(&weight), c = scaled(&out);
	struct image_rescale as_double, as_float;
	volatile float product = in * weight;

	(void)state;
	assert_true(quantise_channel(&a, &b, &c, 0, false, &as_double));
	assert_true(quantise_channel(&a, &b, &c, 0, true, &as_float));
	assert_int_equal(as_double.multiplier, llround(ldexp((double)in * (double)weight, 36)));
	assert_int_equal(as_float.multiplier, llround(ldexp((double)product, 36)));
	assert_int_not_equal(as_double.multiplier, as_float.multiplier);
	assert_int_equal(as_double.shift, -5);
}

static void test_add(void **state)
{
	struct image_rescale rescale[3];

	(void)state;
	assert_true(quantise_add(0.5f, 0.25f, 0.5f, rescale));
	assert_int_equal(rescale[0].multiplier, 1 << 30); /* 0.5 / (2 * 0.5) = 2^-1 */
	assert_int_equal(rescale[0].shift, 0);
	assert_int_equal(rescale[1].multiplier, 1 << 30); /* 2^-2 */
	assert_int_equal(rescale[1].shift, -1);
	assert_int_equal(rescale[2].multiplier, 1 << 30); /* 2^-19 */
	assert_int_equal(rescale[2].shift, -18);
	assert_false(quantise_add(1, 1, 0x1p-19f, rescale));
}

/* The product of the scales is exact in double; in float32 the multipliers would be 1906914176 and
 * 1236038528. */
static void test_mul(void **state)
{
	struct image_rescale rescale;

	(void)state;
	assert_true(quantise_mul(0.33415103f, 0.983241498f, 0.37f, &rescale));
	assert_int_equal(rescale.multiplier, 1906914142);
	assert_int_equal(rescale.shift, 0);
	assert_true(quantise_mul(0.388584912f, 0.548047125f, 0.37f, &rescale));
	assert_int_equal(rescale.multiplier, 1236038430);
	assert_true(quantise_mul(1, 1, 0x1p-14f, &rescale));
	assert_int_equal(rescale.shift, IMAGE_MUL_SHIFT_MAX);
	assert_false(quantise_mul(1, 1, 0x1p-15f, &rescale));
}

/* 2^30 * 2^3 / 12 between equal scales, and shifts that end at -31. */
static void test_mean(void **state)
{
	struct image_rescale rescale;

	(void)state;
	assert_true(quantise_mean(0.5f, 0.5f, 12, &rescale));
	assert_int_equal(rescale.multiplier, 715827882);
	assert_int_equal(rescale.shift, -2);
	assert_true(quantise_mean(0.5f, 0.5f, 1, &rescale));
	assert_int_equal(rescale.multiplier, 1 << 30);
	assert_int_equal(rescale.shift, 1);
	assert_true(quantise_mean(0x1p-30f, 1, 64, &rescale)); /* shift -29: 2 of 6 bits fold */
	assert_int_equal(rescale.multiplier, 1 << 26);
	assert_int_equal(rescale.shift, -31);
	assert_true(quantise_mean(1, 1, IMAGE_POOL_TAPS_MAX, &rescale));
	assert_false(quantise_mean(1, 0x1p-30f, 255, &rescale));
}

/* The quotient is a float32, in which these are a half and go away from zero; in double they are
 * below it. */
static void test_values(void **state)
{
	(void)state;
	assert_int_equal(quantise_value(39.5829964f, 0.504242003f, 0), 79);
	assert_int_equal(quantise_value(-39.5829964f, 0.504242003f, 0), -79);
	assert_int_equal(quantise_value(15.1623945f, 0.235075891f, -128), -63);
	assert_int_equal(quantise_value(1e38f, 1e-30f, -128), 127);
	assert_int_equal(quantise_value(-1e38f, 1e-30f, 127), -128);
	assert_int_equal(quantise_value(NAN, 1, -5), -5);
	assert_true(quantise_real(-128, 0.1f, 127) == 0.1f * -255.0f);
}

static void test_softmax(void **state)
{
	struct image_rescale rescale;
	int32_t diff_min;

	(void)state;
	assert_true(quantise_softmax(0.5f, 1, &rescale, &diff_min));
	assert_int_equal(rescale.multiplier, 1 << 30); /* 2^25 */
	assert_int_equal(rescale.shift, 26);
	assert_int_equal(diff_min, -31);
	assert_true(quantise_softmax(100, 1, &rescale, &diff_min)); /* capped at 2^31 - 1 */
	assert_int_equal(rescale.multiplier, INT32_MAX);
	assert_int_equal(rescale.shift, 31);
	assert_int_equal(diff_min, 0);
	assert_false(quantise_softmax(0x1p-26f, 1, &rescale, &diff_min));
}

static void test_axis(void **state)
{
	static const struct {
		uint32_t in, kernel, stride, dilation;
		enum graph_padding padding;
		uint32_t out, pad;
	} rows[] = {
		{5, 3, 1, 1, GRAPH_SAME, 5, 1},
		{49, 10, 2, 1, GRAPH_SAME, 25, 4},
		{10, 4, 2, 1, GRAPH_SAME, 5, 1},
		{96, 3, 2, 1, GRAPH_SAME, 48, 0}, /* one column of padding: behind */
		{5, 3, 2, 1, GRAPH_SAME, 3, 1},
		{8, 1, 2, 1, GRAPH_SAME, 4, 0},
		{8, 3, 1, 2, GRAPH_SAME, 8, 2},
		{8, 3, 1, 2, GRAPH_VALID, 4, 0},
		{25, 25, 25, 1, GRAPH_VALID, 1, 0},
		{7, 3, 2, 1, GRAPH_VALID, 3, 0},
		{2, 3, 1, 1, GRAPH_VALID, 0, 0},
		{3, 2, 5, 1, GRAPH_SAME, 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct graph_axis axis = {rows[i].kernel, rows[i].stride, rows[i].dilation, 0};

		assert_int_equal(graph_axis_output(rows[i].in, &axis, rows[i].padding),
				 rows[i].out);
		assert_int_equal(graph_axis_pad(rows[i].in, &axis, rows[i].padding), rows[i].pad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_multiplier), cmocka_unit_test(test_multiplier_refuses),
		cmocka_unit_test(test_activation), cmocka_unit_test(test_float_product),
		cmocka_unit_test(test_add),        cmocka_unit_test(test_softmax),
		cmocka_unit_test(test_axis),       cmocka_unit_test(test_mul),
		cmocka_unit_test(test_mean),       cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
