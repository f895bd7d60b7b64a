/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control endpoint of a virtual JS110: descriptors and vendor requests (device sheet, "USB" and
 * "Control packets").
 *
 * Assumed where the sheet is silent: descriptors beyond identity and endpoint (vendor class,
 * strings, 500 mA); 128 bytes of loopback; malformed packets stall; the test patterns and the
 * over-range bit are refused with a result, because their effect is not described. INFO is plain
 * JSON, as firmware from 1.1.0 on sends it (pyjoulescope, joulescope/driver.py).
 */
#include <stdio.h>
#include <string.h>

#include "rigs/virtual/meters/js110_state.h"

#define ENDPOINT_IN 0x82
#define VENDOR_OUT  0x40
#define VENDOR_IN   0xc0

#define PACKET_SETTINGS 1
#define PACKET_EXTIO    3

static const uint8_t device_descriptor[18] = {
	18,   1,             /* DEVICE */
	0x00, 0x02,          /* USB 2.0 */
	0xff, 0xff, 0xff,    /* vendor class, subclass, protocol */
	64,                  /* EP0 */
	0xd0, 0x16,          /* VID 0x16d0 */
	0x88, 0x0e,          /* PID 0x0e88: application */
	0x03, 0x01,          /* device 1.03 */
	1,    2,    3,    1, /* manufacturer, product, serial number; 1 configuration */
};

/* clang-format off */
static const uint8_t configuration_descriptor[25] = {
	9, 2, 25, 0, 1, 1, 0, 0x80, 250,     /* 1 interface, bus powered, 500 mA */
	9, 4, 0, 0, 1, 0xff, 0xff, 0xff, 0,  /* interface 0: 1 endpoint, vendor class */
	7, 5, ENDPOINT_IN, 2, 0x00, 0x02, 0, /* bulk, 512 bytes */
};
/* clang-format on */

static int loopback_value_out(struct vjs110 *meter, const struct usb_setup *setup, uint8_t *data)
{
	(void)data;
	meter->loopback_value = setup->value;
	return setup->length;
}

static int loopback_value_in(struct vjs110 *meter, const struct usb_setup *setup, uint8_t *data)
{
	uint8_t reply[2];

	usb_put_le(reply, meter->loopback_value, 2);
	return usb_reply(setup, data, reply, sizeof(reply));
}

static int loopback_out(struct vjs110 *meter, const struct usb_setup *setup, uint8_t *data)
{
	if (setup->length > sizeof(meter->loopback))
		return USB_STALL;
	memcpy(meter->loopback, data, setup->length);
	meter->loopback_bytes = setup->length;
	return setup->length;
}

static int loopback_in(struct vjs110 *meter, const struct usb_setup *setup, uint8_t *data)
{
	return usb_reply(setup, data, meter->loopback, meter->loopback_bytes);
}

/* Settings and EXTIO ------------------------------------------------------------------------- */

static bool is_one_of(uint32_t value, const uint16_t *values, size_t count)
{
	for (size_t k = 0; k < count; k++)
		if (values[k] == value)
			return true;
	return false;
}

#define IS_ONE_OF(value, ...)                                                                      \
	is_one_of(value, (const uint16_t[]){__VA_ARGS__},                                          \
		  sizeof((const uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t))

static bool settings_are_valid(const struct js110_settings *s)
{
	return s->sensor_power <= 1 &&
	       IS_ONE_OF(s->select, 0x80, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0) &&
	       IS_ONE_OF(s->source, 0, 0xc0) && IS_ONE_OF(s->options, 0, 2) &&
	       IS_ONE_OF(s->streaming, 0, 3);
}

static bool extio_is_valid(const struct js110_extio *e)
{
	return IS_ONE_OF(e->trigger_source, 0, 2, 3) && IS_ONE_OF(e->current_gpi, 0, 2, 3) &&
	       IS_ONE_OF(e->voltage_gpi, 0, 2, 3) && e->gpo0 <= 3 && e->gpo1 <= 1 &&
	       IS_ONE_OF(e->io_voltage_mv, 0, 1800, 2100, 2500, 2700, 3000, 3300, 3600, 5000);
}

/* The sensor answers later; a packet that it refuses changes nothing. */
static void begin_busy(struct vjs110 *meter, bool valid)
{
	if (!valid) {
		meter->result = JS110_RESULT_ERROR;
		return;
	}
	meter->result = JS110_RESULT_BUSY;
	meter->busy = true;
	meter->due_ps = meter->now_ps + VJS110_SETTINGS_PS;
}

static bool packet_is(const struct usb_setup *setup, const uint8_t *data, unsigned type,
		      unsigned bytes)
{
	return setup->length == bytes && data[0] == 1 && data[1] == bytes && data[2] == type;
}

static int settings_out(struct vjs110 *meter, const struct usb_setup *setup, uint8_t *data)
{
	struct js110_settings wanted;

	if (!packet_is(setup, data, PACKET_SETTINGS, JS110_SETTINGS_BYTES))
		return USB_STALL;
	wanted = (struct js110_settings){data[8], data[9], data[10], data[11], data[12]};
	if (settings_are_valid(&wanted))
		meter->wanted_settings = wanted;
	begin_busy(meter, settings_are_valid(&wanted));
	return setup->length;
}

static int extio_out(struct vjs110 *meter, const struct usb_setup *setup, uint8_t *data)
{
	struct js110_extio wanted;

	if (!packet_is(setup, data, PACKET_EXTIO, JS110_EXTIO_BYTES))
		return USB_STALL;
	wanted = (struct js110_extio){data[8],
				      data[9],
				      data[10],
				      data[11],
				      data[12],
				      data[13],
				      (uint32_t)usb_get_le(data + 20, 4)};
	if (extio_is_valid(&wanted))
		meter->wanted_extio = wanted;
	begin_busy(meter, extio_is_valid(&wanted));
	return setup->length;
}

static int extio_in(struct vjs110 *meter, const struct usb_setup *setup, uint8_t *data)
{
	const struct js110_extio *e = &meter->extio;
	const uint8_t fields[8] = {
		e->flags, e->trigger_source, e->current_gpi, e->voltage_gpi, e->gpo0, e->gpo1,
		0,        meter->logic};
	uint8_t reply[JS110_EXTIO_BYTES] = {1, JS110_EXTIO_BYTES, PACKET_EXTIO};

	memcpy(reply + 8, fields, sizeof(fields));
	usb_put_le(reply + 20, e->io_voltage_mv, 4);
	return usb_reply(setup, data, reply, sizeof(reply));
}

static int status_in(struct vjs110 *meter, const struct usb_setup *setup, uint8_t *data)
{
	uint8_t reply[JS110_STATUS_BYTES];

	js110_status_encode(meter, reply);
	return usb_reply(setup, data, reply, sizeof(reply));
}

/* Identity and calibration ------------------------------------------------------------------- */

static int serial_in(struct vjs110 *meter, const struct usb_setup *setup, uint8_t *data)
{
	return usb_reply(setup, data, meter->serial, sizeof(meter->serial));
}

static int info_in(struct vjs110 *meter, const struct usb_setup *setup, uint8_t *data)
{
	char json[256];
	int length = snprintf(json, sizeof(json),
			      "{\"type\":\"info\",\"ver\":1,\"ctl\":{\"hw\":{\"rev\":\"1.0.0\","
			      "\"sn_mfg\":\"%s\"},\"fw\":{\"ver\":\"1.3.0\"}},"
			      "\"sensor\":{\"fpga\":{\"ver\":\"0.2.0\"}}}",
			      meter->serial_text);

	return usb_reply(setup, data, json, (size_t)length + 1);
}

static int calibration_in(struct vjs110 *meter, const struct usb_setup *setup, uint8_t *data)
{
	uint8_t record[JS110_CALIBRATION_BYTES];
	size_t bytes;

	if (setup->value > 1 || setup->length > 4096)
		return USB_STALL;
	bytes = js110_calibration_encode(setup->value ? &meter->analog.active : &meter->factory,
					 meter->serial, record);
	if (setup->index >= bytes)
		return 0;
	return usb_reply(setup, data, record + setup->index, bytes - setup->index);
}

/* -------------------------------------------------------------------------------------------- */

static const struct {
	uint8_t request;
	int (*out)(struct vjs110 *meter, const struct usb_setup *setup, uint8_t *data);
	int (*in)(struct vjs110 *meter, const struct usb_setup *setup, uint8_t *data);
} requests[] = {
	{1, loopback_value_out, loopback_value_in},
	{2, loopback_out, loopback_in},
	{3, settings_out, NULL},
	{4, NULL, status_in},
	{7, NULL, serial_in},
	{8, NULL, calibration_in},
	{9, extio_out, extio_in},
	{10, NULL, info_in},
};

static int vendor_request(struct vjs110 *meter, const struct usb_setup *setup, uint8_t *data)
{
	for (size_t k = 0; k < sizeof(requests) / sizeof(requests[0]); k++) {
		if (requests[k].request != setup->request)
			continue;
		if (setup->request_type == VENDOR_OUT && requests[k].out)
			return requests[k].out(meter, setup, data);
		if (setup->request_type == VENDOR_IN && requests[k].in)
			return requests[k].in(meter, setup, data);
	}
	meter->host_faults++;
	return USB_STALL;
}

static int js110_control(void *state, const struct usb_setup *setup, uint8_t *data)
{
	struct vjs110 *meter = state;
	const struct usb_descriptors descriptors = {
		.device = device_descriptor,
		.configuration = configuration_descriptor,
		.configuration_bytes = sizeof(configuration_descriptor),
		.strings = {NULL, "VIRTUAL Jetperch LLC", "Joulescope JS110", meter->serial_text},
	};

	if ((setup->request_type & 0x60) == 0)
		return usb_standard_request(&descriptors, &meter->usb, setup, data);
	return vendor_request(meter, setup, data);
}

static int js110_bulk_out(void *state, uint8_t endpoint, const uint8_t *bytes, size_t count)
{
	(void)state;
	(void)endpoint;
	(void)bytes;
	(void)count;
	return USB_STALL; /* no such endpoint */
}

static int js110_bulk_in(void *state, uint8_t endpoint, uint8_t *ret_bytes, size_t capacity)
{
	struct vjs110 *meter = state;

	if (endpoint != ENDPOINT_IN || meter->usb.halted & usb_endpoint_bit(endpoint))
		return USB_STALL;
	return js110_frames_take(&meter->frames, ret_bytes, capacity);
}

const struct usb_device_ops js110_usb_ops = {
	.name = "js110",
	.control = js110_control,
	.bulk_out = js110_bulk_out,
	.bulk_in = js110_bulk_in,
};
