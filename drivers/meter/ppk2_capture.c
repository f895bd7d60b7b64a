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

/* What conversion carries from word to word. */
struct conversion_state {
	const struct ppk2_conversion *conversion;
	double range_max_a;
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
		double current_a = ppk2_convert(state->conversion, adc, range);
		uint32_t full_scale_max = range == RANGE_TOP ? 1 : FULL_SCALE_SAMPLES;

		out.current_a[i] = (float)current_a;
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

/* A batch of words of one range, none at full scale: the same operations as ppk2_convert in the
 * same order, four at a time. Batches are of BATCH words or, up to where the range changes, of a
 * multiple of GRAIN. */
enum { LANES = 4, GRAIN = 16, BATCH = 64 };

typedef int32_t ints __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef float floats __attribute__((vector_size(LANES * sizeof(float))));
typedef int64_t longs __attribute__((vector_size(LANES * sizeof(int64_t))));
typedef double doubles __attribute__((vector_size(LANES * sizeof(double))));

typedef uint32_t wide __attribute__((vector_size(8 * sizeof(uint32_t))));
typedef uint8_t octets __attribute__((vector_size(16)));

struct batch {
	const uint8_t *words;
	size_t count; /* a multiple of GRAIN, up to BATCH */
	uint32_t range;
	unsigned below, above; /* samples below misfit_below_a, above range_max_a */
};

#define IN_LINE static inline __attribute__((always_inline))

/* One range, and not at full scale. */
IN_LINE bool batch_uniform(const struct batch *batch)
{
	wide first, next, differs = {0}, full_scale = {0}, result;
	uint32_t any = 0;

	memcpy(&first, batch->words, sizeof(first));
	for (size_t at = 0; at < batch->count * PPK2_WORD_BYTES; at += sizeof(next)) {
		memcpy(&next, batch->words + at, sizeof(next));
		differs |= next ^ first[0];
		full_scale |= (wide)((next & PPK2_ADC_FULL_SCALE) == PPK2_ADC_FULL_SCALE);
	}
	result = (differs >> 14 & 7) | full_scale;
	for (int i = 0; i < 8; i++)
		any |= result[i];
	return !any;
}

/* The last byte of each word of a batch. */
IN_LINE void logic_copy(const struct batch *batch, uint8_t *ret_logic)
{
	const octets last = {3, 7, 11, 15, 19, 23, 27, 31, 3, 7, 11, 15, 19, 23, 27, 31};
	const octets halves = {0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23};

	for (size_t at = 0; at < batch->count; at += sizeof(octets)) {
		octets part[4], logic;

		memcpy(part, batch->words + at * PPK2_WORD_BYTES, sizeof(part));
		logic = __builtin_shuffle(__builtin_shuffle(part[0], part[1], last),
					  __builtin_shuffle(part[2], part[3], last), halves);
		memcpy(ret_logic + at, &logic, sizeof(logic));
	}
}

/* Words are bytes in the processor's own order. */
IN_LINE bool batch_convert_lanes(const struct conversion_state *state, struct conversion_output out,
				 struct batch *batch)
{
	struct ppk2_range range;
	double below_a, above_a = state->range_max_a;
	longs below = {0}, above = {0};

	if (!batch_uniform(batch))
		return false;
	batch->range = ppk2_word_range(ppk2_word(batch->words));
	range = state->conversion->range[batch->range];
	below_a = misfit_below_a[batch->range];
	for (size_t at = 0; at < batch->count; at += LANES) {
		doubles r, current;
		floats rounded;
		ints word;

		memcpy(&word, batch->words + at * PPK2_WORD_BYTES, sizeof(word));
		r = __builtin_convertvector((word & PPK2_ADC_FULL_SCALE) << 2, doubles);
		r = (r - range.offset) * range.scale;
		current = range.user_gain *
			  (r * (range.gain_square * r + range.gain) + range.constant_a);
		below -= current < below_a;
		above -= current > above_a;
		rounded = __builtin_convertvector(current, floats);
		memcpy(out.current_a + at, &rounded, sizeof(rounded));
	}
	logic_copy(batch, out.logic);
	memset(out.range, (int)batch->range, batch->count);
	batch->below = (unsigned)(below[0] + below[1] + below[2] + below[3]);
	batch->above = (unsigned)(above[0] + above[1] + above[2] + above[3]);
	return true;
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static bool batch_convert_avx2(const struct conversion_state *state,
							       struct conversion_output out,
							       struct batch *batch)
{
	if (batch->count == BATCH) { /* loops of a known length */
		struct batch whole = {.words = batch->words, .count = BATCH};
		bool done = batch_convert_lanes(state, out, &whole);

		*batch = whole;
		return done;
	}
	return batch_convert_lanes(state, out, batch);
}
#endif

/* False: not uniform, nothing was done. */
static bool batch_convert(const struct conversion_state *state, struct conversion_output out,
			  struct batch *batch)
{
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
	return false; /* one by one */
#endif
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return batch_convert_avx2(state, out, batch);
#endif
	return batch_convert_lanes(state, out, batch);
}

static bool word_is_below(const struct conversion_state *state, const uint8_t *bytes)
{
	uint32_t word = ppk2_word(bytes), range = ppk2_word_range(word);

	return ppk2_convert(state->conversion, ppk2_word_adc(word), range) < misfit_below_a[range];
}

/* Runs of samples below go on from batch to batch. */
static void batch_count_misfits(struct conversion_state *state, const struct batch *batch)
{
	const uint8_t *bytes = batch->words;
	uint32_t leading = 0, trailing = 0;

	if (batch->below == batch->count) {
		state->misfit_run += batch->below;
	} else if (!batch->below) {
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

/* How many of the next BATCH words come before the next change of range. */
static size_t batch_prefix(const uint8_t *bytes)
{
	uint32_t range = ppk2_word_range(ppk2_word(bytes));
	size_t count = 1;

	while (count < BATCH &&
	       ppk2_word_range(ppk2_word(bytes + count * PPK2_WORD_BYTES)) == range)
		count++;
	return count;
}

/* False: not uniform, nothing was done. */
static bool convert_batch(struct conversion_state *state, const uint8_t *bytes, size_t count,
			  struct conversion_output out)
{
	struct batch batch = {.words = bytes, .count = count};

	if (!batch_convert(state, out, &batch))
		return false;
	state->switches += batch.range != state->last;
	state->last = batch.range;
	state->full_scale_run = 0;
	state->saturated |= batch.above > 0;
	batch_count_misfits(state, &batch);
	return true;
}

/* Of BATCH words all, or those before the next change of range; returns how many. What is no whole
 * number of grains, or holds a word at full scale, is converted one by one. */
static size_t convert_some(struct conversion_state *state, const uint8_t *bytes,
			   struct conversion_output out)
{
	size_t prefix, at;

	if (convert_batch(state, bytes, BATCH, out))
		return BATCH;
	prefix = batch_prefix(bytes);
	at = prefix / GRAIN * GRAIN;
	if (!at || !convert_batch(state, bytes, at, out))
		at = 0;
	out = (struct conversion_output){out.current_a + at, out.logic + at, out.range + at};
	convert_words(state, bytes + at * PPK2_WORD_BYTES, prefix - at, out);
	return prefix;
}

static void capture_convert(struct ppk2_capture *capture, struct meter_block *block,
			    const struct ppk2_run *run)
{
	struct conversion_state state = {
		.conversion = &capture->conversion,
		.range_max_a = capture->range_max_a,
		.last = capture->last_range_known ? capture->last_range
						  : ppk2_word_range(ppk2_word(run->bytes)),
		.full_scale_run = capture->full_scale_run,
		.misfit_run = capture->misfit_run,
	};
	size_t at = 0;

	while (run->count - at >= BATCH)
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
