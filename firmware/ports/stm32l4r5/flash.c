/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The model image's slot: all of flash bank 2, while the firmware runs from bank 1. RM0432, FLASH:
 * read-while-write; dual-bank mode with 4 KB pages, which is how the chip is delivered (option
 * DBANK).
 *
 * The data cache is off while bank 2 changes and is emptied before it comes back: with
 * read-while-write it could keep or take in wrong data. The instruction cache never holds bank 2,
 * but is emptied too.
 */
#include "firmware/ports/stm32_l4l5/flash.h"

#include <stddef.h>

#include "firmware/ports/stm32l4r5/registers.h"

const struct flash flash = {
	.slot_at = 0x08100000,
	.slot_bytes = 1024 * 1024,
	.page_bytes = 4096,
	.pages_per_bank = 256,
	.sr = FLASH_SR_ADDRESS,
	.cr = FLASH_CR_ADDRESS,
	.optr = FLASH_OPTR_ADDRESS,
	.errors = FLASH_SR_ERRORS,
	.options_mask = FLASH_OPTR_DBANK | FLASH_OPTR_BFB2,
	.options = FLASH_OPTR_DBANK,
	.options_needed = "the option bytes DBANK = 1 and BFB2 = 0 are needed",
};

const char *flash_caches_off(void)
{
	FLASH_ACR &= ~FLASH_ACR_DCEN;
	return NULL;
}

void flash_caches_on(void)
{
	FLASH_ACR &= ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN);
	FLASH_ACR |= FLASH_ACR_ICRST | FLASH_ACR_DCRST;
	FLASH_ACR &= ~(FLASH_ACR_ICRST | FLASH_ACR_DCRST);
	FLASH_ACR |= FLASH_ACR_ICEN | FLASH_ACR_DCEN;
}
