/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BENCH_MODEL_EDGES_H
#define BENCH_MODEL_EDGES_H

#include "bench/model/graph.h"
#include "bench/model/model.h"

/* Fills inputs, outputs and their raw sizes. -ENOMEM; edges_done() in any case. */
int edges_fill(const struct graph *graph, struct model_image *image, struct err *err);
void edges_done(struct model_image *image);

#endif
