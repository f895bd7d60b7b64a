/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The lines that reset a board and choose where it boots from. Polarity is part of the wiring and so
 * of the rig file: "dtr" means that asserting DTR activates the function (pulls NRST low, raises
 * BOOT0), "!dtr" that deasserting it does. A TTL adapter's DTR#/RTS# pins are low while asserted, so
 * wired straight to NRST and BOOT0 they are reset: "dtr", boot: "!rts".
 */
#ifndef DRIVERS_CONTROL_CONTROL_H
#define DRIVERS_CONTROL_CONTROL_H

#include <stdbool.h>

#include "drivers/err.h"

struct link;

struct control_line {
	bool is_dtr;         /* else RTS */
	bool active_asserted; /* the function is active while the line is asserted */
};

struct control {
	struct link *link; /* not owned */
	struct control_line reset, boot;
	bool in_reset, in_boot; /* what was last driven */
};

/* "dtr", "rts", "!dtr", "!rts"; -EINVAL otherwise. */
int control_line_parse(const char *text, struct control_line *ret_line, struct err *err);

/* Drives both lines to inactive. -EINVAL when reset and boot share a line. */
int control_init(struct control *control, struct link *link, struct control_line reset,
		 struct control_line boot, struct err *err);
/* Pulses reset for 10 ms (blocks that long plus 1 ms) with BOOT0 held as asked, and leaves BOOT0 so. */
int control_reset(struct control *control, bool into_bootloader, struct err *err);

#endif
