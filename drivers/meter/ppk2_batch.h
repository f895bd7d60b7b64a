/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nordic Power Profiler Kit II: many words at once, where the processor can (AVX2).
 */
#ifndef DRIVERS_METER_PPK2_BATCH_H
#define DRIVERS_METER_PPK2_BATCH_H

#include "drivers/meter/ppk2_calibration.h"
#include "drivers/meter/ppk2_stream.h"

enum { PPK2_BATCH_GRAIN = 16, PPK2_BATCH = 64 };

/* What ppk2_convert gives for each range and value of the ADC, rounded: words hold both side by
 * side.
 */
struct ppk2_table {
	float current_a[PPK2_RANGES << PPK2_ADC_BITS];
	bool is_rising[PPK2_RANGES]; /* with the ADC, or level: as is to be expected */
};

static inline uint32_t ppk2_word_key(uint32_t word)
{
	return word & ((1u << PPK2_ADC_BITS << PPK2_RANGE_BITS) - 1);
}
void ppk2_table_init(struct ppk2_table *table, const struct ppk2_conversion *conversion);

struct ppk2_batch {
	const uint8_t *words;
	size_t count; /* PPK2_BATCH, or fewer in whole grains; >= PPK2_BATCH_GRAIN */
	/* Results, for each word. */
	float *current_a; /* A */
	uint8_t *logic, *range;
	float least_a, most_a; /* of all of them */
};

/* False: a change of range or a word at full scale is among them, or the processor or the table is
 * not made for it; nothing was done. */
bool ppk2_batch_convert(struct ppk2_batch *batch, const struct ppk2_table *table);

#endif
