/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A USB device played by a virtual instrument (rigs/virtual/meters/usb_device.h) or by the test, on
 * a clock of its own: waiting costs no time. Including this file replaces all of drivers/link/usb.h
 * in the test's program.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_USB_H
#define TESTS_UNIT_DRIVERS_FAKE_USB_H

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "drivers/link/usb.h"
#include "rigs/virtual/meters/usb_device.h"

enum {
	FAKE_TRANSFER_BYTES = 32768,
	FAKE_CALL_NS = 100000,  /* what a transfer takes */
	FAKE_STEP_NS = 1000000, /* how often a waiting host looks */
};

struct usb {
	struct usb_device device;
	/* Lets time pass for the device. May be NULL. */
	void (*advance)(void *context, int64_t ns);
	/* Sees, and may change, what a transfer of the stream brought. May be NULL. */
	void (*on_transfer)(void *context, uint8_t *bytes, size_t *count);
	/* Whether usb_open finds the device now. May be NULL: it never does. */
	bool (*is_there)(void *context);
	void *context;
	struct usb_identity identity;
	int64_t now_ns;
	bool is_gone, is_streaming;
	uint8_t endpoint;
	unsigned closed, starts;
	uint8_t transfer[FAKE_TRANSFER_BYTES];
};

static struct usb fake_usb;
#define fake_usb_port ((struct meter_port){.usb = &fake_usb})

static inline void fake_usb_init(struct usb_device device, void (*advance)(void *, int64_t),
				 void *context, const char *serial)
{
	memset(&fake_usb, 0, sizeof(fake_usb));
	fake_usb.device = device;
	fake_usb.advance = advance;
	fake_usb.context = context;
	fake_usb.now_ns = 1000000000;
	fake_usb.identity = (struct usb_identity){.manufacturer = "VIRTUAL", .is_virtual = true};
	strncpy(fake_usb.identity.serial, serial, sizeof(fake_usb.identity.serial) - 1);
}

static inline void fake_usb_pass(struct usb *usb, int64_t ns)
{
	usb->now_ns += ns;
	if (usb->advance)
		usb->advance(usb->context, ns);
}

int usb_open(const char *uri, const struct usb_expected *expected, struct usb **ret_usb,
	     struct err *err)
{
	(void)expected;
	if (!fake_usb.is_there || !fake_usb.is_there(fake_usb.context))
		return err_set(err, -ENOENT, "%s: no such device", uri);
	fake_usb.is_gone = false;
	*ret_usb = &fake_usb;
	return 0;
}

int usb_open_taped(struct link_tape *tape, const char *uri, const struct usb_expected *expected,
		   struct usb **ret_usb, struct err *err)
{
	(void)tape;
	return usb_open(uri, expected, ret_usb, err);
}

void usb_close(struct usb *usb)
{
	if (!usb)
		return;
	usb->is_streaming = false;
	usb->closed++;
}

const struct usb_identity *usb_identity(const struct usb *usb)
{
	return &usb->identity;
}

const char *usb_uri(const struct usb *usb)
{
	(void)usb;
	return "usb:fake";
}

int64_t usb_clock_ns(const struct usb *usb)
{
	return usb->now_ns;
}

static inline int fake_usb_code(int rc, const char *what, struct err *err)
{
	if (rc == USB_STALL)
		return err_set(err, -EPIPE, "%s: the device refuses", what);
	return rc;
}

int usb_control(struct usb *usb, uint8_t request_type, uint8_t request, uint16_t value,
		uint16_t index, void *data, uint16_t length, int timeout_ms, size_t *ret_count,
		struct err *err)
{
	const struct usb_setup setup = {request_type, request, value, index, length};
	int rc;

	assert(timeout_ms > 0);
	(void)timeout_ms;
	if (usb->is_gone)
		return err_set(err, -ENODEV, "gone");
	fake_usb_pass(usb, FAKE_CALL_NS);
	rc = usb->device.ops->control(usb->device.state, &setup, data);
	if (rc < 0)
		return fake_usb_code(rc, "control", err);
	if (ret_count)
		*ret_count = (size_t)rc;
	return 0;
}

int usb_bulk_write(struct usb *usb, uint8_t endpoint, const void *bytes, size_t count,
		   int timeout_ms, struct err *err)
{
	int rc;

	assert(timeout_ms > 0 && count > 0);
	(void)timeout_ms;
	if (usb->is_gone)
		return err_set(err, -ENODEV, "gone");
	fake_usb_pass(usb, FAKE_CALL_NS);
	rc = usb->device.ops->bulk_out(usb->device.state, endpoint, bytes, count);
	return rc < 0 ? fake_usb_code(rc, "bulk OUT", err) : 0;
}

/* 0: nothing until then. */
static inline int fake_usb_in(struct usb *usb, uint8_t endpoint, uint8_t *bytes, size_t capacity,
			      int timeout_ms)
{
	int64_t until_ns = usb->now_ns + (int64_t)timeout_ms * 1000000;

	for (;;) {
		int64_t left_ns = until_ns - usb->now_ns;
		int rc = usb->device.ops->bulk_in(usb->device.state, endpoint, bytes, capacity);

		if (rc != USB_NAK || left_ns <= 0 || usb->is_gone)
			return rc == USB_NAK ? 0 : rc;
		fake_usb_pass(usb, left_ns < FAKE_STEP_NS ? left_ns : FAKE_STEP_NS);
	}
}

int usb_bulk_read(struct usb *usb, uint8_t endpoint, void *bytes, size_t capacity, int timeout_ms,
		  size_t *ret_count, struct err *err)
{
	int rc;

	assert(!usb->is_streaming && capacity % USB_PACKET_MAX == 0);
	rc = fake_usb_in(usb, endpoint, bytes, capacity, timeout_ms);
	if (usb->is_gone)
		return err_set(err, -ENODEV, "gone");
	if (rc < 0)
		return fake_usb_code(rc, "bulk IN", err);
	*ret_count = (size_t)rc;
	return rc ? 0 : err_set(err, -ETIMEDOUT, "timed out");
}

int usb_clear_halt(struct usb *usb, uint8_t endpoint, struct err *err)
{
	const struct usb_setup setup = {0x02, 1, 0, endpoint, 0};
	uint8_t none[1];

	if (usb->is_gone)
		return err_set(err, -ENODEV, "gone");
	(void)usb->device.ops->control(usb->device.state, &setup, none);
	return 0;
}

int usb_stream_start(struct usb *usb, const struct usb_stream_settings *settings, struct err *err)
{
	if (usb->is_gone)
		return err_set(err, -ENODEV, "gone");
	if (usb->is_streaming)
		return err_set(err, -EALREADY, "it runs");
	usb->is_streaming = true;
	usb->endpoint = settings->endpoint;
	usb->starts++;
	return 0;
}

int usb_stream_read(struct usb *usb, struct usb_chunk *ret_chunk, int timeout_ms, struct err *err)
{
	int rc;

	assert(timeout_ms >= 0);
	if (!usb->is_streaming)
		return err_set(err, -ENODATA, "stopped");
	rc = fake_usb_in(usb, usb->endpoint, usb->transfer, sizeof(usb->transfer), timeout_ms);
	if (rc < 0)
		return fake_usb_code(rc, "stream", err);
	if (!rc)
		return usb->is_gone ? err_set(err, -ENODEV, "gone")
				    : err_set(err, -ETIMEDOUT, "timed out after %d ms", timeout_ms);
	*ret_chunk = (struct usb_chunk){usb->transfer, (size_t)rc, usb->now_ns};
	if (usb->on_transfer)
		usb->on_transfer(usb->context, usb->transfer, &ret_chunk->count);
	return 0;
}

int usb_stream_stop(struct usb *usb, struct err *err)
{
	(void)err;
	usb->is_streaming = false;
	return 0;
}

int usb_scan(uint16_t vendor, uint16_t product, struct usb_found **ret_list, size_t *ret_count,
	     struct err *err)
{
	(void)vendor;
	(void)product;
	(void)err;
	*ret_list = NULL;
	*ret_count = 0;
	return 0;
}

#endif
