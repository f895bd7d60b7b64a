/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The inside of an open device behind USB/IP, for usb_ip.c and these alone (usb_ip_import, _urb and
 * _wire know nothing of it):
 *
 *   usb_ip.c           opening, closing
 *   usb_ip_set_up.c    descriptors and configuration, once it is imported
 *   usb_ip_transfer.c  single transfers: control, bulk, clearing a halt
 *   usb_ip_stream.c    the stream
 *
 * A server that is asked to give URBs back and does not, for USB_IP_UNLINK_MS, is taken for dead:
 * the connection is closed, which brings them back.
 */
#ifndef DRIVERS_LINK_USB_IP_PARTS_H
#define DRIVERS_LINK_USB_IP_PARTS_H

#include "drivers/link/usb_ip_urb.h"
#include "drivers/link/usb_kinds.h"
#include "drivers/link/usb_ring.h"

enum {
	USB_IP_SETUP_MS = 5000, /* of each request while the device is set up */
	USB_IP_UNLINK_MS = 2000,
	USB_IP_ENDPOINT_NUMBER = 0x0F, /* USB 2.0, chapter 9: of an endpoint's address */
};

struct usb_ip_handle {
	struct usb_ip_connection connection;
	pthread_mutex_t lock;  /* of the fields below */
	struct usb_ring *ring; /* NULL: none that wants to be called */
	bool has_ring, is_streaming;
	struct usb_ring stream;
	struct usb_ip_urb *urbs; /* one per transfer of the ring */
};

/* After the import: reads the identity, holds it against what is expected, and sets the first
 * configuration, which must have the interface. *ret_identity may be written on failure. -EPROTO:
 * descriptors that make no sense; -ENOTSUP: another device, or no such interface; else as
 * usb_ip_control. */
int usb_ip_device_set_up(struct usb_ip_handle *ip, const struct usb_expected *expected,
			 struct usb_identity *ret_identity, struct err *err);

/* A URB's status, 0 or a negative errno, as a function's result with its sentence. -EREMOTEIO, a
 * short read, is none. A connection that has ended is the reason for any but a STALL. */
int usb_ip_status_result(struct usb_ip_handle *ip, int status, struct err *err);

/* Frees the stream's ring and URBs, if there are any. No URB of it is under way, and the
 * connection's thread does not call the ring. */
void usb_ip_ring_free(struct usb_ip_handle *ip);

/* Hooks: usb_kinds.h says what they are. */
int usb_ip_control(void *state, const uint8_t setup[USB_SETUP_BYTES], void *data, int timeout_ms,
		   size_t *ret_count, struct err *err);
int usb_ip_bulk_write(void *state, uint8_t endpoint, const void *bytes, size_t count,
		      int timeout_ms, struct err *err);
int usb_ip_bulk_read(void *state, uint8_t endpoint, void *bytes, size_t capacity, int timeout_ms,
		     size_t *ret_count, struct err *err);
int usb_ip_clear_halt(void *state, uint8_t endpoint, struct err *err);
int usb_ip_stream_start(void *state, const struct usb_stream_settings *settings, struct err *err);
int usb_ip_stream_read(void *state, struct usb_chunk *ret_chunk, int timeout_ms, struct err *err);
int usb_ip_stream_stop(void *state, struct err *err);

#endif
