/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Operators that need not run. Every layer that is left holds the bytes it had.
 */
#ifndef BENCH_MODEL_FUSE_H
#define BENCH_MODEL_FUSE_H

#include "bench/model/lower.h"

/* A PAD that only convolutions read, and whose elements their own padding gives as well, goes. */
void fuse_pads(const struct graph *graph, struct lowered *lowered);

/* A RESHAPE goes: its output becomes another view of its input's place. One at the exit stays, and
 * the last operator there is. */
void fuse_views(struct lowered *lowered);

/* Takes out the tensors that no operator and no list of the model names any more. */
void fuse_tensors_drop(const struct graph *graph, struct lowered *lowered);

#endif
