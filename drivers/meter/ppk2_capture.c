/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nordic Power Profiler Kit II: from stream to blocks. The counter in the words has 6 bits, so that
 * a loss of 64 samples in one piece is invisible: the count is also held against the host's clock.
 */
#include "drivers/meter/ppk2_capture.h"

#include <string.h>

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
static const float misfit_below_a[PPK2_RANGES] = {0, 12.5e-6F, 125e-6F, 1.25e-3F, 15e-3F};

void ppk2_capture_init(struct ppk2_capture *capture, const struct ppk2_conversion *conversion,
		       float range_max_a, bool check_time)
{
	ppk2_table_init(&capture->table, conversion);
	capture->range_max_a = range_max_a;
	capture->check_time = check_time;
	ppk2_capture_restart(capture);
}

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

/* What conversion carries from word to word. */
struct conversion_state {
	const struct ppk2_table *table;
	float range_max_a;
	uint32_t last, full_scale_run, misfit_run, switches;
	bool saturated, misfit;
};

/* Where a word's parts go. */
struct conversion_output {
	float *current_a;
	uint8_t *logic, *range;
};

static struct conversion_output output_at(struct meter_block *block, size_t at)
{
	return (struct conversion_output){block->current_a + at, block->logic + at,
					  block->range + at};
}

static void convert_words(struct conversion_state *state, const uint8_t *bytes, size_t count,
			  struct conversion_output out)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t word = ppk2_word(bytes + i * PPK2_WORD_BYTES);
		uint32_t adc = ppk2_word_adc(word), range = ppk2_word_range(word);
		float current_a = state->table->current_a[ppk2_word_key(word)];
		uint32_t full_scale_max = range == RANGE_TOP ? 1 : FULL_SCALE_SAMPLES;

		out.current_a[i] = current_a;
		out.logic[i] = ppk2_word_logic(word);
		out.range[i] = (uint8_t)range;
		state->switches += range != state->last;
		state->last = range;
		state->full_scale_run = adc == PPK2_ADC_FULL_SCALE ? state->full_scale_run + 1 : 0;
		state->misfit_run = current_a < misfit_below_a[range] ? state->misfit_run + 1 : 0;
		state->saturated |= current_a > state->range_max_a;
		state->saturated |= state->full_scale_run >= full_scale_max;
		state->misfit |= state->misfit_run >= MISFIT_SAMPLES;
	}
}

static bool word_is_below(const struct conversion_state *state, const uint8_t *bytes)
{
	uint32_t word = ppk2_word(bytes);

	return state->table->current_a[ppk2_word_key(word)] < misfit_below_a[ppk2_word_range(word)];
}

/* Runs of samples below go on from batch to batch. */
static void batch_count_misfits(struct conversion_state *state, const struct ppk2_batch *batch,
				float below_a)
{
	const uint8_t *bytes = batch->words;
	uint32_t leading = 0, trailing = 0;

	if (batch->most_a < below_a) {
		state->misfit_run += (uint32_t)batch->count;
	} else if (batch->least_a >= below_a) {
		state->misfit_run = 0;
	} else {
		while (word_is_below(state, bytes + leading * PPK2_WORD_BYTES))
			leading++;
		while (word_is_below(state,
				     bytes + (batch->count - 1 - trailing) * PPK2_WORD_BYTES))
			trailing++;
		state->misfit |= leading && state->misfit_run + leading >= MISFIT_SAMPLES;
		state->misfit_run = trailing;
	}
	state->misfit |= state->misfit_run >= MISFIT_SAMPLES;
}

/* False: it cannot be done at once, nothing was done. */
static bool convert_batch(struct conversion_state *state, const uint8_t *bytes, size_t count,
			  struct conversion_output out)
{
	struct ppk2_batch batch = {.words = bytes,
				   .count = count,
				   .current_a = out.current_a,
				   .logic = out.logic,
				   .range = out.range};
	uint32_t range = ppk2_word_range(ppk2_word(bytes));

	if (!ppk2_batch_convert(&batch, state->table))
		return false;
	state->switches += range != state->last;
	state->last = range;
	state->full_scale_run = 0;
	state->saturated |= batch.most_a > state->range_max_a;
	batch_count_misfits(state, &batch, misfit_below_a[range]);
	return true;
}

static struct conversion_output output_behind(struct conversion_output out, size_t count)
{
	return (struct conversion_output){out.current_a + count, out.logic + count,
					  out.range + count};
}

/* How many of the next PPK2_BATCH words come before the next change of range. */
static size_t batch_prefix(const uint8_t *bytes)
{
	uint32_t range = ppk2_word_range(ppk2_word(bytes));
	size_t count = 1;

	while (count < PPK2_BATCH &&
	       ppk2_word_range(ppk2_word(bytes + count * PPK2_WORD_BYTES)) == range)
		count++;
	return count;
}

/* Of PPK2_BATCH words all, or those before the next change of range; returns how many. What is no
 * whole number of grains, or holds a word at full scale, is converted one by one. */
static size_t convert_some(struct conversion_state *state, const uint8_t *bytes,
			   struct conversion_output out)
{
	size_t prefix, at;

	if (convert_batch(state, bytes, PPK2_BATCH, out))
		return PPK2_BATCH;
	prefix = batch_prefix(bytes);
	at = prefix / PPK2_BATCH_GRAIN * PPK2_BATCH_GRAIN;
	if (!at || !convert_batch(state, bytes, at, out))
		at = 0;
	convert_words(state, bytes + at * PPK2_WORD_BYTES, prefix - at, output_behind(out, at));
	return prefix;
}

static void capture_convert(struct ppk2_capture *capture, struct meter_block *block,
			    const struct ppk2_run *run)
{
	struct conversion_state state = {
		.table = &capture->table,
		.range_max_a = capture->range_max_a,
		.last = capture->last_range_known ? capture->last_range
						  : ppk2_word_range(ppk2_word(run->bytes)),
		.full_scale_run = capture->full_scale_run,
		.misfit_run = capture->misfit_run,
	};
	size_t at = 0;

	while (run->count - at >= PPK2_BATCH)
		at += convert_some(&state, run->bytes + at * PPK2_WORD_BYTES,
				   output_at(block, block->count + at));
	convert_words(&state, run->bytes + at * PPK2_WORD_BYTES, run->count - at,
		      output_at(block, block->count + at));
	block->count += (uint32_t)run->count;
	block->range_switches += state.switches;
	if (state.saturated)
		block->flags |= METER_BLOCK_SATURATED;
	if (state.misfit)
		block->flags |= METER_BLOCK_RANGE_MISFIT;
	capture->full_scale_run = state.full_scale_run;
	capture->misfit_run = state.misfit_run;
	capture->last_range = (uint8_t)state.last;
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
