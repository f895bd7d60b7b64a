/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a kernel set takes an operator's constants: which of its functions runs the operator, and
 * weights and channels in the order that function reads them. Sizes are image_needs()'s answer to
 * the chosen variant (firmware/image/needs.h), so host and board cannot disagree.
 */
#ifndef BENCH_MODEL_PACK_H
#define BENCH_MODEL_PACK_H

#include "firmware/image/needs.h"

struct pack_job {
	/* The operator's record is complete but for variant and the offsets and sizes of constants
	 * and scratch; its kernel_set is this set. Arena offsets of the tensors are not known yet.
	 */
	struct image_use use;
	/* As the portable set takes them (firmware/image/image.h); NULL for operators without. */
	const int8_t *weights;
	const struct image_channel *channels; /* one for each output channel */
};

struct pack_set {
	/* Looks at shapes and constants, so that a fast function is chosen only where it is proved
	 * exact for every channel. False: the portable set runs this operator. */
	bool (*choose)(const struct pack_job *job, uint16_t *ret_variant);
	/* job->use.op->variant is what choose said. Fills weights and channels, which are zeroed
	 * and of the sizes image_needs() gave. */
	void (*write)(const struct pack_job *job, uint8_t *weights, uint8_t *channels);
};

extern const struct pack_set pack_armv7em;
extern const struct pack_set pack_rv32;

#endif
