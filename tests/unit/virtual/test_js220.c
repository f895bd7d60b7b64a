/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual JS220's protocol: descriptors, requests, frames, topics, time sync. The decoder is
 * written from the device sheet on its own.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/virtual/test_js220.h"

#define UTC_SECOND (1ll << 30)

static void test_descriptors(void **state)
{
	struct host host;
	uint8_t d[256], all[32];

	(void)state;
	host_new(&host, 1);
	assert_int_equal(host_control(&host, 0x80, 6, 0x0100, 64, d), 18);
	assert_memory_equal(d, "\x12\x01", 2);
	assert_int_equal(host_le(d + 2, 2), 0x0200);
	assert_int_equal(host_le(d + 8, 2), 0x16d0);
	assert_int_equal(host_le(d + 10, 2), 0x10ba);
	assert_int_equal(d[17], 1);
	assert_int_equal(host_control(&host, 0x80, 6, 0x0200, 9, d), 9);
	assert_int_equal(host_le(d + 2, 2), 32);
	assert_int_equal(host_control(&host, 0x80, 6, 0x0200, 255, all), 32);
	assert_memory_equal(all, d, 9);
	/* Walk it: one interface with bulk OUT 0x01 and bulk IN 0x82, 512 bytes each. */
	for (unsigned at = 9, ends = 0; at < 32; at += all[at]) {
		assert_true(all[at] >= 7);
		if (all[at + 1] == 4)
			assert_int_equal(all[at + 4], 2);
		if (all[at + 1] != 5)
			continue;
		assert_int_equal(all[at + 2], ends++ ? 0x82 : 0x01);
		assert_int_equal(all[at + 3], 2);
		assert_int_equal(host_le(all + at + 4, 2), 512);
	}
	assert_int_equal(host_control(&host, 0x80, 6, 0x0300, 255, d), 4);
	assert_memory_equal(d, "\x04\x03\x09\x04", 4);
	assert_int_equal(host_control(&host, 0x80, 6, 0x0303, 255, d), 14); /* serial: 6 digits */
	assert_true(d[2] >= '0' && d[2] <= '9' && d[3] == 0);
	assert_int_equal(host_control(&host, 0x80, 6, 0x0304, 255, d), USB_STALL);
	assert_int_equal(host_control(&host, 0x80, 6, 0x0600, 10, d), USB_STALL);
	assert_int_equal(host_control(&host, 0x00, 9, 1, 0, d), 0);
	assert_int_equal(host_control(&host, 0x80, 8, 0, 1, d), 1);
	assert_int_equal(d[0], 1);
	host_free(&host);
}

static void test_endpoint_halt(void **state)
{
	struct host host;
	const struct usb_setup halt = {0x02, 3, 0, 0x82, 0}, clear = {0x02, 1, 0, 0x82, 0};
	uint8_t buffer[512];

	(void)state;
	host_new(&host, 1);
	host.usb.ops->control(host.usb.state, &halt, buffer);
	assert_int_equal(host.usb.ops->bulk_in(host.usb.state, 0x82, buffer, 512), USB_STALL);
	host.usb.ops->control(host.usb.state, &clear, buffer);
	assert_int_equal(host.usb.ops->bulk_in(host.usb.state, 0x82, buffer, 512), USB_NAK);
	assert_int_equal(host.usb.ops->bulk_in(host.usb.state, 0x81, buffer, 512), USB_STALL);
	assert_int_equal(host.usb.ops->bulk_in(host.usb.state, 0x82, buffer, 100), USB_STALL);
	assert_int_equal(host_control(&host, 0xc0, 3, 0, 1, buffer), USB_STALL);
	assert_int_equal(host_control(&host, 0x40, 1, 0, 0, buffer), USB_STALL);
	host_free(&host);
}

/* The open sequence of the sheet. */
static void test_connect_and_metadata(void **state)
{
	struct host host;
	const struct host_message *m;
	unsigned topics = 0, retained = 0;
	uint8_t status;

	(void)state;
	host_new(&host, 1);
	assert_int_equal(host.message_count, 1);
	m = &host.messages[0];
	assert_int_equal(m->port, 0);
	assert_int_equal(m->bytes, 4 + 5 * 4);
	assert_memory_equal(m->data, "\x01\x00\x00\x00", 4);
	assert_int_equal(host_le(m->data + 4, 4) >> 24, 1); /* protocol 1 */
	assert_true(host_le(m->data + 12, 4) >= 0x01030000);
	assert_true(host_le(m->data + 20, 4) >= 0x01030000);

	host_publish(&host, "$", 0, 0);
	host_publish(&host, "c/!ping", 10, 1);
	host_pull(&host);
	for (unsigned k = 1; k < host.message_count - 1; k++, topics++) {
		m = &host.messages[k];
		assert_int_equal(m->port, 1);
		assert_int_equal(m->data[32], 2); /* JSON */
		assert_int_equal(m->data[strlen((const char *)m->data) - 1], '$');
		assert_int_equal(m->data[36], '{');
		assert_int_equal(m->data[m->bytes - 2], '}');
		assert_int_equal(m->data[m->bytes - 1], 0);
	}
	assert_true(topics >= 20);
	m = &host.messages[host.message_count - 1];
	assert_string_equal((const char *)m->data, "c/!pong");
	assert_int_equal(m->bytes, 44);
	assert_int_equal(host_le(m->data + 36, 8), 1);

	assert_int_equal(host_set(&host, "s/stats/scnt", 1000), 0);
	host.message_count = 0;
	host_publish(&host, "?", 0, 0);
	host_pull(&host);
	for (unsigned k = 0; k < host.message_count; k++) {
		m = &host.messages[k];
		assert_int_equal(m->data[33] & 1, 1);
		if (!strcmp((const char *)m->data, "s/stats/scnt?")) {
			retained++;
			assert_int_equal(host_le(m->data + 36, 8), 1000);
		}
	}
	assert_int_equal(retained, 1);
	assert_int_equal(vjs220_host_faults(host.meter), 0);

	assert_int_equal(host_control(&host, 0xc0, 2, 0, 1, &status), 1); /* disconnect */
	host_publish(&host, "c/!ping", 10, 1);
	host.message_count = 0;
	host_run(&host, 3000000000000, 0, 0, 0);
	assert_int_equal(host.message_count, 0); /* not connected: silent */
	host_free(&host);
}

static void test_topics_are_checked(void **state)
{
	static const struct {
		const char *topic;
		uint32_t value;
		bool accepted;
	} cases[] = {
		{"s/i/range/mode", 4, true},
		{"s/i/range/mode", 3, false},
		{"s/i/range/select", 0xa0, true},
		{"s/i/range/select", 0x83, false},
		{"s/i/range/select", 0x01, false},
		{"s/i/range/min", 2, true},
		{"s/i/range/max", 1, false},
		{"s/i/range/max", 6, false},
		{"s/v/range/select", 1, true},
		{"s/v/range/select", 2, false},
		{"s/stats/scnt", 0, false},
		{"s/stats/scnt", 0x1000000, false},
		{"s/dwnN/N", 0, false},
		{"s/i/ctrl", 2, false},
		{"s/nothing", 1, false},
		{"c/gpio/vref", 1, true},
		{"s/gpo/+/!set", 0x81, true},
		{"s/gpo/+/!clr", 0x01, true},
	};
	const uint8_t null_topic[40] = {0};
	struct host host;

	(void)state;
	host_new(&host, 1);
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
		assert_int_equal(host_set(&host, cases[k].topic, cases[k].value) == 0,
				 cases[k].accepted);
	assert_int_equal(vjs220_outputs(host.meter), 0x80);
	assert_int_equal(vjs220_host_faults(host.meter), 0);
	host_send(&host, 3, null_topic, 12); /* memory: never */
	host_send(&host, 1, null_topic, 20); /* no room for a topic */
	host.out_id += 5;
	host_publish(&host, "c/!ping", 10, 7);
	assert_int_equal(vjs220_host_faults(host.meter), 3);
	host_run(&host, 1000000, 0, 0, 0x85);
	host.message_count = 0;
	host_publish(&host, "s/gpi/+/!req", 0, 0);
	host_pull(&host);
	assert_string_equal((const char *)host.messages[0].data, "s/gpi/+/!value");
	assert_int_equal(host_le(host.messages[0].data + 36, 8), 0x85);
	host_free(&host);
}

static void put_le(uint8_t *to, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

/* Answers a pending time sync as a host whose clock is true, and returns the map's payload. */
static const uint8_t *answer_sync(struct host *host, int64_t utc)
{
	const struct host_message *m = &host->messages[(host->message_count - 1) % 256];
	uint8_t reply[44];

	assert_int_equal(m->port, 0);
	assert_int_equal(m->bytes, 44);
	assert_int_equal(m->data[0], 3);
	memcpy(reply, m->data, 44);
	put_le(reply + 4 + 16, (uint64_t)utc);
	put_le(reply + 4 + 24, (uint64_t)utc);
	host_send(host, 0, reply, 44);
	host_pull(host);
	m = &host->messages[(host->message_count - 1) % 256];
	assert_int_equal(m->bytes, 36);
	assert_int_equal(m->data[0], 4);
	return m->data + 4;
}

static void test_time_sync(void **state)
{
	const int64_t utc0 = 240000000ll * UTC_SECOND;
	struct host host;
	const uint8_t *map;
	double rate_hz, true_hz;

	(void)state;
	host_new(&host, 5);
	vjs220_set_counter(host.meter, 0x1fffffff0);
	host_run(&host, 1000000, 0, 0, 0);
	map = answer_sync(&host, utc0);
	assert_int_equal(host_le(map, 8), 0);
	assert_true(host_le(map + 8, 8) == (uint64_t)utc0);
	/* Full width, not 32 bits. */
	assert_in_range(host_le(map + 16, 8), 0x1fffffff0, 0x1fffffff4);
	assert_true(host_le(map + 24, 8) == 2000000ull << 32);
	for (int second = 1; second <= 100; second++) {
		host_run(&host, 1001000000000, 0, 0, 0);
		map = answer_sync(&host, utc0 + second * UTC_SECOND * 1001 / 1000);
	}
	rate_hz = (double)host_le(map + 24, 8) / 4294967296.0;
	true_hz = 1e12 / ((double)vjs220_tick_end_ps(host.meter, 1999999) / 2e6);
	print_message("rate %.3f Hz, crystal %.3f Hz\n", rate_hz, true_hz);
	assert_true(fabs(rate_hz - true_hz) < 0.5);
	assert_true(fabs(true_hz - 2e6) > 1); /* this seed's crystal is off */
	host_free(&host);
}

static void test_echo(void **state)
{
	const uint8_t echo[7] = {2, 0, 0x34, 0x12, 'a', 'b', 'c'};
	struct host host;

	(void)state;
	host_new(&host, 1);
	host_send(&host, 0, echo, 7);
	host_pull(&host);
	assert_int_equal(host.messages[1].port, 0);
	assert_int_equal(host.messages[1].bytes, 7);
	assert_memory_equal(host.messages[1].data, echo, 7);
	host_free(&host);
}

/* The sheet's vector: a full frame of 126 floats; the 0x1234th frame has header 0x2BFC1234. */
static void test_frame_header_vector(void **state)
{
	struct host host;
	uint8_t buffer[512];
	bool seen = false;

	(void)state;
	host_new(&host, 1);
	host_set(&host, "s/i/range/mode", 4);
	host_set(&host, "s/i/ctrl", 1);
	while (!seen) {
		vjs220_feed(host.meter, host.now_ps, host.now_ps + 126000000, 1e-3, 3, 0);
		host.now_ps += 126000000;
		while (host.usb.ops->bulk_in(host.usb.state, 0x82, buffer, 512) > 0)
			if ((host_le(buffer, 4) & 0xffff) == 0x1234 && buffer[3] == 0x2b) {
				assert_int_equal(host_le(buffer, 4), 0x2bfc1234);
				seen = true;
			} else {
				assert_true((host_le(buffer, 4) & 0xffff) < 0x1234);
			}
	}
	host_free(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_endpoint_halt),
		cmocka_unit_test(test_connect_and_metadata),
		cmocka_unit_test(test_topics_are_checked),
		cmocka_unit_test(test_time_sync),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_frame_header_vector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
