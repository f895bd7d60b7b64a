/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "infer N W" of the MLPerf Tiny protocol. The board says, in this order (ee_infer() of
 * mlcommons/tiny):
 *
 *   m-warmup-start-W  m-warmup-done  m-infer-start-N  [m-lap-us-T]  [m-lap-us-T]
 *   m-infer-done  m-results-[...]  m-ready
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/dut/mlperf_tiny_internal.h"

enum { STEP_INFER_DONE = 3, STEP_RESULTS = 4, STEP_END = 5, LAPS = 2 };

/* Steps with a number repeat one of the order's. */
static const struct {
	const char *text;
	bool has_warmups, has_inferences, has_more;
} steps[STEP_END] = {
	{"m-warmup-start-", .has_warmups = true},   {"m-warmup-done"},
	{"m-infer-start-", .has_inferences = true}, {"m-infer-done"},
	{"m-results-", .has_more = true},
};

static bool step_is(const struct mlperf_tiny_run *run, unsigned step, const char *line)
{
	uint64_t number;

	if (steps[step].has_more)
		return mlperf_tiny_begins(line, steps[step].text);
	if (!steps[step].has_warmups && !steps[step].has_inferences)
		return !strcmp(line, steps[step].text);
	return mlperf_tiny_number(line, steps[step].text, &number) &&
	       number == (steps[step].has_warmups ? run->warmups : run->inferences);
}

/* Any step's line, whatever its number. */
static bool is_step(const char *line)
{
	for (unsigned step = 0; step < STEP_END; step++)
		if (mlperf_tiny_begins(line, steps[step].text))
			return true;
	return false;
}

static int lap_take(struct mlperf_tiny *dut, uint64_t us, struct err *err)
{
	struct mlperf_tiny_order *order = &dut->order;

	if (dut->mode == MLPERF_TINY_ENERGY)
		return err_set(err, -EPROTO,
			       "a time stamp came as a line: the firmware is built for performance "
			       "mode, not for energy mode");
	if (order->step != STEP_INFER_DONE || order->laps == LAPS)
		return err_set(err, -EPROTO, "a time stamp where none belongs");
	if (order->laps++)
		order->run.end_us = us;
	else
		order->run.start_us = us;
	return 1;
}

static int infer_take(struct mlperf_tiny *dut, void *context, const char *line, struct err *err)
{
	struct mlperf_tiny_order *order = context;
	uint64_t us;

	if (mlperf_tiny_number(line, "m-lap-us-", &us))
		return lap_take(dut, us, err);
	if (!is_step(line))
		return 0;
	if (order->step == STEP_END || !step_is(&order->run, order->step, line))
		return err_set(err, -EPROTO, "the board's lines are not in order");
	if (order->step == STEP_RESULTS && !mlperf_tiny_results_parse(line, &order->run.results))
		return err_set(err, -EPROTO, "results that make no sense");
	order->step++;
	return 1;
}

int mlperf_tiny_infer(struct mlperf_tiny *dut, uint32_t inferences, uint32_t warmups,
		      struct err *err)
{
	struct mlperf_tiny_order *order = &dut->order;
	char command[40];
	int rc;

	if (!inferences || inferences > MLPERF_TINY_COUNT_MAX || warmups > MLPERF_TINY_COUNT_MAX)
		return err_set(err, -EINVAL,
			       "mlperf_tiny: infer: %u inferences after %u make no sense",
			       inferences, warmups);
	snprintf(command, sizeof(command), "infer %u %u", inferences, warmups);
	rc = mlperf_tiny_send(dut, command, err);
	if (rc)
		return rc;
	memset(order, 0, sizeof(*order));
	order->is_running = true;
	order->run.inferences = inferences;
	order->run.warmups = warmups;
	order->answer = (struct mlperf_tiny_answer){
		.command = "infer",
		.take = infer_take,
		.context = order,
	};
	return 0;
}

/* The board's microseconds are an unsigned long: 32 bits, which wrap after 71 minutes. */
static bool elapsed_find(struct mlperf_tiny_run *run)
{
	bool is_wrapped = run->end_us < run->start_us;

	if (is_wrapped && run->start_us > UINT32_MAX)
		return false;
	run->elapsed_us = run->end_us - run->start_us;
	if (is_wrapped)
		run->elapsed_us = (uint32_t)run->elapsed_us;
	return true;
}

static int run_finish(struct mlperf_tiny *dut, struct err *err)
{
	struct mlperf_tiny_order *order = &dut->order;

	if (order->answer.failed) {
		dut->is_synced = order->answer.failed == -EREMOTEIO;
		return err_set(err, order->answer.failed, "mlperf_tiny: %s",
			       order->answer.err.text);
	}
	if (order->step < STEP_END)
		return mlperf_tiny_missing(dut, "infer", steps[order->step].text, err);
	order->run.has_time = dut->mode == MLPERF_TINY_PERFORMANCE;
	if (order->run.has_time && !order->laps)
		return mlperf_tiny_missing(
			dut, "infer", "time stamps: a build for energy mode has edges on a pin",
			err);
	if (order->run.has_time && order->laps != LAPS)
		return mlperf_tiny_missing(dut, "infer", "the second time stamp", err);
	if (!elapsed_find(&order->run)) {
		dut->is_synced = false;
		return err_set(err, -EPROTO, "mlperf_tiny: infer: the board's time runs backwards");
	}
	return 0;
}

int mlperf_tiny_poll_infer(struct mlperf_tiny *dut, int timeout_ms, struct mlperf_tiny_run *ret_run,
			   struct err *err)
{
	int rc;

	assert(timeout_ms >= 0);
	if (!dut->order.is_running)
		return err_set(err, -EINVAL, "mlperf_tiny: infer: nothing was ordered");
	rc = mlperf_tiny_receive(dut, &dut->order.answer, timeout_ms, err);
	if (!rc)
		return err_set(err, -EAGAIN, "mlperf_tiny: infer: no m-ready for %d ms",
			       timeout_ms);
	dut->order.is_running = false;
	if (rc < 0) {
		dut->is_synced = false;
		return err_context(err, rc, "mlperf_tiny: infer");
	}
	rc = run_finish(dut, err);
	if (!rc)
		*ret_run = dut->order.run;
	return rc;
}
