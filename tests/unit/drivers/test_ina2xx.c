/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The INA2xx driver: register bytes into numbers (worked examples of the device sheets), the
 * count of conversions against stalls and losses, and whole sessions with the virtual chips.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/meter/ina2xx.h"
#include "drivers/meter/ina2xx_pace.h"
#include "drivers/meter/ina2xx_parts.h"
#include "drivers/meter/ina2xx_sums.h"
#include "tests/unit/drivers/fake_i2c.h"

static struct err err;
static struct meter_block block;

#define assert_near(value, expected, relative)                                                     \
	assert_true(fabs((value) - (expected)) <= (relative)*fabs(expected))

/* --- pure functions --------------------------------------------------------------------------- */

static void converts_the_sheets_examples(void **state)
{
	struct ina2xx_setup setup;

	(void)state;
	assert_int_equal(ina2xx_setup_make(&ina2xx_ina219, "rshunt_ohm=0.1", &setup, &err), 0);
	assert_near(ina2xx_bus_v(&setup, ina2xx_bus_count(setup.part, (uint8_t[]){0x1F, 0x42})),
		    4.0, 1e-12);
	assert_int_equal(ina2xx_shunt_count(setup.part, (uint8_t[]){0x83, 0x00}), -32000);
	assert_near(ina2xx_current_a(&setup, -32000), -3.2, 1e-12);
	assert_int_equal(ina2xx_setup_make(&ina2xx_ina226, "rshunt_ohm=0.002", &setup, &err), 0);
	assert_near(ina2xx_bus_v(&setup, ina2xx_bus_count(setup.part, (uint8_t[]){0x25, 0x70})),
		    11.98, 1e-12);
	assert_near(ina2xx_current_a(&setup, -1), -2.5e-6 / 0.002, 1e-12);
	assert_int_equal(ina2xx_setup_make(&ina2xx_ina228, "rshunt_ohm=0.015", &setup, &err), 0);
	assert_near(
		ina2xx_bus_v(&setup, ina2xx_bus_count(setup.part, (uint8_t[]){0x06, 0x1A, 0x80})),
		4.8828125, 1e-12);
	assert_int_equal(ina2xx_shunt_count(setup.part, (uint8_t[]){0xFF, 0xFF, 0xF0}), -1);
	assert_int_equal(ina2xx_shunt_count(setup.part, (uint8_t[]){0xFF, 0xFF, 0xFF}), -1);
	assert_int_equal(ina2xx_shunt_count(setup.part, (uint8_t[]){0x7F, 0xFF, 0xF0}), 524287);
	assert_near(ina2xx_current_a(&setup, -1), -312.5e-9 / 0.015, 1e-12);
}

static const struct setup_row {
	const struct ina2xx_part *part;
	const char *options;
	unsigned config, mode;
	double full_v, period_s;
} setup_rows[] = {
	/* the reset value is 32 V, +-320 mV, 12 bits, continuous */
	{&ina2xx_ina219, "rshunt_ohm=0.1, conversion=532us", 0x399F, 0x399F, 0.32, 1.064e-3},
	{&ina2xx_ina219, "rshunt_ohm=0.1, conversion=84us, i_max_a=0.4, bus_range=16V", 0x0007,
	 0x0007, 0.04, 168e-6},
	{&ina2xx_ina219, "rshunt_ohm=0.1, conversion=68100us, i_max_a=0.41", 0x2FFF, 0x2FFF, 0.08,
	 136.2e-3},
	/* the reset value */
	{&ina2xx_ina226, "rshunt_ohm=0.1, conversion=1100us, averaging=1", 0x4127, 0x4127, 0.08192,
	 2.2e-3},
	{&ina2xx_ina226, "rshunt_ohm=0.1, conversion=140us, averaging=1024", 0x4E07, 0x4E07,
	 0.08192, 0.28672},
	/* ADC_CONFIG after a reset is 0xFB68: all of them, 1052 us; here without temperature */
	{&ina2xx_ina228, "rshunt_ohm=0.1, conversion=1052us", 0x0000, 0xBB40, 0.16384, 2.104e-3},
	{&ina2xx_ina228, "rshunt_ohm=0.1, conversion=50us, averaging=4, i_max_a=0.4", 0x0010,
	 0xB001, 0.04096, 400e-6},
};

static void makes_register_values(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(setup_rows) / sizeof(setup_rows[0]); n++) {
		const struct setup_row *row = &setup_rows[n];
		struct ina2xx_setup setup;

		assert_int_equal(ina2xx_setup_make(row->part, row->options, &setup, &err), 0);
		assert_int_equal(setup.config, row->config);
		assert_int_equal(setup.mode, row->mode);
		assert_near(setup.range.full_v, row->full_v, 1e-12);
		assert_near(setup.period_s, row->period_s, 1e-12);
	}
}

static void refuses_settings(void **state)
{
	static const char *const options[] = {
		"",                             /* no shunt */
		"rshunt_ohm=0",                 /* none at all */
		"rshunt_ohm=0.1, i_max_a=4",    /* 400 mV */
		"rshunt_ohm=0.1, address=0x50", /* none of theirs */
		"rshunt_ohm=0.1, address=64.5",
		"rshunt_ohm=0.1, conversion=100us",
		"rshunt_ohm=0.1 ohm",
		"rshunt_ohm=0.1, rshunt_ohm=0.1",
	};
	struct ina2xx_setup setup;

	(void)state;
	for (size_t n = 0; n < sizeof(options) / sizeof(options[0]); n++) {
		assert_int_equal(ina2xx_setup_make(&ina2xx_ina219, options[n], &setup, &err),
				 -EINVAL);
		assert_true(*err.text);
	}
	assert_int_equal(
		ina2xx_setup_make(&ina2xx_ina219, "rshunt_ohm=0.1, averaging=4", &setup, &err),
		-EINVAL);
}

/* Every period from nominal - 10 % to + 10 %, looks at random moments, stalls of up to 3 periods
 * once the period is known: the count is right, or said to be rough; and right again with the next
 * conversion. */
static void counts_conversions(void **state)
{
	uint64_t random = 1;
	unsigned stalls = 0, rough = 0;

	(void)state;
	for (int percent = -10; percent <= 10; percent += 2) {
		double period_ns = 1e6 * (1 + percent / 100.0);
		struct ina2xx_pace pace;
		int64_t t_ns = 0;
		uint64_t fetched = 0;

		ina2xx_pace_init(&pace, 1e-3, 0.1, 0);
		while (fetched < 3000) {
			uint64_t over;
			bool is_rough;

			random = random * 6364136223846793005u + 1442695040888963407u;
			t_ns += 20000 + (int64_t)(random >> 33) % 100000;
			if (fetched > 100 && random >> 58 == 0) {
				t_ns += (int64_t)(random >> 20) % 3000000;
				stalls++;
			}
			over = (uint64_t)((double)t_ns / period_ns);
			if (over == fetched) {
				ina2xx_pace_clear(&pace, t_ns);
				continue;
			}
			ina2xx_pace_ready(&pace, t_ns, &is_rough);
			fetched = over;
			rough += is_rough;
			if (is_rough)
				assert_true(pace.count == over || pace.count + 1 == over);
			else
				assert_int_equal(pace.count, over);
		}
		assert_near(pace.period_s, period_ns * 1e-9, 1e-3);
	}
	assert_true(stalls > 300 && rough < stalls / 2);
}

static void says_when_a_count_is_rough(void **state)
{
	struct ina2xx_pace pace;
	bool is_rough;

	(void)state;
	ina2xx_pace_init(&pace, 1e-3, 0.1, 0);
	assert_int_equal(ina2xx_pace_ready(&pace, 1050000, &is_rough), 1);
	assert_false(is_rough);
	assert_int_equal(ina2xx_pace_ready(&pace, 6450000, &is_rough), 5);
	assert_true(is_rough);
}

static void sums_go_on_over_wraps(void **state)
{
	struct ina2xx_sums sums;
	struct meter_integral integral;

	(void)state;
	ina2xx_sums_init(&sums);
	ina2xx_sums_take(&sums, (uint8_t[]){0xFF, 0xFF, 0xFF, 0xFF, 0xF0},
			 (uint8_t[]){0x7F, 0xFF, 0xFF, 0xFF, 0xFF});
	ina2xx_sums_flags(&sums, 0x0C00);
	ina2xx_sums_take(&sums, (uint8_t[]){0, 0, 0, 0, 0x10},
			 (uint8_t[]){0x80, 0x00, 0x00, 0x00, 0x01});
	integral = ina2xx_sums_integral(&sums, 1e-6, 7);
	assert_int_equal(integral.end_index, 7);
	assert_near(integral.energy_j, 0x10000000010 * 51.2e-6, 1e-12);
	assert_near(integral.charge_c, 0x8000000001 * 1e-6, 1e-12);
	/* backwards over zero */
	ina2xx_sums_init(&sums);
	ina2xx_sums_take(&sums, (uint8_t[]){0, 0, 0, 0, 0},
			 (uint8_t[]){0xFF, 0xFF, 0xFF, 0xFF, 0xFE});
	assert_near(ina2xx_sums_integral(&sums, 1e-6, 0).charge_c, -2e-6, 1e-12);
	/* an overflow that no wrap explains */
	ina2xx_sums_flags(&sums, 0x0800);
	ina2xx_sums_take(&sums, (uint8_t[]){0, 0, 0, 0, 9},
			 (uint8_t[]){0xFF, 0xFF, 0xFF, 0xFF, 0xFE});
	assert_true(isnan(ina2xx_sums_integral(&sums, 1e-6, 0).energy_j));
	assert_false(isnan(ina2xx_sums_integral(&sums, 1e-6, 0).charge_c));
	ina2xx_sums_flags(&sums, 0x0200);
	assert_true(isnan(ina2xx_sums_integral(&sums, 1e-6, 0).charge_c));
}

/* --- sessions --------------------------------------------------------------------------------- */

static const struct session_row {
	const char *driver, *options;
	enum vina2xx_part part;
	double tolerance_rel; /* one step of the converter */
} sessions[] = {
	{"ina219", "rshunt_ohm=1, i_max_a=0.03", VINA2XX_INA219, 2e-3},
	{"ina226", "rshunt_ohm=1", VINA2XX_INA226, 5e-4},
	{"ina228", "rshunt_ohm=1, i_max_a=0.03", VINA2XX_INA228, 2e-5},
};

enum { SESSIONS = sizeof(sessions) / sizeof(sessions[0]) };

static void plug(enum vina2xx_part part, bool ideal, uint64_t seed)
{
	const struct vina2xx_config config = {.part = part, .shunt_ohm = 1, .ideal = ideal};

	fake_i2c_init(&config, seed);
}

static int try_open(const char *driver, const char *options, struct meter **ret_meter)
{
	const struct meter_settings settings = {.options = options};

	*ret_meter = NULL;
	return meter_open(driver, &fake_i2c_port, &settings, ret_meter, &err);
}

static struct meter *must_open(const struct session_row *row, bool ideal, uint64_t seed)
{
	struct meter *meter;

	plug(row->part, ideal, seed);
	if (try_open(row->driver, row->options, &meter))
		fail_msg("%s", err.text);
	return meter;
}

static void must_start(struct meter *meter)
{
	if (meter_start(meter, &err))
		fail_msg("%s", err.text);
}

static void must_read(struct meter *meter)
{
	memset(&block, 0xee, sizeof(block));
	if (meter_read(meter, &block, 1000, &err))
		fail_msg("%s", err.text);
}

static void measures_exactly(void **state)
{
	(void)state;
	for (size_t n = 0; n < SESSIONS; n++) {
		struct meter *meter = must_open(&sessions[n], true, 1);
		uint64_t next = 0;

		must_start(meter);
		for (int round = 0; round < 10; round++) {
			must_read(meter);
			assert_true(block.first_index == next && block.lost == 0);
			assert_int_equal(block.flags, 0);
			for (uint32_t i = 0; i < block.count; i++) {
				assert_near((double)block.current_a[i], 5e-3,
					    sessions[n].tolerance_rel);
				assert_near((double)block.voltage_v[i], 3.3, 1.3e-3);
			}
			assert_true(llabs(block.t_mono_ns - fake_i2c.now_ns) < 30000000);
			next = block.first_index + block.count;
		}
		meter_close(meter);
	}
}

static void sees_a_step(void **state)
{
	(void)state;
	for (size_t n = 0; n < SESSIONS; n++) {
		struct meter *meter = must_open(&sessions[n], true, 1);

		must_start(meter);
		must_read(meter);
		fake_i2c.current_a = -7e-3;
		must_read(meter);
		assert_near((double)block.current_a[block.count - 1], -7e-3,
			    sessions[n].tolerance_rel);
		meter_close(meter);
	}
}

/* Losses by the chip, by a host that stalls, and both kinds of clock error. */
static void counts_losses(void **state)
{
	(void)state;
	for (size_t n = 0; n < SESSIONS; n++)
		for (uint64_t seed = 1; seed <= 5; seed++) {
			struct meter *meter = must_open(&sessions[n], false, seed);
			double period_ns = 1e9 / meter_info(meter)->rate_hz;
			uint64_t lost = 0, next;
			uint32_t rough = 0;

			period_ns *= 1 + vina2xx_clock_error_ppm(fake_i2c.meter) * 1e-6;
			must_start(meter);
			for (int round = 0; round < 20; round++) {
				must_read(meter);
				assert_int_equal(block.lost, 0);
			}
			vina2xx_lose_conversions(fake_i2c.meter, 3);
			next = block.first_index + block.count;
			for (int round = 0; round < 10; round++) {
				must_read(meter);
				assert_true(block.first_index == next + block.lost);
				next = block.first_index + block.count;
				lost += block.lost;
			}
			assert_int_equal(lost, 3);
			fake_i2c.stall_ns = (int64_t)(20.4 * period_ns);
			for (int round = 0; round < 10; round++) {
				must_read(meter);
				lost += block.lost;
				rough |= block.flags;
			}
			assert_true(lost >= 3 + 19 && lost <= 3 + 20);
			assert_int_equal(rough & ~(unsigned)METER_BLOCK_TIME_MISMATCH, 0);
			meter_close(meter);
		}
}

static void frozen_results_are_taken_as_they_are(void **state)
{
	struct meter *meter = must_open(&sessions[1], true, 1);

	(void)state;
	must_start(meter);
	must_read(meter);
	vina2xx_freeze(fake_i2c.meter, 2);
	must_read(meter);
	assert_int_equal(block.lost, 0);
	meter_close(meter);
}

static void marks_saturation(void **state)
{
	(void)state;
	for (size_t n = 0; n < SESSIONS; n++)
		for (int sign = -1; sign <= 1; sign += 2) {
			struct meter *meter = must_open(&sessions[n], true, 1);

			must_start(meter);
			fake_i2c.current_a = sign * 0.5;
			must_read(meter);
			must_read(meter);
			assert_true(block.flags & METER_BLOCK_SATURATED);
			fake_i2c.current_a = sign * 0.025;
			must_read(meter);
			must_read(meter);
			assert_false(block.flags & METER_BLOCK_SATURATED);
			meter_close(meter);
		}
}

/* The chip's own sums, aligned to the samples: the same charge and energy from either. */
static void sums_agree_with_samples(void **state)
{
	struct meter *meter = must_open(&sessions[2], true, 1);
	double charge_c[4096] = {0}, energy_j[4096] = {0}, period_s;
	unsigned compared = 0;
	uint64_t n = 0;

	(void)state;
	assert_true(meter_info(meter)->caps & METER_CAP_INTEGRAL);
	period_s = 1 / meter_info(meter)->rate_hz;
	must_start(meter);
	for (int round = 0; round < 60; round++) {
		fake_i2c.current_a = (round % 7 + 1) * 1e-3;
		must_read(meter);
		assert_int_equal(block.lost, 0);
		for (uint32_t i = 0; i < block.count; i++, n++) {
			double current_a = (double)block.current_a[i];

			charge_c[n + 1] = charge_c[n] + current_a * period_s;
			energy_j[n + 1] =
				energy_j[n] + current_a * (double)block.voltage_v[i] * period_s;
		}
		if (!block.has_integral)
			continue;
		assert_true(block.integral.end_index <= n && block.integral.end_index > 0);
		/* within a count of each sum, and the samples' own steps */
		assert_true(fabs(block.integral.charge_c - charge_c[block.integral.end_index]) <
			    1.1 * 78.125e-9 + 1e-4 * charge_c[block.integral.end_index]);
		assert_true(fabs(block.integral.energy_j - energy_j[block.integral.end_index]) <
			    1.1 * 51.2 * 78.125e-9 + 1e-4 * energy_j[block.integral.end_index]);
		compared++;
	}
	assert_true(compared > 20);
	/* from nothing again after another start */
	assert_int_equal(meter_stop(meter, &err), 0);
	must_start(meter);
	do
		must_read(meter);
	while (!block.has_integral);
	assert_true(block.integral.end_index < 20);
	assert_true(block.integral.charge_c < 8e-3 * 20 * period_s);
	meter_close(meter);
}

static void sums_need_averaging_1(void **state)
{
	const struct session_row row = {"ina228", "rshunt_ohm=1, averaging=4", VINA2XX_INA228, 0};
	struct meter *meter = must_open(&row, true, 1);

	(void)state;
	assert_false(meter_info(meter)->caps & METER_CAP_INTEGRAL);
	must_start(meter);
	must_read(meter);
	assert_false(block.has_integral);
	meter_close(meter);
}

static void refuses_strangers(void **state)
{
	static const enum vina2xx_part parts[] = {VINA2XX_INA219, VINA2XX_INA226, VINA2XX_INA228};
	struct meter *meter;

	(void)state;
	for (size_t n = 0; n < SESSIONS; n++)
		for (size_t part = 0; part < SESSIONS; part++) {
			int rc;

			plug(parts[part], true, 1);
			rc = try_open(sessions[n].driver, sessions[n].options, &meter);
			assert_int_equal(rc, part == n ? 0 : -EPROTO);
			if (rc)
				assert_non_null(strstr(err.text, "this is no"));
			meter_close(meter);
			assert_int_equal(fake_i2c.closed, 1);
		}
}

static void says_who_does_not_answer(void **state)
{
	struct meter *meter;

	(void)state;
	plug(VINA2XX_INA226, true, 1);
	assert_int_equal(try_open("ina226", "rshunt_ohm=1, address=0x45", &meter), -ENXIO);
	assert_non_null(strstr(err.text, "0x45"));
	assert_non_null(strstr(err.text, "pins A1 and A0"));
	assert_int_equal(fake_i2c.closed, 1);
}

static void survives_a_few_missing_acknowledges(void **state)
{
	struct meter *meter = must_open(&sessions[1], true, 1);
	int rc;

	(void)state;
	must_start(meter);
	must_read(meter);
	vina2xx_nack(fake_i2c.meter, 3);
	must_read(meter);
	vina2xx_nack(fake_i2c.meter, 1000);
	while (!(rc = meter_read(meter, &block, 1000, &err)))
		;
	assert_int_equal(rc, -ENODEV);
	assert_non_null(strstr(err.text, "does not answer any more"));
	assert_int_equal(meter_read(meter, &block, 1000, &err), -ENODEV);
	meter_close(meter);
}

static void passes_bus_errors_on(void **state)
{
	struct meter *meter = must_open(&sessions[0], true, 1);

	(void)state;
	must_start(meter);
	fake_i2c.fail = EAGAIN;
	fake_i2c.fails = 1;
	assert_int_equal(meter_read(meter, &block, 1000, &err), -EAGAIN);
	must_read(meter);
	meter_close(meter);
}

static void brown_out(struct i2c *i2c)
{
	const struct i2c_device *device = vina2xx_i2c(i2c->meter);
	static const uint8_t reset[] = {0x00, 0x80, 0x00};

	device->start(device->context, 0x40, false);
	for (size_t n = 0; n < sizeof(reset); n++)
		device->write(device->context, reset[n]);
	device->stop(device->context);
}

static void notices_a_brown_out(void **state)
{
	(void)state;
	for (size_t n = 0; n < SESSIONS; n++) {
		struct meter *meter = must_open(&sessions[n], true, 1);
		int64_t t_ns;
		int rc = 0;

		must_start(meter);
		must_read(meter);
		brown_out(&fake_i2c);
		t_ns = fake_i2c.now_ns;
		while (!rc && fake_i2c.now_ns - t_ns < 1000000000)
			rc = meter_read(meter, &block, 1000, &err);
		assert_int_equal(rc, -EPROTO);
		assert_non_null(strstr(err.text, "lost its supply"));
		assert_true(fake_i2c.now_ns - t_ns < 200000000);
		/* a new start sets it up again */
		assert_int_equal(meter_stop(meter, &err), 0);
		must_start(meter);
		must_read(meter);
		assert_int_equal(block.first_index, 0);
		meter_close(meter);
	}
}

static void refuses_a_slow_bus(void **state)
{
	const struct session_row row = {"ina228", "rshunt_ohm=1, conversion=50us", VINA2XX_INA228,
					0};
	struct meter *meter = must_open(&row, true, 1);

	(void)state;
	assert_int_equal(meter_start(meter, &err), -EINVAL);
	assert_non_null(strstr(err.text, "averaging"));
	meter_close(meter);
}

static void times_out(void **state)
{
	const struct session_row row = {"ina226", "rshunt_ohm=1, conversion=8244us, averaging=64",
					VINA2XX_INA226, 0};
	struct meter *meter = must_open(&row, true, 1);
	int64_t t_ns;

	(void)state;
	must_start(meter);
	t_ns = fake_i2c.now_ns;
	assert_int_equal(meter_read(meter, &block, 100, &err), -ETIMEDOUT);
	assert_true(fake_i2c.now_ns - t_ns >= 100000000 && fake_i2c.now_ns - t_ns < 110000000);
	assert_int_equal(meter_read(meter, &block, 2000, &err), 0);
	assert_int_equal(block.count, 1);
	meter_close(meter);
}

/* The chip flips bits of what is read now and then: nothing but an error or a wrong value may come
 * of it, and never a hang. */
static void noise(struct i2c *i2c, struct i2c_read *read)
{
	static uint64_t random = 7;

	(void)i2c;
	random = random * 6364136223846793005u + 1442695040888963407u;
	if (random >> 60 == 0)
		read->bytes[(random >> 40) % read->count] ^= (uint8_t)(1 << ((random >> 33) & 7));
}

static void stands_noise(void **state)
{
	(void)state;
	for (size_t n = 0; n < SESSIONS; n++) {
		struct meter *meter = must_open(&sessions[n], true, 1);
		uint64_t next = 0;

		must_start(meter);
		fake_i2c.on_read = noise;
		for (int round = 0; round < 300; round++) {
			int rc = meter_read(meter, &block, 100, &err);

			if (rc) {
				assert_true(rc == -EPROTO || rc == -ETIMEDOUT);
				continue;
			}
			assert_true(block.count >= 1 && block.count <= METER_BLOCK_MAX);
			assert_true(block.first_index == next + block.lost);
			next = block.first_index + block.count;
		}
		meter_close(meter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(converts_the_sheets_examples),
		cmocka_unit_test(makes_register_values),
		cmocka_unit_test(refuses_settings),
		cmocka_unit_test(counts_conversions),
		cmocka_unit_test(says_when_a_count_is_rough),
		cmocka_unit_test(sums_go_on_over_wraps),
		cmocka_unit_test(measures_exactly),
		cmocka_unit_test(sees_a_step),
		cmocka_unit_test(counts_losses),
		cmocka_unit_test(frozen_results_are_taken_as_they_are),
		cmocka_unit_test(marks_saturation),
		cmocka_unit_test(sums_agree_with_samples),
		cmocka_unit_test(sums_need_averaging_1),
		cmocka_unit_test(refuses_strangers),
		cmocka_unit_test(says_who_does_not_answer),
		cmocka_unit_test(survives_a_few_missing_acknowledges),
		cmocka_unit_test(passes_bus_errors_on),
		cmocka_unit_test(notices_a_brown_out),
		cmocka_unit_test(refuses_a_slow_bus),
		cmocka_unit_test(times_out),
		cmocka_unit_test(stands_noise),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_i2c_done();
	return failed;
}
