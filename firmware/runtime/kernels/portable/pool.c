/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * AVERAGE_POOL_2D and MAX_POOL_2D. Input and output have the same scale; padding does not count.
 */
#include "firmware/runtime/kernels/portable/fixed_point.h"
#include "firmware/runtime/kernels/portable/portable.h"

/* The part of a window that lies inside the input. */
struct pool_window {
	const int8_t *first; /* channel 0 of its first pixel */
	uint32_t rows, columns;
	uint32_t row_bytes; /* from one row of the input to the next */
	uint32_t channels;
};

typedef int32_t pool_fn(const struct pool_window *window, uint32_t channel);

static int32_t window_average(const struct pool_window *window, uint32_t channel)
{
	int32_t sum = 0, count = (int32_t)(window->rows * window->columns);
	const int8_t *row = window->first + channel;

	for (uint32_t y = 0; y < window->rows; y++, row += window->row_bytes)
		for (uint32_t x = 0; x < window->columns; x++)
			sum += row[x * window->channels];
	return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

static int32_t window_maximum(const struct pool_window *window, uint32_t channel)
{
	const int8_t *row = window->first + channel;
	int32_t most = INT8_MIN;

	for (uint32_t y = 0; y < window->rows; y++, row += window->row_bytes)
		for (uint32_t x = 0; x < window->columns; x++)
			if (row[x * window->channels] > most)
				most = row[x * window->channels];
	return most;
}

/* Clips start .. start + kernel to 0 .. size; returns the length that is left. */
static uint32_t axis_clip(int32_t *start, uint32_t kernel, uint32_t size)
{
	int32_t end = *start + (int32_t)kernel;

	if (end > (int32_t)size)
		end = (int32_t)size;
	if (*start < 0)
		*start = 0;
	return (uint32_t)(end - *start);
}

static void pool_row(const struct kernel_call *call, struct pool_window *window,
		     const int8_t *input_row, int8_t *to, pool_fn *pool)
{
	const struct image_op *op = call->op;
	int32_t left = -(int32_t)op->pad_left;

	for (uint32_t i = 0; i < call->out->shape[2]; i++, left += op->stride_w) {
		int32_t x = left;

		window->columns = axis_clip(&x, op->kernel_w, call->in[0]->shape[2]);
		window->first = input_row + (uint32_t)x * window->channels;
		for (uint32_t channel = 0; channel < window->channels; channel++)
			*to++ = fixed_clamp(pool(window, channel), op->activation_min,
					    op->activation_max);
	}
}

static void pool_2d(const struct kernel_call *call, pool_fn *pool)
{
	const struct image_op *op = call->op;
	const uint32_t *in = call->in[0]->shape, *out = call->out->shape;
	struct pool_window window = {.row_bytes = in[2] * in[3], .channels = in[3]};
	const int8_t *batch = call->input[0];
	int8_t *to = call->output;

	for (uint32_t n = 0; n < out[0]; n++, batch += in[1] * window.row_bytes) {
		int32_t top = -(int32_t)op->pad_top;

		for (uint32_t i = 0; i < out[1]; i++, top += op->stride_h) {
			int32_t y = top;

			window.rows = axis_clip(&y, op->kernel_h, in[1]);
			pool_row(call, &window, batch + (uint32_t)y * window.row_bytes, to, pool);
			to += out[2] * out[3];
		}
	}
}

void portable_average_pool_2d(const struct kernel_call *call)
{
	pool_2d(call, window_average);
}

void portable_max_pool_2d(const struct kernel_call *call)
{
	pool_2d(call, window_maximum);
}
