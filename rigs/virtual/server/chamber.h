/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A thermal chamber: air that follows a set point with a slew rate, overshoots and settles. Speaks
 * SCPI (scpi.h) over a plain stream socket:
 *
 *   [SOURce:]TEMPerature[:SPOint] CELSIUS   set point, and its query; switches the chamber on
 *   [SOURce:]TEMPerature:SLEW KELVIN/MIN    and its query
 *   MEASure:TEMPerature?
 *   OUTPut[1][:STATe] ON|OFF                and its query
 *   *IDN? *RST *CLS *OPC? SYSTem:ERRor?
 *
 * and the same in the words of the Watlow F4T, the controller of many makers' chambers (as client
 * programs for it use them): [SOURce:]CLOop1:SPOint and its query, [SOURce:]CLOop1:PVALue?,
 * [SOURce:]CLOop1:RRATe, UNIT:TEMPerature C|F and its query: temperatures are taken and answered in
 * that unit (not slews). It begins with C, and *RST leaves it. The F4T's program, profile and
 * humidity commands are not there.
 *
 * Its log, if it has one, is JSON lines: {"schema": "joulebench-chamber/1", "chamber": NAME} first,
 * then
 * {"target_c": CELSIUS} for each set point that it took.
 *
 * Time. Each board has virtual time of its own, so each board in the chamber has air of its own,
 * all with the same set point: a set point counts in each board's time from the moment it was
 * given, and a board's air moves with that board's time. So a board's temperatures depend on its
 * own time only. The chamber's own air moves with the host's time times the rig's pace. A board
 * whose time begins to run, or runs on after a pause, finds the chamber's own air, and has taken on
 * its temperature if it was off.
 * MEASure:TEMPerature? gives, of the air of all boards whose time runs, that which is farthest from
 * the set point, so that who waits for the chamber waits for all of them; the chamber's own where
 * no board's time runs.
 */
#ifndef RIGS_VIRTUAL_SERVER_CHAMBER_H
#define RIGS_VIRTUAL_SERVER_CHAMBER_H

#include <stdbool.h>

#include "rigs/virtual/server/config.h"
#include "rigs/virtual/server/scpi.h"

struct chamber_program { /* what the controller is told */
	double target_c, slew_k_per_s;
	bool on;         /* off: the air drifts to the room's temperature */
	unsigned serial; /* counts the changes */
};

struct chamber_air {
	double temp_c;
	double goal_c; /* of the ramp: beyond the target by the overshoot */
	bool ramping;
	unsigned serial; /* of the program it follows */
};

/* Pure: lets dt_s pass for one body of air. */
void chamber_air_step(const struct config_device *config, const struct chamber_program *program,
		      struct chamber_air *air, double dt_s);

struct chamber;

/* Empties the log. The configuration is not owned and outlives the chamber. pace: virtual seconds
 * per host second.
 */
int chamber_new(const struct config_device *config, double pace, struct chamber **ret_chamber,
		struct verr *err);
void chamber_free(struct chamber *chamber); /* accepts NULL */

extern const struct scpi_command chamber_commands[];

/* A board's place: a number for the functions below, which any thread may call. */
unsigned chamber_attach(struct chamber *chamber);
struct chamber_program chamber_program(struct chamber *chamber);
/* The chamber's own air at host time now_ns. */
struct chamber_air chamber_own_air(struct chamber *chamber, int64_t now_ns);
/* A board's air, for the display; running: its time runs. */
void chamber_report(struct chamber *chamber, unsigned place, double temp_c, bool running);

#endif
