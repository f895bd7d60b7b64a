/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A bench supply with one output that feeds any number of boards. Speaks SCPI (scpi.h) over a plain
 * stream socket: OUTPut[:STATe], [SOURce:]VOLTage, MEASure:VOLTage?, MEASure:CURRent?, and what
 * every instrument knows (*IDN?, *RST, *CLS, *OPC?, SYSTem:ERRor?).
 *
 * The output is on at the configured voltage when the rig starts and after *RST. Its boards follow
 * within their next turn (a few milliseconds of host time); switched off and on in one breath, they
 * lose power for an instant. MEASure:CURRent? is the sum over the boards of the mean current of
 * each one's last turn.
 */
#ifndef RIGS_VIRTUAL_SERVER_SUPPLY_H
#define RIGS_VIRTUAL_SERVER_SUPPLY_H

#include <stdbool.h>

#include "rigs/virtual/server/config.h"
#include "rigs/virtual/server/scpi.h"

struct supply;

/* The configuration is not owned and outlives the supply. */
int supply_new(const struct config_device *config, struct supply **ret_supply, struct verr *err);
void supply_free(struct supply *supply); /* accepts NULL */

/* The commands; their context is the supply. */
extern const struct scpi_command supply_commands[];

/* A board's connection: a number for supply_report. */
unsigned supply_attach(struct supply *supply);
struct supply_output {
	double voltage_v; /* 0: off */
	unsigned cuts;    /* how often it was switched off so far */
	bool has_client;
};
/* From any thread, as is supply_report. */
struct supply_output supply_output(struct supply *supply);
void supply_report(struct supply *supply, unsigned board, double current_a);
void supply_set_client(struct supply *supply, bool has_client);

#endif
