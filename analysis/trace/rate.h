/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Is a meter's rate what it says? Instruments and their software are known to be wrong by simple
 * factors, not only by ppm: an N6705 with several modules gives 1.33 or 2 times the samples
 * (eembc/energyrunner issue 24: voltage samples interleaved, energy too low). Such a factor is
 * found by name, with its evidence, never corrected silently.
 */
#ifndef ANALYSIS_TRACE_RATE_H
#define ANALYSIS_TRACE_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/clock_map.h"
#include "analysis/trace/error.h"

enum rate_verdict_name {
	RATE_NOMINAL = 1,
	RATE_FACTOR,    /* a known factor off: see factor */
	RATE_OFF,       /* wrong, by no known factor */
	RATE_UNCERTAIN, /* measured too badly to tell the factors apart */
};

struct rate_verdict {
	enum rate_verdict_name name;
	double nominal_hz, measured_hz, u_measured_hz;
	double ratio, u_ratio;   /* measured over nominal */
	double factor;           /* the nearest known one; 1 when nominal */
	const char *factor_text; /* "4/3"; static */
	const char *cause;       /* what is known to do that; static, "" */
	double residual_rel;     /* ratio / factor - 1 */
	uint64_t points;         /* the evidence: arrivals or windows, */
	double span_s;           /* over so long */
};

/* tolerance_rel: of honest clocks, e.g. 1e-3 to 2e-2. Factors: 1/2, 2/3, 3/4, 1, 4/3, 3/2, 2.
 * ANALYSIS_BAD_ARGUMENT: a rate that is not positive, a tolerance not within 0..0.1. */
int rate_judge(double measured_hz, double u_measured_hz, double nominal_hz, double tolerance_rel,
	       struct rate_verdict *ret_verdict);
/* The same from a clock map's line, with its points as evidence. */
int rate_judge_line(const struct clock_line *line, double nominal_hz, double tolerance_rel,
		    struct rate_verdict *ret_verdict);
/* "the meter runs at 1.3333 of its nominal rate: 133333 Hz +- 2 Hz for 100000 Hz, from 812 blocks
 * over 3.32 s; 4/3, as ...". Cut when capacity is too small; returns what the whole would take. */
int rate_verdict_text(const struct rate_verdict *verdict, char *ret_text, size_t capacity);

#endif
