/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A serial port as a network service. See the header.
 */
#define _GNU_SOURCE /* accept4, POLLRDHUP */
#include "rigs/virtual/server/port.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rigs/virtual/server/listener.h"
#include "rigs/virtual/server/version.h"

#define OUT_BYTES 65536
/* Answers to one read must fit behind the data: the largest is a signature (70 bytes) for a request
 * of 6, so 1 KiB read makes at most 12 KiB. */
#define READ_BYTES    1024
#define OUT_RESERVED  16384
#define READS_AT_ONCE 16

struct port {
	struct listener listener;
	struct port_device device;
	char name[64];
	char signature[RFC2217_SUBNEGOTIATION_MAX];
	int client_fd; /* -1: none */
	bool failed;   /* the client is to be dropped */
	bool deaf;     /* it reads no more; what it sent may still be on its way */
	bool suspended;
	int64_t unplugged_until_ns; /* 0: never was */
	struct rfc2217 telnet;
	uint8_t out[OUT_BYTES];
	size_t out_start, out_count; /* out_start + out_count <= OUT_BYTES */
};

int port_open(const char *name, const char *address, const struct port_device *device,
	      struct port **ret_port, struct verr *err)
{
	struct port *port = calloc(1, sizeof(*port));
	int rc;

	if (!port)
		return verr_set(err, -ENOMEM, "out of memory");
	port->device = *device;
	port->client_fd = -1;
	snprintf(port->name, sizeof(port->name), "%s", name);
	snprintf(port->signature, sizeof(port->signature), "virtual-rig " VIRTUAL_RIG_VERSION " %s",
		 name);
	rc = listener_open(&port->listener, address, err);
	if (rc < 0) {
		free(port);
		return rc;
	}
	*ret_port = port;
	return 0;
}

void port_close(struct port *port)
{
	if (!port)
		return;
	if (port->client_fd >= 0)
		close(port->client_fd);
	listener_close(&port->listener);
	free(port);
}

const char *port_name(const struct port *port)
{
	return port->name;
}

const char *port_address_text(const struct port *port)
{
	return port->listener.text;
}

bool port_has_client(const struct port *port)
{
	return port->client_fd >= 0;
}

void port_unplug(struct port *port, int64_t until_ns)
{
	port->unplugged_until_ns = until_ns;
	port->failed = true; /* dropped when the port is next served */
}

static bool is_unplugged(const struct port *port)
{
	struct timespec now;

	if (!port->unplugged_until_ns)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec < port->unplugged_until_ns;
}

/* Output ------------------------------------------------------------------------------------- */

static size_t out_free(const struct port *port)
{
	return OUT_BYTES - port->out_count;
}

static uint8_t *out_tail(struct port *port)
{
	if (port->out_start) {
		memmove(port->out, port->out + port->out_start, port->out_count);
		port->out_start = 0;
	}
	return port->out + port->out_count;
}

static void send_out(struct port *port)
{
	if (port->deaf)
		port->out_count = 0;
	while (port->out_count) {
		ssize_t sent = send(port->client_fd, port->out + port->out_start, port->out_count,
				    MSG_NOSIGNAL);

		if (sent < 0) {
			if (errno == EINTR)
				continue;
			if (errno == EAGAIN || errno == EWOULDBLOCK)
				return;
			port->deaf = true;
			port->out_count = 0;
			break;
		}
		port->out_start += (size_t)sent;
		port->out_count -= (size_t)sent;
	}
	port->out_start = 0;
}

/* Escapes device bytes into the free part of the buffer; false when the device has none. */
static bool fill_out(struct port *port)
{
	uint8_t raw[8192];
	size_t capacity = out_free(port), count;

	if (port->suspended || port->deaf || capacity <= OUT_RESERVED)
		return false;
	capacity = (capacity - OUT_RESERVED) / 2; /* each byte may double */
	count = port->device.take(port->device.context, raw,
				  capacity < sizeof(raw) ? capacity : sizeof(raw));
	if (count == 0)
		return false;
	port->out_count += rfc2217_escape(raw, &count, out_tail(port), 2 * count);
	return true;
}

void port_flush(struct port *port)
{
	if (port->client_fd < 0)
		return;
	do
		send_out(port);
	while (!port->failed && fill_out(port));
}

/* What the client says ----------------------------------------------------------------------- */

static void sink_data(void *context, const uint8_t *bytes, size_t count)
{
	struct port *port = context;

	port->device.receive(port->device.context, bytes, count);
}

static void sink_reply(void *context, const uint8_t *bytes, size_t count)
{
	struct port *port = context;

	if (count > out_free(port)) {
		port->failed = true;
		return;
	}
	memcpy(out_tail(port), bytes, count);
	port->out_count += count;
}

static void sink_settings(void *context, const struct rfc2217_settings *settings)
{
	struct port *port = context;

	port->device.settings(port->device.context, settings);
}

static void sink_lines(void *context, bool dtr, bool rts)
{
	struct port *port = context;

	port->device.lines(port->device.context, dtr, rts);
}

static void sink_purge(void *context, enum rfc2217_purge what)
{
	struct port *port = context;

	port->device.purge(port->device.context, what);
}

static void sink_suspend(void *context, bool suspended)
{
	struct port *port = context;

	port->suspended = suspended;
}

static void read_client(struct port *port)
{
	uint8_t bytes[READ_BYTES];

	for (int i = 0; i < READS_AT_ONCE && !port->failed; i++) {
		size_t room = port->device.room(port->device.context);
		ssize_t count;

		if (room == 0 || out_free(port) < OUT_RESERVED)
			return;
		count = recv(port->client_fd, bytes, room < sizeof(bytes) ? room : sizeof(bytes),
			     0);
		if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			return;
		if (count <= 0) {
			port->failed = true;
			return;
		}
		rfc2217_feed(&port->telnet, bytes, (size_t)count);
	}
}

/* Clients come and go ------------------------------------------------------------------------ */

static void drop_client(struct port *port)
{
	close(port->client_fd);
	port->client_fd = -1;
	port->device.lines(port->device.context, false, false);
	port->device.connected(port->device.context, false);
}

static void welcome_client(struct port *port, int fd)
{
	const struct rfc2217_sink sink = {
		port, sink_data, sink_reply, sink_settings, sink_lines, sink_purge, sink_suspend,
	};
	int on = 1;

	/* Fails for a Unix socket, which needs none. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	port->client_fd = fd;
	port->failed = false;
	port->deaf = false;
	port->suspended = false;
	port->out_start = 0;
	port->out_count = 0;
	rfc2217_init(&port->telnet, &sink, port->signature);
	port->device.settings(port->device.context, &port->telnet.settings);
	port->device.lines(port->device.context, false, false);
	port->device.connected(port->device.context, true);
}

static void refuse_client(int fd)
{
	static const char sentence[] = "Port already in use\r\n"; /* as ser2net says it */
	uint8_t unread[READ_BYTES];

	/* Closing over unread bytes would reset the connection, and the sentence would be lost. */
	while (recv(fd, unread, sizeof(unread), 0) > 0)
		;
	(void)send(fd, sentence, sizeof(sentence) - 1, MSG_NOSIGNAL);
	close(fd);
}

static void accept_clients(struct port *port)
{
	int fd;

	while ((fd = accept4(port->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (is_unplugged(port))
			close(fd);
		else if (port->client_fd >= 0)
			refuse_client(fd);
		else
			welcome_client(port, fd);
	}
}

void port_fill_pollfds(const struct port *port, struct pollfd fds[PORT_POLLFDS])
{
	bool can_read =
		port->device.room(port->device.context) > 0 && out_free(port) >= OUT_RESERVED;

	fds[0] = (struct pollfd){.fd = port->listener.fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = port->client_fd, .events = POLLRDHUP};
	if (can_read)
		fds[1].events |= POLLIN;
	if (port->out_count)
		fds[1].events |= POLLOUT;
}

void port_service(struct port *port, const struct pollfd fds[PORT_POLLFDS])
{
	/* The client first: one that has left makes room for the next at the door. */
	if (port->client_fd >= 0 && fds[1].fd == port->client_fd) {
		bool gone = fds[1].revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL);

		if (gone || fds[1].revents & POLLIN)
			read_client(port);
		if (gone && port->device.room(port->device.context) == 0)
			port->failed = true; /* its last bytes may wait for ever */
		port_flush(port);
		if (port->failed)
			drop_client(port);
	}
	if (fds[0].revents & POLLIN) {
		accept_clients(port);
		port_flush(port);
	}
}
