/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An i2c-tiny-usb adapter. Requests and status codes: Linux driver i2c-tiny-usb.c. See the header.
 *
 * assumed, from the driver's expectations: the echo answers with wValue; a read of an address that
 * nobody acknowledges gives zeros; a data byte that is not acknowledged is in no status; version
 * 2.05. The real adapter is a low-speed device; this one is exported as a high-speed device.
 */
#include "rigs/virtual/meters/i2c_tiny_usb.h"

#include <stdio.h>

#define REQUEST_ECHO      0
#define REQUEST_FUNCTIONS 1
#define REQUEST_DELAY     2
#define REQUEST_STATUS    3
#define REQUEST_IO        4
#define IO_BEGIN          1 /* bits beside REQUEST_IO */
#define IO_END            2

#define VENDOR_OUT 0x41 /* interface recipient */
#define VENDOR_IN  0xc1

#define STATUS_IDLE 0
#define STATUS_ACK  1
#define STATUS_NAK  2

#define MESSAGE_READ     0x0001 /* I2C_M_RD, include/uapi/linux/i2c.h */
#define DELAY_DEFAULT_US 10
#define BITS_PER_BYTE    9

/* include/uapi/linux/i2c.h: I2C_FUNC_I2C, quick, byte, byte data, word data, process call, and
 * blocks of both kinds without a count. */
#define FUNCTIONS                                                                                  \
	(0x00000001u | 0x00010000u | 0x00060000u | 0x00180000u | 0x00600000u | 0x00800000u |       \
	 0x0c000000u)

static const uint8_t device_descriptor[18] = {
	18,   1,             /* DEVICE */
	0x00, 0x02,          /* USB 2.0 */
	0xff, 0x00, 0x00,    /* vendor class */
	64,                  /* EP0 */
	0x03, 0x04,          /* VID 0x0403 */
	0x31, 0xc6,          /* PID 0xc631 */
	0x05, 0x02,          /* device 2.05 */
	1,    2,    3,    1, /* manufacturer, product, serial number; 1 configuration */
};

static const uint8_t configuration_descriptor[18] = {
	9, 2, 18, 0, 1, 1, 0, 0x80, 50, /* 1 interface, bus powered, 100 mA */
	9, 4, 0,  0, 0, 0, 0, 0,    0,  /* interface 0 without endpoints */
};

static void spend(struct vi2c_tiny_usb *adapter, unsigned bits)
{
	adapter->busy_us += (uint64_t)bits * adapter->delay_us;
}

static void bus_stop(struct vi2c_tiny_usb *adapter)
{
	if (adapter->open)
		adapter->device->stop(adapter->device->context);
	adapter->open = false;
	spend(adapter, 1);
}

static bool bus_start(struct vi2c_tiny_usb *adapter, const struct usb_setup *setup)
{
	adapter->open = true;
	spend(adapter, 1 + BITS_PER_BYTE);
	return adapter->device->start(adapter->device->context, (uint8_t)(setup->index & 0x7f),
				      setup->value & MESSAGE_READ);
}

static void bus_bytes(struct vi2c_tiny_usb *adapter, const struct usb_setup *setup, uint8_t *data)
{
	const struct i2c_device *device = adapter->device;
	bool last_message = setup->request & IO_END;

	spend(adapter, setup->length * BITS_PER_BYTE);
	for (unsigned i = 0; i < setup->length; i++) {
		if (setup->value & MESSAGE_READ) /* the last byte is not acknowledged */
			data[i] = device->read(device->context, i + 1u < setup->length);
		else
			device->write(device->context, data[i]);
	}
	if (last_message)
		bus_stop(adapter);
}

static int run_io(struct vi2c_tiny_usb *adapter, const struct usb_setup *setup, uint8_t *data)
{
	bool in = setup->request_type & 0x80;

	/* The transfer's direction is that of the message, unless it holds no bytes. */
	if (setup->length && in != (setup->value & MESSAGE_READ))
		return USB_STALL;
	if (setup->request & IO_BEGIN && adapter->open)
		bus_stop(adapter); /* what a host left open */
	if (bus_start(adapter, setup)) {
		adapter->status = STATUS_ACK;
		bus_bytes(adapter, setup, data);
		return setup->length;
	}
	adapter->status = STATUS_NAK;
	bus_stop(adapter);
	if (in)
		memset(data, 0, setup->length);
	return setup->length;
}

static int vendor_in(struct vi2c_tiny_usb *adapter, const struct usb_setup *setup, uint8_t *data)
{
	uint8_t reply[4];

	switch (setup->request) {
	case REQUEST_ECHO:
		usb_put_le(reply, setup->value, 2);
		return usb_reply(setup, data, reply, 2);
	case REQUEST_FUNCTIONS:
		usb_put_le(reply, FUNCTIONS, 4);
		return usb_reply(setup, data, reply, 4);
	case REQUEST_STATUS:
		return usb_reply(setup, data, &adapter->status, 1);
	default:
		return USB_STALL;
	}
}

static int vendor_request(struct vi2c_tiny_usb *adapter, const struct usb_setup *setup,
			  uint8_t *data)
{
	if (setup->request_type != VENDOR_OUT && setup->request_type != VENDOR_IN)
		return USB_STALL;
	if ((setup->request & ~(IO_BEGIN | IO_END)) == REQUEST_IO)
		return run_io(adapter, setup, data);
	if (setup->request_type == VENDOR_IN)
		return vendor_in(adapter, setup, data);
	if (setup->request != REQUEST_DELAY || setup->length)
		return USB_STALL;
	adapter->delay_us = setup->value ? setup->value : DELAY_DEFAULT_US;
	return 0;
}

static int control(void *state, const struct usb_setup *setup, uint8_t *data)
{
	struct vi2c_tiny_usb *adapter = state;
	const struct usb_descriptors descriptors = {
		.device = device_descriptor,
		.configuration = configuration_descriptor,
		.configuration_bytes = sizeof(configuration_descriptor),
		.strings = {NULL, "VIRTUAL Till Harbaum", "i2c-tiny-usb", adapter->serial},
	};

	if ((setup->request_type & 0x60) == 0)
		return usb_standard_request(&descriptors, &adapter->usb, setup, data);
	return vendor_request(adapter, setup, data);
}

static int bulk_out(void *state, uint8_t endpoint, const uint8_t *bytes, size_t count)
{
	(void)state, (void)endpoint, (void)bytes, (void)count;
	return USB_STALL; /* no such endpoint */
}

static int bulk_in(void *state, uint8_t endpoint, uint8_t *ret_bytes, size_t capacity)
{
	(void)state, (void)endpoint, (void)ret_bytes, (void)capacity;
	return USB_STALL; /* no such endpoint */
}

static const struct usb_device_ops ops = {"i2c-tiny-usb", control, bulk_out, bulk_in};

void vi2c_tiny_usb_init(struct vi2c_tiny_usb *adapter, const struct i2c_device *device,
			const char *serial)
{
	*adapter = (struct vi2c_tiny_usb){
		.device = device, .status = STATUS_IDLE, .delay_us = DELAY_DEFAULT_US};
	snprintf(adapter->serial, sizeof(adapter->serial), "%s", serial);
}

struct usb_device vi2c_tiny_usb_usb(struct vi2c_tiny_usb *adapter)
{
	return (struct usb_device){&ops, adapter};
}

uint64_t vi2c_tiny_usb_take_us(struct vi2c_tiny_usb *adapter)
{
	uint64_t busy_us = adapter->busy_us;

	adapter->busy_us = 0;
	return busy_us;
}
