/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The cache in front of the flash, between this port's own sources. All of the flash is seen from
 * CACHE_FLASH_AT on.
 */
#ifndef FIRMWARE_PORTS_ESP32C3_CACHE_H
#define FIRMWARE_PORTS_ESP32C3_CACHE_H

#include <stdint.h>

enum { CACHE_FLASH_AT = 0x3C000000, CACHE_FLASH_BYTES = 4 * 1024 * 1024 };

/* Returns NULL, else a sentence, as port.h. */
const char *cache_init(void);
/* Between these two nothing may read the flash through the cache. */
const char *cache_suspend(void);
/* Offset and count in flash of what was changed. */
const char *cache_resume(uint32_t offset, uint32_t count);

#endif
