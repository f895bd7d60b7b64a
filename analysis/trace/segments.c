/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Streaming integration between cuts. What is not summed yet lies, in this order, in the kept tail,
 * in a gap, in the block.
 */
#include "analysis/trace/segments.h"

#include <assert.h>
#include <math.h>
#include <string.h>

int segments_init(struct segments *segments, const struct segment_settings *settings)
{
	if (!isfinite(settings->rate_hz) || settings->rate_hz <= 0 ||
	    !isfinite(settings->supply_v) || settings->supply_v < 0 ||
	    !(settings->range_max_a >= 0) || settings->keep_samples > SEGMENT_KEEP_MAX)
		return ANALYSIS_BAD_ARGUMENT;
	segments->settings = *settings;
	segments->open = (struct segment){0};
	sample_sums_init(&segments->open.sums);
	segments->started = segments->has_voltage = false;
	segments->next_index = segments->kept_first = 0;
	segments->kept = 0;
	segments->block = (struct segment_block){0};
	return 0;
}

/* Samples that lie one after another. */
struct stretch {
	uint64_t first_index;
	size_t count;
	const float *current_a, *voltage_v;
	const uint8_t *saturated;
	bool all_saturated;
};

static bool stretch_marked(const struct stretch *stretch, size_t k)
{
	return stretch->all_saturated || (stretch->saturated && stretch->saturated[k]);
}

static void share_add(struct segments *segments, const struct stretch *stretch, size_t k,
		      double share)
{
	if (share > 0)
		sample_sums_add_share(&segments->open.sums, share, stretch->current_a[k],
				      stretch->voltage_v ? stretch->voltage_v + k : NULL,
				      stretch_marked(stretch, k), segments->settings.range_max_a);
}

static void whole_add(struct segments *segments, const struct stretch *stretch, size_t first,
		      size_t count)
{
	struct sample_sums *sums = &segments->open.sums;
	uint64_t saturated = sums->saturated;

	if (!count)
		return;
	sample_sums_add(sums, stretch->current_a + first,
			stretch->voltage_v ? stretch->voltage_v + first : NULL,
			stretch->saturated ? stretch->saturated + first : NULL, count,
			segments->settings.range_max_a);
	if (stretch->all_saturated)
		sums->saturated = saturated + count;
}

/* Sums what of the stretch lies between the open segment's end and position. */
static void stretch_sum(struct segments *segments, const struct stretch *stretch, double position)
{
	double base = (double)stretch->first_index;
	double from = segments->open.end_samples - base, to = position - base;
	size_t first, last;

	from = fmax(from, 0);
	to = fmin(to, (double)stretch->count);
	if (!(to > from))
		return;
	first = (size_t)from;
	last = (size_t)to;
	if (first == last) {
		share_add(segments, stretch, first, to - from);
	} else {
		if (from > (double)first) {
			share_add(segments, stretch, first, (double)(first + 1) - from);
			first++;
		}
		whole_add(segments, stretch, first, last - first);
		share_add(segments, stretch, last, to - (double)last);
	}
	segments->open.end_samples = base + to;
}

static struct stretch stretch_kept(const struct segments *segments)
{
	return (struct stretch){
		segments->kept_first,     segments->kept,
		segments->kept_current_a, segments->has_voltage ? segments->kept_voltage_v : NULL,
		segments->kept_saturated, false};
}

static struct stretch stretch_newest(const struct segment_block *block)
{
	return (struct stretch){block->first_index, block->count,     block->current_a,
				block->voltage_v,   block->saturated, block->all_saturated};
}

static void advance(struct segments *segments, double position)
{
	const struct segment_block *block = &segments->block;
	struct stretch tail = stretch_kept(segments), newest = stretch_newest(block);

	stretch_sum(segments, &tail, position);
	if (block->count && segments->open.end_samples < (double)block->first_index &&
	    position > segments->open.end_samples) {
		double to = fmin(position, (double)block->first_index);

		segments->open.lost += to - segments->open.end_samples;
		segments->open.end_samples = to;
	}
	stretch_sum(segments, &newest, position);
}

int segments_begin(struct segments *segments, const struct segment_block *block)
{
	assert(!segments->block.count);
	if (!block->current_a || !block->count ||
	    (segments->started && (block->first_index < segments->next_index ||
				   segments->has_voltage != !!block->voltage_v)))
		return ANALYSIS_BAD_ARGUMENT;
	if (!segments->started) {
		segments->started = true;
		segments->has_voltage = block->voltage_v;
		segments->next_index = segments->kept_first = block->first_index;
		segments->open.start_samples = segments->open.end_samples =
			(double)block->first_index;
	}
	segments->block = *block;
	segments->next_index = block->first_index + block->count;
	return 0;
}

double segments_earliest(const struct segments *segments)
{
	return segments->open.end_samples;
}

int segments_cut(struct segments *segments, double position_samples, struct segment *ret_segment)
{
	if (!segments->started || !(position_samples >= segments->open.end_samples) ||
	    position_samples > (double)segments->next_index)
		return ANALYSIS_OUTSIDE_CAPTURE;
	advance(segments, position_samples);
	*ret_segment = segments->open;
	segments->open = (struct segment){.start_samples = position_samples,
					  .end_samples = position_samples};
	sample_sums_init(&segments->open.sums);
	return 0;
}

static void keep_copy(struct segments *segments, size_t to, const struct stretch *from, size_t at,
		      size_t count)
{
	memmove(segments->kept_current_a + to, from->current_a + at, count * sizeof(float));
	if (from->voltage_v)
		memmove(segments->kept_voltage_v + to, from->voltage_v + at, count * sizeof(float));
	if (from->saturated && !from->all_saturated)
		memmove(segments->kept_saturated + to, from->saturated + at, count);
	else
		memset(segments->kept_saturated + to, from->all_saturated, count);
}

/* Keeps [first, next_index), which spans no gap. */
static void keep_tail(struct segments *segments, uint64_t first)
{
	const struct segment_block *block = &segments->block;
	struct stretch tail = stretch_kept(segments), newest = stretch_newest(block);
	size_t kept = 0;

	if (first < block->first_index) {
		kept = (size_t)(block->first_index - first);
		keep_copy(segments, 0, &tail, (size_t)(first - tail.first_index), kept);
	}
	keep_copy(segments, kept, &newest, (size_t)(first + kept - block->first_index),
		  (size_t)(segments->next_index - first) - kept);
	segments->kept_first = first;
	segments->kept = (size_t)(segments->next_index - first);
}

void segments_end(struct segments *segments)
{
	const struct segment_block *block = &segments->block;
	uint64_t after_tail = segments->kept_first + segments->kept;
	uint64_t keep = segments->settings.keep_samples, first;

	assert(block->count);
	first = segments->next_index > keep ? segments->next_index - keep : 0;
	/* behind a gap nothing from before is kept: markers before it are settled */
	if (first < block->first_index && (block->first_index > after_tail || !segments->kept))
		first = block->first_index;
	if (first < segments->kept_first)
		first = segments->kept_first;
	advance(segments, (double)first);
	keep_tail(segments, first);
	segments->block = (struct segment_block){0};
}

void segment_append(struct segment *segment, const struct segment *next)
{
	if (segment->start_samples == segment->end_samples) {
		*segment = *next;
		return;
	}
	sample_sums_merge(&segment->sums, &next->sums);
	segment->lost += next->lost;
	segment->end_samples = next->end_samples;
}

struct segment_values segment_values(const struct segment *segment,
				     const struct segment_settings *settings)
{
	const struct sample_sums *sums = &segment->sums;
	double length = segment->end_samples - segment->start_samples;
	struct segment_values values = {
		.duration_s = length / settings->rate_hz,
		.charge_c = sum_value(&sums->current) / settings->rate_hz,
		.complete = !segment_judge(segment),
	};

	values.energy_j = sums->has_voltage ? sum_value(&sums->power) / settings->rate_hz
					    : settings->supply_v * values.charge_c;
	if (length > 0)
		values.coverage = sums->covered / length;
	if (sums->covered > 0) {
		values.mean_a = sum_value(&sums->current) / sums->covered;
		values.mean_v = sums->has_voltage ? sum_value(&sums->voltage) / sums->covered
						  : settings->supply_v;
	}
	return values;
}

int segment_estimate(const struct segment *segment, const struct segment_settings *settings,
		     struct segment_estimate *ret_estimate)
{
	struct segment_values values = segment_values(segment, settings);
	double missing_s = values.duration_s * fmax(0, 1 - values.coverage);
	double span_a = (double)segment->sums.max_a - segment->sums.min_a;
	double u_charge_c;

	if (!(segment->sums.covered > 0))
		return ANALYSIS_SAMPLES_LOST;
	u_charge_c = missing_s * span_a / sqrt(12);
	*ret_estimate = (struct segment_estimate){
		.charge_c = values.charge_c / values.coverage,
		.u_charge_c = u_charge_c,
		.energy_j = values.energy_j / values.coverage,
		.u_energy_j = u_charge_c * fabs(values.mean_v),
	};
	return 0;
}

int segment_judge(const struct segment *segment)
{
	if (segment->lost > 0)
		return ANALYSIS_SAMPLES_LOST;
	if (segment->sums.not_finite)
		return ANALYSIS_NOT_FINITE;
	return segment->sums.saturated ? ANALYSIS_SATURATED : 0;
}
