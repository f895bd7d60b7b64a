/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: what flash costs. Modelled on the accelerator of the STM32L4 and L4+ (RM0351 and
 * RM0432, section "Adaptive real-time memory accelerator"), not cycle-accurate silicon:
 *
 *   - the array is read 64 bits at a time; a read takes 1 + wait_states cycles, so an instruction
 * or data word that is not at hand stalls the core for wait_states cycles;
 *   - instruction cache: 32 lines of 4 x 64 bits, least recently used; a word joins the cache when
 * it is fetched. Data cache: 8 such lines;
 *   - prefetch: when a word is delivered, the read of the next one starts, and if the flow gets
 * there early it waits for the rest of that read only.
 *
 * The dispatch loop compares, per instruction, the bits of the op's address that name the fetch
 * unit. The unit is a whole line while the line is complete in the cache, and a 64-bit word
 * otherwise, so hot code is looked at once in ten instructions and cold code word by word.
 */
#include <string.h>

#include "rigs/virtual/cores/armv7em_core.h"

#define OP_OFFSET(r, op) ((uint32_t)((op) - (r)->ops) * 2)

static void forget_instructions(struct armv7em *core)
{
	struct flash *flash = &core->flash;

	for (unsigned i = 0; i < ICACHE_LINES; i++)
		if (flash->instruction[i].region)
			flash->instruction[i].region->cached_line[flash->instruction[i].line] = 0;
	memset(flash->instruction, 0, sizeof(flash->instruction));
	flash->prefetch_region = NULL;
	flash_leave_unit(core);
}

void flash_forget(struct armv7em *core, const struct region *region)
{
	(void)region; /* the silicon's reset bits are for whole caches as well */
	forget_instructions(core);
	memset(core->flash.data, 0, sizeof(core->flash.data));
}

void armv7em_set_flash(struct armv7em *core, unsigned wait_states, bool prefetch, bool icache,
		       bool dcache)
{
	struct flash *flash = &core->flash;

	if (!icache && core->model->data_cost == cache_data_m33)
		cache_forget(core, &core->instruction_cache);
	if (!icache)
		cache_forget(core, &core->accelerator);
	if (!icache || !flash->icache)
		forget_instructions(core);
	if (!dcache || !flash->dcache)
		memset(flash->data, 0, sizeof(flash->data));
	flash->wait_states = wait_states;
	flash->prefetch = prefetch;
	flash->icache = icache;
	flash->dcache = dcache;
	flash_leave_unit(core);
	core_update_horizon(core); /* its margin */
}

static unsigned oldest(const uint64_t *used, unsigned count)
{
	unsigned best = 0;

	for (unsigned i = 1; i < count; i++)
		if (used[i] < used[best])
			best = i;
	return best;
}

static struct cache_line *claim_instruction_line(struct flash *flash, const struct region *region,
						 uint32_t line)
{
	unsigned place = oldest(flash->instruction_used, ICACHE_LINES);
	struct cache_line *entry = &flash->instruction[place];

	if (entry->region)
		entry->region->cached_line[entry->line] = 0;
	*entry = (struct cache_line){.region = region, .line = line};
	region->cached_line[line] = (uint8_t)(place + 1);
	return entry;
}

static void start_prefetch(struct flash *flash, const struct region *region, uint32_t word,
			   uint64_t now)
{
	flash->prefetch_region = region;
	flash->prefetch_word = word;
	flash->prefetch_ready = now + flash->wait_states + 1;
}

static unsigned read_array(struct flash *flash, const struct region *region, uint32_t word,
			   uint64_t now)
{
	unsigned stall = flash->wait_states;

	if (!flash->prefetch)
		return stall;
	if (flash->prefetch_region == region && flash->prefetch_word == word)
		stall = flash->prefetch_ready > now ? (unsigned)(flash->prefetch_ready - now) : 0;
	start_prefetch(flash, region, word + 1, now + stall);
	return stall;
}

static unsigned fetch_cached(struct armv7em *core, const struct region *region, const struct op *op,
			     uint64_t now)
{
	struct flash *flash = &core->flash;
	uint32_t word = OP_OFFSET(region, op) >> FLASH_WORD_SHIFT;
	uint32_t line = word / FLASH_WORDS_PER_LINE;
	uint32_t bit = 1u << word % FLASH_WORDS_PER_LINE;
	unsigned place = region->cached_line[line];
	struct cache_line *entry = place ? &flash->instruction[place - 1]
					 : claim_instruction_line(flash, region, line);
	unsigned stall = 0;

	flash->instruction_used[entry - flash->instruction] = ++flash->tick;
	if (entry->valid == FLASH_LINE_COMPLETE) {
		flash_enter_unit(core, op, FLASH_LINE_SHIFT);
		start_prefetch(flash, region, (line + 1) * FLASH_WORDS_PER_LINE, now);
		return 0;
	}
	flash_enter_unit(core, op, FLASH_WORD_SHIFT);
	if (entry->valid & bit)
		start_prefetch(flash, region, word + 1, now);
	else
		stall = read_array(flash, region, word, now);
	entry->valid |= bit;
	return stall;
}

unsigned flash_fetch(struct armv7em *core, const struct region *region, const struct op *op,
		     uint64_t now)
{
	struct flash *flash = &core->flash;
	unsigned stall;

	if (!region->is_flash || !flash->wait_states) {
		flash_enter_unit(core, op, FLASH_LINE_SHIFT);
		return 0;
	}
	if (flash->icache) {
		stall = fetch_cached(core, region, op, now);
	} else {
		flash_enter_unit(core, op, FLASH_WORD_SHIFT);
		stall = read_array(flash, region, OP_OFFSET(region, op) >> FLASH_WORD_SHIFT, now);
	}
	core->counts.flash_fetch_stalls += stall;
	return stall;
}

static struct data_line *find_data_line(struct flash *flash, uint32_t line)
{
	struct data_line *entry = &flash->data[flash->recent_data];

	if (entry->valid && entry->line == line)
		return entry;
	for (unsigned i = 0; i < DCACHE_LINES; i++) {
		entry = &flash->data[i];
		if (entry->valid && entry->line == line) {
			flash->recent_data = i;
			return entry;
		}
	}
	flash->recent_data = oldest(flash->data_used, DCACHE_LINES);
	entry = &flash->data[flash->recent_data];
	*entry = (struct data_line){.line = line};
	return entry;
}

unsigned flash_data(struct armv7em *core, uint32_t address, bool is_store)
{
	struct flash *flash = &core->flash;
	unsigned stall = flash->wait_states;

	(void)is_store; /* goes to the flash controller */
	core->counts.flash_data_reads++;
	if (!stall)
		return 0;
	if (flash->dcache) {
		uint32_t line = address & ~((1u << FLASH_LINE_SHIFT) - 1);
		uint32_t bit = 1u << (address - line) / (1u << FLASH_WORD_SHIFT);
		struct data_line *entry = find_data_line(flash, line);

		flash->data_used[flash->recent_data] = ++flash->tick;
		if (entry->valid & bit)
			stall = 0;
		entry->valid |= bit;
	}
	core->counts.flash_stalls += stall;
	return stall;
}
