/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A link on a tape: format and rules are record.h's.
 */
#ifndef DRIVERS_LINK_LINK_TAPE_H
#define DRIVERS_LINK_LINK_TAPE_H

#include "drivers/link/record_tape.h"

/* The state of a link that is on a tape: in front of the link's kind, or instead of it. */
struct link_taped {
	struct link_tape *tape; /* set before open */
	const struct link_ops *ops;
	void *state;
};

extern const struct link_ops link_recording; /* link_record.c; open is given the whole uri */
extern const struct link_ops link_replaying; /* link_replay.c */

static inline const struct link_ops *link_tape_ops(const struct link_tape *tape)
{
	return tape->is_replay ? &link_replaying : &link_recording;
}

#endif
