/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker lines on a tape (drivers/link/record.h, records MARKER_OPEN and MARKER_READ).
 */
#ifndef DRIVERS_MARKER_MARKER_TAPE_H
#define DRIVERS_MARKER_MARKER_TAPE_H

#include "drivers/marker/marker.h"

/* What opening and reading came to, or err's sentence. tape NULL: nothing is written. */
void marker_tape_opened(struct link_tape *tape, const char *uri, bool is_numbered, int ret,
			const struct err *err);
void marker_tape_read(struct link_tape *tape, const struct marker_edge *edges, size_t count,
		      int ret, const struct err *err);

/* The same from a tape that replays. -ECANCELED: the replay is over. */
int marker_replay_open(struct link_tape *tape, const char *uri, bool *ret_numbered,
		       struct err *err);
int marker_replay_read(struct link_tape *tape, struct marker_edge *edges, size_t capacity,
		       size_t *ret_count, struct err *err);

#endif
