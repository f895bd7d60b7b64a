/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs a plan on a rig: one worker per board, each with its own meter, into one store, one
 * temperature after the other. Points that
 * the store already holds are not repeated, so a killed session is resumed by running it again.
 */
#ifndef BENCH_SESSION_SESSION_H
#define BENCH_SESSION_SESSION_H

#include <signal.h>
#include <stdbool.h>

#include "bench/session/points.h"
#include "bench/session/recording.h"
#include "bench/store/store.h"

struct session_options {
	const struct session_work *work;
	struct store *store;
	/* Non-zero: end now. The window in progress is dropped without a row; an exchange with the
	 * board that is under way (flash, load, check) is finished first. */
	const volatile sig_atomic_t *stop;
	const char *trace_folder;          /* exists; gets a trace per window */
	bool progress;                     /* a line per point on stderr */
	const struct recording *recording; /* of the links, or what is replayed; NULL: neither */
};

struct session_summary {
	unsigned planned;
	unsigned done_before;   /* in the store already */
	unsigned accepted;      /* by this session */
	unsigned refused;       /* windows measured and not believed */
	unsigned suspect;       /* windows that contradict their repeats */
	unsigned failed;        /* attempts that never came to a result */
	unsigned open;          /* planned points that still have no accepted row */
	unsigned boards_lost;   /* boards given up */
	bool interrupted;       /* by stop, with points left */
	struct err cut;         /* replay: where the recording was cut; "" else */
	struct err first_error; /* what happened first, "" when nothing did */
};

/* 0 also when points stay open: the summary tells. Negative: the session itself could not run
 * (store), or, -EPROTO and -EBADMSG, the recording is of something else, or damaged. */
int session_run(const struct session_options *options, struct session_summary *ret_summary,
		struct err *err);

#endif
