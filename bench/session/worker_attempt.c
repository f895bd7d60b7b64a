/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/session/record.h"
#include "bench/session/row.h"
#include "bench/session/worker_parts.h"

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
	if (worker_replay_is_over(state)) /* what was found since then comes from no device */
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
	else if (!strcmp(row->verdict, "suspect"))
		worker->suspect++;
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

/* What a failed attempt leaves behind: its reason, and doubt in what was learned. */
static void note_failure(struct work_state *state, const struct point *point, const struct err *err,
			 struct store_measurement *row)
{
	snprintf(row->verdict, sizeof(row->verdict), "failed");
	snprintf(row->reason, sizeof(row->reason), "%.255s", err->text);
	state->last_error = *err;
	state->failures++;
	worker_slot(state, point)->inference_cycles = 0;
}

/* Its verdict may change by that. */
static int end_trace(struct work_state *state, struct store_measurement *row)
{
	struct worker *worker = state->worker;
	struct err err = {""};
	int ret = tracing_end(&state->capture.tracing, state->work->plan->traces,
			      state->tapes.meter, row, &err);

	if (ret) {
		worker->fatal = ret;
		worker->first_error = err;
	}
	return ret;
}

int worker_fail_point(struct work_state *state, const struct point *point)
{
	struct store_measurement row;

	row_plan(&row, state->work, point);
	row.session_id = state->worker->session_id;
	row.attempt = 1;
	note_failure(state, point, &state->last_error, &row);
	return store_attempt(state, &row);
}

int worker_attempt_point(struct work_state *state, const struct point *point, unsigned attempt)
{
	struct store_measurement row;
	struct err err = {""};
	int ret, stored;

	row_plan(&row, state->work, point);
	row.session_id = state->worker->session_id;
	row.attempt = attempt;
	state->model_fault = false;
	ret = worker_measure(state, point, &row, &err);
	if (ret == -ECANCELED || worker_replay_is_over(state)) {
		tracing_drop(&state->capture.tracing);
		record_done(&row);
		return -ECANCELED;
	}
	if (ret)
		note_failure(state, point, &err, &row);
	else
		state->failures = 0;
	stored = end_trace(state, &row);
	if (!strcmp(row.verdict, "accepted")) {
		state->refusals = 0;
	} else {
		state->refusals += !ret;
		keep_first_error(state->worker, row.reason);
	}
	if (!stored)
		stored = store_attempt(state, &row);
	record_done(&row);
	if (stored)
		return stored;
	return ret ? ret : strcmp(row.verdict, "accepted") != 0;
}
