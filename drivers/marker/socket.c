/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker edges of a virtual lab: the lines of marker.h on a stream socket. A line that is none of
 * them ends it: what came from there on could be anything.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "drivers/link/link.h"
#include "drivers/marker/kinds.h"

enum { LINE_MAX_BYTES = 64, GREETING_MS = 3000 };

static const char greeting[] = "joulebench-markers 1", busy[] = "busy";

struct lab {
	struct sockaddr_un address;
	int fd;
	bool has_fd;
	char line[LINE_MAX_BYTES];
	size_t count;
	uint32_t numbers[MARKER_LINES]; /* of each line's last edge */
};

static int socket_parse(void *state, const char *address, unsigned *ret_lines, struct err *err)
{
	struct lab *lab = state;

	if (!*address || strlen(address) >= sizeof(lab->address.sun_path))
		return err_set(err, -EINVAL, "a socket's path has 1 to %zu characters",
			       sizeof(lab->address.sun_path) - 1);
	lab->address.sun_family = AF_UNIX;
	snprintf(lab->address.sun_path, sizeof(lab->address.sun_path), "%s", address);
	*ret_lines = 0;
	return 0;
}

static int connect_error(const struct lab *lab, int error, struct err *err)
{
	const char *path = lab->address.sun_path;

	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return err_set(err, -error, "%s: nobody serves it (is virtual-rig running?)", path);
	case EACCES:
		return err_set(err, -EACCES, "%s: the socket belongs to another user", path);
	default:
		return err_set(err, -error, "%s: %s", path, strerror(error));
	}
}

/* The next whole line without its end. 1: *ret_line is it, until the next call; 0: none yet. */
static int next_line(struct lab *lab, char *ret_line)
{
	char *end = memchr(lab->line, '\n', lab->count);
	size_t length;

	if (!end)
		return lab->count == sizeof(lab->line) ? -EPROTO : 0;
	length = (size_t)(end - lab->line);
	memcpy(ret_line, lab->line, length);
	ret_line[length] = 0;
	lab->count -= length + 1;
	memmove(lab->line, end + 1, lab->count);
	return 1;
}

/* Up to so many in the buffer. 0: bytes came. -EAGAIN: none just now; -ENODEV: it hung up. */
static int receive(struct lab *lab, size_t capacity)
{
	ssize_t count = recv(lab->fd, lab->line + lab->count, capacity - lab->count, 0);

	if (count > 0)
		lab->count += (size_t)count;
	else
		return count < 0 && (errno == EAGAIN || errno == EINTR) ? -EAGAIN : -ENODEV;
	return 0;
}

/* Until the lab has greeted: from then on it knows its client, and no edge is missed. Takes no byte
 * of what comes behind, of which poll would not tell the thread. */
static int await_greeting(struct lab *lab, struct err *err)
{
	const int64_t until_ns = link_now_ns() + GREETING_MS * 1000000LL;
	const char *path = lab->address.sun_path;
	char line[LINE_MAX_BYTES];
	int ret;

	while (!(ret = next_line(lab, line)) && lab->count < sizeof(greeting)) {
		struct pollfd fd = {.fd = lab->fd, .events = POLLIN};
		int64_t left_ms = (until_ns - link_now_ns()) / 1000000;

		if (left_ms <= 0)
			return err_set(err, -ETIMEDOUT, "%s: no greeting in %d ms", path,
				       GREETING_MS);
		if (poll(&fd, 1, (int)left_ms) > 0 && receive(lab, sizeof(greeting)) == -ENODEV)
			return err_set(err, -EPROTO, "%s: hung up without a greeting", path);
	}
	if (ret > 0 && !strcmp(line, greeting))
		return 0;
	if (ret > 0 && !strcmp(line, busy))
		return err_set(err, -EBUSY, "%s: another program has these lines", path);
	return err_set(err, -EPROTO, "%s: serves no marker lines of version 1", path);
}

static int socket_open(void *state, struct pollfd *fds, unsigned *ret_fd_count, struct err *err)
{
	struct lab *lab = state;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return connect_error(lab, errno, err);
	lab->fd = fd;
	lab->has_fd = true;
	if (connect(fd, (const struct sockaddr *)&lab->address, sizeof(lab->address)))
		return connect_error(lab, errno, err);
	fds[0].fd = fd;
	*ret_fd_count = 1;
	return await_greeting(lab, err);
}

static void socket_close(void *state)
{
	struct lab *lab = state;

	if (lab->has_fd)
		close(lab->fd);
}

static bool socket_is_numbered(const void *state)
{
	(void)state;
	return true;
}

static int take_line(struct lab *lab, struct marker *marker, const char *text)
{
	struct marker_edge edge = {0};
	uint32_t number;
	char direction;
	int used = 0;

	if (sscanf(text, "%1u %c %" SCNd64 " %" SCNu32 "%n", &edge.line, &direction,
		   &edge.t_mono_ns, &number, &used) != 4 ||
	    text[used] || edge.line >= MARKER_LINES || (direction != 'r' && direction != 'f'))
		return -EPROTO;
	edge.is_rising = direction == 'r';
	edge.lost = (uint32_t)(number - lab->numbers[edge.line] - 1);
	lab->numbers[edge.line] = number;
	marker_put(marker, &edge);
	return 0;
}

static int socket_drain(void *state, struct marker *marker, unsigned index, const struct pollfd *fd)
{
	struct lab *lab = state;
	char line[LINE_MAX_BYTES];
	int ret;

	(void)index;
	(void)fd;
	for (;;) {
		while ((ret = next_line(lab, line)) == 1) {
			ret = take_line(lab, marker, line);
			if (ret)
				return ret;
		}
		if (!ret)
			ret = receive(lab, sizeof(lab->line));
		if (ret)
			return ret == -EAGAIN ? 0 : ret;
	}
}

const struct marker_ops marker_socket = {
	.scheme = "socket:",
	.form = "socket:PATH",
	.is_virtual = true,
	.state_size = sizeof(struct lab),
	.gone = "the lab hung up (has virtual-rig ended?)",
	.parse = socket_parse,
	.open = socket_open,
	.close = socket_close,
	.is_numbered = socket_is_numbered,
	.drain = socket_drain,
};
