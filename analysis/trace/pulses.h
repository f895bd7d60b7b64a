/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Markers as pulses: the line rests at one level, and each event is a pulse that holds for a known
 * time (EEMBC's EnergyRunner: falling edge, held for 50 us at least). The event is the pulse's
 * first edge. A pulse shorter than a sample leaves nothing to see, and a pulse has no parity: only
 * its count, its length and the distances between pulses can tell.
 */
#ifndef ANALYSIS_TRACE_PULSES_H
#define ANALYSIS_TRACE_PULSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/error.h"
#include "analysis/trace/marker_stream.h"

struct pulse_settings {
	bool active_high;            /* false: falling edges are the events */
	double hold_min_samples;     /* shorter ones are strays */
	double hold_max_samples;     /* longer ones are counted as long; 0: no limit */
	double distance_min_samples; /* closer ones are bounces of the one before; 0: none are */
	/* Called for each pulse when it ends. */
	void (*pulse)(void *user, double position_samples, double hold_samples);
	void *user;
};

struct pulses {
	struct pulse_settings settings;
	uint64_t seen, strays, longs, bounces;
	bool open; /* a pulse has begun, at ... */
	double opened_at, last_at;
	bool in_gap; /* an edge lay in lost samples: counts are not to be believed */
};

/* What stands against the pulses of a run; all zero or true when nothing does. */
struct pulse_check {
	int64_t missing; /* expected - seen */
	bool rests;      /* the line is back at its resting level */
	uint64_t strays, longs, bounces;
	bool in_gap;
	bool ok; /* nothing missing, no longs, rests, not in_gap. Strays and bounces are reported,
		    and do not refuse */
};

/* ANALYSIS_BAD_ARGUMENT. */
int pulses_init(struct pulses *pulses, const struct pulse_settings *settings);
/* The next edge of the line (marker_stream's events of that line, with a debounce below hold_min).
 */
void pulses_add(struct pulses *pulses, const struct marker_event *event);
struct pulse_check pulses_check(const struct pulses *pulses, uint64_t expected);

#endif
