/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One board and the meter that feeds it, each with its port, and the virtual time they share.
 *
 * Time runs in slices: to the end of the meter's sample interval (10 us of its crystal), cut short
 * where a byte arrives at the board's UART. While the core sleeps or is off, no window is open and
 * the meter does not stream, a slice spans up to 100 intervals.
 */
#ifndef RIGS_VIRTUAL_SERVER_PAIR_H
#define RIGS_VIRTUAL_SERVER_PAIR_H

#include <stdio.h>

#include "rigs/virtual/server/config.h"
#include "rigs/virtual/server/port.h"

struct pair;

/* Opens both ports. The configuration is not owned and outlives the pair. */
int pair_new(const struct config *config, unsigned board, struct pair **ret_pair, struct verr *err);
/* Where the windows go from now on: NULL for nowhere; not owned. */
void pair_set_truth(struct pair *pair, FILE *truth_file);
void pair_free(struct pair *pair); /* accepts NULL */

#define PAIR_PORTS 2
struct port *pair_port(const struct pair *pair, unsigned index);

/* Lets virtual time pass as far as the pace allows at host time now_ns (CLOCK_MONOTONIC), and no
 * longer than until host time deadline_ns. Time stands still while no client is on either port, and
 * while a client leaves more than 1 MB unread. Afterwards pair_is_ahead says that the pace was the
 * limit. Negative: the truth log cannot be written. */
int pair_advance(struct pair *pair, int64_t now_ns, int64_t deadline_ns, struct verr *err);

enum pair_state {
	PAIR_STILL = 1, /* waits for a client to come, or to read */
	PAIR_AHEAD,     /* waits for host time */
	PAIR_BEHIND,    /* has more to run */
};
enum pair_state pair_state(const struct pair *pair);

int64_t pair_clock_ns(void); /* CLOCK_MONOTONIC */

#endif
