/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USB 2.0 chapter 11 and USB 3.2 chapter 10: hub class requests. GetHubDescriptor is a class
 * request to the device, SetPortFeature, ClearPortFeature and GetPortStatus are class requests to
 * "other", with the port in wIndex. PORT_POWER is bit 8 of a USB 2 port's status, bit 9 of a
 * SuperSpeed one's.
 */
#include "drivers/control/hub_power.h"

#include <errno.h>
#include <linux/usb/ch9.h>
#include <linux/usb/ch11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/control/control_line.h"
#include "drivers/link/link.h"
#include "drivers/link/usb_unclaimed.h"

enum {
	TRANSFER_MS = 500,
	FOLLOW_MS = 500, /* from the order to the status */
	POLL_MS = 10,
	CLASS_HUB = 9,
	TYPE_HUB_IN = 0xA0,   /* class, device */
	TYPE_PORT_OUT = 0x23, /* class, other */
	TYPE_PORT_IN = 0xA3,
	DESCRIPTOR_BYTES = 71, /* the longest: 255 ports */
	STATUS_BYTES = 4,
	DESCRIPTOR_HEAD_BYTES = 7, /* to bHubContrCurrent, of both kinds */
};

/* A hub, or that half of a USB 3 hub. */
struct hub {
	struct usb_unclaimed *device;
	char place[USB_PLACE_BYTES];
	unsigned port;
	bool has_port; /* the kernel leaves it alone */
	struct hub_descriptor descriptor;
};

struct hub_port {
	struct hub halves[2]; /* the second: its peer */
	unsigned count;
	bool is_off; /* by us */
};

/* ---- descriptors ---- */

int hub_descriptor_parse(const uint8_t *bytes, size_t count, bool is_superspeed,
			 struct hub_descriptor *ret_descriptor, struct err *err)
{
	uint8_t type = is_superspeed ? USB_DT_SS_HUB : USB_DT_HUB;
	unsigned mode;

	if (count < DESCRIPTOR_HEAD_BYTES || bytes[0] < DESCRIPTOR_HEAD_BYTES || bytes[1] != type)
		return err_set(err, -EPROTO, "its hub descriptor is none of type %02x", type);
	mode = bytes[3] & HUB_CHAR_LPSM;
	*ret_descriptor = (struct hub_descriptor){
		.port_count = bytes[2],
		.power_good_ms = 2u * bytes[5],
		.switches_ports = mode == HUB_CHAR_INDV_PORT_LPSM,
		.is_ganged = mode == HUB_CHAR_COMMON_LPSM,
	};
	return 0;
}

static int descriptor_read(struct hub *hub, struct err *err)
{
	bool is_superspeed = usb_unclaimed_is_superspeed(hub->device);
	uint16_t value = (is_superspeed ? USB_DT_SS_HUB : USB_DT_HUB) << 8;
	uint8_t bytes[DESCRIPTOR_BYTES];
	size_t count = 0;
	int ret = usb_unclaimed_control(hub->device, TYPE_HUB_IN, 6 /* GET_DESCRIPTOR */, value, 0,
					bytes, sizeof(bytes), TRANSFER_MS, &count, err);

	if (ret)
		return ret;
	return hub_descriptor_parse(bytes, count, is_superspeed, &hub->descriptor, err);
}

/* ---- one hub's port ---- */

static int is_powered(struct hub *hub, bool *ret_powered, struct err *err)
{
	uint16_t bit = usb_unclaimed_is_superspeed(hub->device) ? USB_SS_PORT_STAT_POWER
								: USB_PORT_STAT_POWER;
	uint8_t status[STATUS_BYTES];
	size_t count = 0;
	int ret = usb_unclaimed_control(hub->device, TYPE_PORT_IN, 0 /* GET_STATUS */, 0,
					(uint16_t)hub->port, status, sizeof(status), TRANSFER_MS,
					&count, err);

	if (ret)
		return ret;
	if (count < sizeof(status))
		return err_set(err, -EPROTO, "its port status has %zu bytes of 4", count);
	*ret_powered = (status[0] | status[1] << 8) & bit;
	return 0;
}

static void sleep_ms(unsigned duration_ms)
{
	struct timespec pause = {.tv_sec = duration_ms / 1000,
				 .tv_nsec = duration_ms % 1000 * 1000000L};

	while (nanosleep(&pause, &pause) && errno == EINTR)
		;
}

/* Until the status says so. */
static int follow(struct hub *hub, bool on, struct err *err)
{
	int64_t until_ns = link_now_ns() + FOLLOW_MS * INT64_C(1000000);
	bool powered = !on;
	int ret;

	for (;;) {
		ret = is_powered(hub, &powered, err);
		if (ret || powered == on)
			return ret;
		if (link_now_ns() >= until_ns)
			break;
		sleep_ms(POLL_MS);
	}
	return err_set(err, -EIO,
		       "told to switch port %u %s, the hub says after %d ms that it is %s: it does "
		       "not switch, whatever its descriptor says%s",
		       hub->port, on ? "on" : "off", FOLLOW_MS, on ? "off" : "on",
		       on ? "" : ", or another program switches it on");
}

static int half_order(struct hub *hub, bool on, struct err *err)
{
	uint8_t request = on ? 3 /* SET_FEATURE */ : 1 /* CLEAR_FEATURE */;
	size_t count;
	int ret = usb_unclaimed_control(hub->device, TYPE_PORT_OUT, request, USB_PORT_FEAT_POWER,
					(uint16_t)hub->port, NULL, 0, TRANSFER_MS, &count, err);

	return ret ? ret : follow(hub, on, err);
}

static int half_set(struct hub *hub, bool on, struct err *err)
{
	int ret = 0;

	if (!on && !hub->has_port) {
		ret = usb_unclaimed_take_port(hub->device, hub->port, err);
		hub->has_port = !ret;
	}
	if (!ret)
		ret = half_order(hub, on, err);
	if (!ret && on && hub->has_port) {
		hub->has_port = false;
		ret = usb_unclaimed_leave_port(hub->device, hub->port, err);
	}
	return ret ? err_context(err, ret, "hub %s", hub->place) : 0;
}

/* It may have been on for a while, and what was to start anew did not. */
static int stayed_off(struct hub *hub, struct err *err)
{
	bool powered = false;
	int ret = is_powered(hub, &powered, err);

	if (!ret && powered)
		ret = err_set(err, -EIO,
			      "port %u was switched off, and somebody switched it on again: "
			      "another program, an old kernel's hub driver, or a reset of the hub",
			      hub->port);
	return ret ? err_context(err, ret, "hub %s", hub->place) : 0;
}

/* ---- the hub ---- */

static int hub_qualifies(const struct hub *hub, struct err *err)
{
	const struct hub_descriptor *descriptor = &hub->descriptor;

	if (hub->port > descriptor->port_count)
		return err_set(err, -EINVAL, "it has ports 1..%u, no port %u",
			       descriptor->port_count, hub->port);
	if (descriptor->switches_ports)
		return 0;
	if (descriptor->is_ganged)
		return err_set(err, -ENOTSUP,
			       "it switches the power of all its %u ports together (ganged): a "
			       "board's supply takes a hub that switches each port for itself",
			       descriptor->port_count);
	return err_set(err, -ENOTSUP,
		       "it cannot switch its ports' power: a board's supply takes a hub that "
		       "switches each port for itself");
}

static int half_open(struct hub *hub, const char *place, unsigned port, struct err *err)
{
	int ret = usb_unclaimed_open(place, &hub->device, err);

	if (ret)
		return err_context(err, ret, "hub");
	snprintf(hub->place, sizeof(hub->place), "%s", place);
	hub->port = port;
	if (usb_unclaimed_class(hub->device) != CLASS_HUB)
		ret = err_set(err, -EINVAL, "the device there is no hub");
	if (!ret)
		ret = descriptor_read(hub, err);
	if (!ret)
		ret = hub_qualifies(hub, err);
	if (!ret)
		return 0;
	usb_unclaimed_close(hub->device);
	return err_context(err, ret, "hub %s", place);
}

static int address_parse(const char *address, char place[USB_PLACE_BYTES], unsigned *ret_port,
			 struct err *err)
{
	const char *colon = strrchr(address, ':');
	struct usb_place parsed;
	char *end = NULL;
	unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
	int used = colon ? snprintf(place, USB_PLACE_BYTES, "%.*s", (int)(colon - address), address)
			 : 0;

	if (!colon || used >= USB_PLACE_BYTES || !usb_place_parse(place, &parsed) ||
	    colon[1] < '1' || colon[1] > '9' || *end || port > 255)
		return err_set(err, -EINVAL,
			       "'hub:%s' is no port of a hub, as hub:1-1.4:2 (port 2 of the hub "
			       "that /sys/bus/usb/devices calls 1-1.4)",
			       address);
	*ret_port = (unsigned)port;
	return 0;
}

static void halves_close(struct hub_port *port)
{
	while (port->count)
		usb_unclaimed_close(port->halves[--port->count].device);
}

/* The hub, and the other half of it. */
static int halves_open(struct hub_port *port, const char *address, struct err *err)
{
	char place[USB_PLACE_BYTES], peer[USB_PLACE_BYTES];
	unsigned number, peer_number;
	int ret = address_parse(address, place, &number, err);

	port->count = 0;
	if (!ret)
		ret = half_open(&port->halves[0], place, number, err);
	if (ret)
		return ret;
	port->count = 1;
	if (!usb_place_peer(place, number, peer, &peer_number))
		return 0;
	ret = half_open(&port->halves[1], peer, peer_number, err);
	if (!ret) {
		port->count = 2;
		return 0;
	}
	halves_close(port);
	return err_context(err, ret, "the other half of hub %s", place);
}

/* ---- the switch ---- */

static int hub_check(const char *address, struct err *err)
{
	char place[USB_PLACE_BYTES];
	unsigned port;

	return address_parse(address, place, &port, err);
}

static int hub_probe(const struct control_line *line, struct err *err)
{
	struct hub_port port;
	int ret = halves_open(&port, line->address, err);

	if (!ret)
		halves_close(&port);
	return ret;
}

static int hub_off(struct hub_port *port, struct err *err)
{
	int ret = 0;

	for (unsigned i = 0; i < port->count && !ret; i++)
		ret = half_set(&port->halves[i], false, err);
	port->is_off = !ret;
	return ret;
}

static int hub_on(struct hub_port *port, struct err *err)
{
	unsigned good_ms = 0;
	int ret = 0;

	for (unsigned i = 0; i < port->count && !ret && port->is_off; i++)
		ret = stayed_off(&port->halves[i], err);
	port->is_off = false;
	for (unsigned i = 0; i < port->count && !ret; i++) {
		struct hub *hub = &port->halves[i];

		ret = half_set(hub, true, err);
		if (hub->descriptor.power_good_ms > good_ms)
			good_ms = hub->descriptor.power_good_ms;
	}
	if (!ret)
		sleep_ms(good_ms);
	return ret;
}

static int hub_set(void *state, bool active, struct err *err)
{
	return active ? hub_on(state, err) : hub_off(state, err);
}

static int hub_open(void *state, const struct control_line *line, struct err *err)
{
	struct hub_port *port = state;
	int ret = halves_open(port, line->address, err);

	if (ret)
		return ret;
	ret = hub_off(port, err);
	if (ret)
		halves_close(port);
	return ret;
}

static void hub_close(void *state)
{
	halves_close(state);
}

const struct control_ops control_hub = {
	.scheme = "hub",
	.form = "LOCATION:PORT",
	.is_supply_only = true,
	.state_size = sizeof(struct hub_port),
	.check = hub_check,
	.probe = hub_probe,
	.open = hub_open,
	.set = hub_set,
	.close = hub_close,
};
