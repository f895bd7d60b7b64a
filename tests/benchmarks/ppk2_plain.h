/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the benchmarks of a PPK2's words share: a calibration such as instruments have, and the
 * formula of ppk2-api, word by word in plain scalar double.
 */
#ifndef TESTS_BENCHMARKS_PPK2_PLAIN_H
#define TESTS_BENCHMARKS_PPK2_PLAIN_H

#include "drivers/meter/ppk2_calibration.h"
#include "drivers/meter/ppk2_stream.h"

static inline void ppk2_plain_calibrate(struct ppk2_conversion *conversion)
{
	static const double ohm[PPK2_RANGES] = {1031.64, 101.65, 10.15, 0.94, 0.043};

	for (int n = 0; n < PPK2_RANGES; n++)
		conversion->range[n] = (struct ppk2_range){.offset = 110 + n,
							   .scale = 1.8 / 163840 / ohm[n],
							   .gain_square = 1e-3,
							   .gain = 1.01,
							   .constant_a = 1e-8,
							   .user_gain = 0.99};
}

static inline double ppk2_plain_current_a(const struct ppk2_conversion *conversion, uint32_t word)
{
	const struct ppk2_range *r = &conversion->range[ppk2_word_range(word)];
	double x = (4.0 * ppk2_word_adc(word) - r->offset) * r->scale;

	return r->user_gain * (x * (r->gain_square * x + r->gain) + r->constant_a);
}

#endif
