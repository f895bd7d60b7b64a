/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Faults of the virtual JS220, a host that does not read, and the end of a connection.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/virtual/test_js220.h"

#define MS_PS 1000000000ll

static void test_marker_faults(void **state)
{
	struct host host;
	const char *const streams[] = {"s/gpi/0/ctrl", NULL};
	uint64_t done = 0;

	(void)state;
	host_new(&host, 4);
	host_start(&host, streams);
	vjs220_disturb_marker(host.meter, 0, PPK2_MARKER_MISS, 0);
	for (int i = 0; i < 4; i++)
		host_run_ticks(&host, &done, 1008, 0, 3, i % 2);
	for (size_t k = 0; k < 4032; k++)
		assert_int_equal(host.series[24].raw[k], k >= 3024);
	host_free(&host);
}

static void test_lost_and_repeated_frames(void **state)
{
	struct host host;
	uint64_t done = 0;

	(void)state;
	host_new(&host, 12);
	host_start(&host, current_only);
	host_run_ticks(&host, &done, 252 * 10, 1e-3, 3, 0);
	vjs220_lose_frames(host.meter, 3);
	host_run_ticks(&host, &done, 252 * 10, 1e-3, 3, 0);
	assert_int_equal(host.lost_frames, 3);
	assert_int_equal(host.series[21].gaps, 1);
	assert_int_equal(host.series[21].frames, 17);
	vjs220_repeat_frame(host.meter);
	host_run_ticks(&host, &done, 252 * 2, 1e-3, 3, 0);
	assert_int_equal(host.series[21].frames, 20);
	assert_int_equal(host.series[21].gaps, 2); /* back, then forward in order */
	assert_int_equal(host.lost_frames, 3);
	assert_int_equal(host.series[21].next_id, 252 * 22);
	host_free(&host);
}

static void test_stuck_and_saturated(void **state)
{
	struct host host;
	uint64_t done = 0;
	const char *const streams[] = {"s/i/ctrl", "s/i/range/ctrl", NULL};

	(void)state;
	host_new(&host, 12);
	host_start(&host, streams);
	vjs220_stick_range(host.meter, 2, 1008);
	host_run_ticks(&host, &done, 2016, 0.1, 3, 0);
	assert_int_equal(host.series[20].raw[500], 2);
	assert_true(host_float(&host, 21, 300) < 0.022);
	assert_int_equal(host.series[20].raw[1500], 1);
	assert_true(fabs(host_float(&host, 21, 900) - 0.1) < 1e-3);
	host_clear_series(&host);
	vjs220_saturate(host.meter, 100);
	host_run_ticks(&host, &done, 2016, 0.1, 3, 0);
	assert_true(fabs(host_float(&host, 21, 20) - 12) < 0.01);
	assert_true(fabs(host_float(&host, 21, 100) - 0.1) < 1e-3);
	host_free(&host);
}

/* The queue is bounded; answers still come; the gap is exactly what is missing. */
static void test_host_that_does_not_read(void **state)
{
	struct host host;
	struct host_series *s = &host.series[21];
	uint32_t before_id;
	size_t frames;

	(void)state;
	host_new(&host, 12);
	host_start(&host, current_only);
	for (int ms = 0; ms < 700; ms++) { /* 5555 frames */
		vjs220_feed(host.meter, host.now_ps, host.now_ps + MS_PS, 1e-3, 3, 0);
		host.now_ps += MS_PS;
	}
	assert_in_range(vjs220_pending_frames(host.meter), VJS220_QUEUE_FRAMES - 64,
			VJS220_QUEUE_FRAMES);
	host_publish(&host, "c/!ping", 10, 9);
	host.message_count = 0;
	host_pull(&host);
	assert_string_equal((const char *)host.messages[host.message_count - 1].data, "c/!pong");
	frames = s->frames;
	assert_int_equal(frames, VJS220_QUEUE_FRAMES - 64 - 1); /* beside a time sync */
	before_id = s->next_id;
	assert_int_equal(s->gaps, 0);
	host_run(&host, MS_PS, 1e-3, 3, 0);
	assert_int_equal(s->gaps, 1);
	assert_int_equal((s->next_id - before_id) / 252 - (s->frames - frames), host.lost_frames);
	assert_true(host.lost_frames > 1000);
	host_free(&host);
}

/* Streams end with the connection, the current path does not. */
static void test_disconnect(void **state)
{
	struct host host;
	uint8_t status;

	(void)state;
	host_new(&host, 12);
	host_start(&host, current_only);
	assert_true(vjs220_active(host.meter));
	vjs220_feed(host.meter, 0, MS_PS, 1e-3, 3, 0);
	host_control(&host, 0xc0, 2, 0, 1, &status);
	assert_int_equal(vjs220_pending_frames(host.meter), 0);
	assert_false(vjs220_active(host.meter));
	assert_true(vjs220_conducts(host.meter));
	host_connect(&host, 1);
	assert_true(vjs220_conducts(host.meter));
	host_connect(&host, 0);
	assert_false(vjs220_conducts(host.meter));
	host_free(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marker_faults),
		cmocka_unit_test(test_lost_and_repeated_frames),
		cmocka_unit_test(test_stuck_and_saturated),
		cmocka_unit_test(test_host_that_does_not_read),
		cmocka_unit_test(test_disconnect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
