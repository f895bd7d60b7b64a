/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cuts slices of true current and voltage into the sample intervals of an instrument's crystal: 2
 * MSa/s in the Joulescopes JS220 and JS110. A sample is the mean over its interval; logic inputs
 * are taken at its end.
 */
#ifndef RIGS_VIRTUAL_METERS_JS220_SLICES_H
#define RIGS_VIRTUAL_METERS_JS220_SLICES_H

#include <stdbool.h>
#include <stdint.h>

#define JS_TICK_PS         500000 /* 2 MSa/s */
#define JS_CRYSTAL_MAX_PPB 30000  /* assumed */

struct js_tick {
	double current_a, voltage_v;
	uint8_t logic;
};

struct js_slices {
	int32_t crystal_ppb;
	uint64_t ticks; /* that are over */
	int64_t at_ps, origin_ps;
	double charge_c, flux_vs; /* of the tick under way */
	bool begun;
};

void js_slices_init(struct js_slices *slices, uint64_t seed);

/* True time of the end of tick n (from 0) after the first slice's start. */
int64_t js_slices_end_ps(const struct js_slices *slices, uint64_t n);

/* Feeds start_ps..end_ps with constant values and calls sample for each tick that ends in it. A
 * slice begins where the one before ended. */
void js_slices_feed(struct js_slices *slices, int64_t start_ps, int64_t end_ps,
		    const struct js_tick *values,
		    void (*sample)(void *context, const struct js_tick *tick), void *context);

/* The same without samples. Returns the number of ticks that ended. */
uint64_t js_slices_skip(struct js_slices *slices, int64_t start_ps, int64_t end_ps,
			const struct js_tick *values);

#endif
