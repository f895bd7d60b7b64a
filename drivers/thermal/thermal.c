/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/thermal/thermal.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/link/link.h"

enum { POLL_MS = 1000 };

static const double default_min_c = -40, default_max_c = 150;

/* Alphabetical by scheme. */
static const struct thermal_ops *const drivers[] = {
	&thermal_f4t,
	&thermal_fixed,
	&thermal_hwmon,
	&thermal_scpi,
};

enum { DRIVER_COUNT = sizeof(drivers) / sizeof(drivers[0]) };

struct thermal {
	const struct thermal_ops *ops;
	struct thermal_settings settings;
	_Alignas(max_align_t) unsigned char state[];
};

static const struct thermal_ops *find(const char *uri, const char **ret_address)
{
	for (size_t i = 0; i < DRIVER_COUNT; i++) {
		size_t length = strlen(drivers[i]->scheme);

		if (!strncmp(uri, drivers[i]->scheme, length) && uri[length] == ':') {
			*ret_address = uri + length + 1;
			return drivers[i];
		}
	}
	return NULL;
}

static int check_limits(const struct thermal_settings *settings, struct err *err)
{
	if (isfinite(settings->min_c) && isfinite(settings->max_c) &&
	    settings->min_c < settings->max_c)
		return 0;
	return err_set(err, -EINVAL, "limits of %g to %g degC make no sense", settings->min_c,
		       settings->max_c);
}

int thermal_check_uri(const char *uri, unsigned *ret_caps, struct err *err)
{
	const char *address = NULL;
	const struct thermal_ops *ops = find(uri, &address);

	if (!ops || !*address)
		return err_set(err, -EINVAL,
			       "'%s' is none of scpi:LINK, f4t:LINK, hwmon:CHIP/SENSOR, "
			       "fixed:CELSIUS",
			       uri);
	*ret_caps = ops->caps;
	return 0;
}

int thermal_open(const char *uri, const struct thermal_settings *settings,
		 struct thermal **ret_thermal, struct err *err)
{
	const char *address = NULL;
	const struct thermal_ops *ops = find(uri, &address);
	struct thermal *thermal;
	unsigned caps;
	int ret = thermal_check_uri(uri, &caps, err);

	if (ret)
		return ret;
	thermal = calloc(1, sizeof(*thermal) + ops->state_size);
	if (!thermal)
		return err_set(err, -ENOMEM, "%s: out of memory", uri);
	thermal->ops = ops;
	if (settings)
		thermal->settings = *settings;
	if (thermal->settings.min_c == 0 && thermal->settings.max_c == 0) {
		thermal->settings.min_c = default_min_c;
		thermal->settings.max_c = default_max_c;
	}
	ret = check_limits(&thermal->settings, err);
	if (!ret)
		ret = ops->open(thermal->state, address, &thermal->settings, err);
	if (ret) {
		free(thermal);
		return err_context(err, ret, "%s", uri);
	}
	*ret_thermal = thermal;
	return 0;
}

void thermal_close(struct thermal *thermal)
{
	if (!thermal)
		return;
	thermal->ops->close(thermal->state);
	free(thermal);
}

unsigned thermal_caps(const struct thermal *thermal)
{
	assert(thermal);
	return thermal->ops->caps;
}

int thermal_set(struct thermal *thermal, double temp_c, struct err *err)
{
	int ret;

	assert(thermal);
	if (!(thermal->ops->caps & THERMAL_CAP_SET))
		return err_set(err, -ENOTSUP, "%s: it sets no temperature", thermal->ops->scheme);
	if (!(temp_c >= thermal->settings.min_c && temp_c <= thermal->settings.max_c))
		return err_set(err, -ERANGE, "%s: %g degC is not within %g..%g degC",
			       thermal->ops->scheme, temp_c, thermal->settings.min_c,
			       thermal->settings.max_c);
	ret = thermal->ops->set(thermal->state, temp_c, err);
	return ret ? err_context(err, ret, "%s: set %g degC", thermal->ops->scheme, temp_c) : 0;
}

int thermal_read(struct thermal *thermal, double *ret_temp_c, struct err *err)
{
	int ret;

	assert(thermal);
	ret = thermal->ops->read(thermal->state, ret_temp_c, err);
	return ret ? err_context(err, ret, "%s: read", thermal->ops->scheme) : 0;
}

int thermal_identify(struct thermal *thermal, char ret_text[THERMAL_IDENTITY_BYTES],
		     struct err *err)
{
	int ret;

	assert(thermal);
	ret_text[0] = '\0';
	if (!thermal->ops->identify)
		return 0;
	ret = thermal->ops->identify(thermal->state, ret_text, THERMAL_IDENTITY_BYTES, err);
	return ret ? err_context(err, ret, "%s: identify", thermal->ops->scheme) : 0;
}

bool thermal_identity_is_virtual(const char *identity)
{
	return strstr(identity, ",virtual-rig,") != NULL;
}

bool thermal_watch_add(struct thermal_watch *watch, const struct thermal_band *band,
		       int64_t t_mono_ns, double temp_c)
{
	bool was_inside = watch->is_inside &&
			  (double)(t_mono_ns - watch->last_ns) * 1e-9 <= band->gap_max_s;

	watch->is_inside = fabs(temp_c - band->target_c) <= band->within_k; /* NaN is outside */
	if (watch->is_inside && !was_inside)
		watch->since_ns = t_mono_ns;
	watch->last_ns = t_mono_ns;
	watch->last_c = temp_c;
	return watch->is_inside && (double)(t_mono_ns - watch->since_ns) * 1e-9 >= band->hold_s;
}

int thermal_wait(struct thermal *thermal, const struct thermal_band *band, double limit_s,
		 const volatile sig_atomic_t *stop, double *ret_temp_c, struct err *err)
{
	const struct timespec pause = {.tv_sec = POLL_MS / 1000,
				       .tv_nsec = POLL_MS % 1000 * 1000000L};
	int64_t begin_ns = link_now_ns();
	struct thermal_watch watch = {.is_inside = false};

	for (;;) {
		double temp_c;
		int ret = thermal_read(thermal, &temp_c, err);

		if (ret)
			return ret;
		if (thermal_watch_add(&watch, band, link_now_ns(), temp_c)) {
			*ret_temp_c = temp_c;
			return 0;
		}
		if (stop && *stop)
			return err_set(err, -ECANCELED, "interrupted");
		if ((double)(link_now_ns() - begin_ns) * 1e-9 >= limit_s)
			return err_set(err, -ETIMEDOUT,
				       "%s: not within %g K of %g degC for %g s after %g s; it is "
				       "at %.2f degC",
				       thermal->ops->scheme, band->within_k, band->target_c,
				       band->hold_s, limit_s, temp_c);
		nanosleep(&pause, NULL);
	}
}
