/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Connecting a stream socket within a bounded time. The sockets are non-blocking and close on exec.
 */
#ifndef DRIVERS_LINK_STREAM_H
#define DRIVERS_LINK_STREAM_H

#include "drivers/err.h"

/* "host:port", "192.0.2.1:port" or "[2001:db8::1]:port", port a number. Tries every address of the
 * host within timeout_ms in all; looking up a name takes as long as the system's resolver does.
 * TCP_NODELAY is on, and a peer that vanishes from the network is noticed after about 20 s.
 * -EINVAL malformed, -ENOENT no such host, else connect()'s error or -ETIMEDOUT. */
int stream_connect_tcp(const char *address, int timeout_ms, int *ret_fd, struct err *err);

/* -EINVAL path empty or too long for a socket, else connect()'s error or -ETIMEDOUT. */
int stream_connect_unix(const char *path, int timeout_ms, int *ret_fd, struct err *err);

#endif
