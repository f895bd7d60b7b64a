/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A device behind USB/IP: the stream, a ring (usb_ring.h) whose carrier is the connection's URBs.
 */
#include <errno.h>
#include <stdlib.h>

#include "drivers/link/usb_ip_parts.h"

static void stream_done(struct usb_ip_urb *urb)
{
	struct usb_ip_handle *ip = urb->context;
	struct err err = {""};
	int code = urb->status == -ECONNRESET || urb->status == -ENOENT
			   ? -ECANCELED
			   : usb_ip_status_result(ip, urb->status, &err);

	usb_ring_complete(&ip->stream, (unsigned)(urb - ip->urbs), code, urb->count, &err);
}

static int carrier_submit(void *context, unsigned transfer, uint8_t *bytes, size_t size)
{
	struct usb_ip_handle *ip = context;
	struct usb_ip_urb *urb = &ip->urbs[transfer];

	urb->bytes = bytes;
	urb->length = size;
	return usb_ip_urb_submit(&ip->connection, urb);
}

static void carrier_cancel(void *context, unsigned transfer)
{
	struct usb_ip_handle *ip = context;

	usb_ip_urb_unlink(&ip->connection, &ip->urbs[transfer]);
}

static uint8_t *carrier_buffer_new(void *context, size_t size)
{
	(void)context;
	return malloc(size);
}

static void carrier_buffer_free(void *context, uint8_t *bytes, size_t size)
{
	(void)context;
	(void)size;
	free(bytes);
}

static const struct usb_ring_carrier carrier = {
	.submit = carrier_submit,
	.cancel = carrier_cancel,
	.buffer_new = carrier_buffer_new,
	.buffer_free = carrier_buffer_free,
};

static void ring_set(struct usb_ip_handle *ip, struct usb_ring *ring)
{
	pthread_mutex_lock(&ip->lock);
	ip->ring = ring;
	pthread_mutex_unlock(&ip->lock);
}

void usb_ip_ring_free(struct usb_ip_handle *ip)
{
	if (!ip->has_ring)
		return;
	usb_ring_done(&ip->stream);
	free(ip->urbs);
	ip->urbs = NULL;
	ip->has_ring = false;
}

static int ring_new(struct usb_ip_handle *ip, const struct usb_stream_settings *settings,
		    struct err *err)
{
	int ret = usb_ring_init(&ip->stream, &carrier, ip, settings, err);

	if (ret)
		return ret;
	ip->has_ring = true;
	ip->urbs = calloc(ip->stream.transfers, sizeof(*ip->urbs));
	if (!ip->urbs) {
		usb_ip_ring_free(ip);
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (unsigned i = 0; i < ip->stream.transfers; i++)
		ip->urbs[i] =
			(struct usb_ip_urb){.endpoint = settings->endpoint & USB_IP_ENDPOINT_NUMBER,
					    .is_in = true,
					    .done = stream_done,
					    .context = ip};
	return 0;
}

int usb_ip_stream_start(void *state, const struct usb_stream_settings *settings, struct err *err)
{
	struct usb_ip_handle *ip = state;
	int ret;

	if (ip->is_streaming)
		return err_set(err, -EALREADY, "the stream runs already");
	ret = usb_ip_connection_state(&ip->connection, err);
	if (ret)
		return ret;
	usb_ip_ring_free(ip);
	ret = ring_new(ip, settings, err);
	if (!ret)
		ret = usb_ring_start(&ip->stream, err);
	if (ret) {
		usb_ip_ring_free(ip);
		return ret;
	}
	ring_set(ip, &ip->stream);
	ip->is_streaming = true;
	return 0;
}

int usb_ip_stream_read(void *state, struct usb_chunk *ret_chunk, int timeout_ms, struct err *err)
{
	struct usb_ip_handle *ip = state;

	if (!ip->has_ring)
		return err_set(err, -ENODATA, "no stream was started");
	return usb_ring_read(&ip->stream, ret_chunk, timeout_ms, err);
}

int usb_ip_stream_stop(void *state, struct err *err)
{
	struct usb_ip_handle *ip = state;

	(void)err;
	if (!ip->is_streaming)
		return 0;
	if (usb_ring_stop(&ip->stream, USB_IP_UNLINK_MS)) {
		usb_ip_connection_end(&ip->connection, -ENODEV,
				      "the server answers nothing any more, not even an unlink");
		usb_ring_stop(&ip->stream, -1);
	}
	ring_set(ip, NULL);
	ip->is_streaming = false;
	return 0;
}
