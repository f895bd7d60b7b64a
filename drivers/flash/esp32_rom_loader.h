/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The commands of the serial loader in the ESP32-C3's ROM (Espressif: esptool, "Serial Protocol"),
 * without a stub: what the ROM itself can do.
 *
 * A command that fails by damage on the line is repeated a bounded number of times, except
 * FLASH_DATA: the ROM writes where it stopped, so a block whose answer was lost must not be sent
 * twice. What is returned is the last failure: -ETIMEDOUT silence or only rubbish, -EREMOTEIO the
 * loader refused, -EBADMSG an answer that makes no sense; -ENODEV when the link hung up.
 */
#ifndef DRIVERS_FLASH_ESP32_ROM_LOADER_H
#define DRIVERS_FLASH_ESP32_ROM_LOADER_H

#include <stddef.h>
#include <stdint.h>

#include "drivers/control/control.h"
#include "drivers/err.h"
#include "drivers/flash/esp32_rom_slip.h"
#include "drivers/link/link.h"

enum {
	ESP32_BLOCK_BYTES = 1024, /* of one FLASH_DATA */
	ESP32_CHIP_C3 = 5,        /* chip id */
	ESP32_MD5_BYTES = 16,
};

struct esp32_loader {
	struct link *link; /* not owned */
	uint32_t baud;     /* in force */
	uint16_t chip;     /* chip id */
	unsigned retries;  /* commands repeated so far */
	struct esp32_slip_parser parser;
};

/* Resets the board into its loader by the sequence that the boards' DTR/RTS circuit needs, sets the
 * link to 115200 8N1 and synchronises. */
int esp32_loader_enter(struct esp32_loader *loader, struct link *link, struct control *control,
		       struct err *err);
/* The same over the chip's own USB port, USB-Serial-JTAG (303A:1001), whose DTR and RTS go to no
 * pins and mean other things. */
int esp32_loader_enter_usb(struct esp32_loader *loader, struct link *link, struct err *err);
/* Stops the watchdogs that would end a loader entered that way; after esp32_loader_identify. */
int esp32_loader_stop_watchdogs(struct esp32_loader *loader, struct err *err);
/* Resets the chip into what is in flash, by its own USB port. */
int esp32_usb_reset(struct link *link, struct err *err);
/* -ENXIO: not an ESP32-C3. */
int esp32_loader_identify(struct esp32_loader *loader, struct err *err);
/* Makes the flash known to the ROM. */
int esp32_loader_attach(struct esp32_loader *loader, uint32_t flash_bytes, struct err *err);
/* Loader and link go on at baud. */
int esp32_loader_set_baud(struct esp32_loader *loader, uint32_t baud, struct err *err);

/* Erases count bytes from address on, a multiple of 4096, and prepares to write them. */
int esp32_loader_begin(struct esp32_loader *loader, uint32_t address, size_t count,
		       struct err *err);
/* Block number sequence, from 0 on. A block that the loader refuses for its checksum is repeated.
 */
int esp32_loader_write(struct esp32_loader *loader, uint32_t sequence,
		       const uint8_t block[ESP32_BLOCK_BYTES], struct err *err);
/* Of what is in flash. */
int esp32_loader_md5(struct esp32_loader *loader, uint32_t address, size_t count,
		     uint8_t ret_md5[ESP32_MD5_BYTES], struct err *err);

#endif
