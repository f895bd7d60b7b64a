/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The serial flash chip on the module. See the header.
 */
#include "rigs/virtual/chips/esp32c3_flash.h"

#include <string.h>

#define PS_PER_US INT64_C(1000000)
#define PS_PER_MS INT64_C(1000000000)

enum kind {
	KIND_READ = 1,
	KIND_PROGRAM,
	KIND_ERASE,
	KIND_STATUS_READ,
	KIND_STATUS_WRITE,
	KIND_ID,
	KIND_UNIQUE_ID,
	KIND_WRITE_ENABLE,
	KIND_WRITE_DISABLE,
	KIND_POWER_DOWN,
	KIND_RELEASE,
	KIND_RESET_ENABLE,
	KIND_RESET,
};

struct command {
	uint8_t code;
	enum kind kind;
	uint32_t size; /* erased bytes, or which status register */
	int64_t duration_ps;
};

static const struct command commands[] = {
	{0x03, KIND_READ},
	{0x0B, KIND_READ},
	{0x3B, KIND_READ},
	{0x6B, KIND_READ},
	{0xBB, KIND_READ},
	{0xEB, KIND_READ},
	{0x02, KIND_PROGRAM, 0, 600 * PS_PER_US},
	{0x32, KIND_PROGRAM, 0, 600 * PS_PER_US},
	{0x20, KIND_ERASE, 0x1000, 50 * PS_PER_MS},
	{0x52, KIND_ERASE, 0x8000, 150 * PS_PER_MS},
	{0xD8, KIND_ERASE, 0x10000, 250 * PS_PER_MS},
	{0x60, KIND_ERASE, ESP32C3_FLASH_BYTES, 15000 * PS_PER_MS},
	{0xC7, KIND_ERASE, ESP32C3_FLASH_BYTES, 15000 * PS_PER_MS},
	{0x05, KIND_STATUS_READ, 0},
	{0x35, KIND_STATUS_READ, 1},
	{0x15, KIND_STATUS_READ, 2},
	{0x01, KIND_STATUS_WRITE, 0, 5 * PS_PER_MS},
	{0x31, KIND_STATUS_WRITE, 1, 5 * PS_PER_MS},
	{0x11, KIND_STATUS_WRITE, 2, 5 * PS_PER_MS},
	{0x9F, KIND_ID},
	{0x4B, KIND_UNIQUE_ID},
	{0x06, KIND_WRITE_ENABLE},
	{0x04, KIND_WRITE_DISABLE},
	{0xB9, KIND_POWER_DOWN},
	{0xAB, KIND_RELEASE},
	{0x66, KIND_RESET_ENABLE},
	{0x99, KIND_RESET, 0, 30 * PS_PER_US},
};

static const struct command *find(uint8_t code)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].code == code)
			return &commands[i];
	return NULL;
}

int64_t esp32c3_flash_duration_ps(uint8_t command)
{
	const struct command *found = find(command);

	return found ? found->duration_ps : 0;
}

void esp32c3_flash_init(struct esp32c3_flash *flash, uint8_t *bytes)
{
	memset(flash, 0, sizeof(*flash));
	flash->bytes = bytes;
	flash->status[1] = 0x02; /* quad enable, as modules are delivered */
}

bool esp32c3_flash_is_busy(const struct esp32c3_flash *flash, int64_t t_ps)
{
	return t_ps < flash->busy_end_ps;
}

static void answer(const struct esp32c3_flash_transfer *transfer, const uint8_t *bytes,
		   size_t count)
{
	for (size_t i = 0; i < transfer->in_count; i++)
		transfer->in[i] = i < count ? bytes[i] : 0xFF;
}

static void read(const struct esp32c3_flash *flash, const struct esp32c3_flash_transfer *transfer)
{
	for (size_t i = 0; i < transfer->in_count; i++)
		transfer->in[i] = flash->bytes[(transfer->address + i) % ESP32C3_FLASH_BYTES];
}

static void status_read(const struct esp32c3_flash *flash, unsigned which, int64_t t_ps,
			const struct esp32c3_flash_transfer *transfer)
{
	uint8_t value = flash->status[which];

	if (which == 0 && esp32c3_flash_is_busy(flash, t_ps))
		value |= ESP32C3_FLASH_WIP;
	memset(transfer->in, value, transfer->in_count);
}

static void program(struct esp32c3_flash *flash, const struct esp32c3_flash_transfer *transfer)
{
	uint32_t page = transfer->address % ESP32C3_FLASH_BYTES & ~(ESP32C3_FLASH_PAGE - 1);

	for (size_t i = 0; i < transfer->out_count; i++)
		flash->bytes[page + (transfer->address + i) % ESP32C3_FLASH_PAGE] &=
			transfer->out[i];
	flash->changed_offset = page;
	flash->changed_bytes = ESP32C3_FLASH_PAGE;
}

static void status_write(struct esp32c3_flash *flash, unsigned which,
			 const struct esp32c3_flash_transfer *transfer)
{
	for (size_t i = 0; i < transfer->out_count && which + i < 3; i++)
		flash->status[which + i] = transfer->out[i];
	flash->status[0] &= (uint8_t) ~(ESP32C3_FLASH_WIP | ESP32C3_FLASH_WEL);
}

/* Erase, program, write status: only after write enable, which they use up. */
static void change(struct esp32c3_flash *flash, const struct command *command,
		   const struct esp32c3_flash_transfer *transfer, int64_t t_ps)
{
	if (!(flash->status[0] & ESP32C3_FLASH_WEL))
		return;
	if (command->kind == KIND_PROGRAM && transfer->out_count == 0)
		return;
	if (command->kind == KIND_PROGRAM) {
		program(flash, transfer);
	} else if (command->kind == KIND_ERASE) {
		flash->changed_offset =
			transfer->address % ESP32C3_FLASH_BYTES & ~(command->size - 1);
		flash->changed_bytes = command->size;
		memset(flash->bytes + flash->changed_offset, 0xFF, command->size);
	} else {
		status_write(flash, command->size, transfer);
	}
	flash->status[0] &= (uint8_t)~ESP32C3_FLASH_WEL;
	flash->busy_end_ps = t_ps + command->duration_ps;
	flash->busy_offset = flash->changed_offset;
	flash->busy_bytes = flash->changed_bytes;
}

static void reset(struct esp32c3_flash *flash, const struct command *command, int64_t t_ps)
{
	if (!flash->reset_armed)
		return;
	flash->asleep = false;
	flash->status[0] &= (uint8_t)~ESP32C3_FLASH_WEL;
	flash->busy_end_ps = t_ps + command->duration_ps;
}

static void execute(struct esp32c3_flash *flash, const struct command *command,
		    const struct esp32c3_flash_transfer *transfer, int64_t t_ps)
{
	static const uint8_t id[3] = {0xC8, 0x40, 0x16}, release_id[1] = {0x15};
	static const uint8_t unique_id[16] = "joulebench flash";

	switch (command->kind) {
	case KIND_READ:
		read(flash, transfer);
		break;
	case KIND_PROGRAM:
	case KIND_ERASE:
	case KIND_STATUS_WRITE:
		change(flash, command, transfer, t_ps);
		break;
	case KIND_STATUS_READ:
		status_read(flash, command->size, t_ps, transfer);
		break;
	case KIND_ID:
		answer(transfer, id, sizeof(id));
		break;
	case KIND_UNIQUE_ID:
		answer(transfer, unique_id, sizeof(unique_id));
		break;
	case KIND_WRITE_ENABLE:
		flash->status[0] |= ESP32C3_FLASH_WEL;
		break;
	case KIND_WRITE_DISABLE:
		flash->status[0] &= (uint8_t)~ESP32C3_FLASH_WEL;
		break;
	case KIND_POWER_DOWN:
		flash->asleep = true;
		break;
	case KIND_RELEASE:
		flash->asleep = false;
		answer(transfer, release_id, sizeof(release_id));
		break;
	case KIND_RESET_ENABLE:
		break;
	case KIND_RESET:
		reset(flash, command, t_ps);
		break;
	}
}

void esp32c3_flash_do(struct esp32c3_flash *flash, const struct esp32c3_flash_transfer *transfer,
		      int64_t t_ps)
{
	const struct command *command = find(transfer->command);

	flash->changed_bytes = 0;
	if (transfer->in_count > 0)
		memset(transfer->in, 0xFF, transfer->in_count); /* nobody drives the line */
	if (!command)
		return;
	if (esp32c3_flash_is_busy(flash, t_ps) && command->kind != KIND_STATUS_READ &&
	    command->kind != KIND_RESET_ENABLE && command->kind != KIND_RESET)
		return;
	if (flash->asleep && command->kind != KIND_RELEASE && command->kind != KIND_RESET_ENABLE &&
	    command->kind != KIND_RESET)
		return;
	execute(flash, command, transfer, t_ps);
	flash->reset_armed = command->kind == KIND_RESET_ENABLE;
}
