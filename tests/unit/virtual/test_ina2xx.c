/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual INA219, INA226 and INA228 on their bus: register tables, worked examples of the
 * device sheets, conversion times, flags, ALERT. Ideal devices: the numbers are exact.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rigs/virtual/meters/ina2xx.h"

#define US 1000000ll /* ps */

struct rig {
	struct vina2xx *meter;
	const struct i2c_device *i2c;
	uint8_t address;
	struct vina2xx_slice at; /* the next slice starts at its end_ps */
};

static struct rig rig_new(enum vina2xx_part part, double shunt_ohm)
{
	const struct vina2xx_config config = {.part = part, .shunt_ohm = shunt_ohm, .ideal = true};
	struct rig rig = {.meter = vina2xx_new(&config, 1), .address = 0x40};

	assert_non_null(rig.meter);
	rig.i2c = vina2xx_i2c(rig.meter);
	rig.at.die_c = 25;
	return rig;
}

static void rig_run_us(struct rig *rig, double us)
{
	rig->at.start_ps = rig->at.end_ps;
	rig->at.end_ps += llrint(us * US);
	vina2xx_slice(rig->meter, &rig->at);
}

static void rig_input(struct rig *rig, double current_a, double bus_v)
{
	rig->at.current_a = current_a;
	rig->at.bus_v = bus_v;
}

static void point(struct rig *rig, uint8_t reg)
{
	assert_true(rig->i2c->start(rig->i2c->context, rig->address, false));
	assert_true(rig->i2c->write(rig->i2c->context, reg));
}

static void write_register(struct rig *rig, uint8_t reg, unsigned value)
{
	point(rig, reg);
	assert_true(rig->i2c->write(rig->i2c->context, (uint8_t)(value >> 8)));
	assert_true(rig->i2c->write(rig->i2c->context, (uint8_t)value));
	rig->i2c->stop(rig->i2c->context);
}

/* From where the pointer is. */
static uint64_t read_again(struct rig *rig, unsigned bytes)
{
	uint64_t value = 0;

	assert_true(rig->i2c->start(rig->i2c->context, rig->address, true));
	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | rig->i2c->read(rig->i2c->context, i + 1 < bytes);
	rig->i2c->stop(rig->i2c->context);
	return value;
}

static uint64_t read_register(struct rig *rig, uint8_t reg, unsigned bytes)
{
	point(rig, reg);
	return read_again(rig, bytes);
}

/* The sheets' register tables: address, bytes, value after power-on, bits a write of ones sets. */
static const struct {
	enum vina2xx_part part;
	uint8_t address;
	unsigned bytes;
	uint64_t reset, after_ones;
} map[] = {
	{VINA2XX_INA219, 0x00, 2, 0x399f, 0x3fff}, {VINA2XX_INA219, 0x01, 2, 0, 0},
	{VINA2XX_INA219, 0x02, 2, 0, 0},           {VINA2XX_INA219, 0x03, 2, 0, 0},
	{VINA2XX_INA219, 0x04, 2, 0, 0},           {VINA2XX_INA219, 0x05, 2, 0, 0xfffe},
	{VINA2XX_INA226, 0x00, 2, 0x4127, 0x4fff}, {VINA2XX_INA226, 0x01, 2, 0, 0},
	{VINA2XX_INA226, 0x02, 2, 0, 0},           {VINA2XX_INA226, 0x03, 2, 0, 0},
	{VINA2XX_INA226, 0x04, 2, 0, 0},           {VINA2XX_INA226, 0x05, 2, 0, 0x7fff},
	{VINA2XX_INA226, 0x06, 2, 0, 0xfc03},      {VINA2XX_INA226, 0x07, 2, 0, 0xffff},
	{VINA2XX_INA226, 0xfe, 2, 0x5449, 0x5449}, {VINA2XX_INA226, 0xff, 2, 0x2260, 0x2260},
	{VINA2XX_INA228, 0x00, 2, 0, 0x3ff0},      {VINA2XX_INA228, 0x01, 2, 0xfb68, 0xffff},
	{VINA2XX_INA228, 0x02, 2, 0x1000, 0x7fff}, {VINA2XX_INA228, 0x04, 3, 0, 0},
	{VINA2XX_INA228, 0x05, 3, 0, 0},           {VINA2XX_INA228, 0x06, 2, 0, 0},
	{VINA2XX_INA228, 0x07, 3, 0, 0},           {VINA2XX_INA228, 0x08, 3, 0, 0},
	{VINA2XX_INA228, 0x09, 5, 0, 0},           {VINA2XX_INA228, 0x0a, 5, 0, 0},
	{VINA2XX_INA228, 0x0b, 2, 0x0001, 0xf001}, {VINA2XX_INA228, 0x0c, 2, 0x7fff, 0xffff},
	{VINA2XX_INA228, 0x0d, 2, 0x8000, 0xffff}, {VINA2XX_INA228, 0x0e, 2, 0x7fff, 0x7fff},
	{VINA2XX_INA228, 0x0f, 2, 0, 0x7fff},      {VINA2XX_INA228, 0x10, 2, 0x7fff, 0xffff},
	{VINA2XX_INA228, 0x11, 2, 0xffff, 0xffff}, {VINA2XX_INA228, 0x3e, 2, 0x5449, 0x5449},
	{VINA2XX_INA228, 0x3f, 2, 0x2281, 0x2281},
};

static void test_register_map(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		struct rig rig = rig_new(map[i].part, 0.1);
		unsigned ones = 0xffff;

		if (map[i].address == 0) /* without the reset bits */
			ones = map[i].part == VINA2XX_INA228 ? 0x3fff : 0x7fff;
		assert_int_equal(read_register(&rig, map[i].address, map[i].bytes), map[i].reset);
		write_register(&rig, map[i].address, ones);
		assert_int_equal(read_register(&rig, map[i].address, map[i].bytes),
				 map[i].part == VINA2XX_INA219 && map[i].address == 0
					 ? ones & 0x3fff
					 : map[i].after_ones);
		write_register(&rig, 0x00, 0x8000);
		assert_int_equal(read_register(&rig, map[i].address, map[i].bytes), map[i].reset);
		vina2xx_free(rig.meter);
	}
}

/* Addresses, pointer, short and long transfers. */
static void test_bus(void **state)
{
	const struct vina2xx_config config = {
		.part = VINA2XX_INA226, .address = 0x4f, .ideal = true};
	struct rig rig = {.meter = vina2xx_new(&config, 1), .address = 0x4f};
	const struct i2c_device *i2c = rig.i2c = vina2xx_i2c(rig.meter);

	(void)state;
	for (uint8_t address = 0; address < 128; address++) {
		assert_int_equal(i2c->start(i2c->context, address, false), address == 0x4f);
		assert_int_equal(i2c->write(i2c->context, 0xff), address == 0x4f);
		i2c->stop(i2c->context);
		assert_int_equal(i2c->start(i2c->context, address, true), address == 0x4f);
		assert_int_equal(i2c->read(i2c->context, true), address == 0x4f ? 0x22 : 0xff);
		i2c->stop(i2c->context);
	}
	assert_int_equal(read_again(&rig, 2), 0x2260); /* the pointer stays */
	assert_int_equal(read_again(&rig, 4), 0x2260ffff);
	assert_int_equal(read_again(&rig, 1), 0x22);
	assert_int_equal(read_register(&rig, 0x42, 2), 0); /* no such register */
	write_register(&rig, 0x42, 0xbeef);
	assert_int_equal(read_register(&rig, 0x42, 2), 0);
	assert_true(i2c->start(i2c->context, 0x4f, true)); /* a NACK ends the read */
	assert_int_equal(i2c->read(i2c->context, false), 0);
	assert_int_equal(i2c->read(i2c->context, true), 0xff);
	point(&rig, 0x05); /* one data byte only: nothing is written */
	assert_true(i2c->write(i2c->context, 0x12));
	i2c->stop(i2c->context);
	assert_int_equal(read_again(&rig, 2), 0);
	point(&rig, 0x05);
	for (unsigned i = 1; i <= 4; i++) /* two take effect */
		assert_true(i2c->write(i2c->context, (uint8_t)(i * 0x11)));
	i2c->stop(i2c->context);
	assert_int_equal(read_again(&rig, 2), 0x1122);
	assert_false(i2c->write(i2c->context, 0)); /* after the stop */
	vina2xx_nack(rig.meter, 2);
	assert_false(i2c->start(i2c->context, 0x4f, false));
	assert_false(i2c->write(i2c->context, 0x00));
	assert_false(i2c->start(i2c->context, 0x4f, true));
	assert_int_equal(i2c->read(i2c->context, false), 0xff);
	assert_int_equal(read_again(&rig, 2), 0x1122);
	vina2xx_free(rig.meter);
}

static void test_ina219_examples(void **state)
{
	struct rig rig = rig_new(VINA2XX_INA219, 0.1);

	(void)state;
	/* 0.1 ohm, CURRENT_LSB 100 uA: CAL 4096. 4.000 V reads 0x1f42 with CNVR. */
	write_register(&rig, 0x05, 4096);
	rig_input(&rig, 0.5, 4.0);
	rig_run_us(&rig, 1064);
	assert_int_equal(read_register(&rig, 0x02, 2), 0x1f42);
	assert_int_equal(read_register(&rig, 0x01, 2), 5000);   /* 50 mV / 10 uV */
	assert_int_equal(read_register(&rig, 0x04, 2), 5000);   /* 0.5 A */
	assert_int_equal(read_register(&rig, 0x03, 2), 1000);   /* 2 W / 2 mW */
	assert_int_equal(read_register(&rig, 0x02, 2), 0x1f40); /* reading POWER cleared it */
	rig_input(&rig, -0.5, 4.0);
	rig_run_us(&rig, 1064);
	assert_int_equal(read_register(&rig, 0x01, 2), 0x10000 - 5000); /* sign extended */
	assert_int_equal(read_register(&rig, 0x04, 2), 0x10000 - 5000);
	assert_int_equal(read_register(&rig, 0x03, 2), 1000);
	/* Truncation: 12345 * 777 / 4096 = 2341.8, 2341 * 1000 / 5000 = 468.2; CAL bit 0 is 0. */
	write_register(&rig, 0x05, 777);
	rig_input(&rig, 1.2345, 4.0);
	rig_run_us(&rig, 1064);
	assert_int_equal(read_register(&rig, 0x05, 2), 776);
	assert_int_equal(read_register(&rig, 0x04, 2), 12345 * 776 / 4096);
	assert_int_equal(read_register(&rig, 0x03, 2), 12345 * 776 / 4096 * 1000 / 5000);
	/* Overflow of CURRENT: OVF, and it goes with its cause. */
	write_register(&rig, 0x05, 0xfffe);
	rig_run_us(&rig, 1064);
	assert_int_equal(read_register(&rig, 0x02, 2), 0x1f43);
	write_register(&rig, 0x05, 776);
	rig_run_us(&rig, 1064);
	assert_int_equal(read_register(&rig, 0x02, 2), 0x1f42);
	vina2xx_free(rig.meter);
}

static void test_ina219_ranges(void **state)
{
	struct rig rig = rig_new(VINA2XX_INA219, 0.1);

	(void)state;
	rig_input(&rig, 100, 40);
	for (unsigned pg = 0; pg < 4; pg++) {
		write_register(&rig, 0x00, 0x219f | pg << 11);
		rig_run_us(&rig, 1064);
		assert_int_equal(read_register(&rig, 0x01, 2), 4000 << pg);
		assert_int_equal(read_register(&rig, 0x02, 2) >> 3, 8000);
	}
	write_register(&rig, 0x00, 0x199f); /* 16 V */
	rig_input(&rig, -100, 40);
	rig_run_us(&rig, 1064);
	assert_int_equal(read_register(&rig, 0x01, 2), 0x10000 - 32000);
	assert_int_equal(read_register(&rig, 0x02, 2) >> 3, 4000);
	/* 9 bits: steps of 8 counts. */
	write_register(&rig, 0x00, 0x3807);
	rig_input(&rig, 0.1003, 1.0);
	rig_run_us(&rig, 168);
	assert_int_equal(read_register(&rig, 0x01, 2), 1000);
	assert_int_equal(read_register(&rig, 0x02, 2) >> 3, 248);
	vina2xx_free(rig.meter);
}

static void test_ina226_examples(void **state)
{
	struct rig rig = rig_new(VINA2XX_INA226, 0.002);

	(void)state;
	/* 2 mohm, CURRENT_LSB 1 mA: CAL 2560; 11.98 V is 0x2570. */
	write_register(&rig, 0x05, 0x0a00);
	rig_input(&rig, 10, 11.98);
	rig_run_us(&rig, 2200);
	assert_int_equal(read_register(&rig, 0x02, 2), 0x2570);
	assert_int_equal(read_register(&rig, 0x01, 2), 8000); /* 20 mV / 2.5 uV */
	assert_int_equal(read_register(&rig, 0x04, 2), 10000);
	assert_int_equal(read_register(&rig, 0x03, 2), 10000 * 9584 / 20000); /* 119.8 W / 25 mW */
	rig_input(&rig, 100, 50);
	rig_run_us(&rig, 2200);
	assert_int_equal(read_register(&rig, 0x01, 2), 32767);
	assert_int_equal(read_register(&rig, 0x02, 2), 32767);
	/* 40959 is more than a signed word: OVF; 32767 * 2560 / 2048. */
	assert_int_equal(read_register(&rig, 0x06, 2) & 4, 4);
	assert_int_equal(read_register(&rig, 0x04, 2), 32767 * 2560ll / 2048);
	vina2xx_free(rig.meter);
}

static void test_ina228_examples(void **state)
{
	struct rig rig = rig_new(VINA2XX_INA228, 0.015);
	double current_lsb = 10.0 / 524288;

	(void)state;
	/* 10 A, 15 mohm: SHUNT_CAL 3750. */
	assert_int_equal(lrint(13107.2e6 * current_lsb * 0.015), 3750);
	write_register(&rig, 0x02, 3750);
	rig_input(&rig, 4, 4.8828125);
	rig.at.die_c = 31.25;
	rig_run_us(&rig, 3156);
	assert_int_equal(read_register(&rig, 0x05, 3), 0x061a80);
	assert_int_equal(read_register(&rig, 0x04, 3), 192000 << 4); /* 60 mV / 312.5 nV */
	assert_int_equal(read_register(&rig, 0x06, 2), 4000);
	/* 192000 * 4096 / 3750 = 209715.2 and 4 A / CURRENT_LSB are the same. */
	assert_int_equal(read_register(&rig, 0x07, 3), 209715 << 4);
	assert_true(fabs(209715 * current_lsb - 4) < current_lsb);
	/* 209715 * 25000 / 16384 = 319999.7 and V * I / (3.2 CURRENT_LSB) */
	assert_int_equal(read_register(&rig, 0x08, 3), 319999);
	assert_true(fabs(319999 * 3.2 * current_lsb - 4 * 4.8828125) < 2 * 3.2 * current_lsb);
	rig_input(&rig, -312.5e-9 / 0.015, 1);
	rig_run_us(&rig, 3156);
	assert_int_equal(read_register(&rig, 0x04, 3), 0xfffff0);
	/* ADCRANGE 1: a quarter of the LSB, four times SHUNT_CAL, the same CURRENT. */
	write_register(&rig, 0x00, 0x0010);
	write_register(&rig, 0x02, 4 * 3750);
	rig_input(&rig, 2, 4.8828125);
	rig_run_us(&rig, 3156);
	assert_int_equal(read_register(&rig, 0x04, 3), 384000 << 4); /* 30 mV / 78.125 nV */
	assert_int_equal(read_register(&rig, 0x07, 3), 104857 << 4);
	rig_input(&rig, 4, 100); /* 60 mV: over the range of 40.96 mV */
	rig_run_us(&rig, 3156);
	assert_int_equal(read_register(&rig, 0x04, 3), 0x7ffff0);
	rig_input(&rig, -4, 200);
	rig_run_us(&rig, 3156);
	assert_int_equal(read_register(&rig, 0x04, 3), 0x800000);
	assert_int_equal(read_register(&rig, 0x05, 3), 0x7ffff0);
	vina2xx_free(rig.meter);
}

static void test_ina228_temperature_compensation(void **state)
{
	struct rig rig = rig_new(VINA2XX_INA228, 0.015);

	(void)state;
	write_register(&rig, 0x03, 4000); /* ppm per degC */
	rig_input(&rig, 4, 1);
	rig.at.die_c = 50;
	rig_run_us(&rig, 2 * 3156);
	assert_int_equal(read_register(&rig, 0x07, 3), 192000 << 4);
	write_register(&rig, 0x00, 0x0020);
	rig_run_us(&rig, 3156);
	assert_int_equal(read_register(&rig, 0x07, 3), 174545 << 4); /* / 1.1 */
	vina2xx_free(rig.meter);
}

/* Conversion times of the sheets: not ready 1 us before, ready at the time. */
static bool is_ready(struct rig *rig, enum vina2xx_part part)
{
	static const struct {
		uint8_t address;
		unsigned bit;
	} ready[] = {[VINA2XX_INA219] = {0x02, 2},
		     [VINA2XX_INA226] = {0x06, 8},
		     [VINA2XX_INA228] = {0x0b, 2}};

	return read_register(rig, ready[part].address, 2) & ready[part].bit;
}

static void check_time(enum vina2xx_part part, uint8_t reg, unsigned config, double us,
		       bool continuous)
{
	struct rig rig = rig_new(part, 0.1);

	rig_run_us(&rig, 12.3);
	write_register(&rig, reg, config);
	for (int round = 0; round < 3; round++) {
		assert_false(is_ready(&rig, part));
		if (round == 0 || continuous)
			assert_true(vina2xx_next_event_ps(rig.meter) > rig.at.end_ps);
		rig_run_us(&rig, us - 1);
		assert_false(is_ready(&rig, part));
		rig_run_us(&rig, 1);
		assert_int_equal(is_ready(&rig, part), round == 0 || continuous);
		if (part == VINA2XX_INA219)
			read_register(&rig, 0x03, 2);
	}
	if (!continuous)
		assert_true(vina2xx_next_event_ps(rig.meter) == INT64_MAX);
	vina2xx_free(rig.meter);
}

static void test_conversion_times(void **state)
{
	static const double t219[16] = {84,  148,  276,  532,  84,   148,   276,   532,
					532, 1060, 2130, 4260, 8510, 17020, 34050, 68100};
	static const double t226[8] = {140, 204, 332, 588, 1100, 2116, 4156, 8244};
	static const double t228[8] = {50, 84, 150, 280, 540, 1052, 2074, 4120};
	static const double average[8] = {1, 4, 16, 64, 128, 256, 512, 1024};

	(void)state;
	for (unsigned shunt = 0; shunt < 16; shunt++)
		for (unsigned bus = 0; bus < 16; bus += 5) {
			unsigned config = 0x3800 | bus << 7 | shunt << 3;

			check_time(VINA2XX_INA219, 0, config | 7, t219[shunt] + t219[bus], true);
			check_time(VINA2XX_INA219, 0, config | 3, t219[shunt] + t219[bus], false);
			check_time(VINA2XX_INA219, 0, config | 5, t219[shunt], true);
			check_time(VINA2XX_INA219, 0, config | 2, t219[bus], false);
		}
	for (unsigned shunt = 0; shunt < 8; shunt++)
		for (unsigned bus = 0; bus < 8; bus++) {
			unsigned n = (shunt + bus) % 8, config = n << 9 | bus << 6 | shunt << 3;

			check_time(VINA2XX_INA226, 0, config | 7,
				   average[n] * (t226[shunt] + t226[bus]), true);
			check_time(VINA2XX_INA226, 0, config | 1, average[n] * t226[shunt], false);
			config = bus << 9 | shunt << 6 | n << 3 | shunt;
			check_time(VINA2XX_INA228, 1, config | 0xf000,
				   average[shunt] * (t228[bus] + t228[shunt] + t228[n]), true);
			check_time(VINA2XX_INA228, 1, config | 0x3000,
				   average[shunt] * (t228[bus] + t228[shunt]), false);
			check_time(VINA2XX_INA228, 1, config | 0xc000, average[shunt] * t228[n],
				   true);
		}
}

/* INA228 CONVDLY: 2 ms steps before the first conversion, and only before that. */
static void test_conversion_delay(void **state)
{
	struct rig rig = rig_new(VINA2XX_INA228, 0.1);

	(void)state;
	write_register(&rig, 0x00, 3 << 6);
	write_register(&rig, 0x01, 0xa000);
	rig_input(&rig, 0.1, 0);
	rig_run_us(&rig, 6000);
	rig_input(&rig, 0.2, 0);
	rig_run_us(&rig, 49);
	assert_false(is_ready(&rig, VINA2XX_INA228));
	rig_run_us(&rig, 1);
	assert_true(is_ready(&rig, VINA2XX_INA228));
	assert_int_equal(read_register(&rig, 0x04, 3), 64000 << 4); /* nothing of the delay */
	rig_run_us(&rig, 50);
	assert_true(is_ready(&rig, VINA2XX_INA228));
	vina2xx_free(rig.meter);
}

/* A conversion is the mean over its own time; shunt and bus are not simultaneous. */
static void test_conversion_integrates_its_time(void **state)
{
	struct rig rig = rig_new(VINA2XX_INA226, 0.1);

	(void)state;
	write_register(&rig, 0x00, 0x4007); /* 140 us each, no averaging */
	rig_input(&rig, 0.1, 1);
	rig_run_us(&rig, 35);
	rig_input(&rig, 0.3, 3);
	rig_run_us(&rig, 105);
	rig_input(&rig, 0.5, 5); /* the shunt is done; the bus begins */
	rig_run_us(&rig, 70);
	rig_input(&rig, 0, 7);
	rig_run_us(&rig, 70);
	assert_int_equal(read_register(&rig, 0x01, 2), 10000); /* 0.25 A */
	assert_int_equal(read_register(&rig, 0x02, 2), 4800);  /* 6 V */
	/* Four averages: 0.1, 0.2, 0.1, 0.3 A; registers change at the end only. */
	write_register(&rig, 0x00, 0x4205);
	for (int i = 0; i < 4; i++) {
		rig_input(&rig, i == 1 ? 0.2 : i == 3 ? 0.3 : 0.1, 0);
		assert_int_equal(read_register(&rig, 0x01, 2), 10000);
		rig_run_us(&rig, 140);
	}
	assert_int_equal(read_register(&rig, 0x01, 2), 7000);
	for (int sign = -1; sign <= 1; sign += 2) { /* 3 counts in 4: the nearest is 1 */
		for (int i = 0; i < 4; i++) {
			rig_input(&rig, i == 1 ? 0 : sign * 25e-6, 0);
			rig_run_us(&rig, 140);
		}
		assert_int_equal((int16_t)read_register(&rig, 0x01, 2), sign);
	}
	vina2xx_free(rig.meter);
}

/* How a run is cut into slices does not matter. */
static void test_slices_cut_anywhere(void **state)
{
	struct rig whole = rig_new(VINA2XX_INA228, 0.1), cut = rig_new(VINA2XX_INA228, 0.1);

	(void)state;
	for (int i = 0; i < 200; i++) {
		rig_input(&whole, 0.001 * i, 3);
		rig_input(&cut, 0.001 * i, 3);
		rig_run_us(&whole, 730);
		for (int k = 0; k < 10; k++)
			rig_run_us(&cut, 73);
		for (uint8_t reg = 4; reg <= 10; reg++)
			assert_int_equal(read_register(&whole, reg,
						       reg == 6  ? 2
						       : reg < 9 ? 3
								 : 5),
					 read_register(&cut, reg,
						       reg == 6  ? 2
						       : reg < 9 ? 3
								 : 5));
	}
	vina2xx_free(whole.meter);
	vina2xx_free(cut.meter);
}

static void test_power_down_and_triggered(void **state)
{
	struct rig rig = rig_new(VINA2XX_INA219, 0.1);

	(void)state;
	rig_input(&rig, 0.1, 3);
	rig_run_us(&rig, 1064);
	assert_true(is_ready(&rig, VINA2XX_INA219));
	for (unsigned mode = 0; mode <= 4; mode += 4) { /* power-down and ADC off keep CNVR */
		write_register(&rig, 0x00, 0x3998 | mode);
		assert_true(is_ready(&rig, VINA2XX_INA219));
		rig_input(&rig, 0.2, 3);
		rig_run_us(&rig, 10000);
		assert_int_equal(read_register(&rig, 0x01, 2), 1000);
	}
	write_register(&rig, 0x00, 0x399b); /* both, once */
	assert_false(is_ready(&rig, VINA2XX_INA219));
	rig_run_us(&rig, 1064);
	assert_true(is_ready(&rig, VINA2XX_INA219));
	assert_int_equal(read_register(&rig, 0x01, 2), 2000);
	rig_input(&rig, 0.3, 3);
	rig_run_us(&rig, 5000);
	assert_int_equal(read_register(&rig, 0x01, 2), 2000);
	write_register(&rig, 0x00, 0x399b); /* the same word again triggers again */
	rig_run_us(&rig, 1064);
	assert_int_equal(read_register(&rig, 0x01, 2), 3000);
	vina2xx_free(rig.meter);
}

static void test_ina226_flags_and_alert(void **state)
{
	/* Function bit, limit, an input beyond it, one within it. */
	static const struct {
		unsigned mask, limit;
		double bad_a, bad_v, good_a, good_v;
	} functions[] = {
		{0x8000, 4000, 0.2, 1, 0.05, 1}, {0x4000, 4000, 0.05, 1, 0.2, 1},
		{0x2000, 2400, 0.1, 4, 0.1, 2},  {0x1000, 2400, 0.1, 2, 0.1, 4},
		{0x0800, 100, 0.5, 4, 0.001, 4}, {0x8800, 4000, 0.2, 1, 0.05, 40},
		{0x4000, 0xfc18, -0.2, 1, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		for (unsigned bits = 0; bits < 4; bits++) { /* APOL, LEN */
			struct rig rig = rig_new(VINA2XX_INA226, 0.1);
			bool idle = !(bits & 2), latch = bits & 1;

			write_register(&rig, 0x05, 2048);
			write_register(&rig, 0x07, functions[i].limit);
			write_register(&rig, 0x06, functions[i].mask | bits);
			rig_input(&rig, functions[i].good_a, functions[i].good_v);
			rig_run_us(&rig, 2200);
			assert_int_equal(vina2xx_alert_level(rig.meter), idle);
			rig_input(&rig, functions[i].bad_a, functions[i].bad_v);
			rig_run_us(&rig, 2200);
			assert_int_equal(vina2xx_alert_level(rig.meter), !idle);
			rig_input(&rig, functions[i].good_a, functions[i].good_v);
			rig_run_us(&rig, 2200);
			assert_int_equal(vina2xx_alert_level(rig.meter), latch ? !idle : idle);
			assert_int_equal(read_register(&rig, 0x06, 2),
					 functions[i].mask | bits | 8 | (latch ? 0x10 : 0));
			assert_int_equal(vina2xx_alert_level(rig.meter), idle);
			assert_int_equal(read_register(&rig, 0x06, 2), functions[i].mask | bits);
			vina2xx_free(rig.meter);
		}
}

static void test_ina226_conversion_ready_alert(void **state)
{
	struct rig rig = rig_new(VINA2XX_INA226, 0.1);

	(void)state;
	write_register(&rig, 0x06, 0x0400);
	for (int i = 0; i < 3; i++) {
		assert_true(vina2xx_alert_level(rig.meter));
		rig_run_us(&rig, 2200);
		assert_false(vina2xx_alert_level(rig.meter));
		read_register(&rig, 0x01, 2);
		assert_false(vina2xx_alert_level(rig.meter));
		assert_int_equal(read_register(&rig, 0x06, 2), 0x0408);
	}
	rig_run_us(&rig, 2200);
	write_register(&rig, 0x00, 0x4127);
	assert_true(vina2xx_alert_level(rig.meter));
	assert_int_equal(read_register(&rig, 0x06, 2), 0x0400);
	vina2xx_free(rig.meter);
}

static void test_ina228_limits(void **state)
{
	static const struct {
		uint8_t reg;
		unsigned limit, flag;
		double bad_a, bad_v, bad_c;
	} limits[] = {
		{0x0c, 2000, 0x40, 0.11, 3, 25},    /* 10 mV / 5 uV */
		{0x0d, 0xf830, 0x20, -0.11, 3, 25}, /* -10 mV */
		{0x0e, 1280, 0x10, 0.05, 4.1, 25},  /* 4 V / 3.125 mV */
		{0x0f, 640, 0x08, 0.05, 1.9, 25},    {0x10, 7680, 0x80, 0.05, 3, 61},
		{0x11, 0x0010, 0x04, 0.09, 3.9, 25},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		for (unsigned mode = 0; mode < 4; mode++) { /* APOL, ALATCH */
			struct rig rig = rig_new(VINA2XX_INA228, 0.1);
			unsigned diag = (mode & 1 ? 0x1000 : 0) | (mode & 2 ? 0x8000 : 0);
			bool idle = !(mode & 1), latch = mode & 2;

			write_register(&rig, limits[i].reg, limits[i].limit);
			write_register(&rig, 0x0b, diag);
			rig_input(&rig, 0.001, 3);
			rig_run_us(&rig, 3156);
			assert_int_equal(vina2xx_alert_level(rig.meter), idle);
			rig_input(&rig, limits[i].bad_a, limits[i].bad_v);
			rig.at.die_c = limits[i].bad_c;
			rig_run_us(&rig, 3156);
			assert_int_equal(vina2xx_alert_level(rig.meter), !idle);
			rig_input(&rig, 0.001, 3);
			rig.at.die_c = 25;
			rig_run_us(&rig, 3156);
			assert_int_equal(vina2xx_alert_level(rig.meter), latch ? !idle : idle);
			assert_int_equal(read_register(&rig, 0x0b, 2),
					 diag | 3 | (latch ? limits[i].flag : 0));
			assert_int_equal(vina2xx_alert_level(rig.meter), idle);
			assert_int_equal(read_register(&rig, 0x0b, 2), diag | 1);
			vina2xx_free(rig.meter);
		}
}

/* SLOWALERT: the limit looks at averages. */
static void test_ina228_slow_alert(void **state)
{
	(void)state;
	for (int slow = 0; slow < 2; slow++) {
		struct rig rig = rig_new(VINA2XX_INA228, 0.1);

		write_register(&rig, 0x0c, 2000);
		write_register(&rig, 0x0b, slow ? 0x2000 : 0);
		write_register(&rig, 0x01, 0xa001); /* shunt, 50 us, 4 averages */
		rig_input(&rig, 0.2, 0);
		rig_run_us(&rig, 50);
		assert_int_equal(read_register(&rig, 0x0b, 2) & 0x40, slow ? 0 : 0x40);
		rig_input(&rig, 0, 0);
		rig_run_us(&rig, 150); /* the average is 5 mV */
		assert_int_equal(read_register(&rig, 0x0b, 2) & 0x40, 0);
		rig_input(&rig, 0.2, 0);
		rig_run_us(&rig, 200);
		assert_int_equal(read_register(&rig, 0x0b, 2) & 0x40, 0x40);
		vina2xx_free(rig.meter);
	}
}

/* CNVRF: latched until it is read, else gone by itself. */
static void test_ina228_conversion_ready_flag(void **state)
{
	(void)state;
	for (int latched = 0; latched < 2; latched++) {
		struct rig rig = rig_new(VINA2XX_INA228, 0.1);

		write_register(&rig, 0x0b, latched ? 0x8001 : 0x0001);
		write_register(&rig, 0x01, 0xb000); /* shunt and bus, 50 us each */
		rig_run_us(&rig, 150);
		assert_int_equal(is_ready(&rig, VINA2XX_INA228), latched);
		assert_false(is_ready(&rig, VINA2XX_INA228));
		vina2xx_free(rig.meter);
	}
}

static void test_ina228_conversion_ready_alert(void **state)
{
	struct rig rig = rig_new(VINA2XX_INA228, 0.1);

	(void)state;
	write_register(&rig, 0x0b, 0x4000); /* transparent: a pulse */
	rig_run_us(&rig, 3156);
	assert_false(vina2xx_alert_level(rig.meter));
	assert_true(vina2xx_next_event_ps(rig.meter) < rig.at.end_ps + 50 * US);
	rig_run_us(&rig, 50);
	assert_true(vina2xx_alert_level(rig.meter));
	write_register(&rig, 0x0b, 0xc000); /* latched: until DIAG_ALRT is read */
	rig_run_us(&rig, 3156);
	assert_false(vina2xx_alert_level(rig.meter));
	read_register(&rig, 0x04, 3);
	assert_false(vina2xx_alert_level(rig.meter));
	assert_int_equal(read_register(&rig, 0x0b, 2), 0xc003);
	assert_true(vina2xx_alert_level(rig.meter));
	vina2xx_free(rig.meter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_register_map),
		cmocka_unit_test(test_bus),
		cmocka_unit_test(test_ina219_examples),
		cmocka_unit_test(test_ina219_ranges),
		cmocka_unit_test(test_ina226_examples),
		cmocka_unit_test(test_ina228_examples),
		cmocka_unit_test(test_ina228_temperature_compensation),
		cmocka_unit_test(test_conversion_times),
		cmocka_unit_test(test_conversion_delay),
		cmocka_unit_test(test_conversion_integrates_its_time),
		cmocka_unit_test(test_slices_cut_anywhere),
		cmocka_unit_test(test_power_down_and_triggered),
		cmocka_unit_test(test_ina226_flags_and_alert),
		cmocka_unit_test(test_ina226_conversion_ready_alert),
		cmocka_unit_test(test_ina228_limits),
		cmocka_unit_test(test_ina228_slow_alert),
		cmocka_unit_test(test_ina228_conversion_ready_flag),
		cmocka_unit_test(test_ina228_conversion_ready_alert),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
