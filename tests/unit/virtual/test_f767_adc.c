/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ADC1 of the virtual STM32F767: supply and junction temperature come back through the calibration
 * words the way DS11532 prescribes, and the rules of its start-up hold.
 */
#include "tests/unit/virtual/test_f767_bench.h"

#define APB2ENR  0x40023844u
#define RCC_CFGR 0x40023808u
#define SR       0x40012000u
#define CR1      0x40012004u
#define CR2      0x40012008u
#define SMPR1    0x4001200Cu
#define SQR1     0x4001202Cu
#define SQR3     0x40012034u
#define DR       0x4001204Cu
#define CCR      0x40012304u
#define ADON     1u
#define EOCS     (1u << 10)
#define SWSTART  (1u << 30)
#define SCAN     (1u << 8)
#define TSVREFE  (1u << 23)
#define EOC      2u
#define OVR      (1u << 5)
#define VREFINT  17u
#define SENSOR   18u

#define UID            0x1FF0F420
#define FLASH_SIZE     0x1FF0F442
#define VREFINT_CAL    0x1FF0F44A
#define TS_CAL1        0x1FF0F44C
#define TS_CAL2        0x1FF0F44E
#define CAL2_C         110
#define REFERENCE_V    3.3
#define FLASH_KB       2048
#define JUNCTION_MAX_C 110

#include "tests/unit/virtual/test_adc.h"

/* Both channels sampled for 480 cycles of 8 MHz: 60 us, and 12 cycles to convert. */
#define SLOW (7u << 21 | 7u << 24)

static const uint8_t *info_at(struct bench *bench, uint32_t address)
{
	return stm32f767_memory_at(stm32f767_of(bench_chip(bench)), address, 12);
}

static void power_up(struct bench *bench)
{
	bench_set(bench, APB2ENR, 0, 1u << 8);
	bench_poke(bench, CCR, TSVREFE);
	bench_poke(bench, SMPR1, SLOW);
	bench_poke(bench, CR2, ADON | EOCS);
	bench_run(bench, 15 * BENCH_US);
}

static void start_adc(struct bench *bench)
{
	power_up(bench);
}

static unsigned convert(struct bench *bench, unsigned channel)
{
	bench_poke(bench, SQR3, channel);
	bench_set(bench, CR2, 0, SWSTART);
	bench_run(bench, 60 * BENCH_US);
	assert_false(bench_peek(bench, SR) & EOC);
	bench_run(bench, 3 * BENCH_US);
	assert_true(bench_peek(bench, SR) & EOC);
	return bench_peek(bench, DR);
}

/* What the words are at a typical part: DS11532, VREFINT 1.18 to 1.24 V, 2.5 mV/degC. */
static void test_typical_words(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, 1);
	assert_in_range(word_at(&bench, VREFINT_CAL), 1464, 1539);
	assert_in_range(word_at(&bench, TS_CAL2) - word_at(&bench, TS_CAL1), 230, 270);
	bench_close(&bench);
}

static void test_resolution_and_sequence(void **state)
{
	struct bench bench;
	unsigned full, coarse;

	(void)state;
	bench_open_idle(&bench, 1);
	power_up(&bench);
	full = convert(&bench, VREFINT);
	bench_poke(&bench, CR1, 2u << 24 | SCAN); /* 8 bits: 60 us and 8 cycles */
	bench_poke(&bench, SQR1, 1u << 20);
	bench_poke(&bench, SQR3, VREFINT | SENSOR << 5);
	bench_set(&bench, CR2, 0, SWSTART);
	bench_run(&bench, 62 * BENCH_US);
	coarse = bench_peek(&bench, DR);
	assert_in_range(coarse, (full >> 4) - 1, (full >> 4) + 1);
	assert_false(bench_peek(&bench, SR) & EOC); /* the read took it */
	bench_run(&bench, 62 * BENCH_US);
	assert_true(bench_peek(&bench, SR) & EOC);
	assert_int_not_equal(bench_peek(&bench, DR), coarse);
	bench_run(&bench, BENCH_MS);
	assert_false(bench_peek(&bench, SR) & EOC); /* the sequence is over */
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_overrun(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	power_up(&bench);
	bench_poke(&bench, SQR3, VREFINT);
	bench_set(&bench, CR2, 0, SWSTART | 2); /* CONT */
	bench_run(&bench, 65 * BENCH_US);
	assert_int_equal(bench_peek(&bench, SR) & (EOC | OVR), EOC);
	bench_run(&bench, 65 * BENCH_US);
	assert_int_equal(bench_peek(&bench, SR) & (EOC | OVR), EOC | OVR);
	bench_poke(&bench, SR, ~(EOC | OVR));
	assert_int_equal(bench_peek(&bench, SR) & (EOC | OVR), 0);
	bench_close(&bench);
}

static void start_sensor(struct bench *bench)
{
	bench_poke(bench, SQR3, SENSOR);
	bench_set(bench, CR2, 0, SWSTART);
}

static void open_clocked(struct bench *bench)
{
	bench_open_idle(bench, 1);
	bench_set(bench, APB2ENR, 0, 1u << 8);
}

static void test_start_rules(void **state)
{
	struct bench bench;

	(void)state;
	open_clocked(&bench);
	bench_poke(&bench, CR2, ADON);
	bench_run(&bench, 2 * BENCH_US);
	start_sensor(&bench);
	bench_assert_fault(&bench, "ADC1 started before ADON was set for 3 us");
	bench_close(&bench);

	open_clocked(&bench);
	bench_poke(&bench, CR2, ADON);
	bench_run(&bench, 20 * BENCH_US);
	start_sensor(&bench);
	bench_assert_fault(&bench, "temperature sensor converted while ADC_CCR.TSVREFE is clear");
	bench_close(&bench);

	open_clocked(&bench);
	bench_poke(&bench, SMPR1, SLOW);
	bench_poke(&bench, CCR, TSVREFE);
	bench_poke(&bench, CR2, ADON);
	bench_run(&bench, 5 * BENCH_US);
	start_sensor(&bench);
	bench_assert_fault(&bench, "converted before its start time of 10 us is over");
	bench_close(&bench);

	open_clocked(&bench);
	power_up(&bench);
	bench_poke(&bench, SMPR1, 3u << 24); /* 56 cycles: 7 us */
	start_sensor(&bench);
	bench_assert_fault(&bench, "temperature sensor sampled for 7.0");
	bench_close(&bench);

	open_clocked(&bench);
	power_up(&bench);
	bench_poke(&bench, SMPR1, 4u << 24); /* 84 cycles: 10.5 us */
	start_sensor(&bench);
	bench_run(&bench, 13 * BENCH_US);
	assert_true(bench_peek(&bench, SR) & EOC);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_other_rules(void **state)
{
	static const struct {
		uint32_t address, value;
		const char *sentence;
	} cases[] = {
		{CCR, TSVREFE | 1u << 22, "VBATE connects VBAT to channel 18"},
		{SQR3, 3, "ADC1 channel 3 is not modelled"},
		{RCC_CFGR, 15u << 4, "ADC clock at 0.016 MHz, allowed are 0.6 to 36 MHz"},
		{CR2, ADON | 1u << 8, "ADC1_CR2 0x00000101 sets bits that are not modelled"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		bench_open_idle(&bench, 1);
		power_up(&bench);
		bench_poke(&bench, SQR3, SENSOR);
		bench_poke(&bench, cases[i].address, cases[i].value);
		bench_set(&bench, CR2, 0, SWSTART);
		bench_assert_fault(&bench, cases[i].sentence);
		bench_close(&bench);
	}
}

/* At 216 MHz PCLK2 may be 108 MHz: the ADC needs its prescaler. */
static void test_clock_at_full_speed(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	power_up(&bench);
	bench_poke(&bench, 0x40023804, 8 | 84u << 6 | 9u << 24 | 2u << 28); /* 84 MHz */
	bench_set(&bench, 0x40023800, 0, 1u << 24);
	bench_run(&bench, 300 * BENCH_US);
	bench_poke(&bench, 0x40023C00, 3);
	bench_poke(&bench, RCC_CFGR, 2 | 4u << 10);
	start_sensor(&bench);
	bench_assert_fault(&bench, "ADC clock at 4"); /* near 42 MHz: the HSI's error */
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_temperature_and_supply),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_typical_words),
		cmocka_unit_test(test_resolution_and_sequence),
		cmocka_unit_test(test_overrun),
		cmocka_unit_test(test_start_rules),
		cmocka_unit_test(test_other_rules),
		cmocka_unit_test(test_clock_at_full_speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
