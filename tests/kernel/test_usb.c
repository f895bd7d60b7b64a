/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libusb on the kernel's usbfs: Joulescopes that are virtual, plugged in through vhci-hcd.
 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/meter/meter.h"
#include "tests/kernel/rig.h"

enum { OPENS = 100, LONG_MS = 5000, UNPLUG_MS = 300, SEEN_MS = 500, SETTLED = 20000 };

#define SUPPLY_V  3.3
#define CURRENT_A 3.3e-3 /* through RIG_LOAD_OHM */
#define JS220     "usb:16d0:10ba"
#define JS220_URI JS220 ":000220"
#define JS110_URI "usb:16d0:0e88:000110"

#define METER(name, kind, serial)                                                                  \
	"  - {name: " name ", kind: " kind ", supply: 3.3 V, serial: \"" serial                    \
	"\", listen: \"unix:" RIG_FOLDER "/" name "\"}\n"
#define BOARD(name, meter)                                                                         \
	"  - {name: " name ", part: stm32l4r5, load: " RIG_LOAD ", supply: " meter                 \
	", listen: \"unix:" RIG_FOLDER "/" name "\"}\n"

static const char rig_yaml[] =
	"seed: 1\n"
	"pace: 1\n"
	"meters:\n" METER("js220", "js220", "000220") METER("twin", "js220", "000221")
		METER("js110", "js110", "000110") "boards:\n" BOARD("b220", "js220")
			BOARD("btwin", "twin") BOARD("b110", "js110");

static pid_t rig;

static int start(void **state)
{
	(void)state;
	rig = rig_start(rig_yaml);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rig_stop(rig);
	return 0;
}

/* ---- streams ---- */

static struct meter *open_meter(const char *driver, const char *uri)
{
	const struct meter_settings settings = {.supply_v = 0};
	struct meter *meter;
	struct err err = {""};

	if (meter_open_uri(driver, NULL, uri, &settings, &meter, &err))
		fail_msg("%s: %s", uri, err.text);
	return meter;
}

/* Samples one after the other, none lost, of a known current. */
static void measure(struct meter *meter, uint64_t samples)
{
	static struct meter_block block;
	uint64_t next = 0, summed = 0;
	double current_a = 0, voltage_v = 0, begin_ms = now_ms();
	struct err err = {""};

	if (meter_start(meter, &err))
		fail_msg("%s", err.text);
	while (next < samples) {
		if (meter_read(meter, &block, LONG_MS, &err))
			fail_msg("%s", err.text);
		assert_int_equal(block.lost, 0);
		assert_int_equal(block.first_index, next);
		assert_int_equal(block.flags & ~(uint32_t)METER_BLOCK_NAN, 0);
		for (uint32_t i = 0; i < block.count && next > SETTLED; i++) {
			if (isnan(block.current_a[i]))
				continue;
			current_a += (double)block.current_a[i];
			voltage_v += (double)block.voltage_v[i];
			summed++;
		}
		next += block.count;
	}
	if (meter_stop(meter, &err))
		fail_msg("%s", err.text);
	assert_true(summed > 0);
	current_a /= (double)summed;
	voltage_v /= (double)summed;
	print_message("%s: %llu samples in %.0f ms, %.4f mA, %.4f V\n", meter_info(meter)->model,
		      (unsigned long long)next, now_ms() - begin_ms, current_a * 1e3, voltage_v);
	assert_true(fabs(current_a - CURRENT_A) < 0.01 * CURRENT_A);
	assert_true(fabs(voltage_v - SUPPLY_V) < 0.01 * SUPPLY_V);
}

static void stream(const char *name, const char *driver, const char *uri, uint64_t samples)
{
	struct vhci_device device = rig_plug(name);
	struct meter *meter = open_meter(driver, uri);

	assert_true(meter_info(meter)->is_virtual);
	measure(meter, samples);
	measure(meter, samples);
	meter_close(meter);
	rig_unplug(&device);
}

static void js220(void **state)
{
	(void)state;
	stream("js220", "js220", JS220_URI, 400000);
}

static void js110(void **state)
{
	(void)state;
	stream("js110", "js110", JS110_URI, 800000);
}

/* ---- unplugging ---- */

struct unplugging {
	struct vhci_device device;
	bool by_death; /* of the device; else at the host's side */
	double at_ms;
};

static void *unplug_soon(void *argument)
{
	struct unplugging *unplugging = argument;

	poll(NULL, 0, UNPLUG_MS);
	unplugging->at_ms = now_ms();
	if (unplugging->by_death)
		rig_kill(rig);
	else
		rig_unplug(&unplugging->device);
	return NULL;
}

static void unplug_streaming(bool by_death)
{
	struct unplugging unplugging = {.device = rig_plug("js220"), .by_death = by_death};
	struct meter *meter = open_meter("js220", JS220_URI);
	static struct meter_block block;
	struct err err = {""};
	uint64_t count = 0;
	pthread_t thread;
	double seen_ms;
	int ret;

	assert_int_equal(meter_start(meter, &err), 0);
	assert_int_equal(pthread_create(&thread, NULL, unplug_soon, &unplugging), 0);
	while (!(ret = meter_read(meter, &block, LONG_MS, &err)))
		count += block.count;
	seen_ms = now_ms();
	pthread_join(thread, NULL);
	print_message("%.1f ms after unplugging: %s\n", seen_ms - unplugging.at_ms, err.text);
	assert_int_equal(ret, -ENODEV);
	assert_true(count > 0 && seen_ms - unplugging.at_ms < SEEN_MS);
	assert_int_equal(meter_read(meter, &block, LONG_MS, &err), -ENODEV);
	meter_stop(meter, &err);
	meter_close(meter);
	assert_true(now_ms() - unplugging.at_ms < 2 * SEEN_MS);
	if (by_death) {
		rig_unplug(&unplugging.device);
		rig = rig_start(rig_yaml);
	}
}

/* Plugged in again it measures as before. */
static void unplugged(void **state)
{
	(void)state;
	unplug_streaming(false);
	unplug_streaming(true);
	stream("js220", "js220", JS220_URI, 100000);
}

/* ---- opening ---- */

static unsigned count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static void many_opens(void **state)
{
	const struct usb_expected expected = {.vendor = 0x16d0, .product = 0x10ba};
	struct vhci_device device = rig_plug("js220");
	unsigned before = count_descriptors();
	struct err err = {""};
	uint8_t status[2];
	struct usb *usb;

	(void)state;
	for (int i = 0; i < OPENS; i++) {
		if (usb_open(JS220_URI, &expected, &usb, &err) ||
		    usb_control(usb, 0x80, 0, 0, 0, status, 2, LONG_MS, NULL, &err))
			fail_msg("%d: %s", i, err.text);
		assert_string_equal(usb_identity(usb)->serial, "000220");
		usb_close(usb);
	}
	assert_int_equal(count_descriptors(), before);
	rig_unplug(&device);
}

static void one_at_a_time(void **state)
{
	const struct usb_expected expected = {.vendor = 0x16d0, .product = 0x10ba};
	struct vhci_device device = rig_plug("js220");
	struct usb *first, *second;
	struct err err = {""};

	(void)state;
	assert_int_equal(usb_open(JS220_URI, &expected, &first, &err), 0);
	assert_int_equal(usb_open(JS220_URI, &expected, &second, &err), -EBUSY);
	/* a request that the device does not know */
	assert_int_equal(usb_control(first, 0xc0, 0xee, 0, 0, NULL, 0, LONG_MS, NULL, &err),
			 -EPIPE);
	usb_close(first);
	rig_unplug(&device);
}

/* Another instrument of the kind is not taken for the one that was asked for. */
static void twins(void **state)
{
	const struct usb_expected expected = {.vendor = 0x16d0, .product = 0x10ba};
	struct vhci_device mine = rig_plug("js220"), twin = rig_plug("twin");
	struct usb_found *found;
	struct err err = {""};
	struct usb *usb;
	size_t count;

	(void)state;
	assert_int_equal(usb_scan(0x16d0, 0x10ba, &found, &count, &err), 0);
	assert_int_equal(count, 2);
	free(found);
	assert_int_equal(usb_open(JS220, &expected, &usb, &err), -ENOTUNIQ);
	assert_true(strstr(err.text, "000220") && strstr(err.text, "000221"));
	assert_int_equal(usb_open(JS220_URI, &expected, &usb, &err), 0);
	assert_string_equal(usb_identity(usb)->serial, "000220");
	usb_close(usb);
	rig_unplug(&mine);
	assert_int_equal(usb_open(JS220_URI, &expected, &usb, &err), -ENOENT);
	assert_non_null(strstr(err.text, "000221"));
	rig_unplug(&twin);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(js220, rig_unplug_all),
		cmocka_unit_test_teardown(js110, rig_unplug_all),
		cmocka_unit_test_teardown(unplugged, rig_unplug_all),
		cmocka_unit_test_teardown(many_opens, rig_unplug_all),
		cmocka_unit_test_teardown(one_at_a_time, rig_unplug_all),
		cmocka_unit_test_teardown(twins, rig_unplug_all),
	};

	guest_require();
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}
