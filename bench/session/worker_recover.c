/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/session/worker_parts.h"

enum {
	REOPEN_MS = 20000, /* how long a board that was there may be away */
	REOPEN_PAUSE_MS = 500,
};

void worker_close_station(struct work_state *state)
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
	       ret == -EBUSY || ret == -ENOTSUP;
}

/* Said once per session, and in every row. */
static int find_calibration(struct work_state *state, struct err *err)
{
	struct station *station = &state->station;
	bool said = state->calibration.state[0];
	char now_utc[32];
	int ret;

	calibration_now_utc(0, now_utc, sizeof(now_utc));
	ret = calibration_find(state->worker->options->store, state->work->rig,
			       station->meter_config, meter_info(station->meter), now_utc,
			       &state->calibration, err);
	if (!ret)
		ret = recording_calibration(state->worker->options->recording,
					    state->worker->board, &state->calibration, err);
	if (ret)
		return err_context(err, ret, "meter %s", station->meter_config->name);
	station->calibration = &state->calibration;
	if (!said && state->calibration.sentence[0])
		fprintf(stderr, "joulebench: meter %s: %s\n", station->meter_config->name,
			state->calibration.sentence);
	return 0;
}

/* OpenOCD's User's Guide and ST's debug chapters: DBGMCU and a core in debug keep clocks on. */
static void say_what_stays_attached(const struct rig_board *board)
{
	if (strcmp(board->flash_driver, "openocd") || board->flash_config)
		return;
	fprintf(stderr,
		"joulebench: board %s: the probe of the OpenOCD at %s stays attached while it is "
		"measured: a debug session keeps clocks on and raises the current, above all idle. "
		"With 'config:' instead of 'server:' OpenOCD is started for flashing only\n",
		board->name, board->flash_uri);
}

/* A board that was up before may be away for a while: a port that comes back after a power cycle, a
 * terminal server that starts again. */
int worker_open_station(struct work_state *state, const struct point *point, struct err *err)
{
	struct link_tape *tape = state->tapes.board;
	int64_t until_ns = link_tape_clock_ns(tape) + (state->was_up ? REOPEN_MS * 1000000LL : 0);
	int ret;

	while ((ret = station_open(&state->station, state->work, point->board, state->tapes,
				   err))) {
		worker_close_station(state);
		if (worker_stopping(state))
			return err_set(err, -ECANCELED, "interrupted");
		if (ret == -EINVAL || link_tape_clock_ns(tape) >= until_ns)
			break;
		link_tape_sleep_ms(tape, REOPEN_PAUSE_MS);
	}
	if (!ret) {
		ret = find_calibration(state, err);
		if (ret)
			worker_close_station(state);
	}
	if (!ret && !state->was_up && !station_can_switch(&state->station))
		fprintf(stderr,
			"joulebench: board %s: meter %s does not power it, and cannot switch it: a "
			"board that hangs is reset, never switched off (a supply line could: "
			"'lines: {supply: gpio:...}')\n",
			state->station.board->name, state->station.meter_config->name);
	if (!ret && !state->was_up)
		say_what_stays_attached(state->station.board);
	state->up = !ret;
	state->gone = ret && (state->was_up || is_misconfigured(ret));
	state->was_up |= state->up;
	return ret;
}

/* A refused window may come from a board that restarted by itself, and so lost its clock and input:
 * it is reset, and when the next one is refused as well switched off and on: a meter that was off
 * starts its ranging and its supply anew. A supply that is in doubt is switched off and on at once.
 * Failures climb one rung with every attempt in a row. A board that does not come back stays
 * closed; the next attempt opens it anew. */
void worker_recover(struct work_state *state, const struct point *point)
{
	enum station_rung rung = STATION_RESET;
	struct err err = {""};

	if (!state->up || worker_stopping(state))
		return;
	if (state->failures)
		rung = (enum station_rung)((state->failures - 1) % STATION_RUNGS + 1);
	else if (state->refusals > 1 || state->supply.in_doubt)
		rung = STATION_POWER_CYCLE;
	if (rung >= STATION_POWER_CYCLE)
		state->supply.in_doubt = false;
	if (!station_recover(&state->station, rung, point->build, &err))
		return;
	fprintf(stderr, "joulebench: %s: recovery: %s\n",
		state->work->rig->boards[point->board].name, err.text);
	worker_close_station(state);
}
