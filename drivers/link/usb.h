/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A USB device that is driven without a kernel driver: control transfers, bulk writes, and one bulk
 * IN stream.
 *
 *   usb:VID:PID              the only local device of that kind (libusb); hexadecimal
 *   usb:VID:PID:SERIAL       the one with this serial number
 *   usbip://HOST:PORT/BUSID  a device that a USB/IP server exports, driven from this process; no
 *                            kernel module is needed
 *   usbip+unix:PATH/BUSID    the same over a Unix stream socket
 *
 * A virtual rig exports its devices as USB/IP. Its manufacturer string begins with "VIRTUAL".
 *
 * Threads: usb_stream_read may run in a capture thread of its own; everything else is called by one
 * owner, and may be called while the stream runs. Nothing blocks longer than its time-out. A device
 * that is unplugged is -ENODEV, seen at once, and stays -ENODEV.
 */
#ifndef DRIVERS_LINK_USB_H
#define DRIVERS_LINK_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

struct link_tape;
struct usb;

struct usb_identity {
	uint16_t vendor, product;
	uint16_t version_bcd; /* bcdDevice */
	char manufacturer[64], product_name[64], serial[64];
	bool is_virtual;
};

/* What a driver expects behind the uri; 0: anything. */
struct usb_expected {
	uint16_t vendor, product;
	unsigned
		interface; /* claimed; a kernel driver that holds it is detached while it is open */
};

/* Opens exclusively and claims the interface. -ENOENT: no such device (the sentence lists those of
 * the kind that are there); -ENOTUNIQ: several, and no serial number says which; -EACCES: no
 * permission (the sentence says which udev rule is missing); -EBUSY: somebody holds it; -EINVAL:
 * malformed uri; -ENOTSUP: another device than expected. */
int usb_open(const char *uri, const struct usb_expected *expected, struct usb **ret_usb,
	     struct err *err);
/* As usb_open, on a recording or replaying tape (drivers/link/record.h); NULL: a plain device. */
int usb_open_taped(struct link_tape *tape, const char *uri, const struct usb_expected *expected,
		   struct usb **ret_usb, struct err *err);
/* Stops the stream, releases the interface; accepts NULL. Waits for the transfers' ends, never for
 * a time-out. */
void usb_close(struct usb *usb);

const struct usb_identity *usb_identity(const struct usb *usb);
const char *usb_uri(const struct usb *usb);
/* CLOCK_MONOTONIC as the session saw it: the tape's while it replays. */
int64_t usb_clock_ns(const struct usb *usb);

/* One control transfer; data's direction follows bit 7 of request_type. *ret_count (may be NULL):
 * bytes of the data stage. -EPIPE: the device refused (STALL). -ETIMEDOUT. */
int usb_control(struct usb *usb, uint8_t request_type, uint8_t request, uint16_t value,
		uint16_t index, void *data, uint16_t length, int timeout_ms, size_t *ret_count,
		struct err *err);
/* All of it to a bulk OUT endpoint, or -ETIMEDOUT, -EPIPE (halted). */
int usb_bulk_write(struct usb *usb, uint8_t endpoint, const void *bytes, size_t count,
		   int timeout_ms, struct err *err);
/* One bulk IN transfer while no stream runs on the endpoint; ends with a short packet. */
int usb_bulk_read(struct usb *usb, uint8_t endpoint, void *bytes, size_t capacity, int timeout_ms,
		  size_t *ret_count, struct err *err);
int usb_clear_halt(struct usb *usb, uint8_t endpoint, struct err *err);

/* --- the stream ------------------------------------------------------------------------------- */

struct usb_stream_settings {
	uint8_t endpoint;        /* bulk IN */
	uint32_t transfer_bytes; /* a multiple of the packet size; 0: 32 KiB */
	uint32_t transfers; /* in flight; 0: 16. Fewer when the kernel has no memory for them */
};

/* The bytes of one completed transfer. */
struct usb_chunk {
	const uint8_t *bytes; /* valid until the next usb_stream_read or usb_stream_stop */
	size_t count;
	int64_t t_mono_ns; /* when the transfer completed */
};

/* Keeps a ring of transfers in flight. -EALREADY: it runs. */
int usb_stream_start(struct usb *usb, const struct usb_stream_settings *settings, struct err *err);
/* The next completed transfer, in order, none skipped. -ETIMEDOUT: none in time. -ENODEV: unplugged
 * (after everything that came before was read). -EPIPE: the endpoint halted. -ENODATA: stopped. */
int usb_stream_read(struct usb *usb, struct usb_chunk *ret_chunk, int timeout_ms, struct err *err);
/* Cancels, and waits until every transfer has come back. 0 also when it does not run. */
int usb_stream_stop(struct usb *usb, struct err *err);

/* --- what is plugged in ----------------------------------------------------------------------- */

struct usb_found {
	struct usb_identity identity; /* strings are "" when the device may not be opened */
	char uri[128];                /* "usb:VID:PID:SERIAL" */
	int open_error;               /* 0, or why its strings could not be read (-EACCES, ...) */
};

/* All local devices of this kind (0: any). The list is freed with free(). */
int usb_scan(uint16_t vendor, uint16_t product, struct usb_found **ret_list, size_t *ret_count,
	     struct err *err);

#endif
