/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "firmware/image/needs.h"

static const struct {
	image_needs_fn *needs;
	image_constants_fn *constants;
} sets[IMAGE_KERNELS_END] = {
	[IMAGE_KERNELS_PORTABLE] = {image_needs_portable, image_constants_portable},
	[IMAGE_KERNELS_ARMV7EM] = {image_needs_armv7em, image_constants_armv7em},
	[IMAGE_KERNELS_RV32] = {image_needs_rv32, image_constants_rv32},
};

bool image_needs(const struct image_use *use, struct image_needs *ret_needs)
{
	return use->op->kernel_set < IMAGE_KERNELS_END &&
	       sets[use->op->kernel_set].needs(use, ret_needs);
}

bool image_constants(const struct image_use *use, const uint8_t *weights, const uint8_t *channels)
{
	return sets[use->op->kernel_set].constants(use, weights, channels);
}
