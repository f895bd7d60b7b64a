/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * M7 and M33: what memory behind caches costs. Modelled, to be calibrated against a board; the
 * caches keep tags only, so data is always coherent here and a maintenance operation that firmware
 * forgot does not show.
 *
 * STM32F767 (RM0410, 3.3 and PM0253, 4.8): L1 instruction cache 16 KB, 2 ways, data cache 16 KB, 4
 * ways, lines of 32 bytes, in front of flash and SRAM1/2 on AXI; a flash line is 256 bits, one read
 * of 1 + wait states, plus four cycles of AXI until the wanted word is there. SRAM on AXI: five.
 * Without the cache every 64 bits of code and every load pay that. Stores sit in the store buffer
 * while their line is filled. On the ITCM bus the accelerator (ART): 64 lines of 256 bits, modelled
 * as 4 ways; prefetch of the next line when the flow leaves one.
 *
 * STM32L552 (RM0438, section "Instruction cache"): 8 KB, 2 ways, lines of 16 bytes, for code and
 * data on the C-bus; a miss takes the wait states of the flash and two cycles. Without it every 64
 * bits of code and every load pay the wait states.
 *
 * Replacement is least recently used throughout.
 */
#include <string.h>

#include "rigs/virtual/cores/armv7em_core.h"

#define L1_LINE_SHIFT     5u
#define ICACHE_LINE_SHIFT 4u
#define AXI_CYCLES        4u
#define AXI_RAM_CYCLES    5u
#define ICACHE_CYCLES     2u

enum {
	CLIDR = 0xd78,
	CTR = 0xd7c,
	CCSIDR = 0xd80,
	CSSELR = 0xd84,
	ICIALLU = 0xf50,
	ICIMVAU = 0xf58,
	DCIMVAC = 0xf5c,
	DCISW = 0xf60,
	DCCMVAU = 0xf64,
	DCCMVAC = 0xf68,
	DCCSW = 0xf6c,
	DCCIMVAC = 0xf70,
	DCCISW = 0xf74,
	BPIALL = 0xf78,
};

/* PM0253, 4.5: separate L1 caches; 128 sets of 4 ways and 256 sets of 2 ways, lines of 8 words. */
#define CLIDR_VALUE 0x09000003u
#define CTR_VALUE   0x8303c003u
#define CCSIDR_DATA 0xf00fe019u
#define CCSIDR_CODE 0xf01fe009u
#define CSSELR_CODE 1u

static void shape(struct cache *cache, unsigned line_shift, unsigned ways, unsigned sets)
{
	*cache = (struct cache){
		.line_shift = (uint8_t)line_shift, .ways = (uint8_t)ways, .sets = (uint16_t)sets};
}

void cache_init(struct armv7em *core)
{
	if (core->model->l1_caches) {
		shape(&core->instruction_cache, L1_LINE_SHIFT, 2, 256);
		shape(&core->data_cache, L1_LINE_SHIFT, 4, 128);
		shape(&core->accelerator, L1_LINE_SHIFT, 4, 16);
	} else {
		shape(&core->instruction_cache, ICACHE_LINE_SHIFT, 2, 256);
		shape(&core->data_cache, L1_LINE_SHIFT, 4, 128);
		shape(&core->accelerator, L1_LINE_SHIFT, 4, 16);
	}
	memset(core->branch_targets, 0, sizeof(core->branch_targets));
}

void cache_forget(struct armv7em *core, struct cache *cache)
{
	memset(cache->tags, 0, sizeof(cache->tags));
	cache->last = 0;
	flash_leave_unit(core);
}

void cache_set_enables(struct armv7em *core, uint32_t ccr)
{
	if ((ccr ^ core->ccr) & CCR_IC)
		cache_forget(core, &core->instruction_cache);
	if ((ccr ^ core->ccr) & CCR_DC)
		cache_forget(core, &core->data_cache);
}

static uint32_t *set_of(struct cache *cache, uint32_t tag)
{
	return &cache->tags[((tag - 1) & (cache->sets - 1u)) * cache->ways];
}

/* Is the line there; afterwards it is. */
static bool touch_set(struct cache *cache, uint32_t tag)
{
	uint32_t *ways = set_of(cache, tag), moved = tag;
	bool hit = false;

	for (unsigned i = 0; i < cache->ways && !hit; i++) {
		uint32_t here = ways[i];

		ways[i] = moved;
		hit = here == tag;
		moved = here;
	}
	cache->last = tag;
	return hit;
}

static inline bool touch(struct cache *cache, uint32_t address)
{
	uint32_t tag = (address >> cache->line_shift) + 1;

	return tag == cache->last || touch_set(cache, tag);
}

static void forget_line(struct cache *cache, uint32_t address)
{
	uint32_t tag = (address >> cache->line_shift) + 1, *ways = set_of(cache, tag);

	for (unsigned i = 0; i < cache->ways; i++)
		if (ways[i] == tag)
			ways[i] = 0;
	cache->last = 0;
}

/* By set and way the order of use is not the order of the ways: the whole set goes. */
static void forget_set(struct cache *cache, uint32_t set_way)
{
	uint32_t set = set_way >> cache->line_shift & (cache->sets - 1u);

	memset(&cache->tags[set * cache->ways], 0, cache->ways * sizeof(cache->tags[0]));
	cache->last = 0;
}

/* ---- M7 ---- */

static unsigned axi_cycles(const struct armv7em *core, const struct region *region)
{
	return region->is_flash ? core->flash.wait_states + AXI_CYCLES : AXI_RAM_CYCLES;
}

static bool is_axi(const struct region *region)
{
	return region->kind == ARMV7EM_MEMORY_AXI_RAM || region->kind == ARMV7EM_MEMORY_AXI_FLASH;
}

static unsigned fetch_axi(struct armv7em *core, const struct region *region, const struct op *op,
			  uint32_t address)
{
	if (!(core->ccr & CCR_IC)) {
		flash_enter_unit(core, op, FLASH_WORD_SHIFT);
		return axi_cycles(core, region);
	}
	flash_enter_unit(core, op, L1_LINE_SHIFT);
	return touch(&core->instruction_cache, address) ? 0 : axi_cycles(core, region);
}

static unsigned fetch_accelerated(struct armv7em *core, const struct op *op, uint32_t address,
				  uint64_t now)
{
	struct flash *flash = &core->flash;
	uint32_t line = address >> L1_LINE_SHIFT;
	unsigned stall = flash->wait_states;

	flash_enter_unit(core, op, L1_LINE_SHIFT);
	if (flash->icache && touch(&core->accelerator, address))
		stall = 0;
	else if (flash->prefetch && flash->prefetch_word == line && flash->prefetch_ready)
		stall = flash->prefetch_ready > now ? (unsigned)(flash->prefetch_ready - now) : 0;
	flash->prefetch_word = line + 1;
	flash->prefetch_ready = now + stall + flash->wait_states + 1;
	return stall;
}

unsigned cache_fetch_m7(struct armv7em *core, const struct region *region, const struct op *op,
			uint64_t now)
{
	uint32_t address = region->base + (uint32_t)(op - region->ops) * 2;
	unsigned stall;

	if (is_axi(region)) {
		stall = fetch_axi(core, region, op, address);
	} else if (region->is_flash && core->flash.wait_states) {
		stall = fetch_accelerated(core, op, address, now);
	} else {
		flash_enter_unit(core, op, FLASH_LINE_SHIFT);
		return 0;
	}
	if (region->is_flash)
		core->counts.flash_fetch_stalls += stall;
	return stall;
}

unsigned cache_data_m7(struct armv7em *core, uint32_t address, bool is_store)
{
	const struct region *region = memory_region(core, address);
	unsigned stall;

	if (is_axi(region)) {
		bool hit = core->ccr & CCR_DC && touch(&core->data_cache, address);

		stall = hit || is_store ? 0 : axi_cycles(core, region);
	} else {
		bool hit = core->flash.icache && touch(&core->accelerator, address);

		stall = hit ? 0 : core->flash.wait_states;
	}
	if (region->is_flash) {
		core->counts.flash_data_reads++;
		core->counts.flash_stalls += stall;
	}
	return stall;
}

/* ---- M33 ---- */

static unsigned icache_cycles(struct armv7em *core, uint32_t address)
{
	unsigned wait_states = core->flash.wait_states;

	if (!core->flash.icache)
		return wait_states;
	return touch(&core->instruction_cache, address) ? 0 : wait_states + ICACHE_CYCLES;
}

unsigned cache_fetch_m33(struct armv7em *core, const struct region *region, const struct op *op,
			 uint64_t now)
{
	unsigned stall;

	(void)now;
	if (!region->is_flash) {
		flash_enter_unit(core, op, FLASH_LINE_SHIFT);
		return 0;
	}
	flash_enter_unit(core, op, core->flash.icache ? ICACHE_LINE_SHIFT : FLASH_WORD_SHIFT);
	stall = icache_cycles(core, region->base + (uint32_t)(op - region->ops) * 2);
	core->counts.flash_fetch_stalls += stall;
	return stall;
}

unsigned cache_data_m33(struct armv7em *core, uint32_t address, bool is_store)
{
	unsigned stall = icache_cycles(core, address);

	(void)is_store; /* goes to the flash controller */
	core->counts.flash_data_reads++;
	core->counts.flash_stalls += stall;
	return stall;
}

/* ---- maintenance, PM0253 4.8 ---- */

bool cache_register_read(struct armv7em *core, uint32_t offset, uint32_t *ret_value)
{
	switch (offset) {
	case CLIDR:
		*ret_value = CLIDR_VALUE;
		return true;
	case CTR:
		*ret_value = CTR_VALUE;
		return true;
	case CCSIDR:
		*ret_value = core->cache_selected & CSSELR_CODE ? CCSIDR_CODE : CCSIDR_DATA;
		return true;
	case CSSELR:
		*ret_value = core->cache_selected;
		return true;
	default:
		*ret_value = 0; /* the operations are write-only */
		return offset >= ICIALLU && offset <= BPIALL;
	}
}

bool cache_register_write(struct armv7em *core, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case CSSELR:
		core->cache_selected = value & 0xf;
		return true;
	case ICIALLU:
		cache_forget(core, &core->instruction_cache);
		return true;
	case ICIMVAU:
		forget_line(&core->instruction_cache, value);
		flash_leave_unit(core);
		return true;
	case DCIMVAC:
	case DCCIMVAC:
		forget_line(&core->data_cache, value);
		return true;
	case DCISW:
	case DCCISW:
		forget_set(&core->data_cache, value);
		return true;
	case BPIALL:
		memset(core->branch_targets, 0, sizeof(core->branch_targets));
		return true;
	case DCCMVAU:
	case DCCMVAC:
	case DCCSW:
		return true; /* cleaning moves bytes, and they are coherent */
	default:
		return offset >= CLIDR && offset <= CSSELR;
	}
}
