/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/joulescope_blocks.h"

#include <math.h>
#include <string.h>

enum { BATCH = 64, LANES = 8, END_SHIFT = 4, INPUTS = 0x0f };

typedef float floats __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t ints __attribute__((vector_size(LANES * sizeof(int32_t))));

static void watch_restart(struct joulescope_blocks *blocks)
{
	blocks->over_run = blocks->misfit_run = 0;
	blocks->has_last = false;
}

static void mean_restart(struct joulescope_blocks *blocks)
{
	blocks->filled = 0;
	blocks->current_sum = blocks->voltage_sum = blocks->raw_sum = 0;
}

void joulescope_blocks_restart(struct joulescope_blocks *blocks)
{
	blocks->next_index = blocks->filled_index = 0;
	blocks->flags = blocks->range_switches = 0;
	watch_restart(blocks);
	mean_restart(blocks);
}

/* --- limits ----------------------------------------------------------------------------------- */

static void watch_samples(struct joulescope_blocks *blocks, const float *current_a,
			  const uint8_t *range, size_t count)
{
	for (size_t n = 0; n < count; n++) {
		uint8_t r = range[n] % METER_RANGES_MAX;
		const struct joulescope_limit *limit = &blocks->limit[r];
		float a = current_a[n];

		blocks->range_switches += blocks->has_last && r != blocks->last_range;
		blocks->has_last = true;
		blocks->last_range = r;
		blocks->over_run =
			a >= limit->over_a || a <= limit->under_a ? blocks->over_run + 1 : 0;
		blocks->misfit_run = fabsf(a) < limit->misfit_a ? blocks->misfit_run + 1 : 0;
		if (blocks->over_run >= limit->over_samples)
			blocks->flags |= METER_BLOCK_SATURATED;
		if (blocks->misfit_samples && blocks->misfit_run >= blocks->misfit_samples)
			blocks->flags |= METER_BLOCK_RANGE_MISFIT;
	}
}

struct batch {
	bool any_over, any_below, any_not_below;
};

static inline __attribute__((always_inline)) struct batch
batch_compare_lanes(const float *current_a, const struct joulescope_limit *limit)
{
	ints over = {0}, below = {0}, not_below = {0};
	struct batch any = {false, false, false};
	floats a, zero = {0};

	for (int n = 0; n < BATCH; n += LANES) {
		ints is_below;

		memcpy(&a, current_a + n, sizeof(a));
		over |= (a >= zero + limit->over_a) | (a <= zero + limit->under_a);
		is_below = (a < zero + limit->misfit_a) & (a > zero - limit->misfit_a);
		below |= is_below;
		not_below |= ~is_below;
	}
	for (int i = 0; i < LANES; i++) {
		any.any_over |= over[i] != 0;
		any.any_below |= below[i] != 0;
		any.any_not_below |= not_below[i] != 0;
	}
	return any;
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static struct batch
batch_compare_avx2(const float *current_a, const struct joulescope_limit *limit)
{
	return batch_compare_lanes(current_a, limit);
}
#endif

static struct batch batch_compare(const float *current_a, const struct joulescope_limit *limit)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return batch_compare_avx2(current_a, limit);
#endif
	return batch_compare_lanes(current_a, limit);
}

static bool batch_has_one_range(const uint8_t *range)
{
	uint64_t first = range[0] * UINT64_C(0x0101010101010101), differ = 0;

	for (int n = 0; n < BATCH; n += 8) {
		uint64_t word;

		memcpy(&word, range + n, sizeof(word));
		differ |= word ^ first;
	}
	return !differ;
}

/* BATCH samples, like watch_samples; false: they must be looked at one by one. */
static bool watch_batch(struct joulescope_blocks *blocks, const float *current_a,
			const uint8_t *range)
{
	uint8_t r = range[0] % METER_RANGES_MAX;
	struct batch batch;

	if (!blocks->has_last || r != blocks->last_range || !batch_has_one_range(range))
		return false;
	batch = batch_compare(current_a, &blocks->limit[r]);
	if (batch.any_over || (batch.any_below && batch.any_not_below))
		return false;
	if (batch.any_below && blocks->misfit_samples &&
	    blocks->misfit_run + BATCH >= blocks->misfit_samples)
		return false;
	blocks->over_run = 0;
	blocks->misfit_run = batch.any_below ? blocks->misfit_run + BATCH : 0;
	return true;
}

static void watch(struct joulescope_blocks *blocks, const float *current_a, const uint8_t *range,
		  size_t count)
{
	size_t at = 0;

	for (; count - at >= BATCH; at += BATCH)
		if (!watch_batch(blocks, current_a + at, range + at))
			watch_samples(blocks, current_a + at, range + at, BATCH);
	watch_samples(blocks, current_a + at, range + at, count - at);
}

/* --- into the block --------------------------------------------------------------------------- */

static const float *raw_of(const struct joulescope_samples *samples)
{
	return samples->raw_current_a ? samples->raw_current_a : samples->current_a;
}

static void count_corrected(struct meter_block *block, uint32_t from)
{
	while (from < block->count) {
		uint32_t left = block->count - from, end = from + (left < BATCH ? left : BATCH);

		if (!memcmp(block->current_a + from, block->raw_current_a + from,
			    (end - from) * sizeof(float)))
			from = end;
		for (; from < end; from++)
			block->corrected += memcmp(&block->current_a[from],
						   &block->raw_current_a[from], sizeof(float)) != 0;
	}
}

static void begin_at(struct joulescope_blocks *blocks, struct meter_block *block, uint64_t index)
{
	if (block->count)
		return;
	block->first_index = index;
	block->lost = index - blocks->next_index;
}

static size_t add_plain(struct joulescope_blocks *blocks, struct meter_block *block,
			const struct joulescope_samples *samples)
{
	size_t room = METER_BLOCK_MAX - block->count, at = block->count;
	size_t count = samples->count < room ? samples->count : room;

	begin_at(blocks, block, samples->index);
	memcpy(block->current_a + at, samples->current_a, count * sizeof(float));
	memcpy(block->voltage_v + at, samples->voltage_v, count * sizeof(float));
	if (samples->raw_current_a)
		memcpy(block->raw_current_a + at, samples->raw_current_a, count * sizeof(float));
	memcpy(block->logic + at, samples->logic, count);
	memcpy(block->range + at, samples->range, count);
	block->count += (uint32_t)count;
	if (samples->raw_current_a)
		count_corrected(block, (uint32_t)at);
	blocks->next_index = samples->index + count;
	return count;
}

/* The middle of an even number of samples is the end of one, that of an odd number the middle of
 * one. */
static void mean_add(struct joulescope_blocks *blocks, const struct joulescope_samples *samples,
		     size_t n)
{
	uint8_t logic = samples->logic[n];

	if (blocks->filled == (blocks->factor - 1) / 2)
		blocks->middle_logic = blocks->factor % 2 ? logic & INPUTS : logic >> END_SHIFT;
	blocks->current_sum += (double)samples->current_a[n];
	blocks->voltage_sum += (double)samples->voltage_v[n];
	blocks->raw_sum += (double)raw_of(samples)[n];
	blocks->filled++;
}

static void mean_put(struct joulescope_blocks *blocks, struct meter_block *block,
		     const struct joulescope_samples *samples, size_t n)
{
	uint32_t at = block->count++;

	block->current_a[at] = (float)(blocks->current_sum / blocks->factor);
	block->voltage_v[at] = (float)(blocks->voltage_sum / blocks->factor);
	block->raw_current_a[at] = (float)(blocks->raw_sum / blocks->factor);
	block->logic[at] = (uint8_t)(blocks->middle_logic | (samples->logic[n] & ~INPUTS));
	block->range[at] = samples->range[n];
	if (samples->raw_current_a)
		count_corrected(block, at);
	mean_restart(blocks);
}

static size_t add_means(struct joulescope_blocks *blocks, struct meter_block *block,
			const struct joulescope_samples *samples)
{
	uint32_t factor = blocks->factor;

	if (blocks->filled_index != samples->index)
		mean_restart(blocks);
	for (size_t n = 0; n < samples->count; n++) {
		uint64_t index = samples->index + n;

		if (block->count == METER_BLOCK_MAX)
			return n;
		blocks->filled_index = index + 1;
		if (!blocks->filled && index % factor)
			continue;
		mean_add(blocks, samples, n);
		if (blocks->filled < factor)
			continue;
		begin_at(blocks, block, index / factor);
		mean_put(blocks, block, samples, n);
		blocks->next_index = index / factor + 1;
	}
	return samples->count;
}

/* Whether the block must end before these: what comes out of them does not follow on. */
static bool is_behind_gap(const struct joulescope_blocks *blocks, const struct meter_block *block,
			  uint64_t index)
{
	if (!block->count)
		return false;
	if (blocks->filled_index == index && blocks->factor > 1)
		return false;
	return (index + blocks->factor - 1) / blocks->factor != blocks->next_index;
}

size_t joulescope_blocks_add(struct joulescope_blocks *blocks, struct meter_block *block,
			     const struct joulescope_samples *samples)
{
	size_t taken;

	if (block->count == METER_BLOCK_MAX || is_behind_gap(blocks, block, samples->index))
		return 0;
	if (samples->index != blocks->filled_index) /* a gap ends what lasted */
		watch_restart(blocks);
	taken = blocks->factor > 1 ? add_means(blocks, block, samples)
				   : add_plain(blocks, block, samples);
	blocks->filled_index = samples->index + taken;
	if (!taken)
		return 0;
	blocks->flags |= samples->flags;
	if (blocks->factor > 1)
		watch(blocks, samples->current_a, samples->range, taken);
	return taken;
}

void joulescope_blocks_finish(struct joulescope_blocks *blocks, struct meter_block *block)
{
	if (blocks->factor == 1)
		watch(blocks, block->current_a, block->range, block->count);
	block->flags |= blocks->flags;
	block->range_switches += blocks->range_switches;
	blocks->flags = blocks->range_switches = 0;
}
