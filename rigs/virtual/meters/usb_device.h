/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a virtual USB device is driven, so that anything that speaks USB can attach it: a USB/IP
 * server, a libusb whose system calls are answered in the process, or a test.
 *
 *   control   one control transfer with its data stage, the standard requests included
 *   bulk_out  one OUT transfer of the host
 *   bulk_in   one IN transfer of the host: full packets, ended by a short packet or by the buffer
 *
 * Calls return at once and never from another thread than the caller's. Time passes only while the
 * owner of the device feeds it: a NAK stays one until then.
 *
 * The standard requests (USB 2.0 specification, chapter 9.4) are answered here from the
 * descriptors of a struct usb_descriptors.
 */
#ifndef RIGS_VIRTUAL_METERS_USB_DEVICE_H
#define RIGS_VIRTUAL_METERS_USB_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define USB_STALL      (-1) /* the endpoint answers STALL; EP0 recovers with the next setup packet */
#define USB_NAK        (-2) /* nothing to send yet: the transfer stays pending */
#define USB_PACKET_MAX 512u /* bulk, high speed */

struct usb_setup {
	uint8_t request_type, request;
	uint16_t value, index, length;
};

struct usb_device_ops {
	const char *name;
	/* IN: fills at most setup->length bytes of data. OUT: data holds setup->length bytes, not
	 * changed. Returns the bytes of the data stage, USB_STALL, or USB_NAK: to be called again.
	 */
	int (*control)(void *state, const struct usb_setup *setup, uint8_t *data);
	/* Returns how many bytes were taken (fewer than count: no room for more, to be called again
	 * with the rest), USB_NAK: none, or USB_STALL (halted, or no such endpoint). */
	int (*bulk_out)(void *state, uint8_t endpoint, const uint8_t *bytes, size_t count);
	/* capacity is a multiple of USB_PACKET_MAX: less overflows (USB_STALL). Returns the bytes
	 * of the packets that are ready (0: an empty one), USB_NAK without any, or USB_STALL. A
	 * transfer of the host that is longer goes on with the next call, unless the last packet
	 * was short. */
	int (*bulk_in)(void *state, uint8_t endpoint, uint8_t *ret_bytes, size_t capacity);
};

struct usb_device {
	const struct usb_device_ops *ops;
	void *state;
};

/* Little-endian fields of packets. */
static inline void usb_put_le(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

static inline uint64_t usb_get_le(const uint8_t *from, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)from[i] << (8 * i);
	return value;
}

/* Standard requests -------------------------------------------------------------------------- */

#define USB_STRINGS_MAX 8

struct usb_descriptors {
	const uint8_t *device, *configuration; /* with their interfaces and endpoints */
	size_t configuration_bytes;
	const char *strings[USB_STRINGS_MAX]; /* ASCII; index 0 is unused, NULL: none */
};

/* What standard requests change. */
struct usb_state {
	uint8_t configuration;
	uint32_t halted; /* bit: endpoint number, + 16 for IN */
};

static inline uint32_t usb_endpoint_bit(uint8_t endpoint)
{
	return 1u << ((endpoint & 15) + (endpoint & 0x80 ? 16 : 0));
}

static inline int usb_reply(const struct usb_setup *setup, uint8_t *data, const void *bytes,
			    size_t count)
{
	if (count > setup->length)
		count = setup->length;
	memcpy(data, bytes, count);
	return (int)count;
}

/* String descriptor: UTF-16LE; index 0 lists the languages (0x0409: English, United States). */
static inline int usb_reply_string(const struct usb_descriptors *d, const struct usb_setup *setup,
				   uint8_t *data)
{
	uint8_t reply[2 + 2 * 126] = {4, 3, 0x09, 0x04};
	unsigned index = setup->value & 0xff;
	size_t length = 1;

	if (index >= USB_STRINGS_MAX || (index && !d->strings[index]))
		return USB_STALL;
	if (index) {
		length = strlen(d->strings[index]);
		length = length < 126 ? length : 126;
		for (size_t i = 0; i < length; i++) {
			reply[2 + 2 * i] = (uint8_t)d->strings[index][i];
			reply[3 + 2 * i] = 0;
		}
		reply[0] = (uint8_t)(2 + 2 * length);
	}
	return usb_reply(setup, data, reply, reply[0]);
}

static inline int usb_reply_descriptor(const struct usb_descriptors *d,
				       const struct usb_setup *setup, uint8_t *data)
{
	switch (setup->value >> 8) {
	case 1:
		return usb_reply(setup, data, d->device, d->device[0]);
	case 2:
		return setup->value & 0xff
			       ? USB_STALL
			       : usb_reply(setup, data, d->configuration, d->configuration_bytes);
	case 3:
		return usb_reply_string(d, setup, data);
	default: /* no device qualifier: the full-speed side of these devices is not modelled */
		return USB_STALL;
	}
}

static inline int usb_change_halt(struct usb_state *state, const struct usb_setup *setup)
{
	uint32_t bit = usb_endpoint_bit((uint8_t)setup->index);

	if (setup->request_type != 0x02 || setup->value != 0) /* only ENDPOINT_HALT */
		return USB_STALL;
	state->halted = setup->request == 3 ? state->halted | bit : state->halted & ~bit;
	return 0;
}

/* One configuration with one interface without alternate settings. */
static inline int usb_standard_request(const struct usb_descriptors *d, struct usb_state *state,
				       const struct usb_setup *setup, uint8_t *data)
{
	const uint8_t zero[2] = {0, 0};

	switch (setup->request) {
	case 0: { /* GET_STATUS */
		uint8_t status[2] = {0, 0};

		if ((setup->request_type & 0x1f) == 2)
			status[0] = (state->halted & usb_endpoint_bit((uint8_t)setup->index)) != 0;
		return usb_reply(setup, data, status, 2);
	}
	case 1: /* CLEAR_FEATURE */
	case 3: /* SET_FEATURE */
		return usb_change_halt(state, setup);
	case 5: /* SET_ADDRESS: the bus keeps it */
		return 0;
	case 6: /* GET_DESCRIPTOR */
		return usb_reply_descriptor(d, setup, data);
	case 8: /* GET_CONFIGURATION */
		return usb_reply(setup, data, &state->configuration, 1);
	case 9: /* SET_CONFIGURATION */
		if (setup->value > 1)
			return USB_STALL;
		state->configuration = (uint8_t)setup->value;
		state->halted = 0;
		return 0;
	case 10: /* GET_INTERFACE */
		return setup->index ? USB_STALL : usb_reply(setup, data, zero, 1);
	case 11: /* SET_INTERFACE */
		if (setup->index || setup->value)
			return USB_STALL;
		state->halted = 0;
		return 0;
	default:
		return USB_STALL;
	}
}

#endif
