/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A listening socket that exports one USB device over USB/IP. One client at a time imports it;
 * others may ask for the list meanwhile, and are told at an import that it is busy. Nothing blocks.
 */
#ifndef RIGS_VIRTUAL_SERVER_USBIP_PORT_H
#define RIGS_VIRTUAL_SERVER_USBIP_PORT_H

#include <poll.h>

#include "rigs/virtual/server/usbip.h"
#include "rigs/virtual/verr.h"

struct vusbip_port;

/* The export is copied; its busid is the port's name. connected is told when a client has imported
 * the device, or has let it go. */
int vusbip_port_open(const char *address, const struct vusbip_export *export,
		     void (*connected)(void *context, bool connected),
		     struct vusbip_port **ret_port, struct verr *err);
void vusbip_port_close(struct vusbip_port *port); /* accepts NULL */

const char *vusbip_port_name(const struct vusbip_port *port);
const char *vusbip_port_address_text(const struct vusbip_port *port); /* as a client needs it */
bool vusbip_port_has_client(const struct vusbip_port *port);          /* that has imported it */
/* Hangs up; until host time until_ns (CLOCK_MONOTONIC) there is no such device. */
void vusbip_port_unplug(struct vusbip_port *port, int64_t until_ns);

#define VUSBIP_PORT_CLIENTS 4
#define VUSBIP_PORT_POLLFDS (1 + VUSBIP_PORT_CLIENTS)
void vusbip_port_fill_pollfds(const struct vusbip_port *port,
			      struct pollfd fds[VUSBIP_PORT_POLLFDS]);
/* Accepts, reads, writes whatever is possible now. fds as filled and polled. */
void vusbip_port_service(struct vusbip_port *port, const struct pollfd fds[VUSBIP_PORT_POLLFDS]);
/* Moves transfers on, and what the device has for the client towards it. */
void vusbip_port_flush(struct vusbip_port *port);
/* Whether control or OUT transfers wait for the device. */
bool vusbip_port_waits(const struct vusbip_port *port);

#endif
