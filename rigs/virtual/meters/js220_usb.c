/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The USB side of a virtual JS220 (device sheet, "USB" and "Frame header").
 *
 * The sheet gives identities, endpoints and vendor requests. Assumed in the descriptors: vendor
 * class, bcdDevice, strings, 500 mA, bus-powered.
 */
#include "rigs/virtual/meters/js220_state.h"

#define ENDPOINT_OUT 0x01
#define ENDPOINT_IN  0x82

#define REQUEST_VENDOR_IN  0xc0 /* device recipient */
#define REQUEST_CONNECT    1
#define REQUEST_DISCONNECT 2

static const uint8_t device_descriptor[18] = {
	18,   1,             /* DEVICE */
	0x00, 0x02,          /* USB 2.0 */
	0xff, 0xff, 0xff,    /* vendor class, subclass, protocol */
	64,                  /* EP0 */
	0xd0, 0x16,          /* VID 0x16d0 */
	0xba, 0x10,          /* PID 0x10ba: application */
	0x03, 0x01,          /* device 1.03 */
	1,    2,    3,    1, /* manufacturer, product, serial number; 1 configuration */
};

/* clang-format off */
static const uint8_t configuration_descriptor[32] = {
	9, 2, 32, 0, 1, 1, 0, 0x80, 250,      /* 1 interface, bus powered, 500 mA */
	9, 4, 0, 0, 2, 0xff, 0xff, 0xff, 0,   /* interface 0: 2 endpoints, vendor class */
	7, 5, ENDPOINT_OUT, 2, 0x00, 0x02, 0, /* bulk, 512 bytes */
	7, 5, ENDPOINT_IN, 2, 0x00, 0x02, 0,  /* bulk, 512 bytes */
};
/* clang-format on */

static void disconnect(struct vjs220 *meter)
{
	js220_stop(meter);
	js220_frames_reset(&meter->frames);
	meter->connected = false;
}

/* wValue 1 keeps the settings; streams start switched off all the same. */
static void connect(struct vjs220 *meter, bool keep)
{
	disconnect(meter);
	if (!keep)
		js220_defaults(meter);
	meter->connected = true;
	meter->out_id = 0;
	js220_link_connect(meter);
}

static int vendor_request(struct vjs220 *meter, const struct usb_setup *setup, uint8_t *data)
{
	const uint8_t ok = 0;

	if (setup->request_type != REQUEST_VENDOR_IN)
		return USB_STALL;
	if (setup->request == REQUEST_CONNECT && setup->value <= 1)
		connect(meter, setup->value == 1);
	else if (setup->request == REQUEST_DISCONNECT)
		disconnect(meter);
	else
		return USB_STALL;
	return usb_reply(setup, data, &ok, 1);
}

static int js220_control(void *state, const struct usb_setup *setup, uint8_t *data)
{
	struct vjs220 *meter = state;
	const struct usb_descriptors descriptors = {
		.device = device_descriptor,
		.configuration = configuration_descriptor,
		.configuration_bytes = sizeof(configuration_descriptor),
		.strings = {NULL, "VIRTUAL Jetperch LLC", "Joulescope JS220", meter->serial},
	};

	if ((setup->request_type & 0x60) == 0)
		return usb_standard_request(&descriptors, &meter->usb, setup, data);
	return vendor_request(meter, setup, data);
}

/* One frame of the host. */
static void receive_frame(struct vjs220 *meter, const uint8_t *frame, size_t bytes)
{
	uint32_t header = (uint32_t)usb_get_le(frame, 4);
	unsigned length = header >> 16 & 0x1ff, port = header >> 25 & 0x1f;

	if (4 + length != bytes || header >> 30) {
		meter->host_faults++;
		return;
	}
	if ((uint16_t)header != meter->out_id)
		meter->host_faults++;
	meter->out_id = (uint16_t)(header + 1);
	if (port == JS220_PORT_LINK)
		js220_link_receive(meter, frame + 4, length);
	else if (port == JS220_PORT_PUBLISH)
		js220_topics_receive(meter, frame + 4, length);
	else
		meter->host_faults++;
}

static int js220_bulk_out(void *state, uint8_t endpoint, const uint8_t *bytes, size_t count)
{
	struct vjs220 *meter = state;

	if (endpoint != ENDPOINT_OUT || meter->usb.halted & usb_endpoint_bit(endpoint))
		return USB_STALL;
	for (size_t at = 0; at < count && meter->connected; at += JS220_FRAME_MAX) {
		size_t left = count - at;

		if (left >= 4)
			receive_frame(meter, bytes + at,
				      left < JS220_FRAME_MAX ? left : JS220_FRAME_MAX);
		else
			meter->host_faults++;
	}
	return (int)count;
}

static int js220_bulk_in(void *state, uint8_t endpoint, uint8_t *ret_bytes, size_t capacity)
{
	struct vjs220 *meter = state;

	if (endpoint != ENDPOINT_IN || meter->usb.halted & usb_endpoint_bit(endpoint))
		return USB_STALL;
	return js220_frames_take(&meter->frames, ret_bytes, capacity);
}

const struct usb_device_ops js220_usb_ops = {
	.name = "js220",
	.control = js220_control,
	.bulk_out = js220_bulk_out,
	.bulk_in = js220_bulk_in,
};
