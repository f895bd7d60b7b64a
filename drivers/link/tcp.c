/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A byte pipe over plain TCP: a terminal server's raw port, an instrument's socket. It has neither
 * settings nor lines; what the far end was set to is its own affair. Nothing in it tells a virtual
 * rig from a device.
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/link/deadline.h"
#include "drivers/link/kinds.h"
#include "drivers/link/stream.h"

enum { CONNECT_MS = 5000 };

struct tcp {
	int fd;
	atomic_bool gone;
};

static int gone(struct tcp *tcp, struct err *err)
{
	atomic_store(&tcp->gone, true);
	return err_set(err, -ENODEV, "the far end hung up");
}

static int tcp_open(void *state, const char *address, const struct link_settings *settings,
		    struct err *err)
{
	struct tcp *tcp = state;

	(void)settings;
	atomic_init(&tcp->gone, false);
	if (strncmp(address, "//", 2))
		return err_set(err, -EINVAL, "is not of the form tcp://host:port");
	return stream_connect_tcp(address + 2, CONNECT_MS, &tcp->fd, err);
}

static void tcp_close(void *state)
{
	close(((struct tcp *)state)->fd);
}

static int tcp_set(void *state, const struct link_settings *settings, struct err *err)
{
	(void)state;
	(void)settings;
	return err_set(err, -ENOTSUP, "plain TCP has no serial settings (rfc2217:// has)");
}

static int tcp_set_lines(void *state, bool dtr, bool rts, struct err *err)
{
	(void)state;
	(void)dtr;
	(void)rts;
	return err_set(err, -ENOTSUP, "plain TCP has no modem lines (rfc2217:// has)");
}

/* 1 when the socket is ready (or hung up: the call after this finds out), 0 when the time is over.
 */
static int tcp_wait(struct tcp *tcp, short events, int64_t deadline_ns, struct err *err)
{
	struct pollfd wait = {.fd = tcp->fd, .events = events};
	int ready;

	do {
		ready = poll(&wait, 1, deadline_left_ms(deadline_ns));
	} while (ready < 0 && errno == EINTR);
	return ready < 0 ? err_set(err, -errno, "poll: %s", strerror(errno)) : ready > 0;
}

static int tcp_read(void *state, void *buffer, size_t capacity, int timeout_ms, size_t *ret_count,
		    struct err *err)
{
	struct tcp *tcp = state;
	int64_t deadline_ns = deadline_after_ms(timeout_ms);
	ssize_t got = -1;
	int ready;

	if (atomic_load(&tcp->gone))
		return gone(tcp, err);
	do {
		ready = tcp_wait(tcp, POLLIN, deadline_ns, err);
		if (ready > 0)
			got = recv(tcp->fd, buffer, capacity, MSG_DONTWAIT);
	} while (ready > 0 && got < 0 && (errno == EINTR || errno == EAGAIN));
	if (ready < 0)
		return ready;
	if (ready && got <= 0)
		return gone(tcp, err);
	*ret_count = ready ? (size_t)got : 0;
	return 0;
}

static int tcp_write(void *state, const void *bytes, size_t count, int timeout_ms, struct err *err)
{
	struct tcp *tcp = state;
	int64_t deadline_ns = deadline_after_ms(timeout_ms);
	size_t sent = 0;

	while (sent < count) {
		ssize_t done;
		int ready;

		if (atomic_load(&tcp->gone))
			return gone(tcp, err);
		done = send(tcp->fd, (const uint8_t *)bytes + sent, count - sent,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (done < 0 && errno != EAGAIN && errno != EINTR)
			return gone(tcp, err);
		if (done > 0)
			sent += (size_t)done;
		if (sent == count)
			break;
		ready = tcp_wait(tcp, POLLOUT, deadline_ns, err);
		if (ready < 0)
			return ready;
		if (!ready)
			return err_set(err, -ETIMEDOUT, "%zu of %zu bytes sent within %d ms", sent,
				       count, timeout_ms);
	}
	return 0;
}

static const char *tcp_identity(void *state)
{
	(void)state;
	return "";
}

const struct link_ops link_tcp = {
	.scheme = "tcp",
	.state_size = sizeof(struct tcp),
	.open = tcp_open,
	.close = tcp_close,
	.set = tcp_set,
	.set_lines = tcp_set_lines,
	.read = tcp_read,
	.write = tcp_write,
	.identity = tcp_identity,
};
