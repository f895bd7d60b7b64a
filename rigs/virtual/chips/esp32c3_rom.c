/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the ESP32-C3's ROM does at reset (esptool documentation, "Firmware Image Format" and "Boot
 * Mode Selection"; texts as recorded boots show them): prints its banner at 115200 baud and, with
 * GPIO9 high, loads the image at flash offset 0 into RAM and jumps to it, else serves the loader.
 *
 * The ROM leaves the CPU on the crystal over 2 (20 MHz, the reset value of SYSCLK_CONF), the PLL
 * running, UART0 at 115200 with up to 128 bytes of its text still in the FIFO, both SPI controllers
 * as the image header says, the cache off, the watchdogs on.
 *
 * Not modelled: the SHA-256 that an image may carry, secure boot, flash encryption, direct boot.
 * Times (0.4 us per byte loaded) and the text of a failed checksum are modelled.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rigs/virtual/chips/esp32c3.h"

#define LOAD_PS         INT64_C(400000) /* per byte */
#define RETRY_PS        (50 * ESP32C3_PS_PER_MS)
#define REBOOT_PS       (10 * ESP32C3_PS_PER_MS) /* so that the answer gets out; modelled */
#define IMAGE_MAGIC     0xE9
#define IMAGE_CHIP_ID   5u
#define IMAGE_HEADER    24u
#define SEGMENTS_MAX    16u
#define CHECKSUM_SEED   0xEF
#define ROM_DATA_BASE   0x3FCDC710u /* its stack, then its data, up to the end of DRAM */
#define ROM_UART_NUMBER 0x3FCDF07Cu /* which port the loader uses: 0 is UART0 */

static uint32_t word_at(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Text --------------------------------------------------------------------------------------- */

static void append(struct esp32c3 *s, const void *bytes, size_t count)
{
	struct esp32c3_rom *rom = &s->rom;

	memmove(rom->text, rom->text + rom->text_sent, rom->text_count - rom->text_sent);
	rom->text_count -= rom->text_sent;
	rom->text_sent = 0;
	if (count > sizeof(rom->text) - rom->text_count)
		count = sizeof(rom->text) - rom->text_count;
	memcpy(rom->text + rom->text_count, bytes, count);
	rom->text_count += count;
}

void esp32c3_rom_print(struct esp32c3 *s, const char *text)
{
	append(s, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void print(struct esp32c3 *s, const char *format, ...)
{
	char line[128];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	esp32c3_rom_print(s, line);
}

void esp32c3_rom_feed(struct esp32c3 *s)
{
	struct esp32c3_rom *rom = &s->rom;
	bool had_text = rom->text_sent < rom->text_count;

	while (rom->text_sent < rom->text_count && esp32c3_uart_room(s) > 0)
		esp32c3_uart_put(s, (uint8_t)rom->text[rom->text_sent++]);
	if (rom->text_sent < rom->text_count)
		return;
	if (rom->next_baud != 0 && s->uart.tx_count == 0 && !s->uart.shifting) {
		esp32c3_uart_set_baud(s, rom->next_baud);
		rom->next_baud = 0;
	}
	if (had_text && (rom->to_entry || rom->to_reboot || rom->restart))
		esp32c3_schedule(s, ESP32C3_DEADLINE_ROM, s->now_ps + rom->wait_ps);
}

/* Boot from flash ---------------------------------------------------------------------------- */

struct segment {
	uint32_t address, bytes, offset;
};

static bool covers_rom_data(const struct segment *segment)
{
	uint32_t address = segment->address;

	if (address >= ESP32C3_IRAM_BASE && address < ESP32C3_IRAM_BASE + ESP32C3_SRAM1_BYTES)
		address += ESP32C3_DRAM_BASE - ESP32C3_IRAM_BASE;
	return address >= ESP32C3_DRAM_BASE && address < ESP32C3_DRAM_BASE + ESP32C3_SRAM1_BYTES &&
	       address + segment->bytes > ROM_DATA_BASE;
}

static bool load(struct esp32c3 *s, const struct segment *segment, uint8_t *checksum)
{
	const uint8_t *from = s->flash + segment->offset;
	uint8_t *to = esp32c3_ram(s, segment->address, segment->bytes);

	if (!to) {
		esp32c3_fault(s, "image segment 0x%08x, %u bytes, does not lie in RAM",
			      segment->address, segment->bytes);
		return false;
	}
	if (covers_rom_data(segment)) {
		esp32c3_fault(s,
			      "image segment 0x%08x, %u bytes, covers the ROM's stack and data "
			      "(0x%08x up)",
			      segment->address, segment->bytes, ROM_DATA_BASE);
		return false;
	}
	memcpy(to, from, segment->bytes);
	rv32_invalidate(s->core, segment->address & ~31u, (segment->bytes + 95) & ~31u);
	for (uint32_t i = 0; i < segment->bytes; i++)
		*checksum ^= from[i];
	s->rom.wait_ps += segment->bytes * LOAD_PS;
	return true;
}

/* Returns where the checksum's padding begins, 0 when there is no such image. */
static uint32_t load_segments(struct esp32c3 *s, unsigned count, uint8_t *checksum)
{
	uint32_t at = IMAGE_HEADER;

	for (unsigned i = 0; i < count; i++) {
		struct segment segment = {word_at(s->flash + at), word_at(s->flash + at + 4),
					  at + 8};

		if (segment.bytes > ESP32C3_FLASH_BYTES - at - 64) {
			print(s, "load:0x%08x,len:0x%x\r\n", segment.address, segment.bytes);
			return 0;
		}
		print(s, "load:0x%08x,len:0x%x\r\n", segment.address, segment.bytes);
		if (!load(s, &segment, checksum))
			return 0;
		at += 8 + segment.bytes;
	}
	return at;
}

static bool header_is_sound(struct esp32c3 *s)
{
	const uint8_t *header = s->flash;

	if (header[0] != IMAGE_MAGIC || header[1] == 0 || header[1] > SEGMENTS_MAX) {
		print(s, "invalid header: 0x%08x\r\n", word_at(header));
		return false;
	}
	if ((header[12] | (unsigned)header[13] << 8) != IMAGE_CHIP_ID) {
		esp32c3_fault(s, "image header: chip id %u, an ESP32-C3's is %u",
			      header[12] | (unsigned)header[13] << 8, IMAGE_CHIP_ID);
		return false;
	}
	return true;
}

static void print_mode(struct esp32c3 *s)
{
	static const char *const modes[4] = {"QIO", "QOUT", "DIO", "DOUT"};
	/* Byte 3, low half: 0 half, 1 a third, 2 a quarter, 15 the whole clock. */
	static const unsigned dividers[16] = {2, 3, 4, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1};
	unsigned mode = s->flash[2], divider = dividers[s->flash[3] & 15];

	print(s, "SPIWP:0xee\r\nmode:%s, clock div:%u\r\n", mode < 4 ? modes[mode] : "SLOW_RD",
	      divider);
	esp32c3_spi_set_mode(s, mode, divider);
}

static bool boot_image(struct esp32c3 *s)
{
	uint8_t checksum = CHECKSUM_SEED, stored;
	uint32_t end;

	if (!header_is_sound(s))
		return false;
	print_mode(s);
	end = load_segments(s, s->flash[1], &checksum);
	if (end == 0)
		return false;
	stored = s->flash[end | 15];
	if (stored != checksum) {
		print(s, "Checksum failed. Calculated 0x%02x stored 0x%02x\r\n", checksum, stored);
		return false;
	}
	s->rom.entry = word_at(s->flash + 4);
	print(s, "entry 0x%08x\r\n", s->rom.entry);
	return true;
}

static void boot_flash(struct esp32c3 *s)
{
	s->rom.to_entry = s->rom.restart = false;
	esp32c3_swd_feed(s); /* boots without an image end by TG0WDT, as recorded ones do */
	if (boot_image(s)) {
		s->rom.to_entry = true;
	} else if (!s->fault_text[0]) {
		s->rom.restart = true; /* tries again until a watchdog ends it */
		s->rom.wait_ps = RETRY_PS;
	}
}

/* Start -------------------------------------------------------------------------------------- */

static const char *reset_name(uint32_t reason)
{
	static const struct {
		uint32_t reason;
		const char *name;
	} names[] = {
		{ESP32C3_RESET_POWERON, "POWERON"},
		{ESP32C3_RESET_SW_SYS, "RTC_SW_SYS_RST"},
		{ESP32C3_RESET_TG0WDT_SYS, "TG0WDT_SYS_RST"},
		{ESP32C3_RESET_RTCWDT_SYS, "RTCWDT_SYS_RST"},
		{ESP32C3_RESET_TG0WDT_CPU, "TG0WDT_CPU_RST"},
		{ESP32C3_RESET_SW_CPU, "RTC_SW_CPU_RST"},
		{ESP32C3_RESET_RTCWDT_CPU, "RTCWDT_CPU_RST"},
		{ESP32C3_RESET_RTCWDT_RTC, "RTCWDT_RTC_RST"},
		{ESP32C3_RESET_SUPER_WDT, "SUPER_WDT_RST"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].reason == reason)
			return names[i].name;
	return "UNKNOWN";
}

static void print_banner(struct esp32c3 *s)
{
	print(s,
	      "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\nrst:0x%x (%s),boot:0x%x "
	      "(%s)\r\n",
	      s->reset_reason, reset_name(s->reset_reason), s->strap,
	      s->rom.download ? "DOWNLOAD(USB/UART0/1)" : "SPI_FAST_FLASH_BOOT");
	if (s->reset_reason != ESP32C3_RESET_POWERON)
		print(s, "Saved PC:0x%08x\r\n", s->saved_pc);
}

void esp32c3_rom_start(struct esp32c3 *s)
{
	memset(&s->rom, 0, sizeof(s->rom));
	s->rom.download = !(s->strap & 8); /* GPIO9 */
	memset(esp32c3_ram(s, ROM_UART_NUMBER, 4), 0, 4);
	esp32c3_uart_set_baud(s, 115200);
	print_banner(s);
	if (s->rom.download) {
		esp32c3_rom_print(s, "waiting for download\r\n");
		esp32c3_loader_start(&s->loader);
	} else {
		boot_flash(s);
	}
	esp32c3_rom_feed(s);
	esp32c3_wdt_schedule(s);
}

void esp32c3_rom_event(struct esp32c3 *s, int64_t t_ps)
{
	if (s->mode != ESP32C3_MODE_ROM)
		return;
	if (s->rom.to_entry) {
		esp32c3_start_program(s, s->rom.entry);
	} else if (s->rom.to_reboot) {
		esp32c3_request_reset(s, ESP32C3_RESET_SW_SYS);
	} else if (s->rom.restart) {
		boot_flash(s);
		esp32c3_rom_feed(s);
	} else {
		esp32c3_loader_step(&s->loader, t_ps);
		esp32c3_rom_feed(s);
		esp32c3_rom_loader_schedule(s);
	}
}

/* The loader's side of the chip -------------------------------------------------------------- */

static bool loader_read(void *context, uint32_t address, uint32_t *ret_value)
{
	struct esp32c3 *s = context;
	const uint8_t *memory = esp32c3_ram(s, address, 4);
	bool done = true;

	*ret_value = 0;
	s->quiet = true;
	if (memory)
		*ret_value = word_at(memory);
	else
		done = esp32c3_read(s, address, 4, ret_value);
	s->quiet = false;
	return done;
}

static void loader_ram_written(void *context, uint32_t address, uint32_t bytes)
{
	struct esp32c3 *s = context;

	rv32_invalidate(s->core, address & ~31u, (bytes + 95) & ~31u);
}

static bool loader_write(void *context, uint32_t address, uint32_t value)
{
	struct esp32c3 *s = context;
	uint8_t *memory = esp32c3_ram(s, address, 4);

	if (memory) {
		for (unsigned i = 0; i < 4; i++)
			memory[i] = (uint8_t)(value >> 8 * i);
		loader_ram_written(s, address, 4);
		return true;
	}
	s->quiet = true;
	esp32c3_write(s, address, 4, value);
	s->quiet = false;
	return true;
}

static uint8_t *loader_ram(void *context, uint32_t address, uint32_t bytes)
{
	return esp32c3_ram(context, address, bytes);
}

/* Write enable and one operation, after the one before. */
static void operate(struct esp32c3 *s, uint8_t command, uint32_t offset, const uint8_t *bytes,
		    uint32_t count)
{
	struct esp32c3_flash *chip = &s->flash_chip;
	int64_t t_ps = chip->busy_end_ps > s->now_ps ? chip->busy_end_ps : s->now_ps;
	const struct esp32c3_flash_transfer enable = {.command = 0x06};
	const struct esp32c3_flash_transfer operation = {
		.command = command, .address = offset, .out = bytes, .out_count = count};

	esp32c3_flash_do(chip, &enable, t_ps);
	esp32c3_flash_do(chip, &operation, t_ps);
}

static int64_t flash_time(const struct esp32c3 *s)
{
	int64_t left_ps = s->flash_chip.busy_end_ps - s->now_ps;

	return left_ps > 0 ? left_ps : 0;
}

static int64_t loader_erase(void *context, uint32_t offset, uint32_t bytes)
{
	struct esp32c3 *s = context;

	for (uint32_t done = 0; done < bytes;) {
		bool block = (offset + done) % ESP32C3_FLASH_BLOCK == 0 &&
			     bytes - done >= ESP32C3_FLASH_BLOCK;

		operate(s, block ? 0xD8 : 0x20, offset + done, NULL, 0);
		done += block ? ESP32C3_FLASH_BLOCK : ESP32C3_FLASH_SECTOR;
	}
	return flash_time(s);
}

static int64_t loader_program(void *context, uint32_t offset, const uint8_t *bytes, uint32_t count)
{
	struct esp32c3 *s = context;

	for (uint32_t done = 0; done < count;) {
		uint32_t room = ESP32C3_FLASH_PAGE - (offset + done) % ESP32C3_FLASH_PAGE;
		uint32_t size = count - done < room ? count - done : room;

		operate(s, 0x02, offset + done, bytes + done, size);
		done += size;
	}
	return flash_time(s);
}

static const uint8_t *loader_flash(void *context)
{
	return ((struct esp32c3 *)context)->flash;
}

static void loader_send(void *context, uint8_t byte)
{
	append(context, &byte, 1);
}

static void loader_set_baud(void *context, uint32_t baud)
{
	struct esp32c3 *s = context;

	s->rom.next_baud = baud;
	esp32c3_rom_feed(s);
}

static void loader_run(void *context, uint32_t entry)
{
	struct esp32c3 *s = context;

	s->rom.to_entry = true;
	s->rom.entry = entry;
}

static void loader_reboot(void *context)
{
	struct esp32c3 *s = context;

	s->rom.to_reboot = true;
	s->rom.wait_ps = REBOOT_PS;
}

void esp32c3_rom_loader_init(struct esp32c3 *s)
{
	const struct esp32c3_loader_target target = {
		.context = s,
		.read_word = loader_read,
		.write_word = loader_write,
		.ram = loader_ram,
		.ram_written = loader_ram_written,
		.flash_erase = loader_erase,
		.flash_program = loader_program,
		.flash_bytes = loader_flash,
		.send = loader_send,
		.set_baud = loader_set_baud,
		.run = loader_run,
		.reboot = loader_reboot,
		.flash_size = ESP32C3_FLASH_BYTES,
	};

	esp32c3_loader_init(&s->loader, &target);
}

void esp32c3_rom_loader_schedule(struct esp32c3 *s)
{
	if (!s->rom.to_entry && !s->rom.to_reboot)
		esp32c3_schedule(s, ESP32C3_DEADLINE_ROM, esp32c3_loader_next_ps(&s->loader));
}
