/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Plugs a device that a USB/IP server exports on a Unix socket into the running kernel, and unplugs
 * it: what usbip(8) does over TCP. For the guest of tests/kernel: needs root and vhci-hcd.
 *
 * Kernel: Documentation/usb/usbip_protocol.rst; drivers/usb/usbip/vhci_sysfs.c (attach, detach,
 * status).
 */
#ifndef TESTS_KERNEL_VHCI_H
#define TESTS_KERNEL_VHCI_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/err.h"

struct vhci_device {
	unsigned port;  /* of the virtual host controller */
	char busid[32]; /* in /sys/bus/usb/devices */
};

/* Whether this kernel has a virtual host controller. */
bool vhci_is_there(void);

/* Imports the device and returns when the kernel has configured it. -ENOENT: no such export;
 * -EBUSY: somebody else imported it, or no port is free; -ECONNREFUSED; -ETIMEDOUT: the kernel did
 * not like it within 5 s (its log says why). */
int vhci_attach(const char *socket_path, const char *busid, struct vhci_device *ret_device,
		struct err *err);
/* Unplugs it; returns when the kernel has let it go. Also right for one whose server has died. */
int vhci_detach(const struct vhci_device *device, struct err *err);
bool vhci_is_used(unsigned port);
/* Its file in sysfs, without the newline. */
int vhci_read(const struct vhci_device *device, const char *file, char *ret_text, size_t size,
	      struct err *err);

#endif
