/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The RV32 kernels against the portable ones, bit for bit: single operators of random shapes,
 * windows and constants, packed as the host packs them. Every buffer has exactly the size the
 * kernel asks for, so that a sanitizer sees what it reads or writes beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/model/pack.h"
#include "firmware/image/needs_rv32.h"
#include "firmware/runtime/kernels/portable/portable.h"

enum { ROUNDS = 1000 };

static uint32_t seed = 1;

static int32_t draw(int32_t from, int32_t to)
{
	seed = seed * 1664525u + 1013904223u;
	return from + (int32_t)((seed >> 8) % (uint32_t)(to - from + 1));
}

static void *allocate(uint64_t count)
{
	void *bytes = malloc(count ? count : 1);

	assert_non_null(bytes);
	return bytes;
}

static struct bench {
	struct image_op op;
	struct image_tensor in[2], out;
	int8_t *input[2];
	int8_t *weights; /* in the portable order */
	struct image_channel *channels;
	struct image_use use;
	uint32_t ran[RV32_FUNCTION_END];
	uint32_t fast, slow, refused;
} bench;

static void tensor_shape(struct image_tensor *tensor, int32_t n, int32_t h, int32_t w, int32_t c)
{
	*tensor =
		(struct image_tensor){.shape = {(uint32_t)n, (uint32_t)h, (uint32_t)w, (uint32_t)c},
				      .bytes = (uint32_t)(n * h * w * c),
				      .zero_point = draw(0, 2) ? draw(-128, 127) : -128};
}

/* Values at the ends are as frequent as all others together. */
static int8_t draw_byte(int32_t least)
{
	static const int8_t ends[] = {-128, -127, 0, 127};
	int8_t end = ends[draw(0, 3)];

	return (int8_t)(draw(0, 1) && end >= least ? end : draw(least, 127));
}

static int8_t *draw_bytes(uint32_t count, int32_t least, int32_t scale)
{
	int8_t *bytes = allocate(count);

	for (uint32_t i = 0; i < count; i++)
		bytes[i] = (int8_t)(draw_byte(least) / scale);
	return bytes;
}

static void draw_activation(void)
{
	bench.op.activation_min = draw(0, 1) ? -128 : draw(-128, 20);
	bench.op.activation_max = draw(0, 1) ? 127 : draw(20, 127);
}

static void draw_window(int32_t channels_in, int32_t channels_out, int32_t kernel_max,
			int32_t dilation_max)
{
	bool three = draw(0, 3) == 0;
	int32_t kh = three ? 3 : draw(1, kernel_max), kw = three ? 3 : draw(1, kernel_max);
	int32_t sh = draw(1, 3), sw = draw(1, 3), n = draw(1, 4) == 1 ? 2 : 1;
	int32_t dh = draw(1, dilation_max), dw = draw(1, dilation_max);
	int32_t reach_h = (kh - 1) * dh + 1, reach_w = (kw - 1) * dw + 1;
	int32_t pt = draw(0, reach_h - 1), pl = draw(0, reach_w - 1);
	int32_t h = draw(1, 9), w = draw(1, 14);
	int32_t oh = draw(1, (h + pt - 1) / sh + 1), ow = draw(1, (w + pl - 1) / sw + 1);

	bench.op = (struct image_op){
		.kernel_h = (uint16_t)kh,
		.kernel_w = (uint16_t)kw,
		.stride_h = (uint16_t)sh,
		.stride_w = (uint16_t)sw,
		.dilation_h = (uint16_t)dh,
		.dilation_w = (uint16_t)dw,
		.pad_top = (uint16_t)pt,
		.pad_left = (uint16_t)pl,
	};
	draw_activation();
	tensor_shape(&bench.in[0], n, h, w, channels_in);
	tensor_shape(&bench.out, n, oh, ow, channels_out);
}

/* Biases and scales from ordinary to those no fast function may be given. */
static void draw_channels(void)
{
	uint32_t count = bench.out.shape[3];

	bench.channels = allocate(count * sizeof(*bench.channels));
	for (uint32_t i = 0; i < count; i++) {
		struct image_channel *channel = &bench.channels[i];
		bool odd = draw(0, 9) == 0;
		int32_t huge = (int32_t)((uint32_t)draw(0, 65535) << 16 | (uint32_t)draw(0, 65535));

		channel->bias = odd ? huge : draw(-40000, 40000);
		channel->rescale.multiplier =
			odd && draw(0, 3) == 0 ? 0 : draw(1 << 30, INT32_MAX - 1);
		channel->rescale.shift = odd ? draw(-31, 31) : draw(-12, -4);
	}
}

static void bench_free(void)
{
	free(bench.input[0]);
	free(bench.input[1]);
	free(bench.weights);
	free(bench.channels);
	bench.input[0] = bench.input[1] = bench.weights = NULL;
	bench.channels = NULL;
}

static void use_make(enum image_op_kind kind, uint32_t inputs)
{
	bench.op.kind = (uint8_t)kind;
	bench.op.input_count = (uint16_t)inputs;
	bench.use = (struct image_use){
		.op = &bench.op, .in = {&bench.in[0], &bench.in[1]}, .out = &bench.out};
}

static struct kernel_call call_make(int8_t *output, const void *weights, const void *channels,
				    int8_t *scratch)
{
	return (struct kernel_call){.op = &bench.op,
				    .in = {&bench.in[0], &bench.in[1]},
				    .out = &bench.out,
				    .input = {bench.input[0], bench.input[1]},
				    .output = output,
				    .weights = weights,
				    .channels = channels,
				    .scratch = scratch};
}

static void portable_run(int8_t *output)
{
	struct image_needs needs;
	struct kernel_call call;
	int8_t *scratch;

	bench.op.kernel_set = IMAGE_KERNELS_PORTABLE;
	bench.op.variant = 0;
	assert_true(image_needs(&bench.use, &needs));
	scratch = allocate(needs.scratch_bytes);
	call = call_make(output, bench.weights, bench.channels, scratch);
	kernel_set_portable.functions[bench.op.kind](&call);
	free(scratch);
}

static void finishes_count(const uint8_t *channels, uint32_t record)
{
	for (uint32_t at = record; at <= bench.op.channels_bytes; at += record) {
		const struct rv32_finish *finish =
			(const struct rv32_finish *)(const void *)(channels + at) - 1;

		bench.fast += finish->shift < 32;
		bench.slow += finish->shift >= RV32_EXACT;
	}
}

/* False: there is no fast function. */
static bool rv32_run(int8_t *output)
{
	static const uint32_t records[RV32_FUNCTION_END] = {
		[RV32_GEMM] = sizeof(struct rv32_gemm_channel),
		[RV32_VECTOR] = sizeof(struct rv32_channel),
		[RV32_DEPTHWISE] = sizeof(struct rv32_channel),
		[RV32_ADD] = sizeof(struct rv32_add),
	};
	struct pack_job job = {bench.use, bench.weights, bench.channels};
	struct image_needs needs;
	uint8_t *weights, *channels;
	struct kernel_call call;
	int8_t *scratch;

	bench.op.kernel_set = IMAGE_KERNELS_RV32;
	if (!pack_rv32.choose(&job, &bench.op.variant))
		return false;
	assert_true(image_needs(&bench.use, &needs));
	weights = allocate(needs.weights_bytes);
	channels = allocate(needs.channels_bytes);
	scratch = allocate(needs.scratch_bytes);
	memset(weights, 0, needs.weights_bytes);
	memset(channels, 0, needs.channels_bytes);
	memset(scratch, 0x55, needs.scratch_bytes);
	bench.op.weights_bytes = (uint32_t)needs.weights_bytes;
	bench.op.channels_bytes = (uint32_t)needs.channels_bytes;
	pack_rv32.write(&job, weights, channels);
	assert_true(image_constants(&bench.use, weights, channels));
	call = call_make(output, weights, channels, scratch);
	kernel_set_rv32.functions[bench.op.variant](&call);
	bench.ran[bench.op.variant]++;
	if (records[bench.op.variant])
		finishes_count(channels, records[bench.op.variant]);
	free(weights);
	free(channels);
	free(scratch);
	return true;
}

static void compare(void)
{
	int8_t *expected = allocate(bench.out.bytes), *output = allocate(bench.out.bytes);

	portable_run(expected);
	if (rv32_run(output))
		assert_memory_equal(output, expected, bench.out.bytes);
	else
		bench.refused++;
	free(expected);
	free(output);
	bench_free();
}

/* Once in a while the smallest weight, which makes runs of two too long. */
static int32_t weight_least(void)
{
	return draw(0, 9) ? -127 : -128;
}

static int32_t weight_scale(void)
{
	return draw(0, 1) ? 1 : draw(1, 40);
}

static void start(void)
{
	memset(bench.ran, 0, sizeof(bench.ran));
	bench.fast = bench.slow = bench.refused = 0;
}

static void test_conv(void **state)
{
	(void)state;
	start();
	for (int round = 0; round < ROUNDS; round++) {
		int32_t in = draw(1, 9), out = draw(1, 9);

		draw_window(in, out, draw(0, 2) ? 1 : 4, 2);
		use_make(IMAGE_CONV_2D, 1);
		bench.input[0] = draw_bytes(bench.in[0].bytes, -128, 1);
		bench.weights =
			draw_bytes((uint32_t)(bench.op.kernel_h * bench.op.kernel_w * in * out),
				   weight_least(), weight_scale());
		draw_channels();
		compare();
	}
	assert_true(bench.ran[RV32_GEMM] > ROUNDS / 4 && bench.ran[RV32_VECTOR] > ROUNDS / 20);
	assert_true(bench.fast > bench.slow && bench.slow > ROUNDS / 10);
	assert_int_equal(bench.refused, 0);
}

/* Several tiles of pixels. */
static void test_conv_large(void **state)
{
	(void)state;
	start();
	for (int round = 0; round < 20; round++) {
		int32_t in = draw(20, 150), out = draw(60, 90);

		draw_window(in, out, 3, 1);
		use_make(IMAGE_CONV_2D, 1);
		bench.input[0] = draw_bytes(bench.in[0].bytes, -128, 1);
		bench.weights =
			draw_bytes((uint32_t)(bench.op.kernel_h * bench.op.kernel_w * in * out),
				   -127, weight_scale());
		draw_channels();
		compare();
	}
	assert_true(bench.ran[RV32_GEMM] > 10);
}

static void test_depthwise(void **state)
{
	(void)state;
	start();
	for (int round = 0; round < ROUNDS; round++) {
		int32_t in = draw(1, 5), multiplier = draw(1, 3);

		draw_window(in, in * multiplier, 4, draw(0, 2) ? 1 : 2);
		use_make(IMAGE_DEPTHWISE_CONV_2D, 1);
		bench.input[0] = draw_bytes(bench.in[0].bytes, -128, 1);
		bench.weights = draw_bytes(
			(uint32_t)(bench.op.kernel_h * bench.op.kernel_w * in * multiplier),
			weight_least(), weight_scale());
		draw_channels();
		compare();
	}
	assert_true(bench.ran[RV32_DEPTHWISE] > ROUNDS / 2 && bench.ran[RV32_GEMM] > ROUNDS / 20);
	assert_int_equal(bench.refused, 0);
}

/* More rows than are copied at a time. */
static void test_depthwise_strips(void **state)
{
	(void)state;
	start();
	for (int round = 0; round < 20; round++) {
		int32_t pad = draw(0, 1), stride = draw(1, 2);

		bench.op = (struct image_op){.kernel_h = 3,
					     .kernel_w = 3,
					     .stride_h = (uint16_t)stride,
					     .stride_w = (uint16_t)stride,
					     .dilation_h = 1,
					     .dilation_w = 1,
					     .pad_top = (uint16_t)pad,
					     .pad_left = (uint16_t)pad};
		draw_activation();
		tensor_shape(&bench.in[0], 1, 70, 75, 2);
		tensor_shape(&bench.out, 1, 70 / stride, 75 / stride, 2);
		use_make(IMAGE_DEPTHWISE_CONV_2D, 1);
		bench.input[0] = draw_bytes(bench.in[0].bytes, -128, 1);
		bench.weights = draw_bytes(18, -128, 1);
		draw_channels();
		compare();
	}
	assert_int_equal(bench.ran[RV32_DEPTHWISE], 20);
}

static void test_fully_connected(void **state)
{
	(void)state;
	start();
	for (int round = 0; round < ROUNDS; round++) {
		int32_t in = draw(1, 70), out = draw(1, 9), rows = draw(1, 9);

		bench.op = (struct image_op){.kernel_h = 1,
					     .kernel_w = 1,
					     .stride_h = 1,
					     .stride_w = 1,
					     .dilation_h = 1,
					     .dilation_w = 1};
		draw_activation();
		tensor_shape(&bench.in[0], 1, 1, rows, in);
		tensor_shape(&bench.out, 1, 1, rows, out);
		use_make(IMAGE_FULLY_CONNECTED, 1);
		bench.input[0] = draw_bytes(bench.in[0].bytes, -128, 1);
		bench.weights = draw_bytes((uint32_t)(in * out), weight_least(), weight_scale());
		draw_channels();
		compare();
	}
	assert_true(bench.ran[RV32_GEMM] > ROUNDS / 4 && bench.ran[RV32_VECTOR] > ROUNDS / 10);
	assert_int_equal(bench.refused, 0);
}

static void test_pools(void **state)
{
	(void)state;
	start();
	for (int round = 0; round < ROUNDS; round++) {
		int32_t channels = draw(1, 9);

		for (int kind = IMAGE_AVERAGE_POOL_2D; kind <= IMAGE_MAX_POOL_2D; kind++) {
			draw_window(channels, channels, 4, 1);
			use_make((enum image_op_kind)kind, 1);
			bench.input[0] = draw_bytes(bench.in[0].bytes, -128, 1);
			compare();
		}
	}
	assert_int_equal(bench.ran[RV32_AVERAGE_POOL], ROUNDS);
	assert_int_equal(bench.ran[RV32_MAX_POOL], ROUNDS);
}

static void test_add(void **state)
{
	(void)state;
	start();
	for (int round = 0; round < ROUNDS; round++) {
		bool odd = draw(0, 9) == 0;

		bench.op = (struct image_op){0};
		draw_activation();
		for (int i = 0; i < 3; i++)
			bench.op.rescale[i] = (struct image_rescale){draw(1 << 30, INT32_MAX - 1),
								     odd     ? draw(-31, 0)
								     : i < 2 ? draw(-3, 0)
									     : draw(-21, -17)};
		tensor_shape(&bench.in[0], 1, 2, 3, 67);
		tensor_shape(&bench.in[1], 1, 2, 3, 67);
		tensor_shape(&bench.out, 1, 2, 3, 67);
		use_make(IMAGE_ADD, 2);
		bench.input[0] = draw_bytes(bench.in[0].bytes, -128, 1);
		bench.input[1] = draw_bytes(bench.in[1].bytes, -128, 1);
		compare();
	}
	assert_int_equal(bench.ran[RV32_ADD], ROUNDS);
	assert_true(bench.slow > 10 && bench.fast > ROUNDS / 2);
}

/* The output may be written over either input. */
static void test_add_in_place(void **state)
{
	int8_t expected[402];
	struct image_needs needs;

	(void)state;
	for (int which = 0; which < 2; which++) {
		bench.op = (struct image_op){
			.activation_min = -128,
			.activation_max = 127,
			.rescale = {{1 << 30, 0}, {1518500250, -1}, {1 << 30, -18}}};
		for (int i = 0; i < 2; i++) {
			tensor_shape(&bench.in[i], 1, 2, 3, 67);
			bench.input[i] = draw_bytes(402, -128, 1);
		}
		tensor_shape(&bench.out, 1, 2, 3, 67);
		use_make(IMAGE_ADD, 2);
		portable_run(expected);
		assert_true(rv32_run(bench.input[which]));
		assert_memory_equal(bench.input[which], expected, sizeof(expected));
		assert_true(image_needs(&bench.use, &needs));
		assert_true(needs.in_place >> which & 1);
		bench_free();
	}
}

static void fully_connected_one(struct rv32_channel records[4], bool valid)
{
	int8_t weights[8] = {0};

	bench.op = (struct image_op){.kernel_h = 1,
				     .kernel_w = 1,
				     .kernel_set = IMAGE_KERNELS_RV32,
				     .variant = RV32_VECTOR,
				     .weights_bytes = sizeof(weights),
				     .channels_bytes = 4 * sizeof(*records)};
	tensor_shape(&bench.in[0], 1, 1, 1, 2);
	tensor_shape(&bench.out, 1, 1, 1, 4);
	use_make(IMAGE_FULLY_CONNECTED, 1);
	assert_int_equal(image_constants(&bench.use, (uint8_t *)weights, (uint8_t *)records),
			 valid);
}

static void test_constants_refused(void **state)
{
	static const struct rv32_finish finishes[] = {
		{-1, 0, 5},         {1, 0, 32}, {1, 0, RV32_EXACT - 1}, {1, 0, RV32_EXACT + 63},
		{1, 0, UINT32_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(finishes) / sizeof(finishes[0]); i++)
		for (int at = 0; at < 4; at++) {
			struct rv32_channel records[4] = {{0}};

			fully_connected_one(records, true);
			records[at].finish = finishes[i];
			fully_connected_one(records, false);
		}
}

static void test_needs_refused(void **state)
{
	struct image_needs needs;

	(void)state;
	tensor_shape(&bench.in[0], 1, 4, 4, 2);
	tensor_shape(&bench.out, 1, 4, 4, 2);
	bench.op = (struct image_op){.kernel_h = 1,
				     .kernel_w = 1,
				     .stride_h = 1,
				     .stride_w = 1,
				     .dilation_h = 1,
				     .dilation_w = 1,
				     .kernel_set = IMAGE_KERNELS_RV32};
	for (uint32_t kind = 1; kind < IMAGE_OP_KIND_END; kind++) {
		use_make((enum image_op_kind)kind, 1);
		bench.op.variant = 0;
		assert_false(image_needs(&bench.use, &needs));
		bench.op.variant = RV32_FUNCTION_END;
		assert_false(image_needs(&bench.use, &needs));
		bench.op.variant = RV32_ADD;
		assert_int_equal(image_needs(&bench.use, &needs), kind == IMAGE_ADD);
		bench.op.variant = RV32_GEMM;
		assert_int_equal(image_needs(&bench.use, &needs),
				 kind == IMAGE_CONV_2D || kind == IMAGE_FULLY_CONNECTED);
	}
	use_make(IMAGE_DEPTHWISE_CONV_2D, 1);
	bench.op.variant = RV32_DEPTHWISE;
	assert_true(image_needs(&bench.use, &needs));
	bench.op.kernel_h = UINT16_MAX;
	bench.op.dilation_h = UINT16_MAX;
	assert_false(image_needs(&bench.use, &needs));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conv),
		cmocka_unit_test(test_conv_large),
		cmocka_unit_test(test_depthwise),
		cmocka_unit_test(test_depthwise_strips),
		cmocka_unit_test(test_fully_connected),
		cmocka_unit_test(test_pools),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_add_in_place),
		cmocka_unit_test(test_constants_refused),
		cmocka_unit_test(test_needs_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
