/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The i2c-tiny-usb adapter: what its requests do on the bus, status, time, identity.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "rigs/virtual/meters/i2c_tiny_usb.h"

#define ADDRESS 0x40

struct fixture {
	struct vi2c_tiny_usb adapter;
	struct usb_device usb;
	struct i2c_device device;
	char bus[256]; /* what happened */
};

static void note(struct fixture *f, const char *format, unsigned value)
{
	size_t at = strlen(f->bus);

	snprintf(f->bus + at, sizeof(f->bus) - at, format, value);
}

static bool on_start(void *context, uint8_t address, bool read)
{
	note(context, read ? "S%02xr " : "S%02xw ", address);
	return address == ADDRESS;
}

static bool on_write(void *context, uint8_t byte)
{
	note(context, "%02x ", byte);
	return true;
}

static uint8_t on_read(void *context, bool ack)
{
	note(context, ack ? "a " : "n ", 0);
	return 0x5a;
}

static void on_stop(void *context)
{
	note(context, "P ", 0);
}

static void new_adapter(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->device = (struct i2c_device){f, on_start, on_write, on_read, on_stop};
	vi2c_tiny_usb_init(&f->adapter, &f->device, "004711");
	f->usb = vi2c_tiny_usb_usb(&f->adapter);
}

static int control(struct fixture *f, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
		   uint8_t *data, uint16_t length)
{
	const struct usb_setup setup = {type, request, value, index, length};

	return f->usb.ops->control(f->usb.state, &setup, data);
}

static unsigned status(struct fixture *f)
{
	uint8_t byte = 0xff;

	assert_int_equal(control(f, 0xc1, 3, 0, 0, &byte, 1), 1);
	return byte;
}

/* Register read: write the pointer, repeated start, read. */
static void test_combined(void **state)
{
	struct fixture f;
	uint8_t pointer = 0x04, bytes[3] = {0};

	(void)state;
	new_adapter(&f);
	assert_int_equal(status(&f), 0);
	assert_int_equal(control(&f, 0x41, 4 | 1, 0, ADDRESS, &pointer, 1), 1);
	assert_int_equal(status(&f), 1);
	assert_int_equal(vi2c_tiny_usb_take_us(&f.adapter), 190);
	assert_int_equal(control(&f, 0xc1, 4 | 2, 1, ADDRESS, bytes, 3), 3);
	assert_int_equal(status(&f), 1);
	assert_string_equal(f.bus, "S40w 04 S40r a a n P ");
	assert_memory_equal(bytes, "\x5a\x5a\x5a", 3);
	assert_int_equal(vi2c_tiny_usb_take_us(&f.adapter), 380);
	assert_int_equal(vi2c_tiny_usb_take_us(&f.adapter), 0);
}

static void test_write_and_delay(void **state)
{
	struct fixture f;
	uint8_t bytes[3] = {1, 2, 3};

	(void)state;
	new_adapter(&f);
	assert_int_equal(control(&f, 0x41, 2, 3, 0, bytes, 0), 0);
	assert_int_equal(control(&f, 0x41, 4 | 1 | 2, 0, ADDRESS, bytes, 3), 3);
	assert_string_equal(f.bus, "S40w 01 02 03 P ");
	assert_int_equal(vi2c_tiny_usb_take_us(&f.adapter), 3 * (1 + 9 + 27 + 1));
	assert_int_equal(control(&f, 0x41, 2, 0, 0, bytes, 0), 0); /* 0: the default */
	assert_int_equal(control(&f, 0x41, 4 | 1 | 2, 0, ADDRESS, bytes, 0), 0); /* quick */
	assert_int_equal(vi2c_tiny_usb_take_us(&f.adapter), 110);
	assert_int_equal(status(&f), 1);
}

static void test_nobody_there(void **state)
{
	struct fixture f;
	uint8_t bytes[2] = {0xff, 0xff};

	(void)state;
	new_adapter(&f);
	assert_int_equal(control(&f, 0xc1, 4 | 1 | 2, 1, 0x41, bytes, 2), 2);
	assert_memory_equal(bytes, "\0\0", 2);
	assert_int_equal(status(&f), 2);
	assert_string_equal(f.bus, "S41r P ");
	assert_int_equal(control(&f, 0x41, 4 | 1, 0, 0x41, bytes, 1), 1);
	assert_int_equal(status(&f), 2);
	assert_string_equal(f.bus, "S41r P S41w P ");
}

/* A host that went away between two messages: the next one begins with a stop. */
static void test_left_open(void **state)
{
	struct fixture f;
	uint8_t byte = 7;

	(void)state;
	new_adapter(&f);
	control(&f, 0x41, 4 | 1, 0, ADDRESS, &byte, 1);
	control(&f, 0x41, 4 | 1 | 2, 0, ADDRESS, &byte, 1);
	assert_string_equal(f.bus, "S40w 07 P S40w 07 P ");
}

static void test_other_requests(void **state)
{
	struct fixture f;
	uint8_t bytes[64];

	(void)state;
	new_adapter(&f);
	assert_int_equal(control(&f, 0xc1, 0, 0x1234, 0, bytes, 2), 2);
	assert_memory_equal(bytes, "\x34\x12", 2);
	assert_int_equal(control(&f, 0xc1, 1, 0, 0, bytes, 4), 4);
	assert_int_equal(bytes[0] & 1, 1); /* I2C_FUNC_I2C */
	assert_int_equal(control(&f, 0xc1, 8, 0, 0, bytes, 4), USB_STALL);
	assert_int_equal(control(&f, 0x40, 2, 3, 0, bytes, 0), USB_STALL); /* device recipient */
	assert_int_equal(control(&f, 0x41, 4 | 1, 1, ADDRESS, bytes, 2), USB_STALL); /* OUT, read */
	assert_int_equal(control(&f, 0x80, 6, 0x0100, 0, bytes, 64), 18);
	assert_memory_equal(bytes + 8, "\x03\x04\x31\xc6", 4); /* 0403:c631 */
	assert_int_equal(control(&f, 0x80, 6, 0x0301, 0x409, bytes, 64), 2 + 2 * 20);
	assert_memory_equal(bytes + 2, "V\0I\0R\0T\0U\0A\0L\0", 14);
	assert_int_equal(f.usb.ops->bulk_in(f.usb.state, 0x81, bytes, 512), USB_STALL);
	assert_string_equal(f.bus, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_combined),       cmocka_unit_test(test_write_and_delay),
		cmocka_unit_test(test_nobody_there),   cmocka_unit_test(test_left_open),
		cmocka_unit_test(test_other_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
