/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JS220 driver against the virtual instrument.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/meter/meter.h"
#include "tests/unit/drivers/fake_js220.h"
#include "tests/unit/drivers/fake_link.h"

static struct meter_block block;
static struct err err;
/* Sums over what was read since a start. */
static struct {
	uint64_t next, lost, switches;
	uint32_t flags;
	double charge_c, energy_j;
	unsigned integrals;
	struct meter_integral integral;
} seen;

static struct meter *open_meter(const char *options)
{
	const struct meter_settings settings = {.options = options};
	struct meter *meter = NULL;
	int rc = meter_open("js220", &fake_usb_port, &settings, &meter, &err);

	if (rc)
		fail_msg("%d: %s", rc, err.text);
	return meter;
}

static void refuses_to_open(const struct meter_settings *settings, int code, const char *says)
{
	struct meter *meter = NULL;
	int rc = meter_open("js220", &fake_usb_port, settings, &meter, &err);

	if (rc != code || !strstr(err.text, says))
		fail_msg("%d: %s", rc, err.text);
	assert_null(meter);
	assert_int_equal(fake_usb.closed, 1);
}

static void take(struct meter *meter)
{
	double rate_hz = meter_info(meter)->rate_hz;
	int rc = meter_read(meter, &block, 1000, &err);

	if (rc)
		fail_msg("%d: %s", rc, err.text);
	assert_true(block.count >= 1 && block.count <= METER_BLOCK_MAX);
	assert_int_equal(block.first_index, seen.next + block.lost);
	assert_true(block.t_mono_ns <= fake_usb.now_ns);
	for (uint32_t n = 0; n < block.count; n++) {
		seen.charge_c += (double)block.current_a[n] / rate_hz;
		seen.energy_j += (double)block.current_a[n] * (double)block.voltage_v[n] / rate_hz;
	}
	seen.next = block.first_index + block.count;
	seen.lost += block.lost;
	seen.switches += block.range_switches;
	seen.flags |= block.flags;
	if (block.has_integral) {
		seen.integrals++;
		seen.integral = block.integral;
	}
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
	fake_js220_init(1);
	meter = open_meter(NULL);
	info = meter_info(meter);
	assert_string_equal(info->model, "js220");
	assert_string_equal(info->serial, "000220");
	assert_int_equal(info->caps, METER_CAP_MARKERS | METER_CAP_VOLTAGE | METER_CAP_INTEGRAL);
	assert_true(info->rate_hz == 1e6 && info->range_max_a == 10 && info->is_virtual);
	assert_int_equal(info->range_count, 6);
	assert_true(info->ranges[5].max_a == 18e-6 && info->ranges[3].shunt_ohm == 11.11);
	assert_non_null(strstr(info->calibration, "\"firmware\":\"1.3.0\""));
	assert_true(vjs220_conducts(fake_js220.meter));
	assert_int_equal(meter_supply(meter, true, &err), -ENOTSUP);
	meter_close(meter);
	assert_int_equal(fake_usb.closed, 1);
	assert_true(vjs220_conducts(fake_js220.meter)); /* the board stays powered */
	assert_false(vjs220_active(fake_js220.meter));
	assert_int_equal(vjs220_host_faults(fake_js220.meter), 0);
}

static void refuses_bad_settings(void **state)
{
	static const struct {
		struct meter_settings settings;
		int code;
		const char *says;
	} cases[] = {
		{{.supply_v = 3.3}, -EINVAL, "does not power the board"},
		{{.options = "rate_hz=300000"}, -EINVAL, "does not divide 1000000"},
		{{.options = "rate_hz=2e6"}, -EINVAL, "1000..1e+06 Hz"},
		{{.options = "rate_hz=1e5x"}, -EINVAL, "no number"},
		{{.options = "range=20 A"}, -EINVAL, "auto|10 A|180 mA"},
		{{.options = "lines=5"}, -EINVAL, "0..4"},
		{{.options = "lines=1.5"}, -EINVAL, "no whole number"},
		{{.options = "lines=1, lines=2"}, -EINVAL, "twice"},
		{{.options = "line=1"}, -EINVAL, "there are: rate_hz, range, voltage_range"},
		{{.options = "range"}, -EINVAL, "no key=value"},
		{{.options = "serial=000221"}, -ENOTSUP, "\"000220\", not \"000221\""},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		fake_js220_init(1);
		refuses_to_open(&cases[n].settings, cases[n].code, cases[n].says);
	}
	fake_js220_init(1);
	meter_close(open_meter("serial=000220"));
}

/* --- an instrument that does not keep settings ------------------------------------------------ */

static int (*honest_control)(void *state, const struct usb_setup *setup, uint8_t *data);
static enum { CONNECT_REFUSED, CONNECT_SILENT } kept_connect;
static unsigned connects;

static int forgetful_control(void *state, const struct usb_setup *setup, uint8_t *data)
{
	bool is_connect = setup->request_type == 0xc0 && setup->request == 1;

	connects += is_connect;
	if (!is_connect || setup->value == 0)
		return honest_control(state, setup, data);
	data[0] = 0;
	return kept_connect == CONNECT_SILENT ? 1 : USB_STALL;
}

static void connects_as_the_vendor_does(void **state)
{
	(void)state;
	for (kept_connect = CONNECT_REFUSED; kept_connect <= CONNECT_SILENT; kept_connect++) {
		struct usb_device_ops ops;
		struct meter *meter;

		fake_js220_init(1);
		ops = *fake_usb.device.ops;
		honest_control = ops.control;
		ops.control = forgetful_control;
		fake_usb.device.ops = &ops;
		connects = 0;
		meter = open_meter(NULL);
		assert_int_equal(connects, 2);
		start(meter);
		take(meter);
		meter_close(meter);
	}
}

/* The instrument writes some of them with a micro sign. */
static void takes_every_range(void **state)
{
	static const char *const ranges[] = {"10 A",   "180 mA", "18 mA",
					     "1.8 mA", "180 uA", "18 uA"};

	(void)state;
	for (unsigned n = 0; n < sizeof(ranges) / sizeof(ranges[0]); n++) {
		struct meter *meter;
		char options[32];

		fake_js220_init(1);
		snprintf(options, sizeof(options), "range=%s", ranges[n]);
		meter = open_meter(options);
		start(meter);
		take(meter);
		assert_int_equal(block.range[0], n);
		meter_close(meter);
	}
}

static void streams_every_sample(void **state)
{
	struct meter *meter;
	uint64_t ticks;

	(void)state;
	fake_js220_init(2);
	meter = open_meter("lines=1");
	start(meter);
	take_until(meter, 500000);
	assert_int_equal(seen.lost, 0);
	assert_int_equal(seen.flags, 0);
	assert_true(fabs(seen.charge_c / ((double)seen.next * 1e-6) - 5e-3) < 5e-3 * 0.003);
	assert_true(fabs(seen.energy_j / seen.charge_c - 3.3) < 3.3 * 0.003);
	assert_true(seen.integrals > 40);
	/* the host keeps up with the instrument's own clock */
	ticks = (uint64_t)((double)fake_js220.now_ps / 500000);
	assert_true(ticks / 2 > seen.next && ticks / 2 - seen.next < 100000);
	assert_int_equal(meter_stop(meter, &err), 0);
	meter_close(meter);
	assert_int_equal(vjs220_host_faults(fake_js220.meter), 0);
}

static void at_changing(int64_t t_ps, struct fake_world *world)
{
	int64_t ms = t_ps / 1000000000;

	world->current_a = ms % 7 < 3 ? 4e-6 : ms % 5 == 0 ? 0.3 : 2e-3 * (double)(1 + ms % 11);
	world->voltage_v = 3.3 - 0.1 * world->current_a;
	world->logic = (uint8_t)(ms / 3 & 15);
}

/* The instrument's own sums and the streamed samples are of the same moments: exactly. */
static void integral_equals_samples(void **state)
{
	struct meter *meter;
	double charge_c = 0, energy_j = 0;

	(void)state;
	fake_js220_init(3);
	fake_js220.at = at_changing;
	meter = open_meter("");
	start(meter);
	do
		take(meter);
	while (seen.integrals < 20);
	/* up to the index that the last integral names */
	assert_true(seen.integral.end_index % 10000 == 0 && seen.integral.end_index > 0);
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(meter_stop(meter, &err), 0);
	while (!meter_read(meter, &block, 1000, &err))
		;
	start(meter);
	for (;;) {
		take(meter);
		if (block.has_integral && block.integral.end_index >= 100000)
			break;
		for (uint32_t n = 0; n < block.count; n++)
			if (block.first_index + n < 100000) {
				charge_c += (double)block.current_a[n] * 1e-6;
				energy_j += (double)block.current_a[n] *
					    (double)block.voltage_v[n] * 1e-6;
			}
	}
	for (uint32_t n = 0; n < block.count; n++)
		if (block.first_index + n < 100000) {
			charge_c += (double)block.current_a[n] * 1e-6;
			energy_j += (double)block.current_a[n] * (double)block.voltage_v[n] * 1e-6;
		}
	assert_int_equal(block.integral.end_index, 100000);
	assert_true(charge_c > 0);
	assert_float_equal(charge_c, block.integral.charge_c, 1e-6 * charge_c);
	assert_float_equal(energy_j, block.integral.energy_j, 1e-6 * energy_j);
	assert_true(seen.switches > 10);
	meter_close(meter);
}

static void at_edge(int64_t t_ps, struct fake_world *world)
{
	world->logic = (uint8_t)(t_ps / 500000 % 14 < 7 ? 2 : 0); /* 7 ticks each */
}

/* A level of 7 ticks lasts 3.5 samples: with both halves of each sample all 7 are there. */
static void halves_of_a_sample(void **state)
{
	struct meter *meter;
	unsigned run = 0, last = 2, good = 0;

	(void)state;
	fake_js220_init(4);
	meter = open_meter("lines=2");
	fake_js220.slice_ps = 500000;
	fake_js220.at = at_edge;
	start(meter);
	take_until(meter, 20000);
	for (uint32_t n = 0; n < block.count; n++)
		for (unsigned half = 0; half < 2; half++) {
			unsigned level = block.logic[n] >> (1 + 4 * half) & 1;

			assert_int_equal(block.logic[n] & 0xdd, 0);
			if (level != last) {
				good += run == 7;
				assert_true(n < 8 || (run >= 6 && run <= 8));
				run = 0;
			}
			run++;
			last = level;
		}
	assert_true(good > 100);
	meter_close(meter);
}

static void means(void **state)
{
	struct meter *meter;

	(void)state;
	fake_js220_init(5);
	fake_js220.at = at_changing;
	meter = open_meter("rate_hz=40000");
	assert_true(meter_info(meter)->rate_hz == 40000);
	start(meter);
	take_until(meter, 20000);
	assert_int_equal(seen.lost, 0);
	assert_true(seen.integrals > 20);
	assert_true(seen.integral.end_index % 400 == 0);
	meter_close(meter);
}

/* --- faults ----------------------------------------------------------------------------------- */

static struct {
	void (*make)(void);
	int64_t at_ps;
	bool made;
} fault;

static void fault_before(int64_t t_ps)
{
	if (!fault.made && t_ps >= fault.at_ps) {
		fault.made = true;
		fault.make();
	}
}

static void make_lost_samples(void)
{
	vjs220_lose_samples(fake_js220.meter, 2000);
}
static void make_lost_frames(void)
{
	vjs220_lose_frames(fake_js220.meter, 5);
}
static void make_repeat(void)
{
	vjs220_repeat_frame(fake_js220.meter);
}
static void make_stuck(void)
{
	vjs220_stick_range(fake_js220.meter, 0, 0);
}
static void make_stuck_low(void)
{
	vjs220_stick_range(fake_js220.meter, 4, 0);
}
static void make_saturated(void)
{
	vjs220_saturate(fake_js220.meter, 50);
}

static void faults_are_said(void **state)
{
	static const struct {
		void (*make)(void);
		uint64_t lost_min, lost_max;
		uint32_t flags;
	} cases[] = {
		{make_lost_samples, 1000, 1001, 0},
		/* up to 5 frames of floats, or of inputs, which are 2016 samples long */
		{make_lost_frames, 126, 2016 + 630, 0},
		{make_repeat, 0, 0, METER_BLOCK_DUPLICATE},
		{make_stuck, 0, 0, METER_BLOCK_RANGE_MISFIT},
		{make_stuck_low, 0, 0, METER_BLOCK_SATURATED},
		{make_saturated, 0, 0, METER_BLOCK_SATURATED},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct meter *meter;
		uint64_t end;

		fake_js220_init(6 + n);
		fault.make = cases[n].make;
		fault.made = false;
		fault.at_ps = INT64_MAX;
		fake_js220.before = fault_before;
		meter = open_meter(NULL);
		start(meter);
		take_until(meter, 50000);
		assert_int_equal(seen.flags, 0);
		fault.at_ps = fake_js220.now_ps;
		end = seen.next + 100000;
		take_until(meter, end);
		if (seen.lost < cases[n].lost_min || seen.lost > cases[n].lost_max ||
		    seen.flags != cases[n].flags)
			fail_msg("case %zu: %llu lost, flags %x", n, (unsigned long long)seen.lost,
				 seen.flags);
		meter_close(meter);
	}
}

/* The instrument's counter passes 2^32. */
static void ids_wrap(void **state)
{
	struct meter *meter;

	(void)state;
	fake_js220_init(20);
	vjs220_set_counter(fake_js220.meter, (UINT64_C(3) << 32) - 300000);
	meter = open_meter(NULL);
	start(meter);
	take_until(meter, 600000);
	assert_int_equal(seen.lost, 0);
	assert_int_equal(seen.flags, 0);
	assert_true(seen.integral.end_index + 40000 > seen.next);
	meter_close(meter);
}

static void ends_after_stop(void **state)
{
	struct meter *meter;
	int rc;

	(void)state;
	fake_js220_init(21);
	meter = open_meter(NULL);
	for (int round = 0; round < 3; round++) {
		start(meter);
		take_until(meter, 30000);
		assert_int_equal(meter_stop(meter, &err), 0);
		while (!(rc = meter_read(meter, &block, 1000, &err)))
			assert_int_equal(block.lost, 0);
		assert_int_equal(rc, -ENODATA);
		assert_int_equal(meter_read(meter, &block, 10, &err), -ENODATA);
	}
	meter_close(meter);
	assert_int_equal(vjs220_host_faults(fake_js220.meter), 0);
}

static void unplugged(void **state)
{
	struct meter *meter;
	int rc;

	(void)state;
	fake_js220_init(22);
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
	fake_js220_init(22);
	fake_usb.is_gone = true;
	refuses_to_open(&(struct meter_settings){.supply_v = 0}, -ENODEV, "gone");
}

/* Takes the frames of a port out of every transfer. */
static unsigned muted_port;

static void mute(void *context, uint8_t *bytes, size_t *count)
{
	size_t kept = 0;

	(void)context;
	for (size_t at = 0; at < *count; at += 512) {
		size_t length = *count - at < 512 ? *count - at : 512;

		if ((bytes[at + 3] >> 1 & 31) == muted_port)
			continue;
		memmove(bytes + kept, bytes + at, length);
		kept += 512;
	}
	*count = kept;
}

static void a_silent_port_is_no_silence(void **state)
{
	struct meter *meter;
	uint64_t lost_before;

	(void)state;
	fake_js220_init(23);
	meter = open_meter(NULL);
	start(meter);
	take_until(meter, 30000);
	muted_port = 22;
	fake_usb.on_transfer = mute;
	while (!meter_read(meter, &block, 100, &err))
		seen.next = block.first_index + block.count;
	assert_non_null(strstr(err.text, "the voltage is what is missing"));
	assert_int_equal(meter_read(meter, &block, 100, &err), -ETIMEDOUT);
	fake_usb.on_transfer = NULL;
	lost_before = seen.lost;
	take(meter);
	assert_true(seen.lost - lost_before > 100000); /* 0.2 s and more */
	take_until(meter, seen.next + 20000);
	meter_close(meter);
}

/* What a transfer may suffer, once: two frames of current swapped (with their ids), one doubled,
 * moved back by 40 samples, cut short, or with a header that makes no sense. */
static enum { FINE, SWAPPED, DOUBLED, OVERLAPPING, CUT, RUBBISH } harm;

static size_t current_frame(const uint8_t *bytes, size_t count, size_t from)
{
	while (from + 512 <= count && (bytes[from + 3] >> 1 & 31) != 21)
		from += 512;
	return from;
}

static void harm_transfer(void *context, uint8_t *bytes, size_t *count)
{
	size_t first = current_frame(bytes, *count, 0);
	size_t second = current_frame(bytes, *count, first + 512);
	uint8_t frame[512];
	uint32_t id;

	(void)context;
	if (harm == FINE || second + 1024 > *count || *count + 512 > FAKE_TRANSFER_BYTES)
		return;
	memcpy(&id, bytes + second + 4, sizeof(id));
	id -= 80;
	memcpy(frame, bytes + first, 512);
	if (harm == SWAPPED) {
		memcpy(bytes + first, bytes + second, 512);
		memcpy(bytes + second, frame, 512);
	} else if (harm == DOUBLED) {
		memmove(bytes + first + 512, bytes + first, *count - first);
		*count += 512;
	} else if (harm == OVERLAPPING) {
		memcpy(bytes + second + 4, &id, sizeof(id));
	} else if (harm == CUT) {
		*count = second + 300;
	} else {
		bytes[second + 3] |= 0xc0;
	}
	harm = FINE;
}

static void harmed_transfers(void **state)
{
	static const struct {
		int harm;
		uint64_t lost_min, lost_max;
		uint32_t flags;
	} cases[] = {
		{SWAPPED, 126, 126, METER_BLOCK_RESYNC | METER_BLOCK_DUPLICATE},
		{DOUBLED, 0, 0, METER_BLOCK_RESYNC | METER_BLOCK_DUPLICATE},
		/* its own last 40 are told from the gap that follows */
		{OVERLAPPING, 40, 40, METER_BLOCK_DUPLICATE},
		{CUT, 126, 16384, METER_BLOCK_RESYNC},
		{RUBBISH, 126, 126, METER_BLOCK_RESYNC},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct meter *meter;

		fake_js220_init(30 + n);
		fake_usb.on_transfer = harm_transfer;
		harm = FINE;
		meter = open_meter("lines=0");
		start(meter);
		take_until(meter, 50000);
		assert_int_equal(seen.flags, 0);
		harm = cases[n].harm;
		take_until(meter, seen.next + 50000);
		assert_int_equal(harm, FINE);
		if (seen.lost < cases[n].lost_min || seen.lost > cases[n].lost_max ||
		    seen.flags != cases[n].flags)
			fail_msg("case %zu: %llu lost, flags %x", n, (unsigned long long)seen.lost,
				 seen.flags);
		meter_close(meter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_and_describes),
		cmocka_unit_test(refuses_bad_settings),
		cmocka_unit_test(connects_as_the_vendor_does),
		cmocka_unit_test(takes_every_range),
		cmocka_unit_test(streams_every_sample),
		cmocka_unit_test(integral_equals_samples),
		cmocka_unit_test(halves_of_a_sample),
		cmocka_unit_test(means),
		cmocka_unit_test(faults_are_said),
		cmocka_unit_test(harmed_transfers),
		cmocka_unit_test(ids_wrap),
		cmocka_unit_test(ends_after_stop),
		cmocka_unit_test(unplugged),
		cmocka_unit_test(a_silent_port_is_no_silence),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_js220_done();
	return failed;
}
