/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Getting a device from a USB/IP server: address, connection, OP_REQ_IMPORT.
 */
#ifndef DRIVERS_LINK_USB_IP_IMPORT_H
#define DRIVERS_LINK_USB_IP_IMPORT_H

#include "drivers/err.h"
#include "drivers/link/usb_ip_wire.h"

/* address: "//HOST:PORT/BUSID", or with is_unix "PATH/BUSID". *ret_fd is non-blocking, and what
 * comes on it from then on belongs to URBs. -ENOENT: no such bus id (the sentence lists those that
 * there are); -EBUSY: it is exported, but somebody else has it; -EPROTO: no USB/IP server. */
int usb_ip_import(const char *address, bool is_unix, struct usb_ip_device *ret_device, int *ret_fd,
		  struct err *err);

#endif
