/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "lines:" of a board, in a part or rig file: what drivers/control/control_line.h takes. A part says
 * reset and boot, and supply if a line switches it; a rig's board says those that are wired otherwise.
 *
 *   lines: {reset: "!gpio:/dev/gpiochip0:17", boot: "!rts", supply: hub:1-1.4:2}
 */
#ifndef BENCH_CONFIG_RIG_LINES_H
#define BENCH_CONFIG_RIG_LINES_H

#include "bench/config/rig.h"

struct yaml_file;

/* As the file has them; NULL: not there. */
struct rig_lines_text {
	char *reset, *boot, *supply;
};

/* What the text says, in front of what the lines are. place: its path in the file, "lines" or
 * "boards[1].lines". -EINVAL: "FILE:LINE: sentence". */
int rig_lines_take(const struct yaml_file *file, const char *place,
		   const struct rig_lines_text *text, struct control_lines *lines, struct err *err);

/* A switch is one board's: -EINVAL when two boards of the rig, whose file this is, share one. */
int rig_lines_check(const struct rig *rig, const struct yaml_file *file, struct err *err);

#endif
