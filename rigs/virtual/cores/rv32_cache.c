/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: the cache between the core and external flash, as the ESP32-C3 has it (TRM, chapter
 * "System and Memory", section "Cache": 16 KB, eight-way set-associative, 32-byte lines, one for
 * instructions and data, read-only).
 *
 * Modelled: least recently used replacement (the manual names none), no prefetch, one line after
 * the other. A line is known by its bytes, so the instruction and the data window on one page share
 * it, as their addresses are equal in the bits that choose the set. A 32-bit instruction across two
 * lines asks for the second one when the flow goes on behind it.
 */
#include <string.h>

#include "rigs/virtual/cores/rv32_core.h"

unsigned rv32_cache_touch(struct rv32 *core, uint32_t address, const uint8_t *line)
{
	const uint8_t **ways = core->cache[address >> RV32_LINE_SHIFT & (RV32_CACHE_SETS - 1)];
	const uint8_t *moved = line;

	for (unsigned place = 0; place < RV32_CACHE_WAYS; place++) {
		const uint8_t *last = ways[place];

		ways[place] = moved;
		if (last == line)
			return 0;
		moved = last;
	}
	return core->line_cycles;
}

static unsigned stall(struct rv32 *core, const struct rv32_region *region, uint32_t offset)
{
	const uint8_t *line = region->memory + (offset >> RV32_LINE_SHIFT << RV32_LINE_SHIFT);

	return rv32_cache_touch(core, region->base + offset, line);
}

unsigned rv32_cache_fetch(struct rv32 *core, const struct rv32_region *region,
			  const struct rv32_op *op)
{
	uint32_t offset = (uint32_t)(op - region->ops) * 2;
	unsigned cycles;

	core->fetch_region = region;
	if (!region->is_cached) {
		core->fetch_mask = core->fetch_unit = 0;
		return 0;
	}
	core->fetch_mask = ~(RV32_LINE_OF_OPS_BYTES - 1);
	core->fetch_unit = (uint64_t)(uintptr_t)op & core->fetch_mask;
	if (offset >= region->bytes)
		return 0; /* REGION_END: nothing is fetched here */
	cycles = stall(core, region, offset);
	core->fetch_stalls += cycles;
	return cycles;
}

unsigned rv32_cache_load(struct rv32 *core, const struct rv32_region *region, uint32_t offset)
{
	unsigned cycles = stall(core, region, offset);

	core->data_reads++;
	core->data_stalls += cycles;
	return cycles;
}

void rv32_cache_refetch(struct rv32 *core)
{
	core->fetch_region = NULL;
	core->fetch_mask = ~(uint64_t)0;
	core->fetch_unit = 1; /* no op has this address */
}

void rv32_cache_invalidate(struct rv32 *core)
{
	memset(core->cache, 0, sizeof(core->cache));
	rv32_cache_refetch(core);
}

void rv32_set_flash(struct rv32 *core, unsigned line_cycles)
{
	core->line_cycles = line_cycles;
}
