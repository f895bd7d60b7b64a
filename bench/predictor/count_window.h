/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sums over the windows of an operator: how many rows and columns of them lie inside the input.
 * Windows are products of an axis along y and one along x, so that sums over both are products of
 * sums over one.
 */
#ifndef BENCH_PREDICTOR_COUNT_WINDOW_H
#define BENCH_PREDICTOR_COUNT_WINDOW_H

#include "bench/predictor/count_shape.h"

/* A place that moves runs of bytes, word by word, then byte by byte. */
struct count_site {
	int64_t runs, words, bytes, any_words, any_bytes, only_bytes;
};

static inline void count_site_add(struct count_site *site, int64_t bytes, int64_t times)
{
	site->runs += times;
	site->words += times * (bytes / 4);
	site->bytes += times * (bytes % 4);
	site->any_words += bytes >= 4 ? times : 0;
	site->any_bytes += bytes % 4 ? times : 0;
	site->only_bytes += bytes > 0 && bytes < 4 ? times : 0;
}

#define COUNT_SITE_NAMES(name)                                                                     \
	(const char *const[6])                                                                     \
	{                                                                                          \
		name, name ".words", name ".bytes", name ".any_words", name ".any_bytes",          \
			name ".only_bytes"                                                         \
	}

static inline void count_site_put(struct count_variables *to, const char *const names[6],
				  const struct count_site *site)
{
	count_put(to, names[0], site->runs);
	count_put(to, names[1], site->words);
	count_put(to, names[2], site->bytes);
	count_put(to, names[3], site->any_words);
	count_put(to, names[4], site->any_bytes);
	count_put(to, names[5], site->only_bytes);
}

/* One axis of a window. */
struct count_axis {
	int32_t in, out, kernel, stride, dilation, pad;
};

static inline struct count_axis count_axis_y(const struct image_use *use)
{
	const struct image_op *op = use->op;

	return (struct count_axis){(int32_t)use->in[0]->shape[1],
				   (int32_t)use->out->shape[1],
				   op->kernel_h,
				   op->stride_h,
				   op->dilation_h,
				   op->pad_top};
}

static inline struct count_axis count_axis_x(const struct image_use *use)
{
	const struct image_op *op = use->op;

	return (struct count_axis){(int32_t)use->in[0]->shape[2],
				   (int32_t)use->out->shape[2],
				   op->kernel_w,
				   op->stride_w,
				   op->dilation_w,
				   op->pad_left};
}

static inline int32_t count_axis_first(const struct count_axis *axis, int32_t i)
{
	return i * axis->stride - axis->pad;
}

static inline int32_t count_least(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

static inline int32_t count_most(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

/* Taps in front of the input and inside it, of the window that begins at first. */
static inline void count_taps(const struct count_axis *axis, int32_t first, int32_t *ret_before,
			      int32_t *ret_inside)
{
	int32_t step = axis->dilation;
	int32_t before = first < 0 ? (-first + step - 1) / step : 0;
	int32_t end = first < axis->in ? (axis->in - first + step - 1) / step : 0;

	before = count_least(before, axis->kernel);
	end = count_most(count_least(end, axis->kernel), before);
	*ret_before = before;
	*ret_inside = end - before;
}

#endif
