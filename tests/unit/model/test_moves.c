/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PAD, PADV2, CONCATENATION, TRANSPOSE and RESIZE_NEAREST_NEIGHBOR: random networks of one
 * operator, through reader, compiler and runtime, against what each output element is by
 * definition, found by its subscripts. RESIZE_NEAREST_NEIGHBOR's definition is float32 arithmetic
 * (TensorFlow Lite's GetNearestNeighbor), so the reference uses that. And QUANTIZE and DEQUANTIZE
 * at the edges.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/model/model.h"
#include "tests/unit/model/net_run.h"

enum { ROUNDS = 1000, BYTES_MAX = 16384 };

static struct net net;
static int8_t input[BYTES_MAX], output[BYTES_MAX];

static uint32_t elements(int32_t tensor)
{
	uint32_t count = 1;

	for (int32_t d = 0; d < net.tensors[tensor].rank; d++)
		count *= (uint32_t)net.tensors[tensor].shape[d];
	return count;
}

static void net_finish(int32_t out)
{
	uint32_t bytes = 0;

	for (int32_t i = 0; i < net.input_count; i++)
		bytes += elements(net.inputs[i]);
	assert_true(bytes <= BYTES_MAX && elements(out) <= BYTES_MAX);
	net.outputs[0] = out;
	net.output_count = 1;
	net_fill(input, bytes);
	memset(output, 0x33, sizeof(output));
	net_compile_run(&net, &model_options_portable, input, output);
}

static void shape_draw(int32_t rank, int32_t *shape)
{
	for (int32_t d = 0; d < rank; d++)
		shape[d] = net_draw(1, 5);
}

/* Subscripts of element index. */
static void subscripts(int32_t tensor, uint32_t index, int32_t *at)
{
	const struct net_tensor *t = &net.tensors[tensor];

	for (int32_t d = t->rank - 1; d >= 0; d--) {
		at[d] = (int32_t)(index % (uint32_t)t->shape[d]);
		index /= (uint32_t)t->shape[d];
	}
}

static uint32_t index_of(int32_t tensor, const int32_t *at)
{
	const struct net_tensor *t = &net.tensors[tensor];
	uint32_t index = 0;

	for (int32_t d = 0; d < t->rank; d++)
		index = index * (uint32_t)t->shape[d] + (uint32_t)at[d];
	return index;
}

static void pad_round(void)
{
	int32_t rank = net_draw(1, 4), shape[4], pads[8], padded[4], in, out;
	int32_t zero_point = net_draw(-128, 127);
	bool version_two = net_draw(0, 1);
	int8_t value = (int8_t)zero_point;
	float scale = net_scale();
	struct net_op *op;

	net = (struct net){0};
	shape_draw(rank, shape);
	for (int32_t d = 0; d < rank; d++) {
		pads[2 * d] = net_draw(0, 3);
		pads[2 * d + 1] = net_draw(0, 3);
		padded[d] = shape[d] + pads[2 * d] + pads[2 * d + 1];
	}
	in = net_tensor(&net, rank, shape, scale, zero_point);
	out = net_tensor(&net, rank, padded, scale, zero_point);
	op = net_op(&net, version_two ? NET_PADV2 : NET_PAD, 0, out);
	net_input(op, in);
	net_input(op, net_ints(&net, pads, 2 * rank, true));
	if (version_two) {
		int32_t one = 1, constant = net_tensor(&net, 1, &one, scale, zero_point);

		net.tensors[constant].data = &value;
		net.tensors[constant].bytes = 1;
		net_input(op, constant);
	}
	net.inputs[net.input_count++] = in;
	net_finish(out);
	for (uint32_t i = 0; i < elements(out); i++) {
		int32_t at[4], expected;
		bool inside = true;

		subscripts(out, i, at);
		for (int32_t d = 0; d < rank; d++) {
			at[d] -= pads[2 * d];
			inside = inside && at[d] >= 0 && at[d] < shape[d];
		}
		expected = inside ? input[index_of(in, at)] : zero_point;
		assert_int_equal(output[i], expected);
	}
}

static void test_pad(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++)
		pad_round();
}

static void concatenation_round(void)
{
	int32_t rank = net_draw(1, 4), shape[4], axis = net_draw(0, rank - 1), sum = 0, out;
	int32_t count = net_draw(1, 10), starts[10];
	float scale = net_scale();
	const int8_t *values = input;
	struct net_op *op;

	net = (struct net){0};
	shape_draw(rank, shape);
	for (int32_t i = 0; i < count; i++) {
		shape[axis] = net_draw(1, 4);
		starts[i] = sum;
		sum += shape[axis];
		net.inputs[net.input_count++] = net_tensor(&net, rank, shape, scale, 5);
	}
	shape[axis] = sum;
	out = net_tensor(&net, rank, shape, scale, 5);
	op = net_op(&net, NET_CONCATENATION, 10, out);
	for (int32_t i = 0; i < count; i++)
		net_input(op, net.inputs[i]);
	net_option(op, 0, 4, net_draw(0, 1) ? axis : axis - rank);
	net_option(op, 1, 1, 0);
	net_finish(out);
	for (int32_t i = 0; i < count; i++) {
		for (uint32_t k = 0; k < elements(net.inputs[i]); k++) {
			int32_t at[4];

			subscripts(net.inputs[i], k, at);
			at[axis] += starts[i];
			assert_int_equal(output[index_of(out, at)], values[k]);
		}
		values += elements(net.inputs[i]);
	}
}

static void test_concatenation(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++)
		concatenation_round();
}

static void transpose_round(void)
{
	int32_t rank = net_draw(1, 4), shape[4], from[4], turned[4], in, out;
	struct net_op *op;

	net = (struct net){0};
	shape_draw(rank, shape);
	for (int32_t d = 0; d < rank; d++)
		from[d] = d;
	for (int32_t d = rank - 1; d > 0; d--) {
		int32_t other = net_draw(0, d), kept = from[d];

		from[d] = from[other];
		from[other] = kept;
	}
	for (int32_t d = 0; d < rank; d++)
		turned[d] = shape[from[d]];
	in = net_tensor(&net, rank, shape, 0.5f, -3);
	out = net_tensor(&net, rank, turned, 0.5f, -3);
	op = net_op(&net, NET_TRANSPOSE, 26, out);
	net_input(op, in);
	net_input(op, net_ints(&net, from, rank, false));
	net.inputs[net.input_count++] = in;
	net_finish(out);
	for (uint32_t i = 0; i < elements(out); i++) {
		int32_t at[4], source[4];

		subscripts(out, i, at);
		for (int32_t d = 0; d < rank; d++)
			source[from[d]] = at[d];
		assert_int_equal(output[i], input[index_of(in, source)]);
	}
}

static void test_transpose(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++)
		transpose_round();
}

/* GetNearestNeighbor, in float. */
static int32_t nearest(int32_t index, int32_t in, int32_t out, bool corners, bool centers)
{
	float scale =
		corners && out > 1 ? (float)(in - 1) / (float)(out - 1) : (float)in / (float)out;
	float at = ((float)index + (centers ? 0.5f : 0.0f)) * scale;
	int32_t source = (int32_t)(corners ? roundf(at) : floorf(at));

	source = source < in - 1 ? source : in - 1;
	return source > 0 ? source : 0;
}

static void resize_run(const int32_t shape[4], const int32_t size[2], bool corners, bool centers)
{
	int32_t in, out;
	struct net_op *op;

	net = (struct net){0};
	in = net_tensor(&net, 4, shape, 0.25f, 9);
	out = net_image(&net, shape[0], size[0], size[1], shape[3], 0.25f, 9);
	op = net_op(&net, NET_RESIZE, 74, out);
	net_input(op, in);
	net_input(op, net_ints(&net, size, 2, false));
	net_option(op, 0, 1, corners);
	net_option(op, 1, 1, centers);
	net.inputs[net.input_count++] = in;
	net_finish(out);
	for (uint32_t i = 0; i < elements(out); i++) {
		int32_t at[4];

		subscripts(out, i, at);
		at[1] = nearest(at[1], shape[1], size[0], corners, centers);
		at[2] = nearest(at[2], shape[2], size[1], corners, centers);
		assert_int_equal(output[i], input[index_of(in, at)]);
	}
}

static void test_resize(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		int32_t shape[4], size[2] = {net_draw(1, 13), net_draw(1, 13)};

		shape_draw(4, shape);
		shape[1] = net_draw(1, 11);
		shape[0] = net_draw(1, 2);
		resize_run(shape, size, net_draw(0, 1), net_draw(0, 1));
	}
}

/* Rows of one column, where rounding to 24 bits matters: thousands of sizes, both flags. The input
 * differs from each row to the next. */
static void test_resize_rows(void **state)
{
	(void)state;
	for (int round = 0; round < 2000; round++) {
		int32_t size[2] = {net_draw(1, 1000), 1}, shape[4] = {1, net_draw(1, 1000), 1, 1};

		resize_run(shape, size, round & 1, round & 2);
	}
}

/* --- edges ---------------------------------------------------------------------------------------
 */

/* One float32 and one int8 input, added; the sum is an output in int8 and in float32. */
static void edge_net_make(void)
{
	const int32_t shape[2] = {1, 8};
	int32_t real, quantised, plain, sum, back;
	struct net_op *op;

	net = (struct net){0};
	real = net_tensor(&net, 2, shape, 0, 0);
	plain = net_tensor(&net, 2, shape, 0.25f, 0);
	quantised = net_tensor(&net, 2, shape, 0.3f, -7);
	sum = net_tensor(&net, 2, shape, 0.5f, 4);
	back = net_tensor(&net, 2, shape, 0, 0);
	net.tensors[real].type = net.tensors[back].type = NET_FLOAT32;
	net.tensors[real].scale_count = net.tensors[back].scale_count = 0;
	op = net_op(&net, NET_QUANTIZE, 89, quantised);
	net_input(op, real);
	op = net_op(&net, NET_ADD, 11, sum);
	net_input(op, plain);
	net_input(op, quantised);
	op = net_op(&net, NET_DEQUANTIZE, 38, back);
	net_input(op, sum);
	net.inputs[net.input_count++] = plain;
	net.inputs[net.input_count++] = real;
	net.outputs[net.output_count++] = sum;
	net.outputs[net.output_count++] = back;
}

static struct model_image *edge_image(void)
{
	char path[] = "/tmp/joulebench-edge-XXXXXX";
	struct model_image *image = NULL;
	struct err err = {0};
	uint32_t count = 0;
	uint8_t *bytes;
	int file = mkstemp(path);

	assert_true(file >= 0);
	edge_net_make();
	bytes = net_write(&net, &count);
	assert_int_equal(write(file, bytes, count), count);
	close(file);
	if (model_image_build(path, &model_options_portable, &image, &err))
		print_error("%s\n", err.text);
	unlink(path);
	free(bytes);
	assert_non_null(image);
	return image;
}

/* Quotients in float32: 0.15 / 0.3 is 0.5 there, and 0.45 / 0.3 is just below 1.5. */
static void test_edges(void **state)
{
	const float reals[8] = {0, 0.15f, -0.15f, 0.45f, 1e30f, -1e30f, NAN, INFINITY};
	const int8_t expected[8] = {-7, -6, -8, -6, 127, -128, -7, 127};
	const int8_t sum[8] = {-128, -1, 0, 1, 4, 5, 100, 127};
	uint8_t raw[8 + 32], back[8 + 32];
	int8_t made[16], sums[16];
	struct model_image *image = edge_image();

	(void)state;
	assert_int_equal(image->op_count, 1);
	assert_int_equal(image->input_bytes, 16);
	assert_int_equal(image->raw_input_bytes, sizeof(raw));
	assert_int_equal(image->output_bytes, 16);
	assert_int_equal(image->raw_output_bytes, sizeof(back));
	assert_false(image->inputs.edges[0].is_float);
	assert_true(image->inputs.edges[1].is_float);
	memset(raw, 0x11, 8);
	memcpy(raw + 8, reals, sizeof(reals));
	model_input_quantise(image, raw, made);
	assert_memory_equal(made, raw, 8);
	assert_memory_equal(made + 8, expected, 8);
	memcpy(sums, sum, 8);
	memcpy(sums + 8, sum, 8);
	model_output_dequantise(image, sums, back);
	assert_memory_equal(back, sum, 8);
	for (int i = 0; i < 8; i++) {
		float value;

		memcpy(&value, back + 8 + 4 * i, 4);
		assert_true(value == 0.5f * (float)(sum[i] - 4));
	}
	model_image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pad),         cmocka_unit_test(test_concatenation),
		cmocka_unit_test(test_transpose),   cmocka_unit_test(test_resize),
		cmocka_unit_test(test_resize_rows), cmocka_unit_test(test_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
