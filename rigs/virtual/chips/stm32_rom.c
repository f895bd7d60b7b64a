/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The loader in an emulated STM32's ROM: memories, flash and wire for rom_loader.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32.h"

#define LOADER_VERSION 0x31 /* of AN3155's protocol */

const struct stm32_memory *stm32_memory_find(const struct stm32 *chip, uint32_t address,
					     size_t bytes)
{
	for (size_t i = 0; i < STM32_MEMORY_MAX; i++) {
		const struct stm32_memory *memory = &chip->memories[i];

		if (address >= memory->base && bytes <= memory->bytes &&
		    address - memory->base <= memory->bytes - bytes)
			return memory;
	}
	return NULL;
}

static enum rom_loader_area rom_area(void *context, uint32_t address, size_t bytes)
{
	const struct stm32_memory *memory = stm32_memory_find(context, address, bytes);

	return memory ? memory->area : ROM_LOADER_AREA_NONE;
}

static uint8_t *bytes_at(struct stm32 *chip, uint32_t address)
{
	const struct stm32_memory *memory = stm32_memory_find(chip, address, 1);

	return memory->at + (address - memory->base);
}

static void rom_read(void *context, uint32_t address, uint8_t *ret_bytes, size_t bytes)
{
	memcpy(ret_bytes, bytes_at(context, address), bytes);
}

static void rom_write_ram(void *context, uint32_t address, const uint8_t *bytes, size_t count)
{
	struct stm32 *chip = context;

	memcpy(bytes_at(chip, address), bytes, count);
	armv7em_invalidate(chip->core, address, (uint32_t)count);
}

static bool rom_program(void *context, uint32_t address, const uint8_t *bytes)
{
	struct stm32 *chip = context;

	return chip->part->rom->program(chip, address, bytes);
}

static void rom_erase_page(void *context, unsigned page)
{
	struct stm32 *chip = context;

	chip->part->rom->erase_page(chip, page);
}

static void rom_send(void *context, uint8_t byte, const struct chip_uart_format *format,
		     int64_t t_ps)
{
	struct stm32 *chip = context;

	chip->callbacks.uart_tx(chip->callbacks.context, byte, format, t_ps);
}

static void rom_go(void *context, uint32_t address)
{
	stm32_start_program(context, address);
}

void stm32_rom_init(struct stm32 *chip)
{
	const struct stm32_rom *traits = chip->part->rom;
	const struct rom_loader_target target = {
		.context = chip,
		.version = LOADER_VERSION,
		.product_id = traits->product_id,
		.page_count = traits->page_count,
		.bank_count = traits->bank_count,
		.program_bytes = traits->program_bytes,
		.program_ps = traits->program_ps,
		.page_erase_ps = traits->page_erase_ps,
		.erase_ps = traits->erase_ps,
		.boot_ps = traits->boot_ps,
		.area = rom_area,
		.read = rom_read,
		.write_ram = rom_write_ram,
		.program = rom_program,
		.erase_page = rom_erase_page,
		.send = rom_send,
		.go = rom_go,
	};

	rom_loader_init(&chip->rom, &target);
}

static void schedule(struct stm32 *chip)
{
	stm32_schedule(chip, STM32_DEADLINE_ROM, rom_loader_next_ps(&chip->rom));
}

/* While the loader runs, others may change the flash (chip_flash_will_change): what the core has
 * decoded of it is not to be trusted afterwards. */
static void forget_flash(struct stm32 *chip)
{
	for (size_t i = 0; i < STM32_MEMORY_MAX; i++) {
		const struct stm32_memory *memory = &chip->memories[i];

		if (memory->area == ROM_LOADER_AREA_FLASH)
			armv7em_invalidate(chip->core, memory->base, memory->bytes);
	}
}

void stm32_rom_start(struct stm32 *chip)
{
	forget_flash(chip);
	chip->mode = STM32_MODE_ROM;
	rom_loader_start(&chip->rom, stm32_now(chip));
	schedule(chip);
}

void stm32_rom_rx(struct stm32 *chip, uint8_t byte, const struct chip_uart_format *format)
{
	rom_loader_rx(&chip->rom, byte, format, chip->now_ps);
	schedule(chip);
}

void stm32_rom_event(struct stm32 *chip, int64_t t_ps)
{
	rom_loader_step(&chip->rom, t_ps);
	schedule(chip);
}
