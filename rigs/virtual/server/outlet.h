/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How clients reach a device of a pair: a serial port over RFC 2217 (port.h), a USB device over
 * USB/IP (usbip_port.h), or a serial port that is a USB device (CDC ACM) over USB/IP.
 */
#ifndef RIGS_VIRTUAL_SERVER_OUTLET_H
#define RIGS_VIRTUAL_SERVER_OUTLET_H

#include <stdio.h>

#include "rigs/virtual/meters/cdc_acm.h"
#include "rigs/virtual/server/port.h"
#include "rigs/virtual/server/usbip_port.h"

struct outlet;

int outlet_open_serial(const char *name, const char *address, const struct port_device *device,
		       struct outlet **ret_outlet, struct verr *err);
int outlet_open_usb(const char *address, const struct vusbip_export *export,
		    void (*connected)(void *context, bool connected), struct outlet **ret_outlet,
		    struct verr *err);
/* The identity's texts are not owned and outlive the outlet. */
int outlet_open_usb_serial(const char *name, const char *address, const struct port_device *device,
			   const struct vcdc_acm_identity *identity, struct outlet **ret_outlet,
			   struct verr *err);
void outlet_close(struct outlet *outlet); /* accepts NULL */

bool outlet_has_client(const struct outlet *outlet);
bool outlet_is_usb(const struct outlet *outlet);
/* Hangs up; until host time until_ns (CLOCK_MONOTONIC) nobody is let in. */
void outlet_unplug(struct outlet *outlet, int64_t until_ns);
void outlet_announce(const struct outlet *outlet, FILE *file);

/* As port_fill_pollfds, port_service and port_flush. */
#define OUTLET_POLLFDS VUSBIP_PORT_POLLFDS
void outlet_fill_pollfds(const struct outlet *outlet, struct pollfd fds[OUTLET_POLLFDS]);
void outlet_service(struct outlet *outlet, const struct pollfd fds[OUTLET_POLLFDS]);
void outlet_flush(struct outlet *outlet);

#endif
