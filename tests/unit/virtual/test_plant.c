/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The plant against closed forms: regulator, leakage, time constants, charge over split slices,
 * spread. Against real parts: test_plant_anchors.c.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "rigs/virtual/plant/plant.h"
#include "rigs/virtual/plant/plant_part.h"

#define SUPPLY_V      3.0
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct plant_part *const parts[] = {
	&plant_part_esp32c3,
	&plant_part_stm32f767,
	&plant_part_stm32l4r5,
	&plant_part_stm32l552,
};
static const struct plant_part *const l4r5 = &plant_part_stm32l4r5;

/* Clocks of a part: what is on does not matter here, as long as it stays. */
static struct chip_activity quiet(const struct plant_part *part, double hclk_hz)
{
	return (struct chip_activity){
		.hclk_hz = hclk_hz,
		.core_v = part->nominal_core_v,
		.powered = true,
		.hsi_on = true,
		.pll_on = hclk_hz > 0,
		.pll_vco_hz = 2 * hclk_hz,
		.peripherals_on = 4,
	};
}

static struct chip_activity asleep(const struct plant_part *part, double hclk_hz, double dt_s)
{
	struct chip_activity activity = quiet(part, hclk_hz);

	activity.sleep_s = dt_s;
	return activity;
}

/* Whole counts in every microsecond, so that slices split exactly. 100 MHz. */
static struct chip_activity running(const struct plant_part *part, unsigned us)
{
	struct chip_activity activity = quiet(part, 100e6);

	activity.active_s = us * 1e-6;
	activity.counts.cycles = 100ull * us;
	activity.counts.instructions = 70ull * us;
	activity.counts.classes[CORE_CLASS_ALU] = 32ull * us;
	activity.counts.classes[CORE_CLASS_LOAD] = 16ull * us;
	activity.counts.classes[CORE_CLASS_STORE] = 6ull * us;
	activity.counts.classes[CORE_CLASS_MUL] = 4ull * us;
	activity.counts.classes[CORE_CLASS_BRANCH] = 12ull * us;
	activity.counts.taken_branches = 8ull * us;
	activity.counts.flash_fetch_stalls = 3ull * us;
	activity.counts.flash_data_reads = 2ull * us;
	activity.counts.flash_stalls = 2ull * us;
	activity.counts.toggled_bits = 150ull * us;
	return activity;
}

static struct plant *new_plant(const struct plant_part *part, uint64_t seed, double ambient_c)
{
	struct plant *plant;
	struct verr err;

	assert_int_equal(plant_new(part->name, seed, ambient_c, &plant, &err), 0);
	return plant;
}

/* After 20 ms the fast transients are over, and the junction has not moved. */
static double settled_at_a(struct plant *plant, const struct chip_activity *activity,
			   double supply_v, double dt_s)
{
	double current_a = 0;

	for (double t = 0; t < 0.02; t += dt_s)
		current_a = plant_step(plant, activity, supply_v, dt_s);
	return current_a;
}

static double settled_a(struct plant *plant, const struct chip_activity *activity, double dt_s)
{
	return settled_at_a(plant, activity, SUPPLY_V, dt_s);
}

/* Of a board fresh from power-on. */
static double fresh_a(const struct plant_part *part, const struct chip_activity *activity,
		      double ambient_c, double supply_v)
{
	struct plant *plant = new_plant(part, 1, ambient_c);
	double current_a = settled_at_a(plant, activity, supply_v, 1e-3);

	plant_free(plant);
	return current_a;
}

/* Leakage ------------------------------------------------------------------------------------ */

/* Without a clock nothing else depends on temperature: each ln(2) * Ts doubles the leakage. */
static void test_leakage_doubles(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(parts); i++) {
		struct chip_activity still = asleep(parts[i], 0, 1e-3);
		double step_k = log(2) * parts[i]->leakage_slope_k;
		double low_a = fresh_a(parts[i], &still, 25, SUPPLY_V);
		double mid_a = fresh_a(parts[i], &still, 25 + step_k, SUPPLY_V);
		double high_a = fresh_a(parts[i], &still, 25 + 2 * step_k, SUPPLY_V);
		double at_25_a = mid_a - low_a;

		assert_true(fabs((high_a - mid_a) / at_25_a - 2) < 2e-3);
		assert_true(fabs(log(at_25_a / parts[i]->leakage_a)) <
			    parts[i]->spread[PLANT_GROUP_LEAKAGE] + 2e-3);
	}
}

static void test_leakage_follows_core_voltage(void **state)
{
	struct chip_activity still = asleep(l4r5, 0, 1e-3);
	double current_a[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		still.core_v = 1.0 + 0.1 * i;
		current_a[i] = fresh_a(l4r5, &still, 60, SUPPLY_V);
	}
	assert_true(fabs((current_a[2] - current_a[1]) / (current_a[1] - current_a[0]) /
				 exp(0.1 / l4r5->leakage_slope_v) -
			 1) < 2e-3);
}

/* Regulators --------------------------------------------------------------------------------- */

static void test_ldo_current_does_not_depend_on_supply(void **state)
{
	struct chip_activity run = running(l4r5, 1000);
	double low_a = fresh_a(l4r5, &run, 25, 1.8), high_a = fresh_a(l4r5, &run, 25, 3.6);

	(void)state;
	assert_true(fabs(low_a / high_a - 1) < 1e-4); /* what self-heating makes in 20 ms */
}

/* Switched charge goes with the core voltage: I = Q * V / Vn * f. */
static void test_switched_charge_follows_core_voltage(void **state)
{
	struct chip_activity run = running(l4r5, 1000), still = asleep(l4r5, 0, 1e-3);
	double dynamic_a[2];

	(void)state;
	still.pll_on = true;
	still.pll_vco_hz = run.pll_vco_hz;
	for (int i = 0; i < 2; i++) {
		run.counts.flash_fetch_stalls = run.counts.flash_stalls = 0; /* those wake VDD */
		run.core_v = still.core_v = i ? 1.28 : 1.0;
		dynamic_a[i] =
			fresh_a(l4r5, &run, 25, SUPPLY_V) - fresh_a(l4r5, &still, 25, SUPPLY_V);
	}
	assert_true(fabs(dynamic_a[1] / dynamic_a[0] / 1.28 - 1) < 1e-4);
}

/* SMPS: I = analog + Icore * Vcore / (efficiency * VDD), so it is a line over 1 / VDD. */
static void test_smps(void **state)
{
	const struct plant_part *part = &plant_part_stm32l552;
	struct chip_activity run = running(part, 1000);
	double ldo_a = fresh_a(part, &run, 25, 3), at_2_a, at_3_a, at_36_a, slope, analog_a, core_a;

	(void)state;
	run.smps_on = true;
	at_2_a = fresh_a(part, &run, 25, 2);
	at_3_a = fresh_a(part, &run, 25, 3);
	at_36_a = fresh_a(part, &run, 25, 3.6);
	slope = (at_2_a - at_3_a) / (1 / 2.0 - 1 / 3.0);
	assert_true(fabs((at_3_a - at_36_a) / (1 / 3.0 - 1 / 3.6) / slope - 1) < 1e-3);
	analog_a = at_3_a - slope / 3;
	core_a = ldo_a - (analog_a - part->smps_a);
	assert_true(fabs(core_a * run.core_v / slope / part->smps_efficiency - 1) < 0.011);
	/* Below its output the converter passes its input through. */
	assert_true(fabs(fresh_a(part, &run, 25, 1.25) - (ldo_a + part->smps_a)) < 0.002 * ldo_a);
}

static void test_ldo_part_has_no_smps(void **state)
{
	struct chip_activity run = running(l4r5, 1000);
	double ldo_a = fresh_a(l4r5, &run, 25, 3);

	(void)state;
	run.smps_on = true;
	assert_true(fresh_a(l4r5, &run, 25, 3) == ldo_a);
}

/* What a linear predictor is not told -------------------------------------------------------- */

static void test_toggled_bits_cost(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(parts); i++) {
		struct chip_activity run = running(parts[i], 1000);
		double calm_a, busy_a;

		run.counts.toggled_bits = 0;
		calm_a = fresh_a(parts[i], &run, 25, SUPPLY_V);
		run.counts.toggled_bits = run.counts.classes[CORE_CLASS_LOAD] * 16;
		busy_a = fresh_a(parts[i], &run, 25, SUPPLY_V);
		assert_true(busy_a > 1.01 * calm_a && busy_a < 1.15 * calm_a);
	}
}

/* A stalled cycle far from others costs more than one in a burst. */
static void test_single_misses_cost_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(parts); i++) {
		struct chip_activity run = running(parts[i], 1000);
		double none_a, few_a, many_a;

		run.counts.flash_fetch_stalls = run.counts.flash_stalls = 0;
		none_a = fresh_a(parts[i], &run, 25, SUPPLY_V);
		run.counts.flash_stalls = 1000;
		few_a = fresh_a(parts[i], &run, 25, SUPPLY_V);
		run.counts.flash_stalls = 20000;
		many_a = fresh_a(parts[i], &run, 25, SUPPLY_V);
		assert_true(few_a - none_a > 1.2 * (many_a - none_a) / 20);
		assert_true(many_a > few_a);
	}
}

/* Cache misses of the ESP32-C3 keep another chip busy, at full supply whatever the core does. */
static void test_flash_chip_draws_while_it_is_read(void **state)
{
	const struct plant_part *part = &plant_part_esp32c3;
	struct chip_activity run = running(part, 1000);
	double low_a, high_a, expected_a = 0.2 * part->flash_read_a;

	(void)state;
	run.counts.flash_stalls = 20000; /* with the fetches 23 % of the time */
	low_a = fresh_a(part, &run, 25, 3.3);
	run.counts.flash_stalls = 40000;
	high_a = fresh_a(part, &run, 25, 3.3);
	assert_true(high_a - low_a > expected_a && high_a - low_a < 1.3 * expected_a);
}

/* A change of clock rings for milliseconds and creeps for seconds. */
static void test_clock_change_settles(void **state)
{
	struct plant *plant = new_plant(l4r5, 1, 25);
	struct chip_activity slow = running(l4r5, 1000), fast = slow;
	double slow_a, first_a, rung_a, end_a, extra_a;

	(void)state;
	slow.hclk_hz = 26e6;
	slow_a = settled_a(plant, &slow, 1e-3);
	plant_step(plant, &fast, SUPPLY_V, 1e-3);
	first_a = plant_step(plant, &fast, SUPPLY_V, 1e-3);
	rung_a = settled_a(plant, &fast, 1e-3);
	for (int ms = 0; ms < 5000; ms++)
		end_a = plant_step(plant, &fast, SUPPLY_V, 1e-3);
	extra_a = (rung_a - end_a) / (end_a - slow_a);
	assert_true(extra_a > 0.6 * l4r5->creep_share && extra_a < 1.35 * l4r5->creep_share);
	extra_a = (first_a - rung_a) / (end_a - slow_a);
	assert_true(extra_a > 0.5 * l4r5->settle_share && extra_a < 1.2 * l4r5->settle_share);
	plant_free(plant);
}

/* Bounded by two waves of drift_share, absent within seconds, different on each board. */
static void test_slow_drift(void **state)
{
	struct chip_activity run = running(l4r5, 1000000);
	double widest = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 10; seed++) {
		struct plant *plant = new_plant(l4r5, seed, 25);
		double low_a = INFINITY, high_a = 0, last_a = 0, swing;

		for (int s = 0; s < 7200; s++) {
			double current_a = plant_step(plant, &run, SUPPLY_V, 1);

			if (s < 300) /* self-heating */
				continue;
			low_a = fmin(low_a, current_a);
			high_a = fmax(high_a, current_a);
			assert_true(s == 300 || fabs(current_a / last_a - 1) < 5e-5);
			last_a = current_a;
		}
		swing = (high_a - low_a) / low_a;
		assert_true(swing > 0 && swing < 4 * l4r5->drift_share);
		widest = fmax(widest, swing);
		plant_free(plant);
	}
	assert_true(widest > l4r5->drift_share);
}

/* Time constants and conservation ------------------------------------------------------------ */

/* A step in load reaches the meter through the capacitors: 63 % after R * C, and the charge that
 * the meter misses is R * C times the step. */
static void test_decoupling(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(parts); i++) {
		struct plant *plant = new_plant(parts[i], 1, 25);
		struct chip_activity sleep = asleep(parts[i], 100e6, 1e-6);
		struct chip_activity run = running(parts[i], 1);
		double low_a = settled_a(plant, &sleep, 1e-6), step_a, last_a = low_a, tau_s;
		double nominal_s = parts[i]->source_ohm * parts[i]->decoupling_f;
		double missing_c = 0, at_tau_a = 0, seen_a[400];

		step_a = settled_a(plant, &run, 1e-6) - low_a;
		settled_a(plant, &sleep, 1e-6);
		for (int us = 0; us < 400; us++) {
			seen_a[us] = plant_step(plant, &run, SUPPLY_V, 1e-6);
			missing_c += (low_a + step_a - seen_a[us]) * 1e-6;
		}
		tau_s = missing_c / step_a;
		assert_true(fabs(tau_s / nominal_s - 1) < 0.101);
		for (int us = 0; us < 400; us++) {
			/* The mean of a microsecond is the value in its middle. */
			double before_s = (us - 0.5) * 1e-6, after_s = (us + 0.5) * 1e-6;

			if (before_s <= tau_s && tau_s < after_s)
				at_tau_a =
					last_a + (seen_a[us] - last_a) * (tau_s - before_s) / 1e-6;
			last_a = seen_a[us];
		}
		assert_true(fabs((at_tau_a - low_a) / step_a - (1 - exp(-1))) < 0.002);
		plant_free(plant);
	}
}

/* Charge of 16 ms of even activity in slices of one width, in the midst of every tail. */
static double charge_c(const struct plant_part *part, unsigned width_us)
{
	struct plant *plant = new_plant(part, 3, 25);
	struct chip_activity slow = asleep(part, 20e6, 1e-6), run = running(part, 1);
	double sum_c = 0;

	settled_a(plant, &slow, 1e-6);
	for (int us = 0; us < 5; us++)
		plant_step(plant, &run, SUPPLY_V, 1e-6);
	run = running(part, width_us);
	for (unsigned us = 0; us < 16000; us += width_us)
		sum_c += width_us * 1e-6 * plant_step(plant, &run, SUPPLY_V, width_us * 1e-6);
	plant_free(plant);
	return sum_c;
}

static void test_slices_add_up(void **state)
{
	static const unsigned widths_us[] = {2, 10, 80, 1000, 16000};

	(void)state;
	for (size_t i = 0; i < LENGTH(parts); i++) {
		double whole_c = charge_c(parts[i], 1);

		for (size_t w = 0; w < LENGTH(widths_us); w++)
			assert_true(fabs(charge_c(parts[i], widths_us[w]) / whole_c - 1) < 1e-5);
	}
}

/* Slices of uneven widths, as bytes on a serial line cut them. */
static void test_uneven_slices_add_up(void **state)
{
	static const unsigned widths_us[] = {1, 7, 2, 10, 3, 9, 8};
	struct plant *even = new_plant(l4r5, 3, 25), *uneven = new_plant(l4r5, 3, 25);
	struct chip_activity run = running(l4r5, 40);
	double even_c = 0, uneven_c = 0;

	(void)state;
	for (int round = 0; round < 50; round++) {
		even_c += 40e-6 * plant_step(even, &run, SUPPLY_V, 40e-6);
		for (size_t w = 0; w < LENGTH(widths_us); w++) {
			struct chip_activity part_of = running(l4r5, widths_us[w]);
			double dt_s = widths_us[w] * 1e-6;

			uneven_c += dt_s * plant_step(uneven, &part_of, SUPPLY_V, dt_s);
		}
	}
	assert_true(fabs(uneven_c / even_c - 1) < 1e-6);
	plant_free(even);
	plant_free(uneven);
}

static void test_self_heating(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(parts); i++) {
		struct plant *plant = new_plant(parts[i], 1, 21);
		struct chip_activity run = running(parts[i], 1000);
		double power_w = 0, rise_k, half_s = 0, resistance;

		for (int ms = 0; ms < 300000; ms++)
			power_w = SUPPLY_V * plant_step(plant, &run, SUPPLY_V, 1e-3);
		rise_k = plant_junction_c(plant) - 21;
		resistance = rise_k / power_w / parts[i]->thermal_k_per_w;
		assert_true(fabs(resistance - 1) < parts[i]->spread[PLANT_GROUP_THERMAL] + 1e-3);
		/* Cooling with the supply off: no leakage feeds back. */
		for (; plant_junction_c(plant) - 21 > 0.5 * rise_k; half_s += 1e-3)
			plant_step(plant, &run, 0, 1e-3);
		assert_true(fabs(half_s / log(2) / parts[i]->thermal_tau_s / resistance - 1) <
			    2e-3);
		plant_free(plant);
	}
}

static void test_ambient_may_change(void **state)
{
	struct plant *plant = new_plant(l4r5, 1, 21);
	struct chip_activity off = {.hclk_hz = 4e6};

	(void)state;
	plant_set_ambient(plant, 43);
	assert_true(plant_junction_c(plant) == 21);
	for (int s = 0; s < 400; s++)
		plant_step(plant, &off, 0, 1);
	assert_true(fabs(plant_junction_c(plant) - 43) < 1e-3);
	plant_set_ambient(plant, 21);
	plant_rest(plant, 1e-3);
	assert_true(plant_junction_c(plant) > 42.9);
	plant_rest(plant, 400); /* at once: a board that is off */
	assert_true(fabs(plant_junction_c(plant) - 21) < 1e-3);
	plant_free(plant);
}

/* Boards ------------------------------------------------------------------------------------- */

static void test_same_seed_same_charge(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(parts); i++) {
		struct plant *one = new_plant(parts[i], 5, 25), *two = new_plant(parts[i], 5, 25);
		struct plant *other = new_plant(parts[i], 6, 25);
		struct chip_activity run = running(parts[i], 10);
		bool differs = false;

		for (int step = 0; step < 5000; step++) {
			double current_a = plant_step(one, &run, SUPPLY_V, 1e-5);

			assert_true(current_a == plant_step(two, &run, SUPPLY_V, 1e-5));
			differs |= current_a != plant_step(other, &run, SUPPLY_V, 1e-5);
		}
		assert_true(differs);
		plant_free(one);
		plant_free(two);
		plant_free(other);
	}
}

/* Even in +-s: standard deviation s / sqrt(3), and nothing outside. */
static void test_boards_differ_within_the_spread(void **state)
{
	struct chip_activity run = asleep(l4r5, 1e9, 1e-3); /* the clock tree drowns all else */
	double spread = l4r5->spread[PLANT_GROUP_CORE], sum = 0, squares = 0, mean, deviation;
	int boards = 500;

	(void)state;
	run.peripherals_on = 0;
	run.pll_on = false;
	for (int seed = 0; seed < boards; seed++) {
		struct plant *plant = new_plant(l4r5, (uint64_t)seed, 25);
		double scale = settled_a(plant, &run, 1e-3) /
			       (l4r5->charge_c[PLANT_CLOCK_SLEEP] * run.hclk_hz);

		assert_true(fabs(scale - 1) < spread + 0.012);
		sum += scale;
		squares += scale * scale;
		plant_free(plant);
	}
	mean = sum / boards;
	deviation = sqrt(squares / boards - mean * mean);
	assert_true(fabs(mean - 1) < 0.01);
	assert_true(fabs(deviation / (spread / sqrt(3)) - 1) < 0.1);
}

/* Groups vary on their own: a board with a thirsty core may have frugal operands. */
static void test_groups_are_independent(void **state)
{
	struct chip_activity run = running(l4r5, 1000);
	double sum_x = 0, sum_y = 0, sum_xx = 0, sum_yy = 0, sum_xy = 0, n = 500, r;

	(void)state;
	for (int seed = 0; seed < (int)n; seed++) {
		struct plant *plant = new_plant(l4r5, (uint64_t)seed, 25);
		double x, y;

		run.counts.toggled_bits = 0;
		x = settled_a(plant, &run, 1e-3);
		run.counts.toggled_bits = 1000000;
		y = settled_a(plant, &run, 1e-3) - x;
		sum_x += x;
		sum_y += y;
		sum_xx += x * x;
		sum_yy += y * y;
		sum_xy += x * y;
		plant_free(plant);
	}
	r = (sum_xy / n - sum_x / n * sum_y / n) /
	    sqrt((sum_xx / n - sum_x / n * sum_x / n) * (sum_yy / n - sum_y / n * sum_y / n));
	assert_true(fabs(r) < 0.15);
}

static void test_off_and_reset(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(parts); i++) {
		struct plant *plant = new_plant(parts[i], 1, 25);
		struct chip_activity run = running(parts[i], 1000), none = {.hclk_hz = 4e6};
		double reset_a;

		settled_a(plant, &run, 1e-3);
		assert_true(plant_step(plant, &none, 0, 1e-3) == 0);
		assert_true(settled_a(plant, &none, 1e-3) == 0);
		none.powered = true;
		none.in_reset = true;
		reset_a = settled_a(plant, &none, 1e-3);
		assert_true(reset_a > parts[i]->reset_a);
		assert_true(reset_a < 1.5 * (parts[i]->reset_a + parts[i]->leakage_a));
		plant_free(plant);
	}
}

static void test_flash_operations_cost(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(parts); i++) {
		struct chip_activity sleep = asleep(parts[i], 100e6, 1e-3);
		double idle_a = fresh_a(parts[i], &sleep, 25, SUPPLY_V), extra;

		sleep.flash_busy = true;
		extra = (fresh_a(parts[i], &sleep, 25, SUPPLY_V) - idle_a) / parts[i]->flash_busy_a;
		assert_true(fabs(extra - 1) < parts[i]->spread[PLANT_GROUP_MEMORY] + 1e-3);
	}
}

static void test_parts(void **state)
{
	struct plant *plant = NULL;
	struct verr err = {""};

	(void)state;
	for (size_t i = 0; i < LENGTH(parts); i++)
		assert_true(plant_knows_part(parts[i]->name));
	assert_false(plant_knows_part("z80"));
	assert_true(plant_new("z80", 1, 25, &plant, &err) < 0);
	assert_non_null(strstr(err.text, "z80"));
	assert_null(plant);
}

/* A supply that falls leaves the board to its capacitors, one that rises charges them: the same
 * charge, C * dV, less and more. */
static void test_supply_steps_move_charge(void **state)
{
	enum { SLICES = 400 };
	const double dt_s = 1e-6, step_v = 0.3;

	(void)state;
	for (size_t p = 0; p < LENGTH(parts); p++) {
		struct chip_activity activity = running(parts[p], 1);
		struct plant *plant = new_plant(parts[p], 1, 25);
		double before_a = settled_at_a(plant, &activity, SUPPLY_V, dt_s);
		double moved_c[2] = {0, 0}, most_a[2] = {0, 0};

		for (int rises = 0; rises < 2; rises++) {
			double supply_v = rises ? SUPPLY_V : SUPPLY_V - step_v;

			for (int i = 0; i < SLICES; i++) {
				double current_a = plant_step(plant, &activity, supply_v, dt_s);

				assert_true(current_a >= 0);
				if (!rises && i == 0)
					assert_true(current_a < 1e-9);
				moved_c[rises] += (current_a - before_a) * dt_s;
				most_a[rises] = fmax(most_a[rises], current_a);
			}
		}
		assert_true(most_a[0] < 1.05 * before_a);
		assert_true(most_a[1] > 2 * before_a);
		/* The board's own capacitance varies by seed: what left comes back. */
		assert_true(fabs(moved_c[0] + moved_c[1]) < 0.05 * moved_c[1]);
		assert_true(fabs(moved_c[1] / (parts[p]->decoupling_f * step_v) - 1) < 0.3);
		plant_free(plant);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_supply_steps_move_charge),
		cmocka_unit_test(test_leakage_doubles),
		cmocka_unit_test(test_leakage_follows_core_voltage),
		cmocka_unit_test(test_ldo_current_does_not_depend_on_supply),
		cmocka_unit_test(test_switched_charge_follows_core_voltage),
		cmocka_unit_test(test_smps),
		cmocka_unit_test(test_ldo_part_has_no_smps),
		cmocka_unit_test(test_toggled_bits_cost),
		cmocka_unit_test(test_single_misses_cost_more),
		cmocka_unit_test(test_flash_chip_draws_while_it_is_read),
		cmocka_unit_test(test_clock_change_settles),
		cmocka_unit_test(test_slow_drift),
		cmocka_unit_test(test_decoupling),
		cmocka_unit_test(test_slices_add_up),
		cmocka_unit_test(test_uneven_slices_add_up),
		cmocka_unit_test(test_self_heating),
		cmocka_unit_test(test_ambient_may_change),
		cmocka_unit_test(test_same_seed_same_charge),
		cmocka_unit_test(test_boards_differ_within_the_spread),
		cmocka_unit_test(test_groups_are_independent),
		cmocka_unit_test(test_off_and_reset),
		cmocka_unit_test(test_flash_operations_cost),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
