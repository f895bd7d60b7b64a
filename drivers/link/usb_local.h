/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What opening (usb_local.c) and listing (usb_scan.c) local devices share.
 */
#ifndef DRIVERS_LINK_USB_LOCAL_H
#define DRIVERS_LINK_USB_LOCAL_H

#include <libusb.h>

#include "drivers/link/usb_kinds.h"

/* libusb's code as a negative errno. */
int usb_local_code(int libusb_code);
/* The same with a sentence "what: why"; 0 for what is not negative. */
int usb_local_check(int libusb_code, const char *what, struct err *err);

/* Numbers of a device, without opening it. */
int usb_local_numbers(libusb_device *device, struct usb_identity *ret_identity);
/* Its strings, from the open device; those that cannot be read stay "". Adds is_virtual. */
void usb_local_strings(libusb_device_handle *handle, struct usb_identity *identity);

/* One device that is plugged in. */
struct usb_local_found {
	struct usb_identity identity;
	libusb_device *device;
	int open_error; /* negative errno: its strings are not known */
};

/* All devices of the kind (0: any), each opened for a moment to read its strings. The array is
 * freed with usb_local_found_free, and holds references to the devices. */
int usb_local_find(libusb_context *context, uint16_t vendor, uint16_t product,
		   struct usb_local_found **ret_found, size_t *ret_count, struct err *err);
void usb_local_found_free(struct usb_local_found *found, size_t count);

#endif
