/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/session/worker_parts.h"

enum { LOST_AFTER = 3 }; /* points in a row that failed on infrastructure */

bool worker_replay_is_over(const struct work_state *state)
{
	return link_tape_is_over(state->tapes.board) || link_tape_is_over(state->tapes.meter);
}

/* An operator's stop, as against a replay that is over. */
void worker_note_stop(const struct work_state *state)
{
	state->worker->stopped |= *state->worker->options->stop || !worker_replay_is_over(state);
}

bool worker_stopping(const struct work_state *state)
{
	bool stop = link_tape_stop(state->tapes.board, *state->worker->options->stop != 0);

	if (stop)
		worker_note_stop(state);
	return stop || worker_replay_is_over(state);
}

size_t worker_model_slot(const struct work_state *state, const struct point *point)
{
	return (size_t)point->build * state->work->plan->model_count + point->model;
}

struct work_slot *worker_slot(const struct work_state *state, const struct point *point)
{
	return &state->slots[worker_model_slot(state, point) * state->levels->count + point->clock];
}

/* True when another attempt at this point cannot help. */
static bool is_final(const struct work_state *state, int ret)
{
	return ret == -EINVAL || ret == -EMSGSIZE || ret == -ECANCELED || state->gone;
}

/* 0: accepted, 1: attempts used up on refusals, negative: infrastructure, or interrupted. */
static int work_point(struct work_state *state, const struct point *point)
{
	unsigned attempts = state->work->plan->attempts;
	int ret = -ECANCELED;

	for (unsigned attempt = 1; attempt <= attempts && !worker_stopping(state); attempt++) {
		ret = worker_attempt_point(state, point, attempt);
		if (!ret || state->worker->fatal || is_final(state, ret))
			return ret;
		worker_recover(state, point);
	}
	return ret;
}

/* Counts the points that have their row and moves the others to the front, in order. */
static int drop_done(struct worker *worker, struct link_tape *tape, struct point *points,
		     size_t *count)
{
	size_t open = 0;

	worker->planned = (unsigned)*count;
	for (size_t i = 0; i < *count; i++) {
		bool done;

		worker->fatal = store_point_done(worker->options->store, points[i].key, &done,
						 &worker->first_error);
		if (worker->fatal)
			return worker->fatal;
		done = link_tape_flag(tape, done);
		if (done)
			worker->done_before++;
		else
			points[open++] = points[i];
	}
	*count = open;
	return 0;
}

/* Says so once; the model's other points stay open. */
static void leave_out(struct work_state *state, const struct point *point)
{
	state->unfit[worker_model_slot(state, point)] = true;
	fprintf(stderr, "joulebench: %s: model %s is left out from here on: %s\n",
		state->work->rig->boards[point->board].name,
		session_work_model(state->work, point->board, point->model)->image->name,
		state->last_error.text);
}

static void give_up(struct work_state *state)
{
	struct worker *worker = state->worker;

	worker->lost = true;
	fprintf(stderr, "joulebench: %s: given up: %s\n",
		state->work->rig->boards[worker->board].name, state->last_error.text);
}

static void work_points(struct work_state *state, struct point *points, size_t count)
{
	unsigned failures = 0; /* points in a row */

	if (drop_done(state->worker, state->tapes.board, points, &count))
		return;
	for (size_t i = 0; i < count && !worker_stopping(state); i++) {
		int ret;

		if (state->unfit[worker_model_slot(state, &points[i])])
			continue;
		ret = work_point(state, &points[i]);
		if (ret == -ECANCELED)
			worker_note_stop(state);
		if (state->worker->fatal || ret == -ECANCELED)
			return;
		if (ret >= 0)
			failures = 0;
		else if (ret != -EINVAL && ret != -EMSGSIZE) /* the point's fault */
			failures++;
		if (state->gone || failures == LOST_AFTER) {
			give_up(state);
			return;
		}
		if (ret < 0 && state->model_fault)
			leave_out(state, &points[i]);
	}
}

void worker_run(struct worker *worker)
{
	const struct session_work *work = worker->options->work;
	const struct plan *plan = work->plan;
	const struct levels *levels = &work->levels[worker->board];
	struct work_state state = {
		.worker = worker,
		.work = work,
		.tapes = recording_tapes(worker->options->recording, worker->board),
		.levels = levels};
	size_t count;
	struct point *points = points_of_board(work, worker->board, &count);

	state.clocks = calloc(levels->count, sizeof(*state.clocks));
	state.slot_count = (size_t)plan->build_count * plan->model_count * levels->count;
	state.slots = calloc(state.slot_count, sizeof(*state.slots));
	state.unfit = calloc((size_t)plan->build_count * plan->model_count, sizeof(*state.unfit));
	if (!points || !state.clocks || !state.slots || !state.unfit) {
		worker->fatal = err_set(&worker->first_error, -ENOMEM, "out of memory");
	} else {
		work_points(&state, points, count);
		worker_close_station(&state);
	}
	for (unsigned i = 0; state.clocks && i < levels->count; i++)
		judge_clock_done(&state.clocks[i]);
	for (size_t i = 0; state.slots && i < state.slot_count; i++)
		outlier_done(&state.slots[i].repeats);
	capture_done(&state.capture);
	free(state.unfit);
	free(state.slots);
	free(state.clocks);
	free(points);
}
