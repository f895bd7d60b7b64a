/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The temperature around a session's boards: typed, read from a sensor, or set by a chamber
 * (bench/config/rig_ambient.h). One for all boards of the session: a temperature is asked for once,
 * and whoever comes to it first sets the chamber and waits until it has settled; the others wait
 * for him. While windows are taken it is read once a second, so that leaving the band is seen
 * whenever it happens.
 *
 * A temperature that is not reached, or a device that is lost, has failed for all boards, until
 * ambient_want asks for the next one: then everything is opened anew. What happens is told on
 * stderr. Boards ask through ambient_tape.h, so that what they hear can be recorded and replayed.
 *
 * Threads: everything but ambient_new, ambient_want and ambient_free may be called from any.
 */
#ifndef BENCH_SESSION_AMBIENT_H
#define BENCH_SESSION_AMBIENT_H

#include <signal.h>
#include <stdbool.h>

#include "bench/config/rig.h"

struct ambient;

struct ambient_options {
	const struct rig *rig;
	const volatile sig_atomic_t *stop; /* ends every wait */
	const char *sysfs_hwmon;           /* of thermal_settings; NULL: the kernel's */
};

/* The rig outlives it. Touches no device. -ENOMEM, -EAGAIN. */
int ambient_new(const struct ambient_options *options, struct ambient **ret_ambient,
		struct err *err);
/* A chamber that was set goes to the rig's rest, or stays as it is. Accepts NULL. */
void ambient_free(struct ambient *ambient);

/* What is wanted from now on; NAN: whatever it is. While no other call is under way. */
void ambient_want(struct ambient *ambient, double temp_c);

/* Whether ambient_settle has nothing to wait for. */
bool ambient_is_settled(struct ambient *ambient);
/* Opens the devices, sets what is wanted and waits until it is so, or no longer than the rig says.
 * Blocks that long; at once when it has settled. -ECANCELED: stop. Others: this temperature has
 * failed (-ETIMEDOUT: not settled; -EINVAL: a device is virtual and the rig is not, or the reverse;
 * a link's errors), and the sentence says why, the same for each caller. */
int ambient_settle(struct ambient *ambient, struct err *err);

/* What a window has seen. */
struct ambient_window {
	double before_c, after_c; /* NAN: nothing measures it */
	bool left;                /* the band, at some time */
	double left_c;            /* how warm it was then */
	unsigned excursions;      /* of the ambient, when the window began */
};

/* Blocks some seconds at most. Negative: the temperature has failed; -ECANCELED: stop. */
int ambient_window_begin(struct ambient *ambient, struct ambient_window *ret_window,
			 struct err *err);
int ambient_window_end(struct ambient *ambient, struct ambient_window *window, struct err *err);

#endif
