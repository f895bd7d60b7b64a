/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: mapped memory, and the slow half of every access: misaligned, peripherals, and stores
 * into memory that holds decoded code.
 *
 * Misaligned loads and stores: the manual's table of mcause (ESP32-C3 TRM, chapter "ESP-RISC-V
 * CPU") has no misaligned causes, and on the part they simply work (esp32.com, topic "ESP32 RISC-V
 * implementation Load/Store misalignment behaviour", measured on SRAM). So memory takes any
 * alignment; an access across a word boundary is two. What peripherals do with one is not
 * documented: here it is an access fault, since firmware should not do it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/cores/rv32_core.h"

#define LINE_BYTES        (1u << RV32_LINE_SHIFT)
#define LINE_OF_OPS_BYTES (sizeof(struct rv32_op) * LINE_BYTES / 2)
#define BLOCK_OPS         (1u << RV32_BLOCK_SHIFT >> 1)
#define SPARE_OPS         2u /* behind the end: running off it finds REGION_END there */
/* An op depends on its own half-words and on those of its successor (for hazards). */
#define REACH_HALFWORDS 3u

/* One allocation: header, blocks, ops. */
static struct rv32_code *code_new(uint32_t bytes)
{
	size_t blocks = (bytes >> RV32_BLOCK_SHIFT) + 1;
	size_t ops = (bytes / 2 + SPARE_OPS) * sizeof(struct rv32_op);
	struct rv32_code *code = calloc(1, sizeof(*code) + blocks + LINE_OF_OPS_BYTES + ops);
	uintptr_t start;

	if (!code)
		abort(); /* as every allocation of the rig's start-up: there is no rig without it */
	code->blocks = (uint8_t *)(code + 1);
	start = (uintptr_t)(code->blocks + blocks) + LINE_OF_OPS_BYTES - 1;
	code->ops = (struct rv32_op *)(start & ~(uintptr_t)(LINE_OF_OPS_BYTES - 1));
	return code;
}

static bool has_code(const struct rv32_region *region, uint32_t offset)
{
	uint32_t first = offset >> RV32_BLOCK_SHIFT;
	uint32_t last = (offset + RV32_PAGE_MASK) >> RV32_BLOCK_SHIFT;

	return memchr(region->blocks + first, 1, last - first + 1);
}

/* The page is this region's; offset is where it begins there, if it does not begin before it. */
static void set_direct(struct rv32 *core, const struct rv32_region *region, uint32_t page)
{
	uint32_t offset = (page << RV32_PAGE_SHIFT) - region->base;
	uint8_t *memory = region->memory + offset;

	if (offset >= region->bytes || region->bytes - offset <= RV32_PAGE_MASK)
		return;
	if (region->is_cached)
		core->cached[page] = memory;
	else
		core->readable[page] = memory;
	if (region->writable_bytes && !has_code(region, offset))
		core->writable[page] = memory;
}

static void clear_direct(struct rv32 *core, const struct rv32_region *region)
{
	uint32_t first = region->base >> RV32_PAGE_SHIFT;
	uint32_t last = (region->base + (region->bytes - 1)) >> RV32_PAGE_SHIFT;

	for (uint32_t page = first; page <= last; page++)
		core->readable[page] = core->writable[page] = core->cached[page] = NULL;
}

void rv32_memory_update_pages(struct rv32 *core)
{
	memset(core->page, 0, sizeof(core->page));
	for (unsigned i = 1; i < RV32_REGIONS; i++) {
		const struct rv32_region *region = &core->regions[i];
		uint32_t last = region->base + (region->bytes - 1);

		if (!region->bytes)
			continue;
		if (core->watch && region->writable_bytes) {
			clear_direct(core, region);
			continue;
		}
		for (uint32_t page = region->base >> RV32_PAGE_SHIFT;
		     page <= last >> RV32_PAGE_SHIFT; page++)
			if (!core->page[page]) {
				core->page[page] = (uint8_t)i;
				set_direct(core, region, page);
			}
	}
}

static void map_changed(struct rv32 *core)
{
	rv32_memory_update_pages(core);
	core->generation++;
	core->remapped = true;
	core->horizon = 0; /* the loop must not go on in a region that may be gone */
}

static struct rv32_region *region_at(struct rv32 *core, uint32_t base)
{
	for (unsigned i = 1; i < RV32_REGIONS; i++)
		if (core->regions[i].bytes && core->regions[i].base == base)
			return &core->regions[i];
	return NULL;
}

static struct rv32_region *free_region(struct rv32 *core)
{
	for (unsigned i = 1; i < RV32_REGIONS; i++)
		if (!core->regions[i].bytes)
			return &core->regions[i];
	return NULL;
}

static void region_remove(struct rv32 *core, struct rv32_region *region)
{
	rv32_run_count(core->pending);
	clear_direct(core, region);
	region->code->next = core->retired;
	core->retired = region->code;
	*region = (struct rv32_region){0};
}

void rv32_memory_free_retired(struct rv32 *core)
{
	while (core->retired) {
		struct rv32_code *code = core->retired;

		core->retired = code->next;
		free(code);
	}
}

void rv32_map(struct rv32 *core, uint32_t base, uint32_t bytes, uint8_t *memory,
	      enum rv32_memory kind)
{
	struct rv32_region *region = region_at(core, base);
	struct rv32_code *code;

	assert(memory && bytes && base % LINE_BYTES == 0 && bytes % LINE_BYTES == 0);
	if (region)
		region_remove(core, region);
	region = free_region(core);
	assert(region);
	code = code_new(bytes);
	*region = (struct rv32_region){
		.base = base,
		.bytes = bytes,
		.writable_bytes = kind == RV32_MEMORY_RAM ? bytes : 0,
		.is_cached = kind == RV32_MEMORY_CACHED,
		.memory = memory,
		.ops = code->ops,
		.blocks = code->blocks,
		.code = code,
	};
	clear_direct(core, region);
	map_changed(core);
}

void rv32_unmap(struct rv32 *core, uint32_t base)
{
	struct rv32_region *region = region_at(core, base);

	if (!region)
		return;
	region_remove(core, region);
	map_changed(core);
}

struct rv32_region *rv32_memory_region(struct rv32 *core, uint32_t address)
{
	struct rv32_region *region = &core->regions[core->page[address >> RV32_PAGE_SHIFT]];

	if (address - region->base < region->bytes)
		return region;
	for (unsigned i = 1; i < RV32_REGIONS; i++)
		if (address - core->regions[i].base < core->regions[i].bytes)
			return &core->regions[i];
	return NULL;
}

static void mark_block(struct rv32 *core, const struct rv32_region *region, uint32_t block)
{
	uint32_t address = region->base + (block << RV32_BLOCK_SHIFT);

	region->blocks[block] = 1;
	core->writable[address >> RV32_PAGE_SHIFT] = NULL;
	address += (1u << RV32_BLOCK_SHIFT) - 1;
	core->writable[address >> RV32_PAGE_SHIFT] = NULL;
}

/* An op that starts here was decoded: its own half-words and its successor's are code. */
void rv32_memory_mark_code(struct rv32 *core, const uint8_t *memory)
{
	for (unsigned i = 1; i < RV32_REGIONS; i++) {
		const struct rv32_region *region = &core->regions[i];
		uintptr_t offset = (uintptr_t)memory - (uintptr_t)region->memory;

		for (unsigned n = 0; region->bytes && n <= REACH_HALFWORDS; n++)
			if (offset + 2 * n < region->bytes)
				mark_block(core, region,
					   (uint32_t)(offset + 2 * n) >> RV32_BLOCK_SHIFT);
	}
}

/* Only the kind changes: the instruction that is being executed keeps its length and cycles. */
static bool forget_ops(struct rv32_region *region, uint32_t first, uint32_t last)
{
	bool known = false;

	for (uint32_t i = first; i <= last; i++) {
		known = known || region->ops[i].kind != RV32_OP_DECODE;
		region->ops[i].kind = RV32_OP_DECODE;
	}
	return known;
}

/* Runs stay inside their block. */
static void forget_runs(struct rv32_region *region, uint32_t block)
{
	uint32_t first = block * BLOCK_OPS, last = first + BLOCK_OPS - 1;

	for (uint32_t i = first; i <= last && i < region->bytes / 2; i++)
		region->ops[i].handler = NULL;
}

/* first and last are half-words. */
static void forget_in_region(struct rv32 *core, struct rv32_region *region, uint32_t first,
			     uint32_t last)
{
	uint32_t start = first > REACH_HALFWORDS ? first - REACH_HALFWORDS : 0;

	for (uint32_t block = start / BLOCK_OPS; block <= last / BLOCK_OPS; block++) {
		uint32_t from = block * BLOCK_OPS, to = from + BLOCK_OPS - 1;

		if (!region->blocks[block])
			continue;
		if (!forget_ops(region, from > start ? from : start, to < last ? to : last))
			continue;
		core->generation++;
		rv32_run_count(core->pending);
		forget_runs(region, block);
	}
}

/* In every region that shows these bytes. */
static void forget_code(struct rv32 *core, const uint8_t *memory, uint32_t bytes)
{
	for (unsigned i = 1; i < RV32_REGIONS; i++) {
		struct rv32_region *region = &core->regions[i];
		uintptr_t start = (uintptr_t)region->memory;
		uintptr_t first = (uintptr_t)memory, end = first + bytes;

		if (!region->bytes || end <= start || first >= start + region->bytes)
			continue;
		first = first > start ? first - start : 0;
		end = end - start > region->bytes ? region->bytes : end - start;
		forget_in_region(core, region, (uint32_t)first / 2, (uint32_t)(end - 1) / 2);
	}
}

void rv32_invalidate(struct rv32 *core, uint32_t base, uint32_t bytes)
{
	core->generation++;
	while (bytes) {
		struct rv32_region *region = rv32_memory_region(core, base);
		uint32_t here;

		assert(region);
		here = region->bytes - (base - region->base);
		if (here > bytes)
			here = bytes;
		forget_code(core, region->memory + (base - region->base), here);
		base += here;
		bytes -= here;
	}
}

static bool access_fault(struct rv32 *core, bool store, uint32_t address, unsigned size,
			 const char *why)
{
	rv32_trap_set(core, store ? RV32_CAUSE_STORE_FAULT : RV32_CAUSE_LOAD_FAULT, address,
		      "%s access fault: %u byte%s at 0x%08x (%s)", store ? "store" : "load", size,
		      size > 1 ? "s" : "", address, why);
	return false;
}

static bool crosses_word(uint32_t address, unsigned size)
{
	return (address & 3) + size > 4;
}

/* All in memory (and writable); first and last byte may lie in two regions. */
static bool is_memory(struct rv32 *core, uint32_t address, unsigned size, bool store)
{
	for (unsigned i = 0; i < size; i++) {
		const struct rv32_region *region = rv32_memory_region(core, address + i);

		if (!region || (store && !region->writable_bytes))
			return false;
	}
	return true;
}

static uint32_t read_bytes(struct rv32 *core, uint32_t address, unsigned size)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < size; i++) {
		const struct rv32_region *region = rv32_memory_region(core, address + i);
		uint32_t offset = address + i - region->base;

		value |= (uint32_t)region->memory[offset] << 8 * i;
		if (core->watch)
			repeat_watch_load(core->watch, region->memory + offset, 1);
		if (region->is_cached && (i == 0 || (address + i) % 4 == 0))
			core->now += rv32_cache_load(core, region, offset);
	}
	core->now += crosses_word(address, size);
	return value;
}

bool rv32_memory_read(struct rv32 *core, uint32_t address, unsigned size, uint32_t *ret_value)
{
	uint32_t value = 0;

	if (is_memory(core, address, size, false)) {
		*ret_value = read_bytes(core, address, size);
		return true;
	}
	repeat_watch_end(core->watch);
	if (address & (size - 1))
		return access_fault(core, false, address, size, "misaligned, not in memory");
	if (!core->bus.read || !core->bus.read(core->bus.context, address, size, &value))
		return access_fault(core, false, address, size, "nothing answers there");
	*ret_value = value;
	return true;
}

static void write_bytes(struct rv32 *core, uint32_t address, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++) {
		struct rv32_region *region = rv32_memory_region(core, address + i);
		uint32_t offset = address + i - region->base;

		if (core->watch)
			repeat_watch_store(core->watch, region->memory + offset, 1);
		region->memory[offset] = (uint8_t)(value >> 8 * i);
		if (region->blocks[offset >> RV32_BLOCK_SHIFT])
			forget_code(core, region->memory + offset, 1);
	}
	core->now += crosses_word(address, size);
}

bool rv32_memory_write(struct rv32 *core, uint32_t address, unsigned size, uint32_t value)
{
	if (is_memory(core, address, size, true)) {
		write_bytes(core, address, size, value);
		return true;
	}
	repeat_watch_end(core->watch);
	if (is_memory(core, address, 1, false))
		return access_fault(core, true, address, size, "not all of it writable memory");
	if (address & (size - 1))
		return access_fault(core, true, address, size, "misaligned, not in memory");
	if (size < 4)
		value &= (1u << 8 * size) - 1;
	if (!core->bus.write || !core->bus.write(core->bus.context, address, size, value))
		return access_fault(core, true, address, size, "nothing answers there");
	return true;
}
