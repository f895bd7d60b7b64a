/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The catalogue of faults: what a `faults:` list may name, where each belongs, how often it has a
 * chance to happen, and what can be set of it.
 *
 * A fault happens either with a probability at each of its opportunities (a byte, a window, ...) or
 * once at a virtual time (`at:`). Of a window's opportunity the moment is drawn, evenly over the
 * `within:` after the window's start.
 */
#ifndef RIGS_VIRTUAL_SERVER_FAULT_KINDS_H
#define RIGS_VIRTUAL_SERVER_FAULT_KINDS_H

#include <stdio.h>

#include "rigs/virtual/server/quantity.h"

enum fault_id {
	FAULT_BYTE_FLIP = 1,
	FAULT_BYTE_LOSS,
	FAULT_HANG,
	FAULT_BROWN_OUT,
	FAULT_SUPPLY_DROP,
	FAULT_SILENT_LOADER,
	FAULT_FLASH_FLIP,
	FAULT_OUTPUT_FLIP,
	FAULT_CLOCK_ERROR,
	FAULT_OTHER_BOARD,
	FAULT_UNPLUG,
	FAULT_SAMPLES_LOST,
	FAULT_RANGE_STUCK,
	FAULT_SATURATION,
	FAULT_EDGE_MISSING,
	FAULT_EDGE_EXTRA,
	FAULT_EDGE_BOUNCE,
	FAULT_FRAMES_LOST,
	FAULT_FRAME_REPEATED,
	FAULT_FREEZE,
	FAULT_NACK,
};

enum fault_place { FAULT_ON_BOARD = 1, FAULT_ON_METER = 2, FAULT_ON_EITHER = 3 };

enum fault_per { FAULT_PER_BYTE = 1, FAULT_PER_WINDOW, FAULT_PER_LOADER, FAULT_PER_POWER_UP };

/* What can be set of a fault, all of it numbers. A kind takes those whose default is not NAN. */
enum fault_setting {
	FAULT_FOR = 0, /* s */
	FAULT_WITHIN,  /* s */
	FAULT_COUNT,
	FAULT_LINE,
	FAULT_RANGE,
	FAULT_SHARE,
	FAULT_DRIFT, /* per second */
	FAULT_VOLTS,
	FAULT_SETTINGS,
};

struct fault_setting_row {
	const char *key;
	enum quantity quantity;
	double min, max;
};

struct fault_kind {
	const char *name;
	enum fault_place place;
	enum fault_per per;
	double defaults[FAULT_SETTINGS]; /* NAN: not of this kind */
	const char *help;
};

extern const struct fault_setting_row fault_settings[FAULT_SETTINGS];

const struct fault_kind *fault_kind_get(enum fault_id id);
/* 0: no such name. */
enum fault_id fault_kind_find(const char *name);
/* Name i of the catalogue, NULL after the last: for nearest_name. */
const char *fault_kind_name(const void *unused, unsigned i);
const char *fault_per_text(enum fault_per per);

/* The catalogue as text for --help. */
void fault_kinds_print(FILE *file);

#endif
