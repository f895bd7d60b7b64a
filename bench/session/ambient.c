/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/ambient.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/config/rig_ambient.h"
#include "drivers/link/link.h"
#include "drivers/thermal/thermal.h"

enum {
	WATCH_PERIOD_S = 1,
	REOPEN_MS = 4000,
	REOPEN_PAUSE_MS = 250,
};

static const double reading_gap_max_s = 10; /* a chamber that answers late has not settled */

struct device {
	const char *what, *uri;
	uint32_t baud;
	struct thermal *thermal; /* NULL: not open */
};

struct ambient {
	const struct rig *rig;
	const volatile sig_atomic_t *stop;
	const char *sysfs_hwmon;
	pthread_mutex_t mutex;
	pthread_cond_t end;
	pthread_t watcher;
	bool has_watcher;
	/* under the mutex */
	bool over;
	struct device chamber, sensor;
	double want_c; /* NAN: whatever it is */
	bool was_set;  /* the chamber, by this session */
	bool settled;
	int failed; /* for this temperature; 0: not */
	struct err failure;
	unsigned excursions;
	double left_c; /* at the last of them */
};

/* Devices -------------------------------------------------------------------------------------- */

/* What reads: at the boards, where there is such a one. */
static struct device *reader_of(struct ambient *ambient)
{
	if (ambient->sensor.uri)
		return &ambient->sensor;
	return ambient->chamber.uri ? &ambient->chamber : NULL;
}

static int check_origin(const struct ambient *ambient, struct thermal *thermal, struct err *err)
{
	char identity[THERMAL_IDENTITY_BYTES];
	int ret = thermal_identify(thermal, identity, err);

	if (ret && ret != -ETIMEDOUT)
		return ret;
	return rig_check_origin(ambient->rig, !ret && thermal_identity_is_virtual(identity), "it",
				err);
}

static int open_device(const struct ambient *ambient, struct device *device, struct err *err)
{
	const struct rig_chamber *limits = &ambient->rig->chamber;
	const struct thermal_settings settings = {.min_c = limits->min_c,
						  .max_c = limits->max_c,
						  .baud = device->baud,
						  .sysfs_hwmon = ambient->sysfs_hwmon};
	int ret;

	if (!device->uri || device->thermal)
		return 0;
	ret = thermal_open(device->uri, &settings, &device->thermal, err);
	if (!ret)
		ret = check_origin(ambient, device->thermal, err);
	if (!ret)
		return 0;
	thermal_close(device->thermal);
	device->thermal = NULL;
	return err_context(err, ret, "%s", device->what);
}

static void close_devices(struct ambient *ambient)
{
	thermal_close(ambient->sensor.thermal);
	thermal_close(ambient->chamber.thermal);
	ambient->sensor.thermal = ambient->chamber.thermal = NULL;
}

static void sleep_ms(int duration_ms)
{
	const struct timespec pause = {.tv_sec = duration_ms / 1000,
				       .tv_nsec = duration_ms % 1000 * 1000000L};

	nanosleep(&pause, NULL);
}

/* A link that was lost may come back soon: a terminal server that starts again. */
static int reopen_device(const struct ambient *ambient, struct device *device, struct err *err)
{
	int64_t until_ns = link_now_ns() + REOPEN_MS * INT64_C(1000000);
	int ret;

	thermal_close(device->thermal);
	device->thermal = NULL;
	while ((ret = open_device(ambient, device, err)) && ret != -EINVAL &&
	       link_now_ns() < until_ns) {
		if (ambient->stop && *ambient->stop)
			return err_set(err, -ECANCELED, "interrupted");
		sleep_ms(REOPEN_PAUSE_MS);
	}
	return ret;
}

static int read_device(const struct ambient *ambient, struct device *device, double *ret_temp_c,
		       struct err *err)
{
	int ret = open_device(ambient, device, err);

	if (ret)
		return ret;
	ret = thermal_read(device->thermal, ret_temp_c, err);
	if (!ret)
		return 0;
	ret = reopen_device(ambient, device, err);
	if (ret)
		return ret;
	ret = thermal_read(device->thermal, ret_temp_c, err);
	return ret ? err_context(err, ret, "%s", device->what) : 0;
}

/* Under the mutex ------------------------------------------------------------------------------ */

static int fail_temperature(struct ambient *ambient, int ret, const struct err *why)
{
	ambient->failed = ret;
	ambient->failure = *why;
	ambient->settled = false;
	close_devices(ambient);
	fprintf(stderr, "joulebench: ambient: %s\n", why->text);
	return ret;
}

/* What a reading says of the band; one in it says nothing. */
static void note_reading(struct ambient *ambient, double temp_c)
{
	double off_k = fabs(temp_c - ambient->want_c);

	if (isnan(ambient->want_c) || off_k <= rig_ambient_band_k(ambient->rig))
		return;
	if (ambient->settled)
		fprintf(stderr, "joulebench: ambient: %.2f degC, not within %g K of %g degC\n",
			temp_c, rig_ambient_band_k(ambient->rig), ambient->want_c);
	ambient->settled = false;
	ambient->left_c = temp_c;
	ambient->excursions++;
}

static int take_reading(struct ambient *ambient, double *ret_temp_c, struct err *err)
{
	struct device *reader = reader_of(ambient);
	int ret;

	*ret_temp_c = NAN;
	if (ambient->failed) {
		*err = ambient->failure;
		return ambient->failed;
	}
	if (!reader)
		return 0;
	ret = read_device(ambient, reader, ret_temp_c, err);
	if (ret)
		return ret == -ECANCELED ? ret : fail_temperature(ambient, ret, err);
	note_reading(ambient, *ret_temp_c);
	return 0;
}

static int set_chamber(struct ambient *ambient, struct err *err)
{
	const struct rig_chamber *chamber = &ambient->rig->chamber;
	int ret = open_device(ambient, &ambient->chamber, err);

	if (ret || !chamber->uri || isnan(ambient->want_c))
		return ret;
	ret = thermal_set(ambient->chamber.thermal, ambient->want_c, err);
	if (ret)
		return err_context(err, ret, "chamber");
	ambient->was_set = true;
	fprintf(stderr,
		"joulebench: chamber: set to %g degC: waiting until it is within %g K for %g s, %g "
		"s at most\n",
		ambient->want_c, chamber->within_k, chamber->settle_s, chamber->timeout_s);
	return 0;
}

/* Readings that fail once are no end while there is time. */
static int wait_in_band(const struct ambient *ambient, struct device *reader,
			const struct thermal_band *band, double limit_s, double *ret_temp_c,
			struct err *err)
{
	int64_t begin_ns = link_now_ns();
	double left_s = limit_s;
	int ret, opened = 0;

	do {
		ret = thermal_wait(reader->thermal, band, fmax(0, left_s), ambient->stop,
				   ret_temp_c, err);
		left_s = limit_s - (double)(link_now_ns() - begin_ns) * 1e-9;
		if (ret && ret != -ECANCELED && left_s > 0)
			opened = reopen_device(ambient, reader, err);
	} while (ret && ret != -ECANCELED && left_s > 0 && !opened);
	if (opened)
		return opened;
	return ret ? err_context(err, ret, "%s", reader->what) : 0;
}

/* Without a chamber nothing changes by waiting: it is so, or it is not. */
static int wait_settled(struct ambient *ambient, struct err *err)
{
	const struct rig_chamber *chamber = &ambient->rig->chamber;
	const struct thermal_band band = {.target_c = ambient->want_c,
					  .within_k = rig_ambient_band_k(ambient->rig),
					  .hold_s = chamber->uri ? chamber->settle_s : 0,
					  .gap_max_s = reading_gap_max_s};
	struct device *reader = reader_of(ambient);
	double temp_c;
	int ret = reader ? open_device(ambient, reader, err) : 0;

	if (ret || !reader)
		return ret;
	if (isnan(ambient->want_c))
		return read_device(ambient, reader, &temp_c, err);
	ret = wait_in_band(ambient, reader, &band, chamber->uri ? chamber->timeout_s : 0, &temp_c,
			   err);
	if (ret)
		return ret;
	fprintf(stderr, "joulebench: %s: settled, %.2f degC\n", reader->what, temp_c);
	return 0;
}

static int settle(struct ambient *ambient, struct err *err)
{
	int ret;

	if (ambient->failed) {
		*err = ambient->failure;
		return ambient->failed;
	}
	if (ambient->settled)
		return 0;
	if (reader_of(ambient) && ambient->stop && *ambient->stop)
		return err_set(err, -ECANCELED, "interrupted");
	ret = set_chamber(ambient, err);
	if (!ret)
		ret = wait_settled(ambient, err);
	if (ret == -ECANCELED)
		return ret;
	if (ret)
		return fail_temperature(ambient, ret, err);
	ambient->settled = true;
	return 0;
}

/* Life ----------------------------------------------------------------------------------------- */

static void *watch_main(void *argument)
{
	struct ambient *ambient = argument;
	struct timespec next;

	pthread_mutex_lock(&ambient->mutex);
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (!ambient->over) {
		double temp_c;
		struct err err;

		next.tv_sec += WATCH_PERIOD_S;
		while (!ambient->over &&
		       !pthread_cond_timedwait(&ambient->end, &ambient->mutex, &next))
			;
		if (!ambient->over && ambient->settled && !isnan(ambient->want_c))
			take_reading(ambient, &temp_c, &err); /* a failure is told by itself */
		clock_gettime(CLOCK_MONOTONIC, &next);
	}
	pthread_mutex_unlock(&ambient->mutex);
	return NULL;
}

static int start_watcher(struct ambient *ambient, struct err *err)
{
	if (!reader_of(ambient))
		return 0;
	ambient->has_watcher = !pthread_create(&ambient->watcher, NULL, watch_main, ambient);
	return ambient->has_watcher ? 0 : err_set(err, -EAGAIN, "no thread for the ambient");
}

static void init_end(pthread_cond_t *end)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(end, &attributes);
	pthread_condattr_destroy(&attributes);
}

int ambient_new(const struct ambient_options *options, struct ambient **ret_ambient,
		struct err *err)
{
	const struct rig *rig = options->rig;
	struct ambient *ambient = calloc(1, sizeof(*ambient));
	int ret;

	if (!ambient)
		return err_set(err, -ENOMEM, "out of memory");
	ambient->rig = rig;
	ambient->stop = options->stop;
	ambient->sysfs_hwmon = options->sysfs_hwmon;
	ambient->chamber = (struct device){"chamber", rig->chamber.uri, rig->chamber.baud, NULL};
	ambient->sensor = (struct device){"sensor", rig->sensor.uri, rig->sensor.baud, NULL};
	ambient->want_c = NAN;
	pthread_mutex_init(&ambient->mutex, NULL);
	init_end(&ambient->end);
	ret = start_watcher(ambient, err);
	if (ret) {
		ambient_free(ambient);
		return ret;
	}
	*ret_ambient = ambient;
	return 0;
}

static void rest(struct ambient *ambient)
{
	double rest_c = ambient->rig->chamber.rest_c;
	struct err err = {""};
	int ret;

	if (!ambient->was_set || isnan(rest_c))
		return;
	ret = open_device(ambient, &ambient->chamber, &err);
	if (!ret)
		ret = thermal_set(ambient->chamber.thermal, rest_c, &err);
	if (ret)
		fprintf(stderr,
			"joulebench: chamber: it stays as it is, and does not go to its rest of %g "
			"degC: %s\n",
			rest_c, err.text);
	else
		fprintf(stderr, "joulebench: chamber: set to %g degC, its rest\n", rest_c);
}

void ambient_free(struct ambient *ambient)
{
	if (!ambient)
		return;
	pthread_mutex_lock(&ambient->mutex);
	ambient->over = true;
	pthread_cond_signal(&ambient->end);
	pthread_mutex_unlock(&ambient->mutex);
	if (ambient->has_watcher)
		pthread_join(ambient->watcher, NULL);
	rest(ambient);
	close_devices(ambient);
	pthread_cond_destroy(&ambient->end);
	pthread_mutex_destroy(&ambient->mutex);
	free(ambient);
}

/* Calls ---------------------------------------------------------------------------------------- */

void ambient_want(struct ambient *ambient, double temp_c)
{
	pthread_mutex_lock(&ambient->mutex);
	ambient->want_c = temp_c;
	ambient->settled = false;
	ambient->failed = 0;
	pthread_mutex_unlock(&ambient->mutex);
}

bool ambient_is_settled(struct ambient *ambient)
{
	bool settled;

	pthread_mutex_lock(&ambient->mutex);
	settled = ambient->settled;
	pthread_mutex_unlock(&ambient->mutex);
	return settled;
}

int ambient_settle(struct ambient *ambient, struct err *err)
{
	int ret;

	pthread_mutex_lock(&ambient->mutex);
	ret = settle(ambient, err);
	pthread_mutex_unlock(&ambient->mutex);
	return ret;
}

int ambient_window_begin(struct ambient *ambient, struct ambient_window *ret_window,
			 struct err *err)
{
	struct ambient_window window = {.after_c = NAN};
	int ret;

	pthread_mutex_lock(&ambient->mutex);
	window.excursions = ambient->excursions;
	ret = take_reading(ambient, &window.before_c, err);
	pthread_mutex_unlock(&ambient->mutex);
	*ret_window = window;
	return ret;
}

int ambient_window_end(struct ambient *ambient, struct ambient_window *window, struct err *err)
{
	int ret;

	pthread_mutex_lock(&ambient->mutex);
	ret = take_reading(ambient, &window->after_c, err);
	window->left = ambient->excursions != window->excursions;
	window->left_c = ambient->left_c;
	pthread_mutex_unlock(&ambient->mutex);
	return ret;
}
