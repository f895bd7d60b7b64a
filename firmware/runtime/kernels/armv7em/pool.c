/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * AVERAGE_POOL_2D and MAX_POOL_2D, four channels at a time; padding does not count.
 */
#include "firmware/runtime/kernels/armv7em/armv7em.h"

/* The part of a window that lies inside the input. */
struct pool_window {
	const int8_t *first; /* channel 0 of its first pixel */
	uint32_t rows, columns;
	uint32_t row_skip; /* bytes from behind a row of the window to its next */
	uint32_t channels;
};

typedef uint32_t pool_four_fn(const struct pool_window *window, const int8_t *first);
typedef int32_t pool_one_fn(const struct pool_window *window, const int8_t *first);

DSP_INLINE int32_t average(int32_t sum, int32_t count)
{
	return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

/* Rows of no more than 255 taps together: sums of four channels fit 16 bits. Returns what follows.
 */
DSP_INLINE const int8_t *rows_sum(const struct pool_window *window, const int8_t *first,
				  uint32_t rows, int32_t sums[4])
{
	const uint32_t channels = window->channels;
	uint32_t even = 0, odd = 0;

	for (; rows > 0; rows--, first += window->row_skip)
		for (uint32_t x = window->columns; x > 0; x--, first += channels) {
			uint32_t bytes = dsp_load(first);

			even = dsp_sxtab16(even, bytes);
			odd = dsp_sxtab16_ror8(odd, bytes);
		}
	sums[0] += (int16_t)even;
	sums[1] += (int16_t)odd;
	sums[2] += (int16_t)(even >> 16);
	sums[3] += (int16_t)(odd >> 16);
	return first;
}

static uint32_t average_four(const struct pool_window *window, const int8_t *first)
{
	const int32_t count = (int32_t)(window->rows * window->columns);
	int32_t sums[4] = {0, 0, 0, 0};
	uint32_t result = 0, most = window->rows;

	if (count > 255)
		most = 255 / window->columns;
	for (uint32_t left = window->rows, rows; left > 0; left -= rows) {
		rows = left < most ? left : most;
		first = rows_sum(window, first, rows, sums);
	}
	for (int i = 0; i < 4; i++)
		result |= (uint32_t)(uint8_t)average(sums[i], count) << 8 * i;
	return result;
}

static int32_t average_one(const struct pool_window *window, const int8_t *first)
{
	int32_t sum = 0;

	for (uint32_t y = window->rows; y > 0; y--, first += window->row_skip)
		for (uint32_t x = window->columns; x > 0; x--, first += window->channels)
			sum += *first;
	return average(sum, (int32_t)(window->rows * window->columns));
}

static uint32_t most_four(const struct pool_window *window, const int8_t *first)
{
	uint32_t most = 0x80808080u;

	for (uint32_t y = window->rows; y > 0; y--, first += window->row_skip)
		for (uint32_t x = window->columns; x > 0; x--, first += window->channels)
			most = dsp_max8(dsp_load(first), most);
	return most;
}

static int32_t most_one(const struct pool_window *window, const int8_t *first)
{
	int32_t most = INT8_MIN;

	for (uint32_t y = window->rows; y > 0; y--, first += window->row_skip)
		for (uint32_t x = window->columns; x > 0; x--, first += window->channels)
			most = *first > most ? *first : most;
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

DSP_INLINE int8_t *pool_pixel(const struct pool_window *window, int8_t *to, pool_four_fn *four,
			      pool_one_fn *one)
{
	uint32_t channel = 0;

	for (; channel + 4 <= window->channels; channel += 4, to += 4)
		dsp_store(to, four(window, window->first + channel));
	for (; channel < window->channels; channel++)
		*to++ = (int8_t)one(window, window->first + channel);
	return to;
}

static void pool(const struct kernel_call *call, pool_four_fn *four, pool_one_fn *one)
{
	const struct image_op *op = call->op;
	const uint32_t *in = call->in[0]->shape, *out = call->out->shape;
	const uint32_t row_bytes = in[2] * in[3];
	struct pool_window window = {.channels = in[3]};
	const int8_t *batch = call->input[0];
	int8_t *to = call->output;

	for (uint32_t i = 0; i < out[0] * out[1]; i++) {
		int32_t y = (int32_t)(i % out[1] * op->stride_h) - op->pad_top;
		int32_t left = -(int32_t)op->pad_left;

		if (i > 0 && i % out[1] == 0)
			batch += in[1] * row_bytes;
		window.rows = axis_clip(&y, op->kernel_h, in[1]);
		for (uint32_t k = 0; k < out[2]; k++, left += op->stride_w) {
			int32_t x = left;

			window.columns = axis_clip(&x, op->kernel_w, in[2]);
			window.row_skip = row_bytes - window.columns * in[3];
			window.first = batch + (uint32_t)y * row_bytes + (uint32_t)x * in[3];
			to = pool_pixel(&window, to, four, one);
		}
	}
	armv7em_output_clamp(call);
}

void armv7em_average_pool(const struct kernel_call *call)
{
	pool(call, average_four, average_one);
}

void armv7em_max_pool(const struct kernel_call *call)
{
	pool(call, most_four, most_one);
}
