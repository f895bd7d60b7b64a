/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JS220 and JS110 drivers through the real USB/IP client against the virtual rig's server, with a
 * capture thread that is reading when the owner stops the stream. Time in the rig runs as fast as
 * its samples are taken.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/meter/meter.h"
#include "rigs/virtual/meters/js110.h"
#include "rigs/virtual/meters/js220.h"
#include "rigs/virtual/server/usbip_port.h"
#include "tests/scratch.h"

enum { PENDING_MAX = 1024, STEP_PS = 1000000000, ENOUGH = 600000, LONG_MS = 5000 };

static struct rig {
	struct vjs220 *js220; /* one of the two */
	struct vjs110 *js110;
	struct vusbip_port *port;
	pthread_t thread;
	atomic_bool quit, unplug;
	int64_t now_ps;
	char uri[256];
} rig;

static void rig_connected(void *context, bool connected)
{
	(void)context;
	(void)connected;
}

static void rig_pass(void)
{
	size_t pending =
		rig.js220 ? vjs220_pending_frames(rig.js220) : vjs110_pending_frames(rig.js110);

	if (pending > PENDING_MAX) /* the host is slow: time stands still */
		return;
	if (rig.js220)
		vjs220_feed(rig.js220, rig.now_ps, rig.now_ps + STEP_PS, 5e-3, 3.3, 1);
	else
		vjs110_feed(rig.js110, rig.now_ps, rig.now_ps + STEP_PS, 5e-3, 3.3, 1);
	rig.now_ps += STEP_PS;
}

static void *rig_run(void *arg)
{
	struct pollfd fds[VUSBIP_PORT_POLLFDS];

	(void)arg;
	while (!atomic_load(&rig.quit)) {
		vusbip_port_fill_pollfds(rig.port, fds);
		poll(fds, VUSBIP_PORT_POLLFDS, 1);
		if (atomic_exchange(&rig.unplug, false))
			vusbip_port_unplug(rig.port, INT64_MAX);
		else
			vusbip_port_service(rig.port, fds);
		rig_pass();
		vusbip_port_flush(rig.port);
	}
	return NULL;
}

static void rig_start(const char *driver)
{
	struct vusbip_export export = {.busid = "meter-1"};
	struct verr verr = {""};
	char address[640];

	memset(&rig, 0, sizeof(rig));
	if (!strcmp(driver, "js220")) {
		rig.js220 = vjs220_new(1);
		export.device = vjs220_usb(rig.js220);
	} else {
		rig.js110 = vjs110_new(1);
		export.device = vjs110_usb(rig.js110);
	}
	snprintf(address, sizeof(address), "unix:%s/%s", scratch_folder(), driver);
	if (vusbip_port_open(address, &export, rig_connected, &rig.port, &verr))
		fail_msg("%s", verr.text);
	snprintf(rig.uri, sizeof(rig.uri), "%s", vusbip_port_address_text(rig.port));
	assert_int_equal(pthread_create(&rig.thread, NULL, rig_run, NULL), 0);
}

static void rig_end(void)
{
	atomic_store(&rig.quit, true);
	pthread_join(rig.thread, NULL);
	vusbip_port_close(rig.port);
	vjs220_free(rig.js220);
	vjs110_free(rig.js110);
}

/* --- the capture thread ----------------------------------------------------------------------- */

static struct capture {
	struct meter *meter;
	struct meter_block block;
	struct err err;
	uint64_t next, lost, summed, high;
	double current_sum_a;
	uint32_t flags;
	bool out_of_order;
	atomic_ullong count;
	atomic_bool over;
	int rc;
} capture;

static void *capture_run(void *arg)
{
	struct capture *c = arg;

	while (!(c->rc = meter_read(c->meter, &c->block, LONG_MS, &c->err))) {
		c->out_of_order |= c->block.first_index != c->next + c->block.lost;
		for (uint32_t n = 0; n < c->block.count; n++) {
			c->high += c->block.logic[n] & 1;
			if (isnan(c->block.current_a[n]))
				continue;
			c->current_sum_a += (double)c->block.current_a[n];
			c->summed++;
		}
		c->next = c->block.first_index + c->block.count;
		c->lost += c->block.lost;
		c->flags |= c->block.flags;
		atomic_store(&c->count, c->next);
	}
	atomic_store(&c->over, true);
	return NULL;
}

static void capture_wait(pthread_t *ret_thread)
{
	struct meter *meter = capture.meter;

	memset(&capture, 0, sizeof(capture));
	capture.meter = meter;
	if (meter_start(meter, &capture.err))
		fail_msg("%s", capture.err.text);
	assert_int_equal(pthread_create(ret_thread, NULL, capture_run, &capture), 0);
	while (atomic_load(&capture.count) < ENOUGH && !atomic_load(&capture.over))
		poll(NULL, 0, 2);
}

static void through_usbip(const char *driver)
{
	const struct meter_settings settings = {.supply_v = 0};
	struct err err = {""};
	pthread_t thread;

	rig_start(driver);
	if (meter_open_uri(driver, NULL, rig.uri, &settings, &capture.meter, &err))
		fail_msg("%s", err.text);
	for (int round = 0; round < 2; round++) {
		capture_wait(&thread);
		if (meter_stop(capture.meter, &err))
			fail_msg("%s", err.text);
		pthread_join(thread, NULL);
		if (capture.rc != -ENODATA)
			fail_msg("%d: %s", capture.rc, capture.err.text);
		assert_true(capture.next >= ENOUGH && !capture.out_of_order && !capture.lost);
		assert_int_equal(capture.flags & ~(uint32_t)METER_BLOCK_NAN, 0);
		assert_int_equal(capture.high, capture.next);
		assert_true(fabs(capture.current_sum_a / (double)capture.summed - 5e-3) < 25e-6);
	}
	capture_wait(&thread);
	atomic_store(&rig.unplug, true);
	pthread_join(thread, NULL);
	assert_int_equal(capture.rc, -ENODEV);
	meter_close(capture.meter);
	rig_end();
}

static void js220(void **state)
{
	(void)state;
	through_usbip("js220");
}

static void js110(void **state)
{
	(void)state;
	through_usbip("js110");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(js220), cmocka_unit_test(js110)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
