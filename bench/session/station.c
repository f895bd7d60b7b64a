/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/station_parts.h"

#include <errno.h>
#include <string.h>

#include "drivers/marker/marker.h"

enum {
	POWER_OFF_MS = 300, /* lets the board's capacitors run down */
	POWER_UP_MS = 20,   /* supply and reset settle */
	PORT_MS = 5000,     /* from a supply line to the port that it feeds: USB enumeration */
	PORT_PAUSE_MS = 100,
};

static bool meter_can_switch(const struct station *station)
{
	return meter_info(station->meter)->caps & METER_CAP_SUPPLY;
}

bool station_can_switch(const struct station *station)
{
	return meter_can_switch(station) || control_has_supply(&station->control);
}

/* Energy needs a voltage: one that was set, or one that is measured. */
static int check_voltage(const struct station *station, struct err *err)
{
	if (station->meter_config->supply_v > 0 ||
	    meter_info(station->meter)->caps & METER_CAP_VOLTAGE)
		return 0;
	return err_set(err, -EINVAL,
		       "the rig gives it no supply, and it measures no voltage: energy cannot be "
		       "told. Let it power the board ('supply: 3.3 V' and 'supply_u'), or take a "
		       "meter that measures voltage");
}

static int open_meter(struct station *station, struct err *err)
{
	const struct rig_meter *config = station->meter_config;
	const struct meter_settings settings = {.supply_v = config->supply_v,
						.options = config->options};
	int ret = meter_open_uri(config->driver, station->tapes.meter, config->link, &settings,
				 &station->meter, err);

	if (!ret)
		ret = rig_check_origin(station->work->rig, meter_info(station->meter)->is_virtual,
				       "its link", err);
	if (!ret)
		ret = check_voltage(station, err);
	return ret ? err_context(err, ret, "meter %s", config->name) : 0;
}

/* A board's port may live on what its supply line switches: then it is a while before it is there.
 */
static int open_link(struct station *station, struct err *err)
{
	const struct rig_board *board = station->board;
	const struct link_settings settings = {.baud = board->baud, .parity = LINK_PARITY_NONE};
	struct link_tape *tape = station->tapes.board;
	int64_t until_ns = link_tape_clock_ns(tape) + PORT_MS * INT64_C(1000000);
	int ret;

	for (;;) {
		ret = link_open_taped(tape, board->link, &settings, &station->link, err);
		if ((ret != -ENOENT && ret != -ENODEV) || !control_has_supply(&station->control) ||
		    link_tape_clock_ns(tape) >= until_ns)
			return ret;
		link_tape_sleep_ms(tape, PORT_PAUSE_MS);
	}
}

/* Each capture opens them anew; here to see at once that they are to be had. */
static int try_markers(const struct station *station, struct err *err)
{
	const char *uri = station->board->markers;
	struct marker *marker = NULL;
	int ret = uri ? marker_open_taped(uri, station->tapes.board, &marker, err) : 0;

	marker_close(marker);
	return ret ? err_context(err, ret, "markers") : 0;
}

static int open_board(struct station *station, struct err *err)
{
	const struct rig_board *board = station->board;
	int ret = open_link(station, err);

	if (!ret)
		ret = rig_check_origin(station->work->rig, link_is_virtual(station->link),
				       "its link", err);
	if (!ret)
		ret = control_attach(&station->control, station->link, err);
	if (!ret)
		ret = dut_open(station->link, &station->dut, err);
	if (!ret)
		ret = try_markers(station, err);
	return ret ? err_context(err, ret, "board %s", board->name) : 0;
}

void station_forget(struct station *station)
{
	memset(&station->hello, 0, sizeof(station->hello));
	memset(&station->clock, 0, sizeof(station->clock));
	station->has_input = false;
	station->checked_crc32 = 0;
}

int station_reset(struct station *station, struct err *err)
{
	int ret;

	station_forget(station);
	ret = control_reset(&station->control, false, err);
	if (!ret)
		link_tape_sleep_ms(station->tapes.board, POWER_UP_MS);
	return ret ? err_context(err, ret, "board %s", station->board->name) : 0;
}

static int switch_meter(struct station *station, bool on, struct err *err)
{
	int ret = meter_can_switch(station) ? meter_supply(station->meter, on, err) : 0;

	return ret ? err_context(err, ret, "meter %s", station->meter_config->name) : 0;
}

static int switch_line(struct station *station, bool on, struct err *err)
{
	int ret = control_has_supply(&station->control) ? control_supply(&station->control, on, err)
							: 0;

	return ret ? err_context(err, ret, "board %s", station->board->name) : 0;
}

/* What is between meter and board is on while the meter is. A board that something else powers
 * stays on: its reset is all there is. */
static int switch_supply(struct station *station, bool on, struct err *err)
{
	int ret;

	if (!station_can_switch(station))
		return 0;
	ret = on ? switch_meter(station, on, err) : switch_line(station, on, err);
	if (!ret)
		ret = on ? switch_line(station, on, err) : switch_meter(station, on, err);
	if (!ret)
		link_tape_sleep_ms(station->tapes.meter, on ? POWER_UP_MS : POWER_OFF_MS);
	return ret;
}

/* Always from a cold start: whoever held the board before may have left it on, or hanging. */
static int bring_up(struct station *station, struct err *err)
{
	int ret = open_meter(station, err);

	if (!ret) {
		ret = control_open(&station->control, &station->board->lines, station->tapes.board,
				   err);
		if (ret)
			err_context(err, ret, "board %s", station->board->name);
	}
	if (!ret)
		ret = switch_supply(station, false, err);
	if (!ret)
		ret = switch_supply(station, true, err);
	if (!ret)
		ret = open_board(station, err);
	return ret ? ret : station_reset(station, err);
}

static int take_down(struct station *station, struct err *err)
{
	int line_ret, ret = 0;

	dut_close(station->dut);
	link_close(station->link);
	line_ret = station->board ? switch_line(station, false, err) : 0;
	if (station->meter)
		ret = switch_meter(station, false, line_ret ? NULL : err);
	ret = line_ret ? line_ret : ret;
	if (ret)
		err_context(err, ret, "the supply may still be on");
	control_close(&station->control);
	meter_close(station->meter);
	station->dut = NULL;
	station->link = NULL;
	station->meter = NULL;
	station_forget(station);
	return ret;
}

int station_open(struct station *station, const struct session_work *work, unsigned board,
		 struct recording_tapes tapes, struct err *err)
{
	struct station fresh = {
		.work = work, .board_index = board, .tapes = tapes, .has_id = station->has_id};

	memcpy(fresh.id, station->id, sizeof(fresh.id));
	*station = fresh;
	station->board = &work->rig->boards[board];
	station->meter_config = &work->rig->meters[station->board->meter];
	return bring_up(station, err);
}

int station_close(struct station *station, struct err *err)
{
	return take_down(station, err);
}

static int power_cycle(struct station *station, struct err *err)
{
	take_down(station, NULL); /* bring_up switches off again: its failure counts */
	return bring_up(station, err);
}

int station_recover(struct station *station, enum station_rung rung, unsigned build,
		    struct err *err)
{
	int ret;

	if (rung == STATION_RESET && station->dut)
		ret = station_reset(station, err);
	else
		ret = power_cycle(station, err);
	if (!ret && rung == STATION_REFLASH)
		ret = station_write_build(station, build, err);
	return ret;
}
