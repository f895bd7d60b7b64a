/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A USB serial port: descriptors as cdc-acm looks for them, line coding, lines, break, bytes both
 * ways, an empty packet behind a full one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "rigs/virtual/meters/cdc_acm.h"

struct fixture {
	struct vcdc_acm acm;
	struct usb_device usb;
	uint8_t received[4096];
	size_t received_count, room;
	const uint8_t *source;
	size_t source_count;
	struct vcdc_acm_coding coding;
	unsigned codings;
	int dtr, rts;
};

static size_t on_room(void *context)
{
	return ((struct fixture *)context)->room;
}

static void on_receive(void *context, const uint8_t *bytes, size_t count)
{
	struct fixture *f = context;

	assert_true(count <= f->room);
	memcpy(f->received + f->received_count, bytes, count);
	f->received_count += count;
	f->room -= count;
}

static size_t on_take(void *context, uint8_t *ret_bytes, size_t capacity)
{
	struct fixture *f = context;
	size_t count = f->source_count < capacity ? f->source_count : capacity;

	memcpy(ret_bytes, f->source, count);
	f->source += count;
	f->source_count -= count;
	return count;
}

static void on_coding(void *context, const struct vcdc_acm_coding *coding)
{
	struct fixture *f = context;

	f->coding = *coding;
	f->codings++;
}

static void on_lines(void *context, bool dtr, bool rts)
{
	struct fixture *f = context;

	f->dtr = dtr;
	f->rts = rts;
}

static void new_port(struct fixture *f)
{
	static const uint8_t nothing[1];
	const struct vcdc_acm_device device = {f,       on_room,   on_receive,
					       on_take, on_coding, on_lines};
	const struct vcdc_acm_identity identity = {0x1915, 0xc00a, "VIRTUAL Maker", "PPK2", "42"};

	memset(f, 0, sizeof(*f));
	f->dtr = f->rts = -1;
	f->room = sizeof(f->received);
	f->source = nothing;
	vcdc_acm_init(&f->acm, &device, &identity);
	f->usb = vcdc_acm_usb(&f->acm);
}

static int control(struct fixture *f, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
		   uint8_t *data, uint16_t length)
{
	const struct usb_setup setup = {type, request, value, index, length};

	return f->usb.ops->control(f->usb.state, &setup, data);
}

static void test_descriptors(void **state)
{
	struct fixture f;
	uint8_t d[256];
	unsigned endpoints = 0, interfaces = 0, functional = 0;
	int count;

	(void)state;
	new_port(&f);
	assert_int_equal(control(&f, 0x80, 6, 0x0100, 0, d, 64), 18);
	assert_memory_equal(d + 8, "\x15\x19\x0a\xc0", 4);
	assert_int_equal(d[4], 2); /* communications */
	count = control(&f, 0x80, 6, 0x0200, 0, d, 255);
	assert_int_equal(count, d[2] | d[3] << 8);
	for (int at = 0; at < count; at += d[at]) {
		assert_true(d[at] >= 2 && at + d[at] <= count);
		endpoints += d[at + 1] == 5;
		functional += d[at + 1] == 0x24;
		if (d[at + 1] != 4)
			continue;
		assert_int_equal(d[at + 2], interfaces);
		assert_int_equal(d[at + 5], interfaces ? 0x0a : 0x02);
		interfaces++;
	}
	assert_int_equal(interfaces, d[4]);
	assert_int_equal(endpoints, 3);
	assert_int_equal(functional, 4);
	assert_int_equal(control(&f, 0x80, 6, 0x0301, 0x409, d, 255), 2 + 2 * 13);
	assert_memory_equal(d + 2, "V\0I\0R\0T\0U\0A\0L\0", 14);
	assert_int_equal(control(&f, 0x01, 11, 0, 1, d, 0), 0); /* SET_INTERFACE of the second */
	assert_int_equal(control(&f, 0x81, 10, 0, 1, d, 1), 1);
	assert_int_equal(control(&f, 0x01, 11, 1, 1, d, 0), USB_STALL);
	assert_int_equal(control(&f, 0x01, 11, 0, 2, d, 0), USB_STALL);
}

static void test_line_coding(void **state)
{
	uint8_t coding[7] = {0x00, 0x40, 0x38, 0x00, 2, 2, 8}, back[7]; /* 3,686,400 */
	struct fixture f;

	(void)state;
	new_port(&f);
	assert_int_equal(control(&f, 0xa1, 0x21, 0, 0, back, 7), 7);
	assert_memory_equal(back, "\x00\xc2\x01\x00\x00\x00\x08", 7); /* 115,200 8N1 */
	assert_int_equal(control(&f, 0x21, 0x20, 0, 0, coding, 7), 7);
	assert_int_equal(f.coding.baud, 3686400);
	assert_int_equal(f.coding.stop_bits, 2);
	assert_int_equal(f.coding.parity, 2);
	assert_int_equal(control(&f, 0xa1, 0x21, 0, 0, back, 7), 7);
	assert_memory_equal(back, coding, 7);
	assert_int_equal(control(&f, 0x21, 0x20, 0, 0, coding, 6), USB_STALL);
	assert_int_equal(control(&f, 0x21, 0x20, 0, 1, coding, 7), USB_STALL);
	for (int field = 4; field < 7; field++) {
		uint8_t bad[7];

		memcpy(bad, coding, 7);
		bad[field] = 9;
		assert_int_equal(control(&f, 0x21, 0x20, 0, 0, bad, 7), USB_STALL);
	}
	memset(coding, 0, 4);
	assert_int_equal(control(&f, 0x21, 0x20, 0, 0, coding, 7), USB_STALL);
	assert_int_equal(f.codings, 1);
}

static void test_lines_and_break(void **state)
{
	struct fixture f;
	uint8_t none[1] = {0};

	(void)state;
	new_port(&f);
	assert_int_equal(control(&f, 0x21, 0x22, 1, 0, none, 0), 0);
	assert_int_equal(f.dtr, 1);
	assert_int_equal(f.rts, 0);
	assert_int_equal(control(&f, 0x21, 0x22, 2, 0, none, 0), 0);
	assert_int_equal(f.dtr, 0);
	assert_int_equal(f.rts, 1);
	assert_int_equal(control(&f, 0x21, 0x23, 100, 0, none, 0), USB_STALL); /* SEND_BREAK */
	assert_int_equal(control(&f, 0xc0, 0x22, 1, 0, none, 0), USB_STALL);
}

static void test_bytes(void **state)
{
	static uint8_t source[1024 + 7], got[2048];
	struct fixture f;

	(void)state;
	new_port(&f);
	assert_int_equal(f.usb.ops->bulk_in(f.usb.state, 0x81, got, 512), USB_NAK);
	assert_int_equal(f.usb.ops->bulk_in(f.usb.state, 0x82, got, 512), USB_NAK); /* notices */
	assert_int_equal(f.usb.ops->bulk_in(f.usb.state, 0x83, got, 512), USB_STALL);
	f.room = 3;
	assert_int_equal(f.usb.ops->bulk_out(f.usb.state, 0x01, (const uint8_t *)"hello", 5), 3);
	assert_int_equal(f.usb.ops->bulk_out(f.usb.state, 0x01, (const uint8_t *)"lo", 2), USB_NAK);
	f.room = 10;
	assert_int_equal(f.usb.ops->bulk_out(f.usb.state, 0x01, (const uint8_t *)"lo", 2), 2);
	assert_memory_equal(f.received, "hello", 5);
	for (size_t i = 0; i < sizeof(source); i++)
		source[i] = (uint8_t)(i * 3);
	f.source = source;
	f.source_count = sizeof(source);
	assert_int_equal(f.usb.ops->bulk_in(f.usb.state, 0x81, got, 512), 512);
	assert_int_equal(f.usb.ops->bulk_in(f.usb.state, 0x81, got + 512, 1024), 519);
	assert_memory_equal(got, source, sizeof(source));
	assert_int_equal(f.usb.ops->bulk_in(f.usb.state, 0x81, got, 512), USB_NAK);
	/* Nothing behind a full packet: an empty one ends the host's transfer, once. */
	f.source = source;
	f.source_count = 1024;
	assert_int_equal(f.usb.ops->bulk_in(f.usb.state, 0x81, got, 2048), 1024);
	assert_int_equal(f.usb.ops->bulk_in(f.usb.state, 0x81, got, 1024), 0);
	assert_int_equal(f.usb.ops->bulk_in(f.usb.state, 0x81, got, 1024), USB_NAK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_line_coding),
		cmocka_unit_test(test_lines_and_break),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
