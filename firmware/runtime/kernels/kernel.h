/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the runtime hands to a kernel: one operator with every offset turned into a pointer. A
 * kernel set is a table of functions, one for each operator kind; NULL where the set has none.
 */
#ifndef FIRMWARE_RUNTIME_KERNELS_KERNEL_H
#define FIRMWARE_RUNTIME_KERNELS_KERNEL_H

#include <stdint.h>

#include "firmware/image/image.h"

struct kernel_call {
	const struct image_op *op;
	const struct image_tensor *in[2]; /* [1]: ADD only */
	const struct image_tensor *out;
	const int8_t *input[2];
	int8_t *output;
	const int8_t *weights;
	const struct image_channel *channels;
	int8_t *scratch;
};

typedef void kernel_fn(const struct kernel_call *call);

#endif
