/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The instruction cache, between this port's own sources. PORT_CACHES 0 builds a firmware that
 * never turns it on. RM0438, ICACHE.
 */
#ifndef FIRMWARE_PORTS_STM32L552_CACHE_H
#define FIRMWARE_PORTS_STM32L552_CACHE_H

#ifndef PORT_CACHES
#define PORT_CACHES 1
#endif

/* Off, and empty. Stores to memory it caches are errors while it is on (ICACHE_SR.ERRF). */
const char *cache_off(void);
/* On if this build wants it. */
void cache_on(void);

#endif
