/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The model image's slot: all of flash bank 2, while the firmware runs from bank 1. RM0432, FLASH:
 * page erase, standard programming by double-words, read-while-write; dual-bank mode with 4 KB
 * pages, which is how the chip is delivered (option DBANK).
 *
 * The data cache is off while bank 2 changes and is emptied before it comes back: with
 * read-while-write it could keep or take in wrong data. The instruction cache never holds bank 2,
 * but is emptied too.
 */
#include <stddef.h>

#include "firmware/ports/port.h"
#include "firmware/ports/stm32l4r5/clock.h"
#include "firmware/ports/stm32l4r5/registers.h"

enum {
	SLOT_AT = 0x08100000,
	SLOT_BYTES = 1024 * 1024,
	PAGE_BYTES = 4096,
	ERASE_US = 60000,  /* DS12023: at most 25 ms for a page */
	PROGRAM_US = 2000, /* DS12023: at most 0.13 ms for a double-word */
};

struct port_memory port_slot(void)
{
	return (struct port_memory){(const uint8_t *)SLOT_AT, SLOT_BYTES};
}

uint32_t port_slot_page_bytes(void)
{
	return PAGE_BYTES;
}

static void caches_renew(void)
{
	FLASH_ACR &= ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN);
	FLASH_ACR |= FLASH_ACR_ICRST | FLASH_ACR_DCRST;
	FLASH_ACR &= ~(FLASH_ACR_ICRST | FLASH_ACR_DCRST);
	FLASH_ACR |= FLASH_ACR_ICEN | FLASH_ACR_DCEN;
}

static const char *flash_wait(uint32_t us)
{
	if (!register_wait(&FLASH_SR, FLASH_SR_BSY, 0, us))
		return "the flash stays busy";
	if (FLASH_SR & FLASH_SR_ERRORS)
		return "the flash refused to erase or program, or is write protected";
	return NULL;
}

static const char *flash_open(void)
{
	const char *failed;

	if (!(FLASH_OPTR & FLASH_OPTR_DBANK) || FLASH_OPTR & FLASH_OPTR_BFB2)
		return "the option bytes DBANK = 1 and BFB2 = 0 are needed";
	failed = clock_raise_for_flash();
	if (failed)
		return failed;
	if (!register_wait(&FLASH_SR, FLASH_SR_BSY, 0, ERASE_US))
		return "the flash stays busy";
	if (FLASH_CR & FLASH_CR_LOCK) {
		FLASH_KEYR = FLASH_KEY_1;
		FLASH_KEYR = FLASH_KEY_2;
	}
	if (FLASH_CR & FLASH_CR_LOCK)
		return "the flash cannot be unlocked";
	FLASH_ACR &= ~FLASH_ACR_DCEN;
	FLASH_SR = FLASH_SR_ERRORS | FLASH_SR_EOP;
	return NULL;
}

/* Also after a failed flash_open(). */
static void flash_close(void)
{
	if (!(FLASH_CR & FLASH_CR_LOCK))
		FLASH_CR = FLASH_CR_LOCK;
	caches_renew();
	clock_lower_after_flash();
}

const char *port_slot_erase(uint32_t offset)
{
	uint32_t page = offset / PAGE_BYTES;
	const char *failed;

	if (offset % PAGE_BYTES || offset >= SLOT_BYTES)
		return "no page begins at this offset";
	failed = flash_open();
	if (!failed) {
		FLASH_CR = FLASH_CR_PER | FLASH_CR_BKER | page << FLASH_CR_PNB_SHIFT;
		FLASH_CR |= FLASH_CR_START;
		failed = flash_wait(ERASE_US);
		FLASH_CR = 0;
	}
	flash_close();
	return failed;
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
	volatile uint32_t *at = (volatile uint32_t *)(SLOT_AT + offset);
	const char *failed;

	if (offset % PORT_SLOT_UNIT || count % PORT_SLOT_UNIT || offset > SLOT_BYTES ||
	    count > SLOT_BYTES - offset)
		return "no whole double-words of the slot";
	failed = flash_open();
	if (!failed) {
		FLASH_CR = FLASH_CR_PG;
		for (uint32_t i = 0; i < count / sizeof(uint32_t) && !failed; i += 2)
			failed = double_word_program(at + i, words + i);
		FLASH_CR = 0;
	}
	flash_close();
	return failed;
}
