/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A temperature that the user has read off a thermometer.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "drivers/thermal/thermal.h"

static const double least_c = -90, most_c = 200; /* beyond, it was typed in another unit */

struct fixed {
	double temp_c;
};

static int fixed_open(void *state, const char *address, const struct thermal_settings *settings,
		      struct err *err)
{
	struct fixed *fixed = state;
	char *end;

	(void)settings;
	fixed->temp_c = strtod(address, &end);
	if (end == address || *end || !(fixed->temp_c >= least_c && fixed->temp_c <= most_c))
		return err_set(err, -EINVAL, "'%s' is no temperature in degC, as fixed:21.5",
			       address);
	return 0;
}

static void fixed_close(void *state)
{
	(void)state;
}

static int fixed_read(void *state, double *ret_temp_c, struct err *err)
{
	(void)err;
	*ret_temp_c = ((const struct fixed *)state)->temp_c;
	return 0;
}

const struct thermal_ops thermal_fixed = {
	.scheme = "fixed",
	.state_size = sizeof(struct fixed),
	.open = fixed_open,
	.close = fixed_close,
	.read = fixed_read,
};
