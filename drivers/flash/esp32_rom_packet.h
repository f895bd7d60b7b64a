/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Requests and answers of Espressif's ROM loaders, between the flasher's own sources.
 *
 *   request:  00, command, u16 data bytes, u32 checksum, data
 *   answer:   01, command, u16 data bytes, u32 value, data whose last four bytes are the status:
 *             0 or 1 (refused), reason, 0, 0
 */
#ifndef DRIVERS_FLASH_ESP32_ROM_PACKET_H
#define DRIVERS_FLASH_ESP32_ROM_PACKET_H

#include "drivers/flash/esp32_rom_loader.h"

enum {
	ESP32_DATA_HEADER_BYTES = 16, /* of FLASH_DATA: length, sequence, 0, 0 */
	ESP32_DATA_MAX = ESP32_DATA_HEADER_BYTES + ESP32_BLOCK_BYTES,
	ESP32_REFUSED_CHECKSUM = 7,
};

struct esp32_request {
	uint8_t command;
	const uint8_t *data;
	size_t count;
	uint32_t checksum;
	int timeout_ms; /* the time on the wire comes on top */
};

/* Points into the loader's parser: valid until the next request. */
struct esp32_answer {
	uint32_t value;
	const uint8_t *data; /* without the status */
	size_t count;
	uint8_t refusal; /* reason, when the loader refused */
};

/* Once. -ETIMEDOUT silence or only rubbish, -EREMOTEIO refused. */
int esp32_exchange(struct esp32_loader *loader, const struct esp32_request *request,
		   struct esp32_answer *ret_answer, struct err *err);
/* Repeated after silence and after a refusal. */
int esp32_exchange_surely(struct esp32_loader *loader, const struct esp32_request *request,
			  struct esp32_answer *ret_answer, struct err *err);
/* Drops what is on its way. */
int esp32_line_clear(struct esp32_loader *loader, struct err *err);

static inline void esp32_put_u16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static inline void esp32_put_u32(uint8_t *at, uint32_t value)
{
	esp32_put_u16(at, value);
	esp32_put_u16(at + 2, value >> 16);
}

static inline uint32_t esp32_get_u32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

#endif
