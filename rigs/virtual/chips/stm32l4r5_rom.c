/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The STM32L4R5's system bootloader (AN2606: V9.x listens on USART2, PA2 and PA3, with 12 KB of
 * SRAM to itself): memory, flash and wire for rom_loader.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32l4r5.h"

#define LOADER_SRAM_BYTES 0x3000u
#define BOOT_PS           (4 * 1000 * STM32_PS_PER_US)
#define PROGRAM_PS        (82 * STM32_PS_PER_US)
#define PAGE_ERASE_PS     (22 * 1000 * STM32_PS_PER_US)

struct memory {
	uint32_t base, bytes;
	enum rom_loader_area area;
	uint32_t offset; /* within its array */
};

static const struct memory memories[] = {
	{STM32_FLASH_BASE, STM32_FLASH_BYTES, ROM_LOADER_AREA_FLASH, 0},
	{STM32_SRAM_BASE + LOADER_SRAM_BYTES, STM32_SRAM_BYTES - LOADER_SRAM_BYTES,
	 ROM_LOADER_AREA_RAM, LOADER_SRAM_BYTES},
	{STM32_SRAM2_ALIAS, STM32_SRAM2_BYTES, ROM_LOADER_AREA_RAM, STM32_SRAM2_OFFSET},
	{STM32_SYSTEM_BASE, STM32_SYSTEM_BYTES, ROM_LOADER_AREA_READ_ONLY, 0},
};

static const struct memory *find(uint32_t address, size_t bytes)
{
	for (size_t i = 0; i < sizeof(memories) / sizeof(memories[0]); i++) {
		if (address >= memories[i].base && bytes <= memories[i].bytes &&
		    address - memories[i].base <= memories[i].bytes - bytes)
			return &memories[i];
	}
	return NULL;
}

static enum rom_loader_area rom_area(void *context, uint32_t address, size_t bytes)
{
	const struct memory *memory = find(address, bytes);

	(void)context;
	return memory ? memory->area : ROM_LOADER_AREA_NONE;
}

static uint8_t *bytes_at(struct stm32l4r5 *s, uint32_t address)
{
	const struct memory *memory = find(address, 1);
	uint32_t offset = address - memory->base + memory->offset;

	if (memory->area == ROM_LOADER_AREA_FLASH)
		return s->flash + offset;
	return (memory->area == ROM_LOADER_AREA_RAM ? s->sram : s->system) + offset;
}

static void rom_read(void *context, uint32_t address, uint8_t *ret_bytes, size_t bytes)
{
	memcpy(ret_bytes, bytes_at(context, address), bytes);
}

static void rom_write_ram(void *context, uint32_t address, const uint8_t *bytes, size_t count)
{
	struct stm32l4r5 *s = context;

	memcpy(bytes_at(s, address), bytes, count);
	armv7em_invalidate(s->core, address, (uint32_t)count);
}

static bool rom_program(void *context, uint32_t address, const uint8_t *bytes)
{
	uint32_t words[2];

	memcpy(words, bytes, sizeof(words));
	return stm32l4r5_flash_program(context, address - STM32_FLASH_BASE, words);
}

static void rom_erase_page(void *context, unsigned page)
{
	stm32l4r5_flash_erase_page(context, page);
}

static void rom_send(void *context, uint8_t byte, const struct chip_uart_format *format,
		     int64_t t_ps)
{
	struct stm32l4r5 *s = context;

	s->callbacks.uart_tx(s->callbacks.context, byte, format, t_ps);
}

static void rom_go(void *context, uint32_t address)
{
	stm32l4r5_start_program(context, address);
}

void stm32l4r5_rom_init(struct stm32l4r5 *s)
{
	const struct rom_loader_target target = {
		.context = s,
		.version = 0x31,
		.product_id = 0x470,
		.page_count = 2 * STM32_BANK_PAGES,
		.bank_count = 2,
		.program_bytes = 8,
		.program_ps = PROGRAM_PS,
		.page_erase_ps = PAGE_ERASE_PS,
		.boot_ps = BOOT_PS,
		.area = rom_area,
		.read = rom_read,
		.write_ram = rom_write_ram,
		.program = rom_program,
		.erase_page = rom_erase_page,
		.send = rom_send,
		.go = rom_go,
	};

	rom_loader_init(&s->rom, &target);
}

void stm32l4r5_rom_schedule(struct stm32l4r5 *s)
{
	stm32l4r5_schedule(s, STM32_DEADLINE_ROM, rom_loader_next_ps(&s->rom));
}

void stm32l4r5_rom_start(struct stm32l4r5 *s)
{
	rom_loader_start(&s->rom, stm32l4r5_now(s));
	stm32l4r5_rom_schedule(s);
}

void stm32l4r5_rom_event(struct stm32l4r5 *s, int64_t t_ps)
{
	rom_loader_step(&s->rom, t_ps);
	stm32l4r5_rom_schedule(s);
}
