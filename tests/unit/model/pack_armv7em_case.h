/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Single operators drawn at random for the Armv7E-M kernels: shapes, strides, pads, dilation,
 * scales (some so that no fast rounding is exact), zero points, activation bounds. Every buffer has
 * its own allocation of exactly its size.
 */
#ifndef TESTS_UNIT_MODEL_PACK_ARMV7EM_CASE_H
#define TESTS_UNIT_MODEL_PACK_ARMV7EM_CASE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/model/pack.h"
#include "bench/model/quantise.h"
#include "firmware/image/needs_armv7em.h"
#include "firmware/runtime/kernels/kernel.h"
#include "firmware/runtime/kernels/portable/portable.h"

struct pack_case {
	struct image_op op;
	struct image_tensor in[2], out;
	int8_t *input[2];
	int8_t *expected;
	int8_t *weights;
	uint32_t weights_bytes;
	struct image_channel *channels;
	/* what pack_armv7em made of it */
	struct image_needs needs;
	uint8_t *packed_weights, *packed_channels;
};

static uint64_t pack_seed;
static uint16_t pack_stride; /* of a usual 3x3 */

static inline int32_t draw(int32_t from, int32_t to)
{
	pack_seed = pack_seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (int32_t)(from +
			 (int64_t)((pack_seed >> 32) % ((uint64_t)((int64_t)to - from) + 1)));
}

static inline bool draw_once_in(int32_t times)
{
	return draw(1, times) == 1;
}

/* malloc(0) may be NULL */
static inline void *bytes_new(size_t count)
{
	void *bytes = malloc(count ? count : 1);

	assert_non_null(bytes);
	return bytes;
}

static inline int8_t *bytes_draw(uint32_t count)
{
	int8_t *bytes = bytes_new(count);
	int32_t extreme = draw(0, 7);

	for (uint32_t i = 0; i < count; i++)
		bytes[i] = (int8_t)(extreme == 0   ? draw(0, 1) * 255 - 128
				    : extreme == 1 ? -128
						   : draw(-128, 127));
	return bytes;
}

static inline void tensor_shape(struct image_tensor *tensor, uint32_t n, uint32_t h, uint32_t w,
				uint32_t c)
{
	*tensor = (struct image_tensor){.shape = {n, h, w, c},
					.bytes = n * h * w * c,
					.zero_point = draw_once_in(2) ? -128 : draw(-128, 127)};
}

static inline void activation_draw(struct pack_case *test)
{
	int32_t a = draw(-128, 127), b = draw(-128, 127);
	int32_t which = draw(0, 3), zero = test->out.zero_point;

	test->op.activation_min = which == 0 ? (a < b ? a : b) : which == 1 ? zero : -128;
	test->op.activation_max = which == 0 ? (a < b ? b : a) : 127;
}

static inline int32_t shift_draw(double scale)
{
	struct image_rescale rescale = {0};

	assert_true(quantise_multiplier(scale, &rescale));
	return rescale.shift;
}

/* Scales that spread the sums over the output's range, now and then far from it; extreme biases. */
static inline void channels_draw(struct pack_case *test, uint32_t depth)
{
	uint32_t count = test->out.shape[3];
	int32_t wild = draw(0, 5);

	test->channels = bytes_new(count * sizeof(*test->channels));
	for (uint32_t i = 0; i < count; i++) {
		struct image_channel *channel = &test->channels[i];
		/* uniform bytes: a product's standard deviation is 74 * 74 */
		double spread = 74.0 * 74.0 * sqrt((double)depth);
		double scale = 40 * exp((double)draw(-2000, 1000) / 1000) / spread;

		channel->bias = draw(-20000, 20000);
		channel->rescale.multiplier = draw_once_in(40) ? 0 : draw(1 << 30, INT32_MAX);
		channel->rescale.shift = shift_draw(scale);
		if (wild == 0 && draw_once_in(4)) {
			channel->rescale.shift = draw(-31, 12);
			channel->bias = draw(INT32_MIN, INT32_MAX);
		}
		if (wild == 1 && draw_once_in(4))
			channel->rescale.shift = draw(-31, -20);
	}
}

/* kernel_most 0: the axis of a usual 3x3. */
static inline uint32_t axis_draw(uint32_t *in, uint16_t *kernel, uint16_t *stride,
				 uint16_t *dilation, uint16_t *pad, int32_t kernel_most)
{
	uint32_t reach, out;

	*kernel = (uint16_t)(kernel_most == 0 || draw_once_in(3) ? 3 : draw(1, kernel_most));
	*stride = (uint16_t)(draw_once_in(2) ? 1 : draw(1, 3));
	*dilation = (uint16_t)(draw_once_in(4) ? draw(1, 3) : 1);
	if (kernel_most == 0) {
		*stride = pack_stride;
		*dilation = 1;
	}
	reach = (*kernel - 1u) * *dilation + 1;
	*pad = (uint16_t)(draw_once_in(2) ? 0 : draw(0, (int32_t)reach - 1));
	out = (uint32_t)(draw_once_in(6) ? 1 : draw(1, 11));
	/* windows begin inside or before the input; the last may reach over its end */
	*in = (out - 1) * *stride + 1 + (uint32_t)draw(0, (int32_t)reach - 1);
	*in = *in > *pad ? *in - *pad : 1;
	return out;
}

static inline void window_draw(struct pack_case *test, uint32_t channels_in, uint32_t channels_out,
			       int32_t kernel_most)
{
	struct image_op *op = &test->op;
	uint32_t in_h, in_w, batch = draw_once_in(4) ? 2 : 1;
	uint32_t out_h = axis_draw(&in_h, &op->kernel_h, &op->stride_h, &op->dilation_h,
				   &op->pad_top, kernel_most);
	uint32_t out_w = axis_draw(&in_w, &op->kernel_w, &op->stride_w, &op->dilation_w,
				   &op->pad_left, kernel_most);

	if ((out_h - 1) * op->stride_h >= in_h + op->pad_top)
		in_h = (out_h - 1) * op->stride_h + 1 - op->pad_top;
	if ((out_w - 1) * op->stride_w >= in_w + op->pad_left)
		in_w = (out_w - 1) * op->stride_w + 1 - op->pad_left;
	tensor_shape(&test->in[0], batch, in_h, in_w, channels_in);
	tensor_shape(&test->out, batch, out_h, out_w, channels_out);
}

static inline void conv_draw(struct pack_case *test)
{
	uint32_t in = (uint32_t)draw(1, 20), out = (uint32_t)draw(1, 18), depth;

	test->op.kind = IMAGE_CONV_2D;
	window_draw(test, in, out, 4);
	if (draw_once_in(3)) {
		test->op.kernel_h = test->op.kernel_w = 1;
		test->op.pad_top = test->op.pad_left = 0;
		tensor_shape(&test->in[0], test->out.shape[0],
			     (test->out.shape[1] - 1) * test->op.stride_h + 1,
			     (test->out.shape[2] - 1) * test->op.stride_w + 1, in);
	}
	depth = (uint32_t)test->op.kernel_h * test->op.kernel_w * in;
	test->weights_bytes = depth * out;
	channels_draw(test, depth);
}

static inline void depthwise_draw(struct pack_case *test)
{
	uint32_t in = draw_once_in(5) ? 1 : (uint32_t)draw(1, 13);
	uint32_t multiplier = draw_once_in(3) ? (uint32_t)draw(1, 8) : 1;
	uint32_t taps;

	test->op.kind = IMAGE_DEPTHWISE_CONV_2D;
	pack_stride = (uint16_t)draw(1, 2);
	window_draw(test, in, in * multiplier, draw_once_in(2) ? 0 : 7);
	taps = (uint32_t)test->op.kernel_h * test->op.kernel_w;
	test->weights_bytes = taps * in * multiplier;
	channels_draw(test, taps);
}

static inline void fully_connected_draw(struct pack_case *test)
{
	uint32_t rows = draw_once_in(3) ? (uint32_t)draw(1, 30) : 1;
	uint32_t in = (uint32_t)(draw_once_in(8) ? draw(700, 2600) : draw(1, 150));
	uint32_t out = (uint32_t)draw(1, 20);

	test->op.kind = IMAGE_FULLY_CONNECTED;
	tensor_shape(&test->in[0], 1, 1, rows, in);
	tensor_shape(&test->out, 1, 1, rows, out);
	test->weights_bytes = in * out;
	channels_draw(test, in);
}

static inline void pool_draw(struct pack_case *test, enum image_op_kind kind)
{
	uint32_t channels = (uint32_t)draw(1, 18);

	test->op.kind = (uint8_t)kind;
	window_draw(test, channels, channels, draw_once_in(4) ? 18 : 5);
	while (test->op.dilation_h > 1 || test->op.dilation_w > 1)
		window_draw(test, channels, channels, 5);
}

static inline void add_draw(struct pack_case *test)
{
	uint32_t count = (uint32_t)draw(1, 60);

	test->op.kind = IMAGE_ADD;
	for (int i = 0; i < 2; i++)
		tensor_shape(&test->in[i], 1, 1, 1, count);
	tensor_shape(&test->out, 1, 1, 1, count);
	for (int i = 0; i < 3; i++)
		test->op.rescale[i] = (struct image_rescale){
			draw(1 << 30, INT32_MAX),
			i < 2 ? -draw(0, 4)
			      : -draw(draw_once_in(4) ? 0 : 14, draw_once_in(8) ? 31 : 22)};
}

static inline void mul_draw(struct pack_case *test)
{
	add_draw(test);
	test->op.kind = IMAGE_MUL;
	memset(test->op.rescale, 0, sizeof(test->op.rescale));
	test->op.rescale[0] = (struct image_rescale){
		draw_once_in(20) ? 0 : draw(1 << 30, INT32_MAX),
		draw_once_in(5) ? draw(-31, IMAGE_MUL_SHIFT_MAX) : draw(-9, -5)};
}

typedef void pack_case_fn(struct pack_case *test);

static inline void case_rest_draw(struct pack_case *test)
{
	test->op.input_count = test->op.kind == IMAGE_ADD || test->op.kind == IMAGE_MUL ? 2 : 1;
	test->op.kernel_set = IMAGE_KERNELS_ARMV7EM;
	activation_draw(test);
	for (int i = 0; i < test->op.input_count; i++)
		test->input[i] = bytes_draw(test->in[i].bytes);
	if (test->weights_bytes)
		test->weights = bytes_draw(test->weights_bytes);
}

static inline struct image_use case_use(const struct pack_case *test)
{
	return (struct image_use){&test->op, {&test->in[0], &test->in[1]}, &test->out};
}

static inline struct kernel_call case_call(const struct pack_case *test)
{
	return (struct kernel_call){
		.op = &test->op,
		.in = {&test->in[0], &test->in[1]},
		.out = &test->out,
		.input = {test->input[0], test->input[1]},
	};
}

static inline void case_expect(struct pack_case *test)
{
	struct kernel_call call = case_call(test);
	struct image_op op = test->op;
	struct image_needs needs;
	struct image_use use = case_use(test);

	op.kernel_set = IMAGE_KERNELS_PORTABLE;
	op.variant = 0;
	use.op = call.op = &op;
	assert_true(image_needs_portable(&use, &needs));
	test->expected = bytes_new(test->out.bytes);
	call.output = test->expected;
	call.weights = test->weights;
	call.channels = test->channels;
	call.scratch = bytes_new(needs.scratch_bytes);
	kernel_set_portable.functions[op.kind](&call);
	free(call.scratch);
}

/* False: the portable set runs it. */
static inline bool case_pack(struct pack_case *test)
{
	struct pack_job job = {case_use(test), test->weights, test->channels};

	if (!pack_armv7em.choose(&job, &test->op.variant))
		return false;
	assert_true(image_needs_armv7em(&job.use, &test->needs));
	test->op.weights_bytes = (uint32_t)test->needs.weights_bytes;
	test->op.channels_bytes = (uint32_t)test->needs.channels_bytes;
	test->op.scratch_bytes = (uint32_t)test->needs.scratch_bytes;
	test->packed_weights = bytes_new(test->needs.weights_bytes);
	test->packed_channels = bytes_new(test->needs.channels_bytes);
	memset(test->packed_weights, 0, test->needs.weights_bytes);
	memset(test->packed_channels, 0, test->needs.channels_bytes);
	pack_armv7em.write(&job, test->packed_weights, test->packed_channels);
	assert_true(image_constants_armv7em(&job.use, test->packed_weights, test->packed_channels));
	return true;
}

static inline void case_free(struct pack_case *test)
{
	free(test->input[0]);
	free(test->input[1]);
	free(test->expected);
	free(test->weights);
	free(test->channels);
	free(test->packed_weights);
	free(test->packed_channels);
	memset(test, 0, sizeof(*test));
}

static inline void case_draw(struct pack_case *test, pack_case_fn *kind)
{
	memset(test, 0, sizeof(*test));
	kind(test);
	case_rest_draw(test);
	case_expect(test);
}

static inline void average_pool_draw(struct pack_case *test)
{
	pool_draw(test, IMAGE_AVERAGE_POOL_2D);
}

static inline void max_pool_draw(struct pack_case *test)
{
	pool_draw(test, IMAGE_MAX_POOL_2D);
}

#endif
