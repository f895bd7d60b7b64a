/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flash controller of the STM32L4+ (RM0432 section 3) and of the L5's non-secure side (RM0438,
 * chapter FLASH): dual bank, double-word programming. The bytes change when an operation starts; an
 * operation cut off by power or reset leaves its range undefined. Code that runs from a busy bank
 * stands still until the operation ends; one limit of the model: a data read of the busy bank by
 * code that runs elsewhere does not wait. Times: the part's struct stm32_rom, whose loader works
 * the same flash.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32_l4l5.h"

#define FLASH_ACR 0x00u

static const struct stm32_l4l5_flash_traits *traits_of(const struct stm32_l4l5 *s)
{
	return &s->traits->flash;
}

static uint32_t bank_bytes(const struct stm32_l4l5 *s)
{
	return traits_of(s)->bank_pages * traits_of(s)->page_bytes;
}

static void fail(struct stm32_l4l5 *s, uint32_t error)
{
	s->latch.full = false;
	stm32_flash_fail(&s->base, error);
}

void stm32_l4l5_flash_erase_page(struct stm32 *chip, unsigned page)
{
	uint32_t page_bytes = traits_of(stm32_l4l5_of(chip))->page_bytes;

	stm32_flash_erase(chip, page * page_bytes, page_bytes);
}

/* False: it was not erased, and is not to be all zero. */
static bool program_bytes(struct stm32 *chip, uint32_t offset, const void *bytes)
{
	static const uint8_t erased[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
	static const uint8_t zero[8];

	if (memcmp(chip->flash + offset, erased, 8) != 0 && memcmp(bytes, zero, 8) != 0)
		return false;
	memcpy(chip->flash + offset, bytes, 8);
	stm32_flash_invalidate(chip, offset, 8);
	return true;
}

bool stm32_l4l5_flash_program(struct stm32 *chip, uint32_t address, const uint8_t *bytes)
{
	return program_bytes(chip, address - STM32_FLASH_BASE, bytes);
}

bool stm32_l4l5_flash_stalls(const struct stm32 *chip, uint32_t address)
{
	const struct stm32_l4l5 *s = (const struct stm32_l4l5 *)chip;
	const struct stm32_flash *flashc = &chip->flashc;
	uint32_t first_bank = flashc->offset / bank_bytes(s);
	uint32_t last_bank = (flashc->offset + flashc->bytes - 1) / bank_bytes(s);
	bool is_alias = address < traits_of(s)->alias_bytes;
	uint32_t offset = is_alias ? address : address - STM32_FLASH_BASE;
	uint32_t bank = offset / bank_bytes(s);

	return chip->flash_busy && offset < chip->part->flash_bytes && bank >= first_bank &&
	       bank <= last_bank;
}

/* Power or reset in the middle of an operation: what was being changed is undefined. */
static void cut_off(struct stm32 *chip)
{
	const struct stm32_flash *flashc = &chip->flashc;

	if (!chip->flash_busy)
		return;
	stm32_scramble(chip, chip->flash + flashc->offset, flashc->bytes);
	stm32_flash_invalidate(chip, flashc->offset, flashc->bytes);
}

static void program(struct stm32_l4l5 *s, uint32_t offset, uint32_t high)
{
	const uint32_t words[2] = {s->latch.word, high};
	struct stm32 *chip = &s->base;

	s->latch.full = false;
	if (program_bytes(chip, offset, words)) {
		stm32_flash_start(chip, offset, 8, chip->part->rom->program_ps);
		return;
	}
	fail(s, L4L5_FLASH_SR_PROGERR);
	if (traits_of(s)->unerased_is_fault)
		stm32_fault(chip, "flash at 0x%08x programmed without being erased",
			    STM32_FLASH_BASE + offset);
}

static void flash_store(struct stm32_l4l5 *s, uint32_t offset, unsigned size, uint32_t value)
{
	struct stm32_flash *flashc = &s->base.flashc;

	if (!stm32_flash_takes_store(&s->base, offset, size))
		return;
	if (!(flashc->cr & STM32_FLASH_CR_PG) || flashc->sr & traits_of(s)->program_errors)
		fail(s, L4L5_FLASH_SR_PGSERR);
	else if (size != 4)
		fail(s, L4L5_FLASH_SR_SIZERR);
	else if (!s->latch.full && offset % 8 == 0)
		s->latch = (struct stm32_l4l5_latch){true, offset, value};
	else if (s->latch.full && offset == s->latch.offset + 4)
		program(s, offset - 4, value);
	else
		fail(s, L4L5_FLASH_SR_PGAERR);
}

bool stm32_l4l5_store(struct stm32 *chip, uint32_t address, unsigned size, uint32_t value)
{
	for (size_t i = 0; i < STM32_MEMORY_MAX; i++) {
		const struct stm32_memory *memory = &chip->memories[i];
		uint32_t offset = address - memory->base;

		if (offset >= memory->bytes || memory->area == ROM_LOADER_AREA_RAM)
			continue;
		if (memory->at == chip->flash) /* its alias reaches the same array */
			flash_store(stm32_l4l5_of(chip), offset, size, value);
		else
			stm32_fault(chip, "store to system memory at 0x%08x", address);
		return true;
	}
	return false;
}

static void start_erase(struct stm32_l4l5 *s)
{
	const struct stm32_l4l5_flash_traits *traits = traits_of(s);
	struct stm32 *chip = &s->base;
	uint32_t cr = chip->flashc.cr, page = cr >> 3 & (traits->bank_pages - 1);
	uint32_t first = cr & L4L5_FLASH_CR_MER1 ? 0 : bank_bytes(s), bytes = bank_bytes(s);
	bool mass = cr & (L4L5_FLASH_CR_MER1 | L4L5_FLASH_CR_MER2);

	if (cr & STM32_FLASH_CR_PG || mass == !!(cr & L4L5_FLASH_CR_PER) ||
	    chip->flashc.sr & traits->erase_errors) {
		chip->flashc.cr &= ~STM32_FLASH_CR_STRT;
		fail(s, L4L5_FLASH_SR_PGSERR);
		return;
	}
	if (!mass) {
		page += cr & L4L5_FLASH_CR_BKER ? traits->bank_pages : 0;
		first = page * traits->page_bytes;
		bytes = traits->page_bytes;
	} else if (cr & L4L5_FLASH_CR_MER1 && cr & L4L5_FLASH_CR_MER2) {
		bytes = chip->part->flash_bytes;
	}
	stm32_flash_erase(chip, first, bytes);
	stm32_flash_start(chip, first, bytes, chip->part->rom->page_erase_ps);
}

static void cr_write(struct stm32_l4l5 *s, uint32_t value)
{
	struct stm32 *chip = &s->base;

	if (!stm32_flash_takes_cr(chip, value))
		return;
	if (value & traits_of(s)->cr_not_modelled) {
		stm32_fault(chip, "%s 0x%08x: %s are not modelled", chip->part->flash->cr_name,
			    value, traits_of(s)->cr_not_modelled_text);
		return;
	}
	stm32_flash_cr_write(chip, value);
	if (value & STM32_FLASH_CR_STRT)
		start_erase(s);
}

/* Ones clear, and toggle PEMPTY. */
static void sr_write(struct stm32_l4l5 *s, uint32_t value)
{
	struct stm32 *chip = &s->base;
	uint32_t errors = traits_of(s)->program_errors | L4L5_FLASH_SR_PGSERR;

	stm32_flash_wait_until_idle(chip);
	if (value & traits_of(s)->pempty)
		s->empty = !s->empty;
	chip->flashc.sr &= ~(value & (errors | STM32_FLASH_SR_OPERR | STM32_FLASH_SR_EOP));
	stm32_flash_irq_update(chip);
}

static uint32_t sr_read(const struct stm32_l4l5 *s)
{
	return s->base.flashc.sr | (s->empty ? traits_of(s)->pempty : 0) |
	       (s->base.flash_busy ? STM32_FLASH_SR_BSY : 0);
}

uint32_t stm32_l4l5_flash_read(struct stm32 *chip, uint32_t offset)
{
	const struct stm32_l4l5 *s = stm32_l4l5_of(chip);
	const struct stm32_l4l5_flash_traits *traits = traits_of(s);

	if (offset == FLASH_ACR)
		return chip->flashc.acr;
	if (offset == traits->sr)
		return sr_read(s);
	if (offset == traits->cr)
		return chip->flashc.cr;
	if (offset == traits->optr)
		return traits->optr_value;
	if (offset != traits->keyr && offset != traits->eccr)
		stm32_unmodelled(chip, L4L5_FLASHC_BASE + offset);
	return 0;
}

void stm32_l4l5_flash_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct stm32_l4l5 *s = stm32_l4l5_of(chip);
	const struct stm32_l4l5_flash_traits *traits = traits_of(s);

	if (offset == FLASH_ACR)
		traits->acr_write(s, stm32_merge(chip->flashc.acr, value, mask));
	else if (offset == traits->keyr)
		stm32_flash_key_write(chip, value);
	else if (offset == traits->sr)
		sr_write(s, value);
	else if (offset == traits->cr)
		cr_write(s, stm32_merge(chip->flashc.cr, value, mask));
	else if (offset != traits->eccr) /* no ECC event happens here */
		stm32_unmodelled(chip, L4L5_FLASHC_BASE + offset);
}

void stm32_l4l5_flash_reset(struct stm32_l4l5 *s)
{
	cut_off(&s->base);
	s->latch = (struct stm32_l4l5_latch){0};
	stm32_flash_reset(&s->base);
}
