/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ADD, MUL and MEAN: random networks of one operator, through reader, compiler and runtime, against
 * TensorFlow Lite Micro's definitions written down plainly: QuantizeMultiplier of
 * quantization_util.cc, gemmlowp's rounding, add_common.cc, mul_common.cc and QuantizedMeanOrSum of
 * reference/reduce.h, with subscripts instead of strides.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/model/net_run.h"

enum { ROUNDS = 1000, BYTES_MAX = 4096 };

struct scaled {
	int64_t multiplier;
	int shift;
};

static struct scaled scaled_make(double value)
{
	struct scaled scaled;
	double fraction = frexp(value, &scaled.shift);

	scaled.multiplier = llround(fraction * 2147483648.0);
	if (scaled.multiplier == 2147483648) {
		scaled.multiplier /= 2;
		scaled.shift++;
	}
	if (scaled.shift < -31)
		scaled = (struct scaled){0, 0};
	return scaled;
}

static int64_t scaled_apply(int64_t value, struct scaled by)
{
	int64_t product = value * (by.shift > 0 ? INT64_C(1) << by.shift : 1) * by.multiplier;
	int64_t high = (product + (product >= 0 ? 1 << 30 : 1 - (1 << 30))) / (INT64_C(1) << 31);
	int right = by.shift > 0 ? 0 : -by.shift;
	int64_t half = right ? INT64_C(1) << (right - 1) : 0;

	return high >= 0 ? (high + half) >> right : -((-high + half) >> right);
}

static int32_t clamp(int64_t value, int64_t min, int64_t max)
{
	return (int32_t)(value < min ? min : value > max ? max : value);
}

/* One operator on up to two tensors of four dimensions. */
static struct single {
	struct net net;
	int32_t in[2], out;
	int8_t values[2 * BYTES_MAX], result[BYTES_MAX];
	int32_t activation; /* 0 NONE, 1 RELU, 3 RELU6 */
} single;

static uint32_t elements(int32_t tensor)
{
	const struct net_tensor *t = &single.net.tensors[tensor];
	uint32_t count = 1;

	for (int32_t d = 0; d < t->rank; d++)
		count *= (uint32_t)t->shape[d];
	return count;
}

static const struct net_tensor *tensor_of(int32_t index)
{
	return &single.net.tensors[index];
}

static void single_finish(int32_t inputs)
{
	uint32_t bytes = 0;

	for (int32_t i = 0; i < inputs; i++) {
		single.net.inputs[i] = single.in[i];
		bytes += elements(single.in[i]);
	}
	single.net.input_count = inputs;
	single.net.outputs[0] = single.out;
	single.net.output_count = 1;
	assert_true(bytes <= sizeof(single.values) && elements(single.out) <= BYTES_MAX);
	net_fill(single.values, bytes);
	net_compile_run(&single.net, &model_options_portable, single.values, single.result);
}

static void activation_bounds(int32_t *ret_min, int32_t *ret_max)
{
	const struct net_tensor *out = tensor_of(single.out);

	*ret_min = single.activation ? out->zero_point : -128;
	*ret_max = single.activation == 3
			   ? clamp(out->zero_point + (int64_t)roundf(6 / out->scales[0]), -128, 127)
			   : 127;
}

/* Element at n y x c of the output's space, in an input that may be repeated. */
static int32_t repeated_at(int which, const int32_t at[4])
{
	const struct net_tensor *t = tensor_of(single.in[which]);
	const int8_t *values = single.values + (which ? elements(single.in[0]) : 0);
	int32_t index = 0;

	for (int d = 0; d < 4; d++)
		index = index * t->shape[d] + (t->shape[d] == 1 ? 0 : at[d]);
	return values[index] - t->zero_point;
}

static int32_t add_expected(int32_t a, int32_t b)
{
	double scale_a = (double)tensor_of(single.in[0])->scales[0];
	double scale_b = (double)tensor_of(single.in[1])->scales[0];
	double twice = 2 * fmax(scale_a, scale_b);
	double out = twice / (1048576.0 * (double)tensor_of(single.out)->scales[0]);
	int64_t sum = scaled_apply((int64_t)a * 1048576, scaled_make(scale_a / twice)) +
		      scaled_apply((int64_t)b * 1048576, scaled_make(scale_b / twice));

	return (int32_t)scaled_apply(sum, scaled_make(out));
}

static int32_t mul_expected(int32_t a, int32_t b)
{
	double product = (double)tensor_of(single.in[0])->scales[0] *
			 (double)tensor_of(single.in[1])->scales[0];

	return (int32_t)scaled_apply(
		a * b, scaled_make(product / (double)tensor_of(single.out)->scales[0]));
}

static void pair_compare(int32_t (*expected)(int32_t, int32_t))
{
	const struct net_tensor *out = tensor_of(single.out);
	int32_t min, max, i = 0;

	activation_bounds(&min, &max);
	for (int32_t n = 0; n < out->shape[0]; n++)
		for (int32_t y = 0; y < out->shape[1]; y++)
			for (int32_t x = 0; x < out->shape[2]; x++)
				for (int32_t c = 0; c < out->shape[3]; c++, i++) {
					const int32_t at[4] = {n, y, x, c};
					int32_t value =
						expected(repeated_at(0, at), repeated_at(1, at));

					assert_int_equal(single.result[i],
							 clamp(value + out->zero_point, min, max));
				}
}

/* Equal shapes half of the time; else each dimension of either side may be 1. */
static void pair_draw(int32_t builtin, unsigned options)
{
	int32_t shape[4] = {net_draw(1, 2), net_draw(1, 5), net_draw(1, 5), net_draw(1, 9)};
	bool repeat = net_draw(0, 1);
	struct net_op *op;

	single.net = (struct net){0};
	for (int i = 0; i < 2; i++) {
		int32_t of[4];

		for (int d = 0; d < 4; d++)
			of[d] = repeat && net_draw(0, 2) == 0 ? 1 : shape[d];
		single.in[i] = net_tensor(&single.net, 4, of, net_scale(), net_draw(-128, 127));
	}
	for (int d = 0; d < 4; d++)
		shape[d] = tensor_of(single.in[0])->shape[d] > tensor_of(single.in[1])->shape[d]
				   ? tensor_of(single.in[0])->shape[d]
				   : tensor_of(single.in[1])->shape[d];
	single.out = net_tensor(&single.net, 4, shape, net_scale(), net_draw(-128, 127));
	single.activation = (const int32_t[]){0, 1, 3}[net_draw(0, 2)];
	op = net_op(&single.net, builtin, options, single.out);
	net_input(op, single.in[0]);
	net_input(op, single.in[1]);
	net_option(op, 0, 1, single.activation);
	single_finish(2);
}

static void test_add(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		pair_draw(NET_ADD, 11);
		pair_compare(add_expected);
	}
}

static void test_mul(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		pair_draw(NET_MUL, 21);
		pair_compare(mul_expected);
	}
}

/* --- MEAN ----------------------------------------------------------------------------------------
 */

static struct {
	int32_t axes[6], count;
	bool averaged[4];
	int32_t elements;
} mean;

/* Axes in any order, some from the end, some twice. */
static void mean_axes_draw(int32_t rank, const int32_t *shape)
{
	memset(&mean, 0, sizeof(mean));
	mean.count = net_draw(1, 4);
	mean.elements = 1;
	for (int32_t i = 0; i < mean.count; i++) {
		int32_t axis = net_draw(0, rank - 1);

		mean.elements *= mean.averaged[axis] ? 1 : shape[axis];
		mean.averaged[axis] = true;
		mean.axes[i] = net_draw(0, 1) ? axis - rank : axis;
	}
}

static void mean_draw(void)
{
	int32_t rank = net_draw(1, 4), left[4], left_rank = 0, shape[4], axes;
	bool keep = net_draw(0, 1), same = net_draw(0, 3) == 0;
	struct net_op *op;

	single.net = (struct net){0};
	for (int32_t d = 0; d < rank; d++)
		shape[d] = net_draw(1, 7);
	mean_axes_draw(rank, shape);
	for (int32_t d = 0; d < rank; d++)
		if (keep || !mean.averaged[d])
			left[left_rank++] = mean.averaged[d] ? 1 : shape[d];
	single.in[0] = net_tensor(&single.net, rank, shape, net_scale(), net_draw(-128, 127));
	single.out = net_tensor(&single.net, left_rank, left,
				same ? tensor_of(single.in[0])->scales[0] : net_scale(),
				same ? tensor_of(single.in[0])->zero_point : net_draw(-128, 127));
	axes = net_ints(&single.net, mean.axes, mean.count, false);
	op = net_op(&single.net, NET_MEAN, 27, single.out);
	net_input(op, single.in[0]);
	net_input(op, axes);
	net_option(op, 0, 1, keep);
	single_finish(1);
}

/* Sums of what is left, each element of the input added where it belongs. */
static void mean_sums(int64_t sums[BYTES_MAX])
{
	const struct net_tensor *in = tensor_of(single.in[0]);

	memset(sums, 0, BYTES_MAX * sizeof(*sums));
	for (uint32_t i = 0; i < elements(single.in[0]); i++) {
		uint32_t rest = i, step = 1, place = 0;

		for (int32_t d = in->rank - 1; d >= 0; d--) {
			uint32_t size = (uint32_t)in->shape[d], at = rest % size;

			rest /= size;
			if (mean.averaged[d])
				continue;
			place += at * step;
			step *= size;
		}
		sums[place] += single.values[i];
	}
}

/* The division folded into the multiplier. */
static struct scaled mean_scaled(void)
{
	double ratio = (double)tensor_of(single.in[0])->scales[0] /
		       (double)tensor_of(single.out)->scales[0];
	struct scaled scaled = scaled_make(ratio);
	int shift = (int)floor(log2(mean.elements));

	shift = shift > 32 ? 32 : shift;
	shift = shift > 31 + scaled.shift ? 31 + scaled.shift : shift;
	scaled.multiplier = (scaled.multiplier << shift) / mean.elements;
	scaled.shift -= shift;
	return scaled;
}

static void test_mean(void **state)
{
	static int64_t sums[BYTES_MAX];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		const struct net_tensor *in, *out;

		mean_draw();
		in = tensor_of(single.in[0]);
		out = tensor_of(single.out);
		mean_sums(sums);
		for (uint32_t i = 0; i < elements(single.out); i++) {
			int64_t real = sums[i] - (int64_t)in->zero_point * mean.elements;

			assert_int_equal(single.result[i],
					 clamp(scaled_apply(real, mean_scaled()) + out->zero_point,
					       -128, 127));
		}
	}
}

/* Scales so far apart that the shift of the division is cut short, and a plane as large as it may
 * be with one channel. */
static void test_mean_ends(void **state)
{
	static const struct {
		float in, out;
	} ends[] = {{1e-8f, 1.0f}, {1e-10f, 0.5f}, {1.0f, 1e-5f}, {0.5f, 0.5f}, {1, 3}};
	static const int32_t axes[] = {1, 2};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct net_op *op;
		int64_t sum = 0;

		single.net = (struct net){0};
		single.in[0] = net_image(&single.net, 1, 61, 67, 1, ends[i].in, -128);
		single.out = net_image(&single.net, 1, 1, 1, 1, ends[i].out, 3);
		op = net_op(&single.net, NET_MEAN, 27, single.out);
		net_input(op, single.in[0]);
		net_input(op, net_ints(&single.net, axes, 2, false));
		net_option(op, 0, 1, 1);
		single_finish(1);
		mean.elements = 61 * 67;
		for (int k = 0; k < mean.elements; k++)
			sum += single.values[k] + 128;
		assert_int_equal(single.result[0],
				 clamp(scaled_apply(sum, mean_scaled()) + 3, -128, 127));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_mul),
		cmocka_unit_test(test_mean),
		cmocka_unit_test(test_mean_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
