/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Part files (rigs/parts): what is true of every board or meter of a kind, whichever bench it is
 * on.
 */
#ifndef BENCH_CONFIG_RIG_PARTS_H
#define BENCH_CONFIG_RIG_PARTS_H

#include "bench/config/rig.h"
#include "bench/config/rig_flash.h"
#include "drivers/meter/meter.h"

struct yaml_file;

struct rig_part_meter {
	struct yaml_file *file; /* owns the strings */
	const char *driver;
	const struct meter_ops *ops; /* the driver's */
	double gain_u_rel; /* 0: the driver's figure */
	unsigned marker_input[RIG_MARKER_LINES];
};

struct rig_part_board {
	struct yaml_file *file;             /* owns the strings */
	struct rig_board board;             /* name, link, meter and flash are not set */
	const struct rig_flash_text *flash; /* the file's */
};

/* "115200 baud" at a key path of the file. */
int rig_baud_take(const struct yaml_file *file, const char *text, const char *key,
		  uint32_t *ret_baud, struct err *err);

/* Errors are "FILE:LINE: sentence"; nothing is owned by the part on failure. */
int rig_part_meter_load(const char *path, struct rig_part_meter *ret_part, struct err *err);
int rig_part_board_load(const char *path, struct rig_part_board *ret_part, struct err *err);
void rig_part_board_done(struct rig_part_board *part); /* accepts a zeroed one */

#endif
