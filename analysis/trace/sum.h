/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compensated summation (Neumaier 1974): the error does not grow with the number of terms. Must not
 * be compiled with -ffast-math.
 */
#ifndef ANALYSIS_TRACE_SUM_H
#define ANALYSIS_TRACE_SUM_H

#include <math.h>

struct sum {
	double total, compensation;
};

static inline void sum_add(struct sum *sum, double term)
{
	double next = sum->total + term;

	if (fabs(sum->total) >= fabs(term))
		sum->compensation += (sum->total - next) + term;
	else
		sum->compensation += (term - next) + sum->total;
	sum->total = next;
}

static inline double sum_value(const struct sum *sum)
{
	return sum->total + sum->compensation;
}

#endif
