/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BENCH_MODEL_ELIMINATE_H
#define BENCH_MODEL_ELIMINATE_H

#include "bench/model/lower.h"

/* Takes out every channel that is proved constant and that all its readers can do without: what it
 * adds to their sums goes into their biases. Shapes, weights and channels of lowered shrink; the
 * model's inputs, outputs and exit do not. -ENOMEM. */
int eliminate(const struct graph *graph, struct lowered *lowered, struct err *err);

#endif
