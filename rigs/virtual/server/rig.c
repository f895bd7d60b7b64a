/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rig's loop: sockets of those that wait, turns of the pool for those that run. See the header.
 */
#define _GNU_SOURCE /* ppoll */
#include "rigs/virtual/server/rig.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/server/line_port.h"
#include "rigs/virtual/server/pair.h"
#include "rigs/virtual/server/pool.h"
#include "rigs/virtual/server/truth.h"

#define TURN_NS   2000000 /* of host time per board between two looks at its sockets */
#define AHEAD_NS  1000000 /* how long a board rests that is ahead of the clock, */
#define AWAIT_NS  150000  /* and one whose client waits for the host's time */
#define FIXED_FDS 2       /* stop, pool */

struct rig_device {
	struct supply *supply;
	struct chamber *chamber;
	struct line_port *port;
};

struct rig {
	const struct config *config;
	FILE *truth_file, *fault_file; /* NULL: none */
	struct rig_device *devices;    /* all of config's */
	struct pair **pairs;
	int64_t *rest_until_ns; /* of each pair that is ahead of the clock; its turn writes it */
	unsigned pair_count;
	struct pollfd *fds; /* stop, pool, devices, pairs */
	struct pool *pool;
	pthread_mutex_t mutex;
	/* Under the mutex: what broke a board first. */
	int broken;
	struct verr broken_error;
};

/* Making and ending -------------------------------------------------------------------------- */

static void on_supply_client(void *context, int is_connected)
{
	supply_set_client(context, is_connected);
}

static int open_device(const struct config *config, unsigned index, struct rig_device *device,
		       struct verr *err)
{
	const struct config_device *described = &config->devices[index];
	bool is_supply = described->kind == CONFIG_SUPPLY;
	int rc = is_supply ? supply_new(described, &device->supply, err)
			   : chamber_new(described, config->pace, &device->chamber, err);

	if (rc < 0)
		return rc;
	return line_port_open(described->name, described->listen,
			      is_supply ? supply_commands : chamber_commands,
			      is_supply ? (void *)device->supply : (void *)device->chamber,
			      is_supply ? on_supply_client : NULL, &device->port, err);
}

static int open_pair(struct rig *rig, unsigned index, struct verr *err)
{
	const struct config_board *board = &rig->config->boards[index];
	struct supply *supply =
		board->supply == CONFIG_NONE ? NULL : rig->devices[board->supply].supply;
	struct chamber *chamber =
		board->chamber == CONFIG_NONE ? NULL : rig->devices[board->chamber].chamber;
	int rc = pair_new(rig->config, index, supply, chamber, &rig->pairs[index], err);

	if (rc == 0)
		rig->pair_count++;
	return rc;
}

/* The ports first: a rig that runs already keeps its logs. */
static int open_all(struct rig *rig, struct verr *err)
{
	const struct config *config = rig->config;
	int rc = 0;

	for (unsigned i = 0; i < config->devices_count && rc == 0; i++)
		rc = open_device(config, i, &rig->devices[i], err);
	for (unsigned i = 0; i < config->boards_count && rc == 0; i++)
		rc = open_pair(rig, i, err);
	if (rc == 0 && config->truth)
		rc = truth_file_open(config->truth, &rig->truth_file, err);
	if (rc == 0 && config->fault_log)
		rc = truth_file_open(config->fault_log, &rig->fault_file, err);
	for (unsigned i = 0; i < rig->pair_count && rc == 0; i++)
		pair_set_logs(rig->pairs[i], rig->truth_file, rig->fault_file);
	return rc;
}

static int allocate(struct rig *rig, struct verr *err)
{
	const struct config *config = rig->config;
	size_t fds = FIXED_FDS + config->devices_count * LINE_PORT_POLLFDS +
		     config->boards_count * PAIR_POLLFDS;

	rig->pairs = calloc(config->boards_count, sizeof(rig->pairs[0]));
	rig->rest_until_ns = calloc(config->boards_count, sizeof(rig->rest_until_ns[0]));
	rig->devices = calloc(config->devices_count + 1, sizeof(rig->devices[0]));
	rig->fds = calloc(fds, sizeof(rig->fds[0]));
	if (!rig->pairs || !rig->rest_until_ns || !rig->devices || !rig->fds)
		return verr_set(err, -ENOMEM, "out of memory");
	return 0;
}

int rig_new(const struct config *config, struct rig **ret_rig, struct verr *err)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	int rc;

	if (!rig)
		return verr_set(err, -ENOMEM, "out of memory");
	rig->config = config;
	pthread_mutex_init(&rig->mutex, NULL);
	rc = allocate(rig, err);
	if (rc == 0)
		rc = open_all(rig, err);
	if (rc < 0) {
		rig_free(rig);
		return rc;
	}
	*ret_rig = rig;
	return 0;
}

void rig_free(struct rig *rig)
{
	if (!rig)
		return;
	pool_free(rig->pool);
	for (unsigned i = 0; i < rig->pair_count; i++)
		pair_free(rig->pairs[i]);
	for (unsigned i = 0; rig->devices && i < rig->config->devices_count; i++) {
		line_port_close(rig->devices[i].port);
		supply_free(rig->devices[i].supply);
		chamber_free(rig->devices[i].chamber);
	}
	if (rig->truth_file)
		fclose(rig->truth_file);
	if (rig->fault_file)
		fclose(rig->fault_file);
	pthread_mutex_destroy(&rig->mutex);
	free(rig->fds);
	free(rig->devices);
	free(rig->rest_until_ns);
	free(rig->pairs);
	free(rig);
}

void rig_announce(const struct rig *rig)
{
	for (unsigned i = 0; i < rig->config->devices_count; i++)
		fprintf(stderr, "virtual-rig: %s: %s\n", line_port_name(rig->devices[i].port),
			line_port_address_text(rig->devices[i].port));
	for (unsigned i = 0; i < rig->pair_count; i++)
		pair_announce(rig->pairs[i], stderr);
}

/* A pair's turn, on a thread of the pool ------------------------------------------------------- */

static void note_broken(struct rig *rig, int rc, const struct verr *err)
{
	pthread_mutex_lock(&rig->mutex);
	if (!rig->broken) {
		rig->broken = rc;
		rig->broken_error = *err;
	}
	pthread_mutex_unlock(&rig->mutex);
}

static bool run_pair(void *context, unsigned index)
{
	struct rig *rig = context;
	struct pair *pair = rig->pairs[index];
	struct pollfd fds[PAIR_POLLFDS];
	struct verr err = {""};
	int64_t now_ns;
	int rc = 0;

	pair_fill_pollfds(pair, fds);
	if (poll(fds, PAIR_POLLFDS, 0) < 0)
		for (unsigned i = 0; i < PAIR_POLLFDS; i++)
			fds[i].revents = 0;
	now_ns = pair_clock_ns();
	if (pair_is_host_timed(pair)) {
		rc = pair_advance(pair, now_ns, now_ns + TURN_NS, &err);
		now_ns = pair_clock_ns();
	}
	if (pair_may_be_served(pair, now_ns))
		pair_service(pair, fds);
	if (rc == 0)
		rc = pair_advance(pair, now_ns, now_ns + TURN_NS, &err);
	pair_flush(pair);
	rig->rest_until_ns[index] =
		pair_clock_ns() + (pair_awaits_time(pair) ? AWAIT_NS : AHEAD_NS);
	if (rc < 0)
		note_broken(rig, rc, &err);
	return rc == 0 && pair_state(pair) == PAIR_BEHIND;
}

/* The loop ------------------------------------------------------------------------------------- */

static struct pollfd *device_fds(const struct rig *rig, unsigned index)
{
	return rig->fds + FIXED_FDS + index * LINE_PORT_POLLFDS;
}

static struct pollfd *pair_fds(const struct rig *rig, unsigned index)
{
	return device_fds(rig, rig->config->devices_count) + index * PAIR_POLLFDS;
}

/* Until the pair's rest is over, if that is sooner; timeout_ns is negative for never. */
static long sooner_ns(const struct rig *rig, unsigned index, int64_t now_ns, long timeout_ns)
{
	int64_t left_ns = rig->rest_until_ns[index] - now_ns;

	if (left_ns < 0)
		left_ns = 0;
	return timeout_ns < 0 || left_ns < timeout_ns ? (long)left_ns : timeout_ns;
}

/* Of the boards in the pool's hands no socket is watched. Returns how long to wait: a moment while
 * one rests that is ahead of the clock, else until something happens (-1). */
static long watch(struct rig *rig, int stop_fd)
{
	int64_t now_ns = pair_clock_ns();
	long timeout_ns = -1;

	rig->fds[0] = (struct pollfd){.fd = stop_fd, .events = POLLIN};
	rig->fds[1] = (struct pollfd){.fd = pool_idle_fd(rig->pool), .events = POLLIN};
	for (unsigned i = 0; i < rig->config->devices_count; i++)
		line_port_fill_pollfds(rig->devices[i].port, device_fds(rig, i));
	for (unsigned i = 0; i < rig->pair_count; i++) {
		struct pollfd *fds = pair_fds(rig, i);
		bool is_idle = pool_is_idle(rig->pool, i);

		if (is_idle && pair_state(rig->pairs[i]) == PAIR_AHEAD)
			timeout_ns = sooner_ns(rig, i, now_ns, timeout_ns);
		if (!is_idle || pair_awaits_time(rig->pairs[i])) {
			for (unsigned k = 0; k < PAIR_POLLFDS; k++)
				fds[k] = (struct pollfd){.fd = -1};
			continue;
		}
		pair_fill_pollfds(rig->pairs[i], fds);
	}
	return timeout_ns;
}

static bool has_events(const struct pollfd *fds)
{
	for (unsigned k = 0; k < PAIR_POLLFDS; k++)
		if (fds[k].fd >= 0 && fds[k].revents)
			return true;
	return false;
}

/* What is fed by a supply looks at it when its client has spoken. */
static bool serve_devices(struct rig *rig)
{
	bool spoken = false;

	for (unsigned i = 0; i < rig->config->devices_count; i++) {
		struct pollfd *fds = device_fds(rig, i);

		spoken |= fds[0].revents || fds[1].revents;
		line_port_service(rig->devices[i].port, fds);
	}
	return spoken;
}

static void start_pairs(struct rig *rig, bool all)
{
	int64_t now_ns = pair_clock_ns();

	for (unsigned i = 0; i < rig->pair_count; i++) {
		struct pair *pair = rig->pairs[i];

		if (!pool_is_idle(rig->pool, i))
			continue;
		if (all || has_events(pair_fds(rig, i)) ||
		    (pair_state(pair) == PAIR_AHEAD && now_ns >= rig->rest_until_ns[i]))
			pool_start(rig->pool, i);
	}
}

static int broken(struct rig *rig, struct verr *err)
{
	int rc;

	pthread_mutex_lock(&rig->mutex);
	rc = rig->broken;
	if (rc)
		verr_set(err, rc, "%s", rig->broken_error.text);
	pthread_mutex_unlock(&rig->mutex);
	return rc;
}

static int run_loop(struct rig *rig, int stop_fd, struct verr *err)
{
	unsigned count = (unsigned)(pair_fds(rig, rig->pair_count) - rig->fds);

	for (;;) {
		long timeout_ns = watch(rig, stop_fd);
		const struct timespec timeout = {.tv_nsec = timeout_ns};
		int rc;

		if (ppoll(rig->fds, count, timeout_ns < 0 ? NULL : &timeout, NULL) < 0) {
			if (errno != EINTR)
				return verr_set(err, -errno, "poll: %s", strerror(errno));
			continue;
		}
		if (rig->fds[0].revents)
			return 0;
		if (rig->fds[1].revents)
			pool_clear(rig->pool);
		rc = broken(rig, err);
		if (rc < 0)
			return rc;
		start_pairs(rig, serve_devices(rig));
	}
}

int rig_run(struct rig *rig, int stop_fd, struct verr *err)
{
	const struct pool_work work = {rig, run_pair};
	int rc = pool_new(rig->config->threads, rig->pair_count, &work, &rig->pool, err);

	if (rc < 0)
		return rc;
	rc = run_loop(rig, stop_fd, err);
	pool_free(rig->pool);
	rig->pool = NULL;
	return rc;
}
