/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock tree of the virtual STM32L552: legal ways up and down, and each rule by the sentence that
 * breaking it gives.
 */
#include "tests/unit/virtual/test_l552.h"
#include "tests/unit/virtual/test_clock_l4l5.h"

static void range(struct bench *bench, unsigned vos)
{
	bench_set(bench, APB1ENR1, 0, 1u << 28);
	bench_set(bench, PWR_CR1, 3u << 9, vos << 9);
	bench_run(bench, 50 * BENCH_US);
	assert_int_equal(bench_peek(bench, PWR_SR2) & VOSF, 0);
	assert_int_equal(bench_peek(bench, PWR_CR1) >> 9 & 3, vos);
}

static void expect_fault(struct bench *bench, const char *sentence)
{
	bench_assert_fault(bench, sentence);
	bench_close(bench);
}

static void test_reset_state(void **state)
{
	static const struct {
		uint32_t address, value;
	} words[] = {
		{CR, 0x63},         {CFGR, 0},      {PLLCFGR, 0x1000},
		{RCC(0x48), 0x100}, {RCC(0x4C), 0}, {RCC(0x88), 0},
		{CSR, 0x0C000600},  {ACR, 0},       {L552_DBGMCU_BASE, 0x20016472},
	};
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_int_equal(bench_peek(&bench, words[i].address), words[i].value);
	bench_set(&bench, APB1ENR1, 0, 1u << 28);
	assert_int_equal(bench_peek(&bench, PWR_CR1), 0x400);
	assert_hclk_near(&bench, 4);
	assert_true(bench.activity.core_v == 1.0);
	bench_set(&bench, CSR, 0, 1u << 23);
	assert_int_equal(bench_peek(&bench, CSR) >> 24, 0);
	bench_close(&bench);
}

static void to_80_mhz(struct bench *bench)
{
	range(bench, 1);
	pll_on(bench, pllcfgr(1, 1, 40, 2));
	latency(bench, 3);
	bench_set(bench, CFGR, 3, 3);
	assert_int_equal(bench_peek(bench, CFGR) & 15, 15);
}

static void test_80_mhz_from_msi(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	to_80_mhz(&bench);
	assert_hclk_near(&bench, 80);
	assert_true(bench.activity.pll_on);
	assert_true(bench.activity.pll_vco_hz > 159e6 && bench.activity.pll_vco_hz < 161e6);
	assert_true(bench.activity.core_v == 1.2);
	bench_close(&bench);
}

static void to_110_mhz(struct bench *bench, int64_t wait_ps)
{
	range(bench, 0);
	pll_on(bench, pllcfgr(1, 1, 55, 2));
	latency(bench, 5);
	bench_set(bench, CFGR, 0xF0, HPRE_2);
	bench_set(bench, CFGR, 3, 3);
	bench_run(bench, wait_ps);
	bench_set(bench, CFGR, 0xF0, 0);
}

static void test_110_mhz_in_range_0(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	to_110_mhz(&bench, BENCH_US);
	assert_hclk_near(&bench, 110);
	assert_true(bench.activity.core_v == 1.28);
	bench_set(&bench, CFGR, 3, 0); /* and down again */
	bench_set(&bench, CR, PLLON, 0);
	latency(&bench, 0);
	range(&bench, 2);
	assert_hclk_near(&bench, 4);
	bench_close(&bench);
}

/* The levels of the port, each in the range and with the wait states of its row. */
static void test_levels(void **state)
{
	static const struct {
		unsigned vos, wait_states, msi_range, n, r;
		double mhz;
	} levels[] = {
		{2, 0, 6, 0, 0, 4},   {2, 1, 8, 0, 0, 16},  {2, 2, 9, 0, 0, 24},
		{1, 2, 11, 0, 0, 48}, {1, 3, 6, 40, 2, 80}, {2, 2, 6, 26, 4, 26},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		struct bench bench;

		bench_open_idle(&bench, 1);
		range(&bench, levels[i].vos);
		latency(&bench, levels[i].wait_states);
		bench_set(&bench, CR, 0xF0, levels[i].msi_range << 4 | 1u << 3);
		if (levels[i].n != 0) {
			pll_on(&bench, pllcfgr(1, 1, levels[i].n, levels[i].r));
			bench_set(&bench, CFGR, 3, 3);
		}
		assert_hclk_near(&bench, levels[i].mhz);
		if (levels[i].wait_states > 0) {
			bench_set(&bench, ACR, 15, levels[i].wait_states - 1);
			bench_assert_fault(&bench, "FLASH_ACR.LATENCY is");
		}
		bench_close(&bench);
	}
}

static void test_steps_above_80_mhz(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	to_110_mhz(&bench, BENCH_US / 2);
	expect_fault(&bench, "1 us is required");

	bench_open_idle(&bench, 1);
	range(&bench, 0);
	pll_on(&bench, pllcfgr(1, 1, 55, 2));
	latency(&bench, 5);
	bench_set(&bench, CFGR, 3, 3);
	expect_fault(&bench, "SYSCLK switched from 4 to 110 MHz");
}

static void test_range_limits(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1); /* range 2 after reset */
	latency(&bench, 5);
	bench_set(&bench, CR, 0xF0, 10u << 4 | 1u << 3);
	expect_fault(&bench, "SYSCLK at 32 MHz, the limit of range 2 is 26 MHz");

	bench_open_idle(&bench, 1);
	range(&bench, 1);
	bench_poke(&bench, PLLCFGR, pllcfgr(1, 1, 55, 2));
	bench_set(&bench, CR, 0, PLLON);
	expect_fault(&bench, "PLL R output at 110 MHz, the limit of range 1 is 80 MHz");

	bench_open_idle(&bench, 1);
	to_80_mhz(&bench);
	bench_set(&bench, PWR_CR1, 3u << 9, 2u << 9);
	expect_fault(&bench, "PLL VCO at 160 MHz, allowed are 64 to 128 MHz in range 2");

	bench_open_idle(&bench, 1);
	to_110_mhz(&bench, BENCH_US);
	bench_set(&bench, PWR_CR1, 3u << 9, 1u << 9);
	expect_fault(&bench, "PLL R output at 110 MHz, the limit of range 1 is 80 MHz");
}

static void test_wait_states(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	range(&bench, 1);
	pll_on(&bench, pllcfgr(1, 1, 40, 2));
	latency(&bench, 2);
	bench_set(&bench, CFGR, 3, 3);
	expect_fault(&bench, "HCLK at 80 MHz needs 3 flash wait states in range 1");

	bench_open_idle(&bench, 1);
	to_80_mhz(&bench);
	bench_set(&bench, ACR, 15, 0);
	expect_fault(&bench, "FLASH_ACR.LATENCY is 0");
}

/* Both sides of every threshold, SYSCLK being 4 MHz * n / r. */
static void test_wait_state_thresholds(void **state)
{
	static const struct {
		unsigned vos, n, r, needed;
	} rows[] = {
		{2, 16, 8, 0}, {2, 18, 8, 1}, {2, 16, 4, 1}, {2, 18, 4, 2},
		{1, 20, 4, 0}, {1, 21, 4, 1}, {1, 20, 2, 1}, {1, 21, 2, 2},
		{1, 30, 2, 2}, {1, 31, 2, 3}, {0, 20, 4, 0}, {0, 31, 2, 3},
		{0, 40, 2, 3}, {0, 41, 2, 4}, {0, 50, 2, 4}, {0, 51, 2, 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench bench;

		bench_open_idle(&bench, 1);
		range(&bench, rows[i].vos);
		pll_on(&bench, pllcfgr(1, 1, rows[i].n, rows[i].r));
		latency(&bench, rows[i].needed);
		bench_set(&bench, CFGR, 0xF0, HPRE_2);
		bench_set(&bench, CFGR, 3, 3);
		bench_run(&bench, 2 * BENCH_US);
		bench_set(&bench, CFGR, 0xF0, 0);
		assert_hclk_near(&bench, 4.0 * rows[i].n / rows[i].r);
		if (rows[i].needed > 0) {
			bench_set(&bench, ACR, 15, rows[i].needed - 1);
			bench_assert_fault(&bench, "flash wait states");
		}
		bench_close(&bench);
	}
}

static void test_vosf(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_set(&bench, APB1ENR1, 0, 1u << 28);
	bench_set(&bench, PWR_CR1, 3u << 9, 0);
	assert_true(bench_peek(&bench, PWR_SR2) & VOSF);
	bench_run(&bench, 30 * BENCH_US);
	assert_true(bench_peek(&bench, PWR_SR2) & VOSF); /* two steps */
	latency(&bench, 5);
	bench_set(&bench, CR, 0xF0, 11u << 4 | 1u << 3);
	expect_fault(&bench,
		     "SYSCLK at 48 MHz, the limit of range 2 is 26 MHz (SR2.VOSF is still set)");

	bench_open_idle(&bench, 1);
	range(&bench, 1);
	bench_set(&bench, PWR_CR1, 3u << 9, 0); /* while it rises, range 1 is there */
	latency(&bench, 2);
	bench_set(&bench, CR, 0xF0, 11u << 4 | 1u << 3);
	assert_hclk_near(&bench, 48);
	bench_close(&bench);
}

static void test_power_rules(void **state)
{
	static const struct {
		uint32_t address, value;
		const char *sentence;
	} cases[] = {
		{PWR_CR1, 3u << 9, "VOS 3 is forbidden"},
		{PWR_CR1, 2u << 9 | 1u << 14, "HCLK at 4 MHz in low-power run, the limit is 2 MHz"},
		{PWR_CR4, 1u << 13, "external SMPS"},
	};
	struct bench bench;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_open_idle(&bench, 1);
		bench_set(&bench, APB1ENR1, 0, 1u << 28);
		bench_poke(&bench, cases[i].address, cases[i].value);
		expect_fault(&bench, cases[i].sentence);
	}
	bench_open_idle(&bench, 1);
	range(&bench, 2);
	bench_set(&bench, CR, 0xF0, 4u << 4 | 1u << 3);
	bench_set(&bench, PWR_CR1, 0, 1u << 14);
	bench_set(&bench, PWR_CR1, 3u << 9, 1u << 9);
	expect_fault(&bench, "VOS changed in low-power run");
}

static void test_pll_limits(void **state)
{
	static const struct {
		uint32_t pllcfgr;
		bool hsi_on;
		const char *sentence;
	} cases[] = {
		{0x01002800, false, "PLL on without a source"},
		{0x01002803, false, "PLL on without a source"}, /* HSE */
		{0x01002811, false, "PLL input after M is 2 MHz"},
		{0x01000701, false, "PLL N is 7"},
		{0x01005701, false, "PLL N is 87, allowed are 8 to 86"},
		{0x01000F01, false, "PLL VCO at 60 MHz"},
		{0x07002802, true, "PLL VCO at 640 MHz, allowed are 64 to 344 MHz in range 0"},
		{0x03000D02, false, "PLL switched on before its source is ready"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench bench;

		bench_open_idle(&bench, 1);
		range(&bench, 0);
		bench_set(&bench, CR, 0, cases[i].hsi_on ? 1u << 8 : 0);
		bench_run(&bench, 10 * BENCH_US);
		bench_poke(&bench, PLLCFGR, cases[i].pllcfgr);
		bench_set(&bench, CR, 0, PLLON);
		expect_fault(&bench, cases[i].sentence);
	}
}

static void test_pll_changed_while_on(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	range(&bench, 1);
	pll_on(&bench, pllcfgr(1, 1, 40, 2));
	bench_poke(&bench, PLLCFGR, pllcfgr(1, 1, 30, 2));
	expect_fault(&bench, "while the PLL is on");
}

static void test_gated_access(void **state)
{
	static const struct {
		uint32_t address;
		const char *sentence;
	} cases[] = {
		{PWR_CR1, "access to PWR (0x40007000) while its clock is off"},
		{0x42021018, "access to GPIOE (0x42021018) while its clock is off"},
		{0x4000481C, "access to USART3 (0x4000481c) while its clock is off"},
		{0x42028000, "access to ADC1 (0x42028000) while its clock is off"},
		{0x40003000, "access to unmodelled register 0x40003000"}, /* watchdog */
		{0x52021018, "access to unmodelled register 0x52021018"}, /* secure alias */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench bench;
		uint32_t value = 1;

		bench_open_idle(&bench, 1);
		assert_true(stm32_read(bench_chip(&bench), cases[i].address, 4, &value));
		assert_int_equal(value, 0);
		expect_fault(&bench, cases[i].sentence);
	}
}

/* A peripheral's reset bit puts PWR back to range 2. */
static void test_peripheral_reset(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	range(&bench, 0);
	bench_set(&bench, RCC(0x38), 0, 1u << 28);
	bench_set(&bench, RCC(0x38), 1u << 28, 0);
	assert_int_equal(bench_peek(&bench, PWR_CR1), 0x400);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset_state),
		cmocka_unit_test(test_80_mhz_from_msi),
		cmocka_unit_test(test_110_mhz_in_range_0),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_steps_above_80_mhz),
		cmocka_unit_test(test_range_limits),
		cmocka_unit_test(test_wait_states),
		cmocka_unit_test(test_wait_state_thresholds),
		cmocka_unit_test(test_vosf),
		cmocka_unit_test(test_power_rules),
		cmocka_unit_test(test_pll_limits),
		cmocka_unit_test(test_pll_changed_while_on),
		cmocka_unit_test(test_switch_waits_and_holds),
		cmocka_unit_test(test_hse_is_absent),
		cmocka_unit_test(test_gated_access),
		cmocka_unit_test(test_peripheral_reset),
		cmocka_unit_test(test_oscillator_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
