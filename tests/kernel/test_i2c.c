/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The INA drivers through i2c-dev and the kernel's i2c-tiny-usb driver, whose adapters are virtual.
 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/meter/meter.h"
#include "tests/kernel/rig.h"

enum {
	SAMPLES = 20,
	LONG_MS = 3000,
	ADDRESS = 0x40,
	NOBODY = 0x41,
	UNPLUG_MS = 300,
	KERNEL_MS = 2000, /* which drivers/i2c/busses/i2c-tiny-usb.c gives a request */
};

#define SUPPLY_V  3.3
#define CURRENT_A 3.3e-3 /* through RIG_LOAD_OHM */
/* A shunt of 1 %; an INA219 has steps of 10 uV, and an offset of several. */
#define LIMIT_228_A 0.07e-3
#define LIMIT_219_A 0.25e-3
/* The virtual adapter answers once per millisecond or so: long conversions. */
#define OPTIONS_228 "rshunt_ohm=0.1, averaging=64"
#define OPTIONS_219 "rshunt_ohm=0.1, conversion=68100us"
#define ADAPTER_ID  "usb:0403:c631"

static const char rig_yaml[] =
	"seed: 1\n"
	"pace: 1\n"
	"meters:\n"
	"  - {name: ina228, kind: ina228, supply: 3.3 V, serial: \"228001\", listen: "
	"\"unix:" RIG_FOLDER "/ina228\"}\n"
	"  - {name: ina219, kind: ina219, supply: 3.3 V, serial: \"219001\", listen: "
	"\"unix:" RIG_FOLDER "/ina219\"}\n"
	"boards:\n"
	"  - {name: b228, part: stm32l4r5, supply: ina228, load: " RIG_LOAD
	", listen: \"unix:" RIG_FOLDER "/b228\"}\n"
	"  - {name: b219, part: stm32l4r5, supply: ina219, load: " RIG_LOAD
	", listen: \"unix:" RIG_FOLDER "/b219\"}\n";

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

/* The bus that the kernel made of an adapter, as a uri; false after 5 s without one. */
static bool find_bus(const struct vhci_device *device, char *ret_uri, size_t size)
{
	double until_ms = now_ms() + 5000;
	char folder_path[128];

	snprintf(folder_path, sizeof(folder_path), "/sys/bus/usb/devices/%s:1.0", device->busid);
	for (; now_ms() < until_ms; poll(NULL, 0, 5)) {
		DIR *folder = opendir(folder_path);
		const struct dirent *entry;
		unsigned number;
		bool found = false;

		while (folder && !found && (entry = readdir(folder)))
			found = sscanf(entry->d_name, "i2c-%u", &number) == 1;
		if (folder)
			closedir(folder);
		if (!found)
			continue;
		snprintf(ret_uri, size, "i2c:/dev/i2c-%u", number);
		return wait_for(ret_uri + strlen("i2c:"));
	}
	return false;
}

struct totals {
	uint64_t count, lost;
	double current_a, voltage_v; /* means */
};

/* A short measurement. The host's pace decides how many samples are lost; together with those that
 * came they have to fill the time. */
static struct totals measure(const char *driver, const char *uri, const char *options)
{
	const struct meter_settings settings = {.options = options};
	static struct meter_block block;
	struct totals totals = {0};
	struct meter *meter;
	struct err err = {""};
	double begin_ms, expected;

	if (meter_open_uri(driver, NULL, uri, &settings, &meter, &err) || meter_start(meter, &err))
		fail_msg("%s: %s", uri, err.text);
	assert_true(meter_info(meter)->is_virtual);
	begin_ms = now_ms();
	while (totals.count < SAMPLES) {
		if (meter_read(meter, &block, LONG_MS, &err))
			fail_msg("%s: %s", uri, err.text);
		totals.lost += block.lost;
		for (uint32_t i = 0; i < block.count; i++) {
			totals.current_a += (double)block.current_a[i];
			totals.voltage_v += (double)block.voltage_v[i];
		}
		totals.count += block.count;
	}
	expected = (now_ms() - begin_ms) * 1e-3 * meter_info(meter)->rate_hz;
	assert_true(fabs((double)(totals.count + totals.lost) - expected) < 3 + 0.1 * expected);
	assert_int_equal(meter_stop(meter, &err), 0);
	meter_close(meter);
	totals.current_a /= (double)totals.count;
	totals.voltage_v /= (double)totals.count;
	print_message("%s %s: %llu samples, %.4f mA, %.4f V, lost %llu\n", driver, uri,
		      (unsigned long long)totals.count, totals.current_a * 1e3, totals.voltage_v,
		      (unsigned long long)totals.lost);
	return totals;
}

static void check_totals(const struct totals *totals, double limit_a)
{
	assert_true(fabs(totals->voltage_v - SUPPLY_V) < 0.01 * SUPPLY_V);
	assert_true(fabs(totals->current_a - CURRENT_A) < limit_a);
}

/* Through the kernel, then around it: libusb takes the adapter from the kernel's driver and gives
 * it back. */
static void kernel_and_direct(const char *driver, const char *serial, const char *options,
			      double limit_a)
{
	struct vhci_device device = rig_plug(driver);
	struct totals kernel, direct, again;
	char uri[64], direct_uri[64], text[32];
	struct err err;

	assert_int_equal(vhci_read(&device, "serial", text, sizeof(text), &err), 0);
	assert_string_equal(text, serial);
	assert_true(find_bus(&device, uri, sizeof(uri)));
	snprintf(direct_uri, sizeof(direct_uri), "i2c-tiny-usb:" ADAPTER_ID ":%s", serial);
	kernel = measure(driver, uri, options);
	check_totals(&kernel, limit_a);
	direct = measure(driver, direct_uri, options);
	check_totals(&direct, limit_a);
	assert_true(find_bus(&device, uri, sizeof(uri)));
	again = measure(driver, uri, options);
	check_totals(&again, limit_a);
	rig_unplug(&device);
}

static void ina228(void **state)
{
	(void)state;
	kernel_and_direct("ina228", "228001", OPTIONS_228, LIMIT_228_A);
}

static void ina219(void **state)
{
	(void)state;
	kernel_and_direct("ina219", "219001", OPTIONS_219, LIMIT_219_A);
}

static void nobody_answers(void **state)
{
	const struct meter_settings settings = {.options = OPTIONS_228 ", address=0x41"};
	struct vhci_device device = rig_plug("ina228");
	struct i2c_read read = {.pointer = 0, .count = 2};
	struct meter *meter;
	struct i2c *i2c;
	struct err err = {""};
	char uri[64];

	(void)state;
	assert_true(find_bus(&device, uri, sizeof(uri)));
	assert_int_equal(i2c_open(uri, &i2c, &err), 0);
	assert_int_equal(i2c_read_registers(i2c, NOBODY, &read, 1, NULL, NULL, &err), -ENXIO);
	assert_non_null(strstr(err.text, "0x41"));
	/* the bus is none the worse for it */
	if (i2c_read_registers(i2c, ADDRESS, &read, 1, NULL, NULL, &err))
		fail_msg("%s", err.text);
	i2c_close(i2c);
	assert_int_equal(meter_open_uri("ina228", NULL, uri, &settings, &meter, &err), -ENXIO);
	assert_non_null(strstr(err.text, "0x41"));
	rig_unplug(&device);
}

static void write_text(const char *path, const char *text)
{
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

/* The kernel's own ina2xx driver has the address. */
static void held_by_kernel(void **state)
{
	const struct meter_settings settings = {.options = OPTIONS_219};
	struct vhci_device device = rig_plug("ina219");
	char uri[64], path[128];
	struct meter *meter;
	struct err err = {""};
	const char *bus;

	(void)state;
	assert_true(find_bus(&device, uri, sizeof(uri)));
	bus = strrchr(uri, '/') + 1;
	snprintf(path, sizeof(path), "/sys/bus/i2c/devices/%s/new_device", bus);
	write_text(path, "ina219 0x40");
	assert_int_equal(meter_open_uri("ina219", NULL, uri, &settings, &meter, &err), -EBUSY);
	assert_non_null(strstr(err.text, "unbind"));
	snprintf(path, sizeof(path), "/sys/bus/i2c/devices/%s/delete_device", bus);
	write_text(path, "0x40");
	if (meter_open_uri("ina219", NULL, uri, &settings, &meter, &err))
		fail_msg("%s", err.text);
	meter_close(meter);
	rig_unplug(&device);
}

static void *unplug_soon(void *device)
{
	poll(NULL, 0, UNPLUG_MS);
	rig_unplug(device);
	return NULL;
}

static void unplugged(void **state)
{
	const struct meter_settings settings = {.options = OPTIONS_228};
	struct vhci_device device = rig_plug("ina228");
	static struct meter_block block;
	struct meter *meter;
	struct err err = {""};
	pthread_t thread;
	double begin_ms;
	char uri[64];
	int ret;

	(void)state;
	assert_true(find_bus(&device, uri, sizeof(uri)));
	if (meter_open_uri("ina228", NULL, uri, &settings, &meter, &err) ||
	    meter_start(meter, &err))
		fail_msg("%s", err.text);
	begin_ms = now_ms();
	assert_int_equal(pthread_create(&thread, NULL, unplug_soon, &device), 0);
	do {
		ret = meter_read(meter, &block, LONG_MS, &err);
	} while (!ret);
	print_message("after %.0f ms: %s\n", now_ms() - begin_ms, err.text);
	assert_int_equal(ret, -ENODEV);
	assert_true(now_ms() - begin_ms < UNPLUG_MS + KERNEL_MS + 500);
	meter_close(meter);
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(ina228, rig_unplug_all),
		cmocka_unit_test_teardown(ina219, rig_unplug_all),
		cmocka_unit_test_teardown(nobody_answers, rig_unplug_all),
		cmocka_unit_test_teardown(held_by_kernel, rig_unplug_all),
		cmocka_unit_test_teardown(unplugged, rig_unplug_all),
	};

	guest_require();
	return cmocka_run_group_tests(tests, start, stop);
}
