/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Threads that run items in turns. See the header.
 */
#include "rigs/virtual/server/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct pool {
	struct pool_work work;
	pthread_t *threads;
	unsigned thread_count, item_count;
	int idle_fd;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* Under the mutex. */
	unsigned *ring; /* items that wait: item_count long, each is in it once at most */
	unsigned head, waiting;
	bool *busy; /* waits or is being run */
	bool stopping;
};

/* Under the mutex. */
static void add_waiting(struct pool *pool, unsigned item)
{
	pool->ring[(pool->head + pool->waiting++) % pool->item_count] = item;
	pthread_cond_signal(&pool->changed);
}

/* Under the mutex. */
static unsigned take_waiting(struct pool *pool)
{
	unsigned item = pool->ring[pool->head];

	pool->head = (pool->head + 1) % pool->item_count;
	pool->waiting--;
	return item;
}

static void tell_idle(const struct pool *pool)
{
	const uint64_t one = 1;

	/* Fails only where the counter is full: then it is readable already. */
	if (write(pool->idle_fd, &one, sizeof(one)) < 0)
		return;
}

static void *thread_main(void *argument)
{
	struct pool *pool = argument;

	pthread_mutex_lock(&pool->mutex);
	for (;;) {
		unsigned item;
		bool again;

		while (!pool->stopping && pool->waiting == 0)
			pthread_cond_wait(&pool->changed, &pool->mutex);
		if (pool->stopping)
			break;
		item = take_waiting(pool);
		pthread_mutex_unlock(&pool->mutex);
		again = pool->work.run(pool->work.context, item);
		pthread_mutex_lock(&pool->mutex);
		if (again)
			add_waiting(pool, item);
		else
			pool->busy[item] = false;
		if (!again)
			tell_idle(pool);
	}
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

static int start_threads(struct pool *pool, unsigned threads, struct verr *err)
{
	sigset_t all, before;
	int code = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (pool->thread_count < threads && code == 0) {
		code = pthread_create(&pool->threads[pool->thread_count], NULL, thread_main, pool);
		pool->thread_count += code == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code ? verr_set(err, -code, "thread: %s", strerror(code)) : 0;
}

int pool_new(unsigned threads, unsigned items, const struct pool_work *work, struct pool **ret_pool,
	     struct verr *err)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	int rc = 0;

	if (!pool)
		return verr_set(err, -ENOMEM, "out of memory");
	pool->work = *work;
	pool->item_count = items;
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->changed, NULL);
	pool->threads = calloc(threads, sizeof(pool->threads[0]));
	pool->ring = calloc(items, sizeof(pool->ring[0]));
	pool->busy = calloc(items, sizeof(pool->busy[0]));
	pool->idle_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!pool->threads || !pool->ring || !pool->busy)
		rc = verr_set(err, -ENOMEM, "out of memory");
	else if (pool->idle_fd < 0)
		rc = verr_set(err, -errno, "eventfd: %s", strerror(errno));
	if (rc == 0)
		rc = start_threads(pool, threads, err);
	if (rc < 0) {
		pool_free(pool);
		return rc;
	}
	*ret_pool = pool;
	return 0;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->mutex);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
	for (unsigned i = 0; i < pool->thread_count; i++)
		pthread_join(pool->threads[i], NULL);
	if (pool->idle_fd >= 0)
		close(pool->idle_fd);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->mutex);
	free(pool->threads);
	free(pool->ring);
	free(pool->busy);
	free(pool);
}

bool pool_is_idle(struct pool *pool, unsigned item)
{
	bool idle;

	pthread_mutex_lock(&pool->mutex);
	idle = !pool->busy[item];
	pthread_mutex_unlock(&pool->mutex);
	return idle;
}

void pool_start(struct pool *pool, unsigned item)
{
	pthread_mutex_lock(&pool->mutex);
	if (!pool->busy[item]) {
		pool->busy[item] = true;
		add_waiting(pool, item);
	}
	pthread_mutex_unlock(&pool->mutex);
}

int pool_idle_fd(const struct pool *pool)
{
	return pool->idle_fd;
}

void pool_clear(struct pool *pool)
{
	uint64_t count;

	if (read(pool->idle_fd, &count, sizeof(count)) < 0)
		return; /* nothing to clear */
}
