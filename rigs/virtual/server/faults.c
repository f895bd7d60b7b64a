/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Dice and log of the faults. See the header.
 */
#include "rigs/virtual/server/faults.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define PS_PER_S 1e12

/* A byte's fault waits for its byte: faults_strike. */
static bool is_of_byte(const struct fault_run *run)
{
	return fault_kind_get(run->config->id)->per == FAULT_PER_BYTE;
}

static void find_next(struct faults *faults)
{
	faults->next_ps = INT64_MAX;
	for (unsigned i = 0; i < faults->count; i++)
		if (faults->runs[i].due_ps < faults->next_ps && !is_of_byte(&faults->runs[i]))
			faults->next_ps = faults->runs[i].due_ps;
}

int faults_init(struct faults *faults, const struct config_faults *config, uint64_t seed,
		const char *device, struct verr *err)
{
	*faults = (struct faults){.device = device, .next_ps = INT64_MAX};
	if (config->count == 0)
		return 0;
	faults->runs = calloc(config->count, sizeof(faults->runs[0]));
	if (!faults->runs)
		return verr_set(err, -ENOMEM, "out of memory");
	faults->count = config->count;
	for (unsigned i = 0; i < config->count; i++) {
		const struct config_fault *fault = &config->list[i];
		char name[32];

		snprintf(name, sizeof(name), "fault %u", i);
		faults->runs[i] = (struct fault_run){
			.config = fault,
			.random = {vrandom_seed(vrandom_seed(seed, device), name)},
			.due_ps = fault->at_ps < 0 ? INT64_MAX : fault->at_ps,
		};
	}
	find_next(faults);
	return 0;
}

void faults_done(struct faults *faults)
{
	free(faults->runs);
	*faults = (struct faults){.next_ps = INT64_MAX};
}

bool faults_have(const struct faults *faults, enum fault_id id)
{
	for (unsigned i = 0; i < faults->count; i++)
		if (faults->runs[i].config->id == id)
			return true;
	return false;
}

/* Even in 0..1. */
static double draw(struct fault_run *run)
{
	return 0.5 + 0.5 * vrandom_even(&run->random);
}

/* Whether this opportunity is taken. The dice are thrown even when the limit is reached. */
static bool is_hit(struct fault_run *run)
{
	const struct config_fault *config = run->config;

	if (config->probability <= 0)
		return false;
	return (draw(run) < config->probability) && (!config->limit || run->done < config->limit);
}

void faults_meet(struct faults *faults, enum fault_per per, int64_t now_ps)
{
	for (unsigned i = 0; i < faults->count; i++) {
		struct fault_run *run = &faults->runs[i];
		double within_s = run->config->settings[FAULT_WITHIN];
		bool hit;

		if (fault_kind_get(run->config->id)->per != per)
			continue;
		hit = is_hit(run);
		if (!isnan(within_s))
			within_s *= draw(run);
		if (hit && run->due_ps == INT64_MAX)
			run->due_ps = now_ps +
				      (isnan(within_s) ? 0 : (int64_t)llround(within_s * PS_PER_S));
	}
	if (faults->count)
		find_next(faults);
}

struct fault_run *faults_take_due(struct faults *faults, int64_t now_ps)
{
	if (now_ps < faults->next_ps)
		return NULL;
	for (unsigned i = 0; i < faults->count; i++) {
		if (faults->runs[i].due_ps > now_ps || is_of_byte(&faults->runs[i]))
			continue;
		faults->runs[i].due_ps = INT64_MAX;
		find_next(faults);
		return &faults->runs[i];
	}
	return NULL;
}

struct fault_run *faults_strike(struct faults *faults, enum fault_id id, int64_t now_ps)
{
	for (unsigned i = 0; i < faults->count; i++) {
		struct fault_run *run = &faults->runs[i];

		if (run->config->id != id)
			continue;
		if (run->due_ps <= now_ps) {
			run->due_ps = INT64_MAX;
			find_next(faults);
			return run;
		}
		if (is_hit(run))
			return run;
	}
	return NULL;
}

void faults_log(struct faults *faults, struct fault_run *run, int64_t now_ps, double value)
{
	run->done++;
	if (!faults->log)
		return;
	if (fprintf(faults->log,
		    "{\"schema\":\"joulebench-faults/1\",\"device\":\"%s\",\"fault\":\"%s\","
		    "\"t_ps\":%" PRId64 ",\"number\":%u,\"index\":%u,\"value\":%.9g}\n",
		    faults->device, fault_kind_get(run->config->id)->name, now_ps, run->done,
		    (unsigned)(run - faults->runs), value) < 0 ||
	    fflush(faults->log) != 0)
		faults->log_failed = true;
}
