/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Repetition without re-execution: what a core did in a stretch of whole slices is recorded and
 * played back when the same stretch comes again.
 *
 * A stretch begins and ends on slice borders behind a marker edge. Nothing comes from outside in
 * it: no register access, no exception, no interrupt. Recorded are the core's state at its start
 * and at its end (cores/repeat.h), the bytes of RAM that it reads before it writes them, the bytes
 * it leaves written, and what was counted in each slice. It is played back if and only if state,
 * those bytes, the slice's length in cycles, flash, code and memory map are what they were: then
 * execution would do exactly the same. While it is, counters and cycles follow slice by slice;
 * registers and RAM change at its end. If something comes in between, the core goes back to the
 * start and executes up to where virtual time is (repeat_settle).
 *
 * Learning. Borders behind an edge are remembered by their state. One that comes a second time
 * starts a recording, in which the watch over loads and stores makes the core slower. A recording
 * whose bytes differ when its state comes again (a loop counter on the stack) is made once more,
 * and ends before it reads what differs.
 *
 * Recordings are forgotten when flash, code, memory map or slice length change, and the one that
 * was not used for longest when they need more than REPEAT_BYTES_MAX.
 */
#ifndef RIGS_VIRTUAL_CHIPS_REPEAT_H
#define RIGS_VIRTUAL_CHIPS_REPEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/cores/repeat.h"

#define REPEAT_BYTES_MAX (24u << 20)

struct repeat;

/* NULL: out of memory. The core is not owned and outlives it. */
struct repeat *repeat_new(const struct repeat_core *traits, void *core);
void repeat_free(struct repeat *repeat); /* accepts NULL */

/* The functions below accept NULL: nothing is recorded. */

/* Before a slice of at least `length` cycles that begins on an instruction's start, awake: how many
 * cycles it has if it can be played back, else 0: it is to be executed. */
uint64_t repeat_next(struct repeat *repeat, uint64_t length);
/* Plays it back: the core's cycles and counters are behind it. */
void repeat_take(struct repeat *repeat);
/* A slice was executed. whole: its length alone ended it, on an instruction's start. edge: a marker
 * edge ended it. */
void repeat_executed(struct repeat *repeat, bool whole, bool edge);
/* Before anything but repeat_next and repeat_take happens to the core: its registers and RAM are
 * what its cycles say, and no stretch goes on. */
void repeat_settle(struct repeat *repeat);
/* Before flash changes behind the core's back: settles, and forgets everything. */
void repeat_forget(struct repeat *repeat);

struct repeat_totals {
	uint64_t executed, replayed; /* slices, since the beginning; executed: awake ones */
	uint64_t recordings;         /* that were made, also once more */
	uint64_t settled;            /* stretches that were cut short */
};
struct repeat_totals repeat_totals(const struct repeat *repeat);

#endif
