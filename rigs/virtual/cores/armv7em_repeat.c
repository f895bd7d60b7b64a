/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: its state as a value, for repeat.h.
 *
 * What two equal states share, apart from registers: the M4's flash lines in order of use (the
 * place of a line in the fully associative cache decides nothing), the caches' tags and branch
 * targets as they are, the fetch unit, what is left of a prefetch, and the load that the next one
 * may overlap. check_at, calm_until, horizon and limit follow from the run.
 */
#include <string.h>

#include "rigs/virtual/cores/armv7em_core.h"
#include "rigs/virtual/cores/repeat.h"

#define WATCHED_REGIONS(core, i)                                                                   \
	for (unsigned i = 1; i < (core)->region_count; i++)                                        \
		if ((core)->regions[i].writable_bytes)

struct line_state {
	uint64_t region; /* its address: regions never move */
	uint32_t line, valid;
};

/* No padding anywhere: states are compared as bytes. */
struct state {
	uint32_t r[16], s[32], fpscr;
	uint32_t negative, zero, carry, overflow, saturated, ge, loaded_word;
	uint32_t sp_banked, control, primask, basepri, faultmask, ipsr, exception_return;
	uint32_t exclusive, fp_ready, fp_lazy, not_thumb, event, waits_for_event;
	uint32_t unaligned_trap, divide_trap;
	uint32_t vtor, prigroup, scr, ccr, shcsr, cfsr, hfsr, bfar, cpacr, fpccr, fpcar, fpdscr;
	uint32_t pending[EXCEPTION_COUNT / 32], enabled[EXCEPTION_COUNT / 32];
	uint32_t active[EXCEPTION_COUNT / 32], level[EXCEPTION_COUNT / 32];
	uint8_t priority[EXCEPTION_COUNT];
	uint32_t stack_limit[2], stack_guarded, cache_selected;
	/* Timing. */
	uint32_t loaded_register, load_ahead; /* 1 + cycles, 0: no load to overlap */
	uint32_t paired, wait_states, prefetch, icache, dcache, recent_data;
	uint64_t fetch_start, fetch_bytes;
	uint64_t prefetch_region, prefetch_left; /* 0: none ever, 1: done, else 1 + cycles */
	uint32_t prefetch_word, spare;
	struct line_state instruction[ICACHE_LINES]; /* oldest first */
	struct data_line data[DCACHE_LINES];
	/* Models with caches of their own. */
	struct cache caches[3];
	uint32_t branches[BRANCH_TARGETS][3];
};

static size_t state_bytes(const void *context)
{
	const struct armv7em *core = context;

	return core->model->data_cost == flash_data ? offsetof(struct state, caches)
						    : sizeof(struct state);
}

/* Places from the oldest to the newest; of equals the lower is older, as in armv7em_flash.c. */
static void order_by_use(const uint64_t *used, unsigned count, uint8_t *ret_places)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned at = i;

		for (; at > 0 && used[ret_places[at - 1]] > used[i]; at--)
			ret_places[at] = ret_places[at - 1];
		ret_places[at] = (uint8_t)i;
	}
}

static void save_lines(const struct flash *flash, struct state *state)
{
	uint8_t places[ICACHE_LINES];

	order_by_use(flash->instruction_used, ICACHE_LINES, places);
	for (unsigned i = 0; i < ICACHE_LINES; i++) {
		const struct cache_line *line = &flash->instruction[places[i]];

		state->instruction[i] =
			(struct line_state){(uintptr_t)line->region, line->line, line->valid};
	}
	order_by_use(flash->data_used, DCACHE_LINES, places);
	for (unsigned i = 0; i < DCACHE_LINES; i++) {
		state->data[i] = flash->data[places[i]];
		if (places[i] == flash->recent_data)
			state->recent_data = i;
	}
}

static void restore_lines(struct flash *flash, const struct state *state)
{
	for (unsigned i = 0; i < ICACHE_LINES; i++)
		if (flash->instruction[i].region)
			flash->instruction[i].region->cached_line[flash->instruction[i].line] = 0;
	for (unsigned i = 0; i < ICACHE_LINES; i++) {
		const struct line_state *line = &state->instruction[i];
		const struct region *region = (const struct region *)(uintptr_t)line->region;

		flash->instruction[i] = (struct cache_line){region, line->line, line->valid};
		flash->instruction_used[i] = i + 1;
		if (region)
			region->cached_line[line->line] = (uint8_t)(i + 1);
	}
	for (unsigned i = 0; i < DCACHE_LINES; i++) {
		flash->data[i] = state->data[i];
		flash->data_used[i] = i + 1;
	}
	flash->recent_data = state->recent_data;
	flash->tick = ICACHE_LINES;
}

static void save_timing(const struct armv7em *core, struct state *state)
{
	const struct flash *flash = &core->flash;

	if (core->load_end != NEVER && core->load_end >= core->now) {
		state->load_ahead = (uint32_t)(core->load_end - core->now) + 1;
		state->loaded_register = core->loaded_register;
	}
	state->paired = core->paired;
	state->fetch_start = core->fetch_start;
	state->fetch_bytes = core->fetch_bytes;
	state->wait_states = flash->wait_states;
	state->prefetch = flash->prefetch;
	state->icache = flash->icache;
	state->dcache = flash->dcache;
	state->prefetch_region = (uintptr_t)flash->prefetch_region;
	state->prefetch_word = flash->prefetch_word;
	if (flash->prefetch_ready)
		state->prefetch_left = flash->prefetch_ready > core->now
					       ? flash->prefetch_ready - core->now + 1
					       : 1;
	save_lines(flash, state);
}

/* Wait states and which caches are on do not change in a stretch. */
static void restore_timing(struct armv7em *core, const struct state *state)
{
	struct flash *flash = &core->flash;

	core->load_end = state->load_ahead ? core->now + state->load_ahead - 1 : NEVER;
	core->loaded_register = state->loaded_register;
	core->paired = state->paired;
	core->fetch_start = (uintptr_t)state->fetch_start;
	core->fetch_bytes = (uintptr_t)state->fetch_bytes;
	core->check_at = 0;
	flash->prefetch_region = (const struct region *)(uintptr_t)state->prefetch_region;
	flash->prefetch_word = state->prefetch_word;
	flash->prefetch_ready = state->prefetch_left ? core->now + state->prefetch_left - 1 : 0;
	restore_lines(flash, state);
}

static void save_caches(const struct armv7em *core, struct state *state)
{
	state->caches[0] = core->instruction_cache;
	state->caches[1] = core->data_cache;
	state->caches[2] = core->accelerator;
	for (unsigned i = 0; i < BRANCH_TARGETS; i++) {
		state->branches[i][0] = core->branch_targets[i].pc;
		state->branches[i][1] = core->branch_targets[i].target;
		state->branches[i][2] = core->branch_targets[i].strength;
	}
}

static void restore_caches(struct armv7em *core, const struct state *state)
{
	core->instruction_cache = state->caches[0];
	core->data_cache = state->caches[1];
	core->accelerator = state->caches[2];
	for (unsigned i = 0; i < BRANCH_TARGETS; i++)
		core->branch_targets[i] =
			(struct branch_target){state->branches[i][0], state->branches[i][1],
					       (uint8_t)state->branches[i][2]};
}

/* X(field, value of the core): what is copied either way. */
#define PLAIN_FIELDS(X)                                                                            \
	X(fpscr)                                                                                   \
	X(saturated) X(carry) X(overflow) X(ge) X(loaded_word) X(sp_banked) X(control) X(primask)  \
		X(basepri) X(faultmask) X(ipsr) X(exception_return) X(exclusive) X(fp_ready)       \
			X(fp_lazy) X(not_thumb) X(event) X(waits_for_event)
/* What only register accesses and exceptions change: compared, not restored. */
#define FIXED_FIELDS(X)                                                                            \
	X(unaligned_trap)                                                                          \
	X(divide_trap) X(vtor) X(scr) X(ccr) X(shcsr) X(cfsr) X(hfsr) X(bfar) X(cpacr) X(fpccr)    \
		X(fpcar) X(fpdscr) X(stack_guarded) X(cache_selected)

static void save(const void *context, void *ret_state)
{
	const struct armv7em *core = context;
	struct state *state = ret_state;

	memset(state, 0, state_bytes(core));
	memcpy(state->r, core->r, sizeof(state->r));
	memcpy(state->s, core->s, sizeof(state->s));
	state->negative = core->negative & 0x80000000u;
	state->zero = !core->nonzero;
#define X(field) state->field = core->field;
	PLAIN_FIELDS(X)
	FIXED_FIELDS(X)
#undef X
	state->prigroup = core->aircr_prigroup;
	memcpy(state->pending, core->pending, sizeof(state->pending));
	memcpy(state->enabled, core->enabled, sizeof(state->enabled));
	memcpy(state->active, core->active, sizeof(state->active));
	memcpy(state->level, core->level, sizeof(state->level));
	memcpy(state->priority, core->priority, sizeof(state->priority));
	memcpy(state->stack_limit, core->stack_limit, sizeof(state->stack_limit));
	save_timing(core, state);
	if (state_bytes(core) == sizeof(*state))
		save_caches(core, state);
}

static void restore(void *context, const void *from)
{
	struct armv7em *core = context;
	const struct state *state = from;

	memcpy(core->r, state->r, sizeof(core->r));
	memcpy(core->s, state->s, sizeof(core->s));
	core->negative = state->negative;
	core->nonzero = !state->zero;
#define X(field) core->field = state->field;
	PLAIN_FIELDS(X)
#undef X
	memcpy(core->stack_limit, state->stack_limit, sizeof(core->stack_limit));
	restore_timing(core, state);
	if (state_bytes(core) == sizeof(*state))
		restore_caches(core, state);
}

/* Counters: now, exceptions, the classes, then these. */
#define COUNTED(X)                                                                                 \
	X(taken_branches) X(flash_fetch_stalls) X(flash_data_reads) X(flash_stalls) X(toggled_bits)

static void read_counters(const void *context, uint64_t *counter)
{
	const struct armv7em *core = context;

	*counter++ = core->now;
	*counter++ = core->counts.exceptions;
	for (unsigned i = 0; i < CORE_CLASS_COUNT; i++, counter++) {
		*counter = 0;
		for (unsigned bank = 0; bank < CLASS_BANKS; bank++)
			*counter += core->class_banks[bank * CLASS_BANK_SIZE + i];
	}
#define X(field) *counter++ = core->counts.field;
	COUNTED(X)
#undef X
}

static void write_counters(void *context, const uint64_t *counter)
{
	struct armv7em *core = context;

	core->now = *counter++;
	core->counts.exceptions = *counter++;
	memset(core->class_banks, 0, sizeof(core->class_banks));
	memcpy(core->class_banks, counter, CORE_CLASS_COUNT * sizeof(counter[0]));
	counter += CORE_CLASS_COUNT;
#define X(field) core->counts.field = *counter++;
	COUNTED(X)
#undef X
	core_sync_counts(core);
}

static void add_counters(void *context, const uint16_t *difference)
{
	struct armv7em *core = context;
	struct core_counts *counts = &core->counts;

	counts->cycles += *difference;
	core->now += *difference++;
	counts->exceptions += *difference++;
	for (unsigned i = 0; i < CORE_CLASS_COUNT; i++, difference++) {
		core->class_banks[i] += *difference;
		counts->classes[i] += *difference;
		counts->instructions += *difference;
	}
#define X(field) counts->field += *difference++;
	COUNTED(X)
#undef X
}

static void run(void *context, uint64_t limit)
{
	armv7em_run(context, limit);
}

static bool is_plain(const void *context)
{
	const struct armv7em *core = context;

	return !core->deliverable && !core->stop_requested && !core->reset_requested &&
	       !core->locked_up && !core->asleep && !core->fault.exception;
}

static uint64_t quiet_until(const void *context)
{
	return systick_next_cycle(context);
}

static uint64_t generation(const void *context)
{
	return ((const struct armv7em *)context)->generation;
}

static bool find_areas(const void *context, struct repeat_watch *watch)
{
	const struct armv7em *core = context;

	WATCHED_REGIONS(core, i)
	if (!repeat_watch_add(watch, core->regions[i].memory, core->regions[i].bytes))
		return false;
	return true;
}

/* The slow half of each access is where the watch is. */
static void watch_memory(void *context, struct repeat_watch *watch)
{
	struct armv7em *core = context;

	core->watch = watch;
	WATCHED_REGIONS(core, i)
	memory_set_direct(core, &core->regions[i], !watch);
}

const struct repeat_core armv7em_repeat = {
	.counters = 2 + CORE_CLASS_COUNT + 5,
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
