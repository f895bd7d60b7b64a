/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What GEMM multiplies: the inputs of output pixels, two pixels in a word, four pixels together.
 */
#include "firmware/runtime/kernels/rv32/rv32.h"

/* Where one pixel goes: every second word; the odd pixel of a pair is added to the even one. */
struct lane {
	uint32_t *to;
	bool odd;
};

static void lane_put(struct lane *lane, const int8_t *from, uint32_t count)
{
	const int8_t *end = from + count;
	uint32_t *to = lane->to;

	lane->to = to + 2 * count;
	if (lane->odd)
		for (; from != end; from++, to += 2)
			*to += (uint32_t)*from << 16;
	else
		for (; from != end; from++, to += 2)
			*to = (uint32_t)*from;
}

static void lane_fill(struct lane *lane, int32_t value, uint32_t count)
{
	uint32_t *to = lane->to, *end = to + 2 * count;

	lane->to = end;
	if (lane->odd)
		for (; to != end; to += 2)
			*to += (uint32_t)value << 16;
	else
		for (; to != end; to += 2)
			*to = (uint32_t)value;
}

/* The part of a window's row that lies inside, what is left and right of it. */
static void dense_row_put(const struct kernel_call *call, struct lane *lane, const int8_t *row,
			  int32_t x)
{
	const struct image_tensor *in = call->in[0];
	const int32_t width = (int32_t)in->shape[2], taps = call->op->kernel_w;
	const uint32_t channels = in->shape[3];
	int32_t before = x < 0 ? -x : 0, after = x + taps > width ? x + taps - width : 0;

	lane_fill(lane, in->zero_point, (uint32_t)before * channels);
	lane_put(lane, row + (uint32_t)(x + before) * channels,
		 (uint32_t)(taps - before - after) * channels);
	lane_fill(lane, in->zero_point, (uint32_t)after * channels);
}

static void dilated_row_put(const struct kernel_call *call, struct lane *lane, const int8_t *row,
			    int32_t x)
{
	const struct image_tensor *in = call->in[0];

	for (uint32_t tap = 0; tap < call->op->kernel_w; tap++, x += call->op->dilation_w) {
		if (x < 0 || x >= (int32_t)in->shape[2])
			lane_fill(lane, in->zero_point, in->shape[3]);
		else
			lane_put(lane, row + (uint32_t)x * in->shape[3], in->shape[3]);
	}
}

/* Of an output pixel: where its window starts in the input. */
struct position {
	const int8_t *batch;
	int32_t y, x;
};

static struct position position_of(const struct kernel_call *call, uint32_t pixel)
{
	const struct image_op *op = call->op;
	const uint32_t *in = call->in[0]->shape, *out = call->out->shape;
	uint32_t row = pixel / out[2], batch = row / out[1];

	return (struct position){
		.batch = call->input[0] + batch * in[1] * in[2] * in[3],
		.y = (int32_t)((row - batch * out[1]) * op->stride_h) - op->pad_top,
		.x = (int32_t)((pixel - row * out[2]) * op->stride_w) - op->pad_left,
	};
}

static void window_put(const struct kernel_call *call, struct lane *lane, struct position at)
{
	const struct image_op *op = call->op;
	const uint32_t *in = call->in[0]->shape, row_bytes = in[2] * in[3];

	for (uint32_t tap = 0; tap < op->kernel_h; tap++, at.y += op->dilation_h) {
		const int8_t *row = at.batch + (uint32_t)at.y * row_bytes;

		if (at.y < 0 || at.y >= (int32_t)in[1])
			lane_fill(lane, call->in[0]->zero_point, op->kernel_w * in[3]);
		else if (op->dilation_w == 1)
			dense_row_put(call, lane, row, at.x);
		else
			dilated_row_put(call, lane, row, at.x);
	}
}

static const int8_t *input_of(const struct kernel_call *call, const struct rv32_gemm *gemm,
			      uint32_t pixel)
{
	const uint32_t *in = call->in[0]->shape;
	struct position at;

	if (call->op->kind == IMAGE_FULLY_CONNECTED)
		return call->input[0] + pixel * gemm->depth;
	at = position_of(call, pixel);
	return at.batch + ((uint32_t)at.y * in[2] + (uint32_t)at.x) * in[3];
}

static void pixel_pack(const struct kernel_call *call, const struct rv32_gemm *gemm, uint32_t pixel,
		       uint32_t *to, uint32_t which)
{
	struct lane lane = {to + which / 2, which % 2};

	if (gemm->windowed)
		window_put(call, &lane, position_of(call, pixel));
	else
		lane_put(&lane, input_of(call, gemm, pixel), gemm->depth);
	lane_fill(&lane, 0, gemm->runs * RV32_RUN - gemm->depth);
}

/* Four pixels, each from count bytes in a row. */
static uint32_t *quad_put(const int8_t *from[RV32_QUAD], uint32_t count, uint32_t *to)
{
	const int8_t *a = from[0], *b = from[1], *c = from[2], *d = from[3], *end = a + count;

	for (; a != end; to += 2) {
		to[0] = (uint32_t)*a++ + ((uint32_t)*b++ << 16);
		to[1] = (uint32_t)*c++ + ((uint32_t)*d++ << 16);
	}
	return to;
}

static uint32_t *quad_fill(int32_t value, uint32_t count, uint32_t *to)
{
	const uint32_t word = (uint32_t)value + ((uint32_t)value << 16);

	for (const uint32_t *end = to + 2 * count; to != end; to += 2)
		to[0] = to[1] = word;
	return to;
}

static void quad_pack(const struct kernel_call *call, const struct rv32_gemm *gemm, uint32_t pixel,
		      uint32_t *to)
{
	const int8_t *from[RV32_QUAD];

	for (uint32_t i = 0; i < RV32_QUAD; i++)
		from[i] = input_of(call, gemm, pixel + i);
	to = quad_put(from, gemm->depth, to);
	quad_fill(0, gemm->runs * RV32_RUN - gemm->depth, to);
}

/* Four windows in a row of outputs whose columns all lie inside the input. False: they are not. */
static bool quad_windows_pack(const struct kernel_call *call, const struct rv32_gemm *gemm,
			      uint32_t pixel, uint32_t *to)
{
	const struct image_op *op = call->op;
	const uint32_t *in = call->in[0]->shape, row_bytes = in[2] * in[3];
	const uint32_t count = op->kernel_w * in[3], columns = call->out->shape[2];
	struct position at = position_of(call, pixel);
	int32_t last = at.x + (int32_t)(RV32_QUAD - 1) * op->stride_w;

	if (op->dilation_w != 1 || pixel % columns + RV32_QUAD > columns || at.x < 0 ||
	    last + op->kernel_w > (int32_t)in[2])
		return false;
	for (uint32_t tap = 0; tap < op->kernel_h; tap++, at.y += op->dilation_h) {
		const int8_t *from[RV32_QUAD];

		if (at.y < 0 || at.y >= (int32_t)in[1]) {
			to = quad_fill(call->in[0]->zero_point, count, to);
			continue;
		}
		from[0] = at.batch + (uint32_t)at.y * row_bytes + (uint32_t)at.x * in[3];
		for (uint32_t i = 1; i < RV32_QUAD; i++)
			from[i] = from[i - 1] + op->stride_w * in[3];
		to = quad_put(from, count, to);
	}
	quad_fill(0, gemm->runs * RV32_RUN - gemm->depth, to);
	return true;
}

void rv32_pixels_pack(const struct kernel_call *call, const struct rv32_gemm *gemm, uint32_t first,
		      uint32_t count)
{
	uint32_t *to = (uint32_t *)(void *)call->scratch, pixel = first, end = first + count;

	for (; pixel < end; pixel += RV32_QUAD, to += gemm->runs * RV32_RUN * 2) {
		uint32_t left = end - pixel, pixels = left < RV32_QUAD ? left : RV32_QUAD;

		if (pixels == RV32_QUAD && !gemm->windowed)
			quad_pack(call, gemm, pixel, to);
		else if (pixels < RV32_QUAD || !quad_windows_pack(call, gemm, pixel, to))
			for (uint32_t i = 0; i < pixels; i++)
				pixel_pack(call, gemm, pixel + i, to, i);
	}
}
