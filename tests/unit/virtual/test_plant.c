/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The plant against its anchors (STM32L4R5 data sheet DS12023, approximate headline figures) and
 * its own time constants.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "rigs/virtual/plant/plant.h"

#define PART     "stm32l4r5"
#define SUPPLY_V 3.0

struct level {
	const char *name;
	double hclk_hz, core_v;
	double anchor_a; /* Dhrystone from flash */
	bool pll;
	double stall_share; /* of the cycles: more wait states, more fetch stalls */
};

static const struct level levels[] = {
	{"26 MHz, range 2", 26e6, 1.0, 93e-6 * 26, true, 0.04},
	{"80 MHz, range 1", 80e6, 1.2, 110e-6 * 80, true, 0.06},
	{"120 MHz, range 1 boost", 120e6, 1.28, 110e-6 * 120, true, 0.08},
};

static struct chip_activity quiet(const struct level *level)
{
	return (struct chip_activity){
		.hclk_hz = level->hclk_hz,
		.core_v = level->core_v,
		.powered = true,
		.msi_on = true,
		.msi_hz = 4e6,
		.pll_on = level->pll,
		.pll_vco_hz = 2 * level->hclk_hz < 64e6 ? 8 * level->hclk_hz : 2 * level->hclk_hz,
		.peripherals_on = 4,
	};
}

static struct chip_activity asleep(const struct level *level, double dt_s)
{
	struct chip_activity activity = quiet(level);

	activity.sleep_s = dt_s;
	activity.counts.sleep_cycles = (uint64_t)(dt_s * level->hclk_hz);
	return activity;
}

/* An integer benchmark compiled for size from flash: shares of the executed instructions. */
static struct chip_activity running(const struct level *level, double dt_s)
{
	static const double mix[CORE_CLASS_COUNT] = {
		[CORE_CLASS_ALU] = 0.48,
		[CORE_CLASS_LOAD] = 0.18,
		[CORE_CLASS_STORE] = 0.08,
		[CORE_CLASS_LOAD_MULTIPLE] = 0.03,
		[CORE_CLASS_STORE_MULTIPLE] = 0.03,
		[CORE_CLASS_MUL] = 0.01,
		[CORE_CLASS_DIV] = 0.002,
		[CORE_CLASS_BRANCH] = 0.178,
		[CORE_CLASS_OTHER] = 0.01,
	};
	struct chip_activity activity = quiet(level);
	double cycles = dt_s * level->hclk_hz;
	double instructions = 0.68 * cycles * (1 - level->stall_share);

	activity.active_s = dt_s;
	activity.counts.cycles = (uint64_t)cycles;
	activity.counts.instructions = (uint64_t)instructions;
	for (int i = 0; i < CORE_CLASS_COUNT; i++)
		activity.counts.classes[i] = (uint64_t)(mix[i] * instructions);
	activity.counts.taken_branches = (uint64_t)(0.11 * instructions);
	activity.counts.flash_fetch_stalls = (uint64_t)(level->stall_share * cycles);
	activity.counts.flash_data_reads = (uint64_t)(0.03 * instructions);
	activity.counts.toggled_bits = (uint64_t)(0.21 * instructions * 8);
	return activity;
}

static struct plant *new_plant(uint64_t seed, double ambient_c)
{
	struct plant *plant;
	struct verr err;

	assert_int_equal(plant_new(PART, seed, ambient_c, &plant, &err), 0);
	return plant;
}

/* After 20 ms every electrical transient is over, and the junction has not moved. */
static double settled_a(struct plant *plant, const struct chip_activity *activity, double dt_s)
{
	double current_a = 0;

	for (double t = 0; t < 0.02; t += dt_s)
		current_a = plant_step(plant, activity, SUPPLY_V, dt_s);
	return current_a;
}

static void test_run_anchors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		struct plant *plant = new_plant(1, 25);
		struct chip_activity run = running(&levels[i], 1e-3);
		double current_a = settled_a(plant, &run, 1e-3);

		print_message("%s: %.3f mA, anchor %.3f mA\n", levels[i].name, 1e3 * current_a,
			      1e3 * levels[i].anchor_a);
		assert_true(fabs(current_a / levels[i].anchor_a - 1) < 0.15);
		plant_free(plant);
	}
}

static void test_sleep_is_about_a_quarter(void **state)
{
	struct plant *plant = new_plant(1, 25);
	struct chip_activity run = running(&levels[1], 1e-3), sleep = asleep(&levels[1], 1e-3);
	double ratio;

	(void)state;
	ratio = settled_a(plant, &sleep, 1e-3) / settled_a(plant, &run, 1e-3);
	assert_true(ratio > 0.2 && ratio < 0.35);
	plant_free(plant);
}

static void test_current_does_not_depend_on_supply(void **state)
{
	struct plant *low = new_plant(1, 25), *high = new_plant(1, 25);
	struct chip_activity run = running(&levels[2], 1e-3);
	double ratio = 0;

	(void)state;
	for (int i = 0; i < 20; i++)
		ratio = plant_step(low, &run, 1.8, 1e-3) / plant_step(high, &run, 3.0, 1e-3);
	assert_true(fabs(ratio - 1) < 1e-3);
	plant_free(low);
	plant_free(high);
}

/* Data that toggles more bits costs more at the same counts. */
static void test_toggled_bits_cost(void **state)
{
	struct plant *plant = new_plant(1, 25);
	struct chip_activity run = running(&levels[2], 1e-3);
	double calm_a, busy_a;

	(void)state;
	run.counts.toggled_bits = 0;
	calm_a = settled_a(plant, &run, 1e-3);
	run.counts.toggled_bits = run.counts.classes[CORE_CLASS_LOAD] * 16;
	busy_a = settled_a(plant, &run, 1e-3);
	assert_true(busy_a > 1.01 * calm_a && busy_a < 1.15 * calm_a);
	plant_free(plant);
}

static void test_off_and_reset(void **state)
{
	struct plant *plant = new_plant(1, 25);
	struct chip_activity run = running(&levels[2], 1e-3), none = {.hclk_hz = 4e6};

	(void)state;
	settled_a(plant, &run, 1e-3);
	assert_true(plant_step(plant, &none, 0, 1e-3) == 0);
	assert_true(settled_a(plant, &none, 1e-3) == 0);
	none.powered = true;
	none.in_reset = true;
	assert_true(settled_a(plant, &none, 1e-3) > 50e-6);
	assert_true(settled_a(plant, &none, 1e-3) < 500e-6);
	plant_free(plant);
}

/* A step in load reaches the meter through the capacitors: 63 % after 20 us; the charge is not
 * lost. */
static void test_decoupling(void **state)
{
	struct plant *plant = new_plant(1, 25);
	struct chip_activity sleep = asleep(&levels[2], 1e-6), run = running(&levels[2], 1e-6);
	double low_a = settled_a(plant, &sleep, 1e-6), high_a, at_tau_a = 0, missing_c = 0;

	(void)state;
	high_a = settled_a(plant, &run, 1e-6);
	settled_a(plant, &sleep, 1e-6);
	for (int us = 0; us < 400; us++) {
		double current_a = plant_step(plant, &run, SUPPLY_V, 1e-6);

		missing_c += (high_a - current_a) * 1e-6;
		if (us == 19)
			at_tau_a = current_a;
	}
	assert_true(fabs((at_tau_a - low_a) / (high_a - low_a) - 0.63) < 0.02);
	assert_true(fabs(missing_c / ((high_a - low_a) * 20e-6) - 1) < 0.02);
	plant_free(plant);
}

/* The mean over a wide slice is the mean of its narrow ones. */
static void test_slices_add_up(void **state)
{
	struct plant *wide = new_plant(3, 25), *narrow = new_plant(3, 25);
	struct chip_activity run_wide = running(&levels[2], 1e-4);
	struct chip_activity run_narrow = running(&levels[2], 1e-5);
	double wide_a = plant_step(wide, &run_wide, SUPPLY_V, 1e-4), narrow_a = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		narrow_a += plant_step(narrow, &run_narrow, SUPPLY_V, 1e-5) / 10;
	assert_true(fabs(wide_a / narrow_a - 1) < 5e-3); /* whole counts in 10 us */
	plant_free(wide);
	plant_free(narrow);
}

static void test_clock_change_rings_for_milliseconds(void **state)
{
	struct plant *plant = new_plant(1, 25);
	struct chip_activity slow = running(&levels[0], 1e-3), fast = running(&levels[2], 1e-3);
	double early_a, late_a;

	(void)state;
	settled_a(plant, &slow, 1e-3);
	plant_step(plant, &fast, SUPPLY_V, 1e-3);
	early_a = plant_step(plant, &fast, SUPPLY_V, 1e-3);
	late_a = settled_a(plant, &fast, 1e-3);
	assert_true(early_a > 1.005 * late_a && early_a < 1.03 * late_a);
	plant_free(plant);
}

static void test_self_heating(void **state)
{
	struct plant *plant = new_plant(1, 21);
	struct chip_activity run = running(&levels[2], 1e-3);
	double after_tau_c, rise_c, power_w = 0;

	(void)state;
	for (int ms = 0; ms < 20000; ms++)
		power_w = SUPPLY_V * plant_step(plant, &run, SUPPLY_V, 1e-3);
	after_tau_c = plant_junction_c(plant);
	for (int ms = 0; ms < 180000; ms++)
		plant_step(plant, &run, SUPPLY_V, 1e-3);
	rise_c = plant_junction_c(plant) - 21;
	assert_true(rise_c / power_w > 30 && rise_c / power_w < 60); /* K/W of an LQFP144 */
	assert_true(fabs((after_tau_c - 21) / rise_c - 0.632) < 0.01);
	plant_free(plant);
}

/* From 21 to 43 degC only the leakage moves: by exp(22 / 27), asleep clearly visible. */
static void test_leakage_grows_with_temperature(void **state)
{
	struct plant *cool = new_plant(1, 21), *warm = new_plant(1, 43), *hot = new_plant(1, 65);
	struct chip_activity sleep = asleep(&levels[0], 1e-3);
	double cool_a = settled_a(cool, &sleep, 1e-3), warm_a = settled_a(warm, &sleep, 1e-3);
	double hot_a = settled_a(hot, &sleep, 1e-3);

	(void)state;
	assert_true(warm_a > cool_a);
	assert_true(fabs((hot_a - warm_a) / (warm_a - cool_a) / exp(22.0 / 27) - 1) < 0.02);
	plant_free(cool);
	plant_free(warm);
	plant_free(hot);
}

static void test_boards_differ_within_the_spread(void **state)
{
	struct chip_activity run = running(&levels[2], 1e-3);
	double low_a = INFINITY, high_a = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct plant *plant = new_plant(seed, 25), *same = new_plant(seed, 25);
		double current_a = settled_a(plant, &run, 1e-3);

		assert_true(current_a == settled_a(same, &run, 1e-3));
		low_a = fmin(low_a, current_a);
		high_a = fmax(high_a, current_a);
		plant_free(plant);
		plant_free(same);
	}
	assert_true(high_a / low_a > 1.03 && high_a / low_a < 1.05);
}

static void test_unknown_part(void **state)
{
	struct plant *plant = NULL;
	struct verr err = {""};

	(void)state;
	assert_false(plant_knows_part("z80"));
	assert_true(plant_knows_part(PART));
	assert_true(plant_new("z80", 1, 25, &plant, &err) < 0);
	assert_non_null(strstr(err.text, "z80"));
	assert_null(plant);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_anchors),
		cmocka_unit_test(test_sleep_is_about_a_quarter),
		cmocka_unit_test(test_current_does_not_depend_on_supply),
		cmocka_unit_test(test_toggled_bits_cost),
		cmocka_unit_test(test_off_and_reset),
		cmocka_unit_test(test_decoupling),
		cmocka_unit_test(test_slices_add_up),
		cmocka_unit_test(test_clock_change_rings_for_milliseconds),
		cmocka_unit_test(test_self_heating),
		cmocka_unit_test(test_leakage_grows_with_temperature),
		cmocka_unit_test(test_boards_differ_within_the_spread),
		cmocka_unit_test(test_unknown_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
