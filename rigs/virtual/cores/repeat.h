/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a core offers to those that record what it does and play it back (chips/repeat.h): its state
 * as a value, its counters, and a watch over what it loads and stores.
 *
 * A core is a deterministic machine. What it does from an instruction's start on follows from its
 * state (registers, system registers, timing), the bytes of memory it reads, and what comes from
 * outside: register accesses, interrupts. Two moments with equal states, and equal bytes wherever a
 * program reads before it writes, are followed by the same instructions in the same cycles, until
 * one comes from outside.
 */
#ifndef RIGS_VIRTUAL_CORES_REPEAT_H
#define RIGS_VIRTUAL_CORES_REPEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writable memory, every byte once, however often it is mapped. */
struct repeat_area {
	uint8_t *memory;
	uint32_t bytes;
	uint32_t first; /* places of its bytes: from here on */
};
#define REPEAT_AREAS 8

/* Flags of a byte of memory while it is watched. */
enum {
	REPEAT_READ = 1, /* before anything was written there */
	REPEAT_WRITTEN = 2,
	REPEAT_VARIES = 4, /* the caller's: reading what was there before ends the stretch */
};

struct repeat_undo {
	uint32_t place;
	uint8_t flags, byte; /* as they were before an access */
};

/* The caller's, while a core is watched. undo: accesses since the caller emptied it, in order. */
struct repeat_watch {
	struct repeat_area areas[REPEAT_AREAS];
	unsigned area_count;
	uint32_t places;
	uint8_t *flags; /* of each place */
	struct repeat_undo *undo;
	size_t undo_count, undo_capacity;
	bool ended; /* something came from outside, or what varies was read */
};

/* For cores. place: the first of the bytes; of a store before it happens. */
void repeat_watch_load(struct repeat_watch *watch, const uint8_t *place, unsigned size);
void repeat_watch_store(struct repeat_watch *watch, const uint8_t *place, unsigned size);
static inline void repeat_watch_end(struct repeat_watch *watch)
{
	if (watch)
		watch->ended = true;
}
/* Adds memory to the areas, joined with what it overlaps. False: too many. */
bool repeat_watch_add(struct repeat_watch *watch, uint8_t *memory, uint32_t bytes);

#define REPEAT_COUNTERS_MAX 80
enum { REPEAT_NOW = 0, REPEAT_EXCEPTIONS }; /* counters that every core has, first */

/* All between runs of the core, awake, at an instruction's start. */
struct repeat_core {
	unsigned counters;
	/* Bytes of a state. */
	size_t (*state_bytes)(const void *core);
	/* Equal bytes: equal in all that decides what follows; times are relative to now, the order
	 * of use stands for when. */
	void (*save)(const void *core, void *ret_state);
	/* The core becomes what had that state; memory and counters are not in it. */
	void (*restore)(void *core, const void *state);
	void (*read_counters)(const void *core, uint64_t *ret_counters);
	void (*write_counters)(void *core, const uint64_t *counters);
	void (*add_counters)(void *core, const uint16_t *differences); /* asleep: none pass */
	void (*run)(void *core, uint64_t limit);
	/* Nothing waits to stop or interrupt the core. */
	bool (*is_plain)(const void *core);
	/* The cycle up to which nothing inside the core interrupts it; UINT64_MAX: never. */
	uint64_t (*quiet_until)(const void *core);
	/* Changes with whatever is executed or read and not watched: flash, code, memory map. */
	uint64_t (*generation)(const void *core);
	/* False: more memories than a watch takes. */
	bool (*find_areas)(const void *core, struct repeat_watch *watch);
	/* From now on every load and store of the areas reaches the watch; timing stays. NULL ends
	 * it. */
	void (*watch)(void *core, struct repeat_watch *watch);
};

extern const struct repeat_core armv7em_repeat, rv32_repeat;

#endif
