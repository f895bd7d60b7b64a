/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Memory map of the STM32F767 (RM0410 section 2.2.2) and the sectors of its flash in single-bank
 * mode (RM0410 table 3).
 */
#include <string.h>

#include "rigs/virtual/chips/stm32f767.h"

#define LOADER_SRAM_BYTES 0x4000u

enum array { ARRAY_ITCM = 1, ARRAY_SRAM, ARRAY_FLASH, ARRAY_SYSTEM };

struct range {
	uint32_t base, bytes;
	enum array array;
	uint32_t offset; /* within the array */
	enum armv7em_memory kind;
};

/* DTCM, SRAM1 and SRAM2 are neighbours and one array. */
static const struct range ranges[] = {
	{F767_ITCM_BASE, F767_ITCM_BYTES, ARRAY_ITCM, 0, ARMV7EM_MEMORY_RAM},
	{F767_SYSTEM_ALIAS, F767_SYSTEM_ALIAS_BYTES, ARRAY_SYSTEM, 0, ARMV7EM_MEMORY_FLASH},
	{F767_FLASH_ALIAS, F767_FLASH_BYTES, ARRAY_FLASH, 0, ARMV7EM_MEMORY_FLASH},
	{STM32_FLASH_BASE, F767_FLASH_BYTES, ARRAY_FLASH, 0, ARMV7EM_MEMORY_AXI_FLASH},
	{F767_SYSTEM_BASE, F767_SYSTEM_BYTES, ARRAY_SYSTEM, 0, ARMV7EM_MEMORY_AXI_FLASH},
	{F767_SRAM_BASE, F767_DTCM_BYTES, ARRAY_SRAM, 0, ARMV7EM_MEMORY_RAM},
	{F767_SRAM1_BASE, F767_SRAM_BYTES - F767_DTCM_BYTES, ARRAY_SRAM, F767_DTCM_BYTES,
	 ARMV7EM_MEMORY_AXI_RAM},
};

#define RANGE_COUNT (sizeof(ranges) / sizeof(ranges[0]))

static uint8_t *array_bytes(struct stm32f767 *s, enum array array)
{
	uint8_t *const arrays[] = {[ARRAY_ITCM] = s->itcm,
				   [ARRAY_SRAM] = s->base.sram,
				   [ARRAY_FLASH] = s->base.flash,
				   [ARRAY_SYSTEM] = s->base.system};

	return arrays[array];
}

static uint32_t array_size(enum array array)
{
	static const uint32_t sizes[] = {[ARRAY_ITCM] = F767_ITCM_BYTES,
					 [ARRAY_SRAM] = F767_SRAM_BYTES,
					 [ARRAY_FLASH] = F767_FLASH_BYTES,
					 [ARRAY_SYSTEM] = F767_SYSTEM_BYTES};

	return sizes[array];
}

uint8_t *stm32f767_memory_at(struct stm32f767 *s, uint32_t address, size_t bytes)
{
	for (size_t i = 0; i < RANGE_COUNT; i++) {
		const struct range *range = &ranges[i];
		uint32_t offset = address - range->base;

		if (offset < range->bytes)
			return bytes <= array_size(range->array) - range->offset - offset
				       ? array_bytes(s, range->array) + range->offset + offset
				       : NULL;
	}
	return NULL;
}

void stm32f767_memory_map(struct stm32f767 *s)
{
	const struct stm32_memory memories[STM32_MEMORY_MAX] = {
		{STM32_FLASH_BASE, F767_FLASH_BYTES, ROM_LOADER_AREA_FLASH, s->base.flash},
		{F767_FLASH_ALIAS, F767_FLASH_BYTES, ROM_LOADER_AREA_NONE, s->base.flash},
		{F767_SRAM_BASE + LOADER_SRAM_BYTES, F767_SRAM_BYTES - LOADER_SRAM_BYTES,
		 ROM_LOADER_AREA_RAM, s->base.sram + LOADER_SRAM_BYTES},
		{F767_SYSTEM_BASE, F767_SYSTEM_BYTES, ROM_LOADER_AREA_READ_ONLY, s->base.system},
	};

	memcpy(s->base.memories, memories, sizeof(memories));
	for (size_t i = 0; i < RANGE_COUNT; i++) {
		const struct range *range = &ranges[i];

		armv7em_map(s->base.core, range->base, range->bytes,
			    array_bytes(s, range->array) + range->offset, range->kind);
	}
}

bool stm32f767_memory_is_flash(uint32_t address, uint32_t *ret_offset)
{
	if (address - STM32_FLASH_BASE < F767_FLASH_BYTES)
		*ret_offset = address - STM32_FLASH_BASE;
	else if (address - F767_FLASH_ALIAS < F767_FLASH_BYTES)
		*ret_offset = address - F767_FLASH_ALIAS;
	else
		return false;
	return true;
}

bool stm32f767_memory_store(struct stm32 *chip, uint32_t address, unsigned size, uint32_t value)
{
	uint32_t offset;

	if (stm32f767_memory_is_flash(address, &offset))
		stm32f767_flash_store(stm32f767_of(chip), offset, size, value);
	else if (stm32f767_memory_at(stm32f767_of(chip), address, size))
		stm32_fault(chip, "store to system memory at 0x%08x", address);
	else
		return false;
	return true;
}

/* Four of 32 KB, one of 128 KB, seven of 256 KB. */
uint32_t stm32f767_sector_bytes(unsigned sector)
{
	if (sector < 4)
		return 0x8000;
	return sector == 4 ? 0x20000 : 0x40000;
}

uint32_t stm32f767_sector_offset(unsigned sector)
{
	uint32_t offset = 0;

	for (unsigned i = 0; i < sector; i++)
		offset += stm32f767_sector_bytes(i);
	return offset;
}
