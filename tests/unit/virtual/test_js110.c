/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual JS110's control side: descriptors, requests, settings, EXTIO, calibration. The
 * decoder is written from the device sheet on its own.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/virtual/test_js110.h"

static int standard_in(struct host *host, uint8_t request, uint16_t value, uint16_t length,
		       uint8_t *data)
{
	const struct usb_setup setup = {0x80, request, value, 0, length};

	return host->usb.ops->control(host->usb.state, &setup, data);
}

static void test_descriptors(void **state)
{
	struct host host;
	uint8_t d[256];

	(void)state;
	host_new(&host, 1);
	assert_int_equal(standard_in(&host, 6, 0x0100, 18, d), 18);
	assert_int_equal(host_le(d + 8, 2), 0x16d0);
	assert_int_equal(host_le(d + 10, 2), 0x0e88);
	assert_int_equal(standard_in(&host, 6, 0x0200, 255, d), 25);
	assert_int_equal(host_le(d + 2, 2), 25);
	assert_int_equal(d[9 + 4], 1);
	assert_memory_equal(d + 18, "\x07\x05\x82\x02\x00\x02", 6);
	assert_int_equal(standard_in(&host, 6, 0x0302, 255, d), 2 + 2 * 16);
	assert_int_equal(d[2], 'J');
	assert_int_equal(host.usb.ops->bulk_out(host.usb.state, 1, d, 1), USB_STALL);
	host_free(&host);
}

static void test_requests(void **state)
{
	const struct usb_setup loopback_value = {0x40, 1, 0x1234, 0, 0};
	struct host host;
	uint8_t data[256], sent[128];

	(void)state;
	host_new(&host, 1);
	assert_int_equal(host.usb.ops->control(host.usb.state, &loopback_value, data), 0);
	assert_int_equal(host_in(&host, 1, 0, 0, 2, data), 2);
	assert_int_equal(host_le(data, 2), 0x1234);
	for (int i = 0; i < 16; i++)
		sent[i] = (uint8_t)(i * 17);
	assert_int_equal(host_out(&host, 2, 16, sent), 16);
	assert_int_equal(host_in(&host, 2, 0, 0, 16, data), 16);
	assert_memory_equal(data, sent, 16);
	assert_int_equal(host_in(&host, 7, 0, 0, 16, data), 16);
	assert_true(host_in(&host, 10, 0, 0, 255, data) > 20);
	assert_int_equal(data[0], '{');
	assert_non_null(strstr((char *)data, "\"ver\""));
	assert_int_equal(vjs110_host_faults(host.meter), 0);
	assert_int_equal(host_out(&host, 5, 0, data), USB_STALL); /* bootloader */
	assert_int_equal(host_in(&host, 11, 0, 0, 8, data), USB_STALL);
	assert_int_equal(vjs110_host_faults(host.meter), 2);
	host_free(&host);
}

/* The header of the sheet, its CRCs, what both records hold. */
static void test_calibration_record(void **state)
{
	struct host host;
	double active[8];
	uint8_t record[4096];
	size_t length;

	(void)state;
	/* CRC-32's published check value. */
	assert_int_equal(host_crc32((const uint8_t *)"123456789", 9), 0xcbf43926);
	host_new(&host, 21);
	for (int n = 0; n < 7; n++) {
		static const double gains[] = {
			6.828914629295468e-4, 1.6375e-4,  1.46262e-5, 1.49376e-6,
			1.49705e-7,           1.49839e-8, 1.49845e-9};

		assert_true(fabs(host.i_gain[n] / gains[n] - 1) <= 0.01);
		assert_true(fabs(host.i_offset[n] + 2820) <= 30);
	}
	assert_true(isnan(host.i_gain[7]) && isnan(host.i_offset[7]));
	memcpy(active, host.i_gain, sizeof(active));
	host_read_calibration(&host, 0); /* factory */
	for (int n = 0; n < 7; n++)
		assert_true(fabs(host.i_gain[n] / active[n] - 1) <= 0.0004 &&
			    host.i_gain[n] != active[n]);
	length = host_read_record(&host, 1, record, sizeof(record));
	assert_int_equal(length % 8, 0);
	assert_int_equal(host_in(&host, 8, 1, (uint16_t)length, 64, record), 0);
	assert_int_equal(host_in(&host, 8, 2, 0, 64, record), USB_STALL);
	assert_int_equal(host_in(&host, 8, 1, 0, 4097, record), USB_STALL);
	host_free(&host);
}

/* -1 before any, 19 while the sensor works, then a result; what is refused changes nothing. */
static void test_settings(void **state)
{
	static const uint8_t refused[][5] = {
		{2, 0x80, 0xc0, 0, 0}, {1, 0x03, 0xc0, 0, 0}, {1, 0x80, 0x55, 0, 0},
		{1, 0x80, 0xc0, 1, 0}, {1, 0x80, 0xc0, 4, 0}, {1, 0x80, 0xc0, 0, 1},
	};
	uint8_t packet[16] = {1, 16, 1, 0, 0, 0, 0, 0, 1, 0x80, 0xc0, 2, 0}, status[128];
	struct host host;

	(void)state;
	host_new(&host, 1);
	assert_false(vjs110_conducts(host.meter));
	assert_true(isinf(vjs110_series_ohm(host.meter, 0)));
	host_status(&host, status);
	assert_int_equal((int32_t)host_le(status + 8, 4), -1);
	assert_int_equal(host_out(&host, 3, 16, packet), 16);
	host_status(&host, status);
	assert_int_equal(host_le(status + 8, 4), 19);
	assert_false(vjs110_conducts(host.meter));
	assert_int_equal(host_wait(&host), 0);
	assert_true(vjs110_conducts(host.meter));
	assert_true(vjs110_series_ohm(host.meter, 0) < 0.01);
	host_status(&host, status);
	assert_memory_equal(status + 21, "\x80\xc0\x02", 3);
	for (size_t k = 0; k < sizeof(refused) / sizeof(refused[0]); k++) {
		const uint8_t *r = refused[k];

		assert_true(host_settings(&host, r[0], r[1], r[2], r[3], r[4]) > 0);
		host_status(&host, status);
		assert_memory_equal(status + 21, "\x80\xc0\x02", 3);
	}
	packet[1] = 15; /* malformed */
	assert_int_equal(host_out(&host, 3, 16, packet), USB_STALL);
	assert_int_equal(host_settings(&host, 1, 0, 0xc0, 0, 0), 0); /* off */
	assert_false(vjs110_conducts(host.meter));
	assert_int_equal(host_settings(&host, 0, 0x80, 0xc0, 0, 3), 0); /* no power */
	assert_false(vjs110_conducts(host.meter));
	assert_false(vjs110_streaming(host.meter));
	host_free(&host);
}

static void test_extio(void **state)
{
	struct host host;
	uint8_t reply[24];

	(void)state;
	host_new(&host, 1);
	host_start(&host, 0x80, 0);
	assert_true(host_extio(&host, 1, 0, 3300) > 0);
	assert_true(host_extio(&host, 2, 0, 3200) > 0);
	assert_int_equal(host_extio(&host, 2, 3, 3300), 0);
	host_run(&host, 1000000000, 0, 0, 0x02);
	assert_int_equal(host_in(&host, 9, 0, 0, 24, reply), 24);
	assert_memory_equal(reply, "\x01\x18\x03", 3);
	assert_memory_equal(reply + 10, "\x02\x03", 2);
	assert_int_equal(reply[15], 2);
	assert_int_equal(host_le(reply + 20, 4), 3300);
	host_free(&host);
}

/* A board that wakes up between two samples does not find itself behind the shunt for microamperes:
 * the instrument ranges faster than the board's capacitors empty. Fixed ranges stay. */
static void test_a_waking_board_is_fed(void **state)
{
	struct host host;

	(void)state;
	host_new(&host, 1);
	host_start(&host, 0x80, 0);
	host_run(&host, 1000000000, 5e-6, 3.3, 0);
	assert_true(vjs110_series_ohm(host.meter, 5e-6) > 1000);
	assert_true(vjs110_series_ohm(host.meter, 20e-3) < 0.2);
	assert_true(vjs110_series_ohm(host.meter, 1.5e-3) < 12);
	assert_int_equal(host_settings(&host, 1, 0x40, 0xc0, 0, 3), 0); /* 18 uA */
	host_run(&host, 1000000, 5e-6, 3.3, 0);
	assert_true(vjs110_series_ohm(host.meter, 20e-3) > 1000);
	host_free(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_waking_board_is_fed),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_calibration_record),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_extio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
