/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the parts of the .tflite reader share.
 */
#ifndef BENCH_MODEL_TFLITE_H
#define BENCH_MODEL_TFLITE_H

#include "bench/model/flatbuffer.h"
#include "bench/model/graph.h"

struct tflite {
	struct flatbuffer file;
	struct flatbuffer_vector codes, buffers, tensors, operators;
	struct flatbuffer_table subgraph;
	struct graph *graph; /* being filled */
};

/* The FlatBuffer reader's sentence as an error. */
int tflite_fault(const struct tflite *model, struct err *err);

/* Reads tensor index with its shape, type, data and quantisation; what is wrong is said without the
 * tensor's name. -EINVAL. */
int tflite_tensor_read(struct tflite *model, uint32_t index, struct graph_tensor *tensor,
		       struct err *err);

#endif
