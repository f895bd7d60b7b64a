/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One board's share of a session: takes its points one after the other, measures each until it is
 * accepted or its attempts are used up, and climbs the recovery ladder when something breaks.
 */
#ifndef BENCH_SESSION_WORKER_H
#define BENCH_SESSION_WORKER_H

#include <pthread.h>

#include "bench/session/session.h"

struct worker {
	const struct session_options *options;
	int64_t session_id;
	unsigned board;
	pthread_t thread;
	/* results */
	unsigned planned, done_before, accepted, refused, suspect, failed;
	bool lost;    /* the board was given up */
	bool stopped; /* by the operator */
	int fatal;    /* negative: the store failed, nothing more can be kept */
	struct err first_error;
};

/* Returns when its points are done, the board is lost, or the session is to stop. */
void worker_run(struct worker *worker);

#endif
