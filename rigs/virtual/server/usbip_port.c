/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A USB device as a network service. See the header.
 */
#define _GNU_SOURCE /* accept4, POLLRDHUP */
#include "rigs/virtual/server/usbip_port.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rigs/virtual/server/listener.h"

#define READ_BYTES    65536
#define READS_AT_ONCE 16

struct vusbip_client {
	int fd;      /* -1: none */
	bool failed; /* to be dropped */
	struct vusbip usbip;
};

struct vusbip_port {
	struct listener listener;
	struct vusbip_export export;
	void (*connected)(void *context, bool connected);
	char name[VUSBIP_BUSID_MAX + 1], address[224];
	struct vusbip_client clients[VUSBIP_PORT_CLIENTS];
	int64_t unplugged_until_ns; /* 0: never was */
};

static void name_address(struct vusbip_port *port)
{
	static const char tcp[] = "rfc2217://";
	const struct listener *listener = &port->listener;

	if (listener->path[0])
		snprintf(port->address, sizeof(port->address), "usbip+unix:%s/%s", listener->path,
			 port->name);
	else
		snprintf(port->address, sizeof(port->address), "usbip://%s/%s",
			 listener->text + strlen(tcp), port->name);
}

int vusbip_port_open(const char *address, const struct vusbip_export *export,
		     void (*connected)(void *context, bool connected),
		     struct vusbip_port **ret_port, struct verr *err)
{
	struct vusbip_port *port = calloc(1, sizeof(*port));
	int rc;

	if (!port)
		return verr_set(err, -ENOMEM, "out of memory");
	snprintf(port->name, sizeof(port->name), "%s", export->busid);
	port->export = *export;
	port->export.busid = port->name;
	port->connected = connected;
	for (unsigned i = 0; i < VUSBIP_PORT_CLIENTS; i++)
		port->clients[i].fd = -1;
	rc = listener_open(&port->listener, address, err);
	if (rc < 0) {
		free(port);
		return rc;
	}
	name_address(port);
	*ret_port = port;
	return 0;
}

void vusbip_port_close(struct vusbip_port *port)
{
	if (!port)
		return;
	for (unsigned i = 0; i < VUSBIP_PORT_CLIENTS; i++) {
		if (port->clients[i].fd < 0)
			continue;
		close(port->clients[i].fd);
		vusbip_done(&port->clients[i].usbip);
	}
	listener_close(&port->listener);
	free(port);
}

const char *vusbip_port_name(const struct vusbip_port *port)
{
	return port->name;
}

const char *vusbip_port_address_text(const struct vusbip_port *port)
{
	return port->address;
}

bool vusbip_port_has_client(const struct vusbip_port *port)
{
	for (unsigned i = 0; i < VUSBIP_PORT_CLIENTS; i++)
		if (port->clients[i].fd >= 0 && port->clients[i].usbip.imported)
			return true;
	return false;
}

bool vusbip_port_waits(const struct vusbip_port *port)
{
	for (unsigned i = 0; i < VUSBIP_PORT_CLIENTS; i++) {
		const struct vusbip *usbip = &port->clients[i].usbip;

		for (unsigned k = 0; port->clients[i].fd >= 0 && k < usbip->urb_count; k++)
			if (!(usbip->urbs[k].endpoint & 0x80) || usbip->urbs[k].endpoint == 0x80)
				return true;
	}
	return false;
}

void vusbip_port_unplug(struct vusbip_port *port, int64_t until_ns)
{
	port->unplugged_until_ns = until_ns;
	for (unsigned i = 0; i < VUSBIP_PORT_CLIENTS; i++)
		port->clients[i].failed = true; /* dropped when the port is next served */
}

static enum vusbip_status import_state(const struct vusbip_port *port)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (port->unplugged_until_ns &&
	    now.tv_sec * 1000000000ll + now.tv_nsec < port->unplugged_until_ns)
		return VUSBIP_NO_DEVICE;
	return vusbip_port_has_client(port) ? VUSBIP_BUSY : VUSBIP_OK;
}

/* Clients ------------------------------------------------------------------------------------ */

static void send_out(struct vusbip_client *client)
{
	const uint8_t *bytes;
	size_t count;

	while (bytes = vusbip_output(&client->usbip, &count), count > 0) {
		ssize_t sent = send(client->fd, bytes, count, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (sent < 0) {
			client->failed = true;
			return;
		}
		vusbip_sent(&client->usbip, (size_t)sent);
	}
	if (client->usbip.closing)
		client->failed = true;
}

static void flush_client(struct vusbip_client *client)
{
	size_t before, after;

	do {
		send_out(client);
		vusbip_output(&client->usbip, &before);
		if (client->failed)
			return;
		if (!vusbip_pump(&client->usbip))
			client->failed = true;
		vusbip_output(&client->usbip, &after);
	} while (after > before);
}

void vusbip_port_flush(struct vusbip_port *port)
{
	for (unsigned i = 0; i < VUSBIP_PORT_CLIENTS; i++)
		if (port->clients[i].fd >= 0)
			flush_client(&port->clients[i]);
}

static bool can_read(const struct vusbip_client *client)
{
	return !client->usbip.closing && client->usbip.out.count < VUSBIP_OUT_MAX &&
	       client->usbip.urb_count < VUSBIP_URBS_MAX;
}

static void read_client(struct vusbip_port *port, struct vusbip_client *client)
{
	bool was_imported = client->usbip.imported;
	uint8_t bytes[READ_BYTES];

	for (int i = 0; i < READS_AT_ONCE && !client->failed && can_read(client); i++) {
		ssize_t count = recv(client->fd, bytes, sizeof(bytes), 0);

		if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			break;
		if (count <= 0 ||
		    !vusbip_feed(&client->usbip, bytes, (size_t)count, import_state(port)))
			client->failed = true;
	}
	if (!was_imported && client->usbip.imported)
		port->connected(port->export.context, true);
}

static void drop_client(struct vusbip_port *port, struct vusbip_client *client)
{
	bool imported = client->usbip.imported;

	close(client->fd);
	client->fd = -1;
	vusbip_done(&client->usbip);
	if (imported)
		port->connected(port->export.context, false);
}

static void welcome(struct vusbip_port *port, int fd)
{
	int on = 1;

	for (unsigned i = 0; i < VUSBIP_PORT_CLIENTS; i++) {
		struct vusbip_client *client = &port->clients[i];

		if (client->fd >= 0)
			continue;
		/* Fails for a Unix socket, which needs none. */
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		client->fd = fd;
		client->failed = false;
		vusbip_init(&client->usbip, &port->export);
		return;
	}
	close(fd);
}

static void accept_clients(struct vusbip_port *port)
{
	int fd;

	while ((fd = accept4(port->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		welcome(port, fd);
}

void vusbip_port_fill_pollfds(const struct vusbip_port *port,
			      struct pollfd fds[VUSBIP_PORT_POLLFDS])
{
	fds[0] = (struct pollfd){.fd = port->listener.fd, .events = POLLIN};
	for (unsigned i = 0; i < VUSBIP_PORT_CLIENTS; i++) {
		const struct vusbip_client *client = &port->clients[i];

		fds[1 + i] = (struct pollfd){.fd = client->fd, .events = POLLRDHUP};
		if (can_read(client))
			fds[1 + i].events |= POLLIN;
		if (client->usbip.out.count)
			fds[1 + i].events |= POLLOUT;
	}
}

/* A client that has left: what it sent last is still done, then it is dropped. */
static void service_client(struct vusbip_port *port, struct vusbip_client *client, short revents)
{
	bool gone = revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL);

	if (gone || revents & POLLIN)
		read_client(port, client);
	flush_client(client);
	if (gone || client->failed)
		drop_client(port, client);
}

void vusbip_port_service(struct vusbip_port *port, const struct pollfd fds[VUSBIP_PORT_POLLFDS])
{
	for (unsigned i = 0; i < VUSBIP_PORT_CLIENTS; i++) {
		struct vusbip_client *client = &port->clients[i];

		if (client->fd >= 0 && fds[1 + i].fd == client->fd)
			service_client(port, client, fds[1 + i].revents);
	}
	if (fds[0].revents & POLLIN)
		accept_clients(port);
}
