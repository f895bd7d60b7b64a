/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: the dispatch loop with the pipeline of the Cortex-M7, modelled: Arm publishes no
 * cycle counts. Two instructions issue together where armv7em_neighbour.c says so. Branches: a
 * direct-mapped target cache of 64 entries with two-bit counters (TRM DDI 0489, 1.1: 64-entry BTAC
 * and a static predictor); what it does not know is taken if it is a direct branch backwards, which
 * the decoder finds out late. The penalties are an estimate from the length of the pipeline.
 */
#include "rigs/virtual/cores/armv7em_core.h"

#define MISPREDICTED_CYCLES 6u
#define LATE_CYCLES         2u /* direct and unconditional or backwards, not in the target cache */

static struct branch_target *branch_entry(struct armv7em *core, uint32_t pc)
{
	return &core->branch_targets[pc >> 1 & (BRANCH_TARGETS - 1)];
}

static unsigned branch_taken(struct armv7em *core, uint32_t pc, uint32_t target, unsigned kind)
{
	struct branch_target *entry = branch_entry(core, pc);
	bool direct = kind == OP_B || kind == OP_BL;
	bool guessed = direct || (kind >= OP_BEQ && kind <= OP_BLE && target < pc);

	if (entry->pc == pc) {
		bool right = entry->strength >= 2 && entry->target == target;

		entry->target = target;
		if (entry->strength < 3)
			entry->strength++;
		return right ? 0 : direct ? LATE_CYCLES : MISPREDICTED_CYCLES;
	}
	*entry = (struct branch_target){.pc = pc, .target = target, .strength = 2};
	return guessed ? LATE_CYCLES : MISPREDICTED_CYCLES;
}

static unsigned branch_not_taken(struct armv7em *core, uint32_t pc, uint32_t target)
{
	struct branch_target *entry = branch_entry(core, pc);

	if (entry->pc != pc)
		return target < pc ? MISPREDICTED_CYCLES : 0;
	if (!entry->strength)
		return 0;
	return entry->strength-- >= 2 ? MISPREDICTED_CYCLES : 0;
}

#define TIMING_ENTER               unsigned paired = core->paired;
#define TIMING_LEAVE               core->paired = paired;
#define TIMING_FETCH               cache_fetch_m7
#define TIMING_READ(core, address) TIMING_DATA((core), (address), false)
#define TIMING_DATA                cache_data_m7
#define TIMING_STORES              1
#define TIMING_RETIRE()                                                                            \
	do {                                                                                       \
		paired = ~paired & op->condition / OP_PAIRS & 1;                                   \
		cycles += op->cycles - paired;                                                     \
	} while (0)
#define TIMING_RETIRE_ONE()  TIMING_RETIRE()
#define TIMING_TAKEN(target) (cycles += branch_taken(core, PC, (target), op->kind))
#define TIMING_NOT_TAKEN()   (cycles += branch_not_taken(core, PC, op->imm))
#define TIMING_LOAD(base)    0
#define TIMING_LOADED(reg)   ((void)0)
#define TIMING_STORE_INDEXED 0
#define TIMING_SKIPPED()     (paired = 0)

#define CORE_EXECUTE core_execute_m7
#include "rigs/virtual/cores/execute_loop.inc"
