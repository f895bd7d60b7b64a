/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/budget/moments.h"

#include <math.h>

void moments_add(struct moments *moments, double value)
{
	double shifted;

	if (!moments->count++)
		moments->origin = value;
	shifted = value - moments->origin;
	sum_add(&moments->shifted, shifted);
	sum_add(&moments->squares, shifted * shifted);
}

void moments_add_all(struct moments *moments, const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		moments_add(moments, values[i]);
}

static void sum_add_sum(struct sum *sum, const struct sum *other)
{
	struct sum copy = *other;

	sum_add(sum, copy.total);
	sum_add(sum, copy.compensation);
}

/* The other part's deviations are those from its own origin; seen from here each is larger by
 * `step`. */
void moments_combine(struct moments *moments, const struct moments *other)
{
	struct moments part = *other;
	double step = part.origin - moments->origin, n = (double)part.count;

	if (!part.count)
		return;
	if (!moments->count) {
		*moments = part;
		return;
	}
	sum_add_sum(&moments->squares, &part.squares);
	sum_add(&moments->squares, 2 * step * sum_value(&part.shifted));
	sum_add(&moments->squares, step * step * n);
	sum_add_sum(&moments->shifted, &part.shifted);
	sum_add(&moments->shifted, step * n);
	moments->count += part.count;
}

double moments_mean(const struct moments *moments)
{
	if (!moments->count)
		return NAN;
	return moments->origin + sum_value(&moments->shifted) / (double)moments->count;
}

double moments_total(const struct moments *moments)
{
	return moments->origin * (double)moments->count + sum_value(&moments->shifted);
}

double moments_sd(const struct moments *moments)
{
	double n = (double)moments->count, shifted = sum_value(&moments->shifted);

	if (!moments->count)
		return NAN;
	if (moments->count == 1)
		return 0;
	return sqrt(fmax(0, sum_value(&moments->squares) - shifted * shifted / n) / (n - 1));
}
