/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A meter read by its own thread: every block in order, a full queue is loss that is counted,
 * errors and stops arrive, and a replay takes what was taken, however fast it is. The meter is
 * played here; what it does waits for what the test has seen, never for time.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/session/meter_feed.h"
#include "tests/scratch.h"

enum { COUNT = 100, QUEUE = 4 }; /* samples per block */

/* The meter: gives `ready` blocks, then times out, or fails. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned ready, given, idle_reads; /* idle: since the last block */
	int then;                          /* what comes behind the blocks */
	bool is_running;
	bool gated; /* behind the last block it waits for more, not for time */
	struct meter_info info;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

const struct meter_info *meter_info(const struct meter *meter)
{
	(void)meter;
	return &fake.info;
}

int meter_start(struct meter *meter, struct err *err)
{
	(void)meter;
	(void)err;
	fake.is_running = true;
	return 0;
}

int meter_stop(struct meter *meter, struct err *err)
{
	(void)meter;
	(void)err;
	fake.is_running = false;
	return 0;
}

int meter_read(struct meter *meter, struct meter_block *block, int timeout_ms, struct err *err)
{
	int ret = 0;

	(void)meter;
	(void)timeout_ms;
	pthread_mutex_lock(&fake.lock);
	while (fake.gated && fake.given == fake.ready)
		pthread_cond_wait(&fake.changed, &fake.lock);
	if (fake.given < fake.ready) {
		block->first_index = (uint64_t)fake.given * COUNT;
		block->count = COUNT;
		block->lost = 0;
		block->flags = fake.given % 7 == 3 ? METER_BLOCK_SATURATED : 0;
		block->range_switches = 1;
		block->current_a[0] = (float)fake.given++;
		fake.idle_reads = 0;
	} else {
		ret = err_set(err, fake.then, "what comes behind");
		fake.idle_reads++;
	}
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
	return ret;
}

static void fake_init(unsigned ready, int then, bool is_virtual)
{
	fake.ready = ready;
	fake.given = fake.idle_reads = 0;
	fake.then = then;
	fake.info.is_virtual = is_virtual;
}

/* Until so many blocks were given; `more` may be given from then on. */
static void wait_given(unsigned given, unsigned more)
{
	pthread_mutex_lock(&fake.lock);
	while (fake.given < given)
		pthread_cond_wait(&fake.changed, &fake.lock);
	fake.ready += more;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
}

/* Every sample is in a block or counted as lost, in order. */
struct account {
	uint64_t next_index, samples, lost;
	uint32_t flags, switches;
	unsigned blocks;
};

static int take(struct meter_feed *feed, struct account *account, struct err *err)
{
	const struct meter_block *block;
	int ret = meter_feed_take(feed, &block, err);

	if (ret)
		return ret;
	assert_int_equal(block->first_index, account->next_index + block->lost);
	assert_int_equal((int)block->current_a[0], block->first_index / COUNT);
	account->next_index = block->first_index + block->count;
	account->samples += block->count;
	account->lost += block->lost;
	account->flags |= block->flags;
	account->switches += block->range_switches;
	account->blocks++;
	return 0;
}

static void every_block_in_order(void **state)
{
	struct account account = {0};
	struct meter_feed *feed;
	struct err err = {""};

	(void)state;
	fake_init(1000, -ENODEV, true);
	assert_int_equal(meter_feed_start(NULL, NULL, QUEUE, &feed, &err), 0);
	while (!take(feed, &account, &err))
		;
	assert_int_equal(account.blocks, 1000);
	assert_int_equal(account.lost, 0);
	assert_int_equal(take(feed, &account, &err), -ENODEV);
	assert_string_equal(err.text, "what comes behind");
	assert_int_equal(meter_feed_stop(feed, &err), 0);
	assert_false(fake.is_running);
}

/* The owner takes nothing until 50 blocks came: 4 fit, 46 are lost, and the next one says so. */
static void take_late(struct link_tape *tape, struct account *account)
{
	struct meter_feed *feed;
	struct err err = {""};

	fake_init(50, -ETIMEDOUT, false);
	fake.gated = true;
	assert_int_equal(meter_feed_start(NULL, tape, QUEUE, &feed, &err), 0);
	if (!link_tape_is_replay(tape))
		wait_given(50, 0);
	for (int i = 0; i < QUEUE; i++)
		assert_int_equal(take(feed, account, &err), 0);
	wait_given(50, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(take(feed, account, &err), 0);
	pthread_mutex_lock(&fake.lock);
	fake.gated = false;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
	assert_int_equal(meter_feed_stop(feed, &err), 0);
}

static void overflow_is_counted(void **state)
{
	struct account account = {0};

	(void)state;
	take_late(NULL, &account);
	assert_int_equal(account.blocks, 7);
	assert_int_equal(account.lost, 46 * COUNT);
	assert_int_equal(account.next_index, 53 * COUNT);
	assert_int_equal(account.switches, 53);
	assert_true(account.flags & METER_BLOCK_SATURATED); /* also of what was lost */
}

/* On a tape: a replay that takes blocks as fast as they come drops the same ones. */
static void a_replay_drops_the_same(void **state)
{
	struct account recorded = {0}, replayed = {0};
	struct link_tape *tape;
	struct err err = {""};
	char path[256];
	int64_t when_ns;

	snprintf(path, sizeof(path), "%s/feed.link", (const char *)*state);
	assert_int_equal(link_tape_record(path, &tape, &err), 0);
	take_late(tape, &recorded);
	assert_int_equal(link_tape_close(tape, &err), 0);
	assert_int_equal(link_tape_replay(path, &tape, &err), 0);
	take_late(tape, &replayed);
	assert_memory_equal(&recorded, &replayed, sizeof(recorded));
	if (link_tape_outcome(tape, &when_ns, &err) != LINK_TAPE_WHOLE)
		fail_msg("%s", err.text);
	link_tape_close(tape, NULL);
	assert_int_equal(replayed.lost, 46 * COUNT);
}

static void a_meter_that_is_stuck(void **state)
{
	struct account account = {0};
	struct meter_feed *feed;
	struct err err = {""};

	(void)state;
	fake_init(2, -ETIMEDOUT, false);
	assert_int_equal(meter_feed_start(NULL, NULL, QUEUE, &feed, &err), 0);
	assert_int_equal(take(feed, &account, &err), 0);
	assert_int_equal(take(feed, &account, &err), 0);
	assert_int_equal(take(feed, &account, &err), -ETIMEDOUT);
	assert_int_equal(fake.idle_reads, 20); /* of 250 ms */
	assert_int_equal(meter_feed_stop(feed, &err), 0);
}

/* A virtual meter's time stands still while nobody wants its samples. */
static void a_virtual_meter_is_read_on_demand(void **state)
{
	struct account account = {0};
	struct meter_feed *feed;
	struct err err = {""};

	(void)state;
	fake_init(1000, -ENODEV, true);
	assert_int_equal(meter_feed_start(NULL, NULL, QUEUE, &feed, &err), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(take(feed, &account, &err), 0);
	assert_int_equal(meter_feed_stop(feed, &err), 0);
	assert_int_equal(fake.given, 3);
}

static int scratch_make(void **state)
{
	*state = (void *)scratch_folder();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_in_order),
		cmocka_unit_test(overflow_is_counted),
		cmocka_unit_test(a_replay_drops_the_same),
		cmocka_unit_test(a_meter_that_is_stuck),
		cmocka_unit_test(a_virtual_meter_is_read_on_demand),
	};

	return cmocka_run_group_tests(tests, scratch_make, NULL);
}
