/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * DEPTHWISE_CONV_2D, one input channel after the other: its rows are copied next to each other,
 * padding included, so that windows have no special cases and weights stay in registers.
 */
#include <string.h>

#include "firmware/runtime/kernels/rv32/rv32.h"

/* One output channel of some rows. */
struct plane {
	const struct image_op *op;
	const struct rv32_depthwise *plan;
	const int8_t *copy;
	const int8_t *weights;
	const struct rv32_channel *record;
	int8_t *to;
	uint32_t rows, columns;
	uint32_t pitch; /* output channels: from one output column to the next */
};

struct three {
	int32_t a, b, c;
};

RV32_INLINE struct three three_load(const int8_t *weights)
{
	return (struct three){weights[0], weights[1], weights[2]};
}

RV32_INLINE uint32_t three_sum(const int8_t *at, struct three weights)
{
	return (uint32_t)(at[0] * weights.a + at[1] * weights.b + at[2] * weights.c);
}

/* Sums are made before what comes next is loaded: more values in flight than registers cost more
 * than waiting for a load. */
RV32_INLINE void four_settle(struct rv32_four *sums)
{
	__asm__ volatile(""
			 : "+r"(sums->a), "+r"(sums->b), "+r"(sums->c), "+r"(sums->d)
			 :
			 : "memory");
}

RV32_INLINE void four_three(struct rv32_four *sums, const int8_t *at, unsigned stride,
			    const int8_t *weights)
{
	struct three three = three_load(weights);

	sums->a += three_sum(at, three);
	sums->b += three_sum(at + stride, three);
	sums->c += three_sum(at + 2 * stride, three);
	sums->d += three_sum(at + 3 * stride, three);
	four_settle(sums);
}

RV32_APART void one_put(uint32_t sum, const struct rv32_scale *scale, int8_t *to)
{
	*to = rv32_scale_sum(sum, *scale);
}

/* 3x3 windows; stride along the row is a constant. */
RV32_INLINE void three_plane(const struct plane *plane, unsigned stride)
{
	const int8_t *weights = plane->weights;
	const struct rv32_scale scale = rv32_scale_of(&plane->record->finish, plane->op);
	const uint32_t width = plane->plan->width, pitch = plane->pitch, bias = plane->record->bias;
	const int8_t *row = plane->copy;
	int8_t *to = plane->to;

	for (uint32_t y = plane->rows; y > 0; y--, row += plane->op->stride_h * width) {
		const int8_t *at = row, *below = row + width, *last = below + width;
		uint32_t left = plane->columns;

		for (; left >= 4; left -= 4) {
			struct rv32_four sums = {bias, bias, bias, bias};

			four_three(&sums, at, stride, weights);
			four_three(&sums, below, stride, weights + 3);
			four_three(&sums, last, stride, weights + 6);
			rv32_four_put(sums.a, sums.b, sums.c, sums.d, &scale, to, pitch);
			to += 4 * pitch;
			at += 4 * stride;
			below += 4 * stride;
			last += 4 * stride;
		}
		for (; left > 0; left--, to += pitch) {
			uint32_t sum = bias + three_sum(at, three_load(weights)) +
				       three_sum(below, three_load(weights + 3)) +
				       three_sum(last, three_load(weights + 6));

			one_put(sum, &scale, to);
			at += stride;
			below += stride;
			last += stride;
		}
	}
}

RV32_APART void three_plane_1(const struct plane *plane)
{
	three_plane(plane, 1);
}

RV32_APART void three_plane_2(const struct plane *plane)
{
	three_plane(plane, 2);
}

/* Any window, tap by tap. */
static struct rv32_four any_four(const struct plane *plane, const int8_t *row)
{
	const struct image_op *op = plane->op;
	const uint32_t stride = op->stride_w, dilation = op->dilation_w;
	const int8_t *weight = plane->weights;
	const uint32_t bias = plane->record->bias;
	struct rv32_four sums = {bias, bias, bias, bias};

	for (uint32_t y = op->kernel_h; y > 0; y--, row += op->dilation_h * plane->plan->width) {
		const int8_t *a = row, *b = a + stride, *c = b + stride, *d = c + stride;

		for (const int8_t *end = weight + op->kernel_w; weight != end; weight++) {
			sums.a += (uint32_t)(*a * *weight);
			sums.b += (uint32_t)(*b * *weight);
			sums.c += (uint32_t)(*c * *weight);
			sums.d += (uint32_t)(*d * *weight);
			a += dilation;
			b += dilation;
			c += dilation;
			d += dilation;
		}
	}
	return sums;
}

static uint32_t any_one(const struct plane *plane, const int8_t *row)
{
	const struct image_op *op = plane->op;
	const int8_t *weight = plane->weights;
	uint32_t sum = plane->record->bias;

	for (uint32_t y = op->kernel_h; y > 0; y--, row += op->dilation_h * plane->plan->width) {
		const int8_t *at = row;

		for (const int8_t *end = weight + op->kernel_w; weight != end; weight++) {
			sum += (uint32_t)(*at * *weight);
			at += op->dilation_w;
		}
	}
	return sum;
}

RV32_APART void any_plane(const struct plane *plane)
{
	const struct rv32_scale scale = rv32_scale_of(&plane->record->finish, plane->op);
	const uint32_t stride = plane->op->stride_w, pitch = plane->pitch;
	const int8_t *row = plane->copy;
	int8_t *to = plane->to;

	for (uint32_t y = plane->rows; y > 0; y--) {
		const int8_t *at = row;
		uint32_t left = plane->columns;

		for (; left >= 4; left -= 4, at += 4 * stride, to += 4 * pitch) {
			struct rv32_four sums = any_four(plane, at);

			rv32_four_put(sums.a, sums.b, sums.c, sums.d, &scale, to, pitch);
		}
		for (; left > 0; left--, at += stride, to += pitch)
			one_put(any_one(plane, at), &scale, to);
		row += plane->op->stride_h * plane->plan->width;
	}
}

typedef void plane_fn(const struct plane *plane);

static plane_fn *plane_function(const struct image_op *op)
{
	bool three = op->kernel_h == 3 && op->kernel_w == 3 && op->dilation_h == 1 &&
		     op->dilation_w == 1;

	return three && op->stride_w == 1   ? three_plane_1
	       : three && op->stride_w == 2 ? three_plane_2
					    : any_plane;
}

/* What is copied for one strip: the padding is written once for all channels. */
struct inside {
	const int8_t *from; /* channel 0 of the first element */
	int8_t *to;
	uint32_t rows, columns;
};

static struct inside inside_prepare(const struct kernel_call *call,
				    const struct rv32_depthwise *plan, const int8_t *batch,
				    int32_t y, uint32_t rows)
{
	const struct image_tensor *in = call->in[0];
	const uint32_t left = call->op->pad_left, above = y < 0 ? (uint32_t)-y : 0;
	const uint32_t height = in->shape[1] - (y < 0 ? 0 : (uint32_t)y);

	memset(call->scratch, in->zero_point, rows * plan->width);
	return (struct inside){
		.from = batch + (y < 0 ? 0 : (uint32_t)y) * in->shape[2] * in->shape[3],
		.to = call->scratch + above * plan->width + left,
		.rows = rows - above < height ? rows - above : height,
		.columns = plan->width - left < in->shape[2] ? plan->width - left : in->shape[2],
	};
}

static void inside_copy(const struct kernel_call *call, struct inside inside, uint32_t width)
{
	const uint32_t step = call->in[0]->shape[3], row_bytes = call->in[0]->shape[2] * step;

	for (; inside.rows > 0; inside.rows--) {
		const int8_t *from = inside.from;

		for (int8_t *to = inside.to, *end = to + inside.columns; to != end; from += step)
			*to++ = *from;
		inside.from += row_bytes;
		inside.to += width;
	}
}

/* All channels of the plane's rows. from: the batch's input. */
static void strip_run(const struct kernel_call *call, struct plane *plane, const int8_t *from,
		      int32_t y)
{
	const struct rv32_depthwise *plan = plane->plan;
	uint32_t rows = (plane->rows - 1) * call->op->stride_h + plan->reach_h;
	struct inside inside = inside_prepare(call, plan, from, y, rows);
	plane_fn *run = plane_function(call->op);

	plane->weights = call->weights;
	plane->record = call->channels;
	for (uint32_t channel = call->in[0]->shape[3]; channel > 0; channel--, inside.from++) {
		inside_copy(call, inside, plan->width);
		for (uint32_t i = 0; i < plan->multiplier; i++) {
			run(plane);
			plane->weights += plan->taps;
			plane->record++;
			plane->to++;
		}
	}
}

void rv32_depthwise_run(const struct kernel_call *call)
{
	const uint32_t *in = call->in[0]->shape, *out = call->out->shape;
	struct image_use use = rv32_use(call);
	struct rv32_depthwise plan;
	struct plane plane = {.op = call->op,
			      .plan = &plan,
			      .copy = call->scratch,
			      .columns = out[2],
			      .pitch = out[3]};
	const int8_t *from = call->input[0];
	int8_t *to = call->output;

	rv32_depthwise_plan(&use, &plan);
	for (uint32_t batch = 0; batch < out[0]; batch++, from += in[1] * in[2] * in[3])
		for (uint32_t y = 0; y < out[1]; y += plane.rows) {
			plane.rows = out[1] - y < plan.strip ? out[1] - y : plan.strip;
			plane.to = to;
			strip_run(call, &plane, from,
				  (int32_t)(y * call->op->stride_h) - call->op->pad_top);
			to += plane.rows * out[2] * out[3];
		}
}
