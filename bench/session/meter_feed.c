/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/meter_feed.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { READ_MS = 250 }; /* how late the reader may see that it is told to stop */

struct meter_feed {
	struct meter *meter;
	struct link_tape *tape;
	bool waits;     /* for room: in a replay */
	bool on_demand; /* reads when a block is wanted */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied; /* emptied: or wanted */
	atomic_bool stopping;           /* by its owner: nobody takes blocks any more */
	/* One slot more than the queue holds for the reader, one for what its owner took last. */
	struct meter_block *slots;
	size_t capacity, slot_count;
	size_t tail; /* reader's: the slot it fills */
	/* Behind the lock: slots [first, first + count) wait. */
	size_t first, count;
	bool wanted; /* its owner waits for a block */
	int ended;   /* what ended the reader, 0: nothing yet */
	struct err err;
	uint64_t dropped; /* reader's: samples lost here since the last block that fitted */
	uint32_t dropped_flags, dropped_switches;
};

static void await_demand(struct meter_feed *feed)
{
	pthread_mutex_lock(&feed->lock);
	while (!feed->wanted && !atomic_load(&feed->stopping))
		pthread_cond_wait(&feed->emptied, &feed->lock);
	feed->wanted = false;
	pthread_mutex_unlock(&feed->lock);
}

/* Waits until a block comes, or the meter is stuck, or it is told to stop (-ECANCELED). The tape
 * says so, too. */
static int read_block(struct meter_feed *feed)
{
	int ret = -ETIMEDOUT;

	if (feed->on_demand)
		await_demand(feed);
	for (int waited_ms = 0; ret == -ETIMEDOUT && waited_ms < METER_FEED_STALL_MS;
	     waited_ms += READ_MS) {
		if (link_tape_flag(feed->tape, atomic_load(&feed->stopping)) ||
		    link_tape_is_over(feed->tape))
			return -ECANCELED;
		ret = meter_read(feed->meter, &feed->slots[feed->tail], READ_MS, &feed->err);
	}
	return ret;
}

/* What was dropped before counts as lost in front of this block. */
static void own_up(struct meter_feed *feed, struct meter_block *block)
{
	block->lost += feed->dropped;
	block->flags |= feed->dropped_flags;
	block->range_switches += feed->dropped_switches;
	feed->dropped = feed->dropped_flags = feed->dropped_switches = 0;
}

static void drop(struct meter_feed *feed, const struct meter_block *block)
{
	feed->dropped += block->lost + block->count;
	feed->dropped_flags |= block->flags;
	feed->dropped_switches += block->range_switches;
}

/* What is said of the queue is what the tape says. */
static bool make_room(struct meter_feed *feed)
{
	bool full;

	while (feed->waits && feed->count == feed->capacity && !atomic_load(&feed->stopping))
		pthread_cond_wait(&feed->emptied, &feed->lock);
	full = link_tape_flag(feed->tape, feed->count == feed->capacity);
	return !full && feed->count < feed->capacity;
}

static void give_block(struct meter_feed *feed)
{
	struct meter_block *block = &feed->slots[feed->tail];

	pthread_mutex_lock(&feed->lock);
	if (make_room(feed)) {
		own_up(feed, block);
		feed->count++;
		feed->tail = (feed->tail + 1) % feed->slot_count;
		pthread_cond_signal(&feed->filled);
	} else {
		drop(feed, block);
	}
	pthread_mutex_unlock(&feed->lock);
}

static void *reader_main(void *argument)
{
	struct meter_feed *feed = argument;
	int ret;

	while (!(ret = read_block(feed)))
		give_block(feed);
	pthread_mutex_lock(&feed->lock);
	feed->ended = ret;
	pthread_cond_signal(&feed->filled);
	pthread_mutex_unlock(&feed->lock);
	return NULL;
}

static void feed_free(struct meter_feed *feed)
{
	pthread_cond_destroy(&feed->emptied);
	pthread_cond_destroy(&feed->filled);
	pthread_mutex_destroy(&feed->lock);
	free(feed->slots);
	free(feed);
}

static struct meter_feed *feed_new(struct meter *meter, struct link_tape *tape, unsigned blocks)
{
	struct meter_feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		return NULL;
	feed->meter = meter;
	feed->tape = tape;
	feed->waits = link_tape_is_replay(tape);
	feed->on_demand = meter_info(meter)->is_virtual;
	feed->capacity = blocks ? blocks : METER_FEED_BLOCKS;
	feed->slot_count = feed->capacity + 2;
	pthread_mutex_init(&feed->lock, NULL);
	pthread_cond_init(&feed->filled, NULL);
	pthread_cond_init(&feed->emptied, NULL);
	feed->slots = calloc(feed->slot_count, sizeof(*feed->slots));
	if (feed->slots)
		return feed;
	feed_free(feed);
	return NULL;
}

int meter_feed_start(struct meter *meter, struct link_tape *tape, unsigned blocks,
		     struct meter_feed **ret_feed, struct err *err)
{
	struct meter_feed *feed = feed_new(meter, tape, blocks);
	int ret;

	if (!feed)
		return err_set(err, -ENOMEM, "out of memory");
	ret = meter_start(meter, err);
	if (!ret && pthread_create(&feed->thread, NULL, reader_main, feed)) {
		meter_stop(meter, NULL);
		ret = err_set(err, -EAGAIN, "no thread to read the meter");
	}
	if (ret) {
		feed_free(feed);
		return ret;
	}
	*ret_feed = feed;
	return 0;
}

int meter_feed_take(struct meter_feed *feed, const struct meter_block **ret_block, struct err *err)
{
	int ret = 0;

	pthread_mutex_lock(&feed->lock);
	if (!feed->count && !feed->ended) {
		feed->wanted = true;
		pthread_cond_signal(&feed->emptied);
	}
	while (!feed->count && !feed->ended)
		pthread_cond_wait(&feed->filled, &feed->lock);
	if (feed->count) {
		*ret_block = &feed->slots[feed->first];
		feed->first = (feed->first + 1) % feed->slot_count;
		feed->count--;
		pthread_cond_signal(&feed->emptied);
	} else {
		ret = feed->ended;
		if (err)
			*err = feed->err;
	}
	pthread_mutex_unlock(&feed->lock);
	return ret;
}

int meter_feed_stop(struct meter_feed *feed, struct err *err)
{
	int ret;

	atomic_store(&feed->stopping, true);
	pthread_mutex_lock(&feed->lock);
	pthread_cond_signal(&feed->emptied);
	pthread_mutex_unlock(&feed->lock);
	pthread_join(feed->thread, NULL);
	ret = meter_stop(feed->meter, err);
	feed_free(feed);
	return ret;
}
