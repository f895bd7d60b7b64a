/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The whole rig: every board with what feeds it, the instruments, the threads that run them.
 *
 * One thread watches the sockets of the boards that wait; a board that has something to do (a
 * client's bytes, virtual time that may pass) is given to the pool, whose threads serve its sockets
 * and let a few milliseconds of host time pass for it per turn.
 */
#ifndef RIGS_VIRTUAL_SERVER_RIG_H
#define RIGS_VIRTUAL_SERVER_RIG_H

#include "rigs/virtual/server/config.h"

struct rig;

/* Opens the logs and all ports. The configuration stays the caller's and outlives the rig. */
int rig_new(const struct config *config, struct rig **ret_rig, struct verr *err);
void rig_free(struct rig *rig); /* accepts NULL; removes the socket files */

/* One line per port on stderr. */
void rig_announce(const struct rig *rig);
/* Serves until stop_fd becomes readable (0), or something breaks (negative). */
int rig_run(struct rig *rig, int stop_fd, struct verr *err);

#endif
