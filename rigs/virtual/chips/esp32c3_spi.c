/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SPI1 (program's way to the flash chip) and SPI0 (the cache's way) of the ESP32-C3: the SPI_MEM
 * registers of Espressif's soc/spi_mem_reg.h. SPI1 runs the single-bit commands of SPI_MEM_CMD and
 * user-defined transfers; SPI0's registers only decide how long a cache line takes.
 *
 * A command bit reads as set until its transfer has ended; the flash chip's own operation goes on
 * after that. Block erase by FLASH_BE is taken as command D8 (64 KB).
 *
 * The SPI core clock is 80, 120 or 160 MHz from the PLL (CORE_CLK_SEL), else the CPU clock's source
 * undivided (modelled).
 */
#include <string.h>

#include "rigs/virtual/chips/esp32c3.h"

#define CMD_USR          (1u << 18)
#define CMD_ALL          0xFFFE0000u
#define CTRL_FASTRD      (1u << 13)
#define CTRL_DUAL        (1u << 14)
#define CTRL_QUAD        (1u << 20)
#define CTRL_DIO         (1u << 23)
#define CTRL_QIO         (1u << 24)
#define CTRL_LINES       (CTRL_DUAL | CTRL_QUAD | CTRL_DIO | CTRL_QIO)
#define USER_COMMAND     (1u << 31)
#define USER_ADDR        (1u << 30)
#define USER_DUMMY       (1u << 29)
#define USER_MISO        (1u << 28)
#define USER_MOSI        (1u << 27)
#define USER_HIGHPART    (3u << 24)
#define CLOCK_EQU_SYSCLK (1u << 31)
#define CTRL_RESET       0x002CA000u
#define CLOCK_RESET      0x00030103u
#define USER_RESET       0x80000000u
#define USER1_RESET      0x5C000007u
#define USER2_RESET      0x70000000u
#define CORE_CLK_SEL     0xE0u
#define DATA_BYTES       64u
#define LINE_BITS        256u
#define SINGLE           0u

static uint32_t reg(const struct esp32c3 *s, unsigned controller, uint32_t offset)
{
	return s->spi[controller][offset / 4];
}

static uint64_t core_millihz(const struct esp32c3 *s)
{
	static const unsigned pll_quarters[4] = {8, 12, 16, 8}; /* of 10 MHz */

	switch (esp32c3_source(s)) {
	case ESP32C3_SOURCE_PLL:
		return pll_quarters[reg(s, 0, CORE_CLK_SEL) & 3] * esp32c3_xtal_millihz(s) / 4;
	case ESP32C3_SOURCE_RC_FAST:
		return esp32c3_rc_fast_millihz(s);
	default:
		return esp32c3_xtal_millihz(s);
	}
}

/* s->spi[0] is SPI1, s->spi[1] is SPI0: in the order of their addresses. */
uint64_t esp32c3_spi_millihz(const struct esp32c3 *s, unsigned controller)
{
	uint32_t clock = reg(s, controller, ESP32C3_SPI_CLOCK);

	return clock & CLOCK_EQU_SYSCLK ? core_millihz(s)
					: core_millihz(s) / ((clock >> 16 & 255) + 1);
}

/* How a read goes over the wire, by CTRL: SPI clocks before the data, and data bits per clock. */
static const struct read_mode {
	uint32_t lines;
	unsigned overhead, bits;
} read_modes[] = {
	{CTRL_QIO, 8 + 6 + 6, 4},   {CTRL_DIO, 8 + 12 + 4, 2}, {CTRL_QUAD, 8 + 24 + 8, 4},
	{CTRL_DUAL, 8 + 24 + 8, 2}, {SINGLE, 8 + 24 + 8, 1},
};

unsigned esp32c3_line_cycles(const struct esp32c3 *s)
{
	uint32_t lines = reg(s, 1, ESP32C3_SPI_CTRL) & CTRL_LINES;
	uint64_t spi = esp32c3_spi_millihz(s, 1);
	const struct read_mode *mode = read_modes;

	while (mode->lines != SINGLE && !(lines & mode->lines))
		mode++;
	if (spi == 0)
		return 1;
	return (unsigned)((mode->overhead + LINE_BITS / mode->bits) * s->cpu_millihz / spi) + 1;
}

/* Transfers ---------------------------------------------------------------------------------- */

static void get_data(const struct esp32c3 *s, uint8_t *bytes)
{
	for (unsigned i = 0; i < DATA_BYTES; i++)
		bytes[i] = (uint8_t)(reg(s, 0, ESP32C3_SPI_W0 + (i & ~3u)) >> i % 4 * 8);
}

static void put_data(struct esp32c3 *s, const uint8_t *bytes, size_t count)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t *word = &s->spi[0][(ESP32C3_SPI_W0 + i) / 4];
		unsigned shift = i % 4 * 8;

		*word = (*word & ~(0xFFu << shift)) | (uint32_t)bytes[i] << shift;
	}
}

/* Runs one transfer whose chip select is low for so many SPI clocks. */
static void transfer(struct esp32c3 *s, const struct esp32c3_flash_transfer *what, unsigned clocks)
{
	uint64_t spi = esp32c3_spi_millihz(s, 0);
	struct esp32c3_flash *chip = &s->flash_chip;
	int64_t now_ps = esp32c3_now(s);

	s->spi_end_ps =
		now_ps + (int64_t)((__int128)clocks * ESP32C3_PS_PER_S * 1000 / (__int128)spi);
	esp32c3_flash_do(chip, what, s->spi_end_ps);
	if (chip->changed_bytes > 0)
		esp32c3_cache_flash_changed(s, chip->changed_offset, chip->changed_bytes);
	if (esp32c3_flash_is_busy(chip, s->spi_end_ps))
		esp32c3_schedule(s, ESP32C3_DEADLINE_FLASH, chip->busy_end_ps);
	esp32c3_cache_update(s);
}

void esp32c3_flash_event(struct esp32c3 *s, int64_t t_ps)
{
	(void)t_ps;
	esp32c3_cache_update(s);
}

/* Commands that SPI_MEM_CMD starts by one bit. */
static const struct direct {
	unsigned bit;
	uint8_t command;
	bool address, program, status, id;
} directs[] = {
	{20, 0xAB, .status = true},
	{21, 0xB9},
	{22, 0xC7},
	{23, 0xD8, .address = true},
	{24, 0x20, .address = true},
	{25, 0x02, .address = true, .program = true},
	{26, 0x01},
	{27, 0x05, .status = true},
	{28, 0x9F, .id = true},
	{29, 0x04},
	{30, 0x06},
};

/* Page program: ADDR holds the count in its upper byte, else MOSI_DLEN does. */
static size_t program_bytes(const struct esp32c3 *s)
{
	uint32_t count = reg(s, 0, ESP32C3_SPI_ADDR) >> 24;

	if (count == 0)
		count = ((reg(s, 0, ESP32C3_SPI_MOSI_DLEN) & 0x3FF) + 1) / 8;
	return count < DATA_BYTES ? count : DATA_BYTES;
}

static void run_direct(struct esp32c3 *s, const struct direct *direct)
{
	uint8_t out[DATA_BYTES], in[4] = {0};
	struct esp32c3_flash_transfer what = {.command = direct->command, .out = out, .in = in};

	get_data(s, out);
	if (direct->address)
		what.address = reg(s, 0, ESP32C3_SPI_ADDR) & 0xFFFFFF;
	if (direct->program)
		what.out_count = program_bytes(s);
	if (direct->command == 0x01) { /* RD_STATUS holds what is to be written */
		out[0] = (uint8_t)reg(s, 0, ESP32C3_SPI_RD_STATUS);
		out[1] = (uint8_t)(reg(s, 0, ESP32C3_SPI_RD_STATUS) >> 8);
		what.out_count = reg(s, 0, ESP32C3_SPI_CTRL) >> 22 & 1 ? 2 : 1; /* WRSR_2B */
	}
	what.in_count = direct->status ? 1 : direct->id ? 3 : 0;
	transfer(s, &what,
		 8 + (direct->address ? 24 : 0) + 8 * (unsigned)(what.out_count + what.in_count));
	if (direct->status)
		s->spi[0][ESP32C3_SPI_RD_STATUS / 4] =
			(reg(s, 0, ESP32C3_SPI_RD_STATUS) & 0xFFFF0000) | in[0];
	if (direct->id)
		put_data(s, in, 3);
}

/* Lines and dummy clocks that a read command needs. */
static const struct read_command {
	uint8_t command;
	uint32_t lines;
	unsigned dummies;
} read_commands[] = {
	{0x03, SINGLE, 0},    {0x0B, SINGLE, 8},   {0x3B, CTRL_DUAL, 8},
	{0x6B, CTRL_QUAD, 8}, {0xBB, CTRL_DIO, 4}, {0xEB, CTRL_QIO, 6},
};

static bool user_is_sound(struct esp32c3 *s, uint8_t command, unsigned dummies)
{
	uint32_t user = reg(s, 0, ESP32C3_SPI_USER), ctrl = reg(s, 0, ESP32C3_SPI_CTRL);
	uint32_t lines = ctrl & CTRL_FASTRD ? ctrl & CTRL_LINES : 0, needed = SINGLE;

	if (!(user & USER_COMMAND) || user & USER_HIGHPART) {
		esp32c3_fault(s, "SPI1 USER 0x%08x: a transfer has a command and no high part here",
			      user);
		return false;
	}
	for (size_t i = 0; i < sizeof(read_commands) / sizeof(read_commands[0]); i++) {
		if (read_commands[i].command != command)
			continue;
		needed = read_commands[i].lines;
		if (dummies != read_commands[i].dummies) {
			esp32c3_fault(s,
				      "SPI1: flash read 0x%02x with %u dummy clocks, the chip "
				      "needs %u",
				      command, dummies, read_commands[i].dummies);
			return false;
		}
	}
	if (user & (USER_MISO | USER_ADDR) && lines != needed) {
		esp32c3_fault(s,
			      "SPI1: flash command 0x%02x while SPI_MEM_CTRL 0x%08x selects other "
			      "lines for reads",
			      command, ctrl);
		return false;
	}
	return true;
}

static void run_user(struct esp32c3 *s)
{
	uint32_t user = reg(s, 0, ESP32C3_SPI_USER), user1 = reg(s, 0, ESP32C3_SPI_USER1);
	unsigned address_bits = user & USER_ADDR ? (user1 >> 26) + 1 : 0;
	unsigned dummies = user & USER_DUMMY ? (user1 & 63) + 1 : 0;
	unsigned mosi_bits = user & USER_MOSI ? (reg(s, 0, ESP32C3_SPI_MOSI_DLEN) & 0x3FF) + 1 : 0;
	unsigned miso_bits = user & USER_MISO ? (reg(s, 0, ESP32C3_SPI_MISO_DLEN) & 0x3FF) + 1 : 0;
	uint8_t command = (uint8_t)reg(s, 0, ESP32C3_SPI_USER2), out[DATA_BYTES], in[DATA_BYTES];
	struct esp32c3_flash_transfer what = {.command = command,
					      .out = out,
					      .out_count = mosi_bits / 8,
					      .in = in,
					      .in_count = miso_bits / 8};

	if (!user_is_sound(s, command, dummies))
		return;
	if (what.out_count > DATA_BYTES || what.in_count > DATA_BYTES) {
		esp32c3_fault(s, "SPI1: transfer of %u bits, the data registers hold 512",
			      mosi_bits > miso_bits ? mosi_bits : miso_bits);
		return;
	}
	get_data(s, out);
	what.address = reg(s, 0, ESP32C3_SPI_ADDR);
	if (address_bits < 32)
		what.address &= (1u << address_bits) - 1;
	transfer(s, &what, 8 + address_bits + dummies + mosi_bits + miso_bits);
	put_data(s, in, what.in_count);
}

static void command_write(struct esp32c3 *s, uint32_t value)
{
	value &= CMD_ALL;
	if (value == 0)
		return;
	if (s->spi_end_ps > esp32c3_now(s)) {
		esp32c3_fault(s, "SPI_MEM_CMD 0x%08x written while a transfer runs", value);
		return;
	}
	s->spi[0][ESP32C3_SPI_CMD / 4] = value;
	if (value & CMD_USR) { /* FLASH_PE besides only says that it programs */
		run_user(s);
		return;
	}
	for (size_t i = 0; i < sizeof(directs) / sizeof(directs[0]); i++) {
		if (value == 1u << directs[i].bit) {
			run_direct(s, &directs[i]);
			return;
		}
	}
	esp32c3_fault(s, "SPI_MEM_CMD 0x%08x is not modelled", value);
}

/* Registers ---------------------------------------------------------------------------------- */

uint32_t esp32c3_spi_read(struct esp32c3 *s, uint32_t offset)
{
	unsigned controller = offset / 0x1000;

	offset %= 0x1000;
	if (offset == 0x3FC)
		return 0x02007130;
	if (offset >= ESP32C3_SPI_BYTES) {
		esp32c3_unmodelled(s, ESP32C3_SPI1_BASE + controller * 0x1000 + offset);
		return 0;
	}
	if (controller == 0 && offset == ESP32C3_SPI_CMD && s->spi_end_ps <= esp32c3_now(s))
		return 0;
	return reg(s, controller, offset);
}

void esp32c3_spi_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	unsigned controller = offset / 0x1000;

	offset %= 0x1000;
	if (offset >= ESP32C3_SPI_BYTES) {
		esp32c3_unmodelled(s, ESP32C3_SPI1_BASE + controller * 0x1000 + offset);
	} else if (offset == ESP32C3_SPI_CMD) {
		if (controller == 0)
			command_write(s, value);
		else if (value & CMD_ALL)
			esp32c3_fault(s, "SPI0's SPI_MEM_CMD 0x%08x: SPI0 belongs to the cache",
				      value);
	} else {
		s->spi[controller][offset / 4] = value;
		if (controller == 1)
			rv32_set_flash(s->core, esp32c3_line_cycles(s));
	}
}

void esp32c3_spi_reset(struct esp32c3 *s)
{
	memset(s->spi, 0, sizeof(s->spi));
	for (unsigned controller = 0; controller < 2; controller++) {
		s->spi[controller][ESP32C3_SPI_CTRL / 4] = CTRL_RESET;
		s->spi[controller][ESP32C3_SPI_CLOCK / 4] = CLOCK_RESET;
		s->spi[controller][ESP32C3_SPI_USER / 4] = USER_RESET;
		s->spi[controller][ESP32C3_SPI_USER1 / 4] = USER1_RESET;
		s->spi[controller][ESP32C3_SPI_USER2 / 4] = USER2_RESET;
	}
	s->spi_end_ps = 0;
}

/* The ROM sets both controllers as the image header says: read mode (0 QIO, 1 QOUT, 2 DIO, 3 DOUT)
 * and clock divider. */
void esp32c3_spi_set_mode(struct esp32c3 *s, unsigned mode, unsigned divider)
{
	static const uint32_t lines[4] = {CTRL_QIO, CTRL_QUAD, CTRL_DIO, CTRL_DUAL};
	uint32_t n = divider - 1;

	for (unsigned controller = 0; controller < 2; controller++) {
		s->spi[controller][ESP32C3_SPI_CTRL / 4] =
			CTRL_RESET | (mode < 4 ? lines[mode] : 0);
		s->spi[controller][ESP32C3_SPI_CLOCK / 4] =
			divider == 1 ? CLOCK_EQU_SYSCLK : n << 16 | ((n + 1) / 2 - 1) << 8 | n;
	}
	rv32_set_flash(s->core, esp32c3_line_cycles(s));
}

void esp32c3_flash_power_off(struct esp32c3 *s)
{
	struct esp32c3_flash *chip = &s->flash_chip;

	if (esp32c3_flash_is_busy(chip, s->now_ps))
		for (uint32_t i = 0; i < chip->busy_bytes; i++)
			s->flash[chip->busy_offset + i] = (uint8_t)esp32c3_random(s);
	esp32c3_flash_init(chip, s->flash);
}
