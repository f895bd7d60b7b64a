/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS110: its control endpoint. Every call is the owner's.
 */
#ifndef DRIVERS_METER_JS110_CONTROL_H
#define DRIVERS_METER_JS110_CONTROL_H

#include <stdint.h>

#include "drivers/link/usb.h"
#include "drivers/meter/js110_calibration.h"
#include "drivers/meter/js110_packet.h"

/* Sends a pattern and wants it back. -EIO: it came back changed. */
int js110_control_check(struct usb *usb, struct err *err);
/* The active calibration. Errors as js110_calibration_parse. */
int js110_control_read_calibration(struct usb *usb, struct js110_calibration *ret_calibration,
				   struct err *err);
/* Sends and waits (3 s at most) until the sensor has taken it. -EREMOTEIO: it refuses. */
int js110_control_settings(struct usb *usb, const struct js110_settings *settings, struct err *err);
int js110_control_extio(struct usb *usb, uint8_t current_gpi, uint8_t voltage_gpi,
			uint32_t io_voltage_mv, struct err *err);
int js110_control_status(struct usb *usb, struct js110_status *ret_status, struct err *err);

#endif
