/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sums over samples of current, and of voltage where the meter measures it, at the speed of a
 * stream: charge is the sum of i, energy the sum of i * v, sample by sample.
 *
 * Accuracy. The product of two floats is exact in double. Samples are added by chunks:
 * - Steady chunks, as of a board that is awake. Currents of one sign within 19 binades add up
 * exactly in double: each is a whole number of the least one's last bits. If besides voltages
 * differ by less than 1/64, the power is that sum times their middle, to which i * (v - middle)
 * adds less than 1/128: rounding takes less than 2^-54 of the whole.
 * - Others: each term is split, without error, at a bit that the chunk's largest term fixes; the
 * upper parts add up exactly, and the lower parts are below 2^-42 of that term, so that what their
 * sum loses is below 2^-75 of it (S. M. Rump, T. Ogita, S. Oishi: Accurate floating-point summation
 * part I, SIAM J. Sci. Comput. 31 (2008), lemma 3.3).
 * Chunks are added with struct sum. In whatever pieces samples come, results differ from exact
 * arithmetic's by 1 ulp at most as long as terms do not cancel each other; in the same pieces, they
 * are the same whichever path runs.
 *
 * A sample that is no finite number, or whose voltage is not, is in no sum: it is counted.
 */
#ifndef ANALYSIS_TRACE_SAMPLES_H
#define ANALYSIS_TRACE_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/sum.h"

struct sample_path;

struct sample_sums {
	struct sum current;  /* A samples */
	struct sum voltage;  /* V samples; 0 without voltage */
	struct sum power;    /* W samples; 0 without voltage */
	double covered;      /* samples in the sums; shares of samples count as such */
	uint64_t not_finite; /* samples left out for that */
	uint64_t saturated; /* samples at or above the limit, or marked by the meter; in the sums */
	float min_a, max_a; /* of samples touched; min > max when there are none */
	bool has_voltage;   /* power and voltage are sums, not just 0 */
};

void sample_sums_init(struct sample_sums *sums);

/* Adds count samples. voltage_v: NULL when not measured, then power stays 0. saturated: per sample,
 * non-zero: the meter marked it; NULL: nothing marked. limit_a: a current at or above it counts as
 * saturated; 0: none. */
void sample_sums_add(struct sample_sums *sums, const float *current_a, const float *voltage_v,
		     const uint8_t *saturated, size_t count, double limit_a);

/* A way to add that this processor can run, the fastest first; NULL behind the last. All give the
 * same results; sample_sums_add takes the first. */
const struct sample_path *sample_path_at(size_t place);
const char *sample_path_name(const struct sample_path *path);
/* For tests and comparisons. */
void sample_sums_add_by(const struct sample_path *path, struct sample_sums *sums,
			const float *current_a, const float *voltage_v, const uint8_t *saturated,
			size_t count, double limit_a);

/* Adds the share (0..1) of one sample. voltage_v: NULL or its voltage. */
void sample_sums_add_share(struct sample_sums *sums, double share, float current_a,
			   const float *voltage_v, bool saturated, double limit_a);

/* Adds what other holds. */
void sample_sums_merge(struct sample_sums *sums, const struct sample_sums *other);

#endif
