/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rig's loop: sockets, then a few milliseconds of each board, and so on. See the header.
 */
#include "rigs/virtual/server/rig.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/server/pair.h"
#include "rigs/virtual/server/truth.h"

#define TURN_NS          2000000 /* of host time per board between two looks at the sockets */
#define POLLFDS_PER_PAIR (PAIR_PORTS * PORT_POLLFDS)

struct rig {
	FILE *truth_file; /* NULL: none */
	struct pair **pairs;
	unsigned pair_count;
	struct pollfd *fds; /* stop_fd first */
};

/* The ports first: a rig that runs already keeps its truth log. */
static int open_all(struct rig *rig, const struct config *config, struct verr *err)
{
	int rc = 0;

	for (unsigned i = 0; i < config->boards_count; i++) {
		rc = pair_new(config, i, &rig->pairs[i], err);
		if (rc < 0)
			return rc;
		rig->pair_count++;
	}
	if (config->truth)
		rc = truth_file_open(config->truth, &rig->truth_file, err);
	for (unsigned i = 0; rc == 0 && i < rig->pair_count; i++)
		pair_set_truth(rig->pairs[i], rig->truth_file);
	return rc;
}

int rig_new(const struct config *config, struct rig **ret_rig, struct verr *err)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	unsigned boards = config->boards_count;
	int rc = 0;

	if (!rig)
		return verr_set(err, -ENOMEM, "out of memory");
	rig->pairs = calloc(boards, sizeof(rig->pairs[0]));
	rig->fds = calloc(1 + boards * POLLFDS_PER_PAIR, sizeof(rig->fds[0]));
	if (!rig->pairs || !rig->fds)
		rc = verr_set(err, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = open_all(rig, config, err);
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
	for (unsigned i = 0; i < rig->pair_count; i++)
		pair_free(rig->pairs[i]);
	if (rig->truth_file)
		fclose(rig->truth_file);
	free(rig->fds);
	free(rig->pairs);
	free(rig);
}

void rig_announce(const struct rig *rig)
{
	for (unsigned i = 0; i < rig->pair_count; i++) {
		for (unsigned k = 0; k < PAIR_PORTS; k++) {
			const struct port *port = pair_port(rig->pairs[i], k);

			fprintf(stderr, "virtual-rig: %s: %s\n", port_name(port),
				port_address_text(port));
		}
	}
}

/* Not at all while a board has more to run; a moment when all are ahead of the clock; for ever
 * while all stand still. */
static int timeout_ms(const struct rig *rig)
{
	int timeout = -1;

	for (unsigned i = 0; i < rig->pair_count; i++) {
		enum pair_state state = pair_state(rig->pairs[i]);

		if (state == PAIR_BEHIND)
			return 0;
		if (state == PAIR_AHEAD)
			timeout = 1;
	}
	return timeout;
}

static struct pollfd *port_fds(const struct rig *rig, unsigned pair, unsigned port)
{
	return rig->fds + 1 + pair * POLLFDS_PER_PAIR + port * PORT_POLLFDS;
}

static int wait_sockets(struct rig *rig, int stop_fd, struct verr *err)
{
	rig->fds[0] = (struct pollfd){.fd = stop_fd, .events = POLLIN};
	for (unsigned i = 0; i < rig->pair_count; i++)
		for (unsigned k = 0; k < PAIR_PORTS; k++)
			port_fill_pollfds(pair_port(rig->pairs[i], k), port_fds(rig, i, k));
	if (poll(rig->fds, 1 + rig->pair_count * POLLFDS_PER_PAIR, timeout_ms(rig)) >= 0)
		return 0;
	if (errno != EINTR)
		return verr_set(err, -errno, "poll: %s", strerror(errno));
	for (unsigned i = 0; i < 1 + rig->pair_count * POLLFDS_PER_PAIR; i++)
		rig->fds[i].revents = 0;
	return 0;
}

static int serve_pair(struct rig *rig, unsigned i, struct verr *err)
{
	struct pair *pair = rig->pairs[i];
	int64_t now_ns;
	int rc;

	for (unsigned k = 0; k < PAIR_PORTS; k++)
		port_service(pair_port(pair, k), port_fds(rig, i, k));
	now_ns = pair_clock_ns();
	rc = pair_advance(pair, now_ns, now_ns + TURN_NS, err);
	for (unsigned k = 0; k < PAIR_PORTS; k++)
		port_flush(pair_port(pair, k));
	return rc;
}

int rig_run(struct rig *rig, int stop_fd, struct verr *err)
{
	for (;;) {
		int rc = wait_sockets(rig, stop_fd, err);

		if (rc < 0)
			return rc;
		if (rig->fds[0].revents)
			return 0;
		for (unsigned i = 0; rc == 0 && i < rig->pair_count; i++)
			rc = serve_pair(rig, i, err);
		if (rc < 0)
			return rc;
	}
}
