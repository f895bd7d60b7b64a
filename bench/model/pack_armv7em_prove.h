/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which rounding of the Armv7E-M set gives exactly the portable set's results, for every sum that
 * can occur.
 */
#ifndef BENCH_MODEL_PACK_ARMV7EM_PROVE_H
#define BENCH_MODEL_PACK_ARMV7EM_PROVE_H

#include "firmware/image/needs_armv7em.h"

/* What is rescaled to an output value. */
struct pack_sums {
	int64_t least, most; /* of all sums that can occur; UP takes them times 2^scale_bits */
	unsigned scale_bits;
	struct image_rescale rescale;
};

/* False: not exact for all of the sums. True: the constants; where *ret_constant, every sum gives
 * the same value, and the function must be given the sum 0. ret_constant NULL: sums cannot be
 * replaced. */
bool pack_armv7em_prove(const struct image_use *use, const struct pack_sums *sums,
			enum armv7em_rounding rounding, struct armv7em_finish *ret_finish,
			bool *ret_constant);

#endif
