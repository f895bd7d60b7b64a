/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What drivers/thermal/thermal.h promises of every driver. Include after cmocka.h.
 */
#ifndef TESTS_UNIT_DRIVERS_CONFORMANCE_THERMAL_H
#define TESTS_UNIT_DRIVERS_CONFORMANCE_THERMAL_H

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "drivers/thermal/thermal.h"

struct conformance_thermal {
	const struct thermal_ops *ops;
	const char *address;          /* of something at 21.5 degC */
	const char *const *malformed; /* addresses, NULL at the end */
	const struct thermal_settings *settings;
};

static struct err conformance_thermal_err;
static const struct thermal_settings conformance_thermal_default = {.min_c = -40, .max_c = 150};

static inline int conformance_thermal_try(const struct conformance_thermal *row,
					  const char *address, void *state)
{
	return row->ops->open(state, address,
			      row->settings ? row->settings : &conformance_thermal_default,
			      &conformance_thermal_err);
}

static inline void conformance_thermal_follows(const struct conformance_thermal *row, void *state)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	double before_c = 0, after_c = 0;

	assert_int_equal(row->ops->read(state, &before_c, &conformance_thermal_err), 0);
	assert_int_equal(row->ops->set(state, 60, &conformance_thermal_err), 0);
	for (int i = 0; i < 200 && !(after_c > before_c + 0.2); i++) {
		nanosleep(&pause, NULL);
		assert_int_equal(row->ops->read(state, &after_c, &conformance_thermal_err), 0);
	}
	assert_true(after_c > before_c + 0.2 && after_c <= 60);
}

static inline void conformance_thermal_all(const struct conformance_thermal *row)
{
	void *state = calloc(1, row->ops->state_size);
	double temp_c = NAN;

	assert_non_null(state);
	assert_int_equal(!(row->ops->caps & THERMAL_CAP_SET), !row->ops->set);
	for (const char *const *address = row->malformed; *address; address++) {
		void *wrong = calloc(1, row->ops->state_size);

		assert_non_null(wrong);
		if (conformance_thermal_try(row, *address, wrong) != -EINVAL)
			fail_msg("%s:%s is opened", row->ops->scheme, *address);
		assert_true(conformance_thermal_err.text[0]);
		free(wrong);
	}
	if (conformance_thermal_try(row, row->address, state))
		fail_msg("%s", conformance_thermal_err.text);
	assert_int_equal(row->ops->read(state, &temp_c, &conformance_thermal_err), 0);
	assert_true(fabs(temp_c - 21.5) < 0.01);
	if (row->ops->caps & THERMAL_CAP_SET)
		conformance_thermal_follows(row, state);
	row->ops->close(state);
	free(state);
}

#endif
