/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The USB/IP server: protocol, pending transfers, unlink, garbage, hang-up, a device that is
 * unplugged. Messages are built and read here by hand.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "rigs/virtual/server/usbip_port.h"
#include "tests/unit/virtual/usbip_client.h"

#define BUSID "meter-1"

/* A device with one bulk endpoint each way. What is written comes back in packets. */
struct fake {
	struct usb_state usb;
	uint8_t queue[65536];
	size_t head, count, packet; /* packet: bytes per packet, 512 or less */
	unsigned controls, outs, acts, calls;
	uint8_t last_control[64];
	bool deaf; /* takes nothing: NAK */
	bool not_ready;
	unsigned busy_calls; /* the next OUT transfers find it busy */
	char events[256];
};

static const uint8_t fake_device[18] = {18,   1,    0x00, 0x02, 0xef, 0x02, 0x01, 64, 0x34,
					0x12, 0x78, 0x56, 0x21, 0x43, 1,    0,    0,  1};
static const uint8_t fake_config[9 + 9 + 7 + 7 + 9 + 9] = {
	9, 2, 50, 0,    2,    1,    0, 0x80, 50, 9, 4,    0, 0,    2,    0xff, 0x11, 0x22,
	0, 7, 5,  0x01, 2,    0,    2, 0,    7,  5, 0x82, 2, 0,    2,    0,    9,    4,
	1, 0, 0,  0x0a, 0x33, 0x44, 0, 9,    4,  1, 1,    0, 0x0b, 0x55, 0x66, 0, /* an alternate
										     setting */
};

static int fake_control(void *state, const struct usb_setup *setup, uint8_t *data)
{
	struct fake *fake = state;
	const struct usb_descriptors descriptors = {
		fake_device, fake_config, sizeof(fake_config), {NULL, "VIRTUAL Test"}};

	fake->calls++;
	if (fake->deaf)
		return USB_NAK;
	if ((setup->request_type & 0x60) == 0)
		return usb_standard_request(&descriptors, &fake->usb, setup, data);
	fake->controls++;
	if (setup->request == 0xee)
		return USB_STALL;
	if (setup->request_type & 0x80)
		return usb_reply(setup, data, fake->last_control, sizeof(fake->last_control));
	memcpy(fake->last_control, data, setup->length < 64 ? setup->length : 64);
	return setup->length;
}

static int fake_out(void *state, uint8_t endpoint, const uint8_t *bytes, size_t count)
{
	struct fake *fake = state;

	if (endpoint != 0x01)
		return USB_STALL;
	if (fake->deaf)
		return USB_NAK;
	if (fake->busy_calls) {
		fake->busy_calls--;
		return USB_NAK;
	}
	fake->outs++;
	assert_true(fake->count + count <= sizeof(fake->queue));
	memcpy(fake->queue + fake->count, bytes, count);
	fake->count += count;
	return (int)count;
}

static int fake_in(void *state, uint8_t endpoint, uint8_t *ret_bytes, size_t capacity)
{
	struct fake *fake = state;
	size_t filled = 0, take;

	if (endpoint != 0x82 || fake->usb.halted)
		return USB_STALL;
	if (capacity < 512)
		return USB_STALL;
	if (fake->head == fake->count)
		return USB_NAK;
	do {
		take = fake->count - fake->head < fake->packet ? fake->count - fake->head
							       : fake->packet;
		memcpy(ret_bytes + filled, fake->queue + fake->head, take);
		fake->head += take;
		filled += take;
	} while (take == 512 && fake->head < fake->count && capacity - filled >= 512);
	return (int)filled;
}

static const struct usb_device_ops fake_ops = {"fake", fake_control, fake_out, fake_in};

static bool fake_ready(void *context)
{
	return !((struct fake *)context)->not_ready;
}

static void fake_act(void *context, uint8_t endpoint, const uint8_t *bytes, size_t count)
{
	(void)endpoint, (void)bytes, (void)count;
	((struct fake *)context)->acts++;
}

struct connection {
	struct fake fake;
	struct vusbip_export export;
	struct vusbip usbip;
};

static void connection_new(struct connection *c)
{
	memset(c, 0, sizeof(*c));
	c->fake.packet = 512;
	c->export = (struct vusbip_export){
		BUSID, {&fake_ops, &c->fake}, &c->fake, fake_ready, fake_act};
	vusbip_init(&c->usbip, &c->export);
}

static void feed(struct connection *c, const void *bytes, size_t count)
{
	assert_true(vusbip_feed(&c->usbip, bytes, count, VUSBIP_OK));
}

/* Takes exactly so many bytes of output. */
static void expect(struct connection *c, uint8_t *ret_bytes, size_t count)
{
	size_t there;
	const uint8_t *bytes = vusbip_output(&c->usbip, &there);

	assert_true(there >= count);
	memcpy(ret_bytes, bytes, count);
	vusbip_sent(&c->usbip, count);
}

static size_t waiting(struct connection *c)
{
	size_t there;

	vusbip_output(&c->usbip, &there);
	return there;
}

static void import_device(struct connection *c)
{
	uint8_t request[40], reply[8 + 312];

	import_request(request, BUSID);
	feed(c, request, sizeof(request));
	expect(c, reply, sizeof(reply));
	assert_int_equal(be_get(reply + 4, 4), 0);
	assert_true(c->usbip.imported);
}

static void imported(struct connection *c)
{
	connection_new(c);
	import_device(c);
}

static void submit(struct connection *c, uint32_t seqnum, uint8_t endpoint, uint32_t length,
		   const uint8_t *setup, const void *data)
{
	uint8_t header[48];

	submit_header(header, seqnum, endpoint, length, setup);
	feed(c, header, sizeof(header));
	if (!(endpoint & 0x80))
		feed(c, data, length);
}

/* The next answer; returns its status. */
static int32_t answer(struct connection *c, uint32_t command, uint32_t seqnum, uint32_t *ret_actual)
{
	uint8_t header[48];

	expect(c, header, sizeof(header));
	assert_int_equal(be_get(header, 4), command);
	assert_int_equal(be_get(header + 4, 4), seqnum);
	for (int i = 8; i < 20; i++) /* devid, direction, endpoint */
		assert_int_equal(header[i], 0);
	if (ret_actual)
		*ret_actual = be_get(header + 24, 4);
	return (int32_t)be_get(header + 20, 4);
}

/* Lists and imports -------------------------------------------------------------------------- */

static void assert_device(const uint8_t *device)
{
	assert_string_equal((const char *)device, "/sys/devices/virtual-rig/" BUSID);
	assert_string_equal((const char *)device + 256, BUSID);
	assert_int_equal(be_get(device + 288, 4), 1);
	assert_int_equal(be_get(device + 292, 4), 1);
	assert_int_equal(be_get(device + 296, 4), 3); /* high speed */
	assert_int_equal(be_get(device + 300, 2), 0x1234);
	assert_int_equal(be_get(device + 302, 2), 0x5678);
	assert_int_equal(be_get(device + 304, 2), 0x4321);
	assert_memory_equal(device + 306, "\xef\x02\x01\x01\x01\x02", 6);
}

static void test_list(void **state)
{
	static const uint8_t request[8] = {0x01, 0x11, 0x80, 0x05};
	struct connection c;
	uint8_t reply[8 + 4 + 312 + 8];

	(void)state;
	connection_new(&c);
	for (int i = 0; i < 8; i++) { /* in pieces */
		assert_int_equal(waiting(&c), 0);
		feed(&c, request + i, 1);
	}
	expect(&c, reply, sizeof(reply));
	assert_int_equal(waiting(&c), 0);
	assert_memory_equal(reply, "\x01\x11\x00\x05\0\0\0\0\0\0\0\x01", 12);
	assert_device(reply + 12);
	assert_memory_equal(reply + 12 + 312, "\xff\x11\x22\0\x0a\x33\x44\0", 8);
	assert_true(c.usbip.closing);
	vusbip_done(&c.usbip);
}

static void test_import(void **state)
{
	struct connection c;
	uint8_t request[40], reply[8 + 312];

	(void)state;
	connection_new(&c);
	c.fake.usb.halted = 0xffff;
	import_request(request, BUSID);
	feed(&c, request, sizeof(request));
	assert_int_equal(waiting(&c), sizeof(reply));
	expect(&c, reply, sizeof(reply));
	assert_memory_equal(reply, "\x01\x11\x00\x03\0\0\0\0", 8);
	assert_device(reply + 8);
	assert_int_equal(c.fake.usb.configuration, 1);
	assert_int_equal(c.fake.usb.halted, 0);
	vusbip_done(&c.usbip);
}

static void test_import_refused(void **state)
{
	static const struct {
		const char *busid;
		enum vusbip_status state;
		uint32_t status;
	} cases[] = {
		{"meter-2", VUSBIP_OK, 4}, {"meter-", VUSBIP_OK, 4},
		{"", VUSBIP_OK, 4},        {"0123456789012345678901234567890", VUSBIP_OK, 4},
		{BUSID, VUSBIP_BUSY, 2},   {BUSID, VUSBIP_NO_DEVICE, 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct connection c;
		uint8_t request[40], reply[8];

		connection_new(&c);
		import_request(request, cases[i].busid);
		assert_true(vusbip_feed(&c.usbip, request, sizeof(request), cases[i].state));
		assert_int_equal(waiting(&c), 8);
		expect(&c, reply, 8);
		assert_int_equal(be_get(reply + 4, 4), cases[i].status);
		assert_false(c.usbip.imported);
		assert_true(c.usbip.closing);
		vusbip_done(&c.usbip);
	}
}

/* Transfers ---------------------------------------------------------------------------------- */

static void test_control(void **state)
{
	static const uint8_t get_device[8] = {0x80, 6, 0, 1, 0, 0, 64, 0};
	static const uint8_t out[8] = {0x40, 1, 0, 0, 0, 0, 5, 0}, in[8] = {0xc0, 1, 0, 0, 0, 0, 5};
	static const uint8_t stall[8] = {0x40, 0xee}, status[8] = {0x80, 0, 0, 0, 0, 0, 2, 0};
	struct connection c;
	uint8_t data[64];
	uint32_t actual;

	(void)state;
	imported(&c);
	submit(&c, 1, 0x80, 64, get_device, NULL);
	assert_int_equal(answer(&c, 3, 1, &actual), 0);
	assert_int_equal(actual, 18);
	expect(&c, data, 18);
	assert_memory_equal(data, fake_device, 18);
	submit(&c, 2, 0, 5, out, "hello");
	assert_int_equal(answer(&c, 3, 2, &actual), 0);
	assert_int_equal(actual, 5);
	assert_int_equal(c.fake.acts, 1);
	submit(&c, 3, 0x80, 5, in, NULL);
	assert_int_equal(answer(&c, 3, 3, &actual), 0);
	expect(&c, data, 5);
	assert_memory_equal(data, "hello", 5);
	assert_int_equal(c.fake.acts, 1); /* a read is no act */
	submit(&c, 4, 0, 0, stall, "");
	assert_int_equal(answer(&c, 3, 4, &actual), -32);
	assert_int_equal(actual, 0);
	submit(&c, 5, 0x80, 2, status, NULL); /* EP0 is well again */
	assert_int_equal(answer(&c, 3, 5, &actual), 0);
	expect(&c, data, 2);
	assert_int_equal(waiting(&c), 0);
	vusbip_done(&c.usbip);
}

static void test_bulk_in_waits_for_data(void **state)
{
	struct connection c;
	uint8_t data[2048], sent[1300];
	uint32_t actual;

	(void)state;
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 7);
	imported(&c);
	submit(&c, 10, 0x82, 1024, NULL, NULL);
	submit(&c, 11, 0x82, 1024, NULL, NULL);
	assert_int_equal(waiting(&c), 0);
	assert_true(vusbip_pump(&c.usbip));
	assert_int_equal(waiting(&c), 0);
	/* One full packet is not enough for the first; 788 more fill it, and leave a short one. */
	submit(&c, 12, 0x01, 512, NULL, sent);
	assert_int_equal(answer(&c, 3, 12, &actual), 0);
	assert_int_equal(actual, 512);
	assert_true(vusbip_pump(&c.usbip));
	assert_int_equal(waiting(&c), 0);
	submit(&c, 13, 0x01, 788, NULL, sent + 512);
	assert_true(vusbip_pump(&c.usbip));
	/* 10 is further in front in the queue than 13, but had nothing to take when it was its turn
	 */
	assert_int_equal(answer(&c, 3, 13, NULL), 0);
	assert_int_equal(answer(&c, 3, 10, &actual), 0);
	assert_int_equal(actual, 1024);
	expect(&c, data, 1024);
	assert_memory_equal(data, sent, 1024);
	assert_int_equal(answer(&c, 3, 11, &actual), 0);
	assert_int_equal(actual, 1300 - 1024);
	expect(&c, data, actual);
	assert_memory_equal(data, sent + 1024, actual);
	vusbip_done(&c.usbip);
}

/* A packet that does not fit into what is left of the buffer is babble. */
static void test_overflow(void **state)
{
	struct connection c;
	uint8_t sent[600] = {1, 2, 3}, data[600];
	uint32_t actual;

	(void)state;
	imported(&c);
	submit(&c, 1, 0x01, 600, NULL, sent);
	assert_int_equal(answer(&c, 3, 1, NULL), 0);
	submit(&c, 2, 0x82, 64, NULL, NULL);
	assert_int_equal(answer(&c, 3, 2, &actual), -75);
	expect(&c, data, actual);
	assert_int_equal(actual, 64);
	submit(&c, 3, 0x82, 100, NULL, NULL); /* 88 bytes do fit */
	assert_int_equal(answer(&c, 3, 3, &actual), 0);
	assert_int_equal(actual, 88);
	expect(&c, data, actual);
	vusbip_done(&c.usbip);
}

static void test_stall(void **state)
{
	static const uint8_t clear_halt[8] = {0x02, 1, 0, 0, 0x82, 0, 0, 0};
	struct connection c;
	uint32_t actual;

	(void)state;
	imported(&c);
	submit(&c, 1, 0x83, 512, NULL, NULL); /* no such endpoint */
	assert_int_equal(answer(&c, 3, 1, &actual), -32);
	submit(&c, 2, 0x03, 3, NULL, "abc");
	assert_int_equal(answer(&c, 3, 2, &actual), -32);
	c.fake.usb.halted = usb_endpoint_bit(0x82);
	submit(&c, 3, 0x82, 512, NULL, NULL);
	assert_int_equal(answer(&c, 3, 3, &actual), -32);
	submit(&c, 4, 0x00, 0, clear_halt, "");
	assert_int_equal(answer(&c, 3, 4, &actual), 0);
	submit(&c, 5, 0x82, 512, NULL, NULL);
	assert_int_equal(waiting(&c), 0); /* pends */
	vusbip_done(&c.usbip);
}

static void test_nak_keeps_order(void **state)
{
	static const uint8_t out[8] = {0x40, 1, 0, 0, 0, 0, 1, 0};
	struct connection c;

	(void)state;
	imported(&c);
	c.fake.deaf = true;
	submit(&c, 1, 0x01, 1, NULL, "a");
	submit(&c, 2, 0x01, 1, NULL, "b");
	submit(&c, 3, 0x00, 1, out, "c");
	assert_int_equal(waiting(&c), 0);
	c.fake.deaf = false;
	assert_true(vusbip_pump(&c.usbip));
	assert_int_equal(answer(&c, 3, 1, NULL), 0);
	assert_int_equal(answer(&c, 3, 2, NULL), 0);
	assert_int_equal(answer(&c, 3, 3, NULL), 0);
	assert_memory_equal(c.fake.queue, "ab", 2);
	/* Busy for the first, no longer for the second: which waits all the same. */
	c.fake.busy_calls = 2;
	submit(&c, 20, 0x01, 1, NULL, "x");
	submit(&c, 21, 0x01, 1, NULL, "y");
	assert_int_equal(waiting(&c), 0);
	assert_true(vusbip_pump(&c.usbip));
	assert_int_equal(answer(&c, 3, 20, NULL), 0);
	assert_int_equal(answer(&c, 3, 21, NULL), 0);
	assert_memory_equal(c.fake.queue, "abxy", 4);
	c.fake.head = 2;
	/* The owner's word: not now. */
	c.fake.not_ready = true;
	submit(&c, 4, 0x00, 1, out, "d");
	submit(&c, 5, 0x01, 1, NULL, "e");
	submit(&c, 6, 0x82, 512, NULL, NULL); /* reading goes on */
	assert_int_equal(answer(&c, 3, 6, NULL), 0);
	vusbip_sent(&c.usbip, 2);
	assert_int_equal(waiting(&c), 0);
	c.fake.not_ready = false;
	assert_true(vusbip_pump(&c.usbip));
	assert_int_equal(answer(&c, 3, 4, NULL), 0);
	assert_int_equal(answer(&c, 3, 5, NULL), 0);
	vusbip_done(&c.usbip);
}

static void test_unlink(void **state)
{
	struct connection c;
	uint8_t header[48], data[3];

	(void)state;
	imported(&c);
	for (uint32_t i = 1; i <= 3; i++)
		submit(&c, i, 0x82, 512, NULL, NULL);
	unlink_header(header, 4, 2);
	feed(&c, header, sizeof(header));
	assert_int_equal(answer(&c, 4, 4, NULL), -104);
	submit(&c, 5, 0x01, 3, NULL, "abc");
	assert_int_equal(answer(&c, 3, 5, NULL), 0);
	assert_true(vusbip_pump(&c.usbip));
	assert_int_equal(answer(&c, 3, 1, NULL), 0);
	expect(&c, data, 3);
	unlink_header(header, 6, 1); /* too late */
	feed(&c, header, sizeof(header));
	assert_int_equal(answer(&c, 4, 6, NULL), 0);
	submit(&c, 7, 0x01, 1, NULL, "d"); /* 2 is gone: 3 gets it */
	assert_int_equal(answer(&c, 3, 7, NULL), 0);
	assert_true(vusbip_pump(&c.usbip));
	assert_int_equal(answer(&c, 3, 3, NULL), 0);
	vusbip_sent(&c.usbip, 1);
	assert_int_equal(waiting(&c), 0);
	assert_int_equal(c.usbip.urb_count, 0);
	vusbip_done(&c.usbip);
}

static void test_isochronous_is_refused(void **state)
{
	struct connection c;
	uint8_t header[48], packets[2 * 16] = {0}, reply[48 + 32];

	(void)state;
	imported(&c);
	submit_header(header, 1, 0x01, 10, NULL);
	be_put(header + 32, 2, 4);
	be_put(packets + 4, 5, 4);
	be_put(packets + 16, 5, 4);
	be_put(packets + 20, 5, 4);
	feed(&c, header, sizeof(header));
	feed(&c, "0123456789", 10);
	assert_int_equal(waiting(&c), 0);
	feed(&c, packets, sizeof(packets));
	expect(&c, reply, sizeof(reply));
	assert_int_equal((int32_t)be_get(reply + 20, 4), -22);
	assert_int_equal(be_get(reply + 32, 4), 2);
	assert_int_equal(be_get(reply + 48 + 20, 4), 5);
	assert_int_equal(c.fake.outs, 0);
	submit(&c, 2, 0x01, 1, NULL, "a"); /* and the stream is still in step */
	assert_int_equal(answer(&c, 3, 2, NULL), 0);
	vusbip_done(&c.usbip);
}

/* A client that does not read: the device has to wait, and nothing is lost. */
static void test_back_pressure(void **state)
{
	static const uint8_t in[8] = {0xc0, 1, 0, 0, 0, 0, 64, 0};
	struct connection c;
	unsigned submitted = 0;

	(void)state;
	imported(&c);
	while (c.usbip.urb_count == 0 && submitted < 100000)
		submit(&c, 1000 + submitted++, 0x80, 64, in, NULL);
	assert_true(waiting(&c) >= VUSBIP_OUT_MAX && waiting(&c) < VUSBIP_OUT_MAX + 200);
	for (unsigned i = 0; i < submitted; i++) {
		uint8_t data[64];

		assert_int_equal(answer(&c, 3, 1000 + i, NULL), 0);
		expect(&c, data, 64);
		assert_true(vusbip_pump(&c.usbip));
	}
	vusbip_done(&c.usbip);
}

/* What breaks the protocol ------------------------------------------------------------------- */

static void test_bad_messages(void **state)
{
	enum { AT_OP, AT_URB };
	static const struct {
		int phase;
		unsigned offset, bytes;
		uint32_t value;
	} cases[] = {
		{AT_OP, 0, 2, 0x0100},                              /* version */
		{AT_OP, 2, 2, 0x8004},                              /* code */
		{AT_OP, 2, 2, 0x0003},                              /* a reply */
		{AT_URB, 0, 4, 0},                                  /* command */
		{AT_URB, 0, 4, 3},                                  /* a reply */
		{AT_URB, 8, 4, 0x10002},                            /* devid */
		{AT_URB, 12, 4, 2},                                 /* direction */
		{AT_URB, 16, 4, 16},                                /* endpoint */
		{AT_URB, 24, 4, 0x100001},                          /* too long */
		{AT_URB, 24, 4, 0xffffffff}, {AT_URB, 32, 4, 1025}, /* too many packets */
		{AT_URB, 4, 4, 77},                                 /* seqnum in use */
		{AT_URB, 40, 4, 0x40000000} /* setup says OUT, the header IN */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct connection c;
		uint8_t message[48];

		connection_new(&c);
		if (cases[i].phase == AT_OP) {
			import_request(message, BUSID);
		} else {
			static const uint8_t setup[8] = {0xc0, 1, 0, 0, 0, 0, 4, 0};

			import_device(&c);
			submit(&c, 77, 0x82, 512, NULL, NULL);
			submit_header(message, 1, 0x80, 4, setup);
		}
		be_put(message + cases[i].offset, cases[i].value, cases[i].bytes);
		feed(&c, message, cases[i].phase == AT_OP ? 40 : 48);
		if (!c.usbip.closing)
			print_message("case %zu\n", i);
		assert_true(c.usbip.closing);
		feed(&c, message, 40); /* nothing more is looked at */
		assert_int_equal(waiting(&c), 0);
		vusbip_done(&c.usbip);
	}
}

static void test_random_bytes(void **state)
{
	uint64_t random = 88172645463325252u;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct connection c;

		connection_new(&c);
		if (round % 4)
			import_device(&c);
		for (int message = 0; message < 20 && !c.usbip.closing; message++) {
			uint8_t bytes[300];

			for (size_t i = 0; i < sizeof(bytes); i++) {
				random ^= random << 13;
				random ^= random >> 7;
				random ^= random << 17;
				bytes[i] = (uint8_t)(round % 2 ? random : random & 3);
			}
			if (round % 4 > 1) { /* a header that is nearly right */
				submit_header(bytes, (uint32_t)message, bytes[200] & 0x83,
					      bytes[201] % 100, bytes + 202);
				bytes[random % 48] ^= (uint8_t)(1u << (random >> 60));
			}
			feed(&c, bytes, random % sizeof(bytes));
			if (c.fake.count > 60000)
				break;
		}
		vusbip_done(&c.usbip);
	}
}

/* Sockets ------------------------------------------------------------------------------------ */

struct served {
	char folder[64], path[128];
	struct fake fake;
	struct vusbip_port *port;
};

static void on_connected(void *context, bool connected)
{
	struct fake *fake = context;

	strcat(fake->events, connected ? "came " : "left ");
}

static int set_up(void **state)
{
	struct served *served = calloc(1, sizeof(*served));
	struct vusbip_export export = {
		BUSID, {&fake_ops, &served->fake}, &served->fake, NULL, NULL};
	char address[140];
	struct verr err;

	strcpy(served->folder, "/tmp/usbip-test-XXXXXX");
	assert_non_null(mkdtemp(served->folder));
	snprintf(served->path, sizeof(served->path), "%s/s", served->folder);
	snprintf(address, sizeof(address), "unix:%s", served->path);
	served->fake.packet = 512;
	assert_int_equal(vusbip_port_open(address, &export, on_connected, &served->port, &err), 0);
	*state = served;
	return 0;
}

static int tear_down(void **state)
{
	struct served *served = *state;

	vusbip_port_close(served->port);
	assert_int_equal(rmdir(served->folder), 0); /* the socket is gone */
	free(served);
	return 0;
}

static void serve(struct served *served)
{
	for (int i = 0; i < 50; i++) {
		struct pollfd fds[VUSBIP_PORT_POLLFDS];

		vusbip_port_fill_pollfds(served->port, fds);
		if (poll(fds, VUSBIP_PORT_POLLFDS, 0) <= 0)
			break;
		vusbip_port_service(served->port, fds);
	}
	vusbip_port_flush(served->port);
}

static int dial(const struct served *served)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, served->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static uint32_t ask_import(struct served *served, int fd)
{
	uint8_t request[40], reply[320];
	ssize_t count;

	import_request(request, BUSID);
	assert_int_equal(send(fd, request, 40, MSG_NOSIGNAL), 40);
	serve(served);
	count = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);
	assert_true(count == 8 || count == 320);
	return be_get(reply + 4, 4);
}

static void test_one_importer(void **state)
{
	static const uint8_t list[8] = {0x01, 0x11, 0x80, 0x05};
	struct served *served = *state;
	int first = dial(served), second, third;
	uint8_t bytes[400], header[48];

	assert_string_equal(vusbip_port_name(served->port), BUSID);
	snprintf((char *)bytes, sizeof(bytes), "usbip+unix:%s/" BUSID, served->path);
	assert_string_equal(vusbip_port_address_text(served->port), (char *)bytes);
	assert_int_equal(ask_import(served, first), 0);
	assert_true(vusbip_port_has_client(served->port));
	second = dial(served);
	assert_int_equal(ask_import(served, second), 2);
	assert_int_equal(recv(second, bytes, 1, 0), 0); /* hung up */
	third = dial(served);
	assert_int_equal(send(third, list, 8, 0), 8);
	serve(served);
	assert_int_equal(recv(third, bytes, sizeof(bytes), MSG_DONTWAIT), 12 + 312 + 8);
	/* The first is not disturbed. */
	submit_header(header, 1, 0x01, 3, NULL);
	send(first, header, 48, 0);
	send(first, "abc", 3, 0);
	serve(served);
	assert_int_equal(recv(first, bytes, sizeof(bytes), MSG_DONTWAIT), 48);
	assert_int_equal(served->fake.outs, 1);
	/* It leaves, with a transfer pending; the next may have it. */
	submit_header(header, 2, 0x82, 512, NULL);
	send(first, header, 48, 0);
	serve(served);
	close(first);
	serve(served);
	assert_false(vusbip_port_has_client(served->port));
	close(second);
	second = dial(served);
	assert_int_equal(ask_import(served, second), 0);
	assert_string_equal(served->fake.events, "came left came ");
	close(second);
	close(third);
	serve(served);
}

static void test_unplugged(void **state)
{
	static const uint8_t list[8] = {0x01, 0x11, 0x80, 0x05};
	struct served *served = *state;
	int fd = dial(served), other;
	struct timespec now;
	int64_t now_ns;
	uint8_t bytes[400];

	assert_int_equal(ask_import(served, fd), 0);
	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = now.tv_sec * 1000000000ll + now.tv_nsec;
	vusbip_port_unplug(served->port, now_ns + 50000000);
	{
		struct pollfd fds[VUSBIP_PORT_POLLFDS];

		vusbip_port_fill_pollfds(served->port, fds);
		vusbip_port_service(served->port, fds);
	}
	assert_int_equal(recv(fd, bytes, 1, 0), 0);
	other = dial(served);
	assert_int_equal(ask_import(served, other), 4);
	close(other);
	other = dial(served);
	send(other, list, 8, 0);
	serve(served);
	assert_int_equal(recv(other, bytes, sizeof(bytes), MSG_DONTWAIT), 12);
	assert_int_equal(be_get(bytes + 8, 4), 0); /* none */
	close(other);
	usleep(60000);
	other = dial(served);
	assert_int_equal(ask_import(served, other), 0);
	close(other);
	close(fd);
	serve(served);
}

static void test_garbage_on_the_socket(void **state)
{
	struct served *served = *state;
	int fd = dial(served);
	uint8_t byte;

	send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0);
	serve(served);
	/* Hung up, over bytes that nobody read: a reset, or an end. */
	assert_true(recv(fd, &byte, 1, 0) <= 0);
	close(fd);
	fd = dial(served);
	assert_int_equal(ask_import(served, fd), 0);
	close(fd);
	serve(served);
}

#define ON_SOCKET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_import_refused),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_bulk_in_waits_for_data),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_nak_keeps_order),
		cmocka_unit_test(test_unlink),
		cmocka_unit_test(test_isochronous_is_refused),
		cmocka_unit_test(test_back_pressure),
		cmocka_unit_test(test_bad_messages),
		cmocka_unit_test(test_random_bytes),
		ON_SOCKET(test_one_importer),
		ON_SOCKET(test_unplugged),
		ON_SOCKET(test_garbage_on_the_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
