/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A rig: which boards hang on which links, and which meter powers and watches each of them. A rig
 * file names parts (rigs/parts), so that it says only what is particular to this bench.
 */
#ifndef BENCH_CONFIG_RIG_H
#define BENCH_CONFIG_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/config/levels.h"
#include "drivers/control/control_line.h"
#include "drivers/err.h"
#include "firmware/image/image.h"

enum { RIG_MARKER_LINES = 3, RIG_NAME_MAX = 40, RIG_ID_BYTES = 12 };

struct rig_meter {
	const char *name;
	const char *driver;                      /* drivers/meter */
	const char *link;                        /* uri */
	/* Of the driver, as meter_settings.options; NULL: none. The rig's. */
	char *options;
	double supply_v;                         /* set voltage; 0: it powers nothing */
	double supply_u_v;                       /* its standard uncertainty at the board */
	double gain_u_rel;                       /* 0: the driver's figure */
	double offset_u_a;                       /* 0: the driver's figure */
	bool has_ambient;                        /* stated; else it is where the boards are */
	double ambient_c;                        /* of the meter */
	double ambient_u_k;                      /* its standard uncertainty */
	unsigned marker_input[RIG_MARKER_LINES]; /* logic input of marker lines 0..2 */
};

struct rig_board {
	const char *name;
	const char *chip;              /* as the firmware names it */
	enum image_kernel_set kernels; /* of its core, beside the portable ones */
	const char *firmware;          /* stem of the firmware files: STEM-BUILD.bin */
	const char *link;              /* uri */
	uint32_t baud;
	/* "flash:", as drivers/flash/flash.h takes it; 0 or NULL: no such key. */
	const char *flash_driver;
	uint32_t flash_baud, flash_address;
	uint16_t flash_id;         /* product id the loader must report */
	const char *flash_uri;     /* "link" or "server" */
	const char **flash_config; /* up to a NULL; the rig's */
	const char *flash_adapter_serial;
	struct levels levels; /* legal clock levels */
	struct control_lines lines;
	bool has_id; /* only the board with this unique id will do */
	uint8_t id[RIG_ID_BYTES];
	unsigned meter; /* index into rig.meters */
	/* Uri of drivers/marker of the lines window, inference, layer, where the meter does not sample
	 * them; NULL: it does. */
	const char *markers;
};

/* Keys and defaults: bench/config/rig_ambient.h. */
struct rig_chamber {
	const char *uri; /* of drivers/thermal; NULL: none */
	uint32_t baud;   /* 0: the driver's */
	double within_k, settle_s, timeout_s;
	double min_c, max_c;
	double rest_c; /* set when a session ends; NAN: it stays as it is */
};

struct rig_sensor {
	const char *uri; /* of drivers/thermal; NULL: none */
	uint32_t baud;   /* 0: the driver's */
	double within_k; /* without a chamber: of a plan's temperature */
};

struct rig {
	const char *name;
	bool is_virtual; /* declared; checked against what the devices say of themselves */
	double ambient_c; /* around the boards, as typed; NAN: a chamber or a sensor says it */
	double room_c;    /* with a chamber: around the meters; NAN: not said */
	struct rig_chamber chamber;
	struct rig_sensor sensor; /* beside a chamber: what counts */
	/* "record:", a folder, relative to the rig file: each session records its links to a folder of
	 * its own in there. NULL: not asked for. No part of resolved: it changes no result. */
	char *record_folder;
	struct rig_meter *meters;
	unsigned meter_count;
	struct rig_board *boards;
	unsigned board_count;
	char *resolved;          /* one JSON object: everything above, as stored with the data */
	struct rig_files *files; /* owns the strings */
};

/* Reads a rig file and its parts. Touches no hardware. Errors are "FILE:LINE: sentence". */
int rig_load(const char *path, struct rig **ret_rig, struct err *err);

/* -EINVAL: a device (what: "it", "its link") is virtual and the rig is not, or the reverse. */
int rig_check_origin(const struct rig *rig, bool is_virtual, const char *what, struct err *err);
void rig_free(struct rig *rig); /* accepts NULL */

#endif
