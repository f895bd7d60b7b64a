/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A board's marker lines as the host's GPIO would see them: a listening stream socket, one client.
 * It is sent "joulebench-markers 1" and then, per edge, "LINE r|f T_NS NUMBER": marker line 0..2,
 * the host's CLOCK_MONOTONIC at which the edge was due, later by what an interrupt takes, and the
 * edge's number on its line since the client came, lost ones included. Another client is sent
 * "busy".
 *
 * The latency of an edge is drawn: 10 us and an exponential part with the jitter as its mean, cut
 * at five times that. Stamps of a line never go back. A client that does not read loses edges.
 */
#ifndef RIGS_VIRTUAL_SERVER_MARKER_PORT_H
#define RIGS_VIRTUAL_SERVER_MARKER_PORT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/verr.h"

#define MARKER_PORT_LINES 3

struct marker_port;

int marker_port_open(const char *address, double jitter_s, uint64_t seed,
		     struct marker_port **ret_port, struct verr *err);
void marker_port_close(struct marker_port *port); /* accepts NULL */

const char *marker_port_address(const struct marker_port *port);
bool marker_port_has_client(const struct marker_port *port);

/* An edge that was due at due_ns. */
void marker_port_edge(struct marker_port *port, unsigned line, bool rising, int64_t due_ns);
/* The next edge of the line is counted, and not sent. */
void marker_port_lose(struct marker_port *port, unsigned line);

/* As port_fill_pollfds and port_service; true: a client came or left. */
#define MARKER_PORT_POLLFDS 2
void marker_port_fill_pollfds(const struct marker_port *port,
			      struct pollfd fds[MARKER_PORT_POLLFDS]);
bool marker_port_service(struct marker_port *port, const struct pollfd fds[MARKER_PORT_POLLFDS]);

#endif
