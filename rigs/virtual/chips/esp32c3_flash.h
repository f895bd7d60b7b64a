/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The serial flash chip on the module: a 32 Mbit part of the GD25Q32 kind with the common command
 * set. Pure: it knows commands, bytes and the time it is told, not who drives its pins.
 *
 * As on the part: without write enable, erase and program commands do nothing; while an operation
 * runs it answers only status reads and software reset; programming clears bits and wraps within
 * its page. Times are modelled: typical values of the GD25Q32C data sheet (page 0.6 ms, sector 50
 * ms, 32 KB block 150 ms, 64 KB block 250 ms, chip 15 s, status register 5 ms).
 */
#ifndef RIGS_VIRTUAL_CHIPS_ESP32C3_FLASH_H
#define RIGS_VIRTUAL_CHIPS_ESP32C3_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESP32C3_FLASH_BYTES  0x00400000u
#define ESP32C3_FLASH_PAGE   256u
#define ESP32C3_FLASH_SECTOR 4096u
#define ESP32C3_FLASH_BLOCK  65536u
#define ESP32C3_FLASH_JEDEC  0x1640C8u /* C8 40 16 as they come from the wire */

#define ESP32C3_FLASH_WIP 0x01u /* status register 1 */
#define ESP32C3_FLASH_WEL 0x02u

struct esp32c3_flash {
	uint8_t *bytes; /* ESP32C3_FLASH_BYTES of them, the caller's */
	uint8_t status[3];
	bool asleep, reset_armed;
	int64_t busy_end_ps;
	uint32_t busy_offset, busy_bytes;       /* what the latest operation changes */
	uint32_t changed_offset, changed_bytes; /* by the latest transfer; 0 bytes: nothing */
};

struct esp32c3_flash_transfer {
	uint8_t command;
	uint32_t address;
	const uint8_t *out; /* after command, address and dummies */
	size_t out_count;
	uint8_t *in;
	size_t in_count;
};

void esp32c3_flash_init(struct esp32c3_flash *flash, uint8_t *bytes); /* as after power-on */
/* One chip select pulse that ends at t_ps. */
void esp32c3_flash_do(struct esp32c3_flash *flash, const struct esp32c3_flash_transfer *transfer,
		      int64_t t_ps);
bool esp32c3_flash_is_busy(const struct esp32c3_flash *flash, int64_t t_ps);
/* How long an operation of this command runs; 0: none. */
int64_t esp32c3_flash_duration_ps(uint8_t command);

#endif
