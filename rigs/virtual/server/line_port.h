/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An instrument's socket: SCPI lines in, answers out, one client at a time. Nothing blocks; a
 * client that does not read its answers is hung up on.
 */
#ifndef RIGS_VIRTUAL_SERVER_LINE_PORT_H
#define RIGS_VIRTUAL_SERVER_LINE_PORT_H

#include <poll.h>

#include "rigs/virtual/server/scpi.h"
#include "rigs/virtual/verr.h"

struct line_port;

/* The instrument's tables and context are not owned and outlive the port. connected is told of
 * clients; NULL: nobody asks. */
int line_port_open(const char *name, const char *address, const struct scpi_command *commands,
		   void *context, void (*connected)(void *context, int is_connected),
		   struct line_port **ret_port, struct verr *err);
void line_port_close(struct line_port *port); /* accepts NULL */

const char *line_port_name(const struct line_port *port);
const char *line_port_address_text(const struct line_port *port); /* tcp:... or unix:... */

#define LINE_PORT_POLLFDS 2
void line_port_fill_pollfds(const struct line_port *port, struct pollfd fds[LINE_PORT_POLLFDS]);
void line_port_service(struct line_port *port, const struct pollfd fds[LINE_PORT_POLLFDS]);

#endif
