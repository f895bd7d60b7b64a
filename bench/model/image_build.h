/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BENCH_MODEL_IMAGE_BUILD_H
#define BENCH_MODEL_IMAGE_BUILD_H

#include "bench/model/graph.h"
#include "bench/model/model.h"

/* Writes the model image of a graph: arena plan, packed constants, all records (firmware/image).
 * *ret_bytes is aligned to 16; free() it. -EINVAL, -ENOMEM. */
int image_build(const struct graph *graph, const struct model_options *options,
		int32_t exit_threshold, uint8_t **ret_bytes, uint32_t *ret_count, struct err *err);

#endif
