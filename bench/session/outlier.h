/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether a window that passed every check agrees with its repeats: the accepted windows of the
 * same board, model, build, runtime and clock that this session measured before it. It does not
 * when it is off their median by more than 1 % of it, and by more than 6 times the combined
 * independent uncertainty: what windows of one meter share cannot make them differ.
 *
 * A window that differs may be the one that is right. Once one was found, a later window that
 * agrees with it rather than with the median is no less suspect, and its reason says so: which of
 * the two is right is not decided here.
 */
#ifndef BENCH_SESSION_OUTLIER_H
#define BENCH_SESSION_OUTLIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

/* Per inference: windows may differ in their number of inferences. */
struct outlier_window {
	double energy_j, u_independent_j;
	int64_t ordinal; /* the session's number of the run, for sentences */
};

/* The repeats of one point. Zeroed at first. */
struct outlier_repeats {
	struct outlier_window *accepted;
	size_t count, capacity;
	bool has_suspect;
	struct outlier_window suspect; /* the latest one */
};

struct outlier_check {
	bool ok;
	double deviation_rel, limit_rel; /* against the other one */
};

/* Holds a window against another, of energy_j > 0. A number that is none is not ok. */
struct outlier_check outlier_compare(const struct outlier_window *window,
				     const struct outlier_window *other);
/* The median energy of the accepted windows, with the root of their mean square uncertainty: what
 * one of them has, which is more than what the median has. count > 0. ordinal: 0. -ENOMEM. */
int outlier_median(const struct outlier_repeats *repeats, struct outlier_window *ret_median,
		   struct err *err);

/* Returns 1 and the sentence for the window's reason when it is suspect; 0: it is not (without
 * accepted windows nothing is). Remembers the window either way. -ENOMEM. */
int outlier_judge(struct outlier_repeats *repeats, const struct outlier_window *window,
		  char *ret_sentence, size_t size, struct err *err);
void outlier_done(struct outlier_repeats *repeats);

#endif
