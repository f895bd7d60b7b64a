/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The farm: boards run by one, two or three threads do exactly the same (cycles, samples, heat,
 * faults); the pool runs every item, each by one thread at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <unistd.h>
#include <cmocka.h>

#include "rigs/virtual/server/pair_parts.h"
#include "rigs/virtual/server/pool.h"

#define BOARDS  4
#define MS      1000000000ll /* ps */
#define TURN_PS (3 * MS)
#define END_PS  (60 * MS)

static const char rig_text[] =
	"seed: 5\n"
	"devices:\n"
	"  - {name: psu, kind: supply, listen: \"unix:%1$s/p\"}\n"
	"  - {name: oven, kind: chamber, listen: \"unix:%1$s/o\", ambient: 30 degC,\n"
	"     slew: 20 K/s, overshoot: 0 K, settle: 1 s}\n"
	"meters:\n"
	"  - {name: m0, kind: ppk2, listen: \"unix:%1$s/m0\"}\n"
	"  - name: m1\n"
	"    kind: ppk2\n"
	"    listen: \"unix:%1$s/m1\"\n"
	"    faults: [{fault: range-stuck, at: 30 ms, for: 5 ms}, {fault: samples-lost, at: 40 "
	"ms}]\n"
	"boards:\n"
	"  - {name: b0, part: stm32l4r5, listen: \"unix:%1$s/b0\", supply: m0}\n"
	"  - name: b1\n"
	"    part: stm32l4r5\n"
	"    listen: \"unix:%1$s/b1\"\n"
	"    supply: m1\n"
	"    faults: [{fault: supply-drop, at: 10 ms, for: 5 ms},\n"
	"             {fault: clock-error, at: 20 ms, drift: 1 %%}]\n"
	"  - {name: b2, part: stm32l4r5, listen: \"unix:%1$s/b2\", supply: 3.0 V}\n"
	"  - {name: b3, part: stm32l4r5, listen: \"unix:%1$s/b3\", supply: psu, chamber: oven}\n";

/* Vectors, then: loop: adds r0, #1; eors r1, r0; str r1, [sp]; b loop. */
static const uint8_t program[] = {
	0x00, 0x10, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08,
	0x01, 0x30, 0x41, 0x40, 0x00, 0x91, 0xfb, 0xe7,
};

struct digest {
	uint64_t cycles, toggled, sample_bytes, sample_hash;
	double junction_c, supply_v;
	int64_t now_ps, chip_ps;
};

struct farm {
	struct config *config;
	struct supply *supply;
	struct chamber *chamber;
	struct pair *pairs[BOARDS];
	struct digest digests[BOARDS];
};

static void load(struct farm *farm, const char *folder)
{
	char path[96];
	struct verr err = {""};
	FILE *file;

	snprintf(path, sizeof(path), "%s/rig.yaml", folder);
	file = fopen(path, "w");
	assert_non_null(file);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	fprintf(file, rig_text, folder);
#pragma GCC diagnostic pop
	fclose(file);
	if (config_load(path, &farm->config, &err) < 0)
		fail_msg("%s", err.text);
	unlink(path);
}

static void switch_on(struct pair *pair)
{
	static const uint8_t commands[] = {0x11, 2, 0x0d, 0x0c, 0xe4, 0x0c, 1, 0x06};

	if (!pair->meter)
		return;
	pair->meter->ops->host_bytes(pair->meter->state, commands, sizeof(commands));
	pair_update_supply(pair);
}

static void set_up_farm(struct farm *farm, const char *folder)
{
	struct verr err = {""};

	load(farm, folder);
	assert_int_equal(supply_new(&farm->config->devices[0], &farm->supply, &err), 0);
	assert_int_equal(chamber_new(&farm->config->devices[1], 25, &farm->chamber, &err), 0);
	for (unsigned i = 0; i < BOARDS; i++) {
		if (pair_new(farm->config, i, i == 3 ? farm->supply : NULL,
			     i == 3 ? farm->chamber : NULL, &farm->pairs[i], &err) < 0)
			fail_msg("%s", err.text);
		memcpy(farm->pairs[i]->body.flash, program, sizeof(program));
		pair_drive_lines(farm->pairs[i], false, true); /* BOOT0 low */
		switch_on(farm->pairs[i]);
	}
}

static void take_samples(struct pair *pair, struct digest *digest)
{
	uint8_t bytes[4096];
	size_t count;

	while (pair->meter && (count = pair->meter->ops->take_bytes(pair->meter->state, bytes,
								    sizeof(bytes))) > 0) {
		digest->sample_bytes += count;
		for (size_t i = 0; i < count; i++)
			digest->sample_hash = (digest->sample_hash ^ bytes[i]) * 0x100000001b3u;
	}
}

static bool run_turn(void *context, unsigned item)
{
	struct farm *farm = context;
	struct pair *pair = farm->pairs[item];
	struct digest *digest = &farm->digests[item];
	struct verr err;
	int64_t until_ps = pair->now_ps + TURN_PS + (int64_t)item * MS / 7;

	if (until_ps > END_PS)
		until_ps = END_PS;
	if (pair_run_until(pair, until_ps, &err) < 0)
		abort();
	take_samples(pair, digest);
	return pair->now_ps < END_PS;
}

static void wait_all_idle(struct pool *pool, unsigned items)
{
	for (unsigned i = 0; i < items; i++) {
		while (!pool_is_idle(pool, i)) {
			struct pollfd fd = {.fd = pool_idle_fd(pool), .events = POLLIN};

			assert_true(poll(&fd, 1, 20000) > 0);
			pool_clear(pool);
		}
	}
}

static void run_farm(struct farm *farm, unsigned threads)
{
	const struct pool_work work = {farm, run_turn};
	struct verr err = {""};
	struct pool *pool;

	assert_int_equal(pool_new(threads, BOARDS, &work, &pool, &err), 0);
	for (unsigned i = 0; i < BOARDS; i++)
		pool_start(pool, i);
	wait_all_idle(pool, BOARDS);
	pool_free(pool);
	for (unsigned i = 0; i < BOARDS; i++) {
		const struct pair *pair = farm->pairs[i];
		struct digest *digest = &farm->digests[i];

		digest->cycles = chip_counts(pair->body.chip)->cycles;
		digest->toggled = chip_counts(pair->body.chip)->toggled_bits;
		digest->junction_c = plant_junction_c(pair->body.plant);
		digest->supply_v = pair->supply_v;
		digest->now_ps = pair->now_ps;
		digest->chip_ps = chip_now_ps(pair->body.chip);
	}
}

static void tear_down_farm(struct farm *farm)
{
	for (unsigned i = 0; i < BOARDS; i++)
		pair_free(farm->pairs[i]);
	supply_free(farm->supply);
	chamber_free(farm->chamber);
	config_free(farm->config);
}

static void test_threads_change_nothing(void **state)
{
	struct digest first[BOARDS];
	char folder[] = "/tmp/virtual-rig-farm-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(folder));
	for (unsigned threads = 1; threads <= 3; threads++) {
		struct farm farm = {0};

		set_up_farm(&farm, folder);
		run_farm(&farm, threads);
		if (threads == 1)
			memcpy(first, farm.digests, sizeof(first));
		for (unsigned i = 0; i < BOARDS; i++) {
			const struct digest *digest = &farm.digests[i];

			assert_memory_equal(digest, &first[i], sizeof(*digest));
			assert_true(digest->cycles > 100000); /* it ran, at about 4 MHz */
			assert_true(digest->now_ps >= END_PS);
			assert_true(digest->supply_v > 2.9 && digest->supply_v < 3.4);
		}
		tear_down_farm(&farm);
	}
	assert_true(first[0].sample_bytes > 4 * 5900 && first[0].sample_bytes < 4 * 6100);
	assert_true(first[0].cycles != first[2].cycles); /* boards of one part differ */
	assert_true(first[1].chip_ps > END_PS + 13 * 40 * MS / 1000); /* 1.3 % fast from 20 ms on */
	assert_true(first[3].junction_c > 29.9);
	rmdir(folder);
}

/* A board looks at its supply and its chamber when its turn comes; the air moves in its own time.
 */
static void test_surroundings(void **state)
{
	char folder[] = "/tmp/virtual-rig-farm-XXXXXX", reply[SCPI_REPLY_MAX];
	struct farm farm = {0};
	struct scpi psu, oven;
	struct pair *pair;
	struct verr err;
	double before_c;

	(void)state;
	assert_non_null(mkdtemp(folder));
	set_up_farm(&farm, folder);
	pair = farm.pairs[3];
	scpi_init(&psu, supply_commands, farm.supply, "");
	scpi_init(&oven, chamber_commands, farm.chamber, "");
	assert_int_equal(pair_advance(pair, 1000, 2000, &err), 0);
	assert_true(pair->supply_v == 3.3 && pair->air.temp_c == 30);
	assert_int_equal(pair_state(pair), PAIR_STILL); /* nobody talks to it */
	scpi_line(&oven, "TEMP 60", reply, sizeof(reply));
	pair->state = PAIR_AHEAD; /* as if its time ran */
	assert_int_equal(pair_advance(pair, 2000, 3000, &err), 0);
	before_c = plant_junction_c(pair->body.plant);
	assert_int_equal(pair_run_until(pair, 1000 * MS, &err), 0);
	assert_true(pair->air.temp_c > 49.9 && pair->air.temp_c < 50.1); /* 1 s of 20 K/s */
	assert_true(plant_junction_c(pair->body.plant) > before_c + 0.1);
	scpi_line(&psu, "OUTP OFF", reply, sizeof(reply));
	assert_int_equal(pair_advance(pair, 3000, 4000, &err), 0);
	assert_true(pair->supply_v == 0);
	/* off, and nobody there: an hour of the host's later it is as warm as the chamber */
	assert_int_equal(pair_state(pair), PAIR_STILL);
	assert_int_equal(pair_advance(pair, 4000, 5000, &err), 0);
	assert_true(plant_junction_c(pair->body.plant) < 55);
	assert_int_equal(pair_advance(pair, 4000 + 3600 * INT64_C(1000000000), 5000, &err), 0);
	assert_true(fabs(plant_junction_c(pair->body.plant) - 60) < 0.1);
	scpi_line(&psu, "VOLT 2.5;OUTP ON", reply, sizeof(reply));
	assert_int_equal(pair_advance(pair, 4000, 5000, &err), 0);
	assert_true(pair->supply_v == 2.5);
	tear_down_farm(&farm);
	rmdir(folder);
}

/* Pool ----------------------------------------------------------------------------------------- */

enum { ITEMS = 50, TURNS = 200 };

struct count {
	atomic_int inside[ITEMS];
	unsigned turns[ITEMS]; /* plain: only one thread at a time may be at an item */
	atomic_int clashes;
};

static bool count_turn(void *context, unsigned item)
{
	struct count *count = context;

	if (atomic_fetch_add(&count->inside[item], 1))
		atomic_fetch_add(&count->clashes, 1);
	count->turns[item]++;
	atomic_fetch_sub(&count->inside[item], 1);
	return count->turns[item] < TURNS;
}

static void test_pool(void **state)
{
	static struct count count;
	const struct pool_work work = {&count, count_turn};
	struct verr err;
	struct pool *pool;

	(void)state;
	assert_int_equal(pool_new(4, ITEMS, &work, &pool, &err), 0);
	for (unsigned i = 0; i < ITEMS; i++)
		pool_start(pool, i);
	wait_all_idle(pool, ITEMS);
	for (unsigned i = 0; i < ITEMS; i++)
		assert_int_equal(count.turns[i], TURNS);
	assert_int_equal(count.clashes, 0);
	pool_start(pool, 7); /* an idle one again */
	wait_all_idle(pool, ITEMS);
	assert_int_equal(count.turns[7], TURNS + 1);
	pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_change_nothing),
		cmocka_unit_test(test_surroundings),
		cmocka_unit_test(test_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
