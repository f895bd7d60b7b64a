/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A worker's parts: for worker*.c only.
 *
 *   worker.c          the points of a board, one after the other
 *   worker_attempt.c  one attempt at a point, from its plan to its row
 *   worker_window.c   one window: run, capture, verdict
 *   worker_prepare.c  what has to be so before a window: devices, firmware, model, clock, soak
 *   worker_recover.c  opens and closes the station, and gets a stuck board back
 */
#ifndef BENCH_SESSION_WORKER_PARTS_H
#define BENCH_SESSION_WORKER_PARTS_H

#include "bench/session/ambient.h"
#include "bench/session/capture.h"
#include "bench/session/judge.h"
#include "bench/session/outlier.h"
#include "bench/session/station.h"
#include "bench/session/worker.h"

/* What is known of a model and build at a clock level. */
struct work_slot {
	uint64_t inference_cycles; /* 0: not known yet */
	uint64_t inferences_least; /* of a window, for the plan's target; 0: as the plan says */
	unsigned windows; /* that the plan's target asks for; 0: as the plan says */
	unsigned planned; /* of them: points there are; 0: as the plan says */
	struct outlier_repeats repeats;
};

struct work_state {
	struct worker *worker;
	const struct session_work *work;
	struct recording_tapes tapes;
	struct station station;
	struct calibration calibration; /* of its meter; id 0: none */
	struct capture capture;
	const struct levels *levels; /* of its board */
	struct judge_clock *clocks;  /* per level */
	struct judge_meter_clock meter_clock;
	struct judge_supply supply;  /* of its board */
	struct work_slot *slots;     /* [build][model][level] */
	size_t slot_count;
	bool *unfit;     /* [build][model]: the board cannot run it, tried to the end */
	int64_t windows; /* runs asked of the board */
	bool up, was_up;
	bool ambient_failed; /* nothing more can be measured at this temperature */
	bool gone;         /* to be given up: away for too long, or not the rig's board */
	bool model_fault;  /* the last attempt failed on the model, not on the board */
	unsigned failures; /* failed attempts in a row */
	unsigned refusals; /* windows in a row that were not accepted */
	struct err last_error;
	struct point *points; /* of its board; grows where the plan's target asks for more */
	size_t point_count;
};

bool worker_replay_is_over(const struct work_state *state);
/* The operator's stop, or a replay that is over. */
bool worker_stopping(const struct work_state *state);
void worker_note_stop(const struct work_state *state);
size_t worker_model_slot(const struct work_state *state, const struct point *point);
struct work_slot *worker_slot(const struct work_state *state, const struct point *point);

/* How many windows of the point are planned. */
unsigned worker_windows(const struct work_state *state, const struct point *point);

int worker_open_station(struct work_state *state, const struct point *point, struct err *err);
/* Closes what is open. The supply is switched off; a failure to do that is told. */
void worker_close_station(struct work_state *state);
/* After an attempt that did not lead to an accepted window. */
void worker_recover(struct work_state *state, const struct point *point);

/* The plan's temperature; while it is not there the board is off. */
int worker_settle(struct work_state *state, struct err *err);
/* Notes that the temperature has failed, for whatever asks for it; returns code. */
int worker_ambient_fails(struct work_state *state, int code, struct err *err);

/* Brings everything into the state that the point asks for, and learns how long an inference takes
 * when that is not known. */
int worker_prepare(struct work_state *state, const struct point *point, struct err *err);
/* The plan's soak. 1: the current did not settle; the row is refused. */
int worker_soak(struct work_state *state, const struct point *point, struct store_measurement *row,
		struct err *err);
/* How long a run may take, in the meter's time. */
double worker_run_limit_s(const struct point *point, const struct wire_run *run,
			  double inference_cycles);

/* Measures a window of the point, as long as the plan's window and target ask for, and judges it:
 * fills the row up to its verdict, trace included. */
int worker_measure(struct work_state *state, const struct point *point,
		   struct store_measurement *row, struct err *err);

/* 0: accepted, 1: refused or suspect, negative: failed; -ECANCELED, which leaves no row:
 * interrupted. */
int worker_attempt_point(struct work_state *state, const struct point *point, unsigned attempt);

/* Stores why the point could not be tried: what happened last. Negative: the store failed. */
int worker_fail_point(struct work_state *state, const struct point *point);

#endif
