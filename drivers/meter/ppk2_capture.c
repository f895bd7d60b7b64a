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

_Static_assert((int)PPK2_BATCH_MAX < (int)MISFIT_SAMPLES, "a misfit could hide inside a batch");

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

static uint32_t word_at(const struct ppk2_batch *batch, size_t place)
{
	return ppk2_word(batch->words + place * PPK2_WORD_BYTES);
}

static float current_at(const struct conversion_state *state, const struct ppk2_batch *batch,
			size_t place)
{
	return state->table->current_a[ppk2_word_key(word_at(batch, place))];
}

static void convert_singles(struct conversion_state *state, const struct ppk2_batch *batch,
			    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t word = word_at(batch, i);
		uint32_t adc = ppk2_word_adc(word), range = ppk2_word_range(word);
		float current_a = current_at(state, batch, i);
		uint32_t full_scale_max = range == RANGE_TOP ? 1 : FULL_SCALE_SAMPLES;

		batch->current_a[i] = current_a;
		batch->logic[i] = ppk2_word_logic(word);
		batch->range[i] = (uint8_t)range;
		state->switches += range != state->last;
		state->last = range;
		state->full_scale_run = adc == PPK2_ADC_FULL_SCALE ? state->full_scale_run + 1 : 0;
		state->misfit_run = current_a < misfit_below_a[range] ? state->misfit_run + 1 : 0;
		state->saturated |= current_a > state->range_max_a;
		state->saturated |= state->full_scale_run >= full_scale_max;
		state->misfit |= state->misfit_run >= MISFIT_SAMPLES;
	}
}

/* Runs of samples below go on from batch to batch; one that lies inside a batch is too short. */
static void batch_count_misfits(struct conversion_state *state, const struct ppk2_batch *batch,
				size_t count, float below_a)
{
	uint32_t leading = 0, trailing = 0;

	if (batch->most_a < below_a) {
		state->misfit_run += (uint32_t)count;
	} else if (batch->least_a >= below_a) {
		state->misfit_run = 0;
	} else {
		while (current_at(state, batch, leading) < below_a)
			leading++;
		while (current_at(state, batch, count - 1 - trailing) < below_a)
			trailing++;
		state->misfit |= leading && state->misfit_run + leading >= MISFIT_SAMPLES;
		state->misfit_run = trailing;
	}
	state->misfit |= state->misfit_run >= MISFIT_SAMPLES;
}

/* Returns how many of them it was. */
static size_t convert_batch(struct conversion_state *state, struct ppk2_batch *batch, size_t count)
{
	size_t done = ppk2_batch_convert(batch, count, state->table);
	uint32_t range = ppk2_word_range(word_at(batch, 0));

	if (!done)
		return 0;
	state->switches += range != state->last;
	state->last = range;
	state->full_scale_run = 0;
	state->saturated |= batch->most_a > state->range_max_a;
	batch_count_misfits(state, batch, done, misfit_below_a[range]);
	return done;
}

/* How many words a batch leaves to be converted one by one: up to a change of range. */
static size_t singles_count(const struct ppk2_batch *batch, size_t count)
{
	size_t most = count < PPK2_BATCH_GRAIN ? count : PPK2_BATCH_GRAIN, n = 1;
	uint32_t range = ppk2_word_range(word_at(batch, 0));

	while (n < most && ppk2_word_range(word_at(batch, n)) == range)
		n++;
	return n;
}

static void batch_advance(struct ppk2_batch *batch, size_t count)
{
	batch->words += count * PPK2_WORD_BYTES;
	batch->current_a += count;
	batch->logic += count;
	batch->range += count;
}

static void convert_run(struct conversion_state *state, struct ppk2_batch *batch, size_t count)
{
	while (count) {
		size_t done = convert_batch(state, batch, count);

		if (!done) {
			done = singles_count(batch, count);
			convert_singles(state, batch, done);
		}
		batch_advance(batch, done);
		count -= done;
	}
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
	struct ppk2_batch batch = {.words = run->bytes,
				   .current_a = block->current_a + block->count,
				   .logic = block->logic + block->count,
				   .range = block->range + block->count};

	convert_run(&state, &batch, run->count);
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
