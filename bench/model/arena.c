/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/arena.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "firmware/image/image.h"

static uint64_t block_size(const struct arena_block *block)
{
	return ((uint64_t)block->bytes + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
}

/* Where two blocks rank the same, by what all orders agree on. */
static int block_settle(const struct arena_block *a, const struct arena_block *b)
{
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return a < b ? -1 : a > b;
}

typedef uint64_t rank_fn(const struct arena_block *block);

static uint64_t rank_bytes(const struct arena_block *block)
{
	return block->bytes;
}

static uint64_t block_life(const struct arena_block *block)
{
	return (uint64_t)block->last - block->first + 1;
}

static uint64_t rank_life(const struct arena_block *block)
{
	return block_life(block);
}

static uint64_t rank_area(const struct arena_block *block)
{
	return block->bytes * block_life(block);
}

static uint64_t rank_first(const struct arena_block *block)
{
	return UINT32_MAX - block->first;
}

static uint64_t rank_last(const struct arena_block *block)
{
	return block->last;
}

/* The higher rank first. */
static rank_fn *const ranks[] = {rank_bytes, rank_life, rank_area, rank_first, rank_last};

enum { RANK_COUNT = sizeof(ranks) / sizeof(ranks[0]) };

struct ranked {
	uint64_t rank;
	struct arena_block *block;
};

static int ranked_compare(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->rank != b->rank)
		return a->rank > b->rank ? -1 : 1;
	return block_settle(a->block, b->block);
}

static bool lives_meet(const struct arena_block *a, const struct arena_block *b)
{
	return a->first <= b->last && b->first <= a->last;
}

/* The lowest offset at which block meets none of the placed ones that live with it: try 0 and move
 * behind whatever is in the way until nothing is. */
static uint64_t lowest_free(const struct arena_block *block, const struct ranked *placed,
			    size_t count)
{
	uint64_t offset = 0;
	bool moved = true;

	while (moved) {
		moved = false;
		for (size_t i = 0; i < count; i++) {
			const struct arena_block *other = placed[i].block;
			uint64_t end = other->offset + block_size(other);

			if (!lives_meet(block, other) || offset >= end ||
			    offset + block_size(block) <= other->offset)
				continue;
			offset = end;
			moved = true;
		}
	}
	return offset;
}

/* Places the blocks in one order; returns the bytes needed, or more than IMAGE_ARENA_BYTES_MAX as
 * soon as that is sure. */
static uint64_t order_place(struct arena_block *blocks, size_t count, rank_fn *rank,
			    struct ranked *order)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		order[i] = (struct ranked){rank(&blocks[i]), &blocks[i]};
	qsort(order, count, sizeof(*order), ranked_compare);
	for (size_t i = 0; i < count && total <= IMAGE_ARENA_BYTES_MAX; i++) {
		struct arena_block *block = order[i].block;
		uint64_t offset = block->bytes ? lowest_free(block, order, i) : 0;
		uint64_t end = offset + block_size(block);

		block->offset = (uint32_t)offset;
		total = end > total ? end : total;
	}
	return total;
}

int arena_plan(struct arena_block *blocks, size_t count, uint32_t *ret_bytes, struct err *err)
{
	struct ranked *order = calloc(count + 1, sizeof(*order));
	uint64_t best = UINT64_MAX, total = 0;
	rank_fn *best_rank = NULL;

	if (!order)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < RANK_COUNT; i++) {
		total = order_place(blocks, count, ranks[i], order);
		if (total < best) {
			best = total;
			best_rank = ranks[i];
		}
	}
	if (best_rank != ranks[RANK_COUNT - 1])
		order_place(blocks, count, best_rank, order);
	free(order);
	if (best > IMAGE_ARENA_BYTES_MAX)
		return err_set(err, -EINVAL, "the activations need more than %d bytes",
			       IMAGE_ARENA_BYTES_MAX);
	*ret_bytes = (uint32_t)best;
	return 0;
}
