/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nordic Power Profiler Kit II: many words at once, where the processor can (AVX2).
 */
#ifndef DRIVERS_METER_PPK2_BATCH_H
#define DRIVERS_METER_PPK2_BATCH_H

#include "drivers/meter/ppk2_calibration.h"
#include "drivers/meter/ppk2_stream.h"

enum { PPK2_BATCH_GRAIN = 16, PPK2_BATCH_MAX = 512 };

/* Current of a range: constant + adc * (linear + adc * square), each step with one rounding. */
struct ppk2_polynomial {
	double constant_a, linear_a, square_a;
	bool is_same; /* it gives what the table holds: tried for each value of the ADC */
};

/* What ppk2_convert gives for each range and value of the ADC, rounded: words hold both side by
 * side.
 */
struct ppk2_table {
	float current_a[PPK2_RANGES << PPK2_ADC_BITS];
	struct ppk2_polynomial polynomial[PPK2_RANGES];
	bool is_rising[PPK2_RANGES]; /* with the ADC, or level: as is to be expected */
};

static inline uint32_t ppk2_word_key(uint32_t word)
{
	return word & ((1u << PPK2_ADC_BITS << PPK2_RANGE_BITS) - 1);
}
void ppk2_table_init(struct ppk2_table *table, const struct ppk2_conversion *conversion);

/* Where words are, and where to put what they hold. */
struct ppk2_batch {
	const uint8_t *words;
	float *current_a; /* A */
	uint8_t *logic, *range;
	float least_a, most_a; /* of those converted */
};

/* Converts the first words as far as they are of one range and below full scale, in whole grains,
 * up to count and PPK2_BATCH_MAX. Returns how many: 0 also when the processor or the table is not
 * made for it. */
size_t ppk2_batch_convert(struct ppk2_batch *batch, size_t count, const struct ppk2_table *table);

#endif
