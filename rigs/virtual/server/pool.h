/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A few threads that run many items in turns: an item is idle, waits for a thread, or is being run
 * by exactly one. Items that wait are served in the order they came.
 */
#ifndef RIGS_VIRTUAL_SERVER_POOL_H
#define RIGS_VIRTUAL_SERVER_POOL_H

#include <stdbool.h>

#include "rigs/virtual/verr.h"

struct pool;

/* One turn of an item; true: it is to wait for another one. */
struct pool_work {
	void *context;
	bool (*run)(void *context, unsigned item);
};

/* The threads block all signals. */
int pool_new(unsigned threads, unsigned items, const struct pool_work *work, struct pool **ret_pool,
	     struct verr *err);
/* Lets the turns under way end, and no others begin; accepts NULL. */
void pool_free(struct pool *pool);

bool pool_is_idle(struct pool *pool, unsigned item);
/* An idle item waits from now on; one that is not idle is left as it is. */
void pool_start(struct pool *pool, unsigned item);
/* Readable since an item became idle; pool_clear takes that back. */
int pool_idle_fd(const struct pool *pool);
void pool_clear(struct pool *pool);

#endif
