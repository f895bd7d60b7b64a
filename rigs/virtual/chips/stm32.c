/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Life of an emulated STM32: pins, resets, faults, and what a seed decides.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/chips/stm32.h"

struct stm32 *stm32_of(struct chip *chip)
{
	return (struct stm32 *)chip;
}

/* splitmix64 */
uint32_t stm32_random(struct stm32 *chip)
{
	uint64_t z = chip->random += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return (uint32_t)((z ^ z >> 31) >> 32);
}

double stm32_spread(struct stm32 *chip)
{
	return stm32_random(chip) / 2147483648.0 - 1.0;
}

/* Twelve bytes of unique id, and their text. */
static void make_uid(struct stm32 *chip, uint8_t *ret_uid)
{
	memcpy(ret_uid, "VIRTUAL", 7);
	for (unsigned i = 7; i < 12; i++)
		ret_uid[i] = (uint8_t)stm32_random(chip);
	for (unsigned i = 0; i < 12; i++)
		snprintf(chip->uid_text + 2 * i, 3, "%02x", ret_uid[i]);
}

void stm32_make_individual(struct stm32 *chip, const struct stm32_device_info *info,
			   uint8_t *memory)
{
	make_uid(chip, memory + info->uid);
	stm32_store_u16(memory + info->flash_size, chip->part->flash_bytes / 1024);
	stm32_analog_make(chip, &chip->analog, info, memory);
}

void stm32_scramble(struct stm32 *chip, uint8_t *memory, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i += 4) {
		uint32_t word = stm32_random(chip);

		memcpy(memory + i, &word, 4);
	}
}

void stm32_fault(struct stm32 *chip, const char *format, ...)
{
	va_list args;
	size_t used;

	if (chip->fault_text[0])
		return;
	va_start(args, format);
	vsnprintf(chip->fault_text, sizeof(chip->fault_text), format, args);
	va_end(args);
	used = strlen(chip->fault_text);
	if (chip->in_core) {
		snprintf(chip->fault_text + used, sizeof(chip->fault_text) - used, " (pc 0x%08x)",
			 armv7em_pc(chip->core));
		armv7em_request_stop(chip->core);
	}
	chip->callbacks.fault(chip->callbacks.context, chip->fault_text, stm32_now(chip));
}

void stm32_unmodelled(struct stm32 *chip, uint32_t address)
{
	stm32_fault(chip, "access to unmodelled register 0x%08x", address);
}

/* Resets. */

static void reset_registers(struct stm32 *chip, enum stm32_reset_cause cause)
{
	chip->part->reset(chip, cause);
	for (unsigned port = 0; port < chip->part->board->port_count; port++)
		stm32_gpio_reset(&chip->gpio, port);
	stm32_usart_reset(&chip->usart);
	stm32_pvd_reset(&chip->pvd);
}

static void reset_all(struct stm32 *chip, enum stm32_reset_cause cause)
{
	reset_registers(chip, cause);
	rom_loader_stop(&chip->rom);
	for (unsigned i = 0; i < STM32_DEADLINE_COUNT; i++)
		chip->deadline_ps[i] = STM32_NEVER_PS;
	chip->fault_text[0] = '\0';
	chip->asleep = false;
	chip->stall_end_ps = 0;
}

static void hold_in_reset(struct stm32 *chip, enum stm32_reset_cause cause)
{
	reset_all(chip, cause);
	chip->mode = STM32_MODE_RESET;
	chip->part->clock_update(chip);
}

/* NRST is high, or has become high: BOOT0 counts now. */
static void release(struct stm32 *chip, int64_t after_ps)
{
	chip->boot0_at_reset = chip->pins.boot0;
	stm32_schedule(chip, STM32_DEADLINE_BOOT, chip->now_ps + after_ps);
}

void stm32_system_reset(struct stm32 *chip, enum stm32_reset_cause cause)
{
	hold_in_reset(chip, cause);
	if (chip->pins.nrst)
		release(chip, chip->part->reset_ps);
}

void stm32_start_program(struct stm32 *chip, uint32_t vector_base)
{
	const struct stm32_memory *memory = stm32_memory_find(chip, vector_base, 8);
	uint32_t entry = UINT32_MAX;

	rom_loader_stop(&chip->rom);
	if (memory)
		memcpy(&entry, memory->at + (vector_base - memory->base) + 4, sizeof(entry));
	chip->part->clock_update(chip);
	chip->mode = STM32_MODE_RUN;
	armv7em_reset(chip->core, vector_base);
	if (entry == UINT32_MAX)
		stm32_fault(chip, "no program at 0x%08x: the reset vector is erased", vector_base);
}

/* Pins. */

static void power_on(struct stm32 *chip)
{
	stm32_scramble(chip, chip->sram, chip->part->sram_bytes);
	armv7em_invalidate(chip->core, chip->part->sram_base, chip->part->sram_bytes);
	chip->part->power_on(chip);
}

static void set_supply(struct chip *base, double vdd_v)
{
	struct stm32 *chip = stm32_of(base);
	bool powered = vdd_v >= chip->part->power_min_v, was_powered = chip->mode != STM32_MODE_OFF;

	chip->pins.vdd_v = vdd_v;
	if (powered && !was_powered) {
		power_on(chip);
		hold_in_reset(chip, STM32_RESET_POWER);
		if (chip->pins.nrst)
			release(chip, chip->part->power_ps);
	} else if (!powered && was_powered) {
		reset_all(chip, STM32_RESET_NO_SUPPLY);
		chip->mode = STM32_MODE_OFF;
	} else if (powered) {
		if (chip->part->supply_changed)
			chip->part->supply_changed(chip);
		stm32_pvd_update(&chip->pvd);
	}
}

static void set_nrst(struct chip *base, bool high)
{
	struct stm32 *chip = stm32_of(base);
	bool was_high = chip->pins.nrst;

	chip->pins.nrst = high;
	if (chip->mode == STM32_MODE_OFF || high == was_high)
		return;
	if (high)
		release(chip, chip->part->reset_ps);
	else
		hold_in_reset(chip, STM32_RESET_PIN);
}

static void set_boot0(struct chip *base, bool high)
{
	stm32_of(base)->pins.boot0 = high;
}

static void set_junction(struct chip *base, double temp_c)
{
	stm32_of(base)->pins.junction_c = temp_c;
}

static void leave_loader(struct chip *base, uint32_t address)
{
	struct stm32 *chip = stm32_of(base);

	if (chip->mode == STM32_MODE_ROM)
		stm32_start_program(chip, address);
}

static void uart_rx(struct chip *base, uint8_t byte, const struct chip_uart_format *format)
{
	struct stm32 *chip = stm32_of(base);

	if (chip->mode == STM32_MODE_ROM)
		stm32_rom_rx(chip, byte, format);
	else if (chip->mode == STM32_MODE_RUN)
		stm32_usart_rx(&chip->usart, byte, format);
}

static int64_t now_ps(const struct chip *chip)
{
	return ((const struct stm32 *)chip)->now_ps;
}

static const struct core_counts *counts(const struct chip *chip)
{
	return armv7em_counts(((const struct stm32 *)chip)->core);
}

static const char *uid_text(const struct chip *chip)
{
	return ((const struct stm32 *)chip)->uid_text;
}

static const char *fault(const struct chip *chip)
{
	return ((const struct stm32 *)chip)->fault_text;
}

static void destroy(struct chip *base)
{
	struct stm32 *chip = stm32_of(base);

	armv7em_free(chip->core);
	free(chip->own_flash);
	free(chip->sram);
	free(chip->system);
	free(chip);
}

static struct repeat *new_repeat(struct chip *chip)
{
	return repeat_new(&armv7em_repeat, stm32_of(chip)->core);
}

static bool waits(const struct chip *base)
{
	const struct stm32 *chip = (const struct stm32 *)base;

	for (unsigned i = 0; i < STM32_DEADLINE_COUNT; i++)
		if (chip->deadline_ps[i] != STM32_NEVER_PS)
			return false;
	return chip->mode == STM32_MODE_OFF || chip->mode == STM32_MODE_ROM ||
	       (chip->mode == STM32_MODE_RUN && chip->asleep && armv7em_sleeps_on(chip->core));
}

static const struct chip_ops ops = {
	.free = destroy,
	.set_supply = set_supply,
	.set_nrst = set_nrst,
	.set_boot0 = set_boot0,
	.set_junction = set_junction,
	.leave_loader = leave_loader,
	.uart_rx = uart_rx,
	.run = stm32_run,
	.run_slice = stm32_run_slice,
	.new_repeat = new_repeat,
	.waits = waits,
	.now_ps = now_ps,
	.counts = counts,
	.uid_text = uid_text,
	.fault = fault,
};

/* What does not need memory. */
static void init(struct stm32 *chip, const struct stm32_part *part,
		 const struct chip_config *config)
{
	assert(config->callbacks->uart_tx && config->callbacks->marker && config->callbacks->fault);
	chip->chip.ops = &ops;
	chip->part = part;
	chip->callbacks = *config->callbacks;
	chip->random = config->seed;
	chip->mode = STM32_MODE_OFF;
	chip->slice_limit = UINT64_MAX;
	chip->pins.nrst = true;
	chip->pins.junction_c = 25.0;
	for (unsigned i = 0; i < STM32_DEADLINE_COUNT; i++)
		chip->deadline_ps[i] = STM32_NEVER_PS;
}

static void allocate(struct stm32 *chip, uint8_t *flash)
{
	const struct stm32_part *part = chip->part;
	const struct armv7em_bus bus = {chip, stm32_read, stm32_write};

	if (!flash) {
		flash = chip->own_flash = malloc(part->flash_bytes);
		if (flash)
			memset(flash, 0xFF, part->flash_bytes);
	}
	chip->flash = flash;
	chip->sram = calloc(1, part->sram_bytes);
	chip->system = malloc(part->system_bytes);
	chip->core = armv7em_new(&bus, part->core, part->irq_count);
}

static void set_up(struct stm32 *chip)
{
	const struct stm32_part *part = chip->part;

	memset(chip->system, 0xFF, part->system_bytes);
	part->set_up(chip);
	stm32_rom_init(chip);
	stm32_gpio_init(&chip->gpio, chip, part->board);
	stm32_usart_init(&chip->usart, chip, &chip->gpio, part->usart);
	stm32_pvd_init(&chip->pvd, chip, part->pvd);
	reset_registers(chip, STM32_RESET_NO_SUPPLY);
	part->clock_update(chip);
}

int stm32_new(const struct stm32_part *part, const struct chip_config *config,
	      struct chip **ret_chip, struct verr *err)
{
	struct stm32 *chip = calloc(1, part->state_bytes);

	if (!chip)
		goto no_memory;
	init(chip, part, config);
	allocate(chip, config->flash);
	if (!chip->flash || !chip->sram || !chip->system || !chip->core)
		goto free_parts;
	set_up(chip);
	*ret_chip = &chip->chip;
	return 0;

free_parts:
	destroy(&chip->chip);
no_memory:
	return verr_set(err, -ENOMEM, "%s: out of memory", part->name);
}
