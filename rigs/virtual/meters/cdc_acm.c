/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A USB serial port. See the header. Requests and descriptors: USB PSTN 1.2, tables 3, 13 and 17;
 * functional descriptors: USB CDC 1.2, section 5.2.3.
 */
#include "rigs/virtual/meters/cdc_acm.h"

#define ENDPOINT_OUT    0x01
#define ENDPOINT_IN     0x81
#define ENDPOINT_NOTIFY 0x82

#define CLASS_OUT        0x21 /* interface recipient */
#define CLASS_IN         0xa1
#define SET_LINE_CODING  0x20
#define GET_LINE_CODING  0x21
#define SET_CONTROL_LINE 0x22
#define CODING_BYTES     7
#define INTERFACES       2
#define GET_INTERFACE    10
#define SET_INTERFACE    11

/* clang-format off */
static const uint8_t configuration_descriptor[67] = {
	9, 2, 67, 0, INTERFACES, 1, 0, 0x80, 50, /* bus powered, 100 mA */
	9, 4, 0, 0, 1, 0x02, 0x02, 0x01, 0,      /* interface 0: communications, ACM, V.250 */
	5, 0x24, 0x00, 0x20, 0x01,               /* header: CDC 1.20 */
	5, 0x24, 0x01, 0x00, 1,                  /* call management: none; data interface 1 */
	4, 0x24, 0x02, 0x02,                     /* ACM: line coding and lines; no break */
	5, 0x24, 0x06, 0, 1,                     /* union: 0 controls 1 */
	7, 5, ENDPOINT_NOTIFY, 3, 16, 0, 9,      /* interrupt, 16 bytes, every 32 ms */
	9, 4, 1, 0, 2, 0x0a, 0x00, 0x00, 0,      /* interface 1: data */
	7, 5, ENDPOINT_OUT, 2, 0x00, 0x02, 0,    /* bulk, 512 bytes */
	7, 5, ENDPOINT_IN, 2, 0x00, 0x02, 0,     /* bulk, 512 bytes */
};
/* clang-format on */

static int set_coding(struct vcdc_acm *acm, const struct usb_setup *setup, const uint8_t *data)
{
	struct vcdc_acm_coding coding;

	if (setup->length != CODING_BYTES)
		return USB_STALL;
	coding = (struct vcdc_acm_coding){(uint32_t)usb_get_le(data, 4), data[4], data[5], data[6]};
	if (coding.baud == 0 || coding.stop_bits > 2 || coding.parity > 4 || coding.data_bits < 5 ||
	    coding.data_bits > 8)
		return USB_STALL;
	acm->coding = coding;
	acm->device.coding(acm->device.context, &coding);
	return CODING_BYTES;
}

static int get_coding(const struct vcdc_acm *acm, const struct usb_setup *setup, uint8_t *data)
{
	uint8_t reply[CODING_BYTES];

	usb_put_le(reply, acm->coding.baud, 4);
	reply[4] = acm->coding.stop_bits;
	reply[5] = acm->coding.parity;
	reply[6] = acm->coding.data_bits;
	return usb_reply(setup, data, reply, sizeof(reply));
}

static int class_request(struct vcdc_acm *acm, const struct usb_setup *setup, uint8_t *data)
{
	if (setup->index != 0)
		return USB_STALL;
	if (setup->request_type == CLASS_OUT && setup->request == SET_LINE_CODING)
		return set_coding(acm, setup, data);
	if (setup->request_type == CLASS_IN && setup->request == GET_LINE_CODING)
		return get_coding(acm, setup, data);
	if (setup->request_type != CLASS_OUT || setup->request != SET_CONTROL_LINE || setup->length)
		return USB_STALL; /* SEND_BREAK, too */
	acm->device.lines(acm->device.context, setup->value & 1, setup->value & 2);
	return 0;
}

/* Both interfaces have their first setting only. */
static int interface_request(const struct usb_setup *setup, uint8_t *data)
{
	const uint8_t zero = 0;

	if (setup->index >= INTERFACES)
		return USB_STALL;
	if (setup->request == GET_INTERFACE)
		return usb_reply(setup, data, &zero, 1);
	return setup->value ? USB_STALL : 0;
}

static int control(void *state, const struct usb_setup *setup, uint8_t *data)
{
	struct vcdc_acm *acm = state;
	uint8_t device_descriptor[18] = {
		18,   1,             /* DEVICE */
		0x00, 0x02,          /* USB 2.0 */
		0x02, 0x00, 0x00,    /* communications */
		64,                  /* EP0 */
		0,    0,    0,    0, /* VID, PID */
		0x00, 0x01,          /* device 1.00 */
		1,    2,    3,    1, /* manufacturer, product, serial number; 1 configuration */
	};
	const struct usb_descriptors descriptors = {
		.device = device_descriptor,
		.configuration = configuration_descriptor,
		.configuration_bytes = sizeof(configuration_descriptor),
		.strings = {NULL, acm->identity.manufacturer, acm->identity.product_name,
			    acm->identity.serial},
	};

	usb_put_le(device_descriptor + 8, acm->identity.vendor, 2);
	usb_put_le(device_descriptor + 10, acm->identity.product, 2);
	if ((setup->request_type & 0x60) == 0x20)
		return class_request(acm, setup, data);
	if ((setup->request_type & 0x60) != 0)
		return USB_STALL;
	if (setup->request == GET_INTERFACE || setup->request == SET_INTERFACE)
		return interface_request(setup, data);
	return usb_standard_request(&descriptors, &acm->usb, setup, data);
}

static int bulk_out(void *state, uint8_t endpoint, const uint8_t *bytes, size_t count)
{
	struct vcdc_acm *acm = state;
	size_t room;

	if (endpoint != ENDPOINT_OUT || acm->usb.halted & usb_endpoint_bit(endpoint))
		return USB_STALL;
	if (count == 0)
		return 0;
	room = acm->device.room(acm->device.context);
	if (room == 0)
		return USB_NAK;
	if (count > room)
		count = room;
	acm->device.receive(acm->device.context, bytes, count);
	return (int)count;
}

static int bulk_in(void *state, uint8_t endpoint, uint8_t *ret_bytes, size_t capacity)
{
	struct vcdc_acm *acm = state;
	size_t count;

	if (endpoint == ENDPOINT_NOTIFY)
		return USB_NAK; /* there is never anything to notify of */
	if (endpoint != ENDPOINT_IN || acm->usb.halted & usb_endpoint_bit(endpoint))
		return USB_STALL;
	count = acm->device.take(acm->device.context, ret_bytes, capacity);
	if (count == 0 && !acm->full_end)
		return USB_NAK;
	acm->full_end = count > 0 && count % USB_PACKET_MAX == 0;
	return (int)count;
}

static const struct usb_device_ops ops = {"cdc-acm", control, bulk_out, bulk_in};

void vcdc_acm_init(struct vcdc_acm *acm, const struct vcdc_acm_device *device,
		   const struct vcdc_acm_identity *identity)
{
	*acm = (struct vcdc_acm){
		.device = *device, .identity = *identity, .coding = {115200, 0, 0, 8}};
}

struct usb_device vcdc_acm_usb(struct vcdc_acm *acm)
{
	return (struct usb_device){&ops, acm};
}
