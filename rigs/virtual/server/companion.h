/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A command that runs beside the rig, for as long as the rig is there: "virtual-rig RIG --
 * COMMAND".
 */
#ifndef RIGS_VIRTUAL_SERVER_COMPANION_H
#define RIGS_VIRTUAL_SERVER_COMPANION_H

#include <stdbool.h>
#include <sys/types.h>

#include "rigs/virtual/verr.h"

struct companion {
	pid_t pid;  /* 0: none, or it has ended */
	int status; /* when it has ended: its exit status, or 128 and its signal's number */
};

/* arguments: the command, found in PATH, and its arguments, up to NULL. It gets the signal mask
 * that this process had before it blocked anything: none. -ENOENT, -EACCES: no such command. */
int companion_start(char *const *arguments, struct companion *ret_companion, struct verr *err);
/* Takes what a signalfd of SIGINT, SIGTERM and SIGCHLD holds: passes the first two on as SIGTERM,
 * and finds out whether the command has ended. True: the rig is to end, because the command has, or
 * because there is none and a signal came. */
bool companion_take_signals(struct companion *companion, int signal_fd);
/* Ends a command that still runs and waits for it. */
void companion_stop(struct companion *companion);

#endif
