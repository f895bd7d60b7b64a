/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The power of a USB hub's port as a board's supply: hub:LOCATION:PORT, as hub:1-1.4:2. LOCATION is
 * the hub's name in /sys/bus/usb/devices ("usb1" for a root hub), PORT its port's number.
 *
 * A hub qualifies by its descriptor: "individual port power switching" in wHubCharacteristics (USB
 * 2.0 section 11.23.2.1; USB 3.2 section 10.15.2.1). Ganged hubs would switch what else is plugged
 * in, others nothing: both are refused. Most hubs on sale are of these kinds, and some say
 * "individual" without having the transistors: that no descriptor or status shows. Watch the
 * board's LED once.
 *
 * A USB 3 hub is two hubs in one case, and a port has power while either wants it to. The kernel
 * knows which ports are the same (sysfs "peer"), and both are switched.
 *
 * The kernel's hub driver owns the hub and stays: see drivers/link/usb_unclaimed.h for why nothing
 * needs to be claimed for requests to a port. But when a port without power reports that its device
 * went, that driver switches it on again, unless the port is claimed by a program (hub.c,
 * hub_port_connect; old kernels do not ask who owns the port). So the port is claimed before it is
 * switched off, and let go after it is on, so that what is plugged in gets its drivers. Whether it
 * stayed off is asked before it is switched on.
 *
 * Before the port is let go at close the kernel may switch it on again at any time after: a supply
 * that is closed while off need not stay off.
 */
#ifndef DRIVERS_CONTROL_HUB_POWER_H
#define DRIVERS_CONTROL_HUB_POWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

/* What a hub descriptor says. */
struct hub_descriptor {
	unsigned port_count;
	unsigned power_good_ms; /* from switching on to power being good */
	bool switches_ports;    /* each for itself */
	bool is_ganged;         /* all together; neither: it switches nothing */
};

/* Pure, of a USB 2 (type 0x29) or SuperSpeed (0x2a) hub descriptor. -EPROTO: it is none. */
int hub_descriptor_parse(const uint8_t *bytes, size_t count, bool is_superspeed,
			 struct hub_descriptor *ret_descriptor, struct err *err);

#endif
