/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Mean and standard deviation of a stream of numbers, in parts that can be combined: what two parts
 * give together is what the whole gives. Deviations are taken from the first number, and both sums
 * are compensated, so neither a large common value nor a long stream costs digits.
 */
#ifndef ANALYSIS_BUDGET_MOMENTS_H
#define ANALYSIS_BUDGET_MOMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/sum.h"

struct moments {
	uint64_t count;
	double origin;      /* the first number */
	struct sum shifted; /* sum of (value - origin) */
	struct sum squares; /* sum of (value - origin)^2 */
};

/* Zeroed is empty. Values are finite. */
void moments_add(struct moments *moments, double value);
void moments_add_all(struct moments *moments, const double *values, size_t count);
/* As if all that went into `other` had come after what is in `moments`. They may be the same. */
void moments_combine(struct moments *moments, const struct moments *other);

double moments_mean(const struct moments *moments); /* NaN when empty */
double moments_total(const struct moments *moments);
double moments_sd(const struct moments *moments); /* divisor n - 1; 0 with one, NaN when empty */

#endif
