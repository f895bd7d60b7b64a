/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The USB/IP client and the i2c-tiny-usb driver against the virtual rig's server and adapter: both
 * sides were written on their own, from the same documents.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "drivers/link/i2c.h"
#include "drivers/link/link.h"
#include "drivers/link/usb.h"
#include "rigs/virtual/meters/i2c_tiny_usb.h"
#include "rigs/virtual/server/usbip_port.h"
#include "tests/scratch.h"

enum { IN = 0x81, OUT = 0x02, CHUNK = 4096, CHUNKS = 500, ADDRESS = 0x40, LONG_MS = 5000 };

/* ---- a device that counts; request 1 says how many packets it may send ---- */

struct counter {
	struct usb_state usb;
	uint32_t packets, sent, taken;
	bool halts;
};

static const uint8_t counter_device[18] = {18,   1,    0,    2,    0xFF, 0, 0, 64, 0x34,
					   0x12, 0x78, 0x56, 0x00, 0x01, 1, 2, 3,  1};
static const uint8_t counter_configuration[32] = {9, 2, 32, 0,    1, 1, 0, 0x80, 50, 9,    4,
						  0, 0, 2,  0xFF, 0, 0, 0, 7,    5,  0x81, 2,
						  0, 2, 0,  7,    5, 2, 2, 0,    2,  0};

static int counter_control(void *state, const struct usb_setup *setup, uint8_t *data)
{
	const struct usb_descriptors descriptors = {
		.device = counter_device,
		.configuration = counter_configuration,
		.configuration_bytes = sizeof(counter_configuration),
		.strings = {NULL, "VIRTUAL test", "counter", "77"},
	};
	struct counter *counter = state;

	if (!(setup->request_type & 0x60))
		return usb_standard_request(&descriptors, &counter->usb, setup, data);
	if (setup->request == 1) {
		counter->packets += setup->value;
		return 0;
	}
	return setup->request == 2 ? USB_NAK : USB_STALL;
}

static int counter_out(void *state, uint8_t endpoint, const uint8_t *bytes, size_t count)
{
	struct counter *counter = state;

	(void)endpoint;
	(void)bytes;
	counter->taken += (uint32_t)count;
	return (int)count;
}

static int counter_in(void *state, uint8_t endpoint, uint8_t *bytes, size_t capacity)
{
	struct counter *counter = state;
	size_t count = 0;

	if (counter->usb.halted & usb_endpoint_bit(endpoint))
		return USB_STALL;
	while (counter->sent < counter->packets && count + USB_PACKET_MAX <= capacity) {
		for (size_t i = 0; i < USB_PACKET_MAX; i++)
			bytes[count + i] = (uint8_t)(counter->sent * 3 + i);
		count += USB_PACKET_MAX;
		counter->sent++;
	}
	if (!count && counter->halts)
		counter->usb.halted |= usb_endpoint_bit(endpoint);
	return count ? (int)count : USB_NAK;
}

static const struct usb_device_ops counter_ops = {"counter", counter_control, counter_out,
						  counter_in};

/* ---- an I2C chip with 16-bit registers ---- */

struct chip {
	uint16_t value[256];
	uint8_t pointer;
	unsigned bytes;
	bool is_mine;
};

static bool chip_start(void *context, uint8_t address, bool read)
{
	struct chip *chip = context;

	chip->is_mine = address == ADDRESS;
	chip->bytes = 0;
	(void)read;
	return chip->is_mine;
}

static bool chip_write(void *context, uint8_t byte)
{
	struct chip *chip = context;

	if (!chip->bytes++)
		chip->pointer = byte;
	else
		chip->value[chip->pointer] = (uint16_t)(chip->value[chip->pointer] << 8 | byte);
	return chip->is_mine;
}

static uint8_t chip_read(void *context, bool ack)
{
	struct chip *chip = context;

	(void)ack;
	return chip->bytes++ ? (uint8_t)chip->value[chip->pointer]
			     : (uint8_t)(chip->value[chip->pointer] >> 8);
}

static void chip_stop(void *context)
{
	(void)context;
}

/* ---- the rig's server in a thread ---- */

static struct rig {
	struct counter counter;
	struct chip chip;
	struct i2c_device i2c;
	struct vi2c_tiny_usb adapter;
	struct vusbip_port *port;
	pthread_t thread;
	atomic_bool quit, unplug;
	char uri[256];
} rig;

static void rig_connected(void *context, bool connected)
{
	(void)context;
	(void)connected;
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
		vusbip_port_flush(rig.port);
	}
	return NULL;
}

static void rig_start(const char *address, struct usb_device device)
{
	const struct vusbip_export export = {.busid = "meter-1", .device = device};
	struct verr err = {""};

	if (vusbip_port_open(address, &export, rig_connected, &rig.port, &err))
		fail_msg("%s", err.text);
	snprintf(rig.uri, sizeof(rig.uri), "%s", vusbip_port_address_text(rig.port));
	assert_int_equal(pthread_create(&rig.thread, NULL, rig_run, NULL), 0);
}

static int rig_new(void **state)
{
	(void)state;
	memset(&rig, 0, sizeof(rig));
	rig.i2c = (struct i2c_device){&rig.chip, chip_start, chip_write, chip_read, chip_stop};
	vi2c_tiny_usb_init(&rig.adapter, &rig.i2c, "4711");
	return 0;
}

static int rig_gone(void **state)
{
	(void)state;
	atomic_store(&rig.quit, true);
	pthread_join(rig.thread, NULL);
	vusbip_port_close(rig.port);
	return 0;
}

static struct usb *counter_open(const char *address)
{
	const struct usb_expected expected = {0x1234, 0x5678, 0};
	struct usb *usb = NULL;
	struct err err = {""};

	rig_start(address, (struct usb_device){&counter_ops, &rig.counter});
	if (usb_open(rig.uri, &expected, &usb, &err))
		fail_msg("%s", err.text);
	return usb;
}

static void counter_stream(struct usb *usb)
{
	const struct usb_stream_settings settings = {IN, CHUNK, 8};
	uint32_t packets = 0;
	struct err err = {""};

	assert_int_equal(usb_stream_start(usb, &settings, &err), 0);
	for (uint32_t i = 0; i < CHUNKS; i++) {
		const uint16_t more = CHUNK / USB_PACKET_MAX;
		struct usb_chunk chunk;

		assert_int_equal(usb_control(usb, 0x40, 1, more, 0, NULL, 0, LONG_MS, NULL, &err),
				 0);
		if (usb_stream_read(usb, &chunk, LONG_MS, &err))
			fail_msg("%s", err.text);
		assert_int_equal(chunk.count % USB_PACKET_MAX, 0);
		for (size_t at = 0; at < chunk.count; at++)
			assert_int_equal(chunk.bytes[at],
					 (uint8_t)((packets + at / USB_PACKET_MAX) * 3 +
						   at % USB_PACKET_MAX));
		packets += (uint32_t)(chunk.count / USB_PACKET_MAX);
	}
	assert_int_equal(usb_stream_stop(usb, &err), 0);
}

static void test_counter_unix(void **state)
{
	char address[640];
	struct usb *usb;
	uint8_t bytes[100000] = {0};
	struct err err = {""};

	(void)state;
	snprintf(address, sizeof(address), "unix:%s/usb", scratch_folder());
	usb = counter_open(address);
	assert_string_equal(usb_identity(usb)->serial, "77");
	assert_true(usb_identity(usb)->is_virtual);
	assert_int_equal(usb_bulk_write(usb, OUT, bytes, sizeof(bytes), LONG_MS, &err), 0);
	assert_int_equal(usb_control(usb, 0x40, 9, 0, 0, NULL, 0, LONG_MS, NULL, &err), -EPIPE);
	assert_int_equal(usb_control(usb, 0xC0, 2, 0, 0, bytes, 8, 30, NULL, &err), -ETIMEDOUT);
	counter_stream(usb);
	usb_close(usb);
	assert_int_equal(rig.counter.taken, sizeof(bytes));
}

static void test_counter_tcp(void **state)
{
	struct usb *usb = counter_open("tcp:127.0.0.1:0");

	(void)state;
	counter_stream(usb);
	usb_close(usb);
}

static void test_busy_and_absent(void **state)
{
	struct usb *first = counter_open("tcp:127.0.0.1:0"), *second = NULL;
	const struct usb_expected any = {0, 0, 0};
	struct err err = {""};

	(void)state;
	assert_int_equal(usb_open(rig.uri, &any, &second, &err), -EBUSY);
	rig.uri[strlen(rig.uri) - 1] = '2';
	assert_int_equal(usb_open(rig.uri, &any, &second, &err), -ENOENT);
	assert_non_null(strstr(err.text, "meter-1 (1234:5678)"));
	usb_close(first);
}

static void test_halt_and_unplug(void **state)
{
	const struct usb_stream_settings settings = {IN, CHUNK, 4};
	struct usb *usb;
	struct usb_chunk chunk;
	struct err err = {""};

	(void)state;
	rig.counter.halts = true;
	usb = counter_open("tcp:127.0.0.1:0");
	assert_int_equal(usb_stream_start(usb, &settings, &err), 0);
	assert_int_equal(usb_stream_read(usb, &chunk, LONG_MS, &err), -EPIPE);
	assert_int_equal(usb_stream_stop(usb, &err), 0);
	atomic_store(&rig.unplug, true);
	assert_int_equal(usb_control(usb, 0xC0, 2, 0, 0, &chunk, 8, LONG_MS, NULL, &err), -ENODEV);
	usb_close(usb);
}

static void test_i2c(void **state)
{
	struct i2c_read reads[] = {{0x3E, 2, {0}}, {0x02, 2, {0}}};
	struct i2c *i2c = NULL;
	struct err err = {""};
	char uri[300];

	(void)state;
	rig.chip.value[0x3E] = 0x5449;
	rig_start("tcp:127.0.0.1:0", vi2c_tiny_usb_usb(&rig.adapter));
	snprintf(uri, sizeof(uri), "i2c-tiny-usb:%s", rig.uri);
	if (i2c_open(uri, &i2c, &err))
		fail_msg("%s", err.text);
	assert_true(i2c_is_virtual(i2c));
	assert_int_equal(
		i2c_write_register(i2c, ADDRESS, 0x02, (const uint8_t *)"\x12\x34", 2, &err), 0);
	assert_int_equal(i2c_read_registers(i2c, ADDRESS, reads, 2, NULL, NULL, &err), 0);
	assert_memory_equal(reads[0].bytes, "\x54\x49", 2);
	assert_memory_equal(reads[1].bytes, "\x12\x34", 2);
	assert_int_equal(i2c_read_registers(i2c, 0x41, reads, 1, NULL, NULL, &err), -ENXIO);
	assert_int_equal(i2c_read_registers(i2c, ADDRESS, reads, 1, NULL, NULL, &err), 0);
	i2c_close(i2c);
}

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_new, rig_gone)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_counter_unix),
		RIG_TEST(test_counter_tcp),
		RIG_TEST(test_busy_and_absent),
		RIG_TEST(test_halt_and_unplug),
		RIG_TEST(test_i2c),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
