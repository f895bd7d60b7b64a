/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the function that runs an operator wants of the image and the arena. Host and board ask the
 * same question: the host to lay the image out, the board to check that running it stays inside.
 * Each kernel set answers in needs_SET.c; those may rely on the operator's kind, tensors and window
 * having been found valid. Pure.
 */
#ifndef FIRMWARE_IMAGE_NEEDS_H
#define FIRMWARE_IMAGE_NEEDS_H

#include "firmware/image/image.h"

/* An operator with its tensors found. */
struct image_use {
	const struct image_op *op;
	const struct image_tensor *in[IMAGE_OP_INPUTS_MAX]; /* op->input_count of them */
	const struct image_tensor *out;
};

struct image_needs {
	uint64_t weights_bytes;
	uint64_t channels_bytes;
	uint64_t scratch_bytes;
	/* Bit i: the output may begin exactly where input i begins, and then overlap it. */
	uint16_t in_place;
};

/* False: the set has no such variant, or it does not run this operator. */
typedef bool image_needs_fn(const struct image_use *use, struct image_needs *ret_needs);
image_needs_fn image_needs_portable, image_needs_armv7em, image_needs_rv32;

/* The constants, whose sizes are right: false when they hold what the function must not be given.
 */
typedef bool image_constants_fn(const struct image_use *use, const uint8_t *weights,
				const uint8_t *channels);
image_constants_fn image_constants_portable, image_constants_armv7em, image_constants_rv32;

/* Both, by op->kernel_set. */
image_needs_fn image_needs;
image_constants_fn image_constants;

#endif
