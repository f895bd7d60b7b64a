/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A board's control lines in use: reset and boot on its link's modem lines or on switches of their
 * own (GPIO), its supply on a switch. What a user may write is in control_line.h.
 *
 * Switches are requested once, held, driven inactive when they are opened (which turns the supply
 * off) and let go when they are closed; what a line is after that is its chip's business. Modem
 * lines are there once the link is: the supply may have to be on for that.
 *
 * One owner, one thread.
 */
#ifndef DRIVERS_CONTROL_CONTROL_H
#define DRIVERS_CONTROL_CONTROL_H

#include <stdbool.h>

#include "drivers/control/control_line.h"
#include "drivers/err.h"

struct link;
struct link_tape;

/* One of the lines. */
struct control_output {
	struct control_line line;
	void *state; /* of a switch that is open */
	bool is_open;
};

struct control {
	struct link *link;      /* not owned; NULL until control_attach */
	struct link_tape *tape; /* not owned */
	struct control_output reset, boot, supply;
	bool in_reset, in_boot; /* what was last driven */
};

/* Opens the switches among the lines; the supply is off, reset and boot are inactive afterwards.
 * tape: of the board's link (drivers/link/record.h), on which orders to switches are written down;
 * while it replays none is touched. NULL: no tape. -EINVAL: two of them are the same line;
 * otherwise as control_ops.open. Nothing is held on failure. */
int control_open(struct control *control, const struct control_lines *lines, struct link_tape *tape,
		 struct err *err);
/* Reset and boot inactive and all switches let go, the supply as it is; accepts a zeroed one. The
 * link is not touched. */
void control_close(struct control *control);
/* Takes the modem lines of the link into use, and drives reset and boot inactive. */
int control_attach(struct control *control, struct link *link, struct err *err);
/* Both at once, of lines that are modem lines. Needs no control_close. */
int control_init(struct control *control, struct link *link, struct control_line reset,
		 struct control_line boot, struct err *err);

/* Boot changes while reset is active, where both change: it is what reset's end samples. */
int control_drive(struct control *control, bool reset_active, bool boot_active, struct err *err);
/* Pulses reset for 10 ms (blocks that long plus 1 ms) with BOOT0 held as asked, and leaves BOOT0
 * so. */
int control_reset(struct control *control, bool into_bootloader, struct err *err);

bool control_has_supply(const struct control *control);
/* Blocks 2 s at most. -ENOTSUP: there is no supply line. */
int control_supply(struct control *control, bool on, struct err *err);

#endif
