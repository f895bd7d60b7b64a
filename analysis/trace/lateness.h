/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Losses that no counter shows. A block that is late may be followed by one that is not; when
 * samples are missing, every later block is late, for good, by a whole number of the counter's
 * wraps. Arrivals are taken in groups, the least late of a group against the line under all earlier
 * ones (clock_map.h). A step is believed when all groups for confirm_ns of host time, and at least
 * LATENESS_STEP_GROUPS, are late by more than half a wrap; a host that stalled gets its backlog at
 * once, within less.
 *
 * Blind while groups in step are late by more than an eighth of a wrap on average: delivery is then
 * too irregular. Nothing is said, and blind_groups counts; so at the begin. A link whose least
 * delay grows for good by half a wrap or more (another hub, another scheduler) looks the same as a
 * loss.
 */
#ifndef ANALYSIS_TRACE_LATENESS_H
#define ANALYSIS_TRACE_LATENESS_H

#include "analysis/trace/clock_map.h"

enum { LATENESS_STEP_GROUPS = 3 };

struct lateness_settings {
	uint64_t wrap_samples; /* 64 for a PPK2 */
	unsigned group;        /* arrivals per group, >= 2 */
	int64_t confirm_ns;    /* > 0; 250 ms */
	/* The line is believed when its rate is that within the tolerance, and it spans 4 times
	 * confirm_ns. */
	double rate_hz, tolerance_rel;
};

struct lateness_group {
	uint64_t end_index; /* of the least late arrival */
	int64_t t_ns;
	uint64_t last_index; /* newest index of the group */
};

struct lateness {
	struct lateness_settings settings;
	struct clock_map map;
	struct clock_line line; /* valid when known */
	bool known;
	struct lateness_group current, late[LATENESS_STEP_GROUPS];
	unsigned in_group, late_count;
	double least_late_ns; /* of the late groups */
	double in_step_ns;    /* running mean of how late groups in step are */
	uint64_t good_index;  /* end_index of the last group in step */
	uint64_t shift;       /* samples found missing so far */
	uint64_t groups, blind_groups;
};

/* Samples are missing somewhere between two indices (as the meter's accounts count). */
struct lateness_step {
	uint64_t from_index, to_index;
	uint64_t lost;
	double late_ns;    /* the evidence: how late blocks stay ... */
	double in_step_ns; /* ... and how late they were before, on average */
};

/* ANALYSIS_BAD_ARGUMENT. */
int lateness_init(struct lateness *lateness, const struct lateness_settings *settings);
/* end_index: as the meter's own accounts give it. 1: *ret_step is filled; 0: nothing new.
 * ANALYSIS_BAD_ARGUMENT as clock_map_add. */
int lateness_add(struct lateness *lateness, uint64_t end_index, int64_t t_mono_ns,
		 struct lateness_step *ret_step);

#endif
