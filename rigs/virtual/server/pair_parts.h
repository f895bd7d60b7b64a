/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a pair is made of: for pair*.c (life and time, ports, faults, surroundings) only.
 */
#ifndef RIGS_VIRTUAL_SERVER_PAIR_PARTS_H
#define RIGS_VIRTUAL_SERVER_PAIR_PARTS_H

#include "rigs/virtual/chips/chip.h"
#include "rigs/virtual/plant/plant.h"
#include "rigs/virtual/server/chip_time.h"
#include "rigs/virtual/server/faults.h"
#include "rigs/virtual/server/meter.h"
#include "rigs/virtual/server/pair.h"
#include "rigs/virtual/server/pair_loader.h"
#include "rigs/virtual/server/truth.h"
#include "rigs/virtual/server/uart.h"

#define PAIR_MARKERS METER_MARKERS

/* What the fault "other-board" exchanges. */
struct pair_body {
	const char *part;
	struct chip *chip;
	struct plant *plant;
	uint8_t *flash;
	bool flash_mapped; /* else allocated */
};

struct flipped_byte {
	uint32_t offset;
	uint8_t right, wrong;
};

/* Faults that are under way. */
struct pair_faults {
	struct faults board, meter;
	bool window_begins, window_ends; /* in the slice that is being run */
	bool hung, deaf;
	struct chip_activity hung_activity; /* what it goes on doing, per hung_s */
	double hung_s;
	int64_t brown_out_until_ps, drop_until_ps;
	double brown_out_v, drop_share;
	bool off_rate; /* the chip's time is not the board's */
	double rate_share, rate_drift_per_s, rate_for_s;
	int64_t rate_since_ps;
	/* flash-flip: the flash as it was at the last look; NULL: not armed. */
	uint8_t *flash_seen;
	int64_t flash_look_ps;
	uint32_t flash_written;
	struct fault_run *flash_run;
	/* output-flip: to be put right when the window ends. */
	struct flipped_byte *flipped;
	unsigned flipped_count;
};

struct pair {
	const struct config *config;
	const struct config_board *board;
	struct pair_body body, other; /* other: no chip, unless a fault needs it */
	struct chip_time chip_time;
	int64_t now_ps;
	struct meter *meter; /* NULL: none */
	struct outlet *board_outlet, *meter_outlet;
	struct pair_loader *loader;      /* NULL: none on USB */
	struct marker_port *marker_port; /* NULL: none */
	int64_t served_ns;               /* when its clients were served last */
	struct uart uart;
	struct truth truth;
	struct verr truth_error; /* of an edge, seen inside a callback */
	bool truth_failed;
	uint8_t logic;        /* marker lines 0..2 */
	uint8_t logic_before; /* until logic_ps */
	int64_t logic_ps;
	bool dtr, rts;
	bool reset_held, boot_active;
	int64_t release_ps; /* when reset ends that nobody pulls any more; INT64_MAX: not due */
	bool meter_dtr;
	double source_v;      /* what feeds the board */
	double load_ohm;      /* of what is in the board's place; 0: the board is */
	double supply_v;      /* at the board's terminals: behind the meter, after its faults */
	double told_supply_v; /* as the chip has it */
	double told_junction_c;
	double current_a; /* of the last slice */
	bool resting;     /* the core was asleep or off for the whole last slice */
	/* Surroundings. */
	struct supply *supply;
	unsigned supply_place, supply_cuts;
	struct supply_output supply_output; /* as last looked at */
	double turn_charge_c;
	int64_t turn_start_ps;
	struct chamber *chamber;
	unsigned chamber_place;
	struct chamber_air air;
	struct chamber_program program;
	int64_t air_ps; /* until when the air has been followed */
	int64_t air_ns; /* the same in host time, of the last look */
	bool air_known;
	struct pair_faults faults;
	/* Pace: virtual time may be anchor_ps + pace * (host time - anchor_ns). */
	bool anchored;
	int64_t anchor_ps, anchor_ns;
	/* What clients have done, and when that was first seen to be more than before. */
	uint64_t client_acts, client_acts_seen;
	int64_t client_ns;
	enum pair_state state;
};

/* Opens the ways to the board and the meter; on failure one may be open. */
int pair_open_ports(struct pair *pair, struct verr *err);
bool pair_meter_has_client(const struct pair *pair);
/* Time does not pass: nobody is there, or somebody leaves too much unread. */
bool pair_stands_still(const struct pair *pair);
/* The board's modem lines, as its client drives them. */
void pair_drive_lines(struct pair *pair, bool dtr, bool rts);
/* Ends a reset that is due to end. */
void pair_follow_reset(struct pair *pair);
/* Tells the chip the supply as its source and its faults make it. */
void pair_update_supply(struct pair *pair);
/* The chip starts anew: it no longer hangs, and its loader may be spoken to. */
void pair_chip_restarts(struct pair *pair, bool into_loader);

/* Surroundings: once per turn, and along the board's time. */
void pair_look_around(struct pair *pair, int64_t now_ns);
void pair_report_around(struct pair *pair);
void pair_follow_air(struct pair *pair);

/* Faults. */
int pair_faults_init(struct pair *pair, struct verr *err);
void pair_faults_done(struct pair *pair);
/* A byte on the board's line: false when it is lost. */
bool pair_faults_byte(struct pair *pair, uint8_t *byte);
/* After a slice: opportunities, and what is due. */
void pair_faults_step(struct pair *pair);
/* The chip gets its supply. */
void pair_faults_power_up(struct pair *pair);
/* What a core that hangs does for dt_s. */
void pair_faults_hung_activity(struct pair *pair, double dt_s, struct chip_activity *ret_activity);

/* Of the flash. Armed: a bit of what the loader writes next will be wrong. */
void pair_flash_arm(struct pair *pair, struct fault_run *run);
void pair_flash_disarm(struct pair_faults *faults);
void pair_flash_look(struct pair *pair);
double pair_flash_spoil(struct pair *pair, struct fault_run *run);
void pair_flash_restore(struct pair *pair);

int pair_body_new(struct pair *pair, const char *part, uint64_t seed, const char *flash_path,
		  struct pair_body *ret_body, struct verr *err);
void pair_body_done(struct pair_body *body);

#endif
