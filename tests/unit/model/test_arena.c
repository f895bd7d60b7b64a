/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The arena plan: blocks alive together never overlap, and memory is used again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/model/arena.h"
#include "firmware/image/image.h"

static uint32_t random_next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static bool overlap(const struct arena_block *a, const struct arena_block *b)
{
	return a->first <= b->last && b->first <= a->last && a->offset < b->offset + b->bytes &&
	       b->offset < a->offset + a->bytes;
}

/* No overlap, all inside, aligned; never less than the most that is alive at one time. */
static void plan_check(const struct arena_block *blocks, size_t count, uint32_t total)
{
	for (uint32_t at = 0; at <= 40; at++) {
		uint64_t alive = 0;

		for (size_t i = 0; i < count; i++)
			if (blocks[i].first <= at && at <= blocks[i].last)
				alive += blocks[i].bytes;
		assert_true(alive <= total);
	}
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(blocks[i].offset % IMAGE_ALIGN, 0);
		assert_true((uint64_t)blocks[i].offset + blocks[i].bytes <= total);
		for (size_t k = 0; k < i; k++)
			assert_false(overlap(&blocks[i], &blocks[k]));
	}
}

static void test_random(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct arena_block blocks[40];
		size_t count = random_next(&seed) % 40;
		uint32_t total = 1;
		struct err err;

		for (size_t i = 0; i < count; i++) {
			uint32_t first = random_next(&seed) % 30;

			blocks[i] = (struct arena_block){random_next(&seed) % 1000, first,
							 first + random_next(&seed) % 10, 12345};
		}
		assert_int_equal(arena_plan(blocks, count, &total, &err), 0);
		plan_check(blocks, count, total);
	}
}

/* The lowest offset that is free, block after block in the order given: what any order needs. */
static uint32_t order_total(struct arena_block *blocks, const size_t *order, size_t count)
{
	uint32_t total = 0;

	for (size_t i = 0; i < count; i++) {
		struct arena_block *block = &blocks[order[i]];
		bool free = false;

		for (block->offset = 0; !free; block->offset += free ? 0 : IMAGE_ALIGN) {
			free = true;
			for (size_t k = 0; k < i; k++)
				free = free && !overlap(block, &blocks[order[k]]);
		}
		if (block->offset + block->bytes > total)
			total = block->offset + block->bytes;
	}
	return (total + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
}

/* The least of all orders of the blocks from `fixed` on. */
static uint32_t orders_least(struct arena_block *blocks, size_t *order, size_t fixed, size_t count)
{
	uint32_t least = UINT32_MAX;

	if (fixed == count)
		return order_total(blocks, order, count);
	for (size_t i = fixed; i < count; i++) {
		size_t kept = order[fixed];
		uint32_t total;

		order[fixed] = order[i];
		order[i] = kept;
		total = orders_least(blocks, order, fixed + 1, count);
		least = total < least ? total : least;
		order[i] = order[fixed];
		order[fixed] = kept;
	}
	return least;
}

/* Small plans against all 720 orders: rarely worse than the best, and never by half. Largest first
 * alone is worse than that. */
static void test_orders(void **state)
{
	uint32_t seed = 11;
	unsigned best = 0, by_size = 0;

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t order[] = {0, 1, 2, 3, 4, 5};
		struct arena_block blocks[6];
		uint32_t total = 0, least, largest_first;
		struct err err;

		for (size_t i = 0; i < 6; i++) {
			uint32_t first = random_next(&seed) % 6;

			/* falling sizes: order 0 1 2 ... is largest first */
			blocks[i] = (struct arena_block){
				16 * (40 - 6 * (uint32_t)i - random_next(&seed) % 6), first,
				first + random_next(&seed) % 4, 0};
		}
		assert_int_equal(arena_plan(blocks, 6, &total, &err), 0);
		largest_first = order_total(blocks, order, 6);
		least = orders_least(blocks, order, 0, 6);
		assert_true(total >= least && total <= largest_first);
		assert_true(2 * total <= 3 * least);
		best += total == least;
		by_size += largest_first == least;
	}
	assert_true(best > by_size);
	assert_true(best > 285);
}

/* A chain of three needs room for two: the third lies where the first was. */
static void test_reuse(void **state)
{
	struct arena_block chain[] = {{100, 0, 1, 0}, {100, 1, 2, 0}, {100, 2, 3, 0}};
	uint32_t total = 0;
	struct err err;

	(void)state;
	assert_int_equal(arena_plan(chain, 3, &total, &err), 0);
	assert_int_equal(total, 224);
	assert_int_equal(chain[2].offset, chain[0].offset);
}

static void test_too_large(void **state)
{
	struct arena_block two[] = {{IMAGE_ARENA_BYTES_MAX, 0, 1, 0}, {1, 1, 2, 0}};
	uint32_t total = 77;
	struct err err;

	(void)state;
	assert_int_equal(arena_plan(two, 1, &total, &err), 0);
	assert_int_equal(total, IMAGE_ARENA_BYTES_MAX);
	assert_int_equal(arena_plan(two, 2, &total, &err), -22);
	assert_string_equal(err.text, "the activations need more than 67108864 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
