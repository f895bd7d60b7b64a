/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "rigs/virtual/chips/stm32.h"

enum { KEY_LOCKED = 0, KEY_HALF, KEY_OPEN, KEY_DEAD /* until the next reset */ };

void stm32_flash_irq_update(struct stm32 *chip)
{
	uint32_t sr = chip->flashc.sr, cr = chip->flashc.cr;

	armv7em_set_irq(chip->core, chip->part->flash->irq,
			(sr & STM32_FLASH_SR_EOP && cr & STM32_FLASH_CR_EOPIE) ||
				(sr & STM32_FLASH_SR_OPERR && cr & STM32_FLASH_CR_ERRIE));
}

void stm32_flash_fail(struct stm32 *chip, uint32_t error)
{
	chip->flashc.sr |= error;
	if (chip->flashc.cr & STM32_FLASH_CR_ERRIE)
		chip->flashc.sr |= STM32_FLASH_SR_OPERR;
	stm32_flash_irq_update(chip);
}

void stm32_flash_invalidate(struct stm32 *chip, uint32_t offset, uint32_t bytes)
{
	armv7em_invalidate(chip->core, STM32_FLASH_BASE + offset, bytes);
}

void stm32_flash_erase(struct stm32 *chip, uint32_t offset, uint32_t bytes)
{
	memset(chip->flash + offset, 0xFF, bytes);
	stm32_flash_invalidate(chip, offset, bytes);
}

void stm32_flash_start(struct stm32 *chip, uint32_t offset, uint32_t bytes, int64_t duration_ps)
{
	chip->flashc.offset = offset;
	chip->flashc.bytes = bytes;
	chip->flash_busy = true;
	chip->flash_end_ps = stm32_now(chip);
	if (chip->flash_end_ps < chip->stall_end_ps)
		chip->flash_end_ps = chip->stall_end_ps; /* it had to wait for the one before */
	chip->flash_end_ps += duration_ps;
	stm32_schedule(chip, STM32_DEADLINE_FLASH, chip->flash_end_ps);
}

void stm32_flash_event(struct stm32 *chip, int64_t t_ps)
{
	(void)t_ps;
	chip->flash_busy = false;
	chip->flashc.cr &= ~STM32_FLASH_CR_STRT;
	if (chip->flashc.cr & STM32_FLASH_CR_EOPIE)
		chip->flashc.sr |= STM32_FLASH_SR_EOP;
	stm32_flash_irq_update(chip);
}

void stm32_flash_wait_until_idle(struct stm32 *chip)
{
	if (!chip->flash_busy)
		return;
	chip->stall_end_ps = chip->flash_end_ps;
	stm32_schedule(chip, STM32_DEADLINE_FLASH, STM32_NEVER_PS);
	stm32_flash_event(chip, chip->flash_end_ps);
}

bool stm32_flash_takes_store(struct stm32 *chip, uint32_t offset, unsigned size)
{
	if (chip->flashc.cr & STM32_FLASH_CR_LOCK) {
		stm32_fault(chip, "store of %u bytes to locked flash at 0x%08x", size,
			    STM32_FLASH_BASE + offset);
		return false;
	}
	stm32_flash_wait_until_idle(chip);
	return true;
}

bool stm32_flash_takes_cr(struct stm32 *chip, uint32_t value)
{
	const struct stm32_flash_traits *traits = chip->part->flash;

	if (chip->flashc.cr & STM32_FLASH_CR_LOCK) {
		if ((value ^ chip->flashc.cr) & traits->cr_writable)
			stm32_fault(chip, "%s 0x%08x written while it is locked", traits->cr_name,
				    value);
		return false;
	}
	stm32_flash_wait_until_idle(chip);
	return true;
}

void stm32_flash_cr_write(struct stm32 *chip, uint32_t value)
{
	const struct stm32_flash_traits *traits = chip->part->flash;

	chip->flashc.cr = (value & (traits->cr_writable | STM32_FLASH_CR_LOCK)) | traits->cr_held;
	if (value & STM32_FLASH_CR_LOCK)
		chip->flashc.key_step = KEY_LOCKED;
	stm32_flash_irq_update(chip);
}

void stm32_flash_key_write(struct stm32 *chip, uint32_t key)
{
	struct stm32_flash *flashc = &chip->flashc;

	if (flashc->key_step == KEY_LOCKED && key == STM32_FLASH_KEY1) {
		flashc->key_step = KEY_HALF;
	} else if (flashc->key_step == KEY_HALF && key == STM32_FLASH_KEY2) {
		flashc->key_step = KEY_OPEN;
		flashc->cr &= ~STM32_FLASH_CR_LOCK;
	} else {
		stm32_fault(chip,
			    "%s 0x%08x is out of sequence%s: flash stays locked until the next "
			    "reset",
			    chip->part->flash->keyr_name, key,
			    flashc->key_step == KEY_OPEN ? " (it is open)" : "");
		flashc->key_step = KEY_DEAD;
		flashc->cr |= STM32_FLASH_CR_LOCK;
	}
}

void stm32_flash_reset(struct stm32 *chip)
{
	const struct stm32_flash_traits *traits = chip->part->flash;

	chip->flash_busy = false;
	chip->flashc = (struct stm32_flash){.acr = traits->acr_reset,
					    .cr = STM32_FLASH_CR_LOCK | traits->cr_held};
	stm32_flash_irq_update(chip);
}
