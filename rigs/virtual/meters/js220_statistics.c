/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The statistics of a JS220. See the header.
 */
#include "rigs/virtual/meters/js220_statistics.h"

#include "rigs/virtual/meters/usb_device.h"

void js220_statistics_start(struct js220_statistics *statistics, uint64_t sample_id)
{
	*statistics = (struct js220_statistics){
		.sample_freq_hz = 2000000,
		.accum_sample_id = sample_id,
	};
}

static void moments_add(struct js220_moments *moments, int64_t value, bool first)
{
	if (first)
		*moments = (struct js220_moments){.min = value, .max = value};
	if (value < moments->min)
		moments->min = value;
	if (value > moments->max)
		moments->max = value;
	moments->x1 += value;
	moments->x2 += (js220_int128)value * value;
}

void js220_statistics_add(struct js220_statistics *statistics, uint64_t sample_id,
			  int64_t current_q31, int64_t voltage_q31)
{
	bool first = statistics->count == 0;
	js220_int128 power_q62 = (js220_int128)current_q31 * voltage_q31;

	if (first)
		statistics->block_sample_id = sample_id;
	moments_add(&statistics->current, current_q31, first);
	moments_add(&statistics->voltage, voltage_q31, first);
	moments_add(&statistics->power, (int64_t)((power_q62 + ((js220_int128)1 << 34)) >> 35),
		    first);
	statistics->current_int += current_q31;
	statistics->power_int += (power_q62 + ((js220_int128)1 << 30)) >> 31;
	statistics->count++;
}

void js220_statistics_next_block(struct js220_statistics *statistics)
{
	statistics->count = 0;
}

static uint8_t *put_128(uint8_t *at, js220_int128 value)
{
	usb_put_le(at, (uint64_t)value, 8);
	usb_put_le(at + 8, (uint64_t)(value >> 64), 8);
	return at + 16;
}

void js220_statistics_encode(const struct js220_statistics *statistics, uint8_t *ret_bytes)
{
	const struct js220_moments *moments[] = {&statistics->current, &statistics->voltage,
						 &statistics->power};
	const js220_int128 integrals[] = {statistics->current_int, 0, statistics->power_int};
	uint8_t *at = ret_bytes + 24;

	/* Raw flag and version 1, decimation 2, count. */
	usb_put_le(ret_bytes, 0x92000000u | (statistics->count & JS220_STATISTICS_COUNT_MAX), 4);
	usb_put_le(ret_bytes + 4, statistics->sample_freq_hz, 4);
	usb_put_le(ret_bytes + 8, statistics->block_sample_id, 8);
	usb_put_le(ret_bytes + 16, statistics->accum_sample_id, 8);
	for (int k = 0; k < 3; k++, at += 24) {
		usb_put_le(at, (uint64_t)moments[k]->x1, 8);
		usb_put_le(at + 8, (uint64_t)moments[k]->min, 8);
		usb_put_le(at + 16, (uint64_t)moments[k]->max, 8);
	}
	for (int k = 0; k < 3; k++) {
		at = put_128(at, moments[k]->x2);
		at = put_128(at, integrals[k]);
	}
}
