/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GEMM and VECTOR (firmware/runtime/kernels/armv7em: gemm.c, vector.c, window.c).
 */
#include "bench/predictor/count_armv7em.h"

enum {
	ROW_WORTH = 20,          /* as window.c: shorter rows are copied together first */
	GROUPS_TILED_MOST = 256, /* as needs_armv7em.c */
	TILE_MOST = 256,
};

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The first of the conditions of image_window_is_pixel() that fails. */
static int pixel_test(const struct image_op *op)
{
	return op->kernel_h != 1   ? 1
	       : op->kernel_w != 1 ? 2
	       : op->pad_top       ? 3
	       : op->pad_left      ? 4
				   : 0;
}

/* Which of both is less, where they are compared at all. */
static void compare_put(struct count_variables *to, const char *const names[2], uint32_t a,
			uint32_t b, bool compared)
{
	count_put(to, names[0], compared && a < b);
	count_put(to, names[1], compared && a == b);
}

static void budget_put(const struct image_use *use, const struct armv7em_gemm *gemm,
		       struct count_variables *to)
{
	uint32_t tensors = use->in[0]->bytes + use->out->bytes, budget = tensors / 16;
	bool small = tensors < ARMV7EM_SCRATCH_AND_TENSORS;
	uint32_t fixed, raw, even = gemm->pixels + gemm->pixels % 2;
	bool shallow, tiled;
	static const char *const budget_low[] = {"budget<least", "budget=least"};
	static const char *const budget_high[] = {"budget<most", "budget=most"};
	static const char *const shallow_budget_low[] = {"shallow*budget<least",
							 "shallow*budget=least"};
	static const char *const shallow_budget_high[] = {"shallow*budget<most",
							  "shallow*budget=most"};
	static const char *const raw_most[] = {"tile<most", "tile=most"};
	static const char *const even_most[] = {"pixels<most", "pixels=most"};
	static const char *const raw_even[] = {"tile<pixels", "tile=pixels"};
	static const char *const raw_least[] = {"tile<least", "tile=least"};

	count_put(to, "plan.small", small);
	count_put(to, "plan.small_half",
		  small && ARMV7EM_SCRATCH_AND_TENSORS - tensors < tensors / 2);
	if (small)
		budget = least(ARMV7EM_SCRATCH_AND_TENSORS - tensors, tensors / 2);
	shallow = gemm->groups <= GROUPS_TILED_MOST;
	count_put(to, "plan.deep", !shallow);
	count_put(to, "plan.deep*small", !shallow && small);
	compare_put(to, budget_low, budget, ARMV7EM_SCRATCH_LEAST, true);
	compare_put(to, shallow_budget_low, budget, ARMV7EM_SCRATCH_LEAST, shallow);
	compare_put(to, budget_high, budget, ARMV7EM_SCRATCH_MOST, true);
	compare_put(to, shallow_budget_high, budget, ARMV7EM_SCRATCH_MOST, shallow);
	budget = budget < ARMV7EM_SCRATCH_LEAST ? ARMV7EM_SCRATCH_LEAST : budget;
	budget = least(budget, ARMV7EM_SCRATCH_MOST);
	fixed = gemm->groups * 16 + (gemm->gathers ? gemm->groups * 4 + 4 : 0);
	tiled = shallow && fixed < budget;
	raw = tiled ? (budget - fixed) / (gemm->groups * 8) & ~1u : 0;
	count_put(to, "plan.untiled", shallow && !tiled);
	compare_put(to, raw_most, raw, TILE_MOST, tiled);
	compare_put(to, even_most, even, TILE_MOST, tiled);
	compare_put(to, raw_even, least(raw, TILE_MOST), even, tiled);
	compare_put(to, raw_least, raw, least(even, TILE_MOST), tiled);
	count_put(to, "plan.threes_tiled", tiled && gemm->threes);
	count_put(to, "plan.pixels_odd", gemm->pixels % 2);
}

void count_gemm_plan_put(const struct image_use *use, const struct armv7em_gemm *gemm,
			 struct count_variables *to)
{
	const struct image_op *op = use->op;
	const uint32_t *in = use->in[0]->shape, *out = use->out->shape;
	bool dense = op->kind == IMAGE_FULLY_CONNECTED, fours = gemm->depth % 4 == 0;
	int test = dense ? -1 : pixel_test(op);
	uint32_t row_bytes = op->kernel_w * in[3];

	count_put(to, "1", 1);
	count_put(to, "dense", dense);
	count_put(to, "depth_rest", !fours);
	count_put(to, "dense*depth_rest", dense && !fours);
	for (int i = 0; i < 4; i++) {
		static const char *const names[][2] = {
			{"window.h", "fours*window.h"},
			{"window.w", "fours*window.w"},
			{"window.top", "fours*window.top"},
			{"window.left", "fours*window.left"},
		};

		count_put(to, names[i][0], test == i + 1);
		count_put(to, names[i][1], fours && test == i + 1);
	}
	budget_put(use, gemm, to);
	count_put(to, "start.stride_h", test == 0 && op->stride_h != 1);
	count_put(to, "start.stride_w", test == 0 && op->stride_h == 1 && op->stride_w != 1);
	count_put(to, "start.in_h",
		  test == 0 && op->stride_h == 1 && op->stride_w == 1 && in[1] != out[1]);
	count_put(to, "start.in_w",
		  test == 0 && op->stride_h == 1 && op->stride_w == 1 && in[1] == out[1] &&
			  in[2] != out[2]);
	count_put(to, "start.row_rest", row_bytes % 4 != 0);
	count_put(to, "start.row_short", row_bytes % 4 == 0 && row_bytes < ROW_WORTH);
	count_put(to, "start.dilated",
		  row_bytes % 4 == 0 && row_bytes >= ROW_WORTH && op->dilation_w != 1);
}

/* What the windows of an operator come to, by how each is read. */
struct windows {
	int64_t all, y_low, x_low, x_high, y_high; /* the test that finds a window not inside */
	int64_t rows;                              /* widened where they are, in windows */
	int64_t copied;                            /* word by word */
	int64_t near_end, gathered, dilated;       /* inside, but dilated */
	int64_t rows_low, taps_low, first_low, both, before_short; /* of gathered rows */
	int64_t last_outside, last_low, last_after, last_before;   /* windows, by their last row */
	struct count_site outside, before, inside, after;          /* of gathered windows' rows */
	struct count_site tap_outside, tap_inside;
};

static bool rows_in_fours(const struct image_use *use)
{
	uint32_t row_bytes = use->op->kernel_w * use->in[0]->shape[3];

	return row_bytes % 4 == 0 && row_bytes >= ROW_WORTH && use->op->dilation_w == 1;
}

/* Inside by x, as the kernel asks: without dilation. */
static bool is_x_inside(const struct count_axis *x, int32_t first)
{
	return first >= 0 && first + x->kernel <= x->in;
}

/* Inside, but up to three bytes behind the last row are not the input's: of the last batch. */
static int64_t windows_near_end(const struct image_use *use, const struct count_axis *y,
				const struct count_axis *x)
{
	const int32_t channels = (int32_t)use->in[0]->shape[3],
		      reach = (y->kernel - 1) * y->dilation;
	int64_t count = 0;

	for (int32_t i = y->out - 1; i >= 0; i--) {
		int32_t first = count_axis_first(y, i);

		if (first + reach >= y->in)
			continue;
		if (first < 0 || ((int64_t)(y->in - 1 - first - reach) * x->in) * channels >= 3)
			break;
		for (int32_t k = x->out - 1; k >= 0; k--) {
			int32_t end = count_axis_first(x, k) + x->kernel;
			int64_t left =
				((int64_t)(y->in - 1 - first - reach) * x->in + x->in - end) *
				channels;

			if (left >= 3)
				break;
			count += end <= x->in && end - x->kernel >= 0;
		}
	}
	return count;
}

static void gathered_rows(const struct image_use *use, const struct count_axis *x, int64_t rows_in,
			  int64_t rows_of_inside, int64_t rows_near_end, struct windows *windows)
{
	const int64_t channels = use->in[0]->shape[3];

	for (int32_t i = 0; i < x->out; i++) {
		int32_t first = count_axis_first(x, i), before, inside;
		int64_t times = rows_in - (is_x_inside(x, first) ? rows_of_inside : 0);

		count_taps(x, first, &before, &inside);
		if (x->dilation != 1) {
			windows->taps_low += times * before;
			windows->first_low += before > 0 ? times : 0;
			count_site_add(&windows->tap_inside, channels, times * inside);
			count_site_add(&windows->tap_outside, channels,
				       times * (x->kernel - inside));
			continue;
		}
		if (before > 0)
			count_site_add(&windows->before, before * channels, times);
		windows->before_short += before > 0 && inside * channels < 4 ? times : 0;
		windows->both += before > 0 && before + inside < x->kernel ? times : 0;
		count_site_add(&windows->inside, inside * channels, times);
		if (x->kernel - before - inside > 0)
			count_site_add(&windows->after, (x->kernel - before - inside) * channels,
				       times);
	}
	count_site_add(&windows->inside, x->kernel * channels, rows_near_end);
}

static void windows_sum(const struct image_use *use, bool gather_all, struct windows *windows)
{
	const struct count_axis y = count_axis_y(use), x = count_axis_x(use);
	const int64_t batches = use->out->shape[0];
	int64_t rows_in = 0, rows_low = 0, y_inside = 0, y_low = 0, x_low = 0, x_high = 0;
	int64_t inside, near_end = 0, last_in = 0, last_low = 0, x_both = 0;

	for (int32_t i = 0; i < y.out; i++) {
		int32_t first = count_axis_first(&y, i), before, taps;

		count_taps(&y, first, &before, &taps);
		rows_in += taps;
		rows_low += before;
		last_low += first + (y.kernel - 1) * y.dilation < 0;
		last_in += first + (y.kernel - 1) * y.dilation >= 0 &&
			   first + (y.kernel - 1) * y.dilation < y.in;
		y_low += first < 0;
		y_inside += first >= 0 && first + (y.kernel - 1) * y.dilation < y.in;
	}
	for (int32_t i = 0; i < x.out; i++) {
		int32_t first = count_axis_first(&x, i);

		x_low += first < 0;
		x_both += first < 0 && first + x.kernel > x.in;
		x_high += first >= 0 && first + x.kernel > x.in;
	}
	windows->all = batches * y.out * x.out;
	windows->y_low = batches * y_low * x.out;
	windows->x_low = batches * (y.out - y_low) * x_low;
	windows->x_high = batches * (y.out - y_low) * x_high;
	windows->y_high = batches * (y.out - y_low - y_inside) * (x.out - x_low - x_high);
	inside = gather_all ? 0 : batches * y_inside * (x.out - x_low - x_high);
	if (!gather_all && rows_in_fours(use))
		windows->rows = inside;
	else if (!gather_all && x.dilation == 1)
		near_end = windows_near_end(use, &y, &x);
	else {
		windows->dilated = inside;
		inside = 0;
	}
	windows->rows_low = batches * x.out * rows_low;
	windows->last_outside = batches * x.out * (y.out - last_in);
	windows->last_low = batches * x.out * last_low;
	windows->last_after = x.dilation == 1 ? batches * last_in * (x_high + x_both) : 0;
	windows->last_before = x.dilation == 1 ? batches * last_in * x_low : 0;
	windows->copied = windows->rows ? 0 : inside - near_end;
	if (rows_in_fours(use))
		windows->copied = 0;
	windows->near_end = near_end;
	windows->gathered = windows->all - inside + near_end;
	count_site_add(&windows->outside, (int64_t)x.kernel * use->in[0]->shape[3],
		       batches * x.out * ((int64_t)y.out * y.kernel - rows_in));
	gathered_rows(use, &x, batches * rows_in, inside > 0 ? batches * y_inside * y.kernel : 0,
		      near_end * y.kernel, windows);
}

static void sites_put(const struct windows *windows, struct count_variables *to)
{
	count_put(to, "rows.low", windows->rows_low);
	count_put(to, "rows.both", windows->both);
	count_put(to, "rows.before_short", windows->before_short);
	count_put(to, "taps.low", windows->taps_low);
	count_put(to, "taps.first_low", windows->first_low);
	count_put(to, "last.outside", windows->last_outside);
	count_put(to, "last.low", windows->last_low);
	count_put(to, "last.after", windows->last_after);
	count_put(to, "last.before", windows->last_before);
	count_site_put(to, COUNT_SITE_NAMES("row.outside"), &windows->outside);
	count_site_put(to, COUNT_SITE_NAMES("row.before"), &windows->before);
	count_site_put(to, COUNT_SITE_NAMES("row.inside"), &windows->inside);
	count_site_put(to, COUNT_SITE_NAMES("row.after"), &windows->after);
	count_site_put(to, COUNT_SITE_NAMES("tap.outside"), &windows->tap_outside);
	count_site_put(to, COUNT_SITE_NAMES("tap.inside"), &windows->tap_inside);
}

/* Calls of the function that widens groups: its loop takes four at a time. */
static void widen_calls_put(struct count_variables *to, int64_t groups, int64_t calls,
			    int64_t row_groups, int64_t row_calls)
{
	count_put(to, "widen.calls", calls);
	count_put(to, "widen.fours", calls * (groups / 4) + row_calls * (row_groups / 4));
	count_put(to, "widen.ones", calls * (groups % 4) + row_calls * (row_groups % 4));
	count_put(to, "widen.any_fours",
		  (groups >= 4 ? calls : 0) + (row_groups >= 4 ? row_calls : 0));
	count_put(to, "widen.any_ones",
		  (groups % 4 ? calls : 0) + (row_groups % 4 ? row_calls : 0));
	count_put(to, "widen.only_ones",
		  (groups < 4 ? calls : 0) + (row_groups < 4 ? row_calls : 0));
	count_put(to, "widen.rows", row_calls);
}

void count_widen_put(const struct image_use *use, const struct armv7em_gemm *gemm,
		     struct count_variables *to)
{
	const struct image_op *op = use->op;
	const uint32_t *in = use->in[0]->shape, *out = use->out->shape;
	bool dense = op->kind == IMAGE_FULLY_CONNECTED;
	bool pixel = dense || image_window_is_pixel(op);
	bool contiguous = dense || (pixel && op->stride_h == 1 && op->stride_w == 1 &&
				    in[1] == out[1] && in[2] == out[2]);
	int64_t pixels = gemm->pixels, walked = contiguous ? 0 : pixels, row_bytes;
	struct windows windows = {0};
	struct count_site copied = {0}, inside = {0};

	if (!pixel)
		windows_sum(use, false, &windows);
	row_bytes = op->kernel_w * in[3];
	count_put(to, "contiguous", contiguous ? pixels : 0);
	count_put(to, "pixels", pixel && !contiguous ? pixels : 0);
	count_put(to, "windows", pixel ? 0 : pixels);
	count_put(to, "walk.rows", walked ? (int64_t)out[0] * out[1] : 0);
	count_put(to, "walk.batches", walked ? out[0] : 0);
	count_put(to, "windows.y_low", windows.y_low);
	count_put(to, "windows.x_low", windows.x_low);
	count_put(to, "windows.x_high", windows.x_high);
	count_put(to, "windows.y_high", windows.y_high);
	count_put(to, "windows.rows", windows.rows);
	count_put(to, "windows.copied", windows.copied);
	count_put(to, "windows.near_end", windows.near_end);
	count_put(to, "windows.gathered", windows.gathered);
	count_put(to, "windows.dilated", windows.dilated);
	count_put(to, "gathered.rows_inside",
		  windows.inside.runs + windows.tap_inside.runs + windows.tap_outside.runs);
	count_put(to, "gathered.taps_rows",
		  op->dilation_w <= 1
			  ? 0
			  : (windows.tap_inside.runs + windows.tap_outside.runs) / op->kernel_w);
	if (pixel && gemm->gathers)
		count_site_add(&copied, gemm->depth, pixels);
	count_site_put(to, COUNT_SITE_NAMES("pixel"), &copied);
	inside.runs = windows.copied * op->kernel_h;
	count_put(to, "copied.rows", inside.runs);
	count_put(to, "copied.words", inside.runs * ((row_bytes + 3) / 4));
	sites_put(&windows, to);
	widen_calls_put(to, gemm->groups, pixels - windows.rows, row_bytes / 4,
			windows.rows * op->kernel_h);
}

void count_gather_put(const struct image_use *use, bool gathers, struct count_variables *to)
{
	struct windows windows = {0};

	if (gathers)
		windows_sum(use, true, &windows);
	count_put(to, "gathered", windows.gathered);
	count_put(to, "gathered.taps_rows",
		  use->op->dilation_w <= 1 ? 0
					   : (windows.tap_inside.runs + windows.tap_outside.runs) /
						     use->op->kernel_w);
	sites_put(&windows, to);
}

static int64_t up(int64_t value, int64_t unit)
{
	return (value + unit - 1) / unit;
}

/* Tiles of an operator: whole ones, and what the last one has if it is not whole. */
struct tiles {
	int64_t count, rest;
};

static struct tiles tiles_of(const struct armv7em_gemm *gemm)
{
	return (struct tiles){up(gemm->pixels, gemm->tile), gemm->pixels % gemm->tile};
}

void count_gemm_pairs_fill(const struct image_use *use, struct count_variables *to)
{
	struct armv7em_gemm gemm;
	struct tiles tiles;
	int64_t pairs, groups, doubles, singles, quartets;

	armv7em_gemm_plan(use->op, use->in[0], use->out, &gemm);
	tiles = tiles_of(&gemm);
	groups = gemm.groups;
	pairs = (gemm.channels + 1) / 2;
	singles = gemm.pixels % 2; /* tiles are even */
	doubles = tiles.count - (tiles.rest == 1);
	quartets = gemm.pixels / 2 + singles;
	count_gemm_plan_put(use, &gemm, to);
	count_put(to, "tiles", tiles.count);
	count_put(to, "tiles.rest", tiles.rest > 0);
	count_put(to, "channels.odd*tiles", tiles.count * (gemm.channels % 2));
	count_put(to, "tiles*pairs", tiles.count * pairs);
	count_put(to, "tiles*pairs*groups", tiles.count * pairs * groups);
	count_put(to, "tiles*pairs*fours", tiles.count * pairs * up(groups, 4));
	count_put(to, "doubles*pairs", doubles * pairs);
	count_put(to, "singles*pairs", singles * pairs);
	count_put(to, "quartets*pairs", quartets * pairs);
	count_put(to, "quartets*pairs*groups", quartets * pairs * groups);
	count_put(to, "quartets*pairs*eights", quartets * pairs * up(groups, 8));
	count_put(to, "blocks", gemm.pixels / 2);
	count_widen_put(use, &gemm, to);
	count_clamp_put(use, to);
}

void count_gemm_threes_fill(const struct image_use *use, struct count_variables *to)
{
	struct armv7em_gemm gemm;
	struct tiles tiles;
	int64_t pairs, groups;

	armv7em_gemm_plan(use->op, use->in[0], use->out, &gemm);
	tiles = tiles_of(&gemm);
	groups = gemm.groups;
	pairs = (gemm.channels + 1) / 2;
	count_gemm_plan_put(use, &gemm, to);
	count_put(to, "tiles", tiles.count);
	count_put(to, "tiles.one", tiles.rest == 1);
	count_put(to, "tiles.two", tiles.rest == 2);
	count_put(to, "tiles*channels.odd", tiles.count * (gemm.channels % 2));
	count_put(to, "tiles*channels.several", tiles.count * (gemm.channels > 1));
	count_put(to, "tiles*pairs", tiles.count * pairs);
	count_put(to, "tiles*pairs*groups", tiles.count * pairs * groups);
	count_put(to, "tiles*pairs*fours", tiles.count * pairs * up(groups, 4));
	count_put(to, "blocks", gemm.pixels / 3);
	count_widen_put(use, &gemm, to);
	count_clamp_put(use, to);
}

static void vector_put(const struct image_use *use, const struct armv7em_gemm *gemm,
		       struct count_variables *to)
{
	int64_t quads = up(gemm->channels, 4);

	count_gemm_plan_put(use, gemm, to);
	count_put(to, "quads", quads);
	count_put(to, "channels", gemm->channels);
	count_put(to, "channels.rest", gemm->channels % 4 != 0);
	count_put(to, "quads*groups", quads * gemm->groups);
	count_put(to, "quads*fours", quads * up(gemm->groups, 4));
}

void count_vector_widened_fill(const struct image_use *use, struct count_variables *to)
{
	struct armv7em_gemm gemm;

	armv7em_gemm_plan(use->op, use->in[0], use->out, &gemm);
	vector_put(use, &gemm, to);
	count_widen_put(use, &gemm, to);
	count_clamp_put(use, to);
}

void count_vector_direct_fill(const struct image_use *use, struct count_variables *to)
{
	const struct image_op *op = use->op;
	struct armv7em_gemm gemm;
	int64_t quads, rest;

	armv7em_gemm_plan(op, use->in[0], use->out, &gemm);
	vector_put(use, &gemm, to);
	quads = up(gemm.channels, 4);
	rest = gemm.depth % 4;
	count_put(to, "quads*whole", quads * (gemm.depth / 4));
	count_put(to, "quads*whole_fours", quads * up(gemm.depth / 4, 4));
	count_put(to, "quads*rest", rest ? quads : 0);
	count_put(to, "quads*rest_bytes", quads * rest);
	count_put(to, "quads*rest_several", rest > 1 ? quads : 0);
	count_gather_put(use, op->kind != IMAGE_FULLY_CONNECTED && !image_window_is_pixel(op), to);
	count_clamp_put(use, to);
}
