/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flash controller of the virtual STM32F767: keys, parallelism, sectors, errors, times,
 * interruption, and who stands still meanwhile.
 */
#include "tests/unit/virtual/test_f767_bench.h"

#define RCC_CFGR 0x40023808u
#define KEYR     0x40023C04u
#define SR       0x40023C0Cu
#define CR       0x40023C10u
#define PG       1u
#define SER      2u
#define MER      4u
#define SNB(n)   ((n) << 3)
#define X16      (1u << 8)
#define X32      (2u << 8)
#define STRT     (1u << 16)
#define EOPIE    (1u << 24)
#define ERRIE    (1u << 25)
#define BSY      (1u << 16)
#define SLOT     0x08080000u /* sector 6 */

static void unlock(struct bench *bench)
{
	bench_poke(bench, KEYR, 0x45670123);
	bench_poke(bench, KEYR, 0xCDEF89AB);
	assert_false(bench_peek(bench, CR) >> 31);
}

static void open_unlocked(struct bench *bench)
{
	bench_open_idle(bench, 1);
	unlock(bench);
}

static void test_program(void **state)
{
	static const uint8_t bytes[8] = {0x44, 0x33, 0x22, 0x11, 0xFF, 0xFF, 0x66, 0x55};
	struct bench bench;

	(void)state;
	open_unlocked(&bench);
	bench_poke(&bench, CR, PG | X32);
	bench_poke(&bench, SLOT, 0x11223344);
	assert_true(bench_peek(&bench, SR) & BSY);
	bench_run(&bench, 15 * BENCH_US);
	assert_true(bench_peek(&bench, SR) & BSY);
	assert_true(bench.activity.flash_busy);
	bench_run(&bench, 2 * BENCH_US);
	assert_int_equal(bench_peek(&bench, SR), 0); /* EOP only with EOPIE */
	assert_false(bench.activity.flash_busy);
	bench_poke(&bench, CR, PG | X16 | EOPIE);
	assert_true(stm32_write(bench_chip(&bench), SLOT + 6, 2, 0x5566));
	bench_run(&bench, 17 * BENCH_US);
	assert_int_equal(bench_peek(&bench, SR), 1);
	bench_poke(&bench, SR, 1);
	assert_int_equal(bench_peek(&bench, SR), 0);
	assert_memory_equal(bench_chip(&bench)->flash + 0x80000, bytes, 8);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

/* The ITCM side is the same array. */
static void test_both_sides(void **state)
{
	struct bench bench;

	(void)state;
	open_unlocked(&bench);
	bench_poke(&bench, CR, PG | X32);
	bench_poke(&bench, 0x00280000, 0xA5A5A5A5);
	bench_run(&bench, 20 * BENCH_US);
	assert_int_equal(bench_chip(&bench)->flash[0x80003], 0xA5);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

/* A store while flash is busy waits on the bus: its own time begins when the other's ends. */
static void test_store_waits(void **state)
{
	struct bench bench;

	(void)state;
	open_unlocked(&bench);
	bench_poke(&bench, CR, PG | X32);
	bench_poke(&bench, SLOT, 1);
	bench_poke(&bench, SLOT + 4, 2);
	bench_run(&bench, 31 * BENCH_US);
	assert_true(bench_peek(&bench, SR) & BSY);
	bench_run(&bench, 2 * BENCH_US);
	assert_int_equal(bench_peek(&bench, SR), 0);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_program_errors(void **state)
{
	struct bench bench;

	(void)state;
	open_unlocked(&bench);
	bench_poke(&bench, SLOT, 1); /* without PG */
	assert_int_equal(bench_peek(&bench, SR), 1u << 7);
	bench_poke(&bench, SR, 1u << 7);
	bench_poke(&bench, CR, PG); /* by byte */
	bench_poke(&bench, SLOT, 1);
	assert_int_equal(bench_peek(&bench, SR), 1u << 6);
	bench_poke(&bench, SR, 1u << 6);
	bench_poke(&bench, CR, PG | X32 | ERRIE);
	assert_true(stm32_write(bench_chip(&bench), SLOT, 1, 1));
	assert_int_equal(bench_peek(&bench, SR), 1u << 6 | 1u << 1); /* and OPERR */
	bench_poke(&bench, SR, 0xFFFF);
	assert_int_equal(bench_peek(&bench, SR), 0);
	assert_int_equal(bench_chip(&bench)->flash[0x80000], 0xFF);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_program_without_erase(void **state)
{
	struct bench bench;

	(void)state;
	open_unlocked(&bench);
	bench_poke(&bench, CR, PG | X32);
	bench_poke(&bench, SLOT, 0xFFFF0000);
	bench_poke(&bench, SLOT, 0x12340000); /* more zeroes can be written */
	bench_assert_no_fault(&bench);
	assert_int_equal(bench_chip(&bench)->flash[0x80003], 0x12);
	bench_poke(&bench, SLOT, 0x12340001);
	bench_assert_fault(&bench, "flash programmed without erase at 0x08080000: 0x12340001 over "
				   "0x12340000");
	assert_int_equal(bench_chip(&bench)->flash[0x80000], 0);
	bench_close(&bench);
}

static void test_sector_erase(void **state)
{
	static const struct {
		unsigned sector;
		uint32_t psize, offset, bytes;
		unsigned ms;
	} cases[] = {
		{1, X32, 0x8000, 0x8000, 200},      {3, 0, 0x18000, 0x8000, 400},
		{4, X16, 0x20000, 0x20000, 800},    {5, X32, 0x40000, 0x40000, 1000},
		{11, X32, 0x1C0000, 0x40000, 1000}, {6, 0, 0x80000, 0x40000, 2100},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t end = cases[i].offset + cases[i].bytes;
		struct bench bench;
		uint8_t *flash;

		open_unlocked(&bench);
		flash = bench_chip(&bench)->flash;
		memset(flash + 0x100, 0, F767_FLASH_BYTES - 0x100);
		bench_poke(&bench, CR, SER | SNB(cases[i].sector) | cases[i].psize | STRT | EOPIE);
		bench_run(&bench, (cases[i].ms - 1) * BENCH_MS);
		assert_true(bench_peek(&bench, SR) & BSY);
		bench_run(&bench, 2 * BENCH_MS);
		assert_int_equal(bench_peek(&bench, SR), 1);
		assert_false(bench_peek(&bench, CR) & STRT);
		assert_int_equal(flash[cases[i].offset - 1], 0);
		assert_int_equal(flash[cases[i].offset], 0xFF);
		assert_int_equal(flash[end - 1], 0xFF);
		if (end < F767_FLASH_BYTES)
			assert_int_equal(flash[end], 0);
		bench_assert_no_fault(&bench);
		bench_close(&bench);
	}
}

static void test_mass_erase(void **state)
{
	struct bench bench;

	(void)state;
	open_unlocked(&bench);
	memset(bench_chip(&bench)->flash, 0, F767_FLASH_BYTES);
	bench_poke(&bench, CR, MER | X32 | STRT);
	bench_run(&bench, 7999 * BENCH_MS);
	assert_true(bench_peek(&bench, SR) & BSY);
	for (uint32_t i = 0; i < F767_FLASH_BYTES; i++)
		assert_int_equal(bench_chip(&bench)->flash[i], 0xFF);
	bench_close(&bench);
}

static void test_operation_rules(void **state)
{
	static const struct {
		double vdd_v;
		uint32_t cr;
		const char *sentence;
	} cases[] = {
		{3.3, X32 | STRT, "exactly one of SER and MER must be set"},
		{3.3, X32 | STRT | SER | MER, "exactly one of SER and MER must be set"},
		{3.3, X32 | STRT | SER | PG, "and PG clear"},
		{3.3, X32 | STRT | SER | SNB(12u), "FLASH_CR.SNB 12: there are sectors 0 to 11"},
		{3.3, X32 | STRT | 1u << 15, "MER2 in single-bank mode"},
		{3.3, 3u << 8 | STRT | SER, "PSIZE 3 (64 bits) needs VPP"},
		{2.6, X32 | STRT | SER | SNB(6u),
		 "PSIZE 2 (32 bits) at a VDD of 2.60 V, the least is 2.7"},
		{2.0, X16 | STRT | SER | SNB(6u),
		 "PSIZE 1 (16 bits) at a VDD of 2.00 V, the least is 2.1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		open_unlocked(&bench);
		memset(bench_chip(&bench)->flash + 0x80000, 0, 4);
		chip_set_supply(bench.chip, cases[i].vdd_v);
		bench_poke(&bench, CR, cases[i].cr);
		bench_assert_fault(&bench, cases[i].sentence);
		assert_false(bench_peek(&bench, SR) & BSY);
		assert_int_equal(bench_chip(&bench)->flash[0x80000], 0);
		bench_close(&bench);
	}
}

static void test_program_rules(void **state)
{
	struct bench bench;

	(void)state;
	open_unlocked(&bench);
	chip_set_supply(bench.chip, 2.6);
	bench_poke(&bench, CR, PG | X32);
	bench_poke(&bench, SLOT, 0);
	bench_assert_fault(&bench, "PSIZE 2 (32 bits) at a VDD of 2.60 V");
	bench_close(&bench);
	open_unlocked(&bench);
	bench_poke(&bench, RCC_CFGR, 12u << 4); /* HCLK 16 MHz / 64 */
	bench_poke(&bench, CR, PG | X32);
	bench_poke(&bench, SLOT, 0);
	bench_assert_fault(&bench, "flash changed with HCLK at 0.25 MHz, the least is 1 MHz");
	bench_close(&bench);
}

static void test_locked(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_set(&bench, CR, 0, 1u << 31); /* to lock again is harmless */
	bench_assert_no_fault(&bench);
	bench_poke(&bench, CR, PG);
	bench_assert_fault(&bench, "FLASH_CR 0x00000001 written while it is locked");
	bench_close(&bench);
	bench_open_idle(&bench, 1);
	bench_poke(&bench, SLOT, 2);
	bench_assert_fault(&bench, "store of 4 bytes to locked flash at 0x08080000");
	bench_close(&bench);
	open_unlocked(&bench);
	bench_poke(&bench, CR, 1u << 31);
	bench_poke(&bench, SLOT, 2);
	bench_assert_fault(&bench, "store of 4 bytes to locked flash");
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

/* Unlocks; PE9 high; erases sector 6; PE9 low; waits; PE9 high; programs two words. */
static const struct bench_step script_erase[] = {
	{0x40023830, 0, 0x10},
	{0x40021000, 0, 0x40000},
	{KEYR, 0, 0x45670123},
	{KEYR, 0, 0xCDEF89AB},
	{0x40021018, 0, 0x200},
	{CR, 0, SER | SNB(6) | X32 | STRT},
	{0x40021018, 0, 0x2000000},
	{SR, BSY, 0},
	{0x40021018, 0, 0x200},
	{CR, 0, PG | X32},
	{SLOT, 0, 0x11223344},
	{SLOT + 4, 0, 0x55667788},
	{SR, BSY, 0},
	{0x40021018, 0, 0x2000000},
};

static double edge_gap_us(const struct bench *bench, size_t index)
{
	assert_true(index < bench->edge_count);
	return (double)(bench->edges[index].t_ps - bench->edges[index - 1].t_ps) / (double)BENCH_US;
}

static void check_erased_and_programmed(struct bench *bench)
{
	const uint8_t *slot = bench_chip(bench)->flash + 0x80000;

	bench_assert_no_fault(bench);
	assert_int_equal(bench->edge_count, 4);
	assert_memory_equal(slot, "\x44\x33\x22\x11\x88\x77\x66\x55\xFF", 9);
	assert_int_equal(slot[0x3FFFF], 0xFF);
}

/* One bank: code in flash stands still from the store that starts the erase. */
static void test_code_in_flash_waits(void **state)
{
	struct bench bench;
	uint64_t cycles;

	(void)state;
	bench_open(&bench, 3);
	memset(bench_chip(&bench)->flash + 0x80000, 0, 0x40000);
	bench_load_script(&bench, script_erase, COUNT(script_erase));
	bench_power(&bench);
	bench_run(&bench, 1100 * BENCH_MS);
	check_erased_and_programmed(&bench);
	assert_true(edge_gap_us(&bench, 1) > 999.9e3 && edge_gap_us(&bench, 1) < 1000.1e3);
	assert_true(edge_gap_us(&bench, 2) < 20);
	assert_true(edge_gap_us(&bench, 3) > 31 && edge_gap_us(&bench, 3) < 60);
	cycles = bench.edges[1].cycles - bench.edges[0].cycles;
	assert_true(cycles < 200); /* and it counts none meanwhile */
	bench_close(&bench);
}

/* Code in ITCM RAM goes on: it is its poll that waits. */
static void test_code_in_ram_goes_on(void **state)
{
	struct bench bench;
	struct stm32f767 *s;

	(void)state;
	bench_open(&bench, 3);
	s = stm32f767_of(bench_chip(&bench));
	memset(s->base.flash + 0x80000, 0, 0x40000);
	bench_load(&bench, 0x00000000, bench_script_code, sizeof(bench_script_code));
	chip_set_supply(bench.chip, 3.3); /* fills the RAMs with noise; the core starts later */
	memcpy(s->itcm, bench_script_code, sizeof(bench_script_code));
	memcpy(s->itcm + sizeof(bench_script_code), script_erase, sizeof(script_erase));
	memset(s->itcm + sizeof(bench_script_code) + sizeof(script_erase), 0, 4);
	armv7em_invalidate(s->base.core, F767_ITCM_BASE, 1024);
	bench_run(&bench, 1100 * BENCH_MS);
	check_erased_and_programmed(&bench);
	assert_true(edge_gap_us(&bench, 1) < 20);
	assert_true(edge_gap_us(&bench, 2) > 999.9e3 && edge_gap_us(&bench, 2) < 1000.1e3);
	assert_true(bench.edges[2].cycles - bench.edges[1].cycles > 15000000);
	bench_close(&bench);
}

/* Power that goes away in an erase leaves neither the old bytes nor an erased sector. */
static void test_interrupted_erase(void **state)
{
	struct bench bench;
	const uint8_t *sector;
	unsigned old = 0, erased = 0;

	(void)state;
	open_unlocked(&bench);
	sector = bench_chip(&bench)->flash + 0x8000;
	memset(bench_chip(&bench)->flash + 0x8000, 0, 0x8000);
	bench_poke(&bench, CR, SER | SNB(1) | X32 | STRT);
	bench_run(&bench, 10 * BENCH_MS);
	chip_set_supply(bench.chip, 0);
	for (unsigned i = 0; i < 0x8000; i++) {
		old += sector[i] == 0;
		erased += sector[i] == 0xFF;
	}
	assert_true(old < 400 && erased < 400);
	assert_int_equal(sector[-1], 0xFF); /* the sectors beside it are whole */
	assert_int_equal(sector[0x8000], 0xFF);
	chip_set_supply(bench.chip, 3.3);
	bench_run(&bench, 2 * BENCH_MS);
	assert_int_equal(bench_peek(&bench, SR), 0);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_program),
		cmocka_unit_test(test_both_sides),
		cmocka_unit_test(test_store_waits),
		cmocka_unit_test(test_program_errors),
		cmocka_unit_test(test_program_without_erase),
		cmocka_unit_test(test_sector_erase),
		cmocka_unit_test(test_mass_erase),
		cmocka_unit_test(test_operation_rules),
		cmocka_unit_test(test_program_rules),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_code_in_flash_waits),
		cmocka_unit_test(test_code_in_ram_goes_on),
		cmocka_unit_test(test_interrupted_erase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
