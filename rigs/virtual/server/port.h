/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One serial port of the rig as a network service: a listening socket, at most one client, RFC 2217
 * in between. A second client is told "Port already in use" and closed at once. Nothing blocks.
 */
#ifndef RIGS_VIRTUAL_SERVER_PORT_H
#define RIGS_VIRTUAL_SERVER_PORT_H

#include <poll.h>

#include "rigs/virtual/server/rfc2217.h"
#include "rigs/virtual/verr.h"

/* What hangs on the port. Every hook is required and must not block. */
struct port_device {
	void *context;
	size_t (*room)(void *context); /* bytes that receive takes now */
	void (*receive)(void *context, const uint8_t *bytes, size_t count);
	size_t (*take)(void *context, uint8_t *ret_bytes, size_t capacity); /* for the client */
	void (*settings)(void *context, const struct rfc2217_settings *settings);
	void (*lines)(void *context, bool dtr, bool rts);
	void (*purge)(void *context, enum rfc2217_purge what);
	/* A client came (after settings and lines were reset) or left. */
	void (*connected)(void *context, bool connected);
};

struct port;

int port_open(const char *name, const char *address, const struct port_device *device,
	      struct port **ret_port, struct verr *err);
void port_close(struct port *port); /* accepts NULL */

const char *port_name(const struct port *port);
const char *port_address_text(const struct port *port); /* as a client needs it */
bool port_has_client(const struct port *port);
/* Hangs up on the client, and on all that come until host time until_ns (CLOCK_MONOTONIC). */
void port_unplug(struct port *port, int64_t until_ns);

#define PORT_POLLFDS 2
void port_fill_pollfds(const struct port *port, struct pollfd fds[PORT_POLLFDS]);
/* Accepts, reads, writes whatever is possible now. fds as filled and polled. */
void port_service(struct port *port, const struct pollfd fds[PORT_POLLFDS]);
/* Moves what the device has for the client towards it, as far as the socket takes it. */
void port_flush(struct port *port);

#endif
