/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/config/rig_ambient.h"
#include "bench/session/record.h"
#include "bench/session/row.h"
#include "bench/session/target.h"
#include "bench/session/worker_parts.h"

enum {
	INFERENCES_MIN = 2, /* in a window: to hold one against the other */
	LENGTHENINGS = 3,   /* of a window, until the plan's target is reached */
};

static struct wire_run run_for(const struct work_state *state, const struct point *point)
{
	const struct plan *plan = state->work->plan;
	const struct work_slot *slot = worker_slot(state, point);
	double inferences = ceil(plan->window_s * point->clock_hz / (double)slot->inference_cycles);
	uint32_t idle_ms = (uint32_t)ceil(plan->idle_s * 1e3);
	uint32_t settle_ms = state->station.has_settled ? 0 : (uint32_t)ceil(plan->settle_s * 1e3);

	inferences = fmax(inferences, fmax(INFERENCES_MIN, (double)slot->inferences_least));
	return (struct wire_run){.warmups = plan->warmups,
				 .inferences = (uint32_t)inferences,
				 .idle_before_ms = idle_ms + settle_ms,
				 .idle_after_ms = idle_ms,
				 .flags = plan->layers ? WIRE_RUN_LAYERS : 0};
}

static int read_temperature(struct work_state *state, struct wire_temperature_reply *ret_reply,
			    struct err *err)
{
	int ret = dut_temperature(state->station.dut, ret_reply, err);

	return ret ? err_context(err, ret, "board %s", state->station.board->name) : 0;
}

static int begin_ambient(struct work_state *state, struct store_measurement *row,
			 struct ambient_window *ret_ambient, struct err *err)
{
	int ret = ambient_tape_window_begin(state->tapes.ambient, state->worker->ambient,
					    ret_ambient, err);

	if (ret)
		return worker_ambient_fails(state, ret, err);
	row->ambient_before_c = ret_ambient->before_c;
	if (isnan(row->ambient_c))
		row->ambient_c = ret_ambient->before_c;
	return 0;
}

static int end_ambient(struct work_state *state, struct store_measurement *row,
		       struct ambient_window *ambient, struct err *err)
{
	int ret =
		ambient_tape_window_end(state->tapes.ambient, state->worker->ambient, ambient, err);

	row->ambient_after_c = ambient->after_c;
	return ret ? worker_ambient_fails(state, ret, err) : 0;
}

/* What board and meter give of a window; its trace is begun, and not ended. */
struct window_taken {
	struct ambient_window ambient;
	struct wire_run run;
	struct wire_temperature_reply before, after;
	bool restarted;
};

static int take_window(struct work_state *state, const struct point *point,
		       struct store_measurement *row, struct window_taken *ret_taken,
		       struct err *err)
{
	const struct session_model *model =
		session_work_model(state->work, point->board, point->model);
	double cycles = (double)worker_slot(state, point)->inference_cycles;
	struct window_taken taken = {.run = run_for(state, point)};
	int ret = read_temperature(state, &taken.before, err);

	if (!ret)
		ret = begin_ambient(state, row, &taken.ambient, err);
	if (ret)
		return ret;
	row->window_ordinal = ++state->windows;
	row->calibration_id = state->calibration.id;
	snprintf(row->calibration_state, sizeof(row->calibration_state), "%s",
		 state->calibration.state);
	tracing_begin(&state->capture.tracing, state->worker->options->trace_folder,
		      &state->station, row);
	ret = capture_run(&state->station, &taken.run,
			  worker_run_limit_s(point, &taken.run, cycles),
			  state->worker->options->stop, &state->capture, err);
	state->station.has_settled = !ret;
	if (!ret)
		ret = read_temperature(state, &taken.after, err);
	if (!ret)
		ret = end_ambient(state, row, &taken.ambient, err);
	if (!ret)
		ret = station_has_restarted(&state->station, &taken.restarted, err);
	if (!ret)
		ret = record_read(&state->station, model, &taken.run, row, err);
	*ret_taken = taken;
	return ret;
}

static int judge_taken(struct work_state *state, const struct point *point,
		       const struct window_taken *taken, struct store_measurement *row,
		       struct budget_table *ret_budget, struct err *err)
{
	const struct session_model *model =
		session_work_model(state->work, point->board, point->model);
	const struct meter_info *meter = meter_info(state->station.meter);
	const struct judge_request request = {
		.capture = &state->capture,
		.run = &taken->run,
		.meter_config = state->station.meter_config,
		.meter = meter,
		.calibration = &state->calibration,
		.clock_hz = point->clock_hz,
		.output_crc32 = model->expected.run_output_crc32,
		.restarted = taken->restarted,
		.vdda_before_mv = taken->before.vdda_mv,
		.vdda_after_mv = taken->after.vdda_mv,
		.supply = &state->supply,
		.clock = &state->clocks[point->clock],
		.meter_clock = meter->is_virtual ? NULL : &state->meter_clock,
		.ret_budget = ret_budget,
	};

	row->temp_before_c = taken->before.millicelsius / 1e3;
	row->temp_after_c = taken->after.millicelsius / 1e3;
	row->vdda_before_mv = taken->before.vdda_mv;
	judge_meter_clock_add(&state->meter_clock, &state->capture, meter->rate_hz);
	return judge_window(&request, row, err);
}

static bool is_accepted(const struct store_measurement *row)
{
	return !strcmp(row->verdict, "accepted");
}

static void check_ambient(const struct work_state *state, const struct point *point,
			  const struct ambient_window *ambient, struct store_measurement *row)
{
	if (ambient->left && is_accepted(row))
		judge_refuse_row(row, VERDICT_REASON_AMBIENT,
				 "%.2f degC at some time between %.2f before and %.2f after, not "
				 "within %g K of %g degC",
				 ambient->left_c, ambient->before_c, ambient->after_c,
				 rig_ambient_band_k(state->work->rig),
				 points_temperature_c(state->work->plan, point->temperature));
}

/* Holds an accepted window against the plan's target. 1: the next one has to be longer. */
static int check_target(struct work_state *state, const struct point *point,
			const struct budget_table *budget, struct store_measurement *row,
			struct err *err)
{
	const struct plan *plan = state->work->plan;
	struct target target;
	int ret;

	if (!(plan->target_u_rel > 0) || !is_accepted(row))
		return 0;
	ret = target_judge(plan, worker_windows(state, point), row, budget, &target, err);
	if (ret)
		return ret;
	if (!target.refusal[0] && target.windows > worker_slot(state, point)->windows)
		worker_slot(state, point)->windows = target.windows;
	if (target.reached)
		return 0;
	if (target.refusal[0]) {
		judge_refuse_row(row, VERDICT_REASON_UNCERTAINTY, "%s", target.refusal);
		return 0;
	}
	worker_slot(state, point)->inferences_least = target.inferences;
	return 1;
}

static int check_repeats(struct work_state *state, const struct point *point,
			 struct store_measurement *row, struct err *err)
{
	struct outlier_window window = {.ordinal = row->window_ordinal};
	char sentence[sizeof(row->reason)];
	int ret;

	if (!is_accepted(row))
		return 0;
	window.energy_j = row->energy_j / (double)row->inferences;
	window.u_independent_j = row->energy_u_independent_j / (double)row->inferences;
	ret = outlier_judge(&worker_slot(state, point)->repeats, &window, sentence,
			    sizeof(sentence), err);
	if (ret > 0)
		judge_refuse_row(row, VERDICT_REASON_OUTLIER, "%s", sentence);
	return ret < 0 ? ret : 0;
}

/* 1: it was sound, but too short for the plan's target, and left nothing behind but what the next
 * one is to be. */
static int measure_once(struct work_state *state, const struct point *point,
			struct store_measurement *row, struct err *err)
{
	struct window_taken taken;
	struct budget_table budget = {0};
	int ret = take_window(state, point, row, &taken, err);

	if (!ret)
		ret = judge_taken(state, point, &taken, row, &budget, err);
	if (!ret)
		check_ambient(state, point, &taken.ambient, row);
	if (!ret)
		ret = check_target(state, point, &budget, row, err);
	return ret ? ret : check_repeats(state, point, row, err);
}

int worker_measure(struct work_state *state, const struct point *point,
		   struct store_measurement *row, struct err *err)
{
	const struct store_measurement planned = *row;
	int ret = worker_settle(state, err);

	if (!ret)
		ret = worker_prepare(state, point, err);
	if (!ret)
		ret = worker_soak(state, point, row, err);
	if (ret)
		return ret < 0 ? ret : 0;
	for (unsigned i = 0; (ret = measure_once(state, point, row, err)) == 1; i++) {
		if (i == LENGTHENINGS) {
			judge_refuse_row(row, VERDICT_REASON_UNCERTAINTY,
					 "target_uncertainty %.3g %%: not reached by windows of "
					 "%lld inferences, each time longer",
					 state->work->plan->target_u_rel * 100,
					 (long long)row->inferences);
			return 0;
		}
		tracing_drop(&state->capture.tracing);
		record_done(row);
		*row = planned;
	}
	return ret;
}
