/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fully connected operators and convolutions with one or two output pixels: four channels at a
 * time, every weight used once, so weights stay bytes and are read in the order of the image.
 */
#include "firmware/runtime/kernels/portable/portable.h"
#include "firmware/runtime/kernels/rv32/rv32.h"

/* Sums here are of four channels. */
RV32_INLINE void four_step(struct rv32_four *sums, int32_t value, const int8_t *weights)
{
	sums->a += (uint32_t)(value * weights[0]);
	sums->b += (uint32_t)(value * weights[1]);
	sums->c += (uint32_t)(value * weights[2]);
	sums->d += (uint32_t)(value * weights[3]);
}

RV32_INLINE struct rv32_four four_sums(struct rv32_four sums, const int8_t *values, uint32_t depth,
				       const int8_t *weights)
{
	const int8_t *end = values + (depth & ~3u);

	for (; values != end; values += 4, weights += 16) {
		four_step(&sums, values[0], weights);
		four_step(&sums, values[1], weights + 4);
		four_step(&sums, values[2], weights + 8);
		four_step(&sums, values[3], weights + 12);
	}
	for (end += depth & 3; values != end; values++, weights += 4)
		four_step(&sums, *values, weights);
	return sums;
}

static void pixel_run(const struct kernel_call *call, const struct rv32_gemm *gemm,
		      const int8_t *values, int8_t *to)
{
	const int8_t *weights = call->weights;
	const struct rv32_channel *records = call->channels;
	const struct image_op *op = call->op;
	const uint32_t depth = gemm->depth;

	for (uint32_t left = gemm->channels;; left -= 4, records += 4, to += 4) {
		struct rv32_four sums = {records[0].bias, records[1].bias, records[2].bias,
					 records[3].bias};

		sums = four_sums(sums, values, depth, weights);
		weights += 4 * depth;
		to[0] = rv32_scale_sum(sums.a, rv32_scale_of(&records[0].finish, op));
		if (left > 1)
			to[1] = rv32_scale_sum(sums.b, rv32_scale_of(&records[1].finish, op));
		if (left > 2)
			to[2] = rv32_scale_sum(sums.c, rv32_scale_of(&records[2].finish, op));
		if (left > 3)
			to[3] = rv32_scale_sum(sums.d, rv32_scale_of(&records[3].finish, op));
		if (left <= 4)
			return;
	}
}

/* Window of an output pixel, counted through all batches. */
static struct portable_window window_of(const struct kernel_call *call, uint32_t pixel)
{
	const uint32_t *out = call->out->shape;
	uint32_t row = pixel / out[2];

	return (struct portable_window){
		.batch = row / out[1],
		.y = (int32_t)(row % out[1] * call->op->stride_h) - call->op->pad_top,
		.x = (int32_t)(pixel % out[2] * call->op->stride_w) - call->op->pad_left,
	};
}

void rv32_vector_run(const struct kernel_call *call)
{
	struct image_use use = rv32_use(call);
	struct rv32_gemm gemm;

	rv32_gemm_plan(&use, &gemm);
	for (uint32_t pixel = 0; pixel < gemm.pixels; pixel++) {
		const int8_t *values = call->input[0] + pixel * gemm.depth;

		if (call->op->kind != IMAGE_FULLY_CONNECTED) {
			struct portable_window window = window_of(call, pixel);

			values = portable_window_gather(call, &window);
		}
		pixel_run(call, &gemm, values, call->output + pixel * gemm.channels);
	}
}
