/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USB devices in the played kernel: /dev/bus/usb nodes, their sysfs files, and what udev says of
 * them. The model follows drivers/usb/core/devio.c: URBs of an endpoint complete in the order they
 * were submitted; poll() says POLLOUT while one waits to be reaped, POLLERR once the device is
 * gone; a discarded URB comes back with ENOENT and what it held by then; what was submitted counts
 * against usbfs_memory_mb unless its buffer was mapped; a control request to an interface takes a
 * claim of it (check_ctrlrecip), one to the device or to "other" does not.
 */
#ifndef TESTS_SEAM_USBFS_H
#define TESTS_SEAM_USBFS_H

#include "tests/seam/kernel.h"

enum { SEAM_USB_LATER = -115 /* -EINPROGRESS: a control request that is not answered now */ };

/* A device. Owned by the test; the first part is set before seam_usb_plug. */
struct seam_usb {
	uint16_t vendor, product, version_bcd;
	uint8_t device_class; /* bDeviceClass; 0: the interface's */
	bool is_superspeed;   /* else high speed */
	const char *manufacturer, *product_name, *serial; /* NULL: has none */
	unsigned address;                                 /* on bus 1: 2..127, unlike others' */
	/* Vendor and class requests; data: IN to be filled, OUT to be read. Returns the bytes of
	 * the data stage, -EPIPE to stall, or SEAM_USB_LATER. NULL: all are stalled. Must not call
	 * back into this file. */
	int (*control)(struct seam_usb *usb, const uint8_t setup[8], uint8_t *data, size_t length);
	/* A bulk OUT transfer; returns bytes taken, or -EPIPE. NULL: takes all. */
	int (*bulk_out)(struct seam_usb *usb, uint8_t endpoint, const uint8_t *bytes, size_t count);
	/* What a bulk IN transfer holds by the time it is discarded. NULL: nothing. */
	size_t (*discarded)(struct seam_usb *usb, uint8_t endpoint, uint8_t *bytes, size_t size);
	void *context;
	int open_error;            /* positive errno */
	bool has_kernel_driver;    /* on interface 0 */
	bool is_claimed_elsewhere; /* interface 0, by another program */
	bool has_no_maps;          /* mmap() of the node fails */
	size_t memory_limit;       /* 0: none */

	/* What happened, read after seam_usb_lock. */
	unsigned submits, reaps, discards, maps, clears, claims, releases;
	unsigned kernel_driver_attaches;
	uint32_t taken_ports; /* of a hub: USBDEVFS_CLAIM_PORT, bit per port */
	/* The model's. */
	bool is_plugged, is_refusing;
	uint32_t halted_in, halted_out;
	size_t memory;
	struct seam_usb_urb *pending; /* oldest first */
	struct seam_usb_file *files;
	struct seam_node node;
	struct seam_usb *next;
};

void seam_usb_plug(struct seam_usb *usb);
/* Out at once: all URBs come back with ESHUTDOWN, submits fail, the node and sysfs files go. */
void seam_usb_unplug(struct seam_usb *usb);
/* The first moment of being unplugged: submits fail, URBs under way still hang. */
void seam_usb_refuse(struct seam_usb *usb);

/* The device sends one transfer's bytes to the oldest URB that waits at the IN endpoint (0x81,
 * ...), cut to its size. -EAGAIN: none waits; else the bytes taken. */
int seam_usb_send(struct seam_usb *usb, uint8_t endpoint, const void *bytes, size_t count);
/* The same with a bus error (-EPROTO, ...) behind those bytes. */
int seam_usb_send_status(struct seam_usb *usb, uint8_t endpoint, const void *bytes, size_t count,
			 int status);
/* URBs that wait at the endpoint (bit 7: IN). */
unsigned seam_usb_waiting(struct seam_usb *usb, uint8_t endpoint);
/* Waits until at least that many do; false after 5 s. */
bool seam_usb_await(struct seam_usb *usb, uint8_t endpoint, unsigned count);
/* Halts the endpoint: everything that waits there, or comes, is stalled until it is cleared. */
void seam_usb_halt(struct seam_usb *usb, uint8_t endpoint);
void seam_usb_lock(void);
void seam_usb_unlock(void);

#endif
