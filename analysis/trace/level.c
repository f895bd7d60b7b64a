/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/trace/level.h"

#include <math.h>

/* The shortest shows a shift of a few milliseconds; where what is done repeatedly has phases at the
 * level of what surrounds it, the longer ones hold all phases. */
static const double blocks_s[] = {0.02, 0.1, 0.4};

/* Edges are rounded, and a millisecond or two late. */
enum { BLOCK_SAMPLES_MIN = 5, BLOCKS_MIN = 10, EDGE_SAMPLES = 4 };

struct span {
	const float *samples;
	size_t count;
};

static void top_fill(const struct span *span, struct level_check *check)
{
	float top = -INFINITY, second = -INFINITY;
	size_t at_top = 0, at_second = 0;

	for (size_t k = 0; k < span->count; k++) {
		float value = span->samples[k];

		if (value > top) {
			second = top;
			at_second = at_top;
			top = value;
			at_top = 1;
		} else if (value == top) {
			at_top++;
		} else if (value > second) {
			second = value;
			at_second = 1;
		} else if (value == second) {
			at_second++;
		}
	}
	check->top_share = (double)at_top / (double)span->count;
	check->top_pile = at_second ? (double)at_top / (double)at_second : INFINITY;
}

static void equal_fill(const struct span *span, struct level_check *check)
{
	size_t begin = 0;

	for (size_t k = 1; k <= span->count; k++) {
		if (k < span->count && span->samples[k] == span->samples[begin])
			continue;
		if (k - begin > check->longest_equal) {
			check->longest_equal = k - begin;
			check->longest_equal_at = begin;
		}
		begin = k;
	}
}

static double sum_of(const float *samples, size_t count)
{
	double sum = 0;

	for (size_t k = 0; k < count; k++)
		sum += samples[k];
	return sum;
}

/* Sums of all blocks but those within one block of the span's first and last one. */
static void inner_range(const struct span *span, size_t block, double *ret_least,
			double *ret_largest)
{
	size_t first = 2 * block, last = span->count - 3 * block;
	double sum = sum_of(span->samples + first, block);

	*ret_least = *ret_largest = sum;
	for (size_t k = first; k < last; k++) {
		sum += (double)span->samples[k + block] - span->samples[k];
		*ret_least = fmin(*ret_least, sum);
		*ret_largest = fmax(*ret_largest, sum);
	}
}

/* The first and the last block of one length; keeps the worst of all. */
static void block_judge(const struct span *span, size_t block, double rate_hz,
			struct level_check *check)
{
	double mean = sum_of(span->samples, span->count) / (double)span->count * (double)block;
	double first = sum_of(span->samples, block), least, largest, first_off, last_off;
	double last = sum_of(span->samples + span->count - block, block);

	inner_range(span, block, &least, &largest);
	first_off = fmax(fmax(least - first, first - largest), 0) / mean;
	last_off = fmax(fmax(least - last, last - largest), 0) / mean;
	if (!(fmax(first_off, last_off) > check->edge_off_rel))
		return;
	check->is_last = last_off > first_off;
	check->edge_off_rel = fmax(first_off, last_off);
	check->block_s = (double)block / rate_hz;
}

static void edges_fill(struct span span, double rate_hz, struct level_check *check)
{
	if (span.count < 2 * EDGE_SAMPLES)
		return;
	span.samples += EDGE_SAMPLES;
	span.count -= 2 * EDGE_SAMPLES;
	for (size_t i = 0; i < sizeof(blocks_s) / sizeof(blocks_s[0]); i++) {
		size_t block = (size_t)fmax(nearbyint(blocks_s[i] * rate_hz), BLOCK_SAMPLES_MIN);

		if (span.count >= BLOCKS_MIN * block)
			block_judge(&span, block, rate_hz, check);
	}
}

int level_check_window(const struct energy_trace *trace, double start_s, double end_s,
		       struct level_check *ret_check)
{
	struct level_check check = {0};
	struct energy_window window;
	size_t first;
	struct span span;
	int code = energy_window_integrate(trace, start_s, end_s, &window);

	if (code)
		return code;
	if (!(window.energy_j > 0))
		return ANALYSIS_BAD_ARGUMENT;
	first = (size_t)nearbyint(start_s * trace->rate_hz);
	span = (struct span){trace->samples + first,
			     (size_t)nearbyint(end_s * trace->rate_hz) - first};
	if (!span.count || first + span.count > trace->count)
		return ANALYSIS_OUTSIDE_CAPTURE;
	top_fill(&span, &check);
	equal_fill(&span, &check);
	check.longest_equal_at += first;
	edges_fill(span, trace->rate_hz, &check);
	*ret_check = check;
	return 0;
}
