/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The activations under each output pixel, widened to 16 bits for SMLAD.
 */
#include "firmware/runtime/kernels/armv7em/armv7em.h"

/* Shorter rows of a window are copied together before they are widened. */
enum { ROW_WORTH = 20 };

static void window_next(struct armv7em_window *window)
{
	const struct image_op *op = window->call->op;
	const uint32_t *in = window->call->in[0]->shape;

	window->x += op->stride_w;
	if (--window->to_row_end > 0)
		return;
	window->to_row_end = window->call->out->shape[2];
	window->x = -(int32_t)op->pad_left;
	window->y += op->stride_h;
	if (--window->to_batch_end > 0)
		return;
	window->to_batch_end = window->call->out->shape[1];
	window->y = -(int32_t)op->pad_top;
	window->place += in[1] * in[2] * in[3];
}

/* Widens groups of four bytes; returns what follows. step: words from one group to the next, odd:
 * from the even to the odd word. */
DSP_INLINE void widen_one(uint32_t *to, uint32_t odd, const int8_t *from, bool up)
{
	uint32_t bytes = dsp_load(from);

	to[0] = dsp_widen_even(bytes, up);
	to[odd] = dsp_widen_odd(bytes, up);
}

DSP_INLINE uint32_t *widen(uint32_t *to, const int8_t *from, uint32_t groups, uint32_t step,
			   uint32_t odd, bool up)
{
	for (; groups >= 4; groups -= 4, from += 16, to += 4 * step) {
		widen_one(to, odd, from, up);
		widen_one(to + step, odd, from + 4, up);
		widen_one(to + 2 * step, odd, from + 8, up);
		widen_one(to + 3 * step, odd, from + 12, up);
	}
	for (; groups > 0; groups--, from += 4, to += step)
		widen_one(to, odd, from, up);
	return to;
}

static uint32_t *widen_single_up(uint32_t *to, const int8_t *from, uint32_t groups)
{
	return widen(to, from, groups, 2, 1, true);
}

static uint32_t *widen_single(uint32_t *to, const int8_t *from, uint32_t groups)
{
	return widen(to, from, groups, 2, 1, false);
}

static uint32_t *widen_pair_up(uint32_t *to, const int8_t *from, uint32_t groups)
{
	return widen(to, from, groups, 4, 1, true);
}

static uint32_t *widen_pair(uint32_t *to, const int8_t *from, uint32_t groups)
{
	return widen(to, from, groups, 4, 1, false);
}

static uint32_t *widen_three_up(uint32_t *to, const int8_t *from, uint32_t groups)
{
	return widen(to, from, groups, 6, 3, true);
}

static uint32_t *widen_three(uint32_t *to, const int8_t *from, uint32_t groups)
{
	return widen(to, from, groups, 6, 3, false);
}

static armv7em_widen_fn *const widen_functions[][2] = {
	{widen_single, widen_single_up},
	{widen_pair, widen_pair_up},
	{widen_three, widen_three_up},
};

DSP_INLINE int8_t *copy(int8_t *to, const int8_t *from, uint32_t count)
{
	for (; count >= 4; count -= 4, to += 4, from += 4)
		dsp_store(to, dsp_load(from));
	for (; count > 0; count--)
		*to++ = *from++;
	return to;
}

DSP_INLINE int8_t *fill(int8_t *to, int32_t value, uint32_t count)
{
	const uint32_t four = (uint8_t)value * 0x01010101u;

	for (; count >= 4; count -= 4, to += 4)
		dsp_store(to, four);
	for (; count > 0; count--)
		*to++ = (int8_t)value;
	return to;
}

/* One row of a window; taps outside the input read as its zero point. */
static int8_t *gather_row(const struct armv7em_window *window, const int8_t *row, int8_t *to)
{
	const int32_t width = (int32_t)window->call->in[0]->shape[2], x = window->x;
	const uint32_t channels = window->call->in[0]->shape[3];
	const int32_t zero = window->call->in[0]->zero_point, taps = window->call->op->kernel_w;
	int32_t before = x < 0 ? -x : 0, after = x + taps > width ? x + taps - width : 0;

	if (before > 0)
		to = fill(to, zero, (uint32_t)before * channels);
	to = copy(to, row + (x + before) * (int32_t)channels,
		  (uint32_t)(taps - before - after) * channels);
	return after > 0 ? fill(to, zero, (uint32_t)after * channels) : to;
}

static int8_t *gather_dilated_row(const struct armv7em_window *window, const int8_t *row,
				  int8_t *to)
{
	const uint32_t channels = window->call->in[0]->shape[3];
	int32_t x = window->x;

	for (uint32_t tap = window->call->op->kernel_w; tap > 0; tap--) {
		if (x < 0 || x >= (int32_t)window->call->in[0]->shape[2])
			to = fill(to, window->call->in[0]->zero_point, channels);
		else
			to = copy(to, row + x * (int32_t)channels, channels);
		x += window->call->op->dilation_w;
	}
	return to;
}

static void gather(const struct armv7em_window *window, int8_t *to)
{
	const struct image_op *op = window->call->op;
	const struct image_tensor *in = window->call->in[0];
	const uint32_t row_bytes = in->shape[2] * in->shape[3];
	int32_t y = window->y;

	for (uint32_t tap = op->kernel_h; tap > 0; tap--, y += op->dilation_h) {
		const int8_t *row = window->place + y * (int32_t)row_bytes;

		if (y < 0 || y >= (int32_t)in->shape[1])
			to = fill(to, in->zero_point, op->kernel_w * in->shape[3]);
		else if (op->dilation_w == 1)
			to = gather_row(window, row, to);
		else
			to = gather_dilated_row(window, row, to);
	}
}

static bool is_inside(const struct armv7em_window *window)
{
	const struct image_op *op = window->call->op;
	const uint32_t *in = window->call->in[0]->shape;

	return window->y >= 0 && window->x >= 0 && window->x + op->kernel_w <= (int32_t)in[2] &&
	       window->y + (op->kernel_h - 1) * op->dilation_h < (int32_t)in[1];
}

/* Copies whole words, up to three bytes more than a row's, both ways: there is space behind the
 * last, and the caller has looked for readable bytes. */
static void gather_inside(const struct armv7em_window *window, const int8_t *row, uint32_t skip,
			  int8_t *to)
{
	const uint32_t row_bytes = window->row_bytes;

	for (uint32_t tap = window->call->op->kernel_h; tap > 0; tap--, row += skip) {
		const int8_t *from = row, *end = row + row_bytes;
		int8_t *at = to;

		for (; from < end; from += 4, at += 4)
			dsp_store(at, dsp_load(from));
		to += row_bytes;
	}
}

static void widen_rows(const struct armv7em_window *window, const int8_t *row, uint32_t skip,
		       uint32_t *to)
{
	for (uint32_t tap = window->call->op->kernel_h; tap > 0; tap--, row += skip)
		to = window->widen(to, row, window->row_bytes / 4);
}

/* A window of more than a pixel. */
static void window_widen(const struct armv7em_window *window, uint32_t *to, int8_t *bytes)
{
	const struct image_op *op = window->call->op;
	const uint32_t *in = window->call->in[0]->shape;
	const uint32_t line_bytes = in[2] * in[3], skip = line_bytes * op->dilation_h;
	const int8_t *row =
		window->place + window->y * (int32_t)line_bytes + window->x * (int32_t)in[3];
	bool inside = is_inside(window);

	if (inside && window->rows_in_fours) {
		widen_rows(window, row, skip, to);
		return;
	}
	if (inside && op->dilation_w == 1 &&
	    window->place_end - row >=
		    (int32_t)(skip * (op->kernel_h - 1u) + window->row_bytes + 3))
		gather_inside(window, row, skip, bytes);
	else
		gather(window, bytes);
	window->widen(to, bytes, window->groups);
}

const int8_t *armv7em_window_bytes(const struct armv7em_window *window, int8_t *bytes)
{
	if (window->is_pixel)
		return window->place;
	gather(window, bytes);
	return bytes;
}

static void pixel_widen(const struct armv7em_window *window, const int8_t *place, uint32_t *to,
			int8_t *bytes)
{
	if (window->gathers) {
		copy(bytes, place, window->depth);
		place = bytes;
	}
	window->widen(to, place, window->groups);
}

static void one_widen(struct armv7em_window *window, uint32_t *to, int8_t *bytes)
{
	const uint32_t *in = window->call->in[0]->shape;

	if (window->is_contiguous) {
		pixel_widen(window, window->place, to, bytes);
		window->place += window->depth;
		return;
	}
	if (window->is_pixel)
		pixel_widen(window,
			    window->place +
				    ((uint32_t)window->y * in[2] + (uint32_t)window->x) * in[3],
			    to, bytes);
	else
		window_widen(window, to, bytes);
	window_next(window);
}

void armv7em_window_widen(struct armv7em_window *window, uint32_t pixels, uint32_t *to,
			  int8_t *bytes)
{
	const uint32_t block = window->block;
	const uint32_t in_block_step = block == 2 ? 2 : 1;
	uint32_t in_block = 0;

	for (; pixels > 0; pixels--) {
		one_widen(window, to + in_block * in_block_step, bytes);
		if (++in_block == block) {
			in_block = 0;
			to += window->groups * 2 * block;
		}
	}
}

void armv7em_window_start(const struct kernel_call *call, const struct armv7em_gemm *gemm,
			  uint32_t block, bool up, struct armv7em_window *ret_window)
{
	const struct image_op *op = call->op;
	const uint32_t *in = call->in[0]->shape, *out = call->out->shape;
	struct armv7em_window *window = ret_window;

	window->call = call;
	window->place = call->input[0];
	window->place_end = call->input[0] + call->in[0]->bytes;
	window->y = -(int32_t)op->pad_top;
	window->x = -(int32_t)op->pad_left;
	window->to_row_end = out[2];
	window->to_batch_end = out[1];
	window->depth = gemm->depth;
	window->groups = gemm->groups;
	window->gathers = gemm->gathers;
	window->block = block;
	window->widen = widen_functions[block - 1][up];
	window->is_pixel = op->kind == IMAGE_FULLY_CONNECTED || image_window_is_pixel(op);
	window->is_contiguous = op->kind == IMAGE_FULLY_CONNECTED ||
				(window->is_pixel && op->stride_h == 1 && op->stride_w == 1 &&
				 in[1] == out[1] && in[2] == out[2]);
	window->row_bytes = op->kernel_w * in[3];
	window->rows_in_fours =
		window->row_bytes % 4 == 0 && window->row_bytes >= ROW_WORTH && op->dilation_w == 1;
}
