/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>

#include "bench/session/worker_parts.h"

static const double run_margin_s = 1.0;   /* meter time beyond what the run should take */
static const double run_margin_rel = 0.2; /* oscillators and cycle estimates are off by less */
static const double soak_run_s = 0.2;     /* one warm-up run of a soak */

double worker_run_limit_s(const struct point *point, const struct wire_run *run,
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
	int ret = capture_run(&state->station, &run, worker_run_limit_s(point, &run, guess),
			      state->worker->options->stop, &state->capture, err);

	state->windows++;
	if (ret)
		return ret;
	judge_supply_watch(&state->supply, &state->capture);
	if (!state->capture.result.cycles)
		return err_set(err, -EPROTO, "board %s: an inference of no cycles",
			       state->station.board->name);
	worker_slot(state, point)->inference_cycles = state->capture.result.cycles;
	return 0;
}

/* The board's reading of its supply before anything has run. */
static int note_supply(struct work_state *state, struct err *err)
{
	struct wire_temperature_reply reply;
	int ret = dut_temperature(state->station.dut, &reply, err);

	if (ret)
		return err_context(err, ret, "board %s", state->station.board->name);
	judge_supply_note(&state->supply, reply.vdda_mv, reply.millicelsius / 1e3);
	return 0;
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

int worker_ambient_fails(struct work_state *state, int code, struct err *err)
{
	state->ambient_failed = code != -ECANCELED;
	return err_context(err, code, "%s", verdict_entry(VERDICT_REASON_AMBIENT)->code);
}

int worker_settle(struct work_state *state, struct err *err)
{
	struct ambient *ambient = state->worker->ambient;
	int ret;

	if (ambient_tape_is_settled(state->tapes.ambient, ambient))
		return 0;
	worker_close_station(state);
	ret = ambient_tape_settle(state->tapes.ambient, ambient, err);
	return ret ? worker_ambient_fails(state, ret, err) : 0;
}

int worker_prepare(struct work_state *state, const struct point *point, struct err *err)
{
	static int (*const steps[])(struct work_state *, const struct point *,
				    struct err *) = {prepare_build, prepare_model, set_clock};
	int ret = state->up ? 0 : worker_open_station(state, point, err);

	for (size_t i = 0; !ret && i < sizeof(steps) / sizeof(steps[0]); i++)
		ret = worker_stopping(state) ? err_set(err, -ECANCELED, "interrupted")
					     : steps[i](state, point, err);
	if (!ret && !state->supply.noted)
		ret = note_supply(state, err);
	if (!ret && !worker_slot(state, point)->inference_cycles)
		ret = learn_cycles(state, point, err);
	return ret;
}

/* One warm-up run; *elapsed_s grows by how long it took in the meter's time. *ret_mean_a: NAN
 * without a window. */
static int soak_once(struct work_state *state, const struct point *point, double *elapsed_s,
		     double *ret_mean_a, struct err *err)
{
	double cycles = (double)worker_slot(state, point)->inference_cycles;
	const struct wire_run run = {
		.inferences = (uint32_t)fmax(1, ceil(soak_run_s * point->clock_hz / cycles)),
		.idle_before_ms = 1,
		.idle_after_ms = 1};
	const struct capture *capture = &state->capture;
	int ret = capture_run(&state->station, &run, worker_run_limit_s(point, &run, cycles),
			      state->worker->options->stop, &state->capture, err);

	state->windows++;
	if (ret)
		return ret;
	*elapsed_s += (double)(capture->run.samples + capture->run.lost) /
		      meter_info(state->station.meter)->rate_hz;
	*ret_mean_a = capture->run.window_error ? NAN : capture->run.values.mean_a;
	return 0;
}

int worker_soak(struct work_state *state, const struct point *point, struct store_measurement *row,
		struct err *err)
{
	const struct plan *plan = state->work->plan;
	double elapsed_s = 0, mean_a = NAN, last_a, change_rel = NAN;

	while (plan->soak.drift_rel > 0 && elapsed_s < plan->soak.limit_s) {
		int ret;

		last_a = mean_a;
		ret = soak_once(state, point, &elapsed_s, &mean_a, err);
		if (ret)
			return ret;
		change_rel = (mean_a - last_a) / mean_a;
		if (fabs(change_rel) < plan->soak.drift_rel)
			return 0;
	}
	if (!(plan->soak.drift_rel > 0))
		return 0;
	row->window_ordinal = state->windows;
	judge_refuse_row(row, VERDICT_REASON_DRIFT,
			 "soak: after %.1f s the current still changes by %+.3g %% from one run of "
			 "%.0f ms to the next (soak.drift %.3g %%, soak.limit %.1f s)",
			 elapsed_s, change_rel * 100, soak_run_s * 1e3, plan->soak.drift_rel * 100,
			 plan->soak.limit_s);
	return 1;
}
