/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JS110 driver against the virtual instrument.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/meter/meter.h"
#include "tests/unit/drivers/fake_js110.h"
#include "tests/unit/drivers/fake_link.h"

static struct meter_block block;
static struct err err;
static struct {
	uint64_t next, lost, switches, nan, corrected, different;
	uint32_t flags;
	double charge_c, energy_j;
	unsigned logic_changes;
	uint8_t logic;
} seen;

static struct meter *open_meter(const char *options)
{
	const struct meter_settings settings = {.options = options};
	struct meter *meter = NULL;
	int rc = meter_open("js110", &fake_usb_port, &settings, &meter, &err);

	if (rc)
		fail_msg("%d: %s", rc, err.text);
	return meter;
}

static void refuses_to_open(const struct meter_settings *settings, int code, const char *says)
{
	struct meter *meter = NULL;
	int rc = meter_open("js110", &fake_usb_port, settings, &meter, &err);

	if (rc != code || !strstr(err.text, says))
		fail_msg("%d: %s", rc, err.text);
	assert_null(meter);
	assert_int_equal(fake_usb.closed, 1);
}

static void account(uint32_t n, double rate_hz)
{
	float a = block.current_a[n], raw_a = block.raw_current_a[n];

	seen.nan += isnan(a) != 0;
	seen.different += memcmp(&a, &raw_a, sizeof(a)) != 0;
	if (!isnan(a)) {
		seen.charge_c += (double)a / rate_hz;
		seen.energy_j += (double)a * (double)block.voltage_v[n] / rate_hz;
	}
	assert_int_equal(block.logic[n] >> 4, block.logic[n] & 15);
	seen.logic_changes += (block.logic[n] & 3) != seen.logic;
	seen.logic = block.logic[n] & 3;
}

static void take(struct meter *meter)
{
	double rate_hz = meter_info(meter)->rate_hz;
	int rc = meter_read(meter, &block, 1000, &err);

	if (rc)
		fail_msg("%d: %s", rc, err.text);
	assert_true(block.count >= 1 && block.count <= METER_BLOCK_MAX);
	assert_int_equal(block.first_index, seen.next + block.lost);
	for (uint32_t n = 0; n < block.count; n++)
		account(n, rate_hz);
	seen.next = block.first_index + block.count;
	seen.lost += block.lost;
	seen.switches += block.range_switches;
	seen.corrected += block.corrected;
	seen.flags |= block.flags;
}

static void start(struct meter *meter)
{
	memset(&seen, 0, sizeof(seen));
	if (meter_start(meter, &err))
		fail_msg("%s", err.text);
}

static void take_until(struct meter *meter, uint64_t index)
{
	while (seen.next < index)
		take(meter);
}

static void opens_and_describes(void **state)
{
	const struct meter_info *info;
	struct meter *meter;

	(void)state;
	fake_js110_init(1);
	meter = open_meter(NULL);
	info = meter_info(meter);
	assert_string_equal(info->model, "js110");
	assert_string_equal(info->serial, "000110");
	assert_int_equal(info->caps, METER_CAP_MARKERS | METER_CAP_VOLTAGE | METER_CAP_RAW);
	assert_true(info->rate_hz == 2e6 && info->range_count == 7 && info->is_virtual);
	assert_true(info->ranges[6].resolution_a > 2.9e-9 && info->ranges[6].resolution_a < 3.1e-9);
	assert_non_null(strstr(info->calibration, "\"on_switch\":\"nan\""));
	assert_int_equal(info->calibration[strlen(info->calibration) - 1], '}');
	assert_true(vjs110_conducts(fake_js110.meter));
	assert_int_equal(meter_supply(meter, true, &err), -ENOTSUP);
	meter_close(meter);
	assert_int_equal(fake_usb.closed, 1);
	assert_true(vjs110_conducts(fake_js110.meter));
	assert_int_equal(vjs110_host_faults(fake_js110.meter), 0);
}

static void refuses_bad_settings(void **state)
{
	static const struct {
		struct meter_settings settings;
		int code;
		const char *says;
	} cases[] = {
		{{.supply_v = 3.3}, -EINVAL, "does not power the board"},
		{{.options = "rate_hz=1500000"}, -EINVAL, "does not divide 2000000"},
		{{.options = "on_switch=interpolate"}, -EINVAL, "nan|hold|keep"},
		{{.options = "lines=3"}, -EINVAL, "0..2"},
		{{.options = "io_voltage_mv=3100"}, -EINVAL, "1800|2100"},
		{{.options = "serial=000111"}, -ENOTSUP, "\"000110\", not \"000111\""},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		fake_js110_init(1);
		refuses_to_open(&cases[n].settings, cases[n].code, cases[n].says);
	}
}

/* --- calibrations that will not do ------------------------------------------------------------ */

static int (*honest_control)(void *state, const struct usb_setup *setup, uint8_t *data);
static void (*damage)(const struct usb_setup *setup, uint8_t *data, int *count);

static int damaged_control(void *state, const struct usb_setup *setup, uint8_t *data)
{
	int count = honest_control(state, setup, data);

	if (setup->request == 8)
		damage(setup, data, &count);
	return count;
}

static void damage_absent(const struct usb_setup *setup, uint8_t *data, int *count)
{
	(void)setup;
	memset(data, 0xff, (size_t)*count);
}
static void damage_nothing(const struct usb_setup *setup, uint8_t *data, int *count)
{
	(void)setup;
	(void)data;
	*count = 0;
}
static void damage_digit(const struct usb_setup *setup, uint8_t *data, int *count)
{
	if (setup->length > 32) /* not the head alone */
		data[*count / 2] ^= 1;
}
static void damage_cut(const struct usb_setup *setup, uint8_t *data, int *count)
{
	(void)data;
	if (setup->index)
		*count = 0;
	else if (setup->length > 32)
		*count /= 2;
}
static void damage_between_pieces(const struct usb_setup *setup, uint8_t *data, int *count)
{
	(void)data;
	if (setup->index % 4096)
		*count = USB_STALL;
}
static void damage_head(const struct usb_setup *setup, uint8_t *data, int *count)
{
	(void)count;
	if (!setup->index)
		data[17] ^= 4;
}

static void plug_damaged(struct usb_device_ops *ops)
{
	fake_js110_init(1);
	*ops = *fake_usb.device.ops;
	honest_control = ops->control;
	ops->control = damaged_control;
	fake_usb.device.ops = ops;
}

/* The vendor's hosts never ask in between, so that no instrument was ever asked there. */
static void asks_for_whole_pieces(void **state)
{
	struct usb_device_ops ops;

	(void)state;
	damage = damage_between_pieces;
	plug_damaged(&ops);
	meter_close(open_meter(NULL));
}

static void refuses_bad_calibrations(void **state)
{
	static const struct {
		void (*damage)(const struct usb_setup *setup, uint8_t *data, int *count);
		int code;
		const char *says;
	} cases[] = {
		{damage_absent, -EPROTO, "calibration: the instrument has none"},
		{damage_nothing, -EPROTO, "calibration: the instrument has none"},
		{damage_digit, -EPROTO, "is damaged"},
		{damage_cut, -EPROTO, "calibration: it ends after"},
		{damage_head, -EPROTO, "head is damaged"},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct usb_device_ops ops;

		damage = cases[n].damage;
		plug_damaged(&ops);
		refuses_to_open(&(struct meter_settings){.supply_v = 0}, cases[n].code,
				cases[n].says);
	}
}

/* --- the stream ------------------------------------------------------------------------------- */

static void at_logic(int64_t t_ps, struct fake_world *world)
{
	world->logic = (uint8_t)(t_ps / 1000000000 & 3); /* changes every millisecond */
}

static void streams_every_sample(void **state)
{
	struct meter *meter;

	(void)state;
	fake_js110_init(2);
	fake_js110.at = at_logic;
	meter = open_meter(NULL);
	start(meter);
	take_until(meter, 1000000);
	assert_int_equal(seen.lost, 0);
	/* ranging down in the beginning is all that it does */
	assert_true(seen.switches <= 4 && seen.nan <= 32);
	assert_true(fabs(seen.charge_c / ((double)seen.next / 2e6) - 5e-3) < 5e-3 * 0.003);
	assert_true(fabs(seen.energy_j / seen.charge_c - 3.3) < 3.3 * 0.003);
	assert_true(seen.logic_changes >= 499 && seen.logic_changes <= 510);
	assert_int_equal(meter_stop(meter, &err), 0);
	meter_close(meter);
	assert_int_equal(vjs110_host_faults(fake_js110.meter), 0);
}

static void at_bursts(int64_t t_ps, struct fake_world *world)
{
	world->current_a = t_ps / 1000000000 % 4 == 0 ? 50e-3 : 1e-3;
}

static void switches_by_policy(void **state)
{
	static const char *const options[] = {"on_switch=nan", "on_switch=hold", "on_switch=keep"};
	double error[3];

	(void)state;
	for (int n = 0; n < 3; n++) {
		struct meter *meter;
		double truth_c;

		fake_js110_init(3);
		fake_js110.at = at_bursts;
		meter = open_meter(options[n]);
		start(meter);
		take_until(meter, 800000);
		assert_int_equal(seen.lost, 0);
		assert_true(seen.switches > 150);
		assert_int_equal(seen.corrected, seen.different);
		truth_c = (50e-3 + 3 * 1e-3) / 4 * (double)(seen.next - seen.nan) / 2e6;
		error[n] = fabs(seen.charge_c / truth_c - 1);
		if (n == 0) {
			assert_int_equal(seen.flags, METER_BLOCK_NAN);
			assert_int_equal(seen.nan, seen.corrected);
			assert_true(seen.nan >= 5 * seen.switches && seen.nan <= 8 * seen.switches);
		} else {
			assert_true(seen.nan < 16);
			assert_true(n == 2 ? seen.corrected == 0 : seen.corrected > 700);
		}
		meter_close(meter);
	}
	assert_true(error[0] < 0.02 && error[1] < 0.02);
}

static void means_of_many(void **state)
{
	struct meter *meter;

	(void)state;
	fake_js110_init(4);
	meter = open_meter("rate_hz=50000, range=18 mA, lines=0");
	start(meter);
	take_until(meter, 20000);
	assert_true(fabs(seen.charge_c / ((double)seen.next / 5e4) - 5e-3) < 5e-3 * 0.003);
	/* 18 mA from the first sample on or soon: no other range in it */
	assert_int_equal(block.range[0], 3);
	assert_int_equal(meter_info(meter)->caps & METER_CAP_MARKERS, 0);
	meter_close(meter);
}

/* --- faults ----------------------------------------------------------------------------------- */

static struct {
	void (*make)(void);
	bool made;
	int64_t at_ps;
} fault;

static void fault_before(int64_t t_ps)
{
	if (fault.make && !fault.made && t_ps >= fault.at_ps) {
		fault.made = true;
		fault.make();
	}
}
static void make_missing(void)
{
	vjs110_lose_samples(fake_js110.meter, 300);
}
static void make_lost_frames(void)
{
	vjs110_lose_frames(fake_js110.meter, 7);
}
static void make_stuck(void)
{
	vjs110_stick_range(fake_js110.meter, 0, 0);
}
static void make_stuck_low(void)
{
	vjs110_stick_range(fake_js110.meter, 5, 0);
}
static void make_saturated(void)
{
	vjs110_saturate(fake_js110.meter, 50);
}

/* What a transfer may suffer: frames doubled, swapped, or damaged, once. */
static enum {
	TRANSFER_FINE,
	TRANSFER_DOUBLE,
	TRANSFER_SWAP,
	TRANSFER_RUBBISH,
	TRANSFER_BIT17
} harm;

static void harm_transfer(void *context, uint8_t *bytes, size_t *count)
{
	uint8_t frame[512];

	(void)context;
	if (harm == TRANSFER_FINE || *count < 4 * 512 || *count + 512 > FAKE_TRANSFER_BYTES)
		return;
	if (harm == TRANSFER_DOUBLE) {
		memmove(bytes + 1024, bytes + 512, *count - 512);
		*count += 512;
	} else if (harm == TRANSFER_SWAP) {
		memcpy(frame, bytes + 512, 512);
		memcpy(bytes + 512, bytes + 1024, 512);
		memcpy(bytes + 1024, frame, 512);
	} else if (harm == TRANSFER_RUBBISH) {
		memset(bytes + 512, 0x55, 512);
	} else {
		bytes[512 + 8 + 4 * 60 + 2] ^= 2;
	}
	harm = TRANSFER_FINE;
}

static void faults_are_said(void **state)
{
	static const struct {
		void (*make)(void);
		int harm;
		uint64_t lost, nan;
		uint32_t flags;
	} cases[] = {
		{make_missing, 0, 0, 300, METER_BLOCK_NAN},
		{make_lost_frames, 0, 7 * 126, 0, 0},
		{make_stuck, 0, 0, 7, METER_BLOCK_NAN | METER_BLOCK_RANGE_MISFIT},
		{make_stuck_low, 0, 0, 5, METER_BLOCK_NAN | METER_BLOCK_SATURATED},
		{NULL, TRANSFER_DOUBLE, 0, 0, METER_BLOCK_DUPLICATE},
		{NULL, TRANSFER_SWAP, 2 * 126, 0, METER_BLOCK_RESYNC},
		{NULL, TRANSFER_RUBBISH, 126, 0, METER_BLOCK_RESYNC},
		{NULL, TRANSFER_BIT17, 126, 0, METER_BLOCK_RESYNC},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct meter *meter;

		fake_js110_init(5 + n);
		fault.make = cases[n].make;
		fault.made = false;
		fault.at_ps = INT64_MAX;
		harm = TRANSFER_FINE;
		fake_js110.before = fault_before;
		fake_usb.on_transfer = harm_transfer;
		meter = open_meter(NULL);
		start(meter);
		take_until(meter, 100000);
		seen.flags = 0;
		seen.nan = 0;
		fault.at_ps = fake_js110.now_ps;
		harm = cases[n].harm;
		take_until(meter, seen.next + 200000);
		/* a swap leaves one frame out of order, whose samples are lost */
		if (seen.flags != cases[n].flags || seen.nan != cases[n].nan ||
		    (cases[n].harm == TRANSFER_SWAP ? seen.lost != 126 && seen.lost != 252
						    : seen.lost != cases[n].lost))
			fail_msg("case %zu: %llu lost, %llu NaN, flags %x", n,
				 (unsigned long long)seen.lost, (unsigned long long)seen.nan,
				 seen.flags);
		meter_close(meter);
	}
	fake_js110_init(30);
	fault.make = make_saturated;
	fault.made = false;
	fake_js110.before = fault_before;
	{
		struct meter *meter = open_meter(NULL);

		start(meter);
		take_until(meter, 100000);
		assert_int_equal(seen.flags & METER_BLOCK_SATURATED, 0);
		fault.at_ps = fake_js110.now_ps;
		take_until(meter, seen.next + 100000);
		assert_int_equal(seen.flags & METER_BLOCK_SATURATED, METER_BLOCK_SATURATED);
		meter_close(meter);
	}
}

static void index_wraps(void **state)
{
	struct meter *meter;

	(void)state;
	fake_js110_init(40);
	meter = open_meter("rate_hz=20000");
	start(meter);
	take_until(meter, 20000 * 9 / 2); /* 71,000 frames */
	assert_int_equal(seen.lost, 0);
	meter_close(meter);
}

static void ends_after_stop(void **state)
{
	struct meter *meter;
	int rc;

	(void)state;
	fake_js110_init(41);
	meter = open_meter(NULL);
	for (int round = 0; round < 3; round++) {
		start(meter);
		take_until(meter, 30000);
		assert_int_equal(meter_stop(meter, &err), 0);
		while (!(rc = meter_read(meter, &block, 1000, &err)))
			assert_int_equal(block.lost, 0);
		assert_int_equal(rc, -ENODATA);
		assert_int_equal(meter_read(meter, &block, 100, &err), -ENODATA);
	}
	meter_close(meter);
}

static void unplugged(void **state)
{
	struct meter *meter;
	int rc;

	(void)state;
	fake_js110_init(42);
	meter = open_meter(NULL);
	start(meter);
	take_until(meter, 30000);
	fake_usb.is_gone = true;
	while (!(rc = meter_read(meter, &block, 1000, &err)))
		;
	assert_int_equal(rc, -ENODEV);
	assert_int_equal(meter_read(meter, &block, 1000, &err), -ENODEV);
	meter_close(meter);
	assert_int_equal(fake_usb.closed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_and_describes),
		cmocka_unit_test(refuses_bad_settings),
		cmocka_unit_test(asks_for_whole_pieces),
		cmocka_unit_test(refuses_bad_calibrations),
		cmocka_unit_test(streams_every_sample),
		cmocka_unit_test(switches_by_policy),
		cmocka_unit_test(means_of_many),
		cmocka_unit_test(faults_are_said),
		cmocka_unit_test(index_wraps),
		cmocka_unit_test(ends_after_stop),
		cmocka_unit_test(unplugged),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_js110_done();
	return failed;
}
