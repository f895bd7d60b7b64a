/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An instrument's socket. See the header.
 */
#define _GNU_SOURCE /* accept4 */
#include "rigs/virtual/server/line_port.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rigs/virtual/server/listener.h"
#include "rigs/virtual/server/version.h"

struct line_port {
	struct listener listener;
	struct scpi scpi;
	void (*connected)(void *context, int is_connected);
	void *context;
	char name[64], address[176], identity[128];
	int client_fd; /* -1: none */
	char line[SCPI_LINE_MAX + 1];
	size_t count;
	bool too_long;
};

static void name_address(struct line_port *port)
{
	static const char tcp[] = "rfc2217://";
	const struct listener *listener = &port->listener;

	if (listener->path[0])
		snprintf(port->address, sizeof(port->address), "unix:%s", listener->path);
	else
		snprintf(port->address, sizeof(port->address), "tcp:%s",
			 listener->text + strlen(tcp));
}

int line_port_open(const char *name, const char *address, const struct scpi_command *commands,
		   void *context, void (*connected)(void *context, int is_connected),
		   struct line_port **ret_port, struct verr *err)
{
	struct line_port *port = calloc(1, sizeof(*port));
	int rc;

	if (!port)
		return verr_set(err, -ENOMEM, "out of memory");
	snprintf(port->name, sizeof(port->name), "%s", name);
	snprintf(port->identity, sizeof(port->identity),
		 "joulebench,virtual-rig,%s,VIRTUAL-" VIRTUAL_RIG_VERSION, name);
	port->client_fd = -1;
	port->connected = connected;
	port->context = context;
	scpi_init(&port->scpi, commands, context, port->identity);
	rc = listener_open(&port->listener, address, err);
	if (rc < 0) {
		free(port);
		return rc;
	}
	name_address(port);
	*ret_port = port;
	return 0;
}

void line_port_close(struct line_port *port)
{
	if (!port)
		return;
	if (port->client_fd >= 0)
		close(port->client_fd);
	listener_close(&port->listener);
	free(port);
}

const char *line_port_name(const struct line_port *port)
{
	return port->name;
}

const char *line_port_address_text(const struct line_port *port)
{
	return port->address;
}

static void drop_client(struct line_port *port)
{
	close(port->client_fd);
	port->client_fd = -1;
	if (port->connected)
		port->connected(port->context, false);
}

static void accept_client(struct line_port *port)
{
	int fd = accept4(port->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (port->client_fd >= 0) {
		close(fd);
		return;
	}
	port->client_fd = fd;
	port->count = 0;
	port->too_long = false;
	if (port->connected)
		port->connected(port->context, true);
}

/* False: the client cannot take the answer. */
static bool run_line(struct line_port *port)
{
	char reply[SCPI_REPLY_MAX];
	size_t count;

	port->line[port->count] = '\0';
	if (port->count && port->line[port->count - 1] == '\r')
		port->line[port->count - 1] = '\0';
	scpi_line(&port->scpi, port->too_long ? "?" : port->line, reply, sizeof(reply));
	port->count = 0;
	port->too_long = false;
	count = strlen(reply);
	return count == 0 || send(port->client_fd, reply, count, MSG_NOSIGNAL) == (ssize_t)count;
}

static bool take_bytes(struct line_port *port, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\n') {
			if (!run_line(port))
				return false;
		} else if (port->count < SCPI_LINE_MAX) {
			port->line[port->count++] = bytes[i];
		} else {
			port->too_long = true;
		}
	}
	return true;
}

static void read_client(struct line_port *port)
{
	char bytes[512];
	ssize_t count = recv(port->client_fd, bytes, sizeof(bytes), 0);

	if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (count <= 0 || !take_bytes(port, bytes, (size_t)count))
		drop_client(port);
}

void line_port_fill_pollfds(const struct line_port *port, struct pollfd fds[LINE_PORT_POLLFDS])
{
	fds[0] = (struct pollfd){.fd = port->listener.fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = port->client_fd, .events = POLLIN};
}

void line_port_service(struct line_port *port, const struct pollfd fds[LINE_PORT_POLLFDS])
{
	if (port->client_fd >= 0 && fds[1].fd == port->client_fd && fds[1].revents)
		read_client(port);
	if (fds[0].revents & POLLIN)
		accept_client(port);
}
