/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ADC1 of a virtual STM32L4+ or L5: test_adc.h's steps, and the rules of its start-up. The
 * including test defines ADC, its base address, and what test_adc.h asks for but channels and
 * junction.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_ADC_L4L5_H
#define TESTS_UNIT_VIRTUAL_TEST_ADC_L4L5_H

#define AHB2ENR        (L4L5_RCC_BASE + 0x4C)
#define ISR            ADC
#define CR             (ADC + 0x08)
#define SMPR1          (ADC + 0x14)
#define SMPR2          (ADC + 0x18)
#define SQR1           (ADC + 0x30)
#define DR             (ADC + 0x40)
#define CCR            (ADC + 0x308)
#define CKMODE_HCLK    (1u << 16)
#define TSEN           (1u << 23)
#define VREFEN         (1u << 22)
#define ADVREGEN       (1u << 28)
#define ADCAL          (1u << 31)
#define VREFINT        0
#define SENSOR         17
#define JUNCTION_MAX_C 85

#include "tests/unit/virtual/test_adc.h"

static void power_up(struct bench *bench)
{
	bench_set(bench, AHB2ENR, 0, 1u << 13);
	assert_int_equal(bench_peek(bench, CR), 1u << 29);
	bench_poke(bench, CCR, CKMODE_HCLK | TSEN | VREFEN);
	bench_poke(bench, CR, 0);
	bench_poke(bench, CR, ADVREGEN);
	bench_run(bench, 25 * BENCH_US);
}

static void enable(struct bench *bench)
{
	bench_poke(bench, CR, ADVREGEN | ADCAL);
	assert_true(bench_peek(bench, CR) & ADCAL);
	bench_run(bench, 40 * BENCH_US); /* 116 cycles of 4 MHz are 29 us */
	assert_false(bench_peek(bench, CR) & ADCAL);
	bench_poke(bench, ISR, 1);
	bench_set(bench, CR, 0, 1);
	bench_run(bench, 10 * BENCH_US);
	assert_true(bench_peek(bench, ISR) & 1);
	bench_poke(bench, SMPR1, 4); /* 47.5 cycles: 11.9 us */
	bench_poke(bench, SMPR2, 4u << 21);
	bench_run(bench, 120 * BENCH_US);
}

static void start_adc(struct bench *bench)
{
	power_up(bench);
	enable(bench);
}

static unsigned convert(struct bench *bench, unsigned channel)
{
	bench_poke(bench, SQR1, channel << 6);
	bench_set(bench, CR, 0, 4);
	bench_run(bench, 14 * BENCH_US);
	assert_false(bench_peek(bench, ISR) & 4);
	bench_run(bench, 2 * BENCH_US);
	assert_int_equal(bench_peek(bench, ISR) & 0xC, 0xC);
	bench_poke(bench, ISR, 8);
	return bench_peek(bench, DR);
}

static void expect_fault(struct bench *bench, const char *sentence)
{
	bench_assert_fault(bench, sentence);
	bench_close(bench);
}

static void test_start_up_rules(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_set(&bench, AHB2ENR, 0, 1u << 13);
	bench_poke(&bench, CR, 1u << 29 | ADVREGEN);
	expect_fault(&bench, "deep power-down");

	bench_open_idle(&bench, 1);
	bench_set(&bench, AHB2ENR, 0, 1u << 13);
	bench_poke(&bench, CCR, CKMODE_HCLK);
	bench_poke(&bench, CR, ADVREGEN);
	bench_poke(&bench, CR, ADVREGEN | ADCAL);
	expect_fault(&bench, "before its regulator was on (ADVREGEN) for 20 us");

	bench_open_idle(&bench, 1);
	power_up(&bench);
	bench_poke(&bench, CCR, TSEN);
	bench_poke(&bench, CR, ADVREGEN | ADCAL);
	expect_fault(&bench, "ADC1 used without a clock");

	bench_open_idle(&bench, 1);
	power_up(&bench);
	bench_poke(&bench, CR, ADVREGEN | 1);
	bench_poke(&bench, CR, ADVREGEN | 5);
	expect_fault(&bench, "ADC1 started while ADRDY has not risen");

	bench_open_idle(&bench, 1);
	power_up(&bench);
	enable(&bench);
	bench_poke(&bench, CCR, CKMODE_HCLK | VREFEN);
	bench_poke(&bench, SQR1, 17u << 6);
	bench_set(&bench, CR, 0, 4);
	expect_fault(&bench, "temperature sensor converted while ADC_CCR.TSEN is clear");

	bench_open_idle(&bench, 1);
	power_up(&bench);
	enable(&bench);
	bench_poke(&bench, SMPR2, 2u << 21); /* 12.5 cycles: 3.1 us */
	bench_poke(&bench, SQR1, 17u << 6);
	bench_set(&bench, CR, 0, 4);
	expect_fault(&bench, "temperature sensor sampled for 3.1");

	bench_open_idle(&bench, 1);
	power_up(&bench);
	enable(&bench);
	bench_poke(&bench, CCR, TSEN | VREFEN);
	expect_fault(&bench, "ADC_CCR.CKMODE or PRESC changed while ADEN is set");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_temperature_and_supply),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_start_up_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
