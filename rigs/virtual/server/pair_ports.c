/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a pair's two clients can do: UART bytes and lines of the board, commands of the meter.
 */
#include "rigs/virtual/server/pair_parts.h"

#define METER_ROOM 4096
/* CHIP_EN is high from 0.75 VDD on (ESP32-C3 data sheet, DC characteristics); the devkit's 10 kOhm
 * and 1 uF (ESP32-C3 hardware design guidelines, Chip Power-up and Reset Timing) take ln 4 times 10
 * ms. */
#define EN_RISE_PS 13863000000

/* The board's port --------------------------------------------------------------------------- */

static size_t board_room(void *context)
{
	const struct pair *pair = context;

	return uart_room(&pair->uart);
}

static void board_receive(void *context, const uint8_t *bytes, size_t count)
{
	struct pair *pair = context;

	pair->client_acts++;
	uart_queue(&pair->uart, bytes, count, pair->now_ps);
}

static size_t board_take(void *context, uint8_t *ret_bytes, size_t capacity)
{
	struct pair *pair = context;

	return uart_take(&pair->uart, ret_bytes, capacity);
}

static void board_settings(void *context, const struct rfc2217_settings *settings)
{
	struct pair *pair = context;

	pair->client_acts++;
	uart_set(&pair->uart, settings);
}

static bool line_active(struct config_line line, bool dtr, bool rts)
{
	return (line.is_dtr ? dtr : rts) == line.active_asserted;
}

static void wire_lines(const struct config_board *board, bool dtr, bool rts, bool *ret_reset,
		       bool *ret_boot)
{
	if (board->devkit) {
		*ret_reset = rts && !dtr;
		*ret_boot = dtr && !rts;
		return;
	}
	*ret_reset = line_active(board->reset, dtr, rts);
	*ret_boot = line_active(board->boot, dtr, rts);
}

static void release_reset(struct pair *pair)
{
	pair->reset_held = false;
	pair->release_ps = INT64_MAX;
	pair->resting = false;
	chip_set_nrst(pair->body.chip, true);
	if (pair->boot_active && pair->supply_v > 0)
		pair_chip_restarts(pair, true);
}

static void hold_reset(struct pair *pair)
{
	pair->reset_held = true;
	pair->release_ps = INT64_MAX;
	pair_chip_restarts(pair, false);
	chip_set_nrst(pair->body.chip, false);
}

void pair_drive_lines(struct pair *pair, bool dtr, bool rts)
{
	bool reset;

	pair->dtr = dtr;
	pair->rts = rts;
	pair->resting = false;
	wire_lines(pair->board, dtr, rts, &reset, &pair->boot_active);
	/* BOOT0 first: it is sampled when NRST rises. */
	chip_set_boot0(pair->body.chip, pair->boot_active);
	if (reset)
		hold_reset(pair);
	else if (!pair->reset_held)
		chip_set_nrst(pair->body.chip, true);
	else if (!pair->board->devkit)
		release_reset(pair);
	else if (pair->release_ps == INT64_MAX)
		pair->release_ps = pair->now_ps + EN_RISE_PS;
}

void pair_follow_reset(struct pair *pair)
{
	if (pair->now_ps >= pair->release_ps)
		release_reset(pair);
}

static void board_lines(void *context, bool dtr, bool rts)
{
	struct pair *pair = context;

	pair->client_acts++;
	pair_drive_lines(pair, dtr, rts);
}

static void board_purge(void *context, enum rfc2217_purge what)
{
	struct pair *pair = context;

	if (what != RFC2217_PURGE_TO_DEVICE)
		uart_drop_to_host(&pair->uart);
	if (what != RFC2217_PURGE_TO_CLIENT)
		uart_drop_to_board(&pair->uart);
}

static void board_connected(void *context, bool connected)
{
	struct pair *pair = context;

	(void)connected;
	pair->client_acts++;
	uart_drop_to_host(&pair->uart); /* an adapter that nobody reads keeps nothing */
	pair->anchored = false;
}

/* The meter's port --------------------------------------------------------------------------- */

static size_t meter_room(void *context)
{
	(void)context;
	return METER_ROOM;
}

static void meter_receive(void *context, const uint8_t *bytes, size_t count)
{
	struct pair *pair = context;

	pair->client_acts++;
	/* One by one: a supply switched off and on within one packet is a power cycle. */
	for (size_t i = 0; i < count; i++) {
		vppk2_host_bytes(pair->meter, bytes + i, 1);
		pair_update_supply(pair);
	}
}

static void meter_drop(struct pair *pair)
{
	uint8_t dropped[4096];

	while (vppk2_take_bytes(pair->meter, dropped, sizeof(dropped)) > 0)
		;
}

/* The instrument talks only to a host that asserts DTR; until then its bytes are lost. */
static size_t meter_take(void *context, uint8_t *ret_bytes, size_t capacity)
{
	struct pair *pair = context;

	if (pair->meter_dtr)
		return vppk2_take_bytes(pair->meter, ret_bytes, capacity);
	meter_drop(pair);
	return 0;
}

static void meter_settings(void *context, const struct rfc2217_settings *settings)
{
	(void)context, (void)settings; /* USB CDC: any */
}

static void meter_lines(void *context, bool dtr, bool rts)
{
	struct pair *pair = context;

	(void)rts;
	pair->client_acts++;
	if (dtr && !pair->meter_dtr)
		meter_drop(pair);
	pair->meter_dtr = dtr;
}

static void meter_purge(void *context, enum rfc2217_purge what)
{
	if (what != RFC2217_PURGE_TO_DEVICE)
		meter_drop(context);
}

static void meter_connected(void *context, bool connected)
{
	struct pair *pair = context;

	(void)connected;
	pair->anchored = false;
}

int pair_open_ports(struct pair *pair, struct verr *err)
{
	const struct config_meter *meter;
	const struct port_device board_device = {
		pair,           board_room,  board_receive, board_take,
		board_settings, board_lines, board_purge,   board_connected,
	};
	const struct port_device meter_device = {
		pair,           meter_room,  meter_receive, meter_take,
		meter_settings, meter_lines, meter_purge,   meter_connected,
	};
	int rc = port_open(pair->board->name, pair->board->listen, &board_device, &pair->board_port,
			   err);

	if (rc < 0 || !pair->meter)
		return rc;
	meter = &pair->config->meters[pair->board->meter];
	return port_open(meter->name, meter->listen, &meter_device, &pair->meter_port, err);
}
