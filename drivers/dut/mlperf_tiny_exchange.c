/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Commands and answers of the MLPerf Tiny protocol: framing by "m-ready", refusals, finding the
 * place where answers begin.
 */
#include "drivers/dut/mlperf_tiny_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	NAME_ATTEMPTS = 4,
	NAME_MS = 1500,  /* a board that is starting takes a while until it listens */
	REPLY_MS = 5000, /* as EnergyRunner's default-timeout-ms */
	WRITE_MS = 2000, /* 80 characters at 9600 baud take 83 ms */
	QUIET_MS = 50,   /* longer than a board pauses within an answer, at 9600 baud too */
	QUIET_LIMIT_MS = 1000,
	ELSE_MS = 200, /* "m-ready" of something else: our answer may be right behind it */
};

/* A board that never stops talking does not hold us: past the time there is one more read. */
struct deadline {
	int64_t until_ns;
	bool is_past; /* that read is done */
};

static struct deadline deadline_in(const struct mlperf_tiny *dut, int ms)
{
	return (struct deadline){.until_ns = link_clock_ns(dut->link) + (int64_t)ms * 1000000};
}

/* 1: dut->lines.text is the next line; 0: the time is over. */
static int line_receive(struct mlperf_tiny *dut, struct deadline *deadline, struct err *err)
{
	for (;;) {
		int64_t left_ns = deadline->until_ns - link_clock_ns(dut->link);
		int rc;

		while (dut->received_at < dut->received_end)
			if (mlperf_tiny_lines_feed(&dut->lines, dut->received[dut->received_at++]))
				return 1;
		if (deadline->is_past)
			return 0;
		deadline->is_past = left_ns <= 0;
		dut->received_at = dut->received_end = 0;
		rc = link_read(dut->link, dut->received, sizeof(dut->received),
			       left_ns > 0 ? (int)((left_ns + 999999) / 1000000) : 0,
			       &dut->received_end, err);
		if (rc)
			return rc;
	}
}

static void answer_fail(struct mlperf_tiny_answer *answer, int code, const char *what,
			const char *line)
{
	if (!answer->failed)
		answer->failed =
			err_set(&answer->err, code, "%s: %s: %.100s", answer->command, what, line);
}

/* Refusals of the reference firmware that are not written as errors (th_load_tensor() of the
 * reference submissions, "db load" of internally_implemented.cpp). */
static bool is_refusal(const char *line)
{
	static const char *const prefixes[] = {"e-[", "Input db has ", "Supplied buffer size "};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (mlperf_tiny_begins(line, prefixes[i]))
			return true;
	return false;
}

/* The mode that the board announces when it starts; 0: the line is another one. */
static enum mlperf_tiny_mode mode_of(const char *line)
{
	if (!strcmp(line, "m-timestamp-mode-performance"))
		return MLPERF_TINY_PERFORMANCE;
	return strcmp(line, "m-timestamp-mode-energy") ? 0 : MLPERF_TINY_ENERGY;
}

static void foreign_keep(struct mlperf_tiny *dut, const char *line)
{
	dut->stats.foreign++;
	snprintf(dut->last_foreign, sizeof(dut->last_foreign), "%.60s", line);
}

static void line_take(struct mlperf_tiny *dut, struct mlperf_tiny_answer *answer)
{
	const char *line = dut->lines.text;
	enum mlperf_tiny_mode mode = mode_of(line);
	struct err err = {""};
	int taken;

	if (mode)
		dut->announced = mode;
	if (mode && mode != dut->mode)
		answer_fail(answer, -EPROTO, "the firmware is a build for the other mode", line);
	else if (is_refusal(line))
		answer_fail(answer, -EREMOTEIO, "the board refused", line);
	else if (!strcmp(line, "m-init-done"))
		answer_fail(answer, -EREMOTEIO, "the board started anew", line);
	if (mode || answer->failed)
		return;
	taken = answer->take(dut, answer->context, line, &err);
	if (taken < 0)
		answer_fail(answer, taken, err.text, line);
	else if (!taken)
		foreign_keep(dut, line);
}

int mlperf_tiny_receive(struct mlperf_tiny *dut, struct mlperf_tiny_answer *answer, int timeout_ms,
			struct err *err)
{
	struct deadline deadline = deadline_in(dut, timeout_ms);

	for (;;) {
		int rc = line_receive(dut, &deadline, err);

		if (rc <= 0)
			return rc;
		if (!strcmp(dut->lines.text, "m-ready"))
			return 1;
		line_take(dut, answer);
	}
}

/* --- where answers begin ---------------------------------------------------------------------- */

static void stray_take(struct mlperf_tiny *dut)
{
	enum mlperf_tiny_mode mode = mode_of(dut->lines.text);

	if (mode)
		dut->announced = mode;
	foreign_keep(dut, dut->lines.text);
}

/* Drops what is still coming, but for the announcement of a board that is starting. */
static int quiet_await(struct mlperf_tiny *dut, struct err *err)
{
	int64_t limit_ns = link_clock_ns(dut->link) + (int64_t)QUIET_LIMIT_MS * 1000000;
	int rc;

	do {
		struct deadline quiet = deadline_in(dut, QUIET_MS);

		rc = line_receive(dut, &quiet, err);
		if (rc > 0)
			stray_take(dut);
	} while (rc > 0 && link_clock_ns(dut->link) < limit_ns);
	return rc < 0 ? rc : 0;
}

static int64_t sooner(int64_t a_ns, int64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

/* 1: the board said its name and then "m-ready"; 0: it said something else, or nothing in time. */
static int greeting_receive(struct mlperf_tiny *dut, struct err *err)
{
	struct deadline deadline = deadline_in(dut, NAME_MS);
	bool has_name = false;

	for (;;) {
		int rc = line_receive(dut, &deadline, err);

		if (rc <= 0)
			return rc;
		if (!strcmp(dut->lines.text, "m-ready")) {
			if (has_name)
				return 1;
			deadline.until_ns =
				sooner(deadline.until_ns, deadline_in(dut, ELSE_MS).until_ns);
		}
		if (mlperf_tiny_begins(dut->lines.text, "m-name-dut-["))
			has_name = true;
		else
			stray_take(dut);
	}
}

static int command_write(struct mlperf_tiny *dut, const char *command, struct err *err)
{
	char text[128];
	int used = snprintf(text, sizeof(text), "%s%%", command);

	assert(used > 0 && (size_t)used < sizeof(text));
	dut->stats.commands++;
	return link_write(dut->link, text, (size_t)used, WRITE_MS, err);
}

static int mode_check(const struct mlperf_tiny *dut, struct err *err)
{
	static const char *const names[] = {
		[MLPERF_TINY_PERFORMANCE] = "performance", [MLPERF_TINY_ENERGY] = "energy"};

	if (!dut->announced || dut->announced == dut->mode)
		return 0;
	return err_set(err, -EPROTO, "the firmware is built for %s mode, not for %s mode",
		       names[dut->announced], names[dut->mode]);
}

static int silence(const struct mlperf_tiny *dut, struct err *err)
{
	const char *heard = dut->last_foreign[0] ? dut->last_foreign : NULL;

	return err_set(err, -ETIMEDOUT,
		       "name: the board does not answer (%d attempts of %d ms; %s%s)",
		       NAME_ATTEMPTS, NAME_MS, heard ? "it said last: " : "it said nothing",
		       heard ? heard : "");
}

/* "name" does no harm where it completes what an earlier host left half said, and only its answer
 * has a name in it. Whoever answered late must not answer the next command: quiet again. */
static int sync_find(struct mlperf_tiny *dut, struct err *err)
{
	int rc = 0, attempt;

	dut->last_foreign[0] = 0;
	for (attempt = 0; rc <= 0 && attempt < NAME_ATTEMPTS; attempt++) {
		rc = quiet_await(dut, err);
		dut->stats.repeats += attempt > 0;
		rc = rc ? rc : command_write(dut, "name", err);
		rc = rc ? rc : greeting_receive(dut, err);
		if (rc < 0)
			return rc;
	}
	if (!rc)
		return silence(dut, err);
	rc = attempt > 1 ? quiet_await(dut, err) : 0;
	rc = rc ? rc : mode_check(dut, err);
	dut->is_synced = !rc;
	return rc;
}

/* --- one command ------------------------------------------------------------------------------ */

int mlperf_tiny_send(struct mlperf_tiny *dut, const char *command, struct err *err)
{
	int rc = 0;

	if (!dut->is_synced || dut->order.is_running) {
		dut->order.is_running = false;
		dut->is_synced = false;
		rc = sync_find(dut, err);
	}
	if (!rc)
		rc = command_write(dut, command, err);
	if (rc)
		dut->is_synced = false;
	return rc ? err_context(err, rc, "mlperf_tiny") : 0;
}

int mlperf_tiny_exchange(struct mlperf_tiny *dut, const char *command,
			 struct mlperf_tiny_answer *answer, struct err *err)
{
	int rc = mlperf_tiny_send(dut, command, err);

	if (rc)
		return rc;
	rc = mlperf_tiny_receive(dut, answer, REPLY_MS, err);
	if (!rc)
		rc = err_set(err, -ETIMEDOUT, "%s: no m-ready for %d ms", answer->command,
			     REPLY_MS);
	if (rc > 0 && answer->failed) {
		dut->is_synced = answer->failed == -EREMOTEIO;
		return err_set(err, answer->failed, "mlperf_tiny: %s", answer->err.text);
	}
	if (rc < 0)
		dut->is_synced = false;
	return rc < 0 ? err_context(err, rc, "mlperf_tiny") : 0;
}

int mlperf_tiny_missing(struct mlperf_tiny *dut, const char *command, const char *what,
			struct err *err)
{
	dut->is_synced = false;
	return err_set(err, -EPROTO, "mlperf_tiny: %s: m-ready came without %s%s%s", command, what,
		       dut->last_foreign[0] ? "; the board said last: " : "", dut->last_foreign);
}
