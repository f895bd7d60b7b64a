/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The model image's slot: all of the flash behind the firmware's 96 KB. RM0438, FLASH: page erase,
 * standard programming by double-words; dual-bank mode with 2 KB pages and TrustZone off, which is
 * how the chip is delivered (options DBANK, TZEN). While the bank that holds the firmware changes,
 * the core stands still; it runs on while the other does.
 */
#include <stddef.h>

#include "firmware/ports/port.h"
#include "firmware/ports/stm32l552/cache.h"
#include "firmware/ports/stm32l552/clock.h"
#include "firmware/ports/stm32l552/registers.h"

enum {
	FLASH_AT = 0x08000000,
	SLOT_AT = 0x08018000,
	SLOT_BYTES = 416 * 1024,
	PAGE_BYTES = 2048,
	PAGES_PER_BANK = 128,
	ERASE_US = 60000,  /* DS12737: at most 25 ms for a page */
	PROGRAM_US = 2000, /* DS12737: at most 0.13 ms for a double-word */
};

struct port_memory port_slot(void)
{
	return (struct port_memory){(const uint8_t *)SLOT_AT, SLOT_BYTES};
}

uint32_t port_slot_page_bytes(void)
{
	return PAGE_BYTES;
}

static const char *flash_wait(uint32_t us)
{
	if (!register_wait(&FLASH_NSSR, FLASH_NSSR_BSY, 0, us))
		return "the flash stays busy";
	if (FLASH_NSSR & FLASH_NSSR_ERRORS)
		return "the flash refused to erase or program, or is write protected";
	return NULL;
}

static const char *flash_unlock(void)
{
	if (!register_wait(&FLASH_NSSR, FLASH_NSSR_BSY, 0, ERASE_US))
		return "the flash stays busy";
	if (FLASH_NSCR & FLASH_NSCR_LOCK) {
		FLASH_NSKEYR = FLASH_KEY_1;
		FLASH_NSKEYR = FLASH_KEY_2;
	}
	if (FLASH_NSCR & FLASH_NSCR_LOCK)
		return "the flash cannot be unlocked";
	FLASH_NSSR = FLASH_NSSR_ERRORS | FLASH_NSSR_EOP;
	return NULL;
}

static const char *flash_open(void)
{
	const uint32_t options = FLASH_OPTR_DBANK | FLASH_OPTR_SWAP_BANK | FLASH_OPTR_TZEN;
	const char *failed;

	if ((FLASH_OPTR & options) != FLASH_OPTR_DBANK)
		return "the option bits DBANK = 1, SWAP_BANK = 0 and TZEN = 0 are needed";
	failed = clock_raise_for_flash();
	if (!failed)
		failed = cache_off();
	return failed ? failed : flash_unlock();
}

/* Also after a failed flash_open(). failed: what went wrong before, or NULL. */
static const char *flash_close(const char *failed)
{
	const char *lower_failed;

	if (!(FLASH_NSCR & FLASH_NSCR_LOCK))
		FLASH_NSCR = FLASH_NSCR_LOCK;
	cache_on();
	lower_failed = clock_lower_after_flash();
	return failed ? failed : lower_failed;
}

const char *port_slot_erase(uint32_t offset)
{
	uint32_t page = (SLOT_AT - FLASH_AT + offset) / PAGE_BYTES;
	uint32_t bank = page < PAGES_PER_BANK ? 0 : FLASH_NSCR_BKER;
	const char *failed;

	if (offset % PAGE_BYTES || offset >= SLOT_BYTES)
		return "no page begins at this offset";
	failed = flash_open();
	if (!failed) {
		FLASH_NSCR = FLASH_NSCR_PER | bank | page % PAGES_PER_BANK << FLASH_NSCR_PNB_SHIFT;
		FLASH_NSCR |= FLASH_NSCR_START;
		failed = flash_wait(ERASE_US);
		FLASH_NSCR = 0;
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
	volatile uint32_t *at = (volatile uint32_t *)(SLOT_AT + offset);
	const char *failed;

	if (offset % PORT_SLOT_UNIT || count % PORT_SLOT_UNIT || offset > SLOT_BYTES ||
	    count > SLOT_BYTES - offset)
		return "no whole double-words of the slot";
	failed = flash_open();
	if (!failed) {
		FLASH_NSCR = FLASH_NSCR_PG;
		for (uint32_t i = 0; i < count / sizeof(uint32_t) && !failed; i += 2)
			failed = double_word_program(at + i, words + i);
		FLASH_NSCR = 0;
	}
	return flash_close(failed);
}
