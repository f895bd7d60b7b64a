/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An i2c-tiny-usb adapter with one virtual I2C device on its bus, as the Linux driver
 * drivers/i2c/busses/i2c-tiny-usb.c sees it: control requests only.
 *
 * A transfer happens on the bus at the device's present virtual time; how long the bus was busy
 * with it is told apart (vi2c_tiny_usb_take_us), so that the owner can let that time pass.
 */
#ifndef RIGS_VIRTUAL_METERS_I2C_TINY_USB_H
#define RIGS_VIRTUAL_METERS_I2C_TINY_USB_H

#include "rigs/virtual/meters/i2c_device.h"
#include "rigs/virtual/meters/usb_device.h"

#define VI2C_TINY_USB_SERIAL_BYTES 16

struct vi2c_tiny_usb {
	const struct i2c_device *device; /* not owned */
	struct usb_state usb;
	char serial[VI2C_TINY_USB_SERIAL_BYTES];
	uint8_t status;
	uint16_t delay_us; /* per bit */
	uint64_t busy_us;
	bool open; /* a start without a stop */
};

/* The device outlives the adapter. */
void vi2c_tiny_usb_init(struct vi2c_tiny_usb *adapter, const struct i2c_device *device,
			const char *serial);
struct usb_device vi2c_tiny_usb_usb(struct vi2c_tiny_usb *adapter);
/* Time that the bus needed since the last call. */
uint64_t vi2c_tiny_usb_take_us(struct vi2c_tiny_usb *adapter);

#endif
