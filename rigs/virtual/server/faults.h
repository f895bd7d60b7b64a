/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The faults of one device: when each happens, and the log of those that did.
 *
 * Each fault has random numbers of its own, drawn from the rig's seed, the device's name and its
 * place in the list: one draw per opportunity and one more for the moment of a window's, so that
 * the same seed and the same opportunities give the same faults.
 *
 * The fault log, one JSON object per line, schema "joulebench-faults/1": device, fault, t_ps
 * (virtual time of the board), number (how often this fault has happened, from 1), index (in the
 * device's list, from 0), value (what the fault gives it: see pair_faults.c).
 */
#ifndef RIGS_VIRTUAL_SERVER_FAULTS_H
#define RIGS_VIRTUAL_SERVER_FAULTS_H

#include <stdio.h>

#include "rigs/virtual/plant/random.h"
#include "rigs/virtual/server/config.h"

struct fault_run {
	const struct config_fault *config; /* not owned */
	struct vrandom random;
	int64_t due_ps; /* INT64_MAX: not on its way */
	unsigned done;
};

struct faults {
	struct fault_run *runs;
	unsigned count;
	const char *device; /* not owned */
	FILE *log;          /* NULL: none; not owned */
	int64_t next_ps;    /* the earliest due_ps */
	bool log_failed;
};

/* -ENOMEM. The configuration outlives the faults. */
int faults_init(struct faults *faults, const struct config_faults *config, uint64_t seed,
		const char *device, struct verr *err);
void faults_done(struct faults *faults);

bool faults_have(const struct faults *faults, enum fault_id id);
/* An opportunity of one kind: those that the dice hit become due, a window's later. */
void faults_meet(struct faults *faults, enum fault_per per, int64_t now_ps);
/* The next fault that is due at now_ps, NULL: none. It is due no longer. */
struct fault_run *faults_take_due(struct faults *faults, int64_t now_ps);
/* An opportunity of a kind that happens at once or not: bytes. NULL: not, or no such fault. */
struct fault_run *faults_strike(struct faults *faults, enum fault_id id, int64_t now_ps);
/* Counts it and writes the line. */
void faults_log(struct faults *faults, struct fault_run *run, int64_t now_ps, double value);

#endif
