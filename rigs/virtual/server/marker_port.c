/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A board's marker lines on a socket. See the header.
 */
#define _GNU_SOURCE /* accept4 */
#include "rigs/virtual/server/marker_port.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rigs/virtual/plant/random.h"
#include "rigs/virtual/server/listener.h"

#define LATENCY_LEAST_NS 10000.0
#define JITTERS_MAX      5.0

struct marker_line {
	uint32_t number;
	int64_t last_ns;
	unsigned to_lose;
};

struct marker_port {
	struct listener listener;
	struct vrandom random;
	double jitter_ns;
	int client_fd; /* -1: none */
	struct marker_line lines[MARKER_PORT_LINES];
};

int marker_port_open(const char *address, double jitter_s, uint64_t seed,
		     struct marker_port **ret_port, struct verr *err)
{
	struct marker_port *port = calloc(1, sizeof(*port));
	int rc;

	if (!port)
		return verr_set(err, -ENOMEM, "out of memory");
	port->client_fd = -1;
	port->jitter_ns = jitter_s * 1e9;
	port->random = (struct vrandom){seed};
	rc = listener_open(&port->listener, address, err);
	if (rc < 0) {
		free(port);
		return rc;
	}
	*ret_port = port;
	return 0;
}

static void drop_client(struct marker_port *port)
{
	close(port->client_fd);
	port->client_fd = -1;
}

void marker_port_close(struct marker_port *port)
{
	if (!port)
		return;
	if (port->client_fd >= 0)
		drop_client(port);
	listener_close(&port->listener);
	free(port);
}

const char *marker_port_address(const struct marker_port *port)
{
	return port->listener.path;
}

bool marker_port_has_client(const struct marker_port *port)
{
	return port->client_fd >= 0;
}

static int64_t stamp_ns(struct marker_port *port, struct marker_line *line, int64_t due_ns)
{
	double share = (double)(vrandom_next(&port->random) >> 11) * 0x1p-53;
	double draws = -log(1 - share);
	double late_ns = LATENCY_LEAST_NS + port->jitter_ns * fmin(draws, JITTERS_MAX);
	int64_t t_ns = due_ns + llround(late_ns);

	line->last_ns = t_ns > line->last_ns ? t_ns : line->last_ns + 1;
	return line->last_ns;
}

void marker_port_edge(struct marker_port *port, unsigned line, bool rising, int64_t due_ns)
{
	struct marker_line *l = &port->lines[line];
	char text[64];
	ssize_t sent;
	int count;

	if (port->client_fd < 0)
		return;
	l->number++;
	count = snprintf(text, sizeof(text), "%u %c %" PRId64 " %" PRIu32 "\n", line,
			 rising ? 'r' : 'f', stamp_ns(port, l, due_ns), l->number);
	if (l->to_lose) {
		l->to_lose--;
		return;
	}
	/* an edge that does not fit is lost, which its number tells */
	sent = send(port->client_fd, text, (size_t)count, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent >= 0 ? sent != count : errno != EAGAIN && errno != EWOULDBLOCK)
		drop_client(port);
}

void marker_port_lose(struct marker_port *port, unsigned line)
{
	port->lines[line].to_lose++;
}

static bool accept_client(struct marker_port *port)
{
	static const char greeting[] = "joulebench-markers 1\n", busy[] = "busy\n";
	int fd = accept4(port->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	bool is_busy = port->client_fd >= 0;
	const char *text = is_busy ? busy : greeting;

	if (fd < 0)
		return false;
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text) || is_busy) {
		close(fd);
		return false;
	}
	port->client_fd = fd;
	memset(port->lines, 0, sizeof(port->lines));
	return true;
}

void marker_port_fill_pollfds(const struct marker_port *port,
			      struct pollfd fds[MARKER_PORT_POLLFDS])
{
	fds[0] = (struct pollfd){.fd = port->listener.fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = port->client_fd, .events = POLLIN};
}

bool marker_port_service(struct marker_port *port, const struct pollfd fds[MARKER_PORT_POLLFDS])
{
	bool changed = false;

	if (port->client_fd >= 0 && fds[1].fd == port->client_fd && fds[1].revents) {
		char ignored[256];
		ssize_t count = recv(port->client_fd, ignored, sizeof(ignored), 0);

		if (!count || (count < 0 && errno != EAGAIN && errno != EINTR)) {
			drop_client(port);
			changed = true;
		}
	}
	if (fds[0].revents & POLLIN)
		changed |= accept_client(port);
	return changed;
}
