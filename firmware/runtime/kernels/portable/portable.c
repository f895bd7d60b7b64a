/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "firmware/runtime/kernels/portable/portable.h"

static kernel_fn *const functions[IMAGE_OP_KIND_END] = {
	[IMAGE_CONV_2D] = portable_conv_2d,
	[IMAGE_DEPTHWISE_CONV_2D] = portable_depthwise_conv_2d,
	[IMAGE_FULLY_CONNECTED] = portable_fully_connected,
	[IMAGE_AVERAGE_POOL_2D] = portable_average_pool_2d,
	[IMAGE_MAX_POOL_2D] = portable_max_pool_2d,
	[IMAGE_RESHAPE] = portable_reshape,
	[IMAGE_SOFTMAX] = portable_softmax,
	[IMAGE_ADD] = portable_add,
	[IMAGE_MUL] = portable_mul,
	[IMAGE_MEAN] = portable_mean,
	[IMAGE_PAD] = portable_pad,
	[IMAGE_CONCATENATION] = portable_concatenation,
	[IMAGE_RESIZE_NEAREST_NEIGHBOR] = portable_resize_nearest_neighbor,
	[IMAGE_TRANSPOSE] = portable_transpose,
};

const struct kernel_set kernel_set_portable = {functions, IMAGE_OP_KIND_END, true};
