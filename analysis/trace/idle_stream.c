/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Batches in a ring, and the level that the latest of them make up.
 */
#include "analysis/trace/idle_stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int idle_stream_init(struct idle_stream *idle, size_t samples, size_t behind,
		     const struct run_settings *settings)
{
	size_t length = samples / IDLE_BATCHES ? samples / IDLE_BATCHES : 1;

	*idle = (struct idle_stream){.length = length,
				     .batches = samples < IDLE_BATCHES ? samples : IDLE_BATCHES,
				     .capacity = IDLE_BATCHES + behind / length + 2,
				     .supply_v = settings->supply_v,
				     .range_max_a = settings->range_max_a};
	idle->ring = calloc(idle->capacity, sizeof(*idle->ring));
	return idle->ring ? 0 : ANALYSIS_NO_MEMORY;
}

void idle_stream_done(struct idle_stream *idle)
{
	free(idle->ring);
	idle->ring = NULL;
}

void idle_stream_restart(struct idle_stream *idle, uint64_t origin)
{
	memset(idle->ring, 0, idle->capacity * sizeof(*idle->ring));
	idle->origin = idle->next_index = origin;
	idle->started = true;
}

static struct idle_batch *batch_at(struct idle_stream *idle, uint64_t number)
{
	struct idle_batch *batch = &idle->ring[number % idle->capacity];

	if (batch->number != number)
		*batch = (struct idle_batch){.number = number};
	return batch;
}

static void batch_add(struct idle_batch *batch, const struct idle_stream *idle,
		      const struct run_block *block, size_t first, size_t end)
{
	for (size_t k = first; k < end; k++) {
		double current_a = (double)block->current_a[k], off;
		double voltage_v = block->voltage_v ? (double)block->voltage_v[k] : idle->supply_v;

		batch->saturated += block->saturated ||
				    (idle->range_max_a > 0 && current_a >= idle->range_max_a);
		if (!isfinite(current_a) || !isfinite(voltage_v)) {
			batch->not_finite++;
			continue;
		}
		if (!batch->count++)
			batch->reference_a = batch->max_a = current_a;
		batch->max_a = fmax(batch->max_a, current_a);
		off = current_a - batch->reference_a;
		batch->sum_a += off;
		batch->square += off * off;
		batch->power_w += current_a * voltage_v;
	}
}

/* Lost samples count where they would have been; of a long gap only the latest batches are kept
 * anyway. */
static void gap_add(struct idle_stream *idle, uint64_t to)
{
	uint64_t kept = idle->capacity * idle->length;

	if (to - idle->next_index > kept)
		idle->next_index = to - kept;
	while (idle->next_index < to) {
		uint64_t number = (idle->next_index - idle->origin) / idle->length;
		uint64_t end = idle->origin + (number + 1) * idle->length;

		end = end < to ? end : to;
		batch_at(idle, number)->lost += end - idle->next_index;
		idle->next_index = end;
	}
}

void idle_stream_add(struct idle_stream *idle, const struct run_block *block, uint64_t from,
		     uint64_t to)
{
	if (!idle->started)
		idle_stream_restart(idle, from);
	if (from < idle->next_index)
		from = idle->next_index;
	if (from >= to)
		return;
	gap_add(idle, from);
	while (from < to) {
		uint64_t number = (from - idle->origin) / idle->length;
		uint64_t end = idle->origin + (number + 1) * idle->length;

		end = end < to ? end : to;
		batch_add(batch_at(idle, number), idle, block, (size_t)(from - block->first_index),
			  (size_t)(end - block->first_index));
		from = end;
	}
	idle->next_index = to;
}

/* Sums over batches, by their means and scatters. */
struct level {
	double square, power_w;
	double reference_a, off, off_square; /* of the means of whole batches */
	size_t whole;
};

static void level_add(struct level *level, struct run_idle *idle, const struct idle_batch *batch,
		      uint64_t length)
{
	double n = (double)batch->count, m = (double)idle->samples, mean, off;

	idle->lost += batch->lost;
	idle->not_finite += batch->not_finite;
	idle->saturated += batch->saturated;
	if (!batch->count)
		return;
	idle->max_a = idle->samples ? fmax(idle->max_a, batch->max_a) : batch->max_a;
	mean = batch->reference_a + batch->sum_a / n;
	off = mean - idle->mean_a;
	level->square += batch->square - batch->sum_a * batch->sum_a / n;
	if (idle->samples)
		level->square += off * off * n * m / (n + m);
	idle->mean_a = idle->samples ? idle->mean_a + off * n / (n + m) : mean;
	idle->samples += batch->count;
	level->power_w += batch->power_w;
	if (batch->count < length)
		return;
	if (!level->whole++)
		level->reference_a = mean;
	level->off += mean - level->reference_a;
	level->off_square += (mean - level->reference_a) * (mean - level->reference_a);
}

uint64_t idle_stream_level(const struct idle_stream *idle, uint64_t until,
			   struct run_idle *ret_level)
{
	struct run_idle result = {0};
	struct level level = {0};
	uint64_t end, first;
	double batch_u = 0;

	if (!idle->started || until <= idle->origin) {
		*ret_level = result;
		return 0;
	}
	end = (until - idle->origin) / idle->length;
	first = end > idle->batches ? end - idle->batches : 0;
	for (uint64_t number = first; number < end; number++) {
		const struct idle_batch *batch = &idle->ring[number % idle->capacity];

		if (batch->number == number)
			level_add(&level, &result, batch, idle->length);
	}
	if (idle->length > 1 && level.whole > 1) {
		double n = (double)level.whole;

		batch_u = sqrt(fmax(0, level.off_square - level.off * level.off / n) / (n - 1) / n);
	}
	if (result.samples > 1)
		result.sd_a = sqrt(fmax(0, level.square) / ((double)result.samples - 1));
	if (result.samples) {
		result.mean_u_a = fmax(result.sd_a / sqrt((double)result.samples), batch_u);
		result.mean_w = level.power_w / (double)result.samples;
	}
	result.middle_samples =
		(double)idle->origin + (double)(first + end) / 2 * (double)idle->length;
	*ret_level = result;
	return result.samples;
}
