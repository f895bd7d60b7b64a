/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The cases of the RV32 set (firmware/runtime/kernels/rv32). Its kernels branch where a result must
 * be limited to the activation's bounds, so that these counts depend on data.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bench/predictor/count_window.h"
#include "firmware/image/needs_rv32.h"

/* Channels that are rounded as in the portable set, and those of them that are shifted to the left.
 * finish: the first one's in the record. */
static int64_t slow_channels(const uint8_t *finish, uint32_t stride, uint32_t channels,
			     int64_t *ret_left)
{
	int64_t slow = 0;

	*ret_left = 0;
	for (uint32_t i = 0; i < channels; i++, finish += stride) {
		struct rv32_finish own;

		memcpy(&own, finish, sizeof(own));
		slow += own.shift >= RV32_EXACT;
		*ret_left += own.shift > RV32_EXACT + 31;
	}
	return slow;
}

/* Runs of all pairs of channels whose sums are split in their midst. */
static int64_t split_runs(const uint8_t *weights, int64_t runs)
{
	int64_t split = 0;

	for (int64_t i = 0; i < runs; i++, weights += RV32_RUN_BYTES)
		split += weights[2 * RV32_RUN] != 0;
	return split;
}

/* A place that writes runs of elements. */
struct elements {
	int64_t runs, count, any;
};

static void elements_add(struct elements *to, int64_t count, int64_t times)
{
	to->runs += times;
	to->count += times * count;
	to->any += count ? times : 0;
}

/* Pixels' windows that go into the even or the odd half of words. */
struct lanes {
	int64_t pixels, rows_low, rows_before, rows_after, last_outside;
	struct elements outside, before, inside, after, tap_outside, tap_inside, rest;
};

struct packing {
	struct lanes lanes[2];
	int64_t quads, quad_rows_outside, quad_rows, quad_rows_low, quad_last_outside;
	int64_t dilated, crossing, low, high; /* why quads are packed pixel by pixel */
};

static void pixel_add(const struct image_use *use, int32_t y_first, int32_t x_first,
		      struct lanes *lanes)
{
	const struct count_axis y = count_axis_y(use), x = count_axis_x(use);
	const int64_t channels = use->in[0]->shape[3];
	const int32_t last = y_first + (y.kernel - 1) * y.dilation;
	int32_t above, before, rows, columns, after;

	count_taps(&y, y_first, &above, &rows);
	count_taps(&x, x_first, &before, &columns);
	after = x.kernel - before - columns;
	lanes->pixels++;
	lanes->rows_low += above;
	lanes->last_outside += last < 0 || last >= y.in;
	elements_add(&lanes->outside, x.kernel * channels, y.kernel - rows);
	if (x.dilation != 1) {
		elements_add(&lanes->tap_inside, channels, (int64_t)rows * columns);
		elements_add(&lanes->tap_outside, channels, (int64_t)rows * (x.kernel - columns));
		lanes->rows_before += (int64_t)rows * before;
		return;
	}
	lanes->rows_before += x_first < 0 ? rows : 0;
	lanes->rows_after += x_first + x.kernel > x.in ? rows : 0;
	elements_add(&lanes->before, before * channels, rows);
	elements_add(&lanes->inside, columns * channels, rows);
	elements_add(&lanes->after, after * channels, rows);
}

static void quad_add(const struct image_use *use, int64_t pixel, int64_t count,
		     struct packing *packing)
{
	const struct count_axis y = count_axis_y(use), x = count_axis_x(use);
	const int64_t rows = pixel / x.out, column = pixel % x.out;
	int32_t y_first = count_axis_first(&y, (int32_t)(rows % y.out));
	int32_t x_first = count_axis_first(&x, (int32_t)column), before, inside;
	bool dense = false;

	if (count == RV32_QUAD) {
		if (x.dilation != 1)
			packing->dilated++;
		else if (column + RV32_QUAD > x.out)
			packing->crossing++;
		else if (x_first < 0)
			packing->low++;
		else if (x_first + (RV32_QUAD - 1) * x.stride + x.kernel > x.in)
			packing->high++;
		else
			dense = true;
	}
	if (dense) {
		count_taps(&y, y_first, &before, &inside);
		packing->quads++;
		packing->quad_rows += inside;
		packing->quad_rows_outside += y.kernel - inside;
		packing->quad_rows_low += before;
		packing->quad_last_outside += y_first + (y.kernel - 1) * y.dilation >= y.in;
		return;
	}
	for (int64_t i = 0; i < count; i++, pixel++)
		pixel_add(use, count_axis_first(&y, (int32_t)(pixel / x.out % y.out)),
			  count_axis_first(&x, (int32_t)(pixel % x.out)), &packing->lanes[i % 2]);
}

static void elements_put(const struct elements *from, const char *const names[3],
			 struct count_variables *to)
{
	count_put(to, names[0], from->runs);
	count_put(to, names[1], from->count);
	count_put(to, names[2], from->any);
}

#define ELEMENTS(name)                                                                             \
	(const char *const[3])                                                                     \
	{                                                                                          \
		name, name ".count", name ".any"                                                   \
	}
#define LANES_PUT(lane, from, to)                                                                  \
	do {                                                                                       \
		count_put(to, lane ".pixels", (from)->pixels);                                     \
		count_put(to, lane ".rows_low", (from)->rows_low);                                 \
		count_put(to, lane ".rows_before", (from)->rows_before);                           \
		count_put(to, lane ".rows_after", (from)->rows_after);                             \
		count_put(to, lane ".last_outside", (from)->last_outside);                         \
		elements_put(&(from)->outside, ELEMENTS(lane ".outside"), to);                     \
		elements_put(&(from)->before, ELEMENTS(lane ".before"), to);                       \
		elements_put(&(from)->inside, ELEMENTS(lane ".inside"), to);                       \
		elements_put(&(from)->after, ELEMENTS(lane ".after"), to);                         \
		elements_put(&(from)->tap_outside, ELEMENTS(lane ".tap_outside"), to);             \
		elements_put(&(from)->tap_inside, ELEMENTS(lane ".tap_inside"), to);               \
		elements_put(&(from)->rest, ELEMENTS(lane ".rest"), to);                           \
	} while (0)

static void windows_put(const struct image_use *use, const struct rv32_gemm *gemm,
			struct count_variables *to)
{
	const int64_t row = (int64_t)use->op->kernel_w * use->in[0]->shape[3];
	const int64_t filled = (int64_t)gemm->runs * RV32_RUN - gemm->depth;
	struct packing packing = {0};

	for (int64_t i = 0; gemm->windowed && i < gemm->pixels; i += RV32_QUAD)
		quad_add(use, i, gemm->pixels - i < RV32_QUAD ? gemm->pixels - i : RV32_QUAD,
			 &packing);
	for (int i = 0; i < 2; i++)
		elements_add(&packing.lanes[i].rest, filled, packing.lanes[i].pixels);
	count_put(to, "window_quads", packing.quads);
	count_put(to, "window_quads.rows", packing.quad_rows);
	count_put(to, "window_quads.rows_low", packing.quad_rows_low);
	count_put(to, "window_quads.last_outside", packing.quad_last_outside);
	count_put(to, "window_quads.put", packing.quad_rows * row);
	count_put(to, "window_quads.rows_outside", packing.quad_rows_outside);
	count_put(to, "window_quads.filled", packing.quad_rows_outside * row);
	count_put(to, "window_quads.rest", packing.quads * filled);
	count_put(to, "window_quads.any_rest", filled ? packing.quads : 0);
	count_put(to, "quads.dilated", packing.dilated);
	count_put(to, "quads.crossing", packing.crossing);
	count_put(to, "quads.low", packing.low);
	count_put(to, "quads.high", packing.high);
	LANES_PUT("even", &packing.lanes[0], to);
	LANES_PUT("odd", &packing.lanes[1], to);
}

/* Pixels that are read where they are. */
static void pixels_put(const struct image_use *use, const struct rv32_gemm *gemm,
		       struct count_variables *to)
{
	const bool on = !gemm->windowed, conv = use->op->kind != IMAGE_FULLY_CONNECTED;
	const int64_t quads = on ? gemm->pixels / RV32_QUAD : 0;
	const int64_t rest = on ? gemm->pixels % RV32_QUAD : 0;
	const int64_t odd = rest > 1, even = rest - odd, depth = gemm->depth;
	const int64_t filled = (int64_t)gemm->runs * RV32_RUN - depth;

	count_put(to, "quads.conv", conv ? quads : 0);
	count_put(to, "quads.dense", conv ? 0 : quads);
	count_put(to, "quads.put", quads * depth);
	count_put(to, "quads.filled", quads * filled);
	count_put(to, "quads.any_filled", filled ? quads : 0);
	count_put(to, "rest.conv", conv ? rest : 0);
	count_put(to, "rest.even", even);
	count_put(to, "rest.odd", odd);
	count_put(to, "rest.even_put", even * depth);
	count_put(to, "rest.odd_put", odd * depth);
	count_put(to, "rest.even_filled", even * filled);
	count_put(to, "rest.odd_filled", odd * filled);
	count_put(to, "rest.even_any_filled", filled ? even : 0);
	count_put(to, "rest.odd_any_filled", filled ? odd : 0);
}

static void plan_put(const struct image_use *use, const struct rv32_gemm *gemm,
		     struct count_variables *to)
{
	const struct image_op *op = use->op;
	const bool dense = op->kind == IMAGE_FULLY_CONNECTED;
	const bool heavy = (uint64_t)gemm->depth * gemm->channels > RV32_CACHED_WEIGHTS_BYTES;
	const uint64_t bytes = heavy ? RV32_TILE_BYTES : RV32_TILE_BYTES_CACHED;
	const uint64_t quads = bytes / ((uint64_t)gemm->runs * RV32_RUN * RV32_QUAD * 2);
	const uint64_t most = (gemm->pixels + RV32_QUAD - 1) / RV32_QUAD;

	count_put(to, "1", 1);
	count_put(to, "dense", dense);
	count_put(to, "window.h", !dense && op->kernel_h != 1);
	count_put(to, "window.w", !dense && op->kernel_h == 1 && op->kernel_w != 1);
	count_put(to, "window.top",
		  !dense && op->kernel_h == 1 && op->kernel_w == 1 && op->pad_top != 0);
	count_put(to, "window.left",
		  !dense && op->kernel_h == 1 && op->kernel_w == 1 && op->pad_top == 0 &&
			  op->pad_left != 0);
	count_put(to, "plan.heavy", heavy);
	count_put(to, "plan.all", quads > most);
	count_put(to, "plan.none", quads < 1);
}

static void gemm_fill(const struct image_use *use, struct count_variables *to)
{
	struct rv32_gemm gemm;
	int64_t tiles, pairs, full, odd, quads, rest, split, slow, left, runs, rest_runs, any;

	rv32_gemm_plan(use, &gemm);
	tiles = (gemm.pixels + gemm.tile - 1) / gemm.tile;
	odd = gemm.channels % 2;
	full = gemm.channels / 2;
	pairs = full + odd;
	quads = gemm.pixels / RV32_QUAD;
	rest = gemm.pixels % RV32_QUAD;
	rest_runs = (rest > 0) + (rest == 3);
	split = split_runs(to->weights, pairs * gemm.runs);
	slow = slow_channels(to->channels + offsetof(struct rv32_gemm_channel, finish),
			     sizeof(struct rv32_gemm_channel), gemm.channels, &left);
	runs = pairs * gemm.runs;
	plan_put(use, &gemm, to);
	count_put(to, "tiles", tiles);
	count_put(to, "tiles*pairs", tiles * pairs);
	any = tiles - (gemm.pixels % gemm.tile > 0 && gemm.pixels % gemm.tile < RV32_QUAD);
	count_put(to, "tiles*odd", tiles * odd);
	count_put(to, "quads.tiles", any);
	count_put(to, "quads.tiles*pairs", any * pairs);
	count_put(to, "quads*left", quads * left);
	count_put(to, "rest*left", rest * left);
	count_put(to, "rest_two*left", rest > 1 ? left : 0);
	count_put(to, "quads*pairs", quads * pairs);
	count_put(to, "quads*runs", quads * runs);
	count_put(to, "quads*splits", quads * split);
	count_put(to, "quads*full", quads * full);
	count_put(to, "quads*slow", quads * slow);
	count_put(to, "rest*pairs", rest ? pairs : 0);
	count_put(to, "rest_three*pairs", rest == 3 ? pairs : 0);
	count_put(to, "rest_runs*runs", rest_runs * runs);
	count_put(to, "rest_runs*splits", rest_runs * split);
	count_put(to, "rest_runs*full", rest_runs * full);
	count_put(to, "rest_two*pairs", rest > 1 ? pairs : 0);
	count_put(to, "rest_two*full", rest > 1 ? full : 0);
	count_put(to, "rest*slow", rest * slow);
	count_put(to, "rest_two*slow", rest > 1 ? slow : 0);
	windows_put(use, &gemm, to);
	pixels_put(use, &gemm, to);
	count_put_data(to, "low.quads", quads * RV32_QUAD * gemm.channels);
	count_put_data(to, "high.quads", quads * RV32_QUAD * gemm.channels);
	count_put_data(to, "low.rest", rest_runs * gemm.channels);
	count_put_data(to, "high.rest", rest_runs * gemm.channels);
	count_put_data(to, "low.rest_second", rest > 1 ? gemm.channels : 0);
	count_put_data(to, "high.rest_second", rest > 1 ? gemm.channels : 0);
}

static void vector_fill(const struct image_use *use, struct count_variables *to)
{
	static const char *const places[] = {"", "fours.two", "fours.three", "fours.four"};
	static const char *const low[] = {"low.a", "low.b", "low.c", "low.d"};
	static const char *const high[] = {"high.a", "high.b", "high.c", "high.d"};
	struct rv32_gemm gemm;
	int64_t fours, pixels, slow, left;

	rv32_gemm_plan(use, &gemm);
	pixels = gemm.pixels;
	fours = (gemm.channels + 3) / 4;
	slow = slow_channels(to->channels + offsetof(struct rv32_channel, finish),
			     sizeof(struct rv32_channel), gemm.channels, &left);
	plan_put(use, &gemm, to);
	count_put(to, "pixels", pixels);
	count_put(to, "pixels*fours", pixels * fours);
	count_put(to, "pixels*fours*whole", pixels * fours * (gemm.depth / 4));
	count_put(to, "pixels*fours*rest", pixels * fours * (gemm.depth % 4));
	count_put(to, "pixels*fours*any_whole", gemm.depth >= 4 ? pixels * fours : 0);
	count_put(to, "pixels*fours*any_rest", gemm.depth % 4 ? pixels * fours : 0);
	for (unsigned i = 1; i < 4; i++)
		count_put(to, places[i], pixels * ((gemm.channels + 3 - i) / 4));
	count_put(to, "pixels*slow", pixels * slow);
	count_put(to, "pixels*left", pixels * left);
	count_put(to, "conv.pixels", use->op->kind == IMAGE_FULLY_CONNECTED ? 0 : pixels);
	count_portable_gather_put(use, to);
	for (unsigned i = 0; i < 4; i++) {
		count_put_data(to, low[i], pixels * ((gemm.channels + 3 - i) / 4));
		count_put_data(to, high[i], pixels * ((gemm.channels + 3 - i) / 4));
	}
}

/* The first of the conditions for a kernel of 3x3 that fails. */
static int three_test(const struct image_op *op)
{
	return op->kernel_h != 3     ? 0
	       : op->kernel_w != 3   ? 1
	       : op->dilation_h != 1 ? 2
	       : op->dilation_w != 1 ? 3
	       : op->stride_w > 2    ? 4
				     : 0;
}

static void strips_put(const struct image_use *use, const struct rv32_depthwise *plan,
		       struct count_variables *to)
{
	const struct count_axis y = count_axis_y(use), x = count_axis_x(use);
	const int64_t batches = use->out->shape[0], channels = use->in[0]->shape[3];
	const int32_t columns = count_least((int32_t)plan->width - x.pad, x.in);
	int64_t strips = 0, low = 0, all = 0, copied = 0;
	struct count_site zeros = {0};

	for (int32_t i = 0; i < y.out; i += (int32_t)plan->strip, strips++) {
		int32_t rows = count_least(y.out - i, (int32_t)plan->strip);
		int32_t reach = (rows - 1) * y.stride + (int32_t)plan->reach_h;
		int32_t first = count_axis_first(&y, i), above = first < 0 ? -first : 0;
		int32_t height = y.in - (first < 0 ? 0 : first);

		low += first < 0;
		all += reach - above < height;
		copied += count_least(reach - above, height);
		count_site_add(&zeros, (int64_t)reach * plan->width, batches);
	}
	count_put(to, "1", 1);
	count_put(to, "plan.strip", plan->strip);
	count_put(to, "plan.whole", (int32_t)plan->strip == y.out);
	count_put(to, "plan.one", y.out == 1);
	count_put(to, "batches", batches);
	count_put(to, "strips", batches * strips);
	count_put(to, "strips.low", batches * low);
	count_put(to, "strips.all", batches * all);
	count_put(to, "strips.width", (int32_t)plan->width - x.pad < x.in ? batches * strips : 0);
	count_put(to, "zeros", zeros.words * 4 + zeros.bytes);
	count_put(to, "zeros.words", zeros.words);
	count_put(to, "zeros.any_bytes", zeros.any_bytes);
	count_put(to, "strips*channels", batches * strips * channels);
	count_put(to, "copied.rows", batches * copied * channels);
	count_put(to, "copied", batches * copied * columns * channels);
	count_put(to, "planes", batches * strips * use->out->shape[3]);
}

static void depthwise_fill(const struct image_use *use, struct count_variables *to)
{
	const uint32_t *out = use->out->shape;
	const int64_t lines = (int64_t)out[0] * out[1] * out[3], fours = out[2] / 4;
	const int64_t ones = out[2] % 4, kernel_h = use->op->kernel_h;
	const int64_t taps = kernel_h * use->op->kernel_w;
	struct rv32_depthwise plan;
	int64_t slow, left, slow_lines, left_lines, strips;

	rv32_depthwise_plan(use, &plan);
	slow = slow_channels(to->channels + offsetof(struct rv32_channel, finish),
			     sizeof(struct rv32_channel), out[3], &left);
	slow_lines = (int64_t)out[0] * out[1] * slow;
	left_lines = (int64_t)out[0] * out[1] * left;
	strips = (int64_t)out[0] * ((out[1] + plan.strip - 1) / plan.strip);
	strips_put(use, &plan, to);
	count_put(to, "lines", lines);
	count_put(to, "lines*fours", lines * fours);
	count_put(to, "lines*ones", lines * ones);
	count_put(to, "lines*any_fours", fours ? lines : 0);
	count_put(to, "lines*any_ones", ones ? lines : 0);
	count_put(to, "lines*fours*kernel_h", lines * fours * kernel_h);
	count_put(to, "lines*ones*kernel_h", lines * ones * kernel_h);
	count_put(to, "lines*fours*taps", lines * fours * taps);
	count_put(to, "lines*ones*taps", lines * ones * taps);
	for (int i = 0; i < 4; i++) {
		static const char *const names[] = {"three.w", "three.dilation_h",
						    "three.dilation_w", "three.stride"};

		count_put(to, names[i], three_test(use->op) == i + 1 ? strips : 0);
	}
	count_put(to, "slow.fours", slow_lines * fours);
	count_put(to, "slow.ones", slow_lines * ones);
	count_put(to, "left.fours", left_lines * fours);
	count_put(to, "left.ones", left_lines * ones);
	count_put_data(to, "low.fours", lines * fours * 4);
	count_put_data(to, "high.fours", lines * fours * 4);
	count_put_data(to, "low.ones", lines * ones);
	count_put_data(to, "high.ones", lines * ones);
}

static void add_fill(const struct image_use *use, struct count_variables *to)
{
	const int64_t bytes = use->out->bytes;
	int64_t left;
	int64_t slow = slow_channels(to->channels + offsetof(struct rv32_add, finish), 0, 1, &left);

	count_put(to, "1", 1);
	count_put(to, "elements", bytes);
	count_put(to, "slow", slow);
	count_put(to, "slow*elements", slow * bytes);
	count_put(to, "left*elements", left * bytes);
	count_put_data(to, "low.elements", bytes);
	count_put_data(to, "high.elements", bytes);
}

enum { GEMM, VECTOR, DEPTHWISE_1, DEPTHWISE_2, DEPTHWISE_ANY, ADD, AVERAGE_POOL, MAX_POOL };

static const struct count_case cases[] = {
	[GEMM] = {"rv32.gemm", gemm_fill},
	[VECTOR] = {"rv32.vector", vector_fill},
	[DEPTHWISE_1] = {"rv32.depthwise.three_1", depthwise_fill},
	[DEPTHWISE_2] = {"rv32.depthwise.three_2", depthwise_fill},
	[DEPTHWISE_ANY] = {"rv32.depthwise.any", depthwise_fill},
	[ADD] = {"rv32.add", add_fill},
	[AVERAGE_POOL] = {"rv32.average_pool", count_pool_fill},
	[MAX_POOL] = {"rv32.max_pool", count_pool_fill},
};

static int depthwise_case(const struct image_op *op)
{
	if (op->kernel_h != 3 || op->kernel_w != 3 || op->dilation_h != 1 || op->dilation_w != 1)
		return DEPTHWISE_ANY;
	return op->stride_w == 1 ? DEPTHWISE_1 : op->stride_w == 2 ? DEPTHWISE_2 : DEPTHWISE_ANY;
}

static int rv32_select(const struct image_use *use)
{
	static const int8_t of[RV32_FUNCTION_END] = {-1,  GEMM,         VECTOR,  DEPTHWISE_ANY,
						     ADD, AVERAGE_POOL, MAX_POOL};

	if (use->op->variant >= RV32_FUNCTION_END)
		return -1;
	return use->op->variant == RV32_DEPTHWISE ? depthwise_case(use->op) : of[use->op->variant];
}

static void rv32_name(const struct image_op *op, char ret_name[COUNT_CASE_NAME_MAX])
{
	static const char *const names[RV32_FUNCTION_END] = {
		"none", "gemm", "vector", "depthwise", "add", "average_pool", "max_pool"};

	snprintf(ret_name, COUNT_CASE_NAME_MAX, "rv32.%s",
		 op->variant < RV32_FUNCTION_END ? names[op->variant] : names[0]);
}

const struct count_case_set count_cases_rv32 = {cases, sizeof(cases) / sizeof(cases[0]),
						rv32_select, rv32_name};
