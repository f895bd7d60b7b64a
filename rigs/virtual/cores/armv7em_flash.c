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

#define WORDS_PER_LINE   (1u << (FLASH_LINE_SHIFT - FLASH_WORD_SHIFT))
#define LINE_COMPLETE    ((1u << WORDS_PER_LINE) - 1)
#define UNIT_MASK(shift) (~(uint64_t)((sizeof(struct op) << (shift)) / 2 - 1))
#define OP_OFFSET(r, op) ((uint32_t)((op) - (r)->ops) * 2)

static void forget_instructions(struct armv7em *core)
{
	struct flash *flash = &core->flash;

	for (unsigned i = 0; i < ICACHE_LINES; i++)
		if (flash->instruction[i].region)
			flash->instruction[i].region->cached_line[flash->instruction[i].line] = 0;
	memset(flash->instruction, 0, sizeof(flash->instruction));
	flash->prefetch_region = NULL;
	core->fetch_unit = 1; /* no op has this address: the next instruction looks again */
	core->fetch_mask = UNIT_MASK(FLASH_WORD_SHIFT);
}

void flash_init(struct flash *flash)
{
	memset(flash, 0, sizeof(*flash));
	for (unsigned i = 0; i < ICACHE_LINES; i++) {
		flash->newer[i] = (uint8_t)((i + 1) % ICACHE_LINES);
		flash->older[i] = (uint8_t)((i + ICACHE_LINES - 1) % ICACHE_LINES);
	}
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

	if (!icache || !flash->icache)
		forget_instructions(core);
	if (!dcache || !flash->dcache)
		memset(flash->data, 0, sizeof(flash->data));
	flash->wait_states = wait_states;
	flash->prefetch = prefetch;
	flash->icache = icache;
	flash->dcache = dcache;
	core->fetch_unit = 1;
	core->fetch_mask = UNIT_MASK(FLASH_WORD_SHIFT);
}

static void use_instruction_line(struct flash *flash, uint8_t place)
{
	uint8_t newest = flash->newest, oldest = flash->newer[newest];

	if (place == newest)
		return;
	flash->newest = place;
	if (place == oldest)
		return; /* the ring only turns */
	flash->newer[flash->older[place]] = flash->newer[place];
	flash->older[flash->newer[place]] = flash->older[place];
	flash->newer[newest] = place;
	flash->older[place] = newest;
	flash->newer[place] = oldest;
	flash->older[oldest] = place;
}

static struct cache_line *claim_instruction_line(struct flash *flash, const struct region *region,
						 uint32_t line)
{
	uint8_t place = flash->newer[flash->newest]; /* the oldest */
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

static void enter_unit(struct armv7em *core, const struct op *op, unsigned shift)
{
	core->fetch_mask = UNIT_MASK(shift);
	core->fetch_unit = (uint64_t)(uintptr_t)op & core->fetch_mask;
}

static unsigned fetch_cached(struct armv7em *core, const struct region *region, const struct op *op,
			     uint64_t now)
{
	struct flash *flash = &core->flash;
	uint32_t word = OP_OFFSET(region, op) >> FLASH_WORD_SHIFT;
	uint32_t line = word / WORDS_PER_LINE;
	uint32_t bit = 1u << word % WORDS_PER_LINE;
	unsigned place = region->cached_line[line];
	struct cache_line *entry = place ? &flash->instruction[place - 1]
					 : claim_instruction_line(flash, region, line);
	unsigned stall = 0;

	use_instruction_line(flash, (uint8_t)(entry - flash->instruction));
	if (entry->valid == LINE_COMPLETE) {
		enter_unit(core, op, FLASH_LINE_SHIFT);
		start_prefetch(flash, region, (line + 1) * WORDS_PER_LINE, now);
		return 0;
	}
	enter_unit(core, op, FLASH_WORD_SHIFT);
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

	core->fetch_region = region;
	if (!region->is_flash || !flash->wait_states) {
		core->fetch_mask = core->fetch_unit = 0;
		return 0;
	}
	if (flash->icache) {
		stall = fetch_cached(core, region, op, now);
	} else {
		enter_unit(core, op, FLASH_WORD_SHIFT);
		stall = read_array(flash, region, OP_OFFSET(region, op) >> FLASH_WORD_SHIFT, now);
	}
	core->counts.flash_fetch_stalls += stall;
	return stall;
}

static unsigned oldest_data_line(const struct flash *flash)
{
	unsigned best = 0;

	for (unsigned i = 1; i < DCACHE_LINES; i++)
		if (flash->data_used[i] < flash->data_used[best])
			best = i;
	return best;
}

static struct cache_line *find_data_line(struct flash *flash, const struct region *region,
					 uint32_t line)
{
	struct cache_line *entry = &flash->data[flash->recent_data];

	if (entry->region == region && entry->line == line)
		return entry;
	for (unsigned i = 0; i < DCACHE_LINES; i++) {
		entry = &flash->data[i];
		if (entry->region == region && entry->line == line) {
			flash->recent_data = i;
			return entry;
		}
	}
	flash->recent_data = oldest_data_line(flash);
	entry = &flash->data[flash->recent_data];
	*entry = (struct cache_line){.region = region, .line = line};
	return entry;
}

unsigned flash_data(struct armv7em *core, const struct region *region, uint32_t offset)
{
	struct flash *flash = &core->flash;
	uint32_t word = offset >> FLASH_WORD_SHIFT;
	uint32_t bit = 1u << word % WORDS_PER_LINE;
	unsigned stall = flash->wait_states;

	core->counts.flash_data_reads++;
	if (!stall)
		return 0;
	if (flash->dcache) {
		struct cache_line *entry = find_data_line(flash, region, word / WORDS_PER_LINE);

		flash->data_used[flash->recent_data] = ++flash->tick;
		if (entry->valid & bit)
			stall = 0;
		entry->valid |= bit;
	}
	core->counts.flash_stalls += stall;
	return stall;
}
