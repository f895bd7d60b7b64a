/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The inside of a rig, for rig*.c only.
 *
 *   rig.c          the file's keys, and the order in which they are taken
 *   rig_meters.c   one of its meters
 *   rig_boards.c   one of its boards
 *   rig_unique.c   what two of them must not share
 *   rig_resolve.c  the JSON object that is stored with the data
 */
#ifndef BENCH_CONFIG_RIG_INSIDE_H
#define BENCH_CONFIG_RIG_INSIDE_H

#include "bench/config/rig.h"
#include "bench/config/rig_flash.h"
#include "bench/config/rig_lines.h"
#include "bench/config/rig_parts.h"

/* An entry's values as they stand in the file; NULL: no such key. */
struct rig_meter_text {
	char *name, *part, *link, *supply, *supply_u, *gain_u, *offset_u, *ambient, *ambient_u;
};

struct rig_board_text {
	char *name, *part, *link, *meter, *id, *markers;
	struct rig_lines_text lines;
	struct rig_flash_text flash;
};

/* The rig's own file and those of its parts; they hold every string the rig points to. */
struct rig_files {
	struct yaml_file *own;
	struct rig_part_meter *meter_parts;
	struct rig_part_board *board_parts;
	unsigned meter_part_count, board_part_count;
};

/* A file named in the rig's: relative to it. -EINVAL: too long. */
int rig_beside(const char *rig_path, const char *name, char *ret_path, size_t size,
	       struct err *err);
/* Reads the entry's part and fills rig->meters[index], rig->boards[index]. Sentences name file and
 * line. */
int rig_meter_take(struct rig *rig, const char *path, const struct rig_meter_text *text,
		   unsigned index, struct err *err);
int rig_board_take(struct rig *rig, const char *path, const struct rig_board_text *text,
		   unsigned index, struct err *err);
int rig_check_unique(const struct rig *rig, struct err *err);
/* Fills rig->resolved. */
int rig_resolve(struct rig *rig, struct err *err);

#endif
