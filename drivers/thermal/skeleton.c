/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A chamber to begin a driver from, in no table. It is made up, and all in here: it goes to its set
 * point as a first order does, with a time constant of 2 s. A real one is asked over a link, as in
 * scpi_chamber.c, and reads its set point back, so that one it refuses shows at once.
 *
 *   skeleton:CELSIUS    what it is at when it is opened
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "drivers/link/link.h"
#include "drivers/thermal/thermal.h"

static const double time_constant_s = 2;
static const double least_c = -90, most_c = 200;

struct skeleton {
	double from_c, set_c;
	int64_t since_ns; /* CLOCK_MONOTONIC; it was at from_c then */
};

static double temperature_c(const struct skeleton *skeleton)
{
	double elapsed_s = (double)(link_now_ns() - skeleton->since_ns) * 1e-9;

	return skeleton->set_c +
	       (skeleton->from_c - skeleton->set_c) * exp(-elapsed_s / time_constant_s);
}

/* Everything an address can be wrong in is said here, before anything is heated. */
static int skeleton_open(void *state, const char *address, const struct thermal_settings *settings,
			 struct err *err)
{
	struct skeleton *skeleton = state;
	char *end;
	double temp_c = strtod(address, &end);

	(void)settings; /* limits are checked by the core; baud is for serial links */
	if (end == address || *end || !(temp_c >= least_c && temp_c <= most_c))
		return err_set(err, -EINVAL, "'%s' is no temperature in degC, as skeleton:21.5",
			       address);
	*skeleton = (struct skeleton){temp_c, temp_c, link_now_ns()};
	return 0;
}

/* A chamber keeps its set point: nobody is there to watch it come back. */
static void skeleton_close(void *state)
{
	(void)state;
}

static int skeleton_set(void *state, double temp_c, struct err *err)
{
	struct skeleton *skeleton = state;

	(void)err; /* a real one: the link's errors, and -EPROTO when it does not take it over */
	*skeleton = (struct skeleton){temperature_c(skeleton), temp_c, link_now_ns()};
	return 0;
}

static int skeleton_read(void *state, double *ret_temp_c, struct err *err)
{
	(void)err; /* *ret_temp_c stays untouched on failure */
	*ret_temp_c = temperature_c(state);
	return 0;
}

extern const struct thermal_ops thermal_skeleton; /* in thermal.h, beside the others */

const struct thermal_ops thermal_skeleton = {
	.scheme = "skeleton",
	.caps = THERMAL_CAP_SET | THERMAL_CAP_MEASURED,
	.state_size = sizeof(struct skeleton),
	.open = skeleton_open,
	.close = skeleton_close,
	.set = skeleton_set,
	.read = skeleton_read,
};
