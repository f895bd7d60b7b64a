/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flash controller of the virtual STM32L4R5: keys, double words, erase, errors, times,
 * interruption.
 */
#include "tests/unit/virtual/chip_bench.h"

#define KEYR   (L4L5_FLASHC_BASE + 0x08)
#define SR     (L4L5_FLASHC_BASE + 0x10)
#define CR     (L4L5_FLASHC_BASE + 0x14)
#define OPTR   (L4L5_FLASHC_BASE + 0x20)
#define BSY    (1u << 16)
#define BANK_2 0x08100000u

static void unlock(struct bench *bench)
{
	bench_poke(bench, KEYR, 0x45670123);
	bench_poke(bench, KEYR, 0xCDEF89AB);
	assert_false(bench_peek(bench, CR) >> 31);
}

static void test_options(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	assert_true(bench_peek(&bench, OPTR) & 1u << 22);
	assert_true(bench_peek(&bench, CR) >> 31);
	bench_close(&bench);
}

static void test_program(void **state)
{
	struct bench bench;
	static const uint8_t bytes[8] = {0x44, 0x33, 0x22, 0x11, 0x88, 0x77, 0x66, 0x55};

	(void)state;
	bench_open_idle(&bench, 1);
	unlock(&bench);
	bench_poke(&bench, CR, 1);
	bench_poke(&bench, BANK_2 + 8, 0x11223344);
	assert_false(bench_peek(&bench, SR) & BSY);
	bench_poke(&bench, BANK_2 + 12, 0x55667788);
	assert_true(bench_peek(&bench, SR) & BSY);
	bench_run(&bench, 81 * BENCH_US);
	assert_true(bench_peek(&bench, SR) & BSY);
	assert_true(bench.activity.flash_busy);
	bench_run(&bench, 2 * BENCH_US);
	assert_int_equal(bench_peek(&bench, SR), 0); /* EOP only with EOPIE */
	assert_false(bench.activity.flash_busy);
	assert_memory_equal(bench_chip(&bench)->flash + 0x100008, bytes, 8);

	bench_poke(&bench, BANK_2 + 8, 1); /* not erased */
	bench_poke(&bench, BANK_2 + 12, 2);
	assert_int_equal(bench_peek(&bench, SR), 1u << 3);
	bench_poke(&bench, SR, 1u << 3);
	assert_int_equal(bench_peek(&bench, SR), 0);
	bench_poke(&bench, BANK_2 + 8, 0); /* but zero is always possible */
	bench_poke(&bench, BANK_2 + 12, 0);
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench_peek(&bench, SR), 0);
	assert_int_equal(bench_chip(&bench)->flash[0x100008], 0);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_program_errors(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	unlock(&bench);
	bench_poke(&bench, BANK_2, 1); /* without PG */
	assert_int_equal(bench_peek(&bench, SR), 1u << 7);
	bench_poke(&bench, SR, 1u << 7);
	bench_poke(&bench, CR, 1);
	bench_poke(&bench, BANK_2 + 4, 1); /* upper word first */
	assert_int_equal(bench_peek(&bench, SR), 1u << 5);
	bench_poke(&bench, BANK_2, 1); /* PGAERR is still set */
	assert_int_equal(bench_peek(&bench, SR), 1u << 5 | 1u << 7);
	bench_poke(&bench, SR, 0xFFFF);
	bench_poke(&bench, BANK_2, 1);
	bench_poke(&bench, BANK_2 + 12, 1); /* another double word */
	assert_int_equal(bench_peek(&bench, SR), 1u << 5);
	bench_poke(&bench, SR, 0xFFFF);
	assert_true(stm32_write(bench_chip(&bench), BANK_2, 2, 1));
	assert_int_equal(bench_peek(&bench, SR), 1u << 6);
	assert_int_equal(bench_chip(&bench)->flash[0x100000], 0xFF);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_page_erase(void **state)
{
	struct bench bench;
	uint8_t *flash;

	(void)state;
	bench_open_idle(&bench, 1);
	flash = bench_chip(&bench)->flash;
	memset(flash + 0x100000, 0, 0x100000);
	unlock(&bench);
	bench_poke(&bench, CR, 2 | 3u << 3 | 1u << 11 | 1u << 16 | 1u << 24); /* page 3, bank 2 */
	bench_run(&bench, 21 * BENCH_MS);
	assert_true(bench_peek(&bench, SR) & BSY);
	bench_run(&bench, 2 * BENCH_MS);
	assert_int_equal(bench_peek(&bench, SR), 1); /* EOPIE was set */
	assert_false(bench_peek(&bench, CR) & 1u << 16);
	assert_int_equal(flash[0x102FFF], 0);
	assert_int_equal(flash[0x103000], 0xFF);
	assert_int_equal(flash[0x103FFF], 0xFF);
	assert_int_equal(flash[0x104000], 0);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_mass_erase_of_bank_2(void **state)
{
	struct bench bench;
	uint8_t *flash;

	(void)state;
	bench_open_idle(&bench, 1);
	flash = bench_chip(&bench)->flash;
	memset(flash + 0xFF000, 0, 0x101000);
	unlock(&bench);
	bench_poke(&bench, CR, 1u << 15 | 1u << 16);
	bench_run(&bench, 30 * BENCH_MS);
	assert_int_equal(bench_peek(&bench, SR), 0);
	assert_int_equal(flash[0xFFFFF], 0);
	assert_int_equal(flash[0x100000], 0xFF);
	assert_int_equal(flash[0x1FFFFF], 0xFF);
	bench_close(&bench);
}

static void test_start_without_operation(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	unlock(&bench);
	bench_poke(&bench, CR, 1u << 16);
	assert_int_equal(bench_peek(&bench, SR), 1u << 7);
	bench_close(&bench);
}

static void test_locked(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_set(&bench, CR, 0, 1u << 31); /* to lock again is harmless */
	bench_assert_no_fault(&bench);
	bench_poke(&bench, CR, 2);
	bench_assert_fault(&bench, "FLASH_CR 0x00000002 written while it is locked");
	bench_close(&bench);
	bench_open_idle(&bench, 1);
	bench_poke(&bench, BANK_2, 2);
	bench_assert_fault(&bench, "store of 4 bytes to locked flash at 0x08100000");
	bench_close(&bench);
}

static void test_wrong_key(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_poke(&bench, KEYR, 0x45670123);
	bench_poke(&bench, KEYR, 0x45670123);
	bench_assert_fault(&bench, "FLASH_KEYR 0x45670123 is out of sequence");
	bench_poke(&bench, KEYR, 0x45670123);
	bench_poke(&bench, KEYR, 0xCDEF89AB);
	assert_true(bench_peek(&bench, CR) >> 31);
	bench_close(&bench);
}

/* Power that goes away in an erase leaves neither the old bytes nor an erased page. */
static void test_interrupted_erase(void **state)
{
	struct bench bench;
	const uint8_t *page;
	unsigned old = 0, erased = 0;

	(void)state;
	bench_open_idle(&bench, 1);
	page = bench_chip(&bench)->flash + 0x103000;
	memset(bench_chip(&bench)->flash + 0x103000, 0, 0x1000);
	unlock(&bench);
	bench_poke(&bench, CR, 2 | 3u << 3 | 1u << 11 | 1u << 16);
	bench_run(&bench, 10 * BENCH_MS);
	chip_set_supply(bench.chip, 0);
	for (unsigned i = 0; i < 0x1000; i++) {
		old += page[i] == 0;
		erased += page[i] == 0xFF;
	}
	assert_true(old < 100 && erased < 100);
	assert_int_equal(page[-1], 0xFF); /* the page before is whole */
	chip_set_supply(bench.chip, 3.0);
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench_peek(&bench, SR), 0);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_program),
		cmocka_unit_test(test_program_errors),
		cmocka_unit_test(test_page_erase),
		cmocka_unit_test(test_mass_erase_of_bank_2),
		cmocka_unit_test(test_start_without_operation),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_interrupted_erase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
