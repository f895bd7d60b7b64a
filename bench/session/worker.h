/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One board's share of a session, temperature after temperature: takes its points one after the
 * other, measures each until it is accepted or its attempts are used up, and climbs the recovery
 * ladder when something breaks.
 */
#ifndef BENCH_SESSION_WORKER_H
#define BENCH_SESSION_WORKER_H

#include <pthread.h>

#include "bench/session/session.h"

struct worker {
	const struct session_options *options;
	int64_t session_id;
	unsigned board;
	struct ambient *ambient; /* of the session; NULL: all of it is on the board's tape */
	unsigned temperature;    /* index into the plan: of this run */
	pthread_t thread;
	int64_t windows; /* runs asked of the board, at all temperatures */
	/* results, of all runs */
	unsigned planned, done_before, accepted, refused, suspect, failed;
	bool lost;    /* the board was given up, at some temperature */
	bool stopped; /* by the operator */
	int fatal;    /* negative: the store failed, nothing more can be kept */
	struct err first_error;
};

/* At one temperature; boards that were given up at another are tried again. Returns when its points
 * are done, the board is lost, or the session is to stop. */
void worker_run(struct worker *worker);

#endif
