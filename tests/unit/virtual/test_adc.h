/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Supply and junction temperature of a virtual STM32 come back through the calibration words the
 * way the data sheets prescribe. The including test defines the addresses UID, FLASH_SIZE,
 * VREFINT_CAL, TS_CAL1 (at 30 degC) and TS_CAL2 (at CAL2_C), all written at REFERENCE_V; FLASH_KB;
 * the channels VREFINT and SENSOR; JUNCTION_MAX_C; and these steps.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_ADC_H
#define TESTS_UNIT_VIRTUAL_TEST_ADC_H

#include <math.h>

/* Where the chip keeps what it has at the address. */
static const uint8_t *info_at(struct bench *bench, uint32_t address);
/* From reset to an ADC that converts. */
static void start_adc(struct bench *bench);
static unsigned convert(struct bench *bench, unsigned channel);

static uint16_t word_at(struct bench *bench, uint32_t address)
{
	const uint8_t *at = info_at(bench, address);

	return (uint16_t)(at[0] | at[1] << 8);
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
	static const double supplies_v[] = {1.8, REFERENCE_V, 3.6};
	static const double junctions_c[] = {-20, 30, JUNCTION_MAX_C};

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		double supply_v = supplies_v[i / 3], junction_c = junctions_c[i % 3], vdda, raw,
		       temp;
		struct bench bench;
		double cal1, cal2;

		bench_open_idle(&bench, 7);
		chip_set_supply(bench.chip, supply_v);
		chip_set_junction(bench.chip, junction_c);
		start_adc(&bench);
		vdda = REFERENCE_V * word_at(&bench, VREFINT_CAL) / mean_of_64(&bench, VREFINT);
		assert_true(fabs(vdda - supply_v) < 0.002 * supply_v);
		raw = mean_of_64(&bench, SENSOR) * vdda / REFERENCE_V;
		cal1 = word_at(&bench, TS_CAL1);
		cal2 = word_at(&bench, TS_CAL2);
		temp = (raw - cal1) * (CAL2_C - 30) / (cal2 - cal1) + 30;
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
	assert_int_equal(word_at(&a, FLASH_SIZE), FLASH_KB);
	assert_memory_equal(info_at(&a, UID), "VIRTUAL", 7);
	assert_int_equal(strlen(chip_uid_text(a.chip)), 24);
	assert_memory_equal(chip_uid_text(a.chip), "5649525455414c", 14);
	assert_string_not_equal(chip_uid_text(a.chip), chip_uid_text(b.chip));
	assert_int_not_equal(word_at(&a, TS_CAL1), word_at(&b, TS_CAL1));
	bench_close(&a);
	bench_close(&b);
}

#endif
