/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is the same for every way to a USB device that is open. Opening is in usb_open.c, so that a
 * program that opens none does not link them all.
 */
#include "drivers/link/usb.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/link/link.h"
#include "drivers/link/usb_kinds.h"

enum { ENDPOINT_IN = 0x80 };

void usb_close(struct usb *usb)
{
	if (!usb)
		return;
	usb->ops->close(usb->state);
	free(usb->state);
	free(usb->uri);
	free(usb);
}

const struct usb_identity *usb_identity(const struct usb *usb)
{
	return &usb->identity;
}

const char *usb_uri(const struct usb *usb)
{
	return usb->uri;
}

int64_t usb_clock_ns(const struct usb *usb)
{
	return usb->ops->clock_ns ? usb->ops->clock_ns(usb->state) : link_now_ns();
}

void usb_identity_judge(struct usb_identity *identity)
{
	static const char prefix[] = "VIRTUAL";

	identity->is_virtual = !strncmp(identity->manufacturer, prefix, sizeof(prefix) - 1);
}

int usb_expected_check(const struct usb_expected *expected, const struct usb_identity *identity,
		       struct err *err)
{
	if ((!expected->vendor || expected->vendor == identity->vendor) &&
	    (!expected->product || expected->product == identity->product))
		return 0;
	return err_set(err, -ENOTSUP, "is %04x:%04x (%s %s), where %04x:%04x is expected",
		       identity->vendor, identity->product, identity->manufacturer,
		       identity->product_name, expected->vendor, expected->product);
}

static int with_uri(const struct usb *usb, int ret, struct err *err)
{
	return ret ? err_context(err, ret, "%s", usb->uri) : 0;
}

int usb_control(struct usb *usb, uint8_t request_type, uint8_t request, uint16_t value,
		uint16_t index, void *data, uint16_t length, int timeout_ms, size_t *ret_count,
		struct err *err)
{
	const uint8_t setup[USB_SETUP_BYTES] = {
		request_type,    request,
		(uint8_t)value,  (uint8_t)(value >> 8),
		(uint8_t)index,  (uint8_t)(index >> 8),
		(uint8_t)length, (uint8_t)(length >> 8),
	};
	size_t count = 0;
	int ret;

	assert(data || !length);
	ret = usb->ops->control(usb->state, setup, data, timeout_ms, &count, err);
	if (ret)
		return err_context(err, ret, "%s: request %02x.%02x value %04x index %04x",
				   usb->uri, request_type, request, value, index);
	if (ret_count)
		*ret_count = count;
	return 0;
}

int usb_bulk_write(struct usb *usb, uint8_t endpoint, const void *bytes, size_t count,
		   int timeout_ms, struct err *err)
{
	assert(!(endpoint & ENDPOINT_IN));
	return with_uri(usb,
			usb->ops->bulk_write(usb->state, endpoint, bytes, count, timeout_ms, err),
			err);
}

int usb_bulk_read(struct usb *usb, uint8_t endpoint, void *bytes, size_t capacity, int timeout_ms,
		  size_t *ret_count, struct err *err)
{
	assert((endpoint & ENDPOINT_IN) && capacity > 0);
	return with_uri(usb,
			usb->ops->bulk_read(usb->state, endpoint, bytes, capacity, timeout_ms,
					    ret_count, err),
			err);
}

int usb_clear_halt(struct usb *usb, uint8_t endpoint, struct err *err)
{
	return with_uri(usb, usb->ops->clear_halt(usb->state, endpoint, err), err);
}

int usb_stream_start(struct usb *usb, const struct usb_stream_settings *settings, struct err *err)
{
	struct usb_stream_settings full = *settings;

	assert(settings->endpoint & ENDPOINT_IN);
	if (!full.transfer_bytes)
		full.transfer_bytes = USB_TRANSFER_BYTES;
	if (!full.transfers)
		full.transfers = USB_TRANSFERS;
	return with_uri(usb, usb->ops->stream_start(usb->state, &full, err), err);
}

int usb_stream_read(struct usb *usb, struct usb_chunk *ret_chunk, int timeout_ms, struct err *err)
{
	return with_uri(usb, usb->ops->stream_read(usb->state, ret_chunk, timeout_ms, err), err);
}

int usb_stream_stop(struct usb *usb, struct err *err)
{
	return with_uri(usb, usb->ops->stream_stop(usb->state, err), err);
}
