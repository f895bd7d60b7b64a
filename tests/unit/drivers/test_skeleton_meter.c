/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The meter that others are copied from, through what every meter promises, and its own accounts.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/drivers/conformance_meter.h"
#include "tests/unit/drivers/fake_link.h"
#include "tests/unit/drivers/skeletons.h"

enum { FRAME = 9, BATCH_NS = 20000000 };

/* The instrument, written on its own from what the driver's head says of it. */
static struct {
	bool is_streaming;
	unsigned rate_hz;
	uint64_t sent; /* since start, lost ones too */
	uint16_t number;
	int64_t begun_ns;
	unsigned lose;         /* of the next samples */
	unsigned damage_every; /* one of so many samples loses a byte; 0: none */
	unsigned lose_every;   /* one of so many samples is lost */
	unsigned noise_every;  /* a byte that is none of a sample in front of one of so many */
	uint16_t raw_a;
	bool is_ramp; /* the current tells which sample it is */
	uint8_t start[3];
	size_t start_used; /* bytes of a start command that came */
} instrument;

static bool is_due(unsigned every)
{
	return every && instrument.sent % every == 7;
}

static void frame_send(uint8_t type, int64_t delay_ns)
{
	uint16_t raw_a =
		instrument.is_ramp ? (uint16_t)(1000 + instrument.sent % 1000) : instrument.raw_a;
	uint8_t bytes[FRAME] = {type,
				(uint8_t)instrument.number,
				(uint8_t)(instrument.number >> 8),
				(uint8_t)raw_a,
				(uint8_t)(raw_a >> 8),
				0xE4,
				0x0C, /* 3300 mV */
				0x05};
	bool is_damaged = type == 0xA5 && is_due(instrument.damage_every);

	for (int i = 0; i < FRAME - 1; i++)
		bytes[FRAME - 1] = (uint8_t)(bytes[FRAME - 1] + bytes[i]);
	if (type == 0xA5 && is_due(instrument.noise_every))
		fake_link_send("\x11", 1, delay_ns);
	fake_link_send(bytes, is_damaged ? FRAME - 1 : FRAME, delay_ns);
}

/* USB hands samples over in batches. */
static int64_t arrival_ns(uint64_t sample)
{
	int64_t out_ns =
		instrument.begun_ns + (int64_t)((sample + 1) * 1000000000 / instrument.rate_hz);

	return (out_ns / BATCH_NS + 1) * BATCH_NS;
}

/* Batches that are out by now, and the next one, if it comes by then. */
static void pass(void *device, int64_t until_ns)
{
	int64_t last_ns = until_ns;

	(void)device;
	while (instrument.is_streaming && arrival_ns(instrument.sent) <= last_ns) {
		int64_t t_ns = arrival_ns(instrument.sent);

		if (instrument.lose) {
			instrument.lose--;
		} else if (!is_due(instrument.lose_every)) {
			frame_send(0xA5, t_ns - fake_link.now_ns);
			if (t_ns > fake_link.now_ns)
				last_ns = t_ns;
		}
		instrument.sent++;
		instrument.number++;
	}
}

static void command(char letter)
{
	switch (letter) {
	case 'i':
		fake_link_send("SKELETON 4711\n", 14, 1000000);
		break;
	case 'p':
		if (instrument.is_streaming)
			frame_send(0x5A, 1000000);
		instrument.is_streaming = false;
		break;
	default:
		fail_msg("command %02x", letter);
	}
}

static void on_write(void *device, const uint8_t *bytes, size_t count)
{
	(void)device;
	for (size_t i = 0; i < count; i++) {
		if (!instrument.start_used && bytes[i] != 's') {
			command((char)bytes[i]);
			continue;
		}
		instrument.start[instrument.start_used++] = bytes[i];
		if (instrument.start_used < sizeof(instrument.start))
			continue;
		instrument.start_used = 0;
		instrument.rate_hz = instrument.start[1] | instrument.start[2] << 8;
		instrument.is_streaming = true;
		instrument.sent = 0;
		instrument.begun_ns = fake_link.now_ns;
	}
}

static struct meter_port plug(void)
{
	fake_link_init();
	fake_link.on_write = on_write;
	fake_link.before_read = pass;
	memset(&instrument, 0, sizeof(instrument));
	instrument.raw_a = 5000;
	instrument.number = 65500; /* wraps soon */
	return fake_port;
}

static void unplug(void)
{
	fake_link.is_gone = true;
	instrument.is_streaming = false;
}

static void lose(void)
{
	instrument.lose = 17;
}

static unsigned closed(void)
{
	return fake_link.closed;
}

static const struct conformance_meter row = {
	.driver = "skeleton",
	.tolerance_rel = 1e-6,
	.plug = plug,
	.unplug = unplug,
	.lose = lose,
	.closed = closed,
	.ops = &meter_skeleton,
};

static void conforms(void **state)
{
	(void)state;
	conformance_all(&row);
}

static void conforms_at_another_rate(void **state)
{
	struct conformance_meter fast = row;

	(void)state;
	fast.options = "rate_hz=10000";
	conformance_stream(&fast);
	conformance_loss(&fast);
	assert_int_equal(instrument.rate_hz, 10000);
}

/* Each sample stands at its own index. */
static void expect_ramp(void)
{
	for (uint32_t n = 0; n < conformance_block.count; n++) {
		uint64_t index = conformance_block.first_index + n;

		assert_true(fabs((double)conformance_block.current_a[n] * 1e6 -
				 (double)(1000 + index % 1000)) < 0.01);
	}
}

/* A damaged sample is a lost one, in front of a block that says so; blocks have no gap inside. */
static void damaged(void **state)
{
	struct conformance c = {.meter = conformance_open(&row)};
	unsigned resyncs = 0;

	(void)state;
	instrument.damage_every = 50;
	instrument.is_ramp = true;
	fake_link.read_max = 100;
	conformance_start(&c);
	while (c.next < 1000) {
		assert_int_equal(conformance_read(&c, 1000), 0);
		assert_int_equal(!(conformance_block.flags & METER_BLOCK_RESYNC),
				 !conformance_block.lost);
		resyncs += !!conformance_block.lost;
		expect_ramp();
	}
	assert_int_equal(c.lost, resyncs);
	assert_in_range(c.lost, 19, 21);
	meter_close(c.meter);
}

/* Noise costs no sample; the block behind it says that there was some. */
static void noise(void **state)
{
	struct conformance c = {.meter = conformance_open(&row)};
	unsigned resyncs = 0;

	(void)state;
	instrument.noise_every = 50;
	instrument.is_ramp = true;
	conformance_start(&c);
	while (c.next < 1000) {
		assert_int_equal(conformance_read(&c, 1000), 0);
		if (conformance_block.flags & METER_BLOCK_RESYNC)
			assert_int_equal(conformance_block.first_index % 50, 7);
		resyncs += !!(conformance_block.flags & METER_BLOCK_RESYNC);
		expect_ramp();
	}
	assert_int_equal(c.lost, 0);
	assert_in_range(resyncs, 19, 21);
	meter_close(c.meter);
}

/* Lost in the middle of what comes at once. */
static void lost(void **state)
{
	struct conformance c = {.meter = conformance_open(&row)};

	(void)state;
	instrument.lose_every = 50;
	instrument.is_ramp = true;
	conformance_start(&c);
	while (c.next < 1000) {
		assert_int_equal(conformance_read(&c, 1000), 0);
		assert_int_equal(conformance_block.flags, 0);
		expect_ramp();
	}
	assert_in_range(c.lost, 19, 21);
	meter_close(c.meter);
}

static void over_range(void **state)
{
	struct conformance c = {.meter = conformance_open(&row)};

	(void)state;
	instrument.raw_a = 0xFFFF;
	conformance_start(&c);
	assert_int_equal(conformance_read(&c, 1000), 0);
	assert_true(conformance_block.flags & METER_BLOCK_SATURATED);
	assert_int_equal(conformance_block.logic[0], 5);
	assert_true(fabsf(conformance_block.voltage_v[0] - 3.3f) < 1e-6f);
	meter_close(c.meter);
}

static void refuses(void **state)
{
	const struct meter_settings powering = {.supply_v = 3.3};
	struct meter *meter = NULL;
	const struct meter_port port = plug();

	(void)state;
	assert_int_equal(
		meter_open_driver(&meter_skeleton, &port, &powering, &meter, &conformance_err),
		-EINVAL);
	assert_int_equal(closed(), 1);
	/* no user can name it */
	assert_null(meter_find("skeleton"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conforms), cmocka_unit_test(conforms_at_another_rate),
		cmocka_unit_test(damaged),  cmocka_unit_test(noise),
		cmocka_unit_test(lost),     cmocka_unit_test(over_range),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
