/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ICACHE of the STM32L552: 8 KB, for instructions and data of the flash alike. Turning it off also
 * invalidates it; after reset it invalidates itself (RM0438, ICACHE: enabling and disabling, cache
 * invalidate). It stays two-way associative, as after reset.
 */
#include "firmware/ports/stm32l552/cache.h"

#include <stddef.h>

#include "firmware/ports/stm32l552/registers.h"

enum { INVALIDATE_US = 1000 };

const char *cache_off(void)
{
	core_barrier();
	ICACHE_CR &= ~ICACHE_CR_EN;
	if (!register_wait(&ICACHE_CR, ICACHE_CR_EN, 0, INVALIDATE_US) ||
	    !register_wait(&ICACHE_SR, ICACHE_SR_BUSY, 0, INVALIDATE_US))
		return "the instruction cache stays busy";
	ICACHE_FCR = ICACHE_FCR_FLAGS;
	core_barrier();
	return NULL;
}

void cache_on(void)
{
	core_barrier();
	if (PORT_CACHES)
		ICACHE_CR |= ICACHE_CR_EN;
	core_barrier();
}
