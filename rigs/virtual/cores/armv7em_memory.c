/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: mapped memory, and the slow half of every access: unaligned, system control space,
 * peripherals, and stores into memory that holds decoded code.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/cores/armv7em_core.h"

#define SPACE_SCS         0xe000e000u
#define SPACE_DWT         0xe0001000u
#define SPACE_BLOCK       0xfffff000u
#define LINE_OF_OPS_BYTES ((sizeof(struct op) << FLASH_LINE_SHIFT) / 2)
#define SPARE_OPS         8u /* behind the end, so that running off it decodes to a fault */
/* An IT block is at most four 32-bit instructions behind its IT; a run is as long. */
#define IT_REACH_HALFWORDS 8u
_Static_assert(PAIR_REACH_HALFWORDS <= IT_REACH_HALFWORDS, "forget_in_region starts there");

static void allocate_region(struct region *region)
{
	size_t count = region->bytes / 2 + SPARE_OPS;
	size_t blocks = (region->bytes >> CODE_BLOCK_SHIFT) + 1;
	size_t lines = (region->bytes >> FLASH_LINE_SHIFT) + 1;
	uintptr_t start;

	region->ops_allocation = calloc(1, count * sizeof(struct op) + LINE_OF_OPS_BYTES);
	region->code_blocks = calloc(blocks, 1);
	region->cached_line = calloc(lines, 1);
	if (!region->ops_allocation || !region->code_blocks || !region->cached_line)
		abort(); /* as every allocation of the rig's start-up: there is no rig without it */
	start = (uintptr_t)region->ops_allocation;
	start = (start + LINE_OF_OPS_BYTES - 1) & ~(uintptr_t)(LINE_OF_OPS_BYTES - 1);
	region->ops = (struct op *)start;
}

static void map_directly(struct armv7em *core, const struct region *region)
{
	const uint32_t page_bytes = 1u << DIRECT_SHIFT;
	uint64_t end = (uint64_t)region->base + region->bytes;
	uint64_t at = ((uint64_t)region->base + page_bytes - 1) & ~(uint64_t)(page_bytes - 1);
	intptr_t entry = (intptr_t)((uintptr_t)region->memory - region->base);

	for (; at + page_bytes <= end; at += page_bytes) {
		uint32_t page = (uint32_t)(at >> DIRECT_SHIFT);

		if (core->readable[page])
			continue;
		core->readable[page] = region->read_costs ? entry + TIMED_PAGE : entry;
		if (!region->is_flash && !region->write_costs)
			core->writable[page] = entry;
	}
}

static bool holds_code(const struct region *region, uint32_t offset)
{
	for (uint32_t i = 0; i < 1u << DIRECT_SHIFT; i += 1u << CODE_BLOCK_SHIFT)
		if (region->code_blocks[(offset + i) >> CODE_BLOCK_SHIFT])
			return true;
	return false;
}

void memory_set_direct(struct armv7em *core, const struct region *region, bool direct)
{
	const uint32_t page_bytes = 1u << DIRECT_SHIFT;
	uint64_t end = (uint64_t)region->base + region->bytes;
	uint64_t start = ((uint64_t)region->base + page_bytes - 1) & ~(uint64_t)(page_bytes - 1);

	for (uint64_t at = start; at + page_bytes <= end; at += page_bytes)
		core->readable[at >> DIRECT_SHIFT] = core->writable[at >> DIRECT_SHIFT] = 0;
	if (!direct)
		return;
	map_directly(core, region);
	for (uint64_t at = start; at + page_bytes <= end; at += page_bytes)
		if (holds_code(region, (uint32_t)(at - region->base)))
			core->writable[at >> DIRECT_SHIFT] = 0;
}

void armv7em_map(struct armv7em *core, uint32_t base, uint32_t bytes, uint8_t *memory,
		 enum armv7em_memory kind)
{
	bool is_flash = kind == ARMV7EM_MEMORY_FLASH || kind == ARMV7EM_MEMORY_AXI_FLASH;
	unsigned index = core->region_count++;
	struct region *region = &core->regions[index];

	assert(index < REGION_COUNT && memory && bytes);
	assert(base % (1u << FLASH_LINE_SHIFT) == 0 && bytes % (1u << FLASH_LINE_SHIFT) == 0);
	*region = (struct region){
		.base = base,
		.bytes = bytes,
		.writable_bytes = is_flash ? 0 : bytes,
		.is_flash = is_flash,
		.read_costs = kind != ARMV7EM_MEMORY_RAM,
		.write_costs = kind == ARMV7EM_MEMORY_AXI_RAM,
		.kind = (uint8_t)kind,
		.memory = memory,
	};
	allocate_region(region);
	for (uint32_t page = base >> PAGE_SHIFT; page <= (base + (bytes - 1)) >> PAGE_SHIFT; page++)
		if (!core->page[page])
			core->page[page] = (uint8_t)index;
	map_directly(core, region);
}

struct region *memory_region(struct armv7em *core, uint32_t address)
{
	struct region *region = &core->regions[core->page[address >> PAGE_SHIFT]];

	if (address - region->base < region->bytes)
		return region;
	for (unsigned i = 1; i < core->region_count; i++)
		if (address - core->regions[i].base < core->regions[i].bytes)
			return &core->regions[i];
	return NULL;
}

void memory_mark_code(struct armv7em *core, const uint8_t *memory)
{
	for (unsigned i = 1; i < core->region_count; i++) {
		const struct region *region = &core->regions[i];
		uintptr_t offset = (uintptr_t)memory - (uintptr_t)region->memory;

		if (offset >= region->bytes)
			continue;
		region->code_blocks[offset >> CODE_BLOCK_SHIFT] = 1;
		core->writable[(region->base + offset) >> DIRECT_SHIFT] = 0;
	}
}

/* The instruction that is being executed keeps its length and cycles. */
static void forget_op(struct op *op)
{
	op->handler = op->kind = OP_DECODE;
	op->condition = 0;
}

static void forget_it(struct region *region, uint32_t index)
{
	uint32_t end = index + region->ops[index].imm;

	for (uint32_t i = index; i <= end && i < region->bytes / 2; i++)
		forget_op(&region->ops[i]);
}

/* Half-words first..last of a region change: IT blocks that reach into them go as well. False: no
 * instruction depended on them. */
static bool forget_in_region(struct region *region, uint32_t first, uint32_t last)
{
	uint32_t start = first > IT_REACH_HALFWORDS ? first - IT_REACH_HALFWORDS : 0;
	bool depended = false;

	for (uint32_t i = start; i <= last && i < region->bytes / 2; i++) {
		if (region->ops[i].kind == OP_IT && i + region->ops[i].imm >= first) {
			depended = true;
			forget_it(region, i);
		} else if (i + PAIR_REACH_HALFWORDS > first) { /* in a pair, or judged */
			depended |= i + 2 >= first && region->ops[i].kind != OP_DECODE;
			region->ops[i].handler = region->ops[i].kind = OP_DECODE;
		}
	}
	return depended;
}

void memory_forget_code(struct armv7em *core, const uint8_t *memory, uint32_t bytes)
{
	for (unsigned i = 1; i < core->region_count; i++) {
		struct region *region = &core->regions[i];
		uintptr_t start = (uintptr_t)region->memory;
		uintptr_t first = (uintptr_t)memory, end = first + bytes;

		if (end <= start || first >= start + region->bytes)
			continue;
		first = first > start ? first - start : 0;
		end = end - start > region->bytes ? region->bytes : end - start;
		if (forget_in_region(region, (uint32_t)first / 2, (uint32_t)(end - 1) / 2))
			core->generation++;
		if (region->is_flash)
			flash_forget(core, region);
	}
}

void memory_forget_all_code(struct armv7em *core)
{
	for (unsigned i = 1; i < core->region_count; i++)
		memory_forget_code(core, core->regions[i].memory, core->regions[i].bytes);
}

void armv7em_invalidate(struct armv7em *core, uint32_t base, uint32_t bytes)
{
	core->generation++;
	while (bytes) {
		struct region *region = memory_region(core, base);
		uint32_t here;

		assert(region);
		here = region->bytes - (base - region->base);
		if (here > bytes)
			here = bytes;
		memory_forget_code(core, region->memory + (base - region->base), here);
		base += here;
		bytes -= here;
	}
}

static bool bus_fault(struct armv7em *core, const char *verb, uint32_t address, unsigned size,
		      const char *why)
{
	if (core->fault.exception || core->locked_up)
		return false; /* the callee has told already */
	fault_set(core,
		  &(struct fault){.exception = EXCEPTION_BUS_FAULT,
				  .status = CFSR_PRECISERR | CFSR_BFARVALID,
				  .address = address},
		  "bus fault: %s of %u byte%s at 0x%08x (%s)", verb, size, size > 1 ? "s" : "",
		  address, why);
	return false;
}

static bool space_read(struct armv7em *core, uint32_t address, unsigned size, uint32_t *ret_value)
{
	repeat_watch_end(core->watch);
	if (address >> 20 == 0xe00 && !core_is_privileged(core))
		return false;
	if ((address & SPACE_BLOCK) == SPACE_SCS)
		return scs_read(core, address, size, ret_value);
	if ((address & SPACE_BLOCK) == SPACE_DWT)
		return dwt_read(core, address, size, ret_value);
	core_sync_counts(core);
	return core->bus.read && core->bus.read(core->bus.context, address, size, ret_value);
}

static bool space_write(struct armv7em *core, uint32_t address, unsigned size, uint32_t value)
{
	repeat_watch_end(core->watch);
	if (address >> 20 == 0xe00 && !core_is_privileged(core))
		return false;
	if ((address & SPACE_BLOCK) == SPACE_SCS)
		return scs_write(core, address, size, value);
	if ((address & SPACE_BLOCK) == SPACE_DWT)
		return dwt_write(core, address, size, value);
	core_sync_counts(core);
	return core->bus.write && core->bus.write(core->bus.context, address, size, value);
}

static bool unaligned_fault(struct armv7em *core, uint32_t address, unsigned size)
{
	fault_set(core,
		  &(struct fault){.exception = EXCEPTION_USAGE_FAULT, .status = CFSR_UNALIGNED},
		  "unaligned access: %u bytes at 0x%08x (CCR.UNALIGN_TRP is set)", size, address);
	return false;
}

static bool read_split(struct armv7em *core, uint32_t address, unsigned size, uint32_t *ret_value)
{
	uint32_t value = 0, byte;

	if (core->unaligned_trap)
		return unaligned_fault(core, address, size);
	for (unsigned i = 0; i < size; i++) {
		struct region *region = memory_region(core, address + i);

		if (!region)
			return bus_fault(core, "unaligned read", address, size, "not in memory");
		byte = region->memory[address + i - region->base];
		if (core->watch)
			repeat_watch_load(core->watch, &region->memory[address + i - region->base], 1);
		value |= byte << 8 * i;
		if (region->read_costs && i % 4 == 0)
			core->now += core->model->data_cost(core, address + i, false);
	}
	core->now++; /* the second bus transaction */
	*ret_value = value;
	return true;
}

bool memory_read(struct armv7em *core, uint32_t address, unsigned size, uint32_t *ret_value)
{
	struct region *region;
	uint32_t value = 0;

	if (address & (size - 1))
		return read_split(core, address, size, ret_value);
	region = memory_region(core, address);
	if (region) {
		memcpy(&value, region->memory + (address - region->base), size);
		if (core->watch)
			repeat_watch_load(core->watch, region->memory + (address - region->base),
					  size);
		if (region->read_costs)
			core->now += core->model->data_cost(core, address, false);
	} else if (!space_read(core, address, size, &value)) {
		return bus_fault(core, "read", address, size, "nothing answers there");
	}
	*ret_value = value;
	return true;
}

static bool store(struct armv7em *core, struct region *region, uint32_t address, unsigned size,
		  uint32_t value)
{
	uint32_t offset = address - region->base;

	if (region->is_flash)
		return bus_fault(core, "write", address, size, "flash takes aligned stores only");
	if (core->watch)
		repeat_watch_store(core->watch, region->memory + offset, size);
	memcpy(region->memory + offset, &value, size);
	if (region->write_costs)
		core->now += core->model->data_cost(core, address, true);
	if (region->code_blocks[offset >> CODE_BLOCK_SHIFT])
		memory_forget_code(core, region->memory + offset, size);
	return true;
}

static bool write_split(struct armv7em *core, uint32_t address, unsigned size, uint32_t value)
{
	if (core->unaligned_trap)
		return unaligned_fault(core, address, size);
	for (unsigned i = 0; i < size; i++) {
		struct region *region = memory_region(core, address + i);

		if (!region)
			return bus_fault(core, "unaligned write", address, size, "not in memory");
		if (!store(core, region, address + i, 1, value >> 8 * i & 0xff))
			return false;
	}
	core->now++;
	return true;
}

bool memory_write(struct armv7em *core, uint32_t address, unsigned size, uint32_t value)
{
	struct region *region;

	if (address & (size - 1))
		return write_split(core, address, size, value);
	region = memory_region(core, address);
	if (region && !region->is_flash)
		return store(core, region, address, size, value);
	if (size < 4)
		value &= (1u << 8 * size) - 1;
	if (!space_write(core, address, size, value))
		return bus_fault(core, "write", address, size,
				 region ? "flash, which did not take it" : "nothing answers there");
	return true;
}
