/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "firmware/image/needs.h"

static bool rescale_is_valid(const struct image_rescale *rescale)
{
	return rescale->multiplier >= 0 && rescale->shift >= -31 && rescale->shift <= 31;
}

static uint64_t taps(const struct image_op *op)
{
	return (uint64_t)op->kernel_h * op->kernel_w;
}

static uint64_t gather_bytes(const struct image_use *use)
{
	return image_window_is_pixel(use->op) ? 0 : taps(use->op) * use->in[0]->shape[3];
}

static void conv_needs(const struct image_use *use, struct image_needs *needs)
{
	uint32_t channels = use->out->shape[3];

	needs->weights_bytes = taps(use->op) * use->in[0]->shape[3] * channels;
	needs->channels_bytes = (uint64_t)channels * sizeof(struct image_channel);
	needs->scratch_bytes = gather_bytes(use);
}

static void depthwise_needs(const struct image_use *use, struct image_needs *needs)
{
	uint32_t channels = use->out->shape[3];

	needs->weights_bytes = taps(use->op) * channels;
	needs->channels_bytes = (uint64_t)channels * sizeof(struct image_channel);
	needs->scratch_bytes = gather_bytes(use);
}

static void fully_connected_needs(const struct image_use *use, struct image_needs *needs)
{
	uint32_t channels = use->out->shape[3];
	uint32_t rows = use->out->bytes / channels;

	needs->weights_bytes = (uint64_t)(use->in[0]->bytes / rows) * channels;
	needs->channels_bytes = (uint64_t)channels * sizeof(struct image_channel);
}

/* Element i of the output is made of element i of each input that is not repeated. */
static void pair_needs(const struct image_use *use, struct image_needs *needs)
{
	for (unsigned i = 0; i < use->op->input_count; i++)
		if (use->in[i]->bytes == use->out->bytes)
			needs->in_place |= (uint16_t)(1u << i);
}

static void reshape_needs(const struct image_use *use, struct image_needs *needs)
{
	(void)use;
	needs->in_place = 1;
}

static void (*const kinds[IMAGE_OP_KIND_END])(const struct image_use *, struct image_needs *) = {
	[IMAGE_CONV_2D] = conv_needs,
	[IMAGE_DEPTHWISE_CONV_2D] = depthwise_needs,
	[IMAGE_FULLY_CONNECTED] = fully_connected_needs,
	[IMAGE_RESHAPE] = reshape_needs,
	[IMAGE_ADD] = pair_needs,
	[IMAGE_MUL] = pair_needs,
};

bool image_needs_portable(const struct image_use *use, struct image_needs *ret_needs)
{
	*ret_needs = (struct image_needs){0};
	if (use->op->variant != 0)
		return false;
	if (kinds[use->op->kind])
		kinds[use->op->kind](use, ret_needs);
	return true;
}

bool image_constants_portable(const struct image_use *use, const uint8_t *weights,
			      const uint8_t *channels)
{
	const struct image_channel *channel = (const struct image_channel *)channels;

	(void)weights;
	for (uint32_t i = 0; i < use->op->channels_bytes / sizeof(*channel); i++)
		if (!rescale_is_valid(&channel[i].rescale))
			return false;
	return true;
}
