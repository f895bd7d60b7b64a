/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nordic Power Profiler Kit II: from stream to blocks. The counter in the words has 6 bits, so that
 * a loss of 64 samples in one piece is invisible: the count is also held against the host's clock.
 */
#include "drivers/meter/ppk2_capture.h"

enum {
	SAMPLE_NS = 10000,          /* 100 kSa/s nominal */
	TIMING_SLACK_NS = 50000000, /* a busy host's delay */
	TIMING_RELATIVE = 1000,     /* 1/1000: meter and host clocks apart, generously */
	RANGE_TOP = PPK2_RANGES - 1,
	/* The instrument leaves a range that is too small within a sample or two, and one that is
	 * too large soon: what lasts longer is an instrument that does not range. */
	FULL_SCALE_SAMPLES = 4,
	MISFIT_SAMPLES = 1000,
};

/* A quarter of what the next smaller range is for (published ranges: 50 uA, 500 uA, 5 mA, 60 mA),
 * where no hysteresis keeps an instrument: in the largest range a step of the converter is 1 mA. */
static const double misfit_below_a[PPK2_RANGES] = {0, 12.5e-6, 125e-6, 1.25e-3, 15e-3};

void ppk2_capture_restart(struct ppk2_capture *capture)
{
	ppk2_stream_init(&capture->stream);
	capture->has_held = false;
	capture->next_index = 0;
	capture->t_fill_ns = 0;
	capture->last_range_known = false;
	capture->full_scale_run = capture->misfit_run = 0;
	capture->timing = (struct ppk2_timing){0};
}

uint8_t *ppk2_capture_space(struct ppk2_capture *capture, size_t *ret_capacity)
{
	return ppk2_stream_space(&capture->stream, ret_capacity);
}

void ppk2_capture_fill(struct ppk2_capture *capture, size_t count, int64_t t_mono_ns)
{
	ppk2_stream_fill(&capture->stream, count);
	capture->t_fill_ns = t_mono_ns;
}

void ppk2_capture_begin(struct meter_block *block)
{
	block->first_index = 0;
	block->count = 0;
	block->lost = 0;
	block->flags = 0;
	block->range_switches = 0;
	block->t_mono_ns = 0;
}

static void capture_convert(struct ppk2_capture *capture, struct meter_block *block,
			    const struct ppk2_run *run)
{
	const struct ppk2_conversion *conversion = &capture->conversion;
	double range_max_a = capture->range_max_a;
	uint32_t last = capture->last_range_known ? capture->last_range
						  : ppk2_word_range(ppk2_word(run->bytes));
	uint32_t full_scale_run = capture->full_scale_run, misfit_run = capture->misfit_run;
	uint32_t switches = 0;
	unsigned saturated = 0, misfit = 0;

	for (size_t i = 0; i < run->count; i++) {
		uint32_t word = ppk2_word(run->bytes + i * PPK2_WORD_BYTES);
		uint32_t adc = ppk2_word_adc(word);
		uint32_t range = ppk2_word_range(word);
		double current_a = ppk2_convert(conversion, adc, range);

		block->current_a[block->count + i] = (float)current_a;
		block->logic[block->count + i] = ppk2_word_logic(word);
		block->range[block->count + i] = (uint8_t)range;
		switches += range != last;
		last = range;
		full_scale_run = adc == PPK2_ADC_FULL_SCALE ? full_scale_run + 1 : 0;
		misfit_run = current_a < misfit_below_a[range] ? misfit_run + 1 : 0;
		saturated |= (current_a > range_max_a) |
			     (full_scale_run >= (range == RANGE_TOP ? 1 : FULL_SCALE_SAMPLES));
		misfit |= misfit_run >= MISFIT_SAMPLES;
	}
	block->count += (uint32_t)run->count;
	block->range_switches += switches;
	if (saturated)
		block->flags |= METER_BLOCK_SATURATED;
	if (misfit)
		block->flags |= METER_BLOCK_RANGE_MISFIT;
	capture->full_scale_run = full_scale_run;
	capture->misfit_run = misfit_run;
	capture->last_range = (uint8_t)last;
	capture->last_range_known = true;
}

static void capture_append(struct ppk2_capture *capture, struct meter_block *block,
			   const struct ppk2_run *run)
{
	capture->next_index += run->lost;
	if (run->lost || run->resynced)
		capture->last_range_known = false;
	if (run->resynced)
		block->flags |= METER_BLOCK_RESYNC;
	if (!block->count) {
		block->first_index = capture->next_index;
		block->lost = run->lost;
	}
	capture_convert(capture, block, run);
	capture->next_index += run->count;
}

int ppk2_capture_collect(struct ppk2_capture *capture, struct meter_block *block)
{
	while (block->count < METER_BLOCK_MAX) {
		size_t room = METER_BLOCK_MAX - block->count;

		if (!capture->has_held) {
			int rc = ppk2_stream_next(&capture->stream, room, &capture->held);

			if (rc <= 0)
				return rc;
			capture->has_held = true;
		}
		if (block->count && (capture->held.lost || capture->held.resynced))
			return 1;
		capture_append(capture, block, &capture->held);
		capture->has_held = false;
	}
	return 1;
}

/* True when samples are missing that no counter showed; counts from here on then. A late block
 * alone may be a host that was busy between reading and looking at its clock: the next one must
 * agree. */
static bool timing_mismatch(struct ppk2_timing *timing, uint64_t index, int64_t t_ns)
{
	int64_t lead_ns = t_ns - (int64_t)index * SAMPLE_NS;
	int64_t limit_ns = TIMING_SLACK_NS + (t_ns - timing->t_lead_ns) / TIMING_RELATIVE;
	bool is_late = timing->started && lead_ns - timing->lead_ns > limit_ns;
	bool mismatch = is_late && timing->was_late;

	if (!timing->started || lead_ns < timing->lead_ns || mismatch)
		*timing = (struct ppk2_timing){
			.lead_ns = lead_ns, .t_lead_ns = t_ns, .started = true};
	else
		timing->was_late = is_late;
	return mismatch;
}

void ppk2_capture_finish(struct ppk2_capture *capture, struct meter_block *block, bool is_recent)
{
	block->t_mono_ns = capture->t_fill_ns;
	if (capture->check_time && is_recent &&
	    timing_mismatch(&capture->timing, block->first_index + block->count, block->t_mono_ns))
		block->flags |= METER_BLOCK_TIME_MISMATCH;
}
