/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An ESP32-C3 with its ROM loader and 256 KiB of flash behind the fake link, for tests: written
 * from esptool's protocol description, with the faults a board and a line have. It shares no code
 * with the flasher. What the host must never do ends the test where it is done.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_ESP32_ROM_H
#define TESTS_UNIT_DRIVERS_FAKE_ESP32_ROM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <nettle/md5.h>

#include "tests/unit/drivers/fake_link.h"

enum { FLASH_SIZE = 256 * 1024, BYTE_NS = 86806, EN_RISE_NS = 1000000, NEVER = -1, MS = 1000000 };
enum { WDT_CONFIG_RESET = 0x00013214, SWD_CONF_RESET = 0x04B00000 };

struct rom {
	/* wiring and faults */
	bool straight;          /* reset and boot wired to one line each, reset changes first */
	bool usb;               /* the chip's own USB port */
	unsigned resets_needed; /* comes up in the loader at that one only */
	bool silent, noisy, split, no_security_info;
	uint32_t magic, chip_id;
	int bad_checksum_at, bad_checksum_times; /* FLASH_DATA refused for its checksum */
	int lose_answer_at;                      /* FLASH_DATA carried out, not answered, once */
	int lose_block_at;                       /* FLASH_DATA not even received, once */
	int refuse_command;                      /* always, with code 6; NEVER: none */
	long stuck_byte;                         /* flash offset that never takes what is written */
	bool short_md5, gone_at_data;

	bool en, io9, in_loader, app_runs;
	int64_t rise_ns; /* when EN gets there, 0: not on its way */
	unsigned resets, boots;
	uint8_t in[3000];
	size_t have;
	bool inside;
	uint8_t flash[FLASH_SIZE];
	uint32_t at, blocks_due, block_bytes;
	int blocks; /* received in all */
	uint32_t baud;
	bool attached, params, flash_end_seen;
	bool wants_loader; /* said on the chip's own USB port */
	uint32_t wdt_key, wdt_config, swd_key, swd_conf;
	uint8_t first_frames[3][128];
	size_t first_bytes[3], frame_count;
};

static struct rom rom;

/* Splits answers at a place that moves on with every one of them. */
static void rom_send(const uint8_t *bytes, size_t count)
{
	static size_t turn;
	size_t cut = rom.split ? turn++ % count : count;

	fake_link_send(bytes, cut, (int64_t)cut * BYTE_NS);
	if (cut < count)
		fake_link_send(bytes + cut, count - cut, 7 * MS + (int64_t)count * BYTE_NS);
}

static void rom_answer(uint8_t command, uint32_t value, const uint8_t *data, size_t count,
		       uint8_t error)
{
	static const uint8_t late_sync[] = {0xC0, 1, 8, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xC0};
	uint8_t packet[64] = {1, command};
	uint8_t frame[130];
	size_t used = 0;

	packet[2] = (uint8_t)(count + 4);
	memcpy(packet + 4, &value, 4);
	if (count)
		memcpy(packet + 8, data, count);
	packet[8 + count] = error ? 1 : 0;
	packet[9 + count] = error;
	frame[used++] = 0xC0;
	for (size_t i = 0; i < 12 + count; i++) {
		if (packet[i] == 0xC0 || packet[i] == 0xDB) {
			frame[used++] = 0xDB;
			frame[used++] = packet[i] == 0xC0 ? 0xDC : 0xDD;
		} else {
			frame[used++] = packet[i];
		}
	}
	frame[used++] = 0xC0;
	if (rom.noisy) {
		rom_send((const uint8_t *)"rub\xC0\xDB\x01\xC0\x01\x99 bish", 13);
		rom_send(late_sync, sizeof(late_sync));
	}
	rom_send(frame, used);
}

static uint32_t word(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, 4);
	return value;
}

static void rom_begin(const uint8_t *data)
{
	uint32_t erase = word(data);

	rom.blocks_due = word(data + 4);
	rom.block_bytes = word(data + 8);
	rom.at = word(data + 12);
	assert_int_equal(word(data + 16), 0);
	assert_int_equal(rom.at % 4096, 0);
	assert_true(rom.at + erase <= FLASH_SIZE);
	memset(rom.flash + rom.at, 0xFF, (erase + 4095) / 4096 * 4096);
	rom_answer(2, 0, NULL, 0, 0);
}

/* Else the loader is reset amid its work. */
static bool watchdogs_are_stopped(void)
{
	return !rom.wdt_config && rom.swd_conf == (SWD_CONF_RESET | 1u << 31) && !rom.wdt_key &&
	       !rom.swd_key;
}

/* Writes where it stopped, as the ROM does. */
static void rom_data(const uint8_t *data, size_t count, uint32_t checksum)
{
	int block = rom.blocks++;
	uint8_t sum = 0xEF;

	assert_true(rom.attached && rom.params);
	assert_true(!rom.usb || watchdogs_are_stopped());
	assert_int_equal(count, 16 + rom.block_bytes);
	assert_int_equal(word(data), rom.block_bytes);
	for (size_t i = 16; i < count; i++)
		sum ^= data[i];
	if (block == rom.lose_block_at)
		return;
	if (sum != checksum || (block >= rom.bad_checksum_at && rom.bad_checksum_times > 0)) {
		rom.bad_checksum_times--;
		rom_answer(3, 0, NULL, 0, 7);
		return;
	}
	assert_true(rom.blocks_due > 0);
	for (size_t i = 16; i < count; i++, rom.at++) {
		assert_int_equal(rom.flash[rom.at], 0xFF); /* erased */
		rom.flash[rom.at] = data[i] ^ ((long)rom.at == rom.stuck_byte);
	}
	rom.blocks_due--;
	if (block != rom.lose_answer_at)
		rom_answer(3, 0, NULL, 0, 0);
}

static void rom_md5(const uint8_t *data)
{
	uint8_t digest[MD5_DIGEST_SIZE];
	struct md5_ctx context;
	char digits[33];

	md5_init(&context);
	md5_update(&context, word(data + 4), rom.flash + word(data));
	md5_digest(&context, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(digits + 2 * i, 3, "%02x", digest[i]);
	rom_answer(0x13, 0, (const uint8_t *)digits, rom.short_md5 ? 16 : 32, 0);
}

static void rom_security_info(void)
{
	uint8_t info[20] = {0};

	memcpy(info + 12, &rom.chip_id, 4);
	if (rom.no_security_info)
		rom_answer(0x14, 0, NULL, 0, 5);
	else
		rom_answer(0x14, 0, info, sizeof(info), 0);
}

static void rom_sync(const uint8_t *data, size_t count)
{
	assert_int_equal(count, 36);
	assert_memory_equal(data, "\x07\x07\x12\x20UUUU", 8);
	for (int i = 0; i < 8; i++)
		rom_answer(8, 0, NULL, 0, 0);
}

/* The registers of both watchdogs, behind their locks. */
static uint32_t *rom_register(uint32_t address)
{
	switch (address) {
	case 0x60008090:
		return rom.wdt_key == 0x50D83AA1 ? &rom.wdt_config : NULL;
	case 0x600080A8:
		return &rom.wdt_key;
	case 0x600080AC:
		return rom.swd_key == 0x8F1D312A ? &rom.swd_conf : NULL;
	case 0x600080B0:
		return &rom.swd_key;
	default:
		return NULL;
	}
}

static void rom_write_register(const uint8_t *data)
{
	uint32_t *to = rom_register(word(data)), mask = word(data + 8);

	if (to)
		*to = (*to & ~mask) | (word(data + 4) & mask);
	rom_answer(9, 0, NULL, 0, 0);
}

static uint32_t rom_read_register(uint32_t address)
{
	if (address == 0x600080AC)
		return rom.swd_conf;
	return address == 0x40001000 ? rom.magic : 0;
}

static void rom_carry_out(const uint8_t *packet, size_t count)
{
	const uint8_t *data = packet + 8;

	if (count < 8 || packet[0] != 0 || (packet[2] | packet[3] << 8) != (int)count - 8)
		return;
	if (packet[1] == rom.refuse_command) {
		rom_answer(packet[1], 0, NULL, 0, 6);
		return;
	}
	if (packet[1] == 0x02)
		rom_begin(data);
	if (packet[1] == 0x03)
		rom_data(data, count - 8, word(packet + 4));
	if (packet[1] == 0x04)
		rom.flash_end_seen = true;
	if (packet[1] == 0x08)
		rom_sync(data, count - 8);
	if (packet[1] == 0x0A)
		rom_answer(0x0A, rom_read_register(word(data)), NULL, 0, 0);
	if (packet[1] == 0x09)
		rom_write_register(data);
	if (packet[1] == 0x0B) {
		rom.params = word(data + 4) == 4 * 1024 * 1024 && word(data + 20) == 0xFFFF;
		rom_answer(0x0B, 0, NULL, 0, 0);
	}
	if (packet[1] == 0x0D) {
		rom.attached = count - 8 == 8;
		rom_answer(0x0D, 0, NULL, 0, 0);
	}
	if (packet[1] == 0x0F) {
		rom_answer(0x0F, 0, NULL, 0, 0);
		rom.baud = word(data);
	}
	if (packet[1] == 0x13)
		rom_md5(data);
	if (packet[1] == 0x14)
		rom_security_info();
}

static void rom_boot(void)
{
	static const char log[] = "ESP-ROM:esp32c3-api1-20210207\r\nwaiting for download\r\n";

	rom.rise_ns = 0;
	rom.in_loader = !rom.io9 && rom.resets >= rom.resets_needed;
	rom.app_runs = rom.io9;
	rom.boots += rom.app_runs;
	rom.have = 0;
	rom.inside = false;
	rom.baud = 115200;
	rom.attached = rom.params = false;
	rom.wdt_config = WDT_CONFIG_RESET;
	rom.swd_conf = SWD_CONF_RESET;
	rom.wdt_key = rom.swd_key = 0;
	if (!rom.silent)
		rom_send((const uint8_t *)log, sizeof(log) - 1);
}

/* To be called also when a test has moved the fake link's clock. */
static inline void rom_settle(void)
{
	if (rom.rise_ns && fake_link.now_ns >= rom.rise_ns)
		rom_boot();
}

/* ESP32-C3 Technical Reference Manual, "USB Serial/JTAG Controller": DTR alone wishes for the
 * loader, neither line takes the wish back, RTS alone resets. */
static void on_usb_lines(bool dtr, bool rts)
{
	if (!rts)
		rom.wants_loader = dtr;
	if (rts && !dtr && rom.en) {
		rom.io9 = !rom.wants_loader;
		rom.resets++;
		rom_boot();
	}
	rom.en = !rts || dtr;
}

/* The DevKitM-1's two transistors: EN is low while RTS is asserted alone, GPIO9 while DTR is. */
static void on_lines(void *device, bool dtr, bool rts)
{
	bool en = rom.straight ? !rts : !(rts && !dtr);

	(void)device;
	rom_settle();
	if (rom.usb) {
		on_usb_lines(dtr, rts);
		return;
	}
	if (rom.straight && en && !rom.en) {
		rom.resets++;
		rom_boot(); /* GPIO9 still as it was */
	}
	rom.io9 = rom.straight ? !dtr : !(dtr && !rts);
	if (!rom.straight && en && !rom.en) {
		rom.resets++;
		rom.rise_ns = fake_link.now_ns + EN_RISE_NS;
	}
	if (!en) {
		rom.rise_ns = 0;
		rom.in_loader = rom.app_runs = false;
	}
	rom.en = en;
}

static void before_read(void *device, int64_t until_ns)
{
	(void)device;
	(void)until_ns;
	rom_settle();
}

static void note_frame(const uint8_t *bytes, size_t count)
{
	if (rom.frame_count < 3 && count <= sizeof(rom.first_frames[0])) {
		memcpy(rom.first_frames[rom.frame_count], bytes, count);
		rom.first_bytes[rom.frame_count++] = count;
	}
}

static void on_write(void *device, const uint8_t *bytes, size_t count)
{
	(void)device;
	rom_settle();
	if (!rom.in_loader || rom.silent || fake_link.settings.baud != rom.baud)
		return;
	if (rom.gone_at_data && count > 1000) {
		fake_link.is_gone = true;
		return;
	}
	note_frame(bytes, count);
	for (size_t i = 0; i < count; i++) {
		uint8_t byte = bytes[i];

		if (byte == 0xC0) {
			if (rom.have)
				rom_carry_out(rom.in, rom.have);
			rom.have = 0;
			continue;
		}
		if (byte == 0xDB)
			byte = bytes[++i] == 0xDC ? 0xC0 : 0xDB;
		rom.in[rom.have++] = byte;
	}
}

/* A fresh board that runs what its flash holds, on a fresh fake link. */
static inline void rom_init(void)
{
	memset(&rom, 0, sizeof(rom));
	rom.magic = 0x1B31506F;
	rom.chip_id = 5;
	rom.lose_answer_at = rom.lose_block_at = rom.refuse_command = NEVER;
	rom.stuck_byte = NEVER;
	rom.en = rom.io9 = rom.app_runs = true;
	memset(rom.flash, 0xA5, sizeof(rom.flash));
	fake_link_init();
	fake_link.on_write = on_write;
	fake_link.on_lines = on_lines;
	fake_link.before_read = before_read;
}

#endif
