/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The serial protocol of the ESP32-C3's ROM (esptool documentation, "Serial Protocol"; ROM loader,
 * not stub): SLIP frames, autobaud on the first bytes, one command at a time. The chip gives it
 * memory, flash and wire through callbacks. FLASH_DEFL_* is not built: it answers as an unknown
 * command does (status 1, error 5).
 *
 * Bytes that arrive while a command runs wait in 128 bytes, the UART's FIFO; more are lost. Times
 * are modelled: erase and program those of the flash chip, MD5 0.5 us a byte, a command 0.1 ms.
 */
#ifndef RIGS_VIRTUAL_CHIPS_ESP32C3_LOADER_H
#define RIGS_VIRTUAL_CHIPS_ESP32C3_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rigs/virtual/chips/chip.h"

#define ESP32C3_LOADER_FRAME 0x1840u /* the longest command: MEM_DATA of 0x1800 bytes */

struct esp32c3_loader_target {
	void *context;
	bool (*read_word)(void *context, uint32_t address, uint32_t *ret_value);
	bool (*write_word)(void *context, uint32_t address, uint32_t value);
	uint8_t *(*ram)(void *context, uint32_t address, uint32_t bytes); /* NULL: not RAM */
	void (*ram_written)(void *context, uint32_t address, uint32_t bytes);
	/* Offsets and counts are within the flash; erase is of whole sectors. Returns its time. */
	int64_t (*flash_erase)(void *context, uint32_t offset, uint32_t bytes);
	int64_t (*flash_program)(void *context, uint32_t offset, const uint8_t *bytes,
				 uint32_t count);
	const uint8_t *(*flash_bytes)(void *context);
	void (*send)(void *context, uint8_t byte);
	void (*set_baud)(void *context, uint32_t baud);
	void (*run)(void *context, uint32_t entry); /* when the answer has left the CPU */
	void (*reboot)(void *context);
	uint32_t flash_size;
};

struct esp32c3_loader_block { /* FLASH_BEGIN or MEM_BEGIN */
	bool open;
	uint32_t address, block_bytes, blocks, next;
};

struct esp32c3_loader {
	struct esp32c3_loader_target target;
	bool on, baud_known, attached;
	uint32_t baud;
	/* SLIP */
	bool in_frame, escaped, overlong;
	uint8_t frame[ESP32C3_LOADER_FRAME];
	size_t frame_bytes;
	uint8_t fifo[128];
	size_t fifo_count;
	/* The answer that is due when the command has run. */
	bool busy;
	int64_t busy_end_ps;
	uint8_t answer[64];
	size_t answer_bytes;
	unsigned answer_repeats;
	uint32_t next_baud; /* 0: as it is */
	bool run, reboot;
	uint32_t entry;
	struct esp32c3_loader_block flash, ram;
};

void esp32c3_loader_init(struct esp32c3_loader *loader, const struct esp32c3_loader_target *target);
void esp32c3_loader_start(struct esp32c3_loader *loader);
void esp32c3_loader_stop(struct esp32c3_loader *loader);
/* damage is xored into a byte that is not of the loader's baud rate and format. */
void esp32c3_loader_rx(struct esp32c3_loader *loader, uint8_t byte,
		       const struct chip_uart_format *format, uint8_t damage, int64_t now_ps);
int64_t esp32c3_loader_next_ps(const struct esp32c3_loader *loader); /* INT64_MAX: never */
void esp32c3_loader_step(struct esp32c3_loader *loader, int64_t now_ps);

#endif
