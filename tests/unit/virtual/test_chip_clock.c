/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock tree of the virtual STM32L4R5: legal ways up and down, and each rule by the sentence that
 * breaking it gives.
 */
#include "tests/unit/virtual/chip_bench.h"
#include "tests/unit/virtual/test_clock_l4l5.h"

static void power_clock_on(struct bench *bench)
{
	bench_set(bench, APB1ENR1, 0, 1u << 28);
}

static void test_reset_state(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	assert_int_equal(bench_peek(&bench, CR), 0x63);
	assert_int_equal(bench_peek(&bench, CFGR), 0);
	assert_int_equal(bench_peek(&bench, PLLCFGR), 0x1000);
	assert_int_equal(bench_peek(&bench, CSR), 0x0C000600);
	assert_int_equal(bench_peek(&bench, ACR), 0x600);
	assert_hclk_near(&bench, 4);
	bench_set(&bench, CSR, 0, 1u << 23);
	assert_int_equal(bench_peek(&bench, CSR) >> 24, 0);
	bench_close(&bench);
}

static void to_80_mhz(struct bench *bench)
{
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
	assert_true(bench.activity.core_v == 1.2);
	bench_close(&bench);
}

static void to_120_mhz(struct bench *bench, int64_t wait_ps)
{
	power_clock_on(bench);
	bench_poke(bench, PWR_CR5, 0);
	pll_on(bench, pllcfgr(1, 1, 60, 2));
	latency(bench, 5);
	bench_set(bench, CFGR, 0xF0, HPRE_2);
	bench_set(bench, CFGR, 3, 3);
	bench_run(bench, wait_ps);
	bench_set(bench, CFGR, 0xF0, 0);
}

static void test_120_mhz_in_boost(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	to_120_mhz(&bench, BENCH_US);
	assert_hclk_near(&bench, 120);
	assert_true(bench.activity.core_v == 1.28);
	bench_close(&bench);
}

static void test_prescaler_too_early(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	to_120_mhz(&bench, BENCH_US / 2);
	bench_assert_fault(&bench, "1 us is required");
	bench_close(&bench);
}

static void test_120_mhz_without_prescaler(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	power_clock_on(&bench);
	bench_poke(&bench, PWR_CR5, 0);
	pll_on(&bench, pllcfgr(1, 1, 60, 2));
	latency(&bench, 5);
	bench_set(&bench, CFGR, 3, 3);
	bench_assert_fault(&bench, "SYSCLK switched from 4 to 120 MHz");
	bench_close(&bench);
}

static void test_120_mhz_without_boost(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	pll_on(&bench, pllcfgr(1, 1, 60, 2));
	latency(&bench, 5);
	bench_set(&bench, CFGR, 0xF0, HPRE_2);
	bench_set(&bench, CFGR, 3, 3);
	bench_run(&bench, 2 * BENCH_US);
	bench_assert_no_fault(&bench); /* 60 MHz is fine */
	bench_set(&bench, CFGR, 0xF0, 0);
	bench_assert_fault(&bench, "HCLK at 120 MHz, the limit of range 1 normal mode is 80 MHz");
	bench_close(&bench);
}

static void test_wait_states(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	pll_on(&bench, pllcfgr(1, 1, 40, 2));
	latency(&bench, 2);
	bench_set(&bench, CFGR, 3, 3);
	bench_assert_fault(&bench, "HCLK at 80 MHz needs 3 flash wait states");
	bench_close(&bench);
}

static void test_wait_states_lowered_too_early(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	to_80_mhz(&bench);
	bench_set(&bench, ACR, 15, 0);
	bench_assert_fault(&bench, "FLASH_ACR.LATENCY is 0");
	bench_close(&bench);
}

static void test_range_2(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	power_clock_on(&bench);
	bench_set(&bench, PWR_CR1, 3u << 9, 2u << 9);
	latency(&bench, 2);
	bench_set(&bench, CR, 0xF0, 9u << 4 | 1u << 3); /* MSI 24 MHz */
	assert_hclk_near(&bench, 24);
	assert_true(bench.activity.core_v == 1.0);
	bench_set(&bench, PWR_CR1, 3u << 9, 1u << 9);
	assert_true(bench_peek(&bench, PWR_SR2) & 1u << 10);
	bench_run(&bench, 30 * BENCH_US);
	assert_false(bench_peek(&bench, PWR_SR2) & 1u << 10);
	bench_set(&bench, ACR, 15, 2);
	bench_set(&bench, CR, 0xF0, 11u << 4);
	assert_hclk_near(&bench, 48);
	bench_set(&bench, PWR_CR1, 3u << 9, 2u << 9);
	bench_assert_fault(&bench, "HCLK at 48 MHz, the limit of range 2 is 26 MHz");
	bench_close(&bench);
}

static void test_vosf_counts(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	power_clock_on(&bench);
	bench_set(&bench, PWR_CR1, 3u << 9, 2u << 9);
	bench_set(&bench, PWR_CR1, 3u << 9, 1u << 9);
	latency(&bench, 5);
	bench_set(&bench, CR, 0xF0, 11u << 4 | 1u << 3);
	bench_assert_fault(&bench, "VOSF is still set");
	bench_close(&bench);
}

static void test_forbidden_vos(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	power_clock_on(&bench);
	bench_poke(&bench, PWR_CR1, 0);
	bench_assert_fault(&bench, "VOS 0 is forbidden");
	bench_close(&bench);
}

static void test_pll_limits(void **state)
{
	static const struct {
		uint32_t pllcfgr;
		const char *sentence;
	} cases[] = {
		{0x01002800, "PLL on without a source"},
		{0x01002803, "PLL on without a source"}, /* HSE */
		{0x01002811, "PLL input after M is 2 MHz"},
		{0x01000701, "PLL N is 7"},
		{0x01000F01, "PLL VCO at 60 MHz"},
		{0x01007F01, "PLL VCO at 508 MHz, allowed are 64 to 344 MHz"},
		{0x01002802, "PLL switched on before its source is ready"}, /* HSI16 is off */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench bench;

		bench_open_idle(&bench, 1);
		bench_poke(&bench, PLLCFGR, cases[i].pllcfgr);
		bench_set(&bench, CR, 0, PLLON);
		bench_assert_fault(&bench, cases[i].sentence);
		bench_close(&bench);
	}
}

static void test_vco_in_range_2(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	power_clock_on(&bench);
	bench_set(&bench, PWR_CR1, 3u << 9, 2u << 9);
	bench_poke(&bench, PLLCFGR, pllcfgr(1, 1, 40, 8));
	bench_set(&bench, CR, 0, PLLON);
	bench_assert_fault(&bench, "PLL VCO at 160 MHz, allowed are 64 to 128 MHz in range 2");
	bench_close(&bench);
}

static void test_pll_changed_while_on(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	pll_on(&bench, pllcfgr(1, 1, 40, 2));
	bench_poke(&bench, PLLCFGR, pllcfgr(1, 1, 30, 2));
	bench_assert_fault(&bench, "while the PLL is on");
	bench_close(&bench);
}

static void test_gated_access(void **state)
{
	struct bench bench;
	uint32_t value = 1;

	(void)state;
	bench_open_idle(&bench, 1);
	assert_true(stm32_read(bench_chip(&bench), PWR_CR1, 4, &value));
	assert_int_equal(value, 0);
	bench_assert_fault(&bench, "access to PWR (0x40007000) while its clock is off");
	bench_close(&bench);
}

static void test_unmodelled_access(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_poke(&bench, 0x40003000, 0xCCCC); /* the independent watchdog */
	bench_assert_fault(&bench, "access to unmodelled register 0x40003000");
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset_state),
		cmocka_unit_test(test_80_mhz_from_msi),
		cmocka_unit_test(test_120_mhz_in_boost),
		cmocka_unit_test(test_prescaler_too_early),
		cmocka_unit_test(test_120_mhz_without_prescaler),
		cmocka_unit_test(test_120_mhz_without_boost),
		cmocka_unit_test(test_wait_states),
		cmocka_unit_test(test_wait_states_lowered_too_early),
		cmocka_unit_test(test_range_2),
		cmocka_unit_test(test_vosf_counts),
		cmocka_unit_test(test_forbidden_vos),
		cmocka_unit_test(test_pll_limits),
		cmocka_unit_test(test_vco_in_range_2),
		cmocka_unit_test(test_pll_changed_while_on),
		cmocka_unit_test(test_switch_waits_and_holds),
		cmocka_unit_test(test_hse_is_absent),
		cmocka_unit_test(test_gated_access),
		cmocka_unit_test(test_unmodelled_access),
		cmocka_unit_test(test_oscillator_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
