/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The same window integrated twice: by the instrument itself, from all of its samples (INA228's
 * energy register, the statistics of Joulescopes), and by the host, from those that arrived.
 */
#ifndef ANALYSIS_TRACE_INTEGRAL_H
#define ANALYSIS_TRACE_INTEGRAL_H

#include <stdbool.h>

#include "analysis/trace/error.h"

#define INTEGRAL_COVERAGE                                                                          \
	3.0 /* standard uncertainties of the difference that are still agreement */

struct integral {
	double value;    /* C or J */
	double u;        /* standard uncertainty, without what both share (gain, offset) */
	double coverage; /* share of the window's samples in it; 1 for the instrument's own */
};

struct integral_comparison {
	double difference, u_difference; /* meter less stream */
	double difference_rel;           /* of the meter's */
	double normalised;               /* difference / u_difference */
	double lost_value;               /* what the lost samples are worth at the stream's mean */
	bool agree;                      /* as they are */
	bool agree_with_lost;            /* once lost_value is added: lost samples explain it */
};

/* The stream's value is compared as it is; lost samples are never filled in. Where both are exact
 * (u 0) they agree when equal. ANALYSIS_BAD_ARGUMENT (coverage not in (0, 1]),
 * ANALYSIS_BAD_UNCERTAINTY. */
int integral_compare(const struct integral *meter, const struct integral *stream,
		     struct integral_comparison *ret_comparison);

#endif
