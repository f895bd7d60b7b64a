/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual INA2xx as instruments: accumulators against closed forms, errors within the data
 * sheets' limits, noise, faults, determinism.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rigs/virtual/meters/ina2xx_internal.h"

#define US 1000000ll /* ps */

struct rig {
	struct vina2xx *meter;
	const struct i2c_device *i2c;
	struct vina2xx_slice at;
};

static struct rig rig_new(const struct vina2xx_config *config, uint64_t seed)
{
	struct rig rig = {.meter = vina2xx_new(config, seed)};

	assert_non_null(rig.meter);
	rig.i2c = vina2xx_i2c(rig.meter);
	rig.at.die_c = 25;
	return rig;
}

static struct rig rig_ideal(enum vina2xx_part part)
{
	const struct vina2xx_config config = {.part = part, .ideal = true};

	return rig_new(&config, 1);
}

static void rig_run_us(struct rig *rig, double us, double current_a, double bus_v)
{
	rig->at.start_ps = rig->at.end_ps;
	rig->at.end_ps += llrint(us * US);
	rig->at.current_a = current_a;
	rig->at.bus_v = bus_v;
	vina2xx_slice(rig->meter, &rig->at);
}

static void write_register(struct rig *rig, uint8_t reg, unsigned value)
{
	void *context = rig->i2c->context;

	assert_true(rig->i2c->start(context, 0x40, false));
	assert_true(rig->i2c->write(context, reg));
	assert_true(rig->i2c->write(context, (uint8_t)(value >> 8)));
	assert_true(rig->i2c->write(context, (uint8_t)value));
	rig->i2c->stop(context);
}

static int64_t read_register(struct rig *rig, uint8_t reg, unsigned bytes)
{
	void *context = rig->i2c->context;
	uint64_t value = 0;

	assert_true(rig->i2c->start(context, 0x40, false));
	assert_true(rig->i2c->write(context, reg));
	assert_true(rig->i2c->start(context, 0x40, true));
	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | rig->i2c->read(context, i + 1 < bytes);
	rig->i2c->stop(context);
	return (int64_t)value;
}

static int64_t read_signed(struct rig *rig, uint8_t reg, unsigned bytes)
{
	int64_t value = read_register(rig, reg, bytes);

	return value >> (8 * bytes - 1) ? value - (1ll << 8 * bytes) : value;
}

#define CURRENT_LSB (10.0 / 524288) /* with 0.1 ohm: SHUNT_CAL 25000 */
#define ENERGY_LSB  (16 * 3.2 * CURRENT_LSB)

/* Constant current: E = V I t, Q = I t, whatever the averaging. */
static void test_accumulators_constant(void **state)
{
	(void)state;
	for (unsigned average = 0; average < 8; average++) {
		struct rig rig = rig_ideal(VINA2XX_INA228);
		int64_t power, current, cycles = 4000;

		write_register(&rig, 0x02, 25000);
		write_register(&rig, 0x01, 0xb000 | 4 << 9 | 5 << 6 | average); /* 540 + 1052 us */
		rig_run_us(&rig, 1592.0 * (double)cycles, 0.5, 3.0);
		/* 160000 * 4096 / 25000 = 26214; * 15360 / 16384 = 24575 */
		current = 160000ll * 4096 / 25000;
		power = current * 15360 / 16384;
		assert_int_equal(read_register(&rig, 0x0a, 5), current * 1592 * cycles / 1000000);
		assert_int_equal(read_register(&rig, 0x09, 5), power * 1592 * cycles / 16000000);
		assert_true(fabs((double)read_register(&rig, 0x0a, 5) * CURRENT_LSB /
					 (0.5 * 1592e-6 * (double)cycles) -
				 1) < 50e-6);
		assert_true(fabs((double)read_register(&rig, 0x09, 5) * ENERGY_LSB /
					 (1.5 * 1592e-6 * (double)cycles) -
				 1) < 200e-6);
		vina2xx_free(rig.meter);
	}
}

/* Current that changes sign and size: Q = integral of I, E = integral of V |I|. */
static void test_accumulators_varying(void **state)
{
	struct rig rig = rig_ideal(VINA2XX_INA228);
	double charge_c = 0, energy_j = 0;

	(void)state;
	write_register(&rig, 0x02, 25000);
	write_register(&rig, 0x01, 0xb000); /* 50 + 50 us */
	for (int i = 0; i < 20000; i++) {
		double current_a = 0.8 * sin(i * 0.01) - 0.1, bus_v = 3 + 0.5 * cos(i * 0.003);

		rig_run_us(&rig, 100, current_a, bus_v);
		charge_c += current_a * 100e-6;
		energy_j += fabs(current_a) * bus_v * 100e-6;
	}
	/* Truncation: up to one CURRENT count, one POWER count per cycle; 1 count at the end. */
	assert_true(fabs((double)read_signed(&rig, 0x0a, 5) * CURRENT_LSB - charge_c) <
		    2 * CURRENT_LSB + CURRENT_LSB);
	assert_true(fabs((double)read_register(&rig, 0x09, 5) * ENERGY_LSB - energy_j) <
		    2 * 5 * CURRENT_LSB + ENERGY_LSB);
	assert_true(charge_c < -0.1);
	assert_true(read_signed(&rig, 0x0a, 5) < 0);
	vina2xx_free(rig.meter);
}

static void test_accumulators_control(void **state)
{
	struct rig rig = rig_ideal(VINA2XX_INA228);
	int64_t before;

	(void)state;
	write_register(&rig, 0x01, 0xb000);
	rig_run_us(&rig, 1e6, 0.5, 3);
	before = read_register(&rig, 0x0a, 5);
	assert_int_equal(before, 160000); /* SHUNT_CAL 4096: CURRENT is VSHUNT */
	assert_int_equal(read_register(&rig, 0x0a, 5), before);
	rig_run_us(&rig, 1e6, 0.5, 3);
	assert_int_equal(read_register(&rig, 0x0a, 5), 2 * before); /* reading stops nothing */
	write_register(&rig, 0x01, 0x3000); /* once: not valid, not counted */
	rig_run_us(&rig, 1e6, 0.5, 3);
	write_register(&rig, 0x01, 0x0000); /* shut down */
	rig_run_us(&rig, 1e6, 0.5, 3);
	assert_int_equal(read_register(&rig, 0x0a, 5), 2 * before);
	assert_int_equal(read_register(&rig, 0x09, 5), 160000 * 15360ll / 16384 * 2 / 16);
	write_register(&rig, 0x01, 0xa000); /* shunt only: charge, no energy */
	rig_run_us(&rig, 1e6, 0.5, 3);
	assert_int_equal(read_register(&rig, 0x0a, 5), 3 * before);
	assert_int_equal(read_register(&rig, 0x09, 5), 160000 * 15360ll / 16384 * 2 / 16);
	write_register(&rig, 0x00, 0x4000);
	assert_int_equal(read_register(&rig, 0x00, 2), 0x4000); /* RSTACC stays, and so do they */
	write_register(&rig, 0x01, 0xb000);
	rig_run_us(&rig, 1e5, 0.5, 3);
	assert_int_equal(read_register(&rig, 0x0a, 5), 0);
	assert_int_equal(read_register(&rig, 0x09, 5), 0);
	write_register(&rig, 0x00, 0x0000);
	rig_run_us(&rig, 1e6, 0.5, 3);
	assert_int_equal(read_register(&rig, 0x0a, 5), before);
	assert_int_equal(read_register(&rig, 0x04, 3), 160000 << 4); /* results stay */
	vina2xx_free(rig.meter);
}

/* Overflow would take 12 days of virtual time: the accumulators are put just below it. */
static void test_accumulator_overflow(void **state)
{
	struct rig rig = rig_ideal(VINA2XX_INA228);

	(void)state;
	write_register(&rig, 0x01, 0xb000);
	rig.meter->energy = (1ull << 40) - 5000;
	rig.meter->charge = (1ll << 39) - 100000;
	rig_run_us(&rig, 0.5e6, 0.5, 3);
	assert_int_equal(read_register(&rig, 0x0b, 2) & 0x0c00, 0);
	rig_run_us(&rig, 0.5e6, 0.5, 3);
	assert_int_equal(read_register(&rig, 0x0b, 2) & 0x0c00, 0x0c00);
	assert_int_equal(read_register(&rig, 0x0b, 2) & 0x0c00, 0x0c00);
	assert_int_equal(read_signed(&rig, 0x0a, 5), -(1ll << 39) + 60000);
	assert_int_equal(read_register(&rig, 0x0b, 2) & 0x0c00, 0x0800);
	assert_int_equal(read_register(&rig, 0x09, 5), 9375 - 5000);
	assert_int_equal(read_register(&rig, 0x0b, 2) & 0x0c00, 0);
	rig_run_us(&rig, 100, 0.5, 3);
	assert_int_equal(read_register(&rig, 0x0b, 2) & 0x0c00, 0); /* they stay cleared */
	rig.meter->charge = -(1ll << 39) + 10;
	rig_run_us(&rig, 1e6, -0.5, 3);
	assert_int_equal(read_register(&rig, 0x0b, 2) & 0x0c00, 0x0400);
	write_register(&rig, 0x00, 0x4000);
	assert_int_equal(read_register(&rig, 0x0b, 2) & 0x0c00, 0);
	vina2xx_free(rig.meter);
}

/* Charge below zero is rounded down, like charge above it. */
static void test_charge_negative(void **state)
{
	struct rig rig = rig_ideal(VINA2XX_INA228);

	(void)state;
	write_register(&rig, 0x01, 0xa000); /* 50 us of -160000 counts: -8 a cycle */
	rig_run_us(&rig, 50, -0.5, 0);
	assert_int_equal(read_signed(&rig, 0x0a, 5), -8);
	write_register(&rig, 0x01, 0xa040); /* 84 us: -13.44 more */
	rig_run_us(&rig, 84, -0.5, 0);
	assert_int_equal(read_signed(&rig, 0x0a, 5), -22);
	rig_run_us(&rig, 84, -0.5, 0);
	assert_int_equal(read_signed(&rig, 0x0a, 5), -35);
	vina2xx_free(rig.meter);
}

static void test_math_overflow(void **state)
{
	struct rig rig = rig_ideal(VINA2XX_INA228);

	(void)state;
	rig_run_us(&rig, 3156, 1, 3);
	assert_int_equal(read_register(&rig, 0x0b, 2) & 0x0200, 0);
	write_register(&rig, 0x02, 1000); /* 320000 * 4.096 */
	rig_run_us(&rig, 3156, 1, 3);
	assert_int_equal(read_register(&rig, 0x0b, 2) & 0x0200, 0x0200);
	write_register(&rig, 0x02, 0);
	rig_run_us(&rig, 3156, 1, 3);
	assert_int_equal(read_register(&rig, 0x0b, 2) & 0x0200, 0x0200);
	assert_int_equal(read_register(&rig, 0x07, 3), 0);
	write_register(&rig, 0x02, 4096);
	rig_run_us(&rig, 3156, 10, 200); /* POWER at full scale fits: 524287^2 / 16384 */
	assert_int_equal(read_register(&rig, 0x0b, 2) & 0x0200, 0);
	assert_int_equal(read_register(&rig, 0x08, 3), 524287ll * 524287 / 16384);
	vina2xx_free(rig.meter);
}

/* Many devices: gain, offset and clock stay within the data sheets' limits and differ. */
static const struct limits {
	enum vina2xx_part part;
	const char *name;
	double shunt_lsb, offset_max_v, gain_max, clock_max;
	unsigned config_reg, config, justify;
} limits[] = {
	{VINA2XX_INA219, "INA219", 10e-6, 200e-6, 0.0016, 0.1, 0, 0x3fff & ~0x0780, 0},
	{VINA2XX_INA226, "INA226", 2.5e-6, 10e-6, 0.001, 0.1, 0, 0x4725, 0},
	{VINA2XX_INA228, "INA228", 312.5e-9, 1e-6, 0.0005, 0.005, 1, 0xa143, 4},
};

static double mean_shunt_v(struct rig *rig, const struct limits *part, double current_a, int count)
{
	double sum = 0;

	for (int i = 0; i < count; i++) {
		int64_t event_ps = vina2xx_next_event_ps(rig->meter);

		do {
			event_ps = vina2xx_next_event_ps(rig->meter);
			rig->at.start_ps = rig->at.end_ps;
			rig->at.end_ps = event_ps;
			rig->at.current_a = current_a;
			vina2xx_slice(rig->meter, &rig->at);
		} while (!rig->meter->ready);
		rig->meter->ready = false;
		sum += (double)(part->justify ? read_signed(rig, 4, 3) >> 4
					      : read_signed(rig, 1, 2));
	}
	return sum / count * part->shunt_lsb;
}

static void test_errors_are_within_limits(void **state)
{
	enum { DEVICES = 60, COUNT = 40 };

	(void)state;
	for (size_t p = 0; p < sizeof(limits) / sizeof(limits[0]); p++) {
		const struct limits *part = &limits[p];
		double offset_worst = 0, gain_worst = 0, gain_least = 1, clock_worst = 0;
		double shunt_low = 1, shunt_high = 0;

		for (uint64_t seed = 0; seed < DEVICES; seed++) {
			const struct vina2xx_config config = {.part = part->part,
							      .shunt_tolerance = 0.01};
			struct rig rig = rig_new(&config, seed);
			double ohm = vina2xx_shunt_ohm(rig.meter), offset_v, gain;

			write_register(&rig, (uint8_t)part->config_reg, part->config);
			mean_shunt_v(&rig, part, 0, 1); /* the one that was begun before */
			offset_v = mean_shunt_v(&rig, part, 0, COUNT);
			gain = (mean_shunt_v(&rig, part, 0.06 / ohm, COUNT) - offset_v) / 0.06 - 1;
			offset_worst = fmax(offset_worst, fabs(offset_v));
			gain_worst = fmax(gain_worst, fabs(gain));
			gain_least = fmin(gain_least, fabs(gain));
			clock_worst =
				fmax(clock_worst, fabs(vina2xx_clock_error_ppm(rig.meter) * 1e-6));
			shunt_low = fmin(shunt_low, ohm);
			shunt_high = fmax(shunt_high, ohm);
			vina2xx_free(rig.meter);
		}
		print_message("%s: offset <= %.3g uV, gain <= %.3g %%, clock <= %.3g %%\n",
			      part->name, offset_worst * 1e6, gain_worst * 100, clock_worst * 100);
		/* What is left of noise and quantisation is below 0.6 LSB. */
		assert_true(offset_worst < part->offset_max_v + 0.6 * part->shunt_lsb);
		assert_true(offset_worst > part->offset_max_v * 0.2);
		assert_true(gain_worst < part->gain_max + 1.2 * part->shunt_lsb / 0.06);
		assert_true(gain_worst > part->gain_max * 0.2);
		assert_true(gain_least < gain_worst / 5);
		assert_true(clock_worst <= part->clock_max && clock_worst > part->clock_max / 5);
		assert_true(shunt_low >= 0.099 && shunt_low < 0.0993);
		assert_true(shunt_high <= 0.101 && shunt_high > 0.1007);
	}
}

/* Noise is there; averages and longer conversions shrink it. */
static void test_noise(void **state)
{
	static const unsigned configs[] = {5 << 6, 5 << 6 | 2, 5 << 6 | 4,
					   0}; /* 1, 16, 128; 50 us */
	const struct vina2xx_config config = {.part = VINA2XX_INA228};
	double sd[4];

	(void)state;
	for (int k = 0; k < 4; k++) {
		struct rig rig = rig_new(&config, 3);
		double sum = 0, squares = 0;

		write_register(&rig, 0x01, 0xa000 | configs[k]);
		mean_shunt_v(&rig, &limits[2], 0.1, 1);
		for (int i = 0; i < 400; i++) {
			double v = mean_shunt_v(&rig, &limits[2], 0.1, 1) - 0.01;

			sum += v;
			squares += v * v;
		}
		sd[k] = sqrt(squares / 400 - sum / 400 * (sum / 400));
		vina2xx_free(rig.meter);
	}
	assert_true(sd[0] > 0.7e-6 && sd[0] < 1.2e-6);
	assert_true(sd[1] / sd[0] > 0.15 && sd[1] / sd[0] < 0.35);
	assert_true(sd[2] < sd[1]);
	assert_true(sd[3] / sd[0] > 3.5 && sd[3] / sd[0] < 5.6); /* sqrt(1052 / 50) = 4.6 */
}

/* A warmer device has another gain and offset: within some typical drifts of 10 ppm and 2 nV per
 * degC. */
static void test_drift(void **state)
{
	double worst = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		const struct vina2xx_config config = {.part = VINA2XX_INA228};
		struct rig rig = rig_new(&config, seed);
		double cold_v, change;

		write_register(&rig, 0x01, 0xa144); /* 1052 us, 128 averages */
		mean_shunt_v(&rig, &limits[2], 1, 1);
		cold_v = mean_shunt_v(&rig, &limits[2], 1, 20);
		rig.at.die_c = 85;
		mean_shunt_v(&rig, &limits[2], 1, 1);
		change = mean_shunt_v(&rig, &limits[2], 1, 20) / cold_v - 1;
		assert_true(fabs(change) < 4.9 * 60 * 10e-6 + 5e-6);
		worst = fmax(worst, fabs(change));
		vina2xx_free(rig.meter);
	}
	assert_true(worst > 60 * 10e-6);
}

/* The accumulators count with the device's clock: their error is the clock's. */
static void test_clock_error_shows_in_charge(void **state)
{
	double worst = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		const struct vina2xx_config config = {.part = VINA2XX_INA228};
		struct rig rig = rig_new(&config, seed);
		double clock = vina2xx_clock_error_ppm(rig.meter) * 1e-6, charge, ratio, volts;

		write_register(&rig, 0x01, 0xa140);
		rig_run_us(&rig, 20e6, 1, 0);
		charge = (double)read_signed(&rig, 0x0a, 5);
		volts = mean_shunt_v(&rig, &limits[2], 1, 1000);
		ratio = charge / (20 * volts / 312.5e-9);
		assert_true(fabs(ratio * (1 + clock) - 1) < 60e-6); /* a cycle of 20 s; noise */
		worst = fmax(worst, fabs(ratio - 1));
		vina2xx_free(rig.meter);
	}
	assert_true(worst > 0.001);
}

static void test_faults(void **state)
{
	struct rig rig = rig_ideal(VINA2XX_INA228);

	(void)state;
	write_register(&rig, 0x01, 0xb000); /* 50 + 50 us */
	rig_run_us(&rig, 100, 0.1, 1);
	vina2xx_lose_conversions(rig.meter, 2); /* from the next that begins */
	rig_run_us(&rig, 100, 0.2, 1);
	assert_int_equal(read_register(&rig, 0x0b, 2) & 2, 2);
	assert_int_equal(read_register(&rig, 0x04, 3) >> 4, 64000);
	rig_run_us(&rig, 200, 0.3, 1);
	assert_int_equal(read_register(&rig, 0x0b, 2) & 2, 0);
	assert_int_equal(read_register(&rig, 0x04, 3) >> 4, 64000);
	rig_run_us(&rig, 100, 0.3, 1);
	assert_int_equal(read_register(&rig, 0x04, 3) >> 4, 96000);
	/* The two are missing in CHARGE: (32 + 64 + 96) k * 100 us. */
	assert_int_equal(read_register(&rig, 0x0a, 5), 192000 / 10000);
	vina2xx_freeze(rig.meter, 1);
	rig_run_us(&rig, 100, 0.3, 1);
	read_register(&rig, 0x0b, 2);
	rig_run_us(&rig, 100, 0.4, 2);
	assert_int_equal(read_register(&rig, 0x0b, 2) & 2, 2); /* ready, but old */
	assert_int_equal(read_register(&rig, 0x04, 3) >> 4, 96000);
	assert_int_equal(read_register(&rig, 0x05, 3) >> 4, 5120);
	vina2xx_saturate(rig.meter, 1);
	rig_run_us(&rig, 100, 0.4, 2);
	assert_int_equal(read_register(&rig, 0x04, 3) >> 4, 128000);
	rig_run_us(&rig, 100, 0.4, 2);
	assert_int_equal(read_register(&rig, 0x04, 3) >> 4, 0x7ffff);
	rig_run_us(&rig, 100, 0.4, 2);
	assert_int_equal(read_register(&rig, 0x04, 3) >> 4, 128000);
	vina2xx_free(rig.meter);
}

static void test_same_seed_same_counts(void **state)
{
	const struct vina2xx_config config = {.part = VINA2XX_INA226, .shunt_tolerance = 0.01};
	struct rig a = rig_new(&config, 9), b = rig_new(&config, 9), other = rig_new(&config, 10);
	unsigned differences = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		rig_run_us(&a, 2500, 0.3, 3);
		rig_run_us(&b, 2500, 0.3, 3);
		rig_run_us(&other, 2500, 0.3, 3);
		assert_int_equal(read_register(&a, 1, 2), read_register(&b, 1, 2));
		assert_int_equal(read_register(&a, 2, 2), read_register(&b, 2, 2));
		differences += read_register(&a, 1, 2) != read_register(&other, 1, 2);
	}
	assert_true(differences > 200);
	vina2xx_free(a.meter);
	vina2xx_free(b.meter);
	vina2xx_free(other.meter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accumulators_constant),
		cmocka_unit_test(test_accumulators_varying),
		cmocka_unit_test(test_accumulators_control),
		cmocka_unit_test(test_accumulator_overflow),
		cmocka_unit_test(test_charge_negative),
		cmocka_unit_test(test_math_overflow),
		cmocka_unit_test(test_errors_are_within_limits),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_clock_error_shows_in_charge),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_same_seed_same_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
