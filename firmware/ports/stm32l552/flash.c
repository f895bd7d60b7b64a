/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The model image's slot: all of the flash behind the firmware's 96 KB. RM0438, FLASH: dual-bank
 * mode with 2 KB pages and TrustZone off, which is how the chip is delivered (options DBANK, TZEN).
 * While the bank that holds the firmware changes, the core stands still; it runs on while the other
 * does.
 */
#include "firmware/ports/stm32_l4l5/flash.h"

#include "firmware/ports/stm32l552/cache.h"
#include "firmware/ports/stm32l552/registers.h"

const struct flash flash = {
	.slot_at = 0x08018000,
	.slot_bytes = 416 * 1024,
	.page_bytes = 2048,
	.pages_per_bank = 128,
	.sr = FLASH_NSSR_ADDRESS,
	.cr = FLASH_NSCR_ADDRESS,
	.optr = FLASH_OPTR_ADDRESS,
	.errors = FLASH_NSSR_ERRORS,
	.options_mask = FLASH_OPTR_DBANK | FLASH_OPTR_SWAP_BANK | FLASH_OPTR_TZEN,
	.options = FLASH_OPTR_DBANK,
	.options_needed = "the option bits DBANK = 1, SWAP_BANK = 0 and TZEN = 0 are needed",
};

const char *flash_caches_off(void)
{
	return cache_off();
}

void flash_caches_on(void)
{
	cache_on();
}
