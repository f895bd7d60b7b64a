/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cache and MMU: TRM, System and Memory (external memory, cache); registers as in ESP-IDF
 * (extmem_reg.h, ext_mem_defs.h: 128 pages of 64 KB, cache blocks of 32 bytes). The ROM leaves its
 * own mapping behind; it is replaced by one in which page n of the data bus shows page n of the
 * flash, and no other page is valid. Autoload stays off: what is read ahead would depend on what
 * ran before.
 */
#include "firmware/ports/esp32c3/cache.h"

#include <stddef.h>

#include "firmware/ports/esp32c3/registers.h"

enum {
	PAGE_BYTES = 64 * 1024,
	BLOCK_BYTES = 32,
	PROGRAM_BYTES = 256, /* page of the flash: forgotten as a whole */
	PAGES = CACHE_FLASH_BYTES / PAGE_BYTES,
	IDLE_US = 1000,
	INVALIDATE_US = 500000, /* all 131072 blocks at 10 MHz */
};

const char *cache_suspend(void)
{
	CACHE_CTRL1 |= CACHE_CTRL1_SHUT_IBUS | CACHE_CTRL1_SHUT_DBUS;
	if (!register_wait(&CACHE_STATE, CACHE_STATE_MASK, CACHE_STATE_IDLE, IDLE_US))
		return "the cache does not come to rest";
	CACHE_CTRL &= ~CACHE_CTRL_ENABLE;
	return NULL;
}

const char *cache_resume(uint32_t offset, uint32_t count)
{
	uint32_t first = offset / PROGRAM_BYTES;
	uint32_t end = (offset + count + PROGRAM_BYTES - 1) / PROGRAM_BYTES;

	CACHE_CTRL |= CACHE_CTRL_ENABLE;
	CACHE_SYNC_ADDR = CACHE_FLASH_AT + first * PROGRAM_BYTES;
	CACHE_SYNC_SIZE = (end - first) * (PROGRAM_BYTES / BLOCK_BYTES);
	CACHE_SYNC_CTRL |= CACHE_SYNC_INVALIDATE;
	if (!register_wait(&CACHE_SYNC_CTRL, CACHE_SYNC_DONE, CACHE_SYNC_DONE, INVALIDATE_US))
		return "the cache does not forget the flash's old bytes";
	CACHE_CTRL1 &= ~CACHE_CTRL1_SHUT_DBUS;
	return NULL;
}

const char *cache_init(void)
{
	const char *failed;

	CACHE_AUTOLOAD_CTRL &= ~CACHE_AUTOLOAD_ENA;
	failed = cache_suspend();
	if (failed)
		return failed;
	for (uint32_t page = 0; page < CACHE_MMU_PAGES; page++)
		CACHE_MMU(page) = page < PAGES ? page : CACHE_MMU_INVALID;
	SPI0_CACHE_FCTRL |= SPI_CACHE_FCTRL_REQ_EN;
	return cache_resume(0, CACHE_FLASH_BYTES);
}
