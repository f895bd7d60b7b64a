/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The model image's slot: flash from 1 MB to the end of the 4 MB, erased and programmed through
 * SPI1 with the commands that every serial NOR flash has: write enable 0x06, read status 0x05,
 * sector erase 0x20, page program 0x02. SPI1 shares the pins with the cache's SPI0, so the cache is
 * suspended meanwhile; all code and data are in RAM. SPI1's registers: ESP-IDF, spi_mem_struct.h,
 * user-defined transactions, one data line each way.
 *
 * Times: the longest any flash on these boards states is 400 ms for a sector and 3 ms for a page.
 */
#include <stddef.h>

#include "firmware/ports/esp32c3/cache.h"
#include "firmware/ports/esp32c3/registers.h"
#include "firmware/ports/esp32c3/timer.h"
#include "firmware/ports/port.h"

enum {
	SLOT_OFFSET = 0x100000,
	SLOT_BYTES = CACHE_FLASH_BYTES - SLOT_OFFSET,
	SECTOR_BYTES = 4096,
	CHUNK_BYTES = 64, /* the controller's buffer; four of them are a page of the flash */
	ERASE_MS = 1000,
	PROGRAM_MS = 20,
	TRANSACTION_US = 1000,
	TICKS_PER_MS = SYSTIMER_HZ / 1000,
};

enum flash_command {
	FLASH_PAGE_PROGRAM = 0x02,
	FLASH_READ_STATUS = 0x05,
	FLASH_WRITE_ENABLE = 0x06,
	FLASH_SECTOR_ERASE = 0x20,
};

enum { STATUS_BUSY = 1 << 0, STATUS_WRITE_ENABLED = 1 << 1, ADDRESS_BITS = 24 };

struct port_memory port_slot(void)
{
	return (struct port_memory){(const uint8_t *)CACHE_FLASH_AT + SLOT_OFFSET, SLOT_BYTES};
}

uint32_t port_slot_page_bytes(void)
{
	return SECTOR_BYTES;
}

/* Command and the phases of user; address and buffer are already in place. */
static const char *flash_command(enum flash_command command, uint32_t user)
{
	SPI1_USER = user | SPI_USER_COMMAND | SPI_USER_CS_HOLD | SPI_USER_CS_SETUP;
	SPI1_USER2 = 7U << SPI_USER2_BITS_SHIFT | (uint32_t)command;
	SPI1_CMD = SPI_CMD_USR;
	if (!register_wait(&SPI1_CMD, SPI_CMD_USR, 0, TRANSACTION_US))
		return "the flash controller does not finish";
	return NULL;
}

static const char *status_read(uint32_t *ret_status)
{
	const char *failed;

	SPI1_MISO_DLEN = 8 - 1;
	SPI1_W(0) = 0;
	failed = flash_command(FLASH_READ_STATUS, SPI_USER_MISO);
	if (!failed)
		*ret_status = SPI1_W(0) & 0xFF;
	return failed;
}

static const char *flash_wait(uint32_t ms)
{
	uint64_t end = timer_now() + (uint64_t)ms * TICKS_PER_MS;
	uint32_t status = STATUS_BUSY;
	bool late = false;

	while (!late && status & STATUS_BUSY) {
		const char *failed;

		late = timer_now() > end;
		failed = status_read(&status);
		if (failed)
			return failed;
	}
	return status & STATUS_BUSY ? "the flash stays busy" : NULL;
}

static const char *write_enable(void)
{
	uint32_t status = 0;
	const char *failed = flash_command(FLASH_WRITE_ENABLE, 0);

	if (!failed)
		failed = status_read(&status);
	if (!failed && !(status & STATUS_WRITE_ENABLED))
		failed = "the flash does not accept write enable";
	return failed;
}

static void address_set(uint32_t offset)
{
	SPI1_USER1 = (ADDRESS_BITS - 1U) << SPI_USER1_ADDR_SHIFT;
	SPI1_ADDR = SLOT_OFFSET + offset;
}

static const char *flash_open(void)
{
	const char *failed = cache_suspend();

	if (failed)
		return failed;
	if (!register_wait(&SPI1_CMD, UINT32_MAX, 0, TRANSACTION_US))
		return "the flash controller is busy";
	SPI1_CTRL = SPI_CTRL_WP;
	SPI1_CLOCK = SPI_CLOCK_DIV4;
	return flash_wait(ERASE_MS);
}

static const char *flash_close(const char *failed, uint32_t offset, uint32_t count)
{
	const char *unread = cache_resume(SLOT_OFFSET + offset, count);

	return failed ? failed : unread;
}

const char *port_slot_erase(uint32_t offset)
{
	const char *failed;

	if (offset % SECTOR_BYTES || offset >= SLOT_BYTES)
		return "no page begins at this offset";
	failed = flash_open();
	if (!failed)
		failed = write_enable();
	if (!failed) {
		address_set(offset);
		failed = flash_command(FLASH_SECTOR_ERASE, SPI_USER_ADDR);
	}
	if (!failed)
		failed = flash_wait(ERASE_MS);
	return flash_close(failed, offset, SECTOR_BYTES);
}

/* Within one block of CHUNK_BYTES. */
static const char *chunk_program(uint32_t offset, const uint32_t *words, uint32_t count)
{
	const char *failed = write_enable();

	if (failed)
		return failed;
	for (uint32_t i = 0; i < count / sizeof(uint32_t); i++)
		SPI1_W(i) = words[i];
	SPI1_MOSI_DLEN = count * 8 - 1;
	address_set(offset);
	failed = flash_command(FLASH_PAGE_PROGRAM, SPI_USER_ADDR | SPI_USER_MOSI);
	return failed ? failed : flash_wait(PROGRAM_MS);
}

const char *port_slot_program(uint32_t offset, const uint8_t *bytes, uint32_t count)
{
	const char *failed;
	uint32_t done = 0;

	if (offset % PORT_SLOT_UNIT || count % PORT_SLOT_UNIT || offset > SLOT_BYTES ||
	    count > SLOT_BYTES - offset)
		return "no whole double-words of the slot";
	failed = flash_open();
	while (!failed && done < count) {
		uint32_t room = CHUNK_BYTES - (offset + done) % CHUNK_BYTES;
		uint32_t part = count - done < room ? count - done : room;

		failed = chunk_program(offset + done, (const uint32_t *)(bytes + done), part);
		done += part;
	}
	return flash_close(failed, offset, count);
}
