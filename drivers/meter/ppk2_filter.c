/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nordic Power Profiler Kit II: the host-side spike filter, after the vendor's pc-nrfconnect-ppk.
 * Two exponential averages run over all samples. From a range change on, three samples are replaced
 * by an average; in range 4 the first two of them do not enter the averages either.
 */
#include "drivers/meter/ppk2_filter.h"

enum { FILTER_REPLACED = 3, FILTER_IGNORED = 2, FILTER_TOP_RANGE = 4 };

static const double alpha = 0.18;
static const double alpha_slow = 0.06;

void ppk2_filter_init(struct ppk2_filter *filter)
{
	*filter = (struct ppk2_filter){0};
}

static double filter_replace(struct ppk2_filter *filter, const struct ppk2_filter *before,
			     uint32_t range)
{
	if (before->range != range) {
		filter->since_change = 0;
		filter->replace = FILTER_REPLACED;
	} else {
		filter->since_change++;
	}
	filter->replace--;
	if (range != FILTER_TOP_RANGE)
		return filter->average;
	if (filter->since_change < FILTER_IGNORED) {
		filter->average = before->average;
		filter->average_slow = before->average_slow;
	}
	return filter->average_slow;
}

double ppk2_filter_apply(struct ppk2_filter *filter, double current_a, uint32_t range)
{
	struct ppk2_filter before = *filter;

	if (!filter->started) {
		*filter = (struct ppk2_filter){.average = current_a,
					       .average_slow = current_a,
					       .range = range,
					       .started = true};
		return current_a;
	}
	filter->average = alpha * current_a + (1 - alpha) * filter->average;
	filter->average_slow = alpha_slow * current_a + (1 - alpha_slow) * filter->average_slow;
	filter->range = range;
	if (before.range == range && filter->replace <= 0)
		return current_a;
	return filter_replace(filter, &before, range);
}
