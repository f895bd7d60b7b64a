/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PPK2 driver against a played instrument.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/meter/meter.h"
#include "drivers/meter/ppk2_filter.h"
#include "tests/unit/drivers/fake_ppk2.h"

static struct meter_block block;
static struct err err;

static struct meter *open_meter(double supply_v)
{
	const struct meter_settings settings = {.supply_v = supply_v};
	struct meter *meter = NULL;
	int rc = meter_open("ppk2", &fake_port, &settings, &meter, &err);

	if (rc)
		fail_msg("%d: %s", rc, err.text);
	return meter;
}

static void refuses_to_open(double supply_v, int code, const char *says)
{
	const struct meter_settings settings = {.supply_v = supply_v};
	struct meter *meter = NULL;
	int rc = meter_open("ppk2", &fake_port, &settings, &meter, &err);

	if (rc != code || !strstr(err.text, says))
		fail_msg("%d: %s", rc, err.text);
	assert_null(meter);
	assert_int_equal(fake_link.closed, 1);
}

static void opens_as_source(void **state)
{
	const struct meter_info *info;
	struct meter *meter;

	(void)state;
	fake_ppk2_init();
	fake_link.identity = "Nordic PPK2 serial=F2C3A1";
	meter = open_meter(3.3);
	info = meter_info(meter);
	assert_string_equal(fake_ppk2.log, "07 19 0d0ce4 1102 0d0ce4 16");
	assert_true(fake_link.dtr);
	assert_string_equal(info->model, "ppk2");
	assert_string_equal(info->serial, "F2C3A1");
	assert_non_null(strstr(info->calibration, "\"vdd_v\":3.3"));
	assert_true(info->rate_hz == 100e3 && info->range_max_a == 1.0);
	assert_true(info->gain_u_rel > 0 && info->offset_u_a > 0);
	assert_int_equal(info->caps, METER_CAP_MARKERS | METER_CAP_SUPPLY);
	assert_false(info->is_virtual);
	fake_ppk2.log[0] = '\0';
	assert_int_equal(meter_supply(meter, true, &err), 0);
	assert_int_equal(meter_supply(meter, false, &err), 0);
	assert_string_equal(fake_ppk2.log, "0c01 0c00");
	meter_close(meter);
	assert_int_equal(fake_link.closed, 1);
}

static void opens_as_ammeter(void **state)
{
	struct meter *meter;

	(void)state;
	fake_ppk2_init();
	fake_link.identity = "virtual-rig 1";
	meter = open_meter(0);
	assert_string_equal(fake_ppk2.log, "07 19 1101 0c01 16");
	assert_non_null(strstr(meter_info(meter)->calibration, "\"vdd_v\":3,"));
	assert_int_equal(meter_info(meter)->caps, METER_CAP_MARKERS);
	assert_true(meter_info(meter)->is_virtual);
	assert_string_equal(meter_info(meter)->serial, "");
	assert_int_equal(meter_supply(meter, true, &err), -ENOTSUP);
	meter_close(meter);
}

static void serial_numbers(void **state)
{
	static const char *const cases[][2] = {
		{"usb 1915:C00A E7A9-01", "E7A9-01"},
		{"usb 1915:C00A", ""},
		{"lab server; serial: X_1 (PPK2)", "X_1"},
		{"virtual-rig ppk2 serial=12", "12"},
		{"serial=0123456789012345678901234567890123456789", ""},
		{"", ""},
	};
	struct meter *meter;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_ppk2_init();
		fake_link.identity = cases[i][0];
		meter = open_meter(0);
		assert_string_equal(meter_info(meter)->serial, cases[i][1]);
		meter_close(meter);
	}
}

static void stops_a_forgotten_stream(void **state)
{
	(void)state;
	fake_ppk2_init();
	fake_ppk2_on_write(&fake_ppk2, (const uint8_t[]){0x06}, 1);
	fake_link.now_ns += 700000000;
	meter_close(open_meter(3.0));
}

static void asks_again_for_metadata(void **state)
{
	(void)state;
	fake_ppk2_init();
	fake_ppk2.metadata_lost = 3;
	meter_close(open_meter(0));
	assert_string_equal(fake_ppk2.log, "07 19 07 19 07 19 07 19 1101 0c01 16");
	fake_ppk2_init();
	fake_ppk2.metadata_lost = 4;
	refuses_to_open(0, -ETIMEDOUT, "metadata");
}

static void refuses_bad_calibration_and_supply(void **state)
{
	(void)state;
	fake_ppk2_init();
	strcpy(fake_ppk2.metadata, "Calibrated: 1\nR0: 1000\nR2: 1e-30\nEND\n");
	refuses_to_open(3.3, -ERANGE, "calibration of range 2 is implausible");
	fake_ppk2_init();
	memset(fake_ppk2.metadata, 'x', sizeof(fake_ppk2.metadata) - 1);
	refuses_to_open(3.3, -ETIMEDOUT, "not complete");
	fake_ppk2_init();
	refuses_to_open(0.79, -EINVAL, "0.79 V is not within 0.8..5 V");
	fake_ppk2_init();
	refuses_to_open(5.01, -EINVAL, "5.01 V");
	fake_ppk2_init();
	refuses_to_open(-1, -EINVAL, "-1 V");
	assert_string_equal(fake_ppk2.log, "");
	fake_ppk2_init();
	fake_link.is_gone = true;
	refuses_to_open(3, -ENODEV, "gone");
}

static void check_samples(uint64_t *index)
{
	*index += block.lost;
	assert_true(block.count >= 1 && block.count <= METER_BLOCK_MAX);
	assert_int_equal(block.first_index, *index);
	for (uint32_t i = 0; i < block.count; i++, (*index)++) {
		double r = 4.0 * (double)(*index & 8191) * (1.8 / 163840 / 1000);

		assert_float_equal(block.current_a[i], r, r * 1e-6);
		assert_int_equal(block.logic[i], *index / 1000 & 255);
		assert_int_equal(block.range[i], 0);
	}
}

static void streams_in_blocks(void **state)
{
	static const size_t read_max[] = {0, 64, 4095, 7};
	struct meter *meter;

	(void)state;
	for (size_t i = 0; i < sizeof(read_max) / sizeof(read_max[0]); i++) {
		uint64_t index = 0;
		unsigned blocks = 0;

		fake_ppk2_init();
		meter = open_meter(3.3);
		fake_link.read_max = read_max[i];
		assert_int_equal(meter_start(meter, &err), 0);
		for (; index < 30000; blocks++) {
			assert_int_equal(meter_read(meter, &block, 1000, &err), 0);
			check_samples(&index);
			assert_int_equal(block.flags, 0);
			assert_int_equal(block.lost, 0);
			assert_true(block.t_mono_ns <= fake_link.now_ns);
			assert_true(block.t_mono_ns >
				    fake_ppk2.t_begin_ns + (int64_t)index * 10000 - 100000);
		}
		assert_true(blocks < 30); /* about 20 ms each */
		assert_int_equal(meter_stop(meter, &err), 0);
		meter_close(meter);
		assert_int_equal(fake_link.closed, 1);
	}
}

static void streams_for_a_second(size_t holds)
{
	struct meter *meter;
	uint64_t index = 0;

	fake_ppk2_init();
	fake_link.holds = holds;
	meter = open_meter(3.3);
	assert_int_equal(meter_start(meter, &err), 0);
	fake_link.waits = 0;
	fake_link.most_waiting = 0;
	while (index < 100000) {
		assert_int_equal(meter_read(meter, &block, 1000, &err), 0);
		check_samples(&index);
		assert_int_equal(block.lost, 0);
	}
	meter_close(meter);
}

/* A line is waited for as seldom as it can bear, for each time is a thread that wakes up: 400 bytes
 * come in a millisecond, and two milliseconds may be lost in waking up. */
static void line_is_left_alone_as_long_as_it_holds(void **state)
{
	(void)state;
	streams_for_a_second(0);
	assert_true(fake_link.waits < 160);
	assert_true(fake_link.most_waiting + 2 * 400 <= 4096 - 128);
	streams_for_a_second(SIZE_MAX);
	assert_true(fake_link.waits < 60);
}

/* Both are given: what was sampled, and what the filter makes of it; the same filter by hand, with
 * a loss in the stream, behind which it begins again. */
static void spike_filter_when_asked_for(void **state)
{
	const struct meter_settings settings = {.supply_v = 3.3, .options = "filter=on"};
	const struct meter_settings wrong = {.supply_v = 3.3, .options = "filter=yes"};
	struct ppk2_filter filter;
	struct meter *meter;
	uint64_t corrected = 0;

	(void)state;
	fake_ppk2_init();
	assert_int_equal(meter_open("ppk2", &fake_port, &wrong, &meter, &err), -EINVAL);
	fake_ppk2_init();
	fake_ppk2.range_every = 500;
	fake_ppk2.lose_at = 5003;
	fake_ppk2.lose = 10;
	assert_int_equal(meter_open("ppk2", &fake_port, &settings, &meter, &err), 0);
	assert_true(meter_info(meter)->caps & METER_CAP_RAW);
	assert_int_equal(meter_start(meter, &err), 0);
	ppk2_filter_init(&filter);
	for (uint64_t index = 0; index < 20000; index = block.first_index + block.count) {
		uint64_t differ = 0;

		assert_int_equal(meter_read(meter, &block, 1000, &err), 0);
		if (block.lost)
			ppk2_filter_init(&filter);
		for (uint32_t i = 0; i < block.count; i++) {
			double raw_a = (double)block.raw_current_a[i];
			double shown_a = ppk2_filter_apply(&filter, raw_a, block.range[i]);

			assert_true(block.current_a[i] == (float)shown_a);
			differ += block.current_a[i] != block.raw_current_a[i];
			assert_int_equal(block.range[i], (block.first_index + i) / 500 & 1);
		}
		assert_int_equal(block.corrected, differ);
		corrected += differ;
	}
	assert_true(corrected > 39 && corrected < 1000); /* a few behind each change of range */
	meter_close(meter);
}

static void start_counts_anew(void **state)
{
	struct meter *meter;

	(void)state;
	fake_ppk2_init();
	meter = open_meter(3.3);
	for (int round = 0; round < 2; round++) {
		uint64_t index = 0;

		assert_int_equal(meter_start(meter, &err), 0);
		while (index < 5000 + 7) {
			assert_int_equal(meter_read(meter, &block, 1000, &err), 0);
			check_samples(&index);
		}
		assert_int_equal(meter_stop(meter, &err), 0);
	}
	meter_close(meter);
}

static void end_after_stop(void **state)
{
	struct meter *meter;
	uint64_t index = 0;
	int64_t stop_ns;
	int rc;

	(void)state;
	fake_ppk2_init();
	meter = open_meter(3.3);
	assert_int_equal(meter_start(meter, &err), 0);
	assert_int_equal(meter_read(meter, &block, 1000, &err), 0);
	check_samples(&index);
	fake_ppk2_before_read(&fake_ppk2, fake_link.now_ns + 30000000); /* on their way */
	assert_int_equal(meter_stop(meter, &err), 0);
	stop_ns = fake_link.now_ns;
	while (!(rc = meter_read(meter, &block, 10000, &err)))
		check_samples(&index);
	assert_int_equal(rc, -ENODATA);
	assert_int_equal(index, fake_ppk2.sent - 1); /* the newest word is never sure */
	assert_true(fake_link.now_ns - stop_ns < 200000000);
	assert_int_equal(meter_read(meter, &block, 0, &err), -ENODATA);
	meter_close(meter);
}

static void loss_begins_a_block(void **state)
{
	struct meter *meter;
	uint64_t index = 0;
	bool seen = false;

	(void)state;
	fake_ppk2_init();
	fake_ppk2.lose_at = 2345;
	fake_ppk2.lose = 17;
	meter = open_meter(3.3);
	assert_int_equal(meter_start(meter, &err), 0);
	while (index < 10000) {
		assert_int_equal(meter_read(meter, &block, 1000, &err), 0);
		if (block.lost) {
			assert_int_equal(block.first_index, 2345 + 17);
			assert_int_equal(block.lost, 17);
			seen = true;
		}
		check_samples(&index);
	}
	assert_true(seen);
	meter_close(meter);
}

/* Flags of all blocks of 3 s with 6400 samples lost, which the counter does not show. */
static uint32_t flags_of_invisible_loss(const char *identity, uint64_t lose)
{
	struct meter *meter;
	uint32_t flags = 0;
	int64_t end_ns;

	fake_ppk2_init();
	fake_link.identity = identity;
	fake_ppk2.lose_at = 100000;
	fake_ppk2.lose = lose;
	meter = open_meter(3.3);
	assert_int_equal(meter_start(meter, &err), 0);
	end_ns = fake_link.now_ns + 3000000000;
	while (fake_link.now_ns < end_ns) {
		assert_int_equal(meter_read(meter, &block, 1000, &err), 0);
		assert_int_equal(block.lost, 0);
		flags |= block.flags;
		if (fake_link.now_ns > end_ns - 1000000000 && !lose && !fake_link.busy_ns)
			fake_link.busy_ns = 90000000;
	}
	meter_close(meter);
	return flags;
}

static void time_tells_of_invisible_loss(void **state)
{
	(void)state;
	assert_int_equal(flags_of_invisible_loss("", 6400), METER_BLOCK_TIME_MISMATCH);
	assert_int_equal(flags_of_invisible_loss("", 0), 0);
	assert_int_equal(flags_of_invisible_loss("virtual-rig 1", 6400), 0);
}

static void silence_hang_up_and_rubbish(void **state)
{
	static uint8_t rubbish[100000];
	struct meter *meter;
	int64_t begin_ns;
	int rc;

	(void)state;
	fake_ppk2_init();
	meter = open_meter(3.3);
	assert_int_equal(meter_start(meter, &err), 0);
	fake_ppk2.is_streaming = false;
	begin_ns = fake_link.now_ns;
	assert_int_equal(meter_read(meter, &block, 500, &err), -ETIMEDOUT);
	assert_int_equal((fake_link.now_ns - begin_ns) / 1000000, 500);
	fake_ppk2_words(0, 50);
	fake_link.is_gone = true;
	assert_int_equal(meter_read(meter, &block, 500, &err), 0); /* what came is not lost */
	assert_int_equal(block.count, 49);
	assert_int_equal(meter_read(meter, &block, 500, &err), -ENODEV);
	assert_int_equal(meter_read(meter, &block, 500, &err), -ENODEV);
	fake_link.is_gone = false;
	fake_link_send(rubbish, sizeof(rubbish), 0);
	while (!(rc = meter_read(meter, &block, 500, &err)))
		;
	assert_int_equal(rc, -EPROTO);
	assert_non_null(strstr(err.text, "no sample boundary"));
	fake_link.is_gone = true;
	meter_close(meter);
	assert_int_equal(fake_link.closed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_as_source),
		cmocka_unit_test(opens_as_ammeter),
		cmocka_unit_test(serial_numbers),
		cmocka_unit_test(stops_a_forgotten_stream),
		cmocka_unit_test(asks_again_for_metadata),
		cmocka_unit_test(refuses_bad_calibration_and_supply),
		cmocka_unit_test(streams_in_blocks),
		cmocka_unit_test(line_is_left_alone_as_long_as_it_holds),
		cmocka_unit_test(spike_filter_when_asked_for),
		cmocka_unit_test(start_counts_anew),
		cmocka_unit_test(end_after_stop),
		cmocka_unit_test(loss_begins_a_block),
		cmocka_unit_test(time_tells_of_invisible_loss),
		cmocka_unit_test(silence_hang_up_and_rubbish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
