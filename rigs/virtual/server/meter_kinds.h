/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The kinds of meters that a rig may have: what of the rig file each takes.
 */
#ifndef RIGS_VIRTUAL_SERVER_METER_KINDS_H
#define RIGS_VIRTUAL_SERVER_METER_KINDS_H

#include <stdbool.h>
#include <stdint.h>

#define METER_MARKERS    3    /* marker lines of a board */
#define METER_INPUTS_MAX 8    /* logic inputs of a meter */
#define METER_NO_INPUT   0xff /* the line is not wired */

enum meter_kind_id {
	METER_PPK2 = 1,
	METER_JS220,
	METER_JS110,
	METER_INA219,
	METER_INA226,
	METER_INA228,
	METER_LPM01A,
};

struct meter_kind {
	const char *name;
	bool serial;     /* a serial device: RFC 2217, or a USB serial port; else USB/IP */
	bool in_series;  /* between a supply of its own and the board; else it is the supply */
	bool i2c;        /* has an address and a shunt; its client times by the host */
	unsigned ranges; /* of the fault range-stuck */
	const char *inputs[METER_INPUTS_MAX + 1]; /* names; index = bit of the meter's logic */
	uint8_t wires[METER_MARKERS];             /* default input per marker line */
	uint32_t faults;                          /* bits 1 << enum fault_id */
};

const struct meter_kind *meter_kind_get(enum meter_kind_id id);
/* 0: no such name. */
enum meter_kind_id meter_kind_find(const char *name);
/* Name i of the catalogue, NULL after the last: for nearest_name. */
const char *meter_kind_name(const void *unused, unsigned i);
/* The bit of an input's name; METER_NO_INPUT: none has it. */
uint8_t meter_kind_input(const struct meter_kind *kind, const char *name);

#endif
