/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One recording of repeat.c: a stretch's start, end and slices.
 */
#ifndef RIGS_VIRTUAL_CHIPS_REPEAT_RECORDING_H
#define RIGS_VIRTUAL_CHIPS_REPEAT_RECORDING_H

#include "rigs/virtual/cores/repeat.h"

/* Runs of bytes of watched memory, ascending. */
struct span {
	uint32_t place, bytes;
};

struct spans {
	struct span *list;
	size_t count, capacity;
	uint8_t *bytes; /* what they hold, one after the other; NULL: only where they are */
	size_t byte_count;
};

struct recording {
	uint64_t digest; /* of start */
	uint8_t *start, *end;
	unsigned counters;
	uint16_t *slices;                   /* differences of all counters in each */
	size_t slice_count, slice_capacity; /* count 0: nothing is recorded */
	size_t kept_count;                  /* slices up to end */
	struct spans inputs, outputs;
	unsigned attempts; /* recordings since it was last played back */
	bool dead;         /* not worth another attempt */
	uint64_t used;
	size_t bytes; /* of memory it takes */
};

/* NULL: out of memory. */
struct recording *recording_new(const uint8_t *start, size_t state_bytes, unsigned counters);
void recording_free(struct recording *recording);
/* Keeps its start. */
void recording_empty(struct recording *recording);
/* False: a slice that counted too much, or out of memory. */
bool recording_add_slice(struct recording *recording, const uint64_t *from, const uint64_t *to);
static inline const uint16_t *recording_slice(const struct recording *recording, size_t index)
{
	return recording->slices + index * recording->counters;
}
/* Takes inputs and outputs from the watch, as they were before what its undo list names. before:
 * memory as the stretch began. False: out of memory. */
bool recording_finish(struct recording *recording, struct repeat_watch *watch,
		      const uint8_t *before);
/* Marks inputs that memory does not hold now as varying, by words, if they are no more than `few`
 * bytes. */
void recording_vary(const struct recording *recording, const struct repeat_watch *watch, size_t few,
		    uint8_t *varies);

bool spans_equal(const struct spans *spans, const struct repeat_watch *watch);
void spans_apply(const struct spans *spans, const struct repeat_watch *watch);

#endif
