/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the Joulescopes' drivers have in common: samples into meter blocks, averaged on request, and
 * watched for currents that their range is not for. Pure.
 *
 * Averaging is the plain mean over `factor` samples from an index on that is a multiple of it: a
 * sample stays what meter.h says, the mean over its interval, and charge is kept exactly. As a
 * filter that is 3.9 dB down at the new Nyquist frequency, with nulls at multiples of the new rate,
 * and no flat passband. Means of current and voltage do not multiply to the mean power when both
 * vary within a sample. A mean with a NaN in it is NaN. One with a lost sample in it is lost.
 *
 * Logic bytes: bit n is input n at the middle of the sample, bit 4 + n the same input at its end.
 */
#ifndef DRIVERS_METER_JOULESCOPE_BLOCKS_H
#define DRIVERS_METER_JOULESCOPE_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/meter/meter.h"

/* Samples without a gap. */
struct joulescope_samples {
	const float *current_a, *voltage_v;
	const float *raw_current_a;   /* NULL: the same as current_a, everywhere */
	const uint8_t *logic, *range; /* range: 0..7 */
	size_t count;
	uint64_t index; /* of the first */
	uint32_t flags; /* METER_BLOCK_* of these samples */
};

/* Beyond these a sample is not what its range is for. */
struct joulescope_limit {
	float over_a, under_a; /* the converter's ends */
	float misfit_a;        /* closer to zero a lower range would do; 0: there is none */
	uint32_t over_samples; /* so many in a row are saturation */
};

struct joulescope_blocks {
	/* Settings. */
	uint32_t factor;
	uint32_t misfit_samples; /* so many in a row are an instrument that does not range; 0: it is
				  * not to */
	struct joulescope_limit limit[METER_RANGES_MAX];
	/* State. */
	uint64_t next_index; /* of the next sample to go out */
	uint32_t over_run, misfit_run;
	uint32_t flags, range_switches; /* of samples that are in no block yet */
	uint8_t last_range;
	bool has_last;
	/* The mean under way. */
	uint32_t filled;
	uint64_t filled_index; /* of the next sample to go in */
	double current_sum, voltage_sum, raw_sum;
	uint8_t middle_logic;
};

/* Forgets the state, keeps the settings. */
void joulescope_blocks_restart(struct joulescope_blocks *blocks);
/* Appends samples to the block and returns how many it took: fewer than there are when the block is
 * complete, for it is full or a gap follows. */
size_t joulescope_blocks_add(struct joulescope_blocks *blocks, struct meter_block *block,
			     const struct joulescope_samples *samples);
/* Last touch before a block of 1 or more samples is handed out. */
void joulescope_blocks_finish(struct joulescope_blocks *blocks, struct meter_block *block);

#endif
