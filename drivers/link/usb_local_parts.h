/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The inside of an open local device, for usb_local*.c only.
 *
 *   usb_local.c           finding the device, opening, the thread, closing
 *   usb_local_transfer.c  single transfers: control, bulk, clearing a halt
 *   usb_local_stream.c    the stream
 *
 * One thread handles libusb's events while the device is open, and every transfer is
 * asynchronous: libusb's synchronous calls tell their waiter through a plain int, which is a race.
 */
#ifndef DRIVERS_LINK_USB_LOCAL_PARTS_H
#define DRIVERS_LINK_USB_LOCAL_PARTS_H

#include <stdatomic.h>

#include "drivers/link/usb_local.h"
#include "drivers/link/usb_ring.h"

struct usb_local_handle {
	libusb_context *context;
	libusb_device_handle *handle;
	unsigned interface;
	atomic_bool is_gone;
	bool has_ring, is_streaming;
	struct usb_ring ring;
	pthread_mutex_t lock;             /* of the next field */
	struct usb_ring *to_retry;        /* NULL: no ring that wants to be called */
	struct local_transfer *transfers; /* one per transfer of the ring */
	bool *is_mapped;                  /* per buffer of the ring, in the order of making */
	pthread_t thread;
	atomic_bool quit;
};

/* -ENODEV with its sentence; from now on the device is known to be gone. */
int usb_local_gone(struct usb_local_handle *local, struct err *err);
/* As usb_local_check, and takes notice of a device that is gone. */
int usb_local_check_device(struct usb_local_handle *local, int libusb_code, const char *what,
			   struct err *err);

/* What a transfer's status (enum libusb_transfer_status, the index) says of it: 0 or a negative
 * errno, and the sentence. */
struct usb_local_end {
	int code;
	const char *sentence;
};

extern const struct usb_local_end usb_local_ends[];

/* Frees the stream's ring and transfers, if there are any. No transfer is under way, and no thread
 * calls the ring. */
void usb_local_ring_free(struct usb_local_handle *local);

/* Hooks: usb_kinds.h says what they are. */
int usb_local_control(void *state, const uint8_t setup[USB_SETUP_BYTES], void *data, int timeout_ms,
		      size_t *ret_count, struct err *err);
int usb_local_bulk_write(void *state, uint8_t endpoint, const void *bytes, size_t count,
			 int timeout_ms, struct err *err);
int usb_local_bulk_read(void *state, uint8_t endpoint, void *bytes, size_t capacity, int timeout_ms,
			size_t *ret_count, struct err *err);
int usb_local_clear_halt(void *state, uint8_t endpoint, struct err *err);
int usb_local_stream_start(void *state, const struct usb_stream_settings *settings,
			   struct err *err);
int usb_local_stream_read(void *state, struct usb_chunk *ret_chunk, int timeout_ms,
			  struct err *err);
int usb_local_stream_stop(void *state, struct err *err);

#endif
