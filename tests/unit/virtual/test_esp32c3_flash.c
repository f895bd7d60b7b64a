/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SPI1 with the flash chip behind it, and the cache's way to flash, of the virtual ESP32-C3.
 */
#include "tests/unit/virtual/test_esp32c3.h"

#define CMD       ESP32C3_SPI1_BASE
#define ADDR      (ESP32C3_SPI1_BASE + 0x04)
#define CTRL      (ESP32C3_SPI1_BASE + 0x08)
#define CLOCK     (ESP32C3_SPI1_BASE + 0x14)
#define USER      (ESP32C3_SPI1_BASE + 0x18)
#define USER1     (ESP32C3_SPI1_BASE + 0x1C)
#define USER2     (ESP32C3_SPI1_BASE + 0x20)
#define MOSI_DLEN (ESP32C3_SPI1_BASE + 0x24)
#define MISO_DLEN (ESP32C3_SPI1_BASE + 0x28)
#define RD_STATUS (ESP32C3_SPI1_BASE + 0x2C)
#define W0        (ESP32C3_SPI1_BASE + 0x58)
#define CMD_WREN  (1u << 30)
#define CMD_RDSR  (1u << 27)
#define CMD_SE    (1u << 24)
#define CMD_PP    (1u << 25)
#define CMD_USR   (1u << 18)
#define SLOT      0x100000u
#define CACHE     ESP32C3_EXTMEM_BASE

static void command(struct c3 *c3, uint32_t bits)
{
	c3_poke(c3, CMD, bits);
	for (unsigned i = 0; i < 1000 && c3_peek(c3, CMD) != 0; i++)
		c3_run(c3, C3_US);
	assert_int_equal(c3_peek(c3, CMD), 0);
}

static uint8_t status(struct c3 *c3)
{
	command(c3, CMD_RDSR);
	return (uint8_t)c3_peek(c3, RD_STATUS);
}

/* A user transfer: command, address bits (0: none), MOSI and MISO bytes. */
static void user(struct c3 *c3, uint8_t code, uint32_t address, unsigned address_bits,
		 unsigned mosi, unsigned miso)
{
	c3_poke(c3, CTRL, 0x2C8000); /* single lines */
	c3_poke(c3, USER,
		1u << 31 | (address_bits ? 1u << 30 : 0) | (miso ? 1u << 28 : 0) |
			(mosi ? 1u << 27 : 0));
	c3_poke(c3, USER1, (address_bits - 1) << 26);
	c3_poke(c3, USER2, 7u << 28 | code);
	c3_poke(c3, ADDR, address);
	c3_poke(c3, MOSI_DLEN, mosi ? 8 * mosi - 1 : 0);
	c3_poke(c3, MISO_DLEN, miso ? 8 * miso - 1 : 0);
	command(c3, CMD_USR);
}

static int64_t wait_ready_ps(struct c3 *c3)
{
	int64_t start_ps = chip_now_ps(c3->chip);

	while (status(c3) & 1)
		c3_run(c3, 20 * C3_US);
	return chip_now_ps(c3->chip) - start_ps;
}

static void test_identity(void **state)
{
	struct c3 *c3 = c3_idle();

	(void)state;
	command(c3, 1u << 28);
	assert_int_equal(c3_peek(c3, W0) & 0xFFFFFF, ESP32C3_FLASH_JEDEC);
	c3_poke(c3, W0, 0);
	user(c3, 0x9F, 0, 0, 0, 3);
	assert_int_equal(c3_peek(c3, W0) & 0xFFFFFF, ESP32C3_FLASH_JEDEC);
	c3_assert_no_fault(c3);
	c3_close(c3);
}

static void test_erase_and_program(void **state)
{
	struct c3 *c3 = c3_idle();
	uint8_t *flash = c3_part(c3)->flash;
	int64_t took_ps;

	(void)state;
	memset(flash + SLOT, 0, 0x2000);
	assert_int_equal(status(c3), 0);
	c3_poke(c3, ADDR, SLOT + 0x123);
	command(c3, CMD_SE); /* without write enable: nothing */
	assert_int_equal(flash[SLOT], 0);
	assert_int_equal(status(c3), 0);
	command(c3, CMD_WREN);
	assert_int_equal(status(c3), 2);
	command(c3, CMD_SE);
	assert_int_equal(status(c3), 1); /* busy, and the enable is used up */
	took_ps = wait_ready_ps(c3);
	assert_in_range(took_ps / C3_MS, 49, 51);
	assert_int_equal(flash[SLOT], 0xFF);
	assert_int_equal(flash[SLOT + 0xFFF], 0xFF);
	assert_int_equal(flash[SLOT + 0x1000], 0);
	command(c3, CMD_WREN);
	c3_poke(c3, W0, 0x44332211);
	c3_poke(c3, W0 + 4, 0x88776655);
	user(c3, 0x02, SLOT + 0xFC, 24, 8, 0); /* wraps within its page */
	took_ps = wait_ready_ps(c3);
	assert_in_range(took_ps / C3_US, 550, 700);
	assert_memory_equal(flash + SLOT + 0xFC, "\x11\x22\x33\x44", 4);
	assert_memory_equal(flash + SLOT, "\x55\x66\x77\x88\xFF", 5);
	c3_poke(c3, W0, 0x0F);
	c3_poke(c3, ADDR, (SLOT + 0xFC) | 1u << 24);
	command(c3, CMD_WREN);
	command(c3, CMD_PP); /* bits are only cleared */
	wait_ready_ps(c3);
	assert_int_equal(flash[SLOT + 0xFC], 0x01);
	user(c3, 0x03, SLOT + 0xFD, 24, 0, 3);
	assert_int_equal(c3_peek(c3, W0) & 0xFFFFFF, 0x443322);
	c3_assert_no_fault(c3);
	c3_close(c3);
}

static void test_busy_chip_ignores(void **state)
{
	struct c3 *c3 = c3_idle();
	uint8_t *flash = c3_part(c3)->flash;

	(void)state;
	memset(flash + SLOT, 0, 0x20000);
	command(c3, CMD_WREN);
	user(c3, 0xD8, SLOT, 24, 0, 0);
	command(c3, CMD_WREN);
	assert_int_equal(status(c3), 1);
	user(c3, 0x03, SLOT, 24, 0, 4);
	assert_int_equal(c3_peek(c3, W0), 0xFFFFFFFF);
	assert_in_range(wait_ready_ps(c3) / C3_MS, 248, 251);
	assert_int_equal(flash[SLOT + 0xFFFF], 0xFF);
	assert_int_equal(flash[SLOT + 0x10000], 0);
	c3_close(c3);
}

/* Power lost in the middle: what was being erased is undefined. */
static void test_power_cut(void **state)
{
	struct c3 *c3 = c3_idle();
	uint8_t *flash = c3_part(c3)->flash;
	unsigned erased = 0;

	(void)state;
	c3_poke(c3, ADDR, SLOT);
	command(c3, CMD_WREN);
	command(c3, CMD_SE);
	c3_run(c3, 10 * C3_MS);
	chip_set_supply(c3->chip, 0);
	for (unsigned i = 0; i < 4096; i++)
		erased += flash[SLOT + i] == 0xFF;
	assert_true(erased < 100);
	c3_close(c3);
}

static void test_spi_rules(void **state)
{
	static const struct {
		uint32_t pokes[5][2];
		const char *sentence;
	} cases[] = {
		{{{USER, 1u << 31 | 1u << 30 | 1u << 28},
		  {USER1, 23u << 26},
		  {USER2, 0x70000003},
		  {CMD, CMD_USR}},
		 "selects other lines for reads"}, /* the ROM left DIO behind */
		{{{CTRL, 0},
		  {USER, 1u << 31 | 1u << 30 | 1u << 28},
		  {USER1, 23u << 26},
		  {USER2, 0x7000000B},
		  {CMD, CMD_USR}},
		 "flash read 0x0b with 0 dummy clocks, the chip needs 8"},
		{{{CTRL, 0},
		  {USER, 1u << 31 | 1u << 28},
		  {USER2, 0x7000009F},
		  {MISO_DLEN, 1023},
		  {CMD, CMD_USR}},
		 "transfer of 1024 bits, the data registers hold 512"},
		{{{CMD, CMD_WREN}, {CMD, CMD_WREN}}, "written while a transfer runs"},
		{{{ESP32C3_SPI0_BASE, CMD_WREN}}, "SPI0 belongs to the cache"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct c3 *c3 = c3_idle();

		for (size_t k = 0; k < 5 && cases[i].pokes[k][0]; k++)
			c3_poke(c3, cases[i].pokes[k][0], cases[i].pokes[k][1]);
		c3_assert_fault(c3, cases[i].sentence);
		c3_close(c3);
	}
}

/* Cache ---------------------------------------------------------------------------------------- */

static void map_slot(struct c3 *c3, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		c3_poke(c3, ESP32C3_MMU_BASE + 4 * i, SLOT / ESP32C3_MMU_PAGE + i);
}

static void enable_cache(struct c3 *c3)
{
	c3_poke(c3, CACHE + 4, 0);
	c3_poke(c3, CACHE, 1);
	c3_poke(c3, CACHE + 0x28, 1);
	assert_int_equal(c3_peek(c3, CACHE + 0x28) & 2, 2);
}

/* Pages in a row are one mapping on each bus. */
static void test_mappings(void **state)
{
	struct c3 *c3 = c3_idle();
	const struct esp32c3_cache *cache = &c3_part(c3)->cache;

	(void)state;
	assert_int_equal(c3_peek(c3, ESP32C3_MMU_BASE), ESP32C3_MMU_INVALID);
	map_slot(c3, 48);
	assert_int_equal(cache->map_count, 0);
	enable_cache(c3);
	assert_int_equal(cache->map_count, 2);
	assert_int_equal(cache->maps[0].base, ESP32C3_DROM_BASE);
	assert_int_equal(cache->maps[0].bytes, 0x300000);
	assert_int_equal(cache->maps[0].offset, SLOT);
	assert_int_equal(cache->maps[1].base, ESP32C3_IROM_BASE);
	c3_poke(c3, ESP32C3_MMU_BASE + 4 * 10, ESP32C3_MMU_INVALID);
	assert_int_equal(cache->map_count, 4);
	c3_poke(c3, CACHE + 4, 1); /* instruction bus shut */
	assert_int_equal(cache->map_count, 2);
	c3_poke(c3, CACHE, 0);
	assert_int_equal(cache->map_count, 0);
	c3_assert_no_fault(c3);
	c3_close(c3);
}

static void cache_off(struct c3 *c3)
{
	map_slot(c3, 1);
}

static void bus_shut(struct c3 *c3)
{
	map_slot(c3, 1);
	c3_poke(c3, CACHE, 1);
}

static void entry_invalid(struct c3 *c3)
{
	enable_cache(c3);
}

static void chip_busy(struct c3 *c3)
{
	map_slot(c3, 1);
	enable_cache(c3);
	c3_poke(c3, ADDR, 0x200000);
	command(c3, CMD_WREN);
	command(c3, CMD_SE);
}

static void stale(struct c3 *c3)
{
	chip_busy(c3);
	c3_run(c3, 60 * C3_MS);
	c3_poke(c3, ADDR, SLOT);
	command(c3, CMD_WREN);
	command(c3, CMD_SE);
	c3_run(c3, 60 * C3_MS);
}

static void half_invalidated(struct c3 *c3)
{
	stale(c3);
	c3_poke(c3, CACHE + 0x2C, ESP32C3_DROM_BASE);
	c3_poke(c3, CACHE + 0x30, 0x800 / 32);
	c3_poke(c3, CACHE + 0x28, 1);
}

static void upper_half_invalidated(struct c3 *c3)
{
	stale(c3);
	c3_poke(c3, CACHE + 0x2C, ESP32C3_DROM_BASE + 0x800);
	c3_poke(c3, CACHE + 0x30, 0x800 / 32);
	c3_poke(c3, CACHE + 0x28, 1);
}

static void test_cache_rules(void **state)
{
	static const struct {
		void (*prepare)(struct c3 *c3);
		const char *sentence;
	} cases[] = {
		{cache_off, "flash read at 0x3c000010 while the cache is off"},
		{bus_shut, "while EXTMEM_ICACHE_CTRL1 shuts its bus"},
		{entry_invalid, "MMU entry 0 is invalid"},
		{chip_busy, "while the flash chip is busy"},
		{stale, "flash at 0x100000 has changed since the cache was invalidated"},
		{half_invalidated, "flash at 0x100000 has changed since the cache was invalidated"},
		{upper_half_invalidated,
		 "flash at 0x100000 has changed since the cache was invalidated"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct c3 *c3 = c3_idle();

		cases[i].prepare(c3);
		c3_assert_no_fault(c3);
		c3_peek(c3, ESP32C3_DROM_BASE + 0x10);
		c3_assert_fault(c3, cases[i].sentence);
		c3_close(c3);
	}
}

static void test_invalidation_heals(void **state)
{
	struct c3 *c3 = c3_idle();

	(void)state;
	stale(c3);
	assert_int_equal(c3_part(c3)->cache.map_count, 0);
	c3_poke(c3, CACHE + 0x2C, ESP32C3_DROM_BASE);
	c3_poke(c3, CACHE + 0x30, 0x1000 / 32);
	c3_poke(c3, CACHE + 0x28, 1);
	assert_int_equal(c3_part(c3)->cache.map_count, 2);
	c3_assert_no_fault(c3);
	c3_close(c3);
}

static void test_sram0_is_the_cache(void **state)
{
	struct c3 *c3 = c3_idle();

	(void)state;
	enable_cache(c3);
	c3_poke(c3, ESP32C3_SRAM0_BASE, 1);
	c3_assert_fault(c3, "store to SRAM0 at 0x4037c000, which the cache uses");
	c3_close(c3);
}

static void test_mmu_beyond_chip(void **state)
{
	struct c3 *c3 = c3_idle();

	(void)state;
	c3_poke(c3, ESP32C3_MMU_BASE, 64);
	c3_assert_fault(c3, "MMU entry 0 = 0x40 points beyond the flash chip");
	c3_close(c3);
}

/* A line's cycles follow read mode, SPI clock and CPU clock. */
static void test_line_cycles(void **state)
{
	static const struct {
		uint32_t ctrl, clock;
		unsigned cycles;
	} cases[] = {
		{1u << 13 | 1u << 23, 1u << 31, 76}, /* DIO: 152 clocks at 40, CPU at 20 MHz */
		{1u << 13 | 1u << 23, 0x10001, 152}, /* half of it */
		{1u << 13 | 1u << 24, 1u << 31, 42}, /* QIO: 84 */
		{0, 1u << 31, 148},                  /* single: 296 */
	};
	struct c3 *c3 = c3_idle();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		c3_poke(c3, ESP32C3_SPI0_BASE + 0x08, cases[i].ctrl);
		c3_poke(c3, ESP32C3_SPI0_BASE + 0x14, cases[i].clock);
		assert_in_range(esp32c3_line_cycles(c3_part(c3)), cases[i].cycles,
				cases[i].cycles + 1);
	}
	c3_close(c3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_erase_and_program),
		cmocka_unit_test(test_busy_chip_ignores),
		cmocka_unit_test(test_power_cut),
		cmocka_unit_test(test_spi_rules),
		cmocka_unit_test(test_mappings),
		cmocka_unit_test(test_cache_rules),
		cmocka_unit_test(test_invalidation_heals),
		cmocka_unit_test(test_sram0_is_the_cache),
		cmocka_unit_test(test_mmu_beyond_chip),
		cmocka_unit_test(test_line_cycles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
