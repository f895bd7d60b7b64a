/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The STM32 system bootloader with 128 KiB of flash in 4 KiB pages, for tests: written from ST
 * AN3155, with the faults a board and a line have. It shares no code with the flasher.
 */
#ifndef TESTS_UNIT_DRIVERS_TEST_FLASH_LOADER_H
#define TESTS_UNIT_DRIVERS_TEST_FLASH_LOADER_H

#include "tests/unit/drivers/fake_link.h"

enum { FLASH_SIZE = 128 * 1024, NEVER = -1, BYTE_NS = 95486 }; /* 8E1 at 115200 baud */

enum phase {
	PHASE_COMMAND,
	PHASE_ADDRESS,
	PHASE_READ_COUNT,
	PHASE_WRITE_DATA,
	PHASE_ERASE_PAGES,
	PHASE_EXTENDED_PAGES,
};

struct loader {
	/* faults */
	bool silent, read_protected, erase_refused, legacy, no_write, noisy_reset;
	bool synced_at_reset, echo, one_by_one;
	uint16_t id;
	unsigned resets_needed; /* the loader comes up at that reset only */
	long lose_received;     /* the n-th byte received is lost, NEVER */
	long lose_sent;         /* the n-th answer of one byte is lost, NEVER */
	long flip_read_once;    /* flash offset read wrong one time, NEVER */
	long stuck_byte;        /* flash offset that never takes what is written, NEVER */
	bool die_at_write;      /* says nothing from the first write on */
	int64_t page_erase_ns;  /* what one page takes */

	bool running, synced, was_reset;
	unsigned resets, boots; /* into the loader, into flash */
	enum phase phase;
	uint8_t command, in[600];
	size_t have;
	uint32_t address;
	uint8_t flash[FLASH_SIZE];
	long received, sent;
	bool mass_erased, forbidden; /* protection commands seen */
	unsigned starts;             /* by GO */
	uint32_t started_at;
	bool go_refused; /* a fault as well */
	unsigned erased, erase_commands, most_pages, writes, double_writes;
};

static struct loader loader;

static void send_bytes(const uint8_t *bytes, size_t count)
{
	size_t step = loader.one_by_one ? 1 : count;

	for (size_t at = 0; at < count; at += step)
		fake_link_send(bytes + at, step, (int64_t)(at + step) * BYTE_NS);
}

static void say(const uint8_t *bytes, size_t count)
{
	if (count == 1 && loader.sent++ == loader.lose_sent)
		return;
	send_bytes(bytes, count);
}

static void ack(void)
{
	say((const uint8_t[]){0x79}, 1);
}

static void nack(void)
{
	loader.phase = PHASE_COMMAND;
	say((const uint8_t[]){0x1F}, 1);
}

static uint8_t xor_all(const uint8_t *bytes, size_t count)
{
	uint8_t sum = 0;

	while (count--)
		sum ^= bytes[count];
	return sum;
}

static void do_get(void)
{
	uint8_t codes[] = {0x31, 0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44, 0x63, 0x73, 0x82, 0x92};
	uint8_t count = sizeof(codes) - 1;

	if (loader.legacy)
		codes[7] = 0x43;
	if (loader.no_write)
		codes[6] = 0x32;
	ack();
	say(&count, 1);
	send_bytes(codes, sizeof(codes));
	ack();
}

static void do_id(void)
{
	const uint8_t id[] = {1, loader.id >> 8, loader.id & 0xFF};

	ack();
	send_bytes(id, sizeof(id));
	ack();
}

static void do_version(void)
{
	ack();
	send_bytes((const uint8_t[]){0x31, 0, 0}, 3);
	ack();
}

static void begin(enum phase phase)
{
	loader.phase = phase;
	ack();
}

static void do_command(uint8_t command)
{
	loader.command = command;
	if (command == 0x00)
		do_get();
	else if (command == 0x01)
		do_version();
	else if (command == 0x02)
		do_id();
	else if (command == 0x21 && loader.go_refused)
		nack();
	else if ((command == 0x11 || command == 0x21 || command == 0x31) && !loader.read_protected)
		begin(PHASE_ADDRESS);
	else if (command == 0x44 && !loader.read_protected && !loader.legacy)
		begin(PHASE_EXTENDED_PAGES);
	else if (command == 0x43 && !loader.read_protected && loader.legacy)
		begin(PHASE_ERASE_PAGES);
	else {
		loader.forbidden |=
			command == 0x63 || command == 0x73 || command == 0x82 || command == 0x92;
		nack();
	}
}

static void do_read(void)
{
	size_t at = loader.address - 0x08000000, count = (size_t)loader.in[0] + 1;
	uint8_t bytes[256];

	loader.phase = PHASE_COMMAND;
	if ((loader.in[0] ^ loader.in[1]) != 0xFF || at + count > FLASH_SIZE) {
		nack();
		return;
	}
	memcpy(bytes, loader.flash + at, count);
	if (loader.flip_read_once >= (long)at && loader.flip_read_once < (long)(at + count)) {
		bytes[loader.flip_read_once - at] ^= 0x10;
		loader.flip_read_once = NEVER;
	}
	ack();
	send_bytes(bytes, count);
}

/* Programs double words, and only erased ones. */
static bool program_flash(size_t at, const uint8_t *bytes, size_t count)
{
	if (at % 8 || count % 8 || at + count > FLASH_SIZE)
		return false;
	for (size_t i = 0; i < count; i++)
		if (loader.flash[at + i] != 0xFF) {
			loader.double_writes++;
			return false;
		}
	memcpy(loader.flash + at, bytes, count);
	if (loader.stuck_byte >= (long)at && loader.stuck_byte < (long)(at + count))
		loader.flash[loader.stuck_byte] ^= 0x01;
	loader.writes++;
	return true;
}

static void do_write(void)
{
	size_t count = (size_t)loader.in[0] + 1;

	loader.phase = PHASE_COMMAND;
	if (loader.die_at_write) {
		loader.running = false;
		return;
	}
	if (xor_all(loader.in, count + 2) ||
	    !program_flash(loader.address - 0x08000000, loader.in + 1, count))
		nack();
	else
		ack();
}

static void erase_page(unsigned page)
{
	if (page < FLASH_SIZE / 4096)
		memset(loader.flash + page * 4096, 0xFF, 4096);
	loader.erased++;
}

static void do_erase(unsigned count, size_t width, size_t length)
{
	loader.phase = PHASE_COMMAND;
	if (xor_all(loader.in, length) || loader.erase_refused) {
		nack();
		return;
	}
	loader.erase_commands++;
	if (count > loader.most_pages)
		loader.most_pages = count;
	for (unsigned i = 0; i < count; i++)
		erase_page(width == 1 ? loader.in[1 + i]
				      : loader.in[2 + 2 * i] << 8 | loader.in[3 + 2 * i]);
	if (loader.page_erase_ns)
		fake_link_send((const uint8_t[]){0x79}, 1, count * loader.page_erase_ns);
	else
		ack();
}

/* The special counts are followed by a checksum only. */
static bool special_erase(bool special, size_t length)
{
	if (!special)
		return false;
	if (loader.have < length)
		return true;
	loader.mass_erased |= !xor_all(loader.in, length);
	loader.have = 0;
	nack();
	return true;
}

static void collect_erase(void)
{
	bool wide = loader.phase == PHASE_EXTENDED_PAGES;
	size_t head = wide ? 2 : 1, length;
	unsigned count;

	if (loader.have < head)
		return;
	count = wide ? loader.in[0] << 8 | loader.in[1] : loader.in[0];
	if (special_erase(wide ? count >= 0xFFFD : count == 0xFF, head + 1))
		return;
	length = head + head * (count + 1) + 1;
	if (loader.have < length && loader.have < sizeof(loader.in))
		return;
	loader.have = 0;
	if (length > sizeof(loader.in))
		nack();
	else
		do_erase(count + 1, head, length);
}

static void do_go(void)
{
	ack();
	loader.running = false;
	loader.starts++;
	loader.started_at = loader.address;
}

static void collect_address(void)
{
	if (loader.have < 5)
		return;
	loader.have = 0;
	loader.address = (uint32_t)loader.in[0] << 24 | loader.in[1] << 16 | loader.in[2] << 8 |
			 loader.in[3];
	if (xor_all(loader.in, 5) || loader.address < 0x08000000 ||
	    loader.address >= 0x08000000 + FLASH_SIZE)
		nack();
	else if (loader.command == 0x21)
		do_go();
	else
		begin(loader.command == 0x11 ? PHASE_READ_COUNT : PHASE_WRITE_DATA);
}

static void collect(void)
{
	size_t have = loader.have;

	switch (loader.phase) {
	case PHASE_COMMAND:
		if (have < 2)
			return;
		loader.have = 0;
		if ((loader.in[0] ^ loader.in[1]) == 0xFF)
			do_command(loader.in[0]);
		else
			nack();
		return;
	case PHASE_ADDRESS:
		collect_address();
		return;
	case PHASE_READ_COUNT:
		if (have == 2) {
			loader.have = 0;
			do_read();
		}
		return;
	case PHASE_WRITE_DATA:
		if (have == (size_t)loader.in[0] + 3) {
			loader.have = 0;
			do_write();
		}
		return;
	case PHASE_ERASE_PAGES:
	case PHASE_EXTENDED_PAGES:
		collect_erase();
		return;
	}
}

static void on_byte(uint8_t byte)
{
	if (loader.echo)
		send_bytes(&byte, 1);
	if (!loader.running || loader.silent || fake_link.settings.parity != LINK_PARITY_EVEN)
		return;
	if (loader.received++ == loader.lose_received)
		return;
	if (!loader.synced) {
		loader.synced = byte == 0x7F;
		if (loader.synced)
			ack();
		return;
	}
	if (loader.have < sizeof(loader.in))
		loader.in[loader.have++] = byte;
	collect();
}

static inline void on_write(void *device, const uint8_t *bytes, size_t count)
{
	(void)device;
	for (size_t i = 0; i < count; i++)
		on_byte(bytes[i]);
}

/* NRST on DTR, BOOT0 on RTS, both active while asserted. */
static inline void on_lines(void *device, bool dtr, bool rts)
{
	bool released = loader.was_reset && !dtr;

	(void)device;
	loader.was_reset = dtr;
	if (dtr)
		loader.running = false;
	if (!released)
		return;
	loader.synced = loader.synced_at_reset;
	loader.have = 0;
	loader.phase = PHASE_COMMAND;
	if (!rts) {
		loader.boots++;
		return;
	}
	loader.resets++;
	loader.running = loader.resets >= loader.resets_needed;
	if (loader.noisy_reset)
		send_bytes((const uint8_t[]){0x00, 0xfe, 0x42}, 3);
}

#endif
