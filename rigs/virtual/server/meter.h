/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The meter of a pair, whatever its kind: how the pair's time, current and marker lines reach the
 * instrument's model, and how its clients do. One ops struct per kind (meter_*.c).
 */
#ifndef RIGS_VIRTUAL_SERVER_METER_H
#define RIGS_VIRTUAL_SERVER_METER_H

#include <stddef.h>

#include "rigs/virtual/meters/ppk2_faults.h"
#include "rigs/virtual/meters/usb_device.h"
#include "rigs/virtual/server/config.h"

/* A slice of the board's time. A slice begins where the one before ended; the first at 0. */
struct meter_slice {
	int64_t start_ps, end_ps;
	double charge_c;  /* into the board, evenly */
	double voltage_v; /* at the board's terminals: behind the meter */
	bool coarse;      /* many sample intervals of rest, asked for by rig_meter_rest_end_ps */
	/* Marker lines: their levels, and those before logic_ps. */
	uint8_t logic, logic_before;
	int64_t logic_ps;
};

/* What is fed to a model that knows its inputs by their own bits. */
struct meter_feed {
	int64_t start_ps, end_ps;
	double current_a, voltage_v;
	uint8_t inputs;
};

/* Hooks without a word are required. State is what open returned. */
struct meter_ops {
	/* NULL: out of memory. */
	void *(*open)(const struct config_meter *config, uint64_t seed);
	void (*close)(void *state);

	/* Time. One of the two: */
	void (*slice)(void *state, const struct meter_slice *slice);
	void (*feed)(void *state, const struct meter_feed *feed);
	/* Where a slice of rest ends that begins at now_ps; NULL: with a 10 us interval, or 100 of
	 * them later. */
	int64_t (*rest_end_ps)(const void *state, int64_t now_ps, bool coarse);
	/* When it acts next by itself: a slice of rest ends there; NULL: never. */
	int64_t (*next_event_ps)(const void *state);
	/* Until when time has to pass for what its client has asked for, before the client is
	 * served again (USB); NULL: never. */
	int64_t (*busy_until_ps)(const void *state);
	bool host_timed; /* its client has no clock but the host's: time never stands still */
	bool (*streams)(const void *state); /* no coarse slices */
	bool (*is_full)(const void *state); /* its client leaves too much unread */

	/* The voltage at the board when it draws so much. source_v: of the supply that the meter is
	 * in series with; not used by one that is the supply. 0: switched off. */
	double (*board_v)(const void *state, double source_v, double current_a);
	bool burdens; /* it depends on the current: looked at after every slice */

	/* Serial devices; else NULL. */
	void (*host_bytes)(void *state, const uint8_t *bytes, size_t count);
	size_t (*take_bytes)(void *state, uint8_t *ret_bytes, size_t capacity);
	bool (*take_link_lost)(void *state); /* true once: it hangs up by itself; NULL: never */
	bool needs_dtr;                      /* talks only to a host that asserts DTR */
	/* USB devices; else NULL. */
	struct usb_device (*usb)(void *state);
	/* Its client is about to do this (struct vusbip_export.act). True: of its own accord, not
	 * in answer to the instrument. NULL: always. */
	bool (*act)(void *state, uint8_t endpoint, const uint8_t *bytes, size_t count);
	/* A client has imported it, or let it go; NULL: nothing happens. */
	void (*attached)(void *state, bool attached);

	/* Faults; those that the kind does not have (meter_kinds.h) are NULL. */
	double samples_per_s;
	void (*lose_samples)(void *state, unsigned count);
	void (*saturate)(void *state, unsigned count);
	void (*stick_range)(void *state, unsigned range, double for_s); /* 0: for good */
	void (*disturb)(void *state, unsigned input, enum ppk2_marker_fault fault,
			unsigned samples);
	void (*lose_frames)(void *state, unsigned count);
	void (*repeat_frame)(void *state);
	void (*freeze)(void *state, unsigned count);
	void (*nack)(void *state, unsigned count);
};

struct meter {
	const struct meter_ops *ops;
	const struct meter_kind *kind;
	const struct config_meter *config; /* not owned */
	void *state;
};

int rig_meter_open(const struct config_meter *config, uint64_t seed, struct meter **ret_meter,
		   struct verr *err);
void rig_meter_close(struct meter *meter); /* accepts NULL */

void rig_meter_feed(struct meter *meter, const struct meter_slice *slice);
/* Where a slice ends in which no instruction runs. NULL: no meter. */
int64_t rig_meter_rest_end_ps(const struct meter *meter, int64_t now_ps, bool coarse);
int64_t rig_meter_busy_until_ps(const struct meter *meter);

extern const struct meter_ops rig_ppk2_ops, rig_js220_ops, rig_js110_ops, rig_ina2xx_ops,
	rig_lpm01a_ops;

#endif
