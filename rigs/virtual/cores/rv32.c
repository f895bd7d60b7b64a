/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32IMC core: life, the run loop around the dispatch loop, sleep and registers.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/cores/rv32_core.h"

struct rv32 *rv32_new(const struct rv32_bus *bus)
{
	struct rv32 *core = calloc(1, sizeof(*core));

	assert(bus);
	if (!core)
		return NULL;
	core->counts = calloc(1, sizeof(*core->counts));
	core->pending = calloc(1, sizeof(*core->pending));
	if (!core->counts || !core->pending) {
		rv32_free(core);
		return NULL;
	}
	core->execute = rv32_execute;
#ifdef __x86_64__
	if (__builtin_cpu_supports("popcnt"))
		core->execute = rv32_execute_popcnt;
#endif
	core->bus = *bus;
	rv32_cache_invalidate(core);
	rv32_reset(core, 0);
	return core;
}

void rv32_free(struct rv32 *core)
{
	if (!core)
		return;
	for (unsigned i = 1; i < RV32_REGIONS; i++)
		free(core->regions[i].code);
	rv32_memory_free_retired(core);
	free(core->pending);
	free(core->counts);
	free(core);
}

void rv32_reset(struct rv32 *core, uint32_t pc)
{
	memset(core->x, 0, sizeof(core->x));
	core->pc = pc & ~1u;
	core->asleep = core->locked_up = core->stop_requested = false;
	core->loaded_word = 0;
	core->fault_text[0] = 0;
	rv32_csr_reset(core);
}

void rv32_core_update_horizon(struct rv32 *core)
{
	bool leave = rv32_core_interrupted(core) || core->stop_requested || core->remapped ||
		     core->locked_up;

	core->horizon = leave ? 0 : core->limit;
}

/* 0: nothing stops the core. */
static enum rv32_stop reason_to_stop(struct rv32 *core)
{
	if (core->locked_up)
		return RV32_STOP_LOCKUP;
	if (core->stop_requested) {
		core->stop_requested = false;
		return RV32_STOP_REQUEST;
	}
	if (core->asleep)
		return RV32_STOP_SLEEP;
	if (core->now >= core->limit)
		return RV32_STOP_LIMIT;
	return 0;
}

static void execute(struct rv32 *core)
{
	switch (core->execute(core)) {
	case RV32_EXIT_TRAP:
		rv32_trap_enter(core, core->trap_cause, core->trap_value);
		break;
	case RV32_EXIT_SLEEP:
		core->asleep = true; /* what is pending wakes it at once */
		break;
	case RV32_EXIT_HORIZON:
		break;
	}
}

enum rv32_stop rv32_run(struct rv32 *core, uint64_t limit)
{
	enum rv32_stop stop;

	core->limit = limit;
	for (;;) {
		if (core->remapped) {
			rv32_memory_free_retired(core);
			rv32_cache_refetch(core);
			core->remapped = false;
		}
		if (core->interrupt)
			core->asleep = false;
		stop = reason_to_stop(core);
		if (stop)
			break;
		rv32_core_update_horizon(core);
		if (rv32_core_interrupted(core))
			rv32_trap_enter(core, RV32_CAUSE_INTERRUPT | core->interrupt, 0);
		else
			execute(core);
	}
	rv32_count_sync(core);
	return stop;
}

bool rv32_sleep(struct rv32 *core, uint64_t limit)
{
	if (core->interrupt)
		core->asleep = false;
	if (core->asleep && core->now < limit) {
		core->sleep_cycles += limit - core->now;
		core->now = limit;
	}
	rv32_count_sync(core);
	return !core->asleep;
}

void rv32_set_interrupt(struct rv32 *core, unsigned number)
{
	assert(number < 32);
	core->interrupt = number;
	rv32_core_update_horizon(core);
}

void rv32_request_stop(struct rv32 *core)
{
	core->stop_requested = true;
	core->horizon = 0;
}

uint64_t rv32_now(const struct rv32 *core)
{
	return core->now;
}

uint32_t rv32_pc(const struct rv32 *core)
{
	return core->pc;
}

uint32_t rv32_event_count(const struct rv32 *core)
{
	return rv32_count_events(core);
}

const struct core_counts *rv32_counts(const struct rv32 *core)
{
	rv32_count_sync(core);
	return core->counts;
}

const char *rv32_fault_text(const struct rv32 *core)
{
	return core->fault_text;
}

uint32_t rv32_register(const struct rv32 *core, unsigned index)
{
	assert(index <= RV32_PC);
	return index == RV32_PC ? core->pc : core->x[index];
}

void rv32_set_register(struct rv32 *core, unsigned index, uint32_t value)
{
	assert(index <= RV32_PC);
	if (index == RV32_PC)
		core->pc = value & ~1u;
	else if (index)
		core->x[index] = value;
}
