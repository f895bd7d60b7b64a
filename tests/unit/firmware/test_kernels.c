/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The portable kernels against plain definitions: every output from its own sum over the taps that
 * lie inside the input, zero point subtracted tap by tap, rescaled with gemmlowp's own wording of
 * the rounding. Sizes, strides, dilation and padding are drawn at random.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/runtime/kernels/portable/fixed_point.h"
#include "firmware/runtime/kernels/portable/portable.h"

enum { BYTES_MAX = 8192, CHANNELS_MAX = 16, ROUNDS = 600 };

static uint32_t seed = 1;

static int32_t draw(int32_t from, int32_t to)
{
	seed = seed * 1664525u + 1013904223u;
	return from + (int32_t)((seed >> 8) % (uint32_t)(to - from + 1));
}

/* One operator with its own memory. */
static struct bench {
	struct image_op op;
	struct image_tensor in[2], out;
	int8_t input[2][BYTES_MAX], output[BYTES_MAX], weights[BYTES_MAX], scratch[BYTES_MAX];
	struct image_channel channels[CHANNELS_MAX];
	int32_t bias[CHANNELS_MAX]; /* before the zero point is folded in */
} bench;

static struct kernel_call bench_call(void)
{
	return (struct kernel_call){
		.op = &bench.op,
		.in = {&bench.in[0], &bench.in[1]},
		.out = &bench.out,
		.input = {bench.input[0], bench.input[1]},
		.output = bench.output,
		.weights = bench.weights,
		.channels = bench.channels,
		.scratch = bench.scratch,
	};
}

static void fill(int8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		bytes[i] = (int8_t)draw(-128, 127);
}

static void tensor_shape(struct image_tensor *tensor, int32_t h, int32_t w, int32_t c)
{
	*tensor = (struct image_tensor){.shape = {1, (uint32_t)h, (uint32_t)w, (uint32_t)c},
					.bytes = (uint32_t)(h * w * c),
					.zero_point = draw(-128, 127)};
	assert_true(tensor->bytes <= BYTES_MAX);
}

/* gemmlowp: SaturatingRoundingDoublingHighMul, then RoundingDivideByPOT, as they are written there.
 */
static int32_t rescale_plain(int32_t value, int32_t multiplier, int32_t shift)
{
	int64_t product = (int64_t)(value * (1 << (shift > 0 ? shift : 0))) * multiplier;
	int64_t nudge = product >= 0 ? 1 << 30 : 1 - (1 << 30);
	int32_t high = (int32_t)((product + nudge) / ((int64_t)1 << 31));
	int32_t right = shift > 0 ? 0 : -shift;
	double exact = ldexp(high, -right);

	return (int32_t)(exact < 0 ? -floor(-exact + 0.5) : floor(exact + 0.5));
}

static int8_t finish_plain(int32_t sum, const struct image_rescale *rescale)
{
	int32_t value =
		rescale_plain(sum, rescale->multiplier, rescale->shift) + bench.out.zero_point;

	value = value < bench.op.activation_min ? bench.op.activation_min : value;
	return (int8_t)(value > bench.op.activation_max ? bench.op.activation_max : value);
}

static int32_t axis_out(int32_t in, int32_t reach, int32_t stride, int32_t pad)
{
	return (in + 2 * pad - reach) / stride + 1;
}

static void draw_window(int32_t channels_in, int32_t channels_out, int32_t dilation_max)
{
	int32_t kh = draw(1, 4), kw = draw(1, 4), sh = draw(1, 3), sw = draw(1, 3);
	int32_t dh = draw(1, dilation_max), dw = draw(1, dilation_max);
	int32_t reach_h = (kh - 1) * dh + 1, reach_w = (kw - 1) * dw + 1;
	int32_t pt = draw(0, reach_h - 1) / 2, pl = draw(0, reach_w - 1) / 2;
	int32_t h = draw(reach_h, reach_h + 5), w = draw(reach_w, reach_w + 5);

	bench.op = (struct image_op){
		.kernel_h = (uint16_t)kh,
		.kernel_w = (uint16_t)kw,
		.stride_h = (uint16_t)sh,
		.stride_w = (uint16_t)sw,
		.dilation_h = (uint16_t)dh,
		.dilation_w = (uint16_t)dw,
		.pad_top = (uint16_t)pt,
		.pad_left = (uint16_t)pl,
		.activation_min = draw(-128, -100),
		.activation_max = draw(100, 127),
	};
	tensor_shape(&bench.in[0], h, w, channels_in);
	tensor_shape(&bench.out, axis_out(h, reach_h, sh, pt), axis_out(w, reach_w, sw, pl),
		     channels_out);
	fill(bench.input[0], bench.in[0].bytes);
}

/* The input at a position relative to the window of an output pixel; *inside: not in the padding.
 */
static int32_t tap_value(uint32_t y, uint32_t x, uint32_t ky, uint32_t kx, uint32_t channel,
			 bool *inside)
{
	const struct image_op *op = &bench.op;
	int32_t at_y = (int32_t)(y * op->stride_h + ky * op->dilation_h) - op->pad_top;
	int32_t at_x = (int32_t)(x * op->stride_w + kx * op->dilation_w) - op->pad_left;
	const uint32_t *shape = bench.in[0].shape;

	*inside = at_y >= 0 && at_x >= 0 && at_y < (int32_t)shape[1] && at_x < (int32_t)shape[2];
	if (!*inside)
		return 0;
	return bench.input[0][((uint32_t)at_y * shape[2] + (uint32_t)at_x) * shape[3] + channel];
}

/* weight(ky, kx, input channel, output channel), 0 where the two are not connected */
typedef int32_t weight_fn(uint32_t ky, uint32_t kx, uint32_t in, uint32_t out);

static int32_t conv_weight(uint32_t ky, uint32_t kx, uint32_t in, uint32_t out)
{
	const struct image_op *op = &bench.op;

	return bench
		.weights[((out * op->kernel_h + ky) * op->kernel_w + kx) * bench.in[0].shape[3] +
			 in];
}

static int32_t depthwise_weight(uint32_t ky, uint32_t kx, uint32_t in, uint32_t out)
{
	uint32_t multiplier = bench.out.shape[3] / bench.in[0].shape[3];

	if (out / multiplier != in)
		return 0;
	return bench.weights[(ky * bench.op.kernel_w + kx) * bench.out.shape[3] + out];
}

static int32_t window_sum(uint32_t y, uint32_t x, uint32_t out, weight_fn *weight, bool padded)
{
	int32_t sum = 0;

	for (uint32_t ky = 0; ky < bench.op.kernel_h; ky++)
		for (uint32_t kx = 0; kx < bench.op.kernel_w; kx++)
			for (uint32_t in = 0; in < bench.in[0].shape[3]; in++) {
				bool inside;
				int32_t value = tap_value(y, x, ky, kx, in, &inside);

				if (padded)
					sum += weight(ky, kx, in, out);
				else if (inside)
					sum += (value - bench.in[0].zero_point) *
					       weight(ky, kx, in, out);
			}
	return sum;
}

static void draw_channels(weight_fn *weight)
{
	for (uint32_t i = 0; i < bench.out.shape[3]; i++) {
		bench.bias[i] = draw(-20000, 20000);
		bench.channels[i].bias =
			bench.bias[i] - bench.in[0].zero_point * window_sum(0, 0, i, weight, true);
		bench.channels[i].rescale.multiplier = draw(1 << 30, INT32_MAX - 1);
		bench.channels[i].rescale.shift = draw(-12, 1);
	}
}

static void conv_compare(weight_fn *weight)
{
	const uint32_t *shape = bench.out.shape;

	for (uint32_t i = 0; i < bench.out.bytes; i++) {
		uint32_t channel = i % shape[3], x = i / shape[3] % shape[2];
		uint32_t y = i / shape[3] / shape[2];
		int32_t sum = bench.bias[channel] + window_sum(y, x, channel, weight, false);

		assert_int_equal(bench.output[i],
				 finish_plain(sum, &bench.channels[channel].rescale));
	}
}

static void test_conv(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		int32_t in = draw(1, 7), out = draw(1, 7);
		struct kernel_call call = bench_call();

		draw_window(in, out, 2);
		fill(bench.weights, bench.op.kernel_h * bench.op.kernel_w * (uint32_t)(in * out));
		draw_channels(conv_weight);
		portable_conv_2d(&call);
		conv_compare(conv_weight);
	}
}

static void test_depthwise(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		int32_t in = draw(1, 5), multiplier = draw(1, 3);
		struct kernel_call call = bench_call();

		draw_window(in, in * multiplier, 2);
		fill(bench.weights,
		     bench.op.kernel_h * bench.op.kernel_w * (uint32_t)(in * multiplier));
		draw_channels(depthwise_weight);
		portable_depthwise_conv_2d(&call);
		conv_compare(depthwise_weight);
	}
}

/* A fully connected operator is a convolution of one pixel, row by row. */
static void test_fully_connected(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		int32_t in = draw(1, 40), out = draw(1, 9), rows = draw(1, 4);
		struct kernel_call call = bench_call();

		bench.op = (struct image_op){.kernel_h = 1,
					     .kernel_w = 1,
					     .stride_h = 1,
					     .stride_w = 1,
					     .activation_min = -128,
					     .activation_max = 127};
		tensor_shape(&bench.in[0], 1, rows, in);
		tensor_shape(&bench.out, 1, rows, out);
		fill(bench.input[0], bench.in[0].bytes);
		fill(bench.weights, (uint32_t)(in * out));
		draw_channels(conv_weight);
		portable_fully_connected(&call);
		conv_compare(conv_weight);
	}
}

static void pool_compare(bool average)
{
	const uint32_t *shape = bench.out.shape;

	for (uint32_t i = 0; i < bench.out.bytes; i++) {
		int32_t sum = 0, count = 0, most = -128, expected;

		for (uint32_t tap = 0; tap < (uint32_t)bench.op.kernel_h * bench.op.kernel_w;
		     tap++) {
			bool inside;
			int32_t value = tap_value(i / shape[3] / shape[2], i / shape[3] % shape[2],
						  tap / bench.op.kernel_w, tap % bench.op.kernel_w,
						  i % shape[3], &inside);

			sum += value;
			count += inside;
			most = inside && value > most ? value : most;
		}
		expected = (int32_t)round((double)sum / count); /* halves away from zero */
		expected = average ? expected : most;
		assert_int_equal(bench.output[i], fixed_clamp(expected, bench.op.activation_min,
							      bench.op.activation_max));
	}
}

static void test_pools(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		int32_t channels = draw(1, 5);
		struct kernel_call call = bench_call();

		draw_window(channels, channels, 1);
		portable_average_pool_2d(&call);
		pool_compare(true);
		portable_max_pool_2d(&call);
		pool_compare(false);
	}
}

static void test_add(void **state)
{
	struct image_rescale *rescale = bench.op.rescale;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct kernel_call call = bench_call();

		bench.op =
			(struct image_op){.activation_min = draw(-128, 0), .activation_max = 127};
		for (int i = 0; i < 3; i++)
			rescale[i] = (struct image_rescale){draw(1 << 30, INT32_MAX - 1),
							    i < 2 ? draw(-3, 0) : draw(-21, -17)};
		for (int i = 0; i < 2; i++) {
			tensor_shape(&bench.in[i], 2, 3, 7);
			fill(bench.input[i], bench.in[i].bytes);
		}
		tensor_shape(&bench.out, 2, 3, 7);
		portable_add(&call);
		for (uint32_t i = 0; i < bench.out.bytes; i++) {
			int32_t sum = 0;

			for (int k = 0; k < 2; k++)
				sum += rescale_plain((bench.input[k][i] - bench.in[k].zero_point) *
							     (1 << 20),
						     rescale[k].multiplier, rescale[k].shift);
			assert_int_equal(bench.output[i], finish_plain(sum, &rescale[2]));
		}
	}
}

/* Rescaled products, also with the output in place of either input. */
static void test_mul(void **state)
{
	static int8_t expected[BYTES_MAX];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct kernel_call call = bench_call();
		int place = draw(0, 2);

		bench.op =
			(struct image_op){.activation_min = draw(-128, 0), .activation_max = 127};
		bench.op.rescale[0] =
			(struct image_rescale){draw(1 << 30, INT32_MAX - 1), draw(-12, 2)};
		for (int i = 0; i < 2; i++) {
			tensor_shape(&bench.in[i], 2, 3, 7);
			fill(bench.input[i], bench.in[i].bytes);
		}
		tensor_shape(&bench.out, 2, 3, 7);
		for (uint32_t i = 0; i < bench.out.bytes; i++)
			expected[i] =
				finish_plain((bench.input[0][i] - bench.in[0].zero_point) *
						     (bench.input[1][i] - bench.in[1].zero_point),
					     &bench.op.rescale[0]);
		call.output = place < 2 ? bench.input[place] : bench.output;
		portable_mul(&call);
		assert_memory_equal(call.output, expected, bench.out.bytes);
	}
}

static void test_mean(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct kernel_call call = bench_call();
		int32_t h = draw(1, 6), w = draw(1, 6), c = draw(1, 6);
		bool rows = draw(0, 1), columns = draw(0, 1), channels = draw(0, 1);

		bench.op = (struct image_op){.activation_min = -128,
					     .activation_max = 127,
					     .args = {0, rows, columns, channels}};
		bench.op.rescale[0] =
			(struct image_rescale){draw(1 << 29, INT32_MAX - 1), draw(-9, 1)};
		tensor_shape(&bench.in[0], h, w, c);
		tensor_shape(&bench.out, rows ? 1 : h, columns ? 1 : w, channels ? 1 : c);
		fill(bench.input[0], bench.in[0].bytes);
		portable_mean(&call);
		for (uint32_t i = 0; i < bench.out.bytes; i++) {
			const uint32_t *left = bench.out.shape;
			int32_t sum = 0;

			for (int32_t k = 0; k < h * w * c; k++) {
				uint32_t place = (uint32_t)(rows ? 0 : k / c / w) * left[2] +
						 (uint32_t)(columns ? 0 : k / c % w);

				place = place * left[3] + (uint32_t)(channels ? 0 : k % c);
				if (place == i)
					sum += bench.input[0][k] - bench.in[0].zero_point;
			}
			assert_int_equal(bench.output[i], finish_plain(sum, &bench.op.rescale[0]));
		}
	}
}

/* Against the definition in float32, for all pairs of sizes up to 70 and large ones; the first is
 * one whose quotient is a half of its last bit and a little more. */
static void test_resize(void **state)
{
	(void)state;
	for (int32_t round = 0; round < 4 * 5000; round++) {
		struct kernel_call call = bench_call();
		int32_t in = round < 4 * 4900 ? round / 4 / 70 + 1 : draw(1, 1000);
		int32_t out = round < 4 * 4900 ? round / 4 % 70 + 1 : draw(1, BYTES_MAX);
		bool corners = round & 1, centers = round & 2;
		float scale;

		in = round < 4 ? 2 : in;
		out = round < 4 ? 1020 : out;
		scale = corners && out > 1 ? (float)(in - 1) / (float)(out - 1)
					   : (float)in / (float)out;

		bench.op = (struct image_op){.args = {corners, centers, 0, 0}};
		tensor_shape(&bench.in[0], in, 1, 1);
		tensor_shape(&bench.out, out, 1, 1);
		fill(bench.input[0], bench.in[0].bytes);
		portable_resize_nearest_neighbor(&call);
		for (int32_t i = 0; i < out; i++) {
			float at = ((float)i + (centers ? 0.5f : 0)) * scale;
			int32_t source = (int32_t)(corners ? roundf(at) : floorf(at));

			source = source < in ? source : in - 1;
			assert_int_equal(bench.output[i], bench.input[0][source]);
		}
	}
}

/* By hand. */
static void test_moves(void **state)
{
	static const int8_t padded[] = {9, 9, 9, 9, 9, 9, 1, 2, 3, 4, 9, 9, 5, 6, 7, 8, 9, 9};
	static const int8_t turned[] = {1, 5, 2, 6, 3, 7, 4, 8};
	static const int8_t together[] = {1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 7, 8};
	struct kernel_call call = bench_call();

	(void)state;
	for (int8_t i = 0; i < 8; i++)
		bench.input[0][i] = bench.input[1][i] = (int8_t)(i + 1);
	tensor_shape(&bench.in[0], 2, 2, 2);
	tensor_shape(&bench.in[1], 2, 2, 2);
	bench.op = (struct image_op){.args = {0, 1, 0, 0}};
	tensor_shape(&bench.out, 3, 3, 2);
	bench.out.zero_point = 9;
	portable_pad(&call);
	assert_memory_equal(bench.output, padded, sizeof(padded));
	bench.op = (struct image_op){.args = {0, 2, 3, 1}};
	tensor_shape(&bench.out, 2, 2, 2);
	portable_transpose(&call);
	assert_memory_equal(bench.output, turned, sizeof(turned));
	bench.op = (struct image_op){.input_count = 2, .args = {2}};
	tensor_shape(&bench.out, 2, 4, 2);
	portable_concatenation(&call);
	assert_memory_equal(bench.output, together, sizeof(together));
}

static void test_reshape(void **state)
{
	struct kernel_call call = bench_call();

	(void)state;
	tensor_shape(&bench.in[0], 4, 5, 6);
	tensor_shape(&bench.out, 1, 1, 120);
	fill(bench.input[0], 120);
	memset(bench.output, 0, 121);
	portable_reshape(&call);
	assert_memory_equal(bench.output, bench.input[0], 120);
	assert_int_equal(bench.output[120], 0);
}

/* Against the real function: off by at most one step of 1/256. Scale 0.1: 0.1 * 2^26 as the host
 * prepares it. */
static void test_softmax(void **state)
{
	int exponent;
	double fraction = frexp(0.1 * (1 << 26), &exponent);

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct kernel_call call = bench_call();
		int32_t depth = draw(1, 30);

		bench.op = (struct image_op){.diff_min = -(31 << 26 >> exponent)};
		bench.op.rescale[0] =
			(struct image_rescale){(int32_t)(fraction * 0x1p31), exponent};
		tensor_shape(&bench.in[0], 1, 2, depth);
		tensor_shape(&bench.out, 1, 2, depth);
		fill(bench.input[0], bench.in[0].bytes);
		portable_softmax(&call);
		for (int32_t i = 0; i < 2 * depth; i++) {
			const int8_t *row = bench.input[0] + i / depth * depth;
			double sum = 0, expected;

			for (int32_t k = 0; k < depth; k++)
				sum += exp(0.1 * row[k]);
			expected = 256 * exp(0.1 * bench.input[0][i]) / sum - 128;
			assert_true(fabs(bench.output[i] - fmin(expected, 127)) <= 1);
		}
	}
}

/* Bytes a reference implementation of the quantised softmax gives are in the golden models' files;
 * here the ends: equal inputs, and one that takes all. */
static void test_softmax_ends(void **state)
{
	static const int8_t winner[] = {-128, -128, 127, -128}, shares[] = {-128, -128, 127, -128};
	struct kernel_call call = bench_call();

	(void)state;
	bench.op = (struct image_op){.diff_min = -62, .rescale = {{1 << 30, 26}}};
	tensor_shape(&bench.in[0], 1, 1, 4);
	tensor_shape(&bench.out, 1, 1, 4);
	memset(bench.input[0], 5, 4);
	bench.op.diff_min = -31;
	portable_softmax(&call);
	for (int i = 0; i < 4; i++)
		assert_int_equal(bench.output[i], -64);
	memcpy(bench.input[0], winner, 4);
	portable_softmax(&call);
	assert_memory_equal(bench.output, shares, 4);
}

static void test_fixed_point(void **state)
{
	static const int32_t values[] = {0,        1,       -1,         2,         -2,
					 3,        -3,      5,          -5,        6,
					 -6,       1 << 20, -(1 << 20), INT32_MAX, INT32_MIN + 1,
					 INT32_MIN};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		for (int bits = 0; bits <= 31; bits++) {
			double exact = ldexp(values[i], -bits);

			assert_int_equal(fixed_divide_pow2(values[i], bits), (int32_t)round(exact));
		}
		for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
			double exact = ldexp((double)values[i] * values[k], -31);

			exact = fmin(floor(exact + 0.5), INT32_MAX);
			if (fabs((double)values[i] * values[k]) < 0x1p52)
				assert_int_equal(fixed_multiply(values[i], values[k]),
						 (int32_t)exact);
		}
	}
	assert_int_equal(fixed_multiply(INT32_MIN, INT32_MIN), INT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed_point),  cmocka_unit_test(test_conv),
		cmocka_unit_test(test_depthwise),    cmocka_unit_test(test_fully_connected),
		cmocka_unit_test(test_pools),        cmocka_unit_test(test_add),
		cmocka_unit_test(test_reshape),      cmocka_unit_test(test_softmax),
		cmocka_unit_test(test_softmax_ends), cmocka_unit_test(test_mul),
		cmocka_unit_test(test_mean),         cmocka_unit_test(test_resize),
		cmocka_unit_test(test_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
