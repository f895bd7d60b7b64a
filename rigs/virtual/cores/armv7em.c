/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: life, the run loop around the dispatch loop, sleep and counters.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/cores/armv7em_arith.h"

#if defined(__x86_64__)
bool armv7em_host_counts_bits;
#endif

struct armv7em *armv7em_new(const struct armv7em_bus *bus, enum armv7em_model model,
			    unsigned irq_count)
{
	struct armv7em *core = calloc(1, sizeof(*core));

	assert(bus && irq_count <= EXCEPTION_COUNT - EXCEPTION_IRQ0);
	if (!core)
		return NULL;
#if defined(__x86_64__)
	armv7em_host_counts_bits = __builtin_cpu_supports("popcnt");
#endif
	core->bus = *bus;
	core->irq_count = irq_count;
	core->model = core_model_of(model);
	core->region_count = 1;
	cache_init(core);
	exception_reset(core);
	systick_reset(core);
	return core;
}

void armv7em_free(struct armv7em *core)
{
	if (!core)
		return;
	for (unsigned i = 1; i < core->region_count; i++) {
		free(core->regions[i].ops_allocation);
		free(core->regions[i].code_blocks);
		free(core->regions[i].cached_line);
	}
	free(core);
}

static void reset_registers(struct armv7em *core)
{
	memset(core->r, 0, sizeof(core->r));
	memset(core->s, 0, sizeof(core->s));
	core->r[14] = 0xffffffffu;
	core->sp_banked = 0;
	core->control = core->primask = core->basepri = core->faultmask = core->ipsr = 0;
	special_set_xpsr(core, 0);
	core->fpscr = 0;
	core->exclusive = core->fp_ready = core->fp_lazy = core->not_thumb = false;
	core->asleep = core->event = core->waits_for_event = false;
	core->reset_requested = core->locked_up = false;
	core->load_end = NEVER;
	core->paired = 0;
	core->stack_limit[0] = core->stack_limit[1] = 0;
	core->fault = (struct fault){0};
	core->fault_text[0] = 0;
}

void armv7em_reset(struct armv7em *core, uint32_t vector_base)
{
	uint32_t sp, pc;

	reset_registers(core);
	core->scr = 0;
	cache_set_enables(core, core->model->ccr_reset);
	core->ccr = core->model->ccr_reset;
	core->unaligned_trap = core->divide_trap = false;
	core->shcsr = core->cfsr = core->hfsr = core->bfar = core->cpacr = 0;
	core->fpccr = FPCCR_ASPEN | FPCCR_LSPEN;
	core->fpcar = core->fpdscr = core->aircr_prigroup = 0;
	core->vtor = vector_base;
	systick_reset(core);
	core->dwt = (struct dwt){.locked = core->model->dwt_lock};
	exception_reset(core);
	if (!memory_read(core, vector_base, 4, &sp) ||
	    !memory_read(core, vector_base + 4, 4, &pc)) {
		core->locked_up = true;
		fault_set(core, &(struct fault){.exception = EXCEPTION_HARD_FAULT},
			  "reset: no vector table at 0x%08x", vector_base);
		return;
	}
	core->r[13] = sp & ~3u;
	core->r[15] = pc & ~1u;
	if (!(pc & 1)) {
		core->locked_up = true;
		fault_set(core, &(struct fault){.exception = EXCEPTION_HARD_FAULT},
			  "reset: the vector 0x%08x at 0x%08x is not a Thumb address", pc,
			  vector_base + 4);
	}
}

/* Upper bound of what the instructions of one fetch unit take: 16 of 16 bits, none longer than VLDM
 * of 32 words with each read costing the wait states and a bus. */
static uint64_t unit_cycles_max(const struct armv7em *core)
{
	const unsigned instructions = (1u << FLASH_LINE_SHIFT) / 2, longest = 48, words = 32;

	return instructions * (longest + words * (core->flash.wait_states + 5));
}

void core_update_horizon(struct armv7em *core)
{
	uint64_t tick = systick_next_cycle(core), margin = unit_cycles_max(core);

	if (core->deliverable || core->stop_requested || core->reset_requested || core->locked_up)
		core->horizon = 0;
	else
		core->horizon = tick < core->limit ? tick : core->limit;
	core->calm_until = core->horizon > margin ? core->horizon - margin : 0;
	core->check_at = 0;
}

void core_sync_counts(struct armv7em *core)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < CORE_CLASS_COUNT; i++) {
		uint64_t count = 0;

		for (unsigned bank = 0; bank < CLASS_BANKS; bank++)
			count += core->class_banks[bank * CLASS_BANK_SIZE + i];
		core->counts.classes[i] = count;
		sum += count;
	}
	core->counts.instructions = sum;
	core->counts.cycles = core->now - core->counts.sleep_cycles;
}

static void fall_asleep(struct armv7em *core)
{
	if (core->waits_for_event && core->event)
		core->event = false;
	else if (!exception_wakes(core))
		core->asleep = true;
}

static void handle_exit(struct armv7em *core, enum execute_exit reason)
{
	switch (reason) {
	case EXIT_FAULT:
		if (!core->locked_up)
			exception_take_fault(core);
		break;
	case EXIT_SVC:
		exception_raise(core, EXCEPTION_SVC);
		break;
	case EXIT_EXCEPTION_RETURN:
		exception_return(core);
		break;
	case EXIT_SLEEP:
		fall_asleep(core);
		break;
	case EXIT_HORIZON:
		break;
	}
}

/* 0: nothing stops the core. */
static enum armv7em_stop reason_to_stop(struct armv7em *core)
{
	if (core->locked_up)
		return ARMV7EM_STOP_LOCKUP;
	if (core->reset_requested)
		return ARMV7EM_STOP_RESET;
	if (core->stop_requested) {
		core->stop_requested = false;
		return ARMV7EM_STOP_REQUEST;
	}
	if (core->asleep)
		return ARMV7EM_STOP_SLEEP;
	if (core->now >= core->limit)
		return ARMV7EM_STOP_LIMIT;
	return 0;
}

enum armv7em_stop armv7em_run(struct armv7em *core, uint64_t limit)
{
	enum armv7em_stop stop;

	core->limit = limit;
	for (;;) {
		systick_update(core);
		exception_update(core);
		if (core->asleep && exception_wakes(core))
			core->asleep = false;
		stop = reason_to_stop(core);
		if (stop)
			break;
		if (core->deliverable)
			exception_enter_next(core);
		else
			handle_exit(core, core->model->execute(core));
	}
	core_sync_counts(core);
	return stop;
}

bool armv7em_sleep(struct armv7em *core, uint64_t limit)
{
	for (;;) {
		uint64_t next;

		systick_update(core);
		if (exception_wakes(core))
			core->asleep = false;
		if (!core->asleep || core->now >= limit)
			break;
		next = systick_next_cycle(core);
		if (next > limit)
			next = limit;
		core->counts.sleep_cycles += next - core->now;
		core->now = next;
	}
	core_sync_counts(core);
	return !core->asleep;
}

bool armv7em_sleeps_on(const struct armv7em *core)
{
	return core->asleep && systick_next_cycle(core) == NEVER && !exception_wakes(core);
}

bool armv7em_sleeps_deeply(const struct armv7em *core)
{
	return core->scr & SCR_SLEEPDEEP;
}

void armv7em_set_irq(struct armv7em *core, unsigned irq, bool level)
{
	unsigned number = EXCEPTION_IRQ0 + irq;
	bool rises = level && !bit_test(core->level, number);

	assert(irq < core->irq_count);
	bit_set(core->level, number, level);
	if (rises)
		exception_set_pending(core, number);
}

void armv7em_request_stop(struct armv7em *core)
{
	core->stop_requested = true;
	core_update_horizon(core);
}

uint64_t armv7em_now(const struct armv7em *core)
{
	return core->now;
}

uint32_t armv7em_pc(const struct armv7em *core)
{
	return core->r[15];
}

uint32_t armv7em_cyccnt(const struct armv7em *core)
{
	return dwt_cyccnt(core);
}

const struct core_counts *armv7em_counts(const struct armv7em *core)
{
	return &core->counts;
}

const char *armv7em_fault_text(const struct armv7em *core)
{
	return core->fault_text;
}

uint32_t armv7em_register(const struct armv7em *core, unsigned index)
{
	assert(index <= 16);
	return index == 16 ? special_xpsr(core) : core->r[index];
}

void armv7em_set_register(struct armv7em *core, unsigned index, uint32_t value)
{
	assert(index <= 16);
	if (index == 16)
		special_set_xpsr(core, value);
	else
		core->r[index] = index == 15 ? value & ~1u : value;
	core->load_end = NEVER;
	core->paired = 0;
}
