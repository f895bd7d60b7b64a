/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The model image's slot: the flash's sectors 6 to 11 of 256 KB. RM0410, FLASH: sector erase,
 * programming by words; single-bank mode, which is how the chip is delivered (option nDBANK).
 *
 * With one bank every read of the flash waits until an erase or a program is over: meanwhile the
 * core runs from its instruction cache or stands still. The slot is forgotten by all caches after
 * each change; before the next read, since nothing here reads it in between.
 */
#include <stddef.h>

#include "firmware/ports/port.h"
#include "firmware/ports/stm32f767/cache.h"
#include "firmware/ports/stm32f767/registers.h"

enum {
	SLOT_AT = 0x08080000,
	SLOT_SECTOR = 6,
	SLOT_BYTES = 6 * 256 * 1024,
	SECTOR_BYTES = 256 * 1024,
	ERASE_US = 8000000, /* DS11532, flash memory programming: 256 KB by words take seconds */
	PROGRAM_US = 2000,  /* DS11532: at most 0.1 ms for a word */
};

struct port_memory port_slot(void)
{
	return (struct port_memory){(const uint8_t *)SLOT_AT, SLOT_BYTES};
}

uint32_t port_slot_page_bytes(void)
{
	return SECTOR_BYTES;
}

static const char *flash_wait(uint32_t us)
{
	__asm__ volatile("dsb" ::: "memory");
	if (!register_wait(&FLASH_SR, FLASH_SR_BSY, 0, us))
		return "the flash stays busy";
	if (FLASH_SR & FLASH_SR_ERRORS)
		return "the flash refused to erase or program, or is write protected";
	return NULL;
}

static const char *flash_open(void)
{
	if (!(FLASH_OPTCR & FLASH_OPTCR_NDBANK))
		return "the option bit nDBANK = 1 is needed";
	if (!register_wait(&FLASH_SR, FLASH_SR_BSY, 0, ERASE_US))
		return "the flash stays busy";
	if (FLASH_CR & FLASH_CR_LOCK) {
		FLASH_KEYR = FLASH_KEY_1;
		FLASH_KEYR = FLASH_KEY_2;
	}
	if (FLASH_CR & FLASH_CR_LOCK)
		return "the flash cannot be unlocked";
	FLASH_SR = FLASH_SR_ERRORS | FLASH_SR_EOP;
	return NULL;
}

/* Also after a failed flash_open(). */
static void flash_close(uint32_t offset, uint32_t count)
{
	if (!(FLASH_CR & FLASH_CR_LOCK))
		FLASH_CR = FLASH_CR_LOCK;
	caches_forget(SLOT_AT + offset, count);
}

const char *port_slot_erase(uint32_t offset)
{
	uint32_t sector = SLOT_SECTOR + offset / SECTOR_BYTES;
	const char *failed;

	if (offset % SECTOR_BYTES || offset >= SLOT_BYTES)
		return "no page begins at this offset";
	failed = flash_open();
	if (!failed) {
		FLASH_CR = FLASH_CR_PSIZE_WORD | FLASH_CR_SER | sector << FLASH_CR_SNB_SHIFT;
		FLASH_CR |= FLASH_CR_START;
		failed = flash_wait(ERASE_US);
		FLASH_CR = 0;
	}
	flash_close(offset, SECTOR_BYTES);
	return failed;
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
		FLASH_CR = FLASH_CR_PSIZE_WORD | FLASH_CR_PG;
		for (uint32_t i = 0; i < count / sizeof(uint32_t) && !failed; i++) {
			at[i] = words[i];
			failed = flash_wait(PROGRAM_US);
		}
		FLASH_CR = 0;
	}
	flash_close(offset, count);
	return failed;
}
