/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flash as the core sees it (TRM, "System and Memory", external memory): 128 MMU entries of 64 KB,
 * shared by the data bus at 0x3C000000 and the instruction bus at 0x42000000, and the cache's
 * control registers. Neighbouring entries that follow each other in flash are one mapping of the
 * core.
 *
 * The cache reads nothing (and the program gets a sentence) while it is off, its bus is shut, the
 * entry is invalid or the flash chip is busy, and after SPI1 has changed flash that is mapped until
 * the range is invalidated: on the part old lines may be what is read.
 *
 * SYNC_SIZE counts lines of 32 bytes; SYNC_SIZE 0 means everything.
 */
#include <string.h>

#include "rigs/virtual/chips/esp32c3.h"

#define CTRL_ENABLE      (1u << 0)
#define CTRL1_SHUT_IBUS  (1u << 0)
#define CTRL1_SHUT_DBUS  (1u << 1)
#define SYNC_INVALIDATE  (1u << 0)
#define SYNC_DONE        (1u << 1)
#define FREEZE_ENABLE    (1u << 0)
#define FREEZE_DONE      (1u << 2)
#define LINE_BYTES       32u
#define LINEAR_MASK      (ESP32C3_CACHE_BYTES - 1)
#define ENTRY_PAGES_MASK 0xFFu
#define LOCK_CTRL        0x1Cu
#define PRELOAD_CTRL     0x34u
#define AUTOLOAD_CTRL    0x40u

static uint32_t reg(const struct esp32c3 *s, uint32_t offset)
{
	return s->cache.regs[offset / 4];
}

bool esp32c3_cache_enabled(const struct esp32c3 *s)
{
	return reg(s, ESP32C3_CACHE_CTRL) & CTRL_ENABLE;
}

static bool is_stale(const struct esp32c3 *s)
{
	return s->cache.stale_low < s->cache.stale_high;
}

static bool may_read(const struct esp32c3 *s)
{
	return esp32c3_cache_enabled(s) && !is_stale(s) &&
	       !esp32c3_flash_is_busy(&s->flash_chip, esp32c3_now(s));
}

static bool is_valid(uint32_t entry)
{
	return !(entry & ESP32C3_MMU_INVALID);
}

static uint32_t page_offset(uint32_t entry)
{
	return (entry & ENTRY_PAGES_MASK) * ESP32C3_MMU_PAGE % ESP32C3_FLASH_BYTES;
}

/* Runs of one bus, appended to maps. */
static unsigned collect(struct esp32c3 *s, uint32_t base, struct esp32c3_flash_map *maps)
{
	const uint32_t *mmu = s->cache.mmu;
	unsigned count = 0;

	for (unsigned i = 0; i < ESP32C3_MMU_ENTRIES; i++) {
		struct esp32c3_flash_map *last = count > 0 ? &maps[count - 1] : NULL;
		uint32_t address = base + i * ESP32C3_MMU_PAGE;

		if (!is_valid(mmu[i]))
			continue;
		if (last && last->base + last->bytes == address &&
		    last->offset + last->bytes == page_offset(mmu[i])) {
			last->bytes += ESP32C3_MMU_PAGE;
			continue;
		}
		if (count == ESP32C3_CACHE_RUNS) {
			esp32c3_fault(s,
				      "MMU table with more than %d runs of pages: a limit of "
				      "this model",
				      ESP32C3_CACHE_RUNS);
			break;
		}
		maps[count++] =
			(struct esp32c3_flash_map){address, ESP32C3_MMU_PAGE, page_offset(mmu[i])};
	}
	return count;
}

static bool contains(const struct esp32c3_flash_map *maps, unsigned count,
		     const struct esp32c3_flash_map *map)
{
	for (unsigned i = 0; i < count; i++)
		if (memcmp(&maps[i], map, sizeof(*map)) == 0)
			return true;
	return false;
}

void esp32c3_cache_update(struct esp32c3 *s)
{
	struct esp32c3_cache *cache = &s->cache;
	struct esp32c3_flash_map wanted[2 * ESP32C3_CACHE_RUNS];
	unsigned count = 0;

	if (may_read(s) && !(reg(s, ESP32C3_CACHE_CTRL1) & CTRL1_SHUT_DBUS))
		count = collect(s, ESP32C3_DROM_BASE, wanted);
	if (may_read(s) && !(reg(s, ESP32C3_CACHE_CTRL1) & CTRL1_SHUT_IBUS))
		count += collect(s, ESP32C3_IROM_BASE, wanted + count);
	for (unsigned i = 0; i < cache->map_count; i++)
		if (!contains(wanted, count, &cache->maps[i]))
			rv32_unmap(s->core, cache->maps[i].base);
	for (unsigned i = 0; i < count; i++)
		if (!contains(cache->maps, cache->map_count, &wanted[i]))
			rv32_map(s->core, wanted[i].base, wanted[i].bytes,
				 s->flash + wanted[i].offset, RV32_MEMORY_CACHED);
	memcpy(cache->maps, wanted, count * sizeof(wanted[0]));
	cache->map_count = count;
}

/* An access that no mapping serves. */
bool esp32c3_cache_read(struct esp32c3 *s, uint32_t address, unsigned size, uint32_t *ret_value)
{
	uint32_t shut = address >= ESP32C3_IROM_BASE ? CTRL1_SHUT_IBUS : CTRL1_SHUT_DBUS;
	uint32_t entry = s->cache.mmu[(address & LINEAR_MASK) / ESP32C3_MMU_PAGE];

	*ret_value = 0;
	(void)size;
	if (!esp32c3_cache_enabled(s))
		esp32c3_fault(s, "flash read at 0x%08x while the cache is off", address);
	else if (reg(s, ESP32C3_CACHE_CTRL1) & shut)
		esp32c3_fault(s, "flash read at 0x%08x while EXTMEM_ICACHE_CTRL1 shuts its bus",
			      address);
	else if (!is_valid(entry))
		esp32c3_fault(s, "flash read at 0x%08x: MMU entry %u is invalid", address,
			      (address & LINEAR_MASK) / ESP32C3_MMU_PAGE);
	else if (esp32c3_flash_is_busy(&s->flash_chip, esp32c3_now(s)))
		esp32c3_fault(s, "flash read at 0x%08x while the flash chip is busy", address);
	else if (is_stale(s))
		esp32c3_fault(s,
			      "flash read at 0x%08x: flash at 0x%x has changed since the cache was "
			      "invalidated there",
			      address, s->cache.stale_low);
	else
		return false;
	return true;
}

static bool is_mapped(const struct esp32c3 *s, uint32_t offset)
{
	for (unsigned i = 0; i < ESP32C3_MMU_ENTRIES; i++)
		if (is_valid(s->cache.mmu[i]) &&
		    offset - page_offset(s->cache.mmu[i]) < ESP32C3_MMU_PAGE)
			return true;
	return false;
}

void esp32c3_cache_flash_changed(struct esp32c3 *s, uint32_t offset, uint32_t bytes)
{
	struct esp32c3_cache *cache = &s->cache;

	for (uint32_t at = offset; at < offset + bytes; at += ESP32C3_FLASH_PAGE) {
		if (!is_mapped(s, at))
			continue;
		if (!is_stale(s)) {
			cache->stale_low = at;
			cache->stale_high = at + ESP32C3_FLASH_PAGE;
		}
		if (at < cache->stale_low)
			cache->stale_low = at;
		if (at + ESP32C3_FLASH_PAGE > cache->stale_high)
			cache->stale_high = at + ESP32C3_FLASH_PAGE;
	}
	for (unsigned i = 0; i < cache->map_count; i++)
		rv32_invalidate(s->core, cache->maps[i].base, cache->maps[i].bytes);
	esp32c3_cache_update(s);
}

/* Does an invalidation of these linear addresses reach every page that shows stale flash? */
static bool covers_stale(const struct esp32c3 *s, uint32_t low, uint32_t high)
{
	for (unsigned i = 0; i < ESP32C3_MMU_ENTRIES; i++) {
		uint32_t offset = page_offset(s->cache.mmu[i]);
		uint32_t from = offset > s->cache.stale_low ? offset : s->cache.stale_low;
		uint32_t to = offset + ESP32C3_MMU_PAGE < s->cache.stale_high
				      ? offset + ESP32C3_MMU_PAGE
				      : s->cache.stale_high;

		if (!is_valid(s->cache.mmu[i]) || from >= to)
			continue;
		if (low > i * ESP32C3_MMU_PAGE + (from - offset) ||
		    high < i * ESP32C3_MMU_PAGE + (to - offset))
			return false;
	}
	return true;
}

static void invalidate(struct esp32c3 *s)
{
	uint32_t low = reg(s, ESP32C3_CACHE_SYNC_ADDR) & LINEAR_MASK;
	uint32_t lines = reg(s, ESP32C3_CACHE_SYNC_SIZE) & 0x7FFFFF;
	uint64_t high = low + (uint64_t)lines * LINE_BYTES;

	if (lines == 0) {
		low = 0;
		high = ESP32C3_CACHE_BYTES;
	}
	if (high > ESP32C3_CACHE_BYTES)
		high = ESP32C3_CACHE_BYTES;
	rv32_cache_invalidate(s->core);
	if (covers_stale(s, low, (uint32_t)high))
		s->cache.stale_low = s->cache.stale_high = 0;
	esp32c3_cache_update(s);
}

uint32_t esp32c3_extmem_read(struct esp32c3 *s, uint32_t offset)
{
	if (offset == 0x3FC)
		return 0x02007160;
	if (offset / 4 >= ESP32C3_EXTMEM_BYTES / 4) {
		esp32c3_unmodelled(s, ESP32C3_EXTMEM_BASE + offset);
		return 0;
	}
	switch (offset) {
	case ESP32C3_CACHE_SYNC_CTRL:
		return SYNC_DONE;
	case ESP32C3_CACHE_FREEZE:
		return reg(s, offset) | (reg(s, offset) & FREEZE_ENABLE ? FREEZE_DONE : 0);
	case ESP32C3_CACHE_STATE:
		return 1; /* idle */
	case LOCK_CTRL:
		return 4; /* done */
	case PRELOAD_CTRL:
		return 2;
	default:
		return reg(s, offset);
	}
}

/* SRAM0 is the cache's memory while it is on. */
static void map_sram0(struct esp32c3 *s)
{
	if (esp32c3_cache_enabled(s))
		rv32_unmap(s->core, ESP32C3_SRAM0_BASE);
	else
		rv32_map(s->core, ESP32C3_SRAM0_BASE, ESP32C3_SRAM0_BYTES, s->sram0,
			 RV32_MEMORY_RAM);
}

void esp32c3_extmem_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	bool was_enabled = esp32c3_cache_enabled(s);

	if (offset / 4 >= ESP32C3_EXTMEM_BYTES / 4) {
		esp32c3_unmodelled(s, ESP32C3_EXTMEM_BASE + offset);
		return;
	}
	if (offset == LOCK_CTRL && value & 3) {
		esp32c3_fault(s, "EXTMEM_ICACHE_LOCK_CTRL: locking lines is not modelled");
		return;
	}
	s->cache.regs[offset / 4] = value;
	if (offset == ESP32C3_CACHE_CTRL && was_enabled != esp32c3_cache_enabled(s)) {
		map_sram0(s);
		rv32_cache_invalidate(s->core);
	}
	if (offset == ESP32C3_CACHE_SYNC_CTRL && value & SYNC_INVALIDATE)
		invalidate(s);
	else if (offset == ESP32C3_CACHE_CTRL || offset == ESP32C3_CACHE_CTRL1)
		esp32c3_cache_update(s);
}

uint32_t esp32c3_mmu_read(struct esp32c3 *s, uint32_t offset)
{
	if (offset / 4 < ESP32C3_MMU_ENTRIES)
		return s->cache.mmu[offset / 4];
	esp32c3_unmodelled(s, ESP32C3_MMU_BASE + offset);
	return 0;
}

void esp32c3_mmu_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	if (offset / 4 >= ESP32C3_MMU_ENTRIES) {
		esp32c3_unmodelled(s, ESP32C3_MMU_BASE + offset);
		return;
	}
	if (is_valid(value) && (value & ENTRY_PAGES_MASK) * ESP32C3_MMU_PAGE >= ESP32C3_FLASH_BYTES)
		esp32c3_fault(s, "MMU entry %u = 0x%x points beyond the flash chip", offset / 4,
			      value);
	s->cache.mmu[offset / 4] = value & 0x1FF;
	esp32c3_cache_update(s);
}

/* As the ROM leaves it: off, every entry invalid. */
void esp32c3_cache_reset(struct esp32c3 *s)
{
	struct esp32c3_cache *cache = &s->cache;

	memset(cache->regs, 0, sizeof(cache->regs));
	cache->regs[ESP32C3_CACHE_CTRL1 / 4] = CTRL1_SHUT_IBUS | CTRL1_SHUT_DBUS;
	cache->regs[0x08 / 4] = 5; /* tag memory powered */
	cache->regs[AUTOLOAD_CTRL / 4] = 8;
	cache->regs[0x100 / 4] = 1;
	for (unsigned i = 0; i < ESP32C3_MMU_ENTRIES; i++)
		cache->mmu[i] = ESP32C3_MMU_INVALID;
	cache->stale_low = cache->stale_high = 0;
	esp32c3_cache_update(s);
	map_sram0(s);
	rv32_cache_invalidate(s->core);
}
