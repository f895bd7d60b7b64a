/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How each kind of layer is written: its operator in the schema, and its table of options.
 */
#ifndef BENCH_MODEL_GENERATE_KINDS_H
#define BENCH_MODEL_GENERATE_KINDS_H

#include "bench/model/generate_flatbuffer.h"
#include "bench/model/generate_network.h"

enum {
	GENERATE_KIND_COUNT = GENERATE_HIDDEN,
	GENERATE_CODE_COUNT = GENERATE_SOFTMAX, /* operators: HIDDEN is the one of DENSE */
};

struct generate_kind_row {
	uint8_t builtin; /* BuiltinOperator; all below 127, so the deprecated slot has them too */
	uint8_t version; /* what TensorFlow Lite's converter writes for int8 */
	uint8_t options_type; /* BuiltinOptions; 0: none */
	/* Writes the table and returns its position; NULL: none. */
	size_t (*options)(struct generate_flatbuffer *writer, const struct generate_layer *layer);
};

/* Row kind - 1. */
extern const struct generate_kind_row generate_kinds[GENERATE_KIND_COUNT];

#endif
