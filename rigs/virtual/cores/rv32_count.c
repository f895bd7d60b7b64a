/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: what the tallies of executed instructions mean as classes of activity.h and as events
 * of the performance counter (ESP32-C3 TRM, chapter "ESP-RISC-V CPU": mpcer, mpcmr, mpccr). The
 * counter is not stepped: it is the difference of event totals since it was last written.
 *
 * When several events are selected, a cycle counts once. An instruction and what it is (a load, a
 * compressed one, ...) share a cycle; hazards and waiting have cycles of their own. What the manual
 * calls an idle cycle is modelled as one that waits for the cache.
 */
#include "rigs/virtual/cores/rv32_core.h"

static const uint8_t core_classes[RV32_CATEGORY_COUNT] = {
	[RV32_CATEGORY_ALU] = CORE_CLASS_ALU,     [RV32_CATEGORY_LOAD] = CORE_CLASS_LOAD,
	[RV32_CATEGORY_STORE] = CORE_CLASS_STORE, [RV32_CATEGORY_MUL] = CORE_CLASS_MUL,
	[RV32_CATEGORY_DIV] = CORE_CLASS_DIV,     [RV32_CATEGORY_BRANCH] = CORE_CLASS_BRANCH,
	[RV32_CATEGORY_JUMP] = CORE_CLASS_BRANCH, [RV32_CATEGORY_OTHER] = CORE_CLASS_OTHER,
};

static const uint16_t category_events[RV32_CATEGORY_COUNT] = {
	[RV32_CATEGORY_LOAD] = 1u << RV32_EVENT_LOAD,
	[RV32_CATEGORY_STORE] = 1u << RV32_EVENT_STORE,
	[RV32_CATEGORY_BRANCH] = 1u << RV32_EVENT_BRANCH,
	[RV32_CATEGORY_JUMP] = 1u << RV32_EVENT_JMP_UNCOND,
};

/* rv32_run_count brought it up to date. */
static uint64_t tally_of(const struct rv32 *core, unsigned tally)
{
	return core->tallies[tally] + core->pending->tallies[tally];
}

void rv32_count_sync(const struct rv32 *core)
{
	struct core_counts *counts = core->counts;

	rv32_run_count(core->pending);
	*counts = (struct core_counts){
		.cycles = core->now - core->sleep_cycles,
		.sleep_cycles = core->sleep_cycles,
		.flash_fetch_stalls = core->fetch_stalls,
		.flash_data_reads = core->data_reads,
		.flash_stalls = core->data_stalls,
		.exceptions = core->exceptions,
		.toggled_bits = core->toggled_bits,
	};
	for (unsigned i = 0; i < RV32_TALLY_COUNT; i++) {
		uint64_t count = tally_of(core, i);

		counts->classes[core_classes[i >> RV32_TALLY_CATEGORY_SHIFT]] += count;
		counts->instructions += count;
		if (i & RV32_TALLY_TAKEN)
			counts->taken_branches += count;
	}
}

/* Events of an instruction counted in this tally, without those that have a cycle of their own. */
static uint32_t events_of(unsigned tally)
{
	unsigned category = tally >> RV32_TALLY_CATEGORY_SHIFT;
	uint32_t events = 1u << RV32_EVENT_INST | category_events[category];

	if (tally & RV32_TALLY_COMPRESSED)
		events |= 1u << RV32_EVENT_INST_COMP;
	if (category == RV32_CATEGORY_BRANCH && tally & RV32_TALLY_TAKEN)
		events |= 1u << RV32_EVENT_BRANCH_TAKEN;
	return events;
}

static unsigned hazard_of(unsigned tally)
{
	return tally >> RV32_TALLY_CATEGORY_SHIFT == RV32_CATEGORY_LOAD ? RV32_EVENT_LD_HAZARD
									: RV32_EVENT_JMP_HAZARD;
}

/* Since the beginning, were they counted as selected now. */
static uint64_t total_events(const struct rv32 *core)
{
	uint64_t total = 0;

	if (core->mpcer >> RV32_EVENT_CYCLE & 1)
		return core->now - core->sleep_cycles;
	rv32_run_count(core->pending);
	for (unsigned i = 0; i < RV32_TALLY_COUNT; i++) {
		if (events_of(i) & core->mpcer)
			total += tally_of(core, i);
		if (i & RV32_TALLY_HAZARD && core->mpcer >> hazard_of(i) & 1)
			total += tally_of(core, i);
	}
	if (core->mpcer >> RV32_EVENT_IDLE & 1)
		total += core->fetch_stalls + core->data_stalls;
	return total;
}

uint32_t rv32_count_events(const struct rv32 *core)
{
	uint64_t count = core->event_base;

	if (core->mpcmr & RV32_MPCMR_ENABLE)
		count += total_events(core) - core->events_seen;
	if (core->mpcmr & RV32_MPCMR_SATURATE && count > UINT32_MAX)
		return UINT32_MAX;
	return (uint32_t)count;
}

void rv32_count_restart(struct rv32 *core, uint32_t value)
{
	core->event_base = value;
	core->events_seen = total_events(core);
}
