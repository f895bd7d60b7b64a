/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Steps through the clock tree of a virtual STM32L4+ or L5, and what both do alike there.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_CLOCK_L4L5_H
#define TESTS_UNIT_VIRTUAL_TEST_CLOCK_L4L5_H

#define RCC(offset) (L4L5_RCC_BASE + (offset))
#define CR          RCC(0x00)
#define CFGR        RCC(0x08)
#define PLLCFGR     RCC(0x0C)
#define APB1ENR1    RCC(0x58)
#define CSR         RCC(0x94)
#define ACR         L4L5_FLASHC_BASE
#define PWR_CR1     L4L5_PWR_BASE
#define PWR_CR4     (L4L5_PWR_BASE + 0x0C)
#define PWR_SR2     (L4L5_PWR_BASE + 0x14)
#define PWR_CR5     (L4L5_PWR_BASE + 0x80)
#define VOSF        (1u << 10)
#define PLLREN      (1u << 24)
#define PLLON       (1u << 24)
#define PLLRDY      (1u << 25)
#define HPRE_2      (8u << 4)
#define RESET_HZ    4e6 /* MSI */
#define ERROR_MOST  6e-3

#include "tests/unit/virtual/test_spread.h"

static uint32_t pllcfgr(unsigned source, unsigned m, unsigned n, unsigned r)
{
	return source | (m - 1) << 4 | n << 8 | (r / 2 - 1) << 25 | PLLREN;
}

static void latency(struct bench *bench, unsigned wait_states)
{
	bench_set(bench, ACR, 15, wait_states);
	assert_int_equal(bench_peek(bench, ACR) & 15, wait_states);
}

static void pll_on(struct bench *bench, uint32_t value)
{
	bench_poke(bench, PLLCFGR, value);
	bench_set(bench, CR, 0, PLLON);
	assert_false(bench_peek(bench, CR) & PLLRDY);
	bench_run(bench, 50 * BENCH_US);
	bench_assert_no_fault(bench);
	assert_true(bench_peek(bench, CR) & PLLRDY);
}

static void assert_hclk_near(struct bench *bench, double mhz)
{
	bench_run(bench, BENCH_US);
	bench_assert_no_fault(bench);
	if (bench->activity.hclk_hz < mhz * 0.994e6 || bench->activity.hclk_hz > mhz * 1.006e6)
		fail_msg("HCLK is %g MHz, expected %g", bench->activity.hclk_hz / 1e6, mhz);
	assert_true(bench->activity.hclk_hz != mhz * 1e6); /* oscillators are never exact */
}

/* The switch waits for the source; the PLL's source and the PLL cannot be switched off under it. */
static void test_switch_waits_and_holds(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	latency(&bench, 1);
	bench_set(&bench, CR, 0, 1u << 8);
	bench_set(&bench, CFGR, 3, 1);
	assert_int_equal(bench_peek(&bench, CFGR) & 15, 1); /* SWS still MSI */
	bench_run(&bench, 10 * BENCH_US);
	assert_int_equal(bench_peek(&bench, CFGR) & 15, 5);
	assert_hclk_near(&bench, 16);
	bench_set(&bench, CR, 1u << 8, 0);
	assert_true(bench_peek(&bench, CR) & 1u << 8);
	bench_set(&bench, CR, 1, 0); /* the MSI may go */
	assert_hclk_near(&bench, 16);
	assert_false(bench.activity.msi_on);
	bench_close(&bench);
}

static void test_hse_is_absent(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_set(&bench, CR, 0, 1u << 16);
	bench_set(&bench, CFGR, 3, 2);
	bench_run(&bench, 100 * BENCH_MS);
	assert_false(bench_peek(&bench, CR) & 1u << 17);
	assert_int_equal(bench_peek(&bench, CFGR) >> 2 & 3, 0);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

#endif
