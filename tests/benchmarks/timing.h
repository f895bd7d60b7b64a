/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the benchmarks share: clocks, and the middle of what was measured.
 */
#ifndef TESTS_BENCHMARKS_TIMING_H
#define TESTS_BENCHMARKS_TIMING_H

#include <stdlib.h>
#include <time.h>

static inline double clock_seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Processor time of this process, all threads together. */
static inline double processor_seconds(void)
{
	return clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static inline int doubles_compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Leaves them sorted, the least first: of times, the best. */
static inline double median_of(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), doubles_compare);
	return values[count / 2];
}

#endif
