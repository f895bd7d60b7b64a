/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The operators that are supported: their code in the schema, and how their options are read.
 */
#ifndef BENCH_MODEL_TFLITE_OPS_H
#define BENCH_MODEL_TFLITE_OPS_H

#include "bench/model/flatbuffer.h"
#include "bench/model/graph.h"

struct tflite_op_rule {
	int32_t builtin; /* BuiltinOperator */
	enum image_op_kind kind;
	int32_t version_max; /* highest operator version whose meaning for int8 is known here */
	uint32_t inputs_min, inputs_max;
	int64_t options_type; /* BuiltinOptions union member */
	/* Reads the options table (absent fields have the schema's defaults). */
	int (*read)(struct flatbuffer *file, const struct flatbuffer_table *options,
		    struct graph_op *op, struct err *err);
};

/* NULL: not supported. */
const struct tflite_op_rule *tflite_op_rule(int32_t builtin);

/* Reads the options of an operator's table by its rule. */
int tflite_op_options(struct flatbuffer *file, const struct flatbuffer_table *table,
		      const struct tflite_op_rule *rule, struct graph_op *op, struct err *err);

#endif
