/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Switches on a tape (drivers/link/record.h, record CONTROL): orders and their results are written
 * down, and given back in a replay, which touches no switch. tape NULL: no tape. The state of a
 * switch is not used while a tape replays.
 */
#ifndef DRIVERS_CONTROL_CONTROL_TAPE_H
#define DRIVERS_CONTROL_CONTROL_TAPE_H

#include "drivers/control/control_line.h"

struct link_tape;

int control_taped_open(struct link_tape *tape, const struct control_line *line, void *state,
		       struct err *err);
int control_taped_set(struct link_tape *tape, const struct control_line *line, void *state,
		      bool active, struct err *err);
void control_taped_close(struct link_tape *tape, const struct control_line *line, void *state);

#endif
