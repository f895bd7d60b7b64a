/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A meter by its uri: the link, USB device or I2C bus is opened as the driver asks for.
 */
#include "drivers/meter/meter.h"

#include <errno.h>

static int port_open(const struct meter_ops *ops, struct link_tape *tape, const char *uri,
		     struct meter_port *ret_port, struct err *err)
{
	const struct usb_expected expected = {.vendor = ops->usb_vendor,
					      .product = ops->usb_product};

	switch (ops->bus) {
	case METER_BUS_LINK:
		return link_open_taped(tape, uri, &ops->link_settings, &ret_port->link, err);
	case METER_BUS_USB:
		return usb_open_taped(tape, uri, &expected, &ret_port->usb, err);
	case METER_BUS_I2C:
		return i2c_open_taped(tape, uri, &ret_port->i2c, err);
	}
	return err_set(err, -EINVAL, "%s: the driver names no bus", ops->name);
}

int meter_open_uri(const char *driver, struct link_tape *tape, const char *uri,
		   const struct meter_settings *settings, struct meter **ret_meter, struct err *err)
{
	struct meter_port port = {NULL, NULL, NULL};
	const struct meter_ops *ops;
	int rc = meter_require(driver, &ops, err);

	if (!rc)
		rc = port_open(ops, tape, uri, &port, err);
	return rc ? rc : meter_open(driver, &port, settings, ret_meter, err);
}
