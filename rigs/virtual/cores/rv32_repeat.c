/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: its state as a value, for repeat.h. Registers, CSRs, the cache's lines by last use,
 * and the line that the fetch stage holds.
 */
#include <string.h>

#include "rigs/virtual/cores/repeat.h"
#include "rigs/virtual/cores/rv32_core.h"

/* No padding anywhere: states are compared as bytes. */
struct state {
	uint32_t x[RV32_SINK]; /* without the sink: nothing reads it */
	uint32_t pc, loaded_word, interrupt, line_cycles;
	uint32_t mstatus, mtvec, mscratch, mepc, mcause, mtval, mpcer, mpcmr;
	uint64_t fetch_mask, fetch_unit, fetch_region;
	uint64_t cache[RV32_CACHE_SETS][RV32_CACHE_WAYS]; /* addresses of the lines' bytes */
};

#define FIELDS(X)                                                                                  \
	X(pc)                                                                                      \
	X(loaded_word) X(mstatus) X(mtvec) X(mscratch) X(mepc) X(mcause) X(mtval) X(fetch_mask)    \
		X(fetch_unit)
/* What only CSR and register accesses change: compared, not restored. */
#define FIXED_FIELDS(X) X(interrupt) X(line_cycles) X(mpcer) X(mpcmr)

static size_t state_bytes(const void *core)
{
	(void)core;
	return sizeof(struct state);
}

static void save(const void *context, void *ret_state)
{
	const struct rv32 *core = context;
	struct state *state = ret_state;

	memset(state, 0, sizeof(*state));
	memcpy(state->x, core->x, sizeof(state->x));
#define X(field) state->field = core->field;
	FIELDS(X)
	FIXED_FIELDS(X)
#undef X
	state->fetch_region = (uintptr_t)core->fetch_region;
	for (unsigned set = 0; set < RV32_CACHE_SETS; set++)
		for (unsigned way = 0; way < RV32_CACHE_WAYS; way++)
			state->cache[set][way] = (uintptr_t)core->cache[set][way];
}

static void restore(void *context, const void *from)
{
	struct rv32 *core = context;
	const struct state *state = from;

	memcpy(core->x, state->x, sizeof(state->x));
#define X(field) core->field = state->field;
	FIELDS(X)
#undef X
	core->fetch_region = (const struct rv32_region *)(uintptr_t)state->fetch_region;
	for (unsigned set = 0; set < RV32_CACHE_SETS; set++)
		for (unsigned way = 0; way < RV32_CACHE_WAYS; way++)
			core->cache[set][way] = (const uint8_t *)(uintptr_t)state->cache[set][way];
}

/* Counters: now, exceptions, the tallies, then these. */
#define COUNTED(X) X(toggled_bits) X(fetch_stalls) X(data_reads) X(data_stalls)

static void read_counters(const void *context, uint64_t *counter)
{
	const struct rv32 *core = context;

	*counter++ = core->now;
	*counter++ = core->exceptions;
	rv32_run_count(core->pending);
	for (unsigned i = 0; i < RV32_TALLY_COUNT; i++)
		*counter++ = core->tallies[i] + core->pending->tallies[i];
#define X(field) *counter++ = core->field;
	COUNTED(X)
#undef X
}

static void write_counters(void *context, const uint64_t *counter)
{
	struct rv32 *core = context;

	core->now = *counter++;
	core->exceptions = *counter++;
	rv32_run_count(core->pending);
	for (unsigned i = 0; i < RV32_TALLY_COUNT; i++) /* the sum of both counts */
		core->tallies[i] = *counter++ - core->pending->tallies[i];
#define X(field) core->field = *counter++;
	COUNTED(X)
#undef X
	rv32_count_sync(core);
}

static void add_counters(void *context, const uint16_t *difference)
{
	struct rv32 *core = context;

	core->now += *difference++;
	core->exceptions += *difference++;
	for (unsigned i = 0; i < RV32_TALLY_COUNT; i++)
		core->tallies[i] += *difference++;
#define X(field) core->field += *difference++;
	COUNTED(X)
#undef X
}

static void run(void *context, uint64_t limit)
{
	rv32_run(context, limit);
}

static bool is_plain(const void *context)
{
	const struct rv32 *core = context;

	return !rv32_core_interrupted(core) && !core->stop_requested && !core->remapped &&
	       !core->locked_up && !core->asleep;
}

static uint64_t quiet_until(const void *core)
{
	(void)core; /* no timer inside */
	return UINT64_MAX;
}

static uint64_t generation(const void *context)
{
	return ((const struct rv32 *)context)->generation;
}

static bool find_areas(const void *context, struct repeat_watch *watch)
{
	const struct rv32 *core = context;

	for (unsigned i = 1; i < RV32_REGIONS; i++)
		if (core->regions[i].writable_bytes &&
		    !repeat_watch_add(watch, core->regions[i].memory, core->regions[i].bytes))
			return false;
	return true;
}

/* The slow half of each access is where the watch is. */
static void watch_memory(void *context, struct repeat_watch *watch)
{
	struct rv32 *core = context;

	core->watch = watch;
	rv32_memory_update_pages(core);
}

const struct repeat_core rv32_repeat = {
	.counters = 2 + RV32_TALLY_COUNT + 4,
	.state_bytes = state_bytes,
	.save = save,
	.restore = restore,
	.read_counters = read_counters,
	.write_counters = write_counters,
	.add_counters = add_counters,
	.run = run,
	.is_plain = is_plain,
	.quiet_until = quiet_until,
	.generation = generation,
	.find_areas = find_areas,
	.watch = watch_memory,
};
