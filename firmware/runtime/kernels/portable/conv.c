/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED. The zero points are in the bias, so all three are
 * plain sums of products over a window, rescaled to the output's scale for each channel.
 */
#include "firmware/runtime/kernels/portable/fixed_point.h"
#include "firmware/runtime/kernels/portable/portable.h"

static inline int8_t channel_finish(const struct kernel_call *call, uint32_t channel, int32_t sum)
{
	const struct image_channel *record = (const struct image_channel *)call->channels + channel;
	int32_t value = fixed_rescale(fixed_add(record->bias, sum), &record->rescale);

	return fixed_clamp(fixed_add(value, call->out->zero_point), call->op->activation_min,
			   call->op->activation_max);
}

/* Every output channel of one row of weights with the same input values. */
static void dense_channels(const struct kernel_call *call, const int8_t *values, uint32_t count,
			   int8_t *to)
{
	const uint32_t channels = call->out->shape[3];
	const int8_t *weights = call->weights;

	for (uint32_t i = 0; i < channels; i++, weights += count)
		to[i] = channel_finish(call, i, portable_dot(values, weights, count));
}

/* Output channel i belongs to input channel i / multiplier. */
static void depthwise_channels(const struct kernel_call *call, const int8_t *values, int8_t *to)
{
	const uint32_t in_channels = call->in[0]->shape[3], channels = call->out->shape[3];
	const uint32_t taps = (uint32_t)call->op->kernel_h * call->op->kernel_w;
	const uint32_t multiplier = channels / in_channels;

	for (uint32_t c = 0, i = 0; c < in_channels; c++) {
		for (uint32_t m = 0; m < multiplier; m++, i++) {
			const int8_t *value = values + c, *weight = (const int8_t *)call->weights + i;
			uint32_t sum = 0;

			for (uint32_t tap = taps; tap > 0; tap--) {
				sum += (uint32_t)(*value * *weight);
				value += in_channels;
				weight += channels;
			}
			to[i] = channel_finish(call, i, (int32_t)sum);
		}
	}
}

static void conv_pixel(const struct kernel_call *call, const int8_t *values, int8_t *to)
{
	dense_channels(call, values,
		       (uint32_t)call->op->kernel_h * call->op->kernel_w * call->in[0]->shape[3],
		       to);
}

/* Walks the output's pixels in order; each gets its window and the place of its channels. */
static inline void each_pixel(const struct kernel_call *call,
			      void (*pixel)(const struct kernel_call *, const int8_t *, int8_t *))
{
	const struct image_op *op = call->op;
	const uint32_t *shape = call->out->shape;
	struct portable_window window;
	int8_t *to = call->output;

	for (window.batch = 0; window.batch < shape[0]; window.batch++) {
		window.y = -(int32_t)op->pad_top;
		for (uint32_t y = 0; y < shape[1]; y++, window.y += op->stride_h) {
			window.x = -(int32_t)op->pad_left;
			for (uint32_t x = 0; x < shape[2]; x++, window.x += op->stride_w) {
				pixel(call, portable_window_gather(call, &window), to);
				to += shape[3];
			}
		}
	}
}

void portable_conv_2d(const struct kernel_call *call)
{
	each_pixel(call, conv_pixel);
}

void portable_depthwise_conv_2d(const struct kernel_call *call)
{
	each_pixel(call, depthwise_channels);
}

void portable_fully_connected(const struct kernel_call *call)
{
	const uint32_t channels = call->out->shape[3], rows = call->out->bytes / channels;
	const uint32_t count = call->in[0]->bytes / rows;
	const int8_t *values = call->input[0];
	int8_t *to = call->output;

	for (uint32_t row = 0; row < rows; row++, values += count, to += channels)
		dense_channels(call, values, count, to);
}
