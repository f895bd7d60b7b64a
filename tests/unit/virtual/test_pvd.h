/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The voltage detector of a virtual STM32 as a latch, by the addresses that the including test
 * defines: PWR_CLOCK (address, bit), CONTROL (with ENABLE, LEVEL(n)), STATUS and BELOW,
 * TRIGGER_DOWN and TRIGGER_UP (of the output that rises when VDD falls), PENDING_DOWN, PENDING_UP,
 * and TOP, a level whose threshold lies within LOW_V and HIGH_V.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_PVD_H
#define TESTS_UNIT_VIRTUAL_TEST_PVD_H

#define LINE_16 (1u << 16)

static void open_watching(struct bench *bench, uint64_t seed)
{
	bench_open_idle(bench, seed);
	chip_set_supply(bench->chip, 3.3);
	bench_set(bench, PWR_CLOCK, 0, PWR_CLOCK_BIT);
	bench_set(bench, CONTROL, LEVEL(7), ENABLE | LEVEL(TOP));
	bench_poke(bench, TRIGGER_DOWN, LINE_16);
}

static bool is_latched(struct bench *bench)
{
	return bench_peek(bench, PENDING_DOWN) & LINE_16;
}

static void test_latch(void **state)
{
	struct bench bench;

	(void)state;
	open_watching(&bench, 3);
	assert_false(bench_peek(&bench, STATUS) & BELOW);
	chip_set_supply(bench.chip, HIGH_V);
	assert_false(is_latched(&bench));
	chip_set_supply(bench.chip, LOW_V);
	assert_true(bench_peek(&bench, STATUS) & BELOW);
	assert_true(is_latched(&bench));
	chip_set_supply(bench.chip, 3.3);
	assert_false(bench_peek(&bench, STATUS) & BELOW);
	assert_true(is_latched(&bench)); /* it stays */
	bench_poke(&bench, PENDING_DOWN, LINE_16);
	assert_false(is_latched(&bench));
	bench_set(&bench, CONTROL, ENABLE, 0);
	chip_set_supply(bench.chip, LOW_V);
	assert_false(bench_peek(&bench, STATUS) & BELOW);
	assert_false(is_latched(&bench));
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_direction_and_hysteresis(void **state)
{
	struct bench bench;

	(void)state;
	open_watching(&bench, 3);
	bench_poke(&bench, TRIGGER_DOWN, 0);
	chip_set_supply(bench.chip, LOW_V);
	assert_false(is_latched(&bench)); /* no edge was asked for */
	bench_poke(&bench, TRIGGER_UP, LINE_16);
	chip_set_supply(bench.chip, LOW_V + 0.01);
	assert_true(bench_peek(&bench, STATUS) & BELOW); /* 100 mV of hysteresis */
	chip_set_supply(bench.chip, 3.3);
	assert_true(bench_peek(&bench, PENDING_UP) & LINE_16);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

/* Chips differ by less than the data sheet's limits. */
static void test_thresholds(void **state)
{
	double least_v = 9, most_v = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 12; seed++) {
		struct bench bench;
		double volts = 3.3;

		open_watching(&bench, seed);
		while (!is_latched(&bench) && volts > 2) {
			volts -= 0.005;
			chip_set_supply(bench.chip, volts);
		}
		least_v = volts < least_v ? volts : least_v;
		most_v = volts > most_v ? volts : most_v;
		bench_close(&bench);
	}
	assert_true(least_v > LOW_V && most_v < HIGH_V && most_v - least_v > 0.02);
}

static void test_reset_and_rules(void **state)
{
	struct bench bench;

	(void)state;
	open_watching(&bench, 3);
	chip_set_supply(bench.chip, LOW_V);
	chip_set_nrst(bench.chip, false);
	chip_set_nrst(bench.chip, true);
	bench_run(&bench, BENCH_MS);
	bench_set(&bench, PWR_CLOCK, 0, PWR_CLOCK_BIT);
	assert_false(is_latched(&bench));
	assert_false(bench_peek(&bench, CONTROL) & ENABLE);
	bench_poke(&bench, TRIGGER_DOWN, 1);
	bench_assert_fault(&bench, "other than 16");
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_latch),
		cmocka_unit_test(test_direction_and_hysteresis),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_reset_and_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
