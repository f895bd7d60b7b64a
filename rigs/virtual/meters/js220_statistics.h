/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The statistics of a JS220: sums over a block of samples at 1 MSa/s and integrals since they were
 * switched on, in the instrument's fixed point (device sheet, "Statistics struct").
 */
#ifndef RIGS_VIRTUAL_METERS_JS220_STATISTICS_H
#define RIGS_VIRTUAL_METERS_JS220_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

#define JS220_STATISTICS_BYTES     192
#define JS220_STATISTICS_COUNT_MAX 0xffffffu

__extension__ typedef __int128 js220_int128;

struct js220_moments {
	int64_t x1, min, max; /* Q31; power: Q27 */
	js220_int128 x2;      /* Q62; power: Q54 */
};

struct js220_statistics {
	uint32_t count; /* samples in the block so far */
	uint32_t sample_freq_hz;
	uint64_t block_sample_id, accum_sample_id;
	struct js220_moments current, voltage, power;
	js220_int128 current_int, power_int; /* Q31, sums of samples at 1 MSa/s */
};

/* Integrals and block start with the next sample. */
void js220_statistics_start(struct js220_statistics *statistics, uint64_t sample_id);
/* One sample at 1 MSa/s whose first tick is sample_id. */
void js220_statistics_add(struct js220_statistics *statistics, uint64_t sample_id,
			  int64_t current_q31, int64_t voltage_q31);
/* The block as it is sent, 192 bytes. */
void js220_statistics_encode(const struct js220_statistics *statistics, uint8_t *ret_bytes);
/* The next sample begins a block. */
void js220_statistics_next_block(struct js220_statistics *statistics);

#endif
