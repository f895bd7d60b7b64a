/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the runtime hands to a kernel: one operator with every offset turned into a pointer.
 *
 * A kernel set is a table of functions: the portable set's by operator kind, the others' by variant
 * (0: none). A firmware holds the portable set and that of its core: the macros
 * RUNTIME_KERNELS_ARMV7EM and RUNTIME_KERNELS_RV32 say which. The host's build holds all of them,
 * where the sets are compiled from the same sources with their machine instructions in plain C.
 */
#ifndef FIRMWARE_RUNTIME_KERNELS_KERNEL_H
#define FIRMWARE_RUNTIME_KERNELS_KERNEL_H

#include <stdint.h>

#include "firmware/image/image.h"

struct kernel_call {
	const struct image_op *op;
	const struct image_tensor *in[IMAGE_OP_INPUTS_MAX]; /* op->input_count of them */
	const struct image_tensor *out;
	const int8_t *input[IMAGE_OP_INPUTS_MAX];
	int8_t *output;
	const void *weights;
	const void *channels;
	int8_t *scratch;
};

typedef void kernel_fn(const struct kernel_call *call);

struct kernel_set {
	kernel_fn *const *functions;
	uint32_t count;
	bool by_kind;
};
extern const struct kernel_set kernel_set_portable;
extern const struct kernel_set kernel_set_armv7em;
extern const struct kernel_set kernel_set_rv32;

#endif
