/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A USB device by its place, whose interfaces stay with the kernel's driver: control transfers
 * only. This is how a hub is spoken to. Claiming a hub's interface would detach the kernel's hub
 * driver, and with it everything that is plugged into the hub.
 *
 * Nothing is claimed, and nothing has to be: usbfs asks for the interface where a control request
 * is addressed to an interface or an endpoint, and for no request to the device or to "other", as
 * those to a hub's ports are (drivers/usb/core/devio.c, check_ctrlrecip). Opening takes the right
 * to write to the node.
 *
 * A place is what lsusb -t and /sys/bus/usb/devices show: "1-1.4" is behind port 4 of the hub
 * behind port 1 of bus 1, "usb1" is bus 1's root hub.
 *
 * One owner, one thread.
 */
#ifndef DRIVERS_LINK_USB_UNCLAIMED_H
#define DRIVERS_LINK_USB_UNCLAIMED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

enum { USB_PLACE_DEPTH = 7 /* libusb: ports deep */, USB_PLACE_BYTES = 40 };

struct usb_place {
	unsigned bus, depth; /* depth 0: the root hub */
	uint8_t ports[USB_PLACE_DEPTH];
};

struct usb_unclaimed;

/* Pure. false: no such place can be. */
bool usb_place_parse(const char *text, struct usb_place *ret_place);
/* The same port of a hub as the other of its two speeds has it (USB 3 hubs are two devices): 1 and
 * its place, 0 when the kernel knows of none. */
int usb_place_peer(const char *hub, unsigned port, char ret_hub[USB_PLACE_BYTES],
		   unsigned *ret_port);

/* -ENOENT: nothing is there; -EACCES: no permission (the sentence says which udev rule). */
int usb_unclaimed_open(const char *place, struct usb_unclaimed **ret_device, struct err *err);
void usb_unclaimed_close(struct usb_unclaimed *device); /* accepts NULL; lets go of ports */

uint8_t usb_unclaimed_class(const struct usb_unclaimed *device); /* bDeviceClass */
bool usb_unclaimed_is_superspeed(const struct usb_unclaimed *device);

/* One control transfer. *ret_count: bytes of the data stage. -EPIPE: refused; -ETIMEDOUT; -ENODEV.
 */
int usb_unclaimed_control(struct usb_unclaimed *device, uint8_t request_type, uint8_t request,
			  uint16_t value, uint16_t index, void *data, uint16_t length,
			  int timeout_ms, size_t *ret_count, struct err *err);

/* Of a hub: the kernel's driver leaves the port alone (as it is, and whatever is plugged in) until
 * it is let go. -EBUSY: another program has it. */
int usb_unclaimed_take_port(struct usb_unclaimed *device, unsigned port, struct err *err);
int usb_unclaimed_leave_port(struct usb_unclaimed *device, unsigned port, struct err *err);

#endif
