/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A stream of samples cut into segments: charge and energy between consecutive cuts. Blocks go in
 * one after another, cuts in order of position; memory is constant, the cost linear in samples.
 *
 * Positions are fractional and count in the meter's sample index, lost samples included: sample k
 * is the mean over [k, k+1), a cut at k + 0.25 gives a quarter of it to the segment before.
 *
 * Lost samples are neither zero nor interpolated: they are in no sum, and the segment says so. What
 * the meter or a caller makes of them is a separate, named step (segment_estimate).
 *
 * A cut may lie up to keep_samples behind the newest sample: markers are known late.
 */
#ifndef ANALYSIS_TRACE_SEGMENTS_H
#define ANALYSIS_TRACE_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/error.h"
#include "analysis/trace/samples.h"

enum { SEGMENT_KEEP_MAX = 2048 };

struct segment {
	double start_samples, end_samples;
	struct sample_sums sums;
	double lost; /* samples; shares of samples count as such */
};

struct segment_settings {
	double rate_hz;
	double supply_v;     /* for meters that do not measure voltage */
	double range_max_a;  /* a sample at or above it counts as saturated; 0: no limit */
	size_t keep_samples; /* 0..SEGMENT_KEEP_MAX */
};

/* One block of the meter; the arrays stay the caller's, and are read until segments_end. */
struct segment_block {
	uint64_t first_index; /* a jump from the last block's end is lost samples */
	const float *current_a;
	const float *voltage_v;   /* NULL: not measured, in all blocks alike */
	const uint8_t *saturated; /* per sample, non-zero: at the meter's limit; NULL: not known */
	size_t count;
	bool all_saturated; /* the meter marks blocks, not samples */
};

struct segments {
	struct segment_settings settings;
	struct segment open;
	bool started, has_voltage;
	uint64_t next_index; /* end of the newest block */
	/* the tail of the last block, not summed yet */
	uint64_t kept_first;
	size_t kept;
	float kept_current_a[SEGMENT_KEEP_MAX], kept_voltage_v[SEGMENT_KEEP_MAX];
	uint8_t kept_saturated[SEGMENT_KEEP_MAX];
	struct segment_block block; /* between begin and end */
};

/* ANALYSIS_BAD_ARGUMENT. */
int segments_init(struct segments *segments, const struct segment_settings *settings);
/* A block comes; cuts may then lie anywhere up to its end. ANALYSIS_BAD_ARGUMENT: nothing in it, an
 * index before the last block's end, or voltage come or gone. */
int segments_begin(struct segments *segments, const struct segment_block *block);
/* Ends the open segment at the position and opens the next there. ANALYSIS_OUTSIDE_CAPTURE: before
 * the last cut, further back than what is kept, or behind the newest sample. */
int segments_cut(struct segments *segments, double position_samples, struct segment *ret_segment);
/* The block was used. */
void segments_end(struct segments *segments);
/* Where a cut may not be before. */
double segments_earliest(const struct segments *segments);

/* Two segments, the second beginning where the first ends, as one: the same numbers, to 1 ulp, as
 * if there had been no cut. An empty first (all zero) takes the second as it is. */
void segment_append(struct segment *segment, const struct segment *next);

/* What a segment amounts to. */
struct segment_values {
	double duration_s;
	double coverage;       /* share of the duration that was summed */
	double charge_c;       /* of the samples that are there */
	double energy_j;       /* sum of i * v, or supply_v * charge */
	double mean_a, mean_v; /* of the samples that are there; 0 when there are none */
	bool complete;         /* nothing lost, nothing left out, nothing saturated */
};

struct segment_values segment_values(const struct segment *segment,
				     const struct segment_settings *settings);

/* Charge and energy had the missing samples been like those that are there, and what that
 * assumption may cost: the missing share times the whole span between the least and the largest
 * sample, as a rectangle: / sqrt(12). Never to be used without saying so. ANALYSIS_SAMPLES_LOST
 * when nothing is there. */
struct segment_estimate {
	double charge_c, u_charge_c;
	double energy_j, u_energy_j;
};

int segment_estimate(const struct segment *segment, const struct segment_settings *settings,
		     struct segment_estimate *ret_estimate);

/* ANALYSIS_SAMPLES_LOST, _NOT_FINITE, _SATURATED, in this order, or 0: may it be believed? */
int segment_judge(const struct segment *segment);

#endif
