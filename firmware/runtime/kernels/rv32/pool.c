/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * AVERAGE_POOL_2D and MAX_POOL_2D, four channels at a time. Input and output have the same scale;
 * padding does not count.
 */
#include "firmware/runtime/kernels/rv32/rv32.h"

/* The part of a window that lies inside the input. */
struct window {
	const int8_t *first; /* channel 0 of its first pixel */
	uint32_t rows, columns;
	uint32_t row_bytes, channels;
};

/* Sums or maxima of four channels; a window has at least one pixel. */
struct four {
	int32_t a, b, c, d;
};

RV32_INLINE int32_t larger(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

struct pool {
	int32_t start;
	void (*four)(struct four *to, const int8_t *at);
	int32_t (*one)(int32_t value, int8_t at);
	int32_t (*finish)(int32_t value, int32_t taps);
};

RV32_INLINE void sum_four(struct four *to, const int8_t *at)
{
	to->a += at[0];
	to->b += at[1];
	to->c += at[2];
	to->d += at[3];
}

RV32_INLINE int32_t sum_one(int32_t value, int8_t at)
{
	return value + at;
}

RV32_INLINE int32_t sum_finish(int32_t value, int32_t taps)
{
	return (value + (value > 0 ? taps / 2 : -(taps / 2))) / taps;
}

RV32_INLINE void maximum_four(struct four *to, const int8_t *at)
{
	to->a = larger(to->a, at[0]);
	to->b = larger(to->b, at[1]);
	to->c = larger(to->c, at[2]);
	to->d = larger(to->d, at[3]);
}

RV32_INLINE int32_t maximum_one(int32_t value, int8_t at)
{
	return larger(value, at);
}

RV32_INLINE int32_t maximum_finish(int32_t value, int32_t taps)
{
	(void)taps;
	return value;
}

RV32_INLINE struct four window_four(const struct window *window, const int8_t *row,
				    struct pool pool)
{
	struct four to = {pool.start, pool.start, pool.start, pool.start};
	const uint32_t channels = window->channels;

	for (uint32_t y = window->rows; y > 0; y--, row += window->row_bytes) {
		const int8_t *at = row;

		for (uint32_t x = window->columns; x > 0; x--, at += channels)
			pool.four(&to, at);
	}
	return to;
}

RV32_INLINE int32_t window_one(const struct window *window, const int8_t *row, struct pool pool)
{
	int32_t value = pool.start;

	for (uint32_t y = window->rows; y > 0; y--, row += window->row_bytes) {
		const int8_t *at = row;

		for (uint32_t x = window->columns; x > 0; x--, at += window->channels)
			value = pool.one(value, *at);
	}
	return value;
}

RV32_INLINE void all_channels(const struct image_op *op, const struct window *window, int8_t *to,
			      struct pool pool)
{
	const int32_t taps = (int32_t)(window->rows * window->columns);
	const int32_t least = op->activation_min, most = op->activation_max;
	const int8_t *at = window->first, *end = at + window->channels;

	for (; end - at >= 4; at += 4, to += 4) {
		struct four four = window_four(window, at, pool);

		to[0] = fixed_clamp(pool.finish(four.a, taps), least, most);
		to[1] = fixed_clamp(pool.finish(four.b, taps), least, most);
		to[2] = fixed_clamp(pool.finish(four.c, taps), least, most);
		to[3] = fixed_clamp(pool.finish(four.d, taps), least, most);
	}
	for (; at != end; at++)
		*to++ = fixed_clamp(pool.finish(window_one(window, at, pool), taps), least, most);
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

RV32_INLINE void pool_row(const struct kernel_call *call, struct window *window, const int8_t *row,
			  int8_t *to, struct pool pool)
{
	const struct image_op *op = call->op;
	int32_t left = -(int32_t)op->pad_left;

	for (uint32_t i = 0; i < call->out->shape[2]; i++, left += op->stride_w) {
		int32_t x = left;

		window->columns = axis_clip(&x, op->kernel_w, call->in[0]->shape[2]);
		window->first = row + (uint32_t)x * window->channels;
		all_channels(op, window, to, pool);
		to += window->channels;
	}
}

RV32_INLINE void pool_2d(const struct kernel_call *call, struct pool pool)
{
	const struct image_op *op = call->op;
	const uint32_t *in = call->in[0]->shape, *out = call->out->shape;
	struct window window = {.row_bytes = in[2] * in[3], .channels = in[3]};
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

void rv32_average_pool_run(const struct kernel_call *call)
{
	pool_2d(call, (struct pool){0, sum_four, sum_one, sum_finish});
}

void rv32_max_pool_run(const struct kernel_call *call)
{
	pool_2d(call, (struct pool){INT8_MIN, maximum_four, maximum_one, maximum_finish});
}
