/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a pair's two clients can do: UART bytes and lines of the board, commands of the meter.
 */
#include "rigs/virtual/server/pair_parts.h"

#define METER_ROOM 4096

/* The board's port --------------------------------------------------------------------------- */

static size_t board_room(void *context)
{
	const struct pair *pair = context;

	return uart_room(&pair->uart);
}

static void board_receive(void *context, const uint8_t *bytes, size_t count)
{
	struct pair *pair = context;

	uart_queue(&pair->uart, bytes, count, chip_now_ps(pair->chip));
}

static size_t board_take(void *context, uint8_t *ret_bytes, size_t capacity)
{
	struct pair *pair = context;

	return uart_take(&pair->uart, ret_bytes, capacity);
}

static void board_settings(void *context, const struct rfc2217_settings *settings)
{
	struct pair *pair = context;

	uart_set(&pair->uart, settings);
}

static bool line_active(struct config_line line, bool dtr, bool rts)
{
	return (line.is_dtr ? dtr : rts) == line.active_asserted;
}

void pair_drive_lines(struct pair *pair, bool dtr, bool rts)
{
	/* BOOT0 first: it is sampled when NRST rises. */
	chip_set_boot0(pair->chip, line_active(pair->board->boot, dtr, rts));
	chip_set_nrst(pair->chip, !line_active(pair->board->reset, dtr, rts));
	pair->resting = false;
}

static void board_lines(void *context, bool dtr, bool rts)
{
	pair_drive_lines(context, dtr, rts);
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
	uart_drop_to_host(&pair->uart); /* an adapter that nobody reads keeps nothing */
	pair->anchored = false;
}

/* The meter's port --------------------------------------------------------------------------- */

static size_t meter_room(void *context)
{
	(void)context;
	return METER_ROOM;
}

static void update_supply(struct pair *pair)
{
	double supply_v = vppk2_supply_v(pair->meter);

	if (supply_v == pair->supply_v)
		return;
	pair->supply_v = supply_v;
	pair->resting = false;
	chip_set_supply(pair->chip, supply_v);
}

static void meter_receive(void *context, const uint8_t *bytes, size_t count)
{
	struct pair *pair = context;

	/* One by one: a supply switched off and on within one packet is a power cycle. */
	for (size_t i = 0; i < count; i++) {
		vppk2_host_bytes(pair->meter, bytes + i, 1);
		update_supply(pair);
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
	const struct config_meter *meter = &pair->config->meters[pair->board->meter];
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

	if (rc == 0)
		rc = port_open(meter->name, meter->listen, &meter_device, &pair->meter_port, err);
	return rc;
}
