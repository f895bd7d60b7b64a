/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One board and the meter that feeds it (or another supply), each with its port, and the virtual
 * time they share.
 *
 * Time runs in slices. While the core runs, they are the chip's (chip_run_slice): 10 us of its
 * cycles, ended early by a marker edge. While no instruction runs, they end with the meter's sample
 * interval (10 us of its crystal; 10 us where there is no meter), or 100 intervals later when no
 * window is open and the meter does not stream. A byte that arrives at the board's UART ends any. A
 * slice's charge flows evenly in it: the meter's samples are means over their own intervals.
 *
 * While the board does nothing but wait for its client (it sleeps without a timer, is off, or its
 * loader listens), time stands still for up to 2 s of host time after the client's last act: so
 * when things happen does not depend on how fast the client is.
 *
 * A pair shares nothing that changes with another one but the chamber and the supply it follows,
 * which lock themselves. One thread at a time may call its functions. What it does depends on the
 * rig's seed, its own virtual time and its clients' bytes only: not on threads, not on other pairs.
 */
#ifndef RIGS_VIRTUAL_SERVER_PAIR_H
#define RIGS_VIRTUAL_SERVER_PAIR_H

#include <stdio.h>

#include "rigs/virtual/server/chamber.h"
#include "rigs/virtual/server/config.h"
#include "rigs/virtual/server/marker_port.h"
#include "rigs/virtual/server/outlet.h"
#include "rigs/virtual/server/supply.h"

struct pair;

/* Opens the ports. The configuration, and what the board's supply and chamber name, are not owned
 * and outlive the pair; NULL where it has none. */
int pair_new(const struct config *config, unsigned board, struct supply *supply,
	     struct chamber *chamber, struct pair **ret_pair, struct verr *err);
/* Where windows and faults go from now on: NULL for nowhere; not owned. */
void pair_set_logs(struct pair *pair, FILE *truth, FILE *faults);
void pair_free(struct pair *pair); /* accepts NULL */

/* The board's outlet, its meter's, its loader's, and its marker lines. */
#define PAIR_POLLFDS (3 * OUTLET_POLLFDS + MARKER_PORT_POLLFDS)
void pair_fill_pollfds(const struct pair *pair, struct pollfd fds[PAIR_POLLFDS]);
/* Whether somebody stamps the pair's events with the host's clock: a client of its marker lines.
 * Then time never stands still, lags behind the pace are caught up, and clients have to be served
 * at the time that the pace says: after pair_advance. */
bool pair_is_host_timed(const struct pair *pair);
/* Whether such a pair's meter serves its client only when some more time has passed: looking at
 * sockets tells nothing before. */
bool pair_awaits_time(const struct pair *pair);
/* Whether its clients may be served at host time now_ns: what they ask for now, they ask for at
 * this time, so not while a pair that is timed by the host is behind; but for one that cannot keep
 * up. */
bool pair_may_be_served(const struct pair *pair, int64_t now_ns);
/* As port_service and port_flush. */
void pair_service(struct pair *pair, const struct pollfd fds[PAIR_POLLFDS]);
void pair_flush(struct pair *pair);
void pair_announce(const struct pair *pair, FILE *file); /* names and addresses */

/* Lets virtual time pass as far as the pace allows at host time now_ns (CLOCK_MONOTONIC), and no
 * longer than until host time deadline_ns. Time stands still while no client is on either port or
 * the supply, and while a client leaves more than 1 MB unread. Afterwards pair_state says what it
 * waits for. Negative: a log cannot be written. */
int pair_advance(struct pair *pair, int64_t now_ns, int64_t deadline_ns, struct verr *err);
/* Lets virtual time pass until then, whatever the clients do. */
int pair_run_until(struct pair *pair, int64_t until_ps, struct verr *err);

enum pair_state {
	PAIR_STILL = 1, /* waits for a client to come, or to read */
	PAIR_AHEAD,     /* waits for host time */
	PAIR_BEHIND,    /* has more to run */
};
enum pair_state pair_state(const struct pair *pair);

int64_t pair_clock_ns(void); /* CLOCK_MONOTONIC */

#endif
