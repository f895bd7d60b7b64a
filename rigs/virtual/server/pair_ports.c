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

/* The meter's serial port -------------------------------------------------------------------- */

static size_t meter_room(void *context)
{
	(void)context;
	return METER_ROOM;
}

static void meter_receive(void *context, const uint8_t *bytes, size_t count)
{
	struct pair *pair = context;
	const struct meter *meter = pair->meter;

	pair->client_acts++;
	/* One by one: a supply switched off and on within one packet is a power cycle. */
	for (size_t i = 0; i < count; i++) {
		meter->ops->host_bytes(meter->state, bytes + i, 1);
		pair_update_supply(pair);
	}
	if (meter->ops->take_link_lost && meter->ops->take_link_lost(meter->state))
		outlet_unplug(pair->meter_outlet, 0);
}

static void meter_drop(struct pair *pair)
{
	uint8_t dropped[4096];

	while (pair->meter->ops->take_bytes(pair->meter->state, dropped, sizeof(dropped)) > 0)
		;
}

/* An instrument that talks only to a host that asserts DTR: until then its bytes are lost. */
static size_t meter_take(void *context, uint8_t *ret_bytes, size_t capacity)
{
	struct pair *pair = context;

	if (pair->meter_dtr || !pair->meter->ops->needs_dtr)
		return pair->meter->ops->take_bytes(pair->meter->state, ret_bytes, capacity);
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
	if (dtr && !pair->meter_dtr && pair->meter->ops->needs_dtr)
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

/* What a serial meter says of itself on USB (device sheets). */
static const struct vcdc_acm_identity meter_identities[] = {
	[METER_PPK2] = {0x1915, 0xc00a, "VIRTUAL Nordic Semiconductor", "PPK2", NULL},
	[METER_LPM01A] = {0x0483, 0x5740, "VIRTUAL STMicroelectronics", "PowerShield (LPM01A)",
			  NULL},
};

static int open_meter_serial(struct pair *pair, struct verr *err)
{
	const struct config_meter *config = pair->meter->config;
	struct vcdc_acm_identity identity = meter_identities[config->kind];
	const struct port_device device = {
		pair,           meter_room,  meter_receive, meter_take,
		meter_settings, meter_lines, meter_purge,   meter_connected,
	};

	if (!config->usb)
		return outlet_open_serial(config->name, config->listen, &device,
					  &pair->meter_outlet, err);
	identity.serial = config->serial ? config->serial : config->name;
	return outlet_open_usb_serial(config->name, config->listen, &device, &identity,
				      &pair->meter_outlet, err);
}

/* The meter's USB port ----------------------------------------------------------------------- */

/* While time has to pass for what its client has asked for, it is not served; unless time does not
 * pass, because the client leaves unread what it has to read first. */
static bool usb_ready(void *context)
{
	struct pair *pair = context;

	return rig_meter_busy_until_ps(pair->meter) <= pair->now_ps || pair_stands_still(pair);
}

static void usb_act(void *context, uint8_t endpoint, const uint8_t *bytes, size_t count)
{
	struct pair *pair = context;
	const struct meter *meter = pair->meter;

	if (!meter->ops->act || meter->ops->act(meter->state, endpoint, bytes, count))
		pair->client_acts++;
}

static void usb_connected(void *context, bool connected)
{
	struct pair *pair = context;

	pair->client_acts++;
	pair->anchored = false;
	if (pair->meter->ops->attached)
		pair->meter->ops->attached(pair->meter->state, connected);
}

static int open_meter_usb(struct pair *pair, struct verr *err)
{
	const struct config_meter *config = pair->meter->config;
	const struct vusbip_export export = {
		.busid = config->name,
		.device = pair->meter->ops->usb(pair->meter->state),
		.context = pair,
		.ready = usb_ready,
		.act = usb_act,
	};

	return outlet_open_usb(config->listen, &export, usb_connected, &pair->meter_outlet, err);
}

bool pair_meter_has_client(const struct pair *pair)
{
	return pair->meter_outlet && outlet_has_client(pair->meter_outlet);
}

/* Both --------------------------------------------------------------------------------------- */

/* For tests (pid.codes): a board's own USB serial bridge is not modelled, only that there is one.
 */
#define BOARD_VENDOR  0x1209
#define BOARD_PRODUCT 0x0001

static int open_board(struct pair *pair, struct verr *err)
{
	const struct config_board *board = pair->board;
	const struct port_device device = {
		pair,           board_room,  board_receive, board_take,
		board_settings, board_lines, board_purge,   board_connected,
	};
	const struct vcdc_acm_identity identity = {BOARD_VENDOR, BOARD_PRODUCT,
						   "VIRTUAL joulebench", "board UART", board->name};

	if (!board->usb)
		return outlet_open_serial(board->name, board->listen, &device, &pair->board_outlet,
					  err);
	return outlet_open_usb_serial(board->name, board->listen, &device, &identity,
				      &pair->board_outlet, err);
}

int pair_open_ports(struct pair *pair, struct verr *err)
{
	int rc = open_board(pair, err);

	if (rc == 0 && pair->board->usb_loader)
		rc = pair_loader_open(pair, pair->board->usb_loader, &pair->loader, err);
	if (rc == 0 && pair->board->markers)
		rc = marker_port_open(
			pair->board->markers, pair->board->marker_jitter_s,
			vrandom_seed(vrandom_seed(pair->config->seed, pair->board->name),
				     "markers"),
			&pair->marker_port, err);
	if (rc < 0 || !pair->meter)
		return rc;
	return pair->meter->ops->usb ? open_meter_usb(pair, err) : open_meter_serial(pair, err);
}

void pair_fill_pollfds(const struct pair *pair, struct pollfd fds[PAIR_POLLFDS])
{
	for (unsigned i = 0; i < PAIR_POLLFDS; i++)
		fds[i] = (struct pollfd){.fd = -1};
	outlet_fill_pollfds(pair->board_outlet, fds);
	if (pair->meter_outlet)
		outlet_fill_pollfds(pair->meter_outlet, fds + OUTLET_POLLFDS);
	if (pair->loader)
		outlet_fill_pollfds(pair_loader_outlet(pair->loader), fds + 2 * OUTLET_POLLFDS);
	if (pair->marker_port)
		marker_port_fill_pollfds(pair->marker_port, fds + 3 * OUTLET_POLLFDS);
}

void pair_service(struct pair *pair, const struct pollfd fds[PAIR_POLLFDS])
{
	pair->served_ns = pair_clock_ns();
	if (pair->marker_port && marker_port_service(pair->marker_port, fds + 3 * OUTLET_POLLFDS))
		pair->anchored = false; /* what lagged before is not caught up */
	outlet_service(pair->board_outlet, fds);
	if (pair->loader)
		outlet_service(pair_loader_outlet(pair->loader), fds + 2 * OUTLET_POLLFDS);
	if (!pair->meter_outlet)
		return;
	outlet_service(pair->meter_outlet, fds + OUTLET_POLLFDS);
	if (outlet_is_usb(pair->meter_outlet))
		pair_update_supply(pair); /* which its client may have switched */
}

void pair_flush(struct pair *pair)
{
	outlet_flush(pair->board_outlet);
	if (pair->loader)
		outlet_flush(pair_loader_outlet(pair->loader));
	if (!pair->meter_outlet)
		return;
	outlet_flush(pair->meter_outlet);
	if (outlet_is_usb(pair->meter_outlet))
		pair_update_supply(pair);
}

void pair_announce(const struct pair *pair, FILE *file)
{
	outlet_announce(pair->board_outlet, file);
	if (pair->loader)
		outlet_announce(pair_loader_outlet(pair->loader), file);
	if (pair->meter_outlet)
		outlet_announce(pair->meter_outlet, file);
	if (pair->marker_port)
		fprintf(file, "virtual-rig: %s: markers: socket:%s\n", pair->board->name,
			marker_port_address(pair->marker_port));
}
