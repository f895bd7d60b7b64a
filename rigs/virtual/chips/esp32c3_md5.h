/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * MD5 (RFC 1321) of bytes in memory: what the ROM loader's SPI_FLASH_MD5 command answers with.
 */
#ifndef RIGS_VIRTUAL_CHIPS_ESP32C3_MD5_H
#define RIGS_VIRTUAL_CHIPS_ESP32C3_MD5_H

#include <stddef.h>
#include <stdint.h>

void esp32c3_md5(const uint8_t *bytes, size_t count, uint8_t ret_digest[16]);

#endif
