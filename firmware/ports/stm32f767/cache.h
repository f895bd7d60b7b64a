/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Caches of core and flash interface, between this port's own sources. PORT_CACHES 0 builds a
 * firmware that leaves them all off.
 */
#ifndef FIRMWARE_PORTS_STM32F767_CACHE_H
#define FIRMWARE_PORTS_STM32F767_CACHE_H

#include <stdint.h>

#ifndef PORT_CACHES
#define PORT_CACHES 1
#endif

/* From any state, with nothing worth keeping in the data cache. Uses no stack outside of DTCM. */
void caches_init(void);
/* Flash was erased or programmed there: no cache holds its old bytes any more. */
void caches_forget(uint32_t at, uint32_t count);

#endif
