/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Places blocks that live for a span of operators into one arena, so that no two blocks alive at
 * the same time overlap.
 */
#ifndef BENCH_MODEL_ARENA_H
#define BENCH_MODEL_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

struct arena_block {
	uint32_t bytes;       /* 0: takes no space, offset 0 */
	uint32_t first, last; /* operators during which it lives, both included */
	uint32_t offset;      /* result, a multiple of IMAGE_ALIGN */
};

/* Each block at the lowest offset free during its whole life, in several orders (largest first,
 * longest life first, ...), and of those the one that needs least. The size is a multiple of
 * IMAGE_ALIGN. -EINVAL when it is above IMAGE_ARENA_BYTES_MAX, -ENOMEM. */
int arena_plan(struct arena_block *blocks, size_t count, uint32_t *ret_bytes, struct err *err);

#endif
