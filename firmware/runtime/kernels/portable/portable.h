/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The portable kernels: plain C, the reference every other kernel set and every board must match.
 * They rely on what image_check() has proved and check nothing themselves.
 */
#ifndef FIRMWARE_RUNTIME_KERNELS_PORTABLE_PORTABLE_H
#define FIRMWARE_RUNTIME_KERNELS_PORTABLE_PORTABLE_H

#include "firmware/runtime/kernels/kernel.h"

kernel_fn portable_conv_2d;
kernel_fn portable_depthwise_conv_2d;
kernel_fn portable_fully_connected;
kernel_fn portable_average_pool_2d;
kernel_fn portable_max_pool_2d;
kernel_fn portable_reshape;
kernel_fn portable_softmax;
kernel_fn portable_add;
kernel_fn portable_mul;
kernel_fn portable_mean;
kernel_fn portable_pad;
kernel_fn portable_concatenation;
kernel_fn portable_resize_nearest_neighbor;
kernel_fn portable_transpose;

/* Where the window of one output pixel starts in the input; outside it where there is padding. */
struct portable_window {
	uint32_t batch;
	int32_t y, x;
};

/* Copies the window's kernel_h * kernel_w * input channels bytes into call->scratch, taps outside
 * the input as its zero point, and returns them; a window of one pixel is returned in place. */
const int8_t *portable_window_gather(const struct kernel_call *call,
				     const struct portable_window *window);

/* Elements from one index of each dimension to the next. */
static inline void portable_steps(const struct image_tensor *tensor, uint32_t ret_steps[4])
{
	uint32_t step = 1;

	for (int d = 3; d >= 0; d--) {
		ret_steps[d] = step;
		step *= tensor->shape[d];
	}
}

/* Sum of count products. */
int32_t portable_dot(const int8_t *a, const int8_t *b, uint32_t count);

#endif
