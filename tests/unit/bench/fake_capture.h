/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A capture out of arrays, as a meter would have given them in blocks.
 */
#ifndef TESTS_UNIT_BENCH_FAKE_CAPTURE_H
#define TESTS_UNIT_BENCH_FAKE_CAPTURE_H

#include <string.h>

#include "bench/session/capture.h"

struct fake_samples {
	const float *current_a, *voltage_v, *raw_current_a; /* the last two: NULL */
	const uint8_t *logic, *range;                       /* range: NULL for 0 */
	size_t count;
	size_t gap_at;       /* samples are missing in front of that one, ... */
	uint64_t gap;        /* ... so many */
	unsigned flags;      /* of every block */
	double clock_factor; /* how much faster than nominal samples come by the host's clock; 0: 1
			      */
	/* The instrument's own sum: readings every so many samples, of factor times the current. */
	size_t integral_every;
	double integral_factor;
};

static inline void fake_block_fill(struct meter_block *block, const struct fake_samples *samples,
				   size_t at, uint32_t count, double rate_hz, unsigned caps)
{
	double rate = rate_hz * (samples->clock_factor > 0 ? samples->clock_factor : 1);
	size_t reading;

	*block = (struct meter_block){.count = count, .flags = samples->flags};
	block->first_index = at + (at >= samples->gap_at ? samples->gap : 0);
	block->lost = at == samples->gap_at ? samples->gap : 0;
	block->t_mono_ns = (int64_t)((double)(block->first_index + count) / rate * 1e9);
	memcpy(block->current_a, samples->current_a + at, count * sizeof(float));
	memcpy(block->logic, samples->logic + at, count);
	if (samples->range)
		memcpy(block->range, samples->range + at, count);
	for (size_t i = at ? at : 1; samples->range && i < at + count; i++)
		block->range_switches += samples->range[i] != samples->range[i - 1];
	if (caps & METER_CAP_VOLTAGE)
		memcpy(block->voltage_v, samples->voltage_v + at, count * sizeof(float));
	if (caps & METER_CAP_RAW)
		memcpy(block->raw_current_a, samples->raw_current_a + at, count * sizeof(float));
	reading = samples->integral_every ? (at + count) / samples->integral_every : 0;
	if (!reading || reading == at / samples->integral_every)
		return;
	block->has_integral = true;
	block->integral.end_index = reading * samples->integral_every;
	block->integral.energy_j = __builtin_nan("");
	for (size_t i = 0; i < block->integral.end_index; i++)
		block->integral.charge_c += (double)samples->current_a[i] / rate_hz;
	block->integral.charge_c *= samples->integral_factor;
}

/* Begins, feeds and ends; the board's result is kept. 0, or what capture_add gave. */
static inline int fake_capture(struct capture *capture, const struct rig_meter *config,
			       const struct meter_info *meter, const struct wire_run *run,
			       const struct calibration *calibration,
			       const struct fake_samples *samples, struct err *err)
{
	const struct wire_result_reply result = capture->result;
	static struct meter_block block;
	int ret = capture_begin(capture, config, meter, run, err);
	size_t count;

	for (size_t at = 0; !ret && at < samples->count; at += count) {
		count = samples->count - at < 2000 ? samples->count - at : 2000;
		if (samples->gap && at < samples->gap_at && at + count > samples->gap_at)
			count = samples->gap_at - at;
		fake_block_fill(&block, samples, at, (uint32_t)count, meter->rate_hz, meter->caps);
		ret = capture_add(capture, config, meter->caps, calibration, &block, err);
	}
	capture_end(capture);
	capture->result = result;
	return ret;
}

#endif
