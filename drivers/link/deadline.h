/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Deadlines on the links' clock: a time-out becomes a point in time once, and every wait under it
 * takes what is left. Inside a kind of link that is deadline_*; whoever uses a link takes link_*,
 * so that a replay decides as the recorded session did.
 */
#ifndef DRIVERS_LINK_DEADLINE_H
#define DRIVERS_LINK_DEADLINE_H

#include <limits.h>
#include <stdint.h>

#include "drivers/link/link.h"

enum { DEADLINE_NS_PER_MS = 1000000 };

/* A negative time-out is none at all. */
static inline int64_t deadline_after_ms(int timeout_ms)
{
	return link_now_ns() + (timeout_ms > 0 ? (int64_t)timeout_ms * DEADLINE_NS_PER_MS : 0);
}

/* What poll() may wait: rounded up, 0 when the time is over. */
static inline int deadline_ms_between(int64_t now_ns, int64_t deadline_ns)
{
	int64_t left_ms = (deadline_ns - now_ns + DEADLINE_NS_PER_MS - 1) / DEADLINE_NS_PER_MS;

	if (left_ms <= 0)
		return 0;
	return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

static inline int deadline_left_ms(int64_t deadline_ns)
{
	return deadline_ms_between(link_now_ns(), deadline_ns);
}

static inline int64_t link_deadline_ns(const struct link *link, int timeout_ms)
{
	return link_clock_ns(link) +
	       (timeout_ms > 0 ? (int64_t)timeout_ms * DEADLINE_NS_PER_MS : 0);
}

static inline int link_left_ms(const struct link *link, int64_t deadline_ns)
{
	return deadline_ms_between(link_clock_ns(link), deadline_ns);
}

#endif
