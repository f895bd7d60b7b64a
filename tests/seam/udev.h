/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What libusb asks libudev: which USB devices there are, and which come and go. udev.c answers in
 * libudev's place, from usbfs.c.
 */
#ifndef TESTS_SEAM_UDEV_H
#define TESTS_SEAM_UDEV_H

#include <stddef.h>

/* Addresses of the devices on bus 1 (usbfs.c). */
size_t seam_udev_addresses(unsigned *addresses, size_t capacity);
/* "add" or "remove", to those who listen. */
void seam_udev_event(unsigned address, const char *action);

#endif
