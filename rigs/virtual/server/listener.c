/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Listening sockets. See the header.
 */
#include "rigs/virtual/server/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rigs/virtual/server/files.h"

#define BACKLOG 4

static int parse_unix(const char *address, struct sockaddr_un *ret, struct verr *err)
{
	const char *path = address + strlen("unix:");

	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	if (!*path)
		return verr_set(err, -EINVAL, "\"%s\": the path is missing", address);
	if (strlen(path) >= sizeof(ret->sun_path))
		return verr_set(err, -EINVAL, "\"%s\": a socket's path has at most %zu characters",
				address, sizeof(ret->sun_path) - 1);
	strcpy(ret->sun_path, path);
	return 0;
}

static int parse_tcp(const char *address, struct sockaddr_in *ret, struct verr *err)
{
	char host[INET_ADDRSTRLEN];
	const char *start = address + strlen("tcp:");
	const char *colon = strrchr(start, ':');
	char *end;
	unsigned long port;

	memset(ret, 0, sizeof(*ret));
	ret->sin_family = AF_INET;
	if (!colon || (size_t)(colon - start) >= sizeof(host) || colon[1] < '0' || colon[1] > '9')
		return verr_set(err, -EINVAL, "\"%s\": not of the form tcp:127.0.0.1:PORT",
				address);
	memcpy(host, start, (size_t)(colon - start));
	host[colon - start] = '\0';
	port = strtoul(colon + 1, &end, 10);
	if (inet_pton(AF_INET, host, &ret->sin_addr) != 1 || *end || port > 65535)
		return verr_set(err, -EINVAL, "\"%s\": not of the form tcp:127.0.0.1:PORT",
				address);
	if (ntohl(ret->sin_addr.s_addr) >> 24 != 127)
		return verr_set(err, -EINVAL,
				"\"%s\": a virtual rig listens on the loopback (127.0.0.1) only",
				address);
	ret->sin_port = htons((uint16_t)port);
	return 0;
}

static int parse(const char *address, struct sockaddr_un *ret_un, struct sockaddr_in *ret_in,
		 struct verr *err)
{
	ret_un->sun_family = AF_UNSPEC;
	if (!strncmp(address, "unix:", 5))
		return parse_unix(address, ret_un, err);
	if (!strncmp(address, "tcp:", 4))
		return parse_tcp(address, ret_in, err);
	return verr_set(err, -EINVAL, "\"%s\": neither unix:PATH nor tcp:127.0.0.1:PORT", address);
}

int listener_check(const char *address, struct verr *err)
{
	struct sockaddr_un un;
	struct sockaddr_in in;

	return parse(address, &un, &in, err);
}

static int fail(struct verr *err, const char *address, const char *what, int code)
{
	return verr_set(err, -code, "%s: %s: %s", address, what, strerror(code));
}

/* Removes a socket file that nobody listens on. */
static int remove_stale(const struct sockaddr_un *un, const char *address, struct verr *err)
{
	struct stat status;
	int fd, rc;

	if (lstat(un->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : fail(err, address, "cannot look at it", errno);
	if (!S_ISSOCK(status.st_mode))
		return verr_set(err, -EEXIST, "%s: a file that is no socket is in the way",
				address);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(err, address, "socket", errno);
	rc = connect(fd, (const struct sockaddr *)un, sizeof(*un)) < 0 ? -errno : 0;
	close(fd);
	if (rc != -ECONNREFUSED && rc != -ENOENT)
		return verr_set(err, -EADDRINUSE, "%s: another program listens there", address);
	if (unlink(un->sun_path) < 0 && errno != ENOENT)
		return fail(err, address, "cannot remove the stale socket", errno);
	return 0;
}

static int bind_unix(int fd, const struct sockaddr_un *un, const char *address, struct verr *err)
{
	int rc = files_make_parents(un->sun_path, err);

	if (rc == 0)
		rc = remove_stale(un, address, err);
	if (rc == 0 && bind(fd, (const struct sockaddr *)un, sizeof(*un)) < 0)
		rc = fail(err, address, "bind", errno);
	return rc;
}

static int bind_tcp(int fd, struct sockaddr_in *in, const char *address, struct verr *err)
{
	socklen_t size = sizeof(*in);
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)in, sizeof(*in)) < 0 ||
	    getsockname(fd, (struct sockaddr *)in, &size) < 0)
		return fail(err, address, "bind", errno);
	return 0;
}

int listener_open(struct listener *listener, const char *address, struct verr *err)
{
	struct sockaddr_un un;
	struct sockaddr_in in;
	bool is_unix;
	int fd, rc = parse(address, &un, &in, err);

	if (rc < 0)
		return rc;
	is_unix = un.sun_family == AF_UNIX;
	fd = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(err, address, "socket", errno);
	rc = is_unix ? bind_unix(fd, &un, address, err) : bind_tcp(fd, &in, address, err);
	if (rc < 0)
		goto err_close;
	listener->fd = fd;
	listener->path[0] = '\0';
	if (is_unix) {
		strcpy(listener->path, un.sun_path);
		snprintf(listener->text, sizeof(listener->text), "rfc2217+unix:%s", un.sun_path);
	} else {
		char host[INET_ADDRSTRLEN];

		snprintf(listener->text, sizeof(listener->text), "rfc2217://%s:%u",
			 inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host)), ntohs(in.sin_port));
	}
	if (listen(fd, BACKLOG) < 0) {
		rc = fail(err, address, "listen", errno);
		listener_close(listener);
		return rc;
	}
	return 0;

err_close:
	close(fd);
	return rc;
}

void listener_close(struct listener *listener)
{
	close(listener->fd);
	if (listener->path[0])
		unlink(listener->path);
}
