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

static int block_compare(const void *left, const void *right)
{
	const struct arena_block *a = *(struct arena_block *const *)left;
	const struct arena_block *b = *(struct arena_block *const *)right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return a < b ? -1 : a > b;
}

static bool lives_meet(const struct arena_block *a, const struct arena_block *b)
{
	return a->first <= b->last && b->first <= a->last;
}

/* The lowest offset at which block meets none of the placed ones that live with it: try 0 and move
 * behind whatever is in the way until nothing is. */
static uint64_t lowest_free(const struct arena_block *block, struct arena_block *const *placed,
			    size_t count)
{
	uint64_t offset = 0;
	bool moved = true;

	while (moved) {
		moved = false;
		for (size_t i = 0; i < count; i++) {
			uint64_t end = placed[i]->offset + block_size(placed[i]);

			if (!lives_meet(block, placed[i]) || offset >= end ||
			    offset + block_size(block) <= placed[i]->offset)
				continue;
			offset = end;
			moved = true;
		}
	}
	return offset;
}

int arena_plan(struct arena_block *blocks, size_t count, uint32_t *ret_bytes, struct err *err)
{
	struct arena_block **order = calloc(count + 1, sizeof(struct arena_block *));
	uint64_t total = 0;
	int error = 0;

	if (!order)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		order[i] = &blocks[i];
	qsort(order, count, sizeof(*order), block_compare);
	for (size_t i = 0; i < count && !error; i++) {
		uint64_t offset = order[i]->bytes ? lowest_free(order[i], order, i) : 0;
		uint64_t end = offset + block_size(order[i]);

		if (end > IMAGE_ARENA_BYTES_MAX)
			error = err_set(err, -EINVAL, "the activations need more than %d bytes",
					IMAGE_ARENA_BYTES_MAX);
		order[i]->offset = (uint32_t)offset;
		total = end > total ? end : total;
	}
	free(order);
	if (!error)
		*ret_bytes = (uint32_t)total;
	return error;
}
