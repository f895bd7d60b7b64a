/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One board with the meter that powers it, ready to be measured: brings them up, puts the right
 * firmware, model, input and clock into the board, and gets a stuck board back.
 */
#ifndef BENCH_SESSION_STATION_H
#define BENCH_SESSION_STATION_H

#include <stdbool.h>

#include "bench/session/calibration.h"
#include "bench/session/points.h"
#include "bench/session/recording.h"
#include "drivers/control/control.h"
#include "drivers/dut/dut.h"
#include "drivers/link/link.h"
#include "drivers/meter/meter.h"

/* Far above any kernel: bounds the wait for an inference whose cycles are not known yet. */
enum { STATION_CYCLES_PER_MAC_MAX = 100 };

struct station {
	const struct session_work *work;
	const struct rig_board *board;
	const struct rig_meter *meter_config;
	unsigned board_index;
	struct recording_tapes tapes;
	struct link *link;
	struct meter *meter;
	struct dut *dut;
	struct control control;
	struct wire_hello_reply hello;
	bool has_id;                   /* of the board that answered first: it stays the same */
	uint8_t id[RIG_ID_BYTES];
	struct wire_clock_reply clock; /* as last set; hz 0: not set since reset */
	bool has_settled; /* since the clock was set: its user says so */
	bool has_input;                /* the plan's input of the held image is in the board */
	uint32_t checked_crc32;        /* image whose layers were checked since the board came up */
	const struct calibration *calibration; /* of the meter's samples; set by who opened it */
	unsigned flashed;              /* how often firmware was written */
};

enum station_rung {                      /* the recovery ladder */
		    STATION_RESET = 1,   /* pulse reset */
		    STATION_POWER_CYCLE, /* reopen everything, switch the supply off and on */
		    STATION_REFLASH,     /* the same, and write the firmware again */
};

enum { STATION_RUNGS = STATION_REFLASH };

/* The station is zeroed before it is opened for the first time. Opens meter and link, switches the
 * supply off and on (whatever an earlier owner left), resets the board. -EINVAL: the devices are
 * virtual and the rig says they are not, or the reverse; or the meter neither powers the board nor
 * measures its voltage. A board that neither its meter powers nor a supply line switches is never
 * switched, only reset.
 * -ECANCELED, here and below: a replay is over. */
int station_open(struct station *station, const struct session_work *work, unsigned board,
		 struct recording_tapes tapes, struct err *err);
/* Switches the supply off and closes everything, always; accepts a zeroed or half-open one.
 * Negative: meter or supply line did not take the order, the supply may still be on. */
int station_close(struct station *station, struct err *err);

/* Sees to it that the board runs this build: greets it, flashes when it holds anything else.
 * -EINVAL: it is not the board that the rig describes, or not the one that answered before. */
int station_prepare_build(struct station *station, unsigned build, struct err *err);
/* Loads model image and input when the board does not hold them, and compares every layer's CRC
 * with the host's reference once. -EBADMSG: an output or layer differs (the sentence says which).
 */
int station_prepare_model(struct station *station, unsigned model, struct err *err);
int station_set_clock(struct station *station, uint32_t hz, struct err *err);

/* Whether the board started anew since it was greeted, or since its last run: its reset cause is
 * another, or it does not know the run any more. To be asked after a run. */
int station_has_restarted(struct station *station, bool *ret_restarted, struct err *err);

/* Whether the meter powers the board, or a line switches its supply: else the rungs above
 * STATION_RESET open anew and reset it. */
bool station_can_switch(const struct station *station);

int station_recover(struct station *station, enum station_rung rung, unsigned build,
		    struct err *err);

#endif
