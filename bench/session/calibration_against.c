/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two meters on one current: both are read over the same stretch of the host's time, each by a
 * thread of its own.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bench/session/calibration.h"
#include "bench/session/calibration_stretch.h"
#include "drivers/link/record.h"

enum { STALL_MS = 5000, READ_MS = 250, SWITCH_MS = 300 };

struct watcher {
	struct meter *device;
	const volatile sig_atomic_t *stop;
	atomic_bool *failed; /* one of the two did: the other need not go on */
	int64_t from_ns, until_ns;
	struct calibration_stretch stretch;
	struct meter_block *block;
	pthread_t thread;
	int ret;
	struct err err;
};

static bool is_same_text(const char *one, const char *other)
{
	return !strcmp(one ? one : "", other ? other : "");
}

static bool is_same_instrument(const struct meter_info *one, const struct meter_info *other)
{
	return one->serial[0] && !strcmp(one->serial, other->serial) &&
	       !strcmp(one->model, other->model);
}

int calibration_reference_check(const struct calibration_procedure *procedure, struct err *err)
{
	const struct rig_meter *meter = procedure->meter, *other = procedure->reference.meter;

	if (!strcmp(meter->name, other->name))
		return err_set(err, -EINVAL, "a meter cannot be calibrated against itself");
	if (is_same_text(meter->link, other->link) && is_same_text(meter->options, other->options))
		return err_set(err, -EINVAL,
			       "the reference %s has the same link: it is the same meter",
			       other->name);
	if (!procedure->info || !procedure->reference.info)
		return 0;
	if (is_same_instrument(procedure->info, procedure->reference.info))
		return err_set(err, -EINVAL,
			       "the reference %s is the same instrument, serial number %s",
			       other->name, procedure->info->serial);
	if (procedure->info->caps & procedure->reference.info->caps & METER_CAP_SUPPLY)
		return err_set(err, -EINVAL,
			       "it and the reference %s both supply the load: one of them has to "
			       "measure only (no 'supply:' in the rig file)",
			       other->name);
	return 0;
}

/* The one block at a time, in short waits, so that the other's failure is seen soon. */
static int read_block(struct watcher *watcher)
{
	int ret = -ETIMEDOUT;

	for (int waited_ms = 0; ret == -ETIMEDOUT && waited_ms < STALL_MS; waited_ms += READ_MS) {
		if (*watcher->stop || atomic_load(watcher->failed))
			return err_set(&watcher->err, -ECANCELED, "interrupted");
		ret = meter_read(watcher->device, watcher->block, READ_MS, &watcher->err);
	}
	return ret;
}

static void add_block(struct watcher *watcher)
{
	int64_t passed_ns = watcher->block->t_mono_ns - watcher->from_ns;
	unsigned part =
		(unsigned)(passed_ns * CALIBRATION_PARTS / (watcher->until_ns - watcher->from_ns));

	for (uint32_t i = 0; i < watcher->block->count; i++)
		calibration_stretch_add(&watcher->stretch, part, watcher->block, i);
}

/* The block that ends the stretch is looked at, too: what was lost before it was lost inside. */
static void *watch(void *context)
{
	struct watcher *watcher = context;
	bool over = false;

	while (!watcher->ret && !over) {
		watcher->ret = read_block(watcher);
		if (watcher->ret || watcher->block->t_mono_ns < watcher->from_ns)
			continue;
		over = watcher->block->t_mono_ns >= watcher->until_ns;
		watcher->ret = calibration_block_check(watcher->block, &watcher->err);
		if (!watcher->ret && !over)
			add_block(watcher);
	}
	if (watcher->ret)
		atomic_store(watcher->failed, true);
	return NULL;
}

/* The error of the one that failed by itself; the other one's is that it was told to stop. */
static int take_error(const struct calibration_procedure *procedure, const struct watcher *watchers,
		      struct err *err)
{
	unsigned which = watchers[0].ret && watchers[0].ret != -ECANCELED ? 0
			 : watchers[1].ret                                ? 1
									  : 0;

	if (!watchers[which].ret)
		return 0;
	*err = watchers[which].err;
	if (!which || watchers[1].ret == -ECANCELED)
		return watchers[which].ret;
	return err_context(err, watchers[1].ret, "reference %s", procedure->reference.meter->name);
}

static int run_watchers(const struct calibration_procedure *procedure, struct watcher *watchers,
			struct err *err)
{
	int64_t from_ns = link_now_ns() + (int64_t)(procedure->settle_s * 1e9);
	atomic_bool failed;
	unsigned running = 0;

	atomic_init(&failed, false);
	for (; running < 2; running++) {
		struct watcher *watcher = &watchers[running];

		watcher->stop = procedure->stop;
		watcher->failed = &failed;
		watcher->from_ns = from_ns;
		watcher->until_ns = from_ns + (int64_t)(procedure->average_s * 1e9);
		if (pthread_create(&watcher->thread, NULL, watch, watcher)) {
			atomic_store(&failed, true);
			break;
		}
	}
	for (unsigned i = 0; i < running; i++)
		pthread_join(watchers[i].thread, NULL);
	if (running < 2)
		return err_set(err, -EAGAIN, "no thread for a meter");
	return take_error(procedure, watchers, err);
}

static int stream(const struct calibration_procedure *procedure, struct watcher *watchers,
		  struct err *err)
{
	unsigned started = 0;
	int ret = 0;

	for (; !ret && started < 2; started += !ret)
		ret = meter_start(watchers[started].device, err);
	if (!ret)
		ret = run_watchers(procedure, watchers, err);
	while (started--)
		meter_stop(watchers[started].device, NULL);
	return ret;
}

static int watch_both(const struct calibration_procedure *procedure, struct calibration_load *load,
		      struct err *err)
{
	struct watcher watchers[2] = {{.device = procedure->device},
				      {.device = procedure->reference.device}};
	int ret = 0;

	for (unsigned i = 0; i < 2; i++) {
		watchers[i].block = malloc(sizeof(*watchers[i].block));
		if (!watchers[i].block)
			ret = err_set(err, -ENOMEM, "out of memory");
	}
	if (!ret)
		ret = stream(procedure, watchers, err);
	if (!ret)
		ret = calibration_compare(procedure, &watchers[0].stretch, &watchers[1].stretch,
					  load, err);
	for (unsigned i = 0; i < 2; i++)
		free(watchers[i].block);
	return ret;
}

/* Whether the reference itself can be relied on under this load. The yardstick is what the meter
 * leaves open. */
static int judge_reference(const struct calibration_procedure *procedure,
			   const struct calibration_load *load,
			   const struct calibration_reading *reference, struct err *err)
{
	const struct calibration_sheet sheet =
		calibration_sheet_of(procedure->meter, procedure->info, load->range);
	const char *name = procedure->reference.meter->name;

	switch (calibration_judge(reference, reference->mean_a, 0, &sheet)) {
	case CALIBRATION_NOISY:
		return err_set(err, -EDOM,
			       "reference %s: too noisy: %.4g A +- %.2g A; average longer", name,
			       reference->mean_a, reference->u_a);
	case CALIBRATION_DRIFTS:
		return err_set(err, -EDOM,
			       "reference %s: drifts: %.6g A, then %.6g A; settle longer, or keep "
			       "the load steady",
			       name, reference->first_a, reference->second_a);
	}
	return 0;
}

int calibration_compare(const struct calibration_procedure *procedure,
			const struct calibration_stretch *stretch,
			const struct calibration_stretch *reference, struct calibration_load *load,
			struct err *err)
{
	const char *name = procedure->reference.meter->name;
	struct calibration_reading expected;
	double scatter_u_a;
	int ret = calibration_stretch_read(stretch, procedure->info, &load->range, &load->reading,
					   err);

	if (ret)
		return ret;
	ret = calibration_stretch_read(reference, procedure->reference.info, &load->reference_range,
				       &expected, err);
	if (ret)
		return err_context(err, ret, "reference %s", name);
	ret = calibration_stretch_compare(stretch, reference, &scatter_u_a, err);
	if (ret)
		return ret;
	load->expected_a = expected.mean_a;
	load->expected_u_a = fmax(
		expected.u_a,
		sqrt(fmax(scatter_u_a * scatter_u_a - load->reading.u_a * load->reading.u_a, 0)));
	ret = judge_reference(procedure, load, &expected, err);
	return ret ? ret : calibration_load_judge(procedure, load, err);
}

/* Of the meter that has one; a supply of its own is switched by whoever connects the load. */
static int switch_supply(const struct calibration_procedure *procedure, bool on, struct err *err)
{
	int ret = procedure->info->caps & METER_CAP_SUPPLY
			  ? meter_supply(procedure->device, on, err)
			  : 0;

	if (!ret && procedure->reference.info->caps & METER_CAP_SUPPLY)
		ret = meter_supply(procedure->reference.device, on, err);
	return ret;
}

int calibration_measure_against(const struct calibration_procedure *procedure,
				struct calibration_load *load, struct err *err)
{
	int off, ret = switch_supply(procedure, false, err);

	if (!ret) {
		link_tape_sleep_ms(NULL, SWITCH_MS);
		ret = procedure->connect(procedure->context, load, err);
	}
	if (!ret)
		ret = switch_supply(procedure, true, err);
	if (!ret)
		ret = watch_both(procedure, load, err);
	off = switch_supply(procedure, false, ret ? NULL : err);
	if (!ret && off)
		ret = off;
	return ret ? err_context(err, ret, "load '%s'", load->text) : 0;
}
