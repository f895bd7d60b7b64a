/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a pair is made of: for pair.c (life and time) and pair_ports.c (the hooks of its ports)
 * only.
 */
#ifndef RIGS_VIRTUAL_SERVER_PAIR_PARTS_H
#define RIGS_VIRTUAL_SERVER_PAIR_PARTS_H

#include "rigs/virtual/chips/chip.h"
#include "rigs/virtual/meters/ppk2.h"
#include "rigs/virtual/plant/plant.h"
#include "rigs/virtual/server/pair.h"
#include "rigs/virtual/server/truth.h"
#include "rigs/virtual/server/uart.h"

struct pair {
	const struct config *config;
	const struct config_board *board;
	struct chip *chip;
	uint8_t *flash; /* mapped; NULL: the chip has its own */
	struct plant *plant;
	struct vppk2 *meter;
	struct port *board_port, *meter_port;
	struct uart uart;
	struct truth truth;
	struct verr truth_error; /* of an edge, seen inside a callback */
	bool truth_failed;
	uint8_t logic; /* marker lines 0..2 */
	bool meter_dtr;
	double supply_v, told_junction_c;
	/* The meter's interval that is under way. */
	uint64_t interval;
	int64_t interval_start_ps;
	double interval_charge_c;
	bool resting; /* the core was asleep or off for the whole last slice */
	/* Pace: virtual time may be anchor_ps + pace * (host time - anchor_ns). */
	bool anchored;
	int64_t anchor_ps, anchor_ns;
	enum pair_state state;
};

/* Opens the board's and the meter's port; on failure one may be open. */
int pair_open_ports(struct pair *pair, struct verr *err);
/* The board's modem lines, as its client drives them. */
void pair_drive_lines(struct pair *pair, bool dtr, bool rts);

#endif
