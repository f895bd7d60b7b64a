/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "firmware/runtime/kernels/portable/portable.h"

/* One row of the window, its taps next to each other in the input; only the part inside is copied.
 */
static void gather_dense_row(const struct kernel_call *call, const int8_t *row, int32_t x,
			     int8_t *to)
{
	const int32_t width = (int32_t)call->in[0]->shape[2];
	const uint32_t channels = call->in[0]->shape[3];
	int32_t before = x < 0 ? -x : 0, taps = call->op->kernel_w;
	int32_t after = x + taps > width ? x + taps - width : 0;
	uint32_t head = (uint32_t)before * channels, tail = (uint32_t)after * channels;
	uint32_t body = (uint32_t)(taps - before - after) * channels;

	memset(to, call->in[0]->zero_point, head);
	memcpy(to + head, row + (uint32_t)(x + before) * channels, body);
	memset(to + head + body, call->in[0]->zero_point, tail);
}

static void gather_dilated_row(const struct kernel_call *call, const int8_t *row, int32_t x,
			       int8_t *to)
{
	const int32_t width = (int32_t)call->in[0]->shape[2];
	const uint32_t channels = call->in[0]->shape[3];

	for (uint32_t tap = 0; tap < call->op->kernel_w; tap++) {
		if (x < 0 || x >= width)
			memset(to, call->in[0]->zero_point, channels);
		else
			memcpy(to, row + (uint32_t)x * channels, channels);
		to += channels;
		x += call->op->dilation_w;
	}
}

const int8_t *portable_window_gather(const struct kernel_call *call,
				     const struct portable_window *window)
{
	const struct image_op *op = call->op;
	const uint32_t height = call->in[0]->shape[1], width = call->in[0]->shape[2];
	const uint32_t channels = call->in[0]->shape[3], row_bytes = width * channels;
	const int8_t *batch = call->input[0] + window->batch * height * row_bytes;
	int8_t *to = call->scratch;
	int32_t y = window->y;

	if (image_window_is_pixel(op))
		return batch + (uint32_t)y * row_bytes + (uint32_t)window->x * channels;
	for (uint32_t tap = 0; tap < op->kernel_h; tap++, y += op->dilation_h) {
		if (y < 0 || y >= (int32_t)height)
			memset(to, call->in[0]->zero_point, op->kernel_w * channels);
		else if (op->dilation_w == 1)
			gather_dense_row(call, batch + (uint32_t)y * row_bytes, window->x, to);
		else
			gather_dilated_row(call, batch + (uint32_t)y * row_bytes, window->x, to);
		to += op->kernel_w * channels;
	}
	return call->scratch;
}

int32_t portable_dot(const int8_t *a, const int8_t *b, uint32_t count)
{
	uint32_t sum = 0;

	for (; count >= 4; count -= 4, a += 4, b += 4)
		sum += (uint32_t)(a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]);
	for (; count > 0; count--)
		sum += (uint32_t)(*a++ * *b++);
	return (int32_t)sum;
}
