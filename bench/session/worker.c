/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/worker.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/session/capture.h"
#include "bench/session/judge.h"
#include "bench/session/record.h"
#include "bench/session/row.h"
#include "bench/session/station.h"

enum {
	LOST_AFTER = 3,     /* points in a row that failed on infrastructure */
	INFERENCES_MIN = 2, /* in a window: to hold one against the other */
	REOPEN_MS = 20000,  /* how long a board that was there may be away */
	REOPEN_PAUSE_MS = 500,
};

static const double run_margin_s = 1.0;   /* meter time beyond what the run should take */
static const double run_margin_rel = 0.2; /* oscillators and cycle estimates are off by less */

struct work_state {
	struct worker *worker;
	const struct session_work *work;
	struct recording_tapes tapes;
	struct station station;
	struct capture capture;
	const struct levels *levels; /* of its board */
	struct judge_clock *clocks;  /* per level */
	uint64_t *inference_cycles;  /* [build][model][level], 0: not known yet */
	bool *unfit;                 /* [build][model]: the board cannot run it, tried to the end */
	int64_t windows;             /* runs asked of the board */
	bool up, was_up;
	bool gone;         /* to be given up: away for too long, or not the rig's board */
	bool model_fault;  /* the last attempt failed on the model, not on the board */
	unsigned failures; /* failed attempts in a row */
	unsigned refusals; /* refused windows in a row */
	struct err last_error;
};

static bool replay_is_over(const struct work_state *state)
{
	return link_tape_is_over(state->tapes.board) || link_tape_is_over(state->tapes.meter);
}

/* An operator's stop, as against a replay that is over. */
static void note_stop(const struct work_state *state)
{
	state->worker->stopped |= *state->worker->options->stop || !replay_is_over(state);
}

static bool stopping(const struct work_state *state)
{
	bool stop = link_tape_stop(state->tapes.board, *state->worker->options->stop != 0);

	if (stop)
		note_stop(state);
	return stop || replay_is_over(state);
}

static size_t model_slot(const struct work_state *state, const struct point *point)
{
	return (size_t)point->build * state->work->plan->model_count + point->model;
}

static uint64_t *cycles_slot(struct work_state *state, const struct point *point)
{
	return &state->inference_cycles[model_slot(state, point) * state->levels->count +
					point->clock];
}

static double run_limit_s(const struct point *point, const struct wire_run *run,
			  double inference_cycles)
{
	double busy_s = (run->warmups + run->inferences) * inference_cycles / point->clock_hz;

	return (busy_s + (run->idle_before_ms + run->idle_after_ms) / 1e3) * (1 + run_margin_rel) +
	       run_margin_s;
}

/* Runs one inference to learn how many cycles it takes, so that windows get their length. */
static int learn_cycles(struct work_state *state, const struct point *point, struct err *err)
{
	const struct model_image *image =
		session_work_model(state->work, point->board, point->model)->image;
	const struct wire_run run = {
		.warmups = 1, .inferences = 1, .idle_before_ms = 1, .idle_after_ms = 1};
	double guess = (double)image->macs * STATION_CYCLES_PER_MAC_MAX + 1e6;
	int ret = capture_run(&state->station, &run, run_limit_s(point, &run, guess),
			      state->worker->options->stop, &state->capture, err);

	state->windows++;
	if (ret)
		return ret;
	if (!state->capture.result.cycles)
		return err_set(err, -EPROTO, "board %s: an inference of no cycles",
			       state->station.board->name);
	*cycles_slot(state, point) = state->capture.result.cycles;
	return 0;
}

static struct wire_run run_for(struct work_state *state, const struct point *point)
{
	const struct plan *plan = state->work->plan;
	double cycles = (double)*cycles_slot(state, point);
	double inferences = ceil(plan->window_s * point->clock_hz / cycles);
	uint32_t idle_ms = (uint32_t)ceil(plan->idle_s * 1e3);

	return (struct wire_run){.warmups = plan->warmups,
				 .inferences = inferences < INFERENCES_MIN ? INFERENCES_MIN
									   : (uint32_t)inferences,
				 .idle_before_ms = idle_ms,
				 .idle_after_ms = idle_ms,
				 .flags = plan->layers ? WIRE_RUN_LAYERS : 0};
}

/* Closes what is open. The supply is switched off; a failure to do that is told. */
static void close_station(struct work_state *state)
{
	struct err err = {""};
	int ret;

	state->up = false;
	ret = station_close(&state->station, &err);
	if (ret && ret != -ECANCELED)
		fprintf(stderr, "joulebench: %s\n", err.text);
}

/* True when opening again cannot help: the configuration is wrong, not the day. */
static bool is_misconfigured(int ret)
{
	return ret == -EINVAL || ret == -ENOENT || ret == -EACCES || ret == -ECONNREFUSED ||
	       ret == -EBUSY;
}

/* A board that was up before may be away for a while: a port that comes back after a power cycle, a
 * terminal server that starts again. */
static int open_station(struct work_state *state, const struct point *point, struct err *err)
{
	struct link_tape *tape = state->tapes.board;
	int64_t until_ns = link_tape_clock_ns(tape) + (state->was_up ? REOPEN_MS * 1000000LL : 0);
	int ret;

	while ((ret = station_open(&state->station, state->work, point->board, state->tapes,
				   err))) {
		close_station(state);
		if (stopping(state))
			return err_set(err, -ECANCELED, "interrupted");
		if (ret == -EINVAL || link_tape_clock_ns(tape) >= until_ns)
			break;
		link_tape_sleep_ms(tape, REOPEN_PAUSE_MS);
	}
	state->up = !ret;
	state->gone = ret && (state->was_up || is_misconfigured(ret));
	state->was_up |= state->up;
	return ret;
}

static int prepare_build(struct work_state *state, const struct point *point, struct err *err)
{
	int ret = station_prepare_build(&state->station, point->build, err);

	/* not the rig's board, or locked */
	state->gone = ret == -EINVAL || ret == -ENXIO || ret == -EACCES || ret == -ENOTSUP;
	return ret;
}

static int prepare_model(struct work_state *state, const struct point *point, struct err *err)
{
	int ret = station_prepare_model(&state->station, point->model, err);

	state->model_fault = ret == -EBADMSG || ret == -EMSGSIZE || ret == -EREMOTEIO;
	return ret;
}

static int set_clock(struct work_state *state, const struct point *point, struct err *err)
{
	return station_set_clock(&state->station, point->clock_hz, err);
}

static int prepare(struct work_state *state, const struct point *point, struct err *err)
{
	static int (*const steps[])(struct work_state *, const struct point *,
				    struct err *) = {prepare_build, prepare_model, set_clock};
	int ret = state->up ? 0 : open_station(state, point, err);

	for (size_t i = 0; !ret && i < sizeof(steps) / sizeof(steps[0]); i++)
		ret = stopping(state) ? err_set(err, -ECANCELED, "interrupted")
				      : steps[i](state, point, err);
	if (!ret && !*cycles_slot(state, point))
		ret = learn_cycles(state, point, err);
	return ret;
}

static int read_temperature(struct work_state *state, struct wire_temperature_reply *ret_reply,
			    struct err *err)
{
	int ret = dut_temperature(state->station.dut, ret_reply, err);

	return ret ? err_context(err, ret, "board %s", state->station.board->name) : 0;
}

static int measure(struct work_state *state, const struct point *point,
		   struct store_measurement *row, struct err *err)
{
	struct wire_temperature_reply before, after;
	struct wire_run run;
	struct judge_request request;
	const struct session_model *model =
		session_work_model(state->work, point->board, point->model);
	int ret = prepare(state, point, err);

	if (ret)
		return ret;
	run = run_for(state, point);
	ret = read_temperature(state, &before, err);
	if (!ret) {
		row->window_ordinal = ++state->windows;
		ret = capture_run(&state->station, &run,
				  run_limit_s(point, &run, (double)*cycles_slot(state, point)),
				  state->worker->options->stop, &state->capture, err);
	}
	if (!ret)
		ret = read_temperature(state, &after, err);
	if (!ret)
		ret = record_read(&state->station, model, &run, row, err);
	if (ret)
		return ret;
	row->temp_before_c = before.millicelsius / 1e3;
	row->temp_after_c = after.millicelsius / 1e3;
	row->vdda_before_mv = before.vdda_mv;
	request = (struct judge_request){
		.capture = &state->capture,
		.run = &run,
		.meter_config = state->station.meter_config,
		.meter = meter_info(state->station.meter),
		.clock_hz = point->clock_hz,
		.output_crc32 = model->expected.run_output_crc32,
		.vdda_before_mv = before.vdda_mv,
		.vdda_after_mv = after.vdda_mv,
		.clock = &state->clocks[point->clock],
	};
	return judge_window(&request, row, err);
}

static void report_attempt(const struct work_state *state, const struct store_measurement *row)
{
	const struct worker *worker = state->worker;
	bool accepted = !strcmp(row->verdict, "accepted");

	if (accepted && !worker->options->progress)
		return;
	if (accepted)
		fprintf(stderr, "joulebench: %s: %u of %u: %s at %g MHz: %.6g J\n", row->board,
			worker->done_before + worker->accepted + 1, worker->planned, row->model,
			row->clock_hz / 1e6, row->energy_j);
	else
		fprintf(stderr, "joulebench: %s: %s at %g MHz, attempt %lld: %s: %s\n", row->board,
			row->model, row->clock_hz / 1e6, (long long)row->attempt, row->verdict,
			row->reason);
}

static int store_attempt(struct work_state *state, struct store_measurement *row)
{
	struct worker *worker = state->worker;
	struct err err = {""};
	int ret;

	row_finish(row, &state->station);
	if (replay_is_over(state)) /* what was found since then comes from no device */
		return -ECANCELED;
	link_tape_flush(state->tapes.board); /* a row that is stored can be replayed */
	link_tape_flush(state->tapes.meter);
	ret = store_add(worker->options->store, row, &err);
	if (ret) {
		worker->fatal = ret;
		worker->first_error = err;
		return ret;
	}
	report_attempt(state, row);
	if (!strcmp(row->verdict, "accepted"))
		worker->accepted++;
	else if (!strcmp(row->verdict, "refused"))
		worker->refused++;
	else
		worker->failed++;
	return 0;
}

static void keep_first_error(struct worker *worker, const char *text)
{
	if (!worker->first_error.text[0])
		err_set(&worker->first_error, 0, "%s", text);
}

/* A refused window may come from a board that restarted by itself, and so lost its clock and input:
 * it is reset, and when the next one is refused as well switched off and on: a meter that was off
 * starts its ranging and its supply anew. Failures climb one rung with every attempt in a row. A
 * board that does not come back stays closed; the next attempt opens it anew. */
static void recover(struct work_state *state, const struct point *point)
{
	enum station_rung rung = STATION_RESET;
	struct err err = {""};

	if (!state->up || stopping(state))
		return;
	if (state->failures)
		rung = (enum station_rung)((state->failures - 1) % STATION_RUNGS + 1);
	else if (state->refusals > 1)
		rung = STATION_POWER_CYCLE;
	if (!station_recover(&state->station, rung, point->build, &err))
		return;
	fprintf(stderr, "joulebench: %s: recovery: %s\n",
		state->work->rig->boards[point->board].name, err.text);
	close_station(state);
}

/* True when another attempt at this point cannot help. */
static bool is_final(const struct work_state *state, int ret)
{
	return ret == -EINVAL || ret == -EMSGSIZE || ret == -ECANCELED || state->gone;
}

/* What a failed attempt leaves behind: its reason, and doubt in what was learned. */
static void note_failure(struct work_state *state, const struct point *point, const struct err *err,
			 struct store_measurement *row)
{
	snprintf(row->verdict, sizeof(row->verdict), "failed");
	snprintf(row->reason, sizeof(row->reason), "%.255s", err->text);
	state->last_error = *err;
	state->failures++;
	*cycles_slot(state, point) = 0;
}

/* 0: accepted, 1: refused, negative: failed; -ECANCELED, which leaves no row: interrupted. */
static int attempt_point(struct work_state *state, const struct point *point, unsigned attempt)
{
	struct store_measurement row;
	struct err err = {""};
	int ret, stored;

	row_plan(&row, state->work, point);
	row.session_id = state->worker->session_id;
	row.attempt = attempt;
	state->model_fault = false;
	ret = measure(state, point, &row, &err);
	if (ret == -ECANCELED || replay_is_over(state)) {
		record_done(&row);
		return -ECANCELED;
	}
	if (ret)
		note_failure(state, point, &err, &row);
	else
		state->failures = 0;
	if (!strcmp(row.verdict, "accepted")) {
		state->refusals = 0;
	} else {
		state->refusals += !ret;
		keep_first_error(state->worker, row.reason);
	}
	stored = store_attempt(state, &row);
	record_done(&row);
	if (stored)
		return stored;
	return ret ? ret : strcmp(row.verdict, "accepted") != 0;
}

/* 0: accepted, 1: attempts used up on refusals, negative: infrastructure, or interrupted. */
static int work_point(struct work_state *state, const struct point *point)
{
	unsigned attempts = state->work->plan->attempts;
	int ret = -ECANCELED;

	for (unsigned attempt = 1; attempt <= attempts && !stopping(state); attempt++) {
		ret = attempt_point(state, point, attempt);
		if (!ret || state->worker->fatal || is_final(state, ret))
			return ret;
		recover(state, point);
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
	state->unfit[model_slot(state, point)] = true;
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
	for (size_t i = 0; i < count && !stopping(state); i++) {
		int ret;

		if (state->unfit[model_slot(state, &points[i])])
			continue;
		ret = work_point(state, &points[i]);
		if (ret == -ECANCELED)
			note_stop(state);
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
	state.inference_cycles =
		calloc((size_t)plan->build_count * plan->model_count * levels->count,
		       sizeof(*state.inference_cycles));
	state.unfit = calloc((size_t)plan->build_count * plan->model_count, sizeof(*state.unfit));
	if (!points || !state.clocks || !state.inference_cycles || !state.unfit) {
		worker->fatal = err_set(&worker->first_error, -ENOMEM, "out of memory");
	} else {
		work_points(&state, points, count);
		close_station(&state);
	}
	for (unsigned i = 0; state.clocks && i < levels->count; i++)
		judge_clock_done(&state.clocks[i]);
	capture_done(&state.capture);
	free(state.unfit);
	free(state.inference_cycles);
	free(state.clocks);
	free(points);
}
