/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: the dispatch loop with the pipeline of the Cortex-M4 (TRM DDI 0439, table 3-1):
 * three stages, no prediction, neighbouring loads overlap.
 */
#include "rigs/virtual/cores/armv7em_core.h"

/* A complete line of the instruction cache, without prefetch, is most of the entries; the rest is
 * flash_fetch's. */
static inline unsigned fetch(struct armv7em *core, const struct region *region, const struct op *op,
			     uint64_t now)
{
	struct flash *flash = &core->flash;
	uint32_t line = (uint32_t)(op - region->ops) * 2 >> FLASH_LINE_SHIFT;
	unsigned place;

	if (!region->is_flash || !flash->wait_states) {
		flash_enter_unit(core, op, FLASH_LINE_SHIFT);
		return 0;
	}
	place = region->cached_line[line];
	if (!place || flash->prefetch || flash->instruction[place - 1].valid != FLASH_LINE_COMPLETE)
		return flash_fetch(core, region, op, now);
	flash->instruction_used[place - 1] = ++flash->tick;
	flash_enter_unit(core, op, FLASH_LINE_SHIFT);
	return 0;
}

/* The same line as the load before is the newest already. */
static inline unsigned read_flash(struct armv7em *core, uint32_t address)
{
	const struct flash *flash = &core->flash;
	const struct data_line *recent = &flash->data[flash->recent_data];
	unsigned word = address >> FLASH_WORD_SHIFT & (FLASH_WORDS_PER_LINE - 1);

	if (flash->wait_states &&
	    !(flash->dcache && recent->line == address >> FLASH_LINE_SHIFT << FLASH_LINE_SHIFT &&
	      recent->valid >> word & 1))
		return flash_data(core, address, false);
	core->counts.flash_data_reads++;
	return 0;
}

/* load_end: cycle at which a load ended that the next may overlap; what it loaded. */
#define TIMING_ENTER                                                                               \
	uint64_t load_end = core->load_end;                                                        \
	unsigned loaded_register = core->loaded_register;
#define TIMING_LEAVE                                                                               \
	core->load_end = load_end;                                                                 \
	core->loaded_register = loaded_register;
#define TIMING_FETCH         fetch
#define TIMING_READ          read_flash
#define TIMING_DATA          flash_data
#define TIMING_STORES        0
#define TIMING_RETIRE()      (cycles += op->cycles)
#define TIMING_RETIRE_ONE()  (cycles += 1)
#define TIMING_TAKEN(target) (cycles += ARMV7EM_REFILL_CYCLES)
#define TIMING_NOT_TAKEN()   ((void)0)
/* Single loads take two cycles, one when they directly follow a load whose result is not their base
 * (TRM: neighbouring loads and stores pipeline their address and data phases). Stores with an
 * immediate offset take one; with a register offset two, one behind a load. */
#define TIMING_LOAD(base) (cycles == load_end && (base) != loaded_register ? 0 : 1)
#define TIMING_LOADED(reg)                                                                         \
	do {                                                                                       \
		load_end = cycles + 1;                                                             \
		loaded_register = (reg);                                                           \
	} while (0)
#define TIMING_STORE_INDEXED (cycles == load_end ? 0 : 1)
#define TIMING_SKIPPED()     ((void)0)

#define CORE_EXECUTE core_execute_m4
#include "rigs/virtual/cores/execute_loop.inc"
