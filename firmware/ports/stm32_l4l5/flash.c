/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The model image's slot. RM0432 and RM0438, FLASH: page erase, standard programming by
 * double-words, in dual-bank mode.
 */
#include "firmware/ports/stm32_l4l5/flash.h"

#include <stddef.h>

#include "firmware/ports/port.h"
#include "firmware/ports/stm32_l4l5/clock.h"
#include "firmware/ports/stm32_l4l5/registers.h"

#define FLASH_SR REGISTER(flash.sr)
#define FLASH_CR REGISTER(flash.cr)

enum {
	FLASH_AT = 0x08000000,
	ERASE_US = 60000,  /* DS12023, DS12737: at most 25 ms for a page */
	PROGRAM_US = 2000, /* DS12023, DS12737: at most 0.13 ms for a double-word */
};

struct port_memory port_slot(void)
{
	return (struct port_memory){(const uint8_t *)flash.slot_at, flash.slot_bytes};
}

uint32_t port_slot_page_bytes(void)
{
	return flash.page_bytes;
}

static const char *flash_wait(uint32_t us)
{
	if (!register_wait(&FLASH_SR, FLASH_SR_BSY, 0, us))
		return "the flash stays busy";
	if (FLASH_SR & flash.errors)
		return "the flash refused to erase or program, or is write protected";
	return NULL;
}

static const char *flash_unlock(void)
{
	if (!register_wait(&FLASH_SR, FLASH_SR_BSY, 0, ERASE_US))
		return "the flash stays busy";
	if (FLASH_CR & FLASH_CR_LOCK) {
		FLASH_KEYR = FLASH_KEY_1;
		FLASH_KEYR = FLASH_KEY_2;
	}
	if (FLASH_CR & FLASH_CR_LOCK)
		return "the flash cannot be unlocked";
	FLASH_SR = flash.errors | FLASH_SR_EOP;
	return NULL;
}

static const char *flash_open(void)
{
	const char *failed;

	if ((REGISTER(flash.optr) & flash.options_mask) != flash.options)
		return flash.options_needed;
	failed = clock_raise_for_flash();
	if (!failed)
		failed = flash_caches_off();
	return failed ? failed : flash_unlock();
}

/* Also after a failed flash_open(). failed: what went wrong before, or NULL. */
static const char *flash_close(const char *failed)
{
	const char *lower_failed;

	if (!(FLASH_CR & FLASH_CR_LOCK))
		FLASH_CR = FLASH_CR_LOCK;
	flash_caches_on();
	lower_failed = clock_lower_after_flash();
	return failed ? failed : lower_failed;
}

const char *port_slot_erase(uint32_t offset)
{
	uint32_t page = (flash.slot_at - FLASH_AT + offset) / flash.page_bytes;
	uint32_t bank = page < flash.pages_per_bank ? 0 : FLASH_CR_BKER;
	const char *failed;

	if (offset % flash.page_bytes || offset >= flash.slot_bytes)
		return "no page begins at this offset";
	failed = flash_open();
	if (!failed) {
		FLASH_CR = FLASH_CR_PER | bank | page % flash.pages_per_bank << FLASH_CR_PNB_SHIFT;
		FLASH_CR |= FLASH_CR_START;
		failed = flash_wait(ERASE_US);
		FLASH_CR = 0;
	}
	return flash_close(failed);
}

static const char *double_word_program(volatile uint32_t *at, const uint32_t *words)
{
	at[0] = words[0];
	__asm__ volatile("isb" ::: "memory");
	at[1] = words[1];
	__asm__ volatile("dsb" ::: "memory");
	return flash_wait(PROGRAM_US);
}

const char *port_slot_program(uint32_t offset, const uint8_t *bytes, uint32_t count)
{
	const uint32_t *words = (const uint32_t *)bytes;
	volatile uint32_t *at = (volatile uint32_t *)(flash.slot_at + offset);
	const char *failed;

	if (offset % PORT_SLOT_UNIT || count % PORT_SLOT_UNIT || offset > flash.slot_bytes ||
	    count > flash.slot_bytes - offset)
		return "no whole double-words of the slot";
	failed = flash_open();
	if (!failed) {
		FLASH_CR = FLASH_CR_PG;
		for (uint32_t i = 0; i < count / sizeof(uint32_t) && !failed; i += 2)
			failed = double_word_program(at + i, words + i);
		FLASH_CR = 0;
	}
	return flash_close(failed);
}
