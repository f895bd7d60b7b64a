/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The LPM01A driver with the virtual instrument: control, settings, calibration, energy and
 * current, markers, losses.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/meter/lpm01a.h"
#include "tests/unit/drivers/fake_vlpm01a.h"

static struct link link_;
static struct meter_block block;
static struct err err;

#define assert_near(value, expected, relative)                                                     \
	assert_true(fabs((value) - (expected)) <= (relative)*fabs(expected))

static int try_open(double supply_v, const char *options, struct meter **ret_meter)
{
	const struct meter_settings settings = {.supply_v = supply_v, .options = options};
	const struct meter_port port = {.link = &link_};

	*ret_meter = NULL;
	return meter_open("lpm01a", &port, &settings, ret_meter, &err);
}

static struct meter *must_open(const char *options)
{
	struct meter *meter;

	fake_vlpm01a_init(&link_, 1);
	vlpm01a_make_ideal(fake_vlpm01a.meter);
	if (try_open(3.0, options, &meter))
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
	if (meter_read(meter, &block, 3000, &err))
		fail_msg("%s", err.text);
}

static bool said(const char *line)
{
	const char *at = strstr(fake_vlpm01a.said, line);

	return at && at[strlen(line)] == '\n' && (at == fake_vlpm01a.said || at[-1] == '\n');
}

/* How often. */
static unsigned times_said(const char *line)
{
	unsigned count = 0;

	for (const char *at = fake_vlpm01a.said; (at = strstr(at, line)); at++)
		count += at[strlen(line)] == '\n';
	return count;
}

static void takes_control_and_releases_it(void **state)
{
	struct meter *meter = must_open(NULL);
	const struct meter_info *info = meter_info(meter);

	(void)state;
	assert_true(said("htc") && said("volt 3000m") && said("output energy") &&
		    said("freq 5000"));
	assert_true(said("format ascii_dec") && said("eventsrc d7 fal") && said("acqtime inf"));
	assert_false(said("hrc"));
	assert_int_equal(info->caps, METER_CAP_SUPPLY | METER_CAP_MARKERS);
	assert_true(strlen(info->serial) == 26);
	assert_non_null(strstr(info->calibration, "\"firmware\": \"1.0.6\""));
	assert_non_null(strstr(info->calibration, "falling edge of D7"));
	assert_non_null(strstr(info->calibration, "\"calibrated_temp_c\": 25.0"));
	assert_near(info->gain_u_rel, 0.02 / sqrt(3), 1e-9);
	meter_close(meter);
	assert_true(said("hrc"));
	assert_int_equal(link_.closed, 1);
}

static void releases_control_when_open_fails(void **state)
{
	struct meter *meter;

	(void)state;
	fake_vlpm01a_init(&link_, 1);
	fake_vlpm01a.deaf_to = "freq";
	assert_int_equal(try_open(3.0, NULL, &meter), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "freq 5000"));
	assert_true(said("hrc"));
	assert_int_equal(link_.closed, 1);
	/* nobody there at all */
	fake_vlpm01a_init(&link_, 1);
	fake_vlpm01a.deaf_to = "powershield";
	assert_int_equal(try_open(3.0, NULL, &meter), -ETIMEDOUT);
	assert_int_equal(link_.closed, 1);
}

static void waits_while_it_calibrates(void **state)
{
	static const char *const commands[] = {"volt", "acqmode", "calib"};
	struct meter *meter;

	(void)state;
	for (size_t n = 0; n < sizeof(commands) / sizeof(commands[0]); n++) {
		fake_vlpm01a_init(&link_, 1);
		fake_vlpm01a.slow_to = commands[n];
		fake_vlpm01a.slow_ps = 8000000000000;
		if (try_open(3.0, NULL, &meter))
			fail_msg("%s", err.text);
		meter_close(meter);
	}
}

static void refuses_settings(void **state)
{
	static const struct {
		double supply_v;
		const char *options;
	} rows[] = {{0, NULL},
		    {1.7, NULL},
		    {3.4, NULL},
		    {3.0, "rate_hz=3000"},
		    {3.0, "output=energy, rate_hz=20000"},
		    {3.0, "format=ascii, rate_hz=10000"},
		    {3.0, "event=rising"}};
	struct meter *meter;

	(void)state;
	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		fake_vlpm01a_init(&link_, 1);
		assert_int_equal(try_open(rows[n].supply_v, rows[n].options, &meter), -EINVAL);
		assert_string_equal(fake_vlpm01a.said, "");
		assert_int_equal(link_.closed, 1);
	}
}

static const struct mode_row {
	const char *options, *format;
	double tolerance_rel;
} modes[] = {
	{"", "format ascii_dec", 2e-3},
	{"format=binary, rate_hz=10000", "format bin_hexa", 2e-3},
	{"output=current, rate_hz=1000", "format ascii_dec", 5e-3},
	{"output=current, rate_hz=20000", "format bin_hexa", 5e-3},
	{"rate_hz=100000", "format bin_hexa", 5e-3},
};

static void measures(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(modes) / sizeof(modes[0]); n++) {
		struct meter *meter = must_open(modes[n].options);
		double sum_a = 0;
		uint64_t next = 0;

		assert_true(said(modes[n].format));
		assert_int_equal(said("funcmode high"), meter_info(meter)->rate_hz == 100000);
		assert_int_equal(meter_supply(meter, true, &err), 0);
		must_start(meter);
		while (next < 0.5 * meter_info(meter)->rate_hz) {
			must_read(meter);
			assert_true(block.first_index == next && block.lost == 0);
			assert_int_equal(block.flags, 0);
			for (uint32_t i = 0; i < block.count; i++)
				sum_a += (double)block.current_a[i];
			next += block.count;
		}
		assert_near(sum_a / (double)next, 5e-3, modes[n].tolerance_rel);
		meter_close(meter);
	}
}

static void switches_the_board(void **state)
{
	struct meter *meter = must_open(NULL);

	(void)state;
	assert_int_equal(meter_supply(meter, true, &err), 0);
	assert_near(vlpm01a_supply_v(fake_vlpm01a.meter), 3.0, 1e-9);
	must_start(meter);
	must_read(meter);
	assert_int_equal(meter_supply(meter, false, &err), 0); /* while it streams */
	must_read(meter);
	must_read(meter);
	assert_true(vlpm01a_supply_v(fake_vlpm01a.meter) == 0);
	assert_true(block.current_a[block.count - 1] < 1e-4f);
	assert_int_equal(meter_supply(meter, true, &err), 0);
	assert_int_equal(meter_stop(meter, &err), 0);
	assert_int_equal(meter_supply(meter, false, &err), 0); /* right after it */
	assert_true(vlpm01a_supply_v(fake_vlpm01a.meter) == 0);
	meter_close(meter);
}

static void calibrates_after_5_degrees(void **state)
{
	struct meter *meter = must_open(NULL);
	unsigned before = times_said("calib");

	(void)state;
	assert_int_equal(before, 1);
	fake_vlpm01a.board_c = 29.9;
	must_start(meter);
	assert_int_equal(times_said("calib"), before);
	assert_int_equal(meter_stop(meter, &err), 0);
	fake_vlpm01a.board_c = 30.2;
	fake_vlpm01a_pass(1000000);
	must_start(meter);
	assert_int_equal(times_said("calib"), before + 1);
	assert_int_equal(meter_stop(meter, &err), 0);
	fake_vlpm01a.board_c = 25.3; /* 4.9 degC from the new calibration */
	fake_vlpm01a_pass(1000000);
	must_start(meter);
	assert_int_equal(times_said("calib"), before + 1);
	meter_close(meter);
}

/* D7: pulses of 50 us, low, at 20 and 60 ms of every 100 ms; or a level, high from 20 to 60 ms. */
static bool is_level;
static void d7_world(int64_t t_ps)
{
	double ms = fmod((double)t_ps * 1e-9, 100);
	bool pulse = (ms >= 20 && ms < 20.05) || (ms >= 60 && ms < 60.05);

	fake_vlpm01a.logic = is_level ? ms >= 20 && ms < 60 : !pulse;
	fake_vlpm01a.current_a = ms >= 20 && ms < 60 ? 9e-3 : 1e-3;
}

static void d7_begin(bool level)
{
	is_level = level;
	fake_vlpm01a.slice_ps = 10000000;
	fake_vlpm01a.at = d7_world;
	/* from the beginning of a period on */
	fake_vlpm01a_pass(100000000 - fake_vlpm01a.now_ps / 1000 % 100000000);
}

/* The window that the bit shows is the one in the current. */
static void shows_windows(const char *options, bool level)
{
	struct meter *meter = must_open(options);
	unsigned inside = 0, wrong = 0, samples = 0;

	assert_int_equal(meter_supply(meter, true, &err), 0);
	d7_begin(level);
	must_start(meter);
	while (samples < 1500) {
		must_read(meter);
		assert_int_equal(block.flags, 0);
		for (uint32_t n = 0; n < block.count; n++, samples++) {
			inside += block.logic[n];
			wrong += block.logic[n] != (block.current_a[n] > 5e-3f);
		}
	}
	assert_true(inside > samples / 3 && inside < samples / 2);
	assert_true(wrong <= 2 * samples / 500 + 2); /* samples with an edge inside */
	meter_close(meter);
}

static void shows_pulses_and_levels(void **state)
{
	(void)state;
	shows_windows("", false);
	shows_windows("event=both", true);
	shows_windows("event=both, format=binary", true);
}

static void sees_losses(void **state)
{
	struct meter *meter = must_open("rate_hz=1000");
	uint64_t lost = 0, next;
	uint32_t flags = 0;

	(void)state;
	must_start(meter);
	must_read(meter);
	vlpm01a_lose_bytes(fake_vlpm01a.meter, 5); /* a damaged line */
	next = block.first_index + block.count;
	for (int n = 0; n < 3; n++) {
		must_read(meter);
		lost += block.lost;
		flags |= block.flags;
		assert_true(block.first_index == next + block.lost);
		next = block.first_index + block.count;
	}
	assert_int_equal(lost, 1);
	assert_int_equal(flags, METER_BLOCK_RESYNC);
	/* whole lines: the next time stamp shows it */
	vlpm01a_lose_samples(fake_vlpm01a.meter, 17);
	for (flags = 0; next < 2100;) {
		must_read(meter);
		lost += block.lost;
		flags |= block.flags;
		next = block.first_index + block.count;
	}
	assert_int_equal(lost, 18);
	assert_int_equal(flags, METER_BLOCK_TIME_MISMATCH);
	meter_close(meter);
}

static void marks_over_current(void **state)
{
	static const char *const options[] = {"", "format=binary"};

	(void)state;
	for (size_t n = 0; n < 2; n++) {
		struct meter *meter = must_open(options[n]);
		uint32_t flags = 0;

		must_start(meter);
		must_read(meter);
		vlpm01a_saturate(fake_vlpm01a.meter, 1);
		for (int i = 0; i < 4; i++) {
			must_read(meter);
			flags |= block.flags;
		}
		assert_int_equal(flags, METER_BLOCK_SATURATED);
		must_read(meter);
		assert_int_equal(block.flags, 0);
		meter_close(meter);
	}
}

static void stops_what_somebody_left_running(void **state)
{
	struct meter *meter = must_open("format=binary");

	(void)state;
	must_start(meter);
	fake_vlpm01a_pass(50000000);
	/* the host dies: no stop, no hrc; another one comes */
	link_.is_gone = true;
	meter_close(meter);
	link_.is_gone = false;
	link_.closed = 0;
	if (try_open(3.0, NULL, &meter))
		fail_msg("%s", err.text);
	assert_false(vlpm01a_acquiring(fake_vlpm01a.meter));
	must_start(meter);
	must_read(meter);
	assert_int_equal(block.first_index, 0);
	meter_close(meter);
}

static void says_when_the_instrument_ends(void **state)
{
	struct meter *meter = must_open(NULL);
	int rc;

	(void)state;
	must_start(meter);
	must_read(meter);
	vlpm01a_host_bytes(fake_vlpm01a.meter, (const uint8_t *)"stop\n", 5); /* its own button */
	while (!(rc = meter_read(meter, &block, 1000, &err)))
		;
	assert_int_equal(rc, -EPROTO);
	assert_non_null(strstr(err.text, "ended the acquisition"));
	meter_close(meter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_control_and_releases_it),
		cmocka_unit_test(releases_control_when_open_fails),
		cmocka_unit_test(waits_while_it_calibrates),
		cmocka_unit_test(refuses_settings),
		cmocka_unit_test(measures),
		cmocka_unit_test(switches_the_board),
		cmocka_unit_test(calibrates_after_5_degrees),
		cmocka_unit_test(shows_pulses_and_levels),
		cmocka_unit_test(sees_losses),
		cmocka_unit_test(marks_over_current),
		cmocka_unit_test(stops_what_somebody_left_running),
		cmocka_unit_test(says_when_the_instrument_ends),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_vlpm01a_done();
	return failed;
}
