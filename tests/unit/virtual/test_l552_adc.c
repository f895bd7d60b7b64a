/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ADC1 of the virtual STM32L552: supply and junction temperature come back through the calibration
 * words the way DS12737 prescribes, and the rules of its start-up hold.
 */
#include <math.h>

#include "tests/unit/virtual/test_l552.h"

#define AHB2ENR     (L552_RCC_BASE + 0x4C)
#define ISR         L552_ADC_BASE
#define CR          (L552_ADC_BASE + 0x08)
#define SMPR1       (L552_ADC_BASE + 0x14)
#define SMPR2       (L552_ADC_BASE + 0x18)
#define SQR1        (L552_ADC_BASE + 0x30)
#define DR          (L552_ADC_BASE + 0x40)
#define CCR         (L552_ADC_BASE + 0x308)
#define CKMODE_HCLK (1u << 16)
#define TSEN        (1u << 23)
#define VREFEN      (1u << 22)
#define ADVREGEN    (1u << 28)
#define ADCAL       (1u << 31)

static uint16_t word_at(struct bench *bench, uint32_t address)
{
	const uint8_t *at = bench_l552(bench)->info + (address - L552_INFO_BASE);

	return (uint16_t)(at[0] | at[1] << 8);
}

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

static double mean_of_64(struct bench *bench, unsigned channel)
{
	double sum = 0;

	for (int i = 0; i < 64; i++)
		sum += convert(bench, channel);
	return sum / 64;
}

static void test_temperature_and_supply(void **state)
{
	static const double supplies_v[] = {1.8, 3.0, 3.6}, junctions_c[] = {-20, 30, 85};

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		double supply_v = supplies_v[i / 3], junction_c = junctions_c[i % 3], vdda, raw,
		       temp;
		struct bench bench;
		double cal1, cal2;

		bench_open_idle(&bench, 7);
		chip_set_supply(bench.chip, supply_v);
		chip_set_junction(bench.chip, junction_c);
		power_up(&bench);
		enable(&bench);
		vdda = 3.0 * word_at(&bench, L552_VREFINT_CAL) / mean_of_64(&bench, 0);
		assert_true(fabs(vdda - supply_v) < 0.002 * supply_v);
		raw = mean_of_64(&bench, 17) * vdda / 3.0;
		cal1 = word_at(&bench, L552_TS_CAL1);
		cal2 = word_at(&bench, L552_TS_CAL2);
		temp = (raw - cal1) * (110 - 30) / (cal2 - cal1) + 30;
		if (fabs(temp - junction_c) > 3)
			fail_msg("%g degC at %g V reads %g", junction_c, supply_v, temp);
		bench_assert_no_fault(&bench);
		bench_close(&bench);
	}
}

static void test_identity(void **state)
{
	struct bench a, b;

	(void)state;
	bench_open(&a, 1);
	bench_open(&b, 2);
	assert_int_equal(word_at(&a, L552_FLASH_SIZE), 512);
	assert_memory_equal(bench_l552(&a)->info + 0x590, "VIRTUAL", 7);
	assert_int_equal(strlen(chip_uid_text(a.chip)), 24);
	assert_memory_equal(chip_uid_text(a.chip), "5649525455414c", 14);
	assert_string_not_equal(chip_uid_text(a.chip), chip_uid_text(b.chip));
	assert_int_not_equal(word_at(&a, L552_TS_CAL1), word_at(&b, L552_TS_CAL1));
	bench_close(&a);
	bench_close(&b);
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
	enable(&bench);
	bench_poke(&bench, CCR, TSEN | VREFEN);
	expect_fault(&bench, "ADC_CCR.CKMODE or PRESC changed while ADEN is set");

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
