/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each rule of the virtual STM32F767's clocks by the sentence that breaking it gives.
 */
#include "tests/unit/virtual/test_f767_clock.h"

/* One below what each level needs. */
static void test_wait_states_by_supply(void **state)
{
	static const struct {
		double vdd_v;
		unsigned n, p, needed;
	} cases[] = {
		{3.3, 144, 2, 4}, {2.7, 144, 2, 4}, {2.6, 144, 2, 5}, {2.3, 144, 2, 6},
		{2.0, 144, 2, 7}, {3.3, 120, 2, 3}, {2.0, 160, 8, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;
		char sentence[64];

		bench_open_idle(&bench, 1);
		chip_set_supply(bench.chip, cases[i].vdd_v);
		pll_on(&bench, pllcfgr(0, 8, cases[i].n, cases[i].p));
		bench_set(&bench, CFGR, 0, APB_DIVIDED);
		latency(&bench, cases[i].needed);
		switch_to(&bench, 2);
		bench_assert_no_fault(&bench);
		bench_set(&bench, ACR, 15, cases[i].needed - 1); /* lowered too early */
		snprintf(sentence, sizeof(sentence), "needs %u flash wait states", cases[i].needed);
		bench_assert_fault(&bench, sentence);
		bench_close(&bench);
	}
}

static void test_switched_before_wait_states(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	pll_on(&bench, pllcfgr(0, 8, 192, 4));
	bench_set(&bench, CFGR, 0, APB_DIVIDED);
	bench_set(&bench, CFGR, 3, 2);
	bench_assert_fault(&bench, "HCLK at 96 MHz needs 3 flash wait states at a VDD of 3.30 V, "
				   "FLASH_ACR.LATENCY is 0");
	bench_close(&bench);
}

static void test_supply_sags(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	to_216_mhz(&bench);
	chip_set_supply(bench.chip, 2.5);
	bench_assert_fault(&bench, "HCLK at 216 MHz needs 8 flash wait states at a VDD of 2.50 V");
	bench_close(&bench);
	bench_open_idle(&bench, 1);
	to_216_mhz(&bench);
	latency(&bench, 15);
	chip_set_supply(bench.chip, 2.2);
	bench_assert_no_fault(&bench);
	chip_set_supply(bench.chip, 2.0);
	bench_assert_fault(&bench, "over-drive at a VDD of 2.00 V");
	bench_close(&bench);
}

static void test_scale_limits(void **state)
{
	static const struct {
		unsigned n, scale;
		bool over_drive;
		const char *sentence;
	} cases[] = {
		{150, 3, false,
		 "HCLK at 150 MHz, the limit of voltage scale 3 without over-drive is 144"},
		{172, 2, false,
		 "HCLK at 172 MHz, the limit of voltage scale 2 without over-drive is 168"},
		{190, 2, true,
		 "HCLK at 190 MHz, the limit of voltage scale 2 with over-drive is 180"},
		{184, 1, false,
		 "HCLK at 184 MHz, the limit of voltage scale 1 without over-drive is 180"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		bench_open_idle(&bench, 1);
		power_clock_on(&bench);
		bench_set(&bench, PWR_CR1, 3u << 14, VOS(cases[i].scale));
		pll_on(&bench, pllcfgr(0, 8, cases[i].n, 2));
		if (cases[i].over_drive)
			over_drive_on(&bench);
		latency(&bench, 9);
		bench_set(&bench, CFGR, 0, APB_DIVIDED);
		bench_set(&bench, CFGR, 3, 2);
		bench_assert_fault(&bench, cases[i].sentence);
		bench_close(&bench);
	}
}

static void test_bus_limits(void **state)
{
	static const struct {
		unsigned n;
		bool over_drive;
		uint32_t cfgr;
		const char *sentence;
	} cases[] = {
		{144, false, 4u << 10 | 4u << 13, "PCLK1 at 72 MHz, the limit is 45 MHz without"},
		{96, false, 4u << 10 | 4u << 13, "PCLK1 at 48 MHz, the limit is 45 MHz without"},
		{144, false, 5u << 10, "PCLK2 at 144 MHz, the limit is 90 MHz without"},
		{96, false, 5u << 10, "PCLK2 at 96 MHz, the limit is 90 MHz without"},
		{216, true, 4u << 10 | 4u << 13, "PCLK1 at 108 MHz, the limit is 54 MHz with over"},
		{216, true, 5u << 10, "PCLK2 at 216 MHz, the limit is 108 MHz with over"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		bench_open_idle(&bench, 1);
		power_clock_on(&bench);
		pll_on(&bench, pllcfgr(0, 8, cases[i].n, 2));
		if (cases[i].over_drive)
			over_drive_on(&bench);
		latency(&bench, 7);
		bench_set(&bench, CFGR, 0, cases[i].cfgr);
		bench_assert_no_fault(&bench);
		bench_set(&bench, CFGR, 3, 2);
		bench_assert_fault(&bench, cases[i].sentence);
		bench_close(&bench);
	}
}

/* 180 MHz without over-drive, buses divided by 4 and 2, is 45 and 90 MHz: just allowed. */
static void test_bus_limits_reached(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	pll_on(&bench, pllcfgr(0, 8, 180, 2));
	latency(&bench, 5);
	bench_set(&bench, CFGR, 0, APB_DIVIDED);
	switch_to(&bench, 2);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_pll_limits(void **state)
{
	static const struct {
		uint32_t pllcfgr;
		const char *sentence;
	} cases[] = {
		{0x24003001, "PLL M is 1"},
		{0x24003007, "PLL input after M is 2.28571 MHz"},
		{0x24003011, "PLL input after M is 0.941176 MHz"},
		{0x24000008 | 49 << 6, "PLL N is 49"},
		{0x24000008 | 433 << 6, "PLL N is 433"},
		{0x24000010 | 99 << 6, "PLL VCO at 99 MHz"},
		{0x24000008 | 217 << 6, "PLL VCO at 434 MHz, allowed are 100 to 432 MHz"},
		{0x21003010, "PLL Q is 1"},
		{0x14003010, "PLL R is 1"},
		{0x24403008, "PLL switched on before its source is ready"}, /* HSE is off */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		bench_open_idle(&bench, 1);
		bench_poke(&bench, PLLCFGR, cases[i].pllcfgr);
		bench_set(&bench, CR, 0, PLLON);
		bench_assert_fault(&bench, cases[i].sentence);
		bench_close(&bench);
	}
}

static void test_changes_while_pll_is_on(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	pll_on(&bench, pllcfgr(0, 8, 96, 2));
	bench_poke(&bench, PLLCFGR, pllcfgr(0, 8, 96, 2)); /* the same again is harmless */
	bench_assert_no_fault(&bench);
	bench_poke(&bench, PLLCFGR, pllcfgr(0, 8, 96, 4));
	bench_assert_fault(&bench, "while the PLL is on");
	bench_close(&bench);
	bench_open_idle(&bench, 1);
	power_clock_on(&bench);
	pll_on(&bench, pllcfgr(0, 8, 96, 2));
	bench_set(&bench, PWR_CR1, 3u << 14, VOS(3));
	bench_assert_fault(&bench, "PWR_CR1.VOS changed from 3 to 1 while the PLL is on");
	bench_close(&bench);
}

static void test_over_drive_rules(void **state)
{
	static const struct {
		double vdd_v;
		uint32_t first, second;
		const char *sentence;
	} cases[] = {
		{3.3, 0xC000 | ODSWEN, 0, "ODSWEN set while ODEN is clear"},
		{3.3, 0xC000 | ODEN, 0xC000 | ODEN | ODSWEN,
		 "ODSWEN set while PWR_CSR1.ODRDY is clear"},
		{3.3, 0x4000 | ODEN, 0, "ODEN set in voltage scale 3"},
		{2.0, 0xC000 | ODEN, 0, "ODEN set at a VDD of 2.00 V, the least is 2.1 V"},
		{3.3, 0xC000 | 3u << 18, 0, "under-drive is not modelled"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		bench_open_idle(&bench, 1);
		power_clock_on(&bench);
		chip_set_supply(bench.chip, cases[i].vdd_v);
		bench_poke(&bench, PWR_CR1, cases[i].first);
		if (cases[i].second)
			bench_poke(&bench, PWR_CR1, cases[i].second);
		bench_assert_fault(&bench, cases[i].sentence);
		bench_close(&bench);
	}
}

static void test_over_drive_under_the_pll(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	to_216_mhz(&bench);
	bench_set(&bench, PWR_CR1, ODEN | ODSWEN, 0);
	bench_assert_fault(&bench, "over-drive switched while the PLL is the system clock");
	bench_close(&bench);
	bench_open_idle(&bench, 1);
	to_216_mhz(&bench);
	switch_to(&bench, 0);
	bench_set(&bench, PWR_CR1, ODEN | ODSWEN, 0); /* the right way down */
	bench_set(&bench, CR, PLLON, 0);
	bench_set(&bench, ACR, 15, 0);
	assert_hclk_near(&bench, 16, 5e-3);
	assert_int_equal(bench_peek(&bench, PWR_CSR1), 0);
	bench_close(&bench);
}

static void test_other_rules(void **state)
{
	static const struct {
		uint32_t address, value;
		const char *sentence;
	} cases[] = {
		{CFGR, 3, "RCC_CFGR.SW 3 is not allowed"},
		{CR, 0x81 | 1u << 26, "PLLI2S, PLLSAI and CSS are not modelled"},
		{PWR_CR1, 0xC000, "access to PWR (0x40007000) while its clock is off"},
		{0x40004800, 1, "access to USART3 (0x40004800) while its clock is off"},
		{0x40020418, 1, "access to GPIOB (0x40020418) while its clock is off"},
		{0x40012008, 1, "access to ADC1 (0x40012008) while its clock is off"},
		{0x40003000, 0xCCCC, "access to unmodelled register 0x40003000"}, /* IWDG */
		{0x1FF0F420, 1, "store to system memory at 0x1ff0f420"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		bench_open_idle(&bench, 1);
		bench_poke(&bench, cases[i].address, cases[i].value);
		bench_assert_fault(&bench, cases[i].sentence);
		bench_close(&bench);
	}
}

static void test_gated_read_is_zero(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	assert_int_equal(bench_peek(&bench, PWR_CR1), 0); /* 0xC000 with the clock on */
	bench_poke(&bench, PWR_CR1, 0x4000);
	power_clock_on(&bench);
	assert_int_equal(bench_peek(&bench, PWR_CR1), 0xC000);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wait_states_by_supply),
		cmocka_unit_test(test_switched_before_wait_states),
		cmocka_unit_test(test_supply_sags),
		cmocka_unit_test(test_scale_limits),
		cmocka_unit_test(test_bus_limits),
		cmocka_unit_test(test_bus_limits_reached),
		cmocka_unit_test(test_pll_limits),
		cmocka_unit_test(test_changes_while_pll_is_on),
		cmocka_unit_test(test_over_drive_rules),
		cmocka_unit_test(test_over_drive_under_the_pll),
		cmocka_unit_test(test_other_rules),
		cmocka_unit_test(test_gated_read_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
