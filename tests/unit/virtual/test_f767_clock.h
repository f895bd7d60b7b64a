/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Steps through the clock tree of the virtual STM32F767 that several tests take.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_F767_CLOCK_H
#define TESTS_UNIT_VIRTUAL_TEST_F767_CLOCK_H

#include "tests/unit/virtual/test_f767_bench.h"

#define RCC(offset) (0x40023800u + (offset))
#define CR          RCC(0x00)
#define PLLCFGR     RCC(0x04)
#define CFGR        RCC(0x08)
#define APB1ENR     RCC(0x40)
#define CSR         RCC(0x74)
#define ACR         0x40023C00u
#define PWR_CR1     0x40007000u
#define PWR_CSR1    0x40007004u

#define HSEON       (1u << 16)
#define HSERDY      (1u << 17)
#define HSEBYP      (1u << 18)
#define PLLON       (1u << 24)
#define PLLRDY      (1u << 25)
#define FROM_HSE    (1u << 22)
#define ODEN        (1u << 16)
#define ODSWEN      (1u << 17)
#define VOSRDY      (1u << 14)
#define VOS(scale)  ((4u - (scale)) << 14)
#define APB_DIVIDED (5u << 10 | 4u << 13) /* APB1 / 4, APB2 / 2 */

static inline uint32_t pllcfgr(uint32_t source, unsigned m, unsigned n, unsigned p)
{
	return source | m | n << 6 | (p / 2 - 1) << 16 | 9u << 24 | 2u << 28;
}

static inline void latency(struct bench *bench, unsigned wait_states)
{
	bench_set(bench, ACR, 15, wait_states);
	assert_int_equal(bench_peek(bench, ACR) & 15, wait_states);
}

static inline void power_clock_on(struct bench *bench)
{
	bench_set(bench, APB1ENR, 0, 1u << 28);
}

static inline void hse_on(struct bench *bench)
{
	bench_set(bench, CR, 0, HSEBYP);
	bench_set(bench, CR, 0, HSEON);
	assert_false(bench_peek(bench, CR) & HSERDY);
	bench_run(bench, 100 * BENCH_US);
	assert_true(bench_peek(bench, CR) & HSERDY);
}

static inline void pll_on(struct bench *bench, uint32_t value)
{
	bench_poke(bench, PLLCFGR, value);
	bench_set(bench, CR, 0, PLLON);
	assert_false(bench_peek(bench, CR) & PLLRDY);
	bench_run(bench, 150 * BENCH_US);
	assert_false(bench_peek(bench, CR) & PLLRDY);
	bench_run(bench, 100 * BENCH_US);
	bench_assert_no_fault(bench);
	assert_true(bench_peek(bench, CR) & PLLRDY);
}

static inline void over_drive_on(struct bench *bench)
{
	bench_set(bench, PWR_CR1, 0, ODEN);
	assert_false(bench_peek(bench, PWR_CSR1) & ODEN);
	bench_run(bench, 50 * BENCH_US);
	assert_true(bench_peek(bench, PWR_CSR1) & ODEN); /* ODRDY has ODEN's place */
	bench_set(bench, PWR_CR1, 0, ODSWEN);
	assert_false(bench_peek(bench, PWR_CSR1) & ODSWEN);
	bench_run(bench, 50 * BENCH_US);
	assert_true(bench_peek(bench, PWR_CSR1) & ODSWEN);
}

static inline void switch_to(struct bench *bench, unsigned source)
{
	bench_set(bench, CFGR, 3, source);
	assert_int_equal(bench_peek(bench, CFGR) >> 2 & 3, source);
}

static inline void assert_hclk_near(struct bench *bench, double mhz, double tolerance)
{
	double error;

	bench_run(bench, BENCH_US);
	bench_assert_no_fault(bench);
	error = bench->activity.hclk_hz / (mhz * 1e6) - 1;
	if (error < -tolerance || error > tolerance)
		fail_msg("HCLK is %g MHz, expected %g", bench->activity.hclk_hz / 1e6, mhz);
	assert_true(error != 0); /* oscillators are never exact */
}

static inline void to_216_mhz(struct bench *bench)
{
	power_clock_on(bench);
	hse_on(bench);
	bench_poke(bench, PLLCFGR, pllcfgr(FROM_HSE, 4, 216, 2));
	bench_set(bench, CR, 0, PLLON);
	over_drive_on(bench);
	assert_true(bench_peek(bench, PWR_CSR1) & VOSRDY);
	bench_run(bench, 200 * BENCH_US);
	latency(bench, 7);
	bench_set(bench, CFGR, 0, APB_DIVIDED);
	switch_to(bench, 2);
}

#endif
