/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "firmware/image/needs_rv32.h"

static uint32_t round_up(uint32_t value, uint32_t unit)
{
	return (value + unit - 1) / unit * unit;
}

static uint32_t tile_pixels(const struct rv32_gemm *gemm)
{
	uint64_t weights = (uint64_t)gemm->depth * gemm->channels;
	uint64_t bytes =
		weights > RV32_CACHED_WEIGHTS_BYTES ? RV32_TILE_BYTES : RV32_TILE_BYTES_CACHED;
	uint64_t quad_bytes = (uint64_t)gemm->runs * RV32_RUN * RV32_QUAD * 2;
	uint32_t quads = (uint32_t)(bytes / quad_bytes);
	uint32_t most = (gemm->pixels + RV32_QUAD - 1) / RV32_QUAD;

	quads = quads > most ? most : quads;
	return RV32_QUAD * (quads < 1 ? 1 : quads);
}

void rv32_gemm_plan(const struct image_use *use, struct rv32_gemm *ret_gemm)
{
	const struct image_op *op = use->op;
	uint32_t channels = use->out->shape[3], pixels = use->out->bytes / channels;
	bool windowed = op->kind != IMAGE_FULLY_CONNECTED && !image_window_is_pixel(op);
	uint32_t depth = op->kind == IMAGE_FULLY_CONNECTED
				 ? use->in[0]->bytes / pixels
				 : (uint32_t)op->kernel_h * op->kernel_w * use->in[0]->shape[3];

	*ret_gemm = (struct rv32_gemm){
		.depth = depth,
		.runs = (depth + RV32_RUN - 1) / RV32_RUN,
		.channels = channels,
		.pixels = pixels,
		.windowed = windowed,
	};
	ret_gemm->tile = tile_pixels(ret_gemm);
}

static bool gemm_needs(const struct image_use *use, struct image_needs *needs)
{
	struct rv32_gemm gemm;
	uint32_t pairs;

	if (use->op->kind == IMAGE_DEPTHWISE_CONV_2D && use->in[0]->shape[3] != 1)
		return false;
	rv32_gemm_plan(use, &gemm);
	pairs = gemm.channels / 2 + gemm.channels % 2;
	needs->weights_bytes = (uint64_t)gemm.runs * RV32_RUN_BYTES * pairs;
	needs->channels_bytes = (uint64_t)pairs * 2 * sizeof(struct rv32_gemm_channel);
	needs->scratch_bytes = (uint64_t)gemm.tile * gemm.runs * RV32_RUN * 2;
	return needs->scratch_bytes <= RV32_SCRATCH_MAX;
}

static bool vector_needs(const struct image_use *use, struct image_needs *needs)
{
	struct rv32_gemm gemm;
	uint64_t channels;

	if (use->op->kind == IMAGE_DEPTHWISE_CONV_2D)
		return false;
	rv32_gemm_plan(use, &gemm);
	channels = round_up(gemm.channels, 4);
	needs->weights_bytes = channels * gemm.depth;
	needs->channels_bytes = channels * sizeof(struct rv32_channel);
	needs->scratch_bytes = gemm.windowed ? gemm.depth : 0;
	return true;
}

bool rv32_depthwise_plan(const struct image_use *use, struct rv32_depthwise *ret_depthwise)
{
	const struct image_op *op = use->op;
	const uint32_t *out = use->out->shape;
	uint64_t reach_h = (uint64_t)(op->kernel_h - 1) * op->dilation_h + 1;
	uint64_t reach_w = (uint64_t)(op->kernel_w - 1) * op->dilation_w + 1;
	uint64_t width = (uint64_t)(out[2] - 1) * op->stride_w + reach_w;
	uint64_t strip = 1;

	if (reach_h > RV32_SCRATCH_MAX || reach_h * width > RV32_SCRATCH_MAX)
		return false;
	while (strip < out[1] && (strip * op->stride_h + reach_h) * width <= RV32_PLANE_BYTES)
		strip++;
	*ret_depthwise = (struct rv32_depthwise){
		.multiplier = out[3] / use->in[0]->shape[3],
		.taps = (uint32_t)op->kernel_h * op->kernel_w,
		.reach_h = (uint32_t)reach_h,
		.width = (uint32_t)width,
		.strip = (uint32_t)strip,
		.scratch_bytes = (uint32_t)(((strip - 1) * op->stride_h + reach_h) * width),
	};
	return true;
}

static bool depthwise_needs(const struct image_use *use, struct image_needs *needs)
{
	struct rv32_depthwise depthwise;

	if (!rv32_depthwise_plan(use, &depthwise))
		return false;
	needs->weights_bytes = (uint64_t)depthwise.taps * use->out->shape[3];
	needs->channels_bytes = (uint64_t)use->out->shape[3] * sizeof(struct rv32_channel);
	needs->scratch_bytes = depthwise.scratch_bytes;
	return true;
}

static bool add_needs(const struct image_use *use, struct image_needs *needs)
{
	(void)use;
	needs->channels_bytes = sizeof(struct rv32_add);
	needs->in_place = 3;
	return true;
}

static bool pool_needs(const struct image_use *use, struct image_needs *needs)
{
	(void)use;
	(void)needs;
	return true;
}

static bool finish_is_valid(const struct rv32_finish *finish)
{
	return finish->multiplier >= 0 &&
	       (finish->shift < 32 ||
		(finish->shift >= RV32_EXACT && finish->shift <= RV32_EXACT + 62));
}

/* finish is the last member of every record; stride: bytes of one. */
static bool finishes_are_valid(const struct image_use *use, const uint8_t *channels,
			       uint32_t stride)
{
	for (uint32_t at = stride; at <= use->op->channels_bytes; at += stride)
		if (!finish_is_valid((const struct rv32_finish *)(const void *)(channels + at) - 1))
			return false;
	return true;
}

static const struct {
	bool (*needs)(const struct image_use *, struct image_needs *);
	uint32_t kinds;  /* bit: enum image_op_kind */
	uint32_t record; /* bytes of channels with a finish at the end of each; 0: none */
} functions[RV32_FUNCTION_END] = {
	[RV32_GEMM] = {gemm_needs,
		       1u << IMAGE_CONV_2D | 1u << IMAGE_FULLY_CONNECTED |
			       1u << IMAGE_DEPTHWISE_CONV_2D,
		       sizeof(struct rv32_gemm_channel)},
	[RV32_VECTOR] = {vector_needs, 1u << IMAGE_CONV_2D | 1u << IMAGE_FULLY_CONNECTED,
			 sizeof(struct rv32_channel)},
	[RV32_DEPTHWISE] = {depthwise_needs, 1u << IMAGE_DEPTHWISE_CONV_2D,
			    sizeof(struct rv32_channel)},
	[RV32_ADD] = {add_needs, 1u << IMAGE_ADD, sizeof(struct rv32_add)},
	[RV32_AVERAGE_POOL] = {pool_needs, 1u << IMAGE_AVERAGE_POOL_2D, 0},
	[RV32_MAX_POOL] = {pool_needs, 1u << IMAGE_MAX_POOL_2D, 0},
};

bool image_needs_rv32(const struct image_use *use, struct image_needs *ret_needs)
{
	uint16_t variant = use->op->variant;

	*ret_needs = (struct image_needs){0};
	return variant > 0 && variant < RV32_FUNCTION_END &&
	       (functions[variant].kinds >> use->op->kind & 1) &&
	       functions[variant].needs(use, ret_needs);
}

bool image_constants_rv32(const struct image_use *use, const uint8_t *weights,
			  const uint8_t *channels)
{
	uint32_t record = functions[use->op->variant].record;

	(void)weights; /* any flag is a run that is split or not */
	return record == 0 || finishes_are_valid(use, channels, record);
}
