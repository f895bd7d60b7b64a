/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The system bootloader of the virtual STM32F767 (ST AN3155, AN2606) over its UART pins: flash,
 * read back, erase by sector, go, and what it refuses.
 */
#include "tests/unit/virtual/test_f767_bench.h"

static const struct chip_uart_format loader_format = {57600, CHIP_PARITY_EVEN};

static void put(struct bench *bench, const void *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bench_run(bench, 191 * BENCH_US);
		chip_uart_rx(bench->chip, ((const uint8_t *)bytes)[i], &loader_format);
	}
}

static void expect(struct bench *bench, const void *answer, size_t count)
{
	assert_int_equal(bench->byte_count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(bench->bytes[i].byte, ((const uint8_t *)answer)[i]);
		assert_int_equal(bench->bytes[i].format.parity, CHIP_PARITY_EVEN);
		assert_int_equal(bench->bytes[i].format.baud, 57600);
	}
	bench->byte_count = 0;
}

#define EXCHANGE(bench, bytes, answer)                                                             \
	do {                                                                                       \
		put(bench, bytes, sizeof(bytes) - 1);                                              \
		bench_run(bench, 20 * BENCH_MS);                                                   \
		expect(bench, answer, sizeof(answer) - 1);                                         \
	} while (0)

static void enter_loader(struct bench *bench)
{
	chip_set_boot0(bench->chip, true);
	chip_set_nrst(bench->chip, false);
	bench_run(bench, 2 * BENCH_MS);
	chip_set_nrst(bench->chip, true);
	bench_run(bench, 100 * BENCH_MS);
	chip_set_boot0(bench->chip, false);
	bench->byte_count = 0;
	EXCHANGE(bench, "\x7F", "\x79");
}

static void open_loader(struct bench *bench)
{
	bench_open_idle(bench, 3);
	enter_loader(bench);
}

static void write_block(struct bench *bench, uint32_t address, const void *bytes, uint8_t count)
{
	uint8_t frame[258] = {(uint8_t)(count - 1)};
	uint8_t where[5] = {(uint8_t)(address >> 24), (uint8_t)(address >> 16),
			    (uint8_t)(address >> 8), (uint8_t)address};

	where[4] = where[0] ^ where[1] ^ where[2] ^ where[3];
	EXCHANGE(bench, "\x31\xCE", "\x79");
	put(bench, where, 5);
	bench_run(bench, BENCH_MS);
	expect(bench, "\x79", 1);
	memcpy(frame + 1, bytes, count);
	for (size_t i = 0; i <= count; i++)
		frame[count + 1] ^= frame[i];
	put(bench, frame, count + 2u);
	bench_run(bench, 10 * BENCH_MS);
	expect(bench, "\x79", 1);
}

static void test_information(void **state)
{
	struct bench bench;

	(void)state;
	open_loader(&bench);
	assert_true(bench.activity.pll_on && bench.activity.hclk_hz == 60e6);
	EXCHANGE(&bench, "\x02\xFD", "\x79\x01\x04\x51\x79");
	EXCHANGE(&bench, "\x01\xFE", "\x79\x31\x00\x00\x79");
	EXCHANGE(&bench, "\x00\xFF",
		 "\x79\x0B\x31\x00\x01\x02\x11\x21\x31\x44\x63\x73\x82\x92\x79");
	EXCHANGE(&bench, "\x11\xEE", "\x79"); /* the unique id */
	EXCHANGE(&bench, "\x1F\xF0\xF4\x20\x3B", "\x79");
	EXCHANGE(&bench, "\x06\xF9", "\x79VIRTUAL");
	EXCHANGE(&bench, "\x11\xEE", "\x79"); /* flash size, 2048 KB */
	EXCHANGE(&bench, "\x1F\xF0\xF4\x42\x59", "\x79");
	EXCHANGE(&bench, "\x01\xFE", "\x79\x00\x08");
	bench_close(&bench);
}

/* The protection commands answer, and are refused on this rig. */
static void test_protection_is_refused(void **state)
{
	struct bench bench;

	(void)state;
	open_loader(&bench);
	EXCHANGE(&bench, "\x63\x9C", "\x1F");
	EXCHANGE(&bench, "\x73\x8C", "\x1F");
	EXCHANGE(&bench, "\x82\x7D", "\x1F");
	EXCHANGE(&bench, "\x92\x6D", "\x1F");
	EXCHANGE(&bench, "\x43\xBC", "\x1F"); /* erase by byte numbers: not this loader's */
	EXCHANGE(&bench, "\x02\xFD", "\x79\x01\x04\x51\x79");
	bench_close(&bench);
}

static void test_areas(void **state)
{
	struct bench bench;

	(void)state;
	open_loader(&bench);
	EXCHANGE(&bench, "\x31\xCE", "\x79"); /* the loader's own 16 KB */
	EXCHANGE(&bench, "\x20\x00\x3F\xFC\xE3", "\x1F");
	write_block(&bench, 0x20004000, "\x01\x02\x03\x04", 4);
	assert_memory_equal(bench_chip(&bench)->sram + 0x4000, "\x01\x02\x03\x04", 4);
	write_block(&bench, 0x2001FFFC, "\x05\x06\x07\x08\x09\x0A\x0B\x0C", 8); /* DTCM and SRAM1 */
	assert_memory_equal(bench_chip(&bench)->sram + 0x1FFFC, "\x05\x06\x07\x08\x09", 5);
	EXCHANGE(&bench, "\x31\xCE", "\x79");
	EXCHANGE(&bench, "\x20\x08\x00\x00\x28", "\x1F"); /* behind the RAM */
	EXCHANGE(&bench, "\x31\xCE", "\x79");
	EXCHANGE(&bench, "\x1F\xF0\x00\x00\xEF", "\x1F"); /* system memory */
	bench_close(&bench);
}

/* Sectors have their own sizes and times: 0 takes 0.4 s, 4 takes 1.1 s, 11 takes 2.1 s. */
static void test_erase_sectors(void **state)
{
	struct bench bench;
	uint8_t *flash;

	(void)state;
	open_loader(&bench);
	flash = bench_chip(&bench)->flash;
	memset(flash, 0, F767_FLASH_BYTES);
	EXCHANGE(&bench, "\x44\xBB", "\x79");
	put(&bench, "\x00\x02\x00\x00\x00\x04\x00\x0B\x0D", 9);
	bench_run(&bench, 3590 * BENCH_MS);
	assert_true(bench.activity.flash_busy);
	expect(&bench, "", 0);
	assert_int_equal(flash[0x7FFF], 0xFF);
	assert_int_equal(flash[0x20000], 0xFF);
	assert_int_equal(flash[0x1C0000], 0);
	bench_run(&bench, 20 * BENCH_MS);
	expect(&bench, "\x79", 1);
	assert_int_equal(flash[0x8000], 0);
	assert_int_equal(flash[0x3FFFF], 0xFF);
	assert_int_equal(flash[0x40000], 0);
	assert_int_equal(flash[0x1BFFFF], 0);
	assert_int_equal(flash[0x1C0000], 0xFF);
	assert_int_equal(flash[0x1FFFFF], 0xFF);
	EXCHANGE(&bench, "\x44\xBB", "\x79");
	EXCHANGE(&bench, "\x00\x00\x00\x0C\x0C", "\x1F"); /* there is no sector 12 */
	bench_close(&bench);
}

static void test_mass_erase(void **state)
{
	struct bench bench;
	uint8_t *flash;

	(void)state;
	open_loader(&bench);
	flash = bench_chip(&bench)->flash;
	memset(flash, 0, F767_FLASH_BYTES);
	EXCHANGE(&bench, "\x44\xBB", "\x79");
	put(&bench, "\xFF\xFF\x00", 3);
	bench_run(&bench, 15990 * BENCH_MS);
	expect(&bench, "", 0);
	bench_run(&bench, 20 * BENCH_MS);
	expect(&bench, "\x79", 1);
	for (size_t i = 0; i < F767_FLASH_BYTES; i += 1024)
		assert_int_equal(flash[i], 0xFF);
	bench_close(&bench);
}

/* By byte, 16 us each. */
static void test_program_time(void **state)
{
	static const uint8_t zeroes[256];
	struct bench bench;

	(void)state;
	open_loader(&bench);
	EXCHANGE(&bench, "\x31\xCE", "\x79");
	EXCHANGE(&bench, "\x08\x08\x00\x00\x00", "\x79");
	put(&bench, "\xFF", 1);
	put(&bench, zeroes, 256);
	put(&bench, "\xFF", 1);
	bench_run(&bench, 4 * BENCH_MS);
	expect(&bench, "", 0);
	bench_run(&bench, BENCH_MS);
	expect(&bench, "\x79", 1);
	assert_int_equal(bench_chip(&bench)->flash[0x800FF], 0);
	assert_int_equal(bench_chip(&bench)->flash[0x80100], 0xFF);
	EXCHANGE(&bench, "\x31\xCE", "\x79"); /* not erased */
	EXCHANGE(&bench, "\x08\x08\x00\x00\x00", "\x79");
	EXCHANGE(&bench, "\x03\x01\x02\x03\x04\x07", "\x1F");
	bench_close(&bench);
}

/* PE9 an output, and up. */
static const struct bench_step script_mark[] = {
	{0x40023830, 0, 0x10},
	{0x40021000, 0, 0x40000},
	{0x40021018, 0, 0x200},
	{0, 0, 0},
};

static void test_flash_and_go(void **state)
{
	const uint32_t vectors[2] = {0x2007C000, 0x08000009};
	uint8_t image[8 + sizeof(bench_script_code) + sizeof(script_mark)];
	struct bench bench;

	(void)state;
	memcpy(image, vectors, 8);
	memcpy(image + 8, bench_script_code, sizeof(bench_script_code));
	memcpy(image + 8 + sizeof(bench_script_code), script_mark, sizeof(script_mark));
	open_loader(&bench);
	EXCHANGE(&bench, "\x44\xBB", "\x79");
	put(&bench, "\x00\x00\x00\x00\x00", 5);
	bench_run(&bench, 410 * BENCH_MS);
	expect(&bench, "\x79", 1);
	write_block(&bench, 0x08000000, image, sizeof(image));
	assert_memory_equal(bench_chip(&bench)->flash, image, sizeof(image));
	assert_int_equal(bench.edge_count, 0);
	EXCHANGE(&bench, "\x21\xDE", "\x79");
	EXCHANGE(&bench, "\x08\x00\x00\x00\x08", "\x79");
	assert_int_equal(bench.edge_count, 1);
	bench_assert_no_fault(&bench);

	chip_set_nrst(bench.chip, false); /* and the same from reset, BOOT0 being low */
	bench_run(&bench, BENCH_MS);
	chip_set_nrst(bench.chip, true);
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.edge_count, 3);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_information),  cmocka_unit_test(test_protection_is_refused),
		cmocka_unit_test(test_areas),        cmocka_unit_test(test_erase_sectors),
		cmocka_unit_test(test_mass_erase),   cmocka_unit_test(test_program_time),
		cmocka_unit_test(test_flash_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
