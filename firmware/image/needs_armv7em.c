/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "firmware/image/needs_armv7em.h"

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t up_to_even(uint32_t value)
{
	return value + value % 2;
}

/* What an operator of these tensors may use where more only makes it faster. */
static uint32_t scratch_budget(const struct image_tensor *in, const struct image_tensor *out)
{
	uint32_t tensors = in->bytes + out->bytes, budget = tensors / 16;

	if (tensors < ARMV7EM_SCRATCH_AND_TENSORS)
		budget = least(ARMV7EM_SCRATCH_AND_TENSORS - tensors, tensors / 2);
	budget = budget < ARMV7EM_SCRATCH_LEAST ? ARMV7EM_SCRATCH_LEAST : budget;
	return least(budget, ARMV7EM_SCRATCH_MOST);
}

enum {
	TILE_MOST = 256,
	TILE_WORTH = 8, /* below, widening weights in memory costs more than it saves */
	GROUPS_TILED_MOST = 256,
};

/* Of a window, and the rest of the last word that is copied. */
static uint32_t gather_bytes(const struct armv7em_gemm *gemm)
{
	return gemm->gathers ? gemm->groups * 4 + 4 : 0;
}

static void gemm_tile(uint32_t budget, struct armv7em_gemm *gemm)
{
	uint32_t fixed = gemm->groups * 16 + gather_bytes(gemm), tile = 0;

	if (gemm->groups <= GROUPS_TILED_MOST && fixed < budget)
		tile = least((budget - fixed) / (gemm->groups * 8) & ~1u, TILE_MOST);
	tile = least(tile, up_to_even(gemm->pixels));
	gemm->threes = tile < TILE_WORTH;
	gemm->tile = gemm->threes ? ARMV7EM_THREE : tile;
}

void armv7em_gemm_plan(const struct image_op *op, const struct image_tensor *in,
		       const struct image_tensor *out, struct armv7em_gemm *ret_gemm)
{
	struct armv7em_gemm gemm = {.channels = out->shape[3]};

	gemm.pixels = out->bytes / gemm.channels;
	if (op->kind == IMAGE_FULLY_CONNECTED)
		gemm.depth = in->bytes / gemm.pixels;
	else
		gemm.depth = (uint32_t)op->kernel_h * op->kernel_w * in->shape[3];
	gemm.groups = (gemm.depth + 3) / 4;
	gemm.gathers = gemm.depth % 4 != 0 ||
		       (op->kind != IMAGE_FULLY_CONNECTED && !image_window_is_pixel(op));
	gemm.direct = gemm.groups > ARMV7EM_VECTOR_WIDENED_MOST;
	gemm_tile(scratch_budget(in, out), &gemm);
	*ret_gemm = gemm;
}

static bool gemm_needs(const struct image_use *use, struct image_needs *needs)
{
	struct armv7em_gemm gemm;
	uint32_t pairs;

	armv7em_gemm_plan(use->op, use->in[0], use->out, &gemm);
	pairs = (gemm.channels + 1) / 2;
	needs->weights_bytes = (uint64_t)pairs * gemm.groups * 8;
	needs->channels_bytes = (uint64_t)pairs * sizeof(struct armv7em_pair);
	needs->scratch_bytes = (uint64_t)gemm.groups * (gemm.tile * 8 + (gemm.threes ? 0 : 16)) +
			       gather_bytes(&gemm);
	return true;
}

static bool vector_needs(const struct image_use *use, struct image_needs *needs)
{
	struct armv7em_gemm gemm;
	uint32_t quads;

	armv7em_gemm_plan(use->op, use->in[0], use->out, &gemm);
	quads = (gemm.channels + 3) / 4;
	needs->weights_bytes = (uint64_t)quads * gemm.groups * 16;
	needs->channels_bytes = (uint64_t)quads * sizeof(struct armv7em_quad);
	needs->scratch_bytes = gemm.direct ? 0 : (uint64_t)gemm.groups * 8;
	needs->scratch_bytes += gather_bytes(&gemm);
	return gemm.pixels == 1;
}

static struct armv7em_axis axis_of(const struct image_op *op, const struct image_tensor *in,
				   const struct image_tensor *out, bool is_y)
{
	struct armv7em_axis axis = {.in = in->shape[is_y ? 1 : 2],
				    .out = out->shape[is_y ? 1 : 2],
				    .in_step = in->shape[3],
				    .out_step = out->shape[3]};

	if (is_y) {
		axis.in_step *= in->shape[2];
		axis.out_step *= out->shape[2];
	}
	axis.kernel = is_y ? op->kernel_h : op->kernel_w;
	axis.stride = is_y ? op->stride_h : op->stride_w;
	axis.dilation = is_y ? op->dilation_h : op->dilation_w;
	axis.pad = is_y ? op->pad_top : op->pad_left;
	return axis;
}

static uint32_t phase_outputs(const struct armv7em_axis *axis)
{
	return (axis->out + axis->dilation - 1) / axis->dilation;
}

static void strip_fit(struct armv7em_depthwise *depthwise, uint32_t budget)
{
	const struct armv7em_axis *outer = &depthwise->outer;
	uint32_t outputs = phase_outputs(outer), row_bytes = depthwise->columns * 16;
	uint32_t rows = budget / row_bytes;

	depthwise->strip = rows < outer->kernel + outer->stride
				   ? 1
				   : (rows - outer->kernel) / outer->stride + 1;
	depthwise->strip = least(depthwise->strip, outputs);
	depthwise->rows = (depthwise->strip - 1) * outer->stride + outer->kernel;
}

static void depthwise_orient(uint32_t budget, bool is_three, struct armv7em_depthwise *depthwise)
{
	const struct armv7em_axis *inner = &depthwise->inner;
	const uint32_t lines = depthwise->outer.kernel;

	depthwise->pairs = (phase_outputs(inner) + 1) / 2;
	depthwise->columns = ((2 * depthwise->pairs - 1) * inner->stride + inner->kernel + 1) / 2;
	depthwise->taps_even = (inner->kernel + 1) / 2 * lines;
	depthwise->taps_odd = inner->stride % 2 == 0 ? 0 : (inner->kernel / 2 + 1) * lines;
	if (is_three) {
		depthwise->taps_even = inner->stride == 1 ? 6 : 5;
		depthwise->taps_odd = 0;
	}
	strip_fit(depthwise, budget);
}

/* About the instructions for four channels. */
static uint64_t depthwise_cost(const struct armv7em_depthwise *depthwise, bool is_three)
{
	const uint64_t strips =
		(phase_outputs(&depthwise->outer) + depthwise->strip - 1) / depthwise->strip;
	const uint64_t fill = depthwise->columns * (17 * (uint64_t)depthwise->rows + 60);
	const uint64_t fours = depthwise->strip / 4, ones = depthwise->strip % 4;
	uint64_t column;

	if (is_three)
		column = 31 * (uint64_t)depthwise->strip + 14;
	else
		column = 2 *
			 ((fours + (fours > 0 && ones > 0)) *
				  (10 * (uint64_t)depthwise->taps_even + 40) +
			  (fours > 0 ? 0 : ones) * (6 * (uint64_t)depthwise->taps_even + 20) + 60);
	return strips * (fill + 4 * (80 + depthwise->pairs * column));
}

void armv7em_depthwise_plan(const struct image_op *op, const struct image_tensor *in,
			    const struct image_tensor *out, bool is_three,
			    struct armv7em_depthwise *ret_depthwise)
{
	struct armv7em_axis x = axis_of(op, in, out, false), y = axis_of(op, in, out, true);
	struct armv7em_depthwise across = {.inner = x, .outer = y}, along = across;
	const uint32_t budget = scratch_budget(in, out);

	across.multiplier = along.multiplier = out->shape[3] / in->shape[3];
	along.inner = y;
	along.outer = x;
	along.swapped = true;
	depthwise_orient(budget, is_three, &across);
	depthwise_orient(budget, is_three, &along);
	*ret_depthwise = depthwise_cost(&along, is_three) < depthwise_cost(&across, is_three)
				 ? along
				 : across;
}

static bool axis_is_simple(uint32_t stride, uint32_t dilation)
{
	return stride == 1 || dilation == 1;
}

/* Widths that keep all products of the plan in 32 bits. */
static bool depthwise_fits(const struct image_op *op, const struct image_tensor *in,
			   const struct image_tensor *out)
{
	const uint32_t most = 1 << 20;

	return axis_is_simple(op->stride_h, op->dilation_h) &&
	       axis_is_simple(op->stride_w, op->dilation_w) && in->shape[1] <= most &&
	       in->shape[2] <= most && out->shape[1] <= 1 << 12 && out->shape[2] <= 1 << 12 &&
	       op->kernel_h <= 1 << 8 && op->kernel_w <= 1 << 8 && op->stride_h <= 1 << 8 &&
	       op->stride_w <= 1 << 8;
}

static bool depthwise_any_needs(const struct image_use *use, bool is_three,
				struct image_needs *needs)
{
	const uint32_t *in = use->in[0]->shape, *out = use->out->shape;
	struct armv7em_depthwise plan;

	if (!depthwise_fits(use->op, use->in[0], use->out))
		return false;
	armv7em_depthwise_plan(use->op, use->in[0], use->out, is_three, &plan);
	needs->weights_bytes = (uint64_t)out[3] * (plan.taps_even + plan.taps_odd) * 4;
	needs->channels_bytes = (uint64_t)out[3] * sizeof(struct armv7em_single);
	needs->scratch_bytes = (uint64_t)plan.columns * plan.rows * 16;
	/* Four channels are buffered whole before the first of them is written. */
	needs->in_place = in[1] == out[1] && in[2] == out[2] && in[3] == out[3] &&
			  plan.strip == plan.outer.out && plan.inner.dilation == 1;
	return true;
}

static bool depthwise_needs(const struct image_use *use, struct image_needs *needs)
{
	return depthwise_any_needs(use, false, needs);
}

static bool depthwise3_needs(const struct image_use *use, struct image_needs *needs)
{
	const struct image_op *op = use->op;

	return op->kernel_h == 3 && op->kernel_w == 3 && op->stride_h == op->stride_w &&
	       op->stride_h <= 2 && depthwise_any_needs(use, true, needs);
}

/* No input is repeated. */
static bool shapes_are_equal(const struct image_use *use)
{
	return use->op->input_count == 2 && use->in[0]->bytes == use->out->bytes &&
	       use->in[1]->bytes == use->out->bytes;
}

static bool add_needs(const struct image_use *use, struct image_needs *needs)
{
	needs->weights_bytes = sizeof(struct armv7em_add_tables);
	needs->channels_bytes = sizeof(struct armv7em_finish);
	needs->in_place = 3;
	return shapes_are_equal(use);
}

static bool mul_needs(const struct image_use *use, struct image_needs *needs)
{
	needs->channels_bytes = sizeof(struct armv7em_finish);
	needs->in_place = 3;
	return shapes_are_equal(use);
}

/* The sum of a window's row stays in 16 bits: 128 * 255. */
static bool average_pool_needs(const struct image_use *use, struct image_needs *needs)
{
	(void)needs;
	return use->op->kernel_w <= 255;
}

static bool max_pool_needs(const struct image_use *use, struct image_needs *needs)
{
	(void)use;
	(void)needs;
	return true;
}

enum { NO_KIND = 0 };

static const struct {
	uint8_t kinds[3];
	bool (*needs)(const struct image_use *, struct image_needs *);
	uint32_t finish_first, finish_count, finish_stride; /* words, in the channels */
} functions[ARMV7EM_FUNCTION_END] = {
	[ARMV7EM_GEMM] = {{IMAGE_CONV_2D, IMAGE_FULLY_CONNECTED, IMAGE_DEPTHWISE_CONV_2D},
			  gemm_needs,
			  2,
			  2,
			  8},
	[ARMV7EM_VECTOR] = {{IMAGE_CONV_2D, IMAGE_FULLY_CONNECTED, IMAGE_DEPTHWISE_CONV_2D},
			    vector_needs,
			    4,
			    4,
			    16},
	[ARMV7EM_DEPTHWISE] = {{IMAGE_DEPTHWISE_CONV_2D}, depthwise_needs, 1, 1, 4},
	[ARMV7EM_DEPTHWISE3] = {{IMAGE_DEPTHWISE_CONV_2D}, depthwise3_needs, 1, 1, 4},
	[ARMV7EM_ADD] = {{IMAGE_ADD}, add_needs, 0, 1, 3},
	[ARMV7EM_MUL] = {{IMAGE_MUL}, mul_needs, 0, 1, 3},
	[ARMV7EM_AVERAGE_POOL] = {{IMAGE_AVERAGE_POOL_2D}, average_pool_needs, 0, 0, 0},
	[ARMV7EM_MAX_POOL] = {{IMAGE_MAX_POOL_2D}, max_pool_needs, 0, 0, 0},
};

static bool kind_fits(const struct image_use *use, uint32_t function)
{
	const uint8_t *kinds = functions[function].kinds;
	uint8_t kind = use->op->kind;

	if (kind == NO_KIND || (kind != kinds[0] && kind != kinds[1] && kind != kinds[2]))
		return false;
	/* as a convolution of its one input channel */
	return function > ARMV7EM_VECTOR || kind != IMAGE_DEPTHWISE_CONV_2D ||
	       use->in[0]->shape[3] == 1;
}

bool image_needs_armv7em(const struct image_use *use, struct image_needs *ret_needs)
{
	uint32_t index = use->op->variant - 1u, function = index / ARMV7EM_ROUNDINGS;

	*ret_needs = (struct image_needs){0};
	if (use->op->variant == 0 || function >= ARMV7EM_FUNCTION_END)
		return false;
	if (functions[function].finish_count == 0 && index % ARMV7EM_ROUNDINGS != ARMV7EM_UP)
		return false;
	return kind_fits(use, function) && functions[function].needs(use, ret_needs);
}

static bool finish_is_valid(const struct armv7em_finish *finish, enum armv7em_rounding rounding)
{
	if (rounding != ARMV7EM_EXACT)
		return finish->shift >= 0 && finish->shift <= 31;
	return finish->multiplier >= 0 && finish->shift >= -31 && finish->shift <= 31 &&
	       finish->addend >= -128 && finish->addend <= 127;
}

bool image_constants_armv7em(const struct image_use *use, const uint8_t *weights,
			     const uint8_t *channels)
{
	uint32_t index = use->op->variant - 1u, function = index / ARMV7EM_ROUNDINGS;
	const int32_t *words = (const int32_t *)channels;
	uint32_t words_count = use->op->channels_bytes / sizeof(*words);

	(void)weights;
	if (functions[function].finish_count == 0)
		return true;
	for (uint32_t at = 0; at < words_count; at += functions[function].finish_stride)
		for (uint32_t i = 0; i < functions[function].finish_count; i++) {
			const int32_t *finish =
				words + at + functions[function].finish_first + 3 * i;

			if (!finish_is_valid((const struct armv7em_finish *)finish,
					     (enum armv7em_rounding)(index % ARMV7EM_ROUNDINGS)))
				return false;
		}
	return true;
}
