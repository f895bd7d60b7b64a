/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/session/target.h"
#include "bench/session/worker_parts.h"

enum { LOST_AFTER = 3 }; /* points in a row that failed on infrastructure */

bool worker_replay_is_over(const struct work_state *state)
{
	const struct recording_tapes *tapes = &state->tapes;

	return link_tape_is_over(tapes->board) || link_tape_is_over(tapes->meter) ||
	       ambient_tape_is_over(tapes->ambient);
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
	return ret == -EINVAL || ret == -EMSGSIZE || ret == -ECANCELED || state->gone ||
	       state->ambient_failed;
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

unsigned worker_windows(const struct work_state *state, const struct point *point)
{
	unsigned windows = worker_slot(state, point)->windows, repeats = state->work->plan->repeats;

	return windows > repeats ? windows : repeats;
}

/* More points where the plan's target asks for more windows than there are points of. What asks for
 * them is on the tape: a replay's database may know less. */
static int add_repeats(struct work_state *state, const struct point *like)
{
	struct work_slot *slot = worker_slot(state, like);
	struct worker *worker = state->worker;
	unsigned planned = slot->planned ? slot->planned : state->work->plan->repeats;
	const struct point point = *like;

	while (link_tape_flag(state->tapes.board, planned < slot->windows)) {
		struct point *grown =
			realloc(state->points, (state->point_count + 1) * sizeof(*state->points));

		if (!grown)
			return worker->fatal =
				       err_set(&worker->first_error, -ENOMEM, "out of memory");
		state->points = grown;
		grown[state->point_count++] = point_repeat(state->work, &point, planned++);
		worker->planned++;
	}
	if (planned > state->work->plan->repeats && planned != slot->planned)
		fprintf(stderr,
			"joulebench: %s: %s at %g MHz: target_uncertainty %.3g %%: %u windows\n",
			state->work->rig->boards[point.board].name,
			session_work_model(state->work, point.board, point.model)->image->name,
			point.clock_hz / 1e6, state->work->plan->target_u_rel * 100, planned);
	slot->planned = planned;
	return 0;
}

/* What the windows in the store say of how many there must be. */
static int learn_windows(void *context, const struct store_measurement *row)
{
	struct work_state *state = context;
	struct target target;

	for (size_t i = 0; i < state->point_count; i++) {
		const struct point *point = &state->points[i];
		size_t stem = point_key_stem(point->key);
		struct work_slot *slot = worker_slot(state, point);

		if (point->repeat || strncmp(row->point_key, point->key, stem) ||
		    point_key_stem(row->point_key) != stem)
			continue;
		if (!target_judge_stored(state->work->plan, worker_windows(state, point), row,
					 &target, NULL) &&
		    !target.refusal[0] && target.windows > slot->windows)
			slot->windows = target.windows;
	}
	return 0;
}

/* Repeats beyond the plan's that an earlier session found to be needed. */
static int add_known_repeats(struct work_state *state)
{
	struct worker *worker = state->worker;
	size_t count = state->point_count;

	if (!(state->work->plan->target_u_rel > 0))
		return 0;
	worker->fatal = store_each(worker->options->store, true, learn_windows, state,
				   &worker->first_error);
	for (size_t i = 0; !worker->fatal && i < count; i++)
		if (!state->points[i].repeat)
			add_repeats(state, &state->points[i]);
	return worker->fatal;
}

/* Counts the points that have their row and moves the others to the front, in order. */
static int drop_done(struct work_state *state)
{
	struct worker *worker = state->worker;
	struct point *points = state->points;
	size_t open = 0;

	for (size_t i = 0; i < state->point_count; i++) {
		bool done;

		worker->fatal = store_point_done(worker->options->store, points[i].key, &done,
						 &worker->first_error);
		if (worker->fatal)
			return worker->fatal;
		done = link_tape_flag(state->tapes.board, done);
		if (done)
			worker->done_before++;
		else
			points[open++] = points[i];
	}
	state->point_count = open;
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

/* Nothing is left of this temperature; its rows say why. */
static void fail_rest(struct work_state *state, size_t from)
{
	for (size_t i = from; i < state->point_count && !worker_stopping(state); i++)
		if (worker_fail_point(state, &state->points[i]))
			return;
}

static void work_points(struct work_state *state)
{
	unsigned failures = 0; /* points in a row */

	state->worker->planned += (unsigned)state->point_count;
	if (add_known_repeats(state) || drop_done(state))
		return;
	for (size_t i = 0; i < state->point_count && !worker_stopping(state); i++) {
		const struct point point = state->points[i]; /* the list may grow */
		int ret;

		if (state->unfit[worker_model_slot(state, &point)])
			continue;
		ret = work_point(state, &point);
		if (!ret && state->work->plan->target_u_rel > 0)
			add_repeats(state, &point);
		if (ret == -ECANCELED)
			worker_note_stop(state);
		if (state->worker->fatal || ret == -ECANCELED)
			return;
		if (state->ambient_failed) {
			fail_rest(state, i + 1);
			return;
		}
		if (ret >= 0)
			failures = 0;
		else if (ret != -EINVAL && ret != -EMSGSIZE) /* the point's fault */
			failures++;
		if (state->gone || failures == LOST_AFTER) {
			give_up(state);
			return;
		}
		if (ret < 0 && state->model_fault)
			leave_out(state, &point);
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
		.levels = levels,
		.windows = worker->windows};

	state.station.tapes = state.tapes; /* rows are stamped before it was ever opened, too */
	state.points = points_of_board(work, worker->board, &state.point_count);
	state.clocks = calloc(levels->count, sizeof(*state.clocks));
	state.slot_count = (size_t)plan->build_count * plan->model_count * levels->count;
	state.slots = calloc(state.slot_count, sizeof(*state.slots));
	state.unfit = calloc((size_t)plan->build_count * plan->model_count, sizeof(*state.unfit));
	if (!state.points || !state.clocks || !state.slots || !state.unfit) {
		worker->fatal = err_set(&worker->first_error, -ENOMEM, "out of memory");
	} else {
		points_keep_temperature(plan, worker->temperature, state.points,
					&state.point_count);
		work_points(&state);
		worker_close_station(&state);
	}
	worker->windows = state.windows;
	for (unsigned i = 0; state.clocks && i < levels->count; i++)
		judge_clock_done(&state.clocks[i]);
	for (size_t i = 0; state.slots && i < state.slot_count; i++)
		outlier_done(&state.slots[i].repeats);
	capture_done(&state.capture);
	free(state.unfit);
	free(state.slots);
	free(state.clocks);
	free(state.points);
}
