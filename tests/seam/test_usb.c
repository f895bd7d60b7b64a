/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Local USB devices through the unmodified libusb, on a played kernel: finding and opening, single
 * transfers, the stream, and everything that goes wrong with them.
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
#include <unistd.h>

#include <cmocka.h>

#include "drivers/link/link.h"
#include "drivers/link/record.h"
#include "drivers/link/usb.h"
#include "tests/scratch.h"
#include "tests/seam/usbfs.h"

enum { IN = 0x81, OUT = 0x02, PACKET = 512, SMALL = 1024, LONG_MS = 5000 };

static const struct usb_expected any = {0, 0, 0};
static const struct usb_expected kind = {0x16D0, 0x0E88, 0};

/* ---- the device ---- */

static struct seam_usb device;
static uint8_t last_out[64];
static size_t last_out_count;

/* Request 1 gives eight bytes, 2 takes up to 64, 3 is never answered; the others are refused. */
static int device_control(struct seam_usb *usb, const uint8_t setup[8], uint8_t *data,
			  size_t length)
{
	(void)usb;
	if (setup[1] == 1) {
		memcpy(data, "ABCDEFGH", length < 8 ? length : 8);
		return length < 8 ? (int)length : 8;
	}
	if (setup[1] == 2) {
		memcpy(last_out, data, length);
		last_out_count = length;
		return (int)length;
	}
	return setup[1] == 3 ? SEAM_USB_LATER : -EPIPE;
}

static int device_new(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	device = (struct seam_usb){.vendor = 0x16D0,
				   .product = 0x0E88,
				   .version_bcd = 0x0103,
				   .manufacturer = "Jetperch LLC",
				   .product_name = "Joulescope",
				   .serial = "000123",
				   .address = 5,
				   .control = device_control};
	return 0;
}

/* Nothing may be left open. */
static int device_gone(void **state)
{
	(void)state;
	seam_usb_unplug(&device);
	return seam_open_files() ? -1 : 0;
}

static struct usb *opened(void)
{
	struct err err = {""};
	struct usb *usb = NULL;

	seam_usb_plug(&device);
	if (usb_open("usb:16d0:0e88", &kind, &usb, &err))
		fail_msg("%s", err.text);
	return usb;
}

static void stream_begin(struct usb *usb, uint32_t transfer_bytes, uint32_t transfers)
{
	const struct usb_stream_settings settings = {IN, transfer_bytes, transfers};
	struct err err = {""};

	if (usb_stream_start(usb, &settings, &err))
		fail_msg("%s", err.text);
	assert_true(seam_usb_await(&device, IN, transfers));
}

/* Blocks of a counter: what comes must be what was sent. */
static void block_fill(uint8_t *bytes, size_t count, uint32_t number)
{
	for (size_t i = 0; i < count; i++)
		bytes[i] = (uint8_t)(number * 7 + i);
}

static void block_send(uint32_t number, size_t count)
{
	uint8_t bytes[SMALL];

	block_fill(bytes, count, number);
	assert_true(seam_usb_await(&device, IN, 1));
	assert_int_equal(seam_usb_send(&device, IN, bytes, count), count);
}

static void block_expect(struct usb *usb, uint32_t number, size_t count)
{
	struct usb_chunk chunk;
	struct err err = {""};
	uint8_t bytes[SMALL];

	if (usb_stream_read(usb, &chunk, LONG_MS, &err))
		fail_msg("block %u: %s", number, err.text);
	block_fill(bytes, count, number);
	assert_int_equal(chunk.count, count);
	assert_memory_equal(chunk.bytes, bytes, count);
	assert_true(chunk.t_mono_ns <= link_now_ns() &&
		    chunk.t_mono_ns > link_now_ns() - INT64_C(60000000000));
}

/* ---- opening ---- */

static void test_identity(void **state)
{
	struct usb *usb = opened();
	const struct usb_identity *identity = usb_identity(usb);

	(void)state;
	assert_int_equal(identity->vendor, 0x16D0);
	assert_int_equal(identity->product, 0x0E88);
	assert_int_equal(identity->version_bcd, 0x0103);
	assert_string_equal(identity->manufacturer, "Jetperch LLC");
	assert_string_equal(identity->product_name, "Joulescope");
	assert_string_equal(identity->serial, "000123");
	assert_false(identity->is_virtual);
	assert_string_equal(usb_uri(usb), "usb:16d0:0e88");
	usb_close(usb);
	assert_int_equal(device.claims, 1);
	assert_int_equal(device.releases, 1);
}

static void test_virtual(void **state)
{
	struct usb *usb;

	(void)state;
	device.manufacturer = "VIRTUAL Jetperch";
	usb = opened();
	assert_true(usb_identity(usb)->is_virtual);
	usb_close(usb);
}

static void open_fails(const char *uri, const struct usb_expected *expected, int code,
		       const char *sentence)
{
	struct usb *usb = NULL;
	struct err err = {""};

	assert_int_equal(usb_open(uri, expected, &usb, &err), code);
	assert_null(usb);
	if (!strstr(err.text, sentence))
		fail_msg("\"%s\" is not in \"%s\"", sentence, err.text);
	assert_non_null(strstr(err.text, uri));
	assert_int_equal(seam_open_files(), 0);
}

static void test_malformed(void **state)
{
	static const char *const uris[] = {"usb:",          "usb:16d0",       "usb:16d0:",
					   "usb:16d0:e88",  "usb:16d0:0e88:", "usb:16d0:0e888",
					   "usb:16dg:0e88", "usbx:16d0:0e88", "16d0:0e88"};

	(void)state;
	seam_usb_plug(&device);
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
		open_fails(uris[i], &any, -EINVAL, "");
}

static void test_absent(void **state)
{
	(void)state;
	open_fails("usb:16d0:0e88", &kind, -ENOENT, "there are: none");
	seam_usb_plug(&device);
	open_fails("usb:16d0:0e88:000999", &kind, -ENOENT, "there are: 000123");
	open_fails("usb:16d0:10ba", &any, -ENOENT, "there are: none");
}

static void test_wrong_device(void **state)
{
	const struct usb_expected other = {0x16D0, 0x10BA, 0};

	(void)state;
	seam_usb_plug(&device);
	open_fails("usb:16d0:0e88:000123", &other, -ENOTSUP,
		   "is 16d0:0e88 (Jetperch LLC Joulescope), where 16d0:10ba is expected");
	open_fails("usb:16d0:0e88", &(struct usb_expected){0, 0, 3}, -ENOTSUP, "no interface 3");
}

static void test_no_permission(void **state)
{
	(void)state;
	device.open_error = EACCES;
	seam_usb_plug(&device);
	open_fails("usb:16d0:0e88", &kind, -EACCES, "ATTR{idVendor}==\"16d0\"");
	open_fails("usb:16d0:0e88:000123", &kind, -EACCES, "ATTR{idProduct}==\"0e88\"");
	open_fails("usb:16d0:0e88", &kind, -EACCES, "/etc/udev/rules.d/");
}

static void test_two_alike(void **state)
{
	struct seam_usb other;
	struct usb *usb;
	struct err err = {""};

	(void)state;
	other = device;
	other.address = 6;
	other.serial = "000124";
	seam_usb_plug(&device);
	seam_usb_plug(&other);
	open_fails("usb:16d0:0e88", &kind, -ENOTUNIQ, "2 such devices");
	open_fails("usb:16d0:0e88", &kind, -ENOTUNIQ, "000123");
	assert_int_equal(usb_open("usb:16d0:0e88:000124", &kind, &usb, &err), 0);
	assert_string_equal(usb_identity(usb)->serial, "000124");
	assert_int_equal(other.claims, 1);
	assert_int_equal(device.claims, 0);
	usb_close(usb);
	seam_usb_unplug(&other);

	other.serial = NULL;
	device.serial = NULL;
	seam_usb_unplug(&device);
	seam_usb_plug(&device);
	seam_usb_plug(&other);
	open_fails("usb:16d0:0e88", &kind, -ENOTUNIQ, "(without a serial number)");
	seam_usb_unplug(&other);
}

static void test_held(void **state)
{
	struct usb *first, *second = NULL;
	struct err err = {""};

	(void)state;
	first = opened();
	assert_int_equal(usb_open("usb:16d0:0e88", &kind, &second, &err), -EBUSY);
	assert_non_null(strstr(err.text, "another program holds interface 0"));
	usb_close(first);
	device.is_claimed_elsewhere = true;
	open_fails("usb:16d0:0e88", &kind, -EBUSY, "another program");
}

/* A kernel driver is detached for as long as the device is open. */
static void test_kernel_driver(void **state)
{
	struct usb *usb;

	(void)state;
	device.has_kernel_driver = true;
	usb = opened();
	assert_false(device.has_kernel_driver);
	usb_close(usb);
	assert_int_equal(device.kernel_driver_attaches, 1);
}

static void test_hundred_opens(void **state)
{
	struct usb *usb;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct err err = {""};

		if (!i)
			seam_usb_plug(&device);
		if (usb_open("usb:16d0:0e88", &kind, &usb, &err))
			fail_msg("%d: %s", i, err.text);
		if (i % 2)
			stream_begin(usb, SMALL, 4);
		usb_close(usb);
		assert_int_equal(seam_open_files(), 0);
	}
	assert_int_equal(device.claims, 100);
	assert_int_equal(device.releases, 100);
}

static void test_scan(void **state)
{
	struct seam_usb other = device;
	struct usb_found *list;
	size_t count;
	struct err err = {""};

	(void)state;
	other.address = 7;
	other.product = 0x10BA;
	other.open_error = EACCES;
	seam_usb_plug(&device);
	seam_usb_plug(&other);
	assert_int_equal(usb_scan(0x16D0, 0, &list, &count, &err), 0);
	assert_int_equal(count, 2);
	for (size_t i = 0; i < count; i++) {
		bool is_open = list[i].identity.product == 0x0E88;

		assert_int_equal(list[i].open_error, is_open ? 0 : -EACCES);
		assert_string_equal(list[i].uri,
				    is_open ? "usb:16d0:0e88:000123" : "usb:16d0:10ba");
		assert_string_equal(list[i].identity.serial, is_open ? "000123" : "");
	}
	free(list);
	assert_int_equal(usb_scan(0x16D0, 0x10BA, &list, &count, &err), 0);
	assert_int_equal(count, 1);
	free(list);
	seam_usb_unplug(&other);
}

/* ---- single transfers ---- */

static void test_control(void **state)
{
	struct usb *usb = opened();
	uint8_t bytes[8] = {0};
	size_t count = 0;
	struct err err = {""};
	int64_t begin_ns;

	(void)state;
	assert_int_equal(usb_control(usb, 0xC0, 1, 0, 0, bytes, 8, 1000, &count, &err), 0);
	assert_int_equal(count, 8);
	assert_memory_equal(bytes, "ABCDEFGH", 8);
	assert_int_equal(usb_control(usb, 0xC0, 1, 0, 0, bytes, 3, 1000, &count, &err), 0);
	assert_int_equal(count, 3);
	assert_int_equal(usb_control(usb, 0x40, 2, 0x1234, 1, "xyz", 3, 1000, NULL, &err), 0);
	assert_int_equal(last_out_count, 3);
	assert_memory_equal(last_out, "xyz", 3);
	assert_int_equal(usb_control(usb, 0x40, 9, 7, 0, NULL, 0, 1000, NULL, &err), -EPIPE);
	assert_non_null(strstr(err.text, "40.09"));
	begin_ns = link_now_ns();
	assert_int_equal(usb_control(usb, 0xC0, 3, 0, 0, bytes, 8, 30, &count, &err), -ETIMEDOUT);
	assert_true(link_now_ns() - begin_ns >= 25000000);
	assert_int_equal(device.pending != NULL, 0);
	usb_close(usb);
}

static void test_bulk(void **state)
{
	struct usb *usb = opened();
	uint8_t bytes[PACKET];
	size_t count = 0;
	struct err err = {""};

	(void)state;
	assert_int_equal(usb_bulk_write(usb, OUT, bytes, sizeof(bytes), 1000, &err), 0);
	assert_int_equal(usb_bulk_read(usb, IN, bytes, sizeof(bytes), 20, &count, &err),
			 -ETIMEDOUT);
	seam_usb_halt(&device, OUT);
	assert_int_equal(usb_bulk_write(usb, OUT, bytes, 1, 1000, &err), -EPIPE);
	assert_int_equal(usb_clear_halt(usb, OUT, &err), 0);
	assert_int_equal(usb_bulk_write(usb, OUT, bytes, 1, 1000, &err), 0);
	seam_usb_unplug(&device);
	assert_int_equal(usb_bulk_write(usb, OUT, bytes, 1, 1000, &err), -ENODEV);
	assert_int_equal(usb_bulk_read(usb, IN, bytes, 1, 1000, &count, &err), -ENODEV);
	assert_int_equal(usb_control(usb, 0xC0, 1, 0, 0, bytes, 8, 1000, NULL, &err), -ENODEV);
	assert_non_null(strstr(err.text, "gone"));
	usb_close(usb);
}

/* A device that leaves while a request waits for it. */
static void *unplug_soon(void *arg)
{
	(void)arg;
	usleep(20000);
	seam_usb_unplug(&device);
	return NULL;
}

static void test_unplugged_in_control(void **state)
{
	struct usb *usb = opened();
	uint8_t bytes[8];
	struct err err = {""};
	pthread_t thread;
	int64_t begin_ns = link_now_ns();

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, unplug_soon, NULL), 0);
	assert_int_equal(usb_control(usb, 0xC0, 3, 0, 0, bytes, 8, 60000, NULL, &err), -ENODEV);
	assert_true(link_now_ns() - begin_ns < INT64_C(5000000000));
	pthread_join(thread, NULL);
	usb_close(usb);
}

/* ---- the stream ---- */

static void test_stream(void **state)
{
	struct usb *usb = opened();
	const struct usb_stream_settings settings = {IN, SMALL, 4};
	struct usb_chunk chunk;
	struct err err = {""};

	(void)state;
	assert_int_equal(usb_stream_read(usb, &chunk, 0, &err), -ENODATA);
	stream_begin(usb, SMALL, 4);
	assert_int_equal(usb_stream_start(usb, &settings, &err), -EALREADY);
	assert_int_equal(usb_stream_read(usb, &chunk, 0, &err), -ETIMEDOUT);
	for (uint32_t i = 0; i < 200; i++) {
		block_send(i, i % 3 == 2 ? 100 : SMALL); /* short packets among them */
		block_expect(usb, i, i % 3 == 2 ? 100 : SMALL);
	}
	assert_true(seam_usb_await(&device, IN, 4));
	assert_int_equal(usb_stream_stop(usb, &err), 0);
	assert_int_equal(seam_usb_waiting(&device, IN), 0);
	assert_int_equal(usb_stream_read(usb, &chunk, 1000, &err), -ENODATA);
	assert_int_equal(usb_stream_stop(usb, &err), 0);
	stream_begin(usb, SMALL, 2);
	block_send(7, 5);
	block_expect(usb, 7, 5);
	usb_close(usb);
}

/* A reader that is late holds the device back, and misses nothing. */
static void test_stream_reader_late(void **state)
{
	struct usb *usb = opened();
	uint32_t sent = 0;
	uint8_t bytes[SMALL];

	(void)state;
	stream_begin(usb, SMALL, 4);
	for (;;) {
		block_fill(bytes, SMALL, sent);
		if (seam_usb_send(&device, IN, bytes, SMALL) == -EAGAIN) {
			usleep(20000); /* the driver submits what it can */
			if (!seam_usb_waiting(&device, IN))
				break;
			continue;
		}
		sent++;
	}
	assert_int_equal(sent, 16); /* four buffers for each transfer */
	for (uint32_t i = 0; i < sent; i++)
		block_expect(usb, i, SMALL);
	assert_true(seam_usb_await(&device, IN, 4));
	block_send(sent, SMALL);
	block_expect(usb, sent, SMALL);
	usb_close(usb);
}

static void unplugged_stream(struct usb *usb)
{
	struct usb_chunk chunk;
	struct err err = {""};
	int64_t begin_ns = link_now_ns();

	block_expect(usb, 0, SMALL);
	block_expect(usb, 1, SMALL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(usb_stream_read(usb, &chunk, LONG_MS, &err), -ENODEV);
	assert_true(link_now_ns() - begin_ns < INT64_C(2000000000));
	assert_int_equal(usb_control(usb, 0xC0, 1, 0, 0, NULL, 0, 100, NULL, &err), -ENODEV);
	assert_int_equal(usb_stream_stop(usb, &err), 0);
	usb_close(usb);
}

static void test_unplug_as_status(void **state)
{
	struct usb *usb = opened();

	(void)state;
	stream_begin(usb, SMALL, 4);
	block_send(0, SMALL);
	block_send(1, SMALL);
	assert_true(seam_usb_await(&device, IN, 4));
	seam_usb_unplug(&device);
	unplugged_stream(usb);
}

/* The kernel refuses submits before it brings back what is under way. */
static void test_unplug_as_submit_error(void **state)
{
	struct usb *usb = opened();

	(void)state;
	stream_begin(usb, SMALL, 4);
	block_send(0, SMALL);
	assert_true(seam_usb_await(&device, IN, 4));
	seam_usb_refuse(&device);
	block_send(1, SMALL);
	unplugged_stream(usb);
	assert_int_equal(seam_usb_waiting(&device, IN), 0);
}

static void test_halt(void **state)
{
	struct usb *usb = opened();
	struct usb_chunk chunk;
	struct err err = {""};

	(void)state;
	stream_begin(usb, SMALL, 4);
	block_send(0, 10);
	assert_true(seam_usb_await(&device, IN, 4));
	seam_usb_halt(&device, IN);
	block_expect(usb, 0, 10);
	assert_int_equal(usb_stream_read(usb, &chunk, LONG_MS, &err), -EPIPE);
	assert_non_null(strstr(err.text, "halted"));
	assert_int_equal(usb_stream_read(usb, &chunk, LONG_MS, &err), -EPIPE);
	assert_int_equal(usb_stream_stop(usb, &err), 0);
	assert_int_equal(usb_clear_halt(usb, IN, &err), 0);
	stream_begin(usb, SMALL, 4);
	block_send(1, 10);
	block_expect(usb, 1, 10);
	usb_close(usb);
}

static void test_bus_error(void **state)
{
	struct usb *usb = opened();
	struct usb_chunk chunk;
	struct err err = {""};

	(void)state;
	stream_begin(usb, SMALL, 4);
	block_send(0, SMALL);
	assert_true(seam_usb_await(&device, IN, 4));
	assert_int_equal(seam_usb_send_status(&device, IN, "abc", 3, -EPROTO), 3);
	block_expect(usb, 0, SMALL);
	assert_int_equal(usb_stream_read(usb, &chunk, LONG_MS, &err), 0);
	assert_int_equal(chunk.count, 3); /* what came before the error */
	assert_int_equal(usb_stream_read(usb, &chunk, LONG_MS, &err), -EIO);
	usb_close(usb);
}

/* The kernel has memory for three transfers of eight. */
static void test_memory_at_start(void **state)
{
	const struct usb_stream_settings settings = {IN, SMALL, 8};
	struct err err = {""};
	struct usb *usb;

	(void)state;
	device.has_no_maps = true;
	device.memory_limit = 3 * SMALL;
	usb = opened();
	assert_int_equal(usb_stream_start(usb, &settings, &err), 0);
	assert_int_equal(seam_usb_waiting(&device, IN), 3);
	for (uint32_t i = 0; i < 50; i++) {
		block_send(i, SMALL);
		block_expect(usb, i, SMALL);
	}
	assert_int_equal(usb_stream_stop(usb, &err), 0);
	device.memory_limit = SMALL - 1;
	assert_int_equal(usb_stream_start(usb, &settings, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "usbfs_memory_mb"));
	usb_close(usb);
}

/* Somebody else takes the kernel's memory while the stream runs, and gives it back. */
static void test_memory_later(void **state)
{
	struct usb *usb;

	(void)state;
	device.has_no_maps = true;
	usb = opened();
	stream_begin(usb, SMALL, 4);
	seam_usb_lock();
	device.memory_limit = 1;
	seam_usb_unlock();
	for (uint32_t i = 0; i < 4; i++)
		block_send(i, SMALL);
	for (uint32_t i = 0; i < 4; i++)
		block_expect(usb, i, SMALL);
	assert_int_equal(seam_usb_waiting(&device, IN), 0);
	seam_usb_lock();
	device.memory_limit = 0;
	seam_usb_unlock();
	assert_true(seam_usb_await(&device, IN, 4));
	block_send(4, SMALL);
	block_expect(usb, 4, SMALL);
	usb_close(usb);
}

static void test_zero_copy(void **state)
{
	struct usb *usb = opened();

	(void)state;
	stream_begin(usb, SMALL, 4);
	assert_int_equal(device.maps, 16);
	usb_close(usb);
}

/* What the cancelled transfers hold is not lost, and comes in order. */
static uint32_t discarded_number;

static size_t some_discarded(struct seam_usb *usb, uint8_t endpoint, uint8_t *bytes, size_t size)
{
	(void)usb;
	(void)endpoint;
	(void)size;
	block_fill(bytes, 64, discarded_number++);
	return 64;
}

static void test_cancel_with_data(void **state)
{
	struct usb *usb;
	struct usb_chunk chunk;
	struct err err = {""};

	(void)state;
	device.discarded = some_discarded;
	discarded_number = 1;
	usb = opened();
	stream_begin(usb, SMALL, 4);
	block_send(0, SMALL);
	assert_true(seam_usb_await(&device, IN, 4));
	assert_int_equal(usb_stream_stop(usb, &err), 0);
	block_expect(usb, 0, SMALL);
	for (uint32_t i = 1; i <= 4; i++)
		block_expect(usb, i, 64);
	assert_int_equal(usb_stream_read(usb, &chunk, 0, &err), -ENODATA);
	usb_close(usb);
}

/* Stopping wakes a reader that waits in another thread. */
static void *read_long(void *arg)
{
	struct usb_chunk chunk;

	return (void *)(intptr_t)usb_stream_read(arg, &chunk, 60000, NULL);
}

static void test_stop_wakes_reader(void **state)
{
	struct usb *usb = opened();
	pthread_t thread;
	void *result;

	(void)state;
	stream_begin(usb, SMALL, 4);
	assert_int_equal(pthread_create(&thread, NULL, read_long, usb), 0);
	usleep(20000);
	assert_int_equal(usb_stream_stop(usb, NULL), 0);
	pthread_join(thread, &result);
	assert_int_equal((intptr_t)result, -ENODATA);
	usb_close(usb);
}

/* Control transfers while data streams to another thread. */
static atomic_bool busy_stop;

static void *send_busily(void *arg)
{
	uint32_t number = 0;

	(void)arg;
	while (!atomic_load(&busy_stop)) {
		uint8_t bytes[SMALL];

		block_fill(bytes, SMALL, number);
		if (seam_usb_send(&device, IN, bytes, SMALL) == -EAGAIN)
			sched_yield();
		else
			number++;
	}
	return NULL;
}

static void *read_busily(void *arg)
{
	struct usb_chunk chunk;
	uint8_t bytes[SMALL];
	intptr_t number = 0;

	while (!usb_stream_read(arg, &chunk, LONG_MS, NULL)) {
		block_fill(bytes, SMALL, (uint32_t)number);
		if (chunk.count != SMALL || memcmp(chunk.bytes, bytes, SMALL))
			return (void *)-1;
		number++;
	}
	return (void *)number;
}

static void test_control_beside_stream(void **state)
{
	struct usb *usb = opened();
	pthread_t sender, reader;
	uint8_t bytes[8];
	void *count;

	(void)state;
	atomic_store(&busy_stop, false);
	stream_begin(usb, SMALL, 8);
	assert_int_equal(pthread_create(&sender, NULL, send_busily, NULL), 0);
	assert_int_equal(pthread_create(&reader, NULL, read_busily, usb), 0);
	for (int i = 0; i < 200; i++) {
		struct err err = {""};

		if (usb_control(usb, 0xC0, 1, 0, 0, bytes, 8, LONG_MS, NULL, &err))
			fail_msg("%s", err.text);
	}
	assert_int_equal(usb_stream_stop(usb, NULL), 0);
	pthread_join(reader, &count);
	atomic_store(&busy_stop, true);
	pthread_join(sender, NULL);
	assert_true((intptr_t)count > 0);
	usb_close(usb);
}

/* ---- on a tape ---- */

struct session {
	char text[64][160];
	size_t count;
};

static void note(struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void note(struct session *session, const char *format, ...)
{
	va_list args;

	assert_true(session->count < 64);
	va_start(args, format);
	vsnprintf(session->text[session->count++], sizeof(session->text[0]), format, args);
	va_end(args);
}

static void session_run(struct link_tape *tape, bool is_live, struct session *session)
{
	const struct usb_stream_settings settings = {IN, SMALL, 4};
	struct usb_chunk chunk;
	struct usb *usb = NULL;
	struct err err = {""};
	uint8_t bytes[SMALL] = {0};
	size_t count = 0;
	int ret = usb_open_taped(tape, "usb:16d0:0e88", &kind, &usb, &err);

	assert_int_equal(ret, 0);
	note(session, "%04x %s %s %d", usb_identity(usb)->version_bcd,
	     usb_identity(usb)->manufacturer, usb_identity(usb)->serial,
	     usb_identity(usb)->is_virtual);
	note(session, "clock %lld", (long long)usb_clock_ns(usb));
	ret = usb_control(usb, 0xC0, 1, 0, 0, bytes, 8, 1000, &count, &err);
	note(session, "in %d %zu %.8s", ret, count, (char *)bytes);
	ret = usb_control(usb, 0x40, 2, 0, 0, "xyz", 3, 1000, &count, &err);
	note(session, "out %d %zu", ret, count);
	ret = usb_control(usb, 0x40, 9, 0, 0, NULL, 0, 1000, &count, &err);
	note(session, "refused %d %s", ret, err.text);
	ret = usb_bulk_write(usb, OUT, "hello", 5, 1000, &err);
	note(session, "write %d", ret);
	ret = usb_bulk_read(usb, IN, bytes, sizeof(bytes), 1, &count, &err);
	note(session, "read %d %s", ret, err.text);
	note(session, "start %d", usb_stream_start(usb, &settings, &err));
	for (uint32_t i = 0; i < 5; i++) {
		if (is_live)
			block_send(i, 200 + i);
		ret = usb_stream_read(usb, &chunk, LONG_MS, &err);
		note(session, "chunk %d %zu %02x %lld", ret, chunk.count, chunk.bytes[i],
		     (long long)chunk.t_mono_ns);
	}
	note(session, "none %d", usb_stream_read(usb, &chunk, 0, &err));
	note(session, "stop %d %d", usb_stream_stop(usb, &err), usb_clear_halt(usb, IN, &err));
	usb_close(usb);
}

static void test_tape(void **state)
{
	static struct session live, replayed;
	char path[600];
	struct link_tape *tape;
	struct err err = {""};
	int64_t when_ns;

	(void)state;
	snprintf(path, sizeof(path), "%s/usb.link", scratch_folder());
	live.count = replayed.count = 0;
	seam_usb_plug(&device);
	assert_int_equal(link_tape_record(path, &tape, &err), 0);
	session_run(tape, true, &live);
	assert_int_equal(link_tape_close(tape, &err), 0);
	seam_usb_unplug(&device);

	assert_int_equal(link_tape_replay(path, &tape, &err), 0);
	session_run(tape, false, &replayed);
	assert_int_equal(replayed.count, live.count);
	for (size_t i = 0; i < live.count; i++)
		assert_string_equal(replayed.text[i], live.text[i]);
	assert_int_equal(link_tape_outcome(tape, &when_ns, &err), LINK_TAPE_WHOLE);
	link_tape_close(tape, NULL);
}

/* Something else is asked of the device than was. */
static void test_tape_differs(void **state)
{
	char path[600];
	struct link_tape *tape;
	struct err err = {""};
	struct usb *usb;
	int64_t when_ns;

	(void)state;
	snprintf(path, sizeof(path), "%s/usb.link", scratch_folder());
	seam_usb_plug(&device);
	assert_int_equal(link_tape_record(path, &tape, &err), 0);
	assert_int_equal(usb_open_taped(tape, "usb:16d0:0e88", &kind, &usb, &err), 0);
	assert_int_equal(usb_control(usb, 0x40, 2, 1, 0, "xyz", 3, 1000, NULL, &err), 0);
	usb_close(usb);
	assert_int_equal(link_tape_close(tape, &err), 0);

	assert_int_equal(link_tape_replay(path, &tape, &err), 0);
	assert_int_equal(usb_open_taped(tape, "usb:16d0:0e88", &kind, &usb, &err), 0);
	assert_int_equal(usb_control(usb, 0x40, 2, 1, 0, "xyw", 3, 1000, NULL, &err), -ECANCELED);
	assert_int_equal(link_tape_outcome(tape, &when_ns, &err), LINK_TAPE_DIFFERS);
	assert_non_null(strstr(err.text, "record 2: expected a control transfer with setup 40 02"));
	assert_non_null(strstr(err.text, "78 79 77"));
	usb_close(usb);
	link_tape_close(tape, NULL);
}

#define USB_TEST(name) cmocka_unit_test_setup_teardown(name, device_new, device_gone)

int main(void)
{
	const struct CMUnitTest tests[] = {
		USB_TEST(test_identity),
		USB_TEST(test_virtual),
		USB_TEST(test_malformed),
		USB_TEST(test_absent),
		USB_TEST(test_wrong_device),
		USB_TEST(test_no_permission),
		USB_TEST(test_two_alike),
		USB_TEST(test_held),
		USB_TEST(test_kernel_driver),
		USB_TEST(test_hundred_opens),
		USB_TEST(test_scan),
		USB_TEST(test_control),
		USB_TEST(test_bulk),
		USB_TEST(test_unplugged_in_control),
		USB_TEST(test_stream),
		USB_TEST(test_stream_reader_late),
		USB_TEST(test_unplug_as_status),
		USB_TEST(test_unplug_as_submit_error),
		USB_TEST(test_halt),
		USB_TEST(test_bus_error),
		USB_TEST(test_memory_at_start),
		USB_TEST(test_memory_later),
		USB_TEST(test_zero_copy),
		USB_TEST(test_cancel_with_data),
		USB_TEST(test_stop_wakes_reader),
		USB_TEST(test_control_beside_stream),
		USB_TEST(test_tape),
		USB_TEST(test_tape_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
