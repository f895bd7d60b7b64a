/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The cases of the portable set (firmware/runtime/kernels/portable).
 */
#include <stdio.h>

#include "bench/predictor/count_window.h"

void count_portable_gather_put(const struct image_use *use, struct count_variables *to)
{
	const struct count_axis y = count_axis_y(use), x = count_axis_x(use);
	const struct image_op *op = use->op;
	const int64_t batches = use->out->shape[0], channels = use->in[0]->shape[3];
	struct count_site outside = {0}, head = {0}, body = {0}, tail = {0};
	struct count_site tap_outside = {0}, tap_inside = {0};
	int64_t rows_in = 0, rows_low = 0, x_low = 0, x_high = 0;
	bool pixel = op->kind == IMAGE_FULLY_CONNECTED || image_window_is_pixel(op);
	int test = op->kernel_h != 1 ? 1 : op->kernel_w != 1 ? 2 : op->pad_top ? 3 : 4;

	for (int32_t i = 0; i < y.out && !pixel; i++) {
		int32_t before, inside;

		count_taps(&y, count_axis_first(&y, i), &before, &inside);
		rows_in += inside;
		rows_low += before;
	}
	for (int32_t i = 0; i < x.out && !pixel; i++) {
		int32_t first = count_axis_first(&x, i), before, inside;

		count_taps(&x, first, &before, &inside);
		x_low += first < 0;
		x_high += first + x.kernel > x.in;
		if (x.dilation != 1) {
			count_site_add(&tap_inside, channels, rows_in * inside * batches);
			count_site_add(&tap_outside, channels,
				       rows_in * (x.kernel - inside) * batches);
			continue;
		}
		count_site_add(&head, before * channels, rows_in * batches);
		count_site_add(&body, inside * channels, rows_in * batches);
		count_site_add(&tail, (x.kernel - before - inside) * channels, rows_in * batches);
	}
	if (!pixel)
		count_site_add(&outside, x.kernel * channels,
			       batches * x.out * ((int64_t)y.out * y.kernel - rows_in));
	count_put(to, "windows", pixel ? 0 : batches * y.out * x.out);
	for (int i = 1; i < 4; i++) {
		static const char *const names[] = {"", "windows.w", "windows.top", "windows.left"};

		count_put(to, names[i], !pixel && test == i + 1 ? batches * y.out * x.out : 0);
	}
	count_put(to, "windows.rows", batches * x.out * rows_in);
	count_put(to, "windows.rows_low", pixel ? 0 : batches * x.out * rows_low);
	count_put(to, "windows.dense_rows", op->dilation_w == 1 ? batches * x.out * rows_in : 0);
	count_put(to, "rows.x_low", op->dilation_w == 1 ? batches * rows_in * x_low : 0);
	count_put(to, "rows.x_high", op->dilation_w == 1 ? batches * rows_in * x_high : 0);
	count_site_put(to, COUNT_SITE_NAMES("outside"), &outside);
	count_site_put(to, COUNT_SITE_NAMES("head"), &head);
	count_site_put(to, COUNT_SITE_NAMES("body"), &body);
	count_site_put(to, COUNT_SITE_NAMES("tail"), &tail);
	count_site_put(to, COUNT_SITE_NAMES("tap_outside"), &tap_outside);
	count_site_put(to, COUNT_SITE_NAMES("tap_inside"), &tap_inside);
}

/* Channels whose values are shifted to the left when they are rescaled. */
static int64_t left_channels(const struct image_use *use, const struct count_variables *to)
{
	const struct image_channel *channels =
		(const struct image_channel *)(const void *)to->channels;
	int64_t left = 0;

	for (uint32_t i = 0; i < use->out->shape[3]; i++)
		left += channels[i].rescale.shift > 0;
	return left;
}

static void pixels_put(const struct image_use *use, struct count_variables *to)
{
	const uint32_t *out = use->out->shape;

	count_put(to, "1", 1);
	count_put(to, "batches", out[0]);
	count_put(to, "rows", (int64_t)out[0] * out[1]);
	count_put(to, "pixels", (int64_t)out[0] * out[1] * out[2]);
}

/* Sums of products for every output. */
static void dots_put(int64_t outputs, int64_t depth, struct count_variables *to)
{
	count_put(to, "outputs", outputs);
	count_put(to, "outputs*fours", outputs * (depth / 4));
	count_put(to, "outputs*ones", outputs * (depth % 4));
	count_put(to, "outputs*any_fours", depth >= 4 ? outputs : 0);
	count_put(to, "outputs*any_ones", depth % 4 ? outputs : 0);
}

static void conv_fill(const struct image_use *use, struct count_variables *to)
{
	const struct image_op *op = use->op;

	pixels_put(use, to);
	count_put(to, "left*pixels",
		  left_channels(use, to) * (use->out->bytes / use->out->shape[3]));
	dots_put(use->out->bytes, (int64_t)op->kernel_h * op->kernel_w * use->in[0]->shape[3], to);
	count_portable_gather_put(use, to);
	count_put_data(to, "low.outputs", use->out->bytes);
	count_put_data(to, "high.outputs", use->out->bytes);
}

static void depthwise_fill(const struct image_use *use, struct count_variables *to)
{
	const int64_t pixels = use->out->bytes / use->out->shape[3];
	const int64_t taps = (int64_t)use->op->kernel_h * use->op->kernel_w;

	pixels_put(use, to);
	count_put(to, "pixels*in_channels", pixels * use->in[0]->shape[3]);
	count_put(to, "outputs", use->out->bytes);
	count_put(to, "outputs*taps", use->out->bytes * taps);
	count_put(to, "left*pixels", left_channels(use, to) * pixels);
	count_portable_gather_put(use, to);
	count_put_data(to, "low.outputs", use->out->bytes);
	count_put_data(to, "high.outputs", use->out->bytes);
}

static void fully_connected_fill(const struct image_use *use, struct count_variables *to)
{
	const int64_t channels = use->out->shape[3], rows = use->out->bytes / channels;

	count_put(to, "1", 1);
	count_put(to, "rows", rows);
	count_put(to, "left*rows", left_channels(use, to) * rows);
	dots_put(use->out->bytes, use->in[0]->bytes / rows, to);
	count_put_data(to, "low.outputs", use->out->bytes);
	count_put_data(to, "high.outputs", use->out->bytes);
}

void count_pool_fill(const struct image_use *use, struct count_variables *to)
{
	const struct count_axis y = count_axis_y(use), x = count_axis_x(use);
	const int64_t batches = use->out->shape[0], channels = use->in[0]->shape[3];
	const bool average = use->op->kind == IMAGE_AVERAGE_POOL_2D;
	int64_t rows = 0, columns = 0, y_low = 0, y_high = 0, x_low = 0, x_high = 0;

	for (int32_t i = 0; i < y.out; i++) {
		int32_t first = count_axis_first(&y, i), before, inside;

		count_taps(&y, first, &before, &inside);
		rows += inside;
		y_low += first < 0;
		y_high += first + y.kernel > y.in;
	}
	for (int32_t i = 0; i < x.out; i++) {
		int32_t first = count_axis_first(&x, i), before, inside;

		count_taps(&x, first, &before, &inside);
		columns += inside;
		x_low += first < 0;
		x_high += first + x.kernel > x.in;
	}
	pixels_put(use, to);
	count_put(to, "rows.low", batches * y_low);
	count_put(to, "rows.high", batches * y_high);
	count_put(to, "pixels.low", batches * y.out * x_low);
	count_put(to, "pixels.high", batches * y.out * x_high);
	count_put(to, "outputs", use->out->bytes);
	count_put(to, "window_rows", batches * rows * x.out * channels);
	count_put(to, "taps", batches * rows * columns * channels);
	/* of RV32's, which takes four channels at a time */
	count_put(to, "pixels*fours", batches * y.out * x.out * (channels / 4));
	count_put(to, "pixels*any_fours", channels >= 4 ? batches * y.out * x.out : 0);
	count_put(to, "window_rows*fours", batches * rows * x.out * (channels / 4));
	count_put(to, "taps*fours", batches * rows * columns * (channels / 4));
	count_put(to, "pixels*any_ones", channels % 4 ? batches * y.out * x.out : 0);
	count_put_data(to, "low.limit", use->op->activation_min > -128 ? use->out->bytes : 0);
	count_put_data(to, "none", use->op->activation_max < 127 ? use->out->bytes : 0);
	count_put_data(to, "low.fours",
		       average ? use->out->bytes / channels * (channels / 4 * 4) : 0);
	count_put_data(to, "none.fours", 0);
	count_put_data(to, "low.ones", average ? use->out->bytes / channels * (channels % 4) : 0);
	count_put_data(to, "none.ones", 0);
	/* a maximum that is found anew */
	count_put_data(to, "new",
		       average ? 0 : batches * rows * columns * channels - use->out->bytes);
	count_put_data(to, "none.new", 0);
}

static void reshape_fill(const struct image_use *use, struct count_variables *to)
{
	const bool moves = use->in[0]->arena_offset != use->out->arena_offset;
	struct count_site site = {0};

	if (moves)
		count_site_add(&site, use->out->bytes, 1);
	count_put(to, "1", 1);
	count_site_put(to, COUNT_SITE_NAMES("moved"), &site);
}

static void softmax_fill(const struct image_use *use, struct count_variables *to)
{
	const int64_t depth = use->out->shape[3];

	count_put(to, "1", 1);
	count_put(to, "rows", use->out->bytes / depth);
	count_put(to, "elements", use->out->bytes);
}

static void pair_fill(const struct image_use *use, struct count_variables *to)
{
	const uint32_t *out = use->out->shape;
	int64_t repeated[2] = {0}, equal;

	equal = use->in[0]->bytes == use->out->bytes && use->in[1]->bytes == use->out->bytes;
	for (int i = 0; i < 2; i++)
		for (int d = 0; d < 4; d++)
			repeated[i] += use->in[i]->shape[d] != out[d];
	count_put(to, "1", 1);
	count_put(to, "equal", equal);
	count_put(to, "first_repeated", use->in[0]->bytes != use->out->bytes);
	count_put(to, "elements", equal ? use->out->bytes : 0);
	count_put(to, "repeated", repeated[0] + repeated[1]);
	count_put(to, "repeated.batches", equal ? 0 : out[0]);
	count_put(to, "repeated.rows", equal ? 0 : (int64_t)out[0] * out[1]);
	count_put(to, "repeated.pixels", equal ? 0 : (int64_t)out[0] * out[1] * out[2]);
	count_put(to, "repeated.elements", equal ? 0 : use->out->bytes);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {"left.a", "left.b", "left.out"};

		count_put(to, names[i],
			  use->op->rescale[i].shift > 0 ? (int64_t)use->out->bytes : 0);
	}
	count_put_data(to, "low.outputs", use->out->bytes);
	count_put_data(to, "high.outputs", use->out->bytes);
}

static void mean_fill(const struct image_use *use, struct count_variables *to)
{
	static const char *const left_names[] = {"left.batches", "left.rows", "left.pixels",
						 "left"};
	static const char *const names[] = {"left*batches", "left*rows", "left*pixels",
					    "left*elements"};
	static const char *const averaged_names[] = {"averaged.n", "averaged.y", "averaged.x",
						     "averaged.c"};
	int64_t averaged = 1, left = 1;

	count_put(to, "1", 1);
	for (int d = 0; d < 4; d++) {
		left *= use->op->args[d] ? 1 : use->in[0]->shape[d];
		count_put(to, left_names[d], left);
		count_put(to, averaged_names[d], use->op->args[d] != 0);
	}
	for (int d = 0; d < 4; d++) {
		averaged *= use->op->args[d] ? use->in[0]->shape[d] : 1;
		count_put(to, names[d], left * averaged);
	}
	count_put(to, "left.shifted", use->op->rescale[0].shift > 0 ? left : 0);
	count_put_data(to, "low.outputs", use->out->bytes);
	count_put_data(to, "high.outputs", use->out->bytes);
}

static void pad_fill(const struct image_use *use, struct count_variables *to)
{
	const uint32_t *in = use->in[0]->shape;
	struct count_site set = {0}, copied = {0};

	count_site_add(&set, use->out->bytes, 1);
	count_site_add(&copied, in[3], (int64_t)in[0] * in[1] * in[2]);
	count_put(to, "1", 1);
	count_put(to, "batches", in[0]);
	count_put(to, "rows", (int64_t)in[0] * in[1]);
	count_site_put(to, COUNT_SITE_NAMES("set"), &set);
	count_site_put(to, COUNT_SITE_NAMES("copied"), &copied);
}

static void concatenation_fill(const struct image_use *use, struct count_variables *to)
{
	struct count_site copied = {0};

	for (uint32_t i = 0; i < use->op->input_count; i++) {
		int64_t piece = 1;

		for (uint32_t d = use->op->args[0]; d < 4; d++)
			piece *= use->in[i]->shape[d];
		count_site_add(&copied, piece, use->in[i]->bytes / piece);
	}
	count_put(to, "1", 1);
	count_put(to, "inputs", use->op->input_count);
	count_site_put(to, COUNT_SITE_NAMES("copied"), &copied);
}

static void transpose_fill(const struct image_use *use, struct count_variables *to)
{
	pixels_put(use, to);
	count_put(to, "elements", use->out->bytes);
}

static void resize_fill(const struct image_use *use, struct count_variables *to)
{
	struct count_site copied = {0};

	pixels_put(use, to);
	count_site_add(&copied, use->out->shape[3], (int64_t)use->out->bytes / use->out->shape[3]);
	count_site_put(to, COUNT_SITE_NAMES("copied"), &copied);
}

/* In the order of enum image_op_kind. */
static const struct count_case cases[] = {
	{"portable.conv_2d", conv_fill},
	{"portable.depthwise_conv_2d", depthwise_fill},
	{"portable.fully_connected", fully_connected_fill},
	{"portable.average_pool_2d", count_pool_fill},
	{"portable.max_pool_2d", count_pool_fill},
	{"portable.reshape", reshape_fill},
	{"portable.softmax", softmax_fill},
	{"portable.add", pair_fill},
	{"portable.mul", pair_fill},
	{"portable.mean", mean_fill},
	{"portable.pad", pad_fill},
	{"portable.concatenation", concatenation_fill},
	{"portable.resize_nearest_neighbor", resize_fill},
	{"portable.transpose", transpose_fill},
};

static int portable_select(const struct image_use *use)
{
	return use->op->kind > 0 && use->op->kind < IMAGE_OP_KIND_END ? use->op->kind - 1 : -1;
}

static void portable_name(const struct image_op *op, char ret_name[COUNT_CASE_NAME_MAX])
{
	snprintf(ret_name, COUNT_CASE_NAME_MAX, "%s", cases[op->kind - 1].name);
}

const struct count_case_set count_cases_portable = {cases, sizeof(cases) / sizeof(cases[0]),
						    portable_select, portable_name};
