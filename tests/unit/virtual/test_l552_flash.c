/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flash controller and ICACHE of the virtual STM32L552: keys, double words, erase, errors, times,
 * interruption; the cache's switch and its invalidations.
 */
#include "tests/unit/virtual/test_l552.h"

#define NSKEYR     (L4L5_FLASHC_BASE + 0x08)
#define NSSR       (L4L5_FLASHC_BASE + 0x20)
#define NSCR       (L4L5_FLASHC_BASE + 0x28)
#define OPTR       (L4L5_FLASHC_BASE + 0x40)
#define ICACHE_CR  L552_ICACHE_BASE
#define ICACHE_SR  (L552_ICACHE_BASE + 0x04)
#define ICACHE_FCR (L552_ICACHE_BASE + 0x0C)
#define ACR        L4L5_FLASHC_BASE
#define BSY        (1u << 16)
#define STRT       (1u << 16)
#define BKER       (1u << 11)
#define BANK_2     0x08040000u

/* PE9 high; 200 times three loads from flash and 40 adds; PE9 low; ICACHE_CR = word at 0x08000300;
 * again. */
static const uint16_t program_cache[] = {
	0x4820, 0x2110, 0x6001, 0x4820, 0xF46F, 0x2100, 0x6001, 0xF44F, 0x7200, 0xF04F, 0x7300,
	0x4C1D, 0x4D1D, 0x6182, 0x26C8, 0x682F, 0x6C2F, 0xF8D5, 0x7080, 0x3101, 0x3101, 0x3101,
	0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101,
	0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101,
	0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101, 0x3101,
	0x3101, 0x3101, 0x3101, 0x3101, 0x3E01, 0xD1D1, 0x6183, 0x4F05, 0x683F, 0x6027, 0xE7CA,
	0x104C, 0x4002, 0x1000, 0x4202, 0x0400, 0x4003, 0x0400, 0x0800, 0x0300, 0x0800,
};

static void unlock(struct bench *bench)
{
	bench_poke(bench, NSKEYR, 0x45670123);
	bench_poke(bench, NSKEYR, 0xCDEF89AB);
	assert_false(bench_peek(bench, NSCR) >> 31);
}

static void open_unlocked(struct bench *bench)
{
	bench_open_idle(bench, 1);
	unlock(bench);
}

static void test_options(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	assert_int_equal(bench_peek(&bench, OPTR) & (1u << 22 | 1u << 26), 1u << 22 | 1u << 26);
	assert_int_equal(bench_peek(&bench, OPTR) >> 31, 0); /* TZEN */
	assert_int_equal(bench_peek(&bench, OPTR) & 0xFF, 0xAA);
	assert_int_equal(bench_peek(&bench, NSCR), 0xC0000000);
	bench_close(&bench);
}

static void test_program(void **state)
{
	struct bench bench;
	static const uint8_t bytes[8] = {0x44, 0x33, 0x22, 0x11, 0x88, 0x77, 0x66, 0x55};

	(void)state;
	open_unlocked(&bench);
	bench_poke(&bench, NSCR, 1);
	bench_poke(&bench, BANK_2 + 8, 0x11223344);
	assert_false(bench_peek(&bench, NSSR) & BSY);
	bench_poke(&bench, BANK_2 + 12, 0x55667788);
	assert_true(bench_peek(&bench, NSSR) & BSY);
	bench_run(&bench, 81 * BENCH_US);
	assert_true(bench_peek(&bench, NSSR) & BSY);
	assert_true(bench.activity.flash_busy);
	bench_run(&bench, 2 * BENCH_US);
	assert_int_equal(bench_peek(&bench, NSSR), 0); /* EOP only with EOPIE */
	assert_false(bench.activity.flash_busy);
	assert_memory_equal(bench_chip(&bench)->flash + 0x40008, bytes, 8);
	bench_poke(&bench, BANK_2 + 8, 0); /* zero is always possible */
	bench_poke(&bench, BANK_2 + 12, 0);
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench_peek(&bench, NSSR), 0);
	assert_int_equal(bench_chip(&bench)->flash[0x40008], 0);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_program_not_erased(void **state)
{
	struct bench bench;

	(void)state;
	open_unlocked(&bench);
	bench_chip(&bench)->flash[0x4000C] = 0xFE;
	bench_poke(&bench, NSCR, 1);
	bench_poke(&bench, BANK_2 + 8, 1);
	bench_poke(&bench, BANK_2 + 12, 2);
	assert_int_equal(bench_peek(&bench, NSSR), 1u << 3);
	assert_int_equal(bench_chip(&bench)->flash[0x40008], 0xFF);
	bench_assert_fault(&bench, "flash at 0x08040008 programmed without being erased");
	bench_close(&bench);
}

static void test_program_errors(void **state)
{
	struct bench bench;

	(void)state;
	open_unlocked(&bench);
	bench_poke(&bench, BANK_2, 1); /* without PG */
	assert_int_equal(bench_peek(&bench, NSSR), 1u << 7);
	bench_poke(&bench, NSSR, 1u << 7);
	bench_poke(&bench, NSCR, 1);
	bench_poke(&bench, BANK_2 + 4, 1); /* upper word first */
	assert_int_equal(bench_peek(&bench, NSSR), 1u << 5);
	bench_poke(&bench, BANK_2, 1); /* PGAERR is still set */
	assert_int_equal(bench_peek(&bench, NSSR), 1u << 5 | 1u << 7);
	bench_poke(&bench, NSSR, 0xFFFF);
	bench_poke(&bench, BANK_2, 1);
	bench_poke(&bench, BANK_2 + 12, 1); /* another double word */
	assert_int_equal(bench_peek(&bench, NSSR), 1u << 5);
	bench_poke(&bench, NSSR, 0xFFFF);
	assert_true(stm32_write(bench_chip(&bench), BANK_2, 2, 1));
	assert_int_equal(bench_peek(&bench, NSSR), 1u << 6);
	assert_int_equal(bench_chip(&bench)->flash[0x40000], 0xFF);
	bench_poke(&bench, NSCR, 2 | STRT); /* an erase does not start with SIZERR set */
	assert_int_equal(bench_peek(&bench, NSSR), 1u << 6 | 1u << 7);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_page_erase(void **state)
{
	struct bench bench;
	uint8_t *flash;

	(void)state;
	open_unlocked(&bench);
	flash = bench_chip(&bench)->flash;
	memset(flash + 0x40000, 0, 0x40000);
	bench_poke(&bench, NSCR, 2 | 3u << 3 | BKER | STRT | 1u << 24); /* page 3, bank 2 */
	bench_run(&bench, 21 * BENCH_MS);
	assert_true(bench_peek(&bench, NSSR) & BSY);
	bench_run(&bench, 2 * BENCH_MS);
	assert_int_equal(bench_peek(&bench, NSSR), 1); /* EOPIE was set */
	assert_false(bench_peek(&bench, NSCR) & STRT);
	assert_int_equal(flash[0x417FF], 0);
	assert_int_equal(flash[0x41800], 0xFF);
	assert_int_equal(flash[0x41FFF], 0xFF);
	assert_int_equal(flash[0x42000], 0);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_mass_erase_of_bank_2(void **state)
{
	struct bench bench;
	uint8_t *flash;

	(void)state;
	open_unlocked(&bench);
	flash = bench_chip(&bench)->flash;
	memset(flash + 0x3F800, 0, 0x40800);
	bench_poke(&bench, NSCR, 1u << 15 | STRT);
	bench_run(&bench, 30 * BENCH_MS);
	assert_int_equal(bench_peek(&bench, NSSR), 0);
	assert_int_equal(flash[0x3FFFF], 0);
	assert_int_equal(flash[0x40000], 0xFF);
	assert_int_equal(flash[0x7FFFF], 0xFF);
	bench_poke(&bench, NSCR, STRT); /* nothing to start */
	assert_int_equal(bench_peek(&bench, NSSR), 1u << 7);
	bench_close(&bench);
}

static void test_locked(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_set(&bench, NSCR, 0, 1u << 31); /* to lock again is harmless */
	bench_assert_no_fault(&bench);
	bench_poke(&bench, NSCR, 2);
	bench_assert_fault(&bench, "FLASH_NSCR 0x00000002 written while it is locked");
	bench_close(&bench);
	bench_open_idle(&bench, 1);
	bench_poke(&bench, BANK_2, 2);
	bench_assert_fault(&bench, "store of 4 bytes to locked flash at 0x08040000");
	bench_close(&bench);
	bench_open_idle(&bench, 1);
	bench_poke(&bench, 0x0BFA0590, 2);
	bench_assert_fault(&bench, "store to system memory at 0x0bfa0590");
	bench_close(&bench);
}

static void test_wrong_key(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_poke(&bench, NSKEYR, 0x45670123);
	bench_poke(&bench, NSKEYR, 0x45670123);
	bench_assert_fault(&bench, "FLASH_NSKEYR 0x45670123 is out of sequence");
	bench_poke(&bench, NSKEYR, 0x45670123);
	bench_poke(&bench, NSKEYR, 0xCDEF89AB);
	assert_true(bench_peek(&bench, NSCR) >> 31);
	bench_close(&bench);
}

/* Power that goes away in an erase leaves neither the old bytes nor an erased page. */
static void test_interrupted_erase(void **state)
{
	struct bench bench;
	const uint8_t *page;
	unsigned old = 0, erased = 0;

	(void)state;
	open_unlocked(&bench);
	page = bench_chip(&bench)->flash + 0x41800;
	memset(bench_chip(&bench)->flash + 0x41800, 0, 0x800);
	bench_poke(&bench, NSCR, 2 | 3u << 3 | BKER | STRT);
	bench_run(&bench, 10 * BENCH_MS);
	chip_set_supply(bench.chip, 0);
	for (unsigned i = 0; i < 0x800; i++) {
		old += page[i] == 0;
		erased += page[i] == 0xFF;
	}
	assert_true(old < 60 && erased < 60);
	assert_int_equal(page[-1], 0xFF); /* the page before is whole */
	chip_set_supply(bench.chip, 3.0);
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench_peek(&bench, NSSR), 0);
	assert_int_equal(bench_peek(&bench, NSCR), 0xC0000000);
	bench_close(&bench);
}

static void test_not_modelled(void **state)
{
	struct bench bench;

	(void)state;
	open_unlocked(&bench);
	bench_poke(&bench, NSCR, 1u << 17);
	bench_assert_fault(&bench, "option bytes are not modelled");
	bench_close(&bench);
	bench_open_idle(&bench, 1);
	bench_poke(&bench, ACR, 1u << 15);
	bench_assert_fault(&bench, "LVEN");
	bench_close(&bench);
}

/* Invalidation follows reset, CACHEINV and switching off. */
static void test_icache_registers(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	assert_int_equal(bench_peek(&bench, ICACHE_CR), 4);
	assert_int_equal(bench_peek(&bench, ICACHE_SR), 2); /* the one after reset has ended */
	bench_poke(&bench, ICACHE_FCR, 2);
	assert_int_equal(bench_peek(&bench, ICACHE_SR), 0);
	bench_poke(&bench, ICACHE_CR, 5);
	assert_int_equal(bench_peek(&bench, ICACHE_SR), 0);
	bench_poke(&bench, ICACHE_CR, 7);
	assert_int_equal(bench_peek(&bench, ICACHE_CR), 5); /* CACHEINV reads 0 */
	assert_int_equal(bench_peek(&bench, ICACHE_SR), 1);
	bench_run(&bench, 65 * BENCH_US); /* 256 cycles of 4 MHz */
	assert_int_equal(bench_peek(&bench, ICACHE_SR), 2);
	bench_poke(&bench, ICACHE_FCR, 2);
	bench_poke(&bench, ICACHE_CR, 4);
	assert_int_equal(bench_peek(&bench, ICACHE_SR), 1);
	bench_run(&bench, 65 * BENCH_US);
	bench_poke(&bench, ICACHE_CR, 0); /* direct mapped: only while it is off */
	bench_poke(&bench, ICACHE_CR, 1);
	bench_assert_no_fault(&bench);
	bench_poke(&bench, ICACHE_CR, 5);
	bench_assert_fault(&bench, "ICACHE_CR.WAYSEL changed while EN is set");
	bench_close(&bench);
}

/* Cycles from PE9's rise to its fall, of the third time that both are there. */
static uint64_t high_cycles(const struct bench *bench)
{
	size_t rise = bench->edges[0].level ? 4 : 5;

	assert_true(rise + 1 < bench->edge_count);
	assert_true(bench->edges[rise].level);
	return bench->edges[rise + 1].cycles - bench->edges[rise].cycles;
}

static uint64_t run_with_cache(uint32_t icache_cr, unsigned wait_states)
{
	struct bench bench;
	uint64_t cycles;

	bench_open(&bench, 3);
	memcpy(bench_chip(&bench)->flash + 0x300, &icache_cr, 4);
	bench_start(&bench, program_cache, sizeof(program_cache) / sizeof(program_cache[0]));
	bench_set(&bench, ACR, 15, wait_states);
	bench.edge_count = 0;
	bench_run(&bench, 60 * BENCH_MS);
	bench_assert_no_fault(&bench);
	cycles = high_cycles(&bench);
	if (wait_states > 0 && !(icache_cr & 1))
		assert_true(bench.activity.counts.flash_fetch_stalls > 1000);
	bench_close(&bench);
	return cycles;
}

/* With the cache on, wait states cost next to nothing; without it they do. */
static void test_icache_serves_flash(void **state)
{
	uint64_t fast = run_with_cache(4, 0), slow = run_with_cache(4, 5);
	uint64_t cached = run_with_cache(5, 5);

	(void)state;
	assert_true(slow > fast + fast / 3);
	assert_true(cached < fast + fast / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_program),
		cmocka_unit_test(test_program_not_erased),
		cmocka_unit_test(test_program_errors),
		cmocka_unit_test(test_page_erase),
		cmocka_unit_test(test_mass_erase_of_bank_2),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_interrupted_erase),
		cmocka_unit_test(test_not_modelled),
		cmocka_unit_test(test_icache_registers),
		cmocka_unit_test(test_icache_serves_flash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
