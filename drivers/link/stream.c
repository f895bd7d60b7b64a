/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Connecting a stream socket within a bounded time: TCP and Unix.
 */
#include "drivers/link/stream.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "drivers/link/deadline.h"

enum { HOST_MAX = 256, PORT_MAX = 6, BACKLOG_RETRY_MS = 10 };

/* A connect under way: waits for its end. */
static int connect_finish(int fd, int64_t deadline_ns)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	int error = 0, ready;
	socklen_t size = sizeof(error);

	do {
		ready = poll(&wait, 1, deadline_left_ms(deadline_ns));
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return -errno;
	if (ready == 0)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
		return -errno;
	return -error;
}

/* EAGAIN is a Unix listener whose backlog is full: there is nothing to poll for. */
static int connect_until(int fd, const struct sockaddr *address, socklen_t size,
			 int64_t deadline_ns)
{
	for (;;) {
		const struct timespec pause = {.tv_nsec = BACKLOG_RETRY_MS * DEADLINE_NS_PER_MS};

		if (!connect(fd, address, size))
			return 0;
		if (errno == EINPROGRESS || errno == EINTR)
			return connect_finish(fd, deadline_ns);
		if (errno != EAGAIN)
			return -errno;
		if (!deadline_left_ms(deadline_ns))
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
}

static int stream_connect(const struct sockaddr *address, socklen_t size, int64_t deadline_ns,
			  int *ret_fd)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int ret;

	if (fd < 0)
		return -errno;
	ret = connect_until(fd, address, size, deadline_ns);
	if (ret)
		close(fd);
	else
		*ret_fd = fd;
	return ret;
}

static bool port_is_valid(const char *port)
{
	size_t length = strlen(port);
	long value;

	if (length == 0 || length >= PORT_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isdigit((unsigned char)port[i]))
			return false;
	value = strtol(port, NULL, 10);
	return value > 0 && value <= 65535;
}

/* Splits host:port; a host with colons of its own stands in brackets. */
static int address_split(const char *address, char host[HOST_MAX], char port[PORT_MAX],
			 struct err *err)
{
	const char *begin = address[0] == '[' ? address + 1 : address;
	size_t length = strcspn(begin, address[0] == '[' ? "]" : ":");
	const char *rest = begin + length;

	if (address[0] == '[' && *rest == ']')
		rest++;
	if (length == 0 || length >= HOST_MAX || *rest != ':' || !port_is_valid(rest + 1))
		return err_set(err, -EINVAL, "'%s' is not host:port or [v6]:port", address);
	memcpy(host, begin, length);
	host[length] = '\0';
	strcpy(port, rest + 1);
	return 0;
}

/* Requests go out at once; a peer that vanished is noticed while nothing is said (10 s quiet, then
 * three probes 3 s apart) and while something is (20 s without acknowledgement). */
static int tcp_tune(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 10}, {IPPROTO_TCP, TCP_KEEPINTVL, 3},
		{IPPROTO_TCP, TCP_KEEPCNT, 3},   {IPPROTO_TCP, TCP_USER_TIMEOUT, 20000},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			       sizeof(options[i].value)))
			return -errno;
	return 0;
}

static int connect_any(const struct addrinfo *found, int64_t deadline_ns, int *ret_fd)
{
	int ret = -ENOENT;

	for (const struct addrinfo *at = found; at; at = at->ai_next) {
		ret = stream_connect(at->ai_addr, at->ai_addrlen, deadline_ns, ret_fd);
		if (!ret)
			break;
	}
	return ret;
}

int stream_connect_tcp(const char *address, int timeout_ms, int *ret_fd, struct err *err)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	int64_t deadline_ns = deadline_after_ms(timeout_ms);
	char host[HOST_MAX], port[PORT_MAX];
	struct addrinfo *found;
	int fd = -1, ret = address_split(address, host, port, err);

	if (ret)
		return ret;
	ret = getaddrinfo(host, port, &hints, &found);
	if (ret)
		return err_set(err, -ENOENT, "host %s: %s", host, gai_strerror(ret));
	ret = connect_any(found, deadline_ns, &fd);
	freeaddrinfo(found);
	if (ret)
		return err_set(err, ret, "connect to %s port %s: %s", host, port, strerror(-ret));
	ret = tcp_tune(fd);
	if (ret) {
		close(fd);
		return err_set(err, ret, "socket options: %s", strerror(-ret));
	}
	*ret_fd = fd;
	return 0;
}

int stream_connect_unix(const char *path, int timeout_ms, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	int ret;

	if (length == 0 || length >= sizeof(address.sun_path))
		return err_set(err, -EINVAL,
			       "a socket's path has 1 to %zu characters, this one %zu",
			       sizeof(address.sun_path) - 1, length);
	memcpy(address.sun_path, path, length + 1);
	ret = stream_connect((const struct sockaddr *)&address, sizeof(address),
			     deadline_after_ms(timeout_ms), ret_fd);
	return ret ? err_set(err, ret, "connect to %s: %s", path, strerror(-ret)) : 0;
}
