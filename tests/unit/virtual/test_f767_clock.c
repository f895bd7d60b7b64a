/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock tree and regulator of the virtual STM32F767: reset values, legal ways up and down,
 * switches, ready flags.
 */
#include "tests/unit/virtual/test_f767_clock.h"

#define RESET_HZ   16e6 /* HSI */
#define ERROR_MOST 5e-3

#include "tests/unit/virtual/test_spread.h"

static void test_reset_state(void **state)
{
	static const struct {
		uint32_t address, value, mask;
	} cases[] = {
		{CR, 0x83, 0xFFFF00FF},
		{PLLCFGR, 0x24003010, ~0u},
		{CFGR, 0, ~0u},
		{RCC(0x0C), 0, ~0u},
		{RCC(0x30), 0x00100000, ~0u},
		{RCC(0x34), 0, ~0u},
		{APB1ENR, 0x400, ~0u},
		{RCC(0x44), 0, ~0u},
		{CSR, 0x0E000000, ~0u},
		{RCC(0x50), 0x7EF7B7FF, ~0u},
		{RCC(0x90), 0, ~0u},
		{ACR, 0, ~0u},
		{0x40023C0C, 0, ~0u},
		{0x40023C10, 1u << 31, ~0u},
		{0x40023C14, 0xFFFFAAFD, ~0u},
		{0xE0042000, 0x451, 0xFFF},
	};
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(bench_peek(&bench, cases[i].address) & cases[i].mask,
				 cases[i].value);
	power_clock_on(&bench);
	assert_int_equal(bench_peek(&bench, PWR_CR1), 0xC000);
	assert_int_equal(bench_peek(&bench, PWR_CSR1), 0); /* the PLL is off */
	assert_hclk_near(&bench, 16, 5e-3);
	bench_set(&bench, CSR, 0, 1u << 24);
	assert_int_equal(bench_peek(&bench, CSR), 0);
	bench_close(&bench);
}

static void test_216_mhz_from_hse(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	to_216_mhz(&bench);
	assert_hclk_near(&bench, 216, 51e-6);
	assert_true(bench.activity.pll_on && bench.activity.hsi_on);
	assert_true(bench.activity.pll_vco_hz > 431e6);
	assert_true(bench.activity.core_v == 1.32);
	bench_close(&bench);
}

/* Every level of the port's list, from the HSI. */
static void test_levels(void **state)
{
	static const struct {
		unsigned mhz, n, p, scale, wait_states;
		bool over_drive;
	} levels[] = {
		{24, 96, 8, 3, 0, false},   {48, 192, 8, 3, 1, false},  {96, 192, 4, 3, 3, false},
		{144, 144, 2, 3, 4, false}, {168, 168, 2, 2, 5, false}, {180, 180, 2, 2, 5, true},
		{180, 180, 2, 1, 5, false}, {216, 216, 2, 1, 7, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(levels); i++) {
		struct bench bench;

		bench_open_idle(&bench, 1);
		power_clock_on(&bench);
		bench_set(&bench, PWR_CR1, 3u << 14, VOS(levels[i].scale));
		pll_on(&bench, pllcfgr(0, 8, levels[i].n, levels[i].p));
		if (levels[i].over_drive)
			over_drive_on(&bench);
		latency(&bench, levels[i].wait_states);
		bench_set(&bench, CFGR, 0, APB_DIVIDED);
		switch_to(&bench, 2);
		assert_hclk_near(&bench, levels[i].mhz, 5e-3);
		bench_close(&bench);
	}
}

/* VOS acts with the PLL; without it the regulator is at scale 3. */
static void test_vos_follows_pll(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	power_clock_on(&bench);
	bench_run(&bench, BENCH_MS);
	assert_false(bench_peek(&bench, PWR_CSR1) & VOSRDY);
	assert_true(bench.activity.core_v == 1.14);
	bench_set(&bench, PWR_CR1, 3u << 14, VOS(2));
	pll_on(&bench, pllcfgr(0, 8, 96, 2));
	assert_true(bench_peek(&bench, PWR_CSR1) & VOSRDY);
	assert_true(bench.activity.core_v == 1.26);
	bench_set(&bench, CR, PLLON, 0);
	assert_false(bench_peek(&bench, PWR_CSR1) & VOSRDY);
	bench_run(&bench, BENCH_US);
	assert_true(bench.activity.core_v == 1.14);
	bench_set(&bench, PWR_CR1, 3u << 14, 0);
	bench_assert_fault(&bench, "PWR_CR1.VOS 0 is reserved");
	bench_close(&bench);
}

/* The switch waits for the source; what feeds SYSCLK cannot be switched off. */
static void test_switch_waits_and_holds(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_set(&bench, CR, 0, HSEBYP);
	bench_set(&bench, CR, 0, HSEON);
	bench_set(&bench, CFGR, 3, 1);
	assert_int_equal(bench_peek(&bench, CFGR) & 15, 1); /* SWS still HSI */
	bench_run(&bench, 100 * BENCH_US);
	assert_int_equal(bench_peek(&bench, CFGR) & 15, 5);
	assert_hclk_near(&bench, 8, 51e-6);
	bench_set(&bench, CR, HSEON, 0);
	assert_true(bench_peek(&bench, CR) & HSEON);
	bench_set(&bench, CR, 1, 0); /* the HSI may go */
	assert_hclk_near(&bench, 8, 51e-6);
	assert_false(bench.activity.hsi_on);
	bench_set(&bench, CR, HSEBYP, 0);
	bench_assert_fault(&bench, "HSEBYP changed while HSEON is set");
	bench_close(&bench);
}

static void test_no_crystal(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_set(&bench, CR, 0, HSEON);
	bench_set(&bench, CFGR, 3, 1);
	bench_run(&bench, 100 * BENCH_MS);
	assert_false(bench_peek(&bench, CR) & HSERDY);
	assert_int_equal(bench_peek(&bench, CFGR) >> 2 & 3, 0);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset_state),
		cmocka_unit_test(test_216_mhz_from_hse),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_vos_follows_pll),
		cmocka_unit_test(test_switch_waits_and_holds),
		cmocka_unit_test(test_no_crystal),
		cmocka_unit_test(test_oscillator_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
