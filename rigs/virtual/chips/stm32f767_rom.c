/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The STM32F767's system bootloader (AN2606 table 103: V9.3 listens on USART3, PB10 and PB11, has
 * 16 KB of DTCM to itself and writes flash by byte, so at the slowest parallelism): memory, flash
 * and wire for rom_loader. A sector is a page of the protocol.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32f767.h"

#define LOADER_SRAM_BYTES 0x4000u
#define PROTOCOL_VERSION  0x31
#define PRODUCT_ID        0x451
#define PIECE_BYTES       4
#define BYTE_PROGRAM_PS   (16 * F767_PS_PER_US)        /* DS11532 */
#define BOOT_PS           (20 * 1000 * F767_PS_PER_US) /* modelled */
#define LOADER_PSIZE      0

struct memory {
	uint32_t base, bytes;
	enum rom_loader_area area;
};

static const struct memory memories[] = {
	{F767_FLASH_BASE, F767_FLASH_BYTES, ROM_LOADER_AREA_FLASH},
	{F767_SRAM_BASE + LOADER_SRAM_BYTES, F767_SRAM_BYTES - LOADER_SRAM_BYTES,
	 ROM_LOADER_AREA_RAM},
	{F767_SYSTEM_BASE, F767_SYSTEM_BYTES, ROM_LOADER_AREA_READ_ONLY},
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

static void rom_read(void *context, uint32_t address, uint8_t *ret_bytes, size_t bytes)
{
	memcpy(ret_bytes, stm32f767_memory_at(context, address, bytes), bytes);
}

static void rom_write_ram(void *context, uint32_t address, const uint8_t *bytes, size_t count)
{
	struct stm32f767 *s = context;

	memcpy(stm32f767_memory_at(s, address, count), bytes, count);
	armv7em_invalidate(s->core, address, (uint32_t)count);
}

static bool rom_program(void *context, uint32_t address, const uint8_t *bytes)
{
	return stm32f767_flash_program(context, address - F767_FLASH_BASE, bytes, PIECE_BYTES);
}

static void rom_erase_page(void *context, unsigned page)
{
	stm32f767_flash_erase_sector(context, page);
}

static int64_t rom_erase_ps(void *context, unsigned page)
{
	(void)context;
	return page == ROM_LOADER_WHOLE_BANK ? stm32f767_flash_mass_erase_ps(LOADER_PSIZE)
					     : stm32f767_flash_erase_ps(page, LOADER_PSIZE);
}

static void rom_send(void *context, uint8_t byte, const struct chip_uart_format *format,
		     int64_t t_ps)
{
	struct stm32f767 *s = context;

	s->callbacks.uart_tx(s->callbacks.context, byte, format, t_ps);
}

static void rom_go(void *context, uint32_t address)
{
	stm32f767_start_program(context, address);
}

void stm32f767_rom_init(struct stm32f767 *s)
{
	const struct rom_loader_target target = {
		.context = s,
		.version = PROTOCOL_VERSION,
		.product_id = PRODUCT_ID,
		.page_count = F767_SECTOR_COUNT,
		.bank_count = 1,
		.program_bytes = PIECE_BYTES,
		.program_ps = PIECE_BYTES * BYTE_PROGRAM_PS,
		.erase_ps = rom_erase_ps,
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

void stm32f767_rom_schedule(struct stm32f767 *s)
{
	stm32f767_schedule(s, F767_DEADLINE_ROM, rom_loader_next_ps(&s->rom));
}

void stm32f767_rom_start(struct stm32f767 *s)
{
	rom_loader_start(&s->rom, stm32f767_now(s));
	stm32f767_rom_schedule(s);
}

void stm32f767_rom_event(struct stm32f767 *s, int64_t t_ps)
{
	rom_loader_step(&s->rom, t_ps);
	stm32f767_rom_schedule(s);
}
