/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The operators that are supported: their code in the schema, and how their options are read.
 */
#ifndef BENCH_MODEL_TFLITE_OPS_H
#define BENCH_MODEL_TFLITE_OPS_H

#include "bench/model/flatbuffer.h"
#include "bench/model/graph.h"

/* Operators between the file's float32 tensors and the graph. */
enum tflite_edge {
	TFLITE_EDGE_NONE = 0,
	TFLITE_EDGE_QUANTIZE,
	TFLITE_EDGE_DEQUANTIZE,
};

struct tflite_op_rule {
	int32_t builtin;         /* BuiltinOperator */
	enum image_op_kind kind; /* 0 for an edge */
	int32_t version_max;     /* highest operator version whose meaning for int8 is known here */
	uint32_t inputs_min, inputs_max;
	int64_t options_type; /* BuiltinOptions union member */
	/* Reads the options table (absent fields have the schema's defaults). */
	int (*read)(struct flatbuffer *file, const struct flatbuffer_table *options,
		    struct graph_op *op, struct err *err);
	enum tflite_edge edge;
};

/* NULL: not supported. */
const struct tflite_op_rule *tflite_op_rule(int32_t builtin);

/* Reads the options of an operator's table by its rule. */
int tflite_op_options(struct flatbuffer *file, const struct flatbuffer_table *table,
		      const struct tflite_op_rule *rule, struct graph_op *op, struct err *err);

/* Lets the graph begin behind a QUANTIZE, or end before a DEQUANTIZE. -EINVAL where that is no edge
 * of the model. */
int tflite_edge_apply(struct graph *graph, const struct tflite_op_rule *rule,
		      const struct graph_op *op, struct err *err);
/* Every input and output of the graph is int8 with one scale at most. -EINVAL. */
int tflite_edges_check(const struct graph *graph, struct err *err);

#endif
