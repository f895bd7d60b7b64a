/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A listening stream socket: "unix:PATH" or "tcp:127.0.0.1:PORT" (the loopback only; port 0 lets
 * the system choose).
 */
#ifndef RIGS_VIRTUAL_SERVER_LISTENER_H
#define RIGS_VIRTUAL_SERVER_LISTENER_H

#include <sys/un.h>

#include "rigs/virtual/verr.h"

struct listener {
	int fd;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* of the socket file; "" for TCP */
	char text[160]; /* the address as a client needs it */
};

/* -EINVAL with a sentence when the address has no such form. */
int listener_check(const char *address, struct verr *err);

/* Non-blocking. A socket file that nobody listens on is replaced; a live one is -EADDRINUSE. */
int listener_open(struct listener *listener, const char *address, struct verr *err);
void listener_close(struct listener *listener); /* removes the socket file */

#endif
