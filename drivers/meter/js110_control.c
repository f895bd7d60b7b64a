/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/js110_control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	VENDOR_OUT = 0x40, /* recipient: device */
	VENDOR_IN = 0xc0,
	REQUEST_LOOPBACK = 2,
	REQUEST_SETTINGS = 3,
	REQUEST_STATUS = 4,
	REQUEST_CALIBRATION = 8,
	REQUEST_EXTIO = 9,
	CALIBRATION_ACTIVE = 1,
	PIECE_BYTES = 4096,
	LOOPBACK_BYTES = 16,
	STATUS_CAPACITY = 128,
	CONTROL_MS = 1000,
	SETTLE_MS = 3000, /* the vendor's driver gives up then */
	NS_PER_MS = 1000000,
};

int js110_control_check(struct usb *usb, struct err *err)
{
	uint8_t sent[LOOPBACK_BYTES], back[LOOPBACK_BYTES] = {0};
	size_t count = 0;
	int rc;

	for (unsigned n = 0; n < sizeof(sent); n++)
		sent[n] = (uint8_t)(0x5a + 37 * n);
	rc = usb_control(usb, VENDOR_OUT, REQUEST_LOOPBACK, 0, 0, sent, sizeof(sent), CONTROL_MS,
			 NULL, err);
	if (!rc)
		rc = usb_control(usb, VENDOR_IN, REQUEST_LOOPBACK, 0, 0, back, sizeof(back),
				 CONTROL_MS, &count, err);
	if (!rc && (count != sizeof(back) || memcmp(back, sent, sizeof(sent))))
		rc = err_set(err, -EIO, "%zu of %zu bytes came back, and not the same", count,
			     sizeof(sent));
	return rc ? err_context(err, rc, "loopback") : 0;
}

/* --- calibration ------------------------------------------------------------------------------ */

static int calibration_piece(struct usb *usb, size_t at, uint8_t *bytes, size_t count,
			     size_t *ret_count, struct err *err)
{
	uint16_t length = (uint16_t)(count < PIECE_BYTES ? count : PIECE_BYTES);
	int rc = usb_control(usb, VENDOR_IN, REQUEST_CALIBRATION, CALIBRATION_ACTIVE, (uint16_t)at,
			     bytes, length, CONTROL_MS, ret_count, err);

	return rc ? err_context(err, rc, "calibration") : 0;
}

/* From its first byte on, as both of the vendor's hosts ask for it: they ask at no other places
 * than multiples of PIECE_BYTES (joulescope_driver, js110_usb.c; pyjoulescope, device.py). */
static int calibration_whole(struct usb *usb, uint8_t *bytes, size_t length, struct err *err)
{
	size_t at = 0;

	while (at < length) {
		size_t count = 0;
		int rc = calibration_piece(usb, at, bytes + at, length - at, &count, err);

		if (rc)
			return rc;
		if (!count)
			return err_set(err, -EPROTO, "calibration: it ends after %zu of %zu bytes",
				       at, length);
		at += count;
	}
	return 0;
}

int js110_control_read_calibration(struct usb *usb, struct js110_calibration *ret_calibration,
				   struct err *err)
{
	uint8_t head[JS110_CALIBRATION_HEAD], *bytes;
	size_t count = 0, length = 0;
	int rc = calibration_piece(usb, 0, head, sizeof(head), &count, err);

	if (!rc && count < sizeof(head))
		rc = err_set(err, -EPROTO, "calibration: the instrument has none");
	if (!rc)
		rc = js110_calibration_length(head, &length, err);
	if (rc)
		return rc;
	bytes = malloc(length);
	if (!bytes)
		return err_set(err, -ENOMEM, "calibration: out of memory for %zu bytes", length);
	rc = calibration_whole(usb, bytes, length, err);
	if (!rc)
		rc = js110_calibration_parse(bytes, length, ret_calibration, err);
	free(bytes);
	return rc;
}

/* --- settings --------------------------------------------------------------------------------- */

int js110_control_status(struct usb *usb, struct js110_status *ret_status, struct err *err)
{
	uint8_t bytes[STATUS_CAPACITY];
	size_t count = 0;
	int rc = usb_control(usb, VENDOR_IN, REQUEST_STATUS, 0, 0, bytes, sizeof(bytes), CONTROL_MS,
			     &count, err);

	if (!rc && !js110_status_parse(bytes, count, ret_status))
		rc = err_set(err, -EPROTO, "%zu bytes are no status", count);
	return rc ? err_context(err, rc, "status") : 0;
}

static int control_settle(struct usb *usb, struct err *err)
{
	int64_t until_ns = usb_clock_ns(usb) + (int64_t)SETTLE_MS * NS_PER_MS;
	struct js110_status status;

	do {
		int rc = js110_control_status(usb, &status, err);

		if (rc)
			return rc;
		if (!status.result)
			return 0;
		if (status.result != JS110_RESULT_NONE && status.result != JS110_RESULT_BUSY)
			return err_set(err, -EREMOTEIO, "the sensor refuses: error %d",
				       (int)status.result);
	} while (usb_clock_ns(usb) < until_ns);
	return err_set(err, -ETIMEDOUT, "the sensor has not taken it after %d ms", SETTLE_MS);
}

static int control_send(struct usb *usb, uint8_t request, uint8_t *packet, uint16_t length,
			struct err *err)
{
	int rc = usb_control(usb, VENDOR_OUT, request, 0, 0, packet, length, CONTROL_MS, NULL, err);

	return rc ? rc : control_settle(usb, err);
}

int js110_control_settings(struct usb *usb, const struct js110_settings *settings, struct err *err)
{
	uint8_t packet[JS110_SETTINGS_BYTES];
	int rc;

	js110_settings_pack(settings, packet);
	rc = control_send(usb, REQUEST_SETTINGS, packet, sizeof(packet), err);
	return rc ? err_context(err, rc, "settings") : 0;
}

int js110_control_extio(struct usb *usb, uint8_t current_gpi, uint8_t voltage_gpi,
			uint32_t io_voltage_mv, struct err *err)
{
	uint8_t packet[JS110_EXTIO_BYTES];
	int rc;

	js110_extio_pack(current_gpi, voltage_gpi, io_voltage_mv, packet);
	rc = control_send(usb, REQUEST_EXTIO, packet, sizeof(packet), err);
	return rc ? err_context(err, rc, "logic inputs") : 0;
}
